import { expect, test } from "vitest";
import type { LegendClass } from "./api";
import { classesOf, histogram } from "./legend";

const upTo = (upper: number | null): LegendClass => ({ lower: upper === null ? null : 0, upper, colour: "#000000", label: { ja: "", en: "" }, count: 0 });

test("a value on a bound is of the class below it, and a missing one of none", () => {
  expect(classesOf([-5, 2, 2.000001, 4, null], [upTo(2), upTo(4)])).toEqual([0, 0, 1, 1, null]);
});

test("one class takes in every value", () => {
  expect(classesOf([-1, 3, 99], [upTo(3)])).toEqual([0, 0, 0]);
});

test("a period without a single class gives no value one", () => {
  expect(classesOf([1, null], [])).toEqual([null, null]);
});

test("values that are all the same stand in one bin", () => {
  expect(histogram([5, 5, 5], 4)).toEqual({ edges: [5, 5], counts: [3, 0, 0, 0] });
});

test("the highest value is of the last bin, not beyond it", () => {
  expect(histogram([0, 1, 2, 3], 4).counts).toEqual([1, 1, 1, 1]);
});

test("the order of values makes no difference, and they are left as they were", () => {
  const values = [3, -1, 2, 10];
  expect(histogram(values, 3)).toEqual(histogram([10, 3, 2, -1], 3));
  expect(values).toEqual([3, -1, 2, 10]);
});

test("nothing has no counts", () => {
  expect(histogram([], 2)).toEqual({ edges: [0, 0], counts: [0, 0] });
});
