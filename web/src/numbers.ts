/** Numbers as people read them: 33.2万人, 346.7万円, 29.0%. */

import type { Lang, Layer, Texts } from "./api";
import { text } from "./texts";

export interface Measured {
  unit: Texts;
  decimals: number;
}

/** Units that count in thousands or millions of another. */
const MULTIPLES: Record<string, { times: number; ja: string; en: string }> = {
  千円: { times: 1e3, ja: "円", en: "yen" },
  百万円: { times: 1e6, ja: "円", en: "yen" },
};
const MYRIADS = [
  { at: 1e12, name: "兆" },
  { at: 1e8, name: "億" },
  { at: 1e4, name: "万" },
];

function withUnit(number: string, unit: string, lang: Lang): string {
  if (!unit) return number;
  return lang === "ja" || unit === "%" ? number + unit : `${number} ${unit}`;
}

/** A true minus, as wide as a digit; zero has no sign. */
function plain(told: string): string {
  return told.replace(/^-(?=[0.,]*$)/, "").replace("-", "−");
}

function digits(value: number, decimals: number, lang: Lang): string {
  return plain(value.toLocaleString(lang, { minimumFractionDigits: decimals, maximumFractionDigits: decimals }));
}

/** Return a value in full, in its own unit. */
export function full(value: number, { unit, decimals }: Measured, lang: Lang): string {
  return withUnit(digits(value, decimals, lang), unit[lang], lang);
}

/** Return what a layer has of an area: a figure in full, a category, or that there is none. */
export function valueText(value: number | null | undefined, layer: Layer, lang: Lang): string {
  if (value === null || value === undefined) return text(layer.topic.id === "measures" ? "noneKnown" : "noData", lang);
  return layer.categories.find((one) => one.code === value)?.label[lang] ?? full(value, layer, lang);
}

/** Return a value short enough for a card or an axis: three digits that tell. */
export function short(value: number, { unit, decimals }: Measured, lang: Lang): string {
  const multiple = MULTIPLES[unit.ja];
  const amount = value * (multiple?.times ?? 1);
  const named = multiple ? multiple[lang] : unit[lang];
  const size = Math.abs(amount);
  if (size < 1e4) return withUnit(digits(amount, multiple ? 0 : decimals, lang), named, lang);
  if (lang === "en") {
    const told = plain(amount.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 3 }));
    return withUnit(told, named, lang);
  }
  const { at, name } = MYRIADS.find((one) => size >= one.at * (1 - 5e-4)) ?? { at: 1, name: "" };
  const part = amount / at;
  const shown = Math.abs(part) < 9.995 ? 2 : Math.abs(part) < 99.95 ? 1 : 0;
  return withUnit(plain(part.toLocaleString("ja", { maximumFractionDigits: shown })) + name, named, lang);
}

/** Return a change with its sign; a true minus. */
export function signed(value: number, decimals: number, lang: Lang): string {
  const told = digits(Math.abs(value), decimals, lang);
  if (Number(told.replaceAll(",", "")) === 0) return `±${told}`;
  return (value < 0 ? "−" : "+") + told;
}
