/** The mergers of a prefecture on outlines of any date: what happened to the land of an area, and who held it in a year. */

import type { ChronicleEntry, Lang } from "../api";

/** What is known of an area in a year: merged in it, since the view begins, or not. */
export type State = "now" | "before" | "none";

/** Return whether an entry put areas together or divided one; new names and ranks leave outlines as they are. */
export function isMerger({ from, to }: ChronicleEntry): boolean {
  return from.length > 1 || to.length > 1;
}

export function lastDay(year: number): string {
  return `${year}-12-31`;
}

export function yearOf(entry: ChronicleEntry): number {
  return Number(entry.date.slice(0, 4));
}

function byDay(entries: readonly ChronicleEntry[]): ChronicleEntry[][] {
  const days = new Map<string, ChronicleEntry[]>();
  for (const one of entries) days.set(one.date, [...(days.get(one.date) ?? []), one]);
  return [...days.values()];
}

/** Go from codes of one day to those of another, and tell the entries met. Entries are oldest first; those of a day happen together. */
function walked(code: string, start: string, end: string, entries: readonly ChronicleEntry[]): { held: Set<string>; met: ChronicleEntry[] } {
  const isForward = start <= end;
  const [first, last] = isForward ? [start, end] : [end, start];
  const days = byDay(entries.filter((one) => one.date > first && one.date <= last));
  const held = new Set([code]);
  const met: ChronicleEntry[] = [];
  for (const day of isForward ? days : days.reverse()) {
    const ends = day.map(({ from, to }) => (isForward ? [from, to] : [to, from]).map((side) => side.map((one) => one.code)) as [string[], string[]]);
    const found = ends.map(([near]) => near.some((one) => held.has(one)));
    for (const [index, [near]] of ends.entries()) if (found[index]) for (const one of near) held.delete(one);
    for (const [index, [, far]] of ends.entries()) if (found[index]) for (const one of far) held.add(one);
    met.push(...day.filter((_one, index) => found[index]));
  }
  return { held, met };
}

/** Return the codes that hold the land of an area of one day on another, earlier or later. */
export function across(code: string, start: string, end: string, entries: readonly ChronicleEntry[]): string[] {
  return [...walked(code, start, end, entries).held].sort();
}

/** Return the entries that the land of an area took part in, before the day that its outline is of and after it. */
export function touching(code: string, day: string, entries: readonly ChronicleEntry[]): ChronicleEntry[] {
  const before = walked(code, day, "0000-01-01", entries).met;
  const after = walked(code, day, "9999-12-31", entries).met;
  return [...before, ...after].sort((one, other) => one.date.localeCompare(other.date));
}

/** Return what an area is in a year, by the mergers that its land took part in. */
export function stateIn(year: number, since: number, mergers: readonly ChronicleEntry[]): State {
  const years = mergers.map(yearOf);
  if (years.includes(year)) return "now";
  return years.some((one) => one >= since && one < year) ? "before" : "none";
}

/** The outlines that a year is shown on. */
export interface Ground {
  vintage: string;
  /** They are of a later time, and areas have merged in between. */
  isLater: boolean;
}

/** Return the outlines to show a year on: the newest that are not after it, else the oldest there are; where nothing merged in between, newer ones. */
export function groundOf(year: number, vintages: readonly string[], entries: readonly ChronicleEntry[]): Ground | null {
  const dates = [...vintages].sort();
  const end = lastDay(year);
  const base = dates.filter((one) => one <= end).at(-1) ?? dates[0];
  if (base === undefined) return null;
  const isCrossed = (from: string, to: string) => entries.some((one) => isMerger(one) && one.date > from && one.date <= to);
  const vintage = dates.filter((one) => one >= base && !isCrossed(base, one)).at(-1) ?? base;
  return { vintage, isLater: base > end && isCrossed(end, base) };
}

/** Return what an area was called on a day, as far as the entries tell; else as its outline is called. */
export function nameOn(code: string, day: string, entries: readonly ChronicleEntry[], otherwise: string, lang: Lang): string {
  const before = entries.filter((one) => one.date <= day && one.to.some((each) => each.code === code)).at(-1);
  if (before) return before.to.find((one) => one.code === code)?.name[lang] ?? otherwise;
  const after = entries.find((one) => one.date > day && one.from.some((each) => each.code === code));
  return after?.from.find((one) => one.code === code)?.name[lang] ?? otherwise;
}
