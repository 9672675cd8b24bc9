/** How the strategy stands, on one page: each KPI in a line, and what is due in this fiscal year. */

import type { Lang, Texts } from "../api";
import { type Child, h } from "../element";
import { inLanguage } from "../language";
import type { Roadmap } from "../openapi";
import { type StrategyBoard as Board, sourceLink } from "./sheet";
import { fiscalYear } from "./years";
import "./state.css";

const TEXTS = {
  caption: { ja: "KPIの現状", en: "How each KPI stands" },
  kpi: { ja: "KPI", en: "KPI" },
  newest: { ja: "最新の実績", en: "Newest figure" },
  target: { ja: "目標", en: "Target" },
  state: { ja: "状態", en: "State" },
  source: { ja: "出典", en: "Source" },
  none: { ja: "値なし", en: "No figures" },
  before: { ja: "戦略開始前", en: "before the plan" },
  needs: { ja: "必要なもの：", en: "Needed: " },
  due: { ja: "今年度の節目", en: "Due this fiscal year" },
  nothingDue: { ja: "この年度の節目は把握していません。", en: "Nothing is known to be due in this year." },
  roadmap: { ja: "ロードマップを見る", en: "See the roadmap" },
  stated: { ja: "明記", en: "stated" },
  reported: { ja: "報道", en: "reported" },
  assumed: { ja: "想定", en: "assumed" },
  print: { ja: "印刷・PDF", en: "Print, PDF" },
  decided: { ja: "閣議決定", en: "decided by the Cabinet on" },
  noKpi: { ja: "この目標に登録されたKPIはありません。", en: "No KPI is registered for this goal." },
} satisfies Record<string, Texts>;

/** The KPIs of goals are numbered as in the strategy's own summary. */
const NUMBERS = ["①", "②", "③", "④", "⑤", "⑥"];

/** A KPI in one line. */
export interface Line {
  id: string;
  name: string;
  /** Empty where there are no figures. */
  newest: Child[];
  /** Whether the newest figure is of a year before the strategy. */
  isBefore: boolean;
  target: string;
  state: Child[];
  /** What would have to be published before more can be told. */
  needs: string[];
  source: { title: string; url: string };
}

/** The KPIs of a goal. */
export interface GoalLines {
  id: string;
  name: string;
  /** The goal's KPI in the words of the strategy. */
  kpi: string | null;
  lines: Line[];
}

/** Return the mark of a figure that was counted before the strategy began. */
export function beforeMark(lang: Lang): HTMLElement {
  return h("span", { class: "before" }, TEXTS.before[lang]);
}

/** Return how many signs on end two texts have in common. */
export function shared(one: string, other: string): number {
  let most = 0;
  let before = new Uint16Array(other.length + 1);
  for (const sign of one) {
    const now = new Uint16Array(other.length + 1);
    for (let at = 0; at < other.length; at += 1) {
      if (other[at] !== sign) continue;
      now[at + 1] = (before[at] ?? 0) + 1;
      most = Math.max(most, now[at + 1] ?? 0);
    }
    before = now;
  }
  return most;
}

function needsText(needs: string[], lang: Lang): string {
  return TEXTS.needs[lang] + needs.join(lang === "ja" ? "、" : "; ");
}

/** Bring the card of a KPI into sight, and the focus to its heading. */
function open(id: string): void {
  const heading = document.getElementById(`kpi-${id}`);
  heading?.focus({ preventScroll: true });
  heading?.scrollIntoView({ block: "start" });
}

function row(line: Line, lang: Lang): HTMLElement {
  const cell = (name: "newest" | "target" | "state" | "source", ...parts: Child[]) =>
    h("td", { role: "cell", class: name }, h("span", { class: "label", "aria-hidden": "true" }, TEXTS[name][lang]), h("div", {}, ...parts));
  const titled = inLanguage(line.source.title, lang);
  const newest = line.newest.length ? [...line.newest, line.isBefore ? beforeMark(lang) : null] : [h("span", { class: "none" }, TEXTS.none[lang])];
  return h(
    "tr",
    { role: "row", "data-line": line.id },
    h("th", { scope: "row", role: "rowheader" }, h("button", { type: "button", class: "text", onclick: () => open(line.id) }, line.name)),
    cell("newest", ...newest),
    cell("target", line.target),
    cell("state", ...line.state, line.needs.length ? h("p", { class: "needs" }, needsText(line.needs, lang)) : null),
    cell("source", line.source.url ? h("a", { href: line.source.url, rel: "noopener", target: "_blank" }, ...titled) : h("span", {}, ...titled)),
  );
}

function group({ name, kpi, lines }: GoalLines, index: number, lang: Lang): HTMLElement {
  const title = `${kpi ? NUMBERS[index] : ""} ${name}`.trim();
  const stated = kpi ? `KPI${NUMBERS[index]}${lang === "ja" ? "：" : ": "}${kpi}` : TEXTS.noKpi[lang];
  return h(
    "tbody",
    { role: "rowgroup" },
    h(
      "tr",
      { role: "row", class: "group" },
      h("th", { scope: "rowgroup", role: "rowheader", colspan: 5 }, h("span", {}, title), " ", h("small", { class: "stated-kpi" }, stated)),
    ),
    ...lines.map((line) => row(line, lang)),
  );
}

/** Return the table of all KPIs by goal. */
export function stateTable(goals: GoalLines[], lang: Lang): HTMLElement {
  const heads = [TEXTS.kpi, TEXTS.newest, TEXTS.target, TEXTS.state, TEXTS.source];
  return h(
    "table",
    { class: "state", role: "table" },
    h("caption", {}, TEXTS.caption[lang]),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ...heads.map((head) => h("th", { scope: "col", role: "columnheader" }, head[lang])))),
    ...goals.map((goal, index) => group(goal, index, lang)),
  );
}

/** Return what is due in a fiscal year, with the way to the roadmap. */
export function dueList(roadmap: Roadmap, year: number, board: Board): HTMLElement {
  const { lang } = board.view;
  const due = roadmap.years.find((one) => one.fiscal_year === year)?.milestones ?? [];
  const items = due.map((one) =>
    h(
      "li",
      {},
      one.kind === "strategy" ? null : h("b", {}, `${one.name[lang]}${lang === "ja" ? "：" : ": "}`),
      ...inLanguage(one.label[lang], lang),
      " ",
      h("span", { class: "soft" }, lang === "ja" ? `（${TEXTS[one.basis].ja}）` : `(${TEXTS[one.basis].en})`),
      " ",
      one.source.url ? sourceLink(one.source, lang, true) : null,
    ),
  );
  return h(
    "section",
    { class: "due-now", "aria-labelledby": "due-now" },
    h(
      "h4",
      { id: "due-now" },
      `${TEXTS.due[lang]}${lang === "ja" ? `（${fiscalYear(year, "ja").replace("（", "、").replace("）", "")}）` : ` (${fiscalYear(year, "en")})`}`,
    ),
    due.length ? h("ul", {}, ...items) : h("p", { class: "soft" }, TEXTS.nothingDue[lang]),
    h("button", { type: "button", class: "text", id: "open-roadmap", onclick: () => board.go({ stage: "roadmap" }) }, TEXTS.roadmap[lang]),
  );
}

/** Return which strategy this is, by the document itself. */
export function editionLine({ strategy }: Roadmap, lang: Lang): HTMLElement {
  const { title, decided_on, fy_from, fy_to } = strategy;
  const [year, month, day] = decided_on.split("-").map(Number);
  const words =
    lang === "ja"
      ? `${title.ja}（${year}年${month}月${day}日${TEXTS.decided.ja}、${fy_from}〜${fy_to}年度）`
      : `${title.en} (${TEXTS.decided.en} ${decided_on}; FY${fy_from} to FY${fy_to})`;
  return h("p", { class: "edition" }, words);
}

/** Return the button that prints the page. */
export function printButton(lang: Lang): HTMLElement {
  return h("button", { type: "button", class: "print-sheet", onclick: () => print() }, TEXTS.print[lang]);
}
