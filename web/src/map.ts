import maplibre from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";


const JAPAN: [number, number, number, number] = [122.9, 24.0, 146.2, 45.7];

export type Hovered = { name: string; value: number | undefined };

export interface RegionalMap {
  show(layer: string, query: string, lang: string): void;
}

function areaUnder(map: maplibre.Map, point: maplibre.PointLike) {
  return map.getLayer("areas-fill") ? map.queryRenderedFeatures(point, { layers: ["areas-fill"] })[0] : undefined;
}

/** Lay the cells of a transport gap and the stops over the municipalities, from the zoom at which they can be told. */
function showGap(map: maplibre.Map, definition: string): void {
  const tiles = (path: string) => ({ type: "vector" as const, tiles: [`${location.origin}${path}/{z}/{x}/{y}.mvt`], minzoom: 8, maxzoom: 12 });
  map.setPaintProperty("areas-fill", "fill-opacity", ["interpolate", ["linear"], ["zoom"], 8, 1, 9.5, 0.3]);
  map.addSource("cells", tiles(`/v1/transport-gap/${definition}/cells`));
  map.addSource("stops", tiles("/v1/stops"));
  map.addLayer({
    id: "cells",
    type: "fill",
    source: "cells",
    "source-layer": "cells",
    minzoom: 8.5,
    paint: {
      "fill-color": ["step", ["get", "gap_population"], "#fee5d9", 10, "#fcae91", 50, "#fb6a4a", 200, "#cb181d"],
      "fill-opacity": ["case", ["<", ["get", "gap_share"], 0.05], 0.05, 0.75],
    },
  });
  map.addLayer({
    id: "stops",
    type: "circle",
    source: "stops",
    "source-layer": "stops",
    minzoom: 9,
    paint: {
      "circle-radius": ["interpolate", ["linear"], ["zoom"], 9, 1.5, 13, 4],
      "circle-color": ["match", ["get", "mode"], "rail", "#1a1a1a", "#08519c"],
    },
  });
}

/** Make the map. `hovered` is told the area under the pointer, or null. */
export function createMap(container: HTMLElement, lang: () => string, hovered: (area: Hovered | null) => void): RegionalMap {
  const map = new maplibre.Map({
    container,
    bounds: JAPAN,
    fitBoundsOptions: { padding: 12 },
    hash: true,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    fadeDuration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 150,
    style: { version: 8, sources: {}, layers: [] },
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new maplibre.AttributionControl({ compact: false }));
  map.on("idle", () => {
    document.body.dataset["map"] = map.getLayer("areas-fill") ? "idle" : "empty";
  });

  let under: string | number | undefined;
  const hover = (id: string | number | undefined) => {
    if (id === under) return;
    const source = { source: "areas", sourceLayer: "areas" };
    if (under !== undefined && map.getSource("areas")) map.setFeatureState({ ...source, id: under }, { hover: false });
    under = id;
    if (id !== undefined) map.setFeatureState({ ...source, id }, { hover: true });
  };
  const read = (event: maplibre.MapMouseEvent) => {
    const area = areaUnder(map, event.point);
    hover(area?.id);
    const told = area?.properties;
    hovered(told ? { name: String(told[lang() === "ja" ? "name" : "name_en"] || told["name"]), value: told["value"] as number | undefined } : null);
  };
  map.on("mousemove", read);
  map.on("click", read);
  map.on("mouseout", () => hover(undefined));

  return {
    show(layer, query, language) {
      document.body.dataset["map"] = "loading";
      under = undefined;
      const definition = /^transport-gap[a-z0-9-]*:(.+)$/.exec(layer)?.[1];
      if (definition) map.once("style.load", () => showGap(map, definition));
      // where the style is only amended, it never says that it has loaded
      map.setStyle(`/v1/layers/${layer}/style.json?${query}&lang=${language}`, { diff: !definition });
    },
  };
}
