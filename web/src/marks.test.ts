import { expect, test } from "vitest";
import type { Legend } from "./api";
import { fiscalYear, quiet, stateIn, statusBy, underMarks } from "./marks";

const told = { counted: { first: 2022, last: 2024 }, status: "operating", statuses: [] } as unknown as Parameters<typeof stateIn>[0];
const dated = {
  ...told,
  statuses: [
    { status: "adopted", since: "2022-06-21" },
    { status: "operating", since: "2024-02" },
  ],
};

test("a date lies in the fiscal year that begins in April, and a year alone is one", () => {
  expect(["2026-03-06", "2019-07", "2023"].map(fiscalYear)).toEqual([2025, 2019, 2023]);
});

test.each([
  [2021, null],
  [2022, { status: "adopted", since: "2022-06-21" }],
  [2023, { status: "operating", since: "2024-02" }],
  [2025, { status: "finished", since: null }],
])("a deployment of %i is in the state that its dates and its end tell", (year, state) => {
  expect(stateIn(dated, year)).toEqual(state);
});

test("one state without a date holds from the start", () => {
  expect(stateIn(told, 2022)).toEqual({ status: "operating", since: null });
});

test("under the marks of a measure areas are quiet and still told apart, elsewhere they keep their colours", () => {
  expect(quiet("#313695")).toBe("#c5c7e1");
  const legend = (layer: string) => ({ layer, no_data: { colour: "#cccccc" }, classes: [{ colour: "#313695" }, { colour: "#74add1" }] }) as unknown as Legend;
  const pale = underMarks(legend("deployments:smart-cities")).classes.map((one) => one.colour);
  expect(pale).toEqual(["#c5c7e1", quiet("#74add1")]);
  expect(pale.map(statusBy)).toEqual(["operating", "adopted"]);
  expect(underMarks(legend("ageing-rate")).classes[0]?.colour).toBe("#313695");
});
