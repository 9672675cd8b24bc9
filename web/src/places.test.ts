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

function stopOf(departures: number[], more: number): StopInDetail {
  const lines = departures.map((n, place) => ({ number: null, name: `${place}`, mode: "bus", departures: [n] }));
  return { lines, more_lines: more, days: [{ departures: 100 }] } as unknown as StopInDetail;
}

test("lines of a stop that has many are told together, and never one of them alone", () => {
  const { lines, others, departures } = linesTold(stopOf([30, 20, 10, 5, 4, 3, 2], 12));
  expect([lines.map(({ name }) => name).join(""), others, departures]).toEqual(["012345", 13, [28]]);
  expect(linesTold(stopOf([30, 20, 10, 5, 4, 3, 28], 0))).toMatchObject({ lines: { length: 7 }, others: 0, departures: [0] });
  expect(linesTold({ lines: null, more_lines: 0, days: null } as StopInDetail)).toEqual({ lines: [], others: 0, departures: [] });
});

test("a line is called by its number and name as published, the number once", () => {
  expect(lineName({ number: "12", name: "一中線" }, "ja")).toBe("12 一中線");
  expect(lineName({ number: "05", name: "05五位山線" }, "ja")).toBe("05五位山線");
  expect([lineName({ number: null, name: "両毛線" }, "en"), lineName({ number: "黒便", name: null }, "en")]).toEqual(["両毛線", "黒便"]);
  expect(lineName({ number: null, name: null }, "en")).toBe("A line without a published name");
});
