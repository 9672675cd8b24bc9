/** The explorer: reads the view from the address, shows it, and writes every choice back. */

import type { Catalogue, Layer, Legend, Periods, Values } from "./api";
import * as api from "./api";
import { briefOf, drawBrief, openSheet } from "./brief";
import type { Box } from "./camera";
import { drawBoundaries, drawLevels, drawOverlays } from "./chooser";
import { circledBy, coloursOf } from "./circles";
import { markedOn } from "./deployed";
import { byId, h, swatch } from "./element";
import { finder } from "./finder";
import { gapDefinition, scaled } from "./gap";
import { inLanguage } from "./language";
import { classesOf, drawLegend, keepIn, markValue, NO_DATA, recountSoon } from "./legend";
import type { MapTexts, Pointed, RegionalMap, Tiled } from "./map";
import { drawStages } from "./nav";
import { valueText } from "./numbers";
import { type Board, overview } from "./panel";
import { onPaper } from "./paper";
import { placeOf } from "./rank";
import { isSketched, removeSketch } from "./sketch";
import { baseOf, drawMeasure } from "./stages/change";
import type { Credited } from "./stages/two";
import { mapTexts, text, textOf, translatePage, withUnit } from "./texts";
import { offerTheme, onSystemTheme } from "./theme";
import { timeline } from "./timeline";
import { showTip } from "./tip";
import { drawTree } from "./tree";
import { breaksOver, DEFAULT_LAYER, layerQuery, MOST_COMPARED, otherView, type StageName, searchOf, type View, viewOf } from "./view";
import { kept } from "./vintages";

/** The views that are no map; each is fetched when first opened. */
const SHEETS: Partial<Record<StageName, () => Promise<{ draw: (target: HTMLElement, board: Board) => Promise<void> }>>> = {
  years: () => import("./stages/multiples"),
  ranking: () => import("./stages/ranking"),
  compare: () => import("./stages/compare"),
  mergers: () => import("./stages/mergers"),
  kpi: () => import("./stages/kpi"),
  logic: () => import("./stages/logic"),
  roadmap: () => import("./stages/roadmap"),
};
/** Views in which another layer is shown as the one before was. */
const STAYS: readonly StageName[] = ["map", "two", "years", "bivariate", "ranking", "compare"];

const GSI_LIST = "https://maps.gsi.go.jp/development/ichiran.html";
const mayHaveBackground = document.querySelector('meta[name="chiiki-gsi"]')?.getAttribute("content") === "on";

/** The language where the address names none. */
const readers = document.documentElement.lang;
let view = viewOf(location.search, readers);
let catalogue: Catalogue | null = null;
let legend: Legend | null = null;
let values: Values | null = null;
/** What the map is coloured by while the slider moves: every period, the legend that all of them share, and the period passed last. */
let scrubbed: { periods: Periods; legend: Legend; at: Periods["periods"][number] } | null = null;
let turn = 0;
let overlaid: Promise<void> = Promise.resolve();

const choices = api.catalogue();
/** As in style.css: the page is one column. */
const phone = matchMedia("(max-width: 68rem)");
/** Null until a view is shown that has a map: the map's program is the largest part of the page. */
let map: RegionalMap | null = null;
let made: Promise<RegionalMap> | undefined;
/** What was searched for in a view without a map: the first map shows it. */
let sought: Box | null = null;
onPaper(byId("map"));
const slider = timeline(
  byId("timeline"),
  (period) => void scrub(period),
  (period) => go({ period }, { replace: true }),
);

/** Return the map; the first view that has one fetches it. */
function theMap(): Promise<RegionalMap> {
  made ??= import("./map").then((program) => {
    map = new program.RegionalMap(
      byId("map"),
      ownTexts(),
      {
        pointed: (area) => tip(area),
        chosen: (code) => go({ area: code }),
        sought: () => void zoomTo(view.area),
        covered: () => legendWidth(),
        placed: removeSketch,
        zoomed: () => scaleLegend(),
      },
      { hash: true, isSketched: isSketched() },
    );
    map.map.on("moveend", () => void dodge());
    map.map.on("idle", () => {
      if (byId("map").dataset["map"] === "idle") removeSketch();
      if (legend?.layer === view.layer && !SHEETS[view.stage]) document.body.dataset["map"] = byId("map").dataset["map"];
    });
    if (sought) map.show(sought);
    return map;
  });
  return made;
}

/** Bring a box into sight: on the map, or on the first map to come. */
function seek(box: Box): void {
  if (map) map.show(box);
  else sought = box;
}

/** Tell the circles of a legend as large as they are now. */
function scaleLegend(): void {
  const shown = scrubbed ? null : legend;
  if (shown?.circles) tellLegend(shown, values);
}

function tellLegend(shown: Legend, told: Values | null): void {
  if (view.stage === "bivariate") return; // two indicators have a key of their own
  const known = { values: told, breaks: breaksOver(view), ...(map ? { zoom: map.zoom } : {}), vintage: view.vintage && shown.vintage };
  drawLegend(byId("legend"), shown, view.lang, { ...known, lit: (at) => void map?.light(at) });
}

/** Return what the map says of itself, and of the buttons that it has on this page. */
function ownTexts(): MapTexts {
  const { lang } = view;
  return {
    ...mapTexts(lang),
    nation: [text("toNation", lang), text("home", lang)],
    here: [text("toHere", lang), text("toHereInFull", lang)],
  };
}

/** How much of the map's left side the legend covers: nothing where it stands below the map, or on the other side. */
function legendWidth(): number {
  const [over, frame] = [byId("legend").getBoundingClientRect(), byId("map").getBoundingClientRect()];
  return over.top < frame.bottom && over.left - frame.left < frame.width / 4 ? Math.max(over.right - frame.left, 0) : 0;
}

/** Let the legend stand on the other side while it would cover the area chosen. */
async function dodge(): Promise<void> {
  const target = byId("legend");
  const { area } = view;
  const areas = area && legend && map ? await api.gazetteer(legend.level, view.vintage).catch(() => null) : null;
  if (area !== view.area) return;
  const centre = areas?.get(area)?.centre;
  target.classList.toggle("aside", Boolean(centre && map?.liesUnder(centre, { width: target.offsetWidth, height: target.offsetHeight })));
}

const tuning = h("details", { class: "tuning", id: "tuning", hidden: true }, h("summary", {}), h("div", { id: "settings" }));
tuning.addEventListener("toggle", () => void drawTuning());
keepIn(byId("legend"), tuning);

/** Draw how classes and colours are chosen, once the reader wants to: a category's are given. */
async function drawTuning(): Promise<void> {
  const board = asBoard();
  tuning.hidden = board?.layer.kind === "category" || view.stage === "bivariate";
  tuning.querySelector("summary")?.replaceChildren(text("tune", view.lang));
  if (!board || tuning.hidden || !tuning.open) return;
  const { drawTuning: draw } = await import("./tuning");
  await draw(byId("settings"), board.layer, board.legend, view, go);
}

/** Make the view one that exists: a level the layer has, a period it has there. */
function settled(wanted: View, layer: Layer): View {
  const level =
    layer.levels.includes(wanted.level) || !wanted.level ? wanted.level : layer.levels.includes("municipality") ? "municipality" : (layer.levels[0] ?? "");
  const periods = layer.periods_by_level[level || (layer.levels.includes("municipality") ? "municipality" : (layer.levels[0] ?? ""))] ?? [];
  return { ...wanted, level, period: periods.includes(wanted.period) ? wanted.period : "", vintage: kept(wanted.vintage, level) };
}

/** Change the view; the address follows, and the back button leads here again. */
function go(change: Partial<View>, { replace = false } = {}): void {
  const isOther = change.layer !== undefined && change.layer !== view.layer;
  const own = isOther ? { scheme: "", k: "", breaks: "", palette: "" } : {};
  const stage = isOther && !STAYS.includes(view.stage) ? { stage: "map" as const } : {};
  const wanted = { ...view, ...own, ...stage, ...change };
  const isSettled = change.layer === undefined && change.level === undefined;
  const layer = api.knownLayer(wanted.layer);
  if (!layer && !isSettled) return goUnknown(wanted.layer, change, replace);
  view = layer && !isSettled ? settled(wanted, layer) : wanted;
  map?.write(); // going back leads to the place that is left now
  history[replace ? "replaceState" : "pushState"](null, "", searchOf(view) + (map?.hash ?? location.hash));
  if (change.layer !== undefined || change.level !== undefined || change.stage !== undefined) slider.stop();
  if (change.layer !== undefined || change.stage !== undefined) closeChooser();
  show();
}

/** Change the view to a layer that has to be asked for first: only it tells which levels and periods there are. */
function goUnknown(layer: string, change: Partial<View>, replace: boolean): void {
  const current = begin();
  api.layer(layer).then(
    () => current === turn && go(change, { replace }),
    (error: unknown) => current === turn && tell(error),
  );
}

function closeChooser(): void {
  document.body.classList.remove("choosing");
  byId("open-choose").setAttribute("aria-expanded", "false");
}

const asBoard = (): Board | null => {
  const { lang } = view;
  const layer = api.knownLayer(view.layer);
  return catalogue && legend && layer ? { view, catalogue, layer, legend, go, label: (period) => api.periodLabel(layer, period, lang) } : null;
};

/** Return the value of an area in the period shown; undefined while it is not known. */
function valueAt({ code, value }: Pointed): number | null | undefined {
  if (scrubbed) return scrubbed.at.values[scrubbed.periods.codes.indexOf(code)] ?? null;
  if (values) return values.values[values.codes.indexOf(code)] ?? null;
  return legend && map?.poured === pouredBy(view, legend) ? (value ?? null) : undefined;
}

/** Return what asks for the statuses of a map's values. */
function statusesOf(found: Legend): () => Promise<string[]> {
  const query = exactQuery(view, found);
  return async () => (await api.values(view.layer, query)).statuses;
}

/** Return the sign of a value that is an estimate. */
function estimateSign({ code }: Pointed): string {
  const status = scrubbed ? undefined : values?.statuses[values.codes.indexOf(code)];
  return status === "estimated" ? text("isEstimate", view.lang) : "";
}

function tip(area: Pointed | null): void {
  const layer = legend && api.knownLayer(legend.layer);
  const value = area && layer ? valueAt(area) : undefined;
  const told = value === undefined || !layer || !area ? null : valueText(value, layer, view.lang) + estimateSign(area);
  const isNumber = layer?.kind !== "category" && view.stage !== "bivariate";
  showTip(byId("tip"), area, told, ...(isNumber && typeof value === "number" ? standing(value) : []));
  const shown = scrubbed?.legend ?? legend;
  markValue(byId("legend"), isNumber ? (value ?? null) : null, shown && area && value !== undefined ? classAt(value, shown) : null);
}

function classAt(value: number | null, { classes }: Legend): number | null {
  return value === null ? NO_DATA : (classesOf([value], classes)[0] ?? null);
}

/** Return the class of a value and its rank in the nation. */
function standing(value: number): HTMLElement[] {
  const { lang } = view;
  const shown = scrubbed?.legend ?? legend;
  const found = shown && !shown.circles ? shown.classes[classesOf([value], shown.classes)[0] ?? -1] : undefined;
  const place = placeOf(value, (scrubbed ? scrubbed.at.values : values?.values) ?? []);
  const [rank, of] = [place?.rank.toLocaleString(lang), place?.of.toLocaleString(lang)];
  const told = lang === "ja" ? `全国${rank}位／${of}` : `${rank} of ${of} in the nation`;
  return [...(found ? [h("span", { class: "of" }, swatch(found.colour), found.label[lang])] : []), ...(place ? [h("span", {}, told)] : [])];
}

/** Colour the map for a period passed by the slider, by the breaks of all periods; only the first time is anything asked for. */
async function scrub(period: string): Promise<void> {
  const query = layerQuery({ ...view, level: legend?.level ?? view.level, period: "", breaks_over: "all" });
  const current = turn;
  const asked = async () => {
    const [periods, shared] = await Promise.all([api.periods(view.layer, query), api.legend(view.layer, query)]);
    return { periods, legend: shared };
  };
  const found = scrubbed ?? (await asked());
  if (current !== turn) return; // another view has been asked for meanwhile, and will be told in its own words
  const at = found.periods.periods.find((one) => one.period === period);
  if (!at) return;
  const circles = await circledBy(found.legend, view.vintage, async () => ({ codes: found.periods.codes, values: at.values }));
  if (current !== turn) return;
  scrubbed = { ...found, at };
  map?.scrub({ ...coloursOf(found.legend), classes: { codes: found.periods.codes, classes: at.classes }, circles }, view.lang);
  recountSoon(byId("legend"), { ...found.legend, period, period_label: at.label }, view.lang, at.classes, breaksOver(view) === "all" ? "all" : "moving");
}

function exactQuery(shown: View, { level, period, vintage }: Legend): string {
  return layerQuery({ ...shown, level, period, vintage });
}

/** Return what tiles are poured by that carry the values of a view. */
function pouredBy(shown: View, found: Legend): string {
  return `${found.layer}?${exactQuery(shown, found)}`;
}

/** Show a view's values on a map: its tiles where the level is new there, else its colours alone. */
async function lay(target: RegionalMap, shown: View, found: Legend): Promise<void> {
  const query = exactQuery(shown, found);
  const key = `${found.level} ${found.vintage}`;
  const poured = pouredBy(shown, found);
  const told = () => api.values(shown.layer, query);
  const circles = await circledBy(found, view.vintage, told);
  if (!target.has(key)) {
    const names = () => api.gazetteer(found.level, view.vintage);
    const within = (box: Box) => api.outlines(found.level, view.vintage, box);
    const tiled = await api.tiles(shown.layer, query);
    await target.lay({ ...tiled, key, poured, names, within }, { ...coloursOf(found), classes: null, told, circles }, view.lang);
  } else if (target.poured === poured) {
    target.paint({ ...coloursOf(found), classes: null, told, circles }, view.lang);
  } else {
    target.paint({ ...coloursOf(found), classes: await told(), circles }, view.lang);
  }
}

/** Return where the outlines of prefectures are on the same boundaries: any layer's tiles have them. */
async function borderTiles({ layer, vintage }: Legend): Promise<Tiled> {
  const has = (found: Layer) => found.levels.includes("prefecture");
  const of = has(await api.layer(layer)) ? layer : DEFAULT_LAYER;
  return api.tiles(of, new URLSearchParams({ level: "prefecture", vintage }).toString());
}

async function showOverlays(target: RegionalMap, found: Legend): Promise<void> {
  const lang = view.lang;
  target.showBackground(mayHaveBackground && view.overlay.includes("gsi"));
  target.showGap(gapDefinition(found.layer), scaled(byId("legend")));
  const isOfPrefectures = found.level === "prefecture";
  const borders = target.showBorders(isOfPrefectures ? "" : found.vintage, isOfPrefectures ? null : () => borderTiles(found));
  const isNamed = view.overlay.includes("labels");
  const areas: Map<string, api.Area> = isNamed ? await api.gazetteer(found.level, view.vintage) : new Map();
  const prefectures = isNamed && !isOfPrefectures ? await api.gazetteer("prefecture", view.vintage).catch(() => null) : null;
  const key = isNamed ? `${found.level} ${found.vintage} ${lang}` : "";
  target.showLabels(key, isNamed ? areas.values() : null, prefectures?.values() ?? null, lang);
  await borders.catch(() => undefined); // a map without them
  target.showMarks(await markedOn(found, view.overlay, view.vintage));
}

async function showMap(current: number): Promise<void> {
  const [found, map] = await Promise.all([api.legend(view.layer, layerQuery(view)), theMap()]);
  if (current !== turn) return;
  legend = found;
  values = null;
  scrubbed = null;
  map.settle(found.part);
  await lay(map, view, found);
  const passed = slider.passed();
  if (passed) await scrub(passed);
  else tellLegend(found, null);
  void api.values(view.layer, exactQuery(view, found)).then((more) => {
    if (current !== turn) return;
    values = more;
    map.pointAgain();
    if (!slider.passed()) tellLegend(found, more);
  });
  map.select([...new Set([view.area, ...view.areas])].filter(Boolean));
  void dodge();
  overlaid = showOverlays(map, found);
}

/** Read the legend of a view that is no map: it tells the level and the period shown. */
async function showLegend(current: number): Promise<void> {
  byId("sheet").setAttribute("aria-busy", "true");
  const found = await api.legend(view.layer, layerQuery(view));
  if (current === turn) legend = found;
}

/** Whether something is shown beside the map. */
function isBeside(): boolean {
  return view.stage === "two" || view.stage === "bivariate";
}

async function showBeside(current: number): Promise<void> {
  const stage = view.stage;
  const maps = byId("maps");
  if (!isBeside()) return map?.resize();
  const beside = stage === "two" ? (await import("./stages/two")).showTwo : (await import("./stages/bivariate")).showBivariate;
  const board = asBoard();
  if (current !== turn || !board || !map) return;
  const credited = (other: Credited) => {
    if (current === turn) showCredits(board.legend, other);
  };
  await beside(maps, board, map, { lay, mapTexts: mapTexts(view.lang), other: otherView(view), credited });
}

function showCredits(...shown: Credited[]): void {
  const credits = shown.flatMap(({ credit, sources }) => [credit, ...sources.map((source) => source.credit)]).map((credit) => credit[view.lang]);
  // the Authority's terms ask for a link to its list of tiles
  const background =
    mayHaveBackground && view.overlay.includes("gsi")
      ? [text("between", view.lang), h("a", { href: GSI_LIST, target: "_blank", rel: "noopener" }, text("gsiCredit", view.lang))]
      : [];
  byId("credit").replaceChildren(...inLanguage([...new Set(credits)].join(text("between", view.lang)), view.lang), ...background);
}

let panelled = "";
async function showPanel(board: Board, current: number): Promise<void> {
  const panel = byId("panel");
  const wanted = [
    view.lang,
    view.area,
    view.areas.includes(view.area),
    board.legend.layer,
    board.legend.period,
    board.legend.level,
    board.legend.vintage,
    view.estimate,
  ].join();
  if (wanted === panelled) return;
  const isNew = view.area !== "" && panel.dataset["area"] !== view.area;
  const query = layerQuery({ ...view, level: board.legend.level, period: board.legend.period });
  const parts = view.area ? await (await import("./area")).areaPanel(board) : overview(await api.summary(view.layer, query), board);
  if (current !== turn) return;
  panelled = wanted;
  panel.dataset["area"] = view.area;
  panel.replaceChildren(...parts);
  // an area of the past is on the map as those that hold its land
  const heirs = panel.querySelector<HTMLElement>("[data-heirs]")?.dataset["heirs"];
  if (heirs) map?.select([...new Set([...heirs.split(","), ...view.areas])]);
  document.getElementById("zoom-to")?.addEventListener("click", () => void zoomTo(view.area));
  if (isNew) panel.scrollTop = 0;
}

async function zoomTo(code: string): Promise<void> {
  const { told } = await api.onBoundaries<api.AreaInDetail>(`/v1/areas/${code}`, view.vintage);
  seek(told.bbox);
}

/** Tell the area that was tapped on a phone at once, before its panel is there. */
async function showBrief(board: Board, current: number): Promise<void> {
  const { lang, area: code, vintage } = view;
  const { layer, legend: found } = board;
  const told = async () => {
    const [areas, prefectures, all] = await Promise.all([
      api.gazetteer(found.level, vintage),
      api.gazetteer("prefecture"),
      api.values(view.layer, layerQuery({ ...view, level: found.level, period: found.period })),
    ]);
    const area = areas.get(code);
    const within = found.level === "prefecture" ? "" : (prefectures.get(area?.prefecture ?? "")?.name[lang] ?? "");
    return area ? briefOf(area, within, { layer, legend: found, values: all }, lang) : null;
  };
  const brief = code && phone.matches && !SHEETS[view.stage] ? await told() : null;
  if (current === turn) drawBrief(brief, lang, () => go({ area: "" }));
}

function failure(error: unknown): HTMLElement {
  const isTold = error instanceof api.Problem;
  const title = isTold ? error.title[view.lang] : "";
  const again = h("button", { type: "button", onclick: () => location.assign(`/?lang=${view.lang}`) }, text("startOver", view.lang));
  const catalogue = h("p", {}, h("a", { href: `/catalog?lang=${view.lang}` }, text("catalogue", view.lang)));
  return h(
    "div",
    { role: "alert", class: "failed" },
    h("p", {}, text("failed", view.lang), view.lang === "ja" ? "" : " ", title),
    again,
    catalogue,
    h("details", {}, h("summary", {}, text("forPrograms", view.lang)), h("p", { class: "soft", lang: "en" }, isTold ? error.detail : String(error))),
  );
}

function tell(error: unknown): void {
  turn += 1; // what is still under way is not drawn over it
  map?.letGo();
  byId("sheet").removeAttribute("aria-busy");
  const isBesideMap = !SHEETS[view.stage] && legend?.layer === view.layer;
  if (!isBesideMap) {
    byId("maps").hidden = byId("timeline").hidden = true; // there is nothing on them
    byId("sheet").hidden = false;
    byId("title").textContent ||= error instanceof api.Problem ? error.title[view.lang] : text("failed", view.lang);
  }
  byId(isBesideMap ? "legend" : "sheet").replaceChildren(failure(error));
  byId("map").dataset["map"] = "failed";
  document.body.dataset["map"] = "failed";
}

async function draw(current: number): Promise<void> {
  const lang = view.lang;
  translatePage(lang);
  map?.speak(ownTexts());
  byId("language").lang = lang === "ja" ? "en" : "ja"; // it is called as those call it who want it
  drawStages(byId("stages"), view, go);
  offerTheme(byId("theming"), lang, redraw);
  for (const link of byId("site").querySelectorAll("a")) link.search = `?lang=${lang}`;
  const sheet = SHEETS[view.stage];
  document.body.dataset["stage"] = view.stage;
  byId("maps").dataset["stage"] = view.stage;
  if (!isBeside()) document.getElementById("beside")?.setAttribute("hidden", "");
  byId("maps").hidden = byId("timeline").hidden = Boolean(sheet);
  byId("sheet").hidden = !sheet;
  const isMap = !sheet;
  const [found] = await Promise.all([choices, api.layer(view.layer), isMap ? showMap(current) : showLegend(current)]);
  if (current !== turn) return;
  catalogue = found;
  const board = asBoard();
  if (!board) return;
  const isOfStrategy = ["kpi", "logic", "roadmap"].includes(view.stage);
  const isOfLayer = !isOfStrategy && view.stage !== "mergers";
  byId("title").textContent = isOfLayer ? withUnit(board.layer.name, board.layer.unit, lang) : text(isOfStrategy ? "strategy" : "mergersTitle", lang);
  // like the title that the service gives the page
  const when = isOfStrategy ? textOf("stage_", view.stage, lang) : ["compare", "mergers", "years"].includes(view.stage) ? "" : board.label(board.legend.period);
  byId("view-name").textContent = textOf("stage_", view.stage, lang);
  document.title = [byId("title").textContent, when].filter(Boolean).join(text("joint", lang)) + text("siteAfter", lang);
  byId("description").textContent = board.layer.description[lang];
  const listed = await api.layer(baseOf(view.layer)); // the tree has no changes
  if (current !== turn) return;
  const measure = drawMeasure(byId("measure"), board, view.stage === "compare" || Boolean(sheet && !STAYS.includes(view.stage)));
  const tree = drawTree(byId("tree"), catalogue, listed, lang, go);
  drawLevels(byId("levels"), board.layer, board.legend.level, lang, go);
  drawOverlays(byId("overlays"), catalogue, view, mayHaveBackground, go);
  const brief = showBrief(board, current);
  slider.draw(board.layer.periods_by_level[board.legend.level] ?? [], board.legend.period, board.label, lang);
  showCredits(...(isOfStrategy ? [] : [board.legend])); // what the strategy is told by stands beside each of its figures
  const settings = [drawTuning(), drawBoundaries(byId("boundaries"), board.legend, view, statusesOf(board.legend), go)];
  if (sheet) {
    const { draw: drawSheet } = await sheet();
    if (current === turn) await drawSheet(byId("sheet"), board);
    byId("sheet").removeAttribute("aria-busy");
    document.body.dataset["map"] = "idle";
  } else {
    await showBeside(current);
  }
  if (view.stage !== "mergers") await showPanel(board, current).catch((error: unknown) => byId("panel").replaceChildren(failure(error)));
  await Promise.all([tree, measure, ...settings, brief, overlaid]);
  if (isMap) await map?.drawn();
  if (current !== turn) return;
  document.body.dataset["shown"] = searchOf(view);
}

/** Begin another view: what was asked for before is not shown any more. */
function begin(): number {
  document.body.dataset["map"] = "loading";
  delete document.body.dataset["shown"];
  return ++turn;
}

/** Draw the view once more, in other colours. */
function redraw(): void {
  panelled = "";
  show();
}

function show(): void {
  const current = begin();
  draw(current).catch((error: unknown) => {
    if (current === turn) tell(error);
  });
}

window.addEventListener("popstate", () => {
  view = viewOf(location.search, readers);
  slider.stop();
  show();
});
byId("language").addEventListener("click", () => go({ lang: view.lang === "ja" ? "en" : "ja" }));
byId("open-share").addEventListener("click", () => {
  const board = asBoard();
  const seen = map?.hash ? (map.map.getBounds().toArray().flat() as Box) : null;
  if (board) void import("./share").then(({ openShare }) => openShare(byId<HTMLDialogElement>("share"), view, board.layer, board.legend, seen));
});
byId("open-choose").addEventListener("click", () => {
  const isOpen = document.body.classList.toggle("choosing");
  byId("open-choose").setAttribute("aria-expanded", String(isOpen));
  if (isOpen) byId("close-choose").focus();
});
byId("close-choose").addEventListener("click", () => {
  closeChooser();
  byId("open-choose").focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  closeChooser();
  openSheet(false);
});
const skipTo = (id: string, target: () => HTMLElement | null) =>
  byId(id).addEventListener("click", (event) => {
    event.preventDefault(); // the part of the address after the # tells the camera
    target()?.focus();
  });
skipTo("skip", () => (SHEETS[view.stage] ? byId("stage") : (byId("map").querySelector("canvas") ?? byId("stage"))));
skipTo("skip-panel", () => byId("panel"));
onSystemTheme(redraw);
phone.addEventListener("change", show);
finder(byId<HTMLInputElement>("find"), byId("found"), () => view.lang, {
  layer: (id) => go({ layer: id, ...(STAYS.includes(view.stage) ? {} : { stage: "map" }) }),
  area: (area, box) => {
    go(
      view.stage === "compare"
        ? { areas: [...new Set([...view.areas, area.code])].slice(-MOST_COMPARED) }
        : { area: area.code, ...(legend?.level === area.level ? {} : { level: area.level }) },
    );
    seek(box ?? area.bbox);
  },
  together: (area, { id, levels }) => {
    // of a prefecture its municipalities are shown, which tell more than one colour
    const level = ["municipality", area.level].find((one) => levels.includes(one)) ?? levels[0] ?? "";
    go({ layer: id, area: area.code, level, ...(STAYS.includes(view.stage) ? {} : { stage: "map" }) });
    seek(area.bbox);
  },
  former: ({ code, became }) => {
    const shown = legend?.level === "prefecture" ? { level: "municipality" } : {};
    go({ area: code, ...shown, ...(view.stage === "compare" ? { stage: "map" as const } : {}) });
    const [heir] = became;
    if (heir) zoomTo(heir.code).catch(() => undefined); // wards of today have no outlines: the map stays
  },
});
show();
