/** The right column while no area is chosen: the map in words. */

import type { Catalogue, Lang, Layer, Legend, Row, Summary } from "./api";
import type { Go } from "./chooser";
import { h } from "./element";
import { inLanguage } from "./language";
import { full } from "./numbers";
import { text } from "./texts";
import type { View } from "./view";

/** What the parts of the page share. */
export interface Board {
  view: View;
  catalogue: Catalogue;
  layer: Layer;
  legend: Legend;
  go: Go;
  label: (period: string) => string;
}

function copyButton(lang: Lang, words: () => string): HTMLElement {
  const button = h("button", { type: "button", class: "plain copy" }, text("copy", lang));
  button.addEventListener("click", () => {
    void navigator.clipboard.writeText(words()).then(() => (button.textContent = text("copied", lang)));
  });
  return button;
}

function ranking(title: string, rows: Row[], board: Board): HTMLElement {
  const { lang } = board.view;
  const items = rows.map((row) =>
    h(
      "li",
      { value: row.rank },
      h(
        "button",
        { type: "button", class: "text", onclick: () => board.go({ area: row.code }) },
        row.name[lang],
        row.prefecture ? h("small", {}, row.prefecture[lang]) : null,
      ),
      h("data", { value: row.value }, full(row.value, board.layer, lang)),
    ),
  );
  return h("section", {}, h("h3", {}, title), h("ol", { class: "ranking" }, ...items));
}

/** Return the map in words: summary, highest, lowest, citation. */
export function overview(told: Summary, board: Board): HTMLElement[] {
  const { lang } = board.view;
  const isRanked = board.layer.kind !== "category";
  return [
    h("h2", {}, text("overview", lang)),
    h("p", { class: "words", id: "summary" }, told.text[lang]),
    ...(isRanked
      ? [h("div", { class: "halves" }, ranking(text("highest", lang), told.highest, board), ranking(text("lowest", lang), told.lowest, board))]
      : []),
    h(
      "details",
      { class: "cite" },
      h("summary", {}, text("cite", lang)),
      h("p", {}, ...inLanguage(told.citation[lang], lang)),
      copyButton(lang, () => `${told.text[lang]}\n${told.citation[lang]}`),
    ),
    h("p", { class: "soft hint" }, text("pickArea", lang)),
  ];
}
