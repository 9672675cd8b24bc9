"""A real browser for tests: Debian's Chromium, and what goes wrong on a page."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page, sync_playwright

from geo.layers.circles import OPACITY

CHROMIUM = shutil.which("chromium")
#: The same without windows and what goes with them, which takes a quarter less of the processor for a page.
SHELL = shutil.which("chromium-headless-shell") or CHROMIUM
FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: Without a graphics card a page is put together in less time without OpenGL between.
WITHOUT_CARD = "--disable-gpu-compositing"
DESKTOP = {"width": 1440, "height": 900}


@contextmanager
def running_browser(program: str | None = CHROMIUM, *flags: str) -> Iterator[Browser]:
    """Run Chromium meanwhile."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=[*FLAGS, *flags])
        yield found
        found.close()


class Visit:
    """A page and what went wrong on it: errors on the console, and requests to other hosts."""

    def __init__(self, page: Page, *origins: str) -> None:
        self.page = page
        self.faults: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda asked: self._note(asked.url, origins))

    def _note(self, url: str, origins: tuple[str, ...]) -> None:
        self.requests.append(url)
        if not url.startswith((*origins, "data:", "blob:")):
            self.faults.append(f"left the origin: {url}")

    def open(self, address: str) -> None:
        """Open an address of the explorer, and wait until all of it is shown."""
        self.page.goto(address)
        self.shown()

    def shown(self) -> None:
        """Wait for the view that the address names to be there, with all tiles drawn."""
        self.page.wait_for_selector("body[data-shown][data-map=idle]", timeout=60_000)

    def legend(self, name: str = "#legend") -> list[str]:
        """Return the colours of the legend's classes, the one without data last."""
        found: list[str] = self.page.locator(f"{name} li rect").evaluate_all(
            "boxes => boxes.map(box => box.getAttribute('fill'))"
        )
        return found

    def picture(self, name: str = "#map") -> bytes:
        """Return a map as PNG, without what lies over it."""
        over = self.page.locator(".legend, .choices, .insets, .tip, .maplibregl-ctrl")
        over.evaluate_all("all => all.forEach(one => (one.style.visibility = 'hidden'))")
        found = self.page.locator(name).screenshot()
        over.evaluate_all("all => all.forEach(one => (one.style.visibility = ''))")
        return found

    def colours(self, name: str = "#map") -> set[str]:
        """Return the colours of a map's pixels, without what lies over it."""
        return colours(self.picture(name))


@contextmanager
def visiting(browser: Browser, origin: str, **context: Any) -> Iterator[Visit]:
    """Give a page of a desktop, or of what ``context`` says, and assert that nothing went wrong on it."""
    page = browser.new_page(**{"viewport": DESKTOP, "locale": "ja-JP", "base_url": origin, **context})
    visit = Visit(page, origin)
    try:
        yield visit
        assert visit.faults == []
    finally:
        page.close()


Row = tuple[str, str, int]


def legend_rows(page: Page, name: str = "#legend") -> list[Row]:
    """Return colour, label and count of each class of a legend on the page, areas without data last."""
    rows = page.locator(f"{name} li:has(data)").evaluate_all(
        """rows => rows.map(row => [
            row.querySelector("rect").getAttribute("fill"),
            row.querySelector("span").textContent,
            Number(row.querySelector("data").value),
        ])"""
    )
    return [(colour, label, count) for colour, label, count in rows]


def answered_rows(page: Page, layer: str, query: str, lang: str = "ja") -> list[Row]:
    """Return the same of the legend that the service answers."""
    legend = page.request.get(f"/v1/layers/{layer}/legend.json?{query}").json()
    rows = [*reversed(legend["classes"]), legend["no_data"]]
    return [(row["colour"], row["label"][lang], row["count"]) for row in rows]


def colours(png: bytes) -> set[str]:
    """Return the colours of a picture as #rrggbb."""
    pixels = Image.open(io.BytesIO(png)).convert("RGB").tobytes()
    return {f"#{pixels[i : i + 3].hex()}" for i in range(0, len(pixels), 3)}


def assert_drawn(shown: set[str], circles: Mapping[str, str], which: str = "above") -> None:
    """Assert that pixels have the colour of a circle over plain land."""
    over, under = (np.array(list(bytes.fromhex(circles[name][1:]))) for name in (which, "land"))
    blend = OPACITY * over + (1 - OPACITY) * under
    found = np.array([list(bytes.fromhex(one[1:])) for one in shown])
    assert abs(found - blend).max(axis=1).min() <= 3, f"no {which} circle among {len(shown)} colours"


def likeness(png: bytes, other: bytes) -> float:
    """Return the share of the land's pixels that two pictures of a map have in common, but for thin lines."""
    one, two = (np.asarray(Image.open(io.BytesIO(one)).convert("RGB"), np.int16) for one in (png, other))
    assert one.shape == two.shape
    water = np.array([0xE6, 0xED, 0xF3])
    is_land = (one != water).any(axis=2) | (two != water).any(axis=2)
    return float((abs(one - two).max(axis=2) < 64)[is_land].mean())


def shifted(png: bytes, across: int, down: int) -> bytes:
    """Return a picture moved by some pixels; what leaves it on one side comes in on the other."""
    moved = io.BytesIO()
    ImageChops.offset(Image.open(io.BytesIO(png)).convert("RGB"), across, down).save(moved, "PNG")
    return moved.getvalue()
