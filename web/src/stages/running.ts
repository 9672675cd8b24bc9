/** How many deployments of a measure run in a fiscal year, as far as their sources tell. */

/** What is counted of a deployment. */
export interface Dated {
  measures: { id: string }[];
  status: string;
  fy_start: number | null;
  fy_end: number | null;
  /** Until when it counts: as its source tells, else by the rule of its programme. */
  counted: { last: number | null };
}

/** The deployments of one measure, by fiscal year. */
export interface Running {
  /** All that are counted: adopted, running or finished. */
  total: number;
  /** Those without any year. */
  undated: number;
  /** Those that ended before the first of the years. */
  ended: number;
  /** Those only applied for; they are not counted as running. */
  proposed: number;
  years: YearRunning[];
}

export interface YearRunning {
  year: number;
  /** Begun in the year, or with both ends known and the year between them. */
  certain: number;
  /** Begun before; no end has been published, and its programme has none. */
  open: number;
  /** Of the certain ones, those that began in the year. */
  begun: number;
}

const NEVER_RUN = new Set(["proposed", "withdrawn", "planned_none"]);

function isCertain({ fy_start: start, counted: { last: end } }: Dated, year: number): boolean {
  return start === year || end === year || (start !== null && end !== null && start <= year && year <= end);
}

/** Whether it began before and nothing says that it ended; one that has finished at an unknown time is not. */
function isOpen({ fy_start: start, counted: { last: end }, status }: Dated, year: number): boolean {
  return start !== null && start < year && end === null && status !== "finished";
}

function count(deployments: Dated[], test: (one: Dated) => boolean): number {
  return deployments.filter(test).length;
}

/** Return what runs in each of the years, by measure. */
export function runningByMeasure(deployments: Dated[], years: number[]): Map<string, Running> {
  const byMeasure = new Map<string, Dated[]>();
  for (const one of deployments) for (const { id } of one.measures) byMeasure.set(id, [...(byMeasure.get(id) ?? []), one]);
  return new Map(
    [...byMeasure].map(([id, all]) => {
      const counted = all.filter((one) => !NEVER_RUN.has(one.status));
      return [
        id,
        {
          total: counted.length,
          undated: count(counted, (one) => one.fy_start === null && one.fy_end === null),
          ended: count(counted, ({ counted: { last } }) => last !== null && last < Math.min(...years)),
          proposed: count(all, (one) => one.status === "proposed"),
          years: years.map((year) => ({
            year,
            certain: count(counted, (one) => isCertain(one, year)),
            open: count(counted, (one) => isOpen(one, year)),
            begun: count(counted, (one) => one.fy_start === year),
          })),
        },
      ];
    }),
  );
}
