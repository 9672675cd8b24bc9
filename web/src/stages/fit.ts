/** How two figures go together: the line of least squares, and what lies far from it. */

export interface Fit {
  slope: number;
  intercept: number;
  /** Pearson's correlation. */
  r: number;
  n: number;
}

/** So many standard deviations from the line, an area lies far out. */
const FAR = 3;

/** Return the line of least squares through pairs of x and y; null for fewer than three, or where either does not vary. */
export function leastSquares(pairs: readonly (readonly [number, number])[]): Fit | null {
  const n = pairs.length;
  const mean = (at: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[at], 0) / n;
  const [meanX, meanY] = [mean(0), mean(1)];
  let [xy, xx, yy] = [0, 0, 0];
  for (const [x, y] of pairs) {
    xy += (x - meanX) * (y - meanY);
    xx += (x - meanX) ** 2;
    yy += (y - meanY) ** 2;
  }
  if (n < 3 || xx === 0 || yy === 0) return null;
  const slope = xy / xx;
  return { slope, intercept: meanY - slope * meanX, r: xy / Math.sqrt(xx * yy), n };
}

/** Return the places of the pairs that lie more than three standard deviations above or below a line, the farthest first. */
export function farFrom(pairs: readonly (readonly [number, number])[], { slope, intercept, n }: Fit): number[] {
  const off = pairs.map(([x, y]) => Math.abs(y - intercept - slope * x));
  const deviation = Math.sqrt(off.reduce((sum, one) => sum + one * one, 0) / (n - 2));
  return off.flatMap((one, place) => (one > FAR * deviation ? [place] : [])).sort((one, other) => (off[other] ?? 0) - (off[one] ?? 0));
}
