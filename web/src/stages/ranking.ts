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

function choices(board: Board, areas: Iterable<Area>, prefectures: Map<string, Area>, periods: string[], against: string): HTMLElement[] {
  const { view, layer, legend, go } = board;
  const { lang } = view;
  const all = ["", text("all", lang)] as const;
  const kinds = new Set([...areas].map((area) => area.kind));
  const offered = KINDS.filter((kind) => kinds.has(kind) || (kind === "core_city" && kinds.has("city")));
  const told: Choice[] = [];
  if (legend.level !== "prefecture") {
    const within = [...prefectures.values()].map((one) => [one.code, one.name[lang]] as const);
    told.push(
      { id: "rank-parent", label: "prefectureOf", options: [["", text("wholeNation", lang)], ...within], value: view.parent, take: (parent) => go({ parent }) },
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

export async function draw(target: HTMLElement, board: Board): Promise<void> {
  const { view, layer, legend, go } = board;
  const { lang } = view;
  const address = location.search;
  const isCategorical = layer.kind === "category";
  const periods = isCategorical ? [] : comparable(layer.periods_by_level[legend.level] ?? [], legend.period, layer.breaks);
  const against = periods.includes(view.period2) ? view.period2 : before(periods, legend.period);
  const asked = (period: string) => layerQuery({ ...view, level: legend.level, period });
  const [areas, prefectures, told, then, isAsked] = await Promise.all([
    gazetteer(legend.level, view.vintage),
    gazetteer("prefecture", view.vintage).catch(() => new Map<string, Area>()),
    values(layer.id, asked(legend.period)),
    against ? valuesOf(layer.id, asked(against)) : null,
    filter(board),
  ]);
  if (hasMovedOn(address)) return;
  const found = told.codes.flatMap((code, index) => {
    const area = areas.get(code);
    return area && isAsked(area) ? [{ area, index }] : [];
  });
  const lowestFirst = layer.direction === "lower";
  const valued = found.map(({ index }) => told.values[index] ?? null);
  const earlier = found.map(({ area }) => then?.get(area.code) ?? null);
  const ranks = ranked(valued, lowestFirst);
  const risen = rises(ranks, ranked(earlier, lowestFirst));
  const lines = found.map(({ area, index }, place): Line => {
    const prefecture = legend.level === "prefecture" ? "" : (prefectures.get(area.prefecture)?.name[lang] ?? "");
    return {
      area,
      prefecture,
      value: valued[place] ?? null,
      earlier: earlier[place] ?? null,
      class: told.classes[index] ?? null,
      status: told.statuses[index] ?? "",
      rank: ranks[place] ?? null,
      rise: risen[place] ?? null,
      names: [area.name.ja, area.name.kana, area.name.en, area.code].map(folded),
    };
  });
  const scale = scaleOf(valued);
  const colourOf = (line: Line) => {
    if (legend.circles) return (line.value ?? 0) < 0 ? legend.circles.below : legend.circles.above;
    return (line.class === null ? null : legend.classes[line.class])?.colour ?? legend.no_data.colour;
  };
  if (isCategorical && order.by !== "name") order = { by: "name", isDown: false };
  if (!against && ["rise", "earlier"].includes(order.by)) order = { by: "rank", isDown: false };
  const ordered = sorted(lines);
  const of = [layer.id, legend.period, legend.level, legend.vintage, view.parent, view.kind, view.size, order.by, order.isDown].join();
  const isSame = paged.of === of;
  const chosen = ordered.findIndex((line) => line.area.code === view.area);
  const isNewlyChosen = chosen >= 0 && (!isSame || paged.area !== view.area);
  paged = { of, page: isNewlyChosen ? Math.floor(chosen / PAGE) : isSame ? paged.page : 0, area: view.area };

  const body = h("tbody", {});
  const count = h("output", { class: "soft", for: "rank-find" });
  const range = h("output", {});
  const [back, on] = [h("button", { type: "button" }, text("pageBack", lang)), h("button", { type: "button" }, text("pageOn", lang))];
  const pager = h("nav", { class: "pager", "aria-label": text("pages", lang) }, back, range, on);
  const row = (line: Line) => {
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
  const turn = (page: number) => {
    paged.page = page;
    const from = page * PAGE;
    const part = ordered.slice(from, from + PAGE);
    body.replaceChildren(...part.map(row));
    range.value = `${(from + 1).toLocaleString(lang)}–${(from + part.length).toLocaleString(lang)} / ${ordered.length.toLocaleString(lang)}`;
    back.disabled = page === 0;
    on.disabled = from + PAGE >= ordered.length;
    pager.hidden = ordered.length <= PAGE;
  };
  const rowOf = (code: string) => body.querySelector<HTMLElement>(`[data-code="${code}"]`);
  const reach = (place: number) => {
    const page = Math.floor(place / PAGE);
    if (page !== paged.page) turn(page);
    for (const marked of body.querySelectorAll(".found")) marked.classList.remove("found");
    const code = ordered[place]?.area.code ?? "";
    rowOf(code)?.classList.add("found");
    rowOf(code)?.scrollIntoView({ block: "center" });
  };
  const move = (by: number) => {
    turn(paged.page + by);
    body.closest("table")?.scrollIntoView({ block: "start" });
  };
  back.addEventListener("click", () => move(-1));
  on.addEventListener("click", () => move(1));

  let at = 0;
  const search = h("input", { type: "search", id: "rank-find", value: words, placeholder: text("findHere", lang), autocomplete: "off" });
  const find = (step: number) => {
    words = search.value;
    const wanted = folded(words);
    const hits = wanted ? ordered.flatMap((line, place) => (line.names.some((name) => name.startsWith(wanted)) ? [place] : [])) : [];
    const loose = wanted && !hits.length ? ordered.flatMap((line, place) => (line.names.some((name) => name.includes(wanted)) ? [place] : [])) : hits;
    at = step ? (at + step + loose.length) % (loose.length || 1) : 0;
    if (!wanted) for (const marked of body.querySelectorAll(".found")) marked.classList.remove("found");
    if (loose.length) reach(loose[at] ?? 0);
    count.value = !wanted
      ? text("areasShown", lang).replace("{}", ordered.length.toLocaleString(lang))
      : loose.length
        ? `${at + 1} / ${loose.length.toLocaleString(lang)}`
        : text("notInRanking", lang);
  };
  search.addEventListener("input", () => find(0));
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    find(event.shiftKey ? -1 : 1);
  });
  const heading = (column: Column, label: string, kind = "") => {
    const state = order.by === column ? (order.isDown ? "descending" : "ascending") : "none";
    const press = () => {
      order = { by: column, isDown: order.by === column ? !order.isDown : ["value", "rise", "earlier"].includes(column) };
      void draw(target, board);
    };
    return h(
      "th",
      { scope: "col", "aria-sort": state, class: kind },
      h(
        "button",
        { type: "button", class: "sort", id: `sort-${column}`, onclick: press },
        label,
        h("span", { "aria-hidden": "true" }, state === "none" ? "↕" : order.isDown ? "▼" : "▲"),
      ),
    );
  };
  turn(paged.page);
  const newest = layer.periods_by_level[legend.level]?.filter((one) => one < legend.period) ?? [];
  const broken = !isCategorical && !against && newest.length ? layer.breaks.filter((one) => one.period <= legend.period).at(-1) : undefined;
  const when = legend.period_label[lang];
  show(
    target,
    h("div", { class: "rank-tools" }, ...choices(board, areas.values(), prefectures, periods, against)),
    h(
      "div",
      { class: "rank-tools" },
      h("label", { class: "rank-search" }, h("span", {}, text("findInRanking", lang)), search),
      count,
      h("button", { type: "button", id: "rank-csv", onclick: () => save(ordered, board, against) }, text("csvShown", lang)),
    ),
    lines.length === 0 ? h("p", { class: "hint" }, text("noneLikeThat", lang)) : null,
    broken ? h("p", { class: "soft break" }, `${periodLabel(layer, broken.period, lang)}${text("breakAt", lang)}`, broken.reason[lang]) : null,
    h(
      "table",
      { id: "areas-table", hidden: lines.length === 0 },
      h(
        "caption",
        {},
        `${withUnit(layer.name, layer.unit, lang)}　${when}`,
        isCategorical ? null : h("small", {}, text(lowestFirst ? "lowestIsFirst" : "highestIsFirst", lang)),
      ),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          isCategorical ? null : heading("rank", text("position", lang), "number"),
          against ? heading("rise", text("rankChange", lang), "rise") : null,
          heading("name", text("name", lang)),
          isCategorical ? h("th", { scope: "col" }, text("value", lang)) : heading("value", when, "measured"),
          against ? heading("earlier", periodLabel(layer, against, lang), "number then") : null,
        ),
      ),
      body,
    ),
    pager,
    ...signNotes(
      lines.map((line) => line.status),
      lang,
    ),
    about(board),
  );
  find(0);
  if (isNewlyChosen && !words) rowOf(view.area)?.scrollIntoView({ block: "nearest" });
}
