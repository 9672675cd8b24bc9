/** Transport gaps on a map: from near, the cells of the gap and the stops in place of whole municipalities. */

import type { ExpressionSpecification, Map as MapLibre, PointLike } from "maplibre-gl";
import { CELLS, LAND, NEAR, STOPS, UNTOLD } from "./gap";

/** How many pixels beside a stop still mean it: a finger is wider than a pointer. */
const REACH = matchMedia("(pointer: coarse)").matches ? 14 : 6;
const TILES = { minzoom: NEAR, maxzoom: 12 };
/** How much of the cells' colours is left over a background. */
const OVER = 0.65;

const COLOUR = [
  "case",
  ["has", "gap_population"],
  ["step", ["get", "gap_population"], CELLS[0].colour, ...CELLS.slice(1).flatMap((one) => [one.from, one.colour])],
  UNTOLD,
] as unknown as ExpressionSpecification;

/** A cell as its tile has it; people that are not told are absent, and so is a distance where there is no stop. */
export interface Cell {
  code: string;
  area: string;
  status: string;
  covered: boolean;
  gap_share: number;
  population?: number;
  gap_population?: number;
  distance_m?: number;
}

export interface Stop {
  id: string;
  name: string;
}

type Place = Readonly<{ x: number; y: number }>;

export class Nearby {
  private definition: string | null = null;
  private isNear: boolean | null = null;
  private tell: (isNear: boolean) => void = () => undefined;

  constructor(private readonly map: MapLibre) {
    map.on("zoom", () => this.scale());
  }

  /** Lay the cells of a definition and the stops over the areas, none where it is null; tell which scale is shown, now and whenever it changes. */
  show(definition: string | null, tell: (isNear: boolean) => void): void {
    if (!this.isOf(definition)) this.clear();
    this.definition = definition;
    this.tell = tell;
    this.isNear = null;
    if (definition) this.lay(definition);
    this.scale();
  }

  /** Whether this is the definition that is laid. */
  isOf(definition: string | null): boolean {
    return definition === this.definition;
  }

  /** Whether the map shows cells now, not municipalities. */
  get isShown(): boolean {
    return this.definition !== null && this.map.getZoom() >= NEAR;
  }

  /** Return the stops at a point, each once, the nearest first. */
  stopsAt({ x, y }: Place): Stop[] {
    const found = new Map<string, Stop & { away: number }>();
    for (const { properties, geometry } of this.at(
      [
        [x - REACH, y - REACH],
        [x + REACH, y + REACH],
      ],
      "stops",
    )) {
      if (geometry.type !== "Point") continue;
      const there = this.map.project(geometry.coordinates as [number, number]);
      const { id, name } = properties as Stop;
      found.set(id, { id, name, away: Math.hypot(there.x - x, there.y - y) });
    }
    return [...found.values()].sort((one, other) => one.away - other.away);
  }

  /** Return the cell at a point. */
  cellAt({ x, y }: Place): Cell | undefined {
    return this.at([x, y], "cells")[0]?.properties as Cell | undefined;
  }

  private at(where: PointLike | [PointLike, PointLike], layer: string) {
    if (!this.isShown || !this.map.getLayer(layer)) return [];
    return this.map.queryRenderedFeatures(where, { layers: [layer] });
  }

  private scale(): void {
    if (this.isShown === this.isNear) return;
    this.isNear = this.isShown;
    this.tell(this.isNear);
  }

  private clear(): void {
    for (const id of ["stops", "cells", "land"]) if (this.map.getLayer(id)) this.map.removeLayer(id);
    for (const id of ["stops", "cells"]) if (this.map.getSource(id)) this.map.removeSource(id);
  }

  private lay(definition: string): void {
    const { map } = this;
    const opacity = map.getLayer("gsi") ? OVER : 1;
    const tiled = (path: string) => ({ type: "vector" as const, encoding: "mlt" as const, tiles: [`${location.origin}${path}/{z}/{x}/{y}.mlt`], ...TILES });
    if (!map.getSource("cells")) map.addSource("cells", tiled(`/v1/transport-gap/${definition}/cells`));
    if (!map.getSource("stops")) map.addSource("stops", tiled("/v1/stops"));
    const outlines = map.getLayer("areas-line") ? "areas-line" : undefined;
    if (!map.getLayer("land"))
      map.addLayer({ id: "land", type: "fill", source: "areas", "source-layer": "areas", minzoom: NEAR, paint: { "fill-color": LAND } }, outlines);
    if (!map.getLayer("cells"))
      map.addLayer({
        id: "cells",
        type: "fill",
        source: "cells",
        "source-layer": "cells",
        minzoom: NEAR,
        paint: { "fill-color": COLOUR, "fill-antialias": false },
      });
    map.moveLayer("cells", outlines); // new outlines were laid under it
    map.setPaintProperty("land", "fill-opacity", opacity === 1 ? 1 : 0);
    map.setPaintProperty("cells", "fill-opacity", opacity);
    if (map.getLayer("stops")) return;
    map.addLayer(
      {
        id: "stops",
        type: "circle",
        source: "stops",
        "source-layer": "stops",
        minzoom: NEAR,
        paint: {
          "circle-radius": ["interpolate", ["linear"], ["zoom"], NEAR, 1.5, 11, 3, 13, 5.5],
          "circle-color": ["match", ["get", "mode"], "rail", STOPS.rail, STOPS.bus],
          "circle-stroke-color": "#ffffff",
          "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], 10, 0, 11, 0.75],
        },
      },
      map.getLayer("labels") ? "labels" : undefined,
    );
  }
}
