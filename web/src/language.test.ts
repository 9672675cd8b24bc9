import { expect, test } from "vitest";
import { byLanguage } from "./language";

test.each([
  ["Made by processing “Bus Stops” (MLIT)", ["Made by processing “Bus Stops” (MLIT)"]],
  ["Source: 「地域バス」（CC BY 4.0）を加工して作成; “Census”", ["Source: ", "「地域バス」（CC BY 4.0）を加工して作成", "; “Census”"]],
  ["Made by processing “令和2年GTFSデータ” (CC BY 4.0)", ["Made by processing “", "令和2年GTFSデータ", "” (CC BY 4.0)"]],
  ["甲 ｜ A", ["", "甲", " ｜ A"]],
])("the Japanese parts of %s", (words, parts) => {
  expect(byLanguage(words)).toEqual(parts);
});
