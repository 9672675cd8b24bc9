/** Where periods stand on a line of time. */

import type { Texts } from "./api";

/** From `period` on, figures are not to be compared with those before. */
export interface SeriesBreak {
  period: string;
  reason: Texts;
}

/** Return how many breaks lie before a period, or at it: figures with the same number can be compared. */
export function part(period: string, breaks: SeriesBreak[] = []): number {
  return breaks.filter((one) => one.period <= period).length;
}

/** Return how many months a period's text begins after the year 0: `2025`, `2025-Q1` and `2025-01` begin at once. */
export function months(period: string): number {
  const [year, part = ""] = period.split("-");
  return Number(year) * 12 + (part.startsWith("Q") ? (Number(part.slice(1)) - 1) * 3 : part ? Number(part) - 1 : 0);
}

/** Return where periods stand on a line of time: years by their numbers, where there are quarters or months all by their months. */
export function timeline(periods: string[]): { at: (period: string) => number; isOfMonths: boolean } {
  const isOfMonths = periods.some((period) => period.includes("-"));
  return { at: isOfMonths ? months : Number, isOfMonths };
}

/** Return what a place on a line of months is called: `2025` in January, else `2025-04`. */
export function monthName(at: number): string {
  const month = (at % 12) + 1;
  return month === 1 ? String(at / 12) : `${Math.floor(at / 12)}-${String(month).padStart(2, "0")}`;
}
