/** The first map: the areas in their colours before the map's own program is there, from the tiles that it will use too. */

import { decodeTile } from "@maplibre/mlt";
import type { Legend } from "./api";
import * as api from "./api";
import { patiently } from "./busy";
import { type Box, type Camera, cameraOf, fitted, nationIn, placingOf, plateSize, type Size, type TileAddress, tilesInSight } from "./camera";
import { coloursOf } from "./circles";
import { emptyPlate, etch, type Plate } from "./plate";
import { Underlay } from "./underlay";
import { layerQuery, type View } from "./view";

const SKETCH = "sketch";

interface Tile extends TileAddress {
  body: ArrayBuffer;
}

export async function tileAt(template: string, address: TileAddress): Promise<Tile> {
  const { z, x, y } = address;
  const answer = await patiently(template.replace("{z}", String(z)).replace("{x}", String(x)).replace("{y}", String(y)));
  return { ...address, body: await answer.arrayBuffer() };
}

/** So long a drawing may keep from its turn what waits: a reader's finger, or the frame of what is drawn already. */
const TURN_MS = 8;

/** The turn of a drawing: whether it is over, and how to let others go first. */
class Turn {
  private since = performance.now();

  isOver(): boolean {
    return performance.now() - this.since > TURN_MS;
  }

  async pass(): Promise<void> {
    await new Promise((done) => setTimeout(done));
    this.since = performance.now();
  }
}

/** Return the plate of tiles, and the class that they carry for each area. */
export async function etched(tiles: Tile[], camera: Camera, size: Size): Promise<[plate: Plate, classes: Map<string, number>]> {
  const { width, height } = plateSize(size, devicePixelRatio);
  const plate = emptyPlate(width, height);
  const classes = new Map<string, number>();
  const world = placingOf(camera, size, plate);
  const turn = new Turn();
  for (const { z, x, y, body } of tiles) {
    for (const layer of decodeTile(new Uint8Array(body))) {
      const scale = world.scale / 2 ** z / layer.extent;
      const placing = { scale, left: world.left + x * layer.extent * scale, top: world.top + y * layer.extent * scale };
      for (const { id, properties, geometry } of layer.getFeatures()) {
        if (turn.isOver()) await turn.pass();
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

/** Show the map of a view in the place where the real one will be: by the camera that the address names, or all of `home`. Return its legend. */
export async function sketch(map: HTMLElement, view: View, home?: { box: Box | null; padding: number }): Promise<Legend> {
  const query = layerQuery(view);
  const [legend, { tiles: templates, maxzoom }] = await Promise.all([api.legend(view.layer, query), api.tiles(view.layer, query)]);
  const look = () => {
    const size = { width: map.clientWidth, height: map.clientHeight };
    const named = home ? null : cameraOf(location.hash);
    return { size, camera: named ?? fitted(home?.box ?? legend.part ?? nationIn(size), size, home?.padding) };
  };
  const { size, camera } = look();
  const tiles = await Promise.all(tilesInSight(camera, size, maxzoom).map((address) => tileAt(templates[0] as string, address)));
  const underlay = new Underlay(map);
  underlay.canvas.id = SKETCH;
  let drawn = size;
  const draw = async () => {
    const { size, camera } = look();
    drawn = size;
    const [plate, classes] = await etched(tiles, camera, size);
    if (drawn !== size) return; // by now it is drawn in another one
    underlay.lay(plate);
    underlay.paint(coloursOf(legend), (code) => classes.get(code));
  };
  await draw();
  // the words that come around the map can still change its size
  const sized = new ResizeObserver(() => {
    if (!underlay.canvas.isConnected) sized.disconnect();
    else if (drawn.width !== map.clientWidth || drawn.height !== map.clientHeight) void draw();
  });
  sized.observe(map);
  return legend;
}

/** Whether the first map is there. */
export function isSketched(): boolean {
  return document.getElementById(SKETCH) !== null;
}

/** Take the first map away, as soon as the real one is drawn or moved. */
export function removeSketch(): void {
  document.getElementById(SKETCH)?.remove();
}
