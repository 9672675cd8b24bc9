/** The left column: what to see, how to show it, what to lay over it. */

import type { Catalogue, Family, Goal, Lang, Layer, Layers, Legend, Palettes, Scheme, Topic } from "./api";
import { get, layers, listed } from "./api";
import { h, s } from "./element";
import { type GoalLayers, layersOf } from "./goals";
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

/** Layers of a topic that are listed at once. */
const PAGE = 40;

/** What the branches of a tree share. */
interface Tree {
  target: HTMLElement;
  shown: Layer;
  lang: Lang;
  go: Go;
  /** The known deployments of measures, by the ids of their layers. */
  notes: Map<string, string>;
}

/** A branch of the tree, and how to fill it with its layers. */
interface Branch {
  element: HTMLDetailsElement;
  fill: () => Promise<void>;
}

type Read = (offset: number) => Promise<Pick<Layers, "layers" | "total">>;

function layerButton(layer: Layer, { lang, go, notes }: Tree): HTMLElement {
  const note = notes.get(layer.id);
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", class: "pick", "data-layer": layer.id, onclick: () => go({ layer: layer.id }) },
      h("span", {}, layer.name[lang].replace(/：展開の状態$|: state of deployments$/, "")),
      note ? h("small", {}, note) : null,
    ),
  );
}

/** Mark the layer shown wherever the tree lists it; return whether it can be seen. */
function mark(target: HTMLElement): boolean {
  const layer = target.dataset["layer"];
  const picks = [...target.querySelectorAll<HTMLElement>(".pick")];
  for (const pick of picks) pick.setAttribute("aria-pressed", String(pick.dataset["layer"] === layer));
  return picks.some((pick) => pick.dataset["layer"] === layer && !pick.closest("details:not([open])"));
}

/** Return a branch that asks for its layers when it is opened, a part at a time; `first` heads the list where it stands further on. */
function branch(name: string, tree: Tree, read: Read, first?: Layer): Branch {
  const list = h("ul", { class: "picks" });
  const more = h("button", { type: "button", class: "plain more", hidden: true });
  const element = h("details", {}, h("summary", {}, name), list, more);
  let offset = 0;
  let isAsking = false;
  const add = ({ layers, total }: Awaited<ReturnType<Read>>) => {
    const head = first && offset === 0 && layers.length < total ? [first] : [];
    const ids = new Set([...head.map((one) => one.id), ...[...list.querySelectorAll<HTMLElement>(".pick")].map((pick) => pick.dataset["layer"])]);
    list.append(...[...head, ...layers.filter((one) => !ids.has(one.id))].map((one) => layerButton(one, tree)));
    offset += layers.length;
    const left = (total - offset).toLocaleString(tree.lang);
    more.hidden = offset === total;
    more.textContent = tree.lang === "ja" ? `さらに表示（残り${left}件）` : `Show more (${left} left)`;
    mark(tree.target);
  };
  const ask = async () => {
    if (isAsking) return;
    isAsking = true;
    list.setAttribute("aria-busy", "true");
    list.querySelector(".soft")?.remove();
    await read(offset).then(add, () => list.append(h("li", { class: "soft" }, text("failed", tree.lang))));
    list.removeAttribute("aria-busy");
    isAsking = false;
  };
  const fill = async () => {
    if (offset === 0) await ask();
  };
  element.addEventListener("toggle", () => element.open && void fill());
  more.addEventListener("click", () => void ask());
  return { element, fill };
}

/** Return a goal with its branches, and those of them that the layer shown is in. */
function goalPart(goal: Goal, { measures }: Catalogue, tree: Tree): { element: HTMLDetailsElement; open: Branch[] } {
  const ids = layersOf(goal, measures);
  const made = (name: keyof GoalLayers) => branch(text(name, tree.lang), tree, () => layers(ids[name]).then((all) => ({ layers: all, total: all.length })));
  const names = (Object.keys(ids) as (keyof GoalLayers)[]).filter((name) => ids[name].length > 0);
  const parts = names.map((name) => ({ name, isOwn: ids[name].includes(tree.shown.id), ...made(name) }));
  const open = parts.filter((part) => part.isOwn);
  const words = goal.kpi?.[tree.lang];
  const element = h(
    "details",
    { class: "goal", open: open.length > 0, "data-goal": goal.id },
    h("summary", {}, goal.name[tree.lang]),
    words ? h("p", { class: "soft" }, words) : null,
    ...parts.map((part) => part.element),
  );
  // a KPI without figures has no layer, and a goal without such a layer no branch for them
  const progress = parts.find((part) => part.name === "progress" && !part.isOwn);
  if (progress) {
    progress.element.hidden = true;
    element.addEventListener("toggle", () => void progress.fill().then(() => (progress.element.hidden = !progress.element.querySelector(".pick"))));
  }
  return { element, open };
}

/** Return a topic as its families, each listed once: as a branch of its own, or as its layer where it has one alone. */
function topicPart(topic: Topic, families: Family[], tree: Tree): Branch {
  const { shown, lang } = tree;
  const isOwn = topic.id === shown.topic.id;
  const listedBy = (filter: Record<string, string>, first?: Layer) => {
    const name = "family" in filter ? (families.find((one) => one.id === filter["family"])?.name[lang] ?? "") : topic[lang];
    return branch(name, tree, (offset) => listed({ topic: topic.id, ...filter, limit: PAGE, offset }), first);
  };
  if (families.length < 2) return listedBy({}, isOwn ? shown : undefined);
  const list = h("ul", { class: "picks" });
  const element = h("details", {}, h("summary", {}, topic[lang]), list);
  const isOfShown = (family: Family) => isOwn && family.id === shown.family?.id;
  let filled: Promise<void> | undefined;
  const listAll = async () => {
    list.setAttribute("aria-busy", "true");
    const alone = new Map((await layers(families.flatMap(({ only }) => only ?? []))).map((one) => [one.id, one]));
    const parts = families.map((family) => {
      const layer = family.only === null ? undefined : alone.get(family.only);
      if (layer) return { element: layerButton(layer, tree), open: async () => {} };
      const made = listedBy({ family: family.id }, isOfShown(family) ? shown : undefined);
      made.element.open = isOfShown(family);
      return { element: h("li", {}, made.element), open: () => (isOfShown(family) ? made.fill() : Promise.resolve()) };
    });
    list.replaceChildren(...parts.map((part) => part.element));
    list.removeAttribute("aria-busy");
    mark(tree.target);
    await Promise.all(parts.map((part) => part.open()));
  };
  const fill = () => {
    filled ??= listAll().catch(() => {
      filled = undefined;
      list.removeAttribute("aria-busy");
      list.replaceChildren(h("li", { class: "soft" }, text("failed", lang)));
    });
    return filled;
  };
  element.addEventListener("toggle", () => element.open && void fill());
  return { element, fill };
}

/** Draw the tree of goals and topics, with the branch of the layer shown open; drawn already, it stays as the reader left it. */
export async function drawTree(target: HTMLElement, catalogue: Catalogue, shown: Layer, lang: Lang, go: Go): Promise<void> {
  const isDrawn = target.dataset["lang"] === lang;
  if (isDrawn && target.dataset["layer"] === shown.id) return;
  target.dataset["layer"] = shown.id;
  if (isDrawn && mark(target)) return;
  target.dataset["lang"] = lang;
  const notes = new Map(catalogue.measures.map((one) => [one.layer, one.known_deployments.toLocaleString(lang)]));
  const tree: Tree = { target, shown, lang, go, notes };
  const goals = catalogue.goals.map((goal) => goalPart(goal, catalogue, tree));
  const open = goals.flatMap((goal) => goal.open);
  const isInGoal = open.length > 0;
  const topics = catalogue.topics
    .filter((topic) => !["measures", "progress"].includes(topic.id))
    .map((topic) => {
      const families = catalogue.families.filter((one) => one.topic === topic.id);
      const made = topicPart(topic, families, tree);
      if (topic.id === shown.topic.id && !isInGoal) open.push(made);
      return made.element;
    });
  for (const { element } of open) element.open = true;
  target.replaceChildren(h("h3", {}, text("byGoal", lang)), ...goals.map((goal) => goal.element), h("h3", {}, text("byTopic", lang)), ...topics);
  await Promise.all(open.map((one) => one.fill()));
}

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
