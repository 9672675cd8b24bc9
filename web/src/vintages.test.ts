import { expect, test } from "vitest";
import { dayText, setsOf } from "./vintages";

const set = (vintage: string, areas: Record<string, number>) => ({
  vintage,
  default: false,
  areas,
  title: { ja: "", en: "" },
  source: "",
  credit: { ja: "", en: "" },
  licence: "",
});

test("sets of a level are those with outlines of it, newest first", () => {
  const sets = [set("2000-10-01", { municipality: 3250 }), set("2025-01-01", { municipality: 1747, prefecture: 47 }), set("2021-01-01", { ward: 1902 })];
  expect(setsOf(sets, "municipality").map((one) => one.vintage)).toEqual(["2025-01-01", "2000-10-01"]);
  expect(setsOf(sets, "ward").map((one) => one.vintage)).toEqual(["2021-01-01"]);
  expect(setsOf(sets, "nation")).toEqual([]);
});

test("a day is written as in its language, wherever the reader is", () => {
  expect(dayText("2021-01-01", "ja")).toBe("2021年1月1日");
  expect(dayText("2005-07-01", "en")).toBe("1 July 2005");
});
