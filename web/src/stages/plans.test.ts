import { expect, test } from "vitest";
import { leadingTo } from "./logic";
import { runsIn } from "./roadmap";

test("a deployment runs from its first to its last fiscal year, and without a last one until the year of the data", () => {
  const years = (fy_start: number | null, fy_end: number | null, status = "operating") => [2024, 2025, 2026].filter((year) => runsIn({ fy_start, fy_end, status }, year, 2025));
  expect(years(2025, 2025)).toEqual([2025]);
  expect(years(2020, null)).toEqual([2024, 2025]);
  expect(years(2020, 2029)).toEqual([2024, 2025, 2026]);
  expect(years(null, null)).toEqual([]);
  expect(years(2020, null, "finished")).toEqual([]);
  expect(years(2020, null, "proposed")).toEqual([]);
});

test("what leads to a node comes in the order of the links", () => {
  const nodes = new Map(["a", "b", "c"].map((id) => [id, { id }]));
  const links = [
    { source: "b", target: "c" },
    { source: "a", target: "c" },
    { source: "a", target: "b" },
    { source: "unknown", target: "c" },
  ];
  expect(leadingTo("c", nodes, links).map((one) => one.id)).toEqual(["b", "a"]);
});
