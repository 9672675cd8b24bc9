"""Abstract tests of Features Part 3 and CQL2 that are told for any data, run on a collection of each kind.

The other abstract tests are in test_ogc.py; docs/ogc-conformance.md says where each is.
"""

from __future__ import annotations

import importlib
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from api_tests.test_ogc import asked, ids
from geo.crs import reference_systems
from service.ogc.documents import CONFORMANCE

TABLE = Path(__file__).parent.parent / "docs" / "ogc-conformance.md"
#: Data type → a value of it, as the abstract tests have them.
VALUES = {
    "string": "'foo'",
    "boolean": "true",
    "number": "3.14",
    "date": "DATE('2022-04-14')",
}
OPPOSITES = (("=", "<>"), (">", "<="), ("<", ">="))
RELATIONS = ("INTERSECTS", "DISJOINT", "EQUALS", "TOUCHES", "CROSSES", "WITHIN", "CONTAINS", "OVERLAPS")
WORLD = "POLYGON((-180 -90,180 -90,180 90,-180 90,-180 -90))"
#: A collection of each kind; the small ones of those that differ in size alone.
SOURCES = (
    "areas.prefecture",
    "population.prefecture",
    "deployments:smart-cities.prefecture",
    "deployments",
    "gap-cells.mlit-handbook-rural",
    "stops",
)


@dataclass(frozen=True)
class Source:
    """A collection and what it can be filtered by."""

    client: httpx.Client
    name: str

    @property
    def queryables(self) -> dict[str, dict[str, Any]]:
        answer = self.client.get(f"/ogc/collections/{self.name}/queryables")
        found: dict[str, dict[str, Any]] = answer.json()["properties"]
        return found

    def of_type(self, *types: str) -> list[str]:
        """The queryables of some data types, in double quotes."""
        return [f'"{name}"' for name, schema in self.queryables.items() if data_type(schema) in types]

    def matched(self, condition: str, **query: str) -> int:
        """How many features match."""
        told: int = asked(
            self.client, f"/ogc/collections/{self.name}/items", filter=condition, limit=1, **query
        )["numberMatched"]
        return told

    def disjoint(self, first: str, second: str) -> bool:
        """Whether both are answered and no feature is in both."""
        self.matched(first)
        self.matched(second)
        return self.matched(f"({first}) AND ({second})") == 0

    def refuses(self, condition: str, **query: str) -> bool:
        """Whether the condition is a bad request."""
        answer = self.client.get(f"/ogc/collections/{self.name}/items", params={"filter": condition, **query})
        return answer.status_code == 400


def data_type(schema: dict[str, Any]) -> str:
    """string, boolean, number, date, array or geometry."""
    declared = str(schema.get("type", ""))
    form = str(schema.get("format", ""))
    if form.startswith("geometry-"):
        return "geometry"
    return form if form == "date" else declared


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest, client: httpx.Client) -> Source:
    """A collection of each kind in turn."""
    return Source(client, request.param)


# Features Part 1 and 2: what the API definition says


@pytest.fixture(scope="session")
def definition(client: httpx.Client) -> dict[str, Any]:
    """The OpenAPI 3.0 document."""
    return asked(client, "/ogc/api")


def parameters(definition: dict[str, Any], path: str) -> dict[str, dict[str, Any]]:
    """The parameters of an operation by their names."""
    told = definition["paths"][path]["get"]["parameters"]
    named = definition["components"]["parameters"]
    resolved = [named[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in told]
    return {one["name"]: one for one in resolved}


def test_core_parameter_definitions(definition: dict[str, Any]) -> None:
    found = parameters(definition, "/collections/{collectionId}/items")
    numbers = {"type": "array", "items": {"type": "number"}}
    lengths = [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}]
    text, address = {"type": "string"}, {"type": "string", "format": "uri"}
    expected = {
        "bbox": numbers | {"minItems": 4, "maxItems": 6, "oneOf": lengths},
        "limit": {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 2000},
        "datetime": text,
        "crs": address,
        "bbox-crs": address,
    }
    for name, schema in expected.items():
        assert found[name]["in"] == "query"
        assert found[name]["required"] is False
        assert found[name]["schema"] == schema
        assert (found[name]["style"], found[name]["explode"]) == ("form", False)


def test_the_size_of_a_page_stands_where_qgis_looks_for_it(definition: dict[str, Any]) -> None:
    limit = definition["components"]["parameters"]["limit"]
    assert (limit["schema"]["default"], limit["schema"]["maximum"]) == (2000, 10_000)


def test_geojson_definition(definition: dict[str, Any]) -> None:
    for path in ("/collections/{collectionId}/items", "/collections/{collectionId}/items/{featureId}"):
        content = definition["paths"][path]["get"]["responses"]["200"]["content"]
        assert list(content) == ["application/geo+json", "text/html"]


def test_oas30_exception_codes(client: httpx.Client, definition: dict[str, Any]) -> None:
    """Each refusal that the service makes is in the definition, as the media type it has."""
    for address, status in (("?limit=0", 400), ("/nothing", 404)):
        answer = client.get(f"/ogc/collections/areas.prefecture/items{address}")
        assert answer.status_code == status
        for methods in definition["paths"].values():
            if "get" not in methods:
                continue
            told = methods["get"]["responses"][str(status)]["content"]
            assert list(told) == [answer.headers["content-type"], "text/html"]


# Features Part 3: filter


def test_filter_get_queryables_and_get_collection(source: Source) -> None:
    answer = source.client.get(
        f"/ogc/collections/{source.name}/queryables", headers={"Accept": "application/schema+json"}
    )
    assert answer.headers["content-type"] == "application/schema+json"
    told = answer.json()
    assert told["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert told["$id"] == str(answer.request.url)
    assert told["type"] == "object"
    links = asked(source.client, f"/ogc/collections/{source.name}")["links"]
    (link,) = [one for one in links if one["rel"] == "http://www.opengis.net/def/rel/ogc/1.0/queryables"]
    assert link["href"] == told["$id"]


def test_filter_filter_param_and_lang_default(source: Source) -> None:
    total = asked(source.client, f"/ogc/collections/{source.name}/items", limit=1)["numberMatched"]
    for name in source.queryables:
        condition = f'"{name}" IS NULL'
        tree = json.dumps({"op": "isNull", "args": [{"property": name}]})
        told = source.matched(condition)
        assert told == source.matched(condition, filter_lang="cql2-text") <= total
        assert told == source.matched(tree, filter_lang="cql2-json")
    assert source.refuses("THIS IS NOT A FILTER")
    assert source.refuses("THIS IS NOT A FILTER", **{"filter-lang": "cql2-text"})


def test_filter_expression_construction(source: Source) -> None:
    assert source.refuses("this_is_not_a_queryable IS NULL")


def test_filter_filter_crs_wgs84_and_mixing_expression(source: Source) -> None:
    path = f"/ogc/collections/{source.name}"
    west, south, east, north = asked(source.client, path)["extent"]["spatial"]["bbox"][0]
    total = asked(source.client, f"{path}/items", limit=1)["numberMatched"]
    inside = f"S_INTERSECTS(geometry,BBOX({west},{south},{east},{north}))"
    located = source.matched("geometry IS NOT NULL")
    assert located <= total
    assert source.matched(inside) == located
    assert source.matched(inside, bbox=f"{west},{south},{east},{north}") == located
    assert source.matched(inside, bbox="10,50,11,51") == 0
    assert source.refuses("S_INTERSECTS(geometry,BBOX(1000000,1000000,2000000,2000000))")


def test_filter_filter_crs_param(client: httpx.Client) -> None:
    source = Source(client, "areas.municipality")
    here = "139.06 36.39"
    for system in reference_systems().values():
        path = "/ogc/collections/areas.municipality/items"
        centre = asked(client, path, filter=f"S_INTERSECTS(geometry,POINT({here}))", crs=system.uri)
        xs, ys = zip(*(p[:2] for p in corners(centre["features"][0]["geometry"])), strict=True)
        box = f"BBOX({min(xs)},{min(ys)},{max(xs)},{max(ys)})"
        assert "10201" in ids(
            asked(client, path, filter=f"S_WITHIN(geometry,{padded(box)})", filter_crs=system.uri)
        ), system.name
    assert source.refuses(
        f"S_INTERSECTS(geometry,POINT({here}))",
        **{"filter-crs": "http://www.opengis.net/def/crs/OGC/0/does_not_exist"},
    )


def corners(geometry: dict[str, Any]) -> Iterator[list[float]]:
    """All coordinates of a polygon or several."""
    polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    return (corner for polygon in polygons for ring in polygon for corner in ring)


def padded(box: str) -> str:
    """The box, a tenth wider on each side."""
    a, b, c, d = (float(one) for one in re.findall(r"-?[\d.]+(?:e-?\d+)?", box))
    x, y = (c - a) / 10, (d - b) / 10
    return f"BBOX({a - x},{b - y},{c + x},{d + y})"


# CQL2


def test_basic_cql2_basic_test(source: Source) -> None:
    types = [data_type(schema) for schema in source.queryables.values()]
    assert set(types) <= {*VALUES, "array", "geometry"}
    assert set(types) & set(VALUES)


def test_basic_cql2_comparison(source: Source) -> None:
    for kind, value in VALUES.items():
        for name in source.of_type(kind):
            for one, other in OPPOSITES:
                assert source.disjoint(f"{name} {one} {value}", f"{name} {other} {value}")


def test_basic_cql2_is_null(source: Source) -> None:
    total = source.matched("true")
    for name in source.of_type(*VALUES, "array", "geometry"):
        assert source.matched(f"{name} IS NULL") + source.matched(f"{name} is not null") == total


def test_basic_cql2_boolean(source: Source) -> None:
    assert source.matched("true") > 0
    assert source.matched("false") == 0


def test_advanced_comparison_operators_like(source: Source) -> None:
    for name in source.of_type("string"):
        assert source.disjoint(f"{name} like '_%'", f"{name} like ''")
        present = source.matched(f"{name} IS NOT NULL")
        assert source.matched(f"{name} LIKE '%'") == source.matched(f"{name} like '%%'") == present
        source.matched(f"{name} like '\\%\\_'")


def test_advanced_comparison_operators_between(source: Source) -> None:
    for name in source.of_type("number"):
        inside = source.matched(f"{name} BETWEEN 0 AND 100")
        assert inside == source.matched(f"{name} >= 0 AND {name} <= 100")
        assert source.matched(f"{name} between 100.0 and 1.0") == 0


def test_advanced_comparison_operators_in(source: Source) -> None:
    lists = {
        "number": "(1, 2, 3)",
        "string": "('foo', 'bar')",
        "boolean": "(true)",
        "date": "('2022-04-14', '2022-04-15')",
    }
    for kind, values in lists.items():
        for name in source.of_type(kind):
            assert source.disjoint(f"{name} IN {values}", f"{name} not in {values}")


@pytest.mark.parametrize("function", ["CASEI", "ACCENTI"])
def test_insensitive_comparison(source: Source, function: str) -> None:
    for name in source.of_type("string"):
        found = f"{function}({name})"
        assert source.disjoint(f"{found} = {function}('foo')", f"{found} <> {function}('foo')")
        source.matched(f"{found} LIKE {function}('foo%')")


def test_case_insensitive_comparison_casei_like(client: httpx.Client) -> None:
    source = Source(client, "areas.prefecture")
    both = [source.matched(f"CASEI(name_en) LIKE casei('{text}')") for text in ("to%", "TO%")]
    assert both == [5, 5]  # Tochigi, Tokyo, Toyama, Tottori, Tokushima


def test_basic_spatial_functions_s_intersects(source: Source) -> None:
    everywhere = source.matched("S_INTERSECTS(geometry,BBOX(-180,-90,180,90))")
    assert everywhere == source.matched("geometry IS NOT NULL")
    assert source.matched("S_INTERSECTS(geometry,POINT(7.02 49.92))") == 0
    assert source.refuses("S_INTERSECTS(geometry,POINT(90 180))")
    west, east = (f"S_INTERSECTS(geometry,BBOX({x},-90,{x + 90},90))" for x in (-180, 90))
    assert source.matched(f"{west} AND {east}") == 0


def test_basic_spatial_functions_plus_s_intersects(source: Source) -> None:
    assert source.refuses("S_INTERSECTS(geometry,MULTIPOINT(7.02 49.92, 90 180))")
    for geometry in (
        "LINESTRING(-180 -45, 0 -45)",
        "MULTILINESTRING((-180 -45, 0 -45), (0 45, 90 45))",
        "POLYGON((-180 -90, -90 -90, -90 90, -180 90, -180 -90),"
        " (-120 -50, -100 -50, -100 -40, -120 -40, -120 -50))",
        "MULTIPOLYGON(((-180 -90, -90 -90, -90 90, -180 90, -180 -90)),((0 0, 10 0, 10 10, 0 10, 0 0)))",
        "GEOMETRYCOLLECTION(POINT(7.02 49.92), POLYGON((0 0, 10 0, 10 10, 0 10, 0 0)))",
    ):
        assert source.matched(f"S_INTERSECTS(geometry,{geometry})") == 0


@pytest.mark.parametrize("relation", RELATIONS)
def test_spatial_functions(source: Source, relation: str) -> None:
    """The world as a box and as a polygon is one; a relation and its negation share nothing."""
    world = [f"S_{relation}(geometry,{one})" for one in ("BBOX(-180,-90,180,90)", WORLD)]
    assert source.matched(world[0]) == source.matched(world[1])
    located = source.matched("geometry IS NOT NULL")
    assert source.matched(world[0]) == (located if relation in ("INTERSECTS", "WITHIN") else 0)
    for geometry in ("LINESTRING(139 36,139.5 36.5)", "POINT(139.06 36.39)", "MULTIPOINT(139 36,140 37)"):
        condition = f"S_{relation}(geometry,{geometry})"
        assert source.matched(condition) + source.matched(f"NOT {condition}") == located


@pytest.mark.parametrize("relation", ["AFTER", "BEFORE", "DISJOINT", "EQUALS", "INTERSECTS"])
def test_temporal_functions_temporal_functions_1(client: httpx.Client, relation: str) -> None:
    source = Source(client, "population.prefecture")
    assert source.of_type("date") == ['"start"', '"end"']
    for name in source.of_type("date"):
        for time in ("DATE('2022-04-24')", "INTERVAL('2021-01-01','2021-12-31')"):
            condition = f"T_{relation}({name},{time})"
            assert source.matched(condition) + source.matched(f"NOT {condition}") == 47


@pytest.mark.parametrize(
    "relation",
    [
        *("AFTER", "BEFORE", "DISJOINT", "EQUALS", "INTERSECTS", "CONTAINS", "DURING", "FINISHEDBY"),
        *("FINISHES", "MEETS", "METBY", "OVERLAPPEDBY", "OVERLAPS", "STARTEDBY", "STARTS"),
    ],
)
def test_temporal_functions_temporal_functions_2(client: httpx.Client, relation: str) -> None:
    source = Source(client, "population.prefecture")
    condition = f"T_{relation}(INTERVAL(\"start\",\"end\"),INTERVAL('2021-01-01','2021-12-31'))"
    assert source.matched(condition) + source.matched(f"NOT {condition}") == 47


@pytest.mark.parametrize("relation", ["CONTAINS", "CONTAINEDBY", "EQUALS", "OVERLAPS"])
def test_array_functions_array_predicates(client: httpx.Client, relation: str) -> None:
    source = Source(client, "deployments")
    assert source.of_type("array") == ['"measures"', '"areas"']
    for name in source.of_type("array"):
        condition = f"A_{relation}({name},('foo','bar'))"
        assert source.matched(condition) + source.matched(f"NOT {condition}") == source.matched("true")


def test_property_property_comparison_value_property(source: Source) -> None:
    for kind, value in VALUES.items():
        for name in source.of_type(kind):
            for one, other in OPPOSITES:
                assert source.disjoint(f"{value} {one} {name}", f"{value} {other} {name}")


def test_property_property_comparison_property_property(source: Source) -> None:
    for name in source.of_type(*VALUES):
        present = source.matched(f"{name} IS NOT NULL")
        assert [source.matched(f"{name} {op} {name}") for op in ("=", ">=", "<=")] == [present] * 3
        assert [source.matched(f"{name} {op} {name}") for op in ("<>", "<", ">")] == [0] * 3


@pytest.mark.parametrize("value", [*VALUES.values(), "1", "TIMESTAMP('2022-04-14T14:48:46Z')"])
def test_property_property_comparison_value_value(client: httpx.Client, value: str) -> None:
    source = Source(client, "areas.prefecture")
    assert [source.matched(f"{value} {op} {value}") for op in ("=", ">=", "<=")] == [47] * 3
    assert [source.matched(f"{value} {op} {value}") for op in ("<>", "<", ">")] == [0] * 3


def test_arithmetic(source: Source) -> None:
    for name in source.of_type("number"):
        present = source.matched(f"{name} IS NOT NULL")
        assert source.matched(f"{name} = {name} + 0 AND {name} * 2 = {name} + {name}") == present
        assert source.matched(f"({name} - {name}) / 2 + 10 % 3 = 7 div 4 * 2 ^ 0") == present


def predicates(source: Source) -> list[str]:
    """Predicates of all classes on a collection."""
    found = ["true", "false", "S_INTERSECTS(geometry,BBOX(139,36,139.5,36.5))"]
    for kind, value in VALUES.items():
        found += [f"{name} {op} {value}" for name in source.of_type(kind) for op in ("=", "<>", "<=")]
        found += [f"{name} IS NULL" for name in source.of_type(kind)]
    found += [f"CASEI({name}) LIKE casei('F%')" for name in source.of_type("string")]
    found += [f"{name} BETWEEN 0 AND 100" for name in source.of_type("number")]
    found += [f"T_AFTER({name},DATE('2010-04-24'))" for name in source.of_type("date")]
    found += [f"A_OVERLAPS({name},('smart-cities'))" for name in source.of_type("array")]
    return found


def test_logical(source: Source) -> None:
    """NOT, AND and OR as truth tables say, where nothing is unknown."""
    chance = random.Random(7)
    every = predicates(source)
    for _ in range(10):
        p1, p2, p3, p4 = (f"({one})" for one in chance.sample(every, 4))
        source.matched(f"((NOT {p1} AND {p2}) OR ({p3} and NOT {p4}) or not ({p1} AND {p4}))")
        both, either = source.matched(f"{p1} AND {p2}"), source.matched(f"{p1} OR {p2}")
        assert both + either == source.matched(p1) + source.matched(p2)


def test_cql2_text_escaping(client: httpx.Client) -> None:
    source = Source(client, "areas.prefecture")
    assert source.matched("name = 'it''s'") == 0
    assert source.matched("name <> 'it''s'") == 47
    assert source.matched("name <> 'a\tb\nc'") == 47


# Tiles Part 1


def test_tiles_tc_definitions(definition: dict[str, Any]) -> None:
    for path in ("tiles", "map/tiles"):
        found = parameters(
            definition,
            f"/collections/{{collectionId}}/{path}/{{tileMatrixSetId}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}",
        )
        for name, kind in (("tileMatrix", "string"), ("tileRow", "integer"), ("tileCol", "integer")):
            assert found[name]["in"] == "path"
            assert found[name]["required"] is True
            assert found[name]["schema"]["type"] == kind


def test_tiles_tc_error(client: httpx.Client) -> None:
    """Beyond the matrix there is nothing; within it a tile without areas is empty."""
    tiles = "/ogc/collections/population.prefecture/{}/WebMercatorQuad"
    for path, status in (("tiles", 204), ("map/tiles", 200)):
        assert client.get(f"{tiles.format(path)}/3/8/0").status_code == 404
        assert client.get(f"{tiles.format(path)}/3/0/0").status_code == status


def test_tiles_geodata_tilesets_desc_links_and_operation(client: httpx.Client) -> None:
    links = asked(client, "/ogc/collections/population.prefecture")["links"]
    rel = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-"
    for kind in ("vector", "map"):
        (link,) = [one for one in links if one["rel"] == f"{rel}{kind}"]
        (tileset,) = asked(client, link["href"])["tilesets"]
        assert tileset["dataType"] == kind
        assert any(one["rel"].endswith("/tiling-scheme") for one in tileset["links"])


# What the table says


ROW = re.compile(r"^\| `(/conf/[^`]+)` \| (.+) \|$", re.MULTILINE)


def test_every_abstract_test_is_there_or_has_its_reason() -> None:
    """Each test that docs/ogc-conformance.md names exists, and every declared class is in it."""
    rows = ROW.findall(TABLE.read_text())
    assert len(rows) > 100
    for abstract, said in rows:
        for file, function in re.findall(r"`(test_\w+)\.py::(test_\w+)`", said):
            found: Callable[[], None] | None = getattr(
                importlib.import_module(f"api_tests.{file}"), function, None
            )
            assert callable(found), f"{abstract}: {file}.{function}"
        assert "`test_" in said or said.startswith("not "), abstract
    declared = {uri.rpartition("/conf/")[2] for uri in CONFORMANCE}
    assert declared <= {abstract.split("/")[2] for abstract, _ in rows}
