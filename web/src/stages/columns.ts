/** The logic model as columns: what belongs to a goal, in an order in which few links cross. */

import type { Texts } from "../api";

export const KINDS = ["goal", "outcome", "output", "measure"] as const;
export type Kind = (typeof KINDS)[number];

export interface ModelNode {
  id: string;
  kind: Kind;
  label: Texts;
  indicators: string[];
  deployed: boolean;
}

/** A link leads from what works to what it works on: measure → output → outcome → goal. */
export interface ModelLink {
  source: string;
  target: string;
  reason: Texts;
  basis: string;
}

export interface Model {
  nodes: ModelNode[];
  links: ModelLink[];
}

export type Columns = Record<Kind, ModelNode[]>;

const SWEEPS = 6;

/** Return ids that lead to (or from) a node, itself among them. */
function reached(links: ModelLink[], id: string, from: "source" | "target", to: "source" | "target"): Set<string> {
  const found = new Set([id]);
  for (const one of found) for (const link of links) if (link[from] === one) found.add(link[to]);
  return found;
}

/** Return the ids of all that a node leads to and all that leads to it, itself among them. */
export function related(links: ModelLink[], id: string): Set<string> {
  return new Set([...reached(links, id, "source", "target"), ...reached(links, id, "target", "source")]);
}

/** Return the part of a model that leads to a goal; all of it without one. */
export function leadingTo(model: Model, goal: string): Model {
  if (!goal) return model;
  const kept = reached(model.links, goal, "target", "source");
  return { nodes: model.nodes.filter((one) => kept.has(one.id)), links: model.links.filter((one) => kept.has(one.source) && kept.has(one.target)) };
}

/** Return the ids that measures light: these, and all they lead to. */
export function lit(links: ModelLink[], measures: Iterable<string>): Set<string> {
  return new Set([...measures].flatMap((id) => [...reached(links, id, "source", "target")]));
}

/** Return how many pairs of links cross between two columns. */
export function crossings(links: ModelLink[], left: ModelNode[], right: ModelNode[]): number {
  const [at, to] = [left, right].map((column) => new Map(column.map((one, index) => [one.id, index])));
  const ends = links.flatMap((link) => {
    const [start, end] = [at?.get(link.target), to?.get(link.source)];
    return start === undefined || end === undefined ? [] : [[start, end] as const];
  });
  return ends.reduce((sum, [a, b], index) => sum + ends.slice(index + 1).filter(([c, d]) => (a - c) * (b - d) < 0).length, 0);
}

/** Return a column in the order of the mean place of each node's neighbours; who has none keeps its place. */
function byNeighbours(column: ModelNode[], other: ModelNode[], links: ModelLink[]): ModelNode[] {
  const place = new Map(other.map((one, index) => [one.id, index]));
  const mean = (id: string, otherwise: number) => {
    const places = links
      .flatMap((link) => (link.source === id ? [place.get(link.target)] : link.target === id ? [place.get(link.source)] : []))
      .filter((one) => one !== undefined);
    return places.length ? places.reduce((sum, one) => sum + one, 0) / places.length : otherwise;
  };
  const weighed = column.map((node, index) => ({ node, at: mean(node.id, index) }));
  return weighed.sort((a, b) => a.at - b.at).map(({ node }) => node);
}

function allCrossings(links: ModelLink[], columns: Columns): number {
  return KINDS.slice(1).reduce((sum, kind, index) => sum + crossings(links, columns[KINDS[index] as Kind], columns[kind]), 0);
}

/** Return the four columns of a model, ordered by the barycentre heuristic (Sugiyama); the goals keep their order. */
export function columnsOf({ nodes, links }: Model): Columns {
  const columns = Object.fromEntries(KINDS.map((kind) => [kind, nodes.filter((one) => one.kind === kind)])) as Columns;
  let best = { ...columns };
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const order: [Kind, Kind][] =
      sweep % 2
        ? [
            ["output", "measure"],
            ["outcome", "output"],
          ]
        : [
            ["outcome", "goal"],
            ["output", "outcome"],
            ["measure", "output"],
          ];
    for (const [kind, other] of order) columns[kind] = byNeighbours(columns[kind], columns[other], links);
    if (allCrossings(links, columns) < allCrossings(links, best) || sweep === 0) best = { ...columns };
  }
  return best;
}
