/** What stands under a view of an indicator: the same in other views, where it is from, and more about it. */

import { h } from "../element";
import { inLanguage } from "../language";
import type { Board } from "../panel";
import { text, textOf } from "../texts";
import { type StageName, searchOf } from "../view";
import { baseOf } from "./change";
import "./about.css";

const VIEWS: readonly StageName[] = ["map", "ranking", "compare", "years"];

/** Whom the figures shown are from. */
interface Cited {
  title: { ja: string; en: string };
  url: string;
}

/** Return whether there is a page of the layer as an indicator. */
export function isIndicator(id: string): boolean {
  return !id.includes(":");
}

/** Return the address of the page that tells everything of an indicator. */
export function pageOf(id: string, lang: string): string {
  return `/indicators/${id}?lang=${lang}`;
}

/** Return the foot of a view. */
export function about(board: Board, sources: readonly Cited[] = board.legend.sources): HTMLElement {
  const { view, layer, go } = board;
  const { lang } = view;
  const id = baseOf(layer.id);
  const views = VIEWS.filter((stage) => stage !== view.stage).map((stage) =>
    h(
      "a",
      {
        href: searchOf({ ...view, stage }),
        onclick: (event: MouseEvent) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          go({ stage });
        },
      },
      textOf("stage_", stage, lang),
    ),
  );
  const once = [...new Map(sources.map((one) => [one.title[lang], one])).values()];
  const cited = once.flatMap(({ title, url }, index) => {
    const words = inLanguage(title[lang], lang);
    return [index ? text("joint", lang) : "", url ? h("a", { href: url, rel: "noopener", target: "_blank" }, ...words) : h("span", {}, ...words)];
  });
  return h(
    "footer",
    { class: "about" },
    h("p", {}, h("b", {}, text("source", lang)), " ", ...cited),
    h(
      "p",
      { class: "views" },
      isIndicator(id) ? h("a", { href: pageOf(id, lang), class: "data" }, text("aboutData", lang)) : null,
      h("span", {}, text("sameElsewhere", lang)),
      ...views,
    ),
  );
}
