/** Japanese fiscal years: from April to March, named by the year they begin in. */

import type { Lang } from "../api";

/** Era and the Western year before its first. */
const ERAS = [
  ["令和", 2018],
  ["平成", 1988],
  ["昭和", 1925],
] as const;

/** Return the name of a fiscal year: 2025年度（令和7年度）, FY2025. */
export function fiscalYear(year: number, lang: Lang): string {
  return lang === "ja" ? `${year}年度（${era(year)}）` : `FY${year}`;
}

/** Return the name of a fiscal year without its era: 2025年度, FY2025. */
export function plainYear(year: number, lang: Lang): string {
  return lang === "ja" ? `${year}年度` : `FY${year}`;
}

/** Return a fiscal year in its era: 令和7年度; the first year is 元. */
export function era(year: number): string {
  const [name, before] = ERAS.find(([, last]) => year > last) ?? ERAS[2];
  return `${name}${year - before === 1 ? "元" : year - before}年度`;
}

/** Return the fiscal year that a moment lies in, by the clock of Japan. */
export function fiscalYearOf(moment: Date): number {
  const [year, month] = moment.toLocaleDateString("sv", { timeZone: "Asia/Tokyo" }).split("-").map(Number) as [number, number];
  return month < 4 ? year - 1 : year;
}
