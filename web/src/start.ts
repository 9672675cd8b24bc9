/** The explorer's first script: colours a map at once; then comes the explorer itself, which is twenty times as large. */

import { byId } from "./element";
import { drawLegend } from "./legend";
import { sketch } from "./sketch";
import { translatePage } from "./texts";
import { wearTheme } from "./theme";
import { breaksOver, viewOf } from "./view";

wearTheme();
const view = viewOf(location.search, document.documentElement.lang);
translatePage(view.lang);
if (view.stage === "map") {
  try {
    const legend = await sketch(byId("map"), view);
    drawLegend(byId("legend"), legend, view.lang, { breaks: breaksOver(view), vintage: view.vintage && legend.vintage, lit: () => undefined });
    void import("./map"); // not before: what colours the map at once is not to wait for what follows
    // starting the explorer takes longer than a frame: let the picture be seen first
    await new Promise((seen) => requestAnimationFrame(() => setTimeout(seen)));
    performance.mark("chiiki:coloured"); // scripts/bench page reads it
  } catch {
    // whatever is wrong with the view, the explorer tells
  }
}
await import("./main");
