/** Up to five areas in one chart and one table. */

import { type Figure, get, onBoundaries, type Profile, type Series } from "../api";
import { LINES, lineChart } from "../chart";
import { h, s } from "../element";
import { full, short } from "../numbers";
import type { Board } from "../panel";
import { text, textOf, withUnit } from "../texts";
import { MOST_COMPARED } from "../view";
import "./compare.css";

function chip(profile: Profile, index: number, board: Board): HTMLElement {
  const { view, go } = board;
  const name = profile.area.name[view.lang];
  const { colour } = LINES[index % LINES.length] ?? LINES[0];
  return h(
    "li",
    {},
    s("svg", { width: 14, height: 14, "aria-hidden": "true" }, s("circle", { cx: 7, cy: 7, r: 6, fill: colour })),
    h("button", { type: "button", class: "text", onclick: () => go({ area: profile.area.code }) }, name),
    h(
      "button",
      {
        type: "button",
        class: "plain",
        "aria-label": `${text("removeFromCompare", view.lang)}: ${name}`,
        onclick: () => go({ areas: view.areas.filter((code) => code !== profile.area.code) }),
      },
      "×",
    ),
  );
}

async function chart(target: HTMLElement, codes: string[], vintage: string, board: Board): Promise<void> {
  const { layer, view } = board;
  const lang = view.lang;
  const told = await get<Series>(`/v1/series?indicator=${layer.id}&areas=${codes.join(",")}${vintage ? `&vintage=${vintage}` : ""}`);
  const lines = told.series.map((one) => ({ name: one.name[lang], points: one.points }));
  if (lines.some((line) => line.points.some((point) => point.value !== null))) {
    await lineChart(
      target,
      { lines, breaks: told.breaks, unit: layer.unit, decimals: layer.decimals, label: board.label, summary: told.summary?.[lang] ?? layer.name[lang] },
      lang,
      340,
    );
  } else target.replaceChildren(h("p", { class: "soft" }, told.summary?.[lang] ?? text("noData", lang)));
}

function figureCell(figure: Figure | undefined, area: string, lang: "ja" | "en"): HTMLElement {
  if (!figure) return h("td", { class: "number" }, "—");
  if (figure.value === null) return h("td", { class: "number soft" }, textOf("status_", figure.status, lang));
  const nation = figure.rank.nation;
  const rank = nation ? (lang === "ja" ? `${text("rankNation", lang)}${nation.rank.toLocaleString()}位` : `#${nation.rank.toLocaleString()}`) : "";
  return h(
    "td",
    { class: "number" },
    h("data", { value: figure.value, title: full(figure.value, figure.indicator, lang) }, short(figure.value, figure.indicator, lang)),
    h("small", {}, figure.area === area ? rank : text("atPrefecture", lang)),
  );
}

function figures(profiles: Profile[], board: Board): HTMLElement {
  const { lang } = board.view;
  const goals = profiles[0]?.goals ?? [];
  const rows = goals.flatMap((goal) => {
    const ids = [...new Set(profiles.flatMap((profile) => profile.goals.find((one) => one.id === goal.id)?.figures.map((one) => one.indicator.id) ?? []))];
    const lines = ids.map((id) => {
      const found = profiles.map((profile) => profile.goals.find((one) => one.id === goal.id)?.figures.find((one) => one.indicator.id === id));
      const any = found.find((one) => one !== undefined);
      const name = any?.indicator.name[lang] ?? id;
      const label = h("button", { type: "button", class: "text", onclick: () => board.go({ layer: id, stage: "compare" }) }, name);
      return h(
        "tr",
        {},
        h("th", { scope: "row" }, label, h("small", {}, any?.period_label?.[lang] ?? any?.period)),
        ...found.map((one, index) => figureCell(one, profiles[index]?.area.code ?? "", lang)),
      );
    });
    return lines.length ? [h("tr", { class: "goal" }, h("th", { scope: "colgroup", colspan: profiles.length + 1 }, goal.name[lang])), ...lines] : [];
  });
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": text("newest", lang) },
    h(
      "table",
      { id: "comparison" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, text("indicators", lang)),
          ...profiles.map((one) => h("th", { scope: "col", class: "number" }, one.area.name[lang])),
        ),
      ),
      h("tbody", {}, ...rows),
    ),
  );
}

export async function draw(target: HTMLElement, board: Board): Promise<void> {
  const { view, layer } = board;
  const lang = view.lang;
  const codes = (view.areas.length ? view.areas : view.area ? [view.area] : []).slice(0, MOST_COMPARED);
  if (codes.length === 0) {
    target.replaceChildren(h("h3", {}, text("comparing", lang)), h("p", { class: "hint" }, text("emptyComparison", lang)));
    return;
  }
  const found = await Promise.all(codes.map((code) => onBoundaries<Profile>(`/v1/areas/${code}/profile`, view.vintage)));
  const profiles = found.map((one) => one.told);
  // lines in one chart are on the same boundaries
  const vintage = found.every((one) => one.vintage) ? view.vintage : "";
  const plot = h("div", { class: "chart" });
  const isDrawn = layer.kind !== "category";
  target.replaceChildren(
    h("ul", { class: "chips", "aria-label": text("comparing", lang) }, ...profiles.map((one, index) => chip(one, index, board))),
    ...(isDrawn ? [h("h3", {}, withUnit(layer.name, layer.unit, lang)), plot] : []),
    h("h3", {}, text("newest", lang)),
    figures(profiles, board),
  );
  if (isDrawn) await chart(plot, codes, vintage, board);
}
