import { expect, test } from "vitest";
import { classesOf, histogram } from "../legend";
import { paired, rankCorrelation } from "./bivariate";
import { ranked } from "./ranks";
import { ticks } from "./scatter";

test("equal values share the better rank and a missing one has none", () => {
  expect(ranked([5, 9, null, 5, 1], false)).toEqual([2, 1, null, 2, 4]);
  expect(ranked([5, 9, null, 5, 1], true)).toEqual([2, 4, null, 2, 1]);
});

test("a pair has a class only where both have one", () => {
  const second = new Map([
    ["a", 2],
    ["b", null],
    ["c", 0],
  ]);
  expect(paired(["a", "b", "c", "d"], [1, 1, null, 0], second)).toEqual([5, null, null, null]);
});

test("rank correlation is that of ranks, and ties share the mean rank", () => {
  expect(
    rankCorrelation([
      [1, 10],
      [2, 20],
      [3, 9000],
    ]),
  ).toBeCloseTo(1, 12);
  expect(
    rankCorrelation([
      [1, 3],
      [2, 2],
      [3, 1],
    ]),
  ).toBeCloseTo(-1, 12);
  // worked by hand: ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 ÷ √(4.5 × 5)
  expect(
    rankCorrelation([
      [1, 1],
      [2, 2],
      [2, 3],
      [3, 4],
    ]),
  ).toBeCloseTo(4.5 / Math.sqrt(22.5), 12);
  expect(
    rankCorrelation([
      [1, 1],
      [2, 2],
    ]),
  ).toBeNull();
  expect(
    rankCorrelation([
      [1, 1],
      [1, 2],
      [1, 3],
    ]),
  ).toBeNull();
});

test("an axis has round numbers within its bounds", () => {
  expect(ticks(16.3, 57.6)).toEqual([20, 30, 40, 50]);
  expect(ticks(-18.9, 14.8)).toEqual([-10, 0, 10]);
  expect(ticks(0, 1)).toHaveLength(6);
});

test("a class is closed on the right, and what lies above the last bound belongs to the last", () => {
  const upTo = (upper: number) => ({ lower: 0, upper, colour: "#000000", label: { ja: "", en: "" }, count: 0 });
  expect(classesOf([1, 2, 2.5, 9, null], [upTo(2), upTo(4)])).toEqual([0, 0, 1, 1, null]);
});

test("a histogram counts every value, the far ones in the outer bins", () => {
  const values = [...Array.from({ length: 200 }, (_, index) => index), 1e9];
  const { counts, edges } = histogram(values, 10);
  expect(counts.reduce((sum, one) => sum + one, 0)).toBe(201);
  expect(edges).toEqual([2, 198]);
});

test("ranks of nothing are nothing", () => {
  expect(ranked([null, null], true)).toEqual([null, null]);
  expect(ranked([7, 7, 7], false)).toEqual([1, 1, 1]);
});

test.each([
  [0.0012, 0.0048],
  [-1e9, 1e9],
  [3, 3.06],
  [-7, -2],
  [0.01, 1.04],
])("ticks from %d to %d are even, within and two to six", (low, high) => {
  const found = ticks(low, high);
  expect(found.length).toBeGreaterThanOrEqual(2);
  expect(found.length).toBeLessThanOrEqual(6);
  expect(found[0]).toBeGreaterThanOrEqual(low);
  expect(found.at(-1)).toBeLessThanOrEqual(high);
  const steps = found.slice(1).map((one, index) => one - (found[index] ?? 0));
  for (const step of steps) expect(step).toBeCloseTo(steps[0] ?? 0, 9);
});

test("a pair's nine classes stand for the first by rows and the second by columns", () => {
  const all = [0, 1, 2].flatMap((a) => [0, 1, 2].map((b) => [a, b] as const));
  const codes = all.map((_one, index) => String(index));
  const second = new Map(all.map(([, b], index) => [String(index), b]));
  expect(
    paired(
      codes,
      all.map(([a]) => a),
      second,
    ),
  ).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
});
