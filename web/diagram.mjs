/** A Mermaid diagram (standard input) as SVG (standard output) that asks no other host for its fonts. */

import { readFileSync } from "node:fs";
import { renderMermaidSVG } from "beautiful-mermaid";

/** The site's own colours, by day and by night. */
const colours = { bg: "var(--md-default-bg-color)", fg: "var(--md-default-fg-color)" };
const svg = renderMermaidSVG(readFileSync(0, "utf8"), { ...colours, font: "sans-serif", transparent: true });
process.stdout.write(svg.replace(/^\s*@import url\(.*$/m, "").replace('style="', 'style="min-width:85rem;height:auto;'));
