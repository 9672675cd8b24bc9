/** Beside the legend: how the classes are made, in which colours. */

import type { Lang, Layer, Legend, Palettes, Scheme } from "./api";
import { get } from "./api";
import { boundsOf, type Fault, MOST_BOUNDS } from "./bounds";
import type { Go } from "./chooser";
import { h, s } from "./element";
import { show } from "./stages/sheet";
import { type TextKey, text } from "./texts";
import { breaksOver, type View } from "./view";
import "./tuning.css";

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

function ramp(colours: string[]): SVGElement {
  const step = 60 / colours.length;
  return s(
    "svg",
    { viewBox: "0 0 60 12", preserveAspectRatio: "none", "aria-hidden": "true" },
    ...colours.map((colour, index) => s("rect", { x: index * step, width: step + 0.5, height: 12, fill: colour })),
  );
}

function labelled(name: TextKey, lang: Lang, control: HTMLElement): HTMLElement {
  return h("label", { class: "field" }, h("span", {}, text(name, lang)), control);
}

function options(values: [string, string][], chosen: string): HTMLOptionElement[] {
  return values.map(([value, label]) => h("option", { value, selected: value === chosen }, label));
}

/** Return what is wrong with breaks as they were typed, in words. */
export function faultText(fault: Fault, lang: Lang): string {
  const isJa = lang === "ja";
  const number = (value: number) => String(value).replace("-", "−");
  switch (fault.kind) {
    case "none":
      return isJa ? "区切りの値を一つ以上入れてください。" : "Enter at least one break.";
    case "number":
      return isJa ? `「${fault.found}」は数として読めません。` : `“${fault.found}” is not a number.`;
    case "many":
      return isJa ? `区切りは${MOST_BOUNDS}個までです（${fault.found}個あります）。` : `At most ${MOST_BOUNDS} breaks: there are ${fault.found}.`;
    case "order": {
      const [before, after] = [number(fault.before), number(fault.after)];
      return isJa ? `小さい順に並べてください：${before} の次に ${after} があります。` : `Breaks must ascend: ${after} follows ${before}.`;
    }
  }
}

/** Return the breaks that classes have now, as round as they are told: all upper bounds but the last, which is the highest value. */
function breaksOf({ classes }: Legend, { decimals }: Layer): string {
  const bounds = classes.slice(0, -1).flatMap((one) => (one.upper === null ? [] : [Number(one.upper.toFixed(decimals))]));
  return [...new Set(bounds)].join(",");
}

function ownBreaks(view: View, layer: Layer, legend: Legend, go: Go): HTMLElement {
  const lang = view.lang;
  const told = h("p", { class: "fault", id: "bounds-fault", role: "alert" });
  const input = h("input", {
    type: "text",
    id: "bounds",
    autocomplete: "off",
    value: (view.breaks || breaksOf(legend, layer)).replaceAll(",", ", "),
    "aria-describedby": "bounds-hint bounds-fault",
  });
  const take = (event: Event) => {
    event.preventDefault();
    const bounds = boundsOf(input.value);
    const isWrong = !Array.isArray(bounds);
    input.setAttribute("aria-invalid", String(isWrong));
    told.textContent = isWrong ? faultText(bounds, lang) : "";
    if (isWrong) input.focus();
    else go({ scheme: "user", breaks: bounds.join(","), k: "" });
  };
  return h(
    "form",
    { class: "bounds", onsubmit: take, novalidate: true },
    h("label", { for: "bounds" }, text("ownBreaks", lang)),
    h("div", {}, input, h("button", { type: "submit", id: "take-bounds" }, text("apply", lang))),
    h("p", { class: "soft", id: "bounds-hint" }, text("ownBreaksHint", lang)),
    told,
  );
}

/** Draw scheme, number of classes and palette; a categorical layer has none of them, circles only colours under them. */
export async function drawTuning(target: HTMLElement, layer: Layer, legend: Legend, view: View, go: Go): Promise<void> {
  const lang = view.lang;
  const scheme = view.scheme || (view.breaks ? "user" : layer.default.scheme);
  const palette = view.palette || layer.default.palette;
  const plain = palette.replace(/_r$/, "");
  const { palettes } = await get<Palettes>("/v1/palettes");
  const offered = palettes.filter((one) => one.colour_blind_safe && (OFFERED.has(one.name) || one.name === plain));
  // two maps of one layer have the same breaks unless told otherwise
  const ownOver = breaksOver({ ...view, breaks_over: "" }) === "all" ? "period" : "";
  const takesCount = TAKES_COUNT[scheme as Scheme];
  const schemes = (Object.keys(TAKES_COUNT) as Scheme[]).map((name): [string, string] => [name, text(`scheme_${name}`, lang)]);
  const takeScheme = (event: Event) => {
    const chosen = (event.target as HTMLSelectElement).value;
    // one's own begin where the classes are
    go(chosen === "user" ? { scheme: "user", breaks: breaksOf(legend, layer) || "0", k: "" } : { scheme: chosen, breaks: "" });
  };
  const count = h(
    "select",
    { id: "classes", disabled: !takesCount, onchange: (event: Event) => go({ k: (event.target as HTMLSelectElement).value }) },
    ...options(
      [2, 3, 4, 5, 6, 7, 8, 9].map((k) => [String(k), String(k)]),
      view.k || String(takesCount ? layer.default.k : legend.classes.length),
    ),
  );
  show(
    target,
    labelled("scheme", lang, h("select", { id: "scheme", onchange: takeScheme }, ...options(schemes, scheme))),
    scheme === "user" ? ownBreaks(view, layer, legend, go) : labelled("classes", lang, count),
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
            id: `palette-${one.name}`,
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
        id: "breaks-over",
        checked: breaksOver(view) === "all",
        onchange: (event: Event) => go({ breaks_over: (event.target as HTMLInputElement).checked ? "all" : ownOver }),
      }),
      text("breaksOver", lang),
    ),
    h(
      "button",
      { type: "button", class: "plain", id: "by-default", onclick: () => go({ scheme: "", k: "", breaks: "", palette: "", breaks_over: "" }) },
      text("byDefault", lang),
    ),
  );
}
