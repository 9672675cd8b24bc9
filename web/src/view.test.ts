import { expect, test } from "vitest";
import { breaksOver, layerQuery, otherView, STAGES, searchOf, viewOf } from "./view";

test("an address and its view are each other's", () => {
  const address =
    "?lang=en&view=two&layer=deployments:smart-cities&period=2024&level=prefecture&k=7&palette=blues&layer2=population&period2=2015&area=10201&areas=10201,10202&overlay=labels,deployments:japanese-ccrc";
  expect(searchOf(viewOf(address))).toBe(address);
});

test("what goes without saying is not in the address", () => {
  expect(searchOf(viewOf("?lang=ja&layer=population&view=map&overlay=labels"))).toBe("?lang=ja&layer=population");
});

test("overlays may all be off", () => {
  const view = viewOf("?overlay=");
  expect(view.overlay).toEqual([]);
  expect(searchOf(view)).toContain("overlay=");
});

test("a browser's language counts where the address names none", () => {
  expect(viewOf("", "en").lang).toBe("en");
  expect(viewOf("", "ja").lang).toBe("ja");
  expect(viewOf("?lang=ja", "en").lang).toBe("ja");
});

test("a view that does not exist is the map", () => {
  expect(viewOf("?view=nonsense").stage).toBe("map");
});

test("only what the data routes take is asked of them", () => {
  expect(layerQuery(viewOf("?lang=en&layer=population&area=10201&k=5&breaks_over=period"))).toBe("k=5&breaks_over=period");
});

test("estimates are asked of every route, and said in the address", () => {
  const address = "?lang=ja&layer=register-population&level=ward&estimate=population";
  expect(layerQuery(viewOf(address))).toBe("level=ward&estimate=population");
  expect(searchOf(viewOf(address))).toBe(address);
});

test("breaks are the period's own, unless all periods are asked for", () => {
  expect(layerQuery(viewOf("?layer=population"))).toBe("");
  expect(breaksOver(viewOf("?layer=population&breaks_over=all"))).toBe("all");
  expect(searchOf(viewOf("?lang=ja&layer=population&breaks_over=all"))).toContain("breaks_over=all");
});

test("two periods of one layer are compared by the same breaks, two layers each by its own", () => {
  const periods = viewOf("?view=two&layer=population&period2=2000");
  expect([layerQuery(periods), layerQuery(otherView(periods))]).toEqual(["breaks_over=all", "period=2000&breaks_over=all"]);
  const layers = viewOf("?view=two&layer=population&layer2=ageing-rate");
  expect([layerQuery(layers), layerQuery(otherView(layers))]).toEqual(["", ""]);
  expect(layerQuery(viewOf("?view=two&layer=population&breaks_over=period"))).toBe("breaks_over=period");
});

test("the other view keeps the classes of the same layer and drops those of another", () => {
  const view = viewOf("?layer=population&period=2020&k=7&palette=blues");
  expect(otherView({ ...view, period2: "2000" })).toMatchObject({ layer: "population", period: "2000", k: "7" });
  expect(otherView({ ...view, layer2: "ageing-rate" })).toMatchObject({ layer: "ageing-rate", period: "", k: "", palette: "" });
});

test.each(STAGES)("the view %s is found again by its address", (stage) => {
  const view = {
    ...viewOf("?lang=en"),
    stage,
    layer: "kpi-progress:a",
    breaks: "1,2.5",
    scheme: "user",
    areas: ["10201"],
    overlay: ["gsi"],
    more: ["a", "b"],
    kind: "town",
    base: "2015",
  };
  expect(viewOf(searchOf(view))).toEqual(view);
});

test.each(["前橋 & 高崎", "a+b", "50%", "a=b", "#x", "<i>"])("what a person wrote comes back as it was: %s", (layer) => {
  expect(viewOf(searchOf({ ...viewOf(""), layer })).layer).toBe(layer);
});

test("commas and colons are left as people read them", () => {
  expect(searchOf({ ...viewOf("?lang=ja"), layer: "a:b", areas: ["1", "2"] })).toBe("?lang=ja&layer=a:b&areas=1,2");
});

test("an address without a layer names the first map, an empty one none", () => {
  expect(viewOf("").layer).toBe("register-population-change");
  expect(viewOf("?layer=").layer).toBe("");
});

test("a language that is not spoken is Japanese, whatever the browser's", () => {
  expect(viewOf("?lang=fr", "en-GB").lang).toBe("ja");
});

test("empty items of a list are none", () => {
  expect(viewOf("?areas=,10201,,&overlay=,").areas).toEqual(["10201"]);
  expect(viewOf("?areas=,10201,,&overlay=,").overlay).toEqual([]);
});

test("asking for the period's own breaks is kept where two maps would share them", () => {
  const asked = viewOf("?view=two&layer=a&breaks_over=period");
  expect([breaksOver(asked), breaksOver({ ...asked, breaks_over: "" }), breaksOver({ ...asked, stage: "map", breaks_over: "" })]).toEqual([
    "period",
    "all",
    "period",
  ]);
});

test("the other view of the other view is the first, where both name their layer and period", () => {
  const view = viewOf("?view=two&layer=a&period=2020&layer2=b&period2=2015");
  expect(otherView({ ...otherView(view), period2: "2020" })).toMatchObject({ layer: "a", period: "2020" });
});
