import { expect, test } from "vitest";
import type { FamilyMember } from "./api";
import { chosenBy, facetsOf } from "./facets";

function member(id: string, ja: string, en = id, ingredient = false): FamilyMember {
  return { id, name: { ja, en }, unit: { ja: "", en: "" }, kind: "count", levels: ["municipality"], ingredient };
}

const POPULATION = {
  layers: [
    member("population", "総人口", "Population"),
    member("population-male", "総人口（男）", "Male population"),
    member("population-female", "総人口（女）", "Female population"),
    member("sex-ratio", "性比", "Sex ratio"),
    member("surveyed", "総人口（調査）", "Surveyed", true),
  ],
};
const GAPS = {
  layers: [
    member("transport-gap:town", "交通空白人口の割合：町（都市部）", "Share of people in the gap: Town"),
    member("transport-gap-65:town", "交通空白人口（65歳以上）の割合：町（都市部）", "Share of people 65 and over in the gap: Town"),
    member("gap-people-town", "圏外人口：町（都市部）", "People in the gap: Town"),
    member("gap-people-65-town", "圏外人口（65歳以上）：町（都市部）", "People 65 and over in the gap: Town"),
    member("transport-gap:bus-1km", "交通空白人口の割合：バス 1km", "Share of people in the gap: Bus 1 km"),
    member("gap-people-bus-1km", "圏外人口：バス 1km", "People in the gap: Bus 1 km"),
  ],
};

const told = (family: typeof POPULATION, shown: string) =>
  facetsOf(family, shown, "ja").map(({ label, chosen, options }) => [label, chosen, options.map((one) => one.name)]);

test("what stands in brackets is chosen apart from what is told", () => {
  expect(told(POPULATION, "population-male")).toEqual([
    ["facetFigure", "総人口", ["総人口", "性比"]],
    ["facetPart", "男", ["全体", "男", "女", "調査"]],
  ]);
  expect(told(POPULATION, "sex-ratio")).toEqual([["facetFigure", "性比", ["総人口", "性比"]]]);
});

test("what there is only to compute with is marked", () => {
  const [, parts] = facetsOf(POPULATION, "population", "ja");
  expect(parts?.options.filter((one) => one.isIngredient).map((one) => one.name)).toEqual(["調査"]);
});

test("names that share nothing are one choice", () => {
  expect(facetsOf(POPULATION, "population", "en").map(({ options }) => options.map((one) => one.name))).toEqual([
    ["Population", "Male population", "Female population", "Sex ratio", "Surveyed"],
  ]);
});

test("a gap is chosen by its definition, whom it counts and how", () => {
  expect(told(GAPS, "transport-gap-65:town")).toEqual([
    ["facetDefinition", "町（都市部）", ["町（都市部）", "バス 1km"]],
    ["facetWho", "65歳以上", ["すべての人", "65歳以上"]],
    ["facetHow", "割合", ["割合", "人数・面積"]],
  ]);
});

test.each([
  ["transport-gap-65:town", 2, "人数・面積", "gap-people-65-town"],
  ["gap-people-65-town", 1, "すべての人", "gap-people-town"],
  ["gap-people-town", 0, "バス 1km", "gap-people-bus-1km"],
  ["gap-people-65-town", 0, "バス 1km", "gap-people-bus-1km"], // nobody over 65 is counted by it
])("from %s a choice leads to the layer most like it", (shown, at, value, wanted) => {
  expect(chosenBy(GAPS, shown, { at, value }, "ja")).toBe(wanted);
});
