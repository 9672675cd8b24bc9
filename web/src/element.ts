/** Elements in one expression. No style attributes: the page's policy allows none. */

export type Child = Node | string | number | null | undefined | false;
export type Properties = Record<string, unknown>;

function fill(made: Element, properties: Properties, children: Child[]): void {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") made.addEventListener(name.slice(2), value as EventListener);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter((one) => one !== null && one !== undefined && one !== false).map((one) => (one instanceof Node ? one : String(one))));
}

/** Return an HTML element; a property that is a function listens: `onclick`. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, properties: Properties = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  fill(made, properties, children);
  return made;
}

/** Return an SVG element. */
export function s<K extends keyof SVGElementTagNameMap>(tag: K, properties: Properties = {}, ...children: Child[]): SVGElementTagNameMap[K] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  fill(made, properties, children);
  return made;
}

/** Return the element of the page that has this id. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element ${id}`);
  return found as T;
}

/** Return a box of one colour, for legends and tables. */
export function swatch(colour: string): SVGElement {
  return s("svg", { class: "swatch", width: 22, height: 14, "aria-hidden": "true" }, s("rect", { width: 22, height: 14, rx: 2, fill: colour }));
}

/** Return a colour that the styles name, as `#rrggbb`, for what is drawn and not styled: a canvas. */
export function colourOf(element: Element, name: `--${string}`): string {
  const probe = h("span", { hidden: true });
  probe.style.color = `var(${name})`;
  element.after(probe);
  const parts = getComputedStyle(probe).color.match(/[\d.]+/g) ?? [];
  probe.remove();
  return `#${parts
    .slice(0, 3)
    .map((part) => Number(part).toString(16).padStart(2, "0"))
    .join("")}`;
}
