/** What is told of a place on the map: a stop with its departures, a cell of a transport gap, deployments of measures. */

import { type Deployment, get, type Lang, type StopInDetail } from "./api";
import type { Deployed } from "./deployed";
import { type Child, h } from "./element";
import { byLanguage, inLanguage } from "./language";
import { MARKS } from "./marks";
import type { Cell, Stop } from "./near";
import { full } from "./numbers";
import type { Told } from "./popup";
import { type TextKey, text } from "./texts";
import { dayText } from "./vintages";

const MOST_STOPS = 4;
const MOST_LINES = 5;
const MOST_AREAS = 8;
const LAST_HOUR = 30;
const COUNTED = { unit: { ja: "", en: "" }, decimals: 0 };
const PEOPLE = { unit: { ja: "人", en: "people" }, decimals: 0 };
const METRES = { unit: { ja: "m", en: "m" }, decimals: 0 };

/** Return an address that may be linked to: of strangers' texts only what leads to a page. */
export function linkable(address: string): string | null {
  if (!URL.canParse(address)) return null;
  const { protocol, href } = new URL(address);
  return ["http:", "https:"].includes(protocol) ? href : null;
}

/** Return a date as people write it, as far as it is known: a year, a month or a day. */
export function since(date: string, lang: Lang): string {
  const [year, month, day] = date.split("-");
  if (day !== undefined) return dayText(date, lang);
  if (month !== undefined)
    return new Date(Date.UTC(Number(year), Number(month) - 1)).toLocaleDateString(lang === "ja" ? "ja-JP" : "en-GB", {
      year: "numeric",
      month: "long",
      timeZone: "UTC",
    });
  return lang === "ja" ? `${year}年度` : `FY${year}`;
}

/** Return a band of hours in words. */
export function band(first: number, last: number, lang: Lang): string {
  if (first === 0) return lang === "ja" ? `${last}時前` : `before ${last}:00`;
  if (last === LAST_HOUR) return lang === "ja" ? `${first}時以降` : `from ${first}:00`;
  return lang === "ja" ? `${first}〜${last}時` : `${first}:00–${last}:00`;
}

function bracketed(words: string, lang: Lang): string {
  return lang === "ja" ? `（${words}）` : ` (${words})`;
}

function facts(rows: readonly (readonly [TextKey, Child[]])[], lang: Lang): HTMLElement {
  return h("dl", {}, ...rows.flatMap(([name, told]) => (told.length ? [h("dt", {}, text(name, lang)), h("dd", {}, ...told)] : [])));
}

// Stops

type Line = NonNullable<StopInDetail["lines"]>[number];

const KINDS: Partial<Record<string, TextKey>> = { bus: "lineBus", demand: "lineDemand", ferry: "lineFerry", rail: "lineRail" };

/** Return the lines of a stop that are told at once and those that are told when asked for; no line is asked for alone. */
export function linesTold({ lines, more_lines: more }: StopInDetail): { first: Line[]; rest: Line[] } {
  const known = lines ?? [];
  const most = known.length + more > MOST_LINES + 1 ? MOST_LINES : known.length;
  return { first: known.slice(0, most), rest: known.slice(most) };
}

/** Return what a line is called, as published; its number stands first where its name does not begin with it. */
export function lineName({ number, name }: Pick<Line, "number" | "name">, lang: Lang): string {
  if (number === null || name?.startsWith(number)) return name ?? text("lineUnnamed", lang);
  return [number, name].filter(Boolean).join(" ");
}

function aLine(line: Line, mode: string, lang: Lang): Child[] {
  const name = lineName(line, lang);
  const kind = line.mode === mode ? undefined : KINDS[line.mode];
  const isJapanese = lang !== "ja" && byLanguage(name).length > 1;
  return [isJapanese ? h("span", { lang: "ja" }, name) : name, kind && bracketed(text(kind, lang), lang)];
}

function listed(lines: readonly Line[], mode: string, lang: Lang): Child[] {
  // no middle dot between them: there is one in many a name
  return lines.flatMap((line, place) => [place > 0 && text("next", lang), ...aLine(line, mode, lang)]);
}

function otherLines(number: number, lang: Lang): string {
  return lang === "ja" ? `ほか${number}路線` : `${number} more`;
}

function lines(stop: StopInDetail, lang: Lang): HTMLElement | null {
  const { first, rest } = linesTold(stop);
  const { mode, more_lines: more } = stop;
  const last = more > 0 && text("next", lang) + otherLines(more, lang);
  const others = rest.length > 0 && h("details", {}, h("summary", {}, otherLines(rest.length + more, lang)), ...listed(rest, mode, lang), last);
  return first.length > 0 ? facts([["linesHere", [...listed(first, mode, lang), others]]], lang) : null;
}

function departures(days: NonNullable<StopInDetail["days"]>, lang: Lang): HTMLElement {
  const bands = days[0]?.bands ?? [];
  const number = (value: number) => h("td", {}, value === 0 ? "–" : full(value, COUNTED, lang));
  return h(
    "table",
    {},
    h("caption", {}, text("departuresADay", lang)),
    h("thead", {}, h("tr", {}, h("td"), ...days.map((day) => h("th", { scope: "col" }, day.name[lang])))),
    h(
      "tbody",
      {},
      ...bands.map(({ first, last }, index) =>
        h("tr", {}, h("th", { scope: "row" }, band(first, last, lang)), ...days.map((day) => number(day.bands[index]?.departures ?? 0))),
      ),
    ),
    h("tfoot", {}, h("tr", {}, h("th", { scope: "row" }, text("departuresAll", lang)), ...days.map((day) => number(day.departures)))),
  );
}

function asOf({ days, source }: StopInDetail, lang: Lang): HTMLElement | null {
  const dates = (days ?? []).flatMap(({ name, date }) => (date ? [`${name[lang]} ${dayText(date, lang)}`] : []));
  const valid = source.valid_to === null ? "" : `${text("timetableTo", lang)} ${dayText(source.valid_to, lang)}`;
  return dates.length ? h("p", { class: "soft" }, `${text("timetableOf", lang)}: ${dates.join(text("joint", lang))}${valid && bracketed(valid, lang)}`) : null;
}

function stopPart(stop: StopInDetail, lang: Lang, isAlone: boolean): HTMLElement {
  const { source } = stop;
  const credit = lang === "ja" ? source.credit : source.credit_en;
  return h(
    "section",
    { class: "stop" },
    isAlone ? null : h("h4", {}, ...inLanguage(stop.name, lang)),
    h("p", {}, text(stop.mode === "rail" ? "aStation" : "aStop", lang), ...inLanguage(stop.operator ? text("joint", lang) + stop.operator : "", lang)),
    lines(stop, lang),
    stop.days ? departures(stop.days, lang) : h("p", {}, text("noTimetable", lang)),
    asOf(stop, lang),
    h("p", { class: "soft" }, ...inLanguage(`${text("source", lang)}: ${credit}${bracketed(source.licence, lang)}`, lang)),
  );
}

/** Tell of stops, those of one group once: their poles have their departures together. */
export function ofStops(stops: readonly Stop[]): Told {
  const ids = [...new Set(stops.map((one) => one.id))];
  const [first, ...more] = stops;
  return {
    title: (lang) => (more.length === 0 ? inLanguage(first?.name ?? "", lang) : [text("stopsHere", lang)]),
    body: async (lang) => {
      const found: StopInDetail[] = [];
      for (const id of ids) {
        if (found.length === MOST_STOPS) break;
        const told = await get<StopInDetail>(`/v1/stops/departures?stop=${encodeURIComponent(id)}`);
        if (!found.some((one) => one.group === told.group && one.source.id === told.source.id)) found.push(told);
      }
      return found.map((one) => stopPart(one, lang, stops.length === 1));
    },
  };
}

// Cells

/** Tell of a cell: its people, how many of them are in the gap, how far the nearest stop is that counts. */
export function ofCell(cell: Cell, areaName: (lang: Lang) => Promise<string>, choose: () => void): Told {
  const untold = (lang: Lang) => [text("gapUntold", lang)];
  return {
    title: (lang) => [`${text("aCell", lang)} ${cell.code}`],
    body: async (lang) => {
      const name = await areaName(lang);
      const people = (value: number | undefined) => (value === undefined ? untold(lang) : [full(value, PEOPLE, lang)]);
      const share = full(100 * cell.gap_share, { unit: { ja: "%", en: "%" }, decimals: 0 }, lang);
      return [
        facts(
          [
            ["cellPeople", people(cell.population)],
            ["cellGap", [...people(cell.gap_population), bracketed(lang === "ja" ? `面積の${share}が圏外` : `${share} of its land`, lang)]],
            ["cellDistance", [cell.distance_m === undefined ? text("noStop", lang) : full(cell.distance_m, METRES, lang)]],
            ["cellCentre", [text(cell.covered ? "isCovered" : "isNotCovered", lang)]],
          ],
          lang,
        ),
        name && h("button", { type: "button", class: "plain", onclick: choose }, lang === "ja" ? `${name}の数字を見る` : `Figures of ${name}`),
      ];
    },
  };
}

// Deployments

function runningSince({ since: known, status, deployment: { fy_start: start, fy_end: end, counted } }: Deployed, lang: Lang): Child[] {
  const first = known !== null ? since(known, lang) : start !== null ? since(String(start), lang) : text("sinceUnknown", lang);
  const last = end ?? (status === "finished" ? counted.last : null);
  if (last === null) return [known === null && start === null ? first : lang === "ja" ? `${first}から` : `since ${first}`];
  const until = since(String(last), lang);
  return [first === until ? until : `${first}–${until}`];
}

function titleOf(one: Deployment, lang: Lang): string {
  return one.title[lang] || one.title.ja || one.programme || one.measures[0]?.[lang] || "";
}

function deployedPart(one: Deployed, lang: Lang, isAlone: boolean): HTMLElement {
  const { deployment, label, status } = one;
  const { source, measures } = deployment;
  const areas = one.where(lang);
  const more = areas.length > MOST_AREAS ? [lang === "ja" ? `ほか${areas.length - MOST_AREAS}` : `and ${areas.length - MOST_AREAS} more`] : [];
  const names = [...areas.slice(0, MOST_AREAS), ...more];
  const link = linkable(source.url);
  const published = source.published_on ? bracketed(since(source.published_on, lang), lang) : "";
  const title = titleOf(deployment, lang);
  return h(
    "section",
    { class: "deployed" },
    isAlone ? null : h("h4", {}, ...inLanguage(title, lang)),
    h("p", {}, h("span", { class: `mark ${status}`, "aria-hidden": "true" }, MARKS[status]?.sign ?? "●"), ` ${label[lang]}`),
    facts(
      [
        ["deployedSince", runningSince(one, lang)],
        ["deployedWhere", inLanguage(names.join(lang === "ja" ? "・" : "; "), lang)],
        ["deployedProgramme", deployment.programme && deployment.programme !== title ? inLanguage(deployment.programme, lang) : []],
        [
          "source",
          [
            link ? h("a", { href: link, target: "_blank", rel: "noopener" }, ...inLanguage(source.title || link, lang)) : source.title,
            `${published}${lang === "ja" ? "・" : ", "}${deployment.confidence_label[lang]}`,
          ],
        ],
      ],
      lang,
    ),
    ...measures.map((each) => h("p", {}, h("a", { href: `/measures/${each.id}?lang=${lang}` }, lang === "ja" ? `施策「${each.ja}」` : `Measure: ${each.en}`))),
  );
}

/** Tell of deployments at one place. */
export function ofDeployed(deployed: readonly Deployed[], marks: number): Told {
  const [first] = deployed;
  const isAlone = deployed.length === 1;
  const counted = { ja: `${deployed.length}件の展開（印${marks}か所）`, en: `${deployed.length} deployments (${marks} marks)` };
  return {
    title: (lang) => (isAlone && first ? inLanguage(titleOf(first.deployment, lang), lang) : [counted[lang]]),
    body: async (lang) => deployed.map((one) => deployedPart(one, lang, isAlone)),
  };
}
