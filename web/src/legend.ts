/** The legend: what each colour means, how many areas have it, and how the values are spread. */

import type { Lang, Legend, LegendClass, Values } from "./api";
import { examples, largestRadius, type Scale } from "./circles";
import { h, s, swatch } from "./element";
import { gapDefinition, gapKey } from "./gap";
import { measureOf, sample } from "./marks";
import { full } from "./numbers";
import { text, withUnit } from "./texts";
import { dayText } from "./vintages";

const BINS = 40;
const WIDTH = 232;
const HEIGHT = 44;
const RECOUNT_MS = 100;
const NO_UNIT = { ja: "", en: "" };

/** The place of areas without data among the classes. */
export const NO_DATA = -1;
const FOLDED = "chiiki:legend";
/** In a frame smaller than this, an open legend reaches the land of a map of the nation. */
const ROOMY = { width: 560, height: 520 };

/** Whose values the breaks are made of: the period's, all periods' as asked, or all periods' because the slider moves. */
export type Breaks = "period" | "all" | "moving";

/** What a legend tells now; while it is the same, only counts change. */
const shown = new WeakMap<HTMLElement, { classes: LegendClass[]; lang: Lang; breaks: Breaks; zoom: number; vintage: string }>();

/** What a legend's histogram is drawn between, and whom it tells of the class that is pointed out. */
const alive = new WeakMap<HTMLElement, { edges: [number, number] | null; lit: Lit | undefined; pinned: number | null }>();

/** Is told which class is pointed out: its place, `NO_DATA`, or null for none. */
export type Lit = (at: number | null) => void;

let waiting: ReturnType<typeof setTimeout> | undefined;
let newest: Parameters<typeof recount> | null = null;

/** Return counts in bins of equal width between the 1st and the 99th percentile; what lies beyond is in the outer bins. */
export function histogram(values: number[], bins = BINS): { edges: [number, number]; counts: number[] } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const [low, high] = [at(0.01), at(0.99)];
  const counts = Array.from({ length: bins }, () => 0);
  for (const value of sorted) {
    const place = high > low ? Math.floor(((value - low) / (high - low)) * bins) : 0;
    const bin = Math.max(0, Math.min(bins - 1, place));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { edges: [low, high], counts };
}

function spread(legend: Legend, values: Values, lang: Lang): { drawn: Element; edges: [number, number] } | null {
  const present = values.values.filter((one): one is number => one !== null);
  if (present.length < 20) return null;
  const { edges, counts } = histogram(present);
  const most = Math.max(...counts);
  const step = WIDTH / BINS;
  const bars = counts.map((count, index) => {
    const middle = edges[0] + ((edges[1] - edges[0]) * (index + 0.5)) / BINS;
    const found = legend.classes.find((one) => one.upper !== null && middle <= one.upper) ?? legend.classes.at(-1);
    const height = (count / most) * HEIGHT;
    const colour = legend.circles ? (middle < 0 ? legend.circles.below : legend.circles.above) : found?.colour;
    return s("rect", { x: index * step, y: HEIGHT - height, width: step - 0.6, height, fill: colour ?? legend.no_data.colour });
  });
  const drawn = s("svg", { class: "histogram", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": text("distribution", lang) }, ...bars);
  return { drawn, edges };
}

function counted(legend: Legend, classes: (number | null)[] | null): number[] {
  if (!classes) return [...legend.classes.map((one) => one.count), legend.no_data.count];
  const counts = Array.from({ length: legend.classes.length + 1 }, () => 0);
  for (const one of classes) {
    const index = one ?? legend.classes.length;
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
}

/** Return the class of each value: the first whose upper bound it does not exceed, else the last; null where missing, and where there are no classes. */
export function classesOf(values: (number | null)[], classes: LegendClass[]): (number | null)[] {
  return values.map((value) => {
    if (value === null || classes.length === 0) return null;
    const found = classes.findIndex((one) => one.upper !== null && value <= one.upper);
    return found === -1 ? classes.length - 1 : found;
  });
}

/** Return a legend's foot: whose breaks these are, and the spread of the values; the spread of another period keeps its room, unseen. */
function foot(target: HTMLElement, legend: Legend, lang: Lang, values: Values | null, breaks: Breaks): HTMLElement | null {
  const note = breaks === "period" ? null : h("p", { class: "breaks" }, text(breaks === "all" ? "breaksOver" : "breaksMoving", lang));
  const told = values && spread(legend, values, lang);
  const drawn = values ? told?.drawn : target.querySelector(".histogram");
  const state = alive.get(target);
  if (state && values) state.edges = told?.edges ?? null;
  return note || drawn ? h("div", { class: ["foot", breaks, values ? "" : "stale"].filter(Boolean).join(" ") }, note, drawn) : null;
}

export interface Known {
  /** Their spread is drawn. */
  values?: Values | null;
  /** Counted instead of those that the legend tells. */
  classes?: (number | null)[] | null;
  breaks?: Breaks;
  /** Of the map, for circles. */
  zoom?: number;
  /** The date of the boundaries, where it was chosen. */
  vintage?: string;
  /** Where given, the legend can be folded, and its classes be pointed out. */
  lit?: Lit | undefined;
}

/** Return the circles that tell what the map's are for; one of losses too where there are some. */
function circleRows(scale: Scale, zoom: number, lang: Lang): HTMLElement[] {
  const largest = largestRadius(scale, zoom);
  const shown = examples(scale, largest, scale.decimals);
  const width = 2 * Math.max(...shown.map((one) => one.radius), 11) + 2;
  return shown.map(({ value, radius }) => {
    const size = { width, height: Math.max(2 * radius + 2, 14) };
    const colour = value < 0 ? scale.below : scale.above;
    const circle = s("circle", { cx: width / 2, cy: size.height / 2, r: radius, fill: colour, "fill-opacity": 0.8 });
    return h(
      "li",
      { class: "circle" },
      s("svg", { ...size, "aria-hidden": "true" }, circle),
      h("span", {}, full(value, { unit: NO_UNIT, decimals: scale.decimals }, lang)),
    );
  });
}

/** Return where a legend is drawn: beside what a page keeps in it. */
function bodyOf(target: HTMLElement): HTMLElement {
  const kept = tuned.get(target);
  if (!kept) return target;
  if (kept.body.parentElement !== target) target.replaceChildren(kept.body, kept.more);
  return kept.body;
}

/** What pages keep in a legend, whatever is drawn in it. */
const tuned = new WeakMap<HTMLElement, { body: HTMLElement; more: HTMLElement }>();

/** Keep an element at the end of a legend. */
export function keepIn(target: HTMLElement, more: HTMLElement): void {
  const body = h("div", { class: "told" }, ...target.childNodes);
  tuned.set(target, { body, more });
  target.replaceChildren(body, more);
}

/** Return a row of a legend as a button: its areas stand out while it is pointed at or focused, and for good once it is pressed. */
function classButton(target: HTMLElement, at: number, told: Node[]): HTMLElement {
  const button = h("button", { type: "button", class: "class", "aria-pressed": "false" }, ...told);
  const state = () => alive.get(target);
  const light = (lit: number | null) => state()?.lit?.(lit ?? state()?.pinned ?? null);
  const press = (pinned: number | null) => {
    const held = state();
    if (held) held.pinned = pinned;
    for (const other of target.querySelectorAll<HTMLElement>(".class"))
      other.setAttribute("aria-pressed", String(other.parentElement?.dataset["at"] === String(pinned)));
  };
  button.addEventListener("pointerenter", (event) => event.pointerType !== "touch" && light(at));
  button.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && light(null));
  button.addEventListener("focus", () => button.matches(":focus-visible") && light(at));
  button.addEventListener("blur", () => light(null));
  button.addEventListener("click", () => {
    const isPinned = state()?.pinned === at;
    press(isPinned ? null : at);
    light(isPinned ? null : at);
  });
  return button;
}

/** Whether a legend is folded: as the reader left it, else where it would lie over land. */
function isFolded(target: HTMLElement): boolean {
  if (getComputedStyle(target).position !== "absolute") return false; // it stands under the map, and has no button
  try {
    const left = localStorage.getItem(FOLDED);
    if (left) return left === "folded";
  } catch {
    // a browser that keeps nothing
  }
  const frame = target.parentElement;
  const isCramped = frame !== null && (frame.clientWidth < ROOMY.width || frame.clientHeight < ROOMY.height);
  return isCramped;
}

function foldButton(target: HTMLElement, lang: Lang): HTMLElement {
  const button = h("button", { type: "button", class: "fold" });
  const show = (folded: boolean) => {
    target.classList.toggle("folded", folded);
    button.setAttribute("aria-expanded", String(!folded));
    button.setAttribute("aria-label", text(folded ? "unfoldLegend" : "foldLegend", lang));
    button.title = text(folded ? "unfoldLegend" : "foldLegend", lang);
  };
  button.addEventListener("click", () => {
    const folded = !target.classList.contains("folded");
    show(folded);
    try {
      localStorage.setItem(FOLDED, folded ? "folded" : "open");
    } catch {
      // it is folded for now
    }
  });
  show(isFolded(target));
  return button;
}

/** Mark where a value lies in a legend's histogram, and the class that it is in; null marks nothing. */
export function markValue(target: HTMLElement, value: number | null, at: number | null): void {
  for (const row of target.querySelectorAll<HTMLElement>("li[data-at]")) row.classList.toggle("here", at !== null && row.dataset["at"] === String(at));
  target.querySelector(".histogram .mark")?.remove();
  const edges = alive.get(target)?.edges;
  if (value === null || !edges || target.querySelector(".foot.stale")) return;
  const [low, high] = edges;
  const x = high > low ? Math.min(Math.max(((value - low) / (high - low)) * WIDTH, 1), WIDTH - 1) : WIDTH / BINS / 2;
  target.querySelector(".histogram")?.append(s("path", { class: "mark", d: `M${x} 0V${HEIGHT}M${x - 4} 0h8l-4 6z` }));
}

/** Draw the legend. */
export function drawLegend(
  target: HTMLElement,
  legend: Legend,
  lang: Lang,
  {
    values = null,
    classes = null,
    breaks = "period",
    zoom = shown.get(target)?.zoom ?? 4,
    vintage = shown.get(target)?.vintage ?? "",
    lit = alive.get(target)?.lit,
  }: Known = {},
): void {
  if (newest?.[0] === target) newest = null;
  lit?.(null);
  alive.set(target, { edges: alive.get(target)?.edges ?? null, lit, pinned: null });
  shown.set(target, { classes: legend.classes, lang, breaks, zoom, vintage });
  const isCategorical = legend.classes.every((one) => one.lower === null);
  const counts = counted(legend, classes);
  const rows = legend.classes.map((one, at) => ({ at, colour: one.colour, label: one.label[lang], count: counts[at] ?? 0 }));
  if (!isCategorical) rows.reverse();
  if (legend.circles) rows.length = 0;
  rows.push({ at: NO_DATA, colour: legend.no_data.colour, label: legend.no_data.label[lang], count: counts.at(-1) ?? 0 });
  bodyOf(target).replaceChildren(
    ...(lit ? [foldButton(target, lang)] : []),
    h("h3", {}, withUnit(legend.title, legend.unit, lang)),
    ...(lit && !legend.circles ? [h("div", { class: "strip", "aria-hidden": "true" }, ...legend.classes.map((one) => swatch(one.colour)))] : []),
    h("p", { class: "when" }, `${legend.period_label?.[lang] ?? legend.period}`, h("span", {}, text("areasCounted", lang))),
    h(
      "ul",
      {},
      ...(legend.circles ? circleRows(legend.circles, zoom, lang) : []),
      ...rows.map((row) => {
        const told = [sample(row.colour), h("span", {}, row.label), h("data", { value: row.count }, row.count.toLocaleString(lang))];
        return h("li", { class: row.count ? "" : "none", "data-at": row.at }, ...(lit && !legend.circles ? [classButton(target, row.at, told)] : told));
      }),
    ),
    ...(vintage ? [h("p", { class: "soft dated" }, text("boundaries", lang), h("time", { datetime: vintage }, dayText(vintage, lang)))] : []),
    ...(gapDefinition(legend.layer) ? [gapKey(legend.title[lang], lang)] : []),
    ...(legend.coverage ? [h("p", { class: "soft lacks" }, legend.coverage[lang])] : []),
    ...[isCategorical ? null : foot(target, legend, lang, values, breaks)].filter((one) => one !== null),
    ...(measureOf(legend.layer) ? [h("p", { class: "soft" }, text("marksTogether", lang))] : []),
  );
}

/** Tell the counts of the period that a slider passes: soon, not at once, for they are read while the map is watched. Other colours are told at once. */
export function recountSoon(...next: Parameters<typeof recount>): void {
  if (!isShown(...next)) return recount(...next);
  newest = next;
  if (waiting !== undefined) return;
  waiting = setTimeout(() => {
    waiting = undefined;
    if (newest) recount(...newest);
  }, RECOUNT_MS);
}

function isShown(...[target, legend, lang, , breaks]: Parameters<typeof recount>): boolean {
  const now = shown.get(target);
  return now?.classes === legend.classes && now.lang === lang && now.breaks === breaks;
}

/** Tell another period's counts; where the legend is drawn already only what differs. */
function recount(target: HTMLElement, legend: Legend, lang: Lang, classes: (number | null)[], breaks: Breaks): void {
  if (!isShown(target, legend, lang, classes, breaks)) return drawLegend(target, legend, lang, { classes, breaks });
  const counts = legend.circles ? counted(legend, classes).slice(-1) : counted(legend, classes);
  const rows = [...target.querySelectorAll("li:has(data)")];
  if (!legend.circles && legend.classes.some((one) => one.lower !== null)) rows.unshift(...rows.splice(0, legend.classes.length).reverse());
  rows.forEach((row, index) => {
    const count = counts[index] ?? 0;
    const told = row.querySelector("data");
    if (!told || told.value === String(count)) return;
    told.value = String(count);
    told.textContent = count.toLocaleString(lang);
    row.classList.toggle("none", count === 0);
  });
  target.querySelector(".when")?.firstChild?.replaceWith(legend.period_label[lang]);
  target.querySelector(".foot")?.classList.add("stale"); // it is of the period that was drawn
}
