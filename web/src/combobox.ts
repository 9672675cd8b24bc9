/** A box that suggests: a combobox with a list of options in groups (WAI-ARIA). */

import { h } from "./element";
import { inLanguage } from "./language";

export interface Option {
  name: string;
  detail: string;
  take(): void;
}

export interface Group {
  label: string;
  options: Option[];
}

export interface Combobox {
  /** Say a sentence where suggestions stand; none closes the list. */
  say(words: string): void;
}

/** Make a box suggest what `suggest` returns for its words; null closes the list. What was asked for before is not shown. */
export function combobox(box: HTMLInputElement, list: HTMLElement, suggest: (words: string) => Promise<Group[] | null>, nothing: () => string): Combobox {
  let options: HTMLElement[] = [];
  let at = -1;
  let asked = 0;

  const close = () => {
    asked += 1;
    list.hidden = true;
    at = -1;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  };
  const point = (next: number) => {
    options[at]?.setAttribute("aria-selected", "false");
    at = (next + options.length) % options.length;
    const line = options[at];
    line?.setAttribute("aria-selected", "true");
    line?.scrollIntoView({ block: "nearest" });
    if (line) box.setAttribute("aria-activedescendant", line.id);
  };
  const line = ({ name, detail, take }: Option) => {
    const told = (words: string) => inLanguage(words, document.documentElement.lang === "ja" ? "ja" : "en");
    const id = `${list.id}-${options.length}`;
    const made = h("li", { role: "option", id, "aria-selected": "false" }, h("b", {}, ...told(name)), h("span", {}, ...told(detail)));
    made.addEventListener("click", () => {
      box.value = "";
      close();
      take();
    });
    options.push(made);
    return made;
  };
  const group = ({ label, options }: Group) =>
    h("ul", { role: "group", "aria-label": label }, h("li", { role: "presentation", class: "group" }, label), ...options.map(line));

  const open = async () => {
    const turn = ++asked;
    const found = await suggest(box.value.trim()).catch(() => []);
    if (turn !== asked) return;
    if (!found) return close();
    options = [];
    at = -1;
    box.removeAttribute("aria-activedescendant");
    const groups = found.filter((one) => one.options.length > 0).map(group);
    show(groups.length ? groups : [sentence(nothing())]);
  };
  const sentence = (words: string) => h("p", { role: "option", "aria-disabled": "true" }, words);
  const show = (lines: HTMLElement[]) => {
    list.replaceChildren(...lines);
    list.hidden = false;
    box.setAttribute("aria-expanded", "true");
  };
  const say = (words: string) => {
    close();
    options = [];
    if (words) show([sentence(words)]);
  };

  // the box keeps the focus while the list is pressed or scrolled
  list.addEventListener("mousedown", (event) => event.preventDefault());
  box.addEventListener("input", () => void open());
  box.addEventListener("click", () => list.hidden && void open());
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape" && !list.hidden) event.stopPropagation();
    if (event.key === "Escape") return close();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && list.hidden) void open();
    else if (list.hidden || options.length === 0) return;
    else if (step) point(at < 0 && step < 0 ? -1 : at + step);
    else if (event.key === "Enter") options[Math.max(at, 0)]?.click();
    else return;
    event.preventDefault();
  });
  return { say };
}
