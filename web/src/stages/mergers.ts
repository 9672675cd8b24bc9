/** The mergers of a prefecture, played year by year: a map, what happened in words, how many municipalities there were. */

import type { FeatureCollection } from "geojson";
import { type AreaHistory, type BoundarySet, type ChronicleEntry, gazetteer, get, type Lang, type Mergers } from "../api";
import { byId, h, s } from "../element";
import { chronicle, dayBefore, historyOf } from "../history";
import { inLanguage } from "../language";
import type { Board } from "../panel";
import { text } from "../texts";
import { type Timeline, timeline } from "../timeline";
import { showTip } from "../tip";
import { dayText, offered } from "../vintages";
import { ACROSS, type Frame, framesOf, middleOf, type Part, partOf, pathOf, ratioOf } from "./frames";
import { across, type Ground, groundOf, isMerger, lastDay, nameOn, type State, stateIn, touching, yearOf } from "./lineage";
import { hasMovedOn, show } from "./sheet";
import "./mergers.css";

const FIRST_YEAR = 1980;
const LEVEL = "municipality";
/** A year with mergers is there to be read, one without to be passed. */
const PACE_MS = { eventful: 1600, quiet: 300 };
const MOST_NAMED = 4;
const STATES: readonly State[] = ["now", "before", "none"];

/** A municipality as an outline of some date. */
interface Outlined {
  code: string;
  name: Record<Lang, string>;
  parts: Part[];
  mergers: ChronicleEntry[];
}

interface Outlines {
  vintage: string;
  areas: Map<string, Outlined>;
  frames: Frame[];
}

interface Shape {
  path: SVGPathElement;
  code: string;
}

/** Return the prefecture that an area lies in, now or then. */
export function prefectureOf(code: string): string {
  return /^\d{5}$/.test(code) ? `${code.slice(0, 2)}000` : "";
}

/** Return a number of municipalities by kind: 30（20市6町4村）. */
function counted(one: Mergers["years"][number] | undefined, lang: Lang): string {
  if (!one) return "";
  const { cities, towns, villages, municipalities } = one;
  const wards = municipalities - cities - towns - villages;
  const kinds =
    lang === "ja"
      ? [`${wards}区`, `${cities}市`, `${towns}町`, `${villages}村`]
      : [
          `${wards} special wards`,
          `${cities} ${cities === 1 ? "city" : "cities"}`,
          `${towns} ${towns === 1 ? "town" : "towns"}`,
          `${villages} ${villages === 1 ? "village" : "villages"}`,
        ];
  const some = kinds.filter((_kind, index) => [wards, cities, towns, villages][index]);
  return lang === "ja" ? some.join("") : some.join(", ");
}

/** Return a row of names, the last ones only counted where they are several. */
function few(names: string[], most: number, lang: Lang): string {
  const rest = names.length - most;
  if (rest < 2) return names.join(text("joint", lang));
  const shown = names.slice(0, most).join(text("joint", lang));
  return lang === "ja" ? `${shown} ほか${rest}市町村` : `${shown} and ${rest} more`;
}

async function outlinesOf(prefecture: string, vintage: string, mergers: readonly ChronicleEntry[]): Promise<Outlines> {
  const query = new URLSearchParams({ level: LEVEL, parent: prefecture, detail: "medium", vintage });
  const found = await get<FeatureCollection>(`/v1/areas.geojson?${query}`);
  const areas = new Map<string, Outlined>();
  for (const { geometry, properties } of found.features) {
    const code = String(properties?.["code"]);
    const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.type === "MultiPolygon" ? geometry.coordinates : [];
    areas.set(code, {
      code,
      name: { ja: String(properties?.["name"]), en: String(properties?.["name_en"]) },
      parts: polygons.map((polygon) => partOf(code, polygon)),
      mergers: touching(code, vintage, mergers).filter(isMerger),
    });
  }
  const parts = [...areas.values()].flatMap((one) => one.parts);
  return { vintage, areas, frames: parts.length ? framesOf(parts) : [] };
}

/** The view of one prefecture in one language; drawn once, and moved from year to year. */
class Played {
  readonly root: HTMLElement;
  private readonly player: Timeline;
  private readonly years: Mergers["years"];
  private readonly entries: ChronicleEntry[];
  private readonly land = h("div", { class: "land" });
  private readonly tip = h("p", { class: "tip", hidden: true, "aria-hidden": "true" });
  private readonly ground = h("p", { class: "soft ground" });
  private readonly head = h("h3", { tabindex: -1 });
  private readonly count = h("p", { class: "kinds" });
  private readonly list = h("div", { class: "events" });
  private readonly own = h("section", { class: "own", hidden: true });
  private readonly table = h("tbody");
  private readonly cursor = h("span", { class: "cursor", "aria-hidden": "true" });
  private readonly steps = h("div", { class: "steps", role: "img" });
  private readonly jumps: HTMLElement;
  private shapes: Shape[] = [];
  private labels: HTMLElement[] = [];
  private drawn: Outlines | null = null;
  private readonly outlines = new Map<string, Promise<Outlines>>();
  private shown = 0;
  private turn = 0;

  constructor(
    private board: Board,
    private readonly target: HTMLElement,
    private readonly told: Mergers,
    private sets: BoundarySet[],
    prefectures: Awaited<ReturnType<typeof gazetteer>>,
  ) {
    const { lang } = board.view;
    this.years = told.years.filter((one) => one.year >= FIRST_YEAR);
    this.entries = told.entries;
    const bar = h("div", { class: "player", role: "group", "aria-label": text("mergersYear", lang) });
    const controls = h("div", { class: "controls" });
    this.player = timeline(
      controls,
      (year) => void this.pass(Number(year)),
      (year) => this.isShown && this.board.go({ year }, { replace: true }),
      { id: "merger-year", pace: (year) => (this.eventsOf(Number(year)).some(isMerger) ? PACE_MS.eventful : PACE_MS.quiet) },
    );
    bar.append(this.steps, controls);
    this.jumps = this.jumpList();
    const choice = h(
      "select",
      {
        id: "merger-prefecture",
        "aria-label": text("prefectureChoice", lang),
        onchange: (event: Event) => board.go({ area: (event.target as HTMLSelectElement).value }),
      },
      ...[...prefectures.values()].map((one) => h("option", { value: one.code, selected: one.code === told.prefecture.code }, one.name[lang])),
    );
    this.root = h(
      "div",
      { class: "mergers" },
      h("div", { class: "lead" }, choice, h("p", { id: "mergers-summary" }, this.summary())),
      h(
        "div",
        { class: "stage" },
        h("figure", {}, this.land, this.tip, h("figcaption", {}, this.legend(), this.ground)),
        h("div", { class: "beside" }, h("header", {}, this.head, this.count), this.own, this.list, this.jumps),
        bar,
      ),
      h("details", { class: "figures" }, h("summary", {}, text("areasOfYear", lang)), this.areasTable()),
      h("details", { class: "figures" }, h("summary", {}, text("asTable", lang)), this.yearsTable()),
    );
    this.drawSteps();
    new ResizeObserver(() => this.placeLabels()).observe(this.land);
  }

  private get lang(): Lang {
    return this.board.view.lang;
  }

  private get isShown(): boolean {
    return this.root.isConnected && !this.target.hidden;
  }

  private eventsOf(year: number): ChronicleEntry[] {
    return this.entries.filter((one) => yearOf(one) === year);
  }

  private countOf(year: number): Mergers["years"][number] | undefined {
    return this.years.find((one) => one.year === year);
  }

  private get lastYear(): number {
    return this.years.at(-1)?.year ?? FIRST_YEAR;
  }

  private summary(): string {
    const { lang } = this;
    const [first, last] = [this.countOf(FIRST_YEAR), this.countOf(this.lastYear)];
    const mergers = this.entries.filter((one) => isMerger(one) && yearOf(one) >= FIRST_YEAR);
    const name = this.told.prefecture.name[lang];
    const [from, to] = [first?.municipalities ?? 0, last?.municipalities ?? 0];
    if (lang === "ja") {
      const change = from === to ? `${from}のまま変わっていません` : `1980年の${from}から、${this.lastYear}年は${to}になりました`;
      return `${name}の市町村の数は、${change}。この間の合併は${mergers.length}件です。`;
    }
    const change = from === to ? `has had ${from} municipalities throughout` : `had ${from} municipalities in 1980 and has ${to} in ${this.lastYear}`;
    return `${name} ${change}; ${mergers.length} ${mergers.length === 1 ? "merger" : "mergers"} in between.`;
  }

  /** Show what an address says; what is playing plays on. */
  async update(board: Board): Promise<void> {
    this.board = board;
    const { view } = board;
    const asked = Number(view.year);
    const year = this.player.passed() ?? String(this.countOf(asked) ? asked : this.lastYear);
    const label = (one: string) => (this.lang === "ja" ? `${one}年` : one);
    this.player.draw(
      this.years.map((one) => String(one.year)),
      year,
      (one) => `${label(one)}${this.lang === "ja" ? "　" : " · "}${this.countOf(Number(one))?.municipalities ?? ""}`,
      this.lang,
    );
    await Promise.all([this.pass(Number(year)), this.showOwn()]);
  }

  /** Show a year. */
  private async pass(year: number): Promise<void> {
    if (this.root.isConnected && !this.isShown) return this.player.stop(); // another view has been opened
    const turn = ++this.turn;
    const found = await this.groundFor(year);
    if (turn !== this.turn) return;
    if (found && this.drawn !== found.outlines) this.drawLand(found.outlines);
    this.shown = year;
    this.tell(year);
    if (found) this.colour(year, found.ground);
    this.root.dataset["year"] = String(year);
  }

  private async groundFor(year: number): Promise<{ ground: Ground; outlines: Outlines } | null> {
    const ground = groundOf(
      year,
      this.sets.map((one) => one.vintage),
      this.entries,
    );
    if (!ground) return null;
    const held = this.outlines.get(ground.vintage) ?? outlinesOf(this.told.prefecture.code, ground.vintage, this.entries);
    this.outlines.set(ground.vintage, held);
    held.catch(() => this.outlines.delete(ground.vintage));
    const outlines = await held;
    if (outlines.frames.length) return { ground, outlines };
    this.sets = this.sets.filter((one) => one.vintage !== ground.vintage); // a set of other prefectures
    return this.groundFor(year);
  }

  /** Fetch the outlines of all years, so that playing waits for none. */
  async prepare(): Promise<void> {
    for (const { year } of this.years) await this.groundFor(year);
  }

  private drawLand(outlines: Outlines): void {
    this.drawn = outlines;
    this.shapes = [];
    const frames = outlines.frames.map((frame, index) => {
      const height = Math.max(1, Math.round(ACROSS * ratioOf(frame)));
      const codes = [...new Set(frame.parts.map((one) => one.code))];
      const paths = codes.map((code) => {
        const path = s("path", {
          d: pathOf(
            frame,
            frame.parts.filter((one) => one.code === code),
          ),
          "data-code": code,
        });
        this.shapes.push({ path, code });
        return path;
      });
      const name = index ? this.islandsName(outlines, frame) : this.told.prefecture.name[this.lang];
      const drawn = s("svg", { viewBox: `-4 -4 ${ACROSS + 8} ${height + 8}`, role: "img", "aria-label": name }, ...paths);
      const box = h("div", { class: index ? "frame-islands" : "frame-main" }, drawn);
      box.style.setProperty("--ratio", String((ACROSS + 8) / (height + 8)));
      return index ? h("div", { class: "islands" }, box, h("span", { "aria-hidden": "true" }, name)) : box;
    });
    const [main, ...islands] = frames;
    this.land.replaceChildren(...(main ? [main] : []), ...(islands.length ? [h("div", { class: "insets" }, ...islands)] : []));
    for (const { path, code } of this.shapes) {
      path.addEventListener("click", () => this.board.go({ area: code }));
      path.addEventListener("pointermove", (event) => this.point(code, event));
      path.addEventListener("pointerleave", () => this.point(null));
    }
  }

  /** Return what a frame of islands is called: by the largest of its areas. */
  private islandsName({ areas }: Outlines, { parts }: Frame): string {
    const size = (code: string) => parts.reduce((sum, one) => sum + (one.code === code ? one.size : 0), 0);
    const codes = [...new Set(parts.map((one) => one.code))].sort((one, other) => size(other) - size(one));
    return few(
      codes.map((code) => areas.get(code)?.name[this.lang] ?? code),
      1,
      this.lang,
    );
  }

  private point(code: string | null, event?: PointerEvent): void {
    const area = code ? this.drawn?.areas.get(code) : undefined;
    this.tip.hidden = true;
    if (!area || !event || event.pointerType === "touch") return;
    const frame = (this.tip.offsetParent ?? this.land).getBoundingClientRect();
    const at = { code: area.code, name: area.name[this.lang], value: undefined, x: event.clientX - frame.left, y: event.clientY - frame.top };
    const then = few(this.namesIn(area, this.shown), MOST_NAMED, this.lang);
    showTip(this.tip, at, then === at.name ? null : `${this.shown}${this.lang === "ja" ? "年：" : ": "}${then}`);
  }

  /** Return the municipalities that held an area's land in a year, or hold it with others. */
  private namesIn(area: Outlined, year: number): string[] {
    const [vintage, end] = [this.drawn?.vintage ?? "", lastDay(year)];
    return across(area.code, vintage, end, this.entries).map((code) =>
      nameOn(code, end, this.entries, code === area.code ? area.name[this.lang] : (this.drawn?.areas.get(code)?.name[this.lang] ?? code), this.lang),
    );
  }

  private colour(year: number, ground: Ground): void {
    const states = new Map([...(this.drawn?.areas.values() ?? [])].map((one) => [one.code, stateIn(year, FIRST_YEAR, one.mergers)]));
    const own = new Set(this.ownCodes());
    for (const { path, code } of this.shapes) {
      path.setAttribute("class", [states.get(code) ?? "none", own.has(code) ? "chosen" : ""].filter(Boolean).join(" "));
    }
    // what is drawn last lies over its neighbours' borders
    for (const state of ["now", "chosen"]) for (const { path } of this.shapes) if (path.classList.contains(state)) path.parentNode?.append(path);
    const day = dayText(ground.vintage, this.lang);
    const note =
      this.lang === "ja"
        ? `${day}の境界に重ねています${ground.isLater ? `（${year}年の境界は取り込まれていません）` : ""}。`
        : `Shown on the boundaries of ${day}${ground.isLater ? `; those of ${year} are not loaded` : ""}.`;
    this.ground.textContent = note;
    this.label(year);
    if (this.player.passed() === null) {
      this.fillAreas(year);
      this.credit(ground.vintage);
    }
  }

  /** Name what has merged this year on the map. */
  private label(year: number): void {
    for (const one of this.labels) one.remove();
    this.labels = [];
    const [outlines, main] = [this.drawn, this.drawn?.frames[0]];
    const box = this.land.querySelector(".frame-main");
    if (!outlines || !main || !box) return;
    for (const entry of this.eventsOf(year).filter(isMerger)) {
      const parts = main.parts.filter((part) => outlines.areas.get(part.code)?.mergers.includes(entry));
      if (!parts.length) continue;
      const [x, y] = middleOf(main, parts);
      const label = h("span", { class: "place", "aria-hidden": "true" }, entry.to.map((one) => one.name[this.lang]).join(text("joint", this.lang)));
      label.dataset["size"] = String(parts.reduce((sum, one) => sum + one.size, 0));
      label.style.left = `${x * 100}%`;
      label.style.top = `${y * 100}%`;
      this.labels.push(label);
    }
    this.labels.sort((one, other) => Number(other.dataset["size"]) - Number(one.dataset["size"]));
    box.append(...this.labels);
    this.placeLabels();
  }

  /** Leave out the labels that have no room beside those of larger areas. */
  private placeLabels(): void {
    const taken: DOMRect[] = [];
    for (const label of this.labels) {
      label.hidden = false;
      const own = label.getBoundingClientRect();
      const isFree = taken.every((one) => own.right < one.left || own.left > one.right || own.bottom < one.top || own.top > one.bottom);
      label.hidden = !isFree;
      if (isFree) taken.push(own);
    }
  }

  /** Tell a year in words and numbers. */
  private tell(year: number): void {
    const { lang } = this;
    const count = this.countOf(year);
    const number = count?.municipalities ?? 0;
    this.head.replaceChildren(
      h("b", {}, lang === "ja" ? `${year}年` : String(year)),
      h("span", {}, lang === "ja" ? `${number}${number === sumOf(count) ? "市町村" : "市区町村"}` : `${number} municipalities`),
    );
    this.count.textContent = counted(count, lang);
    this.list.setAttribute("aria-live", this.player.passed() === null ? "polite" : "off"); // what plays is not read aloud
    const events = this.eventsOf(year);
    this.list.replaceChildren(
      events.length ? chronicle(events, "", lang, (change) => this.board.go(change)) : h("p", { class: "soft" }, text("noMergers", lang)),
    );
    const at = this.years.findIndex((one) => one.year === year);
    const most = Math.max(...this.years.map((one) => one.municipalities), 1);
    this.cursor.style.left = `${(at / Math.max(this.years.length - 1, 1)) * 100}%`;
    this.cursor.style.top = `${(1 - number / most) * 100}%`;
    this.steps.setAttribute("aria-label", `${this.summary()} ${lang === "ja" ? `${year}年：${number}` : `${year}: ${number}`}`);
    for (const jump of this.jumps.querySelectorAll("button")) jump.setAttribute("aria-pressed", String(jump.value === String(year)));
  }

  private drawSteps(): void {
    const most = Math.max(...this.years.map((one) => one.municipalities), 1);
    const last = this.years.length - 1;
    const y = (count: number) => ((1 - count / most) * 100).toFixed(2);
    const line = this.years.map(({ municipalities }, index) => {
      const [from, to] = [Math.max(index - 0.5, 0), Math.min(index + 0.5, last)];
      return `${index ? "L" : "M"}${from} ${y(municipalities)}L${to} ${y(municipalities)}`;
    });
    const ends = [this.years[0], this.years[last]].map((one) => h("span", {}, one?.municipalities.toLocaleString(this.lang)));
    this.steps.replaceChildren(
      s(
        "svg",
        { viewBox: `0 0 ${last} 100`, preserveAspectRatio: "none", "aria-hidden": "true" },
        s("path", { class: "area", d: `${line.join("")}L${last} 100L0 100Z` }),
        s("path", { class: "line", d: line.join("") }),
      ),
      ...ends,
      this.cursor,
    );
  }

  private legend(): HTMLElement {
    return h(
      "ul",
      { class: "legend-row" },
      ...STATES.map((state) => h("li", { class: state }, h("i", { "aria-hidden": "true" }), text(`mergers_${state}`, this.lang))),
    );
  }

  private jumpList(): HTMLElement {
    const years = [...new Set(this.entries.filter((one) => isMerger(one) && yearOf(one) >= FIRST_YEAR).map(yearOf))];
    if (!years.length) return h("div", { hidden: true });
    const press = (year: number) => () => {
      this.player.stop();
      this.board.go({ year: String(year) });
    };
    return h(
      "nav",
      { class: "jumps", "aria-label": text("yearsOfMergers", this.lang) },
      h("h4", {}, text("yearsOfMergers", this.lang)),
      h("div", {}, ...years.map((year) => h("button", { type: "button", class: "plain", value: year, onclick: press(year) }, year))),
    );
  }

  private areasTable(): HTMLElement {
    const { lang } = this;
    return h(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": text("areasOfYear", lang) },
      h("table", {}, h("thead", {}, h("tr", {}, ...(["outline", "inYear"] as const).map((key) => h("th", { scope: "col" }, text(key, lang))))), this.table),
    );
  }

  private fillAreas(year: number): void {
    const rows = [...(this.drawn?.areas.values() ?? [])].map((area) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, h("button", { type: "button", class: "text", onclick: () => this.board.go({ area: area.code }) }, area.name[this.lang])),
        h("td", {}, this.namesIn(area, year).join(text("joint", this.lang))),
      ),
    );
    this.table.replaceChildren(...rows);
  }

  private yearsTable(): HTMLElement {
    const { lang } = this;
    const heads = ["year", "municipalities", "cities", "towns", "villages"] as const;
    const cells = ({ municipalities, cities, towns, villages }: Mergers["years"][number]) =>
      [municipalities, cities, towns, villages].map((one) => h("td", { class: "number" }, one.toLocaleString(lang)));
    return h(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": text("asTable", lang) },
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, ...heads.map((key, index) => h("th", { scope: "col", class: index ? "number" : "" }, text(key, lang))))),
        h("tbody", {}, ...this.years.map((one) => h("tr", {}, h("th", { scope: "row" }, one.year), ...cells(one)))),
      ),
    );
  }

  /** Return the outlines of the chosen area: its own, or of the past those that hold its land. */
  private ownCodes(): string[] {
    const { area } = this.board.view;
    const outlines = this.drawn;
    if (!outlines || area === this.told.prefecture.code) return [];
    if (outlines.areas.has(area)) return [area];
    const last = this.entries.filter((one) => one.from.some((each) => each.code === area)).at(-1);
    const first = this.entries.find((one) => one.to.some((each) => each.code === area));
    if (last) return across(area, dayBefore(last.date), outlines.vintage, this.entries);
    return first ? across(area, first.date, outlines.vintage, this.entries) : [];
  }

  /** Tell the history of the area chosen on the map. */
  private async showOwn(): Promise<void> {
    const { view, go } = this.board;
    const code = view.area;
    const found: AreaHistory | null = code === this.told.prefecture.code ? null : await historyOf(code).catch(() => null);
    if (code !== this.board.view.area) return;
    this.own.hidden = !found;
    if (!found) return;
    this.own.replaceChildren(
      h(
        "header",
        {},
        h("h4", {}, found.name[view.lang]),
        h("button", { type: "button", class: "round", "aria-label": text("close", view.lang), onclick: () => go({ area: this.told.prefecture.code }) }, "×"),
      ),
      found.chronicle.length ? chronicle(found.chronicle, code, view.lang, go) : h("p", { class: "soft" }, text("noHistory", view.lang)),
      h("button", { type: "button", onclick: () => go({ stage: "map" }) }, text("figuresOfArea", view.lang)),
    );
  }

  private credit(vintage: string): void {
    const set = this.sets.find((one) => one.vintage === vintage);
    const credits = [set?.credit[this.lang], text("eventsCredit", this.lang)].filter(Boolean).join(text("between", this.lang));
    byId("credit").replaceChildren(...inLanguage(credits, this.lang));
  }
}

function sumOf(count: Mergers["years"][number] | undefined): number {
  return count ? count.cities + count.towns + count.villages : 0;
}

let played: { key: string; view: Played } | null = null;

export async function draw(target: HTMLElement, board: Board): Promise<void> {
  const { view } = board;
  const address = location.search;
  const prefecture = prefectureOf(view.area);
  const prefectures = await gazetteer("prefecture");
  if (hasMovedOn(address)) return;
  const name = prefectures.get(prefecture)?.name[view.lang];
  const title = text("mergersTitle", view.lang);
  byId("title").textContent = name ? `${title}${text("joint", view.lang)}${name}` : title;
  document.title = byId("title").textContent + text("siteAfter", view.lang);
  if (!name) {
    played = null;
    const links = [...prefectures.values()].map((one) =>
      h("li", {}, h("button", { type: "button", onclick: () => board.go({ area: one.code }) }, one.name[view.lang])),
    );
    return show(target, h("h3", { tabindex: -1 }, text("prefectureChoice", view.lang)), h("ul", { class: "prefectures" }, ...links));
  }
  const key = `${prefecture} ${view.lang}`;
  if (played?.key !== key || !target.contains(played.view.root)) {
    const [told, sets] = await Promise.all([get<Mergers>(`/v1/mergers?prefecture=${prefecture}`), offered(LEVEL)]);
    if (hasMovedOn(address)) return;
    played = { key, view: new Played(board, target, told, sets, prefectures) };
    show(target, played.view.root);
  }
  await played.view.update(board);
  played.view.prepare().catch(() => undefined); // a year that is passed asks again
}
