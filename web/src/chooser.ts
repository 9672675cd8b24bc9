/** The left column: how to show what is seen, what to lay over it; the tree of what to see is in `tree.ts`. */

import type { Catalogue, Lang, Layer, Legend, Palettes, Scheme } from "./api";
import { get } from "./api";
import { h, s } from "./element";
import { type TextKey, text, textOf } from "./texts";
import { breaksOver, type View } from "./view";
import { dayText, offered } from "./vintages";

/** The class schemes of the service, and whether the number of classes is chosen: all of them, or the build fails. */
const TAKES_COUNT: Record<Scheme, boolean> = {
  quantiles: true,
  "equal-interval": true,
  "fisher-jenks": true,
  "head-tail": false,
  "standard-deviation": false,
  user: false,
};
/** The palettes offered; all of them stand for the API. */
const OFFERED = new Set(["viridis", "cividis", "blues", "greens", "oranges", "purples", "ylgnbu", "ylorrd", "rdbu", "brbg", "puor", "rdylbu"]);

export type Go = (change: Partial<View>, how?: { replace?: boolean }) => void;

function ramp(colours: string[]): SVGElement {
  const step = 60 / colours.length;
  return s(
    "svg",
    { width: 60, height: 12, "aria-hidden": "true" },
    ...colours.map((colour, index) => s("rect", { x: index * step, width: step + 0.5, height: 12, fill: colour })),
  );
}

/** Return the way to the page of a measure: all about it, and where it runs; to the list of all where none is chosen. */
function measurePage(measure: string | undefined, lang: Lang): HTMLElement {
  const [address, name] = measure ? ([`/measures/${measure}`, "measurePage"] as const) : (["/measures", "measureList"] as const);
  return h("p", {}, h("a", { href: `${address}?lang=${lang}` }, text(name, lang)));
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
  const { palettes } = await get<Palettes>("/v1/palettes");
  const offered = palettes.filter((one) => one.colour_blind_safe && (OFFERED.has(one.name) || one.name === plain));
  // two maps of one layer have the same breaks unless told otherwise
  const ownBreaks = breaksOver({ ...view, breaks_over: "" }) === "all" ? "period" : "";
  const takesCount = TAKES_COUNT[scheme as Scheme];
  const schemes = (Object.keys(TAKES_COUNT) as Scheme[])
    .filter((name) => name !== "user" || scheme === "user") // one's own bounds are not chosen here
    .map((name): [string, string] => [name, text(`scheme_${name}`, lang)]);
  const count = h(
    "select",
    { disabled: !takesCount, onchange: (event: Event) => go({ k: (event.target as HTMLSelectElement).value }) },
    ...options(
      [2, 3, 4, 5, 6, 7, 8, 9].map((k) => [String(k), String(k)]),
      view.k || String(takesCount ? layer.default.k : legend.classes.length),
    ),
  );
  target.replaceChildren(
    labelled(
      "scheme",
      lang,
      h(
        "select",
        { id: "scheme", onchange: (event: Event) => go({ scheme: (event.target as HTMLSelectElement).value, breaks: "" }) },
        ...options(schemes, scheme),
      ),
    ),
    labelled("classes", lang, count),
    h(
      "fieldset",
      { class: "palettes" },
      h("legend", {}, text("palette", lang), h("small", {}, ` ${text("safeOnly", lang)}`)),
      ...offered.map((one) =>
        h(
          "label",
          { title: one.name },
          h("input", {
            type: "radio",
            name: "palette",
            value: one.name,
            checked: one.name === plain,
            "aria-label": one.name,
            onchange: () => go({ palette: one.name }),
          }),
          ramp(one.colours),
        ),
      ),
    ),
    h(
      "label",
      { class: "check" },
      h("input", {
        type: "checkbox",
        checked: breaksOver(view) === "all",
        onchange: (event: Event) => go({ breaks_over: (event.target as HTMLInputElement).checked ? "all" : ownBreaks }),
      }),
      text("breaksOver", lang),
    ),
    h(
      "button",
      { type: "button", class: "plain", onclick: () => go({ scheme: "", k: "", breaks: "", palette: "", breaks_over: "" }) },
      text("byDefault", lang),
    ),
  );
}

/** Draw the choice of the boundaries' date, where there are several sets of the level shown. */
export async function drawBoundaries(target: HTMLElement, legend: Legend, lang: Lang, go: Go): Promise<void> {
  const sets = await offered(legend.level);
  const dates = sets.map(({ vintage }, index): [string, string] => [
    vintage,
    dayText(vintage, lang) + (index === 0 ? (lang === "ja" ? "（最新）" : " (newest)") : ""),
  ]);
  // of the newest nothing is said in the address, so that a link shows what is newest then
  const take = (event: Event) => {
    const { value } = event.target as HTMLSelectElement;
    go({ vintage: value === dates[0]?.[0] ? "" : value });
  };
  target.replaceChildren(
    ...(dates.length > 1 ? [labelled("boundaries", lang, h("select", { id: "vintage", onchange: take }, ...options(dates, legend.vintage)))] : []),
  );
}

/** Draw what can be laid over the map. */
export function drawOverlays(target: HTMLElement, catalogue: Catalogue, view: View, mayHaveBackground: boolean, go: Go): void {
  const lang = view.lang;
  const toggle = (name: string, isOn: boolean) => go({ overlay: isOn ? [...view.overlay, name] : view.overlay.filter((one) => one !== name) });
  const check = (name: string, label: string) =>
    h(
      "label",
      { class: "check" },
      h("input", {
        type: "checkbox",
        checked: view.overlay.includes(name),
        onchange: (event: Event) => toggle(name, (event.target as HTMLInputElement).checked),
      }),
      label,
    );
  const chosen = view.overlay.find((one) => one.startsWith("deployments")) ?? "";
  const measures = catalogue.measures.filter((one) => one.known_deployments > 0).sort((a, b) => b.known_deployments - a.known_deployments);
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
    measurePage(chosen.split(":")[1], lang),
    check("labels", text("labels", lang)),
    ...(mayHaveBackground ? [check("gsi", text("gsi", lang))] : []),
  );
}
