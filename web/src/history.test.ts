import { expect, test } from "vitest";
import { dayBefore, inForce, pieces, spellText, yearOfMerger } from "./history";

function area(code: string, ja: string, en = ja) {
  return { code, name: { ja, en }, whole: true };
}

test("names in a sentence are its areas, the longer where two begin at one place", () => {
  const [yamato, higashi] = [area("1", "大和町"), area("2", "大和町東市")];
  expect(pieces("大和町が大和町東市に名称変更", [yamato, higashi], "ja")).toEqual([yamato, "が", higashi, "に名称変更"]);
  expect(pieces("12市町村が合併して浜松市に", [area("3", "浜松市")], "ja")).toEqual(["12市町村が合併して", area("3", "浜松市"), "に"]);
  expect(pieces("Nothing of it", [area("3", "浜松市", "Hamamatsu-shi")], "en")).toEqual(["Nothing of it"]);
});

test("a name was in use until the day before the next", () => {
  expect(dayBefore("2005-03-01")).toBe("2005-02-28");
  expect(spellText("1999-04-01", "2019-05-01", "ja")).toBe("1999年4月1日〜2019年4月30日");
  expect(spellText(null, "2005-07-01", "en")).toBe("– 30 June 2005");
  expect(spellText("2019-05-01", null, "ja")).toBe("2019年5月1日〜");
});

test("a code is in force from its first day until the day before its end", () => {
  const name = { ja: "", kana: "", en: "" };
  const names = [{ name, district: "", from: null, until: "2005-07-01" }];
  expect(["1980-01-01", "2005-06-30", "2005-07-01"].map((day) => inForce(names, day))).toEqual([true, true, false]);
});

test("the year of the last merger is not that of a new rank", () => {
  const text = { ja: "", en: "" };
  const merger = { date: "2005-07-01", kind: text, text, from: [area("1", "a"), area("2", "b")], to: [area("1", "a")] };
  const rank = { date: "2007-04-01", kind: text, text, from: [area("1", "a")], to: [area("3", "a")] };
  expect(yearOfMerger([merger, rank])).toBe("2005");
  expect(yearOfMerger([rank])).toBe("");
});
