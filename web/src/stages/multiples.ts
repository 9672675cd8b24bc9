/** The same map in up to twelve periods, with one legend for all of them. One plate is etched of the map's own tiles and poured for each. */

import { type Area, gazetteer, get, isGone, type Legend, legend as legendOf, type Periods, periods as periodsOf, type Series, tiles as tilesOf } from "../api";
import { type Box, type Camera, fitted, inPlane, JAPAN, placingOf, tilesInSight } from "../camera";
import { chartTable } from "../chart";
import { coloursOf, examples, largestRadius } from "../circles";
import { colourOf, h, s, swatch } from "../element";
import { full, valueText } from "../numbers";
import type { Board } from "../panel";
import { drawnOnPaper } from "../paper";
import { type Plate, pixelOf, pour } from "../plate";
import { etched, tileAt } from "../sketch";
import { text, withUnit } from "../texts";
import { layerQuery } from "../view";
import { about } from "./about";
import { shownBy } from "./change";
import { hasMovedOn, show } from "./sheet";
import "./multiples.css";

export const MOST_MAPS = 12;
const NATION = "00000";
/** Of a map, in pixels of the page. */
const SIZE = { width: 240, height: 250 };
const EDGE = 6;
/** From the middle of a prefecture, in degrees, its islands are left out: so many times as far as its middlemost area, and no nearer than this. */
const [TIMES_FAR, FAR] = [3.5, 0.8];
/** Circles on maps as small as these overlap less when they are smaller. */
const SHRUNK = 0.7;

/** Return some of the periods, evenly spread, the first and the last among them. */
export function spread(periods: readonly string[], most = MOST_MAPS): string[] {
  if (periods.length <= most) return [...periods];
  const places = Array.from({ length: most }, (_none, index) => Math.round((index * (periods.length - 1)) / (most - 1)));
  return places.map((place) => periods[place] ?? "");
}

function middle(all: number[]): number {
  return all.sort((a, b) => a - b)[all.length >> 1] ?? 0;
}

/** Return the areas of a prefecture without islands far off. */
export function nearOnes<T extends Pick<Area, "centre">>(areas: readonly T[]): T[] {
  const [longitude, latitude] = [middle(areas.map((one) => one.centre[0])), middle(areas.map((one) => one.centre[1]))];
  const distance = ({ centre }: T) => Math.hypot(centre[0] - longitude, centre[1] - latitude);
  const most = Math.max(FAR, TIMES_FAR * middle(areas.map(distance)));
  return areas.filter((one) => distance(one) <= most);
}

/** Return the box around areas. */
export function boxOf(near: readonly Pick<Area, "bbox">[]): Box {
  const at = (place: 0 | 1 | 2 | 3) => near.map((one) => one.bbox[place]);
  return [Math.min(...at(0)), Math.min(...at(1)), Math.max(...at(2)), Math.max(...at(3))];
}

/** Return the figures of the nation and of the chosen area; nothing where a layer has no series. */
async function seriesOf(board: Board): Promise<Series | null> {
  const { view, layer, legend } = board;
  if (layer.kind === "category" || shownBy(layer.id).measure !== "value") return null;
  const codes = [...new Set([view.area, view.parent, NATION])].filter(Boolean).join(",");
  const vintage = view.vintage ? `&vintage=${legend.vintage}` : "";
  try {
    return await get<Series>(`/v1/series?indicator=${encodeURIComponent(layer.id)}&areas=${codes}${vintage}`);
  } catch (error) {
    if (!isGone(error)) throw error;
    return null; // an area of the past is on no boundaries of today
  }
}

/** What all maps have in common. */
interface Shared {
  plate: Plate;
  camera: Camera;
  legend: Legend;
  areas: ReadonlyMap<string, Area>;
  codes: readonly string[];
  /** Whether an area is one of those shown; the others are paper. */
  isShown: (code: string) => boolean;
}

async function plateOf(board: Board, box: Box, query: string): Promise<[Plate, Camera]> {
  const camera = fitted(box, SIZE, EDGE);
  const { tiles, maxzoom } = await tilesOf(board.layer.id, query);
  const found = await Promise.all(tilesInSight(camera, SIZE, maxzoom).map((address) => tileAt(tiles[0] as string, address)));
  const [plate] = await etched(found, camera, SIZE);
  return [plate, camera];
}

function circles(canvas: HTMLCanvasElement, at: Periods["periods"][number], { camera, legend, areas, codes, isShown }: Shared): void {
  const on = canvas.getContext("2d");
  const scale = legend.circles;
  if (!on || !scale) return;
  const placing = placingOf(camera, SIZE, canvas);
  const largest = SHRUNK * largestRadius(scale, camera.zoom) * (canvas.width / SIZE.width);
  const shown = codes.map((code, index) => ({ area: areas.get(code), value: at.values[index] ?? 0 })).filter(({ area }) => area && isShown(area.code));
  on.globalAlpha = 0.72;
  for (const { area, value } of shown.sort((a, b) => Math.abs(b.value) - Math.abs(a.value))) {
    const [x, y] = inPlane(area?.centre[0] ?? 0, area?.centre[1] ?? 0);
    on.beginPath();
    on.arc(x * placing.scale + placing.left, y * placing.scale + placing.top, largest * Math.sqrt(Math.abs(value) / scale.most), 0, 2 * Math.PI);
    on.fillStyle = value < 0 ? scale.below : scale.above;
    on.fill();
  }
}

function draw(canvas: HTMLCanvasElement, at: Periods["periods"][number], shared: Shared): void {
  const { plate, legend, codes, isShown } = shared;
  [canvas.width, canvas.height] = [plate.width, plate.height];
  const image = new ImageData(plate.width, plate.height);
  const { colours, noData } = coloursOf(legend);
  const pixels = colours.map(pixelOf);
  const classes = new Map(codes.map((code, index) => [code, at.classes[index] ?? -1]));
  const [water, missing, pale] = [colourOf(canvas, "--water"), noData, colourOf(canvas, "--tint")].map(pixelOf) as [number, number, number];
  const pixel = (code: string) => (isShown(code) ? (pixels[classes.get(code) ?? -1] ?? missing) : pale);
  pour(plate, water, pixel, new Uint32Array(image.data.buffer));
  canvas.getContext("2d", { alpha: false })?.putImageData(image, 0, 0);
  circles(canvas, at, shared);
}

/** Return the area at a place of a map. */
function areaAt({ plate }: Shared, names: readonly string[], canvas: HTMLCanvasElement, event: MouseEvent): string {
  const box = canvas.getBoundingClientRect();
  const column = Math.floor(((event.clientX - box.left) / box.width) * plate.width);
  const row = Math.floor(((event.clientY - box.top) / box.height) * plate.height);
  return names[(plate.areas[row * plate.width + column] ?? 0) - 1] ?? "";
}

function legendRow(shared: Shared, board: Board): HTMLElement {
  const { lang } = board.view;
  const { legend, camera } = shared;
  const scale = legend.circles;
  const round = (value: number, radius: number) => {
    const size = Math.ceil(2 * radius + 2);
    const circle = s("circle", { cx: size / 2, cy: size / 2, r: radius, fill: value < 0 ? scale?.below : scale?.above, "fill-opacity": 0.72 });
    const told = full(value, { unit: { ja: "", en: "" }, decimals: scale?.decimals ?? 0 }, lang);
    return h("li", {}, s("svg", { width: size, height: size, "aria-hidden": "true" }, circle), h("span", {}, told));
  };
  const rows = scale
    ? examples(scale, SHRUNK * largestRadius(scale, camera.zoom), scale.decimals).map((one) => round(one.value, one.radius))
    : legend.classes.map((one) => h("li", {}, swatch(one.colour), h("span", {}, one.label[lang])));
  return h(
    "section",
    { "aria-label": text("legend", lang), id: "years-legend" },
    h("h3", {}, withUnit(legend.title, legend.unit, lang)),
    h("ul", {}, ...rows, h("li", {}, swatch(legend.no_data.colour), h("span", {}, legend.no_data.label[lang]))),
    h("p", { class: "soft" }, text(scale ? "circlesByCount" : "breaksOver", lang)),
  );
}

function parentChoice(board: Board, prefectures: ReadonlyMap<string, Area>): HTMLElement | null {
  const { view, legend, go } = board;
  const { lang } = view;
  if (legend.level === "prefecture") return null;
  const field = h(
    "select",
    { id: "years-parent" },
    h("option", { value: "" }, text("wholeNation", lang)),
    ...[...prefectures.values()].map((one) => h("option", { value: one.code, selected: one.code === view.parent }, one.name[lang])),
  );
  field.addEventListener("change", () => go({ parent: field.value }));
  return h("label", {}, h("span", {}, text("withinArea", lang)), field);
}

async function drawYears(target: HTMLElement, board: Board): Promise<void> {
  const { view, layer, legend, go } = board;
  const { lang } = view;
  const address = location.search;
  const chosen = spread(layer.periods_by_level[legend.level] ?? []);
  const query = layerQuery({ ...view, level: legend.level, period: "", breaks_over: "all" });
  const parent = legend.level === "prefecture" ? "" : view.parent;
  const areas = await gazetteer(legend.level, view.vintage);
  const inside = parent ? [...areas.values()].filter((one) => one.prefecture === parent) : [];
  const near = nearOnes(inside);
  const box = near.length ? boxOf(near) : ((legend.part as Box | null) ?? JAPAN);
  const [told, common, prefectures, series, [plate, camera]] = await Promise.all([
    periodsOf(layer.id, query),
    legendOf(layer.id, query),
    gazetteer("prefecture", view.vintage).catch(() => new Map<string, Area>()),
    seriesOf(board),
    plateOf(board, box, layerQuery({ ...view, level: legend.level, period: legend.period })),
  ]);
  if (hasMovedOn(address)) return;
  const isShown = (code: string) => !inside.length || areas.get(code)?.prefecture === parent;
  const shared: Shared = { plate, camera, legend: common, areas, codes: told.codes, isShown };
  const names = [...plate.codes.keys()];
  const maps = chosen.flatMap((period) => {
    const at = told.periods.find((one) => one.period === period);
    return at ? [{ at, canvas: h("canvas", { "aria-hidden": "true" }), figure: h("span", { class: "figure-of" }) }] : [];
  });
  const light = (code: string) => {
    const place = told.codes.indexOf(code);
    for (const { at, figure } of maps) {
      const value = valueText(at.values[place] ?? null, layer, lang);
      figure.replaceChildren(...(place < 0 ? ["\u00a0"] : [areas.get(code)?.name[lang] ?? "", " ", h("b", {}, value)]));
    }
  };
  const figures = maps.map(({ at, canvas, figure }) => {
    canvas.addEventListener("mousemove", (event) => {
      const code = areaAt(shared, names, canvas, event);
      light(isShown(code) && code ? code : view.area);
    });
    canvas.addEventListener("mouseleave", () => light(view.area));
    const open = () => go({ stage: "map", period: at.period, breaks_over: "all" });
    return h(
      "li",
      {},
      h("button", { type: "button", title: text("onMap", lang), onclick: open }, canvas, h("span", { class: "when" }, at.label[lang]), figure),
    );
  });
  const crossed = layer.breaks.filter((one) => chosen.some((period) => period < one.period) && chosen.some((period) => period >= one.period));
  const lines = series?.series.map((one) => ({ name: one.name[lang], points: one.points })) ?? [];
  const chart = { lines, unit: layer.unit, decimals: layer.decimals, label: board.label, summary: "" };
  show(
    target,
    h("div", { class: "shared" }, parentChoice(board, prefectures), legendRow(shared, board)),
    ...crossed.map((one) => h("p", { class: "soft break" }, `${board.label(one.period)}${text("breakAt", lang)}`, one.reason[lang])),
    near.length < inside.length ? h("p", { class: "soft" }, text("islandsOutside", lang)) : null,
    h("ul", { class: "multiples" }, ...figures),
    lines.length ? h("details", { class: "figures" }, h("summary", {}, text("asTable", lang)), chartTable(chart, lang)) : null,
    about(board),
  );
  for (const { at, canvas } of maps) {
    draw(canvas, at, shared);
    drawnOnPaper(canvas, () => draw(canvas, at, shared));
  }
  light(view.area);
}

export { drawYears as draw };
