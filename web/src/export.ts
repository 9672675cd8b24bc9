/** The page of an export: layers, periods and levels on the map, from the files beside it alone. */

import { addProtocol } from "maplibre-gl";
import { Protocol } from "pmtiles";
import { type Areas, get, type Lang, type Layer, type Legend, type LegendClass, Problem, type Texts } from "./api";
import { JAPAN, MARGIN } from "./camera";
import { type Circled, coloursOf } from "./circles";
import { byId, h } from "./element";
import { inLanguage } from "./language";
import { classesOf, drawLegend, recountSoon } from "./legend";
import { RegionalMap } from "./map";
import { full } from "./numbers";
import { mapTexts, text, textOf, translatePage, withUnit } from "./texts";
import { timeline } from "./timeline";
import { showTip } from "./tip";

interface ExportedLayer extends Layer {
  files: Record<string, { values: string; style: string }>;
}

interface Level {
  id: string;
  name: Texts;
  files: { areas: string; tiles: string };
  encoding: "mvt" | "mlt";
  minzoom: number;
  maxzoom: number;
}

interface Catalogue {
  observations: string;
  sources: string;
  credit: Texts;
  levels: Level[];
  layers: ExportedLayer[];
}

interface Period {
  period: string;
  label: Texts;
  legend: LegendClass[];
  values: (number | null)[];
  classes: (number | null)[];
  missing: Record<string, string[]>;
  boundary_dates: string[];
}

/** A layer at a level: every period in columns, each with its own legend, and the legend that all of them share. */
interface Sheet extends Legend {
  shared_legend: LegendClass[];
  codes: string[];
  periods: Period[];
}

/** As in service/pages/previews.py: what is shown first, where it is there. */
const FIRST_LAYER = "register-population-change";
const FIRST_LEVEL = "municipality";

const asked = new URLSearchParams(location.search);
let lang: Lang = asked.get("lang") === "en" ? "en" : "ja";
let period = asked.get("period") ?? "";
const hasSharedBreaks = asked.get("breaks_over") === "all";
addProtocol("pmtiles", new Protocol().tile);

function showFault(error: unknown): void {
  const detail = error instanceof Problem ? `${error.message} ${error.detail}` : String(error);
  byId("title").replaceChildren(text("failed", lang));
  byId("description").replaceChildren(detail);
  document.body.dataset["shown"] = "failed";
}

async function start(): Promise<void> {
  const catalogue = await get<Catalogue>("layers.json");
  const layers = new Map(catalogue.layers.map((one) => [one.id, one]));
  const levels = new Map(catalogue.levels.map((one) => [one.id, one]));
  const [anyLayer] = catalogue.layers;
  if (!anyLayer) throw new Error("layers.json");
  let layer = layers.get(asked.get("layer") ?? FIRST_LAYER) ?? anyLayer;
  let level = asked.get("level") ?? FIRST_LEVEL;
  let sheet: Sheet | null = null;

  const chosen = () => sheet?.periods.find((one) => one.period === period) ?? sheet?.periods.at(-1);
  /** What an area has in the period shown: a figure, a category, or why there is none. */
  const told = (code: string): string => {
    const at = chosen();
    const value = at?.values[sheet?.codes.indexOf(code) ?? -1] ?? null;
    if (value !== null) return layer.categories.find((one) => one.code === value)?.label[lang] ?? full(value, layer, lang);
    const [status = "not_available"] = Object.entries(at?.missing ?? {}).find(([, codes]) => codes.includes(code)) ?? [];
    return status === "none_known" ? text("noneKnown", lang) : textOf("status_", status, lang);
  };
  const tip = byId("tip");
  const box = byId("map");
  const map = new RegionalMap(
    box,
    mapTexts(lang),
    {
      pointed: (area) => showTip(tip, area, area && told(area.code)),
      chosen: (code) => map.select([code]),
    },
    { hash: true, home: { box: JAPAN, padding: MARGIN } }, // its files have no frames of the islands far away
  );
  map.map.on("idle", () => (document.body.dataset["map"] = box.dataset["map"]));

  const slider = timeline(
    byId("timeline"),
    (moved) => paint(moved, false),
    (settled) => {
      paint(settled, true);
      remember();
    },
  );
  const remember = () => {
    const said = new URLSearchParams({ layer: layer.id, level, period, lang, ...(hasSharedBreaks ? { breaks_over: "all" } : {}) });
    history.replaceState(null, "", `?${said}${map.hash}`);
  };

  /** Colour the map for a period: while the slider moves its pixels alone, by the breaks that all periods share; then all of it. */
  function paint(next: string, isSettled: boolean): void {
    period = next;
    const at = chosen();
    if (!sheet || !at) return;
    const isShared = hasSharedBreaks || !isSettled;
    const rows = isShared ? sheet.shared_legend : at.legend;
    const classes = isShared && layer.kind !== "category" ? classesOf(at.values, rows) : at.classes;
    const scale = sheet.circles && { ...sheet.circles, most: Math.max(...at.values.map((value) => Math.abs(value ?? 0))) };
    const circles = scale && { scale, values: new Map(sheet.codes.map((code, index) => [code, at.values[index] ?? null])), places };
    const colours = { ...coloursOf({ ...sheet, classes: rows }), classes: { codes: sheet.codes, classes }, circles };
    // without the layer's name: the key of transport gaps tells of cells and stops, which an export has not
    const legend = { ...sheet, layer: "", circles: scale, classes: rows, period, period_label: at.label };
    if (isSettled) {
      map.paint(colours, lang);
      drawLegend(byId("legend"), legend, lang, {
        values: { ...legend, values: at.values, classes, statuses: [], carried: [], boundary_dates: at.boundary_dates },
        classes,
        breaks: isShared ? "all" : "period",
        zoom: map.zoom,
      });
    } else {
      map.scrub(colours, lang);
      recountSoon(byId("legend"), legend, lang, classes, hasSharedBreaks ? "all" : "moving");
    }
  }

  function choose(): void {
    const topics = new Map(catalogue.layers.map((one) => [one.topic.id, one.topic]));
    const option = (one: ExportedLayer) => h("option", { value: one.id, selected: one === layer }, withUnit(one.name, one.unit, lang));
    byId("layer").replaceChildren(
      ...[...topics.values()].map((topic) => h("optgroup", { label: topic[lang] }, ...catalogue.layers.filter((one) => one.topic.id === topic.id).map(option))),
    );
    const segment = (one: Level) =>
      h(
        "label",
        {},
        h("input", {
          type: "radio",
          name: "level",
          value: one.id,
          checked: one.id === level,
          disabled: !layer.levels.includes(one.id),
          onchange: () => void tell(layer, one.id),
        }),
        h("span", {}, textOf("", one.id, lang)),
      );
    byId("levels").replaceChildren(...catalogue.levels.map(segment));
  }

  function credit(found: Sheet): void {
    const credits = [...new Set([found.credit, ...found.sources.map((one) => one.credit)].map((one) => one[lang]))];
    const files: [string, string][] = [
      [lang === "ja" ? "この地図の値（JSON）" : "Values of this map (JSON)", layer.files[level]?.values ?? ""],
      [lang === "ja" ? "すべての値（Parquet）" : "All values (Parquet)", catalogue.observations],
      [lang === "ja" ? "境界（PMTiles）" : "Boundaries (PMTiles)", levels.get(level)?.files.tiles ?? ""],
      [lang === "ja" ? "出典と利用条件（JSON）" : "Sources and terms (JSON)", catalogue.sources],
    ];
    byId("credit").replaceChildren(
      h("p", {}, ...inLanguage(`${text("source", lang)}: ${credits.join(text("between", lang))}`, lang)),
      h("nav", { "aria-label": lang === "ja" ? "ファイル" : "Files" }, ...files.map(([name, file]) => h("a", { href: file, download: "" }, name))),
    );
  }

  /** Where the circles stand of a layer that has some. */
  let places: Circled["places"] = new Map();
  let turn = 0;
  /** Show a layer at a level, or at the nearest one that it has. */
  async function show(nextLayer: ExportedLayer, nextLevel: string): Promise<void> {
    const own = ++turn;
    delete document.body.dataset["shown"];
    const at = nextLayer.levels.includes(nextLevel) ? nextLevel : nextLayer.levels.includes(FIRST_LEVEL) ? FIRST_LEVEL : (nextLayer.levels[0] ?? "");
    const [outlines, files] = [levels.get(at), nextLayer.files[at]];
    if (!outlines || !files) throw new Error(`${nextLayer.id}, ${at}`);
    const found = await get<Sheet>(files.values);
    const areas = found.circles ? (await get<Areas>(outlines.files.areas)).areas : [];
    if (own !== turn) return; // another was chosen meanwhile
    places = new Map(areas.map((area) => [area.code, area]));
    [layer, level, sheet] = [nextLayer, at, found];
    period = chosen()?.period ?? "";
    translatePage(lang);
    choose();
    document.title = withUnit(layer.name, layer.unit, lang) + text("siteAfter", lang);
    byId("title").replaceChildren(withUnit(layer.name, layer.unit, lang));
    byId("description").replaceChildren(layer.description[lang]);
    credit(found);
    const labels = new Map(found.periods.map((one) => [one.period, one.label]));
    slider.draw([...labels.keys()], period, (one) => labels.get(one)?.[lang] ?? one, lang);
    if (!map.has(level)) {
      const tiles = [`pmtiles://${new URL(outlines.files.tiles, location.href)}/{z}/{x}/{y}`];
      const bare = { ...coloursOf(found), classes: null };
      const names = async () => new Map((await get<Areas>(outlines.files.areas)).areas.map((area) => [area.code, area]));
      await map.lay({ ...outlines, key: level, poured: "", tiles, names }, bare, lang);
    }
    if (own !== turn) return;
    paint(period, true);
    remember();
    await map.drawn();
    if (own === turn) document.body.dataset["shown"] = layer.id;
  }

  const tell = (nextLayer: ExportedLayer, nextLevel: string) => show(nextLayer, nextLevel).catch(showFault);
  byId("layer").addEventListener("change", (event) => {
    const next = layers.get((event.target as HTMLSelectElement).value);
    if (next) void tell(next, level);
  });
  byId("language").addEventListener("click", () => {
    lang = lang === "ja" ? "en" : "ja";
    void tell(layer, level);
  });
  await tell(layer, level);
}

translatePage(lang);
start().catch(showFault);
