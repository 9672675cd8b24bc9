/** The map as a table: every area with its value, rank and class; sorted by any column. */

import { type Area, gazetteer, values } from "../api";
import { signNotes, signOf } from "../carried";
import { h, swatch } from "../element";
import { folded } from "../finder";
import { full } from "../numbers";
import type { Board } from "../panel";
import { type TextKey, text, textOf, withUnit } from "../texts";
import { layerQuery } from "../view";
import "./table.css";

interface Line {
  area: Area;
  prefecture: string;
  value: number | null;
  class: number | null;
  status: string;
  rank: number | null;
  names: string;
}

type Column = "position" | "code" | "name" | "value";
let order: { by: Column; isDown: boolean } = { by: "position", isDown: false };
let words = "";

/** Return ranks of values, equal ones sharing the better; null where there is none. */
export function ranked(values: (number | null)[], lowestFirst: boolean): (number | null)[] {
  const sorted = values.filter((one): one is number => one !== null).sort((a, b) => (lowestFirst ? a - b : b - a));
  const first = new Map<number, number>();
  for (const [index, value] of sorted.entries()) if (!first.has(value)) first.set(value, index + 1);
  return values.map((value) => (value === null ? null : (first.get(value) ?? null)));
}

const KEYS: Record<Column, (line: Line) => number | string> = {
  position: (line) => line.rank ?? Infinity,
  code: (line) => line.area.code,
  name: (line) => line.area.name.kana || line.area.name.en,
  value: (line) => line.value ?? Infinity,
};

function sorted(lines: Line[]): Line[] {
  const key = KEYS[order.by];
  const sign = order.isDown ? -1 : 1;
  return [...lines].sort((a, b) => {
    const [left, right] = [key(a), key(b)];
    if (left === Infinity || right === Infinity) return left === right ? a.area.code.localeCompare(b.area.code) : left === Infinity ? 1 : -1;
    return (left < right ? -1 : left > right ? 1 : 0) * sign || a.area.code.localeCompare(b.area.code);
  });
}

export async function draw(target: HTMLElement, board: Board): Promise<void> {
  const { view, layer, legend, go } = board;
  const lang = view.lang;
  const query = layerQuery({ ...view, level: legend.level, period: legend.period });
  const [areas, prefectures, told] = await Promise.all([gazetteer(legend.level, view.vintage), gazetteer("prefecture"), values(layer.id, query)]);
  const ranks = ranked(told.values, layer.direction === "lower");
  const lines = told.codes.flatMap((code, index): Line[] => {
    const area = areas.get(code);
    const prefecture = legend.level === "prefecture" ? "" : (prefectures.get(area?.prefecture ?? "")?.name[lang] ?? "");
    if (!area) return [];
    return [
      {
        area,
        prefecture,
        value: told.values[index] ?? null,
        class: told.classes[index] ?? null,
        status: told.statuses[index] ?? "",
        rank: ranks[index] ?? null,
        names: folded(area.name.ja + area.name.kana + area.name.en + prefecture + code),
      },
    ];
  });
  const isCategorical = layer.kind === "category";
  const body = h("tbody", {});
  const count = h("output", { class: "soft" });
  const row = (line: Line) => {
    const shown = line.class === null ? null : legend.classes[line.class];
    const told = isCategorical ? (shown?.label[lang] ?? "") : line.value === null ? "" : full(line.value, layer, lang);
    const value = line.value === null ? textOf("status_", line.status, lang) : told + signOf(line.status);
    return h(
      "tr",
      { class: line.area.code === view.area ? "self" : "" },
      isCategorical ? null : h("td", { class: "number" }, line.rank ?? "—"),
      h("td", { class: "soft" }, line.area.code),
      h(
        "th",
        { scope: "row" },
        h("button", { type: "button", class: "text", onclick: () => go({ area: line.area.code }) }, line.area.name[lang]),
        h("small", {}, line.prefecture),
      ),
      h(
        "td",
        { class: line.value === null ? "soft" : isCategorical ? "" : "number" },
        h("span", { class: "valued" }, swatch(shown?.colour ?? legend.no_data.colour), value),
      ),
    );
  };
  const fill = () => {
    const wanted = folded(words);
    const shown = sorted(lines.filter((line) => line.names.includes(wanted)));
    body.replaceChildren(...shown.map(row));
    count.value = `${shown.length.toLocaleString(lang)} ${text("rows", lang)}`;
  };
  const heading = (column: Column, label: string, isNumber = false) => {
    const state = order.by === column ? (order.isDown ? "descending" : "ascending") : "none";
    const press = () => {
      order = { by: column, isDown: order.by === column ? !order.isDown : column === "value" };
      void draw(target, board);
    };
    return h(
      "th",
      { scope: "col", "aria-sort": state, class: isNumber ? "number" : "" },
      h(
        "button",
        { type: "button", class: "sort", onclick: press },
        label,
        h("span", { "aria-hidden": "true" }, state === "none" ? "↕" : order.isDown ? "▼" : "▲"),
      ),
    );
  };
  if (isCategorical && order.by === "position") order = { by: "code", isDown: false };
  const filter = h("input", { type: "search", value: words, "aria-label": text("filter", lang), placeholder: text("filter", lang) });
  filter.addEventListener("input", () => {
    words = filter.value;
    fill();
  });
  fill();
  const caption = `${withUnit(layer.name, layer.unit, lang)}　${legend.period_label?.[lang] ?? legend.period}`;
  const columns: [Column, TextKey, boolean][] = [
    ...(isCategorical ? [] : [["position", "position", true] as [Column, TextKey, boolean]]),
    ["code", "code", false],
    ["name", "name", false],
    ["value", "value", !isCategorical],
  ];
  target.replaceChildren(
    h("div", { class: "filter" }, filter, count),
    h(
      "table",
      { id: "areas-table" },
      h("caption", {}, caption),
      h("thead", {}, h("tr", {}, ...columns.map(([column, key, isNumber]) => heading(column, text(key, lang), isNumber)))),
      body,
    ),
    ...signNotes(told.statuses, lang),
  );
}
