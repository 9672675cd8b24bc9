/** What a reader has seen and kept: ids of layers in the browser's own store, never in an address. */

import type { Layer } from "./api";

export const MOST_SEEN = 8;
const MOST_KEPT = 40;

type List = "seen" | "kept";

/** Return the ids of a list; a store that is shut or holds something else has none. */
export function remembered(list: List): string[] {
  try {
    const held: unknown = JSON.parse(localStorage.getItem(`chiiki.${list}`) ?? "[]");
    return Array.isArray(held) ? held.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

function remember(list: List, ids: string[]): void {
  try {
    localStorage.setItem(`chiiki.${list}`, JSON.stringify(ids));
  } catch {
    // a browser may keep its store shut, or full: nothing is remembered then
  }
}

/** Remember that a layer was looked at: it comes first, once. */
export function see(id: Layer["id"]): void {
  remember("seen", [id, ...remembered("seen").filter((one) => one !== id)].slice(0, MOST_SEEN));
}

/** Keep a layer, or keep it no longer. */
export function keep(id: Layer["id"], isKept: boolean): void {
  const others = remembered("kept").filter((one) => one !== id);
  remember("kept", (isKept ? [...others, id] : others).slice(-MOST_KEPT));
}
