import { expect, test } from "vitest";
import { viewOf } from "../view";
import { baseOf, idOf, shownBy } from "./change";
import { farFrom, leastSquares } from "./fit";
import { indexed, median, medianLine, newestOfMost, periodsWith } from "./indexed";
import { boxOf, nearOnes, spread } from "./multiples";
import { barOf, scaleOf } from "./ranking";
import { before, comparable, csvOf, ranked, rises, sizeName, sizeNamed } from "./ranks";
import { logTicks, onAxis, rangeOf } from "./scatter";

const BROKEN = [{ period: "2023", reason: { ja: "", en: "" }, source: "" }];
const points = (...values: [string, number | null][]) => values.map(([period, value]) => ({ period, value }));

test("an area has risen by as many places as its rank is smaller, and one without a rank then by none", () => {
  const now = ranked([9, 7, 5, null], false);
  const then = ranked([1, 7, 5, 3], false);
  expect([now, then]).toEqual([
    [1, 2, 3, null],
    [4, 1, 2, 3],
  ]);
  expect(rises(now, then)).toEqual([3, -1, -1, null]);
});

test("a ranking is compared with five years before, or the first period there is", () => {
  expect(before(["1995", "2000", "2005", "2010", "2015"], "2020")).toBe("2015");
  expect(before(["2014", "2017", "2018"], "2022")).toBe("2017");
  expect(before(["2019", "2020"], "2021")).toBe("2019");
  expect(before(["2020-04", "2021-04"], "2026-03")).toBe("2020-04");
  expect(before([], "2020")).toBe("");
});

test("nothing is compared across a break", () => {
  const periods = ["2021", "2022", "2023", "2024", "2025"];
  expect(comparable(periods, "2025", BROKEN)).toEqual(["2023", "2024"]);
  expect(comparable(periods, "2022", BROKEN)).toEqual(["2021"]);
  expect(comparable(periods, "2023", BROKEN)).toEqual([]);
});

test("a size of an address is one that is offered", () => {
  expect(sizeNamed("200000-500000")).toEqual([200_000, 500_000]);
  expect(sizeName([500_000, Infinity])).toBe("500000-");
  expect(sizeNamed("500000-")).toEqual([500_000, Infinity]);
  expect(sizeNamed("1-2")).toBeNull();
});

test("cells with commas and quotes stand in quotes", () => {
  expect(csvOf([["a,b", 'say "x"', null, -1.5]])).toBe('\uFEFF"a,b","say ""x""",,-1.5\r\n');
});

test("bars begin at nought, also those of losses", () => {
  expect(scaleOf([20, null, 50])).toEqual([0, 50]);
  expect(barOf(20, [0, 50])).toEqual([0, 40]);
  expect(barOf(-10, scaleOf([-10, 30]))).toEqual([0, 25]);
  expect(barOf(30, [-10, 30])).toEqual([25, 100]);
});

test("an index is 100 in its base, and does not reach across a break", () => {
  const line = points(["2020", 50], ["2021", 60], ["2022", null], ["2023", 70]);
  expect(indexed(line, "2020", BROKEN).map((one) => one.value)).toEqual([100, 120, null, null]);
  expect(indexed(line, "2020").map((one) => one.value)).toEqual([100, 120, null, 140]);
});

test.each([0, -5, null])("nothing is indexed to %s", (base) => {
  expect(indexed(points(["2020", base], ["2021", 3]), "2020").map((one) => one.value)).toEqual([null, null]);
});

test("the median of peers is there where half of them have a value", () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, null]);
  const lines = [points(["2015", 1], ["2020", 4]), points(["2015", null], ["2020", 8]), points(["2015", null], ["2020", 6])];
  expect(medianLine(lines)).toEqual(points(["2015", null], ["2020", 6]));
  expect([...periodsWith(lines)]).toEqual(["2015", "2020"]);
});

test("a town of census years and a region of every year are compared in a census year", () => {
  expect(newestOfMost([points(["2015", 1], ["2020", 2]), points(["2015", 1], ["2020", 2], ["2024", 3])])).toBe("2020");
  expect(newestOfMost([points(["2015", null])])).toBe("");
});

test("the line of least squares is that of the textbook", () => {
  // Anscombe, Graphs in Statistical Analysis (1973), the first of the four: y = 3.00 + 0.500 x, r = 0.816
  const first = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
  const pairs = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5].map((x, place): [number, number] => [x, first[place] ?? 0]);
  const fit = leastSquares(pairs);
  expect(fit?.intercept).toBeCloseTo(3.0, 2);
  expect(fit?.slope).toBeCloseTo(0.5, 3);
  expect(fit?.r).toBeCloseTo(0.816, 3);
  expect(fit?.n).toBe(11);
});

test("no line goes through two pairs, or through what does not vary", () => {
  expect(leastSquares([])).toBeNull();
  expect(
    leastSquares([
      [1, 2],
      [2, 3],
    ]),
  ).toBeNull();
  expect(
    leastSquares([
      [1, 5],
      [2, 5],
      [3, 5],
    ]),
  ).toBeNull();
});

test("what lies three deviations from the line is told, and kept on the axes", () => {
  const pairs = Array.from({ length: 40 }, (_none, x): [number, number] => [x, x + (x % 2 ? 1 : -1)]);
  pairs[20] = [20, 60];
  const fit = leastSquares(pairs);
  expect(fit && farFrom(pairs, fit)).toEqual([20]);
  const [low, high] = rangeOf(pairs.map(([, y]) => y));
  expect(low).toBeLessThan(-1);
  expect(high).toBeGreaterThan(60);
});

test("a logarithmic axis has powers of ten, with 2 and 5 times them where there is room", () => {
  expect(logTicks(2, 3)).toEqual([100, 200, 500, 1000]);
  expect(logTicks(2, 6)).toEqual([100, 1000, 10000, 100000, 1000000]);
  expect([onAxis(1000, { isLog: true }), onAxis(1000, { isLog: false })]).toEqual([3, 1000]);
});

test.each([
  ["change:population:2015:per-cent", { layer: "population", measure: "per-cent", since: "2015" }],
  ["change:population:2015", { layer: "population", measure: "difference", since: "2015" }],
  ["change:rent:2024-Q1", { layer: "rent", measure: "difference", since: "2024-Q1" }],
  ["change:population", { layer: "population", measure: "difference", since: "" }],
  ["population-change", { layer: "population-change", measure: "value", since: "" }],
  ["deployments:smart-cities", { layer: "deployments:smart-cities", measure: "value", since: "" }],
] as const)("%s says what it shows", (id, shown) => {
  expect(shownBy(id)).toEqual(shown);
  expect(idOf(shown)).toBe(id);
  expect(baseOf(id)).toBe(shown.layer);
});

test("twelve maps at most, the first and the last period among them, evenly spread", () => {
  const years = Array.from({ length: 50 }, (_none, index) => String(1975 + index));
  const shown = spread(years);
  expect([shown.length, shown[0], shown.at(-1), new Set(shown).size]).toEqual([12, "1975", "2024", 12]);
  expect(spread(["2015", "2020"])).toEqual(["2015", "2020"]);
});

test("the islands of a prefecture far off do not shrink it", () => {
  const area = (longitude: number, latitude: number) => ({
    centre: [longitude, latitude] as [number, number],
    bbox: [longitude - 0.1, latitude - 0.1, longitude + 0.1, latitude + 0.1] as [number, number, number, number],
  });
  const box = boxOf(nearOnes([area(139, 35.7), area(139.5, 35.6), area(139.7, 35.7), area(142.2, 27.1)]));
  expect(box.map((one) => Math.round(one * 10) / 10)).toEqual([138.9, 35.5, 139.8, 35.8]);
});

test("an address of the table that was opens the ranking, and ten areas and four indicators are compared at most", () => {
  expect(viewOf("?view=table").stage).toBe("ranking");
  expect(viewOf("?areas=1,2,3,4,5,6,7,8,9,10,11,12").areas).toHaveLength(10);
  expect(viewOf("?more=a,b,c,d,e").more).toEqual(["a", "b", "c"]);
});
