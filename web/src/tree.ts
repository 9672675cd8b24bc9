/** The tree of what to see: goals of the strategy, topics of statistics with an entry for each family, what was kept and seen. */

import type { Catalogue, Family, FamilyInDetail, Goal, Lang, Layer, Topic } from "./api";
import { get, layers } from "./api";
import type { Go } from "./chooser";
import { h } from "./element";
import { chosenBy, type Facet, facetsOf } from "./facets";
import { type GoalLayers, layersOf } from "./goals";
import { keep, remembered, see } from "./remembered";
import { shortName, text } from "./texts";
import "./tree.css";

/** What the branches of a tree share. */
interface Tree {
  target: HTMLElement;
  shown: Layer;
  lang: Lang;
  go: Go;
  /** The known deployments of measures, by the ids of their layers. */
  notes: Map<string, string>;
  /** The families, to be told which layer is shown. */
  families: Entry[];
  goals: GoalPart[];
}

/** A goal in the tree, with its branches and the ids of their layers. */
interface GoalPart {
  element: HTMLDetailsElement;
  parts: (Branch & { ids: string[] })[];
}

/** A branch of the tree, and how to fill it with its layers. */
interface Branch {
  element: HTMLDetailsElement;
  fill: () => Promise<void>;
}

/** A family in the tree. */
interface Entry {
  family: Family;
  button: HTMLButtonElement;
  /** Take note of the layer shown: where it is of this family, its choices are shown. */
  follow: (shown: Layer) => Promise<void>;
}

const trees = new WeakMap<HTMLElement, Tree>();

function layerButton(layer: Layer, { lang, go, notes }: Tree): HTMLElement {
  const note = notes.get(layer.id);
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", class: "pick", "data-layer": layer.id, onclick: () => go({ layer: layer.id }) },
      h("span", {}, shortName(layer, lang)),
      note ? h("small", {}, note) : null,
    ),
  );
}

/** Mark the layer shown wherever the tree lists it; return whether it can be seen. */
function mark({ target, families, shown }: Tree): boolean {
  const picks = [...target.querySelectorAll<HTMLElement>(".pick[data-layer]")];
  for (const pick of picks) pick.setAttribute("aria-pressed", String(pick.dataset["layer"] === shown.id));
  for (const { family, button } of families) button.setAttribute("aria-pressed", String(family.id === shown.family?.id));
  return [...target.querySelectorAll(".branches .pick[aria-pressed=true]")].some((pick) => !pick.closest("details:not([open])"));
}

/** Return a branch that asks for its layers when it is opened. */
function branch(name: string, tree: Tree, read: () => Promise<Layer[]>): Branch {
  const list = h("ul", { class: "picks" });
  const element = h("details", {}, h("summary", {}, name), list);
  let filled: Promise<void> | undefined;
  const ask = async () => {
    list.setAttribute("aria-busy", "true");
    try {
      list.replaceChildren(...(await read()).map((one) => layerButton(one, tree)));
      mark(tree);
    } catch {
      filled = undefined;
      list.replaceChildren(h("li", { class: "soft" }, text("failed", tree.lang)));
    }
    list.removeAttribute("aria-busy");
  };
  const fill = () => {
    filled ??= ask();
    return filled;
  };
  element.addEventListener("toggle", () => element.open && void fill());
  return { element, fill };
}

/** Return a goal with its branches. */
function goalPart(goal: Goal, { measures }: Catalogue, tree: Tree): GoalPart {
  const ids = layersOf(goal, measures);
  const made = (name: keyof GoalLayers) => branch(text(name, tree.lang), tree, () => layers(ids[name]));
  const names = (Object.keys(ids) as (keyof GoalLayers)[]).filter((name) => ids[name].length > 0);
  const parts = names.map((name) => ({ name, ids: ids[name], ...made(name) }));
  const words = goal.kpi?.[tree.lang];
  const element = h(
    "details",
    { class: "goal", "data-goal": goal.id },
    h("summary", {}, goal.name[tree.lang]),
    words ? h("p", { class: "soft" }, words) : null,
    ...parts.map((part) => part.element),
  );
  // a KPI without figures has no layer, and a goal without such a layer no branch for them
  const progress = parts.find((part) => part.name === "progress" && !part.ids.includes(tree.shown.id));
  if (progress) {
    progress.element.hidden = true;
    element.addEventListener("toggle", () => void progress.fill().then(() => (progress.element.hidden = !progress.element.querySelector(".pick"))));
  }
  return { element, parts };
}

/** Return the choice of one difference within a family; what is there only to compute with stands apart. */
function picker({ at, label, options, chosen }: Facet, lang: Lang, take: (choice: { at: number; value: string }) => void): HTMLElement {
  const asOption = ({ value, name }: Facet["options"][number]) => h("option", { value, selected: value === chosen }, name);
  const ingredients = options.filter((one) => one.isIngredient);
  const select = h(
    "select",
    { onchange: (event: Event) => take({ at, value: (event.target as HTMLSelectElement).value }) },
    ...options.filter((one) => !one.isIngredient).map(asOption),
    ingredients.length ? h("optgroup", { label: text("ingredients", lang) }, ...ingredients.map(asOption)) : null,
  );
  return h("label", { class: "field" }, h("span", {}, text(label, lang)), select);
}

/** Return a family as one entry: taken, it shows the layer that stands for it, and what else can be chosen. */
function familyPart(family: Family, tree: Tree): { element: HTMLElement; entry: Entry } {
  const { lang } = tree;
  const pickers = h("div", { class: "pickers", hidden: true });
  const button = h("button", { type: "button", class: "pick", "data-family": family.id }, h("span", {}, family.name[lang]));
  if (family.total > 1) button.setAttribute("aria-expanded", "false");
  const read = () => get<FamilyInDetail>(`/v1/families/${encodeURIComponent(family.id)}`);
  const open = (isOpen: boolean) => {
    pickers.hidden = !isOpen;
    if (family.total > 1) button.setAttribute("aria-expanded", String(isOpen));
  };
  const draw = (detail: FamilyInDetail, shown: string) => {
    const focused = [...pickers.querySelectorAll<Element>("select")].indexOf(document.activeElement ?? pickers);
    const take = (choice: { at: number; value: string }) => tree.go({ layer: chosenBy(detail, shown, choice, lang) });
    pickers.replaceChildren(...facetsOf(detail, shown, lang).map((facet) => picker(facet, lang, take)));
    pickers.querySelectorAll("select")[focused]?.focus();
    open(pickers.childElementCount > 0);
  };
  const follow = async (shown: Layer) => {
    if (shown.family?.id !== family.id) return open(false);
    const detail = await read();
    if (tree.shown.id === shown.id) draw(detail, shown.id);
  };
  const take = async () => {
    if (tree.shown.family?.id === family.id) return open(pickers.hidden && pickers.childElementCount > 0);
    const [first] = (await read()).layers;
    if (first) tree.go({ layer: first.id });
  };
  button.addEventListener("click", () => {
    button.setAttribute("aria-busy", "true");
    take()
      .catch(() => {
        pickers.replaceChildren(h("p", { class: "soft" }, text("failed", lang)));
        open(true);
      })
      .finally(() => button.removeAttribute("aria-busy"));
  });
  return { element: h("li", {}, button, pickers), entry: { family, button, follow } };
}

/** Return a topic with its families. */
function topicPart(topic: Topic, families: Family[], tree: Tree): HTMLDetailsElement {
  const parts = families.map((family) => familyPart(family, tree));
  tree.families.push(...parts.map((part) => part.entry));
  const list = h("ul", { class: "picks" }, ...parts.map((part) => part.element));
  return h("details", { "data-topic": topic.id }, h("summary", {}, topic[tree.lang]), list);
}

/** Return a list of what a reader has kept or seen; nothing where there is none of it. */
async function rememberedPart(list: "kept" | "seen", tree: Tree): Promise<HTMLElement[]> {
  const ids = remembered(list).filter((id) => list === "kept" || id !== tree.shown.id);
  const found = ids.length ? await layers(ids).catch(() => []) : [];
  if (!found.length) return [];
  const before = tree.target.querySelector<HTMLDetailsElement>(`[data-list=${list}]`);
  const items = found.map((one) => layerButton(one, tree));
  return [h("details", { "data-list": list, open: before?.open ?? false }, h("summary", {}, text(list, tree.lang)), h("ul", { class: "picks" }, ...items))];
}

/** Return the address of the page about a layer; what is worked out of others has none. */
function pageOf({ id, family }: Layer): string | null {
  const measure = /^deployments:(.+)$/.exec(id)?.[1];
  if (measure) return `/measures/${encodeURIComponent(measure)}`;
  return family ? `/indicators/${encodeURIComponent(id)}` : null;
}

/** Draw the layer shown with its star, and what was kept and seen before. */
async function drawOwn(own: HTMLElement, tree: Tree): Promise<void> {
  const { shown, lang } = tree;
  const isKept = remembered("kept").includes(shown.id);
  const star = h("button", { type: "button", class: "star", "aria-pressed": String(isKept), "aria-label": `${text("keep", lang)}: ${shortName(shown, lang)}` });
  star.addEventListener("click", () => {
    keep(shown.id, !isKept);
    void drawOwn(own, tree).then(() => own.querySelector<HTMLElement>(".star")?.focus());
  });
  const lists = await Promise.all([rememberedPart("kept", tree), rememberedPart("seen", tree)]);
  if (tree.shown !== shown) return;
  const page = pageOf(shown);
  own.replaceChildren(
    h("p", { class: "now" }, h("span", {}, shortName(shown, lang)), star),
    ...(page ? [h("p", { class: "page" }, h("a", { href: `${page}?lang=${lang}` }, text(page.startsWith("/m") ? "measurePage" : "aboutData", lang)))] : []),
    ...lists.flat(),
  );
  mark(tree);
}

/** Open the part of the tree that has the layer shown: the goals that name it, else its topic. */
async function reveal({ target, goals, shown }: Tree): Promise<void> {
  const own = goals.map(({ element, parts }) => ({ element, open: parts.filter(({ ids }) => ids.includes(shown.id)) })).filter(({ open }) => open.length > 0);
  for (const { element, open } of own) for (const one of [element, ...open.map((part) => part.element)]) one.open = true;
  if (own.length === 0) {
    const topic = target.querySelector<HTMLDetailsElement>(`[data-topic="${CSS.escape(shown.topic.id)}"]`);
    if (topic) topic.open = true;
  }
  await Promise.all(own.flatMap(({ open }) => open.map((part) => part.fill())));
}

/** Draw the tree of goals and topics, with the branch of the layer shown open; drawn already, it stays as the reader left it. */
export async function drawTree(target: HTMLElement, catalogue: Catalogue, shown: Layer, lang: Lang, go: Go): Promise<void> {
  const before = trees.get(target);
  if (before?.lang === lang && before.shown.id === shown.id) return;
  see(shown.id);
  const follow = async (tree: Tree) => {
    const own = target.querySelector<HTMLElement>(".own");
    await Promise.all([own && drawOwn(own, tree), ...tree.families.map((one) => one.follow(shown).catch(() => undefined))]);
  };
  if (before?.lang === lang) {
    before.shown = shown;
    if (!mark(before)) await reveal(before);
    mark(before);
    return follow(before);
  }
  const notes = new Map(catalogue.measures.map((one) => [one.layer, one.known_deployments.toLocaleString(lang)]));
  const tree: Tree = { target, shown, lang, go, notes, families: [], goals: [] };
  trees.set(target, tree);
  tree.goals.push(...catalogue.goals.map((goal) => goalPart(goal, catalogue, tree)));
  const topics = catalogue.topics
    .filter((topic) => !["measures", "progress"].includes(topic.id))
    .map((topic) =>
      topicPart(
        topic,
        catalogue.families.filter((one) => one.topic === topic.id),
        tree,
      ),
    );
  target.replaceChildren(
    h("div", { class: "own" }),
    h(
      "div",
      { class: "branches" },
      h("h3", {}, text("byGoal", lang)),
      ...tree.goals.map((goal) => goal.element),
      h("h3", {}, text("byTopic", lang)),
      ...topics,
    ),
  );
  await reveal(tree);
  mark(tree);
  await follow(tree);
}
