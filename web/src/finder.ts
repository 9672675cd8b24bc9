/** Search: one box for places, figures, measures, stations and postcodes, however people type them. */

import { type FormerArea, type Found, type FoundArea, type FoundLayer, get, type Lang, layers } from "./api";
import { combobox, type Group, type Option } from "./combobox";
import { remembered } from "./remembered";
import { shortName, text } from "./texts";

/** What is typed, or taken, for the place where the reader is. */
const HERE = /^(?:現在地|げんざいち|here|where am i|my location|current location)$/i;
/** Degrees around a station that are brought into sight. */
const AROUND = { longitude: 0.02, latitude: 0.015 };
/** Digits of a place that is asked for: about 100 m. */
const DIGITS = 3;
const NEAR = 0.001;
const PATIENCE_MS = 10_000;

export type Box = [west: number, south: number, east: number, north: number];

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

/** Return a postcode as it is written: 380-0803; of one that is begun, what it begins with. */
export function postcodeText(code: string): string {
  return code.length > 3 ? `${code.slice(0, 3)}-${code.slice(3)}` : code;
}

/** Return the box around a point. */
export function around([longitude, latitude]: readonly [number, number]): Box {
  return [longitude - AROUND.longitude, latitude - AROUND.latitude, longitude + AROUND.longitude, latitude + AROUND.latitude];
}

export interface Choice {
  layer(id: string): void;
  /** An area, with what is brought into sight where that is less than all of it. */
  area(area: FoundArea, box?: Box): void;
  /** A place and a topic. */
  together(area: FoundArea, layer: FoundLayer): void;
  /** An area of the past. */
  former(area: FormerArea): void;
}

function within(area: FoundArea, lang: Lang): string {
  return area.level === "prefecture" ? text("aPrefecture", lang) : area.prefecture_name[lang];
}

function areaDetail(area: FoundArea, lang: Lang): string {
  return [lang === "ja" ? area.name.kana : "", within(area, lang)].filter(Boolean).join(" · ");
}

function layerDetail({ unit, topic, family, name, measure }: FoundLayer, lang: Lang): string {
  const group = measure === null && family && family.name.ja !== name.ja ? family.name[lang] : topic[lang];
  return [unit[lang], group].filter(Boolean).join(" · ");
}

/** Return the groups of what was found, the likeliest first. */
function groupsOf(found: Found, lang: Lang, choice: Choice): Group[] {
  const made: Record<Found["order"][number], () => Option[]> = {
    together: () =>
      found.together.map(({ area, layer }) => ({
        name: `${area.name[lang]} × ${shortName(layer, lang)}`,
        detail: within(area, lang),
        take: () => choice.together(area, layer),
      })),
    places: () => found.places.map((area) => ({ name: area.name[lang], detail: areaDetail(area, lang), take: () => choice.area(area) })),
    former: () => found.former.map((one) => ({ name: one.name[lang], detail: formerDetail(one, lang), take: () => choice.former(one) })),
    layers: () => found.layers.map((layer) => ({ name: shortName(layer, lang), detail: layerDetail(layer, lang), take: () => choice.layer(layer.id) })),
    stations: () =>
      found.stations.flatMap(({ name, lines, point, area }) =>
        area
          ? [
              {
                name: `${name}${lang === "ja" ? "駅" : ""}`,
                detail: [area.name[lang], lines.slice(0, 3).join("・")].join(" · "),
                take: () => choice.area(area, around(point)),
              },
            ]
          : [],
      ),
    postcodes: () =>
      found.postcodes.flatMap(({ code, address, area }) =>
        area
          ? [
              {
                name: code.length > 3 ? `〒${postcodeText(code)}` : `〒${postcodeText(code)} ${text("postcodesBegin", lang)}`,
                detail: lang === "ja" ? address : area.name[lang],
                take: () => choice.area(area),
              },
            ]
          : [],
      ),
  };
  const labels = { together: "together", places: "places", former: "formerPlaces", layers: "layers", stations: "stations", postcodes: "postcodes" } as const;
  return found.order.map((name) => ({ label: text(labels[name], lang), options: made[name]() }));
}

/** Return the area of a level that holds a point; null where none does. */
async function areaAt(longitude: number, latitude: number): Promise<FoundArea | null> {
  const corner = (shift: number) => [longitude, latitude].map((degrees) => (degrees + shift).toFixed(DIGITS)).join(",");
  const { features } = await get<{ features: { properties: { code: string } }[] }>(
    `/ogc/collections/areas.municipality/items?bbox=${corner(-NEAR)},${corner(NEAR)}&limit=1&detail=low`,
  );
  const code = features[0]?.properties.code;
  if (!code) return null;
  const { places } = await get<Found>(`/v1/search?q=${code}`);
  return places.find((one) => one.code === code) ?? null;
}

function whereAmI(): Promise<GeolocationCoordinates> {
  return new Promise((resolve, reject) => {
    if (!("geolocation" in navigator)) return reject(new Error("no geolocation"));
    navigator.geolocation.getCurrentPosition(({ coords }) => resolve(coords), reject, { timeout: PATIENCE_MS, maximumAge: 60_000 });
  });
}

/** Make the search box work. */
export function finder(box: HTMLInputElement, list: HTMLElement, lang: () => Lang, choice: Choice): void {
  const here: Option = {
    name: "",
    detail: "",
    take: () => {
      const l = lang();
      say(text("hereAsking", l));
      whereAmI()
        .then(async ({ longitude, latitude }) => {
          const area = await areaAt(longitude, latitude);
          if (!area) return say(text("hereElsewhere", l));
          say("");
          choice.area(area, around([longitude, latitude]));
        })
        .catch(() => say(text("hereUnknown", l)));
    },
  };
  const hereGroup = (l: Lang): Group => ({ label: text("places", l), options: [{ ...here, name: text("here", l), detail: text("hereDetail", l) }] });
  const atHand = async (l: Lang): Promise<Group[]> => {
    const asOptions = async (name: "kept" | "seen") => {
      const found = await layers(remembered(name).slice(0, 5));
      return { label: text(name, l), options: found.map((one) => ({ name: shortName(one, l), detail: one.topic[l], take: () => choice.layer(one.id) })) };
    };
    const lists = await Promise.all([asOptions("kept"), asOptions("seen")]).catch(() => []);
    return [hereGroup(l), ...lists];
  };
  const suggest = async (words: string): Promise<Group[] | null> => {
    const l = lang();
    if (!folded(words)) return atHand(l);
    if (HERE.test(words.normalize("NFKC").trim())) return [hereGroup(l)];
    return groupsOf(await get<Found>(`/v1/search?q=${encodeURIComponent(words.slice(0, 100))}`), l, choice);
  };
  const { say } = combobox(box, list, suggest, () => text("nothingFound", lang()));
}
