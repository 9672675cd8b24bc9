"""The explorer in Chromium (rendering in software) beside a plain MapLibre page on the same service.

    scripts/bench page [--times 5] [--seconds 3]

First map: from navigation to the first frame in the colours of the legend, in a browser context that has
cached nothing. Scrubbing: each animation frame moves the slider by one period; the plain page is given the
tiles of the next period as soon as it has shown one. A frame counts where the map was drawn in it and the
browser presented it. The colours left on the map are compared with those of the map's own fill afterwards.

Throttled: the same first view with the bandwidth and delay that Chromium's tools call Fast 3G and a processor
four times as slow, in a window as wide as a phone: when the map is coloured, when all is shown, what was
sent until then, the tasks that took longer than 50 ms, and the frames of the page while the periods play.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from threading import Thread
from typing import Any

from playwright.sync_api import Browser, Page, Request

from api_tests.browser import Visit, colours, likeness, running_browser
from bench.peers import chiiki
from bench.run import fetched
from service.db.database import running_database, writer_url
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

#: Chromium's own figures for Fast 3G: bytes a second, and milliseconds to the first byte
FAST_3G = {
    "offline": False,
    "latency": 562.5,
    "downloadThroughput": 1.6e6 / 8 * 0.9,
    "uploadThroughput": 7.5e5 / 8 * 0.9,
}
SLOWER = 4
PHONE = {"width": 390, "height": 844}

#: Keeps the length of tasks that hold the page up.
TASKS = """
window.longTasks = [];
new PerformanceObserver((told) => longTasks.push(...told.getEntries().map((one) => one.duration)))
  .observe({ type: "longtask", buffered: true });
"""

#: Plays through the periods, and counts the frames of the page meanwhile.
PLAY = """
async (seconds) => {
  document.querySelector("#timeline button").click();
  const begun = performance.now();
  let frames = 0;
  await new Promise((done) => {
    const next = () => {
      frames += 1;
      if (performance.now() - begun < seconds * 1000) requestAnimationFrame(next); else done();
    };
    requestAnimationFrame(next);
  });
  const passed = performance.now() - begun;
  document.querySelector("#timeline button").click();
  return (frames * 1000) / passed;
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


@dataclass(frozen=True)
class Throttled:
    """The first view on a slow phone, in milliseconds, bytes and frames a second."""

    coloured: float
    shown: float
    sent: int
    tasks: tuple[float, ...]
    frames: float


def throttled(browser: Browser, url: str, level: str, seconds: float) -> Throttled:
    """Return what a phone on a slow line sees of the explorer."""
    context = browser.new_context(
        viewport=PHONE,  # type: ignore[arg-type]
        is_mobile=True,
        has_touch=True,
        locale="ja-JP",
        base_url=url,
    )
    page = context.new_page()
    page.add_init_script(TASKS)
    asked: list[Request] = []
    page.on("requestfinished", lambda one: asked.append(one))
    tools = context.new_cdp_session(page)
    tools.send("Network.enable")
    tools.send("Network.emulateNetworkConditions", FAST_3G)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(explorer(level), wait_until="commit")
    page.wait_for_selector("body[data-shown][data-map=idle]", timeout=2 * DRAWN_MS)
    coloured, shown, tasks = page.evaluate(
        "() => [performance.getEntriesByName('chiiki:coloured')[0].startTime, performance.now(), longTasks]"
    )
    sizes = [request.sizes() for request in asked]
    page.evaluate(PLAY, 1)  # fetches the values of every period
    page.wait_for_selector("body[data-shown][data-map=idle]", timeout=2 * DRAWN_MS)
    frames = float(page.evaluate(PLAY, seconds))
    context.close()
    sent = sum(one["responseBodySize"] + one["responseHeadersSize"] for one in sizes)
    return Throttled(coloured, shown, sent, tuple(tasks), frames)


def first_view_kb(browser: Browser, url: str) -> tuple[float, float]:
    """Return the kilobytes of the page and of its own files as they are sent: by gzip, and by Brotli."""
    page = opened(browser, url)
    files = {f"{url}/"}
    page.on("request", lambda asked: files.add(asked.url) if "/assets/" in asked.url else None)
    page.goto(explorer("municipality"))
    page.wait_for_selector("body[data-shown][data-map=idle]", timeout=DRAWN_MS)
    page.context.close()

    def sent(coding: str) -> float:
        asked = [urllib.request.Request(file, headers={"Accept-Encoding": coding}) for file in files]
        return sum(len(urllib.request.urlopen(one).read()) for one in asked) / 1000

    return sent("gzip"), sent("br, gzip;q=0.5")


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
        zipped, brotli = first_view_kb(browser, url)
        print(f"First view: {zipped:.0f} kB of page, scripts and styles (gzip), {brotli:.0f} kB (Brotli)\n")
        print(f"First coloured map, no cache, median of {chosen.times}")
        for level in LEVELS:
            body = json.loads(fetched(f"{url}/v1/layers/{LAYER}/legend.json?level={level}"))
            legend = {one["colour"] for one in body["classes"] if one["count"]}
            sides = [("chiiki:coloured", url + explorer(level)), ("coloured", plain + explorer(level))]
            told = [
                [first_map(browser, address, mark, legend) for _ in range(chosen.times)]
                for mark, address in sides
            ]
            mine, theirs = (median(at for at, _ in one) for one in told)
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
        print(f"\nA phone on Fast 3G with a processor {SLOWER} times as slow, median of {chosen.times}")
        for level in LEVELS:
            phones = [throttled(browser, url, level, chosen.seconds) for _ in range(chosen.times)]
            print(
                f"  {level:<14}coloured {median(one.coloured for one in phones):6.0f} ms"
                f"   all shown {median(one.shown for one in phones):6.0f} ms"
                f"   {median(one.sent for one in phones) / 1000:.0f} kB"
                f"   {median(len(one.tasks) for one in phones):.0f} tasks over 50 ms,"
                f" {median(sum(one.tasks) for one in phones):.0f} ms in all,"
                f" {median(max(one.tasks, default=0) for one in phones):.0f} ms the longest"
                f"   {median(one.frames for one in phones):.0f} frames a second while playing"
            )
        print(f"Load of the machine: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
