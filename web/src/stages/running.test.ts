import { describe, expect, it } from "vitest";
import { type Dated, runningByMeasure } from "./running";
import { era, fiscalYear, fiscalYearOf } from "./years";

const one = (status: string, fy_start: number | null, fy_end: number | null, ...ids: string[]): Dated => ({
  measures: ids.map((id) => ({ id })),
  status,
  fy_start,
  fy_end,
  counted: { last: fy_end },
});

describe("deployments by fiscal year", () => {
  const found = runningByMeasure(
    [
      one("operating", 2025, null, "bus"),
      one("adopted", 2023, 2026, "bus", "city"),
      one("adopted", 2021, null, "bus"),
      one("finished", 2024, null, "bus"),
      one("proposed", 2025, null, "bus"),
      one("in_progress", null, null, "bus"),
      one("withdrawn", 2025, 2027, "bus"),
      one("adopted", 2018, 2024, "bus"),
    ],
    [2025, 2026, 2027],
  );

  it("count what is told to run apart from what has no published end", () => {
    expect(found.get("bus")?.years).toEqual([
      { year: 2025, certain: 2, open: 1, begun: 1 },
      { year: 2026, certain: 1, open: 2, begun: 0 },
      { year: 2027, certain: 0, open: 2, begun: 0 },
    ]);
  });

  it("end a grant of one year with that year, though no source tells its end", () => {
    const grant = { ...one("adopted", 2025, null, "bus"), counted: { last: 2025 } };
    const [bus] = runningByMeasure([grant], [2025, 2026]).values();
    expect(bus?.years).toEqual([
      { year: 2025, certain: 1, open: 0, begun: 1 },
      { year: 2026, certain: 0, open: 0, begun: 0 },
    ]);
    expect(runningByMeasure([grant], [2026]).get("bus")).toMatchObject({ total: 1, ended: 1 });
  });

  it("neither count what was only applied for nor hide it", () => {
    expect(found.get("bus")).toMatchObject({ total: 6, undated: 1, ended: 1, proposed: 1 });
  });

  it("belong to each of their measures", () => {
    expect(found.get("city")?.years.map((each) => each.certain)).toEqual([1, 1, 0]);
  });
});

describe("fiscal years", () => {
  it("carry their era", () => {
    expect(fiscalYear(2025, "ja")).toBe("2025年度（令和7年度）");
    expect(fiscalYear(2025, "en")).toBe("FY2025");
    expect([era(2019), era(2018), era(1989), era(1988)]).toEqual(["令和元年度", "平成30年度", "平成元年度", "昭和63年度"]);
  });

  it("begin on the first of April in Japan", () => {
    expect(fiscalYearOf(new Date("2026-03-31T14:59:00Z"))).toBe(2025);
    expect(fiscalYearOf(new Date("2026-03-31T15:00:00Z"))).toBe(2026);
  });
});
