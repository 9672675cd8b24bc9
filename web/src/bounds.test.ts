import { expect, test } from "vitest";
import { boundsOf } from "./bounds";

test("bounds are parted by commas of any width, blanks or line breaks", () => {
  expect(boundsOf("10, 20、30  35.5")).toEqual([10, 20, 30, 35.5]);
  expect(boundsOf("１０，２０　３０")).toEqual([10, 20, 30]);
});

test("a true minus is a minus", () => {
  expect(boundsOf("−5, -2.5, 0")).toEqual([-5, -2.5, 0]);
});

test("what is no number is told", () => {
  expect(boundsOf("10, 二十")).toEqual({ kind: "number", found: "二十" });
  expect(boundsOf("1e999")).toEqual({ kind: "number", found: "1e999" });
});

test("nothing at all is told", () => {
  expect(boundsOf(" , ")).toEqual({ kind: "none" });
});

test("bounds that do not ascend are told with the two that do not", () => {
  expect(boundsOf("10, 30, 20")).toEqual({ kind: "order", before: 30, after: 20 });
  expect(boundsOf("10, 10")).toEqual({ kind: "order", before: 10, after: 10 });
});

test("no more bounds are taken than the service takes", () => {
  expect(boundsOf("1 2 3 4 5 6 7 8 9 10 11 12")).toHaveLength(12);
  expect(boundsOf("1 2 3 4 5 6 7 8 9 10 11 12 13")).toEqual({ kind: "many", found: 13 });
});
