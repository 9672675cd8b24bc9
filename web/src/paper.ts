/** What is drawn for the screen, on paper: as large as it was drawn, and made smaller as a whole. */

import "./print.css";

/** Pixels of an A4 page within its margins; down, what title, legend and source leave. */
const PAGE = { width: 686, height: 640 };

/** Let the styles of print know how large a map is, and how much smaller it has to be: `--drawn-width`, `--drawn-height`, `--shrink`. */
export function onPaper(map: HTMLElement): void {
  new ResizeObserver(() => {
    const { clientWidth: width, clientHeight: height } = map;
    if (width === 0 || height === 0 || matchMedia("print").matches) return;
    const { style } = map;
    style.setProperty("--drawn-width", `${width}px`);
    style.setProperty("--drawn-height", `${height}px`);
    style.setProperty("--shrink", String(Math.min(1, PAGE.width / width, PAGE.height / height)));
  }).observe(map);
}

/** Draw a canvas, which no style reaches, anew when it goes onto paper, which is light, and when it comes back. */
export function drawnOnPaper(canvas: Element, draw: () => void): void {
  const printing = matchMedia("print");
  const again = () => (canvas.isConnected ? draw() : printing.removeEventListener("change", again));
  printing.addEventListener("change", again);
}
