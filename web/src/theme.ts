/** Light or dark: as the system wishes, or as the reader has chosen in this browser. The address does not say, so a link shows everybody the same. */

import type { Lang } from "./api";
import { h } from "./element";
import { text, textOf } from "./texts";

const KEPT = "chiiki:theme";
const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/** Return what the reader has chosen; a browser that keeps nothing for a page keeps this neither. */
function chosen(): Theme {
  try {
    return THEMES.find((one) => one === localStorage.getItem(KEPT)) ?? "auto";
  } catch {
    return "auto";
  }
}

function keep(theme: Theme): void {
  try {
    localStorage.setItem(KEPT, theme);
  } catch {
    // it holds for this page
  }
}

function wear(theme: Theme): void {
  const { dataset } = document.documentElement;
  if (theme === "auto") delete dataset["theme"];
  else dataset["theme"] = theme;
}

/** Give the page the colours that were chosen. */
export function wearTheme(): void {
  wear(chosen());
}

/** Offer light and dark; `changed` draws anew what no style reaches. */
export function offerTheme(target: HTMLElement, lang: Lang, changed: () => void): void {
  const now = chosen();
  const select = h(
    "select",
    { id: "theme", "aria-label": text("theme", lang) },
    ...THEMES.map((one) => h("option", { value: one, selected: one === now }, textOf("theme_", one, lang))),
  );
  select.addEventListener("change", () => {
    const theme = select.value as Theme;
    keep(theme);
    wear(theme);
    changed();
  });
  target.replaceChildren(select);
}

/** Tell when the system goes light or dark. */
export function onSystemTheme(changed: () => void): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}
