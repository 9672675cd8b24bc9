import { expect, test } from "vitest";
import type { StopInDetail } from "./api";
import { band, lineName, linesTold, linkable, since } from "./places";

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

test("lines of a stop that has many are told when asked for, and never one of them alone", () => {
  const stopOf = (names: string, more = 0) =>
    ({ lines: [...names].map((name) => ({ number: null, name, mode: "bus", departures: [1] })), more_lines: more }) as unknown as StopInDetail;
  const told = (names: string, more?: number) => Object.values(linesTold(stopOf(names, more))).map((lines) => lines.map(({ name }) => name).join(""));
  expect([told("abcdefg"), told("abcdef"), told("abcdef", 1), told("")]).toEqual([
    ["abcde", "fg"],
    ["abcdef", ""],
    ["abcde", "f"],
    ["", ""],
  ]);
  expect(linesTold({ lines: null, more_lines: 0 } as StopInDetail)).toEqual({ first: [], rest: [] });
});

test("a line is called by its number and name as published, the number once", () => {
  expect(lineName({ number: "12", name: "一中線" }, "ja")).toBe("12 一中線");
  expect(lineName({ number: "05", name: "05五位山線" }, "ja")).toBe("05五位山線");
  expect([lineName({ number: null, name: "両毛線" }, "en"), lineName({ number: "黒便", name: null }, "en")]).toEqual(["両毛線", "黒便"]);
  expect(lineName({ number: null, name: null }, "en")).toBe("A line without a published name");
});
