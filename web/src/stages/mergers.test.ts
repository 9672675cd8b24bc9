import { expect, test } from "vitest";
import type { ChronicleEntry } from "../api";
import { framesOf, middleOf, type Part, partOf, pathOf, ratioOf } from "./frames";
import { across, groundOf, isMerger, nameOn, stateIn, touching } from "./lineage";
import { prefectureOf } from "./mergers";

function area(written: string) {
  const [code = "", name = code] = written.split(" ");
  return { code, name: { ja: name, en: name } };
}

function entry(date: string, from: string[], to: string[]): ChronicleEntry {
  const text = { ja: "", en: "" };
  return { date, kind: text, text, from: from.map((one) => ({ ...area(one), whole: true })), to: to.map(area) };
}

// 長岡市 as it is known, and a town that became a city
const ENTRIES = [
  entry("2004-11-01", ["15463 六日町", "15464 大和町"], ["15226 南魚沼市"]),
  entry("2005-04-01", ["15202 長岡市", "15301 中之島町", "15303 越路町"], ["15202 長岡市"]),
  entry("2005-10-01", ["15226 南魚沼市", "15462 塩沢町"], ["15226 南魚沼市"]),
  entry("2010-03-31", ["15202 長岡市", "15403 川口町"], ["15202 長岡市"]),
  entry("2014-01-01", ["15999 某町"], ["15230 某市"]),
];

test("what an area of today was is found back in time, and what a town became forth", () => {
  expect(across("15202", "2025-01-01", "2004-12-31", ENTRIES)).toEqual(["15202", "15301", "15303", "15403"]);
  expect(across("15202", "2025-01-01", "2005-12-31", ENTRIES)).toEqual(["15202", "15403"]);
  expect(across("15303", "2000-10-01", "2005-12-31", ENTRIES)).toEqual(["15202"]);
  expect(across("15463", "2000-10-01", "2005-12-31", ENTRIES)).toEqual(["15226"]);
  expect(across("15230", "2025-01-01", "2000-12-31", ENTRIES)).toEqual(["15999"]);
  expect(across("15601", "2025-01-01", "1980-12-31", ENTRIES)).toEqual(["15601"]);
});

test("a divided village is in both, and each of them has it alone of the other's parts", () => {
  const divided = [entry("2006-03-01", ["19201", "19326", "19341"], ["19201"]), entry("2006-03-01", ["19341", "19430"], ["19430"])];
  expect(across("19341", "2005-01-01", "2010-01-01", divided)).toEqual(["19201", "19430"]);
  expect(across("19201", "2010-01-01", "2005-01-01", divided)).toEqual(["19201", "19326", "19341"]);
});

test("an area took part in what made it and in what its successor took up", () => {
  expect(touching("15202", "2025-01-01", ENTRIES).map((one) => one.date)).toEqual(["2005-04-01", "2010-03-31"]);
  expect(touching("15303", "2000-10-01", ENTRIES).map((one) => one.date)).toEqual(["2005-04-01", "2010-03-31"]);
});

test("an area is in its year, after it, or untouched; a new rank is no merger", () => {
  const own = touching("15202", "2025-01-01", ENTRIES).filter(isMerger);
  expect([2004, 2005, 2006, 2010].map((year) => stateIn(year, 1980, own))).toEqual(["none", "now", "before", "now"]);
  expect(stateIn(2006, 2006, own)).toBe("none");
  expect(touching("15230", "2025-01-01", ENTRIES).filter(isMerger)).toEqual([]);
});

test("a year is shown on the outlines before it, else on the oldest there are, or on newer ones that are the same", () => {
  const loaded = ["2025-01-01", "2021-01-01"];
  expect(groundOf(1990, loaded, ENTRIES)).toEqual({ vintage: "2025-01-01", isLater: true });
  expect(groundOf(2012, loaded, ENTRIES)).toEqual({ vintage: "2025-01-01", isLater: false });
  const all = ["1980-10-01", "2000-10-01", "2005-01-01", ...loaded];
  expect(groundOf(1990, all, ENTRIES)).toEqual({ vintage: "2000-10-01", isLater: false }); // nothing merged between
  expect(groundOf(2004, all, ENTRIES)).toEqual({ vintage: "2000-10-01", isLater: false });
  expect(groundOf(2005, all, ENTRIES)).toEqual({ vintage: "2005-01-01", isLater: false });
  expect(groundOf(2012, all, ENTRIES)).toEqual({ vintage: "2005-01-01", isLater: false });
  expect(groundOf(2022, all, ENTRIES)).toEqual({ vintage: "2025-01-01", isLater: false });
  expect(groundOf(1990, [], ENTRIES)).toBeNull();
});

test("a name is that of the day", () => {
  expect(nameOn("15226", "2010-01-01", ENTRIES, "?", "ja")).toBe("南魚沼市");
  expect(nameOn("15403", "2004-12-31", ENTRIES, "?", "ja")).toBe("川口町");
  expect(nameOn("15601", "2004-12-31", ENTRIES, "粟島浦村", "ja")).toBe("粟島浦村");
});

test("the prefecture of an area is told by its code, also of one that is no more", () => {
  expect(prefectureOf("15303")).toBe("15000");
  expect(prefectureOf("")).toBe("");
  expect(prefectureOf("../")).toBe("");
});

function square(code: string, longitude: number, latitude: number, side: number): Part {
  const ends = [
    [longitude, latitude],
    [longitude + side, latitude],
    [longitude + side, latitude + side],
    [longitude, latitude + side],
  ];
  return partOf(code, [ends]);
}

test("islands far from the mainland have a frame of their own, islets of a mainland town none", () => {
  const mainland = [square("1", 139, 35, 0.5), square("2", 139.5, 35, 0.5)];
  const near = square("3", 139, 34.8, 0.05); // 17 km south
  const [far, beyond] = [square("4", 139.4, 33.0, 0.1), square("5", 142.1, 27, 0.1)];
  const islet = square("1", 136, 20, 0.01);
  const frames = framesOf([...mainland, near, far, beyond, islet]);
  expect(frames.map((one) => one.parts.map((part) => part.code).sort())).toEqual([["1", "2", "3"], ["4"], ["5"]]);
});

test("a frame is drawn in its own size, and its middle is where its parts are", () => {
  const [frame] = framesOf([square("1", 139, 35, 0.5), square("2", 139.5, 35, 0.5)]);
  if (!frame) throw new Error("no frame");
  expect(ratioOf(frame)).toBeCloseTo(0.5 / Math.cos((35.25 * Math.PI) / 180), 2);
  const [x, y] = middleOf(
    frame,
    frame.parts.filter((one) => one.code === "2"),
  );
  expect([x, y]).toEqual([expect.closeTo(0.75, 6), expect.closeTo(0.5, 2)]);
  const first = frame.parts.filter((one) => one.code === "1");
  expect(pathOf(frame, first)).toBe("M0.0 612.3L500.0 612.3L500.0 0.0L0.0 0.0Z");
});
