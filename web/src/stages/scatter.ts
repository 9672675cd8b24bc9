/** A scatter plot of two figures: dots as large as their people, the line through them, names of those far off and of the chosen. */

import type { Lang } from "../api";
import { colourOf, h } from "../element";
import { full, type Measured, short } from "../numbers";
import { drawnOnPaper } from "../paper";
import type { Fit } from "./fit";

const MARGIN = { right: 14, top: 30, bottom: 50 };
/** Radius of a dot in pixels: of the least, and what the most people add to it. */
const [SMALL, GROWTH] = [2.4, 15];
const PLAIN = 3.2;
/** Dots far off that are named. */
const MOST_NAMED = 8;
const FONT = "12px 'Noto Sans CJK JP', 'Noto Sans JP', sans-serif";

export interface Dot {
  code: string;
  name: string;
  x: number;
  y: number;
  class: number;
  /** Null where it is not known, or not asked for. */
  people: number | null;
}

/** One of the figures: what it measures, its name with unit and period, and whether it stands on a logarithmic scale. */
export interface Side extends Measured {
  title: string;
  isLog: boolean;
}

/** All that is drawn. */
export interface Drawing {
  dots: Dot[];
  x: Side;
  y: Side;
  colours: readonly string[];
  /** Of the numbers as they stand on the axes. */
  fit: Fit | null;
  /** Places of the dots far from the line, the farthest first. */
  far: number[];
  /** Held while periods are played, so that dots move and axes do not. */
  bounds: { x: Range; y: Range };
}

export type Range = [low: number, high: number];

/** Return the round numbers between two bounds, two to six of them. */
export function ticks(low: number, high: number): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((one) => one * power >= rough * 0.999) ?? 10);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_none, index) => (first + index) * step);
}

/** Return the powers of ten between two bounds given as powers, with 2 and 5 times them where there is room. */
export function logTicks(low: number, high: number): number[] {
  const steps = high - low > 3 ? [1] : [1, 2, 5];
  const powers = Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_none, index) => Math.floor(low) + index);
  return powers.flatMap((power) => steps.map((step) => step * 10 ** power)).filter((one) => Math.log10(one) >= low && Math.log10(one) <= high);
}

/** Return a number as it stands on an axis. */
export function onAxis(value: number, { isLog }: Pick<Side, "isLog">): number {
  return isLog ? Math.log10(value) : value;
}

/** Return bounds that hold every number, with a little room. */
export function rangeOf(all: readonly number[]): Range {
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const room = (high - low || 1) * 0.04;
  return [low - room, high + room];
}

interface Label {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

function overlaps(one: Label, other: Label): boolean {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}

export interface Listening {
  pointed(code: string | null): void;
  chosen(code: string): void;
}

export class Scatter {
  private readonly canvas = h("canvas", { role: "img" });
  private readonly tip = h("p", { class: "tip", hidden: true, "aria-hidden": "true" });
  private lit: string | null = null;
  private drawing: Drawing | null = null;
  private chosen = new Set<string>();
  private most = 1;
  private inks = { ink: "", soft: "", line: "", paper: "" };
  private place: (dot: Dot) => [number, number] = () => [0, 0];

  constructor(
    readonly element: HTMLElement,
    private readonly lang: Lang,
    private readonly listening: Listening,
  ) {
    element.replaceChildren(this.canvas, this.tip);
    this.canvas.addEventListener("mousemove", (event) => this.point(event.offsetX, event.offsetY));
    this.canvas.addEventListener("mouseleave", () => {
      this.light(null);
      listening.pointed(null);
    });
    this.canvas.addEventListener("click", (event) => {
      this.point(event.offsetX, event.offsetY); // a finger has not moved here before
      if (this.lit) listening.chosen(this.lit);
    });
    new ResizeObserver(() => this.draw()).observe(element);
    drawnOnPaper(this.canvas, () => this.ink());
  }

  /** Show this. */
  show(drawing: Drawing, chosen: readonly string[], label: string): void {
    this.drawing = { ...drawing };
    this.most = Math.max(1, ...drawing.dots.map((one) => one.people ?? 0));
    this.chosen = new Set(chosen);
    this.canvas.setAttribute("aria-label", label);
    this.ink();
  }

  /** Draw in the colours of the page, or of paper. */
  private ink(): void {
    const named = (name: `--${string}`) => colourOf(this.canvas, name);
    this.inks = { ink: named("--ink"), soft: named("--soft"), line: named("--line"), paper: named("--paper") };
    this.draw();
  }

  private radius({ people }: Dot): number {
    return people === null ? PLAIN : SMALL + GROWTH * Math.sqrt(people / this.most);
  }

  private point(x: number, y: number): void {
    let [best, nearest] = [null as Dot | null, 144];
    for (const dot of this.drawing?.dots ?? []) {
      const [left, top] = this.place(dot);
      const far = Math.max(0, Math.hypot(left - x, top - y) - this.radius(dot) / 2) ** 2;
      if (far < nearest) [best, nearest] = [dot, far];
    }
    this.light(best?.code ?? null);
    this.listening.pointed(best?.code ?? null);
  }

  /** Ring one area's dot and tell its values. */
  light(code: string | null): void {
    if (code === this.lit) return;
    this.lit = code;
    this.draw();
    const { drawing, lang } = this;
    const dot = drawing?.dots.find((one) => one.code === code);
    this.tip.hidden = !dot;
    if (!dot || !drawing) return;
    this.tip.replaceChildren(h("b", {}, dot.name), h("span", {}, `↑ ${full(dot.y, drawing.y, lang)}`), h("span", {}, `→ ${full(dot.x, drawing.x, lang)}`));
    const [left, top] = this.place(dot);
    this.tip.style.left = `${Math.min(Math.max(left - this.tip.offsetWidth / 2, 0), this.element.clientWidth - this.tip.offsetWidth)}px`;
    this.tip.style.top = `${top > 90 ? top - this.tip.offsetHeight - 12 : top + 14}px`;
  }

  private draw(): void {
    const { drawing, canvas, element } = this;
    const [width, height] = [element.clientWidth, element.clientHeight];
    if (!drawing || width === 0 || height === 0) return;
    canvas.width = width * devicePixelRatio;
    canvas.height = height * devicePixelRatio;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const on = canvas.getContext("2d") as CanvasRenderingContext2D;
    on.scale(devicePixelRatio, devicePixelRatio);
    on.font = FONT;
    const { ink, soft, line, paper } = this.inks;
    const { x, y, bounds, dots } = drawing;
    const marks = y.isLog ? logTicks(...bounds.y) : ticks(...bounds.y);
    const edge = Math.ceil(Math.max(...marks.map((value) => on.measureText(short(value, y, this.lang)).width))) + 12;
    const [across, down] = [width - edge - MARGIN.right, height - MARGIN.top - MARGIN.bottom];
    const atX = (value: number) => edge + ((value - bounds.x[0]) / (bounds.x[1] - bounds.x[0])) * across;
    const atY = (value: number) => MARGIN.top + (1 - (value - bounds.y[0]) / (bounds.y[1] - bounds.y[0])) * down;
    this.place = (dot) => [atX(onAxis(dot.x, x)), atY(onAxis(dot.y, y))];
    this.axes(on, { width, height, edge, marks, atX, atY, ink, soft, line });
    on.save();
    on.beginPath();
    on.rect(edge, MARGIN.top, across, down);
    on.clip();
    for (const dot of [...dots].sort((one, other) => (other.people ?? 0) - (one.people ?? 0))) {
      const [left, top] = this.place(dot);
      on.beginPath();
      on.arc(left, top, this.radius(dot), 0, 2 * Math.PI);
      on.globalAlpha = 0.8;
      on.fillStyle = drawing.colours[dot.class] ?? paper;
      on.fill();
      on.globalAlpha = 1;
      on.strokeStyle = "#17212b80";
      on.lineWidth = 0.6;
      on.stroke();
    }
    if (drawing.fit) {
      const at = (value: number) => atY((drawing.fit?.intercept ?? 0) + (drawing.fit?.slope ?? 0) * value);
      on.beginPath();
      on.moveTo(atX(bounds.x[0]), at(bounds.x[0]));
      on.lineTo(atX(bounds.x[1]), at(bounds.x[1]));
      on.strokeStyle = ink;
      on.lineWidth = 1.6;
      on.setLineDash([7, 4]);
      on.stroke();
      on.setLineDash([]);
    }
    on.restore();
    this.names(on, { ink, paper, width });
  }

  private axes(
    on: CanvasRenderingContext2D,
    area: {
      width: number;
      height: number;
      edge: number;
      marks: number[];
      atX: (value: number) => number;
      atY: (value: number) => number;
      ink: string;
      soft: string;
      line: string;
    },
  ): void {
    const { drawing, lang } = this;
    if (!drawing) return;
    const { width, height, edge, marks, atX, atY } = area;
    const { x, y, bounds } = drawing;
    on.strokeStyle = area.line;
    on.fillStyle = area.soft;
    on.lineWidth = 1;
    on.textAlign = "right";
    for (const value of marks) {
      const top = Math.round(atY(onAxis(value, y)));
      on.strokeRect(edge, top + 0.5, width - edge - MARGIN.right, 0);
      on.fillText(short(value, y, lang), edge - 6, top + 4);
    }
    on.textAlign = "center";
    let written = -Infinity;
    for (const value of x.isLog ? logTicks(...bounds.x) : ticks(...bounds.x)) {
      const left = Math.round(atX(onAxis(value, x)));
      on.strokeRect(left + 0.5, MARGIN.top, 0, height - MARGIN.top - MARGIN.bottom);
      const label = short(value, x, lang);
      const half = on.measureText(label).width / 2;
      if (left - half < written || left + half > width) continue; // two labels must not touch
      on.fillText(label, left, height - MARGIN.bottom + 17);
      written = left + half + 8;
    }
    on.fillStyle = area.ink;
    on.font = `600 ${FONT}`;
    on.textAlign = "left";
    on.fillText(`↑ ${y.title}`, 4, 16, width - 8);
    on.textAlign = "right";
    on.fillText(`${x.title} →`, width - MARGIN.right, height - 12, width - 8);
    on.font = FONT;
  }

  /** Ring the chosen and those pointed at, and name them and the dots far off, as far as names do not touch. */
  private names(on: CanvasRenderingContext2D, { ink, paper, width }: { ink: string; paper: string; width: number }): void {
    const { drawing } = this;
    if (!drawing) return;
    const ringed = drawing.dots.filter((dot) => this.chosen.has(dot.code) || dot.code === this.lit);
    for (const dot of ringed) {
      const [left, top] = this.place(dot);
      on.beginPath();
      on.arc(left, top, this.radius(dot) + 2.5, 0, 2 * Math.PI);
      on.strokeStyle = ink;
      on.lineWidth = 2.2;
      on.stroke();
    }
    const far = drawing.far.slice(0, MOST_NAMED).flatMap((place) => drawing.dots[place] ?? []);
    const taken: Label[] = [];
    on.textAlign = "left";
    for (const dot of new Set([...ringed.filter((one) => this.chosen.has(one.code)), ...far])) {
      const [left, top] = this.place(dot);
      const [room, reach] = [on.measureText(dot.name).width, this.radius(dot) + 4];
      const isRight = left + reach + room < width - 2;
      const from = isRight ? left + reach : left - reach - room;
      const label = { left: from - 2, right: from + room + 2, top: top - 8, bottom: top + 7 };
      if (taken.some((one) => overlaps(one, label)) && !this.chosen.has(dot.code)) continue;
      taken.push(label);
      on.strokeStyle = paper;
      on.lineWidth = 3.5;
      on.lineJoin = "round";
      on.strokeText(dot.name, from, top + 4);
      on.fillStyle = ink;
      on.fillText(dot.name, from, top + 4);
    }
  }
}
