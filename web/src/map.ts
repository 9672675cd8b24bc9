/** The map: geometry tiles are fetched once a level, values are laid over them as feature states. While a slider
 * moves, not even those: the pixels of the areas are recoloured under the map, whose own layers are not drawn anew.
 */

import type { Feature, FeatureCollection, Position } from "geojson";
import * as maplibre from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerAddress from "maplibre-gl/worker";
import { type Area, codeOf, type Lang, type Texts } from "./api";
import { isBusy, MOST_AGAIN, pause } from "./busy";
import { type Box, type Camera, cameraOf, cutOff, hashOf, inPlane, MARGIN, nationIn, onGlobe, placingOf, plateSize, type Size } from "./camera";
import { type Circled, OPACITY, radiusOf } from "./circles";
import { type Marked, Marks } from "./deployed";
import { h } from "./element";
import { NEAR } from "./gap";
import type { Insets } from "./insets";
import { Nearby } from "./near";
import { emptyPlate, etch, type Plate } from "./plate";
import { Popup, type Told } from "./popup";
import { type Colours, pale, Underlay } from "./underlay";

/** In a window narrower than this, the legend lies outside the map, and Hokkaido reaches into the upper right corner. */
const NARROW = 600;
const AREAS = { source: "areas", sourceLayer: "areas" };
const NONE = -1;
/** What the map's events say where the page moves it; every other movement is the reader's. */
const OURS = { isOurs: true };
/** Pixels around areas that are brought into sight. */
const ROOM = 60;
/** Pixels around what covers a corner of the map. */
const COVER = 24;
/** So long the map has to rest: browsers refuse an address that changes many times a second. */
const ADDRESS_MS = 200;
/** Zoom, and width in pixels of the white line around a circle there: where all are small it would hide them. */
const STROKES = [
  [3, 0.15],
  [5, 0.6],
];
/** How much of the areas' colours is left over a background. */
const FADED = 0.65;
const GSI = "https://cyberjapandata.gsi.go.jp/xyz/pale/{z}/{x}/{y}.png";
const FONTS = ["Noto Sans CJK JP", "Noto Sans JP", "Hiragino Sans", "Yu Gothic", "sans-serif"];

/** Up to which zoom the prefectures are named among their municipalities. */
const MOST_PREFECTURES = 8.5;

maplibre.setWorkerUrl(workerAddress);

/** What areas are called, by code. */
export type Names = ReadonlyMap<string, { name: Texts }>;

/** The outlines of a level at a vintage, with the classes of the layer that they were first asked for. */
export interface Outlines extends Tiled {
  key: string;
  poured: string;
  /** The tiles have only ids; names are asked for when somebody first points at an area. */
  names(): Promise<Names>;
  /** The outlines in a part of the nation, for the frames of the islands far away. */
  within?(box: Box): Promise<FeatureCollection>;
}

/** Where tiles are, and how they are written. */
export interface Tiled {
  tiles: string[];
  encoding: "mvt" | "mlt";
  minzoom: number;
  maxzoom: number;
}

/** The class of each area. */
export interface Classed {
  codes: string[];
  classes: (number | null)[];
}

/** What colour each area has. `classes` is null where the tiles already carry them; then `told` tells them too. */
export interface Paint extends Colours {
  classes: Classed | null;
  told?: () => Promise<Classed>;
  /** Counts stand on the areas as circles. */
  circles?: Circled | null;
}

/** A tile of MapLibre's that was not to be had, and how often it was asked for again. */
interface Refused {
  tileID: { canonical: { x: number; y: number; z: number } };
  again?: number;
}

export interface Pointed {
  code: string;
  /** Empty until names are there. */
  name: string;
  value: number | undefined;
  x: number;
  y: number;
}

export interface Listeners {
  pointed(area: Pointed | null): void;
  /** The reader asks for the area chosen. */
  sought?(): void;
  /** How much of the map's left side is covered, in pixels. */
  covered?(): number;
  chosen(code: string): void;
  /** The map no longer shows what it showed at first. */
  placed?(): void;
  /** The map is nearer or farther than before. */
  zoomed?(): void;
}

/** What a map is to show, as large as its frame allows: a part of the nation, or all of it. */
export interface Goal {
  box: Box | null;
  padding: number | { top: number; right: number; bottom: number; left: number };
  maxZoom?: number;
}

export const HOME: Goal = { box: null, padding: MARGIN };

/** What a map and its buttons are called; of those with words on them, the words and what they say in full. */
export interface MapTexts {
  map: string;
  zoomIn: string;
  zoomOut: string;
  nation?: [words: string, inFull: string];
  here?: [words: string, inFull: string];
  twoFingers: string;
}

/** Whether one finger scrolls the page and two move the map. */
function isTouched(): boolean {
  return matchMedia("(hover: none) and (pointer: coarse)").matches;
}

function isReduced(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

function isOurs(event: object): boolean {
  return "isOurs" in event;
}

/** Return the colour of an area by its class. Also of no classes at all it is an expression: a plain colour, and states laid with it, MapLibre cannot draw. */
function fillColour(colours: string[], noData: string): maplibre.ExpressionSpecification {
  const found = ["coalesce", ["feature-state", "class"], ["get", "class"], NONE];
  return ["match", found, NONE, noData, ...colours.flatMap((colour, index) => [index, colour]), noData] as unknown as maplibre.ExpressionSpecification;
}

/** Return the colours with all but those of one class pale; `lit` is null where none is pointed out, and NONE for no data. */
function withLight<T extends Colours>(paint: T, lit: number | null): T {
  if (lit === null) return paint;
  const only = (colour: string, at: number) => (at === lit ? colour : pale(colour));
  return { ...paint, colours: paint.colours.map(only), noData: only(paint.noData, NONE) };
}

/** Return a ring of longitudes and latitudes in the map's own plane, x and y in turn. */
function flat(ring: Position[]): number[] {
  return ring.flatMap(([longitude = 0, latitude = 0]) => inPlane(longitude, latitude));
}

/** Return what an area is called on a map: without what its kind is, where the map tells that. */
function shortName({ name, code }: Area, lang: Lang): string {
  if (lang === "en") return name.en.replace(/-(shi|machi|cho|mura|son|ku|ken|fu|to)$/, "");
  return code.endsWith("000") ? name.ja.replace(/[都府県]$/, "") : name.ja;
}

/** Return two buttons as a control of the map. */
function placesControl(...buttons: HTMLElement[]): maplibre.IControl {
  const element = h("div", { class: "maplibregl-ctrl maplibregl-ctrl-group places" }, ...buttons);
  return { onAdd: () => element, onRemove: () => element.remove() };
}

const isOn = (name: string, on: number, off: number) =>
  ["case", ["boolean", ["feature-state", name], false], on, off] as unknown as maplibre.ExpressionSpecification;

export class RegionalMap {
  readonly map: maplibre.Map;
  /** The layer and period whose classes the tiles carry. */
  poured = "";
  private key = "";
  private outlines: Outlines | null = null;
  private names: Names | null = null;
  private askForNames: () => void = () => undefined;
  private states = new Map<string, number>();
  private under: string | undefined;
  /** Where the pointer rests on the map; null where it is elsewhere, as a finger is that has been lifted and put down again. */
  private pointer: maplibre.Point | null = null;
  private readonly watching: ((area: Pointed | null) => void)[];
  private selected: string[] = [];
  private lang: Lang = "ja";
  private opacity: number | maplibre.ExpressionSpecification = 1;
  private plate: Plate | null = null;
  /** What the plate shows, and the map's own fill is to show when it is drawn again. */
  private scrubbed: Paint | null = null;
  /** What the page has asked for last, whether for a moving slider, and the class pointed out in it. */
  private current: Paint | null = null;
  private isPassing = false;
  private lit: number | null = null;
  private insets: Insets | null = null;
  /** The boundaries whose prefectures' borders are on the map. */
  private bordered = "";
  /** The areas, and the language, of the names on it. */
  private labelled = "";
  /** The outlines whose islands are in frames, or on their way there. */
  private framed: Outlines | null = null;
  private framing: Promise<void> = Promise.resolve();
  private readonly buttons: { nation: HTMLElement; here: HTMLElement };
  private readonly underlay: Underlay;
  private readonly ready: Promise<void>;
  private readonly popup: Popup;
  private readonly nearby: Nearby;
  private readonly marks: Marks;
  /** Until somebody has placed it, the map shows its home, whatever becomes of its frame. */
  private isPlaced: boolean;
  private readonly paper = h("canvas", { class: "paper", "aria-hidden": "true" });
  private isHeld = false;
  private frame: Size;
  private writing: ReturnType<typeof setTimeout> | undefined;
  private readonly isInAddress: boolean;
  private home: Goal;

  constructor(
    private readonly container: HTMLElement,
    texts: MapTexts,
    private readonly listeners: Listeners,
    { hash = false, home = HOME, isSketched = false } = {},
  ) {
    const camera = hash ? cameraOf(location.hash) : null;
    this.watching = [listeners.pointed];
    this.isInAddress = hash;
    this.home = home;
    this.isPlaced = camera !== null;
    this.frame = { width: container.clientWidth, height: container.clientHeight };
    this.map = new maplibre.Map({
      container,
      ...(camera
        ? { center: onGlobe(camera.x, camera.y), zoom: camera.zoom }
        : { bounds: home.box ?? nationIn(this.frame), fitBoundsOptions: { padding: home.padding } }),
      trackResize: false, // of our own, so that it is told from the reader's movements
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      fadeDuration: 0,
      minZoom: 2,
      maxZoom: 15,
      localIdeographFontFamily: FONTS.join(","),
      cooperativeGestures: isTouched(),
      locale: {
        "Map.Title": texts.map,
        "NavigationControl.ZoomIn": texts.zoomIn,
        "NavigationControl.ZoomOut": texts.zoomOut,
        "CooperativeGesturesHandler.MobileHelpText": texts.twoFingers,
      },
      style: { version: 8, sources: {}, layers: [], transition: { duration: 0 } },
    });
    this.ready = new Promise((resolve) => this.map.once("style.load", () => resolve()));
    this.underlay = new Underlay(container);
    window.addEventListener("beforeprint", () => this.copyForPaper());
    window.addEventListener("afterprint", () => this.paper.remove());
    this.map.touchZoomRotate.disableRotation();
    const corner = innerWidth < NARROW ? "top-left" : "top-right";
    this.map.addControl(new maplibre.NavigationControl({ showCompass: false }), corner);
    this.buttons = {
      nation: h("button", { type: "button", class: "home", onclick: () => this.showNation() }),
      here: h("button", { type: "button", class: "here", hidden: true, onclick: () => listeners.sought?.() }),
    };
    if (listeners.sought) this.map.addControl(placesControl(this.buttons.nation, this.buttons.here), corner);
    this.speak(texts);
    this.popup = new Popup(this.map);
    this.nearby = new Nearby(this.map);
    this.marks = new Marks(this.map);
    if (isSketched) this.holdBack();
    this.map.on("idle", () => {
      if (this.isHeld) return;
      container.dataset["map"] = this.map.getLayer("areas-fill") ? "idle" : "empty";
    });
    this.map.on("error", (event) => void this.askAgain(event));
    this.map.on("movestart", (event) => isOurs(event) || this.placed());
    this.map.on("moveend", () => this.writeSoon());
    this.map.on("zoomend", () => listeners.zoomed?.());
    this.map.on("move", () => this.placeInsets());
    this.map.on("idle", () => this.frameIslands());
    if (hash) window.addEventListener("popstate", () => this.read());
    new ResizeObserver(() => this.resize()).observe(container);
    this.map.on("movestart", () => this.lift());
    this.map.on("resize", () => this.lift());
    this.map.on("render", () => this.handOver());
    this.map.on("mousemove", (event) => this.point(event.point));
    this.map.on("mouseout", () => this.point(null));
    window.addEventListener("pointerdown", (event) => event.pointerType === "touch" && this.point(null), { capture: true });
    for (const rest of ["moveend", "idle"] as const) this.map.on(rest, () => this.pointAgain());
    this.map.on("click", (event) => this.press(event.point, event.lngLat));
    // Enter on the focused map chooses what lies in its middle, under the cross
    this.map.getCanvas().addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.press(new maplibre.Point(container.clientWidth / 2, container.clientHeight / 2), this.map.getCenter());
    });
  }

  /** Ask again, a few times, for a tile that a full service refused: of MapLibre it would stay away. */
  private async askAgain(event: maplibre.ErrorEvent): Promise<void> {
    const { error, tile, sourceId = "" } = event as unknown as { error: { status?: number }; tile?: Refused; sourceId?: string };
    if (!tile || !isBusy(error.status ?? 0)) return reportError(error);
    tile.again = (tile.again ?? 0) + 1;
    if (tile.again > MOST_AGAIN) return;
    await pause();
    if (this.map.getSource(sourceId)) this.map.refreshTiles(sourceId, [tile.tileID.canonical]);
  }

  /** Copy the map to where browsers print it from: of what WebGL drew nothing is left after its frame. */
  private copyForPaper(): void {
    this.letGo();
    const drawn = this.map.getCanvas();
    this.map.redraw();
    Object.assign(this.paper, { width: drawn.width, height: drawn.height });
    this.paper.getContext("2d")?.drawImage(drawn, 0, 0);
    this.map.getCanvasContainer().append(this.paper);
  }

  /** Fetch tiles but draw nothing: while a sketch stands where the map will be, each frame of half a map is lost time.
   * All is drawn at once when it is there (`drawn`), or the reader comes to the map.
   */
  private holdBack(): void {
    this.isHeld = true;
    this.map.painter.render = () => undefined;
  }

  /** Draw from now on. */
  letGo(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    delete (this.map.painter as Partial<maplibre.Map["painter"]>).render; // of its own again
    this.map.triggerRepaint();
  }

  /** Tell of what lies at a point, a mark, a stop or a cell; choose the area where there is none. */
  private press(point: maplibre.Point, at: maplibre.LngLat): void {
    const told = this.toldAt(point);
    if (!told) {
      this.popup.close();
      const area = this.areaAt(point);
      if (area) this.listeners.chosen(codeOf(area.id));
      return;
    }
    this.tell(null);
    told.then(
      (found) => this.popup.open(found, at, this.lang),
      () => undefined, // its words could not be fetched: the next click asks again
    );
  }

  private toldAt(point: maplibre.Point): Promise<Told> | null {
    const marked = this.marks.at(point);
    if (marked) return Promise.all([import("./places"), marked()]).then(([places, { deployed, marks }]) => places.ofDeployed(deployed, marks));
    const stops = this.nearby.stopsAt(point);
    if (stops.length > 0) return import("./places").then(({ ofStops }) => ofStops(stops));
    const cell = this.nearby.cellAt(point);
    if (!cell) return null;
    const names = async () => (await this.outlines?.names()) ?? new Map<string, { name: Texts }>();
    const nameOf = async (lang: Lang) => (await names()).get(cell.area)?.name[lang] ?? "";
    return import("./places").then(({ ofCell }) => ofCell(cell, nameOf, () => this.listeners.chosen(cell.area)));
  }

  /** Whether something at a point is told of by itself, so that nothing may cover it. */
  private isTold(point: maplibre.Point): boolean {
    return this.popup.isOpen || this.marks.at(point) !== null || this.nearby.stopsAt(point).length > 0;
  }

  private areaAt(point: maplibre.PointLike) {
    const layers = ["circles", "areas-fill"].filter((id) => this.map.getLayer(id)); // a circle may reach beyond its area
    return layers.length ? this.map.queryRenderedFeatures(point, { layers })[0] : undefined;
  }

  private point(at: maplibre.Point | null): void {
    this.letGo();
    this.pointer = at;
    if (at) return this.pointAgain();
    this.highlight(undefined);
    this.tell(null);
  }

  /** Tell what lies under a resting pointer, where the map under it or its figures may be others by now. */
  pointAgain(): void {
    const at = this.pointer;
    if (!at) return this.insets?.pointAgain();
    const area = this.areaAt(at);
    const code = area && codeOf(area.id);
    this.highlight(code);
    if (code === undefined) return this.tell(null);
    if (!this.names) this.askForNames();
    const name = this.names?.get(code)?.name;
    if (this.isTold(at)) return this.tell(null, true);
    this.tell({ code, name: name?.[this.lang] || name?.ja || "", value: area?.properties["value"] as number | undefined, x: at.x, y: at.y });
  }

  /** Let names be asked for, once. */
  private nameBy(outlines: Outlines): void {
    this.names = null;
    this.askForNames = () => {
      this.askForNames = () => undefined;
      outlines.names().then(
        (names) => {
          if (this.outlines !== outlines) return;
          this.names = names;
          this.pointAgain();
        },
        () => this.outlines === outlines && this.nameBy(outlines), // the next area pointed at asks again
      );
    };
  }

  private tell(area: Pointed | null, isToldElsewhere = false): void {
    this.map.getCanvas().style.cursor = area || isToldElsewhere ? "pointer" : "";
    for (const watch of this.watching) watch(area);
  }

  /** Tell the area pointed at to one more. */
  watch(watch: (area: Pointed | null) => void): void {
    this.watching.push(watch);
  }

  /** Outline the area pointed at, here or in a chart. */
  highlight(code: string | undefined): void {
    if (code === this.under || !this.map.getSource("areas")) return;
    this.insets?.outline("under", code ? [code] : []);
    if (this.under !== undefined) this.map.setFeatureState({ ...AREAS, id: Number(this.under) }, { hover: false });
    this.under = code;
    if (code !== undefined) this.map.setFeatureState({ ...AREAS, id: Number(code) }, { hover: true });
  }

  /** Outline the areas chosen. */
  select(codes: string[]): void {
    if (this.map.getSource("areas")) {
      for (const code of this.selected) this.map.setFeatureState({ ...AREAS, id: Number(code) }, { selected: false });
      for (const code of codes) this.map.setFeatureState({ ...AREAS, id: Number(code) }, { selected: true });
    }
    this.selected = codes;
    this.buttons.here.hidden = codes.length === 0;
    this.insets?.outline("selected", codes);
  }

  /** Say in the reader's language what the map and its buttons are. */
  speak({ map, zoomIn, zoomOut, twoFingers, nation = ["", ""], here = ["", ""] }: MapTexts): void {
    this.map.getCanvas().setAttribute("aria-label", map);
    const name = (button: Element | null, inFull: string) => {
      for (const attribute of ["aria-label", "title"]) button?.setAttribute(attribute, inFull);
    };
    name(this.container.querySelector(".maplibregl-ctrl-zoom-in"), zoomIn);
    name(this.container.querySelector(".maplibregl-ctrl-zoom-out"), zoomOut);
    this.container.querySelector(".maplibregl-mobile-message")?.replaceChildren(twoFingers);
    for (const [button, [words, inFull]] of [
      [this.buttons.nation, nation],
      [this.buttons.here, here],
    ] as const) {
      name(button, inFull);
      button.replaceChildren(words);
    }
  }

  /** Whether these outlines are on the map already. */
  has(key: string): boolean {
    return this.key === key;
  }

  /** Put outlines on the map, instead of those of another level. */
  async lay(outlines: Outlines, paint: Paint, lang: Lang): Promise<void> {
    await this.ready;
    this.lang = lang;
    this.container.dataset["map"] = "loading";
    this.key = outlines.key;
    this.outlines = outlines;
    this.nameBy(outlines);
    this.poured = outlines.poured;
    this.states.clear();
    this.under = undefined;
    this.plate = null;
    this.insets?.clear();
    for (const layer of ["land", "areas-hover", "areas-line", "areas-fill"]) if (this.map.getLayer(layer)) this.map.removeLayer(layer);
    if (this.map.getSource("areas")) this.map.removeSource("areas");
    const { tiles, encoding, minzoom, maxzoom } = outlines;
    this.map.addSource("areas", { type: "vector", tiles, encoding, minzoom, maxzoom });
    const shared = { source: "areas", "source-layer": "areas" };
    const before = this.map.getStyle().layers.find((one) => one.id !== "gsi")?.id;
    this.map.addLayer(
      { id: "areas-fill", type: "fill", ...shared, paint: { "fill-color": fillColour(paint.colours, paint.noData), "fill-opacity": this.opacity } },
      before,
    );
    this.map.addLayer(
      {
        id: "areas-line",
        type: "line",
        ...shared,
        paint: {
          "line-color": "#33404c",
          "line-opacity": ["interpolate", ["linear"], ["zoom"], 4, 0.18, 8, 0.6],
          "line-width": ["interpolate", ["linear"], ["zoom"], 4, 0.25, 8, 0.7, 12, 1.4],
        },
      },
      before,
    );
    this.map.addLayer(
      {
        id: "areas-hover",
        type: "line",
        ...shared,
        layout: { "line-join": "round" },
        paint: {
          "line-color": "#101418",
          "line-width": ["max", isOn("hover", 2, 0), isOn("selected", 3, 0)] as unknown as maplibre.ExpressionSpecification,
        },
      },
      before,
    );
    this.paint(paint, lang);
    this.select(this.selected);
  }

  /** Colour the areas anew; the tiles stay, and only areas whose class differs are touched. */
  paint(paint: Paint, lang: Lang): void {
    this.lang = lang;
    this.isPassing = false;
    this.draw(paint);
  }

  private draw(asked: Paint): void {
    this.current = asked;
    this.scrubbed = null;
    const paint = withLight(asked, this.lit);
    this.drawFill();
    const wanted = JSON.stringify(fillColour(paint.colours, paint.noData));
    if (JSON.stringify(this.map.getPaintProperty("areas-fill", "fill-color")) !== wanted) {
      this.map.setPaintProperty("areas-fill", "fill-color", JSON.parse(wanted));
    }
    this.classify(paint.classes);
    this.showCircles(paint.circles ?? null);
    this.insets?.paint(paint, this.lang);
    this.pointAgain();
  }

  private classify(told: Paint["classes"]): void {
    if (told === null) {
      for (const code of this.states.keys()) this.map.removeFeatureState({ ...AREAS, id: Number(code) }, "class");
      this.states.clear();
      return;
    }
    told.codes.forEach((code, index) => {
      const next = told.classes[index] ?? NONE;
      if (this.states.get(code) === next) return;
      this.states.set(code, next);
      this.map.setFeatureState({ ...AREAS, id: Number(code) }, { class: next });
    });
  }

  /** Colour the areas while a slider moves: their pixels under the map, nothing of the map's own. `paint` follows when it rests. */
  scrub(paint: Paint & { classes: Classed }, lang: Lang): void {
    this.lang = lang;
    this.isPassing = true;
    this.pour(paint);
  }

  private pour(asked: Paint & { classes: Classed }): void {
    if (asked.circles) return this.draw(asked);
    const plate = this.opacity === 1 && !this.map.isMoving() ? (this.plate ?? this.etched()) : null;
    if (!plate) return this.draw(asked);
    this.current = asked;
    const paint = withLight(asked, this.lit);
    const { codes, classes } = paint.classes;
    const byCode = new Map(codes.map((code, index) => [code, classes[index]]));
    this.underlay.paint(paint, (code) => byCode.get(code));
    this.insets?.paintSoon(paint, this.lang);
    const wasDrawn = this.scrubbed === null;
    this.scrubbed = asked;
    if (wasDrawn) this.drawFill();
    this.pointAgain();
  }

  /** Let the areas of one class stand out, or all again: of the class at this place, NONE for those without data. */
  async light(lit: number | null): Promise<void> {
    if (lit === this.lit) return;
    this.lit = lit;
    const { current } = this;
    if (!current || !this.map.getLayer("areas-fill")) return;
    if (lit === null && !this.isPassing) return this.draw(current);
    const classes = current.classes ?? (await current.told?.());
    if (classes && this.lit === lit && this.current === current) this.pour({ ...current, classes });
  }

  /** Put the islands far away into their frames, where the map has come to rest and cuts them off. */
  private frameIslands(): void {
    const { outlines } = this;
    if (!outlines?.within || this.framed === outlines || cutOff(this.camera, this.frame).length === 0) return;
    const { within } = outlines;
    this.framed = outlines;
    this.framing = this.layIslands(within).catch(() => {
      if (this.framed === outlines) this.framed = null; // they are asked for again when the map next rests
    });
  }

  private async layIslands(within: (box: Box) => Promise<FeatureCollection>): Promise<void> {
    const { Insets } = await import("./insets");
    this.insets ??= new Insets(this.container, {
      pointed: (area) => this.pointInset(area),
      chosen: (code) => this.listeners.chosen(code),
      sought: (box) => this.show(box),
    });
    await this.insets.lay(within, this.lang);
    this.insets.outline("selected", this.selected);
    if (this.current) this.insets.paint(withLight(this.current, this.lit), this.lang);
    this.placeInsets();
  }

  private placeInsets(): void {
    this.insets?.place(this.framed === this.outlines ? cutOff(this.camera, this.frame) : [], this.frame, this.zoom);
  }

  private pointInset(area: Pointed | null): void {
    this.highlight(area?.code);
    this.tell(area);
  }

  /** Return the plate of what the map shows now, laid under it; null while tiles are missing. */
  private etched(): Plate | null {
    if (!this.map.areTilesLoaded()) return null;
    const size = { width: this.container.clientWidth, height: this.container.clientHeight };
    const { width, height } = plateSize(size, devicePixelRatio);
    const plate = emptyPlate(width, height);
    const placing = placingOf(this.camera, size, plate);
    for (const { geometry, id } of this.map.querySourceFeatures("areas", { sourceLayer: "areas" })) {
      const rings = geometry.type === "Polygon" ? geometry.coordinates : geometry.type === "MultiPolygon" ? geometry.coordinates.flat() : [];
      etch(plate, codeOf(id), rings.map(flat), placing);
    }
    this.underlay.lay(plate);
    this.plate = plate;
    return plate;
  }

  /** Draw the fill, or leave it to the plate. */
  private drawFill(): void {
    if (this.map.getLayer("areas-fill")) this.map.setPaintProperty("areas-fill", "fill-opacity", this.scrubbed ? 0 : this.opacity);
  }

  /** Once drawn without its fill, the map is shown on the plate; the plate goes in the frame that has the fill back. */
  private handOver(): void {
    const isTaken = this.scrubbed !== null && this.underlay.take(this.map.getCanvas());
    this.map.getCanvas().style.opacity = isTaken ? "0" : "";
    this.underlay.canvas.hidden = this.scrubbed === null;
  }

  /** Give the map its own fill back: a plate fits only the view that it was made for. */
  private lift(): void {
    this.plate = null;
    if (this.scrubbed) this.draw(this.scrubbed);
  }

  private fade(opacity: number | maplibre.ExpressionSpecification): void {
    this.opacity = opacity;
    if (opacity !== 1) this.lift();
    this.drawFill();
  }

  /** Wait until everything laid on the map is drawn, and the islands that it cuts off stand in their frames. */
  async drawn(): Promise<void> {
    const rest = () => {
      const idle = this.map.once("idle");
      this.map.triggerRepaint();
      return idle;
    };
    await rest();
    if (this.isHeld) {
      this.letGo();
      await rest();
    }
    await this.framing;
  }

  /** Whether a place lies under what covers so much of the map's upper left corner. */
  liesUnder([longitude = 0, latitude = 0]: readonly number[], { width, height }: Size): boolean {
    const { x, y } = this.map.project([longitude, latitude]);
    return x > 0 && y > 0 && x < width + COVER && y < height + COVER;
  }

  /** How near it is. */
  get zoom(): number {
    return this.map.getZoom();
  }

  private get camera(): Camera {
    const { lng, lat } = this.map.getCenter();
    const [x, y] = inPlane(lng, lat);
    return { x, y, zoom: this.map.getZoom() };
  }

  /** What the address says of the camera: nothing until somebody has placed it. */
  get hash(): string {
    return this.isPlaced ? hashOf(this.camera) : "";
  }

  private placed(): void {
    this.isPlaced = true;
    this.letGo();
    this.listeners.placed?.();
  }

  private fit({ box, padding, maxZoom }: Goal, isFlight = false): void {
    const limit = maxZoom === undefined ? {} : { maxZoom };
    this.map.fitBounds(box ?? nationIn(this.frame), { padding, ...limit, animate: isFlight && !isReduced(), duration: 600 }, OURS);
  }

  /** Fill the frame as it is now. */
  resize(): void {
    const { clientWidth: width, clientHeight: height } = this.container;
    if (width === this.frame.width && height === this.frame.height) return;
    this.frame = { width, height };
    if (width === 0) return; // in a view that is no map
    this.map.resize(OURS);
    if (!this.isPlaced) this.fit(this.home);
    this.map.redraw();
    this.placeInsets();
  }

  /** Show a part of the nation, all of it without one, until somebody places the map. */
  settle(part: Box | null): void {
    const home = part ? { ...HOME, box: part } : HOME;
    if (home.box?.join() === this.home.box?.join()) return;
    this.home = home;
    if (!this.isPlaced) this.fit(home);
  }

  /** Bring areas into sight, beside what covers the map. */
  show(box: Box): void {
    this.placed();
    const covered = this.listeners.covered?.() ?? 0;
    const left = ROOM + (covered < this.frame.width / 2 ? covered : 0);
    this.fit({ box, padding: { top: ROOM, right: ROOM, bottom: ROOM, left }, maxZoom: 10.5 }, this.container.clientWidth > 0);
  }

  /** Show the nation: where that is the map's home, as if nobody had placed it. */
  showNation(): void {
    this.isPlaced = this.home.box !== null;
    if (this.isPlaced) this.listeners.placed?.();
    this.fit(HOME, true);
    this.write();
  }

  /** Follow the address where it was changed by hand, or by going back. */
  private read(): void {
    const camera = cameraOf(location.hash);
    if (camera) {
      this.placed();
      this.map.jumpTo({ center: onGlobe(camera.x, camera.y), zoom: camera.zoom }, OURS);
    } else if (location.hash === "") {
      this.isPlaced = false;
      this.fit(this.home);
    } else {
      this.write(); // a place on the page was gone to
    }
  }

  /** Write the camera into the address. */
  write(): void {
    if (this.isInAddress) history.replaceState(history.state, "", location.pathname + location.search + this.hash);
  }

  private writeSoon(): void {
    clearTimeout(this.writing);
    this.writing = setTimeout(() => this.write(), ADDRESS_MS);
  }

  /** Move together with another map, which alone knows what to show. */
  follow(other: RegionalMap): void {
    let isLed = false;
    const lead = (from: maplibre.Map, to: maplibre.Map) =>
      from.on("move", () => {
        const [center, zoom] = [from.getCenter(), from.getZoom()];
        const isThere = Math.abs(to.getZoom() - zoom) < 1e-9 && to.getCenter().distanceTo(center) < 1e-3;
        if (isLed || isThere) return; // a flight is not stopped for nothing
        isLed = true;
        to.jumpTo({ center, zoom }, OURS);
        isLed = false;
      });
    this.isPlaced = true;
    this.map.on("movestart", (event) => isOurs(event) || other.placed());
    lead(this.map, other.map);
    lead(other.map, this.map);
    this.map.jumpTo({ center: other.map.getCenter(), zoom: other.map.getZoom() }, OURS);
  }

  /** Lay the cells of a transport gap and the stops over the areas, from the zoom at which they can be told; tell which scale is shown. */
  showGap(definition: string | null, tell: (isNear: boolean) => void): void {
    if (this.nearby.isOf(definition)) this.popup.speak(this.lang);
    else this.popup.close(); // what it tells of is no longer there
    // the figures of whole municipalities make way
    if (this.map.getLayer("gsi")) this.fade(definition ? ["step", ["zoom"], FADED, NEAR, 0] : FADED);
    this.nearby.show(definition, tell);
  }

  private points(id: string, features: Feature[]): void {
    const data: FeatureCollection = { type: "FeatureCollection", features };
    const source = this.map.getSource<maplibre.GeoJSONSource>(id);
    if (source) source.setData(data);
    else this.map.addSource(id, { type: "geojson", data });
  }

  /** Draw counts as circles over their areas, the small over the large. */
  private showCircles(circled: Circled | null): void {
    if (!circled) {
      if (this.map.getLayer("circles")) this.map.removeLayer("circles");
      return;
    }
    const { scale, values, places } = circled;
    const features = [...values].flatMap(([code, value]): Feature[] => {
      const place = places.get(code);
      return value && place ? [{ type: "Feature", id: Number(code), properties: { value }, geometry: { type: "Point", coordinates: place.centre } }] : [];
    });
    this.points("circles", features);
    const colour = ["case", ["<", ["get", "value"], 0], scale.below, scale.above] as unknown as maplibre.ExpressionSpecification;
    if (!this.map.getLayer("circles")) {
      this.map.addLayer(
        {
          id: "circles",
          type: "circle",
          source: "circles",
          layout: { "circle-sort-key": ["-", ["abs", ["get", "value"]]] as unknown as maplibre.ExpressionSpecification },
          paint: {
            "circle-opacity": OPACITY,
            "circle-stroke-color": "#ffffff",
            "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], ...STROKES.flat()] as unknown as maplibre.ExpressionSpecification,
          },
        },
        ["labels", "deployments"].find((id) => this.map.getLayer(id)),
      );
    }
    this.map.setPaintProperty("circles", "circle-color", colour);
    this.map.setPaintProperty("circles", "circle-radius", radiusOf(scale));
  }

  /** Draw the borders of prefectures over their municipalities; they are fetched once for the boundaries of a date. */
  async showBorders(key: string, tiled: (() => Promise<Tiled>) | null): Promise<void> {
    if (key === this.bordered) return;
    this.bordered = key;
    if (this.map.getLayer("borders")) this.map.removeLayer("borders");
    if (this.map.getSource("borders")) this.map.removeSource("borders");
    if (!tiled) return;
    if (!this.map.loaded()) await this.map.once("idle"); // the areas come first
    const { tiles, encoding, minzoom, maxzoom } = await tiled();
    if (this.bordered !== key) return;
    this.map.addSource("borders", { type: "vector", tiles, encoding, minzoom, maxzoom });
    this.map.addLayer(
      {
        id: "borders",
        type: "line",
        source: "borders",
        "source-layer": "areas",
        layout: { "line-join": "round" },
        paint: {
          "line-color": "#33404c",
          "line-opacity": ["interpolate", ["linear"], ["zoom"], 4, 0.5, 8, 0.8],
          "line-width": ["interpolate", ["linear"], ["zoom"], 4, 0.6, 8, 1.6, 12, 2.6],
        },
      },
      this.map.getLayer("areas-hover") ? "areas-hover" : undefined,
    );
  }

  /** Write the names of areas where there is room, larger ones first; from afar those of the prefectures that they are in. */
  showLabels(key: string, areas: Iterable<Area> | null, prefectures: Iterable<Area> | null, lang: Lang): void {
    if (key === this.labelled) return;
    this.labelled = key;
    for (const id of ["labels", "labels-prefectures"]) if (this.map.getLayer(id)) this.map.removeLayer(id);
    if (areas && prefectures) {
      this.name("labels", areas, lang, { minzoom: 7.5, size: [7.5, 11, 11, 13] });
      this.name("labels-prefectures", prefectures, lang, { minzoom: 4, maxzoom: MOST_PREFECTURES, size: [4, 10, 8, 15] });
    } else if (areas) {
      this.name("labels", areas, lang, { minzoom: 4, size: [4, 10, 8, 14] });
    }
  }

  private name(id: string, areas: Iterable<Area>, lang: Lang, { size, ...zooms }: { minzoom: number; maxzoom?: number; size: number[] }): void {
    const features = [...areas].map((area): Feature => {
      const properties = { name: shortName(area, lang), order: -area.area_km2 };
      return { type: "Feature", properties, geometry: { type: "Point", coordinates: area.centre } };
    });
    this.points(id, features);
    const isOfPrefectures = id !== "labels" || features.length < 100;
    this.map.addLayer({
      id,
      type: "symbol",
      source: id,
      ...zooms,
      layout: {
        "text-field": ["get", "name"],
        "text-font": FONTS,
        "text-size": ["interpolate", ["linear"], ["zoom"], ...size] as unknown as maplibre.ExpressionSpecification,
        "symbol-sort-key": ["get", "order"],
        "text-padding": isOfPrefectures ? 1 : 5,
        "text-max-width": 8,
      },
      paint: { "text-color": "#101418", "text-halo-color": "#ffffffe6", "text-halo-width": 1.4 },
    });
  }

  /** Put a mark on each deployed area; its shape and colour tell the status. */
  showMarks(marked: Marked | null): void {
    if (!this.marks.isOf(marked)) this.popup.close();
    this.marks.show(marked);
  }

  /** Lay the areas over the map of the Geospatial Information Authority; only where the operator allows it. */
  showBackground(isOn: boolean): void {
    if (this.map.getLayer("gsi")) this.map.removeLayer("gsi");
    if (this.map.getSource("gsi")) this.map.removeSource("gsi");
    if (isOn) {
      this.map.addSource("gsi", { type: "raster", tiles: [GSI], tileSize: 256, minzoom: 5, maxzoom: 18 });
      this.map.addLayer({ id: "gsi", type: "raster", source: "gsi" }, this.map.getLayer("areas-fill") ? "areas-fill" : undefined);
    }
    this.fade(isOn ? FADED : 1);
  }
}
