/** deck.gl on a page, as somebody's own bundler takes it. */

import { Deck, MapView } from "@deck.gl/core";
import { MVTLayer } from "@deck.gl/geo-layers";

const service = new URLSearchParams(location.search).get("service");
let layer;
let tiles;
let drawn;

const map = new Deck({
  parent: document.getElementById("map"),
  controller: true,
  // Drawn without a graphics card, the first look for what lies under the mouse outlasts a press.
  eventRecognizerOptions: { click: { time: 10_000 } },
  views: new MapView({ repeat: true }),
  initialViewState: { longitude: 0, latitude: 0, zoom: 0 },
  onAfterRender: () => tiles && layer.isLoaded && drawn(),
});

window.view = (longitude, latitude, zoom) =>
  new Promise((done) => {
    drawn = done;
    tiles = undefined;
    layer = new MVTLayer({
      id: "ageing-rate",
      data: `${service}/v1/layers/ageing-rate/tiles.json?level=municipality`,
      // Without this the worker comes from a host of deck.gl's own.
      loadOptions: { mvt: { workerUrl: new URL("node_modules/@loaders.gl/mvt/dist/mvt-worker.js", location).href } },
      pickable: true,
      getFillColor: [200, 64, 0],
      onClick: ({ object }) => {
        window.chosen = object.properties;
      },
      onViewportLoad: (loaded) => {
        tiles = loaded;
      },
    });
    map.setProps({ initialViewState: { longitude, latitude, zoom }, layers: [layer] });
  });

window.shown = () => tiles.flatMap((tile) => tile.dataInWGS84.map((feature) => feature.properties.code));
