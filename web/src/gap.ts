/** Transport gaps from near: the colours of cells and stops, and what they mean. */

import "./gap.css";
import type { Lang } from "./api";
import { h, s, swatch } from "./element";
import { text } from "./texts";

/** From this zoom cells take the place of whole municipalities: one scale at a time. */
export const NEAR = 9;
/** People in the gap from which a cell has a colour. */
export const CELLS = [
  { from: 0, colour: "#d3e4e6" },
  { from: 1, colour: "#fee5d9" },
  { from: 10, colour: "#fcae91" },
  { from: 50, colour: "#fb6a4a" },
  { from: 200, colour: "#cb181d" },
] as const;
/** A cell whose people are not told. */
export const UNTOLD = "#d0d0d0";
/** Land without cells: nobody lives there, or nothing was counted. */
export const LAND = "#f8f6f1";
export const STOPS = { bus: "#08519c", rail: "#1a1a1a" } as const;

/** Return the definition of the gap that a layer shows, if it shows one. */
export function gapDefinition(layer: string): string | null {
  return /^transport-gap[a-z0-9-]*:(.+)$/.exec(layer)?.[1] ?? null;
}

/** Return how many people a colour stands for, in the words of every legend. */
export function range(index: number, lang: Lang): string {
  const [from, to] = [CELLS[index]?.from ?? 0, CELLS[index + 1]?.from];
  if (to === undefined) return lang === "ja" ? `${from} 以上` : `${from} or more`;
  if (index === 0) return lang === "ja" ? `${to} 未満` : `under ${to}`;
  return lang === "ja" ? `${from} 以上 ${to} 未満` : `${from} to under ${to}`;
}

/** Return what a legend says of a gap: that there is more to see from near, and there the key of cells and stops. */
export function gapKey(title: string, lang: Lang): HTMLElement {
  const stop = (mode: keyof typeof STOPS) =>
    h(
      "li",
      {},
      s("svg", { class: "swatch", width: 22, height: 14, "aria-hidden": "true" }, s("circle", { cx: 11, cy: 7, r: 4, fill: STOPS[mode] })),
      h("span", {}, text(mode, lang)),
    );
  const row = (colour: string, told: string) => h("li", {}, swatch(colour), h("span", {}, told));
  return h(
    "section",
    { class: "gap" },
    h("p", { class: "soft far" }, text("gapFromNear", lang)),
    h(
      "div",
      { class: "near" },
      h("h3", {}, text("gapCells", lang)),
      h("p", { class: "soft" }, title),
      h(
        "ul",
        {},
        ...CELLS.map((one, index) => row(one.colour, range(index, lang))).reverse(),
        row(UNTOLD, text("gapUntold", lang)),
        row(LAND, text("gapNoCells", lang)),
        stop("bus"),
        stop("rail"),
      ),
    ),
  );
}

/** Let a legend tell of the scale that is on its map. */
export function scaled(legend: HTMLElement): (isNear: boolean) => void {
  return (isNear) => {
    legend.dataset["scale"] = isNear ? "near" : "far";
  };
}
