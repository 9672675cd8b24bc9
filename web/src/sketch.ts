/** The first map: the areas in their colours before the map's own program is there, from the tiles that it will use too. */

import { decodeTile } from "@maplibre/mlt";
import type { Legend } from "./api";
import * as api from "./api";
import { type Camera, cameraOf, fitted, nationIn, placingOf, plateSize, type Size, type TileAddress, tilesInSight } from "./camera";
import { emptyPlate, etch, type Plate } from "./plate";
import { Underlay } from "./underlay";
import { layerQuery, type View } from "./view";

const SKETCH = "sketch";

interface Tile extends TileAddress {
  body: ArrayBuffer;
}

export async function tileAt(template: string, address: TileAddress): Promise<Tile> {
  const { z, x, y } = address;
  const answer = await fetch(template.replace("{z}", String(z)).replace("{x}", String(x)).replace("{y}", String(y)));
  return { ...address, body: await answer.arrayBuffer() };
}

/** Return the plate of tiles, and the class that they carry for each area. */
export function etched(tiles: Tile[], camera: Camera, size: Size): [plate: Plate, classes: Map<string, number>] {
  const { width, height } = plateSize(size, devicePixelRatio);
  const plate = emptyPlate(width, height);
  const classes = new Map<string, number>();
  const world = placingOf(camera, size, plate);
  for (const { z, x, y, body } of tiles) {
    for (const layer of decodeTile(new Uint8Array(body))) {
      const scale = world.scale / 2 ** z / layer.extent;
      const placing = { scale, left: world.left + x * layer.extent * scale, top: world.top + y * layer.extent * scale };
      for (const { id, properties, geometry } of layer.getFeatures()) {
        const code = api.codeOf(id);
        if (properties["class"] !== undefined) classes.set(code, Number(properties["class"]));
        etch(
          plate,
          code,
          geometry.coordinates.map((ring) => ring.flatMap((point) => [point.x, point.y])),
          placing,
        );
      }
    }
  }
  return [plate, classes];
}

/** Show the map that an address names, in the place where the real one will be. Return its legend. */
export async function sketch(map: HTMLElement, view: View): Promise<Legend> {
  const query = layerQuery(view);
  const [legend, { tiles: templates, maxzoom }] = await Promise.all([api.legend(view.layer, query), api.tiles(view.layer, query)]);
  const look = () => {
    const size = { width: map.clientWidth, height: map.clientHeight };
    return { size, camera: cameraOf(location.hash) ?? fitted(legend.part ?? nationIn(size), size) };
  };
  const { size, camera } = look();
  const tiles = await Promise.all(tilesInSight(camera, size, maxzoom).map((address) => tileAt(templates[0] as string, address)));
  const underlay = new Underlay(map);
  underlay.canvas.id = SKETCH;
  const draw = () => {
    const { size, camera } = look();
    const [plate, classes] = etched(tiles, camera, size);
    underlay.lay(plate);
    underlay.paint({ colours: legend.classes.map((one) => one.colour), noData: legend.no_data.colour }, (code) => classes.get(code));
    return size;
  };
  let drawn = draw();
  // the words that come around the map can still change its size
  const sized = new ResizeObserver(() => {
    if (!underlay.canvas.isConnected) sized.disconnect();
    else if (drawn.width !== map.clientWidth || drawn.height !== map.clientHeight) drawn = draw();
  });
  sized.observe(map);
  return legend;
}

/** Take the first map away, as soon as the real one is drawn or moved. */
export function removeSketch(): void {
  document.getElementById(SKETCH)?.remove();
}
