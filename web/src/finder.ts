/** Search: one box for indicators, measures and places, in Japanese, kana and English. */

import { type Areas, type FormerArea, get, type Lang, listed } from "./api";
import { combobox, type Group } from "./combobox";
import { text, textOf } from "./texts";

const MOST_LAYERS = 8;
const MOST_PLACES = 8;
const MOST_FORMER = 6;

/** Return a text as it is compared: one width, small letters, hiragana. */
export function folded(words: string): string {
  return words
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[ァ-ヶ]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0x60))
    .replaceAll(/[\s・「」]/g, "");
}

/** Return until when there was an area of the past, and what holds its land: –2005 → 浜松市. */
export function formerDetail({ name, until, became }: FormerArea, lang: Lang): string {
  const heirs = became.map((one) => one.name[lang]).join(lang === "ja" ? "・" : ", ");
  return [lang === "ja" ? name.kana : "", `–${until?.slice(0, 4) ?? ""}`, heirs ? `→ ${heirs}` : ""].filter(Boolean).join(" ");
}

export interface Choice {
  layer(id: string): void;
  area(area: Areas["areas"][number]): void;
  /** An area of the past. */
  former(area: FormerArea): void;
}

/** Make the search box work. */
export function finder(box: HTMLInputElement, list: HTMLElement, lang: () => Lang, choice: Choice): void {
  const suggest = async (words: string): Promise<Group[] | null> => {
    if (!folded(words)) return null;
    const [{ layers }, places] = await Promise.all([
      listed({ q: words, limit: MOST_LAYERS }),
      get<Areas>(`/v1/areas?q=${encodeURIComponent(words)}&limit=${MOST_PLACES * 2}`),
    ]);
    const l = lang();
    // a municipality is listed once, though it is also found among the wards
    const areas = places.areas.filter((area, index, all) => all.findIndex((one) => one.code === area.code) === index).slice(0, MOST_PLACES);
    const asPlaces = {
      label: text("places", l),
      options: areas.map((area) => ({
        name: area.name[l],
        detail: `${l === "ja" ? area.name.kana : area.code} ${textOf("", area.level, l)}`,
        take: () => choice.area(area),
      })),
    };
    const asLayers = {
      label: text("layers", l),
      options: layers.map((layer) => ({ name: layer.name[l], detail: layer.topic[l], take: () => choice.layer(layer.id) })),
    };
    const asFormer = {
      label: text("formerPlaces", l),
      options: places.former.slice(0, MOST_FORMER).map((one) => ({
        name: one.name[l],
        detail: formerDetail(one, l),
        take: () => choice.former(one),
      })),
    };
    const isPlace = [...areas, ...places.former].some((area) =>
      [area.name.ja, area.name.kana, area.name.en, area.code].some((name) => folded(name).startsWith(folded(words))),
    );
    return isPlace ? [asPlaces, asFormer, asLayers] : [asLayers, asPlaces, asFormer];
  };
  combobox(box, list, suggest, () => text("nothingFound", lang()));
}
