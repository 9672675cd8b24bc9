/** What other pages show in a frame: a map, a chart, a ranking, a profile or a view of the strategy, by the same parameters as the explorer. */

import type { Feature } from "geojson";
import type { Layer, Legend, Profile, Row, Series, Summary, Texts } from "./api";
import * as api from "./api";
import type { Box } from "./camera";
import { lineChart, sparkline } from "./chart";
import { circledBy, coloursOf } from "./circles";
import { markedOn } from "./deployed";
import { byId, h, s } from "./element";
import { boxOf, lightened, outlined, parentOf, shared, veil } from "./framed";
import { gapDefinition, scaled } from "./gap";
import { inLanguage } from "./language";
import { drawLegend, recountSoon } from "./legend";
import type { RegionalMap } from "./map";
import { full, short, valueText } from "./numbers";
import { isSketched, removeSketch, sketch } from "./sketch";
import type { StrategyBoard } from "./stages/sheet";
import { mapTexts, text, textOf, translatePage, withUnit } from "./texts";
import { timeline } from "./timeline";
import { showTip } from "./tip";
import { breaksOver, DEFAULT_LAYER, layerQuery, type StageName, searchOf, type View, viewOf } from "./view";

const TEXTS = {
  unknown: { ja: "この表示のデータは、現在 chiiki にありません。", en: "chiiki does not hold what this shows." },
  empty: { ja: "この表示に当てはまる値は、まだありません。", en: "There are no figures yet for what this shows." },
  unreached: { ja: "ただいま表示できません。しばらくして、もう一度お試しください。", en: "This cannot be shown just now. Please try again later." },
  windows: { ja: "Ctrl キーを押しながらスクロールすると、地図を拡大・縮小できます", en: "Hold Ctrl and scroll to zoom the map" },
  mac: { ja: "⌘ キーを押しながらスクロールすると、地図を拡大・縮小できます", en: "Hold ⌘ and scroll to zoom the map" },
  fingers: { ja: "地図は2本の指で動かせます", en: "Use two fingers to move the map" },
  see: { ja: "chiiki で詳しく見る", en: "See more on chiiki" },
} satisfies Record<string, Texts>;

const VERSION = 1;
const MOST_RANKED = 10;
/** In pixels: what a page may ask a frame to be as high as. */
const HEIGHTS = { least: 240, most: 2000 };
const NATION = "00000";
const asked = new URLSearchParams(location.search);
const kind = location.pathname.split("/").at(-1) ?? "map";
let view = viewOf(location.search);
const limit = Math.min(Math.max(Number(asked.get("limit") ?? MOST_RANKED) || MOST_RANKED, 1), 100);
const parent = parentOf(asked.get("parent") ?? "");
/** The prefecture that is shown alone. */
const alone = parent === NATION ? "" : parent;
const bbox = boxOf(asked.get("bbox") ?? "");

/** Tell the page around this one. What is told is public, so any page may hear it. */
function tellHost(message: Record<string, unknown>): void {
  if (window.parent !== window) window.parent.postMessage({ chiiki: VERSION, ...message }, "*");
}

function isDark(): boolean {
  const theme = asked.get("theme") ?? "light";
  return theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
}

function words(summary: string, citation: string, ...more: (HTMLElement | null)[]): HTMLElement {
  const lang = view.lang;
  const title = lang === "ja" ? "説明・表・出典の書き方" : "In words, table, citation";
  return h(
    "details",
    { class: "told" },
    h("summary", {}, title),
    h("p", { class: "words", id: "summary" }, summary),
    ...more,
    h("p", { class: "soft", id: "citation" }, ...inLanguage(citation, lang)),
  );
}

function rankingTable(rows: Row[], layer: Layer): HTMLElement {
  const lang = view.lang;
  const heads = [text("position", lang), text("name", lang), text("value", lang)];
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col" }, head)))),
    h(
      "tbody",
      {},
      ...rows.map((row) =>
        h(
          "tr",
          {},
          h("td", {}, row.rank),
          h("th", { scope: "row" }, row.name[lang], h("small", {}, row.prefecture?.[lang])),
          h("td", { class: "number" }, full(row.value, layer, lang)),
        ),
      ),
    ),
  );
}

function showCredits(credits: string[], stage: StageName): void {
  const lang = view.lang;
  const back = h("a", { href: `${location.origin}/${searchOf({ ...view, stage })}`, target: "_blank", rel: "noopener" }, TEXTS.see[lang]);
  const named = `${text("source", lang)}: ${[...new Set(credits)].join(text("between", lang))}`;
  byId("credit").replaceChildren(credits.length ? h("span", {}, ...inLanguage(named, lang)) : "", back);
}

function heading(title: string, when: string, place = ""): HTMLElement {
  const told = inLanguage(when, view.lang);
  return h(
    "header",
    {},
    h("h1", {}, title),
    when ? h("p", { class: "when" }, h("span", { class: "period" }, ...told), place ? h("span", {}, place) : null) : null,
  );
}

function creditsOf(about: { credit: api.Texts; sources: { credit: api.Texts }[] }): string[] {
  return [about.credit, ...about.sources.map((one) => one.credit)].map((one) => one[view.lang]);
}

/** What a map shows: all of it, a part named by its corners, a prefecture without what is around it, or the chosen area with that. */
interface Extent {
  box: Box | null;
  padding: number;
  place: api.AreaInDetail | null;
  /** Beyond it the map is veiled. */
  cut: Box | Feature | null;
}

async function extentOf(vintage: string): Promise<Extent> {
  if (bbox) return { box: bbox, padding: 0, place: null, cut: bbox };
  const inside = alone || (parent === NATION ? "" : view.area);
  if (!inside) return { box: null, padding: 4, place: null, cut: null };
  const place = (await api.onBoundaries<api.AreaInDetail>(`/v1/areas/${inside}`, vintage)).told;
  if (!alone) return { box: place.bbox, padding: 24, place: null, cut: null };
  const outlines = await api.get<{ features: (Feature & { properties: { code?: string } })[] }>(`/v1/areas.geojson?level=prefecture&parent=${alone}`);
  return { box: place.bbox, padding: 12, place, cut: outlines.features[0] ?? null };
}

/** Draw the borders of prefectures over their municipalities: any layer's tiles have them. */
async function bordered(map: RegionalMap, { layer, vintage }: Legend, { levels }: Layer): Promise<void> {
  const of = levels.includes("prefecture") ? layer : DEFAULT_LAYER;
  await map.showBorders(vintage, () => api.tiles(of, new URLSearchParams({ level: "prefecture", vintage }).toString()));
  if (isDark() && map.map.getLayer("borders")) lightened(map.map, "borders", 1.6);
}

function isShown(code: string): boolean {
  return alone === "" || code.slice(0, 2) === alone.slice(0, 2);
}

async function showMap(target: HTMLElement): Promise<void> {
  const lang = view.lang;
  const query = layerQuery(view);
  const [found, layer, { box: home, padding, place, cut }] = await Promise.all([api.legend(view.layer, query), api.layer(view.layer), extentOf(view.vintage)]);
  const box = h("div", { id: "map", class: "map" });
  const legendBox = h("section", { id: "legend", class: "legend", "aria-label": text("legend", lang) });
  const slider = h("div", { id: "timeline", role: "group", "aria-label": text("period", lang) });
  const tip = h("p", { class: "tip", hidden: true, "aria-hidden": "true" });
  const head = heading(withUnit(found.title, found.unit, lang), found.period_label?.[lang] ?? found.period, place?.name[lang]);
  const chosenLine = h("p", { class: "chosen-area", "aria-live": "polite" });
  head.append(chosenLine);
  const frame = h("div", { class: "frame" }, box, tip, slider, legendBox);
  const said = words("", "");
  target.replaceChildren(head, frame, said);
  const breaks = breaksOver(view);
  // what is read comes before the map's own program, which is many times as large
  drawLegend(legendBox, found, lang, { breaks, vintage: view.vintage && found.vintage });
  showCredits(creditsOf(found), "map");
  // a part without what is around it is not sketched: its surroundings would be seen for a moment
  if (!cut) await sketch(box, view, { box: home, padding }).catch(() => undefined);
  const { HOME, RegionalMap } = await import("./map");
  let shown = new Map<string, number | null>();
  /** Name the area that is outlined, with its figure of the period shown. */
  const tellChosen = async () => {
    const area = view.area ? (await api.gazetteer(found.level, view.vintage)).get(view.area) : undefined;
    const value = area && shown.get(area.code);
    chosenLine.replaceChildren(
      ...(area ? [h("span", { class: "outline-key", "aria-hidden": "true" }), area.name[lang], " "] : []),
      ...(typeof value === "number" ? [h("data", { value }, valueText(value, layer, lang))] : []),
    );
  };
  const select = async (code: string) => {
    map.select(code ? [code] : []);
    view = { ...view, area: code };
    void tellChosen();
    if (!code) return;
    const area = (await api.gazetteer(found.level, view.vintage)).get(code);
    const value = shown.get(code) ?? null;
    if (area) tellHost({ type: "selection", code, name: { ja: area.name.ja, en: area.name.en }, value, period: current });
  };
  const map: RegionalMap = new RegionalMap(
    box,
    mapTexts(lang),
    {
      // the tiles carry the values of the period shown first
      pointed: (area) => showTip(tip, area, area && valueText(shown.size ? shown.get(area.code) : area.value, layer, lang)),
      chosen: (code) => void select(code),
      placed: removeSketch,
    },
    { home: { ...HOME, box: home ?? found.part ?? HOME.box, padding }, isSketched: isSketched() },
  );
  shared(map.map, { wheel: TEXTS[/Mac/.test(navigator.userAgent) ? "mac" : "windows"][lang], fingers: TEXTS.fingers[lang] });
  let current = found.period;
  const exact = layerQuery({ ...view, level: found.level, period: found.period, vintage: found.vintage });
  const [tiled, firstSummary] = await Promise.all([api.tiles(view.layer, exact), api.summary(view.layer, exact)]);
  const names = () => api.gazetteer(found.level, view.vintage);
  const within = (box: readonly number[]) => api.outlines(found.level, view.vintage, box);
  const circlesOf = (legend: Legend, told: () => Promise<{ codes: string[]; values: (number | null)[] }>) => circledBy(legend, view.vintage, told);
  const circles = await circlesOf(found, () => api.values(view.layer, exact));
  await map.lay(
    { ...tiled, key: found.level, poured: exact, names, within },
    { ...coloursOf(found), classes: null, told: () => api.values(view.layer, exact), circles },
    lang,
  );
  map.showGap(gapDefinition(view.layer), scaled(legendBox));
  map.showMarks(await markedOn(found, [], view.vintage));
  outlined(map.map, isDark() ? "dark" : "light");
  if (cut) veil(map.map, cut, getComputedStyle(document.body).backgroundColor);
  const isOfPrefectures = found.level === "prefecture";
  const prefectures = isOfPrefectures || alone ? null : await api.gazetteer("prefecture", view.vintage).catch(() => null);
  const named = [...(await names()).values()].filter((one) => isShown(one.code));
  map.showLabels(found.level, named, prefectures?.values() ?? null, lang);
  const borders = prefectures && bordered(map, found, layer).catch(() => undefined); // a map without them
  map.map.on("idle", () => (document.body.dataset["map"] = box.dataset["map"]));
  let told = found;
  const tellLegend = () => drawLegend(legendBox, told, lang, { breaks, zoom: map.zoom, vintage: view.vintage && told.vintage });
  tellLegend();
  map.map.on("zoomend", () => told.circles && tellLegend());
  const keep = (told: { codes: string[]; values: (number | null)[] }) => {
    shown = new Map(told.codes.map((code, index) => [code, told.values[index] ?? null]));
    void tellChosen();
  };
  void api.values(view.layer, exact).then(keep);
  const label = (period: string) => api.periodLabel(layer, period, lang);
  const chosen = { ...view, level: found.level, vintage: found.vintage };
  const inWords = ({ text: told, citation, highest, lowest }: Summary) =>
    words(told[lang], citation[lang], layer.kind === "category" ? null : rankingTable([...highest, ...lowest], layer));
  let turn = 0;
  /** While the slider moves, colours mean the same in every period. */
  const pass = async (period: string) => {
    const own = ++turn;
    const query = layerQuery({ ...chosen, period: "", breaks_over: "all" });
    const [every, shared] = await Promise.all([api.periods(view.layer, query), api.legend(view.layer, query)]);
    const passed = every.periods.find((one) => one.period === period);
    if (own !== turn || !passed) return;
    current = period;
    keep({ codes: every.codes, values: passed.values });
    const circles = await circlesOf(shared, async () => ({ codes: every.codes, values: passed.values }));
    if (own !== turn) return;
    map.scrub({ ...coloursOf(shared), classes: { codes: every.codes, classes: passed.classes }, circles }, lang);
    recountSoon(legendBox, { ...shared, period, period_label: passed.label }, lang, passed.classes, breaks === "all" ? "all" : "moving");
    head.querySelector(".period")?.replaceChildren(label(period));
  };
  const settle = async (period: string) => {
    const own = ++turn;
    const query = layerQuery({ ...chosen, period });
    const [legend, values, summary] = await Promise.all([api.legend(view.layer, query), api.values(view.layer, query), api.summary(view.layer, query)]);
    if (own !== turn) return;
    current = period;
    keep(values);
    said.replaceChildren(...inWords(summary).childNodes);
    map.paint({ ...coloursOf(legend), classes: values, circles: await circlesOf(legend, async () => values) }, lang);
    told = legend;
    tellLegend();
    head.querySelector(".period")?.replaceChildren(label(period));
  };
  said.replaceChildren(...inWords(firstSummary).childNodes);
  box.querySelector("canvas")?.setAttribute("aria-describedby", "summary");
  timeline(
    slider,
    (period) => void pass(period),
    (period) => void settle(period),
  ).draw(layer.periods_by_level[found.level] ?? [], found.period, label, lang);
  if (view.area) void select(view.area);
  chooser = select;
  await borders;
  await map.drawn();
  removeSketch();
}

async function showChart(target: HTMLElement): Promise<void> {
  const lang = view.lang;
  const layer = await api.layer(view.layer);
  const codes = [...new Set([...(view.area ? [view.area] : []), ...view.areas])];
  const areas = codes.length ? codes.join(",") : "00000";
  const series = await api.get<Series>(`/v1/series?indicator=${layer.id}&areas=${areas}`);
  const plot = h("div", { class: "chart" });
  const lines = series.series.map((one) => ({ name: one.name[lang], points: one.points }));
  const [first, last] = [series.series[0]?.points[0]?.period, series.series[0]?.points.at(-1)?.period];
  const label = (period: string) => series.period_labels?.[period]?.[lang] ?? period;
  target.replaceChildren(heading(withUnit(layer.name, layer.unit, lang), first && last ? `${label(first)} – ${label(last)}` : ""), plot);
  await lineChart(
    plot,
    { lines, breaks: series.breaks, unit: layer.unit, decimals: layer.decimals, label, summary: series.summary?.[lang] ?? layer.name[lang] },
    lang,
    260,
  );
  const credits = [...new Set(series.sources.map((one) => one.credit[lang]))];
  plot.after(words(series.summary?.[lang] ?? "", `${text("source", lang)}: ${credits.join(text("between", lang))}`));
  showCredits(credits, "compare");
}

async function showRanking(target: HTMLElement): Promise<void> {
  const lang = view.lang;
  const query = [layerQuery(view), alone ? `parent=${alone}` : "", `limit=${limit}`].filter(Boolean).join("&");
  const [layer, told] = await Promise.all([api.layer(view.layer), api.get<api.Ranking>(`/v1/layers/${view.layer}/ranking.json?${query}`)]);
  const most = Math.max(...told.rows.map((row) => Math.abs(row.value)), Number.MIN_VALUE);
  const bar = (row: Row) =>
    s(
      "svg",
      { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
      s("rect", { width: (Math.abs(row.value) / most) * 100, height: 10, fill: row.code === view.area ? "var(--bar-chosen)" : "var(--bar)" }),
    );
  const items = told.rows.map((row) =>
    h(
      "li",
      { value: row.rank, class: row.code === view.area ? "self" : "" },
      h("span", { class: "place" }, row.rank),
      h("span", {}, row.name[lang], row.prefecture ? h("small", {}, row.prefecture[lang]) : null),
      bar(row),
      h("data", { value: row.value }, full(row.value, layer, lang)),
    ),
  );
  const of = lang === "ja" ? `${told.n.toLocaleString(lang)}地域中` : `of ${told.n.toLocaleString(lang)} areas`;
  target.replaceChildren(
    heading(withUnit(told.title, told.unit, lang), `${told.period_label?.[lang] ?? told.period}　${of}`),
    h("ol", { class: "ranking" }, ...items),
  );
  const summary = await api.summary(view.layer, [layerQuery(view), alone ? `parent=${alone}` : ""].filter(Boolean).join("&"));
  target.append(words(summary.text[lang], summary.citation[lang], rankingTable(told.rows, layer)));
  showCredits(creditsOf(told), "ranking");
}

async function showProfile(target: HTMLElement): Promise<void> {
  const lang = view.lang;
  const profile = await api.get<Profile>(`/v1/areas/${view.area}/profile`);
  const { area } = profile;
  const goals = profile.goals.filter((goal) => goal.figures.length > 0);
  const card = (figure: api.Figure) => {
    const nation = figure.rank.nation;
    const rank = nation
      ? lang === "ja"
        ? `全国${nation.rank.toLocaleString()}位／${nation.of.toLocaleString()}`
        : `${nation.rank.toLocaleString()} of ${nation.of.toLocaleString()}`
      : "";
    return h(
      "li",
      { class: "card" },
      h("h3", { class: "soft" }, figure.indicator.name[lang]),
      h(
        "div",
        { class: "figure" },
        h("data", { value: figure.value ?? "" }, figure.value === null ? textOf("status_", figure.status, lang) : short(figure.value, figure.indicator, lang)),
        figure.series.length > 2 ? sparkline(figure.series, figure.breaks) : null,
      ),
      h(
        "p",
        { class: "soft" },
        [figure.period_label?.[lang] ?? figure.period, figure.area === area.code ? "" : text("atPrefecture", lang), rank].filter(Boolean).join("・"),
      ),
    );
  };
  target.replaceChildren(
    heading(area.name[lang], [lang === "ja" ? area.name.kana : area.name.ja, lang === "ja" ? area.name.en : ""].filter(Boolean).join("　")),
    ...goals.flatMap((goal) => [h("h2", {}, goal.name[lang]), h("ul", { class: "cards" }, ...goal.figures.map(card))]),
    words(profile.summary[lang], ""),
  );
  showCredits([lang === "ja" ? "各指標の出典は chiiki を参照" : "Sources of each figure: see chiiki"], "map");
}

const SHEETS: Record<string, () => Promise<{ draw: (target: HTMLElement, board: StrategyBoard) => Promise<void> }>> = {
  kpi: () => import("./stages/kpi"),
  logic: () => import("./stages/logic"),
  roadmap: () => import("./stages/roadmap"),
};

/** Show a view of the whole strategy; what it opens on the map is opened in the explorer. */
async function showStrategy(target: HTMLElement): Promise<void> {
  const lang = view.lang;
  const [catalogue, { draw }] = await Promise.all([api.catalogue(), (SHEETS[kind] as (typeof SHEETS)[string])()]);
  const sheet = h("div", { class: "sheet" });
  const go = (change: Partial<View>) => {
    if (Object.keys(change).join() !== "area") {
      window.open(`${location.origin}/${searchOf({ ...view, ...change })}`, "_blank", "noopener");
      return;
    }
    view = { ...view, ...change };
    void draw(sheet, { view, catalogue, go });
  };
  target.replaceChildren(h("header", {}, h("h1", {}, "chiiki ", h("span", { lang: "ja" }, "地域")), h("h2", {}, text("strategy", lang))), sheet);
  await draw(sheet, { view, catalogue, go });
  document.body.dataset["map"] = "idle";
  showCredits([], kind as StageName);
}

/** Return what a reader of another page is told: a sentence, none of our machinery. */
function quietly(error: unknown): string {
  if (!(error instanceof api.Problem)) return TEXTS.unreached[view.lang];
  if (error.status === 404) return TEXTS.unknown[view.lang];
  return (error.status < 500 ? TEXTS.empty : TEXTS.unreached)[view.lang];
}

const KINDS: Record<string, (target: HTMLElement) => Promise<void>> = {
  map: showMap,
  chart: showChart,
  ranking: showRanking,
  profile: showProfile,
  ...Object.fromEntries(Object.keys(SHEETS).map((name) => [name, showStrategy])),
};
let chooser: (code: string) => Promise<void> | void = (code) => {
  view = { ...view, area: code };
};

/** What the page around may ask: only that page is heard, and only for an area's code. */
window.addEventListener("message", (event) => {
  const said = event.data as { chiiki?: number; type?: string; code?: unknown } | null;
  if (event.source !== window.parent || said?.chiiki !== VERSION || said.type !== "select") return;
  if (typeof said.code === "string" && /^(\d{5})?$/.test(said.code)) void chooser(said.code);
});
new ResizeObserver(() => tellHost({ type: "height", height: Math.ceil(document.documentElement.getBoundingClientRect().height) })).observe(
  document.documentElement,
);

document.body.classList.toggle("dark", isDark());
const height = Number(asked.get("height"));
if (height >= HEIGHTS.least && height <= HEIGHTS.most) {
  document.body.classList.add("sized");
  document.body.style.setProperty("--height", `${Math.round(height)}px`);
}
translatePage(view.lang);
const target = byId("embed");
try {
  await (KINDS[kind] ?? showMap)(target);
  document.body.dataset["shown"] = kind;
  tellHost({ type: "ready" });
} catch (error) {
  target.replaceChildren(h("p", { class: "quiet", role: "status" }, quietly(error)));
  showCredits([], "map");
  document.body.dataset["shown"] = "failed";
}
