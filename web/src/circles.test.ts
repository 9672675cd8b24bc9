import { expect, test } from "vitest";
import { examples, largestRadius, type Scale } from "./circles";

const told = (value: number) => ({ value, size: 1, colour: "#253494", label: { ja: "", en: "" } });

const scale: Scale = {
  most: 14_047_594,
  above: "#253494",
  below: "#b2182b",
  land: "#f3f0e8",
  growth: 1.4,
  decimals: 0,
  sizes: [
    [2, 7],
    [4, 26],
    [8, 80],
    [12, 160],
  ],
  examples: [10_000_000, 2_000_000, 200_000].map((value) => told(value)),
};

test("a circle is as large as the style says at its zooms, and no smaller or larger beyond them", () => {
  expect([1, 2, 4, 8, 12, 15].map((zoom) => largestRadius(scale, zoom))).toEqual([7, 7, 26, 80, 160, 160]);
});

test("between two zooms a circle grows faster the nearer the map is", () => {
  const [first, second] = [largestRadius(scale, 6) - 26, 80 - largestRadius(scale, 6)];
  expect(first).toBeGreaterThan(0);
  expect(second).toBeGreaterThan(first);
});

test("a legend shows round numbers as large as they are on the map", () => {
  const told = examples(scale, 20, 0);
  expect(told.map((one) => one.value)).toEqual([10_000_000, 2_000_000, 200_000]);
  expect(told[1]?.radius).toBeCloseTo(20 * Math.sqrt(2_000_000 / 14_047_594));
});

test("where circles are larger than a legend has room for, it shows smaller numbers", () => {
  const told = examples(scale, 160, 0);
  expect(told[0]?.value).toBe(200_000);
  for (const one of told) expect(one.radius).toBeLessThanOrEqual(22);
});

test("a legend shows no number that reads as zero, and of nothing it shows nothing", () => {
  expect(examples({ ...scale, most: 3, examples: [told(2)] }, 20, 0).map((one) => one.value)).toEqual([2]);
  expect(examples({ ...scale, most: 0, examples: [] }, 20, 0)).toEqual([]);
});

test("a legend shows no loss or gain larger than there are", () => {
  const net = { ...scale, most: 17_626, examples: [10_000, 2_000, 200, -1_000].map(told) };
  expect(examples(net, 20, 0).map((one) => one.value)).toEqual([10_000, 2_000, 200, -1_000]);
  const losses = { ...scale, most: 17_626, examples: [-10_000, -2_000].map(told) };
  expect(examples(losses, 20, 0).map((one) => one.value)).toEqual([-10_000, -2_000, -200]);
});
