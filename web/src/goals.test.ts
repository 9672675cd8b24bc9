import { expect, test } from "vitest";
import type { Catalogue, Goal, Measure } from "./api";
import { goalOf, layersOf } from "./goals";

const goal = (id: string, indicators: string[], kpis: string[] = []): Goal => ({
  id,
  name: { ja: id, en: id },
  kpi: null,
  stated_measures: 0,
  catalogued_measures: 0,
  pillars: [],
  kpis,
  indicators,
  known_deployments: 0,
});
const measure = (id: string, of: string, known_deployments: number): Measure => ({
  id,
  goal: of,
  name: { ja: id, en: id },
  pillar: null,
  aliases: [],
  listed_in: [],
  indicators: [],
  kpis: [],
  known_deployments,
  layer: `deployments:${id}`,
});
const catalogue: Catalogue = {
  goals: [goal("work", ["wages"], ["growth"]), goal("towns", ["wages", "ageing"])],
  measures: [measure("bus", "towns", 3), measure("rail", "towns", 8), measure("port", "work", 1)],
  topics: [],
  families: [],
};

test("a goal has the layers of its KPIs, its indicators and its measures, those with most deployments first", () => {
  expect(layersOf(catalogue.goals[0] as Goal, catalogue.measures)).toEqual({
    progress: ["kpi-progress:growth"],
    indicators: ["wages"],
    measures: ["deployment-count:work", "deployments:port"],
  });
  expect(layersOf(catalogue.goals[1] as Goal, catalogue.measures).measures).toEqual(["deployment-count:towns", "deployments:rail", "deployments:bus"]);
});

test("a layer belongs to the first goal that has it, or to none", () => {
  expect(goalOf(catalogue, "wages")?.id).toBe("work");
  expect(goalOf(catalogue, "ageing")?.id).toBe("towns");
  expect(goalOf(catalogue, "deployments:bus")?.id).toBe("towns");
  expect(goalOf(catalogue, "kpi-progress:growth")?.id).toBe("work");
  expect(goalOf(catalogue, "population")).toBeUndefined();
});
