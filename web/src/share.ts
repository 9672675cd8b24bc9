/** Share: the link, the code that embeds it, the files, and the calls behind it. */

import type { Legend } from "./api";
import { h } from "./element";
import { text, withUnit, type TextKey } from "./texts";
import { layerQuery, searchOf, type View } from "./view";

const EMBEDS: Partial<Record<View["stage"], string>> = { compare: "chart", table: "ranking" };

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}

/** Return the address that embeds a view. */
export function embedAddress(view: View): string {
  const kind = EMBEDS[view.stage] ?? "map";
  const said = new URLSearchParams(searchOf({ ...view, stage: "map", overlay: ["labels"] }));
  return `${location.origin}/embed/${kind}?${said.toString().replaceAll("%2C", ",").replaceAll("%3A", ":")}`;
}

function copied(id: string, name: TextKey, words: string, view: View): HTMLElement {
  const field = h("textarea", { id, readonly: true, rows: words.length > 90 ? 3 : 1, spellcheck: "false" }, words);
  const button = h("button", { type: "button" }, text("copy", view.lang));
  button.addEventListener("click", () => {
    field.select();
    void navigator.clipboard.writeText(words).then(() => (button.textContent = text("copied", view.lang)));
  });
  return h("div", { class: "copied" }, h("label", { for: id }, text(name, view.lang)), field, button);
}

/** Open the dialog for the view as it is now. */
export function openShare(dialog: HTMLDialogElement, view: View, legend: Legend): void {
  const lang = view.lang;
  const chosen = { ...view, level: legend.level, period: legend.period };
  const query = layerQuery(chosen);
  const base = `/v1/layers/${view.layer}`;
  const title = withUnit(legend.title, legend.unit, lang);
  const attributes = (["layer", "level", "period", "area", "palette", "scheme", "k", "lang"] as const).filter((name) => chosen[name]).map((name) => `${name}="${escaped(chosen[name])}"`);
  const kind = EMBEDS[view.stage] ? [`kind="${EMBEDS[view.stage]}"`] : [];
  const areas = view.areas.length ? [`areas="${view.areas.join(",")}"`] : [];
  const frame = `<iframe src="${escaped(embedAddress(chosen))}" title="${escaped(title)}" width="100%" height="560" loading="lazy" style="border:0"></iframe>\n<script src="${location.origin}/embed/chiiki.js" async></script>`;
  const component = `<script src="${location.origin}/embed/chiiki.js" async></script>\n<chiiki-map ${[...kind, ...attributes, ...areas].join(" ")}></chiiki-map>`;
  const file = (name: TextKey, path: string) => h("a", { href: path, download: "" }, text(name, lang));
  const call = `${location.origin}${base}/values.json?${query}`;
  dialog.setAttribute("aria-labelledby", "share-title");
  dialog.replaceChildren(
    h(
      "form",
      { method: "dialog" },
      h("header", {}, h("h2", { id: "share-title" }, text("shareTitle", lang)), h("button", { class: "round", "aria-label": text("close", lang) }, "×")),
      copied("share-link", "link", location.href, view),
      copied("share-embed", "embed", frame, view),
      copied("share-component", "component", component, view),
      copied("share-api", "apiCall", call, view),
      h("h3", {}, text("download", lang)),
      h(
        "p",
        { class: "files" },
        file("csv", `${base}/values.csv?${query}&bom=true`),
        file("geojson", `${base}/areas.geojson?${query}`),
      ),
    ),
  );
  dialog.showModal();
}
