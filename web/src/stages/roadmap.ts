/** The roadmap: what is due in which fiscal year, goal by goal, as a chart that is a table. */

import { get, type Deployment, type Texts } from "../api";
import { h } from "../element";
import type { Board } from "../panel";
import "./plans.css";

interface Milestone {
  subject: string;
  fiscal_year: number;
  label: Texts;
  value: number | null;
  basis: "stated" | "reported" | "assumed";
  source: { title: string; url: string };
  kind: string;
  goal: string | null;
  name: Texts;
}

const TEXTS = {
  caption: { ja: "年度ごとの予定と、把握している施策の展開", en: "What is due by fiscal year, and the known deployments" },
  subject: { ja: "項目", en: "Subject" },
  strategy: { ja: "戦略全体", en: "The strategy" },
  stated: { ja: "● 明記", en: "● stated" },
  reported: { ja: "◆ 報道等", en: "◆ reported" },
  assumed: { ja: "○ 想定", en: "○ assumed" },
  running: { ja: "件", en: "" },
  runningTitle: { ja: "その年度に実施中・運行中と把握している展開の数", en: "Number of deployments known to run in the year" },
} satisfies Record<string, Texts>;

/** Return whether a deployment runs in a fiscal year as far as is known: one without an end until the year of the data. */
export function runsIn(one: { fy_start: number | null; fy_end: number | null; status: string }, year: number, known: number): boolean {
  if (one.fy_start === null || one.fy_start > year) return false;
  if (["proposed", "withdrawn", "planned_none"].includes(one.status)) return false;
  return one.fy_end === null ? one.status !== "finished" && year <= known : one.fy_end >= year;
}

async function everyDeployment(): Promise<Deployment[]> {
  const found: Deployment[] = [];
  for (let next: string | null = "/v1/deployments?limit=1000"; next; ) {
    const page: { deployments: Deployment[]; next: string | null } = await get(next);
    found.push(...page.deployments);
    next = page.next;
  }
  return found;
}

export async function draw(target: HTMLElement, board: Board): Promise<void> {
  const { view, all, go } = board;
  const lang = view.lang;
  const [told, known, { period_labels: labels }] = await Promise.all([
    get<{ years: { fiscal_year: number; milestones: Milestone[] }[] }>("/v1/roadmap"),
    everyDeployment(),
    get<{ period_labels: Record<string, Record<string, Texts>> }>("/v1/layers"),
  ]);
  const years = told.years.map((one) => one.fiscal_year);
  const milestones = told.years.flatMap((one) => one.milestones);
  const year = (one: number) => labels["fiscal_year"]?.[String(one)]?.[lang] ?? (lang === "ja" ? `${one}年度（令和${one - 2018}年度）` : `FY${one}`);
  const due = (subject: string, at: number) =>
    milestones
      .filter((one) => one.subject === subject && one.fiscal_year === at)
      .map((one) => h("p", { class: `due ${one.basis}` }, h("b", {}, TEXTS[one.basis][lang]), ` ${one.label[lang]} `, h("a", { href: one.source.url, target: "_blank", rel: "noopener" }, one.source.title)));
  const subjects = (goal: string | null) => [...new Map(milestones.filter((one) => one.goal === goal).map((one) => [one.subject, one])).values()];
  const measureRow = (id: string, name: Texts, layer: string) => {
    const own = known.filter((one) => one.measures.some((each) => each.id === id));
    const cells = years.map((at) => {
      const running = own.filter((one) => runsIn(one, at, newest)).length;
      const bar = running ? h("span", { class: "bar", title: TEXTS.runningTitle[lang] }, `${running.toLocaleString(lang)}${TEXTS.running[lang]}`) : null;
      return h("td", {}, bar, ...due(id, at));
    });
    return h("tr", {}, h("th", { scope: "row" }, h("button", { type: "button", class: "text", onclick: () => go({ layer, stage: "map" }) }, name[lang])), ...cells);
  };
  const row = (one: Milestone) => h("tr", {}, h("th", { scope: "row" }, one.name[lang]), ...years.map((at) => h("td", {}, ...due(one.subject, at))));
  const group = (name: string, rows: HTMLElement[]) => (rows.length ? [h("tr", { class: "goal" }, h("th", { scope: "colgroup", colspan: years.length + 1 }, name)), ...rows] : []);
  const newest = Math.max(...all.measures.flatMap((one) => Object.values(all.layers.get(one.layer)?.periods_by_level ?? {}).flat().map(Number)));
  const measures = new Set(all.measures.map((one) => one.id));
  const body = [
    ...group(TEXTS.strategy[lang], subjects(null).map(row)),
    ...all.goals.flatMap((goal) => {
      const own = all.measures.filter((one) => one.goal === goal.id && (one.known_deployments > 0 || milestones.some((due) => due.subject === one.id)));
      return group(goal.name[lang], [...subjects(goal.id).filter((one) => !measures.has(one.subject)).map(row), ...own.map((one) => measureRow(one.id, one.name, one.layer))]);
    }),
  ];
  target.replaceChildren(
    h(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": TEXTS.caption[lang] },
      h("table", { id: "roadmap" }, h("caption", {}, TEXTS.caption[lang]), h("thead", {}, h("tr", {}, h("th", { scope: "col" }, TEXTS.subject[lang]), ...years.map((one) => h("th", { scope: "col" }, year(one))))), h("tbody", {}, ...body)),
    ),
  );
}
