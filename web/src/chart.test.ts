import { expect, test } from "vitest";
import { part } from "./chart";

const BREAKS = [
  { period: "2014", reason: { ja: "", en: "" } },
  { period: "2023", reason: { ja: "", en: "" } },
];

test.each([
  ["2013", 0],
  ["2014", 1],
  ["2022", 1],
  ["2023", 2],
])("%s is in part %i of a series with breaks in 2014 and 2023", (period, expected) => {
  expect(part(period, BREAKS)).toBe(expected);
});

test("a series without breaks is one part", () => {
  expect(part("2023")).toBe(0);
});
