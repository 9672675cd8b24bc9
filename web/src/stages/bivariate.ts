/** Two indicators in one map, three classes each, with a scatter plot linked to it, which plays over the periods that both have. */

import { type Area, gazetteer, type Lang, type Layer, layers, type Periods, periodLabel, periods as periodsOf, type Values, values } from "../api";
import { h, s } from "../element";
import { inLanguage } from "../language";
import type { RegionalMap } from "../map";
import { full } from "../numbers";
import type { Board } from "../panel";
import { text, withUnit } from "../texts";
import { type Timeline, timeline } from "../timeline";
import { layerQuery, type View } from "../view";
import { isIndicator, pageOf } from "./about";
import { baseOf } from "./change";
import { farFrom, leastSquares } from "./fit";
import { type Allowed, layerPicker } from "./picker";
import { type Dot, type Drawing, onAxis, type Range, rangeOf, Scatter, type Side } from "./scatter";
import { hasMovedOn, show } from "./sheet";
import type { Beside } from "./two";
import "./bivariate.css";
import "./two.css";

/** Rows from low to high of the first indicator, columns of the second (Stevens, “purple–blue”, even in lightness). */
export const COLOURS = ["#e8e8e8", "#ace4e4", "#5ac8c8", "#dfb0d6", "#a5add3", "#5698b9", "#be64ac", "#8c62aa", "#3b4994"] as const;
const NO_DATA = "#ffffff";
const NUMBERS: Allowed = { categories: false, same: false };
const POPULATION = "population";
/** Areas far off that are told under the plot. */
const MOST_FAR = 12;

/** Return the rank of each value, from 1; equal values share the mean of theirs. */
function meanRanks(all: number[]): number[] {
  const order = all.map((_value, index) => index).sort((a, b) => (all[a] ?? 0) - (all[b] ?? 0));
  const ranks = Array.from({ length: all.length }, () => 0);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && all[order[to + 1] ?? 0] === all[order[from] ?? 0]) to += 1;
    for (const place of order.slice(from, to + 1)) ranks[place] = (from + to) / 2 + 1;
    from = to + 1;
  }
  return ranks;
}

/** Return Spearman's rank correlation, which a few far values do not bend; null for fewer than three pairs or no spread. */
export function rankCorrelation(pairs: [number, number][]): number | null {
  const n = pairs.length;
  const [x, y] = [meanRanks(pairs.map((pair) => pair[0])), meanRanks(pairs.map((pair) => pair[1]))];
  const middle = (n + 1) / 2;
  let [xy, xx, yy] = [0, 0, 0];
  for (let index = 0; index < n; index += 1) {
    const [a, b] = [(x[index] ?? 0) - middle, (y[index] ?? 0) - middle];
    xy += a * b;
    xx += a * a;
    yy += b * b;
  }
  return n >= 3 && xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : null;
}

/** Return the class of each area: 3 × the first's class + the second's, null where either is missing. */
export function paired(codes: string[], first: (number | null)[], second: Map<string, number | null>): (number | null)[] {
  return codes.map((code, index) => {
    const [a, b] = [first[index] ?? null, second.get(code) ?? null];
    return a === null || b === null ? null : a * 3 + b;
  });
}

function key(names: [string, string], counts: number[], lang: Lang): HTMLElement {
  const cell = 30;
  const boxes = COLOURS.map((colour, index) =>
    s(
      "g",
      {},
      s("rect", { x: 22 + (index % 3) * cell, y: (2 - Math.floor(index / 3)) * cell, width: cell - 1, height: cell - 1, fill: colour }),
      s(
        "text",
        {
          x: 22 + (index % 3) * cell + cell / 2,
          y: (2 - Math.floor(index / 3)) * cell + cell / 2 + 4,
          "text-anchor": "middle",
          fill: [5, 6, 7, 8].includes(index) ? "#fff" : "#17212b",
          "font-size": 11,
        },
        counts[index] ?? 0,
      ),
    ),
  );
  return h(
    "div",
    { class: "key" },
    s(
      "svg",
      { viewBox: "0 0 116 112", width: 138, height: 133, role: "img", "aria-label": `${names[0]} × ${names[1]}` },
      ...boxes,
      s(
        "text",
        { x: -46, y: 12, transform: "rotate(-90)", "text-anchor": "middle", "font-size": 10, fill: "currentColor" },
        `${text("low", lang)} → ${text("high", lang)}`,
      ),
      s("text", { x: 67, y: 104, "text-anchor": "middle", "font-size": 10, fill: "currentColor" }, `${text("low", lang)} → ${text("high", lang)}`),
    ),
    h("dl", {}, h("dt", {}, "↑"), h("dd", {}, names[0]), h("dt", {}, "→"), h("dd", {}, names[1])),
  );
}

function thirds(view: View): string {
  return layerQuery({ ...view, scheme: "quantiles", k: "3", breaks: "", breaks_over: "period", palette: "" });
}

/** Values and classes of a layer in one period. */
type Column = Pick<Values, "codes" | "values" | "classes">;

/** The two indicators, and what of the areas is known beside them. */
interface Pair {
  y: Layer;
  x: Layer;
  areas: ReadonlyMap<string, Area>;
  people: ReadonlyMap<string, number | null>;
}

/** How the plot is drawn, as long as the page is open. */
const manner = { isSized: true, isLog: false };

interface Shown {
  dots: Dot[];
  classes: (number | null)[];
  /** Areas that lack a value. */
  missing: number;
  /** Areas with both values that a logarithmic scale has no place for. */
  left: number;
}

function dotsOf(mine: Column, theirs: Column, { y, x, areas, people }: Pair, lang: Lang): Shown {
  const place = new Map(theirs.codes.map((code, index) => [code, index]));
  const classOf = new Map(theirs.codes.map((code, index) => [code, theirs.classes[index] ?? null]));
  const classes = paired(mine.codes, mine.classes, classOf);
  const isLog = { x: isLogarithmic(x), y: isLogarithmic(y) };
  let left = 0;
  const dots = mine.codes.flatMap((code, index): Dot[] => {
    const [one, other, at] = [mine.values[index] ?? null, theirs.values[place.get(code) ?? -1] ?? null, classes[index] ?? null];
    if (one === null || other === null || at === null) return [];
    if ((isLog.y && one <= 0) || (isLog.x && other <= 0)) {
      left += 1;
      return [];
    }
    const residents = manner.isSized ? (people.get(code) ?? 0) : null;
    return [{ code, name: areas.get(code)?.name[lang] ?? code, x: other, y: one, class: at, people: residents }];
  });
  return { dots, classes, left, missing: mine.codes.length - dots.length - left };
}

function isLogarithmic(layer: Layer): boolean {
  return manner.isLog && layer.kind === "count";
}

function sideOf(layer: Layer, period: string, lang: Lang): Side {
  return {
    unit: layer.unit,
    decimals: layer.decimals,
    isLog: isLogarithmic(layer),
    title: `${withUnit(layer.name, layer.unit, lang)} ${periodLabel(layer, period, lang)}`,
  };
}

function drawingOf(dots: Dot[], x: Side, y: Side, held?: { x: Range; y: Range }): Drawing {
  const pairs = dots.map((dot): [number, number] => [onAxis(dot.x, x), onAxis(dot.y, y)]);
  const fit = leastSquares(pairs);
  const bounds = held ?? { x: rangeOf(pairs.map(([one]) => one)), y: rangeOf(pairs.map(([, one]) => one)) };
  return { dots, x, y, colours: COLOURS, fit, far: fit ? farFrom(pairs, fit) : [], bounds };
}

function number(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en", { maximumSignificantDigits: 3 }).replace("-", "−");
}

/** Return how the two go together, in a line: correlations, how many, and the line itself. */
function inWords({ dots, fit, x, y }: Drawing, lang: Lang): string {
  const rho = rankCorrelation(dots.map((dot) => [dot.x, dot.y]));
  const two = (value: number | null | undefined) => (value === null || value === undefined ? "—" : value.toFixed(2).replace("-", "−"));
  const [named, against] = [y.isLog ? "log₁₀ y" : "y", x.isLog ? "log₁₀ x" : "x"];
  const line = fit ? `${named} = ${number(fit.intercept)} ${fit.slope < 0 ? "−" : "+"} ${number(Math.abs(fit.slope))} ${against}` : "—";
  return text("fitInWords", lang)
    .replace("{r}", two(fit?.r))
    .replace("{rho}", two(rho))
    .replace("{n}", dots.length.toLocaleString(lang))
    .replace("{line}", line);
}

/** Return the areas far from the line as buttons, above or below it. */
function farOff({ dots, far, fit, x, y }: Drawing, board: Board): HTMLElement {
  const { lang } = board.view;
  const told = far.flatMap((place) => dots[place] ?? []);
  if (!told.length || !fit) return h("p", { class: "soft far" }, text("noneFar", lang));
  const item = (dot: Dot) => {
    const isAbove = onAxis(dot.y, y) > fit.intercept + fit.slope * onAxis(dot.x, x);
    return h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: "text", title: `${full(dot.y, y, lang)} / ${full(dot.x, x, lang)}`, onclick: () => board.go({ area: dot.code }) },
        dot.name,
      ),
      isAbove ? "↑" : "↓",
    );
  };
  const rest = told.length - MOST_FAR;
  return h(
    "div",
    { class: "far soft" },
    h("p", {}, text("farOff", lang).replace("{}", told.length.toLocaleString(lang))),
    h("ul", {}, ...told.slice(0, MOST_FAR).map(item), rest > 0 ? h("li", {}, text("andMore", lang).replace("{}", rest.toLocaleString(lang))) : null),
  );
}

/** Return the values of all areas as a table, the farthest above the line first. */
function table({ dots, fit, x, y }: Drawing, board: Board): HTMLElement {
  const { lang } = board.view;
  const off = (dot: Dot) => onAxis(dot.y, y) - (fit ? fit.intercept + fit.slope * onAxis(dot.x, x) : 0);
  const number = (value: string) => h("td", { class: "number" }, value);
  const row = (dot: Dot) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, h("button", { type: "button", class: "text", onclick: () => board.go({ area: dot.code }) }, dot.name)),
      number(full(dot.y, y, lang)),
      number(full(dot.x, x, lang)),
    );
  const head = [text("name", lang), y.title, x.title].map((name, index) => h("th", { scope: "col", class: index ? "number" : null }, name));
  const rows = [...dots].sort((one, other) => off(other) - off(one)).map(row);
  return h("table", { id: "scatter-table" }, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows));
}

function check(id: "isSized" | "isLog", label: string, changed: () => void): HTMLElement {
  const box = h("input", { type: "checkbox", id: `scatter-${id}`, checked: manner[id] });
  box.addEventListener("change", () => {
    manner[id] = box.checked;
    changed();
  });
  return h("label", { class: "check" }, box, label);
}

let isLinked = false;
let scatter: Scatter | null = null;
let player: { element: HTMLElement; timeline: Timeline } | null = null;
/** What the player does; of the newest view. */
let play: { moved: (period: string) => void; settled: (period: string) => void } = { moved: () => undefined, settled: () => undefined };

function playerOf(): { element: HTMLElement; timeline: Timeline } {
  if (player) return player;
  const element = h("div", { class: "player", role: "group" });
  const made = timeline(
    element,
    (period) => play.moved(period),
    (period) => play.settled(period),
    { id: "scatter-period" },
  );
  player = { element, timeline: made };
  return player;
}

function columnOf(told: Periods, period: string): Column | null {
  const found = told.periods.find((one) => one.period === period);
  return found ? { codes: told.codes, values: found.values, classes: found.classes } : null;
}

/** Show the map in nine colours, and beside it the scatter plot. */
export async function showBivariate(frames: HTMLElement, board: Board, first: RegionalMap, { other, credited }: Beside): Promise<void> {
  const { view, layer, legend, go } = board;
  const lang = view.lang;
  const address = location.search;
  const candidates = await layers([view.layer2, layer.id === "ageing-rate" ? "population-change" : "ageing-rate"].filter(Boolean));
  if (hasMovedOn(address)) return;
  const second = candidates.find((one) => one.kind !== "category" && one.levels.includes(legend.level));
  let frame = document.getElementById("beside");
  if (!frame?.querySelector(".scatter")) {
    frame?.remove();
    frame = h("div", { class: "frame plotted", id: "beside" });
    frames.append(frame);
    scatter = null;
  }
  frame.removeAttribute("hidden");
  if (layer.kind === "category" || !second) {
    frame.replaceChildren(h("div", { class: "scatter" }), h("p", { class: "soft" }, text("noData", lang)), layerPicker(board, layer, NUMBERS));
    scatter = null;
    return;
  }
  const { level } = legend;
  const theirPeriods = second.periods_by_level[level] ?? [];
  const common = (layer.periods_by_level[level] ?? []).filter((one) => theirPeriods.includes(one));
  const period = [other.period, legend.period].find((one) => theirPeriods.includes(one)) ?? "";
  const own = { ...view, level };
  const asked = new URLSearchParams({ level, ...(view.vintage ? { vintage: legend.vintage } : {}) }).toString();
  const [mine, theirs, areas, residents] = await Promise.all([
    values(layer.id, thirds({ ...own, period: legend.period })),
    values(second.id, thirds({ ...own, period })),
    gazetteer(level, view.vintage),
    values(POPULATION, asked).catch(() => null), // not at every level, and on no boundaries of the past that lack it
  ]);
  if (hasMovedOn(address)) return;
  credited(theirs);
  const people = new Map(residents?.codes.map((code, index) => [code, residents.values[index] ?? null]));
  const pair: Pair = { y: layer, x: second, areas, people };
  const chosen = [...new Set([view.area, ...view.areas])].filter(Boolean);
  const told = h("p", { class: "soft told", id: "fit" });
  const far = h("div", {});
  const plot = h("div", { class: "scatter" });
  const plotted = new Scatter(plot, lang, { pointed: (code) => first.highlight(code ?? undefined), chosen: (area) => go({ area }) });
  scatter = plotted;

  /** Show one period of each on the map and in the plot; axes are held while periods are played. */
  const lay = (y: Column, x: Column, at: { y: string; x: string }, held?: { x: Range; y: Range }) => {
    const { dots, classes, left, missing } = dotsOf(y, x, pair, lang);
    first.paint({ colours: [...COLOURS], noData: NO_DATA, classes: { codes: y.codes, classes } }, lang);
    const drawing = drawingOf(dots, sideOf(second, at.x, lang), sideOf(layer, at.y, lang), held);
    const notes = [missing ? ["lacking", missing] : null, left ? ["leftOut", left] : null].filter((one) => one !== null) as ["lacking" | "leftOut", number][];
    const words = inWords(drawing, lang) + notes.map(([name, count]) => text(name, lang).replace("{}", count.toLocaleString(lang))).join("");
    told.textContent = words;
    plotted.show(drawing, chosen, `${text("scatter", lang)}: ${drawing.y.title} × ${drawing.x.title}. ${words}`);
    const counts = COLOURS.map((_colour, index) => classes.filter((one) => one === index).length);
    document.getElementById("legend")?.replaceChildren(key([drawing.y.title, drawing.x.title], counts, lang));
    far.replaceChildren(farOff(drawing, board));
    shown = drawing;
    asTable.open = false;
  };
  let shown: Drawing | null = null;
  const rest = () => lay(mine, theirs, { y: mine.period, x: theirs.period });

  let all: Promise<[Periods, Periods, { x: Range; y: Range }]> | null = null;
  const everything = async (): Promise<[Periods, Periods, { x: Range; y: Range }]> => {
    const found = await Promise.all([periodsOf(layer.id, thirds({ ...own, period: "" })), periodsOf(second.id, thirds({ ...own, period: "" }))]);
    const [ys, xs] = found.map((one, index) =>
      one.periods
        .filter((each) => common.includes(each.period))
        .flatMap((each) => each.values.filter((value) => value !== null && (value > 0 || !isLogarithmic(index ? second : layer)))),
    ) as [number[], number[]];
    const range = (numbers: number[], of: Layer) => {
      const placed = numbers.map((value) => onAxis(value, { isLog: isLogarithmic(of) }));
      return rangeOf([placed.reduce((a, b) => Math.min(a, b), Infinity), placed.reduce((a, b) => Math.max(a, b), -Infinity)]);
    };
    return [found[0], found[1], { x: range(xs, second), y: range(ys, layer) }];
  };
  const { element: playing, timeline: slider } = playerOf();
  play = {
    moved: (passed) => {
      all ??= everything();
      void all.then(([ys, xs, held]) => {
        const [y, x] = [columnOf(ys, passed), columnOf(xs, passed)];
        if (!hasMovedOn(address) && y && x) lay(y, x, { y: passed, x: passed }, held);
      });
    },
    settled: (at) => go({ period: at, period2: "" }, { replace: true }),
  };
  const redraw = () => {
    all = null;
    rest();
  };
  const isPlayed = common.length > 1;
  const crossed = [layer, second].flatMap((one) =>
    one.breaks
      .filter((each) => common.some((period) => period < each.period) && common.some((period) => period >= each.period))
      .map((each) => h("p", { class: "soft break" }, `${one.name[lang]}: ${periodLabel(one, each.period, lang)}${text("breakAt", lang)}`, each.reason[lang])),
  );
  const asTable = h("details", { class: "figures" }, h("summary", {}, text("asTable", lang)));
  asTable.addEventListener("toggle", () => {
    if (asTable.open && shown) asTable.append(table(shown, board));
    else asTable.querySelector("table")?.remove();
  });
  const pages = [layer, second].map((one) => baseOf(one.id)).filter(isIndicator);
  show(
    frame,
    h("div", { class: "choices" }, h("span", { class: "soft" }, text("acrossAxis", lang)), layerPicker(board, second, NUMBERS)),
    told,
    ...crossed,
    plot,
    isPlayed ? playing : h("p", { class: "soft" }, text(common.length ? "onePeriodInCommon" : "noPeriodInCommon", lang)),
    h(
      "div",
      { class: "manner" },
      residents ? check("isSized", text("sizedByPeople", lang), redraw) : null,
      [layer, second].some((one) => one.kind === "count") ? check("isLog", text("logScale", lang), redraw) : null,
    ),
    far,
    asTable,
    h(
      "p",
      { class: "soft names" },
      ...pages.map((id, index) => {
        const of = index ? second : layer;
        return h("a", { href: pageOf(id, lang) }, ...inLanguage(`${of.name[lang]}${lang === "ja" ? "：" : ": "}${text("aboutData", lang)}`, lang));
      }),
    ),
  );
  if (isPlayed) slider.draw(common, common.includes(mine.period) ? mine.period : (common.at(-1) ?? ""), (one) => periodLabel(layer, one, lang), lang);
  playing.setAttribute("aria-label", text("period", lang));
  first.resize();
  rest();
  if (isLinked) return;
  isLinked = true;
  first.watch((area) => scatter?.light(area?.code ?? null));
}
