import { expect, test } from "vitest";
import { byLanguage } from "./language";

test.each([
  ["Made by processing “Bus Stops” (MLIT)", ["Made by processing “Bus Stops” (MLIT)"]],
  ["Source: 「地域バス」（CC BY 4.0）を加工して作成; “Census”", ["Source: ", "「地域バス」（CC BY 4.0）を加工して作成", "; “Census”"]],
  ["Made by processing “令和2年GTFSデータ” (CC BY 4.0)", ["Made by processing “", "令和2年GTFSデータ", "” (CC BY 4.0)"]],
  ["甲 ｜ A", ["", "甲", " ｜ A"]],
  // a station, which has no name in English, and its lines
  ["Matsumoto-shi · 大糸線・篠ノ井線", ["Matsumoto-shi · ", "大糸線・篠ノ井線", ""]],
])("the Japanese parts of %s", (words, parts) => {
  expect(byLanguage(words)).toEqual(parts);
});
