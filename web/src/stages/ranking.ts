/** All areas in their order: bars, ranks and how these have changed, of all areas or of those like one; as a file too. */

import { type Area, gazetteer, get, periodLabel, type RegionSets, values } from "../api";
import { signNotes, signOf } from "../carried";
import { h, s, swatch } from "../element";
import { folded } from "../finder";
import { full } from "../numbers";
import type { Board } from "../panel";
import { type TextKey, text, textOf, withUnit } from "../texts";
import { layerQuery } from "../view";
import { about } from "./about";
import { before, comparable, csvOf, ranked, rises, SIZES, type Size, sizeName, sizeNamed } from "./ranks";
import { hasMovedOn, show } from "./sheet";
import "./ranking.css";

/** Rows shown at once. */
const PAGE = 50;
const POPULATION = "population";
const CORE_CITIES = "core-cities";
/** Types of areas in the order in which they are offered. */
const KINDS = ["designated_city", "core_city", "special_ward", "ward", "city", "town", "village"] as const;

interface Line {
  area: Area;
  prefecture: string;
  value: number | null;
  earlier: number | null;
  class: number | null;
  status: string;
  rank: number | null;
  rise: number | null;
  names: string[];
}

type Column = "rank" | "rise" | "name" | "value" | "earlier";
let order: { by: Column; isDown: boolean } = { by: "rank", isDown: false };
/** What the page is of: another view begins at its first row. */
let paged = { of: "", page: 0, area: "" };
let words = "";

const KEYS: Record<Column, (line: Line) => number | string> = {
  rank: (line) => line.rank ?? Infinity,
  rise: (line) => line.rise ?? Infinity,
  name: (line) => line.area.name.kana || line.area.name.en,
  value: (line) => line.value ?? Infinity,
  earlier: (line) => line.earlier ?? Infinity,
};

function sorted(lines: Line[]): Line[] {
  const key = KEYS[order.by];
  const sign = order.isDown ? -1 : 1;
  return [...lines].sort((a, b) => {
    const [left, right] = [key(a), key(b)];
    if (left === Infinity || right === Infinity) return left === right ? a.area.code.localeCompare(b.area.code) : left === Infinity ? 1 : -1;
    return (left < right ? -1 : left > right ? 1 : 0) * sign || a.area.code.localeCompare(b.area.code);
  });
}

/** Return what a municipality is: a city that is a core city is told as one. */
function kindOf(area: Area, core: ReadonlySet<string>): string {
  return area.kind === "city" && core.has(area.code) ? "core_city" : area.kind;
}

/** The values of a layer, by code. */
type Found = ReadonlyMap<string, number | null>;

async function valuesOf(layer: string, query: string): Promise<Found> {
  const told = await values(layer, query);
  return new Map(told.codes.map((code, index) => [code, told.values[index] ?? null]));
}

/** Return whether an area is among those that the view asks for. */
async function filter(board: Board): Promise<(area: Area) => boolean> {
  const { view, legend } = board;
  const size = sizeNamed(view.size);
  const asked = new URLSearchParams({ level: legend.level, ...(view.vintage ? { vintage: legend.vintage } : {}) }).toString();
  const [residents, core] = await Promise.all([
    size ? valuesOf(POPULATION, asked) : new Map<string, number | null>(),
    ["core_city", "city"].includes(view.kind) ? coreCities() : new Set<string>(),
  ]);
  const isOfSize = ([from, to]: Size, code: string) => {
    const people = residents.get(code) ?? null;
    return people !== null && people >= from && people < to;
  };
  return (area) =>
    (!view.parent || [area.prefecture, area.parent].includes(view.parent)) &&
    (!view.kind || kindOf(area, core) === view.kind) &&
    (!size || isOfSize(size, area.code));
}

async function coreCities(): Promise<Set<string>> {
  const { region_sets: sets } = await get<RegionSets>("/v1/region-sets");
  const found = sets.find((one) => one.id === CORE_CITIES);
  return new Set(found?.areas.filter((one) => one.to === null).map((one) => one.code));
}

interface Choice {
  id: string;
  label: TextKey;
  options: (readonly [value: string, name: string])[];
  value: string;
  take: (value: string) => void;
}

function select({ id, label, options, value, take }: Choice, board: Board): HTMLElement {
  const field = h("select", { id }, ...options.map(([one, name]) => h("option", { value: one, selected: one === value }, name)));
  field.addEventListener("change", () => take(field.value));
  return h("label", {}, h("span", {}, text(label, board.view.lang)), field);
}

function sizeText([from, to]: Size, lang: "ja" | "en"): string {
  const told = (people: number) => (lang === "ja" ? `${people / 10_000}万` : people.toLocaleString("en"));
  if (to === Infinity) return lang === "ja" ? `${told(from)}人以上` : `${told(from)} or more`;
  if (from === 0) return lang === "ja" ? `${told(to)}人未満` : `under ${told(to)}`;
  return lang === "ja" ? `${told(from)}〜${told(to)}人` : `${told(from)} – ${told(to)}`;
}

function choices(board: Board, { areas, prefectures, periods, against }: Ranked): HTMLElement[] {
  const { view, layer, legend, go } = board;
  const { lang } = view;
  const all = ["", text("all", lang)] as const;
  const kinds = new Set([...areas.values()].map((area) => area.kind));
  const offered = KINDS.filter((kind) => kinds.has(kind) || (kind === "core_city" && kinds.has("city")));
  const told: Choice[] = [];
  if (legend.level !== "prefecture") {
    const within = [...prefectures.values()].map((one) => [one.code, one.name[lang]] as const);
    told.push(
      { id: "rank-parent", label: "withinArea", options: [["", text("wholeNation", lang)], ...within], value: view.parent, take: (parent) => go({ parent }) },
      {
        id: "rank-kind",
        label: "kindOfArea",
        options: [all, ...offered.map((kind) => [kind, text(`kind_${kind}`, lang)] as const)],
        value: view.kind,
        take: (kind) => go({ kind }),
      },
      {
        id: "rank-size",
        label: "sizeOfArea",
        options: [all, ...SIZES.map((size) => [sizeName(size), sizeText(size, lang)] as const)],
        value: view.size,
        take: (size) => go({ size }),
      },
    );
  }
  if (against)
    told.push({
      id: "rank-against",
      label: "comparedWith",
      options: periods.map((period) => [period, periodLabel(layer, period, lang)] as const),
      value: against,
      take: (period2) => go({ period2 }),
    });
  return told.map((one) => select(one, board));
}

/** Return the scale of the bars: from 0, or from the least value below it. */
export function scaleOf(all: readonly (number | null)[]): [low: number, high: number] {
  const known = all.filter((one) => one !== null);
  return [Math.min(0, ...known), Math.max(0, ...known)];
}

/** Return from where to where a bar reaches, in hundredths of the scale. */
export function barOf(value: number, [low, high]: readonly [number, number]): [from: number, to: number] {
  const at = (one: number) => (100 * (one - low)) / (high - low || 1);
  return [at(Math.min(0, value)), at(Math.max(0, value))];
}

function bar(value: number, scale: [number, number], colour: string): SVGElement {
  const [from, to] = barOf(value, scale);
  const [zero] = barOf(0, scale);
  return s(
    "svg",
    { class: "bar", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("rect", { x: from, width: Math.max(to - from, 0.3), y: 0, height: 10, fill: colour }),
    scale[0] < 0 ? s("path", { d: `M${zero} 0V10` }) : null,
  );
}

function rise(places: number | null, lang: "ja" | "en"): HTMLElement {
  if (places === null) return h("td", { class: "rise soft" }, "—");
  const state = places > 0 ? "up" : places < 0 ? "down" : "same";
  const number = Math.abs(places).toLocaleString(lang);
  return h(
    "td",
    { class: `rise ${state}` },
    h("span", { "aria-hidden": "true" }, places === 0 ? "→" : `${places > 0 ? "▲" : "▼"}${number}`),
    h("span", { class: "unseen" }, places === 0 ? text("rank_same", lang) : `${number} ${text(`rank_${state}` as TextKey, lang)}`),
  );
}

/** Save what is shown as a file: the rows of every page, in their order. */
function save(lines: Line[], board: Board, against: string): void {
  const { layer, legend, view } = board;
  const { lang } = view;
  const now = legend.period_label[lang];
  const then = against && periodLabel(layer, against, lang);
  const isCategorical = layer.kind === "category";
  const name = withUnit(layer.name, layer.unit, lang);
  const head = [
    ...(isCategorical ? [] : [text("position", lang)]),
    ...(then ? [`${text("position", lang)} ${then}`] : []),
    text("code", lang),
    text("name", lang),
    text("prefectureOf", lang),
    `${name} ${now}`,
    ...(then ? [`${name} ${then}`] : []),
    text("status", lang),
  ];
  const rows = lines.map((line) => [
    ...(isCategorical ? [] : [line.rank]),
    ...(then ? [line.rank === null || line.rise === null ? null : line.rank + line.rise] : []),
    line.area.code,
    line.area.name[lang],
    line.prefecture,
    isCategorical ? (layer.categories.find((one) => one.code === line.value)?.label[lang] ?? "") : line.value,
    ...(then ? [line.earlier] : []),
    textOf("status_", line.status, lang),
  ]);
  const address = URL.createObjectURL(new Blob([csvOf([head, ...rows])], { type: "text/csv" }));
  const link = h("a", { href: address, download: `${layer.id.replaceAll(":", "-")}-${legend.period}.csv` });
  link.click();
  URL.revokeObjectURL(address);
}

/** What a ranking holds: its lines in the order of codes, and what may be chosen. */
interface Ranked {
  lines: Line[];
  areas: ReadonlyMap<string, Area>;
  prefectures: Map<string, Area>;
  /** The periods that it can be compared with, and the one that it is; nothing of categories, and after a break. */
  periods: string[];
  against: string;
}

async function read(board: Board): Promise<Ranked> {
  const { view, layer, legend } = board;
  const { lang } = view;
  const periods = layer.kind === "category" ? [] : comparable(layer.periods_by_level[legend.level] ?? [], legend.period, layer.breaks);
  const against = periods.includes(view.period2) ? view.period2 : before(periods, legend.period);
  const asked = (period: string) => layerQuery({ ...view, level: legend.level, period });
  const [areas, prefectures, told, then, isAsked] = await Promise.all([
    gazetteer(legend.level, view.vintage),
    gazetteer("prefecture", view.vintage).catch(() => new Map<string, Area>()),
    values(layer.id, asked(legend.period)),
    against ? valuesOf(layer.id, asked(against)) : null,
    filter(board),
  ]);
  const found = told.codes.flatMap((code, index) => {
    const area = areas.get(code);
    return area && isAsked(area) ? [{ area, index }] : [];
  });
  const lowestFirst = layer.direction === "lower";
  const valued = found.map(({ index }) => told.values[index] ?? null);
  const earlier = found.map(({ area }) => then?.get(area.code) ?? null);
  const ranks = ranked(valued, lowestFirst);
  const risen = rises(ranks, ranked(earlier, lowestFirst));
  const lines = found.map(
    ({ area, index }, place): Line => ({
      area,
      prefecture: legend.level === "prefecture" ? "" : (prefectures.get(area.prefecture)?.name[lang] ?? ""),
      value: valued[place] ?? null,
      earlier: earlier[place] ?? null,
      class: told.classes[index] ?? null,
      status: told.statuses[index] ?? "",
      rank: ranks[place] ?? null,
      rise: risen[place] ?? null,
      names: [area.name.ja, area.name.kana, area.name.en, area.code].map(folded),
    }),
  );
  return { lines, areas, prefectures, periods, against };
}

/** Return how the lines of a ranking are drawn. */
function rowsOf({ lines, against }: Ranked, board: Board): (line: Line) => HTMLElement {
  const { view, layer, legend, go } = board;
  const { lang } = view;
  const isCategorical = layer.kind === "category";
  const scale = scaleOf(lines.map((line) => line.value));
  const colourOf = (line: Line) => {
    if (legend.circles) return (line.value ?? 0) < 0 ? legend.circles.below : legend.circles.above;
    return (line.class === null ? null : legend.classes[line.class])?.colour ?? legend.no_data.colour;
  };
  return (line) => {
    const value = isCategorical ? (legend.classes[line.class ?? -1]?.label[lang] ?? "") : full(line.value ?? 0, layer, lang);
    const known = line.value === null ? textOf("status_", line.status, lang) : value + signOf(line.status);
    return h(
      "tr",
      { class: line.area.code === view.area ? "self" : null, "data-code": line.area.code },
      isCategorical ? null : h("td", { class: "number place" }, line.rank?.toLocaleString(lang) ?? "—"),
      against ? rise(line.rise, lang) : null,
      h(
        "th",
        { scope: "row" },
        h("button", { type: "button", class: "text", onclick: () => go({ area: line.area.code }) }, line.area.name[lang]),
        line.prefecture && !view.parent ? h("small", {}, line.prefecture) : null,
      ),
      h(
        "td",
        { class: isCategorical ? "category" : line.value === null ? "measured soft" : "measured" },
        isCategorical ? swatch(colourOf(line)) : line.value === null ? null : bar(line.value, scale, colourOf(line)),
        h("span", {}, known),
      ),
      against ? h("td", { class: "number then soft" }, line.earlier === null ? "—" : full(line.earlier, layer, lang)) : null,
    );
  };
}

/** Lines a page at a time. */
class Pages {
  readonly body = h("tbody", {});
  readonly pager: HTMLElement;
  private readonly range = h("output", {});
  private readonly back: HTMLButtonElement;
  private readonly on: HTMLButtonElement;

  constructor(
    readonly lines: Line[],
    private readonly row: (line: Line) => HTMLElement,
    private readonly lang: "ja" | "en",
  ) {
    this.back = h("button", { type: "button", onclick: () => this.move(-1) }, text("pageBack", lang));
    this.on = h("button", { type: "button", onclick: () => this.move(1) }, text("pageOn", lang));
    this.pager = h("nav", { class: "pager", "aria-label": text("pages", lang) }, this.back, this.range, this.on);
    this.turn(paged.page);
  }

  private turn(page: number): void {
    const { lines, lang } = this;
    paged.page = page;
    const from = page * PAGE;
    const part = lines.slice(from, from + PAGE);
    this.body.replaceChildren(...part.map(this.row));
    this.range.value = `${(from + 1).toLocaleString(lang)}–${(from + part.length).toLocaleString(lang)} / ${lines.length.toLocaleString(lang)}`;
    this.back.disabled = page === 0;
    this.on.disabled = from + PAGE >= lines.length;
    this.pager.hidden = lines.length <= PAGE;
  }

  private move(by: number): void {
    this.turn(paged.page + by);
    this.body.closest("table")?.scrollIntoView({ block: "start" });
  }

  /** Mark no line as found. */
  leave(): void {
    for (const marked of this.body.querySelectorAll(".found")) marked.classList.remove("found");
  }

  rowOf(code: string): HTMLElement | null {
    return this.body.querySelector<HTMLElement>(`[data-code="${code}"]`);
  }

  /** Turn to a line and mark it. */
  reach(place: number): void {
    const page = Math.floor(place / PAGE);
    if (page !== paged.page) this.turn(page);
    this.leave();
    const row = this.rowOf(this.lines[place]?.area.code ?? "");
    row?.classList.add("found");
    row?.scrollIntoView({ block: "center" });
  }

  /** Return the places of the lines whose names begin with some words; else those that have them anywhere. */
  placesOf(wanted: string): number[] {
    const matching = (test: (name: string) => boolean) => this.lines.flatMap((line, place) => (line.names.some(test) ? [place] : []));
    const first = matching((name) => name.startsWith(wanted));
    return first.length ? first : matching((name) => name.includes(wanted));
  }
}

/** Return the box that leads to a line, and how many there are; Enter leads to the next of several. */
function searchOf(pages: Pages, lang: "ja" | "en"): HTMLElement[] {
  const count = h("output", { class: "soft", for: "rank-find" });
  const box = h("input", { type: "search", id: "rank-find", value: words, placeholder: text("findHere", lang), autocomplete: "off" });
  let at = 0;
  const find = (step: number) => {
    words = box.value;
    const wanted = folded(words);
    if (!wanted) {
      pages.leave();
      count.value = text("areasShown", lang).replace("{}", pages.lines.length.toLocaleString(lang));
      return;
    }
    const places = pages.placesOf(wanted);
    at = step && places.length ? (at + step + places.length) % places.length : 0;
    if (places.length) pages.reach(places[at] ?? 0);
    count.value = places.length ? `${at + 1} / ${places.length.toLocaleString(lang)}` : text("notInRanking", lang);
  };
  box.addEventListener("input", () => find(0));
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    find(event.shiftKey ? -1 : 1);
  });
  find(0);
  return [h("label", { class: "rank-search" }, h("span", {}, text("findInRanking", lang)), box), count];
}

/** Return the heading of a column, which sorts by it. */
function heading(column: Column, label: string, kind: string, redraw: () => void): HTMLElement {
  const state = order.by === column ? (order.isDown ? "descending" : "ascending") : "none";
  const press = () => {
    order = { by: column, isDown: order.by === column ? !order.isDown : ["value", "rise", "earlier"].includes(column) };
    redraw();
  };
  const arrow = h("span", { "aria-hidden": "true" }, state === "none" ? "↕" : order.isDown ? "▼" : "▲");
  return h(
    "th",
    { scope: "col", "aria-sort": state, class: kind },
    h("button", { type: "button", class: "sort", id: `sort-${column}`, onclick: press }, label, arrow),
  );
}

/** Return why a ranking is compared with no earlier period: the series has broken since. */
function brokenNote({ against }: Ranked, { layer, legend, view: { lang } }: Board): HTMLElement | null {
  const hasEarlier = layer.periods_by_level[legend.level]?.some((one) => one < legend.period);
  if (layer.kind === "category" || against || !hasEarlier) return null;
  const broken = layer.breaks.filter((one) => one.period <= legend.period).at(-1);
  return broken ? h("p", { class: "soft break" }, `${periodLabel(layer, broken.period, lang)}${text("breakAt", lang)}`, broken.reason[lang]) : null;
}

/** Put the lines in their order and choose the page that is shown first; return whether it is that of a newly chosen area. */
function arrange({ lines, against }: Ranked, { view, layer, legend }: Board): { ordered: Line[]; isNewlyChosen: boolean } {
  if (layer.kind === "category" && order.by !== "name") order = { by: "name", isDown: false };
  if (!against && ["rise", "earlier"].includes(order.by)) order = { by: "rank", isDown: false };
  const ordered = sorted(lines);
  const of = [layer.id, legend.period, legend.level, legend.vintage, view.parent, view.kind, view.size, order.by, order.isDown].join();
  const isSame = paged.of === of;
  const chosen = ordered.findIndex((line) => line.area.code === view.area);
  const isNewlyChosen = chosen >= 0 && (!isSame || paged.area !== view.area);
  paged = { of, page: isNewlyChosen ? Math.floor(chosen / PAGE) : isSame ? paged.page : 0, area: view.area };
  return { ordered, isNewlyChosen };
}

export async function draw(target: HTMLElement, board: Board): Promise<void> {
  const { view, layer, legend } = board;
  const { lang } = view;
  const address = location.search;
  const found = await read(board);
  if (hasMovedOn(address)) return;
  const { lines, against } = found;
  const isCategorical = layer.kind === "category";
  const { ordered, isNewlyChosen } = arrange(found, board);
  const pages = new Pages(ordered, rowsOf(found, board), lang);
  const redraw = () => void draw(target, board);
  const when = legend.period_label[lang];
  const head = [
    isCategorical ? null : heading("rank", text("position", lang), "number", redraw),
    against ? heading("rise", text("rankChange", lang), "rise", redraw) : null,
    heading("name", text("name", lang), "", redraw),
    isCategorical ? h("th", { scope: "col" }, text("value", lang)) : heading("value", when, "measured", redraw),
    against ? heading("earlier", periodLabel(layer, against, lang), "number then", redraw) : null,
  ];
  show(
    target,
    h("div", { class: "rank-tools" }, ...choices(board, found)),
    h(
      "div",
      { class: "rank-tools" },
      ...searchOf(pages, lang),
      h("button", { type: "button", id: "rank-csv", onclick: () => save(ordered, board, against) }, text("csvShown", lang)),
    ),
    lines.length === 0 ? h("p", { class: "hint" }, text("noneLikeThat", lang)) : null,
    brokenNote(found, board),
    h(
      "table",
      { id: "areas-table", hidden: lines.length === 0 },
      h(
        "caption",
        {},
        `${withUnit(layer.name, layer.unit, lang)}　${when}`,
        isCategorical ? null : h("small", {}, text(layer.direction === "lower" ? "lowestIsFirst" : "highestIsFirst", lang)),
      ),
      h("thead", {}, h("tr", {}, ...head)),
      pages.body,
    ),
    pages.pager,
    ...signNotes(
      lines.map((line) => line.status),
      lang,
    ),
    about(board),
  );
  const shown = words ? pages.body.querySelector(".found") : isNewlyChosen ? pages.rowOf(view.area) : null;
  shown?.scrollIntoView({ block: words ? "center" : "nearest" });
}
