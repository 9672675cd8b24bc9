import { expect, test } from "vitest";
import { placeOf } from "./rank";

test("the highest is first, equal values share the better rank, and missing ones are not counted", () => {
  const values = [3, null, 9, 3, 1];
  expect(placeOf(9, values)).toEqual({ rank: 1, of: 4 });
  expect(placeOf(3, values)).toEqual({ rank: 2, of: 4 });
  expect(placeOf(1, values)).toEqual({ rank: 4, of: 4 });
});

test("a missing value has no rank, nor one that is not among them", () => {
  expect(placeOf(null, [1, 2])).toBeNull();
  expect(placeOf(undefined, [1, 2])).toBeNull();
  expect(placeOf(1.5, [1, 2])).toBeNull();
  expect(placeOf(1, [])).toBeNull();
});
