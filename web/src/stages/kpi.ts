/** How far the KPIs of the strategy have come, by goal. */

import { type Goal, get, type Lang, type Layer, layers, type Texts } from "../api";
import { lineChart } from "../chart";
import { type Child, h, s } from "../element";
import { full, short, signed } from "../numbers";
import type {
  RacePoint as Compared,
  Course,
  Kpi,
  KpiCourses,
  KpiRaces,
  Kpis,
  CoursePoint as Point,
  Race,
  Roadmap,
  KpiTarget as Target,
  Verdict as VerdictOfRegion,
} from "../openapi";
import { text } from "../texts";
import { type StrategyBoard as Board, hasMovedOn, show, sourceLink } from "./sheet";
import { beforeMark, dueList, editionLine, type GoalLines, type Line, printButton, shared, stateTable } from "./state";
import { fiscalYear, fiscalYearOf } from "./years";
import "./kpi.css";

const TEXTS = {
  title: { ja: "KPIの進捗", en: "Progress of the KPIs" },
  lead: {
    ja: "総合戦略のKPIを政策目標ごとに示します。公表された値だけを載せ、値のないものは「値なし」と示します。",
    en: "The KPIs of the strategy by policy goal. Only published figures are shown; where there are none, it says so.",
  },
  ofArea: { ja: "選んだ地域の戦略のKPI", en: "KPIs of the chosen area's own strategy" },
  noKpi: { ja: "この目標に登録されたKPIはありません。", en: "No KPI is registered for this goal." },
  newest: { ja: "最新の実績", en: "Newest figure" },
  target: { ja: "目標", en: "Target" },
  baseline: { ja: "基準", en: "Baseline" },
  verdict: { ja: "判定", en: "Verdict" },
  noFigures: { ja: "値なし（実績はまだ公表・登録されていません）", en: "No figures yet (none published or entered)" },
  noTarget: { ja: "目標値なし（公表資料で確認できません）", en: "No target (none found in published papers)" },
  noBaseline: { ja: "基準値なし", en: "No baseline" },
  noVerdict: { ja: "判定できません", en: "Cannot be told" },
  no_actual: { ja: "実績がない", en: "no figure" },
  no_target: { ja: "目標値がない", en: "no target" },
  no_baseline: { ja: "基準値がない", en: "no baseline" },
  no_rate: { ja: "率を計算できない", en: "no rate can be computed" },
  before_plan: { ja: "戦略開始前の参考値", en: "reference value before the strategy" },
  series_breaks: { ja: "基準の年と数え方が異なる", en: "counted otherwise than in the baseline's year" },
  base_differs: { ja: "基準の年と数えた人々が異なる", en: "not the people counted in the baseline's year" },
  maintain_has_no_rate: { ja: "維持の目標は率でなく達否で示す", en: "a level to keep is met or not" },
  achieved: { ja: "達成", en: "Achieved" },
  notAchieved: { ja: "未達成", en: "Not achieved" },
  notYet: { ja: "目標に未到達", en: "Not yet reached" },
  keep: { ja: "を維持", en: "to be kept" },
  by: { ja: "まで", en: "by" },
  way: { ja: "目標までの進み", en: "Way to the target" },
  expected: { ja: "この年度の見込み", en: "Expected by then" },
  level: { ja: "目標に対する水準", en: "Level against the target" },
  proxies: { ja: "参考指標（KPIそのものではなく、近い動きを見る統計）", en: "Stand-in indicators (not the KPI itself: statistics that move with it)" },
  onMap: { ja: "KPIの進捗を地図で見る", en: "KPI progress on the map" },
  years: { ja: "年度ごとの伸び率", en: "Growth by year" },
  year: { ja: "年度", en: "Fiscal year" },
  difference: { ja: "差", en: "Difference" },
  points: { ja: "ポイント", en: "points" },
  otherSeries: { ja: "ほかの系列（基準の異なる系列はつながない）", en: "Other series (series of different bases are never joined)" },
  oneYear: { ja: "伸び率は計算できません（値が1年分）", en: "no growth can be told (one year only)" },
  missing: { ja: "値なし", en: "No figures" },
  yoy: { ja: "前年度比", en: "on the year before" },
  cumulative: { ja: "累積", en: "cumulative" },
  cagr: { ja: "年平均", en: "yearly mean" },
  nominal: { ja: "名目", en: "nominal" },
  real: { ja: "実質", en: "real" },
  growth: { ja: "伸び率", en: "Growth" },
  rule: { ja: "判定の基準", en: "Rule of the verdict" },
  note: { ja: "注", en: "Note" },
  atLeast: { ja: "以上", en: "at least" },
  needActual: { ja: "実績の公表値", en: "published figures" },
  needBaseline: { ja: "基準値", en: "a baseline" },
  needTarget: { ja: "目標値とその年度", en: "a target with its year" },
} satisfies Record<string, Texts>;

const PERCENT = { unit: { ja: "%", en: "%" }, decimals: 1 };
const MOST_COURSES = 8;

type Progress = KpiRaces | KpiCourses;

/** What every card needs to know: which layers the map has, and what is drawn once the cards have their width. */
interface Frame {
  board: Board;
  onMap: Map<string, Layer>;
  later: (() => Promise<void>)[];
  /** The first year of the strategy: figures of earlier ones are marked. */
  begins: number;
}

function layerOf(kpi: Kpi): string {
  return `kpi-progress:${kpi.id}`;
}

function textNamed(name: string, lang: Lang): string {
  return (TEXTS as Record<string, Texts>)[name]?.[lang] ?? name;
}

function percent(rate: number, lang: Lang): string {
  return full(rate * 100, PERCENT, lang);
}

function year(period: string, lang: Lang): string {
  return /^\d{4}$/.test(period) ? fiscalYear(Number(period), lang) : period;
}

function isTold(point: Compared): boolean {
  return point.growth !== null;
}

/** Return whether a target is met: a mark, a word, and a colour that says the same again. */
function badge(isAchieved: boolean, lang: Lang): HTMLElement {
  return h(
    "span",
    { class: `verdict ${isAchieved ? "better" : "worse"}` },
    `${isAchieved ? "✓" : "✗"} ${TEXTS[isAchieved ? "achieved" : "notAchieved"][lang]}`,
  );
}

function term(name: string, ...value: Child[]): HTMLElement {
  return h("div", {}, h("dt", {}, name), h("dd", {}, ...value));
}

function targetText(target: Target, kpi: Kpi, lang: Lang): string {
  if (target.target === null) return TEXTS.noTarget[lang];
  const value = full(target.target, kpi, lang) + (target.type === "maintain" ? ` ${TEXTS.keep[lang]}` : "");
  if (!target.target_period) return value;
  return lang === "ja" ? `${value}、${year(target.target_period, lang)}${TEXTS.by.ja}` : `${value} ${TEXTS.by.en} ${year(target.target_period, lang)}`;
}

/** Return the verdict on a year: the rating with its colour, whether it is achieved, or why nothing can be said. */
function verdict(point: Point | undefined, course: Course, progress: Progress, lang: Lang): (Node | string)[] {
  const band = progress.rating_scheme.bands.find((one) => one.code === point?.rating);
  if (band) {
    const colour = s("svg", { width: 14, height: 14, "aria-hidden": "true" }, s("circle", { cx: 7, cy: 7, r: 6, fill: band.colour }));
    return [h("span", { class: "verdict" }, colour, band.label[lang])];
  }
  if (point && point.achieved === false && point.period < course.target_period) return [h("b", {}, TEXTS.notYet[lang])];
  if (point && point.achieved !== null) return [badge(point.achieved, lang)];
  const reason = textNamed(point?.reason || "no_actual", lang);
  return [h("span", { class: "soft" }, lang === "ja" ? `${TEXTS.noVerdict.ja}（${reason}）` : `${TEXTS.noVerdict.en}: ${reason}`)];
}

/** Return the way done from baseline (or zero) to target, with where it was to be by now; none without a rate. */
function bar(course: Course, point: Point, kpi: Kpi, lang: Lang): HTMLElement | null {
  const rate = point.progress_rate ?? point.level_rate;
  if (rate === null || course.target === null) return null;
  const isLevel = point.progress_rate === null;
  const within = (share: number) => 100 * Math.min(Math.max(share, 0), 1);
  const name = `${TEXTS[isLevel ? "level" : "way"][lang]} ${percent(rate, lang)}`;
  const expected = point.expected === null || isLevel ? null : `${TEXTS.expected[lang]} ${percent(point.expected, lang)}`;
  const due = point.expected === null || isLevel ? null : s("path", { class: "due", d: `M${within(point.expected)} 0V16` });
  return h(
    "figure",
    { class: "way" },
    h(
      "figcaption",
      {},
      h("b", {}, name),
      expected
        ? h("span", { class: "soft" }, s("svg", { width: 8, height: 12, "aria-hidden": "true" }, s("path", { class: "due", d: "M4 0V12" })), expected)
        : null,
    ),
    s(
      "svg",
      { viewBox: "0 0 100 16", preserveAspectRatio: "none", role: "img", "aria-label": [name, expected].filter(Boolean).join(" ") },
      s("rect", { class: "track", y: 3, width: 100, height: 10 }),
      s("rect", { class: "done", y: 3, width: within(rate), height: 10 }),
      due,
    ),
    h(
      "p",
      { class: "ends" },
      h("span", {}, isLevel ? full(0, kpi, lang) : `${TEXTS.baseline[lang]} ${full(course.baseline ?? 0, kpi, lang)}`),
      h("span", {}, `${TEXTS.target[lang]} ${full(course.target, kpi, lang)}`),
    ),
  );
}

function isBefore(period: string, begins: number): boolean {
  return Number(period.slice(0, 4)) < begins;
}

/** Return what an area was to reach and what it has reached. */
function courseParts(course: Course, progress: Progress, isNamed: boolean, { board, begins }: Frame): HTMLElement {
  const { lang } = board.view;
  const point = course.points.filter((one) => one.actual !== null).at(-1);
  const baseline =
    course.baseline === null
      ? TEXTS.noBaseline[lang]
      : `${full(course.baseline, progress, lang)}${course.baseline_period ? (lang === "ja" ? `、${year(course.baseline_period, lang)}` : ` in ${year(course.baseline_period, lang)}`) : ""}`;
  const actual = point?.actual === null || point === undefined ? null : h("data", { value: point.actual }, full(point.actual, progress, lang));
  const sources = point?.sources.map(({ title, url }) => sourceLink({ title: typeof title === "string" ? title : title[lang], url }, lang, true)) ?? [];
  return h(
    "div",
    { class: "course" },
    isNamed ? h("h5", {}, course.name[lang]) : null,
    h(
      "dl",
      { class: "facts" },
      term(
        TEXTS.newest[lang],
        ...(actual
          ? [
              actual,
              " ",
              h("span", { class: "soft" }, year(point?.period ?? "", lang)),
              " ",
              point && isBefore(point.period, begins) ? beforeMark(lang) : null,
              ...sources,
            ]
          : [h("span", { class: "none" }, TEXTS.noFigures[lang])]),
      ),
      term(TEXTS.target[lang], targetText(course, progress, lang)),
      term(TEXTS.baseline[lang], baseline),
      term(TEXTS.verdict[lang], ...verdict(point, course, progress, lang)),
    ),
    point ? bar(course, point, progress, lang) : null,
  );
}

function courses(progress: KpiCourses, frame: Frame): HTMLElement[] {
  const { lang, area } = frame.board.view;
  const all = progress.areas;
  if (all.length === 0) {
    const terms = [term(TEXTS.newest[lang], h("span", { class: "none" }, TEXTS.noFigures[lang])), term(TEXTS.target[lang], TEXTS.noTarget[lang])];
    return [h("dl", { class: "facts" }, ...terms)];
  }
  const own = all.filter((one) => one.area === area);
  const shown = [...own, ...all.filter((one) => one.area !== area)].slice(0, MOST_COURSES);
  return shown.map((one) => courseParts(one, progress, shown.length > 1 || one.area !== "00000", frame));
}

function changeText(value: number | null, lang: Lang): string {
  return value === null ? "—" : `${signed(value * 100, 1, lang)}%`;
}

/** Return the growth of each year of a series as a table, newest first; a year before the plan has no verdict. */
function yearsTable(race: Race, progress: KpiRaces, lang: Lang): HTMLElement {
  const rows = race.points.filter(isTold).reverse();
  const row = (one: Compared) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, year(one.period, lang)),
      h("td", { class: "number" }, changeText(one.growth, lang)),
      h("td", { class: "number" }, changeText(one.comparator_growth, lang)),
      h("td", { class: "number" }, one.difference_points === null ? "—" : signed(one.difference_points, 2, lang)),
      h("td", {}, one.achieved === null ? beforeMark(lang) : badge(one.achieved, lang)),
    );
  const heads = [
    race.area.name[lang],
    race.comparator.name[lang],
    `${TEXTS.difference[lang]}${lang === "ja" ? `（${TEXTS.points.ja}）` : ` (${TEXTS.points.en})`}`,
  ];
  const series = seriesName(race, progress, lang);
  const label = lang === "ja" ? `${TEXTS.years.ja}（${series}）` : `${TEXTS.years.en} (${series})`;
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": `${progress.name[lang]} ${label}` },
    h(
      "table",
      { class: "verdicts" },
      h("caption", {}, label),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, TEXTS.year[lang]),
          ...heads.map((name) => h("th", { scope: "col", class: "number" }, name)),
          h("th", { scope: "col" }, TEXTS.verdict[lang]),
        ),
      ),
      h("tbody", {}, ...rows.map(row)),
    ),
  );
}

async function raceChart(plot: HTMLElement, race: Race, progress: KpiRaces, lang: Lang): Promise<void> {
  const points = race.points.filter((one) => one.growth !== null || one.comparator_growth !== null);
  const line = (name: Texts, growth: (one: Compared) => number | null) => ({
    name: name[lang],
    points: points.map((one) => ({ period: one.period, value: growth(one) === null ? null : (growth(one) as number) * 100 })),
  });
  const lines = [line(race.area.name, (one) => one.growth), line(race.comparator.name, (one) => one.comparator_growth)];
  const last = points.at(-1);
  const summary = `${progress.name[lang]}: ${last ? `${year(last.period, lang)} ${race.area.name[lang]} ${changeText(last.growth, lang)}, ${race.comparator.name[lang]} ${changeText(last.comparator_growth, lang)}` : ""}`;
  await lineChart(plot, { lines, ...PERCENT, label: (period) => year(period, lang), summary }, lang, 290);
  plot.querySelector("details.figures")?.remove(); // the table of years has the same figures
}

function seriesName(race: Race, progress: Progress, lang: Lang): string {
  const parts = [race.base[lang], textNamed(race.price_basis, lang), textNamed(progress.growth_basis ?? "", lang)].filter(Boolean);
  return parts.join(lang === "ja" ? "・" : ", ");
}

/** Return a series that has no growth to show, in words: its only level, or what it lacks. */
function toldInWords(race: Race, progress: Progress, lang: Lang): HTMLElement {
  const last = race.points.at(-1);
  const missing = race.missing.map((one) => `${one.name[lang]}${lang === "ja" ? "：" : ": "}${one.reason[lang]}`).join(" ");
  const levels = last
    ? [race.area, race.comparator]
        .map((one, index) => [one, index ? last.comparator_level : last.level] as const)
        .filter(([, value]) => value !== null)
        .map(([one, value]) => `${one.name[lang]} ${short(value as number, progress, lang)}`)
    : [];
  const words =
    levels.length && last
      ? `${year(last.period, lang)} ${levels.join(lang === "ja" ? "、" : ", ")}${lang === "ja" ? "。" : "; "}${TEXTS.oneYear[lang]}`
      : `${TEXTS.missing[lang]}${missing ? (lang === "ja" ? `。${missing}` : `. ${missing}`) : ""}`;
  return h("p", {}, h("b", {}, race.base[lang]), ` ${words}`);
}

function raceParts(race: Race, progress: KpiRaces, lang: Lang): { element: HTMLElement; fill: () => Promise<void> } {
  const plot = h("div", { class: "chart" });
  const element = h(
    "div",
    { class: "race" },
    h("h5", {}, `${TEXTS.growth[lang]}${lang === "ja" ? `（${seriesName(race, progress, lang)}）` : ` (${seriesName(race, progress, lang)})`}`),
    h("div", { class: "beside" }, plot, yearsTable(race, progress, lang)),
  );
  return { element, fill: () => raceChart(plot, race, progress, lang) };
}

/** Return the growth by which a verdict is told: nominal and real side by side where both are known. */
function growthsText(one: VerdictOfRegion, lang: Lang): (Node | string)[] {
  if (one.growths.length === 0 || one.period === null) return [h("span", { class: "none" }, TEXTS.noFigures[lang])];
  const comma = lang === "ja" ? "・" : ", ";
  const growths = one.growths.flatMap((each) => [
    h("data", { value: each.growth ?? "" }, changeText(each.growth, lang)),
    " ",
    h("span", { class: "soft" }, `${textNamed(each.price_basis, lang)}${comma}${one.comparator.name[lang]} ${changeText(each.comparator_growth, lang)}`),
    " ",
  ]);
  return [...growths, h("span", { class: "soft" }, `${year(one.period, lang)}${comma}${one.growths[0]?.base[lang] ?? ""}`)];
}

/** Return the verdict on a region, told once: its mark where the plan has begun, and why in words. */
function verdictFacts(one: VerdictOfRegion, progress: KpiRaces, lang: Lang): HTMLElement {
  const target = progress.targets.find((each) => each.area === one.area.id);
  const goal =
    lang === "ja" ? `${one.area.name.ja}の伸び率が${one.comparator.name.ja}以上` : `${one.area.name.en}: growth not below that of “${one.comparator.name.en}”`;
  const date = target?.target_period ? year(target.target_period, lang) : "";
  const until = date ? (lang === "ja" ? `、${date}${TEXTS.by.ja}` : `, ${TEXTS.by.en} ${date}`) : "";
  const marks = {
    achieved: () => badge(true, lang),
    not_achieved: () => badge(false, lang),
    reference: () => h("b", {}, progress.reference_label[lang]),
    no_figures: () => h("b", {}, TEXTS.noVerdict[lang]),
  };
  return h(
    "dl",
    { class: "facts" },
    term(TEXTS.newest[lang], ...growthsText(one, lang)),
    term(TEXTS.target[lang], goal + until),
    term(TEXTS.verdict[lang], marks[one.state](), h("p", { class: "soft" }, one.words[lang])),
  );
}

function races(progress: KpiRaces, lang: Lang, later: (() => Promise<void>)[]): HTMLElement[] {
  const decides = new Set(progress.verdicts.flatMap((one) => one.growths.map((each) => each.series)));
  const told = progress.series.filter((one) => one.points.some(isTold)).sort((a, b) => newestOf(b).localeCompare(newestOf(a)));
  const shown = told.filter((one) => decides.has(one.indicator));
  const others = told.filter((one) => !decides.has(one.indicator));
  const inWords = progress.series.filter((one) => !told.includes(one)).map((one) => toldInWords(one, progress, lang));
  const parts = progress.verdicts.map((one) => verdictFacts(one, progress, lang));
  for (const race of shown) {
    const { element, fill } = raceParts(race, progress, lang);
    later.push(fill);
    parts.push(element);
  }
  if (others.length + inWords.length) parts.push(otherSeries(others, inWords, progress, lang));
  return parts;
}

function newestOf(race: Race): string {
  return race.points.filter(isTold).at(-1)?.period ?? "";
}

function otherSeries(others: Race[], inWords: HTMLElement[], progress: KpiRaces, lang: Lang): HTMLElement {
  const made = others.map((one) => raceParts(one, progress, lang));
  const details = h("details", { class: "others" }, h("summary", {}, TEXTS.otherSeries[lang]), ...made.map((one) => one.element), ...inWords);
  // a chart takes the width of its place, which a closed one does not have
  details.addEventListener("toggle", () => details.open && made.splice(0).forEach((one) => void one.fill()));
  return details;
}

function proxies(kpi: Kpi, { board, onMap }: Frame): HTMLElement | null {
  const { lang } = board.view;
  const shown = kpi.proxies.map((id) => onMap.get(id)).filter((one) => one !== undefined);
  if (shown.length === 0) return null;
  const buttons = shown.map((one) =>
    h(
      "li",
      {},
      h(
        "button",
        { type: "button", title: text("onMap", lang), "data-proxy": one.id, onclick: () => board.go({ layer: one.id, stage: "map" }) },
        one.name[lang],
      ),
    ),
  );
  return h("div", { class: "proxies" }, h("h5", {}, TEXTS.proxies[lang]), h("ul", {}, ...buttons));
}

function sources(progress: Progress, lang: Lang): HTMLElement {
  const told = "areas" in progress ? [] : progress.series.flatMap((one) => one.sources).map((one) => ({ title: one.title[lang], url: one.url }));
  // publishers' own papers first, then where the KPI itself was read of
  const all = [...told, progress.source].filter((one, index, list) => one.title && list.findIndex((each) => each.title === one.title) === index);
  const scheme = progress.rating_scheme;
  const rule = progress.relative ? null : h("span", {}, `${TEXTS.rule[lang]}${lang === "ja" ? "：" : ": "}${scheme.name[lang]}`);
  return h("p", { class: "sources" }, ...all.map((one) => sourceLink(one, lang)), rule);
}

function card(progress: Progress, frame: Frame): HTMLElement {
  const { board, later } = frame;
  const { lang } = board.view;
  const layer = layerOf(progress);
  const open = frame.onMap.has(layer)
    ? h("button", { type: "button", class: "on-map", onclick: () => board.go({ layer, stage: "map" }) }, TEXTS.onMap[lang])
    : null;
  const parts = "areas" in progress ? courses(progress, frame) : races(progress, lang, later);
  return h(
    "article",
    { class: `card kpi${progress.relative ? " wide" : ""}`, "data-kpi": progress.id, "aria-labelledby": `kpi-${progress.id}` },
    h("header", {}, h("h4", { id: `kpi-${progress.id}`, tabindex: -1 }, progress.name[lang]), open),
    h("p", { class: "definition" }, progress.definition[lang]),
    ...parts,
    proxies(progress, frame),
    progress.note[lang] ? h("p", { class: "soft" }, `${TEXTS.note[lang]}${lang === "ja" ? "：" : ": "}${progress.note[lang]}`) : null,
    sources(progress, lang),
  );
}

function section(id: string, name: string, about: string | null, found: Progress[], frame: Frame): HTMLElement {
  const { lang } = frame.board.view;
  const cards = found.length ? h("div", { class: "cards" }, ...found.map((one) => card(one, frame))) : h("p", { class: "soft" }, TEXTS.noKpi[lang]);
  return h("section", { class: "goal", "data-goal": id }, h("h3", {}, name), about ? h("p", { class: "soft" }, about) : null, cards);
}

/** Return how near a KPI comes to the one that the strategy states for its goal: that one stands first. */
function stated(goal: Goal, one: Progress): number {
  return goal.kpi ? shared(goal.kpi.ja, one.name.ja) : 0;
}

/** Return what would have to be published before a verdict on a course can be told. */
function courseNeeds(course: Course | undefined, hasActual: boolean, lang: Lang): string[] {
  return [
    ...(hasActual ? [] : [TEXTS.needActual[lang]]),
    ...(course && (course.baseline !== null || course.target !== null) ? [] : [TEXTS.needBaseline[lang]]),
    ...(course && course.target !== null ? [] : [TEXTS.needTarget[lang]]),
  ];
}

/** Return how a KPI with targets stands in the nation, or in the area whose own it is. */
function courseLine(progress: KpiCourses, { board, begins }: Frame): Omit<Line, "id" | "name" | "source"> {
  const { lang } = board.view;
  const course = progress.areas.find((one) => one.area === (progress.owner ?? "00000")) ?? progress.areas[0];
  const point = course?.points.filter((one) => one.actual !== null).at(-1);
  const newest = point ? [h("data", { value: point.actual }, full(point.actual ?? 0, progress, lang)), ` ${year(point.period, lang)} `] : [];
  const baseline =
    course?.baseline && course.baseline_period
      ? `${TEXTS.baseline[lang]} ${full(course.baseline, progress, lang)}${lang === "ja" ? "、" : ", "}${year(course.baseline_period, lang)} `
      : "";
  const state = course && point ? verdict(point, course, progress, lang) : [h("span", { class: "soft" }, TEXTS.noVerdict[lang])];
  return {
    newest: newest.length || !baseline ? newest : [baseline],
    isBefore: isBefore(point?.period ?? (baseline ? (course?.baseline_period ?? "") : "9999"), begins),
    target: course ? targetText(course, progress, lang) : TEXTS.noTarget[lang],
    state,
    needs: courseNeeds(course, point !== undefined, lang),
  };
}

/** Return how a KPI that compares two regions stands. */
function raceLine(progress: KpiRaces, { board, begins }: Frame): Omit<Line, "id" | "name" | "source"> {
  const { lang } = board.view;
  const [one] = progress.verdicts;
  const [main] = one?.growths ?? [];
  const target = progress.targets.find((each) => each.area === one?.area.id);
  const date = target?.target_period ? year(target.target_period, lang) : "";
  const goal = one
    ? lang === "ja"
      ? `${one.comparator.name.ja}の伸び率${TEXTS.atLeast.ja}${date ? `、${date}${TEXTS.by.ja}` : ""}`
      : `${TEXTS.atLeast.en} the growth of the ${one.comparator.name.en}${date ? `, ${TEXTS.by.en} ${date}` : ""}`
    : TEXTS.noTarget[lang];
  const marks = {
    achieved: () => badge(true, lang),
    not_achieved: () => badge(false, lang),
    reference: () => h("span", {}, progress.reference_label[lang]),
    no_figures: () => h("span", { class: "soft" }, TEXTS.noVerdict[lang]),
  };
  const decides = progress.series.find((each) => each.indicator === main?.series) ?? progress.series[0];
  const papers = [...new Set(decides?.sources.map((each) => each.title[lang]) ?? [])].join(lang === "ja" ? "・" : ", ");
  const from = target?.plan_from ?? begins;
  const later =
    lang === "ja" ? `${year(String(from), lang)}以後の値${papers ? `（${papers}）` : ""}` : `figures of FY${from} and later${papers ? ` (${papers})` : ""}`;
  const comparison = (growth: number | null) =>
    lang === "ja" ? `（${one?.comparator.name.ja} ${changeText(growth, lang)}）` : ` (${one?.comparator.name.en} ${changeText(growth, lang)})`;
  return {
    newest:
      main && one?.period
        ? [h("data", { value: main.growth ?? "" }, changeText(main.growth, lang)), `${comparison(main.comparator_growth)} ${year(one.period, lang)} `]
        : [],
    isBefore: one?.state === "reference",
    target: goal,
    state: one ? [marks[one.state]()] : [],
    needs: one && (one.state === "reference" || one.state === "no_figures") ? [later] : [],
  };
}

function lineOf(progress: Progress, frame: Frame): Line {
  const told = "areas" in progress ? courseLine(progress, frame) : raceLine(progress, frame);
  return { id: progress.id, name: progress.name[frame.board.view.lang], source: progress.source, ...told };
}

/** Draw the KPIs by goal: definition, figures, target and verdict of each. */
export async function draw(target: HTMLElement, board: Board): Promise<void> {
  const { lang, area } = board.view;
  const address = location.search;
  const [{ kpis }, roadmap] = await Promise.all([get<Kpis>("/v1/kpis"), get<Roadmap>("/v1/roadmap")]);
  const wanted = kpis.filter((one) => one.owner === null || (area !== "" && one.owner === area));
  const found = await Promise.all(wanted.map((one) => get<Progress>(`/v1/kpis/${one.id}/progress`)));
  const onMap = await layers(found.flatMap((one) => [layerOf(one), ...one.proxies]));
  if (hasMovedOn(address)) return;
  const later: (() => Promise<void>)[] = [];
  const frame: Frame = { board, onMap: new Map(onMap.map((one) => [one.id, one])), later, begins: roadmap.strategy.fy_from };
  const own = found.filter((one) => one.owner !== null);
  const ofGoal = (goal: Goal) =>
    found
      .filter((one) => one.owner === null && one.goal === goal.id)
      .sort((a, b) => stated(goal, b) - stated(goal, a) || goal.kpis.indexOf(a.id) - goal.kpis.indexOf(b.id));
  const sections = board.catalogue.goals.map((goal) => section(goal.id, goal.name[lang], goal.kpi?.[lang] ?? null, ofGoal(goal), frame));
  const goals = board.catalogue.goals.map(
    (goal): GoalLines => ({ id: goal.id, name: goal.name[lang], kpi: goal.kpi?.[lang] ?? null, lines: ofGoal(goal).map((one) => lineOf(one, frame)) }),
  );
  show(
    target,
    h(
      "div",
      { class: "kpis" },
      h("div", { class: "strategy-head" }, h("h3", { class: "first", tabindex: -1 }, TEXTS.title[lang]), printButton(lang), editionLine(roadmap, lang)),
      h("p", { class: "words" }, TEXTS.lead[lang]),
      dueList(roadmap, fiscalYearOf(new Date()), board),
      stateTable(goals, lang),
      own.length ? section("own", TEXTS.ofArea[lang], null, own, frame) : null,
      ...sections,
    ),
  );
  await Promise.all(later.map((fill) => fill()));
}
