"""The page at ``/`` in a real browser."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from api_tests.conftest import Server

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="chromium (Debian package chromium) is not installed"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


class Visit:
    """A page and what went wrong on it."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page = page
        self.faults: list[str] = []
        page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda asked: self._note(asked.url, server.url))

    def _note(self, url: str, origin: str) -> None:
        if not url.startswith((origin, "data:", "blob:")):
            self.faults.append(f"left the origin: {url}")

    def drawn(self) -> None:
        """Wait for the map to have drawn all of its tiles."""
        self.page.wait_for_selector("body[data-map=idle]", timeout=60_000)


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Visit]:
    page = browser.new_page(viewport={"width": 1280, "height": 820}, base_url=server.url)
    yield Visit(page, server)
    page.close()


def colours(png: bytes) -> set[str]:
    pixels = Image.open(io.BytesIO(png)).convert("RGB").tobytes()
    return {f"#{pixels[i : i + 3].hex()}" for i in range(0, len(pixels), 3)}


def test_the_map_shows_the_colours_of_its_legend(visit: Visit) -> None:
    visit.page.goto("/?lang=ja&layer=ageing-rate&level=municipality&period=2020")
    visit.drawn()
    shown = colours(visit.page.locator("#map").screenshot())
    legend = visit.page.locator("#legend rect").evaluate_all(
        "boxes => boxes.map(box => box.getAttribute('fill'))"
    )
    assert len(shown & set(legend[:-1])) >= 3
    assert "国土数値情報（行政区域データ）" in visit.page.locator("footer").inner_text()
    assert visit.faults == []


def test_the_language_and_the_level_change_what_is_said_and_asked(visit: Visit) -> None:
    visit.page.goto("/?lang=ja&layer=population&level=municipality&period=2020")
    visit.drawn()
    assert "総人口" in visit.page.locator("#legend h2").inner_text()
    visit.page.locator("#language").click()
    visit.page.get_by_text("Population (persons)").wait_for()
    visit.page.locator("#level").select_option("prefecture")
    visit.drawn()
    assert "level=prefecture" in visit.page.url
    assert "level=prefecture" in (visit.page.locator("#geojson").get_attribute("href") or "")
    assert visit.page.locator("html").get_attribute("lang") == "en"
    assert visit.faults == []


def test_pointing_at_an_area_tells_its_name_and_value(visit: Visit) -> None:
    visit.page.goto("/?lang=ja&layer=population&level=prefecture&period=2020#6/43.4/142.8")
    visit.drawn()
    visit.page.locator("#map canvas").hover()
    visit.page.get_by_text("北海道: 5,224,614 人").wait_for()
    assert visit.faults == []


def test_a_narrow_screen_shows_map_and_legend(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 360, "height": 740})
    visit.page.goto("/?lang=en")
    visit.drawn()
    assert visit.page.evaluate("() => document.documentElement.scrollWidth") <= 360
    assert visit.faults == []


def test_the_reference_lists_every_route(visit: Visit) -> None:
    visit.page.goto("/docs")
    visit.page.get_by_text("/v1/layers/{layer}/legend.svg").wait_for()
    assert visit.faults == []


@pytest.mark.parametrize(
    ("layer", "label", "colour"),
    [
        ("deployments:smart-cities", "採択・選定", "#74add1"),
        ("deployments:japanese-ccrc", "運行・実装中", "#313695"),
        ("kpi-progress:goal-1-productivity-growth", "比較対象", "#9ebcda"),
    ],
)
def test_the_strategy_is_seen_on_the_map(visit: Visit, layer: str, label: str, colour: str) -> None:
    visit.page.goto(f"/?lang=ja&layer={layer}&level=prefecture")
    visit.drawn()
    assert colour in colours(visit.page.locator("#map").screenshot())
    entry = visit.page.locator("#legend li", has=visit.page.get_by_text(label, exact=True))
    assert entry.locator("rect").get_attribute("fill") == colour
    told = visit.page.locator("#coverage").inner_text()
    assert ("網羅ではなく" in told) is layer.startswith("deployments:")
    assert visit.faults == []


def test_pointing_at_an_area_tells_its_category(visit: Visit) -> None:
    visit.page.goto("/?lang=ja&layer=deployments:wide-area-region-cooperation&level=prefecture#6/43.4/142.8")
    visit.drawn()
    visit.page.locator("#map canvas").hover()
    visit.page.get_by_text("北海道: 把握している展開なし").wait_for()
    assert visit.faults == []


def test_a_transport_gap_shows_its_cells_and_stops_from_near(visit: Visit) -> None:
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    visit.page.goto("/?lang=ja&layer=transport-gap:mlit-handbook-rural#10/36.38/139.1")
    visit.drawn()
    assert "交通空白人口の割合" in visit.page.locator("#legend h2").inner_text()
    assert any("/v1/transport-gap/mlit-handbook-rural/cells/10/" in url for url in asked)
    assert any("/v1/stops/10/" in url for url in asked)
    assert "#08519c" in colours(visit.page.locator("#map").screenshot())  # stops
    assert visit.faults == []
