/** What an area was and became: in the panel of an area, in that of one of the past, and beside the mergers of a prefecture. */

import { type AreaHistory, type ChronicleEntry, get, type Lang } from "./api";
import type { Go } from "./chooser";
import { type Child, h } from "./element";
import { inLanguage } from "./language";
import type { Board } from "./panel";
import { text } from "./texts";
import { dayText } from "./vintages";

type Named = ChronicleEntry["to"][number];

/** Return a sentence in parts: the areas whose names it has, and what stands between. Where two names begin at one place, the longer one is meant. */
export function pieces(sentence: string, areas: readonly Named[], lang: Lang): (string | Named)[] {
  const found: (string | Named)[] = [];
  let plain = "";
  for (let at = 0; at < sentence.length; ) {
    const here = areas.filter((one) => sentence.startsWith(one.name[lang], at)).sort((one, other) => other.name[lang].length - one.name[lang].length)[0];
    if (here) {
      if (plain) found.push(plain);
      plain = "";
      found.push(here);
    } else plain += sentence[at];
    at += here?.name[lang].length ?? 1;
  }
  return plain ? [...found, plain] : found;
}

/** Return the day before. */
export function dayBefore(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
}

/** Return when a name was in use: 1999年4月1日〜2019年4月30日; open at the ends that are not known or not come. */
export function spellText(from: string | null, until: string | null, lang: Lang): string {
  const ends = [from ? dayText(from, lang) : "", until ? dayText(dayBefore(until), lang) : ""];
  return ends.join(lang === "ja" ? "〜" : " – ").trim();
}

/** Return the name of an area that leads to it; plain where it is the one shown. */
function link(area: Named, own: string, lang: Lang, go: Go): Child {
  if (area.code === own) return area.name[lang];
  return h("button", { type: "button", class: "text", onclick: () => go({ area: area.code }) }, area.name[lang]);
}

/** Return what happened as a list of days and sentences; areas that a sentence only counts are named under it. */
export function chronicle(entries: readonly ChronicleEntry[], own: string, lang: Lang, go: Go): HTMLElement {
  const item = (entry: ChronicleEntry) => {
    const parts = pieces(entry.text[lang], [...entry.from, ...entry.to], lang);
    const named = new Set(parts.map((part) => (typeof part === "string" ? "" : part.name[lang])));
    const counted = entry.from.filter((one) => !named.has(one.name[lang]));
    const rest = counted.flatMap((one, index) => [index ? text("joint", lang) : "", link(one, own, lang, go)]);
    return h(
      "li",
      {},
      h("time", { datetime: entry.date }, dayText(entry.date, lang)),
      h("p", {}, ...parts.map((part) => (typeof part === "string" ? part : link(part, own, lang, go)))),
      rest.length ? h("p", { class: "soft" }, ...rest) : null,
    );
  };
  return h("ol", { class: "chronicle" }, ...entries.map(item));
}

/** Return the year of the newest entry that put areas together or divided one; nothing where there is none. */
export function yearOfMerger(entries: readonly ChronicleEntry[]): string {
  const mergers = entries.filter(({ from, to }) => from.length > 1 || to.length > 1);
  return mergers.at(-1)?.date.slice(0, 4) ?? "";
}

function namesList(told: AreaHistory, lang: Lang): HTMLElement {
  const rows = told.names.map((one) => [
    h("dt", {}, one.name[lang], lang === "ja" ? h("small", {}, one.name.kana) : null),
    h("dd", {}, spellText(one.from, one.until, lang)),
  ]);
  return h("dl", { class: "spells" }, ...rows.flat());
}

function history(told: AreaHistory, board: Board): HTMLElement {
  const { lang } = board.view;
  const isPrefecture = told.code.endsWith("000");
  const play = () => board.go({ stage: "mergers", year: yearOfMerger(told.chronicle) });
  return h(
    "section",
    { id: "history" },
    h("h3", {}, text("history", lang)),
    told.chronicle.length ? chronicle(told.chronicle, told.code, lang, board.go) : isPrefecture ? null : h("p", { class: "soft" }, text("noHistory", lang)),
    told.names.length > 1 ? namesList(told, lang) : null,
    h("button", { type: "button", id: "open-mergers", onclick: play }, text("openMergers", lang)),
  );
}

/** Return whether a code was in force on a day, by what it was called when. */
export function inForce(names: AreaHistory["names"], day: string): boolean {
  return names.some(({ from, until }) => (from === null || from <= day) && (until === null || day < until));
}

export function historyOf(code: string): Promise<AreaHistory> {
  return get<AreaHistory>(`/v1/areas/${code}/history`);
}

/** Return the history of an area as a section of its panel. */
export async function historySection(code: string, board: Board): Promise<HTMLElement> {
  return history(await historyOf(code), board);
}

/** Return the panel of an area without figures, for it is no more, or not on any map: what it was called, when, and what became of it. */
export function formerPanel(told: AreaHistory, board: Board): HTMLElement[] {
  const { lang } = board.view;
  const { name, became } = told;
  const isFormer = !inForce(told.names, told.vintage);
  const others = lang === "ja" ? [name.kana, name.en] : [name.ja, name.kana];
  const spell = told.names.find((one) => one.name.ja === name.ja);
  const heirs = became.flatMap((one, index) => [index ? text("joint", lang) : "", link(one, told.code, lang, board.go)]);
  return [
    h(
      "header",
      { class: "area", "data-heirs": became.map((one) => one.code).join() },
      h("h2", { tabindex: -1, id: "area-name" }, name[lang]),
      h("button", { type: "button", class: "round", "aria-label": text("close", lang), onclick: () => board.go({ area: "" }) }, "×"),
      h("p", { class: "soft" }, ...inLanguage(others.filter(Boolean).join("　"), lang), `　${told.code}`),
    ),
    h(
      "p",
      { class: "hint former" },
      text(isFormer ? "formerArea" : "noOutline", lang),
      h("span", {}, spellText(spell?.from ?? null, spell?.until ?? null, lang)),
    ),
    isFormer && heirs.length ? h("p", { class: "became" }, h("span", { class: "soft" }, text("became", lang)), ...heirs) : null,
    history(told, board),
  ].filter((one) => one !== null);
}
