/** What a map in another page's frame shows besides: lines that a dark page needs, and what lies outside its extent. */

import type { Feature, FeatureCollection, Position } from "geojson";
import type * as maplibre from "maplibre-gl";
import type { Box } from "./camera";

/** A line and what it lies on: of any colour under them one of the two has a contrast of 4.5 to 1. */
export interface Lines {
  line: string;
  casing: string;
}

export const CHOSEN: Record<"light" | "dark", Lines> = {
  light: { line: "#000000", casing: "#ffffff" },
  dark: { line: "#ffffff", casing: "#000000" },
};
const BORDER: Lines = { line: "#ffffff", casing: "#000000" };
/** Web Mercator ends there. */
const WORLD: Position[] = [
  [-180, -85],
  [180, -85],
  [180, 85],
  [-180, 85],
  [-180, -85],
];

/** Return the luminance of a colour `#rrggbb` (WCAG 2.2). */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Return the contrast of two colours, 1 to 21 (WCAG 2.2). */
export function contrast(one: string, other: string): number {
  const [dark = 0, bright = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (bright + 0.05) / (dark + 0.05);
}

/** Return the box that an address names: west, south, east, north; null where it names none. */
export function boxOf(text: string): Box | null {
  const numbers = text.split(",").map(Number);
  const [west, south, east, north] = numbers;
  if (numbers.length !== 4 || west === undefined || south === undefined || east === undefined || north === undefined) return null;
  const isInside = west >= -180 && east <= 180 && south >= -85 && north <= 85;
  return isInside && west < east && south < north ? [west, south, east, north] : null;
}

/** Return the prefecture that `parent` names by two digits or five: its code, `00000` for the nation, empty for none. */
export function parentOf(text: string): string {
  return /^\d{2}(000)?$/.test(text) ? `${text.slice(0, 2)}000` : "";
}

function ringOf([west, south, east, north]: Box): Position[] {
  return [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ];
}

/** Return everything but a box or an area, as one polygon with holes. */
export function outside(extent: Box | Feature): Feature {
  const rings = (): Position[][] => {
    if (Array.isArray(extent)) return [ringOf(extent)];
    const { geometry } = extent;
    if (geometry.type === "Polygon") return geometry.coordinates.slice(0, 1);
    return geometry.type === "MultiPolygon" ? geometry.coordinates.flatMap((polygon) => polygon.slice(0, 1)) : [];
  };
  return { type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [WORLD, ...rings()] } };
}

/** Veil what lies outside an extent, under the outline of what is chosen. */
export function veil(map: maplibre.Map, extent: Box | Feature, paper: string): void {
  const features: Feature[] = [outside(extent), ...(Array.isArray(extent) ? [] : [extent])];
  const data: FeatureCollection = { type: "FeatureCollection", features: features.map((one, id) => ({ ...one, id })) };
  map.addSource("extent", { type: "geojson", data });
  const before = map.getLayer("areas-hover") ? "areas-hover" : undefined;
  map.addLayer({ id: "outside", type: "fill", source: "extent", filter: ["==", ["id"], 0], paint: { "fill-color": paper, "fill-opacity": 0.82 } }, before);
  if (map.getLayer("circles")) map.moveLayer("circles", "outside");
  if (Array.isArray(extent)) return;
  const line = contrast(paper, "#000000") > contrast(paper, "#ffffff") ? "#33404c" : "#e8eef3";
  const edge: maplibre.LineLayerSpecification = {
    id: "extent-line",
    type: "line",
    source: "extent",
    filter: ["==", ["id"], 1],
    layout: { "line-join": "round" },
    paint: { "line-color": line, "line-width": 1.4 },
  };
  map.addLayer(edge, before);
}

/** Lay a casing under the outline of what is chosen, and on a dark page lighten all borders, each on a casing of its own. */
export function outlined(map: maplibre.Map, theme: "light" | "dark"): void {
  const { line, casing } = CHOSEN[theme];
  const width = ["case", ["boolean", ["feature-state", "selected"], false], 6.5, 0] as unknown as maplibre.ExpressionSpecification;
  map.setPaintProperty("areas-hover", "line-color", line);
  cased(map, "areas-hover", { "line-color": casing, "line-width": width });
  if (theme === "dark") lightened(map, "areas-line", 1);
}

/** Lighten the lines of a layer for a dark page, each on a casing; `factor` is how much wider they are than others. */
export function lightened(map: maplibre.Map, id: string, factor: number): void {
  cased(map, id, {
    "line-color": BORDER.casing,
    "line-opacity": ["interpolate", ["linear"], ["zoom"], 4, factor - 1, 7, 0.9],
    "line-width": ["interpolate", ["linear"], ["zoom"], 4, 0.4 * factor, 8, 1.8 * factor, 12, 3 * factor],
  });
  map.setPaintProperty(id, "line-color", BORDER.line);
  map.setPaintProperty(id, "line-opacity", ["interpolate", ["linear"], ["zoom"], 4, 0.3 * factor, 7, 0.95]);
}

/** Lay a wider line under those of a layer. */
function cased(map: maplibre.Map, id: string, paint: maplibre.LineLayerSpecification["paint"]): void {
  const layer = map.getLayer(id);
  if (!layer) return;
  const { source, sourceLayer } = layer;
  map.addLayer(
    { id: `${id}-casing`, type: "line", source, ...(sourceLayer ? { "source-layer": sourceLayer } : {}), layout: { "line-join": "round" }, paint },
    id,
  );
}

/** Let a page that holds the map scroll: one finger, or the wheel alone, moves the page and not the map. */
export function shared(map: maplibre.Map, { wheel, fingers }: { wheel: string; fingers: string }): void {
  map.cooperativeGestures.enable();
  const screen = map.getCanvasContainer();
  for (const [name, words] of [
    ["desktop", wheel],
    ["mobile", fingers],
  ]) {
    const message = screen.querySelector(`.maplibregl-${name}-message`);
    if (message) message.textContent = words ?? "";
  }
}
