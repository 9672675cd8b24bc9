import { expect, test } from "vitest";
import { monthName, months, part, timeline } from "./spans";

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

test("a month is in the part that a break of its year begins", () => {
  expect([part("2013-12", BREAKS), part("2014-01", BREAKS), part("2014-Q1", BREAKS)]).toEqual([0, 1, 1]);
});

test("quarters and months stand where they begin, as far apart as they are long", () => {
  const { at, isOfMonths } = timeline(["2024-Q4", "2025-Q1"]);
  expect([isOfMonths, at("2025-Q1") - at("2024-Q4")]).toEqual([true, 3]);
  expect(months("2025-04") - months("2024-12")).toBe(4);
  expect([months("2025"), months("2025-Q1"), months("2025-01")]).toEqual([24300, 24300, 24300]);
  expect([monthName(months("2025-04")), monthName(months("2025"))]).toEqual(["2025-04", "2025"]);
});

test("years stand by their numbers", () => {
  expect(timeline(["2015", "2020"]).at("2015")).toBe(2015);
});
