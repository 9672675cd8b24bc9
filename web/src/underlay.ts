/** A canvas under a map, where a plate stands in for the map's own fill. */

import { colourOf, h } from "./element";
import { cover, type Plate, pixelOf, pour, type Veil, veilOf } from "./plate";

/** What colour each class has. */
export interface Colours {
  colours: string[];
  noData: string;
}

/** How much white there is in the colours of areas that step back. */
const PALE = 0.82;

/** Return a colour such as #0b5c8a, pale. */
export function pale(colour: string): string {
  const channels = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  return `#${channels
    .map((one) =>
      Math.round(one + (255 - one) * PALE)
        .toString(16)
        .padStart(2, "0"),
    )
    .join("")}`;
}

export class Underlay {
  readonly canvas = h("canvas", { class: "plate", "aria-hidden": "true", hidden: true });
  private plate: Plate | null = null;
  private image = new ImageData(1, 1);
  private veil: Veil | null = null;
  /** Where there is no area; asked for again only where the page has become dark or light, for a paint is one of many a second. */
  private water = { scheme: "", pixel: 0 };
  private paintAgain = () => {};

  constructor(private readonly map: HTMLElement) {
    map.before(this.canvas);
  }

  /** Put a plate where the map is now. */
  lay(plate: Plate): void {
    const { canvas, map } = this;
    this.plate = plate;
    this.veil = null;
    this.image = new ImageData(plate.width, plate.height);
    canvas.width = plate.width;
    canvas.height = plate.height;
    Object.assign(canvas.style, { left: `${map.offsetLeft}px`, top: `${map.offsetTop}px`, width: `${map.clientWidth}px`, height: `${map.clientHeight}px` });
  }

  /** Show the plate in the colours of the areas' classes. */
  paint({ colours, noData }: Colours, classOf: (code: string) => number | null | undefined): void {
    if (!this.plate) return;
    this.paintAgain = () => this.paint({ colours, noData }, classOf);
    const pixels = colours.map(pixelOf);
    const missing = pixelOf(noData);
    const scheme = getComputedStyle(this.canvas).colorScheme;
    if (scheme !== this.water.scheme) this.water = { scheme, pixel: pixelOf(colourOf(this.canvas, "--water")) };
    pour(this.plate, this.water.pixel, (code) => pixels[classOf(code) ?? -1] ?? missing, new Uint32Array(this.image.data.buffer));
    if (this.veil) cover(this.veil, this.image.data);
    this.canvas.getContext("2d", { alpha: false })?.putImageData(this.image, 0, 0);
    this.canvas.hidden = false;
  }

  /** Show what the map has just drawn on the plate too, and tell whether that can be: then one picture is moved, not two. */
  take(drawn: HTMLCanvasElement): boolean {
    const gl = drawn.getContext("webgl2");
    const { width, height } = drawn;
    if (!gl || width !== this.plate?.width || height !== this.plate.height) return false;
    const drawing = new Uint8Array(4 * width * height);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, drawing);
    this.veil = veilOf(drawing, width, height);
    this.paintAgain();
    return true;
  }
}
