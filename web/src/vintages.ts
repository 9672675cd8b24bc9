/** The boundary sets that are loaded: which of them have outlines of a level, newest first. */

import { type BoundarySet, get, type Lang, type Vintages } from "./api";

let known: BoundarySet[] = [];

/** Return a day as people write it: 2021年1月1日, 1 January 2021. */
export function dayText(day: string, lang: Lang): string {
  const [year, month, date] = day.split("-").map(Number) as [number, number, number];
  const style = { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" } as const;
  return new Date(Date.UTC(year, month - 1, date)).toLocaleDateString(lang === "ja" ? "ja-JP" : "en-GB", style);
}

/** Return the sets that have outlines of a level, newest first. */
export function setsOf(sets: readonly BoundarySet[], level: string): BoundarySet[] {
  return sets.filter((one) => one.areas[level]).sort((one, other) => other.vintage.localeCompare(one.vintage));
}

/** Return the sets that the reader may choose for a level. */
export async function offered(level: string): Promise<BoundarySet[]> {
  known = (await get<Vintages>("/v1/vintages")).vintages;
  return setsOf(known, level);
}

/** Return a date that was chosen, or nothing where its set is known to have no outlines of a level: then the newest are shown. */
export function kept(vintage: string, level: string): string {
  const set = known.find((one) => one.vintage === vintage);
  return set && level && !set.areas[level] ? "" : vintage;
}
