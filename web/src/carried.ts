/** Values that are not what was counted, because an area was split: they have a sign, and a note explains it. */

import type { Lang } from "./api";
import { h } from "./element";
import { textOf } from "./texts";

export const SIGN = "†";
const REMARKABLE = ["apportioned", "estimated"];

/** Return the sign of a value with this status, an empty text where there is nothing to explain. */
export function signOf(status: string | undefined): string {
  return REMARKABLE.includes(status ?? "") ? SIGN : "";
}

/** Return what the signs of values with these statuses stand for. */
export function signNotes(statuses: Iterable<string | undefined>, lang: Lang): HTMLElement[] {
  const shown = new Set(statuses);
  return REMARKABLE.filter((one) => shown.has(one)).map((one) => h("p", { class: "soft carried" }, `${SIGN} ${textOf("status_", one, lang)}`));
}
