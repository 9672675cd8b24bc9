/** The logic model: which measure is to lead to which goal, and what of it is known to run in an area. */

import { type Area, get, type Lang, type Layer, layers, type Texts } from "../api";
import { h, s } from "../element";
import { goalOf } from "../goals";
import { text } from "../texts";
import { columnsOf, KINDS, type Kind, leadingTo, lit, type Model, type ModelLink, type ModelNode, related } from "./columns";
import { type StrategyBoard as Board, hasMovedOn, show } from "./sheet";
import "./logic.css";

const TEXTS = {
  title: { ja: "ロジックモデル", en: "Logic model" },
  lead: {
    ja: "施策が産出を生み、成果を経て、政策目標につながる、という筋道です。施策と指標は、選ぶと地図で開きます。",
    en: "How measures are to lead, by outputs and outcomes, to the policy goals. Measures and indicators open on the map.",
  },
  use: {
    ja: "箱に触れるか選ぶと、前後のつながりだけが残ります。",
    en: "Point at a box, or choose it, to keep only what it is linked with.",
  },
  goals: { ja: "政策目標", en: "Policy goal" },
  all: { ja: "すべて", en: "All" },
  goal: { ja: "政策目標", en: "Goal" },
  outcome: { ja: "成果（アウトカム）", en: "Outcomes" },
  output: { ja: "産出（アウトプット）", en: "Outputs" },
  measure: { ja: "施策", en: "Measures" },
  litIn: { ja: "点灯している地域", en: "Lit for" },
  nation: { ja: "全国（把握している展開のすべて）", en: "The nation (all known deployments)" },
  hint: { ja: "検索で地域を選ぶと、その地域の展開だけが点灯します。", en: "Find an area above to light only what is deployed there." },
  clear: { ja: "解除して全国に戻す", en: "Clear: back to the nation" },
  deployed: { ja: "展開あり", en: "Deployed" },
  deployedOf: { ja: "施策の展開あり", en: "Measures deployed" },
  notKnown: { ja: "把握なし", en: "None known" },
  legendLit: { ja: "展開あり（施策と、それがつながる先）", en: "Deployed (measures, and what they lead to)" },
  legendUnlit: { ja: "把握している展開なし", en: "No known deployment" },
  stated: { ja: "明記", en: "stated" },
  reported: { ja: "報道", en: "reported" },
  assumed: { ja: "想定", en: "assumed" },
  legend_stated: { ja: "つながり：戦略に明記", en: "Link: stated by the strategy" },
  legend_reported: { ja: "つながり：報道・資料による", en: "Link: reported" },
  legend_assumed: { ja: "つながり：想定（当サイトの読み）", en: "Link: assumed (our own reading)" },
  asList: { ja: "表で見る（つながりの理由つき）", en: "As a list, with the reason of each link" },
  indicators: { ja: "指標", en: "Indicators" },
} satisfies Record<string, Texts>;

/** Told apart by dashes, so that colour is not needed. */
const DASHES: Record<string, string> = { stated: "", reported: "9 5", assumed: "2 4" };
const NARROW = 640;
/** Pixels across what is printed of an A4 page. */
const PAPER = 700;

interface Answer extends Model {
  area: string | null;
  coverage: Texts;
}

/** What is drawn: a goal's part of the model, and what of it is lit. */
interface Shown {
  model: Model;
  lit: Set<string>;
  counts: Map<string, number>;
  /** The indicators that the map has. */
  onMap: Map<string, Layer>;
  board: Board;
}

let picked: string | null = null;
let pickedFor = "";

function markOf(node: ModelNode, { lit, counts, board }: Shown): HTMLElement | null {
  const { area, lang } = board.view;
  if (!lit.has(node.id)) return node.kind === "measure" ? h("span", { class: "state" }, `○ ${TEXTS.notKnown[lang]}`) : null;
  const count = counts.get(node.id);
  const many = count === undefined ? "" : lang === "ja" ? ` ${count.toLocaleString("ja")}件` : ` (${count.toLocaleString("en")})`;
  const words = node.kind === "measure" ? TEXTS.deployed : TEXTS.deployedOf;
  return h("span", { class: "state" }, `● ${words[lang]}${area ? "" : many}`);
}

function chips(node: ModelNode, { board, onMap }: Shown): HTMLElement | null {
  const { lang } = board.view;
  const indicators = node.indicators.map((id) => onMap.get(id)).filter((one) => one !== undefined);
  if (indicators.length === 0) return null;
  const label = `${TEXTS.indicators[lang]}: ${node.label[lang]}`;
  return h(
    "ul",
    { class: "chips", "aria-label": label },
    ...indicators.map((one) =>
      h(
        "li",
        {},
        h("button", { type: "button", class: "chip", title: text("onMap", lang), onclick: () => board.go({ layer: one.id, stage: "map" }) }, one.name[lang]),
      ),
    ),
  );
}

/** Return the button of a node: a measure opens its map, any other stays lit alone until pressed again. */
function nodeButton(node: ModelNode, shown: Shown, onpin: (() => void) | null): HTMLElement {
  const { lang } = shown.board.view;
  const mark = markOf(node, shown);
  if (node.kind === "measure") {
    const open = () => shown.board.go({ layer: `deployments:${node.id}`, stage: "map" });
    return h("button", { type: "button", class: "node-name", title: text("onMap", lang), onclick: open }, h("span", {}, node.label[lang]), mark);
  }
  if (!onpin) return h("p", { class: "node-name" }, h("span", {}, node.label[lang]), mark);
  return h("button", { type: "button", class: "node-name", "aria-pressed": "false", onclick: onpin }, h("span", {}, node.label[lang]), mark);
}

function textNamed(name: string, lang: Lang): string {
  return (TEXTS as Record<string, Texts>)[name]?.[lang] ?? name;
}

function reasonText(link: ModelLink, lang: Lang): string {
  const basis = textNamed(link.basis, lang);
  return lang === "ja" ? `${link.reason.ja}（${basis}）` : `${link.reason.en} (${basis})`;
}

/** Return the curve from a box to the box left of it, in the diagram's own pixels. */
function curve(from: DOMRect, to: DOMRect, origin: DOMRect): string {
  const [x1, y1] = [from.left - origin.left, from.top + from.height / 2 - origin.top];
  const [x2, y2] = [to.right - origin.left + 7, to.top + to.height / 2 - origin.top];
  const bend = (x1 - x2) / 2;
  return [`M${x1} ${y1}`, `C${x1 - bend} ${y1}`, `${x2 + bend} ${y2}`, `${x2} ${y2}`].join(" ");
}

function arrow(id: string): SVGElement {
  return s(
    "marker",
    { id, viewBox: "0 0 8 8", refX: 1, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto" },
    s("path", { d: "M0 0L8 4L0 8Z", class: id }),
  );
}

/** Return the diagram, and how to draw its links once it is laid out. */
function diagram(shown: Shown): { element: HTMLElement; link: () => void } {
  const { model, board } = shown;
  const { lang } = board.view;
  const boxes = new Map<string, HTMLElement>();
  const lines = s("svg", { class: "links", "aria-hidden": "true" });
  let pinned = "";
  let focused = "";
  let alone = "";
  const light = (id: string) => {
    alone = id;
    const kept = id ? related(model.links, id) : null;
    element.classList.toggle("fades", kept !== null);
    for (const [one, box] of boxes) box.classList.toggle("kept", kept?.has(one) ?? false);
    for (const path of lines.querySelectorAll<SVGElement>("g[data-source]"))
      path.classList.toggle("kept", (kept?.has(path.dataset["source"] ?? "") && kept.has(path.dataset["target"] ?? "")) ?? false);
  };
  const pin = (id: string) => {
    pinned = pinned === id ? "" : id;
    for (const [one, box] of boxes) box.querySelector("[aria-pressed]")?.setAttribute("aria-pressed", String(one === pinned));
    light(pinned || focused);
  };
  const box = (node: ModelNode) => {
    const made = h(
      "li",
      { class: `node ${node.kind}${shown.lit.has(node.id) ? " lit" : ""}`, "data-node": node.id },
      nodeButton(node, shown, () => pin(node.id)),
      chips(node, shown),
    );
    // a move, not an entry: boxes that scroll under a resting pointer must not take over from the keyboard
    made.addEventListener("pointermove", () => alone === node.id || light(node.id));
    made.addEventListener("pointerleave", () => light(focused || pinned));
    made.addEventListener("focusin", ({ target }) => {
      focused = (target as Element).matches(":focus-visible") ? node.id : "";
      if (focused) light(focused);
    });
    made.addEventListener("focusout", () => {
      focused = "";
      light(pinned);
    });
    boxes.set(node.id, made);
    return made;
  };
  const columns = columnsOf(model);
  const column = (kind: Kind) => h("section", { class: `column ${kind}` }, h("h4", {}, TEXTS[kind][lang]), h("ul", {}, ...columns[kind].map(box)));
  const element = h("div", { class: "diagram" }, lines, ...KINDS.map(column));
  const link = () => {
    const origin = element.getBoundingClientRect();
    const isLit = (one: ModelLink) => shown.lit.has(one.source) && shown.lit.has(one.target);
    // the lit ones last, so that they lie above the others
    const paths = [...model.links]
      .sort((a, b) => Number(isLit(a)) - Number(isLit(b)))
      .map((one) => {
        const [from, to] = [boxes.get(one.source), boxes.get(one.target)];
        if (!from || !to) return null;
        const d = curve(from.getBoundingClientRect(), to.getBoundingClientRect(), origin);
        return s(
          "g",
          { class: isLit(one) ? "lit" : "", "data-source": one.source, "data-target": one.target },
          s("path", { class: "link", d, "stroke-dasharray": DASHES[one.basis] || null, "marker-end": `url(#${isLit(one) ? "arrow-lit" : "arrow"})` }),
          s("path", { class: "touch", d }, s("title", {}, reasonText(one, lang))),
        );
      });
    element.style.setProperty("--drawn", `${Math.ceil(origin.width)}px`); // on paper it is as wide as its links were drawn for, and made smaller
    element.style.setProperty("--shrink", String(Math.min(1, PAPER / origin.width)));
    lines.setAttribute("viewBox", `0 0 ${origin.width} ${origin.height}`);
    lines.replaceChildren(s("defs", {}, arrow("arrow"), arrow("arrow-lit")), ...paths.filter((one) => one !== null));
    light(alone);
  };
  return { element, link };
}

/** Return everything that leads to a node as nested lists, each link with its reason. */
function branch(node: ModelNode, via: ModelLink | null, shown: Shown): HTMLElement {
  const { model, board } = shown;
  const { lang } = board.view;
  const byId = new Map(model.nodes.map((one) => [one.id, one]));
  const parts = model.links
    .filter((one) => one.target === node.id)
    .flatMap((one) => {
      const source = byId.get(one.source);
      return source ? [branch(source, one, shown)] : [];
    });
  return h(
    "li",
    { class: `${node.kind}${shown.lit.has(node.id) ? " lit" : ""}` },
    h(
      "div",
      { class: "entry" },
      h("small", { class: "kind" }, TEXTS[node.kind][lang]),
      nodeButton(node, shown, null),
      via ? h("p", { class: "soft reason" }, reasonText(via, lang)) : null,
      chips(node, shown),
    ),
    parts.length ? h("ul", {}, ...parts) : null,
  );
}

function goalChoice(answer: Answer, chosen: string, lang: Lang, take: (goal: string) => void): HTMLElement {
  const goals = answer.nodes.filter((one) => one.kind === "goal").map((one): [string, string] => [one.id, one.label[lang]]);
  const choice = ([id, name]: [string, string]) =>
    h(
      "label",
      {},
      h("input", { type: "radio", name: "logic-goal", id: `logic-goal-${id || "all"}`, value: id, checked: id === chosen, onchange: () => take(id) }),
      h("span", {}, name),
    );
  return h("fieldset", { class: "segments", id: "logic-goals" }, h("legend", {}, TEXTS.goals[lang]), ...goals.map(choice), choice(["", TEXTS.all[lang]]));
}

function lighting(area: Area | null, board: Board): HTMLElement {
  const { lang } = board.view;
  const name = area ? `${area.name[lang]}` : TEXTS.nation[lang];
  return h(
    "p",
    { class: "lighting" },
    h("span", { class: "soft" }, TEXTS.litIn[lang]),
    h("b", { id: "logic-area" }, name),
    area
      ? h("button", { type: "button", id: "logic-clear", onclick: () => board.go({ area: "" }) }, TEXTS.clear[lang])
      : h("span", { class: "soft of-search" }, TEXTS.hint[lang]),
  );
}

function legend(shown: Shown): HTMLElement {
  const { lang } = shown.board.view;
  const used = Object.keys(DASHES);
  const line = (basis: string) =>
    s("svg", { width: 34, height: 12, "aria-hidden": "true" }, s("path", { class: "link", d: "M1 6H33", "stroke-dasharray": DASHES[basis] || null }));
  return h(
    "ul",
    { class: "key", "aria-label": text("legend", lang) },
    h("li", {}, h("span", { class: "sample lit", "aria-hidden": "true" }, "●"), TEXTS.legendLit[lang]),
    h("li", {}, h("span", { class: "sample", "aria-hidden": "true" }, "○"), TEXTS.legendUnlit[lang]),
    ...used.map((basis) => h("li", { class: "line" }, line(basis), textNamed(`legend_${basis}`, lang))),
  );
}

function known(answer: Answer, board: Board): Map<string, number> {
  const counts = new Map(board.catalogue.measures.map((one) => [one.id, one.known_deployments]));
  const measures = answer.nodes.filter((one) => one.kind === "measure" && (answer.area ? one.deployed : (counts.get(one.id) ?? 0) > 0));
  return new Map(measures.map((one) => [one.id, counts.get(one.id) ?? 0]));
}

/** Draw the logic model of a goal, lit for the chosen area or for the nation. */
export async function draw(target: HTMLElement, board: Board): Promise<void> {
  const { area, lang } = board.view;
  const address = location.search;
  const [answer, place] = await Promise.all([get<Answer>(`/v1/logic-model.json${area ? `?area=${area}` : ""}`), area ? get<Area>(`/v1/areas/${area}`) : null]);
  const indicators = await layers(answer.nodes.flatMap((one) => one.indicators));
  if (hasMovedOn(address)) return;
  if (pickedFor !== board.view.layer) [picked, pickedFor] = [null, board.view.layer];
  const goal = picked ?? (goalOf(board.catalogue, board.view.layer) ?? board.catalogue.goals[0])?.id ?? "";
  const counts = known(answer, board);
  const model = leadingTo(answer, goal);
  const shown: Shown = { model, lit: lit(answer.links, counts.keys()), counts, onMap: new Map(indicators.map((one) => [one.id, one])), board };
  const { element, link } = diagram(shown);
  const columns = columnsOf(model);
  const list = h("details", { class: "outline" }, h("summary", {}, TEXTS.asList[lang]), h("ul", {}, ...columns.goal.map((one) => branch(one, null, shown))));
  const take = (id: string) => {
    picked = id;
    void draw(target, board);
  };
  const root = h(
    "div",
    { class: "logic" },
    h("h3", { tabindex: -1 }, TEXTS.title[lang]),
    h("p", { class: "words" }, TEXTS.lead[lang], h("span", { class: "use" }, ` ${TEXTS.use[lang]}`)),
    h("div", { class: "controls" }, goalChoice(answer, goal, lang, take), lighting(place, board)),
    legend(shown),
    element,
    list,
    h("p", { class: "soft", id: "logic-coverage" }, answer.coverage[lang]),
  );
  show(target, root);
  let wasNarrow = false;
  new ResizeObserver(() => {
    const isNarrow = root.clientWidth < NARROW;
    if (isNarrow && !wasNarrow) list.open = true;
    wasNarrow = isNarrow;
    if (!isNarrow) link();
  }).observe(element.parentElement ?? element);
}
