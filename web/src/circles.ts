/** Counts as circles in proportion: how large they are on the map, and which of them a legend shows. */

import type { ExpressionSpecification } from "maplibre-gl";
import { type Area, gazetteer, type Legend } from "./api";

export type Scale = NonNullable<Legend["circles"]>;

/** A legend shows circles up to this radius in pixels: so many, each for about so many times the next. */
const LARGEST = 22;
const EXAMPLES = 3;
const STEP = 5;
/** How much of a circle's colour covers what lies under it. */
export const OPACITY = 0.72;

/** The values of a map that are drawn as circles, and where. */
export interface Circled {
  scale: Scale;
  values: ReadonlyMap<string, number | null>;
  places: ReadonlyMap<string, Pick<Area, "centre">>;
}

/** Return what is drawn as circles of the values told; null where areas are painted. */
export async function circledBy(found: Legend, vintage: string, told: () => Promise<{ codes: string[]; values: (number | null)[] }>): Promise<Circled | null> {
  if (!found.circles) return null;
  const [{ codes, values }, places] = await Promise.all([told(), gazetteer(found.level, vintage)]);
  return { scale: found.circles, values: new Map(codes.map((code, index) => [code, values[index] ?? null])), places };
}

/** Return the colour of each class, and of no data; under circles all areas are paper. */
export function coloursOf({ classes, no_data, circles }: Pick<Legend, "classes" | "no_data" | "circles">): { colours: string[]; noData: string } {
  return { colours: classes.map((one) => circles?.land ?? one.colour), noData: no_data.colour };
}

export interface Example {
  value: number;
  radius: number;
}

/** Return the radius, in pixels at a zoom, of the circle of the largest number. */
export function largestRadius({ sizes, growth }: Scale, zoom: number): number {
  const stops = sizes.map(([at = 0, pixels = 0]): [number, number] => [at, pixels]);
  const after = stops.findIndex(([at]) => zoom < at);
  if (after <= 0) return (after === 0 ? stops[0] : stops.at(-1))?.[1] ?? 0;
  const [[from, small], [to, large]] = [stops[after - 1] as [number, number], stops[after] as [number, number]];
  return small + (large - small) * ((growth ** (zoom - from) - 1) / (growth ** (to - from) - 1));
}

/** Return the radius of each circle for MapLibre. */
export function radiusOf({ most, sizes, growth }: Scale): ExpressionSpecification {
  const share = ["sqrt", ["/", ["abs", ["get", "value"]], most || 1]];
  return ["interpolate", ["exponential", growth], ["zoom"], ...sizes.flatMap(([zoom, pixels]) => [zoom, ["*", pixels, share]])] as ExpressionSpecification;
}

/** Return the largest of 1, 2 and 5 times a power of ten that is not above a positive number. */
function roundBelow(number: number): number {
  const power = 10 ** Math.floor(Math.log10(number));
  return Math.max(...[1, 2, 5].filter((step) => step * power <= number * (1 + 1e-12)).map((step) => step * power));
}

/** Return circles of round numbers up to a limit, the largest first. */
function upTo(limit: number, scale: Scale, largest: number, decimals: number): Example[] {
  const found: Example[] = [];
  let number = Math.min(limit, scale.most * Math.min(1, (LARGEST / largest) ** 2));
  while (number > 0 && found.length < EXAMPLES) {
    number = roundBelow(number);
    if (Number(number.toFixed(decimals)) === 0) break;
    found.push({ value: number, radius: largest * Math.sqrt(number / scale.most) });
    number /= STEP;
  }
  return found;
}

/** Return the circles of a legend, the largest first, as large as they are on the map and no larger than there are; then one of losses, more where all are. */
export function examples(scale: Scale, largest: number, decimals: number): Example[] {
  const most = (sign: number) => Math.max(0, ...scale.examples.map((one) => sign * one.value));
  const gains = upTo(most(1), scale, largest, decimals);
  const losses = upTo(most(-1), scale, largest, decimals).slice(0, gains.length > 0 ? 1 : EXAMPLES);
  return [...gains, ...losses.map((one) => ({ ...one, value: -one.value }))];
}
