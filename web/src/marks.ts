/** The marks of deployments: status by shape and by colour, so that neither is needed alone. */

import type { Deployment, Legend } from "./api";
import { s, swatch } from "./element";

const STAR = Array.from({ length: 10 }, (_, index) => {
  const radius = index % 2 ? 6 : 14;
  const angle = (index * Math.PI) / 5 - Math.PI / 2;
  return `${(16 + radius * Math.cos(angle)).toFixed(2)} ${(16 + radius * Math.sin(angle)).toFixed(2)}`;
}).join("L");

/** Colours are those of the layers' categories; shapes are paths in a square of 32. */
export const MARKS: Record<string, { colour: string; path: string; sign: string }> = {
  proposed: { colour: "#fdae61", path: "M16 4L28 27L4 27Z", sign: "▲" },
  adopted: { colour: "#74add1", path: "M16 3L29 16L16 29L3 16Z", sign: "◆" },
  in_progress: { colour: "#4575b4", path: "M5 16a11 11 0 1 0 22 0a11 11 0 1 0 -22 0Z", sign: "●" },
  operating: { colour: "#313695", path: `M${STAR}Z`, sign: "★" },
  finished: { colour: "#8073ac", path: "M5 5L27 5L27 27L5 27Z", sign: "■" },
  withdrawn: { colour: "#d73027", path: "M8 4L16 12L24 4L28 8L20 16L28 24L24 28L16 20L8 28L4 24L12 16L4 8Z", sign: "✖" },
  planned_none: { colour: "#fee090", path: "M3 11L29 11L29 21L3 21Z", sign: "▬" },
};
const OTHER = { colour: "#888888", path: MARKS["in_progress"]?.path ?? "" };
const EDGE = "#101418";

/** How much of a status's colour is left under its marks. */
const QUIET = 0.28;
/** Areas without marks. */
const PAPER = "#f8f6f1";

/** Return a colour that lets the marks on it speak. */
export function quiet(colour: string): string {
  const pale = (at: number) => Math.round(255 - QUIET * (255 - Number.parseInt(colour.slice(at, at + 2), 16)));
  return `#${[1, 3, 5].map((at) => pale(at).toString(16).padStart(2, "0")).join("")}`;
}

const STATUS_OF: ReadonlyMap<string, string> = new Map(
  Object.entries(MARKS).flatMap(([status, { colour }]) => [
    [colour, status],
    [quiet(colour), status],
  ]),
);

/** Return the status that a colour of a legend stands for. */
export function statusBy(colour: string): string | undefined {
  return STATUS_OF.get(colour);
}

/** Return the measure whose deployments a layer shows, if it shows one's. */
export function measureOf(layer: string): string | null {
  return /^deployments:(.+)$/.exec(layer)?.[1] ?? null;
}

/** Return a legend as its map has it: under marks the areas of a measure are quiet. */
export function underMarks(legend: Legend): Legend {
  if (!measureOf(legend.layer)) return legend;
  const no_data = { ...legend.no_data, colour: PAPER };
  return { ...legend, no_data, classes: legend.classes.map((one) => ({ ...one, colour: quiet(one.colour) })) };
}

/** Return a box of the colour that a legend has for an area, with the mark that stands on it. */
export function sample(colour: string): SVGElement {
  const status = STATUS_OF.get(colour);
  const mark = status === undefined || MARKS[status]?.colour === colour ? undefined : MARKS[status];
  const box = swatch(colour);
  if (mark) box.append(s("path", { d: mark.path, transform: "translate(4 0) scale(0.4375)", fill: mark.colour, stroke: EDGE, "stroke-width": 1.5 }));
  return box;
}

/** Return the picture of a status, 32 pixels wide. */
export function mark(status: string): ImageData {
  const canvas = new OffscreenCanvas(32, 32);
  const on = canvas.getContext("2d") as unknown as CanvasRenderingContext2D;
  const { colour, path } = MARKS[status] ?? OTHER;
  const shape = new Path2D(path);
  on.fillStyle = colour;
  on.fill(shape);
  on.lineWidth = 2.5;
  on.strokeStyle = "#ffffff";
  on.stroke(shape);
  on.lineWidth = 1;
  on.strokeStyle = EDGE;
  on.stroke(shape);
  return on.getImageData(0, 0, 32, 32);
}

const RUNNING = ["adopted", "in_progress", "operating", "finished"];

/** Return the fiscal year that a date lies in, as far as it is told; a year alone is taken for the fiscal year. */
export function fiscalYear(date: string): number {
  const [year, month] = date.split("-").map(Number) as [number, number | undefined];
  return month !== undefined && month < 4 ? year - 1 : year;
}

/** Return the state of a deployment at the end of a fiscal year, as the layers of its measures have it; null before it was known. */
export function stateIn(one: Pick<Deployment, "status" | "statuses" | "counted">, year: number): { status: string; since: string | null } | null {
  if (year < one.counted.first) return null;
  const newest = one.statuses.filter(({ since }) => fiscalYear(since) <= year).at(-1);
  const now = newest?.status ?? one.statuses[0]?.status ?? one.status;
  const isOver = one.counted.last !== null && year > one.counted.last && RUNNING.includes(now);
  return isOver && now !== "finished" ? { status: "finished", since: null } : { status: now, since: newest?.since ?? null };
}
