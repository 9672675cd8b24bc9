"""What GIS clients ask of the OGC API, as they write it: boxes, times, filters, and what GDAL makes of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from api_tests.conftest import Server
from api_tests.test_ogc import ITEMS, KINDS, POPULATION, all_collections, asked, ids, linked
from geo.crs import EPSG
from service.ogc.filters import parsed

AREAS = "/ogc/collections/areas.prefecture/items"
TOKYO = "13000"


def matched(client: httpx.Client, path: str = AREAS, **query: object) -> int:
    """How many features match."""
    told: int = asked(client, path, limit=1, detail="low", **query)["numberMatched"]
    return told


# Boxes


@pytest.mark.parametrize(
    ("code", "box"),
    [
        # OpenLayers' first view with the strategy bbox: one world, and four of them beside each other
        (3857, "-20037508.342789244,-20037508.342789244,20037508.342789244,20037508.342789244"),
        (3857, "-80150033.37115698,-40075016.68557849,80150033.37115698,40075016.68557849"),
        (6677, "-20000000,-20000000,20000000,20000000"),
        (6669, "-5000000,-5000000,5000000,5000000"),
        (6687, "-1000000000,-1000000000,1000000000,1000000000"),
        (6690, "-20000000,-20000000,20000000,20000000"),
        (6668, "-90,-180,90,180"),
    ],
)
def test_a_box_larger_than_its_system_holds_everything(client: httpx.Client, code: int, box: str) -> None:
    uri = f"{EPSG}{code}"
    assert matched(client, bbox=box, bbox_crs=uri) == 47
    for geometry in (f"BBOX({box})", f"POLYGON({ring(box)})"):
        if code == 3857 and geometry.startswith("POLYGON") and box.startswith("-8"):
            continue  # a polygon, unlike a box, does not come round the Earth again
        condition = f"S_INTERSECTS(geometry,{geometry})"
        assert matched(client, filter=condition, filter_crs=uri) == 47, geometry
        assert matched(client, filter=f"NOT {condition}", filter_crs=uri) == 0, geometry


def ring(box: str) -> str:
    """The corners of a box as the ring of a polygon."""
    a, b, c, d = box.split(",")
    return f"({a} {b},{c} {b},{c} {d},{a} {d},{a} {b})"


def test_a_box_beyond_its_system_holds_nothing_and_is_no_error(client: httpx.Client) -> None:
    far = "9000000,9000000,9100000,9100000"
    assert matched(client, bbox=far, bbox_crs=f"{EPSG}6677") == 0
    condition = f"S_INTERSECTS(geometry,BBOX({far}))"
    assert matched(client, filter=condition, filter_crs=f"{EPSG}6677") == 0


@pytest.mark.parametrize(
    ("box", "count"),
    [
        ("177,65,-177,70", 0),  # OGC API - Features - Part 1, 7.15.3: crosses the 180th meridian
        ("139.7,35.6,-177,70", None),
        ("-541.40625,-75.84516854027044,281.6015625,85.1514024", 47),  # Leaflet, zoom 0, 1,170 pixels wide
        ("-180,-90,180,90", 47),
        ("499.7,35.6,499.8,35.7", 1),
        ("-220.3,35.6,-220.2,35.7", 1),
    ],
)
def test_boxes_cross_the_180th_meridian_and_come_round_again(
    client: httpx.Client, box: str, count: int | None
) -> None:
    """What lies in such a box is what lies in its one or two halves."""
    found = {*ids(asked(client, AREAS, bbox=box, detail="low", properties="code"))}
    if count is None:
        assert found == {
            *ids(asked(client, AREAS, bbox="139.7,35.6,180,70", detail="low", properties="code"))
        }
        assert TOKYO in found
        assert "47000" not in found
    else:
        assert len(found) == count
    west, south, east, north = box.split(",")
    assert matched(client, bbox=f"{south},{west},{north},{east}", bbox_crs=f"{EPSG}6668") == len(found)
    assert matched(client, filter=f"S_INTERSECTS(geometry,BBOX({box}))") == len(found)


@pytest.mark.parametrize("box", ["35,139,36,140", "140,36,139,35", "139,-91,140,36", "139,35,140,91"])
def test_a_box_of_no_latitudes_is_refused(client: httpx.Client, box: str) -> None:
    answer = client.get(AREAS, params={"bbox": box})
    assert answer.status_code == 400
    assert "order of the CRS's axes" in answer.json()["errors"][0]["expected"]


# Times


@pytest.mark.parametrize(
    ("datetime", "periods"),
    [
        ("", {"2020"}),  # no filter: as without it
        ("2015-01-01T/..", {"2015", "2020"}),  # GDAL of start >= '2015/01/01'
        ("../2015-01-01T", {"1980", "1985", "1990", "1995", "2000", "2005", "2010", "2015"}),
        ("2015-01-01T", {"2015"}),
        ("2015-01-01T/2020-01-01T", {"2015", "2020"}),
        ("/2000-01-01", {"1980", "1985", "1990", "1995", "2000"}),
        ("2020-01-01/", {"2020"}),
        ("2015-06-01T12Z", {"2015"}),
    ],
)
def test_times_are_read_as_clients_write_them(client: httpx.Client, datetime: str, periods: set[str]) -> None:
    found = asked(client, ITEMS, datetime=datetime, properties="period", detail="low", code="10201")
    assert {one["properties"]["period"] for one in found["features"]} == periods


@pytest.mark.parametrize("datetime", ["T", "2020-01-01T/T", "2020-01-01TT", "2020T"])
def test_times_that_are_none_are_refused(client: httpx.Client, datetime: str) -> None:
    answer = client.get(ITEMS, params={"datetime": datetime})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "datetime")


def test_a_period_is_asked_for_by_its_name(client: httpx.Client) -> None:
    """GDAL pushes period = '2015' down as a parameter; the newest period alone would have none of it."""
    found = asked(client, ITEMS, period="2015", code="10201")
    assert ids(found) == ["10201-2015"]
    assert asked(client, ITEMS, period="1066")["numberMatched"] == 0
    assert asked(client, ITEMS, period="2015", datetime="2020-10-01")["numberMatched"] == 0


# Filters


@pytest.mark.parametrize(
    ("condition", "named"),
    [
        ("2 ^ value > 1", "2 ^ value"),
        ("value > 0 AND value * 1e308 > 1", "value * 1e+308"),
        ("(value + 1) ^ 0.5 > (0 - value) ^ 0.5", "(0 - value) ^ 0.5"),
        ("colour = 'red'", "'colour'"),
        ("S_INTERSECTS(shape, POINT(139 36))", "'shape'"),
        ("avg(value) < 4", "'avg'"),
        ("S_WITHIN(geometry, buffer(geometry, 10, 'm'))", "'buffer'"),
    ],
)
def test_a_filter_is_refused_by_the_name_of_what_is_wrong(
    client: httpx.Client, condition: str, named: str
) -> None:
    answer = client.get(ITEMS, params={"filter": condition})
    assert answer.status_code == 400
    told: dict[str, Any] = answer.json()
    assert named in told["detail"]
    assert told["errors"][0]["field"] == "filter"


#: One of each kind of condition that the specification's examples have: how many prefectures match, or what
#: is said to be wrong.
KINDS_OF_CONDITIONS: dict[str, int | str] = {
    "value BETWEEN 1000000 AND 9000000 AND NOT (value BETWEEN 2000000 AND 9000000)": 21,
    "value IN (5224614, 1237984)": 2,
    "CASEI(name_en) IN (casei('TOKYO'), CASEI('osaka'))": 2,
    "CASEI(name_en) LIKE casei('TO%') AND name NOT LIKE '%府'": 5,
    "ACCENTI(name_en) = accenti('Tōkyō')": 1,
    "start = DATE('2020-01-01')": 47,
    "start < TIMESTAMP('2020-01-01T00:00:00.123456Z')": 47,
    "T_INTERSECTS(INTERVAL(start, \"end\"), INTERVAL('..', '..'))": 47,
    "T_DURING(INTERVAL('2020-02-01', '2020-03-01'), INTERVAL(start, \"end\"))": 47,
    "S_INTERSECTS(geometry, POINT(139.69 35.69))": 1,
    "S_INTERSECTS(geometry, POINT Z(139.69 35.69 40))": 1,
    "S_INTERSECTS(geometry, GEOMETRYCOLLECTION(POINT(139.69 35.69), POINT(135.5 34.68)))": 2,
    "S_INTERSECTS(geometry, BBOX(139.68, 35.68, -9, 139.69, 35.69, 9))": 1,
    "S_WITHIN(POINT(139.69 35.69), geometry)": 1,
    "value = value AND (name = name OR value > value)": 47,
    "FALSE <> (value > 0)": 47,
    "value % 2 = 1 AND value DIV 1000000 = 14": 0,
    "(value - value) ^ 2 + 1 = 1": 47,
    "value": "a boolean, not a number",
    "A_CONTAINS(name, ('a'))": "a array, not a string",
    "A_EQUALS(('a', TRUE, 1.0), name)": "a list of texts",
    "foo(geometry) = TRUE": "'foo' of 1",
    "FALSE <> bar(geometry, 100, 'a', 'b', FALSE)": "'bar' of 5",
    "value = TIMESTAMP('2020-13-01T00:00:00Z')": "2020-10-01",
    "S_INTERSECTS(geometry, POLYGON((0 0, 10 10, 0 10, 10 0, 0 0)))": "Self-intersection",
    "S_INTERSECTS(geometry, POINT(181 0))": "none of",
}


@pytest.mark.parametrize("condition", KINDS_OF_CONDITIONS)
def test_each_kind_of_condition_is_answered_or_told_what_is_wrong(
    client: httpx.Client, condition: str
) -> None:
    expected = KINDS_OF_CONDITIONS[condition]
    query = {"filter": condition, "datetime": "2020-10-01", "limit": "1", "detail": "low"}
    answer = client.get("/ogc/collections/population.prefecture/items", params=query)
    if isinstance(expected, int):
        assert answer.status_code == 200, answer.text
        assert answer.json()["numberMatched"] == expected
    else:
        assert answer.status_code == 400
        assert expected in answer.json()["detail"]


#: The examples of the specification name properties of other data: ours of each kind take their places.
EXCHANGED = {
    "population.prefecture": ("value", "name", "start", "geometry"),
    "deployments": ("fy_start", "title", "measures", "geometry"),
    "gap-cells.bus-1km": ("population", "covered", "code", "geometry"),
}


@pytest.mark.skipif("CQL2_EXAMPLES" not in os.environ, reason="CQL2_EXAMPLES is not set")
@pytest.mark.parametrize("name", EXCHANGED)
def test_examples_of_the_specification_never_end_in_an_error(client: httpx.Client, name: str) -> None:
    """The folder ``cql2`` of opengeospatial/ogcapi-features has 229 of them, in text and in JSON."""
    folder = Path(os.environ["CQL2_EXAMPLES"])
    files = [one for one in sorted(folder.rglob("examples/**/*")) if one.suffix in (".txt", ".json")]
    assert len(files) > 200
    answers = Counter[int]()
    for file in files:
        lang = f"cql2-{file.suffix[1:].replace('txt', 'text')}"
        tree = parsed(file.read_text("utf-8"), lang)
        for filters in ({"filter": file.read_text("utf-8"), "filter-lang": lang}, *exchanged(tree, name)):
            answer = client.get(f"/ogc/collections/{name}/items", params=filters | {"limit": "1"})
            # 503: PostGIS was stopped after CHIIKI_STATEMENT_TIMEOUT_MS, and the client is told so
            assert answer.status_code in (200, 400, 503), (file.name, filters, answer.text)
            answers[answer.status_code] += 1
    assert answers[200] > 100
    assert answers[503] <= 4


def exchanged(tree: Any, name: str) -> Iterator[dict[str, str]]:
    """A condition with our properties in the places of its own, each kind first in turn."""
    own = sorted(set(properties(tree)))
    for first in range(len(EXCHANGED[name]) if own else 0):
        turned = EXCHANGED[name][first:] + EXCHANGED[name][:first]
        ours = {one: turned[place % len(turned)] for place, one in enumerate(own)}
        yield {"filter": json.dumps(renamed(tree, ours)), "filter-lang": "cql2-json"}


def properties(tree: Any) -> Iterator[str]:
    """The names of the properties in a condition."""
    if isinstance(tree, dict) and "property" in tree:
        yield str(tree["property"])
    parts = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    for part in parts:
        yield from properties(part)


def renamed(tree: Any, names: dict[str, str]) -> Any:
    """A condition with other names of properties."""
    if isinstance(tree, dict) and "property" in tree:
        return {"property": names[str(tree["property"])]}
    if isinstance(tree, dict):
        return {key: renamed(part, names) for key, part in tree.items()}
    return [renamed(part, names) for part in tree] if isinstance(tree, list) else tree


def test_a_reckoning_of_another_collection_is_named_too(client: httpx.Client) -> None:
    answer = client.get(
        "/ogc/collections/stops/items", params={"filter": "9 ^ (weekday_departures + 999) > 1"}
    )
    assert answer.status_code == 400
    assert "9 ^ (weekday_departures + 999)" in answer.json()["detail"]


# What a collection says of its features


@pytest.mark.parametrize("name", KINDS)
def test_a_feature_is_what_its_schema_says(client: httpx.Client, name: str) -> None:
    """What is null is missing; the schema of geometries stands elsewhere."""
    links = linked(asked(client, f"/ogc/collections/{name}"), "describedby")
    (link,) = [one for one in links if one["type"] == "application/schema+json"]
    schema = asked(client, link["href"])
    assert schema["$id"] == link["href"]
    members = schema["properties"]
    (null, *shapes) = members["geometry"]["anyOf"]
    assert null == {"type": "null"}
    kinds = {one["$ref"].removesuffix(".json").rpartition("/")[2] for one in shapes}
    for one in asked(client, f"/ogc/collections/{name}/items", limit=50, detail="low")["features"]:
        assert set(schema["required"]) == one.keys() == members.keys()
        assert [one["type"]] == members["type"]["enum"]
        assert isinstance(one["id"], TYPES[members["id"]["type"]])
        assert one["geometry"] is None or one["geometry"]["type"] in kinds
        told = members["properties"]["properties"]
        assert one["properties"].keys() == told.keys()
        for key, value in one["properties"].items():
            assert value is None or isinstance(value, TYPES[told[key]["type"]]), key


#: Types of JSON Schema.
TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "number": (int, float),
    "boolean": bool,
    "array": list,
}


def test_every_value_is_a_number_in_every_collection(client: httpx.Client) -> None:
    found = asked(client, "/ogc/collections")["collections"]
    layers = [one for one in found if linked(one, "http://www.opengis.net/def/rel/ogc/1.0/styles")]
    assert len(layers) > 300
    for one in layers:
        schema = asked(client, linked(one, "describedby")[0]["href"])
        told = schema["properties"]["properties"]["properties"]["value"]
        assert told["type"] == "number", one["id"]


def test_properties_are_parameters_of_the_definition(client: httpx.Client) -> None:
    """All that can be told equal to something; dates are not, so that clients ask for them by datetime."""
    paths = asked(client, "/ogc/api")["paths"]
    told = paths["/collections/{collectionId}/items"]["get"]["parameters"]
    named = {one["name"]: one["schema"] for one in told if "name" in one}
    for name in KINDS:
        for queryable, schema in asked(client, f"/ogc/collections/{name}/queryables")["properties"].items():
            if schema.get("format") == "date" or queryable == "geometry":
                assert queryable not in named
            elif schema["type"] != "array":
                assert named[queryable]["type"] == schema["type"]


# GDAL, as old as Debian has it and as new as there is


@dataclass(frozen=True)
class Reading:
    """What GDAL did: the features that it asked for, and what it found."""

    asked: list[str]
    codes: list[str]
    periods: list[str]
    kind: str


def read_by_ogrinfo(server: Server, name: str, where: str) -> Reading:
    """What Debian's GDAL reads of a collection."""
    plain = {name: value for name, value in os.environ.items() if name != "OGR_SKIP"}
    address = f"OAPIF:{server.url}/ogc/collections/{name}"
    command = ["ogrinfo", "-ro", "-al", "-geom=NO", "-where", where, address]
    told = subprocess.run(
        command, capture_output=True, text=True, check=True, env=plain | {"CPL_DEBUG": "ON"}
    )
    return Reading(
        queries(told.stderr),
        re.findall(r"^  code \(String\) = (.*)$", told.stdout, re.MULTILINE),
        re.findall(r"^  period \(String\) = (.*)$", told.stdout, re.MULTILINE),
        re.findall(r"^value: (\w+)", told.stdout, re.MULTILINE)[0],
    )


PROGRAM = """
import sys
import pyogrio
address, where = sys.argv[1:]
print(pyogrio.read_info(address)["ogr_types"][list(pyogrio.read_info(address)["fields"]).index("value")])
rows = pyogrio.read_dataframe(address, where=where, read_geometry=False)
print(",".join(rows.code))
print(",".join(rows.period))
"""


def read_by_pyogrio(server: Server, name: str, where: str) -> Reading:
    """What the GDAL of pyogrio reads of a collection."""
    plain = {name: value for name, value in os.environ.items() if name != "OGR_SKIP"}
    command = [sys.executable, "-c", PROGRAM, f"OAPIF:{server.url}/ogc/collections/{name}", where]
    told = subprocess.run(
        command, capture_output=True, text=True, check=True, env=plain | {"CPL_DEBUG": "ON"}
    )
    kind, codes, periods = (line.split(",") for line in told.stdout.splitlines())
    return Reading(queries(told.stderr), codes, periods, kind[0].removeprefix("OFT"))


def queries(told: str) -> list[str]:
    """The queries of a debug log by which features were asked for, without the sample of the first ones."""
    found = re.findall(r"Fetch\(\S+/items\?(\S*)\)", told)
    return [one for one in found if not re.fullmatch(r"limit=\d+", one)]


@pytest.mark.parametrize("read", [read_by_ogrinfo, read_by_pyogrio])
@pytest.mark.parametrize(
    ("where", "pushed", "periods"),
    [
        ("code = '10201'", ["code=10201"], ["2020"]),
        ("prefecture = '10000' AND name = '前橋市'", ["prefecture=10000", "name="], ["2020"]),
        ("code = '10201' AND value > 0", ["code=10201"], ["2020"]),
        ("code = '10201' AND period = '2015'", ["code=10201", "period=2015"], ["2015"]),
        ("start >= '2015/01/01' AND code = '10201'", ["datetime=2015-01-01T%2F.."], ["2015", "2020"]),
        ("start <= '1985/12/31' AND code = '10201'", ["datetime=..%2F1985-12-31T"], ["1980", "1985"]),
        ("start = '2015/01/01' AND code = '10201'", ["datetime=2015-01-01T&"], ["2015"]),
    ],
)
def test_gdal_lets_the_service_filter(
    server: Server, read: Any, where: str, pushed: list[str], periods: list[str]
) -> None:
    found: Reading = read(server, "population.municipality", where)
    assert found.codes == ["10201"] * len(periods)
    assert sorted(found.periods) == periods
    assert len({*found.asked}) == 1  # ogrinfo asks for the count first
    assert all(one in f"{found.asked[0]}&" for one in pushed), found.asked


@pytest.mark.parametrize("read", [read_by_ogrinfo, read_by_pyogrio])
@pytest.mark.parametrize(
    "name",
    [
        "population.municipality",  # whole numbers
        "ageing-rate.prefecture",
        "deployments:smart-cities.prefecture",
        "local-tax-per-head.municipality",
    ],
)
def test_gdal_reads_values_as_numbers(server: Server, read: Any, name: str) -> None:
    assert read(server, name, "code = '01000' OR code = '01100'").kind == "Real"


#: GDAL by its interface in C, as pyogrio lists layers: all names, then what some of them are. Run by
#: itself: the service's own GDAL has two drivers, for the whole process.
LIST = """
import ctypes, json, sys
from pathlib import Path
import pyogrio

(library,) = Path(pyogrio.__file__).parent.with_name("pyogrio.libs").glob("libgdal*")
gdal = ctypes.CDLL(str(library))
for name, result, *arguments in (
    ("GDALOpenEx", "c_void_p", "c_char_p", "c_uint", "c_void_p", "c_void_p", "c_void_p"),
    ("GDALDatasetGetLayerCount", "c_int", "c_void_p"),
    ("GDALDatasetGetLayer", "c_void_p", "c_void_p", "c_int"),
    ("GDALGetDescription", "c_char_p", "c_void_p"),
    ("OGR_L_GetGeomType", "c_int", "c_void_p"),
    ("OGRGeometryTypeToName", "c_char_p", "c_int"),
    ("GDALClose", "c_int", "c_void_p"),
):
    function = getattr(gdal, name)
    function.restype = getattr(ctypes, result)
    function.argtypes = [getattr(ctypes, one) for one in arguments]
VECTOR = 4
opened = gdal.GDALOpenEx(sys.argv[1].encode(), VECTOR, None, None, None)
layers = [gdal.GDALDatasetGetLayer(opened, at) for at in range(gdal.GDALDatasetGetLayerCount(opened))]
names = [gdal.GDALGetDescription(one).decode() for one in layers]
kinds = [
    gdal.OGRGeometryTypeToName(gdal.OGR_L_GetGeomType(one)).decode() for one in layers[:: int(sys.argv[2])]
]
gdal.GDALClose(opened)
print(json.dumps({"names": names, "kinds": kinds}))
"""
INFO = """
import pyogrio, sys
for name, kind in pyogrio.list_layers(sys.argv[1]):
    print(name, kind)
"""
#: Of so many layers one is asked what it is.
EVERY = 20


def asked_so_far(client: httpx.Client) -> float:
    told = re.findall(r"^chiiki_requests_total\{[^}]*\} (\S+)$", client.get("/metrics").text, re.MULTILINE)
    return sum(map(float, told))


def gdal_lists(server: Server, every: int) -> dict[str, list[str]]:
    plain = {name: value for name, value in os.environ.items() if name != "OGR_SKIP"}
    command = [sys.executable, "-c", LIST, f"OAPIF:{server.url}/ogc", str(every)]
    told: dict[str, list[str]] = json.loads(
        subprocess.run(command, capture_output=True, text=True, check=True, env=plain).stdout
    )
    return told


def test_gdal_lists_all_layers_with_two_small_requests_each(server: Server, client: httpx.Client) -> None:
    found = all_collections(client)
    before = asked_so_far(client)
    told = gdal_lists(server, EVERY)
    assert told["names"] == [one["id"] for one in found]
    assert len(told["kinds"]) == -(-len(found) // EVERY)
    assert {*told["kinds"]} <= {"Polygon", "Multi Polygon", "Multi Point", "Point"}
    # beside those of each layer the pages of the list, the landing page and the document of the API
    assert asked_so_far(client) - before <= 2 * len(told["kinds"]) + 10
    schema = client.get(f"{POPULATION}/schemas/feature", headers={"Accept-Encoding": "gzip"})
    assert int(schema.headers["content-length"]) < 1000
    listed = client.get("/ogc/collections", headers={"Accept-Encoding": "gzip"})
    assert int(listed.headers["content-length"]) < 200 * len(asked(client, "/ogc/collections")["collections"])


def test_gdal_opens_a_layer_by_its_address_without_the_list(server: Server, client: httpx.Client) -> None:
    before = asked_so_far(client)
    told = subprocess.run(
        [sys.executable, "-c", INFO, f"OAPIF:{server.url}{POPULATION}"],
        capture_output=True,
        text=True,
        check=True,
        env={name: value for name, value in os.environ.items() if name != "OGR_SKIP"},
    ).stdout.split()
    assert told == ["population.municipality", "MultiPolygon"]
    # the collection, its schema, the landing page, the document of the API, first features; and this count
    assert asked_so_far(client) - before <= 6
