/** What a ranking is made of: ranks and how they have changed, the period it is compared with, the areas it holds. */

import { months, part, type SeriesBreak } from "../spans";

/** Between a period and the one that a ranking is compared with, unless another is chosen. */
const YEARS_BEFORE = 5;

/** Return ranks of values, equal ones sharing the better; null where there is none. */
export function ranked(values: (number | null)[], lowestFirst: boolean): (number | null)[] {
  const sorted = values.filter((one): one is number => one !== null).sort((a, b) => (lowestFirst ? a - b : b - a));
  const first = new Map<number, number>();
  for (const [index, value] of sorted.entries()) if (!first.has(value)) first.set(value, index + 1);
  return values.map((value) => (value === null ? null : (first.get(value) ?? null)));
}

/** Return by how many places each area has risen since another ranking, below 0 where it has fallen; null where it has no rank in both. */
export function rises(now: (number | null)[], then: (number | null)[]): (number | null)[] {
  return now.map((rank, index) => {
    const earlier = then[index] ?? null;
    return rank === null || earlier === null ? null : earlier - rank;
  });
}

/** Return the periods before one whose figures compare with its own: the series does not break between them. */
export function comparable(periods: readonly string[], period: string, breaks: SeriesBreak[] = []): string[] {
  return periods.filter((one) => one < period && part(one, breaks) === part(period, breaks));
}

/** Return which of some periods one is compared with: the newest of those that lie five years before or more, else the first. */
export function before(periods: readonly string[], period: string): string {
  return periods.filter((one) => months(one) <= months(period) - 12 * YEARS_BEFORE).at(-1) ?? periods[0] ?? "";
}

/** From so many residents on, to fewer than so many. */
export type Size = readonly [from: number, to: number];

export const SIZES: readonly Size[] = [
  [500_000, Infinity],
  [200_000, 500_000],
  [100_000, 200_000],
  [50_000, 100_000],
  [10_000, 50_000],
  [0, 10_000],
];

/** Return what a size is called in an address: `200000-500000`, `500000-`. */
export function sizeName([from, to]: Size): string {
  return `${from}-${to === Infinity ? "" : to}`;
}

/** Return the size of this name; null of another. */
export function sizeNamed(name: string): Size | null {
  return SIZES.find((one) => sizeName(one) === name) ?? null;
}

/** Return rows as CSV: what has commas, quotes or lines in it stands in quotes; after a byte order mark, for spreadsheets. */
export function csvOf(rows: readonly (readonly (string | number | null)[])[]): string {
  const cell = (value: string | number | null) => {
    const told = value === null ? "" : String(value);
    return /[",\r\n]/.test(told) ? `"${told.replaceAll('"', '""')}"` : told;
  };
  return `\uFEFF${rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("")}`;
}
