/** What the views that are no map share. */

import type { Lang, Source } from "../api";
import { type Child, h } from "../element";
import { byLanguage, inLanguage } from "../language";
import type { Board } from "../panel";
import { text } from "../texts";

/** What a view of the whole strategy needs to know, in the explorer and in a frame of another page. */
export type StrategyBoard = Pick<Board, "view" | "catalogue" | "go">;

/** Show parts in place of what was there; the focus stays on the control of the same id, else goes to the heading. */
export function show(target: HTMLElement, ...parts: Child[]): void {
  const held = target.contains(document.activeElement) ? document.activeElement?.id : null;
  target.replaceChildren(...parts.filter((one) => one instanceof Node));
  if (held === null) return;
  const same = held ? document.getElementById(held) : null;
  (same ?? target.querySelector<HTMLElement>("h3[tabindex]"))?.focus({ preventScroll: true });
}

/** Return whether the page has moved on since it was asked for this address: what was fetched is then not shown. */
export function hasMovedOn(address: string): boolean {
  return location.search !== address;
}

/** Return a source as a link, or as words where it has no address. */
export function sourceLink(source: Source, lang: Lang, isShort = false): HTMLElement {
  const named = `${text("source", lang)}${lang === "ja" ? "：" : ": "}${source.title}`;
  const marked = inLanguage(named, lang);
  if (!source.url) return h("span", { class: "source" }, ...marked);
  const properties = { href: source.url, rel: "noopener", target: "_blank", class: "source" };
  if (!isShort) return h("a", properties, ...marked);
  const own = lang !== "ja" && byLanguage(source.title).length > 1 ? "ja" : null; // of what the pointer is told too
  return h(
    "a",
    { ...properties, title: source.title, lang: own },
    h("span", { lang }, text("source", lang)),
    h("span", { class: "unseen" }, ` ${source.title}`),
  );
}
