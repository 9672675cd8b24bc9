/** The marks of deployments: status by shape and by colour, so that neither is needed alone. */

type Draw = (on: CanvasRenderingContext2D) => void;

const polygon =
  (...points: [number, number][]): Draw =>
  (on) => {
    for (const [index, [x, y]] of points.entries()) {
      if (index) on.lineTo(x, y);
      else on.moveTo(x, y);
    }
    on.closePath();
  };
const circle: Draw = (on) => on.arc(16, 16, 11, 0, 2 * Math.PI);
const star = polygon(
  ...Array.from({ length: 10 }, (_, index): [number, number] => {
    const radius = index % 2 ? 6 : 14;
    const angle = (index * Math.PI) / 5 - Math.PI / 2;
    return [16 + radius * Math.cos(angle), 16 + radius * Math.sin(angle)];
  }),
);
const cross = polygon([8, 4], [16, 12], [24, 4], [28, 8], [20, 16], [28, 24], [24, 28], [16, 20], [8, 28], [4, 24], [12, 16], [4, 8]);

/** Colours are those of the layers' categories. */
export const MARKS: Record<string, { colour: string; draw: Draw; sign: string }> = {
  proposed: { colour: "#fdae61", draw: polygon([16, 4], [28, 27], [4, 27]), sign: "▲" },
  adopted: { colour: "#74add1", draw: polygon([16, 3], [29, 16], [16, 29], [3, 16]), sign: "◆" },
  in_progress: { colour: "#4575b4", draw: circle, sign: "●" },
  operating: { colour: "#313695", draw: star, sign: "★" },
  finished: { colour: "#8073ac", draw: polygon([5, 5], [27, 5], [27, 27], [5, 27]), sign: "■" },
  withdrawn: { colour: "#d73027", draw: cross, sign: "✖" },
  planned_none: { colour: "#fee090", draw: polygon([3, 11], [29, 11], [29, 21], [3, 21]), sign: "▬" },
};

/** Return the picture of a status, 32 pixels wide. */
export function mark(status: string): ImageData {
  const canvas = new OffscreenCanvas(32, 32);
  const on = canvas.getContext("2d") as unknown as CanvasRenderingContext2D;
  const { colour, draw } = MARKS[status] ?? { colour: "#888888", draw: circle };
  on.beginPath();
  draw(on);
  on.fillStyle = colour;
  on.fill();
  on.lineWidth = 2.5;
  on.strokeStyle = "#ffffff";
  on.stroke();
  on.lineWidth = 1;
  on.strokeStyle = "#101418";
  on.stroke();
  return on.getImageData(0, 0, 32, 32);
}
