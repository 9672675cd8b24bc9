/** The box in which a second layer is chosen, beside the one shown. */

import { type Layer, layers, listed } from "../api";
import { combobox, type Group } from "../combobox";
import { h } from "../element";
import { goalOf } from "../goals";
import type { Board } from "../panel";
import { text } from "../texts";

const MOST_FOUND = 8;
/** Kinds of layers whose values are numbers. */
const NUMERIC = ["count", "ratio", "change", "index"] as const;

/** What may be chosen: layers of categories, and another period of the layer shown. */
export interface Allowed {
  categories: boolean;
  same: boolean;
}

/** Return the box. Empty, it suggests what belongs with the layer shown; of words, what the service finds at the level shown. */
export function layerPicker(board: Board, chosen: Layer, allowed: Allowed): HTMLElement {
  const { view, layer, legend, catalogue, go } = board;
  const lang = view.lang;
  const filter = { level: legend.level, ...(allowed.categories ? {} : { kind: NUMERIC }) };
  const isOffered = (one: Layer) => one.id !== layer.id && one.levels.includes(legend.level) && (allowed.categories || one.kind !== "category");
  const option = (one: Layer, detail = one.topic[lang]) => ({ name: one.name[lang], detail, take: () => go({ layer2: one.id, period2: "" }) });

  const beside = async (): Promise<Group[]> => {
    const goal = goalOf(catalogue, layer.id);
    const [ofGoal, { layers: ofTopic }] = await Promise.all([
      layers(goal?.indicators ?? []),
      listed({ ...filter, topic: layer.topic.id, limit: MOST_FOUND + 1 }),
    ]);
    const first = ofGoal.filter(isOffered).slice(0, MOST_FOUND);
    const others = ofTopic.filter((one) => isOffered(one) && !first.includes(one)).slice(0, MOST_FOUND);
    return [
      { label: text("sameLayer", lang), options: allowed.same ? [option(layer, text("acrossPeriods", lang))] : [] },
      { label: goal?.name[lang] ?? "", options: first.map((one) => option(one)) },
      { label: layer.topic[lang], options: others.map((one) => option(one, "")) },
    ];
  };
  const suggest = async (words: string): Promise<Group[]> => {
    if (!words || words === chosen.name[lang]) return beside();
    const found = await listed({ ...filter, q: words, limit: MOST_FOUND });
    return [{ label: text("layers", lang), options: found.layers.filter((one) => allowed.same || one.id !== layer.id).map((one) => option(one)) }];
  };

  const box = h("input", {
    type: "search",
    id: "layer2",
    role: "combobox",
    "aria-label": text("other", lang),
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": "layer2-found",
    autocomplete: "off",
    placeholder: text("findLayer", lang),
    title: chosen.name[lang],
    value: chosen.name[lang],
  });
  const list = h("div", { id: "layer2-found", class: "found", role: "listbox", "aria-label": text("other", lang), hidden: true });
  combobox(box, list, suggest, () => text("nothingFound", lang));
  box.addEventListener("focus", () => box.select());
  box.addEventListener("blur", () => (box.value = chosen.name[lang]));
  return h("div", { class: "finder" }, box, list);
}
