import { createHash } from "node:crypto";
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { defineConfig, type Plugin, transformWithOxc, type UserConfig } from "vite";

const here = import.meta.dirname;

/** The released scripts of <chiiki-map>, oldest first. A released one never changes: a change is a new file. */
const releases = readdirSync(resolve(here, "public/embed"))
  .filter((name) => /^chiiki-\d+\.\d+\.\d+\.js$/.test(name))
  .sort((one, other) => one.localeCompare(other, "en", { numeric: true }));
const newest = releases.at(-1);
if (!newest) throw new Error("web/public/embed has no chiiki-<version>.js");
const script = readFileSync(resolve(here, "public/embed", newest));

/** The newest script also stands at /embed/chiiki.js. */
const newestScript: Plugin = {
  name: "newest-script",
  generateBundle() {
    this.emitFile({ type: "asset", fileName: "embed/chiiki.js", source: script });
  },
};

/** The page fetches what its first script imports later together with that script, so that nothing waits for another. */
const preloaded: Plugin = {
  name: "preloaded",
  transformIndexHtml: {
    order: "post",
    handler(_html, { bundle, chunk }) {
      const withImports = (file: string, into: Set<string>): Set<string> => {
        const found = bundle?.[file];
        if (found?.type === "chunk" && !into.has(file)) {
          into.add(file);
          for (const one of found.imports) withImports(one, into);
        }
        return into;
      };
      const main = chunk?.dynamicImports.find((file) => file.includes("/main-"));
      if (!chunk || !main) return [];
      const first = withImports(chunk.fileName, new Set());
      const later = [...withImports(main, new Set())].filter((file) => !first.has(file));
      return later.map((file) => ({ tag: "link", attrs: { rel: "modulepreload", crossorigin: true, href: `/${file}` }, injectTo: "head" }));
    },
  },
};

/** Scripts and styles lie compressed beside themselves: the service sends them so and compresses nothing twice. */
const compressed: Plugin = {
  name: "compressed",
  writeBundle({ dir = "" }, bundle) {
    for (const file of Object.keys(bundle).filter((name) => /\.(js|css)$/.test(name))) {
      const plain = readFileSync(`${dir}/${file}`);
      writeFileSync(`${dir}/${file}.gz`, gzipSync(plain, { level: 9 }));
      writeFileSync(`${dir}/${file}.br`, brotliCompressSync(plain)); // at its best, which is its default
    }
  },
};

/** Where MapLibre's own sources lie, which its package brings beside its bundles. */
const maplibre = resolve(here, "node_modules/maplibre-gl/src");
const { version } = JSON.parse(readFileSync(resolve(maplibre, "../package.json"), "utf8")) as { version: string };
/** What no map here has: the globe, terrain and sky, kinds of layers and of sources, and distances in expressions. */
const UNUSED = new RegExp(
  `/maplibre-gl/src/(${[
    "geo/projection/(globe_projection|globe_transform|globe_camera_helper|vertical_perspective_\\w+)",
    "webgl/draw/draw_(heatmap|hillshade|color_relief|fill_extrusion|sky|debug)|ui/control/attribution_control",
    "webgl/render_to_texture|render/(terrain|terrain_coverage)|tile/terrain_tile_manager",
    "source/(image|video|canvas|raster_dem_tile)_source",
  ].join("|")})\\.ts$|/expression/definitions/(distance|within)\\.mjs$`,
);
/** Names of places here are written from left to right: so no tables of every sign's direction. */
const LEFT_TO_RIGHT = `export default () => ({
  getEmbeddingLevels: (text) => ({ levels: new Uint8Array(text.length), paragraphs: [{ start: 0, end: text.length - 1, level: 0 }] }),
  getBidiCharTypeName: () => "L",
  getMirroredCharacter: () => null,
});`;
/** What the page draws its own code writes, and the build's types check: a style is not checked again in front of the reader. */
const PARTS = ["source", "sprite", "glyphs", "fontFaces", "layer", "light", "sky", "terrain", "filter", "paintProperty", "layoutProperty", "state"];
const UNCHECKED = `const none = () => [];
export const validateStyleMin = Object.assign(() => [], { ${PARTS.map((name) => `${name}: none`).join(", ")} });`;
/** Rules for controls that no map here has; most of them are pictures. */
const UNSTYLED = /[^{}]*\.maplibregl-ctrl-(?:attrib|compass|fullscreen|shrink|globe|terrain|logo)[^{}]*\{[^{}]*\}/g;
const UNDRAWN = /\/glsl\/(heatmap|hillshade|color_relief|fill_extrusion|atmosphere|sky|terrain|_projection_globe)\w*\.(vertex|fragment)\.glsl\.g\.ts$/;

/** MapLibre from its sources: its bundles for the page and for the worker have half their code in common, which would be
 * loaded twice; made here, the two share it. What no map here has stays away.
 */
const mapFromSource: Plugin = {
  name: "map-from-source",
  apply: "build",
  enforce: "pre",
  resolveId(source, importer) {
    if (source === "maplibre-gl") return `${maplibre}/index.ts`;
    if (source === "maplibre-gl/worker") return "\0map-worker";
    if (source === "bidi-js") return "\0left-to-right";
    if (source.endsWith("/package.json") && importer?.startsWith(maplibre)) return "\0map-version";
    return null;
  },
  load(id) {
    if (id === "\0map-version") return `export default { version: "${version}" };`;
    if (id === "\0left-to-right") return LEFT_TO_RIGHT;
    if (id === "\0map-worker") {
      const worker = this.emitFile({ type: "chunk", id: `${maplibre}/source/worker.ts`, name: "map-worker" });
      return `export default import.meta.ROLLUP_FILE_URL_${worker};`;
    }
    if (id.endsWith("/validate_style.min.mjs")) return UNCHECKED;
    if (UNDRAWN.test(id)) return 'export default "";';
    if (!UNUSED.test(id)) return null;
    const exported = readFileSync(id, "utf8").matchAll(/^export (?:abstract )?(class|function|const|\{) (\w+)/gm);
    return [...exported].map(([, kind, name]) => (kind === "class" || kind === "{" ? `export class ${name} {}` : `export function ${name}() {}`)).join("\n");
  },
  transform(code, id) {
    if (id.endsWith("/maplibre-gl.css")) return code.replace(UNSTYLED, "");
    if (!id.startsWith(maplibre) || !id.endsWith(".ts")) return null;
    // fields that only name a type are no fields, as its makers build it
    return transformWithOxc(code, id, { assumptions: { setPublicClassFields: true }, typescript: { removeClassFieldsWithoutInitializer: true } });
  },
};

/** The first that know `light-dark()`: none needs it written out, which would double every colour. */
const BROWSERS = ["chrome123", "safari17.5", "firefox120"];

/** The page of an export stands beside its files, wherever that is, and so asks for all of them relative to itself. */
const exportPage: UserConfig = {
  base: "./",
  publicDir: false,
  plugins: [mapFromSource, { name: "named", writeBundle: ({ dir = "" }) => renameSync(`${dir}/export.html`, `${dir}/index.html`) }],
  build: {
    outDir: "../service/export_page",
    emptyOutDir: true,
    target: "es2022",
    cssTarget: BROWSERS,
    assetsInlineLimit: 0,
    rollupOptions: { input: resolve(here, "export.html") },
  },
};

/** What the explorer begins with, and frames have too. */
const BASE = new RegExp(
  `^${here}/src/(${[
    "api|busy|camera|carried|circles|combobox|element|finder|gap|goals|language|legend|marks",
    "numbers|plate|rank|texts|theme|timeline|tip|underlay|view|vintages",
  ].join("|")})\\.ts$|vite/preload-helper`,
);

const site: UserConfig = {
  base: "/",
  define: {
    EMBED_SCRIPT: JSON.stringify({ path: `/embed/${newest}`, integrity: `sha384-${createHash("sha384").update(script).digest("base64")}` }),
  },
  worker: { format: "es" },
  plugins: [mapFromSource, newestScript, preloaded, compressed],
  build: {
    outDir: "../service/static",
    emptyOutDir: true,
    target: "es2022",
    cssTarget: BROWSERS,
    modulePreload: { polyfill: false }, // all that know `light-dark()` preload modules
    assetsInlineLimit: 0, // the page's policy allows files of its own, nothing inline
    rollupOptions: {
      input: { index: resolve(here, "index.html"), docs: resolve(here, "docs.html"), embed: resolve(here, "embed.html") },
      // what the first scripts of pages share is one file, not twenty: on a slow line each costs as much as its way there and back
      output: { codeSplitting: { groups: [{ name: "base", test: BASE }] } },
    },
  },
};

/** While somebody writes the page, the map is its makers' bundles. */
const bundled = { "maplibre-gl/worker": "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url" };

export default defineConfig(({ command, mode }) => ({
  ...(mode === "export" ? exportPage : site),
  resolve: { alias: command === "serve" ? bundled : {} },
}));
