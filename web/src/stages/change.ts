/** Values, or how they have changed since an earlier period: a layer of the service's own for every indicator of numbers. */

import { layer as askedFor, type Layer, periodLabel } from "../api";
import { h } from "../element";
import type { Board } from "../panel";
import { type TextKey, text } from "../texts";
import { before, comparable } from "./ranks";
import "./change.css";

const CHANGE = /^change:(.+?)(?::(\d{4}(?:-(?:Q[1-4]|\d\d))?))?(?::(per-cent|per-year))?$/;

export type Measure = "value" | "difference" | "per-cent" | "per-year";

/** What a layer shows of another: its values, or their change since a period. */
export interface Shown {
  layer: string;
  measure: Measure;
  since: string;
}

/** Return what the id of a layer says. */
export function shownBy(id: string): Shown {
  const [, layer, since = "", measure = "difference"] = CHANGE.exec(id) ?? [];
  return layer ? { layer, since, measure: measure as Measure } : { layer: id, since: "", measure: "value" };
}

/** Return the id of the layer that shows this. */
export function idOf({ layer, measure, since }: Shown): string {
  if (measure === "value") return layer;
  return ["change", layer, since, measure === "difference" ? "" : measure].filter(Boolean).join(":");
}

/** Return the id of the indicator that a layer shows, or shows the change of. */
export function baseOf(id: string): string {
  return shownBy(id).layer;
}

/** Return which changes tell something: growth in per cent not of what is in per cent, or a change, already. */
function measures(layer: Layer): Measure[] {
  const isGrowing = layer.kind !== "change" && layer.unit.ja !== "%";
  return isGrowing ? ["value", "difference", "per-cent"] : ["value", "difference"];
}

/** Draw the choice between values and changes, and of the period since when; nothing where a view shows both or neither. */
export async function drawMeasure(target: HTMLElement, board: Board, isHidden: boolean): Promise<void> {
  const { view, legend, go } = board;
  const { lang } = view;
  const shown = shownBy(view.layer);
  const layer = await askedFor(shown.layer);
  const earlier = (layer.periods_by_level[legend.level] ?? []).filter((one) => one < legend.period);
  const periods = comparable(earlier, legend.period, layer.breaks);
  const isBroken = periods.length < earlier.length;
  const broken = isBroken ? layer.breaks.filter((one) => one.period <= legend.period).at(-1) : undefined;
  const isAlone = (layer.periods_by_level[legend.level] ?? []).length < 2;
  // also the first period has the row: the map must not become higher where a slider passes it
  target.hidden = isHidden || layer.kind === "category" || (isAlone && shown.measure === "value");
  if (target.hidden) return target.replaceChildren();
  const since = shown.since || before(periods, legend.period);
  const choice = (measure: Measure) =>
    h(
      "label",
      {},
      h("input", {
        type: "radio",
        name: "measure",
        id: `measure-${measure}`,
        checked: measure === shown.measure,
        disabled: measure !== "value" && periods.length === 0,
        onchange: () => go({ layer: idOf({ ...shown, measure, since }) }),
      }),
      h("span", {}, text(`measure_${measure}` as TextKey, lang)),
    );
  const from = h(
    "select",
    { id: "since", "aria-label": text("sincePeriod", lang) },
    ...periods.map((period) =>
      h("option", { value: period, selected: period === since }, text("sinceThen", lang).replace("{}", periodLabel(layer, period, lang))),
    ),
  );
  from.addEventListener("change", () => go({ layer: idOf({ ...shown, since: from.value }) }));
  const held = target.contains(document.activeElement) ? document.activeElement?.id : "";
  target.replaceChildren(
    h("fieldset", { class: "segments" }, h("legend", {}, text("measure", lang)), ...measures(layer).map(choice)),
    ...(shown.measure === "value" ? [] : [from]),
    ...(broken && (shown.measure !== "value" || periods.length === 0)
      ? [h("small", {}, `${periodLabel(layer, broken.period, lang)}${text("breakAt", lang)}`, broken.reason[lang])]
      : []),
  );
  if (held) document.getElementById(held)?.focus();
}
