import { expect, test } from "vitest";
import { CELLS, range } from "./gap";

test("the key of cells says from where to where a colour goes, as all legends do", () => {
  expect(CELLS.map((_, index) => range(index, "ja"))).toEqual(["1 未満", "1 以上 10 未満", "10 以上 50 未満", "50 以上 200 未満", "200 以上"]);
  expect(CELLS.map((_, index) => range(index, "en"))).toEqual(["under 1", "1 to under 10", "10 to under 50", "50 to under 200", "200 or more"]);
});
