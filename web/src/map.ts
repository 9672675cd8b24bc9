/** The map: geometry tiles are fetched once a level, values are laid over them as feature states. While a slider
 * moves, not even those: the pixels of the areas are recoloured under the map, whose own layers are not drawn anew.
 */

import type { Feature, FeatureCollection, Position } from "geojson";
import * as maplibre from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerAddress from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import { type Area, codeOf, type Lang, type Texts } from "./api";
import { type Box, cameraOf, hashOf, inPlane, JAPAN, MARGIN, onGlobe, placingOf, plateSize, type Size } from "./camera";
import { type Circled, radiusOf } from "./circles";
import { CELLS, STOPS, UNTOLD } from "./gap";
import { MARKS, mark } from "./marks";
import { emptyPlate, etch, type Plate } from "./plate";
import { type Colours, Underlay } from "./underlay";

/** In a window narrower than this, the legend lies outside the map, and Hokkaido reaches into the upper right corner. */
const NARROW = 600;
const AREAS = { source: "areas", sourceLayer: "areas" };
const NONE = -1;
/** What the map's events say where the page moves it; every other movement is the reader's. */
const OURS = { isOurs: true };
/** So long the map has to rest: browsers refuse an address that changes many times a second. */
const ADDRESS_MS = 200;
/** How much of what lies under a circle shows through it. */
const OPACITY = 0.72;
/** Zoom, and width in pixels of the white line around a circle there: where all are small it would hide them. */
const STROKES = [
  [3, 0.15],
  [5, 0.6],
];
const GSI = "https://cyberjapandata.gsi.go.jp/xyz/pale/{z}/{x}/{y}.png";
const FONTS = ["Noto Sans CJK JP", "Noto Sans JP", "Hiragino Sans", "Yu Gothic", "sans-serif"];

maplibre.setWorkerUrl(workerAddress);

/** What areas are called, by code. */
export type Names = ReadonlyMap<string, { name: Texts }>;

/** The outlines of a level at a vintage, with the classes of the layer that they were first asked for. */
export interface Outlines {
  key: string;
  poured: string;
  tiles: string[];
  encoding: "mvt" | "mlt";
  minzoom: number;
  maxzoom: number;
  /** The tiles have only ids; names are asked for when somebody first points at an area. */
  names(): Promise<Names>;
}

/** What colour each area has. `classes` is null where the tiles already carry them. */
export interface Paint extends Colours {
  classes: { codes: string[]; classes: (number | null)[] } | null;
  /** Counts stand on the areas as circles. */
  circles?: Circled | null;
}

export interface Pointed {
  code: string;
  /** Empty until names are there. */
  name: string;
  value: number | undefined;
  x: number;
  y: number;
}

export interface Mark {
  code: string;
  status: string;
  label: string;
}

export interface Listeners {
  pointed(area: Pointed | null): void;
  chosen(code: string): void;
  /** The map no longer shows what it showed at first. */
  placed?(): void;
  /** The map is nearer or farther than before. */
  zoomed?(): void;
}

/** What a map is to show, as large as its frame allows. */
export interface Goal {
  box: Box;
  padding: number;
  maxZoom?: number;
}

export const HOME: Goal = { box: JAPAN, padding: MARGIN };

export interface MapTexts {
  map: string;
  zoomIn: string;
  zoomOut: string;
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

/** Return a ring of longitudes and latitudes in the map's own plane, x and y in turn. */
function flat(ring: Position[]): number[] {
  return ring.flatMap(([longitude = 0, latitude = 0]) => inPlane(longitude, latitude));
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
  private readonly underlay: Underlay;
  private readonly ready: Promise<void>;
  private readonly popup: maplibre.Popup;
  /** Until somebody has placed it, the map shows its home, whatever becomes of its frame. */
  private isPlaced: boolean;
  private frame: Size;
  private writing: ReturnType<typeof setTimeout> | undefined;
  private readonly isInAddress: boolean;
  private home: Goal;

  constructor(
    private readonly container: HTMLElement,
    texts: MapTexts,
    private readonly listeners: Listeners,
    { hash = false, home = HOME } = {},
  ) {
    const camera = hash ? cameraOf(location.hash) : null;
    this.watching = [listeners.pointed];
    this.isInAddress = hash;
    this.home = home;
    this.isPlaced = camera !== null;
    this.frame = { width: container.clientWidth, height: container.clientHeight };
    this.map = new maplibre.Map({
      container,
      ...(camera ? { center: onGlobe(camera.x, camera.y), zoom: camera.zoom } : { bounds: home.box, fitBoundsOptions: { padding: home.padding } }),
      trackResize: false, // of our own, so that it is told from the reader's movements
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      fadeDuration: 0,
      minZoom: 2,
      maxZoom: 15,
      localIdeographFontFamily: FONTS.join(","),
      cooperativeGestures: false,
      locale: { "Map.Title": texts.map, "NavigationControl.ZoomIn": texts.zoomIn, "NavigationControl.ZoomOut": texts.zoomOut },
      style: { version: 8, sources: {}, layers: [], transition: { duration: 0 } },
    });
    this.ready = new Promise((resolve) => this.map.once("style.load", () => resolve()));
    this.underlay = new Underlay(container);
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new maplibre.NavigationControl({ showCompass: false }), innerWidth < NARROW ? "top-left" : "top-right");
    this.popup = new maplibre.Popup({ closeButton: true, maxWidth: "20rem" });
    this.map.on("idle", () => {
      container.dataset["map"] = this.map.getLayer("areas-fill") ? "idle" : "empty";
    });
    this.map.on("movestart", (event) => isOurs(event) || this.placed());
    this.map.on("moveend", () => this.writeSoon());
    this.map.on("zoomend", () => listeners.zoomed?.());
    if (hash) window.addEventListener("popstate", () => this.read());
    new ResizeObserver(() => this.resize()).observe(container);
    this.map.on("movestart", () => this.lift());
    this.map.on("resize", () => this.lift());
    this.map.on("render", () => this.handOver());
    this.map.on("mousemove", (event) => this.point(event.point));
    this.map.on("mouseout", () => this.point(null));
    window.addEventListener("pointerdown", (event) => event.pointerType === "touch" && this.point(null), { capture: true });
    for (const rest of ["moveend", "idle"] as const) this.map.on(rest, () => this.pointAgain());
    this.map.on("click", (event) => {
      const mark = this.map.getLayer("deployments") && this.map.queryRenderedFeatures(event.point, { layers: ["deployments"] })[0];
      const area = this.areaAt(event.point);
      if (mark) this.popup.setLngLat(event.lngLat).setText(String(mark.properties["label"])).addTo(this.map);
      if (area) this.listeners.chosen(codeOf(area.id));
    });
    // Enter on the focused map chooses what lies in its middle, under the cross
    this.map.getCanvas().addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      const area = this.areaAt([container.clientWidth / 2, container.clientHeight / 2]);
      if (area) this.listeners.chosen(codeOf(area.id));
    });
  }

  private areaAt(point: maplibre.PointLike) {
    const layers = ["circles", "areas-fill"].filter((id) => this.map.getLayer(id)); // a circle may reach beyond its area
    return layers.length ? this.map.queryRenderedFeatures(point, { layers })[0] : undefined;
  }

  private point(at: maplibre.Point | null): void {
    this.pointer = at;
    if (at) return this.pointAgain();
    this.highlight(undefined);
    this.tell(null);
  }

  /** Tell what lies under a resting pointer, where the map under it or its figures may be others by now. */
  pointAgain(): void {
    const at = this.pointer;
    if (!at) return;
    const area = this.areaAt(at);
    const code = area && codeOf(area.id);
    this.highlight(code);
    if (code === undefined) return this.tell(null);
    if (!this.names) this.askForNames();
    const name = this.names?.get(code)?.name;
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

  private tell(area: Pointed | null): void {
    this.map.getCanvas().style.cursor = area ? "pointer" : "";
    for (const watch of this.watching) watch(area);
  }

  /** Tell the area pointed at to one more. */
  watch(watch: (area: Pointed | null) => void): void {
    this.watching.push(watch);
  }

  /** Outline the area pointed at, here or in a chart. */
  highlight(code: string | undefined): void {
    if (code === this.under || !this.map.getSource("areas")) return;
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
    for (const layer of ["areas-hover", "areas-line", "areas-fill"]) if (this.map.getLayer(layer)) this.map.removeLayer(layer);
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
    this.scrubbed = null;
    this.drawFill();
    const wanted = JSON.stringify(fillColour(paint.colours, paint.noData));
    if (JSON.stringify(this.map.getPaintProperty("areas-fill", "fill-color")) !== wanted) {
      this.map.setPaintProperty("areas-fill", "fill-color", JSON.parse(wanted));
    }
    this.classify(paint.classes);
    this.showCircles(paint.circles ?? null);
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
  scrub(paint: Paint & { classes: NonNullable<Paint["classes"]> }, lang: Lang): void {
    if (paint.circles) return this.paint(paint, lang);
    const plate = this.opacity === 1 && !this.map.isMoving() ? (this.plate ?? this.etched()) : null;
    if (!plate) return this.paint(paint, lang);
    const { codes, classes } = paint.classes;
    const byCode = new Map(codes.map((code, index) => [code, classes[index]]));
    this.underlay.paint(paint, (code) => byCode.get(code));
    const wasDrawn = this.scrubbed === null;
    this.scrubbed = paint;
    if (wasDrawn) this.drawFill();
    this.pointAgain();
  }

  /** Return the plate of what the map shows now, laid under it; null while tiles are missing. */
  private etched(): Plate | null {
    if (!this.map.areTilesLoaded()) return null;
    const size = { width: this.container.clientWidth, height: this.container.clientHeight };
    const { width, height } = plateSize(size, devicePixelRatio);
    const { lng, lat } = this.map.getCenter();
    const [x, y] = inPlane(lng, lat);
    const plate = emptyPlate(width, height);
    const placing = placingOf({ x, y, zoom: this.map.getZoom() }, size, plate);
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
    if (this.scrubbed) this.paint(this.scrubbed, this.lang);
  }

  private fade(opacity: number | maplibre.ExpressionSpecification): void {
    this.opacity = opacity;
    if (opacity !== 1) this.lift();
    this.drawFill();
  }

  /** Wait until everything laid on the map is drawn. */
  async drawn(): Promise<void> {
    const idle = this.map.once("idle");
    this.map.triggerRepaint();
    await idle;
  }

  /** How near it is. */
  get zoom(): number {
    return this.map.getZoom();
  }

  /** What the address says of the camera: nothing until somebody has placed it. */
  get hash(): string {
    if (!this.isPlaced) return "";
    const { lng, lat } = this.map.getCenter();
    const [x, y] = inPlane(lng, lat);
    return hashOf({ x, y, zoom: this.map.getZoom() });
  }

  private placed(): void {
    this.isPlaced = true;
    this.listeners.placed?.();
  }

  private fit({ box, padding, maxZoom }: Goal, isFlight = false): void {
    const limit = maxZoom === undefined ? {} : { maxZoom };
    this.map.fitBounds(box, { padding, ...limit, animate: isFlight && !isReduced(), duration: 600 }, OURS);
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
  }

  /** Show a part of the nation, all of it without one, until somebody places the map. */
  settle(part: Box | null): void {
    const home = part ? { ...HOME, box: part } : HOME;
    if (home.box.join() === this.home.box.join()) return;
    this.home = home;
    if (!this.isPlaced) this.fit(home);
  }

  /** Bring areas into sight. */
  show(box: Box): void {
    this.placed();
    this.fit({ box, padding: 60, maxZoom: 10.5 }, this.container.clientWidth > 0);
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
    if (this.isInAddress && this.isPlaced) history.replaceState(history.state, "", location.pathname + location.search + this.hash);
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

  /** Lay the cells of a transport gap and the stops over the areas, from the zoom at which they can be told. */
  showGap(definition: string | null): void {
    for (const id of ["cells", "stops"]) {
      if (this.map.getLayer(id)) this.map.removeLayer(id);
      if (this.map.getSource(id)) this.map.removeSource(id);
    }
    this.fade(definition ? ["interpolate", ["linear"], ["zoom"], 8, 1, 9.5, 0.3] : 1);
    if (!definition) return;
    const tiled = (path: string) => ({
      type: "vector" as const,
      encoding: "mlt" as const,
      tiles: [`${location.origin}${path}/{z}/{x}/{y}.mlt`],
      minzoom: 8,
      maxzoom: 12,
    });
    this.map.addSource("cells", tiled(`/v1/transport-gap/${definition}/cells`));
    this.map.addSource("stops", tiled("/v1/stops"));
    this.map.addLayer(
      {
        id: "cells",
        type: "fill",
        source: "cells",
        "source-layer": "cells",
        minzoom: 8.5,
        paint: {
          "fill-color": [
            "case",
            ["has", "gap_population"],
            ["step", ["get", "gap_population"], CELLS[0].colour, ...CELLS.slice(1).flatMap((one) => [one.from, one.colour])],
            UNTOLD,
          ] as unknown as maplibre.ExpressionSpecification,
          "fill-opacity": ["case", ["<", ["get", "gap_share"], 0.05], 0.05, 0.75],
        },
      },
      this.map.getLayer("labels") ? "labels" : undefined,
    );
    this.map.addLayer({
      id: "stops",
      type: "circle",
      source: "stops",
      "source-layer": "stops",
      minzoom: 9,
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 9, 1.5, 13, 4],
        "circle-color": ["match", ["get", "mode"], "rail", STOPS.rail, STOPS.bus],
      },
    });
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

  /** Write the names of areas where there is room; larger ones first. */
  showLabels(areas: Iterable<Area> | null, lang: Lang): void {
    if (!areas) {
      if (this.map.getLayer("labels")) this.map.removeLayer("labels");
      return;
    }
    const features = [...areas].map((area): Feature => {
      const name = lang === "ja" ? area.name.ja : area.name.en.replace(/-(shi|machi|cho|mura|son|ku|ken|fu|to)$/, "");
      return { type: "Feature", properties: { name, size: -area.area_km2 }, geometry: { type: "Point", coordinates: area.centre } };
    });
    this.points("labels", features);
    if (this.map.getLayer("labels")) return;
    this.map.addLayer({
      id: "labels",
      type: "symbol",
      source: "labels",
      minzoom: features.length < 100 ? 5 : 8,
      layout: {
        "text-field": ["get", "name"],
        "text-font": ["sans-serif"],
        "text-size": 12,
        "symbol-sort-key": ["get", "size"],
        "text-padding": 6,
        "text-max-width": 8,
      },
      paint: { "text-color": "#101418", "text-halo-color": "#ffffffdd", "text-halo-width": 1.4 },
    });
  }

  /** Put a mark on each deployed area; its shape and colour tell the status. */
  showMarks(marks: Mark[] | null, areas: Map<string, Area>): void {
    if (this.map.getLayer("deployments")) this.map.removeLayer("deployments");
    if (!marks) return;
    for (const status of Object.keys(MARKS)) if (!this.map.hasImage(status)) this.map.addImage(status, mark(status), { pixelRatio: 2 });
    const features = marks.flatMap((one): Feature[] => {
      const area = areas.get(one.code);
      return area ? [{ type: "Feature", properties: { status: one.status, label: one.label }, geometry: { type: "Point", coordinates: area.centre } }] : [];
    });
    this.points("deployments", features);
    this.map.addLayer({
      id: "deployments",
      type: "symbol",
      source: "deployments",
      layout: { "icon-image": ["get", "status"], "icon-allow-overlap": true, "icon-size": ["interpolate", ["linear"], ["zoom"], 4, 1.1, 9, 1.7] },
    });
  }

  /** Lay the areas over the map of the Geospatial Information Authority; only where the operator allows it. */
  showBackground(isOn: boolean): void {
    if (this.map.getLayer("gsi")) this.map.removeLayer("gsi");
    if (this.map.getSource("gsi")) this.map.removeSource("gsi");
    if (isOn) {
      this.map.addSource("gsi", { type: "raster", tiles: [GSI], tileSize: 256, minzoom: 5, maxzoom: 18 });
      this.map.addLayer({ id: "gsi", type: "raster", source: "gsi" }, this.map.getLayer("areas-fill") ? "areas-fill" : undefined);
    }
    if (!this.map.getLayer("cells")) this.fade(isOn ? 0.65 : 1);
  }
}
