import { expect, test } from "vitest";
import { cameraOf, cutOff, fitted, hashOf, inPlane, JAPAN, MAIN, nationIn, onGlobe, placingOf, plateSize, tilesInSight } from "./camera";

test("the plane is the world's square", () => {
  expect(inPlane(0, 0)).toEqual([0.5, 0.5]);
  const [x, y] = inPlane(-180, 85.0511287798066);
  expect(x).toBe(0);
  expect(y).toBeCloseTo(0, 12);
});

test("a place lies in the tile that the tile scheme gives it", () => {
  // Tokyo Station, 35.681 N 139.767 E, is in tile 14/14552/6451
  const [x, y] = inPlane(139.767, 35.681);
  expect([Math.floor(x * 2 ** 14), Math.floor(y * 2 ** 14)]).toEqual([14552, 6451]);
});

test("a camera that shows a box touches its margin with the tighter side", () => {
  const size = { width: 524, height: 1000 };
  const camera = fitted([-90, -10, 90, 10], size, 12);
  const { scale, left } = placingOf(camera, size, size);
  expect(inPlane(-90, 0)[0] * scale + left).toBeCloseTo(12);
  expect(inPlane(90, 0)[0] * scale + left).toBeCloseTo(512);
});

test("an address names zoom, latitude and longitude", () => {
  const [x, y] = inPlane(142.8, 43.4);
  expect(cameraOf("#6/43.4/142.8")).toEqual({ x, y, zoom: 6 });
});

test.each(["", "#", "#stage", "#6/43.4", "#//", "#6/43.4/", "#6/43.4/x", "#6/91/142", "#6/43/1420", "#99/43/142", "#1e3/43/142"])(
  "an address without a place names no camera: %s",
  (hash) => {
    expect(cameraOf(hash)).toBeNull();
  },
);

test.each([
  [142.8, 43.4],
  [-70.5, -33.25],
  [0, 0],
])("a place in the plane is found again on the globe: %s", (longitude, latitude) => {
  const [backLongitude, backLatitude] = onGlobe(...inPlane(longitude, latitude));
  expect(backLongitude).toBeCloseTo(longitude, 10);
  expect(backLatitude).toBeCloseTo(latitude, 10);
});

test("an address says a camera to the pixel", () => {
  const [x, y] = inPlane(139.0608123456, 36.3894567);
  expect(hashOf({ x, y, zoom: 4.304999 })).toBe("#4.3/36.39/139.06");
  expect(hashOf({ x, y, zoom: 11 })).toBe("#11/36.3895/139.0608");
});

test.each(["#6/43.4/142.8", "#2/0/0", "#14.25/-36.38946/-139.06081"])("what an address says is said again: %s", (hash) => {
  expect(hashOf(cameraOf(hash) ?? { x: 0, y: 0, zoom: 0 })).toBe(hash);
});

test("the tiles in sight are those of the zoom below", () => {
  const camera = { x: 0.5, y: 0.5, zoom: 2.9 };
  expect(tilesInSight(camera, { width: 100, height: 100 }, 12)).toEqual([
    { z: 2, x: 1, y: 1 },
    { z: 2, x: 2, y: 1 },
    { z: 2, x: 1, y: 2 },
    { z: 2, x: 2, y: 2 },
  ]);
});

test("no tile is deeper than there are", () => {
  expect(tilesInSight({ x: 0.3, y: 0.3, zoom: 14 }, { width: 10, height: 10 }, 1)).toEqual([{ z: 1, x: 0, y: 0 }]);
});

test("a plate is as fine as the screen, as long as it can be poured in a frame", () => {
  expect(plateSize({ width: 800, height: 700 }, 2)).toEqual({ width: 1600, height: 1400 });
  const { width, height } = plateSize({ width: 3000, height: 1500 }, 2);
  expect(width * height).toBeLessThanOrEqual(2_510_000);
  expect(width / height).toBeCloseTo(2, 2);
});

test.each([
  [139.0608123, 36.3894567, 4.3],
  [-73.9857, -33.4489, 16.5],
  [122.93, 24.45, 22],
  [180, -85, 0],
])("a camera is found again by its address, to the pixel: %d, %d at %d", (longitude, latitude, zoom) => {
  const [x, y] = inPlane(longitude, latitude);
  const found = cameraOf(hashOf({ x, y, zoom }));
  const pixels = 512 * 2 ** zoom;
  expect(Math.abs((found?.x ?? NaN) - x) * pixels).toBeLessThan(1);
  expect(Math.abs((found?.y ?? NaN) - y) * pixels).toBeLessThan(1);
  expect(found?.zoom).toBeCloseTo(zoom, 2);
});

test("a camera at the edge of the world sees no tiles beyond it", () => {
  expect(tilesInSight({ x: 0, y: 1, zoom: 1 }, { width: 512, height: 512 }, 12)).toEqual([{ z: 1, x: 0, y: 1 }]);
});

test("a map farther out than the world shows its one tile", () => {
  expect(tilesInSight({ x: 0.5, y: 0.5, zoom: -1 }, { width: 2000, height: 2000 }, 12)).toEqual([{ z: 0, x: 0, y: 0 }]);
});

test("a map shows the main islands where it has room for the others beside them", () => {
  expect(nationIn({ width: 833, height: 717 })).toEqual(MAIN);
  expect(nationIn({ width: 390, height: 490 })).toEqual(JAPAN);
});

test("a map of the nation cuts off the islands in the south, and one that has them in sight does not", () => {
  const cut = (width: number, height: number, nearer = 0) => {
    const size = { width, height };
    const home = fitted(nationIn(size), size);
    return cutOff({ ...home, zoom: home.zoom + nearer }, size).map((one) => one.id);
  };
  expect(cut(833, 717)).toEqual(["south-west", "ogasawara"]);
  expect(cut(600, 1000)).toEqual(["south-west"]); // Chichijima, 27.1 N 142.2 E, is in sight
  expect(cut(390, 490)).toEqual([]);
  expect(cut(833, 717, 1)).toEqual([]);
});

test("a map of one region has no islands to cut off", () => {
  const size = { width: 833, height: 717 };
  const home = fitted(MAIN, size);
  const [x, y] = inPlane(143, 43);
  expect(cutOff({ x, y, zoom: home.zoom }, size)).toEqual([]);
});
