/** On a phone: the area tapped, in one line over the period. Opened, the sheet holds all that is known of the area. */

import type { Area, Lang, Layer, Legend, Values } from "./api";
import { byId, h, swatch } from "./element";
import { valueText } from "./numbers";
import { placeOf } from "./rank";
import { text } from "./texts";

/** What the line says. */
export interface Brief {
  name: string;
  within: string;
  value: string;
  colour: string;
  rank: string;
}

/** So far a finger draws the sheet before it is meant. */
const DRAWN = 28;

/** Return what an area has, and its rank. */
export function briefOf(area: Area, within: string, { layer, legend, values }: { layer: Layer; legend: Legend; values: Values }, lang: Lang): Brief {
  const at = values.codes.indexOf(area.code);
  const value = values.values[at] ?? null;
  const shown = legend.classes[values.classes[at] ?? -1];
  const place = layer.kind === "category" ? null : placeOf(value, values.values);
  const [rank, of] = [place?.rank.toLocaleString(lang), place?.of.toLocaleString(lang)];
  return {
    name: area.name[lang],
    within,
    value: valueText(value, layer, lang),
    colour: shown?.colour ?? legend.no_data.colour,
    rank: place ? (lang === "ja" ? `${rank}位／${of}` : `${rank} of ${of}`) : "",
  };
}

/** Open or close the sheet. */
export function openSheet(isOpen: boolean): void {
  const { dataset } = document.body;
  if (isOpen) dataset["sheet"] = "open";
  else delete dataset["sheet"];
  document.getElementById("open-sheet")?.setAttribute("aria-expanded", String(isOpen));
  if (isOpen) byId("panel").scrollTop = 0;
}

function isOpen(): boolean {
  return document.body.dataset["sheet"] === "open";
}

/** Show the line of an area, or none. */
export function drawBrief(told: Brief | null, lang: Lang, leave: () => void): void {
  const target = byId("brief");
  target.hidden = told === null;
  if (!told) {
    openSheet(false);
    return target.replaceChildren();
  }
  const button = h(
    "button",
    { type: "button", id: "open-sheet", "aria-expanded": String(isOpen()), "aria-controls": "panel" },
    h("span", { class: "named" }, h("b", {}, told.name), h("small", {}, told.within)),
    h("span", { class: "valued" }, swatch(told.colour), h("data", {}, told.value), h("small", {}, told.rank)),
  );
  // a finger that draws the line up opens the sheet, one that draws it down closes it, and then leaves the area
  let from: number | null = null;
  let isDrawn = false;
  button.addEventListener("pointerdown", (event) => {
    from = event.clientY;
    isDrawn = false;
    button.setPointerCapture(event.pointerId);
  });
  button.addEventListener("pointerup", (event) => {
    const by = from === null ? 0 : event.clientY - from;
    from = null;
    isDrawn = Math.abs(by) > DRAWN;
    if (!isDrawn) return;
    if (by < 0) openSheet(true);
    else if (isOpen()) openSheet(false);
    else leave();
  });
  button.addEventListener("pointercancel", () => (from = null));
  button.addEventListener("click", () => isDrawn || openSheet(!isOpen()));
  target.replaceChildren(button, h("button", { type: "button", class: "plain leave", "aria-label": text("close", lang), onclick: leave }, "×"));
}
