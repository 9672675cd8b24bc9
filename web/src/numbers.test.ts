import { expect, test } from "vitest";
import type { Layer } from "./api";
import { full, short, signed, valueText } from "./numbers";
import { text } from "./texts";

const persons = { unit: { ja: "人", en: "persons" }, decimals: 0 };
const rate = { unit: { ja: "%", en: "%" }, decimals: 1 };
const thousandYen = { unit: { ja: "千円", en: "thousand yen" }, decimals: 0 };
const millionYen = { unit: { ja: "百万円", en: "million yen" }, decimals: 0 };

test.each([
  [9_999, "9,999人", "9,999 persons"],
  [12_345, "1.23万人", "12.3K persons"],
  [99_994, "9.999万人".replace("9.999", "10"), "100K persons"],
  [332_149, "33.2万人", "332K persons"],
  [5_224_614, "522万人", "5.22M persons"],
  [126_146_099, "1.26億人", "126M persons"],
])("%d persons read short", (value, ja, en) => {
  expect(short(value, persons, "ja")).toBe(ja);
  expect(short(value, persons, "en")).toBe(en);
});

test.each([
  [3_467, thousandYen, "347万円", "3.47M yen"],
  [163.5, thousandYen, "16.4万円", "164K yen"],
  [378_498_873, millionYen, "378兆円", "378T yen"],
])("%d of a unit in thousands or millions read in yen", (value, measured, ja, en) => {
  expect(short(value, measured, "ja")).toBe(ja);
  expect(short(value, measured, "en")).toBe(en);
});

test("a value in full keeps its unit and its decimals", () => {
  expect(full(29.02010844, rate, "ja")).toBe("29.0%");
  expect(full(332149, persons, "ja")).toBe("332,149人");
  expect(full(332149, persons, "en")).toBe("332,149 persons");
  expect(full(3467, thousandYen, "ja")).toBe("3,467千円");
});

test("a minus is a true one, and what rounds to nothing has none", () => {
  expect(full(-34.2, rate, "ja")).toBe("−34.2%");
  expect(full(-0.04, rate, "en")).toBe("0.0%");
  expect(short(-332149, persons, "ja")).toBe("−33.2万人");
  expect(short(-332149, persons, "en")).toBe("−332K persons");
});

test("a change has a sign, and none where it rounds to nothing", () => {
  expect(signed(1.25, 1, "ja")).toBe("+1.3");
  expect(signed(-1234, 0, "en")).toBe("−1,234");
  expect(signed(-0.04, 1, "ja")).toBe("±0.0");
});

test.each([
  [9_999.4, "9,999人"],
  [10_000, "1万人"],
  [99_940, "9.99万人"],
  [99_960, "10万人"],
  [999_600, "100万人"],
  [99_940_000, "9,994万人"],
  [99_960_000, "1億人"], // not 9,996万人, which has four digits beside a name of its own
  [999_960_000_000, "1兆人"],
  [0, "0人"],
])("%d persons change their name where it is shorter", (value, ja) => {
  expect(short(value, persons, "ja")).toBe(ja);
});

test("what has no unit is a number alone", () => {
  const bare = { unit: { ja: "", en: "" }, decimals: 2 };
  expect([full(1.005, bare, "ja"), full(1234.5, bare, "en"), short(1.3, bare, "ja")]).toEqual(["1.01", "1,234.50", "1.30"]);
});

test("a per cent stands close in both languages", () => {
  expect([short(12.34, rate, "ja"), short(12.34, rate, "en")]).toEqual(["12.3%", "12.3%"]);
});

const layer = (topic: string, categories: Layer["categories"] = []) => ({ topic: { id: topic }, categories, ...rate }) as unknown as Layer;
const TOWN = { code: 4, label: { ja: "町", en: "Town" }, colour: "#e6ab02" };

test("a missing figure is no data, and of measures none known", () => {
  expect([valueText(null, layer("population"), "ja"), valueText(undefined, layer("population"), "en")]).toEqual([text("noData", "ja"), text("noData", "en")]);
  expect(valueText(null, layer("measures"), "ja")).toBe(text("noneKnown", "ja"));
});

test("a category is told by its name, and a figure in full", () => {
  expect(valueText(4, layer("land", [TOWN]), "en")).toBe("Town");
  expect(valueText(0, layer("population"), "ja")).toBe("0.0%");
});

test("a change of thousands has commas and its own decimals", () => {
  expect(signed(1234.56, 1, "ja")).toBe("+1,234.6");
  expect(signed(0, 0, "ja")).toBe("±0");
});
