import { expect, test } from "vitest";
import { cover, emptyPlate, etch, type Plate, pixelOf, pour, veilOf } from "./plate";

const AS_IT_IS = { scale: 1, left: 0, top: 0 };
const square = (west: number, north: number, east: number, south: number) => [west, north, east, north, east, south, west, south, west, north];

function rows({ width, areas }: Plate): string[] {
  return Array.from({ length: areas.length / width }, (_, row) => areas.subarray(row * width, (row + 1) * width).join(""));
}

test("an area has the pixels whose middle lies within its ring", () => {
  const plate = emptyPlate(4, 3);
  etch(plate, "13101", [square(0.6, 0.4, 3.4, 2.4)], AS_IT_IS);
  expect(rows(plate)).toEqual(["0110", "0110", "0000"]);
});

test("two areas with a common border leave no pixel between them and share none", () => {
  const plate = emptyPlate(5, 2);
  etch(plate, "01000", [[0, 0, 2.3, 0, 3.7, 2, 0, 2, 0, 0]], AS_IT_IS);
  etch(plate, "02000", [[2.3, 0, 5, 0, 5, 2, 3.7, 2, 2.3, 0]], AS_IT_IS);
  expect(rows(plate)).toEqual(["11122", "11122"]);
});

test("a hole is not of the area around it", () => {
  const plate = emptyPlate(5, 5);
  etch(plate, "29000", [square(0, 0, 5, 5), square(1, 1, 4, 4)], AS_IT_IS);
  etch(plate, "30000", [square(2, 2, 3, 3)], AS_IT_IS);
  expect(rows(plate)).toEqual(["11111", "10001", "10201", "10001", "11111"]);
});

test("what lies beyond the edges of the map is cut", () => {
  const plate = emptyPlate(3, 2);
  etch(plate, "47000", [square(-10, -10, 2, 1)], AS_IT_IS);
  etch(plate, "46000", [square(1, 1, 90_000, 90_000)], AS_IT_IS);
  etch(plate, "45000", [square(-9, -9, -5, -5)], AS_IT_IS);
  expect(rows(plate)).toEqual(["110", "022"]);
  expect([...plate.codes.keys()]).toEqual(["47000", "46000"]);
});

test("the parts of an area in two tiles are one area", () => {
  const plate = emptyPlate(4, 1);
  etch(plate, "20000", [square(0, 0, 4096, 4096)], { scale: 2 / 4096, left: 0, top: 0 });
  etch(plate, "20000", [square(0, 0, 2048, 4096)], { scale: 2 / 4096, left: 2, top: 0 });
  expect(rows(plate)).toEqual(["1110"]);
});

test("a palette gives each pixel its area's colour, red first", () => {
  const plate = emptyPlate(3, 1);
  etch(plate, "13000", [square(1, 0, 2, 1)], AS_IT_IS);
  etch(plate, "14000", [square(2, 0, 3, 1)], AS_IT_IS);
  const pixels = new Uint32Array(3);
  pour(plate, pixelOf("#e6edf3"), (code) => pixelOf(code === "13000" ? "#bd0026" : "#cccccc"), pixels);
  expect([...new Uint8Array(pixels.buffer)]).toEqual([0xe6, 0xed, 0xf3, 255, 0xbd, 0x00, 0x26, 255, 0xcc, 0xcc, 0xcc, 255]);
});

test("a veil is what a drawing has that is not clear, the topmost row last in the drawing", () => {
  const [clear, line, name] = [
    [0, 0, 0, 0],
    [10, 20, 30, 128],
    [1, 2, 3, 255],
  ];
  const veil = veilOf(Uint8Array.from([clear, line, name, clear].flat()), 2, 2);
  expect([...veil.at]).toEqual([0, 3]);
  expect([...veil.pixels]).toEqual([...name, ...line]);
});

test("under a veil as much of a colour is left as it lets through", () => {
  const pixels = new Uint8ClampedArray([200, 100, 50, 255, 200, 100, 50, 255]);
  cover({ at: Uint32Array.of(1), pixels: Uint8Array.of(10, 20, 30, 51) }, pixels); // a fifth is covered
  expect([...pixels]).toEqual([200, 100, 50, 255, 170, 100, 70, 255]);
});

test("a ring that lies within another counts by the even-odd rule, however deep", () => {
  const plate = emptyPlate(7, 1);
  etch(plate, "1", [square(0, 0, 7, 1), square(1, 0, 6, 1), square(2, 0, 5, 1)], AS_IT_IS);
  expect(rows(plate)).toEqual(["1011101"]);
});

test("rings run either way round", () => {
  const [one, other] = [emptyPlate(3, 3), emptyPlate(3, 3)];
  etch(one, "1", [square(0, 0, 2, 2)], AS_IT_IS);
  etch(other, "1", [[0, 0, 0, 2, 2, 2, 2, 0, 0, 0]], AS_IT_IS);
  expect(rows(one)).toEqual(rows(other));
});

test("a vertex in the middle of a row is crossed once", () => {
  const plate = emptyPlate(4, 3);
  etch(plate, "1", [[2, 0, 4, 1.5, 2, 3, 0, 1.5, 2, 0]], AS_IT_IS);
  expect(rows(plate)).toEqual(["0110", "1111", "0110"]);
});

test("an area too small for the middle of a pixel has none and takes no place among the codes", () => {
  const plate = emptyPlate(2, 2);
  etch(plate, "1", [square(0.6, 0.6, 0.9, 0.9)], AS_IT_IS);
  expect([rows(plate), plate.codes.size]).toEqual([["00", "00"], 0]);
});

test("another palette leaves nothing of the one before", () => {
  const plate = emptyPlate(2, 1);
  etch(plate, "1", [square(0, 0, 1, 1)], AS_IT_IS);
  const pixels = new Uint32Array(2);
  pour(plate, 7, () => 8, pixels);
  pour(plate, 1, () => 2, pixels);
  expect([...pixels]).toEqual([2, 1]);
});

test("a drawing without a pixel that is not clear is no veil", () => {
  expect(veilOf(new Uint8Array(16), 2, 2).at).toHaveLength(0);
});
