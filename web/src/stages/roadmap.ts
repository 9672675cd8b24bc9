/** The roadmap: what is due in which fiscal year of the strategy, and what is known to run by then. */

import { type Area, type Deployment, type Goal, get, type Lang, layers, type Texts } from "../api";
import { h, s } from "../element";
import { inLanguage } from "../language";
import { full } from "../numbers";
import type { Kpis, MilestoneOfSubject as Milestone, Roadmap } from "../openapi";
import { text } from "../texts";
import { type Running, runningByMeasure, type YearRunning } from "./running";
import { type StrategyBoard as Board, hasMovedOn, show, sourceLink } from "./sheet";
import { editionLine, printButton } from "./state";
import { era, fiscalYear, fiscalYearOf, plainYear } from "./years";
import "./roadmap.css";

const TEXTS = {
  title: { ja: "ロードマップ", en: "Roadmap" },
  caption: { ja: "年度ごとの節目と、把握している施策の展開", en: "What is due in each fiscal year, and the known deployments of measures" },
  deployedIn: { ja: "展開を数える地域", en: "Deployments counted in" },
  nation: { ja: "全国", en: "the nation" },
  hint: {
    ja: "検索で地域を選ぶと、その地域の展開だけを数えます。節目は国の戦略のものです。",
    en: "Find an area to count only what is deployed there. Milestones are the nation's.",
  },
  ofNation: { ja: "節目は国の戦略のものです。", en: "Milestones are the nation's." },
  clear: { ja: "解除して全国に戻す", en: "Clear: back to the nation" },
  item: { ja: "項目", en: "Item" },
  now: { ja: "今年度", en: "this year" },
  whole: { ja: "戦略全体", en: "The strategy as a whole" },
  strategy: { ja: "戦略", en: "Strategy" },
  kpi: { ja: "KPIの目標", en: "KPI target" },
  measure: { ja: "施策", en: "Measure" },
  stated: { ja: "明記", en: "stated" },
  reported: { ja: "報道", en: "reported" },
  assumed: { ja: "想定", en: "assumed" },
  legend_stated: { ja: "節目：戦略・公表資料に明記", en: "Milestone: stated by the strategy or an official paper" },
  legend_reported: { ja: "節目：報道・紹介資料による", en: "Milestone: reported" },
  legend_assumed: { ja: "節目：想定（例年の時期など）", en: "Milestone: assumed (the usual time of year)" },
  legend_certain: { ja: "展開：その年度に始まった、または期間に含まれる", en: "Deployments: begun in the year, or the year is within their published period" },
  legend_open: { ja: "展開：前の年度に始まり、終了年度の公表なし", en: "Deployments: begun before, no end published" },
  value: { ja: "値", en: "Value" },
  open: { ja: "終了年度の公表なし", en: "no end published" },
  ofThem: { ja: "うち以前から（終了の公表なし）", en: "of them from before (no end published):" },
  noneEnds: { ja: "いずれも終了年度の公表なし", en: "of none an end is published" },
  ended: { ja: "期間前に終了", en: "Ended before these years:" },
  undated: { ja: "ほかに年度不明", en: "Year unknown:" },
  proposed: { ja: "申請・構想（数えない）", en: "Proposed, not counted:" },
  scroll: { ja: "ロードマップの表（横にスクロールできます）", en: "Table of the roadmap (scrolls sideways)" },
  none: { ja: "目標年度や展開を把握していません。", en: "Nothing dated is known." },
  left: { ja: "節目も展開も把握していない施策は載せていません", en: "Measures without a milestone or a known deployment are left out" },
} satisfies Record<string, Texts>;

const BASES = ["stated", "reported", "assumed"] as const;

interface Unit {
  id: string;
  unit: Texts;
  decimals: number;
}

/** One line of the roadmap. */
interface Line {
  id: string;
  kind: Milestone["kind"];
  name: Texts;
  milestones: Milestone[];
  running: Running | null;
}

/** What every cell needs to know. */
interface Frame {
  years: number[];
  now: number;
  units: Map<string, Unit>;
  /** The KPIs that the map has, by the ids of their layers; it has every measure. */
  onMap: Set<string>;
  board: Board;
}

async function allDeployments(area: string): Promise<{ deployments: Deployment[]; coverage: Texts }> {
  const deployments: Deployment[] = [];
  let coverage: Texts = { ja: "", en: "" };
  for (let next: string | null = `/v1/deployments?limit=1000${area ? `&area=${area}` : ""}`; next; ) {
    const page: { deployments: Deployment[]; coverage: Texts; next: string | null } = await get(next);
    deployments.push(...page.deployments);
    ({ next, coverage } = page);
  }
  return { deployments, coverage };
}

function counted(number: number, lang: Lang): string {
  return lang === "ja" ? `${number.toLocaleString("ja")}件` : number.toLocaleString("en");
}

function textNamed(name: string, lang: Lang): string {
  return (TEXTS as Record<string, Texts>)[name]?.[lang] ?? name;
}

/** Return the mark of a basis: a full diamond, a full circle, a broken ring. */
function mark(basis: string): SVGElement {
  const shape =
    basis === "stated"
      ? s("path", { d: "M8 1L15 8L8 15L1 8Z", class: "full" })
      : s("circle", { cx: 8, cy: 8, r: basis === "reported" ? 6 : 5.5, class: basis === "reported" ? "full" : "ring" });
  return s("svg", { class: "basis", width: 16, height: 16, viewBox: "0 0 16 16", "aria-hidden": "true" }, shape);
}

function milestone(one: Milestone, frame: Frame): HTMLElement {
  const { lang } = frame.board.view;
  const unit = frame.units.get(one.subject) ?? { unit: { ja: "", en: "" }, decimals: 0 };
  const told = one.source.url || lang === "ja"; // what stands there without an address is a note of ours in Japanese
  const value = one.value === null ? null : h("data", { value: one.value }, `${TEXTS.value[lang]} ${full(one.value, unit, lang)}`);
  return h(
    "div",
    { class: `milestone ${one.basis}` },
    mark(one.basis),
    h(
      "div",
      {},
      h("p", {}, ...inLanguage(one.label[lang], lang)),
      h("p", { class: "facts" }, value, h("span", {}, textNamed(one.basis, lang)), told ? sourceLink(one.source, lang, true) : null),
    ),
  );
}

function openText({ certain, open }: YearRunning, lang: Lang): string {
  if (certain === 0) return TEXTS.noneEnds[lang];
  return `${TEXTS.ofThem[lang]} ${counted(open, lang)}`;
}

/** Return the bars of a year and their numbers; in years to come nothing is counted that has no published end. */
function bars(line: Running, of: YearRunning, { now, board }: Frame): HTMLElement | null {
  const { lang } = board.view;
  const { year, certain, open } = of;
  if (certain + open === 0) return null;
  const isToCome = year > now;
  const told = isToCome ? certain : certain + open;
  // both kinds keep to their own lane, so that a bar runs on from year to year
  const hasLane = line.years.some((one) => one.certain > 0);
  const openNote = h(
    "small",
    { class: isToCome && year > now + 1 ? "unseen" : "" },
    isToCome ? `${TEXTS.open[lang]} ${counted(open, lang)}` : openText(of, lang),
  );
  return h(
    "div",
    { class: `bars${isToCome ? " to-come" : ""}` },
    hasLane ? h("span", { class: certain ? "bar certain" : "bar", "aria-hidden": "true" }) : null,
    h("span", { class: open ? "bar open" : "bar", "aria-hidden": "true" }),
    told ? h("b", {}, counted(told, lang)) : null,
    open ? openNote : null,
  );
}

function cell(line: Line, year: number, frame: Frame): HTMLElement {
  const due = line.milestones.filter((one) => one.fiscal_year === year);
  const running = line.running?.years.find((one) => one.year === year);
  const parts = [line.running && running ? bars(line.running, running, frame) : null, ...due.map((one) => milestone(one, frame))].filter((one) => one !== null);
  return h("td", { class: year === frame.now ? "now" : "" }, ...parts);
}

function layerOf(line: Line): string {
  return line.kind === "kpi" ? `kpi-progress:${line.id}` : `deployments:${line.id}`;
}

function nameOf(line: Line, { board, onMap }: Frame): HTMLElement | string {
  const name = line.name[board.view.lang];
  const layer = layerOf(line);
  if (line.kind === "strategy" || (line.kind === "kpi" && !onMap.has(layer))) return h("span", {}, name);
  return h("button", { type: "button", class: "text", title: text("onMap", board.view.lang), onclick: () => board.go({ layer, stage: "map" }) }, name);
}

function row(line: Line, frame: Frame): HTMLElement {
  const { lang } = frame.board.view;
  const notes = (["ended", "undated", "proposed"] as const).flatMap((name) => {
    const number = line.running?.[name] ?? 0;
    return number ? [`${TEXTS[name][lang]} ${counted(number, lang)}`] : [];
  });
  return h(
    "tr",
    { "data-line": line.id, "data-kind": line.kind },
    h(
      "th",
      { scope: "row" },
      h("small", { class: "kind" }, TEXTS[line.kind][lang]),
      nameOf(line, frame),
      ...notes.map((note) => h("small", { class: "note" }, note)),
    ),
    ...frame.years.map((year) => cell(line, year, frame)),
  );
}

/** Return the lines that milestones and deployments make: KPIs before measures, those with most deployments first. */
function linesOf(milestones: Milestone[], running: Map<string, Running>, measures: { id: string; name: Texts }[]): Line[] {
  const lines = new Map<string, Line>();
  for (const one of milestones) {
    const line = lines.get(one.subject) ?? { id: one.subject, kind: one.kind, name: one.name, milestones: [], running: running.get(one.subject) ?? null };
    line.milestones.push(one);
    lines.set(one.subject, line);
  }
  for (const { id, name } of measures) {
    const found = running.get(id);
    if (found && !lines.has(id)) lines.set(id, { id, kind: "measure", name, milestones: [], running: found });
  }
  const order = ["strategy", "kpi", "measure"];
  return [...lines.values()].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || (b.running?.total ?? 0) - (a.running?.total ?? 0));
}

function group(name: string, lines: Line[], frame: Frame): HTMLElement {
  const { lang } = frame.board.view;
  const span = frame.years.length + 1;
  const empty = h("tr", {}, h("td", { colspan: span, class: "soft" }, TEXTS.none[lang]));
  return h(
    "tbody",
    {},
    h("tr", { class: "group" }, h("th", { scope: "rowgroup", colspan: span }, h("span", {}, name))),
    ...(lines.length ? lines.map((line) => row(line, frame)) : [empty]),
  );
}

function heading({ years, now, board }: Frame): HTMLElement {
  const { lang } = board.view;
  const column = (year: number) =>
    h(
      "th",
      {
        scope: "col",
        class: year === now ? "now" : "",
        "aria-current": year === now ? "date" : null,
        "aria-label": fiscalYear(year, lang) + (year === now ? ` ${TEXTS.now[lang]}` : ""),
      },
      year === now ? h("b", { class: "flag" }, `▼ ${TEXTS.now[lang]}`) : null,
      h("span", {}, plainYear(year, lang)),
      lang === "ja" ? h("span", { class: "era" }, `（${era(year)}）`) : null,
    );
  return h("thead", {}, h("tr", {}, h("th", { scope: "col" }, TEXTS.item[lang]), ...years.map(column)));
}

function legend(lang: Lang): HTMLElement {
  return h(
    "ul",
    { class: "key", "aria-label": text("legend", lang) },
    ...BASES.map((basis) => h("li", {}, mark(basis), textNamed(`legend_${basis}`, lang))),
    ...["certain", "open"].map((name) => h("li", {}, h("span", { class: `bar ${name}`, "aria-hidden": "true" }), textNamed(`legend_${name}`, lang))),
  );
}

function counting(area: Area | null, board: Board): HTMLElement {
  const { lang } = board.view;
  return h(
    "p",
    { class: "counting" },
    h("span", { class: "soft" }, TEXTS.deployedIn[lang]),
    " ",
    h("b", { id: "roadmap-area" }, area?.name[lang] ?? TEXTS.nation[lang]),
    " ",
    area ? h("button", { type: "button", id: "roadmap-clear", onclick: () => board.go({ area: "" }) }, TEXTS.clear[lang]) : null,
    " ",
    h("span", { class: area ? "soft" : "soft of-search" }, TEXTS[area ? "ofNation" : "hint"][lang]),
  );
}

/** Draw the roadmap of the strategy's years, by goal; deployments are those of the nation or of the chosen area. */
export async function draw(target: HTMLElement, board: Board): Promise<void> {
  const { area, lang } = board.view;
  const address = location.search;
  const [roadmap, { kpis }, { deployments, coverage }, place] = await Promise.all([
    get<Roadmap>("/v1/roadmap"),
    get<Kpis>("/v1/kpis"),
    allDeployments(area),
    area ? get<Area>(`/v1/areas/${area}`) : null,
  ]);
  if (hasMovedOn(address)) return;
  const { fy_from, fy_to } = roadmap.strategy;
  const years = Array.from({ length: fy_to - fy_from + 1 }, (_, index) => fy_from + index);
  const running = runningByMeasure(deployments, years);
  const milestones = roadmap.years.flatMap((one) => one.milestones);
  const ofGoal = (goal: Goal | null) =>
    linesOf(
      milestones.filter((one) => one.goal === (goal?.id ?? null)),
      running,
      goal ? board.catalogue.measures.filter((one) => one.goal === goal.id) : [],
    );
  const lines = [null, ...board.catalogue.goals].map((goal): [string, Line[]] => [goal?.name[lang] ?? TEXTS.whole[lang], ofGoal(goal)]);
  const onMap = await layers(lines.flatMap(([, some]) => some.filter((one) => one.kind === "kpi").map(layerOf)));
  if (hasMovedOn(address)) return;
  const frame: Frame = {
    years,
    now: fiscalYearOf(new Date()),
    units: new Map(kpis.map((one) => [one.id, one])),
    onMap: new Set(onMap.map((one) => one.id)),
    board,
  };
  const groups = lines.map(([name, some]) => group(name, some, frame));
  const unlisted = board.catalogue.measures.filter((one) => !running.has(one.id) && !milestones.some((each) => each.subject === one.id)).length;
  const left = lang === "ja" ? `${TEXTS.left.ja}（${counted(unlisted, "ja")}）。` : `${TEXTS.left.en} (${counted(unlisted, "en")}).`;
  show(
    target,
    h(
      "div",
      { class: "roadmap" },
      h("div", { class: "strategy-head" }, h("h3", { tabindex: -1 }, TEXTS.title[lang]), printButton(lang), editionLine(roadmap, lang)),
      counting(place, board),
      legend(lang),
      h(
        "div",
        { class: "scroll", tabindex: 0, role: "region", "aria-label": TEXTS.scroll[lang] },
        h(
          "table",
          { id: "roadmap" },
          h("caption", {}, `${TEXTS.caption[lang]}${lang === "ja" ? `（${place?.name.ja ?? TEXTS.nation.ja}）` : ` (${place?.name.en ?? TEXTS.nation.en})`}`),
          heading(frame),
          ...groups,
        ),
      ),
      h("p", { class: "soft" }, `${coverage[lang]} ${left}`),
    ),
  );
}
