/** Charts: a sparkline as a picture, and lines over time with uPlot, which is fetched when first needed. */

import type { Lang, Point, Texts } from "./api";
import { signNotes, signOf } from "./carried";
import { colourOf, h, s, swatch } from "./element";
import { full, short } from "./numbers";
import { monthName, part, type SeriesBreak, timeline } from "./spans";
import { text } from "./texts";

/** Told apart without colour by dashes too (Okabe and Ito's colour-blind safe set, darkened for contrast). */
export const LINES = [
  { name: "--series-1", colour: "var(--series-1)", dash: [] },
  { name: "--series-2", colour: "var(--series-2)", dash: [8, 4] },
  { name: "--series-3", colour: "var(--series-3)", dash: [2, 3] },
  { name: "--series-4", colour: "var(--series-4)", dash: [10, 3, 2, 3] },
  { name: "--series-5", colour: "var(--series-5)", dash: [5, 5] },
  { name: "--series-6", colour: "var(--series-6)", dash: [1, 4] },
  { name: "--series-7", colour: "var(--series-7)", dash: [12, 4] },
  { name: "--series-8", colour: "var(--series-8)", dash: [2, 6] },
  { name: "--series-9", colour: "var(--series-9)", dash: [8, 3, 2, 3, 2, 3] },
  { name: "--series-10", colour: "var(--series-10)", dash: [4, 2] },
] as const;

export interface LineStyle {
  /** The name of its colour, and the same as CSS has it. */
  name: `--${string}`;
  colour: string;
  dash: readonly number[];
  width?: number;
}

export interface Line {
  name: string;
  points: Point[];
  /** Points only, no line: targets. */
  isTarget?: boolean;
  /** Its own; else that of its place among the lines. */
  style?: LineStyle;
}

export interface Chart {
  lines: Line[];
  breaks?: SeriesBreak[];
  unit: Texts;
  decimals: number;
  label: (period: string) => string;
  summary: string;
  /** The lines are named elsewhere. */
  isKeyed?: boolean;
}

/** Return how a line is drawn. */
export function styleOf(line: Line, index: number): LineStyle {
  return line.style ?? LINES[index % LINES.length] ?? LINES[0];
}

/** Return a piece of a line, to tell it by. */
export function sample({ colour, dash, width = 2.5 }: LineStyle): SVGElement {
  const path = s("path", { d: "M0 7H28", stroke: colour, "stroke-width": width, "stroke-dasharray": dash.join(" ") });
  return s("svg", { class: "sample", width: 28, height: 14, "aria-hidden": "true" }, path);
}

/** Draw a small line of a series' values, open where the series breaks. */
export function sparkline(points: Point[], breaks: SeriesBreak[] = [], width = 96, height = 26): SVGElement {
  const shown = points.filter((one): one is Point & { value: number } => one.value !== null);
  const { at } = timeline(shown.map((one) => one.period));
  const places = shown.map((one) => at(one.period));
  const values = shown.map((one) => one.value);
  const [first, last] = [Math.min(...places), Math.max(...places)];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const x = (period: string) => 3 + ((width - 6) * (at(period) - first)) / (last - first || 1);
  const y = (value: number) => height - 3 - ((height - 6) * (value - low)) / (high - low || 1);
  const goesOn = (index: number) => index > 0 && part(shown[index - 1]?.period ?? "", breaks) === part(shown[index]?.period ?? "", breaks);
  const path = shown.map((one, index) => `${goesOn(index) ? "L" : "M"}${x(one.period).toFixed(1)} ${y(one.value).toFixed(1)}`).join("");
  const end = shown.at(-1);
  return s(
    "svg",
    { class: "sparkline", width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
    s("path", { d: path, fill: "none", stroke: LINES[0].colour, "stroke-width": 1.6 }),
    end ? s("circle", { cx: x(end.period), cy: y(end.value), r: 2.6, fill: LINES[0].colour }) : null,
  );
}

function key(line: Line, index: number): HTMLElement {
  const style = styleOf(line, index);
  if (!line.isTarget) return h("li", {}, sample(style), line.name);
  const ring = s("circle", { cx: 14, cy: 7, r: 4, fill: "none", stroke: style.colour, "stroke-width": 2 });
  return h("li", {}, s("svg", { width: 28, height: 14, "aria-hidden": "true" }, ring), line.name);
}

/** Return the periods of all lines, oldest first. */
function periodsOf(chart: Chart): string[] {
  return [...new Set(chart.lines.flatMap((line) => line.points.map((one) => one.period)))].sort();
}

/** Return the figures of a chart as a table, newest first. */
export function chartTable(chart: Chart, lang: Lang): HTMLTableElement {
  const periods = periodsOf(chart).reverse();
  const head = text(timeline(periods).isOfMonths ? "period" : "year", lang);
  const cells = (period: string) =>
    chart.lines.map((line) => {
      const point = line.points.find((one) => one.period === period);
      if (!point || point.value === null) return h("td", { class: "number" }, "—");
      return h("td", { class: "number" }, full(point.value, chart, lang) + signOf(point.status));
    });
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, head), ...chart.lines.map((line) => h("th", { scope: "col", class: "number" }, line.name)))),
    h("tbody", {}, ...periods.map((period) => h("tr", {}, h("th", { scope: "row" }, chart.label(period)), ...cells(period)))),
  );
}

/** Of more lines than these, dots would hide how each is dashed. */
const MOST_DOTTED = 6;
/** How many months may lie between two marks of an axis. */
const MONTHS_APART = [1, 3, 6, 12, 24, 60, 120, 240];

/** Return the room that an axis's labels take, so that none is cut. */
function roomFor(labels: string[] | null, font: string): number {
  const pen = document.createElement("canvas").getContext("2d");
  if (!pen || !labels) return 50;
  pen.font = font;
  return Math.ceil(Math.max(...labels.map((label) => pen.measureText(label).width))) + 18;
}

/** Draw a dashed line where a series breaks, half a year or half a month before its first period. */
function markBreaks(plotted: uPlot, chart: Chart, ink: string): void {
  const { ctx, bbox } = plotted;
  const { at } = timeline(periodsOf(chart));
  for (const one of chart.breaks ?? []) {
    const x = plotted.valToPos(at(one.period) - 0.5, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.save();
    ctx.strokeStyle = ink;
    ctx.setLineDash([4, 4]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  }
}

function breakNotes(chart: Chart, lang: Lang): HTMLElement[] {
  const periods = chart.lines.flatMap((line) => line.points.filter((one) => one.value !== null).map((one) => one.period));
  const crossed = (chart.breaks ?? []).filter((one) => periods.some((period) => period < one.period) && periods.some((period) => period >= one.period));
  return crossed.map((one) => h("p", { class: "soft break" }, `${chart.label(one.period)}${text("breakAt", lang)}`, one.reason[lang]));
}

function carriedNotes(chart: Chart, lang: Lang): HTMLElement[] {
  return signNotes(
    chart.lines.flatMap((line) => line.points.map((one) => one.status)),
    lang,
  );
}

/** Draw lines over time, with their key, and the figures as a table under it; no line crosses a break. */
export async function lineChart(target: HTMLElement, chart: Chart, lang: Lang, height = 220): Promise<void> {
  const plot = h("div", { class: "plot", role: "img", "aria-label": chart.summary });
  const keys = chart.lines.length > 1 && chart.isKeyed !== false ? h("ul", { class: "keys" }, ...chart.lines.map(key)) : null;
  target.replaceChildren(
    ...[
      keys,
      plot,
      ...breakNotes(chart, lang),
      h("details", { class: "figures" }, h("summary", {}, text("asTable", lang)), chartTable(chart, lang), ...carriedNotes(chart, lang)),
    ].filter((one) => one !== null),
  );
  const [{ default: UPlot }] = await Promise.all([import("uplot"), import("uplot/dist/uPlot.min.css")]);
  const periods = periodsOf(chart);
  const { at: placeOf, isOfMonths } = timeline(periods);
  const data = chart.lines.map((line) => {
    const byPeriod = new Map(line.points.map((one) => [one.period, one.value]));
    return periods.map((period) => byPeriod.get(period) ?? null);
  });
  const parts = [...new Set(periods.map((period) => part(period, chart.breaks)))];
  const pieces = chart.lines.flatMap((line, index) => parts.map((number) => ({ line, index, number })));
  const ink = colourOf(target, "--axis");
  const grid = colourOf(target, "--grid");
  const font = "12px 'Noto Sans CJK JP', 'Noto Sans JP', sans-serif";
  const axis = { stroke: ink, font, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
  const drawn = new UPlot(
    {
      width: Math.max(plot.clientWidth, 200),
      height,
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { size: 7 } },
      hooks: { draw: [(plotted) => markBreaks(plotted, chart, ink)] },
      scales: { x: { time: false } },
      axes: [
        isOfMonths
          ? { ...axis, values: (_plot, splits) => splits.map(monthName), incrs: MONTHS_APART, space: 64 }
          : { ...axis, values: (_plot, splits) => splits.map((year) => (Number.isInteger(year) ? String(year) : "")), space: 44 },
        { ...axis, size: (_plot, labels) => roomFor(labels, font), values: (_plot, splits) => splits.map((value) => short(value, chart, lang)) },
      ],
      series: [
        {},
        ...pieces.map(({ line, index }) => {
          const { name, dash, width = 2 } = styleOf(line, index);
          return {
            label: line.name,
            stroke: colourOf(target, name),
            width: line.isTarget ? 0 : width,
            dash: [...dash],
            spanGaps: true,
            points: { show: line.isTarget || (periods.length < 16 && chart.lines.length <= MOST_DOTTED), size: line.isTarget ? 10 : 5, width: 2 },
          };
        }),
      ],
    },
    [
      periods.map(placeOf),
      ...pieces.map(({ index, number }) => periods.map((period, at) => (part(period, chart.breaks) === number ? (data[index]?.[at] ?? null) : null))),
    ],
    plot,
  );
  plot.classList.toggle("on-dark", getComputedStyle(plot).colorScheme === "dark");
  const tip = h("p", { class: "tip", hidden: true, "aria-hidden": "true" });
  plot.append(tip);
  drawn.over.addEventListener("mousemove", () => {
    const at = drawn.cursor.idx;
    tip.hidden = at === null || at === undefined;
    if (at === null || at === undefined) return;
    const told = chart.lines.map((line, index) => ({ line, index, value: data[index]?.[at] })).filter((one) => typeof one.value === "number");
    tip.replaceChildren(
      h("b", {}, chart.label(periods[at] ?? "")),
      ...told.map(({ line, index, value }) =>
        h("span", {}, swatch(styleOf(line, index).colour), `${chart.lines.length > 1 ? `${line.name} ` : ""}${full(value as number, chart, lang)}`),
      ),
    );
    const left = (drawn.cursor.left ?? 0) + drawn.over.offsetLeft;
    tip.style.left = `${Math.min(Math.max(left - tip.offsetWidth / 2, 0), plot.clientWidth - tip.offsetWidth)}px`;
  });
  drawn.over.addEventListener("mouseleave", () => (tip.hidden = true));
  new ResizeObserver(() => {
    if (plot.isConnected && plot.clientWidth > 0) drawn.setSize({ width: plot.clientWidth, height });
  }).observe(plot);
}
