/** Two maps side by side, moving as one: two layers, or two periods of one. */

import { type Legend, layers, legend, periodLabel, values as valuesOf } from "../api";
import { markedOn } from "../deployed";
import { h } from "../element";
import { drawLegend } from "../legend";
import { type MapTexts, type Pointed, RegionalMap } from "../map";
import { valueText } from "../numbers";
import type { Board } from "../panel";
import { text } from "../texts";
import { showTip } from "../tip";
import { breaksOver, layerQuery, type View } from "../view";
import { isIndicator, pageOf } from "./about";
import { baseOf } from "./change";
import { layerPicker } from "./picker";
import { hasMovedOn, show as redraw } from "./sheet";
import "./two.css";

export interface Beside {
  other: View;
  mapTexts: MapTexts;
  lay(target: RegionalMap, view: View, found: Legend): Promise<void>;
  /** Name the sources of what is shown beside the first map. */
  credited(other: Credited): void;
}

/** Whom the use of figures and outlines asks to name. */
export type Credited = Pick<Legend, "credit" | "sources">;

let second: RegionalMap | null = null;
/** What the pointer is told; of the newest view. */
let tell: (area: Pointed | null) => void = () => undefined;

/** Show the second map beside the first. */
export async function showTwo(frames: HTMLElement, board: Board, first: RegionalMap, { other, lay, mapTexts, credited }: Beside): Promise<void> {
  const { lang } = board.view;
  let frame = document.getElementById("beside");
  if (!frame?.querySelector("#map2")) {
    frame?.remove();
    frame = h(
      "div",
      { class: "frame", id: "beside" },
      h("div", { id: "map2", class: "map" }),
      h("section", { id: "legend2", class: "legend" }),
      h("p", { class: "tip", hidden: true, "aria-hidden": "true" }),
      h("div", { class: "choices" }),
    );
    frames.append(frame);
    second = null;
  }
  frame.removeAttribute("hidden");
  first.resize();
  const address = location.search;
  const [layer = board.layer] = await layers([other.layer]);
  if (hasMovedOn(address)) return;
  const shown = { ...other, level: board.legend.level, vintage: board.legend.vintage };
  const periods = layer.periods_by_level[shown.level] ?? [];
  if (!periods.includes(shown.period)) shown.period = "";
  // where nothing else was chosen, then and now: the first period there is
  if (!board.view.layer2 && !board.view.period2) shown.period = periods[0] ?? "";
  const found = await legend(shown.layer, layerQuery(shown));
  if (hasMovedOn(address)) return;
  let values: Map<string, number | null> | null = null;
  const tip = frame.querySelector<HTMLElement>(".tip") as HTMLElement;
  tell = (area) => {
    showTip(tip, area, area && values && valueText(values.get(area.code), layer, lang));
  };
  if (!second) {
    const named = { ...mapTexts, map: text("otherMap", lang) + mapTexts.map };
    second = new RegionalMap(frame.querySelector<HTMLElement>("#map2") as HTMLElement, named, {
      pointed: (area) => tell(area),
      chosen: (code) => board.go({ area: code }),
    });
    second.follow(first);
  }
  second.speak({ ...mapTexts, map: text("mapBeside", lang) });
  credited(found);
  await lay(second, shown, found);
  second.showMarks(await markedOn(found, [], board.view.vintage));
  second.select([...new Set([board.view.area, ...board.view.areas])].filter(Boolean));
  drawLegend(frame.querySelector<HTMLElement>("#legend2") as HTMLElement, found, lang, {
    breaks: breaksOver(shown),
    zoom: second.zoom,
    vintage: board.view.vintage && found.vintage,
  });
  const when = h(
    "select",
    { id: "period2", "aria-label": text("otherPeriod", lang) },
    ...periods.map((period) => h("option", { value: period, selected: period === found.period }, periodLabel(layer, period, lang))),
  );
  const id = baseOf(layer.id);
  const data = isIndicator(id) && id !== baseOf(board.layer.id) ? h("a", { href: pageOf(id, lang) }, text("aboutData", lang)) : null;
  when.addEventListener("change", () => board.go({ layer2: shown.layer, period2: when.value }));
  redraw(frame.querySelector<HTMLElement>(".choices") as HTMLElement, layerPicker(board, layer, { categories: true, same: true }), when, data);
  const more = await valuesOf(shown.layer, layerQuery({ ...shown, period: found.period }));
  values = new Map(more.codes.map((code, index) => [code, more.values[index] ?? null]));
  second.pointAgain();
}
