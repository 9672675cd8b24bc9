/** Frames beside a map of the nation, with the islands that it cuts off: in the map's colours, pointed at and chosen as on it. */

import type { FeatureCollection, Position } from "geojson";
import { codeOf, type Lang, type Texts } from "./api";
import { type Box, fitted, ISLANDS, type Islands, inPlane, MAIN, type Size } from "./camera";
import { largestRadius, OPACITY } from "./circles";
import { h, s } from "./element";
import type { Classed, Paint, Pointed } from "./map";
import { text } from "./texts";
import "./insets.css";

/** How much smaller than on the map the islands are: at its scale they would cover the coast. */
const SCALE = 0.85;
/** Pixels of the world at zoom 0. */
const WORLD = 512;
/** Units of a drawing to the world's width: about three to a pixel of any screen. */
const UNITS = 2 ** 15;
/** Pixels around the box of the islands, so that none touches the frame. */
const MARGIN = 3;

interface Reader {
  pointed(area: Pointed | null): void;
  chosen(code: string): void;
  /** The reader asks for the islands themselves. */
  sought(box: Box): void;
}

interface Shape {
  name: Texts;
  path: SVGPathElement;
  circle: SVGCircleElement;
}

interface Frame {
  id: Islands["id"];
  box: Box;
  element: HTMLElement;
  drawing: SVGSVGElement;
  title: HTMLButtonElement;
  shapes: Map<string, Shape>;
}

/** Return a ring as a path, in tenths of the drawing's units. */
function pathOf(ring: Position[]): string {
  const points = ring.map(([longitude = 0, latitude = 0]) =>
    inPlane(longitude, latitude)
      .map((one) => Math.round(one * UNITS * 10) / 10)
      .join(" "),
  );
  return `M${points.join("L")}Z`;
}

/** Return west, north, width and height of a box in the drawing's units. */
function viewOf([west, south, east, north]: Box): [number, number, number, number] {
  const [left, top] = inPlane(west, north);
  const [right, bottom] = inPlane(east, south);
  return [left * UNITS, top * UNITS, (right - left) * UNITS, (bottom - top) * UNITS];
}

/** So long the islands keep the colours of before, at most, while a slider moves. */
const PAINT_MS = 250;

export class Insets {
  private readonly element = h("div", { class: "insets", hidden: true });
  private readonly frames = new Map<string, Frame>();
  private within: ((box: Box) => Promise<FeatureCollection>) | null = null;
  private lang: Lang = "ja";
  private painted: Paint | null = null;
  private classOf = new Map<string, number | null>();
  private readonly outlined = { under: [] as string[], selected: [] as string[] };
  private pointer: { code: string; x: number; y: number } | null = null;
  private zoom = 0;
  private perPixel = 1;
  private next: Parameters<Insets["paint"]> | undefined;
  private waiting: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly container: HTMLElement,
    private readonly reader: Reader,
  ) {
    container.append(this.element);
  }

  /** Ask for the outlines of another set of areas. */
  async lay(within: (box: Box) => Promise<FeatureCollection>, lang: Lang): Promise<void> {
    this.clear();
    this.within = within;
    this.lang = lang;
    const told = await Promise.all(ISLANDS.map(({ box }) => within(box)));
    if (this.within !== within) return;
    for (const [index, one] of ISLANDS.entries()) this.frame(one, told[index] as FeatureCollection);
  }

  /** Take away what belongs to areas that are no more on the map. */
  clear(): void {
    this.within = null;
    this.pointer = null;
    this.frames.clear();
    this.classOf.clear();
    this.element.replaceChildren();
    this.element.hidden = true;
  }

  private frame({ id, box }: Islands, { features }: FeatureCollection): void {
    if (features.length === 0) return; // these boundaries have none
    const drawing = s("svg", { viewBox: viewOf(box).join(" "), "aria-hidden": "true", class: "isles" });
    const title = h("button", { type: "button", onclick: () => this.reader.sought(box) });
    const shapes = new Map<string, Shape>();
    for (const { id: number, geometry, properties } of features) {
      const rings = geometry.type === "Polygon" ? geometry.coordinates : geometry.type === "MultiPolygon" ? geometry.coordinates.flat() : [];
      const code = codeOf(number);
      const path = s("path", { d: rings.map(pathOf).join(""), "data-code": code });
      const name = { ja: String(properties?.["name"] ?? ""), en: String(properties?.["name_en"] ?? "") };
      shapes.set(code, { name, path, circle: s("circle", { "data-code": code }) });
    }
    drawing.append(...[...shapes.values()].map(({ path }) => path));
    drawing.addEventListener("pointermove", (event) => this.point(event));
    drawing.addEventListener("pointerleave", () => this.leave());
    drawing.addEventListener("click", (event) => {
      const code = (event.target as SVGElement).dataset["code"];
      if (code) this.reader.chosen(code);
    });
    const element = h("figure", { class: id, hidden: true }, drawing, title);
    this.frames.set(id, { id, box, element, drawing, title, shapes });
    this.element.append(element);
    this.speak(this.lang);
  }

  private speak(lang: Lang): void {
    this.lang = lang;
    for (const { id, title } of this.frames.values()) {
      title.textContent = text(id, lang);
      title.setAttribute("aria-label", `${text(id, lang)}: ${text("zoomTo", lang)}`);
      title.title = text("zoomTo", lang);
    }
  }

  /** Show the frames of these islands beside a map of this size, as near as it is. */
  place(islands: Islands[], size: Size, zoom: number): void {
    this.zoom = zoom;
    const shown = new Set<string>(islands.map(({ id }) => id));
    this.element.hidden = shown.size === 0 || this.frames.size === 0;
    if (this.element.hidden) return;
    const scale = WORLD * 2 ** fitted(MAIN, size).zoom * SCALE;
    this.perPixel = UNITS / scale;
    for (const { id, box, element, drawing } of this.frames.values()) {
      const [left, top, width, height] = viewOf(box);
      const room = MARGIN * this.perPixel;
      drawing.setAttribute("viewBox", [left - room, top - room, width + 2 * room, height + 2 * room].join(" "));
      drawing.setAttribute("width", String(Math.round(width / this.perPixel) + 2 * MARGIN));
      drawing.setAttribute("height", String(Math.round(height / this.perPixel) + 2 * MARGIN));
      element.hidden = !shown.has(id);
    }
    this.drawCircles();
  }

  /** Colour the areas as those of a map that changes many times a second: browsers draw vectors too slowly for each time. */
  paintSoon(...next: Parameters<Insets["paint"]>): void {
    this.next = next;
    this.waiting ??= setTimeout(() => this.next && this.paint(...this.next), PAINT_MS);
  }

  /** Colour the areas as the map's are. */
  paint(paint: Paint, lang: Lang): void {
    clearTimeout(this.waiting);
    this.waiting = this.next = undefined;
    if (lang !== this.lang) this.speak(lang);
    this.painted = paint;
    if (paint.classes) return this.fill(paint.classes);
    paint.told?.().then(
      (told) => this.painted === paint && this.fill(told),
      () => undefined, // whoever shows the map tells of it
    );
  }

  private fill({ codes, classes }: Classed): void {
    const { painted } = this;
    if (!painted) return;
    this.classOf = new Map(codes.map((code, index) => [code, classes[index] ?? null]));
    for (const { shapes } of this.frames.values())
      for (const [code, { path }] of shapes) {
        const colour = painted.colours[this.classOf.get(code) ?? -1] ?? painted.noData;
        if (path.getAttribute("fill") !== colour) path.setAttribute("fill", colour);
      }
    this.drawCircles();
  }

  /** Draw counts as circles as large as the map's, the small over the large. */
  private drawCircles(): void {
    const circled = this.painted?.circles;
    for (const { drawing, shapes } of this.frames.values()) {
      if (!circled) {
        for (const { circle } of shapes.values()) circle.remove();
        continue;
      }
      const { scale, values, places } = circled;
      const largest = largestRadius(scale, this.zoom) * this.perPixel;
      const order = [...shapes].sort(([one], [other]) => Math.abs(values.get(other) ?? 0) - Math.abs(values.get(one) ?? 0));
      for (const [code, { circle }] of order) {
        const [value, place] = [values.get(code), places.get(code)];
        if (!value || !place) {
          circle.remove();
          continue;
        }
        const [longitude = 0, latitude = 0] = place.centre;
        const [x, y] = inPlane(longitude, latitude);
        const drawn = { cx: x * UNITS, cy: y * UNITS, r: largest * Math.sqrt(Math.abs(value) / (scale.most || 1)) };
        for (const [name, at] of Object.entries(drawn)) circle.setAttribute(name, String(at));
        circle.setAttribute("fill", value < 0 ? scale.below : scale.above);
        circle.setAttribute("fill-opacity", String(OPACITY));
        drawing.append(circle);
      }
    }
  }

  /** Outline areas: the one pointed at anywhere, or those chosen. */
  outline(kind: "under" | "selected", codes: string[]): void {
    this.outlined[kind] = codes;
    for (const { shapes } of this.frames.values())
      for (const [code, { path }] of shapes) {
        path.classList.toggle(kind, codes.includes(code));
        if (codes.includes(code)) path.parentNode?.insertBefore(path, path.parentNode.querySelector("circle")); // over its neighbours
      }
  }

  private point(event: PointerEvent): void {
    const code = (event.target as SVGElement).dataset["code"];
    if (!code) return this.leave();
    const { left, top } = this.container.getBoundingClientRect();
    this.pointer = { code, x: event.clientX - left, y: event.clientY - top };
    this.pointAgain();
  }

  private leave(): void {
    if (!this.pointer) return;
    this.pointer = null;
    this.reader.pointed(null);
  }

  /** Tell what the pointer rests on, where its figures may be others by now. */
  pointAgain(): void {
    if (!this.pointer) return;
    const { code, x, y } = this.pointer;
    const shape = [...this.frames.values()].map(({ shapes }) => shapes.get(code)).find((one) => one !== undefined);
    if (shape) this.reader.pointed({ code, name: shape.name[this.lang] || shape.name.ja, value: undefined, x, y });
  }
}
