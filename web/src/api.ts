/** What the service answers, as far as this page uses it. */

export type Lang = "ja" | "en";
export type Texts = Record<Lang, string>;

/** What a map can show: an indicator, deployments of a measure, progress of a KPI. */
export interface Layer {
  id: string;
  name: Texts;
  topic: Texts & { id: string };
  unit: Texts;
  decimals: number;
  levels: string[];
  periods_by_level: Record<string, string[]>;
  categories: { code: number; label: Texts }[];
}

export interface LegendClass {
  lower: number | null;
  upper: number | null;
  colour: string;
  label: Texts;
  count: number;
}

export interface Legend {
  title: Texts;
  unit: Texts;
  period: string;
  classes: LegendClass[];
  no_data: { colour: string; label: Texts; count: number };
  sources: { credit: Texts }[];
  credit: Texts;
  coverage?: Texts;
}

async function asked<T>(address: string): Promise<T> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status} ${address}`);
  return (await answer.json()) as T;
}

export async function layers(): Promise<Layer[]> {
  return (await asked<{ layers: Layer[] }>("/v1/layers")).layers;
}

export function legend(layer: string, query: string): Promise<Legend> {
  return asked<Legend>(`/v1/layers/${layer}/legend.json?${query}`);
}
