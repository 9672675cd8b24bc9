/** Share: the link, the code that embeds it, the files, and the calls behind it. */

import type { Lang, Layer, Legend } from "./api";
import { h } from "./element";
import { type TextKey, text, withUnit } from "./texts";
import { breaksOver, layerQuery, searchOf, type View } from "./view";

/** The newest script of embeds, and what its bytes come to; the build fills it in. */
declare const EMBED_SCRIPT: { path: string; integrity: string };

const EMBEDS: Partial<Record<View["stage"], string>> = { compare: "chart", ranking: "ranking" };
const ATTRIBUTES = ["layer", "level", "period", "vintage", "scheme", "k", "breaks", "breaks_over", "palette", "area", "areas", "lang"] as const;

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}

/** Return the kind of embed that shows a view; categories have no order, so their table is shown as a map. */
function embedKind(view: View, layer: Layer): string {
  const kind = EMBEDS[view.stage] ?? "map";
  return kind === "ranking" && layer.kind === "category" ? "map" : kind;
}

/** Return the address of the page, the view in it whole: the bare one shows what is first today. */
function link(view: View): string {
  return location.search ? location.href : `${location.origin}/${searchOf(view)}${location.hash}`;
}

function embedAddress(view: View, kind: string): string {
  const said = new URLSearchParams(searchOf({ ...view, stage: "map", overlay: ["labels"] }));
  return `${location.origin}/embed/${kind}?${said.toString().replaceAll("%2C", ",").replaceAll("%3A", ":")}`;
}

function copied(id: string, name: TextKey, words: string, lang: Lang): HTMLElement {
  const field =
    name === "embed" || name === "component"
      ? h("textarea", { id, readonly: true, rows: 5, spellcheck: "false" }, words)
      : h("input", { id, type: "text", readonly: true, value: words });
  const button = h("button", { type: "button", "aria-describedby": `${id}-name` }, text("copy", lang));
  button.addEventListener("click", () => {
    field.select();
    void navigator.clipboard.writeText(words).then(() => (button.textContent = text("copied", lang)));
  });
  return h("div", { class: "copied" }, h("label", { for: id, id: `${id}-name` }, text(name, lang)), field, button);
}

/** Open the dialog for the view as it is now. */
export function openShare(dialog: HTMLDialogElement, view: View, layer: Layer, legend: Legend): void {
  const lang = view.lang;
  const kind = embedKind(view, layer);
  const chosen = { ...view, level: legend.level, period: legend.period, breaks_over: breaksOver(view) === "all" ? "all" : view.breaks_over };
  const query = layerQuery(chosen);
  const base = `/v1/layers/${view.layer}`;
  const title = withUnit(legend.title, legend.unit, lang);
  const named = { ...chosen, areas: view.areas.join(",") };
  const attributes = ATTRIBUTES.filter((name) => named[name]).map((name) => `${name}="${escaped(named[name])}"`);
  const script = `<script src="${location.origin}${EMBED_SCRIPT.path}" integrity="${EMBED_SCRIPT.integrity}" crossorigin="anonymous" async></script>`;
  const frame = `<iframe src="${escaped(embedAddress(chosen, kind))}" title="${escaped(title)}" width="100%" height="560" loading="lazy" style="border:0"></iframe>\n${script}`;
  const said = [...(kind === "map" ? [] : [`kind="${kind}"`]), ...attributes];
  const component = `${script}\n<chiiki-map ${said.join(" ")}></chiiki-map>`;
  const picture = new URLSearchParams([...new URLSearchParams(query), ["lang", lang], ...(view.area ? [["area", view.area]] : [])]).toString();
  const download = new URLSearchParams({ level: legend.level, periods: legend.period, vintage: legend.vintage }).toString();
  const file = (name: TextKey, path: string) => h("a", { href: path, download: "" }, text(name, lang));
  const call = `${location.origin}${base}/values.json?${query}`;
  const head = h(
    "header",
    {},
    h("h2", { id: "share-title" }, text("shareTitle", lang)),
    h("button", { class: "round", "aria-label": text("close", lang) }, "×"),
  );
  dialog.setAttribute("aria-labelledby", "share-title");
  if (view.stage === "mergers") {
    const mergers = `${location.origin}/v1/mergers?prefecture=${view.area.slice(0, 2)}000`;
    const called = view.area ? [copied("share-api", "apiCall", mergers, lang)] : [];
    dialog.replaceChildren(h("form", { method: "dialog" }, head, copied("share-link", "link", link(view), lang), ...called));
    return dialog.showModal();
  }
  dialog.replaceChildren(
    h(
      "form",
      { method: "dialog" },
      head,
      copied("share-link", "link", link(view), lang),
      copied("share-embed", "embed", frame, lang),
      copied("share-component", "component", component, lang),
      copied("share-api", "apiCall", call, lang),
      h("h3", {}, text("download", lang)),
      h(
        "p",
        { class: "files" },
        file("csv", `${base}/values.csv?${query}&bom=true`),
        file("png", `${base}/map.png?${picture}`),
        file("svg", `${base}/map.svg?${picture}`),
        file("geojson", `${base}/areas.geojson?${query}`),
        ...(["gpkg", "xlsx"] as const).map((suffix) => file(suffix, `${base}/download.${suffix}?${download}`)),
      ),
    ),
  );
  dialog.showModal();
}
