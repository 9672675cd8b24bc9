import { expect, test } from "vitest";
import { gapDefinition } from "./gap";
import { textOf, withUnit } from "./texts";

// service/figures/values.py
const STATUSES = ["ok", "not_available", "not_applicable", "secret", "below_unit", "unknown", "none_known"];
test.each([...STATUSES, "base_differs", "not_loaded", "boundary_changed", "not_at_level", "not_additive", "merged"])("the status %s has words", (status) => {
  expect(textOf("status_", status, "ja")).not.toBe(status);
});

// geo/layers/classify.py
test.each(["quantiles", "equal-interval", "fisher-jenks", "head-tail", "standard-deviation", "user"])("the class scheme %s has a name", (scheme) => {
  expect(textOf("scheme_", scheme, "ja")).not.toBe(scheme);
});

test("what has no words is told by its id", () => {
  expect(textOf("status_", "new", "ja")).toBe("new");
});

test("a unit stands behind a name in the brackets of its language, and nothing where there is none", () => {
  const [name, unit] = [
    { ja: "総人口", en: "Population" },
    { ja: "人", en: "persons" },
  ];
  expect([withUnit(name, unit, "ja"), withUnit(name, unit, "en")]).toEqual(["総人口（人）", "Population (persons)"]);
  expect(withUnit(name, { ja: "", en: "" }, "ja")).toBe("総人口");
});

test.each([
  ["transport-gap:mlit-subsidy-1km", "mlit-subsidy-1km"],
  ["transport-gap-65:x", "x"],
  ["transport-gap-land:a:b", "a:b"],
  ["transport-gap:", null],
  ["transport", null],
  ["my-transport-gap:x", null],
])("%s shows the gap of %s", (layer, definition) => {
  expect(gapDefinition(layer)).toBe(definition);
});
