/** Which layers belong to which goal of the strategy. */

import type { Catalogue, Goal, Measure } from "./api";

/** Ids of layers, by what they show of a goal. */
export interface GoalLayers {
  progress: string[];
  indicators: string[];
  measures: string[];
}

/** Return the layers of a goal; its measures with the most deployments first. */
export function layersOf(goal: Goal, measures: Measure[]): GoalLayers {
  const own = measures.filter((one) => one.goal === goal.id).sort((a, b) => b.known_deployments - a.known_deployments);
  return {
    progress: goal.kpis.map((id) => `kpi-progress:${id}`),
    indicators: goal.indicators,
    measures: [`deployment-count:${goal.id}`, ...own.map((one) => one.layer)],
  };
}

/** Return the first goal that a layer belongs to. */
export function goalOf({ goals, measures }: Catalogue, layer: string): Goal | undefined {
  return goals.find((goal) => Object.values(layersOf(goal, measures)).flat().includes(layer));
}
