"""The OGC API - Features, test by test of its abstract test suites (17-069r4, 18-058r1, 19-079r2, 21-065r2).

A test is named after the abstract test that it is, as far as there is one.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
import shapely
from openapi_spec_validator import OpenAPIV30SpecValidator

from api_tests.conftest import Server
from api_tests.test_peers import ogrinfo
from geo.crs import CODES, CRS84, EPSG
from service.ogc.documents import CONFORMANCE

POPULATION = "/ogc/collections/population.municipality"
ITEMS = f"{POPULATION}/items"
GEOJSON = "application/geo+json"
#: A collection of each kind.
KINDS = (
    "areas.prefecture",
    "population.municipality",
    "deployments:smart-cities.municipality",
    "deployments",
    "gap-cells.mlit-handbook-rural",
    "stops",
)


def asked(client: httpx.Client, path: str, **query: object) -> dict[str, Any]:
    answer = client.get(path, params={name.replace("_", "-"): str(value) for name, value in query.items()})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [one["id"] for one in found["features"]]


def linked(found: dict[str, Any], rel: str) -> list[dict[str, Any]]:
    return [one for one in found["links"] if one["rel"] == rel]


# Part 1: Core


def test_core_root_op_and_root_success(client: httpx.Client) -> None:
    found = asked(client, "/ogc")
    for rel in ("self", "alternate", "service-desc", "service-doc", "conformance", "data"):
        assert linked(found, rel), rel
    assert client.get("/ogc/").json() == found
    for one in found["links"]:
        if not one["rel"].endswith("joins"):  # a table is posted there
            assert client.get(urlsplit(one["href"]).path).status_code == 200, one


def test_core_api_definition_op_and_success_and_oas30(client: httpx.Client) -> None:
    link = linked(asked(client, "/ogc"), "service-desc")[0]
    answer = client.get(link["href"])
    assert answer.headers["content-type"] == link["type"] == "application/vnd.oai.openapi+json;version=3.0"
    OpenAPIV30SpecValidator(answer.json()).validate()
    for path, methods in answer.json()["paths"].items():
        for name, value in (
            ("collectionId", "population.municipality"),
            ("featureId", "10201-2020"),
            ("tileMatrixSetId", "WebMercatorQuad"),
            ("tileMatrix", "5"),
            ("tileRow", "12"),
            ("tileCol", "28"),
        ):
            path = path.replace(f"{{{name}}}", value)
        if path == "/joins":
            assert set(methods) == {"post"}
            continue
        assert set(methods) == {"get"}
        style = "population.municipality" if path.startswith("/styles") else "default"
        assert client.get(f"/ogc{path.replace('{styleId}', style)}".rstrip("/")).status_code == 200, path


def test_core_conformance_op_and_success(client: httpx.Client) -> None:
    assert asked(client, "/ogc/conformance") == {"conformsTo": list(CONFORMANCE)}


def all_collections(client: httpx.Client) -> list[dict[str, Any]]:
    """Every collection that is listed, page by page as the links lead."""
    found = asked(client, "/ogc/collections")
    listed = list(found["collections"])
    while following := linked(found, "next"):
        found = client.get(following[0]["href"]).json()
        listed += found["collections"]
    return listed


def test_core_fc_md_op_and_success(client: httpx.Client) -> None:
    found = asked(client, "/ogc/collections")
    assert linked(found, "self")
    assert linked(found, "alternate")
    listed = all_collections(client)
    assert len(listed) == found["numberMatched"]
    named = {one["id"] for one in listed}
    assert len(named) == len(listed) > 1000
    assert set(KINDS) <= named
    layers = client.get("/v1/layers").json()["layers"]
    assert {f"{one['id']}.{level}" for one in layers for level in one["levels"]} <= named


@pytest.mark.parametrize("name", KINDS)
def test_core_sfc_md_op_and_success(client: httpx.Client, name: str) -> None:
    found = asked(client, f"/ogc/collections/{name}")
    assert found == next(one for one in all_collections(client) if one["id"] == name)
    assert {one["type"] for one in linked(found, "items")} == {GEOJSON, "text/html"}
    west, south, east, north = found["extent"]["spatial"]["bbox"][0]
    assert 122 < west < east < 155
    assert 20 < south < north < 46
    for one in found["links"]:
        if urlsplit(one["href"]).path.startswith("/ogc"):
            assert client.get(one["href"]).status_code == 200, one["href"]


@pytest.mark.parametrize("name", KINDS)
def test_core_fc_op_and_fc_response(client: httpx.Client, name: str) -> None:
    answer = client.get(f"/ogc/collections/{name}/items?limit=7")
    assert answer.headers["content-type"] == GEOJSON
    found = answer.json()
    assert found["type"] == "FeatureCollection"
    assert found["numberReturned"] == len(found["features"]) <= 7
    assert found["numberMatched"] >= found["numberReturned"]
    for rel in ("self", "alternate", "collection"):
        assert linked(found, rel)
    for one in found["features"]:
        assert one["type"] == "Feature"
        assert one["geometry"] is None or shapely.from_geojson(json.dumps(one["geometry"])).is_valid


def test_core_fc_limit_definition_and_response(client: httpx.Client) -> None:
    assert asked(client, ITEMS, limit=3)["numberReturned"] == 3
    assert asked(client, ITEMS)["numberReturned"] == 1747  # the whole nation on one page
    everything = asked(client, ITEMS, limit=500_000, datetime="../..", properties="code", detail="low")
    assert everything["numberReturned"] == 10_000  # more than a page holds is a full page, no error
    assert everything["numberMatched"] == 15_723


def pages(client: httpx.Client, first: dict[str, Any]) -> Iterator[dict[str, Any]]:
    found = first
    yield found
    while following := linked(found, "next"):
        found = client.get(following[0]["href"]).json()
        yield found


@pytest.mark.parametrize("name", KINDS)
def test_core_fc_links_next_leads_through_all_features_once(client: httpx.Client, name: str) -> None:
    total = asked(client, f"/ogc/collections/{name}/items", limit=1)["numberMatched"]
    first = asked(client, f"/ogc/collections/{name}/items", limit=-(-total // 3), properties="")
    seen = [one for shown in pages(client, first) for one in ids(shown)]
    assert len(seen) == len(set(seen)) == total


def test_core_fc_next_keeps_the_order_asked_for(client: httpx.Client) -> None:
    first = asked(client, ITEMS, limit=700, sortby="-value", properties="value", detail="low")
    values = [f["properties"]["value"] for shown in pages(client, first) for f in shown["features"]]
    assert len(values) == 1747
    present = [value for value in values if value is not None]
    assert present == sorted(present, reverse=True)
    assert values[len(present) :] == [None] * 6


def test_core_fc_bbox_definition_and_response(client: httpx.Client) -> None:
    found = asked(client, "/ogc/collections/areas.municipality/items", bbox="139.0,36.3,139.1,36.4")
    box = shapely.box(139.0, 36.3, 139.1, 36.4)
    assert "10201" in ids(found)
    everything = asked(client, "/ogc/collections/areas.municipality/items")
    meeting = [
        one["id"]
        for one in everything["features"]
        if shapely.from_geojson(json.dumps(one["geometry"])).intersects(box)
    ]
    assert ids(found) == meeting
    with_heights = asked(
        client, "/ogc/collections/areas.municipality/items", bbox="139.0,36.3,0,139.1,36.4,5"
    )
    assert ids(with_heights) == meeting


@pytest.mark.parametrize(
    ("datetime", "periods"),
    [
        (None, {"2020"}),
        ("2015-10-01", {"2015"}),
        ("2015-10-01T00:00:00Z", {"2015"}),
        ("2010-01-01/2015-12-31", {"2010", "2015"}),
        ("../1985-12-31", {"1980", "1985"}),
        ("2015-12-31/..", {"2015", "2020"}),
        ("2011-01-01/2014-12-31", set()),
    ],
)
def test_core_fc_time_definition_and_response(
    client: httpx.Client, datetime: str | None, periods: set[str]
) -> None:
    query = {"properties": "period", "detail": "low"} | ({"datetime": datetime} if datetime else {})
    found = asked(client, ITEMS, **query)
    assert {one["properties"]["period"] for one in found["features"]} == periods
    assert found["numberMatched"] == 1747 * len(periods)


def test_core_query_param_unknown_and_invalid(client: httpx.Client) -> None:
    for path in ("/ogc", "/ogc/collections", POPULATION, ITEMS, f"{ITEMS}/10201-2020"):
        answer = client.get(f"{path}?colour=red")
        assert answer.status_code == 400, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["errors"][0]["field"] == "colour"


@pytest.mark.parametrize("name", KINDS)
def test_core_f_op_and_f_success(client: httpx.Client, name: str) -> None:
    listed = asked(client, f"/ogc/collections/{name}/items", limit=2)["features"]
    for one in listed:
        answer = client.get(f"/ogc/collections/{name}/items/{one['id']}")
        assert answer.headers["content-type"] == GEOJSON
        found = answer.json()
        assert {rel for rel in ("self", "alternate", "collection") if linked(found, rel)} == {
            "self",
            "alternate",
            "collection",
        }
        assert {k: v for k, v in found.items() if k != "links"} == one


@pytest.mark.parametrize(
    "path", ["/ogc/collections/none", "/ogc/collections/none/items", f"{ITEMS}/99999-2020", f"{ITEMS}/x"]
)
def test_what_does_not_exist_is_not_found(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_html_content_is_negotiated(client: httpx.Client) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for path in ("/ogc", "/ogc/conformance", "/ogc/collections", POPULATION, ITEMS, f"{ITEMS}/10201-2020"):
        answer = client.get(path, headers=browser)
        assert answer.headers["content-type"] == "text/html; charset=utf-8", path
        assert answer.text.startswith("<!doctype html>")
        assert client.get(path, headers={"Accept": "*/*"}).headers["content-type"] != "text/html"
    assert "前橋市" in client.get(f"{ITEMS}/10201-2020?f=html").text
    for lang, words in (("ja", "1,747 件のうち 5 件"), ("en", "5 of 1,747 features")):
        told = client.get(f"{ITEMS}?f=html&limit=5&lang={lang}").text
        assert words in told
        assert told.count("<small>next</small>") == told.count("<small>collection</small>") == 1
    assert "Maebashi-shi" in client.get(f"{ITEMS}?f=html&code=10201", headers={"Accept-Language": "en"}).text


# Part 2: Coordinate reference systems


def test_crs_fc_md_crs_list_and_storage_crs(client: httpx.Client) -> None:
    found = asked(client, POPULATION)
    assert found["storageCrs"] == CRS84
    assert found["crs"] == [CRS84, *(f"{EPSG}{code}" for code in CODES)]


@pytest.mark.parametrize("code", CODES)
def test_crs_every_system_that_is_listed_is_told(client: httpx.Client, code: int) -> None:
    uri = f"{EPSG}{code}"
    answer = client.get(f"{ITEMS}/10201-2020", params={"crs": uri, "detail": "low"})
    assert answer.headers["content-crs"] == f"<{uri}>"
    assert shapely.from_geojson(answer.text).is_valid


def test_crs_content_crs_is_told_by_default_too(client: httpx.Client) -> None:
    assert client.get(f"{ITEMS}?limit=1").headers["content-crs"] == f"<{CRS84}>"


LAYERS = ("areas.municipality", "ageing-rate.prefecture", "population.ward")
AREAS = {
    "areas.municipality": ["10201", "13421", "47201"],
    "ageing-rate.prefecture": ["01000", "13000", "47000"],
    "population.ward": ["01101", "10201", "14101"],
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("code", [6668, 6677, 3857])
def test_crs_values_and_geometry_are_those_of_the_database(
    client: httpx.Client, database_url: str, name: str, code: int
) -> None:
    level = name.rpartition(".")[2]
    with psycopg.connect(database_url.replace("postgresql+psycopg", "postgresql")) as conn:
        for area in AREAS[name]:
            found = asked(
                client, f"/ogc/collections/{name}/items", filter=f"code = '{area}'", crs=f"{EPSG}{code}"
            )
            told = shapely.from_geojson(json.dumps(found["features"][0]["geometry"]))
            row = conn.execute(
                "select ST_AsBinary(ST_Transform(o.geom, %s)) from outline o join area a using"
                " (vintage, level, position) where a.code = %s and a.level = %s and o.detail = 'high'"
                " order by vintage desc limit 1",
                (code, area, level),
            ).fetchone()
            assert row is not None
            stored = shapely.from_wkb(bytes(row[0]))
            if code in (6668, 6677):  # latitude, or northing, comes first; PostGIS writes x and y
                stored = shapely.transform(stored, lambda xy: xy[:, ::-1])
            step = 1e-6 if code == 6668 else 0.2
            assert told.hausdorff_distance(stored) < step


def test_crs_bbox_crs(client: httpx.Client) -> None:
    path = "/ogc/collections/areas.municipality/items"
    here = ids(asked(client, path, bbox="139,36,139.2,36.4"))
    assert ids(asked(client, path, bbox="36,139,36.4,139.2", bbox_crs=f"{EPSG}6668")) == here
    plane = ids(asked(client, path, bbox="-100,-100,100,100", bbox_crs=f"{EPSG}6677"))
    assert plane == ids(asked(client, path, filter="S_INTERSECTS(geometry, POINT(139.8333333 36))"))


# Part 3: Filtering, and CQL2


def test_queryables_describe_what_can_be_filtered_by(client: httpx.Client) -> None:
    answer = client.get(f"{POPULATION}/queryables")
    assert answer.headers["content-type"] == "application/schema+json"
    found = answer.json()
    assert found["type"] == "object"
    assert found["additionalProperties"] is False
    assert found["properties"]["value"]["type"] == "number"
    assert found["properties"]["geometry"]["format"] == "geometry-multipolygon"
    assert asked(client, f"{POPULATION}/schema")["properties"] == found["properties"]


def test_queryables_are_parameters(client: httpx.Client) -> None:
    assert ids(asked(client, ITEMS, code="10201")) == ["10201-2020"]
    assert asked(client, ITEMS, prefecture="10000")["numberMatched"] == 35
    assert ids(asked(client, ITEMS, value="332149")) == ["10201-2020"]
    assert asked(client, "/ogc/collections/gap-cells.bus-1km/items", covered="true")["numberMatched"] > 100


CONDITIONS = {
    # basic-cql2
    "value > 3000000": ["14100"],
    "value >= 332149 AND value <= 332149": ["10201"],
    "value <> 3777491 AND value > 2500000": ["27100"],
    "name = '前橋市' OR name = '桐生市'": ["10201", "10203"],
    "NOT (value < 2700000) AND value IS NOT NULL": ["14100", "27100"],
    "value IS NULL AND name LIKE '色丹%'": ["01695"],
    "code = '10201' AND true": ["10201"],
    # advanced-comparison-operators
    "name_en LIKE 'Maeba_hi%'": ["10201"],
    "name_en NOT LIKE '%' OR code IN ('10201','10203')": ["10201", "10203"],
    "value BETWEEN 332148 AND 332150": ["10201"],
    "value NOT BETWEEN 0 AND 3000000": ["14100"],
    "code NOT IN ('14100') AND value > 2700000": ["27100"],
    # case- and accent-insensitive
    "CASEI(name_en) = casei('MAEBASHI-SHI')": ["10201"],
    "ACCENTI(name_en) = accenti('Māebashi-shì')": ["10201"],
    "ACCENTI(CASEI(name_en)) LIKE accenti(casei('MÀEBASHI%'))": ["10201"],
    # spatial
    "S_INTERSECTS(geometry, POINT(139.06 36.39))": ["10201"],
    "S_INTERSECTS(geometry, BBOX(139.06, 36.39, 139.0601, 36.3901))": ["10201"],
    "S_CONTAINS(geometry, LINESTRING(139.06 36.39, 139.061 36.391))": ["10201"],
    "S_WITHIN(geometry, POLYGON((138.9 36.3,139.3 36.3,139.3 36.7,138.9 36.7,138.9 36.3)))"
    " AND name = '前橋市'": ["10201"],
    "NOT S_DISJOINT(geometry, MULTIPOINT((139.06 36.39),(139.33 36.41)))": ["10201", "10203"],
    "S_CROSSES(geometry, LINESTRING(139.06 36.39, 139.06 36.9)) AND name LIKE '前%'": ["10201"],
    # property-property, arithmetic
    "value * 2 = value + 332149": ["10201"],
    "value - 149 = 332 * 1000": ["10201"],
    "value / 2 = 166074.5": ["10201"],
    "value % 1000 = 149 AND value div 1000 = 332": ["10201"],
    "value = 332149 ^ 1": ["10201"],
    "code = code AND code = '10201'": ["10201"],
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_cql2_text(client: httpx.Client, condition: str) -> None:
    found = asked(client, ITEMS, filter=condition, properties="code", detail="low")
    assert [one["properties"]["code"] for one in found["features"]] == CONDITIONS[condition]
    assert found["numberMatched"] == len(CONDITIONS[condition])


HERE = [139.06, 36.39, 139.07, 36.4]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "datetime=../..&limit=3000&detail=low",
        "properties=value,code",
        "properties=",
        "filter=value>100000&sortby=-value",
        "crs=http://www.opengis.net/def/crs/EPSG/0/6677&prefecture=10000",
        "filter=false",
    ],
)
@pytest.mark.parametrize("name", ["population.municipality", "areas.prefecture"])
def test_features_are_the_same_compressed_and_known_by_an_etag_of_their_own(
    client: httpx.Client, name: str, query: str
) -> None:
    address = f"/ogc/collections/{name}/items?{query}".replace(
        "value", "value" if "pop" in name else "area_km2"
    )
    plain = client.get(address, headers={"Accept-Encoding": "identity"})
    assert plain.status_code == 200
    assert plain.content.endswith(b"]}\n")
    assert "content-encoding" not in plain.headers
    for _ in range(2):
        packed = client.get(address, headers={"Accept-Encoding": "gzip"})
        assert (packed.headers["content-encoding"], packed.content) == ("gzip", plain.content)
        assert packed.headers["etag"] != plain.headers["etag"]
    for one, encoding in ((plain, "identity"), (packed, "gzip")):
        known = {"If-None-Match": one.headers["etag"], "Accept-Encoding": encoding}
        unchanged = client.get(address, headers=known)
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["etag"] == one.headers["etag"]
    # what the page of a feature tells is told by another way
    for one in plain.json()["features"][:2]:
        crs = {"crs": "http://www.opengis.net/def/crs/EPSG/0/6677"} if "crs=" in query else {}
        detail = {"detail": "low"} if "detail" in query else {}
        alone = client.get(f"/ogc/collections/{name}/items/{one['id']}", params=crs | detail).json()
        assert one["geometry"] == alone["geometry"]
        assert one["properties"].items() <= alone["properties"].items()


def test_cql2_json_means_the_same(client: httpx.Client) -> None:
    tree = {
        "op": "and",
        "args": [
            {"op": ">", "args": [{"property": "value"}, 300000]},
            {
                "op": "s_intersects",
                "args": [{"property": "geometry"}, {"bbox": [139.06, 36.39, 139.07, 36.4]}],
            },
        ],
    }
    found = asked(client, ITEMS, filter=json.dumps(tree), filter_lang="cql2-json")
    assert ids(found) == ["10201-2020"]


#: relation → periods that have it with 2010-01-01 … 2010-12-31 or another interval
TIMES = {
    "T_AFTER(INTERVAL(start, \"end\"), DATE('2014-06-01'))": {"2015", "2020"},
    "T_BEFORE(INTERVAL(start, \"end\"), DATE('1985-01-01'))": {"1980"},
    "T_DURING(INTERVAL(start, \"end\"), INTERVAL('2009-12-31','2011-01-01'))": {"2010"},
    "T_CONTAINS(INTERVAL(start, \"end\"), INTERVAL('2010-02-01','2010-03-01'))": {"2010"},
    "T_EQUALS(INTERVAL(start, \"end\"), INTERVAL('2010-01-01','2010-12-31'))": {"2010"},
    "T_STARTS(INTERVAL(start, \"end\"), INTERVAL('2010-01-01','2011-12-31'))": {"2010"},
    "T_STARTEDBY(INTERVAL(start, \"end\"), INTERVAL('2010-01-01','2010-02-01'))": {"2010"},
    "T_FINISHES(INTERVAL(start, \"end\"), INTERVAL('2009-01-01','2010-12-31'))": {"2010"},
    "T_FINISHEDBY(INTERVAL(start, \"end\"), INTERVAL('2010-06-01','2010-12-31'))": {"2010"},
    "T_MEETS(INTERVAL(start, \"end\"), INTERVAL('2010-12-31','2012-12-31'))": {"2010"},
    "T_METBY(INTERVAL(start, \"end\"), INTERVAL('2009-01-01','2010-01-01'))": {"2010"},
    "T_OVERLAPS(INTERVAL(start, \"end\"), INTERVAL('2010-06-01','2012-12-31'))": {"2010"},
    "T_OVERLAPPEDBY(INTERVAL(start, \"end\"), INTERVAL('2009-01-01','2010-06-01'))": {"2010"},
    "T_INTERSECTS(INTERVAL(start, \"end\"), INTERVAL('2010-12-31','2015-01-01'))": {"2010", "2015"},
    "T_DISJOINT(INTERVAL(start, \"end\"), INTERVAL('..','2015-01-01'))": {"2020"},
    "start >= DATE('2015-01-01') AND \"end\" < TIMESTAMP('2016-01-01T00:00:00Z')": {"2015"},
    "start = '2010-01-01'": {"2010"},
}


@pytest.mark.parametrize("condition", TIMES)
def test_cql2_temporal_functions(client: httpx.Client, condition: str) -> None:
    found = asked(client, ITEMS, filter=f"code = '10201' AND {condition}", datetime="../..", detail="low")
    assert {one["properties"]["period"] for one in found["features"]} == TIMES[condition]


@pytest.mark.parametrize(
    ("condition", "least"),
    [
        ("A_CONTAINS(measures, ('smart-cities'))", 100),
        ("A_OVERLAPS(measures, ('smart-cities', 'japanese-ccrc'))", 110),
        ("A_EQUALS(measures, ('japanese-ccrc'))", 10),
        ("A_CONTAINEDBY(measures, ('japanese-ccrc', 'smart-cities'))", 110),
    ],
)
def test_cql2_array_functions(client: httpx.Client, condition: str, least: int) -> None:
    path = "/ogc/collections/deployments/items"
    found = asked(client, path, filter=condition)
    assert least <= found["numberMatched"] < 446
    assert found["numberMatched"] + asked(client, path, filter=f"NOT {condition}")["numberMatched"] == 446


def test_filter_crs(client: httpx.Client) -> None:
    found = asked(
        client, ITEMS, filter="S_INTERSECTS(geometry, POINT(36.39 139.06))", filter_crs=f"{EPSG}6668"
    )
    assert ids(found) == ["10201-2020"]


def test_properties_and_order_are_chosen(client: httpx.Client) -> None:
    found = asked(client, ITEMS, sortby="-value,name", properties="value,code", limit=2)
    assert [one["properties"] for one in found["features"]] == [
        {"code": "14100", "value": 3777491},
        {"code": "27100", "value": 2752412},
    ]


BAD = [
    ("crs", "EPSG:2154", "EPSG:6668"),
    ("bbox-crs", "EPSG:2154", "EPSG:6668"),
    ("filter", "value >", "expected"),
    ("filter", "nothing = 1", "a property: code, name"),
    ("filter", "name > 3", "two values of one kind"),
    ("filter", "frobnicate(value) = 1", "casei"),
    ("filter", "S_INTERSECTS(geometry, POLYGON((0 0,1 1,0 1,1 0,0 0)))", "Self-intersection"),
    ("filter", "(" * 100 + "value = 1" + ")" * 100, "60 brackets"),
    ("filter", "-" * 100 + "1 = 1", "60 brackets"),
    ("filter", "value = 1 OR " * 400 + "value = 1", "4000 signs"),
    ("filter-lang", "sql", "cql2-text or cql2-json"),
    ("limit", "1000000000", "1 to 1,000,000"),
    ("limit", "0", "1 to 1,000,000"),
    ("limit", "many", "1 to 1,000,000"),
    ("bbox", "140,36,139,35", "lower corner before the upper one"),
    ("bbox", "139,35,140", "four numbers"),
    ("bbox", "139,35,nan,36", "four numbers"),
    ("datetime", "2020-13-01", "2020-10-01"),
    ("datetime", "2020-01-01/2019-01-01", "not before its start"),
    ("sortby", "colour", "code, name"),
    ("properties", "colour", "code, name"),
    ("detail", "best", "high, medium, low"),
    ("value", "many", "a number"),
    ("after", "nowhere", "id of a feature"),
    ("f", "xml", "json or html"),
    ("lang", "fr", "ja or en"),
]


@pytest.mark.parametrize(("field", "value", "allowed"), BAD)
def test_a_bad_request_says_what_is_allowed(
    client: httpx.Client, field: str, value: str, allowed: str
) -> None:
    answer = client.get(ITEMS, params={field: value})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == field
    assert allowed in answer.json()["errors"][0]["expected"]


def test_a_filter_that_ends_in_the_database_is_a_bad_request(client: httpx.Client) -> None:
    assert client.get(ITEMS, params={"filter": "value ^ 99999 > 1"}).status_code == 400
    assert asked(client, ITEMS, filter="value / 0 = 1")["numberMatched"] == 0


def test_gdal_finds_a_collection_and_reads_features(server: Server) -> None:
    told = ogrinfo("-ro", "-so", f"OAPIF:{server.url}/ogc", "population.municipality")
    assert "Feature Count: 1747" in told
    assert "Geometry: Multi Polygon" in told
    found = ogrinfo(
        "-ro", "-al", "-q", "-geom=NO", "-where", "value > 3000000", f"OAPIF:{server.url}{POPULATION}"
    )
    assert "code (String) = 14100" in found
    assert "value (Real) = 3777491" in found


# Tiles and Styles


@pytest.mark.parametrize("path", ["tiles", "map/tiles"])
def test_tiles_tilesets_list_and_tileset(client: httpx.Client, path: str) -> None:
    listed = asked(client, f"{POPULATION}/{path}")["tilesets"]
    assert [one["dataType"] for one in listed] == ["vector" if path == "tiles" else "map"]
    assert listed[0]["crs"] == f"{EPSG}3857"
    told = asked(client, linked(listed[0], "self")[0]["href"])
    assert told["tileMatrixSetURI"] == "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
    suffixes = ["mvt", "mlt"] if path == "tiles" else ["png"]
    for item, suffix in zip(linked(told, "item"), suffixes, strict=True):
        assert item["templated"] is True
        address = item["href"]
        for name, value in (("tileMatrix", "5"), ("tileRow", "12"), ("tileCol", "28")):
            address = address.replace(f"{{{name}}}", value)
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == item["type"]
        assert answer.content == client.get(f"/v1/layers/population/tiles/5/28/12.{suffix}").content


@pytest.mark.parametrize("path", ["tiles", "map/tiles"])
def test_a_tileset_tells_where_its_tiles_lie(client: httpx.Client, path: str) -> None:
    limits = asked(client, f"{POPULATION}/{path}/WebMercatorQuad")["tileMatrixSetLimits"]
    assert [one["tileMatrix"] for one in limits] == [str(zoom) for zoom in range(15)]
    rows_and_columns = [list(one.values())[1:] for one in limits]
    # 122.94 to 153.99 degrees east, 24.05 to 45.56 degrees north, by the formula of slippy map tiles
    assert rows_and_columns[:5] == [[0, 0, 0, 0], [0, 0, 1, 1], [1, 1, 3, 3], [2, 3, 6, 7], [5, 6, 13, 14]]


@pytest.mark.parametrize("path", [f"{POPULATION}/tiles", "/ogc/tiles", "/ogc/map/tiles"])
def test_tiles_beyond_the_limits_of_a_tileset_are_empty(client: httpx.Client, path: str) -> None:
    (listed,) = asked(client, path)["tilesets"]
    told = asked(client, linked(listed, "self")[0]["href"])
    assert listed["tileMatrixSetLimits"] == told["tileMatrixSetLimits"]
    assert linked(listed, "item") == linked(told, "item")
    # from 122.94 to 153.99 E and 24.05 to 45.56 N: 11.25 degrees a column, rows worked by hand
    assert told["tileMatrixSetLimits"][5] == {
        **{"tileMatrix": "5", "minTileRow": 11, "maxTileRow": 13, "minTileCol": 26, "maxTileCol": 29}
    }
    address = linked(listed, "item")[0]["href"].replace("{tileMatrix}", "5")
    for row, column in ((10, 28), (14, 28), (12, 25), (12, 30)):
        answer = client.get(address.replace("{tileRow}", str(row)).replace("{tileCol}", str(column)))
        assert answer.status_code == (200 if "map" in path else 204)


def test_tiles_take_a_period(client: httpx.Client) -> None:
    path = f"{POPULATION}/tiles/WebMercatorQuad/5/12/28"
    old = client.get(path, params={"datetime": "1980-10-01"})
    assert old.content == client.get("/v1/layers/population/tiles/5/28/12.mvt?period=1980").content
    assert client.get(path, params={"datetime": "1981-10-01"}).status_code == 404


MVT, MLT = "application/vnd.mapbox-vector-tile", "application/vnd.maplibre-tile"


@pytest.mark.parametrize(
    ("accept", "query", "told"),
    [
        ("*/*", "", MVT),
        (MLT, "", MLT),
        (f"{MLT}, */*;q=0.1", "", MLT),
        (f"{MVT}, {MLT}", "", MVT),
        (f"{MLT};q=0.5, {MVT};q=0.4", "", MLT),
        ("image/png", "", MVT),
        (MVT, "?f=mlt", MLT),
        (MLT, "?f=mvt", MVT),
    ],
)
def test_the_format_of_a_tile_is_negotiated(client: httpx.Client, accept: str, query: str, told: str) -> None:
    address = f"{POPULATION}/tiles/WebMercatorQuad/5/12/28{query}"
    answer = client.get(address, headers={"Accept": accept})
    assert answer.headers["content-type"] == told
    vary = answer.headers["vary"]
    assert ("Accept-Encoding" in vary.split(", "), "Accept" in vary.split(", ")) == (True, not query)
    known = {"Accept": accept, "If-None-Match": answer.headers["etag"]}
    assert (client.get(address, headers=known).status_code, answer.status_code) == (304, 200)
    assert client.get(address, headers=known).headers["vary"] == vary
    other = client.get(f"{POPULATION}/tiles/WebMercatorQuad/5/12/28?f={'mvt' if told == MLT else 'mlt'}")
    assert other.headers["etag"] != answer.headers["etag"]


@pytest.mark.parametrize(("path", "f"), [("tiles", "png"), ("map/tiles", "mlt"), ("tiles", "pbf")])
def test_a_tile_of_another_format_is_refused(client: httpx.Client, path: str, f: str) -> None:
    answer = client.get(f"{POPULATION}/{path}/WebMercatorQuad/5/12/28?f={f}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["expected"] == ("mvt or mlt" if path == "tiles" else "png")


def test_tile_matrix_set_is_that_of_the_standard(client: httpx.Client) -> None:
    listed = asked(client, "/ogc/tileMatrixSets")["tileMatrixSets"]
    told = asked(client, linked(listed[0], "self")[0]["href"])
    assert told["id"] == "WebMercatorQuad"
    # 17-083r4, annex D.1, tile matrices 0 and 3
    assert told["tileMatrices"][0]["scaleDenominator"] == pytest.approx(559082264.028717)
    assert told["tileMatrices"][3]["cellSize"] == pytest.approx(19567.8792410051)
    assert told["tileMatrices"][3]["matrixWidth"] == 8


@pytest.mark.parametrize(
    "path",
    [
        f"{POPULATION}/tiles/WorldCRS84Quad",
        f"{POPULATION}/tiles/WebMercatorQuad/15/0/0",
        f"{POPULATION}/tiles/WebMercatorQuad/3/8/0",
        "/ogc/collections/stops/tiles",
        "/ogc/tileMatrixSets/none",
    ],
)
def test_tiles_that_do_not_exist_are_not_found(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_tiles_of_no_number_are_a_bad_request(client: httpx.Client) -> None:
    assert client.get(f"{POPULATION}/tiles/WebMercatorQuad/x/0/0").status_code == 400


def test_styles_are_maplibre_styles(client: httpx.Client) -> None:
    told = asked(client, f"{POPULATION}/styles")
    assert told["default"] == "default"
    style = linked(told["styles"][0], "stylesheet")[0]
    answer = client.get(style["href"])
    assert answer.headers["content-type"] == style["type"] == "application/vnd.mapbox.style+json"
    source = answer.json()["sources"]["areas"]["url"]
    assert client.get(source).json()["level"] == "municipality"
    # people are circles, as on the layer's own map
    (circles,) = (one for one in answer.json()["layers"] if one["type"] == "circle")
    points = client.get(answer.json()["sources"][circles["source"]]["data"]).json()["features"]
    assert {one["geometry"]["type"] for one in points} == {"Point"}


@pytest.mark.parametrize(("path", "suffix"), [("tiles", "mvt"), ("map/tiles", "png")])
def test_tiles_of_the_dataset_show_what_the_first_page_shows(
    client: httpx.Client, path: str, suffix: str
) -> None:
    relation = f"http://www.opengis.net/def/rel/ogc/1.0/tilesets-{'vector' if path == 'tiles' else 'map'}"
    listed = asked(client, linked(asked(client, "/ogc"), relation)[0]["href"])["tilesets"]
    told = asked(client, linked(listed[0], "self")[0]["href"])
    address = linked(told, "item")[0]["href"]
    for name, value in (("tileMatrix", "5"), ("tileRow", "12"), ("tileCol", "28")):
        address = address.replace(f"{{{name}}}", value)
    own = client.get(f"/v1/layers/register-population-change/tiles/5/28/12.{suffix}?level=municipality")
    assert client.get(address).content == own.content
    assert own.status_code == 200


def test_tiles_of_the_dataset_show_the_layers_that_are_chosen(client: httpx.Client) -> None:
    chosen = "population.prefecture,ageing-rate.prefecture"
    told = asked(client, "/ogc/tiles/WebMercatorQuad", collections=chosen)
    properties = told["layers"][0]["propertiesSchema"]["properties"]
    assert {"value", "class", "ageing-rate", "ageing-rate:class"} <= properties.keys()
    assert len(linked(told, "http://www.opengis.net/def/rel/ogc/1.0/geodata")) == 2
    for item in linked(told, "item"):
        address = item["href"]
        for name, value in (("tileMatrix", "5"), ("tileRow", "12"), ("tileCol", "28")):
            address = address.replace(f"{{{name}}}", value)
        answer = client.get(f"{address}&datetime=2020-10-01")
        suffix = "mlt" if "f=mlt" in address else "mvt"
        own = f"/v1/layers/population/tiles/5/28/12.{suffix}?level=prefecture&period=2020&with=ageing-rate"
        assert answer.headers["content-type"] == item["type"]
        assert answer.content == client.get(own).content
    for path, asked_for in (
        ("map/tiles", chosen),
        ("tiles", "population.prefecture,ageing-rate.ward"),
        ("tiles", ""),
        ("tiles", ",".join(f"layer-{n}.prefecture" for n in range(10))),
    ):
        address = f"/ogc/{path}/WebMercatorQuad/5/12/28"
        assert client.get(address, params={"collections": asked_for}).status_code == 400
    assert client.get("/ogc/tiles?collections=stops").status_code == 404


def test_styles_of_all_layers_are_listed_and_told(client: httpx.Client) -> None:
    relation = "http://www.opengis.net/def/rel/ogc/1.0/styles"
    found = asked(client, linked(asked(client, "/ogc"), relation)[0]["href"])
    layers = asked(client, "/v1/layers")["layers"]
    assert [one["id"] for one in found["styles"]] == [
        f"{one['id']}.{level}" for one in layers for level in one["levels"]
    ]
    for one in found["styles"][:5]:
        style = linked(one, "stylesheet")[0]
        answer = client.get(style["href"])
        assert answer.headers["content-type"] == style["type"] == "application/vnd.mapbox.style+json"
        own = client.get(f"/ogc/collections/{one['id']}/styles/default")
        assert answer.json() == own.json()
    assert client.get("/ogc/styles?f=html").headers["content-type"] == "text/html; charset=utf-8"
    assert client.get("/ogc/styles/none").status_code == 404


# Errors


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/ogc/collections/none", 404),
        (f"{ITEMS}?bbox=1,2", 400),
        (f"{ITEMS}?colour=red", 400),
        ("/ogc/nothing/here", 404),
        (f"{POPULATION}/tiles/WebMercatorQuad/x/0/0", 400),
    ],
)
def test_a_browser_gets_errors_as_pages(client: httpx.Client, path: str, status: int) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    problem = client.get(path, headers={"Accept": "*/*"}).json()
    for lang, title in (("ja", problem["title_ja"]), ("en", problem["title"])):
        answer = client.get(path, headers=browser | {"Accept-Language": lang})
        assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert f"<h1>{title}</h1>" in answer.text
        assert f'<html lang="{lang}">' in answer.text
        assert problem["detail"] in html.unescape(answer.text)
    for accept in ("*/*", "application/geo+json", "application/json, text/html;q=0.5"):
        told = client.get(path, headers={"Accept": accept})
        assert told.headers["content-type"] == "application/problem+json", accept
    assert (
        client.get("/v1/layers/none", headers=browser).headers["content-type"] == "application/problem+json"
    )


def test_what_was_asked_for_is_escaped_in_a_page_of_an_error(client: httpx.Client) -> None:
    told = client.get(ITEMS, params={"f": "html", "bbox": "<script>alert(1)</script>"})
    assert told.headers["content-type"] == "text/html; charset=utf-8"
    assert "<script>" not in told.text
    assert "&lt;script&gt;" in told.text


# Joins

VISITORS = "市区町村,来訪者数,メモ\n前橋市,1200,\n102032,300,桐生\n府中市,5,\n広島県府中市,7,\nどこか,1,\n"


def test_a_table_comes_back_on_its_areas_and_nothing_is_lost(client: httpx.Client) -> None:
    answer = client.post("/ogc/joins", content=VISITORS, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == GEOJSON
    found = answer.json()
    told = {one["properties"]["code"]: one["properties"] for one in found["features"]}
    assert {code: one["来訪者数"] for code, one in told.items()} == {"10201": 1200, "10203": 300, "34208": 7}
    assert told["10203"]["メモ"] == "桐生"
    assert found["matched"] == 3
    assert [(one["where"], one["value"]) for one in found["unmatched"]] == [
        ("line 4", "府中市"),
        ("line 6", "どこか"),
    ]
    assert all(shapely.from_geojson(json.dumps(one["geometry"])).is_valid for one in found["features"])


def test_a_join_in_shift_jis_to_prefectures_with_the_areas_left(client: httpx.Client) -> None:
    body = "都道府県,値\n群馬県,1.5\n東京都,2\n".encode("cp932")
    answer = client.post("/ogc/joins?level=prefecture&areas=all&detail=low", content=body)
    found = answer.json()
    assert len(found["features"]) == 47
    assert found["areas_without_a_row"] == 45
    values = {one["properties"]["code"]: one["properties"]["値"] for one in found["features"]}
    assert (values["10000"], values["13000"], values["01000"]) == (1.5, 2, None)


def test_a_table_of_rates_has_percent_signs_in_its_header(client: httpx.Client) -> None:
    body = "code,高齢化率(%),失業率[%],%%3000000000b\n10201,27.5,3.1,a\n10202,28.0,2.9,%s\n"
    answer = client.post("/ogc/joins?detail=low", content=body, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["matched"] == 2
    rows = [one["properties"] for one in found["features"]]
    assert [one["高齢化率(%)"] for one in rows] == [27.5, 28]
    assert [one["失業率[%]"] for one in rows] == [3.1, 2.9]
    assert [one["%%3000000000b"] for one in rows] == ["a", "%s"]


def test_a_join_says_which_column_it_took_and_which_others_could_be(client: httpx.Client) -> None:
    body = '行政コード,都道府県,市郡,人口\n10201,群馬県,前橋市,"1,200"\n10202,群馬県,高崎市,…\n出典：例\n'
    found = client.post("/ogc/joins?detail=low", content=body.encode()).json()
    assert (found["key"], found["other_keys"], found["matched"]) == ("行政コード", ["市郡"], 2)
    told = [(one["properties"]["人口"], one["properties"]["人口_as_written"]) for one in found["features"]]
    assert told == [(1200, None), (None, "…")]
    assert [(one["where"], one["value"]) for one in found["unmatched"]] == [("line 4", "出典：例")]


def test_a_lost_zero_is_joined_to_its_own_area_or_told(client: httpx.Client) -> None:
    # 012203 of 士別市 without its zero is the code of 市川市
    body = "団体コード,n\n12203,1\n12211,2\n122033,3\n101150,4\n"
    found = client.post("/ogc/joins?detail=low", content=body.encode()).json()
    assert {one["properties"]["code"]: one["properties"]["n"] for one in found["features"]} == {
        **{"01220": 1, "01221": 2, "12203": 3}
    }
    assert [one["where"] for one in found["unmatched"]] == ["line 5"]


def test_names_of_our_own_downloads_are_joined(client: httpx.Client) -> None:
    columns = "code,name,name_en,value"
    body = f'{columns}\n"=""01202""",函館市,Hakodate-shi,5\n10201,前橋市,Maebashi-shi,6\n'
    for key in ("code", "name", "name_en"):
        found = client.post(f"/ogc/joins?detail=low&key={key}", content=body.encode()).json()
        assert [one["properties"]["value"] for one in found["features"]] == [5, 6], key
        assert [one["properties"]["code_"] for one in found["features"]] == ["01202", "10201"], key


def test_columns_called_as_an_outlines_own_keep_each_its_values(client: httpx.Client) -> None:
    body = "code,code_,name_,name\n10201,a,b,前橋市\n"
    (told,) = client.post("/ogc/joins?detail=low", content=body.encode()).json()["features"]
    properties = told["properties"]
    assert [properties[name] for name in ("code", "code__", "code_", "name_", "name__")] == [
        *("10201", 10201, "a", "b", "前橋市")
    ]


@pytest.mark.parametrize(
    ("query", "body", "told"),
    [
        ("?key=none", "code,a\n1,2\n", "one of the columns code, a"),
        ("", "a,b\n1,2\n", "or key=COLUMN"),
        ("?level=street", "code,a\n1,2\n", "municipality"),
        ("?colour=red", "code,a\n1,2\n", "one of"),
    ],
)
def test_a_join_that_cannot_be_is_refused(client: httpx.Client, query: str, body: str, told: str) -> None:
    answer = client.post(f"/ogc/joins{query}", content=body)
    assert answer.status_code == 400
    assert told in answer.json()["errors"][0]["expected"]


WIDEST = ",".join(["code", *(f"{'数' * 190}{n}" for n in range(63))])


@pytest.mark.parametrize(
    ("body", "where", "expected"),
    [
        (",".join(f"a{n}" for n in range(16_000)) + "\n", "line 1", "at most 64 columns, not 16,000"),
        (f"code,{'a' * 201}\n", "line 1", "at most 200 characters"),
        (f"code,a\n10201,{'b' * 2001}\n", "line 2", "at most 2,000 characters, not 2,001"),
        ("code\n" + "10201\n" * 20_001, "line 20002", "at most 20,000 rows"),
        ("code\n" + "\n" * (8 << 20), "file", "fewer columns or rows"),
        (f"{WIDEST}\n10201{',1' * 63}\n", "file", "at most 16,777,216 bytes of answer"),
    ],
    ids=["columns", "header", "cell", "rows", "bytes", "answer"],
)
def test_a_join_has_bounds(client: httpx.Client, body: str, where: str, expected: str) -> None:
    answer = client.post("/ogc/joins?areas=all&detail=low", content=body.encode())
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    (told,) = answer.json()["errors"]
    assert told["where"] == where
    assert expected in told["expected"]


def test_others_are_answered_while_a_table_is_read(client: httpx.Client) -> None:
    with ThreadPoolExecutor(1) as other:
        reading = other.submit(client.post, "/ogc/joins", content=b"code,a\n" + b",\n" * 4_000_000)
        answered = 0
        while not reading.done():
            assert client.get("/healthz").status_code == 200
            answered += 1
    assert reading.result().status_code == 400
    assert answered > 20


def test_a_join_takes_only_text(client: httpx.Client) -> None:
    answer = client.post("/ogc/joins", content=b"PK", headers={"Content-Type": "application/zip"})
    assert answer.status_code == 400
    assert "text/csv" in answer.json()["detail"]
