/** What the page shows, kept in its address so that a link shows the same. */

import type { Lang } from "./api";

export interface View {
  layer: string;
  level: string;
  period: string;
  lang: Lang;
}

export function fromAddress(): View {
  const asked = new URLSearchParams(location.search);
  const browser: Lang = navigator.language.startsWith("ja") ? "ja" : "en";
  const lang = asked.get("lang");
  return {
    layer: asked.get("layer") ?? "ageing-rate",
    level: asked.get("level") ?? "municipality",
    period: asked.get("period") ?? "",
    lang: lang === "ja" || lang === "en" ? lang : browser,
  };
}

export function query(view: View): string {
  return new URLSearchParams({ period: view.period, level: view.level }).toString();
}

export function toAddress(view: View): void {
  history.replaceState(null, "", `?${new URLSearchParams({ ...view })}${location.hash}`);
}
