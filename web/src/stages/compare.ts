/** Up to ten areas and regions in up to four indicators: charts under one another, one key, one table; the nation and the peers beside them. */

import {
  type Figure,
  get,
  isGone,
  type Lang,
  type Layer,
  layers,
  onBoundaries,
  type Peers,
  type Point,
  type Profile,
  periodLabel,
  type RegionSets,
  type Series,
  values,
} from "../api";
import { signNotes, signOf } from "../carried";
import { LINES, type Line, type LineStyle, lineChart, sample } from "../chart";
import { h } from "../element";
import { full, short } from "../numbers";
import type { Board } from "../panel";
import { text, textOf, withUnit } from "../texts";
import { MOST_COMPARED, MOST_LAYERS } from "../view";
import { about, isIndicator, pageOf } from "./about";
import { baseOf } from "./change";
import { indexed, medianLine, newestOfMost, periodsWith } from "./indexed";
import { areaPicker, furtherLayer } from "./picker";
import { ranked } from "./ranks";
import { hasMovedOn, show } from "./sheet";
import "./compare.css";

const NATION = "00000";
/** The region set that is the same as the nation. */
const WHOLE = "nation";
const PEERS = 10;
const NATION_STYLE: LineStyle = { name: "--series-beside", colour: "var(--series-beside)", dash: [], width: 3.5 };
const PEERS_STYLE: LineStyle = { name: "--series-beside", colour: "var(--series-beside)", dash: [3, 5], width: 3 };
const HEIGHT = 210;
const INDEX = { unit: { ja: "", en: "" }, decimals: 1 };

/** Whose figures are shown, and those of what they are seen beside. */
interface Company {
  codes: string[];
  peers: string[];
}

/** What the service tells of one indicator. */
interface Told {
  layer: Layer;
  series: Series;
  areas: Line[];
  nation: Line | null;
  peers: Line | null;
}

/** Return an answer on the boundaries of a date; where one of the areas is not on them, on the newest. */
async function onDate<T>(path: string, vintage: string): Promise<T> {
  try {
    return await get<T>(vintage ? `${path}&vintage=${vintage}` : path);
  } catch (error) {
    if (!vintage || !isGone(error)) throw error;
    return get<T>(path);
  }
}

function isArea(code: string): boolean {
  return /^\d{5}$/.test(code);
}

/** Return the areas that are most like the first one. */
async function peersOf(code: string, vintage: string): Promise<string[]> {
  if (!isArea(code)) return [];
  const found = await onDate<Peers>(`/v1/areas/${code}/peers?k=${PEERS}`, vintage).catch(() => null);
  return found?.peers.map((one) => one.code) ?? [];
}

async function toldOf(layer: Layer, { codes, peers }: Company, board: Board): Promise<Told> {
  const { view } = board;
  const { lang } = view;
  const asked = [...new Set([...codes, ...peers, NATION])];
  const series = await onDate<Series>(`/v1/series?indicator=${encodeURIComponent(layer.id)}&areas=${asked.join(",")}`, view.vintage);
  const pointsOf = (code: string): Point[] => series.series[asked.indexOf(code)]?.points ?? [];
  const areas = codes.map((code, index) => ({
    name: series.series[asked.indexOf(code)]?.name[lang] ?? code,
    points: pointsOf(code),
    style: LINES[index % LINES.length] ?? LINES[0],
  }));
  // the years of others alone would drown those of the areas
  const periods = periodsWith(areas.map((one) => one.points));
  const among = (points: Point[]) => points.filter((one) => periods.has(one.period));
  const beside = (name: string, points: Point[], style: LineStyle) => (points.some((one) => one.value !== null) ? { name, points, style } : null);
  const median = peers.length ? medianLine(peers.map(pointsOf)) : [];
  return {
    layer,
    series,
    areas,
    nation: beside(text("wholeNation", lang), among(pointsOf(NATION)), NATION_STYLE),
    peers: beside(text("peersMedian", lang), among(median), PEERS_STYLE),
  };
}

/** Return the periods that lines can be indexed to: those in which an indicator tells something of an area, newest first. */
function bases(told: readonly Told[]): string[] {
  return [...new Set(told.flatMap((one) => [...periodsWith(one.areas.map((line) => line.points))]))].sort().reverse();
}

function absent(told: Told, base: string, lang: Lang): HTMLElement | null {
  const without = told.areas.flatMap(({ name, points }) => {
    if (points.some((one) => one.value !== null)) return [];
    const status = points.at(-1)?.status ?? "not_available";
    return [`${name}${lang === "ja" ? "：" : ": "}${base ? text("noBase", lang) : textOf("status_", status, lang)}`];
  });
  return without.length ? h("p", { class: "soft" }, without.join(lang === "ja" ? "、" : "; ")) : null;
}

async function chart(target: HTMLElement, told: Told, asked: string, board: Board): Promise<void> {
  const { lang } = board.view;
  const { layer, series } = told;
  const label = (period: string) => series.period_labels[period]?.[lang] ?? period;
  // what is a change already, above and below 0, has no index
  const isChange = layer.kind === "change";
  const lacksBase = asked !== "" && !isChange && !periodsWith(told.areas.map((line) => line.points)).has(asked);
  const base = lacksBase || isChange ? "" : asked;
  const inBase = (line: Line): Line => (base ? { ...line, points: indexed(line.points, base, series.breaks) } : line);
  const shown: Told = { ...told, areas: told.areas.map(inBase) };
  // a count of the nation would press all others to the ground
  const isSized = layer.kind === "count" && !base;
  const beside = [isSized ? null : told.nation, told.peers].filter((one) => one !== null).map(inBase);
  const lines = [...shown.areas, ...beside].filter((line) => line.points.some((one) => one.value !== null));
  const measured = base ? INDEX : { unit: layer.unit, decimals: layer.decimals };
  const name = base ? `${layer.name[lang]}${text("indexedTo", lang).replace("{}", label(base))}` : withUnit(layer.name, layer.unit, lang);
  const plot = h("div", { class: "chart" });
  const missing = absent(shown, base, lang);
  const without = board.view.more.filter((id) => id !== layer.id);
  const isFirst = layer.id === baseOf(board.layer.id);
  const remove = () => board.go(isFirst ? { layer: without[0] ?? layer.id, more: without.slice(1) } : { more: without });
  const isAlone = isFirst && without.length === 0;
  target.replaceChildren(
    h(
      "header",
      {},
      h("h3", {}, name),
      isIndicator(layer.id) ? h("a", { href: pageOf(layer.id, lang) }, text("aboutData", lang)) : null,
      isAlone ? null : h("button", { type: "button", class: "plain", "aria-label": `${text("removeLayer", lang)}: ${layer.name[lang]}`, onclick: remove }, "×"),
    ),
    plot,
    ...(missing ? [missing] : []),
    ...(lacksBase ? [h("p", { class: "soft" }, text("notIndexedHere", lang).replace("{}", label(asked)))] : []),
    ...(asked && isChange ? [h("p", { class: "soft" }, text("changeNotIndexed", lang))] : []),
    ...(isSized && told.nation ? [h("p", { class: "soft screen" }, text("nationIndexed", lang))] : []),
  );
  const summary = series.summary?.[lang] ?? name;
  if (!lines.length) return plot.replaceChildren(h("p", { class: "soft" }, text("noData", lang)));
  await lineChart(plot, { lines, breaks: series.breaks, ...measured, label, summary, isKeyed: false }, lang, HEIGHT);
}

/** Return the newest of the periods in which the most areas have a value: only figures of one period compare. */
function newest(told: Told): string {
  return newestOfMost(told.areas.map((one) => one.points));
}

/** The rank of each area among all of its level, and among how many. */
type Ranks = Map<string, { rank: number; of: number }>;

async function ranksOf(told: Told, company: Company, board: Board): Promise<Ranks> {
  const { view } = board;
  const period = newest(told);
  const levelOf = new Map(told.series.series.map((one) => [one.area, one.level]));
  const levels = [...new Set(company.codes.filter(isArea).map((code) => levelOf.get(code) ?? ""))].filter((level) =>
    told.layer.periods_by_level[level]?.includes(period),
  );
  const found: Ranks = new Map();
  for (const level of levels) {
    const query = new URLSearchParams({ level, period, ...(view.vintage ? { vintage: told.series.vintage } : {}) }).toString();
    const all = await values(told.layer.id, query);
    const ranks = ranked(all.values, told.layer.direction === "lower");
    const of = ranks.filter((one) => one !== null).length;
    for (const [index, code] of all.codes.entries()) {
      const rank = ranks[index] ?? null;
      if (rank !== null && levelOf.get(code) === level) found.set(code, { rank, of });
    }
  }
  return found;
}

function rankText({ rank, of }: { rank: number; of: number }, lang: Lang): string {
  return lang === "ja" ? `${rank.toLocaleString()}位／${of.toLocaleString()}` : `${rank.toLocaleString()} of ${of.toLocaleString()}`;
}

/** Return the newest figures of all as one table, an area a row, each figure with its rank. */
async function table(all: readonly Told[], company: Company, board: Board): Promise<HTMLElement> {
  const { lang } = board.view;
  const ranks = await Promise.all(all.map((one) => ranksOf(one, company, board)));
  const statuses: (string | undefined)[] = [];
  const cell = (told: Told, line: Line | null, rank?: { rank: number; of: number }) => {
    const point = line?.points.find((one) => one.period === newest(told));
    if (!point) return h("td", { class: "number soft" }, "—");
    if (point.value === null) return h("td", { class: "number soft" }, textOf("status_", point.status ?? "", lang));
    statuses.push(point.status);
    const { layer } = told;
    const value = h("data", { value: point.value, title: full(point.value, layer, lang) }, short(point.value, layer, lang) + signOf(point.status));
    return h("td", { class: "number" }, value, rank ? h("small", {}, rankText(rank, lang)) : null);
  };
  const row = (name: string, cells: HTMLElement[], kind = "") => h("tr", { class: kind || null }, h("th", { scope: "row" }, name), ...cells);
  const areas = company.codes.map((code, place) =>
    row(
      all[0]?.areas[place]?.name ?? code,
      all.map((told, index) => cell(told, told.areas[place] ?? null, ranks[index]?.get(code))),
    ),
  );
  const beside = [
    row(
      text("wholeNation", lang),
      all.map((told) => cell(told, told.nation)),
      "beside",
    ),
    ...(company.peers.length
      ? [
          row(
            text("peersMedian", lang),
            all.map((told) => cell(told, told.peers)),
            "beside",
          ),
        ]
      : []),
  ];
  const heading = (told: Told) => {
    const period = newest(told);
    return h("th", { scope: "col", class: "number" }, told.layer.name[lang], h("small", {}, told.series.period_labels[period]?.[lang] ?? period));
  };
  const made = h(
    "table",
    { id: "comparison" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, text("name", lang)), ...all.map(heading))),
    h("tbody", {}, ...areas, ...beside),
  );
  return h(
    "section",
    {},
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": text("newest", lang) }, made),
    ...signNotes(statuses, lang),
    h("p", { class: "soft" }, text("ranksOfLevel", lang)),
  );
}

function figureCell(figure: Figure | undefined, area: string, lang: Lang): HTMLElement {
  if (!figure) return h("td", { class: "number" }, "—");
  if (figure.value === null) return h("td", { class: "number soft" }, textOf("status_", figure.status, lang));
  const { nation } = figure.rank;
  return h(
    "td",
    { class: "number" },
    h("data", { value: figure.value, title: full(figure.value, figure.indicator, lang) }, short(figure.value, figure.indicator, lang)),
    h("small", {}, figure.area === area ? (nation ? rankText(nation, lang) : "") : text("atPrefecture", lang)),
  );
}

/** Return the figures of every policy goal; an indicator is added to the charts from here. */
async function everything(codes: readonly string[], board: Board): Promise<HTMLElement> {
  const { view, go, layer } = board;
  const { lang } = view;
  const found = await Promise.all(codes.filter(isArea).map((code) => onBoundaries<Profile>(`/v1/areas/${code}/profile`, view.vintage)));
  const profiles = found.map((one) => one.told);
  const shown = new Set([baseOf(layer.id), ...view.more]);
  const add = (id: string) => {
    if (!shown.has(id)) go(shown.size < MOST_LAYERS ? { more: [...view.more, id] } : { more: [...view.more.slice(0, -1), id] });
  };
  const rows = (profiles[0]?.goals ?? []).flatMap((goal) => {
    const of = (profile: Profile) => profile.goals.find((one) => one.id === goal.id)?.figures ?? [];
    const ids = [...new Set(profiles.flatMap((profile) => of(profile).map((one) => one.indicator.id)))];
    const lines = ids.map((id) => {
      const figures = profiles.map((profile) => of(profile).find((one) => one.indicator.id === id));
      const any = figures.find((one) => one !== undefined);
      return h(
        "tr",
        {},
        h(
          "th",
          { scope: "row" },
          h("button", { type: "button", class: "text", onclick: () => add(id) }, any?.indicator.name[lang] ?? id),
          h("small", {}, any?.period_label?.[lang] ?? any?.period),
        ),
        ...figures.map((one, index) => figureCell(one, profiles[index]?.area.code ?? "", lang)),
      );
    });
    return lines.length ? [h("tr", { class: "goal" }, h("th", { scope: "colgroup", colspan: profiles.length + 1 }, goal.name[lang])), ...lines] : [];
  });
  const head = h(
    "tr",
    {},
    h("th", { scope: "col" }, text("indicators", lang)),
    ...profiles.map((one) => h("th", { scope: "col", class: "number" }, one.area.name[lang])),
  );
  const made = h("table", { id: "all-figures" }, h("thead", {}, head), h("tbody", {}, ...rows));
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": text("allIndicators", lang) }, made);
}

/** Return the key of all charts: every area can be opened and taken away. */
function key(told: Told | undefined, company: Company, board: Board): HTMLElement {
  const { view, go } = board;
  const { lang } = view;
  const areas = company.codes.map((code, index) => {
    const name = told?.areas[index]?.name ?? code;
    return h(
      "li",
      {},
      sample(LINES[index % LINES.length] ?? LINES[0]),
      isArea(code) ? h("button", { type: "button", class: "text", onclick: () => go({ area: code }) }, name) : h("span", {}, name),
      h(
        "button",
        {
          type: "button",
          class: "plain",
          "aria-label": `${text("removeFromCompare", lang)}: ${name}`,
          onclick: () => go({ areas: company.codes.filter((one) => one !== code), ...(view.area === code ? { area: "" } : {}) }),
        },
        "×",
      ),
    );
  });
  const first = told?.areas[0]?.name ?? "";
  const ofFirst = lang === "ja" ? `${first}の${text("peersMedian", lang)}` : `${text("peersMedian", lang)} of ${first}`;
  return h(
    "ul",
    { class: "chips", "aria-label": text("comparing", lang) },
    ...areas,
    h("li", { class: "beside" }, sample(NATION_STYLE), text("wholeNation", lang)),
    company.peers.length ? h("li", { class: "beside" }, sample(PEERS_STYLE), ofFirst) : null,
  );
}

/** Return the boxes that areas, regions and indicators are added with, and the choice of an index. */
function controls(codes: string[], count: number, periods: string[], sets: RegionSets, board: Board): HTMLElement {
  const { view, go, layer } = board;
  const { lang } = view;
  const isFull = codes.length >= MOST_COMPARED;
  const add = (code: string) => go({ areas: [...new Set([...codes, code])].slice(0, MOST_COMPARED) });
  const region = h(
    "select",
    { id: "add-region", "aria-label": text("addRegion", lang), disabled: isFull },
    h("option", { value: "" }, text("addRegion", lang)),
    ...sets.region_sets.filter((one) => one.id !== WHOLE && !codes.includes(one.id)).map((one) => h("option", { value: one.id }, one.name[lang])),
  );
  region.addEventListener("change", () => region.value && add(region.value));
  const base = h(
    "select",
    { id: "base", "aria-label": text("indexBase", lang) },
    h("option", { value: "" }, text("notIndexed", lang)),
    ...periods.map((period) => {
      const label = text("indexOf", lang).replace("{}", periodLabel(layer, period, lang));
      return h("option", { value: period, selected: period === view.base }, label);
    }),
  );
  base.addEventListener("change", () => go({ base: base.value }));
  return h(
    "div",
    { class: "adding" },
    ...(isFull ? [] : [areaPicker(board, "add-area", (area) => add(area.code))]),
    region,
    ...(count < MOST_LAYERS
      ? [furtherLayer(board, "add-layer", (one) => go({ more: [...new Set([...view.more, one.id])].filter((id) => id !== baseOf(layer.id)) }))]
      : []),
    ...(periods.length ? [base] : []),
  );
}

export async function draw(target: HTMLElement, board: Board): Promise<void> {
  const { view, layer } = board;
  const { lang } = view;
  const address = location.search;
  const codes = (view.areas.length ? view.areas : view.area ? [view.area] : []).slice(0, MOST_COMPARED);
  const sets = await get<RegionSets>("/v1/region-sets");
  if (codes.length === 0) {
    if (!hasMovedOn(address))
      show(target, h("h3", {}, text("comparing", lang)), h("p", { class: "hint" }, text("emptyComparison", lang)), controls([], MOST_LAYERS, [], sets, board));
    return;
  }
  const ids = [...new Set([baseOf(layer.id), ...view.more])].slice(0, MOST_LAYERS);
  const [found, peers] = await Promise.all([layers(ids), peersOf(codes[0] ?? "", view.vintage)]);
  const company = { codes, peers: peers.filter((code) => code !== codes[0]) };
  const told = await Promise.all(found.filter((one) => one.kind !== "category").map((one) => toldOf(one, company, board)));
  if (hasMovedOn(address)) return;
  const periods = bases(told);
  const base = periods.includes(view.base) ? view.base : "";
  const charts = told.map(() => h("section", { class: "compared" }));
  const rest = h("section", {});
  const all = h("details", { class: "everything" }, h("summary", {}, text("allIndicators", lang)));
  all.addEventListener("toggle", () => {
    if (all.open && all.childElementCount === 1) void everything(codes, board).then((made) => all.append(made));
  });
  const sources = told.flatMap((one) => one.series.sources);
  show(
    target,
    key(told[0], company, board),
    controls(codes, found.length, periods, sets, board),
    told.length === 0 ? h("p", { class: "hint" }, text("noNumbers", lang)) : null,
    h("div", { class: "charts" }, ...charts),
    told.length ? h("h3", {}, text("newest", lang)) : null,
    rest,
    all,
    about(board, sources),
  );
  await Promise.all([
    ...told.map((one, index) => chart(charts[index] as HTMLElement, one, base, board)),
    told.length ? table(told, company, board).then((made) => rest.replaceWith(made)) : null,
  ]);
}
