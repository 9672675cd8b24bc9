/**
 * What clients without a screen read from the service, in JSON on the standard output:
 * node read.mjs topojson ADDRESS | flatgeobuf ADDRESS WEST SOUTH EAST NORTH | loaders.gl ADDRESS | openlayers ADDRESS
 */

import { Console } from "node:console";
import { load } from "@loaders.gl/core";
import { MVTLoader } from "@loaders.gl/mvt";
import { deserialize } from "flatgeobuf/lib/mjs/geojson.js";
import MVT from "ol/format/MVT.js";
import { feature, neighbors } from "topojson-client";

// FlatGeobuf tells of each range that it asks for, where the answer stands.
globalThis.console = new Console(process.stderr);

const bytes = async (address) => (await fetch(address)).arrayBuffer();

const readers = {
  topojson: async (address) => {
    const topology = await (await fetch(address)).json();
    const [object] = Object.values(topology.objects);
    const { features } = feature(topology, object);
    const around = neighbors(object.geometries).map((places) => places.map((place) => features[place].properties.code));
    return features.map(({ id, properties }, place) => ({ id, ...properties, neighbours: around[place] }));
  },
  flatgeobuf: async (address, ...box) => {
    const [minX, minY, maxX, maxY] = box.map(Number);
    const found = [];
    for await (const { properties } of deserialize(address, { rect: { minX, minY, maxX, maxY } })) found.push(properties);
    return found;
  },
  "loaders.gl": async (address) => {
    const found = await load(address, MVTLoader, { worker: false, mvt: { coordinates: "local", shape: "geojson" } });
    return found.map(({ id, properties }) => ({ id, ...properties }));
  },
  openlayers: async (address) => new MVT().readFeatures(await bytes(address)).map((each) => ({ id: each.getId(), ...each.getProperties() })),
};
const [, , client, ...given] = process.argv;
process.stdout.write(JSON.stringify(await readers[client](...given)));
