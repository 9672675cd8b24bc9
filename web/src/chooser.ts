/** The left column: what to see, how to show it, what to lay over it. */

import type { Catalogue, Lang, Layer, Legend, Palette } from "./api";
import { get } from "./api";
import { h, s } from "./element";
import { text, textOf, type TextKey } from "./texts";
import { breaksOver, type View } from "./view";

export const SCHEMES = ["quantiles", "equal-interval", "fisher-jenks", "head-tail", "standard-deviation"] as const;
/** The palettes offered; all of them stand for the API. */
const OFFERED = new Set(["viridis", "cividis", "blues", "greens", "oranges", "purples", "ylgnbu", "ylorrd", "rdbu", "brbg", "puor", "rdylbu"]);

export type Go = (change: Partial<View>) => void;

function layerButton(layer: Layer, view: View, go: Go, note: string | null = null): HTMLElement {
  const isChosen = layer.id === view.layer;
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", class: "pick", "aria-pressed": String(isChosen), onclick: () => go({ layer: layer.id }) },
      h("span", {}, layer.name[view.lang].replace(/：展開の状態$|: state of deployments$/, "")),
      note ? h("small", {}, note) : null,
    ),
  );
}

function branch(name: string, view: View, layers: (Layer | undefined)[], go: Go, notes: Map<string, string> = new Map()): HTMLElement | null {
  const shown = layers.filter((one): one is Layer => one !== undefined);
  if (shown.length === 0) return null;
  const isOpen = shown.some((one) => one.id === view.layer);
  return h("details", { open: isOpen }, h("summary", {}, name), h("ul", { class: "picks" }, ...shown.map((one) => layerButton(one, view, go, notes.get(one.id) ?? null))));
}

/** Draw the tree of goals and topics. */
export function drawTree(target: HTMLElement, all: Catalogue, view: View, go: Go): void {
  const lang = view.lang;
  const layer = (id: string) => all.layers.get(id);
  const goals = all.goals.map((goal) => {
    const measures = all.measures.filter((measure) => measure.goal === goal.id);
    measures.sort((a, b) => b.known_deployments - a.known_deployments);
    const notes = new Map(measures.map((one) => [one.layer, one.known_deployments.toLocaleString(lang)]));
    const parts = [
      branch(text("progress", lang), view, goal.kpis.map((id) => layer(`kpi-progress:${id}`)), go),
      branch(text("indicators", lang), view, goal.indicators.map(layer), go),
      branch(text("measures", lang), view, [layer(`deployment-count:${goal.id}`), ...measures.map((one) => layer(one.layer))], go, notes),
    ].filter((one) => one !== null);
    const isOpen = parts.some((part) => (part as HTMLDetailsElement).open);
    return h("details", { class: "goal", open: isOpen, "data-goal": goal.id }, h("summary", {}, goal.name[lang]), goal.kpi && goal.kpi[lang] ? h("p", { class: "soft" }, goal.kpi[lang]) : null, ...parts);
  });
  const topics = new Map<string, Layer[]>();
  for (const one of all.layers.values()) {
    if (["measures", "progress"].includes(one.topic.id)) continue;
    topics.set(one.topic.id, [...(topics.get(one.topic.id) ?? []), one]);
  }
  const isInGoal = goals.some((goal) => goal.open);
  const branches = [...topics.values()].map((layers) => branch(layers[0]?.topic[lang] ?? "", view, layers, go));
  if (isInGoal) for (const one of branches) one?.removeAttribute("open");
  target.replaceChildren(h("h3", {}, text("byGoal", lang)), ...goals, h("h3", {}, text("byTopic", lang)), ...branches.filter((one) => one !== null));
}

function ramp(colours: string[]): SVGElement {
  const step = 60 / colours.length;
  return s("svg", { width: 60, height: 12, "aria-hidden": "true" }, ...colours.map((colour, index) => s("rect", { x: index * step, width: step + 0.5, height: 12, fill: colour })));
}

function labelled(name: TextKey, lang: Lang, control: HTMLElement): HTMLElement {
  return h("label", { class: "field" }, h("span", {}, text(name, lang)), control);
}

function options(values: [string, string][], chosen: string): HTMLOptionElement[] {
  return values.map(([value, label]) => h("option", { value, selected: value === chosen }, label));
}

/** Draw the segmented choice of the level. */
export function drawLevels(target: HTMLElement, layer: Layer | undefined, shown: string, lang: Lang, go: Go): void {
  const levels = layer?.levels ?? [shown];
  target.replaceChildren(
    h("legend", {}, text("level", lang)),
    ...levels.map((level) =>
      h(
        "label",
        {},
        h("input", { type: "radio", name: "level", value: level, checked: level === shown, onchange: () => go({ level }) }),
        h("span", {}, textOf("", level, lang)),
      ),
    ),
  );
}

/** Draw scheme, number of classes and palette; a categorical layer has none of them. */
export async function drawSettings(target: HTMLElement, layer: Layer, legend: Legend, view: View, go: Go): Promise<void> {
  const lang = view.lang;
  if (layer.kind === "category") {
    target.replaceChildren();
    return;
  }
  const scheme = view.scheme || layer.default.scheme;
  const palette = view.palette || layer.default.palette;
  const plain = palette.replace(/_r$/, "");
  const { palettes } = await get<{ palettes: Palette[] }>("/v1/palettes");
  const offered = palettes.filter((one) => one.colour_blind_safe && (OFFERED.has(one.name) || one.name === plain));
  // two maps of one layer have the same breaks unless told otherwise
  const ownBreaks = breaksOver({ ...view, breaks_over: "" }) === "all" ? "period" : "";
  const takesCount = !["head-tail", "standard-deviation", "user"].includes(scheme);
  const schemes: [string, string][] = [...SCHEMES, ...(scheme === "user" ? (["user"] as const) : [])].map((name) => [name, textOf("scheme_", name, lang)]);
  const count = h("select", { disabled: !takesCount, onchange: (event: Event) => go({ k: (event.target as HTMLSelectElement).value }) }, ...options([2, 3, 4, 5, 6, 7, 8, 9].map((k) => [String(k), String(k)]), view.k || String(takesCount ? layer.default.k : legend.classes.length)));
  target.replaceChildren(
    labelled("scheme", lang, h("select", { id: "scheme", onchange: (event: Event) => go({ scheme: (event.target as HTMLSelectElement).value, breaks: "" }) }, ...options(schemes, scheme))),
    labelled("classes", lang, count),
    h(
      "fieldset",
      { class: "palettes" },
      h("legend", {}, text("palette", lang), h("small", {}, ` ${text("safeOnly", lang)}`)),
      ...offered.map((one) =>
        h(
          "label",
          { title: one.name },
          h("input", { type: "radio", name: "palette", value: one.name, checked: one.name === plain, "aria-label": one.name, onchange: () => go({ palette: one.name }) }),
          ramp(one.colours),
        ),
      ),
    ),
    h(
      "label",
      { class: "check" },
      h("input", { type: "checkbox", checked: breaksOver(view) === "all", onchange: (event: Event) => go({ breaks_over: (event.target as HTMLInputElement).checked ? "all" : ownBreaks }) }),
      text("breaksOver", lang),
    ),
    h("button", { type: "button", class: "plain", onclick: () => go({ scheme: "", k: "", breaks: "", palette: "", breaks_over: "" }) }, text("byDefault", lang)),
  );
}

/** Draw what can be laid over the map. */
export function drawOverlays(target: HTMLElement, all: Catalogue, view: View, mayHaveBackground: boolean, go: Go): void {
  const lang = view.lang;
  const toggle = (name: string, isOn: boolean) => go({ overlay: isOn ? [...view.overlay, name] : view.overlay.filter((one) => one !== name) });
  const check = (name: string, label: string) =>
    h("label", { class: "check" }, h("input", { type: "checkbox", checked: view.overlay.includes(name), onchange: (event: Event) => toggle(name, (event.target as HTMLInputElement).checked) }), label);
  const chosen = view.overlay.find((one) => one.startsWith("deployments")) ?? "";
  const measures = all.measures.filter((one) => one.known_deployments > 0).sort((a, b) => b.known_deployments - a.known_deployments);
  const listed: [string, string][] = [
    ["", text("noOverlay", lang)],
    ["deployments", text("allMeasures", lang)],
    ...measures.map((one): [string, string] => [`deployments:${one.id}`, `${one.name[lang]} (${one.known_deployments})`]),
  ];
  const take = (event: Event) => {
    const value = (event.target as HTMLSelectElement).value;
    go({ overlay: [...view.overlay.filter((one) => !one.startsWith("deployments")), ...(value ? [value] : [])] });
  };
  target.replaceChildren(
    labelled("deployments", lang, h("select", { id: "overlay", onchange: take }, ...options(listed, chosen))),
    check("labels", text("labels", lang)),
    ...(mayHaveBackground ? [check("gsi", text("gsi", lang))] : []),
  );
}
