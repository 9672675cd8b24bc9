/** Search: one box for indicators, measures and places, in Japanese, kana and English. */

import { type Areas, get, type Lang, listed } from "./api";
import { combobox, type Group } from "./combobox";
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

export interface Choice {
  layer(id: string): void;
  area(area: Areas["areas"][number]): void;
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
    const isPlace = areas.some((area) => [area.name.ja, area.name.kana, area.name.en, area.code].some((name) => folded(name).startsWith(folded(words))));
    return isPlace ? [asPlaces, asLayers] : [asLayers, asPlaces];
  };
  combobox(box, list, suggest, () => text("nothingFound", lang()));
}
