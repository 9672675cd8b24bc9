import { expect, test } from "vitest";
import { full, short, signed } from "./numbers";

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
