import { layers, legend, type Layer } from "./api";
import { drawLegend } from "./legend";
import { createMap, type Hovered } from "./map";
import { text, translatePage, type TextKey } from "./texts";
import { fromAddress, query, toAddress } from "./view";

function element<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element ${id}`);
  return found as T;
}

const view = fromAddress();
const choice = {
  indicator: element<HTMLSelectElement>("indicator"),
  level: element<HTMLSelectElement>("level"),
  period: element<HTMLInputElement>("period"),
};
const all = await layers();
const map = createMap(element("map"), () => view.lang, tellArea);

function chosen(): Layer {
  const found = all.find((one) => one.id === view.layer) ?? all[0];
  if (!found) throw new Error("there are no layers");
  return found;
}

function option(value: string, label: string, isChosen: boolean): HTMLOptionElement {
  return new Option(label, value, isChosen, isChosen);
}

/** Make the view one that exists: a level the indicator has, a year it has there. */
function settle(): string[] {
  const one = chosen();
  view.layer = one.id;
  if (!one.levels.includes(view.level)) view.level = one.levels.includes("municipality") ? "municipality" : (one.levels[0] ?? "");
  const periods = one.periods_by_level[view.level] ?? [];
  if (!periods.includes(view.period)) view.period = periods.at(-1) ?? "";
  return periods;
}

function drawChoice(periods: string[]): void {
  const topics = new Map<string, HTMLOptGroupElement>();
  for (const one of all.filter((each) => each.levels.length > 0)) {
    let group = topics.get(one.topic.id);
    if (!group) {
      group = document.createElement("optgroup");
      group.label = one.topic[view.lang];
      topics.set(one.topic.id, group);
    }
    group.append(option(one.id, one.name[view.lang], one.id === view.layer));
  }
  choice.indicator.replaceChildren(...topics.values());
  choice.level.replaceChildren(
    ...chosen().levels.map((level) => option(level, text(level as TextKey, view.lang), level === view.level)),
  );
  choice.period.max = String(Math.max(periods.length - 1, 0));
  choice.period.value = String(periods.indexOf(view.period));
  choice.period.setAttribute("aria-valuetext", view.period);
  element<HTMLOutputElement>("period-label").value = view.period;
}

function told(value: number | undefined): string {
  const one = chosen();
  if (value === undefined) return text(one.topic.id === "measures" ? "noneKnown" : "noData", view.lang);
  const category = one.categories.find((each) => each.code === value);
  if (category) return category.label[view.lang];
  return `${value.toLocaleString(view.lang, { maximumFractionDigits: one.decimals })} ${one.unit[view.lang]}`;
}

function tellArea(area: Hovered | null): void {
  const place = element("area");
  if (!area) {
    place.textContent = text("hint", view.lang);
    return;
  }
  place.textContent = `${area.name}: ${told(area.value)}`;
}

async function show(): Promise<void> {
  const periods = settle();
  translatePage(view.lang);
  element("language").textContent = text("language", view.lang);
  element("map").setAttribute("aria-label", text("map", view.lang));
  drawChoice(periods);
  tellArea(null);
  toAddress(view);
  element<HTMLAnchorElement>("geojson").href = `/v1/layers/${view.layer}/areas.geojson?${query(view)}`;
  element<HTMLAnchorElement>("csv").href = `/v1/layers/${view.layer}/values.csv?${query(view)}&bom=true`;
  map.show(view.layer, query(view), view.lang);
  const asked = query(view) + view.layer;
  const found = await legend(view.layer, query(view));
  if (asked !== query(view) + view.layer) return; // a newer choice is on its way
  drawLegend(element("legend"), found, view.lang);
  element("coverage").textContent = found.coverage?.[view.lang] ?? "";
  element("credit").textContent = [found.credit, ...found.sources.map((source) => source.credit)]
    .map((credit) => credit[view.lang])
    .join(" ｜ ");
}

function showOrTell(): void {
  show().catch((error: unknown) => {
    element("legend").textContent = `${text("failed", view.lang)} ${String(error)}`;
  });
}

choice.indicator.addEventListener("change", () => {
  view.layer = choice.indicator.value;
  showOrTell();
});
choice.level.addEventListener("change", () => {
  view.level = choice.level.value;
  showOrTell();
});
choice.period.addEventListener("input", () => {
  view.period = chosen().periods_by_level[view.level]?.[Number(choice.period.value)] ?? view.period;
  showOrTell();
});
element("language").addEventListener("click", () => {
  view.lang = view.lang === "ja" ? "en" : "ja";
  showOrTell();
});
element<HTMLFormElement>("choice").addEventListener("submit", (event) => event.preventDefault());
showOrTell();
