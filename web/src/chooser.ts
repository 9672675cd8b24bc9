/** The left column: on which boundaries what is seen is shown, what to lay over it; the tree of what to see is in `tree.ts`. */

import type { Catalogue, Lang, Layer, Legend } from "./api";
import { h } from "./element";
import { measureOf } from "./marks";
import { type TextKey, text, textOf } from "./texts";
import type { View } from "./view";
import { dayText, offered } from "./vintages";

export type Go = (change: Partial<View>, how?: { replace?: boolean }) => void;

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

/** Draw the choice of the boundaries' date, where there are several sets of the level shown, and of estimates, where what has merged since has no figures of its own. */
export async function drawBoundaries(target: HTMLElement, legend: Legend, { lang, estimate }: View, statuses: () => Promise<string[]>, go: Go): Promise<void> {
  const sets = await offered(legend.level);
  const lacks = estimate !== "" || (await statuses().catch((): string[] => [])).includes("merged");
  const dates = sets.map(({ vintage }, index): [string, string] => [
    vintage,
    dayText(vintage, lang) + (index === 0 ? (lang === "ja" ? "（最新）" : " (newest)") : ""),
  ]);
  // of the newest nothing is said in the address, so that a link shows what is newest then
  const take = (event: Event) => {
    const { value } = event.target as HTMLSelectElement;
    go(value === dates[0]?.[0] ? { vintage: "", estimate: "" } : { vintage: value });
  };
  const spread = (event: Event) => go({ estimate: (event.target as HTMLInputElement).checked ? "population" : "" });
  target.replaceChildren(
    ...(dates.length > 1 ? [labelled("boundaries", lang, h("select", { id: "vintage", onchange: take }, ...options(dates, legend.vintage)))] : []),
    ...(lacks
      ? [
          h(
            "label",
            { class: "check" },
            h("input", { id: "estimate", type: "checkbox", checked: estimate !== "", onchange: spread }),
            text("withEstimates", lang),
          ),
        ]
      : []),
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
  // on the map of a measure its own deployments are always marked
  const own = measureOf(view.layer) ? view.layer : "";
  const chosen = view.overlay.find((one) => one.startsWith("deployments")) ?? own;
  const measures = catalogue.measures.filter((one) => one.known_deployments > 0 || one.layer === own).sort((a, b) => b.known_deployments - a.known_deployments);
  const listed: [string, string][] = [
    ...(own ? [] : [["", text("noOverlay", lang)] satisfies [string, string]]),
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
