/** What the service answers, as far as the pages use it. Every answer is asked for once. */

export type Lang = "ja" | "en";
export type Texts = Record<Lang, string>;

/** A topic of statistics, with the number of its layers. */
export type Topic = Texts & { id: string; total: number };

/** What a map can show: an indicator, deployments of a measure, progress of a KPI. */
export interface Layer {
  id: string;
  name: Texts;
  description: Texts;
  keywords: string[];
  topic: Texts & { id: string };
  unit: Texts;
  kind: "count" | "ratio" | "change" | "index" | "category";
  decimals: number;
  direction: string;
  period_kind: string;
  levels: string[];
  periods_by_level: Record<string, string[]>;
  categories: { code: number; label: Texts; colour?: string }[];
  default: { scheme: string; k: number; palette: string };
}

/** What every answer about a layer says of itself. */
export interface About {
  layer: string;
  title: Texts;
  unit: Texts;
  period: string;
  period_label: Texts;
  period_kind: string;
  level: string;
  vintage: string;
  revision: string;
  sources: { title: Texts; url: string; credit: Texts }[];
  credit: Texts;
  coverage?: Texts;
}

export interface LegendClass {
  lower: number | null;
  upper: number | null;
  colour: string;
  label: Texts;
  count: number;
}

export interface Legend extends About {
  classes: LegendClass[];
  no_data: { colour: string; label: Texts; count: number };
}

export interface Values extends About {
  codes: string[];
  values: (number | null)[];
  classes: (number | null)[];
  statuses: string[];
}

export interface Periods extends About {
  codes: string[];
  periods: { period: string; label: Texts; values: (number | null)[]; classes: (number | null)[] }[];
}

export interface Row {
  rank: number;
  code: string;
  name: Texts;
  prefecture: (Texts & { code: string }) | null;
  value: number;
  class: number | null;
}

export interface Summary extends About {
  text: Texts;
  citation: Texts;
  n: number;
  missing: number;
  highest: Row[];
  lowest: Row[];
}

export interface Area {
  code: string;
  level: string;
  kind: string;
  name: Texts & { kana: string };
  prefecture: string;
  parent: string | null;
  area_km2: number;
  centre: [number, number];
  bbox: [number, number, number, number];
}

export interface Neighbour {
  code: string;
  name: Texts;
  level: string;
  touching: boolean;
  distance_km: number;
}

export interface Point {
  period: string;
  value: number | null;
  status?: string;
}

export interface Figure {
  indicator: { id: string; name: Texts; unit: Texts; direction: string; decimals: number };
  level: string;
  area: string;
  period: string;
  period_label: Texts;
  value: number | null;
  status: string;
  rank: { order: string; nation: { rank: number; of: number } | null; prefecture: { rank: number; of: number } | null };
  trend: { since: string; before: number; change: number; change_percent: number | null; verdict: string } | null;
  peers: { median: number | null; n: number };
  series: Point[];
}

export interface Source {
  title: string;
  url: string;
}

export interface Deployment {
  id: string;
  measures: (Texts & { id: string; goal: string })[];
  programme: string;
  title: Texts;
  areas: { code: string; name: string; role_label: Texts }[];
  current_codes: string[];
  applicant_or_operator: string;
  status: string;
  status_label: Texts;
  fy_start: number | null;
  fy_end: number | null;
  source: Source;
  confidence_label: Texts;
}

export interface Goal {
  id: string;
  name: Texts;
  kpi: Texts | null;
  stated_measures: number;
  catalogued_measures: number;
  kpis: string[];
  indicators: string[];
  known_deployments: number;
}

export interface Profile {
  area: Area;
  summary?: Texts;
  peers: { code: string; name: Texts; prefecture: string }[];
  goals: (Goal & { figures: Figure[]; deployments: Deployment[] })[];
  deployments: number;
  prefecture_deployments: { id: string; title: Texts; status: string; measures: string[] }[];
  coverage: Texts;
}

export interface Measure {
  id: string;
  goal: string;
  name: Texts;
  known_deployments: number;
  layer: string;
}

export interface Series {
  indicator: string;
  name: Texts;
  unit: Texts;
  period_kind: string;
  period_labels?: Record<string, Texts>;
  series: { area: string; name: Texts; level: string; points: Point[] }[];
  sources: { credit: Texts }[];
  summary?: Texts;
}

export interface Palette {
  name: string;
  kind: string;
  colour_blind_safe: boolean;
  colours: string[];
}

/** An answer that says what was wrong (RFC 9457). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    title: string,
    readonly detail: string,
  ) {
    super(title);
  }
}

const answers = new Map<string, Promise<unknown>>();
const MOST_KEPT = 120;

async function fetched(address: string): Promise<unknown> {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  const body = (await answer.json().catch(() => ({}))) as { title?: string; detail?: string };
  if (!answer.ok) throw new Problem(answer.status, body.title ?? answer.statusText, body.detail ?? "");
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

const ofLayer =
  <T>(name: string) =>
  (layer: string, query: string) =>
    get<T>(`/v1/layers/${layer}/${name}${query ? `?${query}` : ""}`);

export const legend = ofLayer<Legend>("legend.json");
export const values = ofLayer<Values>("values.json");
export const periods = ofLayer<Periods>("periods.json");
export const summary = ofLayer<Summary>("summary.json");
export const tiles = ofLayer<{ tiles: string[]; minzoom: number; maxzoom: number; attribution: string }>("tiles.json");

type PeriodLabels = Record<string, Record<string, Texts>>;

/** A page of layers, and what matches beyond it. */
export interface Layers {
  layers: Layer[];
  total: number;
  topics: Topic[];
}

/** What there is to choose from; the layers themselves are asked for where they are shown. */
export interface Catalogue {
  goals: Goal[];
  measures: Measure[];
  topics: Topic[];
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
  const { period_labels, ...found } = await get<Layer & { period_labels: PeriodLabels }>(`/v1/layers/${id}`);
  learn([found], period_labels);
  return found;
}

/** Return a page of the layers with figures that a query asks for. */
export async function listed(query: Record<string, string | number | readonly string[]>): Promise<Layers> {
  const asked = Object.entries({ level: "any", ...query }).flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)]));
  const answer = await get<Layers & { period_labels: PeriodLabels }>(`/v1/layers?${new URLSearchParams(asked)}`);
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
  const [{ goals }, { measures }, { topics }] = await Promise.all([
    get<{ goals: Goal[] }>("/v1/goals"),
    get<{ measures: Measure[] }>("/v1/measures"),
    listed({ limit: 0 }),
  ]);
  return { goals, measures, topics };
}

/** Return the areas of a level by code. */
export async function gazetteer(level: string): Promise<Map<string, Area>> {
  const found = await get<{ areas: Area[] }>(`/v1/areas?level=${level}&limit=2000`);
  return new Map(found.areas.map((area) => [area.code, area]));
}
