import * as maplibre from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import "maplibre-gl/dist/maplibre-gl.css";

maplibre.setWorkerUrl(workerUrl);

const JAPAN: [number, number, number, number] = [122.9, 24.0, 146.2, 45.7];

export type Hovered = { name: string; value: number | undefined };

export interface RegionalMap {
  show(layer: string, query: string, lang: string): void;
}

function areaUnder(map: maplibre.Map, point: maplibre.PointLike) {
  return map.getLayer("areas-fill") ? map.queryRenderedFeatures(point, { layers: ["areas-fill"] })[0] : undefined;
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
      map.setStyle(`/v1/layers/${layer}/style.json?${query}&lang=${language}`);
    },
  };
}
