import { expect, test } from "vitest";
import { folded } from "./finder";

test("widths, capitals, katakana, dots and spaces make no difference", () => {
  expect(folded("ＡＢＣ　デマンド・バス")).toBe(folded("abcでまんどばす"));
});
