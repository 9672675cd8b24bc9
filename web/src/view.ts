/** What the page shows, kept whole in its address: a link shows the same, the back button goes back. */

import type { Lang } from "./api";

/** In the order in which they stand on the page: maps, figures, the strategy. */
export const STAGES = ["map", "two", "bivariate", "years", "mergers", "ranking", "compare", "kpi", "logic", "roadmap"] as const;
export type StageName = (typeof STAGES)[number];

export interface View {
  lang: Lang;
  stage: StageName;
  layer: string;
  level: string;
  period: string;
  vintage: string;
  scheme: string;
  k: string;
  breaks: string;
  breaks_over: string;
  palette: string;
  /** By what figures of areas that have merged since are spread over those of before; by nothing where empty. */
  estimate: string;
  /** The other layer and period of two maps and of the bivariate map. */
  layer2: string;
  period2: string;
  /** The chosen area, and those compared with it. */
  area: string;
  areas: string[];
  /** The year that the mergers of a prefecture are shown at. */
  year: string;
  /** The areas of a ranking: those in a prefecture, of a type, of a size. */
  parent: string;
  kind: string;
  size: string;
  /** Layers compared beside the first, and the period that all lines are indexed to. */
  more: string[];
  base: string;
  /** What lies over the map: `deployments`, `labels`, `gsi`. */
  overlay: string[];
}

export const DEFAULT_LAYER = "register-population-change";
export const MOST_COMPARED = 10;
/** Areas that are compared where the reader has not named each. */
export const MOST_SUGGESTED = 5;
export const MOST_LAYERS = 4;

/** What the data routes of a layer take. */
const ASKED = ["period", "level", "vintage", "scheme", "k", "breaks", "breaks_over", "palette", "estimate"] as const;

const DEFAULTS: View = {
  lang: "ja",
  stage: "map",
  layer: DEFAULT_LAYER,
  level: "",
  period: "",
  vintage: "",
  scheme: "",
  k: "",
  breaks: "",
  breaks_over: "",
  palette: "",
  estimate: "",
  layer2: "",
  period2: "",
  area: "",
  areas: [],
  year: "",
  parent: "",
  kind: "",
  size: "",
  more: [],
  base: "",
  overlay: ["labels"],
};

/** Single texts that an address names. */
const SAID = [...ASKED, "layer2", "period2", "area", "year", "parent", "kind", "size", "base"] as const;
/** Views that are called otherwise now. */
const RENAMED: Record<string, string> = { table: "ranking" };

function listed(text: string | null, otherwise: string[]): string[] {
  return text === null ? otherwise : text.split(",").filter(Boolean);
}

/** Return the view that an address names; the service has written the page in the reader's language. */
export function viewOf(search: string, pageLanguage = "ja"): View {
  const asked = new URLSearchParams(search);
  const read = (name: string, otherwise = "") => asked.get(name) ?? otherwise;
  const lang = asked.get("lang") ?? pageLanguage;
  const named = read("view");
  const stage = STAGES.find((name) => name === (RENAMED[named] ?? named));
  return {
    ...DEFAULTS,
    ...Object.fromEntries(SAID.map((name) => [name, read(name)])),
    lang: lang === "en" ? "en" : "ja",
    stage: stage ?? "map",
    layer: read("layer", DEFAULT_LAYER),
    more: listed(asked.get("more"), []).slice(0, MOST_LAYERS - 1),
    areas: listed(asked.get("areas"), []).slice(0, MOST_COMPARED),
    overlay: listed(asked.get("overlay"), DEFAULTS.overlay),
  };
}

/** Return the address of a view, without what goes without saying. */
export function searchOf(view: View): string {
  const said = new URLSearchParams({ lang: view.lang });
  if (view.stage !== "map") said.set("view", view.stage);
  said.set("layer", view.layer);
  for (const name of SAID) if (view[name]) said.set(name, view[name]);
  if (view.areas.length) said.set("areas", view.areas.join(","));
  if (view.more.length) said.set("more", view.more.join(","));
  if (view.overlay.join() !== DEFAULTS.overlay.join()) said.set("overlay", view.overlay.join(","));
  return `?${said.toString().replaceAll("%2C", ",").replaceAll("%3A", ":")}`;
}

/** Return whose values a view's breaks are made of: the period's; all periods' where asked, and where two maps compare periods of one layer. */
export function breaksOver(view: View): "period" | "all" {
  const isCompared = view.stage === "two" && (!view.layer2 || view.layer2 === view.layer);
  return view.breaks_over === "all" || (isCompared && !view.breaks_over) ? "all" : "period";
}

/** Return the query that asks the layer's routes for this view. */
export function layerQuery(view: View): string {
  const asked = breaksOver(view) === "all" ? { ...view, breaks_over: "all" } : view;
  return new URLSearchParams(ASKED.filter((name) => asked[name]).map((name) => [name, asked[name]])).toString();
}

/** Return the same view of the other layer and period. */
export function otherView(view: View): View {
  const sameLayer = !view.layer2 || view.layer2 === view.layer;
  const own = sameLayer ? {} : { scheme: "", k: "", breaks: "", palette: "" };
  return { ...view, ...own, layer: view.layer2 || view.layer, layer2: view.layer, period: view.period2 || (sameLayer ? view.period : "") };
}
