import { expect, test } from "vitest";
import type { Catalogue, Layer } from "./api";
import { findables, folded, found } from "./finder";

const layer = (id: string, ja: string, en: string, description = "", keywords: string[] = []): Layer => ({
  id,
  name: { ja, en },
  description: { ja: description, en: "" },
  keywords,
  topic: { id: "t", ja: "", en: "" },
  unit: { ja: "", en: "" },
  kind: "count",
  decimals: 0,
  direction: "neutral",
  period_kind: "census",
  levels: ["prefecture"],
  periods_by_level: {},
  categories: [],
  default: { scheme: "quantiles", k: 5, palette: "blues" },
});
const layers = [layer("ageing-rate", "高齢化率", "Ageing rate", "", ["お年寄り"]), layer("population", "総人口", "Population", "高齢者も含む"), layer("deployments:bus", "地域交通のリ・デザイン", "Local transport")];
const catalogue: Catalogue = {
  layers: new Map(layers.map((one) => [one.id, one])),
  goals: [],
  measures: [{ id: "bus", goal: "g", name: { ja: "", en: "" }, known_deployments: 1, layer: "deployments:bus", aliases: ["デマンドバス"] }],
  periodLabels: {},
};
const all = findables(catalogue);
const ids = (words: string) => found(all, words).map((one) => one.id);

test("widths, capitals, katakana, dots and spaces make no difference", () => {
  expect(folded("ＡＢＣ　デマンド・バス")).toBe(folded("abcでまんどばす"));
});

test("a name is found before a description", () => {
  expect(ids("高齢")).toEqual(["ageing-rate", "population"]);
});

test("everyday words find what they mean", () => {
  expect(ids("お年寄り")).toEqual(["ageing-rate"]);
});

test("a measure is found by the words people use for it", () => {
  expect(ids("でまんどバス")).toEqual(["deployments:bus"]);
  expect(ids("リデザイン")).toEqual(["deployments:bus"]);
});

test("nothing is found for nothing", () => {
  expect(ids(" ")).toEqual([]);
  expect(ids("zzz")).toEqual([]);
});
