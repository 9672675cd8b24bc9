import { expect, test } from "vitest";
import { boxOf, CHOSEN, contrast, outside, parentOf } from "./framed";

test("black on white has the greatest contrast there is", () => {
  expect(contrast("#000000", "#ffffff")).toBe(21);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2); // the example of WCAG's authors: just too little
});

test("whatever an area's colour, its outline or the casing of it has a contrast of 4.5", () => {
  for (const { line, casing } of Object.values(CHOSEN))
    for (let grey = 0; grey < 256; grey += 1) {
      const colour = `#${grey.toString(16).padStart(2, "0").repeat(3)}`;
      expect(Math.max(contrast(line, colour), contrast(casing, colour))).toBeGreaterThanOrEqual(4.5);
    }
});

test("a box is read only where it is one", () => {
  expect(boxOf("136.7,36.2,137.8,37")).toEqual([136.7, 36.2, 137.8, 37]);
  for (const text of ["", "136.7,36.2,137.8", "a,b,c,d", "137,36,136,37", "136,36,137,99", "136,36,137,37,5"]) expect(boxOf(text)).toBeNull();
});

test("a prefecture is named by two digits or five", () => {
  expect(["16", "16000", "00000"].map(parentOf)).toEqual(["16000", "16000", "00000"]);
  expect(["", "16201", "tokyo", "1"].map(parentOf)).toEqual(["", "", "", ""]);
});

test("what lies outside an area is the world with a hole for each of its islands", () => {
  const square = (at: number) => [
    [at, 0],
    [at + 1, 0],
    [at + 1, 1],
    [at, 0],
  ];
  const isles = { type: "MultiPolygon" as const, coordinates: [[square(1), square(1.2)], [square(5)]] };
  const { geometry } = outside({ type: "Feature", properties: {}, geometry: isles });
  expect(geometry.type === "Polygon" && geometry.coordinates.slice(1)).toEqual([square(1), square(5)]);
});
