"""An export is the service's own tiles and values, and its page needs no service."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import mapbox_vector_tile
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Browser, expect
from pmtiles.reader import MmapSource, Reader, all_tiles

from api_tests.browser import Visit, assert_drawn, legend_rows
from geo.layers import mlt
from service.tests.databases import Database

LAYERS = ("population", "ageing-rate", "deployments:smart-cities")
MAEBASHI = "10201"


class Ranges(SimpleHTTPRequestHandler):
    """A static web server that answers Range requests (RFC 9110 14), as object storage does."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        file = Path(self.translate_path(self.path))
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if asked is None or not file.is_file():
            super().do_GET()
            return
        first, last = int(asked[1]), min(int(asked[2]), file.stat().st_size - 1)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{last}/{file.stat().st_size}")
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        with file.open("rb") as body:
            body.seek(first)
            self.wfile.write(body.read(last - first + 1))

    def log_message(self, *_: object) -> None:
        pass


def run(database: Database, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **database.environment, "COLUMNS": "200", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "service.cli", "export", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def done(
    database: Database, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("export") / "site"
    done = run(database, str(folder), "--layers", ",".join(LAYERS), "--levels", "prefecture,municipality")
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.fixture(scope="module")
def folder(done: tuple[Path, subprocess.CompletedProcess[str]]) -> Path:
    return done[0]


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve an export meanwhile, and give its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Ranges, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[str]:
    with serving(folder) as address:
        yield address


def told(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / name).read_bytes())
    return found


def features(tile: bytes) -> dict[int, dict[str, Any]]:
    layer = mapbox_vector_tile.decode(tile, default_options={"y_coord_down": True})["areas"]
    return {one["id"]: one for one in layer["features"]}


@pytest.mark.parametrize(("z", "x", "y"), [(4, 14, 6), (7, 113, 50), (12, 3631, 1608)])
def test_a_tile_of_the_archive_has_the_geometry_and_names_of_the_service(
    folder: Path, client: httpx.Client, z: int, x: int, y: int
) -> None:
    with (folder / "tiles" / "municipality.pmtiles").open("rb") as file:
        exported = features(gzip.decompress(Reader(MmapSource(file)).get(z, x, y)))
    served = features(client.get(f"/v1/layers/population/tiles/{z}/{x}/{y}.mvt?level=municipality").content)
    assert exported.keys() == served.keys()
    assert exported
    for number, one in served.items():
        assert exported[number]["geometry"] == one["geometry"]
        names = {key: one["properties"][key] for key in ("code", "name", "name_en")}
        assert exported[number]["properties"] == names


def test_the_archive_has_every_stored_tile_in_order_and_says_where_it_lies(
    folder: Path, database: Database
) -> None:
    with (folder / "tiles" / "prefecture.pmtiles").open("rb") as file:
        source = MmapSource(file)
        header, count = Reader(source).header(), sum(1 for _ in all_tiles(source))
        layers = Reader(source).metadata()["vector_layers"]
    with database.begin() as conn:
        stored = conn.exec_driver_sql(
            "select count(*) from encoded_tile where level = 'prefecture' and vintage = '2025-01-01'"
        ).scalar()
    assert count == stored
    assert header["clustered"]
    assert (header["min_zoom"], header["max_zoom"]) == (0, 12)
    assert 122e7 < header["min_lon_e7"] < 124e7
    assert [one["id"] for one in layers] == ["areas"]


@pytest.mark.parametrize("layer", LAYERS)
def test_the_table_has_a_row_for_every_layer_level_area_and_period(
    folder: Path, client: httpx.Client, layer: str
) -> None:
    levels = {"prefecture": 47, "municipality": 1747}
    about = next(one for one in client.get("/v1/layers").json()["layers"] if one["id"] == layer)
    expected = {
        (level, period): levels[level] for level in levels for period in about["periods_by_level"][level]
    }
    table = pq.read_table(folder / "observations.parquet", filters=[("layer", "=", layer)])
    counted: dict[tuple[str, str], int] = {}
    for level, period in zip(table["level"].to_pylist(), table["period"].to_pylist(), strict=True):
        counted[level, period] = counted.get((level, period), 0) + 1
    assert counted == expected


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("level", ["prefecture", "municipality"])
def test_the_table_has_the_values_and_statuses_that_the_service_answers(
    folder: Path, client: httpx.Client, layer: str, level: str
) -> None:
    answer = client.get(f"/v1/layers/{layer}/values.json?level={level}").json()
    filters = [("layer", "=", layer), ("level", "=", level), ("period", "=", answer["period"])]
    table = pq.read_table(folder / "observations.parquet", filters=filters)
    assert table["area_code"].to_pylist() == answer["codes"]
    assert table["value"].to_pylist() == answer["values"]
    assert table["status"].to_pylist() == answer["statuses"]
    assert table["carried"].to_pylist() == answer["carried"]
    dates = {tuple(map(str, one)) for one in table["boundary_dates"].to_pylist()}
    assert dates == {tuple(answer["boundary_dates"])}


@pytest.mark.parametrize("layer", LAYERS)
def test_the_values_of_every_period_have_the_classes_and_colours_that_the_service_answers(
    folder: Path, client: httpx.Client, layer: str
) -> None:
    found = told(folder, f"layers/{layer.replace(':', '.')}/municipality.json")
    for one in found["periods"]:
        query = f"level=municipality&period={one['period']}"
        values = client.get(f"/v1/layers/{layer}/values.json?{query}").json()
        assert (one["values"], one["classes"]) == (values["values"], values["classes"])
        missing = {code: status for status, codes in one["missing"].items() for code in codes}
        carried = {code: how for how, codes in one["carried"].items() for code in codes}
        of_values = {code: how for code, how in carried.items() if how == "apportioned"}
        statuses = [(missing | of_values).get(code, "ok") for code in found["codes"]]
        assert statuses == values["statuses"]
        marks = [None if code in missing else carried.get(code, "as_published") for code in found["codes"]]
        assert marks == values["carried"]
        assert one["boundary_dates"] == values["boundary_dates"]
        legend = client.get(f"/v1/layers/{layer}/legend.json?{query}").json()
        assert one["legend"] == legend["classes"]
    assert found["classes"] == found["periods"][-1]["legend"]
    shared = client.get(f"/v1/layers/{layer}/legend.json?level=municipality&breaks_over=all").json()
    assert found["shared_legend"] == shared["classes"]


def test_every_file_that_the_catalogue_names_is_there_and_every_source_has_its_credit_and_terms(
    folder: Path,
) -> None:
    catalogue = told(folder, "layers.json")
    assert [one["id"] for one in catalogue["layers"]] == list(LAYERS)
    named = [path for level in catalogue["levels"] for path in level["files"].values()]
    for layer in catalogue["layers"]:
        assert set(layer["files"]) == {"prefecture", "municipality"}
        named += [path for files in layer["files"].values() for path in files.values()]
    for path in [*named, catalogue["observations"], catalogue["sources"]]:
        assert (folder / path).is_file(), path
    sources = told(folder, "sources.json")
    values = [files["values"] for layer in catalogue["layers"] for files in layer["files"].values()]
    used = {one["id"] for name in values for one in told(folder, name)["sources"]}
    assert {one["id"] for one in sources["sources"]} == used
    for one in [sources["boundaries"], *sources["sources"]]:
        assert one["licence"]
        assert one["credit"]["ja"]


def test_a_style_gives_an_area_the_colour_of_its_class(folder: Path, client: httpx.Client) -> None:
    style = told(folder, "layers/ageing-rate/municipality.style.json")
    assert style["sources"]["areas"]["url"] == "pmtiles://tiles/municipality.pmtiles"
    fill = next(one for one in style["layers"] if one["id"] == "areas-fill")["paint"]["fill-color"]
    assert fill[:2] == ["match", ["get", "code"]]
    colour = next(colour for codes, colour in zip(fill[2::2], fill[3::2], strict=False) if MAEBASHI in codes)
    values = client.get("/v1/layers/ageing-rate/values.json?level=municipality").json()
    legend = client.get("/v1/layers/ageing-rate/legend.json?level=municipality").json()
    index = values["classes"][values["codes"].index(MAEBASHI)]
    assert colour == legend["classes"][index]["colour"]


def test_a_style_of_counts_has_circles_over_plain_land(folder: Path) -> None:
    style = told(folder, "layers/population/municipality.style.json")
    layers = {one["id"]: one for one in style["layers"]}
    fill = layers["areas-fill"]["paint"]["fill-color"]
    assert MAEBASHI in fill[2]
    assert fill[3:] == ["#f3f0e8", "#cccccc"]
    points = style["sources"][layers["areas-circles"]["source"]]["data"]["features"]
    people = {one["properties"]["code"]: one["properties"]["value"] for one in points}
    # the census of 2020: 前橋市; of the Northern Territories nothing is known
    assert people[MAEBASHI] == 332_149
    assert "01695" not in people
    (longitude, latitude) = next(
        one["geometry"]["coordinates"] for one in points if one["properties"]["code"] == MAEBASHI
    )
    assert (longitude, latitude) == (pytest.approx(139.1, abs=0.2), pytest.approx(36.4, abs=0.2))


def test_the_report_tells_the_size_of_each_part(
    done: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    for part in ("layers: 3", "municipality: ", "observations.parquet: ", "total: "):
        assert part in done[1].stdout


def test_an_export_may_be_read_by_a_web_server_of_another_account(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        assert path.stat().st_mode & 0o004, path


def test_an_earlier_export_is_replaced_and_nothing_is_left_beside_it(
    database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "site"
    assert run(database, str(folder), "--layers", "ageing-rate", "--levels", "prefecture").returncode == 0
    assert run(database, str(folder), "--layers", "population", "--levels", "prefecture").returncode == 0
    assert [path.name for path in (folder / "layers").iterdir()] == ["population"]
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_that_holds_something_else_is_refused_and_stays(database: Database, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("words")
    done = run(database, str(tmp_path), "--layers", "population", "--levels", "prefecture")
    assert done.returncode == 1
    assert "holds other files" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--layers", "populaton"), ("--layers", "populaton", "one of ", "ageing-rate")),
        (("--levels", "town"), ("--levels", "town", "one of prefecture, municipality, ward")),
        (("--tiles", "pbf"), ("--tiles", "pbf", "one of mvt, mlt")),
        (
            ("--layers", "kpi-progress:goal-1-gpp-growth", "--levels", "ward"),
            ("--levels", "one of prefecture"),
        ),
    ],
)
def test_an_option_that_names_what_does_not_exist_is_told_what_does(
    database: Database, tmp_path: Path, words: tuple[str, ...], named: tuple[str, ...]
) -> None:
    done = run(database, str(tmp_path / "site"), *words)
    assert done.returncode == 1
    for word in named:
        assert word in done.stderr
    assert list(tmp_path.iterdir()) == []


# The page


def opened(browser: Browser, site: str, query: str) -> Visit:
    visit = Visit(browser.new_page(viewport={"width": 1280, "height": 800}), site)
    visit.open(f"{site}/{query}")
    return visit


def test_an_export_of_maplibre_tiles_says_the_same_and_its_page_draws_them(
    database: Database, folder: Path, tmp_path: Path, browser: Browser
) -> None:
    words = ("--layers", "ageing-rate", "--levels", "prefecture", "--tiles", "mlt")
    done = run(database, str(tmp_path / "site"), *words)
    assert done.returncode == 0, done.stderr
    archives = [one / "tiles" / "prefecture.pmtiles" for one in (folder, tmp_path / "site")]
    with archives[0].open("rb") as usual, archives[1].open("rb") as by_column:
        sources = MmapSource(usual), MmapSource(by_column)
        readers = [Reader(source) for source in sources]
        # PMTiles 3.5, 4.1: a tile type of 6 is MLT
        assert [reader.header()["tile_type"].value for reader in readers] == [1, 6]
        assert [reader.metadata()["encoding"] for reader in readers] == ["mvt", "mlt"]
        for (address, tile), (same, told) in zip(*map(all_tiles, sources), strict=True):
            assert address == same
            (layer,) = mlt.decode(gzip.decompress(told))
            expected = mapbox_vector_tile.decode(gzip.decompress(tile))["areas"]["features"]
            assert layer.ids == [one["id"] for one in expected]
            rows = zip(*layer.columns.values(), strict=True)
            assert [dict(zip(layer.columns, row, strict=True)) for row in rows] == [
                one["properties"] for one in expected
            ]
    assert archives[1].stat().st_size < archives[0].stat().st_size
    assert [one["encoding"] for one in told_levels(tmp_path / "site")] == ["mlt"]
    style = json.loads((tmp_path / "site/layers/ageing-rate/prefecture.style.json").read_bytes())
    assert style["sources"]["areas"]["encoding"] == "mlt"
    with serving(tmp_path / "site") as site:
        visit = opened(browser, site, "?layer=ageing-rate&level=prefecture")
        present = visit.page.locator("#legend li:not(.none) rect")
        shown = set(present.evaluate_all("boxes => boxes.map(box => box.getAttribute('fill'))"))
        assert len(shown) >= 2
        assert shown <= visit.colours()
        assert visit.faults == []
        visit.page.close()


def told_levels(folder: Path) -> list[dict[str, Any]]:
    return list(told(folder, "layers.json")["levels"])


@pytest.mark.parametrize("query", ["?layer=ageing-rate", "?layer=ageing-rate&level=prefecture&lang=en"])
def test_the_page_paints_the_legend_s_colours_from_files_of_its_own_host_alone(
    browser: Browser, site: str, query: str
) -> None:
    visit = opened(browser, site, query)
    present = visit.page.locator("#legend li:not(.none) rect")
    shown = set(present.evaluate_all("boxes => boxes.map(box => box.getAttribute('fill'))"))
    assert len(shown) >= 2
    assert shown <= visit.colours()
    assert visit.faults == []
    visit.page.close()


def test_the_page_draws_counts_as_circles(browser: Browser, site: str, folder: Path) -> None:
    visit = opened(browser, site, "?layer=population&level=prefecture")
    assert visit.page.locator("#legend li.circle").count() == 3
    assert_drawn(visit.colours(), told(folder, "layers/population/prefecture.json")["circles"])
    assert visit.faults == []
    visit.page.close()


def test_the_page_shows_another_layer_level_and_language_and_keeps_them_in_its_address(
    browser: Browser, site: str
) -> None:
    visit = opened(browser, site, "?layer=population")
    visit.page.select_option("#layer", "deployments:smart-cities")
    visit.page.wait_for_selector("body[data-shown='deployments:smart-cities']")
    visit.page.check("input[value=prefecture]", force=True)
    visit.page.wait_for_url(re.compile("level=prefecture"))
    visit.shown()
    visit.page.click("#language")
    visit.page.wait_for_url(re.compile("lang=en"))
    visit.shown()
    assert visit.page.inner_text("#language") == "日本語"
    assert "None known" in visit.page.inner_text("#legend")
    assert "Coverage is partial" in visit.page.inner_text("#description")
    assert visit.faults == []
    visit.page.close()


def test_the_page_s_slider_counts_the_classes_of_the_period_it_rests_at(
    browser: Browser, site: str, folder: Path
) -> None:
    visit = opened(browser, site, "?layer=ageing-rate&level=prefecture")
    classes = told(folder, "layers/ageing-rate/prefecture.json")
    first = classes["periods"][0]
    visit.page.focus("#period")
    visit.page.keyboard.press("Home")
    visit.page.wait_for_url(re.compile(f"period={first['period']}"))
    visit.page.wait_for_selector(f"#legend .when:has-text('{first['label']['ja']}')")
    counts = visit.page.locator("#legend data").evaluate_all("all => all.map(one => Number(one.value))")
    expected = [first["classes"].count(index) for index in range(len(first["legend"]))]
    assert counts == [*reversed(expected), first["classes"].count(None)]
    labels = [one["label"]["ja"] for one in reversed(first["legend"])]
    assert [row[1] for row in legend_rows(visit.page)[:-1]] == labels
    assert labels != [one["label"]["ja"] for one in reversed(classes["classes"])]
    assert visit.faults == []
    visit.page.close()


def test_the_page_s_colours_are_of_all_periods_while_its_slider_moves(
    browser: Browser, site: str, folder: Path, client: httpx.Client
) -> None:
    visit = opened(browser, site, "?layer=ageing-rate&level=prefecture")
    first = told(folder, "layers/ageing-rate/prefecture.json")["periods"][0]["period"]
    query = f"level=prefecture&period={first}&breaks_over=all"
    shared = client.get(f"/v1/layers/ageing-rate/legend.json?{query}").json()["classes"]
    slider, note = visit.page.locator("#period"), visit.page.locator("#legend .breaks")
    expect(note).to_have_count(0)
    slider.evaluate("slider => { slider.value = 0; slider.dispatchEvent(new Event('input')); }")
    expect(note).to_have_text("動かす間は、全期間で同じ区切り")
    rows = [(one["colour"], one["label"]["ja"], one["count"]) for one in reversed(shared)]
    assert legend_rows(visit.page)[:-1] == rows
    slider.dispatch_event("change")
    expect(note).to_have_count(0)
    visit.page.goto(f"{site}/?layer=ageing-rate&level=prefecture&period={first}&breaks_over=all")
    visit.shown()
    expect(note).to_have_text("全期間で同じ区切り")
    assert legend_rows(visit.page)[:-1] == rows
    assert "breaks_over=all" in visit.page.url
    assert visit.faults == []
    visit.page.close()


def test_the_page_credits_the_sources_and_hands_out_the_files(
    browser: Browser, site: str, folder: Path
) -> None:
    visit = opened(browser, site, "?layer=population&level=prefecture")
    assert "国土数値情報" in visit.page.inner_text("#credit")
    links = visit.page.locator("#credit a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    assert "observations.parquet" in links
    assert all((folder / link).is_file() for link in links)
    visit.page.close()


def test_the_page_fits_a_telephone(browser: Browser, site: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    Visit(page, site).open(f"{site}/?layer=population")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()
