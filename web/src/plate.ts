/** A plate: which area each pixel of a map shows is worked out once; a period is then a palette poured in. */

/** Points of a closed ring, x and y in turn. */
export type Ring = ArrayLike<number>;

/** How the rings' units become pixels: `x · scale + left`, `y · scale + top`. */
export interface Placing {
  scale: number;
  left: number;
  top: number;
}

export interface Plate {
  width: number;
  height: number;
  /** Per pixel the place of its area in `codes` plus one; 0 where there is none. */
  areas: Uint16Array;
  codes: Map<string, number>;
}

/** More than any map is wide, so that row and column sort as one number. */
const ROW = 1 << 16;

/** Return a plate without areas. */
export function emptyPlate(width: number, height: number): Plate {
  return { width, height, areas: new Uint16Array(width * height), codes: new Map() };
}

/** Return where the ring crosses the middle of rows, each as row · ROW + x; whatever lies left of the map at x = 0. */
function crossings(rings: Iterable<Ring>, { scale, left, top }: Placing, { width, height }: Plate): Float64Array {
  const found: number[] = [];
  for (const ring of rings) {
    let x = (ring[0] as number) * scale + left;
    let y = (ring[1] as number) * scale + top;
    for (let at = 2; at < ring.length; at += 2) {
      const [fromX, fromY] = [x, y];
      x = (ring[at] as number) * scale + left;
      y = (ring[at + 1] as number) * scale + top;
      const [low, high] = fromY < y ? [fromY, y] : [y, fromY];
      const last = Math.min(Math.ceil(high - 0.5), height);
      for (let row = Math.max(Math.ceil(low - 0.5), 0); row < last; row += 1) {
        const crossed = fromX + ((row + 0.5 - fromY) / (y - fromY)) * (x - fromX);
        found.push(row * ROW + Math.min(Math.max(crossed, 0), width));
      }
    }
  }
  return Float64Array.from(found).sort();
}

/** Give the pixels whose middle lies within the rings (by the even-odd rule) to an area. */
export function etch(plate: Plate, code: string, rings: Iterable<Ring>, placing: Placing): void {
  const found = crossings(rings, placing, plate);
  if (found.length === 0) return;
  const area = (plate.codes.get(code) ?? plate.codes.size) + 1;
  plate.codes.set(code, area - 1);
  for (let at = 0; at + 1 < found.length; at += 2) {
    const [enter, leave] = [found[at] as number, found[at + 1] as number];
    const row = Math.floor(enter / ROW);
    const start = row * plate.width - row * ROW;
    plate.areas.fill(area, start + Math.ceil(enter - 0.5), start + Math.ceil(leave - 0.5));
  }
}

/** Return a colour such as #0b5c8a as a pixel of an `ImageData` seen as 32-bit numbers. */
export function pixelOf(colour: string): number {
  const value = Number.parseInt(colour.slice(1), 16);
  const [red, green, blue] = [value >> 16, (value >> 8) & 255, value & 255];
  return new Uint32Array(new Uint8Array([red, green, blue, 255]).buffer)[0] as number; // in this machine's order of bytes
}

/** Colour every pixel by its area; `pixelOfArea` is told the code, `elsewhere` is what no area has. */
export function pour(plate: Plate, elsewhere: number, pixelOfArea: (code: string) => number, into: Uint32Array): void {
  const palette = new Uint32Array(plate.codes.size + 1);
  palette[0] = elsewhere;
  for (const [code, place] of plate.codes) palette[place + 1] = pixelOfArea(code);
  const { areas } = plate;
  for (let at = 0; at < areas.length; at += 1) into[at] = palette[areas[at] as number] as number;
}

/** What lies over a plate: the pixels that are not clear, and what they are, premultiplied. */
export interface Veil {
  at: Uint32Array;
  pixels: Uint8Array;
}

/** Return the veil of a drawing, as WebGL reads it: four bytes a pixel, the lowest row first. */
export function veilOf(drawing: Uint8Array, width: number, height: number): Veil {
  const at: number[] = [];
  const pixels: number[] = [];
  for (let row = 0; row < height; row += 1) {
    const from = (height - 1 - row) * width;
    for (let column = 0; column < width; column += 1) {
      const byte = 4 * (from + column);
      if (drawing[byte + 3] === 0) continue;
      at.push(row * width + column);
      for (let channel = 0; channel < 4; channel += 1) pixels.push(drawing[byte + channel] as number);
    }
  }
  return { at: Uint32Array.from(at), pixels: Uint8Array.from(pixels) };
}

/** Lay a veil over opaque pixels. */
export function cover({ at, pixels }: Veil, into: Uint8ClampedArray): void {
  for (let index = 0; index < at.length; index += 1) {
    const byte = 4 * (at[index] as number);
    const left = 1 - (pixels[4 * index + 3] as number) / 255;
    for (let channel = 0; channel < 3; channel += 1) into[byte + channel] = (pixels[4 * index + channel] as number) + (into[byte + channel] as number) * left;
  }
}
