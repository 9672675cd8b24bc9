/** How the KPIs stand: target, newest figure and verdict, honest where there is no figure yet. */

import { get, type Lang, type Texts } from "../api";
import { lineChart } from "../chart";
import { h } from "../element";
import { full } from "../numbers";
import type { Board } from "../panel";
import "./kpi.css";

interface Race {
  indicator: string;
  base: Texts;
  area: { name: Texts };
  comparator: { name: Texts };
  points: { period: string; growth: number | null; comparator_growth: number | null; difference_points: number | null; achieved: boolean | null }[];
}
interface Target {
  name?: Texts;
  area: string;
  target: number | null;
  target_period: string;
  baseline: number | null;
  baseline_period: string;
  points?: { period: string; actual?: number | null; value?: number | null; achievement?: number | null; label?: Texts }[];
}
interface Kpi {
  id: string;
  goal: string;
  name: Texts;
  definition: Texts;
  unit: Texts;
  decimals: number;
  owner: string | null;
  relative: boolean;
  layer: string | null;
  proxies: string[];
  source: { title: string; url: string };
}

const TEXTS = {
  target: { ja: "目標", en: "Target" },
  baseline: { ja: "基準", en: "Baseline" },
  newest: { ja: "最新の実績", en: "Newest figure" },
  none: { ja: "実績はまだ公表されていません。", en: "No figure has been published yet." },
  notBelow: { ja: "東京圏以外の伸び率が東京圏以上", en: "Growth outside the Tokyo area at least that of the Tokyo area" },
  met: { ja: "達成", en: "achieved" },
  missed: { ja: "未達成", en: "not achieved" },
  growth: { ja: "前年度比の伸び率", en: "Growth on the year before" },
  instead: { ja: "参考になる指標", en: "Indicators that stand in" },
  onMap: { ja: "地図で見る", en: "Show on the map" },
  year: { ja: "年度", en: "FY" },
} satisfies Record<string, Texts>;

const GROWTH = { unit: { ja: "%", en: "%" }, decimals: 2 };
const at = (period: string, lang: Lang) => (lang === "ja" ? `${period}年度` : `FY${period}`);

function targetLines(kpi: Kpi, targets: Target[], lang: Lang): HTMLElement[] {
  return targets.flatMap((one) => {
    const newest = one.points?.at(-1);
    const value = newest?.actual ?? newest?.value ?? null;
    const terms: [Texts, string][] = [];
    if (one.target !== null) terms.push([TEXTS.target, `${full(one.target, kpi, lang)}（${at(one.target_period, lang)}）`]);
    if (one.baseline !== null) terms.push([TEXTS.baseline, `${full(one.baseline, kpi, lang)}（${at(one.baseline_period, lang)}）`]);
    if (newest && value !== null) terms.push([TEXTS.newest, `${full(value, kpi, lang)}（${at(newest.period, lang)}）`]);
    return [h("dl", { class: "ranks" }, ...terms.map(([name, told]) => h("div", {}, h("dt", {}, name[lang]), h("dd", {}, told)))), value === null ? h("p", { class: "soft" }, TEXTS.none[lang]) : null].filter((each) => each !== null);
  });
}

async function race(target: HTMLElement, kpi: Kpi, one: Race, lang: Lang): Promise<void> {
  const told = one.points.filter((point) => point.growth !== null);
  const last = told.at(-1);
  const plot = h("div", { class: "chart" });
  const verdict = last ? h("p", { class: last.achieved ? "met" : "missed" }, h("b", {}, `${last.achieved ? "◎" : "✕"} ${TEXTS[last.achieved ? "met" : "missed"][lang]}`), `（${at(last.period, lang)}、${one.base[lang]}）`) : h("p", { class: "soft" }, TEXTS.none[lang]);
  target.append(verdict, plot);
  const side = (name: Texts, key: "growth" | "comparator_growth") => ({ name: name[lang], points: told.map((point) => ({ period: point.period, value: point[key] === null ? null : (point[key] as number) * 100 })) });
  const summary = `${kpi.name[lang]}: ${TEXTS.growth[lang]}`;
  await lineChart(plot, { lines: [side(one.area.name, "growth"), side(one.comparator.name, "comparator_growth")], ...GROWTH, label: (period) => at(period, lang), summary }, lang, 180);
}

async function card(kpi: Kpi, board: Board): Promise<HTMLElement> {
  const { view, all, go } = board;
  const lang = view.lang;
  const told = await get<{ areas?: Target[]; series?: Race[] }>(`/v1/kpis/${kpi.id}/progress`);
  const made = h("article", { class: "kpi" }, h("h4", {}, kpi.name[lang]), h("p", { class: "soft" }, kpi.definition[lang]));
  if (kpi.relative) {
    made.append(h("p", {}, `${TEXTS.target[lang]}: ${TEXTS.notBelow[lang]}`));
    const newest = told.series?.find((one) => one.points.some((point) => point.growth !== null));
    if (newest) await race(made, kpi, newest, lang);
  } else if (told.areas?.length) made.append(...targetLines(kpi, told.areas, lang));
  else made.append(h("p", { class: "soft" }, TEXTS.none[lang]));
  const proxies = kpi.proxies.flatMap((id) => {
    const layer = all.layers.get(id);
    return layer ? [h("li", {}, h("button", { type: "button", class: "text", onclick: () => go({ layer: id, stage: "map" }) }, layer.name[lang]))] : [];
  });
  const layer = kpi.layer;
  if (layer && all.layers.has(layer)) made.append(h("p", {}, h("button", { type: "button", onclick: () => go({ layer, stage: "map", level: "prefecture" }) }, TEXTS.onMap[lang])));
  if (proxies.length) made.append(h("h5", { class: "soft" }, TEXTS.instead[lang]), h("ul", { class: "names" }, ...proxies));
  made.append(h("p", { class: "soft" }, h("a", { href: kpi.source.url, target: "_blank", rel: "noopener" }, kpi.source.title)));
  return made;
}

export async function draw(target: HTMLElement, board: Board): Promise<void> {
  const lang = board.view.lang;
  const { kpis } = await get<{ kpis: Kpi[] }>("/v1/kpis");
  const shown = kpis.filter((kpi) => !kpi.owner || kpi.owner === board.view.area);
  target.replaceChildren(h("div", { id: "kpis" }));
  const groups = await Promise.all(
    board.all.goals.map(async (goal) => {
      const cards = await Promise.all(shown.filter((kpi) => kpi.goal === goal.id).map((kpi) => card(kpi, board)));
      return cards.length ? [h("h3", {}, goal.name[lang]), h("div", { class: "kpis" }, ...cards)] : [];
    }),
  );
  target.querySelector("#kpis")?.replaceChildren(...groups.flat());
}
