"""Every answer with figures names the boundaries they were published on, and how they came to those shown."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api_tests.test_downloads import WITHOUT_METADATA, got, read
from geo.files.formats import FORMATS
from service.app import create_api
from service.settings import Settings

#: The census by the codes of 2015. On 2006-03-01 上九一色村 19341 was split between 甲府市 and 富士河口湖町.
KOFU, LAKE, FUJIYOSHIDA, TOMIYA = "19201", "19430", "19202", "04216"
OF_2005 = {KOFU: "apportioned", LAKE: "apportioned", FUJIYOSHIDA: "as_published", TOMIYA: "renumbered"}
ON_2015 = ["2015-10-01"]


def rows(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_a_series_tells_it_for_each_area_and_period(client: httpx.Client) -> None:
    query = f"indicator=population&areas={','.join(OF_2005)}&from=2005&to=2010"
    told = client.get(f"/v1/series?{query}").json()
    found = {line["area"]: {point["period"]: point for point in line["points"]} for line in told["series"]}
    assert {code: points["2005"]["carried"] for code, points in found.items()} == OF_2005
    assert found[KOFU]["2005"] == {
        **{"period": "2005", "value": 200_096.0, "status": "apportioned"},
        **{"carried": "apportioned", "boundary_dates": ON_2015},
    }
    assert found[KOFU]["2010"]["status"] == "ok"
    assert "甲府市の2005年（平成17年）の値は、" in told["summary"]["ja"]
    lines = rows(client.get(f"/v1/series.csv?{query}"))
    assert {row["area_code"]: row["carried"] for row in lines if row["period"] == "2005"} == OF_2005
    assert list(lines[0])[-2:] == ["carried", "boundary_dates"]
    assert {row["boundary_dates"] for row in lines} == {"2015-10-01"}


def test_a_figure_that_is_missing_was_carried_nowhere(client: httpx.Client) -> None:
    told = client.get(f"/v1/series?indicator=register-population&areas={KOFU}&to=1995").json()
    assert told["series"][0]["points"] == [
        {
            **{"period": "1995", "value": None, "status": "boundary_changed"},
            **{"carried": None, "boundary_dates": ["1995-03-31"]},
        }
    ]


def test_geojson_and_tables_of_a_layer_tell_it_for_each_area(client: httpx.Client) -> None:
    layer = "/v1/layers/population"
    told = client.get(f"{layer}/areas.geojson?period=2005&level=municipality&detail=point").json()
    found = {one["properties"]["code"]: one["properties"] for one in told["features"]}
    assert {code: found[code]["carried"] for code in OF_2005} == OF_2005
    assert (found[KOFU]["status"], found["01696"]["carried"]) == ("apportioned", None)
    assert told["boundary_dates"] == ON_2015
    values = client.get(f"{layer}/values.json?period=2005&level=municipality").json()
    by_code = dict(zip(values["codes"], values["carried"], strict=True))
    assert {code: by_code[code] for code in OF_2005} == OF_2005
    assert values["boundary_dates"] == ON_2015
    assert [how is None for how in values["carried"]] == [value is None for value in values["values"]]
    table = {
        row["code"]: row for row in rows(client.get(f"{layer}/values.csv?period=2005&level=municipality"))
    }
    assert {code: table[code]["carried"] for code in OF_2005} == OF_2005
    assert (table[KOFU]["boundary_dates"], table["01696"]["carried"]) == ("2015-10-01", "")


def test_a_profile_tells_it_of_each_figure(client: httpx.Client) -> None:
    told = client.get(f"/v1/areas/{KOFU}/profile").json()
    figures = [figure for goal in told["goals"] for figure in goal["figures"]]
    assert figures
    for figure in figures:
        assert (figure["carried"] is None) == (figure["value"] is None)
        assert all(point["carried"] for point in figure["series"])
    women = next(one for one in figures if one["indicator"]["id"] == "women-20-39-rate")
    by_period = {point["period"]: point["carried"] for point in women["series"]}
    assert (by_period["2005"], by_period["2010"]) == ("apportioned", "as_published")
    # of two towns that became cities the people of 2015 are those that SSDSE tells under their new codes
    assert (women["period"], women["carried"]) == ("2015", "as_published")
    assert women["boundary_dates"] == [*ON_2015, "2019-10-01"]
    lines = rows(client.get(f"/v1/areas/{KOFU}/profile.csv"))
    (row,) = [one for one in lines if one["indicator"] == "women-20-39-rate"]
    assert (row["carried"], row["boundary_dates"]) == ("as_published", "2015-10-01 2019-10-01")


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_has_it_in_a_column(client: httpx.Client, tmp_path: Path, suffix: str) -> None:
    asked = {"level": "municipality", "periods": "2005", "parent": "19"}
    found = {
        str(row["code"]): row
        for row in read(got(client, "population", suffix, tmp_path, detail="low", **asked)).to_dict("records")
    }
    assert {code: found[code]["carried"] for code in (KOFU, LAKE, FUJIYOSHIDA)} == {
        code: OF_2005[code] for code in (KOFU, LAKE, FUJIYOSHIDA)
    }
    assert found[KOFU]["status"] == "apportioned"


def test_a_wide_table_has_it_at_the_right_end(client: httpx.Client, tmp_path: Path) -> None:
    asked = {"level": "municipality", "periods": "2005,2010", "shape": "wide", "parent": "19"}
    for suffix, names in (("csv", ("carried_2005", "carried_2010")), ("shp.zip", ("c_2005", "c_2010"))):
        found = read(got(client, "population", suffix, tmp_path, detail="low", **asked))
        (kofu,) = found[found["code"] == KOFU].to_dict("records")
        assert [kofu[name] for name in names] == ["apportioned", "as_published"]
        columns = [name for name in found.columns if name != "geometry"]
        assert tuple(columns[-2:]) == names


def test_the_metadata_of_a_file_name_the_boundaries_of_each_period(client: httpx.Client) -> None:
    assert "geojson" not in WITHOUT_METADATA
    query = "level=municipality&periods=2015,2020&parent=19&detail=low"
    told = client.get(f"/v1/layers/population/download.geojson?{query}").json()["metadata"]
    assert told["boundaries"] == "2025-01-01"
    assert told["boundary_dates"].startswith("2015: ")
    assert told["boundary_dates"].endswith("2020: 2020-10-01")
    assert "apportioned: " in told["carried"]
    assert "apportioned by its publisher" in told["carried_en"]


def test_what_is_worked_out_of_figures_was_carried_as_they_were(client: httpx.Client) -> None:
    change = "change:population:2005"
    query = "level=municipality&period=2010"
    told = client.get(f"/v1/layers/{change}/values.json?{query}").json()
    by_code = dict(zip(told["codes"], told["carried"], strict=True))
    assert {code: by_code[code] for code in OF_2005} == OF_2005
    statuses = dict(zip(told["codes"], told["statuses"], strict=True))
    assert (statuses[KOFU], statuses[FUJIYOSHIDA]) == ("apportioned", "ok")


def test_what_is_located_by_chiiki_itself_is_on_the_boundaries_shown(client: httpx.Client) -> None:
    told = client.get("/v1/layers/deployments:smart-cities/values.json?level=municipality").json()
    assert told["boundary_dates"] == ["2025-01-01"]
    assert set(told["carried"]) == {"as_published", None}


def test_a_map_in_words_names_the_areas(client: httpx.Client) -> None:
    told = client.get("/v1/layers/population/summary.json?period=2005&level=municipality").json()
    assert "山梨県甲府市、山梨県富士河口湖町の値は、" in told["text"]["ja"]
    assert "Kofu-shi in Yamanashi" in told["text"]["en"]
    none = client.get("/v1/layers/population/summary.json?period=2010&level=municipality").json()
    assert "apportioned" not in none["text"]["en"]


AT_2005 = "period=2005&level=municipality"
OF_2005_HERE = ("apportioned", "2015-10-01")
KOFU_OF_RESAS = "prefCode=19&cityCode=19201"
MAP = "/v1/layers/population"
ITEMS = "/ogc/collections/population.municipality/items"
#: Route with figures → an address, and a mark and a date that its answer tells. Where figures of 2005 can be
#: had they are those of 甲府市; a date alone where no single figure is told.
TELLS: dict[str, tuple[str, str | None, str]] = {
    "/ogc/collections/{collection_id}/items": (f"{ITEMS}?datetime=2005&prefecture=19000", *OF_2005_HERE),
    "/ogc/collections/{collection_id}/items/{feature_id}": (f"{ITEMS}/19201-2005", *OF_2005_HERE),
    "/resas/api/v1/municipality/{figure}/perYear": (
        f"/resas/api/v1/municipality/plant/perYear?{KOFU_OF_RESAS}&sicCode=-&simcCode=-",
        "as_published",
        "2021-10-01",
    ),
    "/resas/api/v1/population/composition/perYear": (
        f"/resas/api/v1/population/composition/perYear?{KOFU_OF_RESAS}",
        *OF_2005_HERE,
    ),
    "/resas/api/v1/population/composition/pyramid": (
        f"/resas/api/v1/population/composition/pyramid?{KOFU_OF_RESAS}&yearLeft=2005&yearRight=2045",
        *OF_2005_HERE,
    ),
    "/resas/api/v1/population/future/cities": (
        "/resas/api/v1/population/future/cities?prefCode=4&year=2045",
        "as_published",
        "2017-10-01",
    ),
    "/resas/api/v1/population/sum/estimate": (
        f"/resas/api/v1/population/sum/estimate?{KOFU_OF_RESAS}",
        *OF_2005_HERE,
    ),
    "/resas/api/v1/population/sum/perYear": (
        f"/resas/api/v1/population/sum/perYear?{KOFU_OF_RESAS}",
        *OF_2005_HERE,
    ),
    "/v1/areas/{code}": ("/v1/areas/19201", "as_published", "2024-10-01"),
    "/v1/areas/{code}/peers": ("/v1/areas/19201/peers?k=3", "as_published", "2020-10-01"),
    "/v1/areas/{code}/peers.csv": ("/v1/areas/19201/peers.csv?k=3", "as_published", "2020-10-01"),
    "/v1/areas/{code}/profile": ("/v1/areas/19201/profile", *OF_2005_HERE),
    "/v1/areas/{code}/profile.csv": ("/v1/areas/19201/profile.csv", "as_published", "2015-10-01"),
    "/v1/correlation": (
        "/v1/correlation?x=population&y=population-65-plus&period=2005&level=municipality",
        *OF_2005_HERE,
    ),
    "/v1/kpis/{kpi}/progress": (
        "/v1/kpis/goal-1-productivity-growth/progress",
        "summed",
        "2018-10-01",
    ),
    "/v1/kpis/{kpi}/progress.csv": (
        "/v1/kpis/goal-1-productivity-growth/progress.csv",
        "summed",
        "2018-10-01",
    ),
    "/v1/layers/{layer}/areas.geojson": (f"{MAP}/areas.geojson?{AT_2005}&detail=point", *OF_2005_HERE),
    "/v1/layers/{layer}/change": (f"{MAP}/change?from=2005&to=2010&level=municipality", *OF_2005_HERE),
    "/v1/layers/{layer}/download.{format}": (
        f"{MAP}/download.geojson?level=municipality&periods=2005&parent=19&detail=low",
        *OF_2005_HERE,
    ),
    "/v1/layers/{layer}/legend.json": (f"{MAP}/legend.json?{AT_2005}", None, "2015-10-01"),
    "/v1/layers/{layer}/periods.json": (f"{MAP}/periods.json?level=municipality", *OF_2005_HERE),
    "/v1/layers/{layer}/ranking.json": (f"{MAP}/ranking.json?{AT_2005}&parent=19000", *OF_2005_HERE),
    "/v1/layers/{layer}/spatial.json": (
        f"/v1/layers/ageing-rate/spatial.json?{AT_2005}",
        *OF_2005_HERE,
    ),
    "/v1/layers/{layer}/statistics.json": (f"{MAP}/statistics.json?{AT_2005}", *OF_2005_HERE),
    "/v1/layers/{layer}/summary.json": (f"{MAP}/summary.json?{AT_2005}&parent=19000", *OF_2005_HERE),
    "/v1/layers/{layer}/values.csv": (f"{MAP}/values.csv?{AT_2005}", *OF_2005_HERE),
    "/v1/layers/{layer}/values.json": (f"{MAP}/values.json?{AT_2005}", *OF_2005_HERE),
    "/v1/measures/{measure}/candidates": (
        "/v1/measures/smart-cities/candidates?limit=3",
        "as_published",
        "2024-10-01",
    ),
    "/v1/measures/{measure}/candidates.csv": (
        "/v1/measures/smart-cities/candidates.csv?limit=3",
        "as_published",
        "2024-10-01",
    ),
    "/v1/measures/{measure}/effect": ("/v1/measures/smart-cities/effect", "as_published", "2019-10-01"),
    "/v1/measures/{measure}/effect.csv": (
        "/v1/measures/smart-cities/effect.csv",
        "as_published",
        "2019-10-01",
    ),
    "/v1/series": (f"/v1/series?indicator=population&areas={KOFU}", *OF_2005_HERE),
    "/v1/series.csv": (f"/v1/series.csv?indicator=population&areas={KOFU}", *OF_2005_HERE),
}
#: Why an answer need not tell it → its routes, as patterns.
NEED_NOT = {
    "a page, a picture or a tile: values.json and summary.json of the same view tell it": (
        r"/|/(about|catalog|measures|terms)|/(areas|indicators|measures)/{[a-z]+}|/v1/areas/{code}/profile.pdf"
        r"|/embed/.*|/v1/strategy/{view}.png|/v1/layers/{layer}/(tiles.*|style.json|map\..*|legend.svg)"
        r"|/ogc/(collections/{collection_id}/)?(map/)?tiles.*"
    ),
    "people of grid cells, who are told with the grid: nothing was carried": r"/v1/(transport-gap|stops).*",
    "a KPI, and what was entered of it, as it was entered": r"/v1/kpis(/{kpi})?",
    "areas, their names and weights": (
        r"/v1/areas(.geojson|/{code}/(history|neighbours))?|/v1/(crosswalk|mergers|vintages|region-sets).*"
        r"|/resas/api/v1/(prefectures|cities)"
    ),
    "what is held, and not told yet": r"/v1/embargoes",
    "what there is, not the figures": (
        r"/v1/(indicators|layers|sources|palettes|changes)(/{layer}|/{indicator}|.atom)?|/catalog.jsonld|/oembed"
        r"|/v1/search|/v1/families/{family}"
        r"|/ogc(/api|/conformance|/tileMatrixSets.*)?|/ogc/(collections/{collection_id}/)?styles.*"
        r"|/ogc/collections(/{collection_id}(/queryables|/schema|/schemas/feature)?)?"
        r"|/healthz|/readyz|/metrics|/problems/.*"
    ),
    "the strategy and its deployments": (
        r"/v1/(goals|measures)(/{(goal|measure)})?|/v1/(roadmap|logic-model|deployments).*"
        r"|/v1/measures/{measure}/deployments.geojson"
    ),
    "lists of the RESAS API without figures": (
        r"/resas/api/v1/(industries|jobs|patents|regions|tradeInfoItemTypes|customs|oldCities).*"
    ),
}


def told(node: object, name: str) -> Iterator[str]:
    """Give the texts of all members of a name in JSON, or that end with it, at any depth."""
    if isinstance(node, list):
        for one in node:
            yield from told(one, name)
    elif isinstance(node, dict):
        for member, value in node.items():
            if member == name or member.endswith(f"_{name}"):
                yield from texts(value)
            yield from told(value, name)


def texts(node: object) -> Iterator[str]:
    """Give all texts of a member, and the names of what it holds: areas may stand by their mark."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, list | dict):
        for one in [*node, *(node.values() if isinstance(node, dict) else ())]:
            yield from texts(one)


def told_in_cells(lines: list[dict[str, str]], name: str) -> Iterator[str]:
    """Give what columns of a name, or that end with it, hold in a table."""
    for line in lines:
        for column, cell in line.items():
            if column == name or column.endswith(f"_{name}"):
                yield from cell.split(" ")


def test_every_route_either_tells_it_or_need_not() -> None:
    document = create_api(Settings()).openapi()
    paths = {path for path, methods in document["paths"].items() if "get" in methods}
    excused = {path: [why for why, one in NEED_NOT.items() if re.fullmatch(one, path)] for path in paths}
    assert TELLS.keys() - paths == set()
    assert [path for path, reasons in excused.items() if len(reasons) + (path in TELLS) != 1] == []


@pytest.mark.parametrize("path", TELLS)
def test_every_answer_with_figures_names_their_boundaries_and_how_they_were_carried(
    client: httpx.Client, path: str
) -> None:
    address, mark, date = TELLS[path]
    answer = client.get(address, timeout=120)
    assert answer.status_code == 200, answer.text
    if "csv" in answer.headers["content-type"]:
        lines = rows(answer)
        marks, dates = (set(told_in_cells(lines, name)) for name in ("carried", "boundary_dates"))
    else:
        body = answer.json()
        marks, dates = (set(told(body, name)) for name in ("carried", "boundary_dates"))
        dates |= {one for text in dates for one in re.findall(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text)}
    assert mark is None or mark in marks
    assert date in dates


def test_features_of_the_ogc_api_are_filtered_by_how_they_were_carried(client: httpx.Client) -> None:
    told_by = client.get("/ogc/collections/population.municipality/queryables").json()["properties"]
    assert {"carried", "boundary_dates"} <= told_by.keys()
    for asked in ("carried=apportioned", "filter=carried='apportioned'"):
        found = client.get(f"{ITEMS}?datetime=2005&{asked}").json()["features"]
        assert {one["properties"]["code"] for one in found} == {KOFU, LAKE}
        assert {one["properties"]["boundary_dates"] for one in found} == {"2015-10-01"}
    box = f"{ITEMS}?datetime=2005&bbox=138.4,35.4,138.9,35.9&filter=carried='apportioned'"
    assert client.get(box).json()["numberMatched"] == 2


def test_a_kpi_of_regions_tells_it_of_both_and_its_map_of_the_figures(client: httpx.Client) -> None:
    kpi = "goal-1-productivity-growth"
    race = client.get(f"/v1/kpis/{kpi}/progress").json()["series"][0]
    assert {(one["carried"], one["comparator_carried"]) for one in race["points"]} == {("summed", "summed")}
    shown = client.get(f"/v1/layers/kpi-progress:{kpi}/values.json?level=prefecture").json()
    assert shown["boundary_dates"] == ["2018-10-01"]
    assert set(shown["carried"]) == {"summed", None}
