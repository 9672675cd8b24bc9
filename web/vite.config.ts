import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig, type Plugin } from "vite";

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

export default defineConfig({
  base: "/",
  plugins: [newestScript],
  define: {
    EMBED_SCRIPT: JSON.stringify({ path: `/embed/${newest}`, integrity: `sha384-${createHash("sha384").update(script).digest("base64")}` }),
  },
  worker: { format: "es" },
  build: {
    outDir: "../service/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // the page's policy allows files of its own, nothing inline
    rollupOptions: {
      input: { index: resolve(here, "index.html"), docs: resolve(here, "docs.html"), embed: resolve(here, "embed.html") },
    },
  },
});
