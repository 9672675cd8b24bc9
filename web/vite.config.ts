import { createHash } from "node:crypto";
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin, type UserConfig } from "vite";

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
    for (const file of Object.keys(bundle))
      if (/\.(js|css)$/.test(file)) writeFileSync(`${dir}/${file}.gz`, gzipSync(readFileSync(`${dir}/${file}`), { level: 9 }));
  },
};

/** The first that know `light-dark()`: none needs it written out, which would double every colour. */
const BROWSERS = ["chrome123", "safari17.5", "firefox120"];

/** The page of an export stands beside its files, wherever that is, and so asks for all of them relative to itself. */
const exportPage: UserConfig = {
  base: "./",
  publicDir: false,
  plugins: [{ name: "named", writeBundle: ({ dir = "" }) => renameSync(`${dir}/export.html`, `${dir}/index.html`) }],
  build: {
    outDir: "../service/export_page",
    emptyOutDir: true,
    target: "es2022",
    cssTarget: BROWSERS,
    assetsInlineLimit: 0,
    rollupOptions: { input: resolve(here, "export.html") },
  },
};

const site: UserConfig = {
  base: "/",
  define: {
    EMBED_SCRIPT: JSON.stringify({ path: `/embed/${newest}`, integrity: `sha384-${createHash("sha384").update(script).digest("base64")}` }),
  },
  worker: { format: "es" },
  plugins: [newestScript, preloaded, compressed],
  build: {
    outDir: "../service/static",
    emptyOutDir: true,
    target: "es2022",
    cssTarget: BROWSERS,
    assetsInlineLimit: 0, // the page's policy allows files of its own, nothing inline
    rollupOptions: {
      input: { index: resolve(here, "index.html"), docs: resolve(here, "docs.html"), embed: resolve(here, "embed.html") },
    },
  },
};

export default defineConfig(({ mode }) => (mode === "export" ? exportPage : site));
