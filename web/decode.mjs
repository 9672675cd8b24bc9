/**
 * Vector tiles as MapLibre's own decoders read them, in JSON (standard output). Each line of the standard input is a tile:
 * its format, mvt or mlt, and its bytes in base64.
 */

import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { VectorTile } from "@mapbox/vector-tile";
import { PbfReader } from "pbf";

// The decoder of MLT is written for bundlers: it imports its own files without their suffix.
registerHooks({
  resolve: (name, context, next) => next(name.startsWith(".") && !/\.m?js$/.test(name) ? `${name}.js` : name, context),
});
const { decodeTile } = await import("@maplibre/mlt");

const feature = ({ id, properties }, rings) => ({ id, properties, rings: rings.map((ring) => ring.map(({ x, y }) => [x, y])) });
const decoders = {
  mlt: (bytes) =>
    decodeTile(bytes).map((table) => ({
      name: table.name,
      extent: table.extent,
      features: table.getFeatures().map((each) => feature(each, each.geometry.coordinates)),
    })),
  mvt: (bytes) =>
    Object.values(new VectorTile(new PbfReader(bytes)).layers).map((layer) => ({
      name: layer.name,
      extent: layer.extent,
      features: Array.from({ length: layer.length }, (_, place) => layer.feature(place)).map((each) => feature(each, each.loadGeometry())),
    })),
};
const tiles = readFileSync(0, "utf8").split("\n").filter(Boolean);
const layers = tiles.map((line) => line.split(" ")).map(([format, tile]) => decoders[format](new Uint8Array(Buffer.from(tile, "base64"))));
process.stdout.write(JSON.stringify(layers));
