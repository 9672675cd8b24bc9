/** The chosen area with all its figures; fetched when an area is first chosen. */

import {
  type Deployment,
  type Deployments,
  type Figure,
  get,
  isGone,
  type Lang,
  layers,
  type Neighbours,
  onBoundaries,
  type Profile,
  type Series,
  type Texts,
  values,
} from "./api";
import { signNotes, signOf } from "./carried";
import { lineChart, sparkline } from "./chart";
import { h } from "./element";
import { formerPanel, historyOf, historySection, inForce } from "./history";
import "./area.css";
import { inLanguage } from "./language";
import { MARKS } from "./marks";
import { short, signed, valueText } from "./numbers";
import type { Board } from "./panel";
import { shownBy } from "./stages/change";
import { text, textOf } from "./texts";
import { MOST_COMPARED, MOST_SUGGESTED } from "./view";

const DEMAND = "deployments:transport-gap-redesign";
const GAP = "transport-gap:mlit-handbook-rural";
const MOST_NEIGHBOURS = 12;

function rankText(rank: { rank: number; of: number }, lang: Lang): string {
  return lang === "ja" ? `${rank.rank.toLocaleString()}位／${rank.of.toLocaleString()}` : `${rank.rank.toLocaleString()} of ${rank.of.toLocaleString()}`;
}

function ranks(figure: Pick<Figure, "rank" | "peers">, measured: { unit: Texts; decimals: number }, lang: Lang): HTMLElement {
  const { nation, prefecture } = figure.rank;
  const terms: [string, string][] = [];
  if (nation) terms.push([text("rankNation", lang), rankText(nation, lang)]);
  if (prefecture) terms.push([text("rankPrefecture", lang), rankText(prefecture, lang)]);
  if (figure.peers.median !== null) terms.push([text("rankPeers", lang), short(figure.peers.median, measured, lang)]);
  return h("dl", { class: "ranks" }, ...terms.flatMap(([name, value]) => [h("div", {}, h("dt", {}, name), h("dd", {}, value))]));
}

function trendText(figure: Figure, lang: Lang): HTMLElement | null {
  const trend = figure.trend;
  if (!trend) return null;
  const verdict = ["better", "worse", "unchanged"].includes(trend.verdict) ? textOf("", trend.verdict, lang) : "";
  const { unit, decimals } = figure.indicator;
  const inUnit = unit.ja === "%" ? text("points", lang) : lang === "ja" ? unit.ja : ` ${unit.en}`;
  const change = trend.change_percent === null ? signed(trend.change, decimals, lang) + inUnit : `${signed(trend.change_percent, 1, lang)}%`;
  const arrow = change.startsWith("±") ? "→" : trend.change > 0 ? "↗" : "↘";
  const since = lang === "ja" ? `${trend.since}年比 ${change}` : `${change} since ${trend.since}`;
  return h("p", { class: `trend ${trend.verdict}` }, `${arrow} ${since}`, verdict ? h("b", {}, ` ${verdict}`) : null);
}

function card(figure: Figure, area: string, board: Board): HTMLElement {
  const { lang } = board.view;
  const told = figure.value === null ? textOf("status_", figure.status, lang) : short(figure.value, figure.indicator, lang) + signOf(figure.status);
  const name = h(
    "h4",
    {},
    h(
      "button",
      { type: "button", class: "text", title: text("onMap", lang), onclick: () => board.go({ layer: figure.indicator.id, stage: "map" }) },
      figure.indicator.name[lang],
    ),
  );
  const note = figure.area === area ? "" : `${lang === "ja" ? "・" : " · "}${text("atPrefecture", lang)}`;
  return h(
    "li",
    { class: "card" },
    name,
    h("div", { class: "figure" }, h("data", { value: figure.value ?? "" }, told), figure.series.length > 2 ? sparkline(figure.series, figure.breaks) : null),
    h("p", { class: "soft" }, `${figure.period_label?.[lang] ?? figure.period}${note}`),
    ...signNotes([figure.status], lang),
    ranks(figure, figure.indicator, lang),
    trendText(figure, lang),
    figure.coverage ? h("p", { class: "soft lacks" }, figure.coverage[lang]) : null,
  );
}

/** Return a deployment as a line: mark of the status, title, programme, year, source. */
export function deployed(one: Deployment, lang: Lang): HTMLElement {
  const years = [one.fy_start, one.fy_end].map((year) => (year === null ? "" : lang === "ja" ? `${year}年度` : `FY${year}`));
  const { last, reason } = one.counted;
  const until = one.fy_end === null && last !== null ? (lang === "ja" ? `${last}年度まで数える` : `counted until FY${last}`) : "";
  const title = one.title[lang] || one.title.ja || one.programme || one.measures[0]?.[lang] || "";
  const measure = one.measures.map((each) => each[lang]).join(lang === "ja" ? "・" : " · ");
  return h(
    "li",
    { class: "deployment" },
    h("span", { class: `mark ${one.status}`, "aria-hidden": "true" }, MARKS[one.status]?.sign ?? "●"),
    h(
      "div",
      {},
      h("b", {}, ...inLanguage(title, lang)),
      h(
        "p",
        { class: "soft", title: reason[lang] },
        ...inLanguage(
          [
            one.status_label[lang],
            one.programme !== title ? one.programme : "",
            measure !== title ? measure : "",
            years[0] ? years.filter(Boolean).join("–") : "",
            until,
          ]
            .filter(Boolean)
            .join(lang === "ja" ? "・" : " · "),
          lang,
        ),
      ),
      h(
        "p",
        { class: "soft" },
        `${text("source", lang)}: `,
        h("a", { href: one.source.url, rel: "noopener", target: "_blank" }, ...inLanguage(one.source.title || one.source.url, lang)),
        lang === "ja" ? `（${one.confidence_label.ja}）` : ` (${one.confidence_label.en})`,
      ),
    ),
  );
}

/** An area's figures, and the date of the boundaries that were chosen, where it is on them. */
interface Shown {
  profile: Profile;
  vintage: string;
}

/** Return the query for the values of a level on the boundaries of an area. */
function levelQuery(level: string, period: string, vintage: string, estimate = ""): string {
  const said = { level, period, vintage, estimate };
  return new URLSearchParams(Object.entries(said).filter(([, value]) => value)).toString();
}

async function nearby(board: Board, { profile, vintage }: Shown): Promise<HTMLElement | null> {
  const { view, layer } = board;
  const lang = view.lang;
  const found = await get<Neighbours>(`/v1/areas/${profile.area.code}/neighbours${vintage ? `?vintage=${vintage}` : ""}`);
  const around = found.neighbours.slice(0, MOST_NEIGHBOURS);
  if (around.length === 0) return null;
  const isTransport = [DEMAND, GAP].includes(layer.id) || layer.topic.id === "transport" || layer.id.includes("mobility");
  const ids = [...new Set([layer.id, ...(isTransport ? [DEMAND, GAP] : [])])];
  const wanted = (await layers(ids)).filter((one) => one.levels.includes(profile.area.level));
  const columns = await Promise.all(
    wanted.map(async (one) => {
      const period = one.id === layer.id && board.legend.level === profile.area.level ? board.legend.period : "";
      const told = await values(one.id, levelQuery(profile.area.level, period, vintage));
      return { one, told, byCode: new Map(told.codes.map((code, index) => [code, told.values[index] ?? null])) };
    }),
  );
  const cell = ({ one, byCode }: (typeof columns)[number], code: string) => {
    const value = byCode.get(code) ?? null;
    if (value === null) return "—";
    return one.categories.find((each) => each.code === value)?.label[lang] ?? short(value, one, lang);
  };
  const line = (code: string, name: string, note: string, isSelf = false) =>
    h(
      "tr",
      { class: isSelf ? "self" : "" },
      h(
        "th",
        { scope: "row" },
        isSelf ? name : h("button", { type: "button", class: "text", onclick: () => board.go({ area: code }) }, name),
        note ? h("small", {}, note) : null,
      ),
      ...columns.map((column) => h("td", { class: column.one.kind === "category" ? "" : "number" }, cell(column, code))),
    );
  const heading = (column: (typeof columns)[number]) => {
    if (column.one.id === DEMAND) return text("runs", lang);
    if (column.one.id === GAP) return text("gapHere", lang);
    return column.one.name[lang];
  };
  return h(
    "section",
    { id: "nearby" },
    h("h3", {}, text("neighbours", lang)),
    h(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": text("neighbours", lang) },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", { scope: "col" }, text("name", lang)),
            ...columns.map((column) => h("th", { scope: "col", class: column.one.kind === "category" ? "" : "number" }, heading(column))),
          ),
        ),
        h(
          "tbody",
          {},
          line(profile.area.code, profile.area.name[lang], "", true),
          ...around.map((one) =>
            line(one.code, one.name[lang], one.touching ? "" : `${one.distance_km.toLocaleString(lang, { maximumFractionDigits: 0 })} km`),
          ),
        ),
      ),
    ),
    h(
      "button",
      {
        type: "button",
        onclick: () => board.go({ stage: "compare", areas: [profile.area.code, ...around.slice(0, MOST_SUGGESTED - 1).map((one) => one.code)] }),
      },
      text("compareNeighbours", lang),
    ),
  );
}

async function seriesChart(board: Board, { profile, vintage }: Shown, target: HTMLElement): Promise<void> {
  const { layer, view } = board;
  const lang = view.lang;
  if (layer.kind === "category" || shownBy(layer.id).measure !== "value") return; // changes have no series
  const codes = [profile.area.code, ...(profile.area.level !== "prefecture" && layer.levels.includes("prefecture") ? [profile.area.prefecture] : [])];
  const told = await get<Series>(
    `/v1/series?indicator=${layer.id}&areas=${codes.join(",")}${vintage ? `&vintage=${vintage}` : ""}${view.estimate && `&estimate=${view.estimate}`}`,
  );
  const [own, ...others] = told.series.map((one) => ({ name: one.name[lang], points: one.points }));
  if (!own) return;
  const periods = new Set(own.points.filter((one) => one.value !== null).map((one) => one.period));
  // a prefecture's yearly estimates would drown its own censuses; only what can be compared is drawn
  const lines = [own, ...(layer.kind === "count" ? [] : others.map((one) => ({ ...one, points: one.points.filter((point) => periods.has(point.period)) })))];
  if (periods.size < 2) return;
  await lineChart(
    target,
    {
      lines,
      breaks: told.breaks,
      unit: layer.unit,
      decimals: layer.decimals,
      label: board.label,
      summary: told.summary?.[lang] ?? `${layer.name[lang]} ${own.name}`,
    },
    lang,
    190,
  );
}

async function deployments(profile: Profile, lang: Lang): Promise<HTMLElement> {
  const found = await get<Deployments>(`/v1/deployments?area=${profile.area.code}&limit=100`);
  return h(
    "section",
    { id: "deployed" },
    h("h3", {}, text("deployedHere", lang), h("span", { class: "count" }, found.total.toLocaleString(lang))),
    found.deployments.length
      ? h("ul", { class: "deployments" }, ...found.deployments.map((one) => deployed(one, lang)))
      : h("p", { class: "soft" }, text("noneHere", lang)),
    h("p", { class: "soft" }, profile.coverage[lang]),
  );
}

function currentFigure(board: Board, shown: Shown, value: number | null | undefined, status: string | undefined): HTMLElement {
  const { layer, view, legend } = board;
  const lang = view.lang;
  const plot = h("div", { class: "chart" });
  void seriesChart(board, shown, plot).catch(() => plot.remove());
  return h(
    "section",
    { id: "current" },
    h("h3", {}, layer.name[lang]),
    h(
      "p",
      { class: layer.kind === "category" ? "big named" : "big" },
      h("data", { value: value ?? "" }, valueText(value, layer, lang) + signOf(status)),
      h("span", { class: "soft" }, legend.period_label?.[lang] ?? legend.period),
    ),
    ...signNotes([status], lang),
    view.vintage && !shown.vintage ? h("p", { class: "soft" }, text("notOnBoundaries", lang)) : null,
    plot,
  );
}

/** Return the address of an area's page with the layer of the map, where that is listed: others are worked out for the map alone. */
function pageOf(code: string, { view, layer }: Board): string {
  const isListed = !/^(change|clusters|residual|estimated):/.test(layer.id);
  return `/areas/${code}?${new URLSearchParams({ lang: view.lang, ...(isListed ? { layer: layer.id } : {}) }).toString()}`;
}

/** Return the chosen area with all its figures; one of the past with what became of it. */
export async function areaPanel(board: Board): Promise<HTMLElement[]> {
  const { view } = board;
  const history = await historyOf(view.area);
  const vintage = view.vintage && inForce(history.names, view.vintage) ? view.vintage : "";
  if (!vintage && !inForce(history.names, history.vintage)) return formerPanel(history, board);
  try {
    const { told, vintage: on } = await onBoundaries<Profile>(`/v1/areas/${view.area}/profile`, vintage);
    return await profilePanel(board, { profile: told, vintage: on });
  } catch (error) {
    if (!isGone(error)) throw error;
    return formerPanel(history, board); // in force, but its outline is not loaded
  }
}

async function profilePanel(board: Board, shown: Shown): Promise<HTMLElement[]> {
  const { view, layer, legend, go } = board;
  const lang = view.lang;
  const { profile, vintage } = shown;
  const area = profile.area;
  const isSameLevel = layer.levels.includes(area.level);
  const told = isSameLevel ? await values(layer.id, levelQuery(area.level, legend.level === area.level ? legend.period : "", vintage, view.estimate)) : null;
  const at = told ? told.codes.indexOf(area.code) : -1;
  const value = told ? told.values[at] : null;
  const isCompared = view.areas.includes(area.code);
  const others = lang === "ja" ? [area.name.kana, area.name.en] : [area.name.ja, area.name.kana];
  const [around, running, history] = await Promise.all([
    nearby(board, shown).catch(() => null),
    deployments(profile, lang),
    historySection(area.code, board).catch(() => null),
  ]);
  const goals = profile.goals.map((goal, index) =>
    goal.figures.length
      ? h(
          "details",
          { open: index === 0 },
          h("summary", {}, goal.name[lang]),
          h("ul", { class: "cards" }, ...goal.figures.map((one) => card(one, area.code, board))),
        )
      : null,
  );
  return [
    h(
      "header",
      { class: "area" },
      h("h2", { tabindex: -1, id: "area-name" }, area.name[lang]),
      h("button", { type: "button", class: "round", "aria-label": text("close", lang), onclick: () => go({ area: "" }) }, "×"),
      h("p", { class: "soft" }, ...inLanguage(others.filter(Boolean).join("　"), lang), `　${area.code}`),
    ),
    h(
      "div",
      { class: "actions" },
      h(
        "button",
        {
          type: "button",
          onclick: () => go({ areas: isCompared ? view.areas.filter((code) => code !== area.code) : [...view.areas, area.code].slice(-MOST_COMPARED) }),
        },
        text(isCompared ? "removeFromCompare" : "addToCompare", lang),
      ),
      profile.peers.length
        ? h(
            "button",
            {
              type: "button",
              onclick: () => go({ stage: "compare", areas: [area.code, ...profile.peers.slice(0, MOST_SUGGESTED - 1).map((one) => one.code)] }),
            },
            text("comparePeers", lang),
          )
        : null,
      h("button", { type: "button", id: "zoom-to" }, text("zoomTo", lang)),
      h("a", { id: "area-page", class: "button", href: pageOf(area.code, board) }, text("areaPage", lang)),
    ),
    profile.summary ? h("p", { class: "words" }, profile.summary[lang]) : null,
    isSameLevel ? currentFigure(board, shown, value, told?.statuses[at]) : null,
    around,
    history,
    h("section", { id: "figures" }, h("h3", {}, text("cards", lang)), ...goals),
    running,
    profile.peers.length
      ? h(
          "section",
          { id: "peers" },
          h("h3", {}, text("peers", lang)),
          h(
            "ul",
            { class: "names" },
            ...profile.peers.map((one) => h("li", {}, h("button", { type: "button", class: "text", onclick: () => go({ area: one.code }) }, one.name[lang]))),
          ),
        )
      : null,
  ].filter((one) => one !== null);
}
