import type { Lang, Legend } from "./api";
import { text } from "./texts";

function row(colour: string, label: string, count: number): HTMLElement {
  const line = document.createElement("li");
  // An SVG and no style attribute: the page's policy allows no inline style.
  const swatch = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  swatch.setAttribute("width", "22");
  swatch.setAttribute("height", "14");
  swatch.setAttribute("aria-hidden", "true");
  const box = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of Object.entries({ width: "22", height: "14", fill: colour })) box.setAttribute(name, value);
  swatch.append(box);
  const words = document.createElement("span");
  words.textContent = label;
  const number = document.createElement("data");
  number.value = String(count);
  number.textContent = count.toLocaleString();
  line.append(swatch, words, number);
  return line;
}

/** Draw the legend: every class with its count, and the areas without data. */
export function drawLegend(target: HTMLElement, legend: Legend, lang: Lang): void {
  const heading = document.createElement("h2");
  const unit = legend.unit[lang] ? `（${legend.unit[lang]}）` : "";
  heading.textContent = `${legend.title[lang]}${lang === "ja" ? unit : unit.replace("（", " (").replace("）", ")")}`;
  const when = document.createElement("p");
  when.textContent = `${legend.period} · ${text("areas", lang)}`;
  const list = document.createElement("ul");
  const isCategorical = legend.classes.every((one) => one.lower === null);
  for (const one of isCategorical ? legend.classes : [...legend.classes].reverse()) list.append(row(one.colour, one.label[lang], one.count));
  list.append(row(legend.no_data.colour, legend.no_data.label[lang], legend.no_data.count));
  target.replaceChildren(heading, when, list);
}
