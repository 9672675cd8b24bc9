import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

/** Scripts and styles lie compressed beside themselves: the service sends them so and compresses nothing twice. */
const compressed: Plugin = {
  name: "compressed",
  writeBundle({ dir = "" }, bundle) {
    for (const file of Object.keys(bundle)) if (/\.(js|css)$/.test(file)) writeFileSync(`${dir}/${file}.gz`, gzipSync(readFileSync(`${dir}/${file}`), { level: 9 }));
  },
};

export default defineConfig({
  base: "/",
  worker: { format: "es" },
  plugins: [compressed],
  build: {
    outDir: "../service/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // the page's policy allows files of its own, nothing inline
    rollupOptions: {
      input: { index: resolve(import.meta.dirname, "index.html"), docs: resolve(import.meta.dirname, "docs.html"), embed: resolve(import.meta.dirname, "embed.html") },
    },
  },
});
