import { expect, test } from "vitest";
import { folded } from "./finder";

test("widths, capitals, katakana, dots and spaces make no difference", () => {
  expect(folded("ＡＢＣ　デマンド・バス")).toBe(folded("abcでまんどばす"));
});

test.each([
  ["デマンドバス", "でまんどばす"],
  ["ﾃﾞﾏﾝﾄﾞﾊﾞｽ", "でまんどばす"],
  ["「子育て」", "子育て"],
  ["ヴェール", "ゔぇーる"],
  ["Re Design", "redesign"],
  [" 　\t", ""],
])("%s is compared as %s", (written, compared) => {
  expect(folded(written)).toBe(compared);
});
