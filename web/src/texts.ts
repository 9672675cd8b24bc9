import type { Lang } from "./api";

const TEXTS = {
  indicator: { ja: "指標・施策・KPI", en: "Indicator, measure or KPI" },
  level: { ja: "地域の単位", en: "Level" },
  period: { ja: "年", en: "Year" },
  api: { ja: "API", en: "API" },
  language: { ja: "English", en: "日本語" },
  map: { ja: "地図", en: "Map" },
  prefecture: { ja: "都道府県", en: "Prefectures" },
  municipality: { ja: "市区町村", en: "Municipalities" },
  ward: { ja: "市区町村（政令市は区）", en: "Municipalities, cities by ward" },
  noData: { ja: "データなし", en: "no data" },
  noneKnown: { ja: "把握している展開なし", en: "no known deployment" },
  areas: { ja: "地域数", en: "areas" },
  hint: { ja: "地図の地域を指すと値が出ます。", en: "Point at an area to read its value." },
  failed: { ja: "読み込めませんでした。", en: "Could not be loaded." },
} satisfies Record<string, Record<Lang, string>>;

export type TextKey = keyof typeof TEXTS;

export function text(key: TextKey, lang: Lang): string {
  return TEXTS[key][lang];
}

/** Fill every element that names its text. */
export function translatePage(lang: Lang): void {
  document.documentElement.lang = lang;
  for (const element of document.querySelectorAll<HTMLElement>("[data-text]")) {
    element.textContent = text(element.dataset["text"] as TextKey, lang);
  }
}
