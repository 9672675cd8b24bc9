/** Lines that stand for others: indexed to a period, and the median of several. */

import type { Point } from "../api";
import { part, type SeriesBreak } from "../spans";

/** Return a line in hundredths of its value in a period; without what a break keeps from being compared, and empty where that value is not above 0. */
export function indexed(points: readonly Point[], base: string, breaks: SeriesBreak[] = []): Point[] {
  const whole = points.find((one) => one.period === base)?.value ?? null;
  return points.map((point) => {
    const isComparable = whole !== null && whole > 0 && part(point.period, breaks) === part(base, breaks);
    return { ...point, value: isComparable && point.value !== null ? (100 * point.value) / whole : null };
  });
}

/** Return the middle of values; the mean of the two where there are two. */
export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

/** Return the median of lines in each of their periods; none where fewer than half of them have a value. */
export function medianLine(lines: readonly (readonly Point[])[]): Point[] {
  const periods = [...new Set(lines.flatMap((points) => points.map((one) => one.period)))].sort();
  return periods.map((period) => {
    const values = lines.map((points) => points.find((one) => one.period === period)?.value ?? null).filter((one) => one !== null);
    return { period, value: values.length * 2 >= lines.length ? median(values) : null };
  });
}

/** Return the periods in which some line has a value. */
export function periodsWith(lines: readonly (readonly Point[])[]): Set<string> {
  return new Set(lines.flatMap((points) => points.filter((one) => one.value !== null).map((one) => one.period)));
}

/** Return the newest of the periods in which the most lines have a value; nothing where there are no values. */
export function newestOfMost(lines: readonly (readonly Point[])[]): string {
  const counts = new Map<string, number>();
  for (const points of lines) for (const period of periodsWith([points])) counts.set(period, (counts.get(period) ?? 0) + 1);
  const most = Math.max(0, ...counts.values());
  return (
    [...counts]
      .flatMap(([period, count]) => (count === most ? [period] : []))
      .sort()
      .at(-1) ?? ""
  );
}
