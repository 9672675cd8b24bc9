/** A prefecture drawn in frames: its mainland, and islands too far from it each in one of their own. */

import { inPlane } from "../camera";

/** Islands nearer than this are in one frame. */
const GAP_KM = 45;
const EQUATOR_KM = 40_075;

export type Ring = readonly (readonly number[])[];
export type Edges = [left: number, top: number, right: number, bottom: number];

/** A part of an area, in the plane. */
export interface Part {
  code: string;
  rings: [x: number, y: number][][];
  edges: Edges;
  size: number;
}

export interface Frame {
  edges: Edges;
  parts: Part[];
}

function sizeOf(ring: [x: number, y: number][]): number {
  let twice = 0;
  for (const [index, [x, y]] of ring.entries()) {
    const [nextX, nextY] = ring[(index + 1) % ring.length] ?? [x, y];
    twice += x * nextY - nextX * y;
  }
  return Math.abs(twice) / 2;
}

/** Return a polygon of longitudes and latitudes as a part. */
export function partOf(code: string, polygon: readonly Ring[]): Part {
  const rings = polygon.map((ring) => ring.map(([longitude = 0, latitude = 0]) => inPlane(longitude, latitude)));
  const outer = rings[0] ?? [];
  const [xs, ys] = [outer.map(([x]) => x), outer.map(([, y]) => y)];
  return { code, rings, edges: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)], size: sizeOf(outer) };
}

function around(parts: readonly Part[]): Edges {
  const at = (index: number) => parts.map((one) => one.edges[index] as number);
  return [Math.min(...at(0)), Math.min(...at(1)), Math.max(...at(2)), Math.max(...at(3))];
}

function distance(one: Edges, other: Edges): number {
  const across = Math.max(0, other[0] - one[2], one[0] - other[2]);
  const down = Math.max(0, other[1] - one[3], one[1] - other[3]);
  return Math.hypot(across, down);
}

function clusters(parts: readonly Part[], gap: number): Part[][] {
  let found: { edges: Edges; parts: Part[] }[] = [];
  for (const part of parts) {
    const near = found.filter((one) => distance(one.edges, part.edges) <= gap && one.parts.some((each) => distance(each.edges, part.edges) <= gap));
    const together = [part, ...near.flatMap((one) => one.parts)];
    found = [...found.filter((one) => !near.includes(one)), { edges: around(together), parts: together }];
  }
  return found.map((one) => one.parts);
}

/** Return the frames that show every area of a prefecture, the largest first; islets that belong to an area elsewhere have none. */
export function framesOf(parts: readonly Part[]): Frame[] {
  const [, top, , bottom] = around(parts);
  const shrunk = Math.cosh(Math.PI * (1 - top - bottom)); // how much larger Mercator draws than at the equator
  const size = (cluster: Part[], code = "") => cluster.reduce((sum, one) => sum + (code && one.code !== code ? 0 : one.size), 0);
  const found = clusters(parts, (GAP_KM / EQUATOR_KM) * shrunk);
  // an area is shown where most of it is
  const homes = new Map<string, Part[]>();
  for (const cluster of found) for (const { code } of cluster) if (size(cluster, code) > size(homes.get(code) ?? [], code)) homes.set(code, cluster);
  const shown = new Set(homes.values());
  return found
    .filter((cluster) => shown.has(cluster))
    .sort((one, other) => size(other) - size(one))
    .map((cluster) => ({ edges: around(cluster), parts: cluster }));
}

/** The pixels of a frame that a path counts in, across. */
export const ACROSS = 1000;

/** Return how high a frame is for its width. */
export function ratioOf({ edges: [left, top, right, bottom] }: Frame): number {
  return (bottom - top) / (right - left || 1);
}

/** Return the path of parts of a frame. */
export function pathOf({ edges: [left, top, right] }: Frame, parts: readonly Part[]): string {
  const scale = ACROSS / (right - left || 1);
  const point = ([x, y]: [number, number]) => `${((x - left) * scale).toFixed(1)} ${((y - top) * scale).toFixed(1)}`;
  return parts.flatMap((part) => part.rings.map((ring) => `M${ring.map(point).join("L")}Z`)).join("");
}

/** Return where the middle of parts lies in a frame, as shares of its width and height: that of their largest rings, weighed by size. */
export function middleOf({ edges: [left, top, right, bottom] }: Frame, parts: readonly Part[]): [x: number, y: number] {
  let [sum, sumX, sumY] = [0, 0, 0];
  for (const { rings, size } of parts) {
    const ring = rings[0] ?? [];
    let [twice, x, y] = [0, 0, 0];
    const [originX, originY] = ring[0] ?? [0, 0]; // sums of small differences, not of large numbers
    for (const [index, [atX, atY]] of ring.entries()) {
      const [nextX, nextY] = ring[(index + 1) % ring.length] ?? [atX, atY];
      const [ax, ay, bx, by] = [atX - originX, atY - originY, nextX - originX, nextY - originY];
      const cross = ax * by - bx * ay;
      twice += cross;
      x += (ax + bx) * cross;
      y += (ay + by) * cross;
    }
    if (twice === 0) continue;
    sum += size;
    sumX += size * (originX + x / (3 * twice));
    sumY += size * (originY + y / (3 * twice));
  }
  if (sum === 0) return [0.5, 0.5];
  return [(sumX / sum - left) / (right - left || 1), (sumY / sum - top) / (bottom - top || 1)];
}
