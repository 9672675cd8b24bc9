/** Deployments on a map: a mark for each place, a number where marks would cover one another. */

import type { Feature, FeatureCollection } from "geojson";
import type { GeoJSONSource, Map as MapLibre, PointLike } from "maplibre-gl";
import * as api from "./api";
import { MARKS, mark, measureOf, stateIn, statusBy } from "./marks";

/** Marks nearer than so many pixels become a number; where they stand on one another they stay one. */
const APART = 22;
const CLUSTERED_TO = 14;
const MOST_LISTED = 200;
const REACH = matchMedia("(pointer: coarse)").matches ? 12 : 3;
const LAYERS = ["deployments-number", "deployments-many", "deployments"];

/** A deployment in the state that the map shows. */
export interface Deployed {
  deployment: api.Deployment;
  status: string;
  label: api.Texts;
  /** The date that this state is known from. */
  since: string | null;
  /** Where it runs, as far as the map's areas are told in the language. */
  where(lang: api.Lang): string[];
}

/** What is marked, and where each code lies; two of one key are the same. */
export interface Marked {
  key: string;
  deployed: Deployed[];
  places: ReadonlyMap<string, api.Area>;
}

/** Return what is marked on the map of a layer: what the reader lays over it, else the deployments of the measure that it shows; then as of its period. */
export async function markedOn(found: api.Legend, overlay: readonly string[], vintage: string): Promise<Marked | null> {
  const own = measureOf(found.layer);
  const asked = overlay.find((one) => one.startsWith("deployments"));
  if (asked === undefined && own === null) return null;
  const measure = asked === undefined ? own : (asked.split(":")[1] ?? null);
  const known = await api.get<api.Deployments>(`/v1/deployments?limit=1000${measure ? `&measure=${measure}` : ""}`);
  const labels = new Map(found.classes.map((one) => [statusBy(one.colour), one.label]));
  // older boundaries may have no areas of a level
  const areasOf = (level: string) => api.gazetteer(level, vintage).catch(() => new Map<string, api.Area>());
  const everywhere = await Promise.all(["prefecture", "ward", "municipality"].map(areasOf));
  const places = new Map(everywhere.flatMap((one) => [...one]));
  const where = (one: api.Deployment, lang: api.Lang) => {
    const inEnglish = one.current_codes.map((code) => {
      const area = places.get(code);
      return [area, places.get(area?.parent ?? "")].flatMap((each) => each?.name.en || []).join(", ");
    });
    return lang === "en" && inEnglish.length > 0 && inEnglish.every(Boolean) ? inEnglish : one.areas.map((area) => area.name);
  };
  const deployed = known.deployments.flatMap((one): Deployed[] => {
    const state = own === null ? { status: one.status, since: one.statuses.at(-1)?.since ?? null } : stateIn(one, Number(found.period));
    return state ? [{ deployment: one, ...state, label: labels.get(state.status) ?? one.status_label, where: (lang) => where(one, lang) }] : [];
  });
  return { key: [own, measure, found.period, vintage].join(), deployed, places };
}

export class Marks {
  private marked: Marked | null = null;

  constructor(private readonly map: MapLibre) {}

  /** Whether these are marked already, be it in another language. */
  isOf(marked: Marked | null): boolean {
    return marked?.key === this.marked?.key;
  }

  /** Put a mark on each deployed area, in place of those that are there. */
  show(marked: Marked | null): void {
    if (this.isOf(marked)) {
      this.marked = marked; // in another language
      for (const id of [...LAYERS].reverse()) if (this.map.getLayer(id)) this.map.moveLayer(id); // over names that were written anew
      return;
    }
    this.marked = marked;
    for (const id of LAYERS) if (this.map.getLayer(id)) this.map.removeLayer(id);
    if (this.map.getSource("deployments")) this.map.removeSource("deployments");
    if (marked) this.lay(marked);
  }

  private lay({ deployed, places }: Marked): void {
    const { map } = this;
    for (const status of Object.keys(MARKS)) if (!map.hasImage(status)) map.addImage(status, mark(status), { pixelRatio: 2 });
    const features = deployed.flatMap(({ deployment, status }, index) =>
      deployment.current_codes.flatMap((code): Feature[] => {
        const place = places.get(code);
        return place ? [{ type: "Feature", properties: { status, index }, geometry: { type: "Point", coordinates: place.centre } }] : [];
      }),
    );
    const data: FeatureCollection = { type: "FeatureCollection", features };
    map.addSource("deployments", { type: "geojson", data, cluster: true, clusterRadius: APART, clusterMaxZoom: CLUSTERED_TO });
    map.addLayer({
      id: "deployments",
      type: "symbol",
      source: "deployments",
      filter: ["!", ["has", "point_count"]],
      layout: { "icon-image": ["get", "status"], "icon-allow-overlap": true, "icon-size": ["interpolate", ["linear"], ["zoom"], 4, 1.1, 9, 1.7] },
    });
    map.addLayer({
      id: "deployments-many",
      type: "circle",
      source: "deployments",
      filter: ["has", "point_count"],
      paint: {
        "circle-color": "#2f3a46",
        "circle-radius": ["step", ["get", "point_count"], 9, 10, 11, 100, 14],
        "circle-stroke-color": "#ffffff",
        "circle-stroke-width": 1.5,
      },
    });
    map.addLayer({
      id: "deployments-number",
      type: "symbol",
      source: "deployments",
      filter: ["has", "point_count"],
      layout: {
        "text-field": ["to-string", ["get", "point_count"]],
        "text-font": ["sans-serif"],
        "text-size": 12,
        "text-allow-overlap": true,
        "text-padding": 6,
      },
      paint: { "text-color": "#ffffff" },
    });
  }

  /** Return what is marked at a point: the deployments, each once, and how many marks they have there; null where there is none. */
  at({ x, y }: { x: number; y: number }): (() => Promise<{ deployed: Deployed[]; marks: number }>) | null {
    const { map, marked } = this;
    if (!marked || !map.getLayer("deployments")) return null;
    const box: [PointLike, PointLike] = [
      [x - REACH, y - REACH],
      [x + REACH, y + REACH],
    ];
    const under = map.queryRenderedFeatures(box, { layers: ["deployments-many", "deployments"] });
    if (under.length === 0) return null;
    return async () => {
      const source = map.getSource<GeoJSONSource>("deployments");
      const parts = under.map(async ({ properties }) => {
        if (properties["cluster_id"] === undefined) return [properties];
        return ((await source?.getClusterLeaves(properties["cluster_id"], MOST_LISTED, 0)) ?? []).map((one) => one.properties);
      });
      const leaves = (await Promise.all(parts)).flat();
      const told = [...new Set(leaves.map((one) => Number(one?.["index"])))].sort((one, other) => one - other);
      return { deployed: told.flatMap((index) => marked.deployed[index] ?? []), marks: leaves.length };
    };
  }
}
