"""The formats of vector tiles side by side: their bytes, what they cost the service, and the browser.

    scripts/bench formats [--tiles 300] [--times 15] [--seed 1]

Bytes and CPU: random municipal tiles of zoom 4 to 12, from outlines and values that are in memory. Formats
take turns. Browser: Chromium (rendering in software) draws Japan with MapLibre GL JS from tiles that it has
cached: from the change of the style to the frame that has all of it, decoding included.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
from collections.abc import Mapping, Sequence

from playwright.sync_api import Browser
from sqlalchemy import create_engine

from api_tests.browser import running_browser
from bench.client import Client, Request
from bench.meters import cpu_s
from bench.page import DRAWN_MS, LAYER, opened, plain_page
from bench.peers import Peer, chiiki
from bench.run import Question, fetched, questions_of
from service.db.database import running_database, writer_url
from service.settings import Settings

#: What is compared: the ending of the address, and what its query says besides.
FORMATS: Mapping[str, tuple[str, str]] = {
    "MVT": ("mvt", ""),
    "MVT, lean": ("mvt", "&fields=value,class"),
    "MLT": ("mlt", ""),
    "MLT, lean": ("mlt", "&fields=value,class"),
}
ENCODINGS = ("identity", "gzip")
LEVEL = "municipality"

DRAW = """async (tiles) => {
  const style = map.getStyle();
  const [name] = Object.keys(style.sources);
  const spans = {};
  for (const [format, source] of tiles) {
    map.setStyle({ version: 8, sources: {}, layers: [] });
    await map.once("idle");
    const begun = performance.now();
    map.setStyle({ ...style, sources: { [name]: { type: "vector", maxzoom: 14, ...source } } });
    await map.once("idle");
    (spans[format] ??= []).push(performance.now() - begun);
  }
  return spans;
}"""


def served(peer: Peer, questions: Sequence[Question], encoding: str) -> dict[str, tuple[float, float]]:
    """Return the bytes of a tile in each format, and the microseconds of CPU that it takes the service."""
    client = Client(peer.url)
    told = dict.fromkeys(FORMATS, (0.0, 0.0))
    headers = {"Accept-Encoding": encoding}
    for q in questions:
        client.ask(Request(f"/v1/layers/{q.indicator}/values.json?period={q.period}", headers))
        for name, (suffix, more) in FORMATS.items():
            path = q.chiiki().replace(".mvt", f".{suffix}")
            outlines = path.replace(f"/{q.indicator}/", f"/{LAYER}/").partition("?")[0]
            client.ask(Request(f"{outlines}?level={LEVEL}{more}", headers))
            before = cpu_s(peer.process.pid)
            answer = client.ask(Request(path + more, headers))
            size, seconds = told[name]
            told[name] = size + len(answer.body), seconds + cpu_s(peer.process.pid) - before
    client.close()
    count = len(questions)
    return {name: (size / count, seconds / count * 1e6) for name, (size, seconds) in told.items()}


def drawn(browser: Browser, peer: Peer, plain: str, times: int) -> dict[str, list[float]]:
    """Return the milliseconds of each drawing in each format; the first one, which fetches, is left out."""
    asked = f"{peer.url}/v1/layers/{LAYER}/tiles.json?level={LEVEL}"
    sources = {}
    for name, (suffix, more) in FORMATS.items():
        described = json.loads(fetched(f"{asked}&encoding={suffix}{more}"))
        sources[name] = {"tiles": described["tiles"], "encoding": described["encoding"]}
    page = opened(browser, plain)
    page.goto(f"/?layer={LAYER}&level={LEVEL}")
    page.wait_for_function("performance.getEntriesByName('coloured').length", timeout=DRAWN_MS)
    found: dict[str, list[float]] = page.evaluate(DRAW, [*sources.items()] * (times + 1))
    page.context.close()
    return {name: spans[1:] for name, spans in found.items()}


def main() -> None:
    """Run all and print it."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--tiles", type=int, default=300, help="random tiles")
    options.add_argument("--times", type=int, default=15, help="drawings of which the median is told")
    options.add_argument("--seed", type=int, default=1, help="of the random list")
    chosen = options.parse_args()
    settings = Settings()
    with running_database(settings), chiiki(writer_url(settings)) as ours:
        with create_engine(writer_url(settings)).connect() as conn:
            questions = questions_of(conn, chosen.seed, chosen.tiles * len(ENCODINGS))
        print(f"Load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        for place, encoding in enumerate(ENCODINGS):
            found = served(ours, questions[place :: len(ENCODINGS)], encoding)
            usual = found["MVT"][0]
            print(f"\n{chosen.tiles} random tiles of zoom 4 to 12, {encoding}")
            for name, (size, microseconds) in found.items():
                print(f"  {name:<12}{size:>9,.0f} bytes {size / usual:6.2f} ×{microseconds:>8,.0f} µs of CPU")
        print(f"\nJapan decoded and drawn in Chromium, median of {chosen.times} (least)")
        with plain_page(ours.url) as plain, running_browser() as browser:
            for name, spans in drawn(browser, ours, plain, chosen.times).items():
                print(f"  {name:<12}{statistics.median(spans):>9,.0f} ms ({min(spans):,.0f})")


if __name__ == "__main__":
    main()
