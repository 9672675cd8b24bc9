import { expect, test } from "vitest";
import { band, linkable, since } from "./places";

test("only addresses of pages become links", () => {
  expect(linkable("https://www.example.jp/a b")).toBe("https://www.example.jp/a%20b");
  for (const address of ["javascript:alert(1)", "data:text/html,<b>", "no address", ""]) expect(linkable(address)).toBeNull();
});

test("a date is told as far as it is known", () => {
  expect(["2024", "2024-06", "2024-06-21"].map((one) => since(one, "ja"))).toEqual(["2024年度", "2024年6月", "2024年6月21日"]);
  expect(["2024", "2024-06", "2024-06-21"].map((one) => since(one, "en"))).toEqual(["FY2024", "June 2024", "21 June 2024"]);
});

test("bands of hours are told as people say them", () => {
  const bands = [[0, 7] as const, [7, 9] as const, [19, 30] as const];
  expect(bands.map(([first, last]) => band(first, last, "ja"))).toEqual(["7時前", "7〜9時", "19時以降"]);
  expect(bands.map(([first, last]) => band(first, last, "en"))).toEqual(["before 7:00", "7:00–9:00", "from 19:00"]);
});
