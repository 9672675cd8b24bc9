/** The legend: what each colour means, how many areas have it, and how the values are spread. */

import type { Lang, Legend, Values } from "./api";
import { h, s, swatch } from "./element";
import { gapDefinition, gapKey } from "./gap";
import { text, withUnit } from "./texts";

const BINS = 40;
const WIDTH = 232;
const HEIGHT = 44;
const RECOUNT_MS = 100;

let waiting: ReturnType<typeof setTimeout> | undefined;
let newest: Parameters<typeof recount> | null = null;

/** Return counts in bins of equal width between the 1st and the 99th percentile; what lies beyond is in the outer bins. */
export function histogram(values: number[], bins = BINS): { edges: [number, number]; counts: number[] } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const [low, high] = [at(0.01), at(0.99)];
  const counts = Array.from({ length: bins }, () => 0);
  for (const value of sorted) {
    const place = high > low ? Math.floor(((value - low) / (high - low)) * bins) : 0;
    const bin = Math.max(0, Math.min(bins - 1, place));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { edges: [low, high], counts };
}

function spread(legend: Legend, values: Values, lang: Lang): Element | null {
  const present = values.values.filter((one): one is number => one !== null);
  if (present.length < 20) return null;
  const { edges, counts } = histogram(present);
  const most = Math.max(...counts);
  const step = WIDTH / BINS;
  const bars = counts.map((count, index) => {
    const middle = edges[0] + ((edges[1] - edges[0]) * (index + 0.5)) / BINS;
    const found = legend.classes.find((one) => one.upper !== null && middle <= one.upper) ?? legend.classes.at(-1);
    const height = (count / most) * HEIGHT;
    return s("rect", { x: index * step, y: HEIGHT - height, width: step - 0.6, height, fill: found?.colour ?? legend.no_data.colour });
  });
  const drawn = s("svg", { class: "histogram", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": text("distribution", lang) }, ...bars);
  return drawn;
}

function counted(legend: Legend, classes: (number | null)[] | null): number[] {
  if (!classes) return [...legend.classes.map((one) => one.count), legend.no_data.count];
  const counts = Array.from({ length: legend.classes.length + 1 }, () => 0);
  for (const one of classes) counts[one ?? legend.classes.length]! += 1;
  return counts;
}

/** Draw the legend; with `values` their spread too, with `classes` the counts of these. */
export function drawLegend(target: HTMLElement, legend: Legend, lang: Lang, values: Values | null = null, classes: (number | null)[] | null = null): void {
  if (newest?.[0] === target) newest = null;
  const isCategorical = legend.classes.every((one) => one.lower === null);
  const counts = counted(legend, classes);
  const rows = legend.classes.map((one, index) => ({ colour: one.colour, label: one.label[lang], count: counts[index] ?? 0 }));
  if (!isCategorical) rows.reverse();
  rows.push({ colour: legend.no_data.colour, label: legend.no_data.label[lang], count: counts.at(-1) ?? 0 });
  target.replaceChildren(
    h("h3", {}, withUnit(legend.title, legend.unit, lang)),
    h("p", { class: "when" }, `${legend.period_label?.[lang] ?? legend.period}`, h("span", {}, text("areasCounted", lang))),
    h("ul", {}, ...rows.map((row) => h("li", { class: row.count ? "" : "none" }, swatch(row.colour), h("span", {}, row.label), h("data", { value: row.count }, row.count.toLocaleString(lang))))),
    ...(values && !isCategorical ? [spread(legend, values, lang)].filter((one) => one !== null) : []),
    ...(gapDefinition(legend.layer) ? [gapKey(lang)] : []),
  );
}

/** Tell the counts of the period that a slider passes: soon, not at once, for they are read while the map is watched. */
export function recountSoon(...told: Parameters<typeof recount>): void {
  newest = told;
  waiting ??= setTimeout(() => {
    waiting = undefined;
    if (newest) recount(...newest);
  }, RECOUNT_MS);
}

/** Tell another period's counts; where the legend is drawn already only what differs. */
function recount(target: HTMLElement, legend: Legend, lang: Lang, classes: (number | null)[]): void {
  const counts = counted(legend, classes);
  const rows = [...target.querySelectorAll("li:has(data)")];
  if (rows.length !== counts.length) return drawLegend(target, legend, lang, null, classes);
  if (legend.classes.some((one) => one.lower !== null)) rows.unshift(...rows.splice(0, legend.classes.length).reverse());
  rows.forEach((row, index) => {
    const count = counts[index] ?? 0;
    const told = row.querySelector("data");
    if (!told || told.value === String(count)) return;
    told.value = String(count);
    told.textContent = count.toLocaleString(lang);
    row.classList.toggle("none", count === 0);
  });
  target.querySelector(".when")?.firstChild?.replaceWith(legend.period_label[lang]);
  target.querySelector(".histogram")?.remove(); // it is of the period that was drawn
}
