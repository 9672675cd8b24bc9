/** Boxes in which something is chosen beside what is shown: another layer, another area. */

import { type Area, type Areas, get, type Layer, layers, listed } from "../api";
import { combobox, type Group } from "../combobox";
import { h } from "../element";
import { folded } from "../finder";
import { goalOf } from "../goals";
import type { Board } from "../panel";
import { type TextKey, text, textOf } from "../texts";

const MOST_FOUND = 8;
const MOST_PLACES = 10;
/** Kinds of layers whose values are numbers. */
const NUMERIC = ["count", "ratio", "change", "index"] as const;

/** What may be chosen: layers of categories, and another period of the layer shown. */
export interface Allowed {
  categories: boolean;
  same: boolean;
  /** At any level, not only the one shown. */
  anyLevel?: boolean;
}

/** A box: what it is called, and what it holds before anything is written. */
interface Box {
  id: string;
  label: TextKey;
  hint: TextKey;
  value?: string;
}

function box({ id, label, hint, value = "" }: Box, board: Board, suggest: (words: string) => Promise<Group[] | null>): HTMLElement {
  const { lang } = board.view;
  const field = h("input", {
    type: "search",
    id,
    role: "combobox",
    "aria-label": text(label, lang),
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": `${id}-found`,
    autocomplete: "off",
    placeholder: text(hint, lang),
    title: value || null,
    value,
  });
  const list = h("div", { id: `${id}-found`, class: "found", role: "listbox", "aria-label": text(label, lang), hidden: true });
  combobox(field, list, suggest, () => text("nothingFound", lang));
  field.addEventListener("focus", () => field.select());
  field.addEventListener("blur", () => (field.value = value));
  return h("div", { class: "finder" }, field, list);
}

/** Return the box in which an area is found. */
export function areaPicker(board: Board, id: string, take: (area: Area) => void): HTMLElement {
  const { lang } = board.view;
  const suggest = async (words: string): Promise<Group[] | null> => {
    if (!folded(words)) return null;
    const { areas } = await get<Areas>(`/v1/areas?q=${encodeURIComponent(words)}&limit=${MOST_PLACES * 2}`);
    const once = areas.filter((area, index, all) => all.findIndex((one) => one.code === area.code) === index).slice(0, MOST_PLACES);
    const option = (area: Area) => ({
      name: area.name[lang],
      detail: `${lang === "ja" ? area.name.kana : area.code} ${textOf("", area.level, lang)}`,
      take: () => take(area),
    });
    return [{ label: text("places", lang), options: once.map(option) }];
  };
  return box({ id, label: "addArea", hint: "addArea" }, board, suggest);
}

/** Return the box in which a layer is found beside the one shown: it is what `layer2` names. */
export function layerPicker(board: Board, chosen: Layer, allowed: Allowed): HTMLElement {
  const take = (one: Layer) => board.go({ layer2: one.id, period2: "" });
  return layerBox(board, { id: "layer2", label: "other", hint: "findLayer", value: chosen.name[board.view.lang] }, allowed, take);
}

/** Return the box in which a further layer is found. */
export function furtherLayer(board: Board, id: string, take: (layer: Layer) => void): HTMLElement {
  return layerBox(board, { id, label: "addLayer", hint: "addLayer" }, { categories: false, same: false, anyLevel: true }, take);
}

/** Return a box of layers. Empty, it suggests what belongs with the layer shown; of words, what the service finds at the level shown. */
function layerBox(board: Board, named: Box, allowed: Allowed, take: (layer: Layer) => void): HTMLElement {
  const { view, layer, legend, catalogue } = board;
  const lang = view.lang;
  const filter = { ...(allowed.anyLevel ? {} : { level: legend.level }), ...(allowed.categories ? {} : { kind: NUMERIC }) };
  const isOffered = (one: Layer) =>
    one.id !== layer.id && (allowed.anyLevel || one.levels.includes(legend.level)) && (allowed.categories || one.kind !== "category");
  const option = (one: Layer, detail = one.topic[lang]) => ({ name: one.name[lang], detail, take: () => take(one) });

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
    if (!words || words === named.value) return beside();
    const found = await listed({ ...filter, q: words, limit: MOST_FOUND });
    return [{ label: text("layers", lang), options: found.layers.filter((one) => allowed.same || one.id !== layer.id).map((one) => option(one)) }];
  };
  return box(named, board, suggest);
}
