/** Search: one box for indicators, measures and places, in Japanese, kana and English. */

import { get, type Area, type Catalogue, type Lang, type Layer } from "./api";
import { h } from "./element";
import { text, textOf } from "./texts";

const MOST_LAYERS = 8;
const MOST_PLACES = 8;

/** Return a text as it is compared: one width, small letters, hiragana. */
export function folded(words: string): string {
  return words
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[ァ-ヶ]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0x60))
    .replaceAll(/[\s・「」]/g, "");
}

export interface Findable {
  layer: Layer;
  names: string[];
  keywords: string[];
  other: string;
}

/** Return what can be found, with the names that it is found by. */
export function findables(all: Catalogue): Findable[] {
  const aliases = new Map(all.measures.map((measure) => [measure.layer, measure.aliases]));
  return [...all.layers.values()].map((layer) => ({
    layer,
    names: [layer.name.ja, layer.name.en, ...(aliases.get(layer.id) ?? [])].map(folded),
    keywords: layer.keywords.map(folded),
    other: folded(layer.description.ja + layer.description.en + layer.topic.ja + layer.id),
  }));
}

/** Return the layers whose name, or else a keyword, or else the description has the words; those that begin with them first. */
export function found(all: Findable[], words: string): Layer[] {
  const wanted = folded(words);
  if (!wanted) return [];
  const score = ({ names, keywords, other }: Findable) => {
    if (names.some((name) => name === wanted)) return 0;
    if (names.some((name) => name.startsWith(wanted))) return 1;
    if (names.some((name) => name.includes(wanted))) return 2;
    if (keywords.some((word) => word.includes(wanted))) return 3;
    return other.includes(wanted) ? 4 : 5;
  };
  return all
    .map((one) => ({ one, score: score(one) }))
    .filter(({ score }) => score < 5)
    .sort((a, b) => a.score - b.score || (a.one.names[0]?.length ?? 0) - (b.one.names[0]?.length ?? 0))
    .slice(0, MOST_LAYERS)
    .map(({ one }) => one.layer);
}

export interface Choice {
  layer(id: string): void;
  area(area: Area): void;
}

/** Make the search box work: a combobox with a list of what was found (WAI-ARIA). */
export function finder(box: HTMLInputElement, list: HTMLElement, all: () => Catalogue | null, lang: () => Lang, choice: Choice): void {
  let options: { line: HTMLElement; take: () => void }[] = [];
  let at = -1;
  let prepared: Findable[] = [];
  let asked = 0;

  const close = () => {
    list.hidden = true;
    at = -1;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  };
  const point = (next: number) => {
    options[at]?.line.setAttribute("aria-selected", "false");
    at = (next + options.length) % options.length;
    const line = options[at]?.line;
    line?.setAttribute("aria-selected", "true");
    line?.scrollIntoView({ block: "nearest" });
    if (line) box.setAttribute("aria-activedescendant", line.id);
  };
  const option = (name: string, detail: string, take: () => void) => {
    const line = h(
      "li",
      {
        role: "option",
        id: `found-${options.length}`,
        "aria-selected": "false",
        onmousedown: (event: Event) => event.preventDefault(),
        onclick: () => {
          box.value = "";
          close();
          take();
        },
      },
      h("b", {}, name),
      h("span", {}, detail),
    );
    options.push({ line, take: () => line.click() });
    return line;
  };
  const group = (label: string, lines: HTMLElement[]) => {
    const id = `found-group-${label}`;
    return h("ul", { role: "group", "aria-label": label, id }, h("li", { role: "presentation", class: "group" }, label), ...lines);
  };

  const search = async () => {
    const words = box.value.trim();
    const turn = ++asked;
    if (!words) return close();
    const catalogue = all();
    if (catalogue && prepared.length === 0) prepared = findables(catalogue);
    const places = await get<{ areas: Area[] }>(`/v1/areas?q=${encodeURIComponent(words)}&limit=${MOST_PLACES * 2}`).catch(() => ({ areas: [] }));
    if (turn !== asked) return;
    const l = lang();
    options = [];
    // a municipality is listed once, though it is also found among the wards
    const seen = new Set<string>();
    const areas = places.areas.filter((area) => !seen.has(area.code) && seen.add(area.code)).slice(0, MOST_PLACES);
    const groups = [];
    const layers = found(prepared, words);
    const asPlaces = () => group(text("places", l), areas.map((area) => option(area.name[l], `${l === "ja" ? area.name.kana : area.code} ${textOf("", area.level, l)}`, () => choice.area(area))));
    const asLayers = () => group(text("layers", l), layers.map((layer) => option(layer.name[l], layer.topic[l], () => choice.layer(layer.id))));
    const isPlace = areas.some((area) => [area.name.ja, area.name.kana, area.name.en, area.code].some((name) => folded(name).startsWith(folded(words))));
    for (const make of isPlace ? [asPlaces, asLayers] : [asLayers, asPlaces]) {
      if ((make === asPlaces ? areas : layers).length) groups.push(make());
    }
    list.replaceChildren(...(groups.length ? groups : [h("p", { role: "status" }, text("nothingFound", l))]));
    list.hidden = false;
    at = -1;
    box.setAttribute("aria-expanded", "true");
  };

  box.addEventListener("input", () => void search());
  box.addEventListener("focus", () => void search());
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (list.hidden || options.length === 0 || event.isComposing) return;
    if (event.key === "ArrowDown") point(at + 1);
    else if (event.key === "ArrowUp") point(at - 1);
    else if (event.key === "Enter") options[Math.max(at, 0)]?.take();
    else return;
    event.preventDefault();
  });
}
