"""The explorer in Chromium (rendering in software) beside a plain MapLibre page on the same service.

    scripts/bench page [--times 5] [--seconds 3]

First map: from navigation to the first frame in the colours of the legend, in a browser context that has
cached nothing. Scrubbing: each animation frame moves the slider by one period; the plain page is given the
tiles of the next period as soon as it has shown one. A frame counts where the map was drawn in it and the
browser presented it. The colours left on the map are compared with those of the map's own fill afterwards.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from playwright.sync_api import Browser, Page

from api_tests.browser import Visit, colours, likeness, running_browser
from bench.peers import chiiki
from bench.run import fetched
from service.db.database import running_database, writer_url
from service.pages.routes import STATIC
from service.settings import HOME, Settings

LAYER = "ageing-rate"
LEVELS = ("municipality", "prefecture")
SIZE = {"width": 1440, "height": 900}
#: Of the map in the explorer, for the plain page
MAP = {"width": 833, "height": 717}
#: The library as its makers built it, which plain pages use
LIBRARY = HOME / "web/node_modules/maplibre-gl/dist"
DRAWN_MS = 60_000

#: Counts the frames in which a map is drawn: by WebGL, or as pixels.
WATCH = """
window.drawnFrames = new Set();
let frame = 0;
const next = () => { frame += 1; requestAnimationFrame(next); };
requestAnimationFrame(next);
for (const [type, names] of [
  [WebGL2RenderingContext, ["drawElements", "drawArrays"]], [CanvasRenderingContext2D, ["putImageData"]]
])
  for (const name of names) {
    const own = type.prototype[name];
    type.prototype[name] = function (...given) { drawnFrames.add(frame); return own.apply(this, given); };
  }
"""

SCRUB = """
async (seconds) => {
  const slider = document.getElementById("period");
  const count = Number(slider.max) + 1;
  const begun = performance.now();
  const before = drawnFrames.size;
  let moved = 0;
  await new Promise((done) => {
    const move = () => {
      slider.value = String(moved++ % count);
      slider.dispatchEvent(new Event("input", { bubbles: true }));
      if (performance.now() - begun < seconds * 1000) requestAnimationFrame(move); else done();
    };
    requestAnimationFrame(move);
  });
  return { drawn: drawnFrames.size - before, seconds: (performance.now() - begun) / 1000 };
}
"""

PLAIN = """
<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/maplibre-gl.css">
<style>body { margin: 0 } #map { width: %(width)dpx; height: %(height)dpx }</style>
<div id="map"></div>
<script type="module">
import * as maplibregl from "/maplibre-gl.mjs";
const asked = new URLSearchParams(location.search);
const map = window.map = new maplibregl.Map({
  container: "map",
  style: `%(service)s/v1/layers/${asked.get("layer")}/style.json?level=${asked.get("level")}`,
  bounds: [128.4, 30.05, 148.95, 45.65], fitBoundsOptions: { padding: 12 }, fadeDuration: 0,
});
map.on("idle", () => { if (!performance.getEntriesByName("coloured").length) performance.mark("coloured"); });
window.scrub = async ({ tiles, seconds }) => {
  const source = Object.keys(map.getStyle().sources)[0];
  const begun = performance.now();
  let shown = 0;
  while (performance.now() - begun < seconds * 1000) {
    const idle = map.once("idle");
    map.getSource(source).setTiles([tiles[shown %% tiles.length]]);
    await idle;
    shown += 1;
  }
  return { drawn: shown, seconds: (performance.now() - begun) / 1000 };
};
</script>
"""


def explorer(level: str) -> str:
    """Return the address of a view of the explorer."""
    return f"/?lang=ja&layer={LAYER}&level={level}"


def opened(browser: Browser, url: str) -> Page:
    """Return a page of a context that has cached nothing."""
    page = browser.new_context(viewport=SIZE, locale="ja-JP", base_url=url).new_page()  # type: ignore[arg-type]
    page.add_init_script(WATCH)
    return page


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without telling of each."""

    def log_message(self, *told: object) -> None:
        """Tell nothing."""


@contextmanager
def plain_page(service: str) -> Iterator[str]:
    """Serve the plain page and its library from a server of their own meanwhile, and return its address."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("maplibre-gl.mjs", "maplibre-gl-worker.mjs", "maplibre-gl.css"):
            shutil.copy(LIBRARY / name, folder)
        (Path(folder) / "index.html").write_text(PLAIN % {"service": service, **MAP})
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def first_map(browser: Browser, address: str, mark: str, legend: set[str]) -> tuple[float, int]:
    """Return milliseconds from navigation to the first coloured map, and the requests made until then."""
    page = opened(browser, address)
    page.goto(address, wait_until="commit")
    page.wait_for_function("mark => performance.getEntriesByName(mark).length", arg=mark, timeout=DRAWN_MS)
    shown = colours(page.screenshot())
    if len(legend - shown) > 1:  # a class of few areas may lie under lines
        raise SystemExit(f"{address}: the first map lacks {legend - shown}")
    at = float(page.evaluate("mark => performance.getEntriesByName(mark)[0].startTime", mark))
    asked = int(
        page.evaluate(
            "at => performance.getEntriesByType('resource').filter(r => r.responseEnd <= at).length + 1", at
        )
    )
    page.context.close()
    return at, asked


def presented(browser: Browser, run: Callable[[], dict[str, float]]) -> tuple[float, float]:
    """Return drawn frames per second, and how many of all frames the browser presented a second."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        browser.start_tracing(path=path, categories=["viz"])
        found = run()
        browser.stop_tracing()
        events: list[dict[str, Any]] = json.loads(path.read_bytes())["traceEvents"]
    swaps = sum(e["name"] == "SkiaOutputSurfaceImplOnGpu::SwapBuffers" and e["ph"] in "XB" for e in events)
    return found["drawn"] / found["seconds"], swaps / found["seconds"]


def scrubbed(browser: Browser, url: str, level: str, seconds: float) -> tuple[float, float, float]:
    """Return frames drawn and presented a second, and the share of the land that the resting map has too."""
    page = opened(browser, url)
    page.goto(f"{explorer(level)}&breaks_over=all")  # else the colours at rest are others
    page.wait_for_selector("body[data-shown][data-map=idle]", timeout=DRAWN_MS)
    page.evaluate(SCRUB, 0.3)  # fetches the values of every period
    drawn, swapped = presented(browser, lambda: page.evaluate(SCRUB, seconds))
    visit = Visit(page, url)
    while_moving = visit.picture()
    page.locator("#period").dispatch_event("change")
    page.wait_for_selector("body:not([data-shown])", timeout=DRAWN_MS)
    visit.shown()
    same = likeness(while_moving, visit.picture())
    page.context.close()
    return drawn, swapped, same


def scrubbed_plain(browser: Browser, url: str, plain: str, level: str, seconds: float) -> float:
    """Return periods shown a second by the plain page."""
    periods = json.loads(fetched(f"{url}/v1/layers/{LAYER}/periods.json?level={level}"))["periods"]
    descriptions = [f"{url}/v1/layers/{LAYER}/tiles.json?level={level}&period={p['period']}" for p in periods]
    tiles = [json.loads(fetched(address))["tiles"][0] for address in descriptions]
    page = opened(browser, plain)
    page.goto(f"/?layer={LAYER}&level={level}")
    page.wait_for_function("performance.getEntriesByName('coloured').length", timeout=DRAWN_MS)
    found: Mapping[str, float] = page.evaluate("given => scrub(given)", {"tiles": tiles, "seconds": seconds})
    page.context.close()
    return found["drawn"] / found["seconds"]


def first_view_kb(browser: Browser, url: str) -> float:
    """Return the kilobytes (gzip) of the page and of its own files."""
    page = opened(browser, url)
    files: set[str] = set()
    page.on("request", lambda asked: files.add(asked.url) if "/assets/" in asked.url else None)
    page.goto(explorer("municipality"))
    page.wait_for_selector("body[data-shown][data-map=idle]", timeout=DRAWN_MS)
    page.context.close()
    bodies = [(STATIC / "assets" / Path(file).name).read_bytes() for file in files]
    return sum(len(gzip.compress(body)) for body in [fetched(url + "/"), *bodies]) / 1000


def main() -> None:
    """Run both pages and print them side by side."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--times", type=int, default=5, help="contexts of which the median is told")
    options.add_argument("--seconds", type=float, default=3, help="length of each scrubbing")
    chosen = options.parse_args()
    settings = Settings()
    with (
        running_database(settings),
        chiiki(writer_url(settings)) as ours,
        plain_page(ours.url) as plain,
        running_browser() as browser,
    ):
        url = ours.url
        print(f"Load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        print(f"First view: {first_view_kb(browser, url):.0f} kB of page, scripts and styles (gzip)\n")
        print(f"First coloured map, no cache, median of {chosen.times}")
        for level in LEVELS:
            body = json.loads(fetched(f"{url}/v1/layers/{LAYER}/legend.json?level={level}"))
            legend = {one["colour"] for one in body["classes"] if one["count"]}
            sides = [("chiiki:coloured", url + explorer(level)), ("coloured", plain + explorer(level))]
            told = [
                [first_map(browser, address, mark, legend) for _ in range(chosen.times)]
                for mark, address in sides
            ]
            mine, theirs = (statistics.median(at for at, _ in one) for one in told)
            print(
                f"  {level:<14}chiiki {mine:6.0f} ms ({told[0][0][1]} requests)"
                f"   plain MapLibre {theirs:6.0f} ms ({told[1][0][1]} requests)   {theirs / mine:5.1f} ×"
            )
        print(f"\nScrubbing through all periods, {chosen.seconds:g} s, new colours a second")
        for level in LEVELS:
            drawn, swapped, same = scrubbed(browser, url, level, chosen.seconds)
            theirs = scrubbed_plain(browser, url, plain, level, chosen.seconds)
            mine = min(drawn, swapped)
            print(
                f"  {level:<14}chiiki {mine:5.1f} (drawn {drawn:.1f}, presented {swapped:.1f};"
                f" {same:.0%} of the land as at rest)   plain MapLibre {theirs:5.1f}   {mine / theirs:5.1f} ×"
            )
        print(f"Load of the machine: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
