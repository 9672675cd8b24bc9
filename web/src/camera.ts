/** Where a map looks, in its own plane (Web Mercator): the world is 0 to 1 from west to east and from north to south. */

import type { Placing } from "./plate";

export type Box = [west: number, south: number, east: number, north: number];

/** What a first look shows where there is no room for more: without the southernmost islands, which are a drag away. */
export const JAPAN: Box = [126.5, 26.0, 149.0, 45.7];
/** The four main islands with those around them: what a first look shows where the others stand in frames of their own. */
export const MAIN: Box = [128.4, 30.05, 148.95, 45.65];
export const MARGIN = 12;
/** A map as large as this has room for frames beside the main islands. */
const ROOMY: Size = { width: 560, height: 420 };
/** Pixels of the world at zoom 0, and so of a tile at its own zoom. */
const WORLD = 512;
/** A plate of larger screens is coarser, so that a palette is poured within a frame. */
const MOST_PIXELS = 2_500_000;

export interface Camera {
  /** The middle of the map. */
  x: number;
  y: number;
  zoom: number;
}

export interface Size {
  width: number;
  height: number;
}

export interface TileAddress {
  z: number;
  x: number;
  y: number;
}

/** Return a place in the plane. */
export function inPlane(longitude: number, latitude: number): [x: number, y: number] {
  const sine = Math.sin((latitude * Math.PI) / 180);
  return [longitude / 360 + 0.5, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
}

/** Return the camera that shows all of a box as large as the map's size allows. */
export function fitted([west, south, east, north]: Box, { width, height }: Size, margin = MARGIN): Camera {
  const [left, top] = inPlane(west, north);
  const [right, bottom] = inPlane(east, south);
  const scale = Math.min((width - 2 * margin) / (right - left), (height - 2 * margin) / (bottom - top));
  return { x: (left + right) / 2, y: (top + bottom) / 2, zoom: Math.log2(scale / WORLD) };
}

/** Return whether a map has room for frames of the islands far away. */
export function hasInsets({ width, height }: Size): boolean {
  return width >= ROOMY.width && height >= ROOMY.height;
}

/** Return what of the nation a map of this size shows at first. */
export function nationIn(size: Size): Box {
  return hasInsets(size) ? MAIN : JAPAN;
}

/** Islands that a map of the main ones cuts off; they are cut off where their chief place is. */
export interface Islands {
  id: "south-west" | "ogasawara";
  box: Box;
  chief: [longitude: number, latitude: number];
}

export const ISLANDS: Islands[] = [
  { id: "south-west", box: [122.8, 23.95, 131.45, 30.0], chief: [127.68, 26.21] },
  { id: "ogasawara", box: [140.6, 24.1, 142.6, 27.85], chief: [142.19, 27.09] },
];
/** A map of the nation is one no more than half a zoom nearer or farther, and no more than a quarter of its frame aside. */
const LIKE_HOME = { zoom: 0.5, aside: 0.25 };

/** Return the islands that a map of the nation cuts off; none where it shows a part of the nation, or has no room for them. */
export function cutOff({ x, y, zoom }: Camera, size: Size): Islands[] {
  if (!hasInsets(size)) return [];
  const home = fitted(MAIN, size);
  const scale = WORLD * 2 ** zoom;
  const [right, down] = [((x - home.x) * scale) / size.width, ((y - home.y) * scale) / size.height];
  if (Math.abs(zoom - home.zoom) > LIKE_HOME.zoom || Math.max(Math.abs(right), Math.abs(down)) > LIKE_HOME.aside) return [];
  return ISLANDS.filter(({ chief }) => {
    const [east, south] = inPlane(...chief);
    return Math.abs(east - x) * scale > size.width / 2 || Math.abs(south - y) * scale > size.height / 2;
  });
}

/** Return the longitude and latitude of a place in the plane. */
export function onGlobe(x: number, y: number): [longitude: number, latitude: number] {
  return [(x - 0.5) * 360, (Math.atan(Math.sinh((0.5 - y) * 2 * Math.PI)) * 180) / Math.PI];
}

const HASH = /^#(\d+(?:\.\d+)?)\/(-?\d+(?:\.\d+)?)\/(-?\d+(?:\.\d+)?)(?:\/|$)/;
/** Beyond it Web Mercator is no square. */
const MOST_LATITUDE = 85.0511;

/** Return the camera that an address names after its `#`: zoom/latitude/longitude; null where it names none. */
export function cameraOf(hash: string): Camera | null {
  const [zoom, latitude, longitude] = (HASH.exec(hash) ?? []).slice(1).map(Number);
  if (zoom === undefined || latitude === undefined || longitude === undefined) return null;
  if (zoom > 24 || Math.abs(latitude) > MOST_LATITUDE || Math.abs(longitude) > 180) return null;
  const [x, y] = inPlane(longitude, latitude);
  return { x, y, zoom };
}

/** Return what an address says of a camera after its `#`, to the pixel. */
export function hashOf({ x, y, zoom }: Camera): string {
  const digits = Math.max(Math.ceil(Math.log10((2 * WORLD * 2 ** zoom) / 360)), 0);
  const rounded = (value: number, places: number) => Math.round(value * 10 ** places) / 10 ** places;
  const [longitude, latitude] = onGlobe(x, y).map((degrees) => rounded(degrees, digits));
  return `#${rounded(zoom, 2)}/${latitude}/${longitude}`;
}

/** Return the tiles in sight. */
export function tilesInSight({ x, y, zoom }: Camera, { width, height }: Size, maxzoom: number): TileAddress[] {
  const z = Math.max(0, Math.min(Math.floor(zoom), maxzoom));
  const count = 2 ** z;
  const [across, down] = [width / 2 / WORLD / 2 ** zoom, height / 2 / WORLD / 2 ** zoom];
  const within = (at: number) => Math.min(Math.max(Math.floor(at * count), 0), count - 1);
  const found: TileAddress[] = [];
  for (let row = within(y - down); row <= within(y + down); row += 1)
    for (let column = within(x - across); column <= within(x + across); column += 1) found.push({ z, x: column, y: row });
  return found;
}

/** Return the pixels of a plate for a map of this size. */
export function plateSize({ width, height }: Size, ratio: number): Size {
  const fine = Math.min(ratio, Math.sqrt(MOST_PIXELS / (width * height)));
  return { width: Math.floor(width * fine), height: Math.floor(height * fine) };
}

/** Return where the plane lies on a plate of the map. */
export function placingOf({ x, y, zoom }: Camera, size: Size, plate: Size): Placing {
  const scale = WORLD * 2 ** zoom * (plate.width / size.width);
  return { scale, left: plate.width / 2 - x * scale, top: plate.height / 2 - y * scale };
}
