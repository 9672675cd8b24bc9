/** Share: this view as a link, in a frame of another page, as files, on paper; with what can be chosen of it. */

import type { Lang, Layer, Legend, Texts } from "./api";
import * as api from "./api";
import type { Box } from "./camera";
import { h } from "./element";
import { type TextKey, text, textOf, withUnit } from "./texts";
import { breaksOver, layerQuery, searchOf, type View } from "./view";
import "./share.css";

/** The newest script of embeds, and what its bytes come to; the build fills it in. */
declare const EMBED_SCRIPT: { path: string; integrity: string };

const TEXTS = {
  here: { ja: "この画面へのリンク", en: "Link to this view" },
  inPage: { ja: "ページに埋め込む", en: "Embed in a page" },
  preview: { ja: "プレビュー", en: "Preview" },
  theme: { ja: "配色", en: "Theme" },
  light: { ja: "明るい", en: "Light" },
  dark: { ja: "暗い", en: "Dark" },
  auto: { ja: "読者に合わせる", en: "As the reader's" },
  lang: { ja: "言語", en: "Language" },
  ja: { ja: "日本語", en: "日本語" },
  en: { ja: "English", en: "English" },
  extent: { ja: "範囲", en: "Extent" },
  nation: { ja: "全国", en: "The nation" },
  only: { ja: "だけ", en: " only" },
  seen: { ja: "今の地図の範囲", en: "What the map shows now" },
  width: { ja: "幅", en: "Width" },
  height: { ja: "高さ", en: "Height" },
  wide: { ja: "幅いっぱい", en: "Full width" },
  fitting: { ja: "自動", en: "Automatic" },
  highlight: { ja: "強調：", en: "Highlight " },
  noEmbed: { ja: "この見方は、埋め込みには対応していません。リンクか印刷をお使いください。", en: "This view cannot be embedded: share its link, or print it." },
  others: { ja: "Webコンポーネント・API", en: "Web component, API" },
  api: { ja: "API", en: "API" },
  cite: { ja: "出典の書き方", en: "Citation" },
  files: { ja: "ダウンロード・印刷", en: "Download, print" },
  print: { ja: "印刷・PDF", en: "Print, PDF" },
  selected: { ja: "選択しました。Ctrl＋C でコピーできます", en: "Selected: copy it with Ctrl+C" },
  json: { ja: "JSON", en: "JSON" },
  deployments: { ja: "施策の展開（CSV）", en: "Deployments (CSV)" },
} satisfies Record<string, Texts>;

type Name = keyof typeof TEXTS;

/** The embed that shows a view; a view that is not here has none. */
const EMBEDS: Readonly<Record<string, string>> = {
  map: "map",
  two: "map",
  bivariate: "map",
  compare: "chart",
  ranking: "ranking",
  table: "ranking",
  kpi: "kpi",
  logic: "logic",
  roadmap: "roadmap",
};
const OF_STRATEGY = ["kpi", "logic", "roadmap"];
const ATTRIBUTES = ["layer", "level", "period", "vintage", "scheme", "k", "breaks", "breaks_over", "palette", "area", "areas"] as const;
const NATION = "00000";
const WIDTHS = ["100%", "400", "640", "800"] as const;
const HEIGHTS = ["", "400", "480", "600", "720"] as const;
/** Where no height was chosen: what the frame has until the script gives it that of its content. */
const HEIGHT = "560";

/** What can be chosen of an embed. `extent` is empty, a prefecture's code, or the corners of a box. */
interface Choice {
  lang: Lang;
  theme: "light" | "dark" | "auto";
  extent: string;
  isHighlit: boolean;
  width: string;
  height: string;
}

/** The view that is shared, and what is known of it. */
interface Shared {
  kind: string;
  /** With its level and its period said. */
  view: View;
  layer: Layer;
  legend: Legend;
  area: api.AreaInDetail | null;
  prefecture: api.AreaInDetail | null;
  seen: Box | null;
}

function said(name: Name, lang: Lang): string {
  return TEXTS[name][lang];
}

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}

/** Return the kind of embed that shows a view, empty where none does; categories have no order, so their table is shown as a map. */
function embedKind(view: View, layer: Layer): string {
  const kind = EMBEDS[view.stage] ?? "";
  return kind === "ranking" && layer.kind === "category" ? "map" : kind;
}

/** Return the address of the page, the view in it whole: the bare one shows what is first today. */
function link(view: View): string {
  return location.search ? location.href : `${location.origin}/${searchOf(view)}${location.hash}`;
}

/** Return whether an area of the map can be outlined: it is one of those that the map has. */
function canHighlight({ kind, view, area }: Shared): boolean {
  if (!area || !["map", "ranking"].includes(kind)) return false;
  return view.level === "prefecture" ? area.level === "prefecture" : area.level !== "prefecture";
}

/** Return what an embed is asked for, as parameters and as attributes. */
function parameters(shared: Shared, { lang, theme, extent, isHighlit, height }: Choice): [string, string][] {
  const { kind, view } = shared;
  const isFree = kind === "chart" || OF_STRATEGY.includes(kind);
  const named = { ...view, areas: view.areas.join(","), area: isFree || isHighlit ? view.area : "" };
  const asked = (OF_STRATEGY.includes(kind) ? (["area"] as const) : ATTRIBUTES).map((name): [string, string] => [name, named[name] ?? ""]);
  // without a word on the extent, a chosen area is shown with what is around it
  const whole = kind === "map" && isHighlit ? NATION : "";
  const cut: [string, string] = extent.includes(",") ? ["bbox", extent] : ["parent", extent || whole];
  return [...asked, cut, ["lang", lang], ["theme", theme === "light" ? "" : theme], ["height", height]].filter(([, value]) => value) as [string, string][];
}

function embedAddress(shared: Shared, choice: Choice): string {
  const query = new URLSearchParams(parameters(shared, choice)).toString();
  return `${location.origin}/embed/${shared.kind}?${query.replaceAll("%2C", ",").replaceAll("%3A", ":")}`;
}

function titleOf({ kind, legend }: Shared, lang: Lang): string {
  if (OF_STRATEGY.includes(kind)) return `${text("strategy", lang)}${text("joint", lang)}${textOf("stage_", kind, lang)}`;
  return withUnit(legend.title, legend.unit, lang);
}

/** Return a field to copy from, its button, and how to give it other words. */
function copied(id: string, name: string, words: string, lang: Lang, rows = 0): { element: HTMLElement; tell: (words: string) => void } {
  const field = rows ? h("textarea", { id, readonly: true, rows, spellcheck: "false" }, words) : h("input", { id, type: "text", readonly: true, value: words });
  const button = h("button", { type: "button", "aria-describedby": `${id}-name` }, text("copy", lang));
  const done = h("span", { class: "done soft", role: "status" });
  button.addEventListener("click", () => {
    field.select();
    const tell = (told: string) => {
      button.classList.toggle("is-copied", told === text("copied", lang));
      button.textContent = told === text("copied", lang) ? `✓ ${told}` : text("copy", lang);
      done.textContent = told;
    };
    navigator.clipboard.writeText(field.value).then(
      () => tell(text("copied", lang)),
      () => tell(said("selected", lang)),
    );
  });
  const tell = (next: string) => {
    field.value = next;
    button.textContent = text("copy", lang);
    button.classList.remove("is-copied");
    done.textContent = "";
  };
  return { element: h("div", { class: "copied" }, h("label", { for: id, id: `${id}-name` }, name), field, button, done), tell };
}

function radios<T extends string>(name: Name, values: readonly T[], chosen: T, lang: Lang, take: (value: T) => void): HTMLElement {
  return h(
    "fieldset",
    { class: "choice" },
    h("legend", {}, said(name, lang)),
    h(
      "div",
      { class: "segments" },
      ...values.map((value) =>
        h(
          "label",
          {},
          h("input", { type: "radio", name: `share-${name}`, id: `share-${name}-${value}`, value, checked: value === chosen, onchange: () => take(value) }),
          h("span", { lang: name === "lang" ? value : null }, said(value as Name, lang)),
        ),
      ),
    ),
  );
}

function picker(
  name: Name,
  options: readonly (readonly [value: string, label: string])[],
  chosen: string,
  lang: Lang,
  take: (value: string) => void,
): HTMLElement {
  const list = h("select", { id: `share-${name}` }, ...options.map(([value, label]) => h("option", { value, selected: value === chosen }, label)));
  list.addEventListener("change", () => take(list.value));
  return h("div", { class: "choice" }, h("label", { for: `share-${name}` }, said(name, lang)), list);
}

/** Return the extents that a view has: value and name, that which is meant first. */
function extents(shared: Shared, lang: Lang): [string, string][] {
  const { kind, view, prefecture, seen } = shared;
  if (kind !== "map" && kind !== "ranking") return [];
  const nation: [string, string] = ["", said("nation", lang)];
  const whole: [string, string][] = prefecture ? [[prefecture.code, prefecture.name[lang] + said("only", lang)]] : [];
  const framed: [string, string][] = kind === "map" && seen ? [[seen.map((one) => one.toFixed(3)).join(","), said("seen", lang)]] : [];
  if (view.level === "prefecture") return [nation, ...framed];
  if (whole.length) return [...whole, nation, ...framed];
  return [...framed, nation];
}

function frameCode(shared: Shared, choice: Choice): string {
  const { width, height, lang } = choice;
  const style = width === "100%" ? "border:0" : "border:0;max-width:100%";
  return `<iframe src="${escaped(embedAddress(shared, choice))}" title="${escaped(titleOf(shared, lang))}" width="${width}" height="${height || HEIGHT}" loading="lazy" style="${style}"></iframe>\n${scriptCode()}`;
}

function scriptCode(): string {
  return `<script src="${location.origin}${EMBED_SCRIPT.path}" integrity="${EMBED_SCRIPT.integrity}" crossorigin="anonymous" async></script>`;
}

function elementCode(shared: Shared, choice: Choice): string {
  const kind = shared.kind === "map" ? [] : [`kind="${shared.kind}"`];
  const attributes = parameters(shared, choice).map(([name, value]) => `${name}="${escaped(value)}"`);
  return `${scriptCode()}\n<chiiki-map ${[...kind, ...attributes].join(" ")}></chiiki-map>`;
}

/** Return the choices of an embed beside its preview, and its code. */
function embedding(shared: Shared, lang: Lang, follow: (choice: Choice) => void): HTMLElement[] {
  const places = extents(shared, lang);
  const choice: Choice = { lang: shared.view.lang, theme: "light", extent: places[0]?.[0] ?? "", isHighlit: canHighlight(shared), width: "100%", height: "" };
  const frame = h("iframe", { id: "share-preview", title: said("preview", lang), tabindex: -1 });
  const code = copied("share-embed", text("embed", lang), "", lang, 4);
  const update = (change: Partial<Choice>) => {
    Object.assign(choice, change);
    const address = embedAddress(shared, choice);
    if (frame.src !== address) frame.src = address;
    frame.style.maxWidth = choice.width === "100%" ? "" : `${choice.width}px`;
    frame.style.height = choice.height ? `${choice.height}px` : "";
    code.tell(frameCode(shared, choice));
    follow(choice);
  };
  const name = shared.area?.name[lang] ?? "";
  const options = [
    radios("theme", ["light", "dark", "auto"], choice.theme, lang, (theme) => update({ theme })),
    radios("lang", ["ja", "en"], choice.lang, lang, (chosen) => update({ lang: chosen })),
    places.length > 1 ? picker("extent", places, choice.extent, lang, (extent) => update({ extent })) : null,
    canHighlight(shared)
      ? h(
          "label",
          { class: "highlight" },
          h("input", {
            type: "checkbox",
            id: "share-highlight",
            checked: true,
            onchange: (event: Event) => update({ isHighlit: (event.target as HTMLInputElement).checked }),
          }),
          said("highlight", lang) + name,
        )
      : null,
    h(
      "div",
      { class: "sizes" },
      picker(
        "width",
        WIDTHS.map((one) => [one, one === "100%" ? said("wide", lang) : `${one} px`]),
        choice.width,
        lang,
        (width) => update({ width }),
      ),
      picker(
        "height",
        HEIGHTS.map((one) => [one, one ? `${one} px` : said("fitting", lang)]),
        choice.height,
        lang,
        (height) => update({ height }),
      ),
    ),
  ];
  update({});
  return [
    h("h3", {}, said("inPage", lang)),
    h(
      "div",
      { class: "embedding" },
      h("div", { class: "options" }, ...options),
      h("figure", {}, h("figcaption", { class: "soft" }, said("preview", lang)), frame),
    ),
    code.element,
  ];
}

/** Return name and address of the files behind a view. */
function files({ view, legend }: Shared, choice: Pick<Choice, "lang" | "extent" | "isHighlit">, lang: Lang): [string, string][] {
  if (view.stage === "kpi") return [[said("json", lang), "/v1/kpis"]];
  const area = view.area ? `?area=${view.area}` : "";
  if (view.stage === "logic") {
    const drawn = `?${new URLSearchParams([...(view.area ? [["area", view.area]] : []), ["lang", choice.lang]] as [string, string][])}`;
    return [
      [text("svg", lang), `/v1/logic-model.svg${drawn}`],
      [said("json", lang), `/v1/logic-model.json${area}`],
    ];
  }
  if (view.stage === "roadmap")
    return [
      [said("json", lang), "/v1/roadmap"],
      [said("deployments", lang), `/v1/deployments.csv${area ? `${area}&` : "?"}bom=true`],
    ];
  const base = `/v1/layers/${view.layer}`;
  const query = layerQuery(view);
  const cut = choice.isHighlit || !choice.extent ? ["area", view.area] : [choice.extent.includes(",") ? "bbox" : "area", choice.extent];
  const picture = new URLSearchParams([...new URLSearchParams(query), ["lang", choice.lang], ...(cut[1] ? [cut] : [])] as [string, string][])
    .toString()
    .replaceAll("%2C", ",");
  const download = new URLSearchParams({ level: legend.level, periods: legend.period, vintage: legend.vintage }).toString();
  return [
    [text("csv", lang), `${base}/values.csv?${query}&bom=true`],
    [text("png", lang), `${base}/map.png?${picture}`],
    [text("svg", lang), `${base}/map.svg?${picture}`],
    [text("geojson", lang), `${base}/areas.geojson?${query}`],
    ...(["gpkg", "xlsx"] as const).map((suffix): [string, string] => [text(suffix as TextKey, lang), `${base}/download.${suffix}?${download}`]),
  ];
}

function callOf({ kind, view }: Shared): string {
  const area = view.area ? `?area=${view.area}` : "";
  if (view.stage === "mergers") return view.area ? `/v1/mergers?prefecture=${view.area.slice(0, 2)}000` : "";
  if (kind === "kpi") return "/v1/kpis";
  if (kind === "logic") return `/v1/logic-model.json${area}`;
  if (kind === "roadmap") return "/v1/roadmap";
  return `/v1/layers/${view.layer}/values.json?${layerQuery(view)}`;
}

/** Return how the source of a view is named. */
async function citation({ kind, view, legend }: Shared, lang: Lang): Promise<string> {
  if (view.stage === "mergers") return "";
  if (OF_STRATEGY.includes(kind)) {
    const { strategy } = await api.get<{ strategy: { source: { title: string } } }>("/v1/roadmap");
    return `${text("source", lang)}${lang === "ja" ? "：" : ": "}${strategy.source.title}`;
  }
  const told = await api.summary(view.layer, layerQuery({ ...view, level: legend.level, period: legend.period }));
  return told.citation[lang];
}

async function areaOf(code: string): Promise<api.AreaInDetail | null> {
  // an area of the past has no outline to highlight
  return code ? api.get<api.AreaInDetail>(`/v1/areas/${code}`).catch(() => null) : null;
}

/** Open the dialog for the view as it is now; `seen` is what the map shows, where somebody has placed it. */
export async function openShare(dialog: HTMLDialogElement, view: View, layer: Layer, legend: Legend, seen: Box | null): Promise<void> {
  const lang = view.lang;
  const chosen = { ...view, level: legend.level, period: legend.period, breaks_over: breaksOver(view) === "all" ? "all" : view.breaks_over };
  const [area, prefecture] = await Promise.all([areaOf(view.area), areaOf(view.area && `${view.area.slice(0, 2)}000`)]);
  const shared: Shared = { kind: embedKind(view, layer), view: chosen, layer, legend, area, prefecture, seen };
  const cited = await citation(shared, lang).catch(() => "");
  const call = callOf(shared);
  const component = copied("share-component", text("component", lang), "", lang, 4);
  const paper = h("button", { type: "button", id: "share-print" }, said("print", lang));
  paper.addEventListener("click", () => {
    dialog.close();
    print();
  });
  const list = h("p", { class: "files" });
  const follow = (choice: Pick<Choice, "lang" | "extent" | "isHighlit">) => {
    const found = view.stage === "mergers" ? [] : files(shared, choice, lang);
    list.replaceChildren(...found.map(([name, path]) => h("a", { href: path, download: "" }, name)), paper);
  };
  const embedded = () =>
    embedding(shared, lang, (choice) => {
      component.tell(elementCode(shared, choice));
      follow(choice);
    });
  follow({ lang, extent: "", isHighlit: view.area !== "" });
  const body = shared.kind ? embedded() : [h("p", { class: "soft" }, said("noEmbed", lang))];
  const others = [
    ...(shared.kind ? [component.element] : []),
    ...(call ? [copied("share-api", text("apiCall", lang), location.origin + call, lang).element] : []),
  ];
  dialog.setAttribute("aria-labelledby", "share-title");
  dialog.replaceChildren(
    h(
      "form",
      { method: "dialog", class: "sharing" },
      h(
        "div",
        { class: "head" },
        h("h2", { id: "share-title" }, text("shareTitle", lang)),
        h("button", { class: "round", "aria-label": text("close", lang) }, "×"),
      ),
      copied("share-link", said("here", lang), link(view), lang).element,
      ...body,
      h("h3", {}, said("files", lang)),
      list,
      ...(cited ? [copied("share-cite", said("cite", lang), cited, lang, 2).element] : []),
      ...(others.length ? [h("details", { open: !shared.kind }, h("summary", {}, said(shared.kind ? "others" : "api", lang)), ...others)] : []),
    ),
  );
  dialog.showModal();
}
