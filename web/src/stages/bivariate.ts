/** Two indicators in one map, three classes each, with a scatter plot linked to it. */

import { gazetteer, type Lang, layers, type Values, values } from "../api";
import { h, s } from "../element";
import type { RegionalMap } from "../map";
import { full, short } from "../numbers";
import type { Board } from "../panel";
import { text, withUnit } from "../texts";
import { layerQuery, type View } from "../view";
import { type Allowed, layerPicker } from "./picker";
import { hasMovedOn, show } from "./sheet";
import type { Beside } from "./two";
import "./bivariate.css";

/** Rows from low to high of the first indicator, columns of the second (Stevens, “purple–blue”, even in lightness). */
export const COLOURS = ["#e8e8e8", "#ace4e4", "#5ac8c8", "#dfb0d6", "#a5add3", "#5698b9", "#be64ac", "#8c62aa", "#3b4994"] as const;
const NO_DATA = "#ffffff";
const NUMBERS: Allowed = { categories: false, same: false };
const MARGIN = { left: 58, right: 10, top: 10, bottom: 42 };

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
      s("text", { x: -46, y: 12, transform: "rotate(-90)", "text-anchor": "middle", "font-size": 10 }, `${text("low", lang)} → ${text("high", lang)}`),
      s("text", { x: 67, y: 104, "text-anchor": "middle", "font-size": 10 }, `${text("low", lang)} → ${text("high", lang)}`),
    ),
    h("dl", {}, h("dt", {}, "↑"), h("dd", {}, names[0]), h("dt", {}, "→"), h("dd", {}, names[1])),
  );
}

interface Dot {
  code: string;
  name: string;
  x: number;
  y: number;
  class: number;
}

/** Return bounds that hold all but the outermost hundredth on either side, so that one far value does not hide the rest. */
function bounds(all: number[]): [number, number] {
  const sorted = [...all].sort((a, b) => a - b);
  const cut = sorted.length > 100 ? Math.floor(sorted.length / 200) : 0;
  const [low, high] = [sorted[cut] ?? 0, sorted[sorted.length - 1 - cut] ?? 1];
  const room = (high - low || 1) * 0.03;
  return [low - room, high + room];
}

/** Return the round numbers between two bounds, two to six of them. */
export function ticks(low: number, high: number): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((one) => one * power >= rough * 0.999) ?? 10);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_none, index) => (first + index) * step);
}

class Scatter {
  private readonly canvas = h("canvas", { role: "img" });
  private readonly tip = h("p", { class: "tip", hidden: true, "aria-hidden": "true" });
  private lit: string | null = null;
  private place: (dot: Dot) => [number, number] = () => [0, 0];

  constructor(
    readonly element: HTMLElement,
    private readonly dots: Dot[],
    private readonly board: Board,
    private readonly other: { unit: Record<Lang, string>; decimals: number },
    label: string,
    private readonly pointed: (code: string | null) => void,
  ) {
    this.canvas.setAttribute("aria-label", label);
    element.replaceChildren(this.canvas, this.tip);
    this.canvas.addEventListener("mousemove", (event) => this.point(event.offsetX, event.offsetY));
    this.canvas.addEventListener("mouseleave", () => this.light(null));
    this.canvas.addEventListener("click", () => this.lit && this.board.go({ area: this.lit }));
    new ResizeObserver(() => this.draw()).observe(element);
  }

  private point(x: number, y: number): void {
    let [best, nearest] = [null as Dot | null, 144];
    for (const dot of this.dots) {
      const [left, top] = this.place(dot);
      const far = (left - x) ** 2 + (top - y) ** 2;
      if (far < nearest) [best, nearest] = [dot, far];
    }
    this.light(best?.code ?? null);
    this.pointed(best?.code ?? null);
  }

  /** Ring one area's dot and tell its values. */
  light(code: string | null): void {
    if (code === this.lit) return;
    this.lit = code;
    this.draw();
    const dot = this.dots.find((one) => one.code === code);
    this.tip.hidden = !dot;
    if (!dot) return;
    const { lang } = this.board.view;
    this.tip.replaceChildren(
      h("b", {}, dot.name),
      h("span", {}, `↑ ${full(dot.y, this.board.layer, lang)}`),
      h("span", {}, `→ ${full(dot.x, this.other, lang)}`),
    );
    const [left, top] = this.place(dot);
    this.tip.style.left = `${Math.min(Math.max(left - this.tip.offsetWidth / 2, 0), this.element.clientWidth - this.tip.offsetWidth)}px`;
    this.tip.style.top = `${top > 80 ? top - this.tip.offsetHeight - 10 : top + 12}px`;
  }

  draw(): void {
    const [width, height] = [this.element.clientWidth, this.element.clientHeight];
    const ratio = devicePixelRatio;
    const { lang } = this.board.view;
    if (width === 0 || height === 0) return;
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    const on = this.canvas.getContext("2d") as CanvasRenderingContext2D;
    on.scale(ratio, ratio);
    const [lowX, highX] = bounds(this.dots.map((dot) => dot.x));
    const [lowY, highY] = bounds(this.dots.map((dot) => dot.y));
    const within = (share: number) => Math.min(1, Math.max(0, share));
    const [across, down] = [width - MARGIN.left - MARGIN.right, height - MARGIN.top - MARGIN.bottom];
    this.place = (dot) => [MARGIN.left + within((dot.x - lowX) / (highX - lowX)) * across, MARGIN.top + (1 - within((dot.y - lowY) / (highY - lowY))) * down];
    on.font = "11px 'Noto Sans CJK JP', sans-serif";
    on.strokeStyle = "#e3e9ee";
    on.fillStyle = "#4d5b68";
    on.lineWidth = 1;
    on.textAlign = "right";
    for (const value of ticks(lowY, highY)) {
      const y = MARGIN.top + (1 - (value - lowY) / (highY - lowY)) * down;
      on.strokeRect(MARGIN.left, Math.round(y) + 0.5, across, 0);
      on.fillText(short(value, this.board.layer, lang), MARGIN.left - 5, y + 4);
    }
    on.textAlign = "center";
    let written = -Infinity;
    for (const value of ticks(lowX, highX)) {
      const x = MARGIN.left + ((value - lowX) / (highX - lowX)) * across;
      on.strokeRect(Math.round(x) + 0.5, MARGIN.top, 0, down);
      const label = short(value, this.other, lang);
      const half = on.measureText(label).width / 2;
      if (x - half < written || x + half > width) continue; // two labels must not touch
      on.fillText(label, x, height - MARGIN.bottom + 16);
      written = x + half + 8;
    }
    for (const dot of this.dots) {
      const [x, y] = this.place(dot);
      on.beginPath();
      on.arc(x, y, 3, 0, 2 * Math.PI);
      on.fillStyle = COLOURS[dot.class] ?? NO_DATA;
      on.fill();
      on.strokeStyle = "#17212b66";
      on.lineWidth = 0.6;
      on.stroke();
    }
    const chosen = new Set([this.lit, this.board.view.area, ...this.board.view.areas]);
    for (const dot of this.dots.filter((one) => chosen.has(one.code))) {
      const [x, y] = this.place(dot);
      on.beginPath();
      on.arc(x, y, 6, 0, 2 * Math.PI);
      on.strokeStyle = "#101418";
      on.lineWidth = 2.2;
      on.stroke();
    }
  }
}

function thirds(view: View): string {
  return layerQuery({ ...view, scheme: "quantiles", k: "3", breaks: "", breaks_over: "period", palette: "" });
}

let isLinked = false;
let scatter: Scatter | null = null;

/** Show the map in nine colours, and beside it the scatter plot. */
export async function showBivariate(frames: HTMLElement, board: Board, first: RegionalMap, { other, credited }: Beside): Promise<void> {
  const { view, layer, legend } = board;
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
  }
  frame.removeAttribute("hidden");
  if (layer.kind === "category" || !second) {
    frame.replaceChildren(h("div", { class: "scatter" }), h("p", { class: "soft" }, text("noData", lang)), layerPicker(board, layer, NUMBERS));
    return;
  }
  const periods = second.periods_by_level[legend.level] ?? [];
  const period = [other.period, legend.period].find((one) => periods.includes(one)) ?? "";
  const level = legend.level;
  const [mine, theirs, areas]: [Values, Values, Awaited<ReturnType<typeof gazetteer>>] = await Promise.all([
    values(layer.id, thirds({ ...view, level, period: legend.period })),
    values(second.id, thirds({ ...view, level, period })),
    gazetteer(level, view.vintage),
  ]);
  credited(theirs);
  const byCode = new Map(theirs.codes.map((code, index) => [code, { class: theirs.classes[index] ?? null, value: theirs.values[index] ?? null }]));
  const classes = paired(mine.codes, mine.classes, new Map([...byCode].map(([code, one]) => [code, one.class])));
  first.paint({ colours: [...COLOURS], noData: NO_DATA, classes: { codes: mine.codes, classes } }, lang);
  first.resize();
  const dots = mine.codes.flatMap((code, index): Dot[] => {
    const [y, x, at] = [mine.values[index] ?? null, byCode.get(code)?.value ?? null, classes[index] ?? null];
    return x === null || y === null || at === null ? [] : [{ code, name: areas.get(code)?.name[lang] ?? code, x, y, class: at }];
  });
  const counts = COLOURS.map((_colour, index) => classes.filter((one) => one === index).length);
  const names: [string, string] = [
    `${withUnit(layer.name, layer.unit, lang)} ${mine.period_label?.[lang] ?? mine.period}`,
    `${withUnit(second.name, second.unit, lang)} ${theirs.period_label?.[lang] ?? theirs.period}`,
  ];
  const rho = rankCorrelation(dots.map((dot) => [dot.x, dot.y]));
  const told = `${text("correlation", lang)} ρ = ${rho === null ? "—" : rho.toFixed(2).replace("-", "−")}（${dots.length.toLocaleString(lang)} ${text("both", lang)}）`;
  document.getElementById("legend")?.replaceChildren(key(names, counts, lang));
  const plot = h("div", { class: "scatter" });
  show(frame, h("div", { class: "choices" }, layerPicker(board, second, NUMBERS)), h("p", { class: "soft" }, told), plot);
  scatter = new Scatter(plot, dots, board, second, `${text("scatter", lang)}: ${names.join(" × ")}. ${told}`, (code) => first.highlight(code ?? undefined));
  scatter.draw();
  if (isLinked) return;
  isLinked = true;
  first.watch((area) => scatter?.light(area?.code ?? null));
}
