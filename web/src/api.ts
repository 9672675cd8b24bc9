/** What the service answers, as far as the pages use it. Every answer is asked for once. */

import type { FeatureCollection } from "geojson";
import { patiently } from "./busy";
import { underMarks } from "./marks";
import type {
  AreaOfLevel as Area,
  AreaHistory,
  AreaInDetail,
  Areas,
  BoundarySet,
  ChronicleEntry,
  Credited,
  Deployment,
  Deployments,
  FamilyTotal as Family,
  FamilyInDetail,
  FamilyMember,
  Figure,
  FormerArea,
  Found,
  FoundArea,
  FoundLayer,
  Goal,
  Goals,
  Layer,
  Layers,
  LayerWithAnalyses,
  Legend,
  LegendClass,
  Measure,
  Measures,
  Mergers,
  Neighbour,
  Neighbours,
  Palette,
  Palettes,
  Peers,
  Periods,
  PeriodValue,
  Profile,
  paths,
  Ranking,
  RegionSets,
  Row,
  Series,
  StopInDetail,
  Summary,
  Text,
  TileJson,
  TopicTotal as Topic,
  Values,
  Vintages,
} from "./openapi";

// The types are those of openapi/openapi.json, made from it by `npm run types`.
export type {
  Area,
  AreaHistory,
  AreaInDetail,
  Areas,
  BoundarySet,
  ChronicleEntry,
  Credited as Source,
  Deployment,
  Deployments,
  Family,
  FamilyInDetail,
  FamilyMember,
  Figure,
  FormerArea,
  Found,
  FoundArea,
  FoundLayer,
  Goal,
  Layer,
  Layers,
  Legend,
  LegendClass,
  Measure,
  Mergers,
  Neighbour,
  Neighbours,
  Palette,
  Palettes,
  Peers,
  Periods,
  Profile,
  Ranking,
  RegionSets,
  Row,
  Series,
  StopInDetail,
  Summary,
  Topic,
  Values,
  Vintages,
};
/** What every answer about a layer says of itself. */
export type About = Omit<Values, "codes" | "values" | "classes" | "statuses">;
export type Texts = Text;
export type Lang = keyof Text;

type LegendQuery = NonNullable<paths["/v1/layers/{layer}/legend.json"]["get"]["parameters"]["query"]>;
export type Scheme = NonNullable<LegendQuery["scheme"]>;

/** A figure of a line; where it is missing, `status` says why, and else whether it is what was counted. */
export type Point = Pick<PeriodValue, "period" | "value"> & { status?: string };

/** An answer that says what was wrong (RFC 9457). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: Texts,
    readonly detail: string,
  ) {
    super(title.en);
  }
}

const answers = new Map<string, Promise<unknown>>();
const MOST_KEPT = 120;

async function fetched(address: string): Promise<unknown> {
  const answer = await patiently(address, { headers: { Accept: "application/json" } });
  const body = (await answer.json().catch(() => ({}))) as { title?: string; title_ja?: string; detail?: string };
  const title = body.title ?? answer.statusText;
  if (!answer.ok) throw new Problem(answer.status, { ja: body.title_ja ?? title, en: title }, body.detail ?? "");
  return body;
}

/** Return the JSON at an address of the service; asked for again only where it failed. */
export function get<T>(address: string): Promise<T> {
  let found = answers.get(address);
  if (!found) {
    found = fetched(address);
    answers.set(address, found);
    found.catch(() => answers.delete(address));
    if (answers.size > MOST_KEPT) answers.delete(answers.keys().next().value as string);
  }
  return found as Promise<T>;
}

/** Return what the service tells of an area on the boundaries of a date, and that date; where it is not on them, on the newest. */
export async function onBoundaries<T>(path: string, vintage: string): Promise<{ told: T; vintage: string }> {
  if (vintage) {
    try {
      return { told: await get<T>(`${path}?vintage=${vintage}`), vintage };
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  return { told: await get<T>(path), vintage: "" };
}

/** Whether the service says that there is no such thing. */
export function isGone(error: unknown): boolean {
  return error instanceof Problem && error.status === 404;
}

const ofLayer =
  <T>(name: string) =>
  (layer: string, query: string) =>
    get<T>(`/v1/layers/${layer}/${name}${query ? `?${query}` : ""}`);

const told = ofLayer<Legend>("legend.json");
/** Return a legend in the colours that its map has; with estimates it is still of the layer that was asked for. */
export const legend = async (layer: string, query: string): Promise<Legend> => ({ ...underMarks(await told(layer, query)), layer });
export const values = ofLayer<Values>("values.json");
export const periods = ofLayer<Periods>("periods.json");
export const summary = ofLayer<Summary>("summary.json");
const described = ofLayer<TileJson>("tiles.json");
/** Return the description of a layer's tiles, as small as there are: names are in `gazetteer`, once for all of them. */
export const tiles = (layer: string, query: string) => described(layer, `${query ? `${query}&` : ""}encoding=mlt&fields=value,class`);

type PeriodLabels = Record<string, Record<string, Texts>>;

/** What there is to choose from; the layers themselves are asked for where they are shown. */
export interface Catalogue {
  goals: Goal[];
  measures: Measure[];
  topics: Topic[];
  families: Family[];
}

/** The service takes no more ids in one request. */
const MOST_IDS = 100;
const known = new Map<string, Layer>();
/** Ids of which there is no layer with figures. */
const absent = new Set<string>();
const periodLabels: PeriodLabels = {};

function learn(layers: Layer[], labels: PeriodLabels): void {
  for (const one of layers) known.set(one.id, one);
  for (const [kind, named] of Object.entries(labels)) periodLabels[kind] = { ...periodLabels[kind], ...named };
}

/** Return a layer that some answer has told of already. */
export function knownLayer(id: string): Layer | undefined {
  return known.get(id);
}

/** Return a period of a known layer as people read it. */
export function periodLabel(layer: Layer, period: string, lang: Lang): string {
  return periodLabels[layer.period_kind]?.[period]?.[lang] ?? period;
}

/** Return one layer. */
export async function layer(id: string): Promise<Layer> {
  const held = known.get(id);
  if (held) return held;
  const { period_labels, ...found } = await get<LayerWithAnalyses>(`/v1/layers/${id}`);
  learn([found], period_labels);
  return found;
}

/** Return a page of the layers with figures that a query asks for. */
export async function listed(query: Record<string, string | number | readonly string[]>): Promise<Layers> {
  const asked = Object.entries({ level: "any", ...query }).flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)]));
  const answer = await get<Layers>(`/v1/layers?${new URLSearchParams(asked)}`);
  learn(answer.layers, answer.period_labels);
  return answer;
}

/** Return the layers of these ids, in their order; those that there are none of, or no figures, are left out. */
export async function layers(ids: readonly string[]): Promise<Layer[]> {
  const unknown = [...new Set(ids)].filter((id) => !known.has(id) && !absent.has(id));
  const parts = Array.from({ length: Math.ceil(unknown.length / MOST_IDS) }, (_none, index) => unknown.slice(index * MOST_IDS, (index + 1) * MOST_IDS));
  await Promise.all(parts.map((part) => listed({ id: part })));
  for (const id of unknown) if (!known.has(id)) absent.add(id);
  return ids.map((id) => known.get(id)).filter((one) => one !== undefined && one.levels.length > 0) as Layer[];
}

/** Return what there is to choose from. */
export async function catalogue(): Promise<Catalogue> {
  const [{ goals }, { measures }, { topics, families }] = await Promise.all([get<Goals>("/v1/goals"), get<Measures>("/v1/measures"), listed({ limit: 0 })]);
  return { goals, measures, topics, families };
}

/** Return the code of an area, which the feature of a tile has as a number. */
export function codeOf(id: unknown): string {
  return String(id).padStart(5, "0");
}

/** Return the areas of a level by code, on the newest boundaries where no other date is named. */
export async function gazetteer(level: string, vintage = ""): Promise<Map<string, Area>> {
  const found = await get<Areas>(`/v1/areas?level=${level}&limit=2000${vintage ? `&vintage=${vintage}` : ""}`);
  return new Map(found.areas.map((area) => [area.code, area]));
}

/** Return the outlines of a level in a box, as a map of the nation shows them. */
export function outlines(level: string, vintage: string, box: readonly number[]): Promise<FeatureCollection> {
  return get<FeatureCollection>(`/v1/areas.geojson?level=${level}&bbox=${box.join(",")}&detail=low${vintage ? `&vintage=${vintage}` : ""}`);
}
