"""TopoJSON, read without GDAL."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import shapely

from geo.areas.boundaries import read_boundaries
from geo.errors import InvalidFile, InvalidGeometry
from geo.files.topojson import Features, features_of, json_object, read_document, regrouped

TRIANGLE: dict[str, object] = {
    "type": "Topology",
    "transform": {"scale": [0.1, 0.1], "translate": [140, 42]},
    "arcs": [[[0, 0], [10, 0], [0, 10]], [[10, 10], [-10, -10]]],
    "objects": {
        "areas": {
            "type": "GeometryCollection",
            "geometries": [
                {"type": "Polygon", "arcs": [[0, 1]], "properties": {"code": "01202", "name": "函館市"}}
            ],
        }
    },
}


def test_arcs_of_a_topology_are_sums_of_steps(tmp_path: Path) -> None:
    path = tmp_path / "areas.topojson"
    path.write_text(json.dumps(TRIANGLE))
    (outline,) = read_boundaries(path).geometry
    assert outline.equals(shapely.Polygon([(140, 42), (141, 42), (141, 43)]))


@pytest.mark.parametrize("arcs", [[[7]], [[-9]], [["x"]], [[0.5]], [[1]], 5])
def test_a_topology_that_points_nowhere_is_refused(tmp_path: Path, arcs: object) -> None:
    path = tmp_path / "areas.topojson"
    path.write_text(json.dumps(TRIANGLE).replace("[[0, 1]]", json.dumps(arcs)))
    with pytest.raises((InvalidFile, InvalidGeometry), match="feature 1"):
        read_boundaries(path)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_a_vertex_that_is_no_number_is_refused(tmp_path: Path, number: str) -> None:
    path = tmp_path / "areas.topojson"
    path.write_text(json.dumps(TRIANGLE).replace("[10, 0]", f"[{number}, 0]"))
    with pytest.raises(InvalidFile, match="no JSON"):
        read_boundaries(path)


def test_grouping_a_topology_keeps_its_arcs_as_they_are() -> None:
    feature = {"type": "Polygon", "arcs": [[0, 1]], "properties": {"code": "01202", "name": "函館市", "x": 1}}
    unowned = {"type": "Polygon", "arcs": [[0, 1]], "properties": {"code": None, "name": None}}
    document = json.loads(json.dumps(TRIANGLE))
    document["objects"]["areas"]["geometries"] = [feature, unowned, feature]
    grouped = regrouped(document, "code", ("code", "name"))
    assert grouped["arcs"] == TRIANGLE["arcs"]
    assert grouped["objects"] == {
        "areas": {
            "type": "GeometryCollection",
            "geometries": [
                {
                    "type": "MultiPolygon",
                    "arcs": [[[0, 1]], [[0, 1]]],
                    "properties": {"code": "01202", "name": "函館市"},
                },
                {"type": "MultiPolygon", "arcs": [[[0, 1]]], "properties": {"code": None, "name": None}},
            ],
        }
    }


RING: list[list[float]] = [[139, 36], [140, 36], [140, 37], [139, 36]]


def collection(*features: object, **members: object) -> dict[str, object]:
    return {"type": "FeatureCollection", "features": list(features), **members}


def read(document: object) -> Features:
    return features_of(json.dumps(document).encode(), "a.json")


def test_a_feature_without_a_geometry_or_properties_is_kept() -> None:
    polygon = {"type": "Polygon", "coordinates": [RING]}
    found = read(collection({"geometry": polygon, "properties": {"code": "10201"}}, {"geometry": None}, 3))
    assert found.properties == [{"code": "10201"}, {}, {}]
    assert [shape is None for shape in found.geometries] == [False, True, True]


@pytest.mark.parametrize(
    ("members", "crs"),
    [
        ({}, "EPSG:4326"),
        ({"crs": {"type": "name", "properties": {"name": "urn:x:6668"}}}, "urn:x:6668"),
        ({"crs": None}, "EPSG:4326"),
        ({"crs": {"properties": "x"}}, "EPSG:4326"),
    ],
)
def test_a_geojson_is_in_wgs_84_unless_it_says_otherwise(members: dict[str, object], crs: str) -> None:
    assert read(collection(**members)).crs == crs


def test_a_geometry_that_cannot_be_read_is_told_by_its_number() -> None:
    with pytest.raises(InvalidFile, match="Feature 2") as refused:
        read(collection({"geometry": None}, {"geometry": {"type": "Polygon", "coordinates": [[1, 2]]}}))
    assert refused.value.findings[0].where == "feature 2"


#: Braces and quotes in texts, an object in an object, the members in another order, or none of them.
SHAPES = [
    '{"type":"FeatureCollection","features":[{"properties":{"a":"}{\\"]","b":{"features":[{}]}}},{}]}',
    '{"features" : [ {"properties":{"a":1}} , {"properties":null} ], "x":[{}], "type":"FeatureCollection"}',
    '{"features":["a",{"properties":{"a":1}},[{"properties":{"a":2}}]],"type":"FeatureCollection"}',
    '{"features":[{"properties":{"a":1}}],"features":[{"properties":{"a":2}}],"type":"FeatureCollection"}',
    '{"type":"FeatureCollection","features":{"properties":{"a":1}}}',
    '{"type":"FeatureCollection","x":{"features":[{"properties":{"a":1}}]}}',
    '{"type":"FeatureCollection"}',
]


@pytest.mark.parametrize("text", SHAPES)
def test_features_read_one_by_one_are_those_of_the_whole(text: str) -> None:
    listed = json.loads(text).get("features")
    features = listed if isinstance(listed, list) else []
    told = [one.get("properties") if isinstance(one, dict) else None for one in features]
    assert features_of(text.encode(), "a.json").properties == [one or {} for one in told]


@pytest.mark.parametrize("broken", ['{"a":}', '{"a":1', '{"a":1}}', '{"a":"}', "{]", '{"a":1},'])
def test_a_feature_that_is_no_json_is_told_with_its_line(broken: str) -> None:
    text = f'{{"type":"FeatureCollection","features":[\n{{}},\n{broken}\n]}}'
    with pytest.raises(InvalidFile, match=r"a\.json is no JSON") as refused:
        features_of(text.encode(), "a.json")
    assert refused.value.findings[0].where in ("line 3", "line 4")


@pytest.mark.parametrize("document", [{"type": "Feature"}, {}, {"type": 3}])
def test_what_is_neither_is_refused_with_what_it_says_it_is(document: dict[str, object]) -> None:
    with pytest.raises(InvalidFile, match="neither GeoJSON nor TopoJSON") as refused:
        read(document)
    assert refused.value.findings[0].value == str(document.get("type"))


@pytest.mark.parametrize("objects", [{}, {"a": {}, "b": {}}, None])
def test_a_topology_of_none_or_several_objects_is_refused(objects: object) -> None:
    with pytest.raises(InvalidFile, match="must hold one object"):
        read(TRIANGLE | {"objects": objects})


def test_a_topology_without_a_transform_has_its_arcs_as_they_stand() -> None:
    plain = {name: value for name, value in TRIANGLE.items() if name != "transform"}
    found = read(plain | {"arcs": [RING[:3], RING[2:]]})
    (shape,) = found.geometries
    assert shape is not None
    assert shapely.equals(shape, shapely.MultiPolygon([shapely.Polygon(RING)]))


@pytest.mark.parametrize(("body", "where"), [(b'{"a":\n}', "line 2"), (b"\xff{}", "line 1"), (b"", "line 1")])
def test_what_is_no_json_is_told_with_its_line(body: bytes, where: str) -> None:
    with pytest.raises(InvalidFile, match=r"a\.json is no JSON") as refused:
        json_object(body, "a.json")
    assert refused.value.findings[0].where == where


def test_a_list_is_no_document() -> None:
    with pytest.raises(InvalidFile, match="holds no object"):
        json_object(b"[]", "a.json")


@pytest.mark.parametrize("packed", [False, True])
def test_a_document_is_read_with_a_byte_order_mark_and_gzipped(tmp_path: Path, packed: bool) -> None:
    body = b"\xef\xbb\xbf" + b'{"type": "Topology"}'
    path = tmp_path / "a.json"
    path.write_bytes(gzip.compress(body) if packed else body)
    assert read_document(path) == {"type": "Topology"}


def with_arcs(arcs: object, *lines: object) -> dict[str, object]:
    """The triangle with other rings; its own arcs are 0 and 1, further lines follow."""
    document = json.loads(json.dumps(TRIANGLE))
    document["arcs"] += lines
    document["objects"]["areas"]["geometries"][0] |= {"type": "MultiPolygon", "arcs": arcs}
    return dict(document)


POINT_TWICE, THERE_AND_BACK = [[40, 40], [0, 0]], [[2, 1], [1, 0], [-1, 0]]


@pytest.mark.parametrize("line", [POINT_TWICE, THERE_AND_BACK, [[2, 1]], [[2, 1], [0, 0], [0, 0], [0, 0]]])
@pytest.mark.parametrize("arcs", [[[[0, 1]], [[2]]], [[[2]], [[0, 1]]], [[[0, 1], [2]]]])
def test_rings_that_simplifying_has_collapsed_are_left_out_and_counted(line: object, arcs: object) -> None:
    found = read(with_arcs(arcs, line))
    (shape,) = found.geometries
    assert shape is not None
    assert shapely.equals(shape, shapely.Polygon([(140, 42), (141, 42), (141, 43)]))
    assert found.collapsed == 1


def test_holes_go_with_the_ring_around_them() -> None:
    found = read(with_arcs([[[2], [0, 1]], [[0, 1]]], POINT_TWICE))
    (shape,) = found.geometries
    assert shape is not None
    assert shapely.equals(shape, shapely.Polygon([(140, 42), (141, 42), (141, 43)]))
    assert found.collapsed == 2


def test_an_area_of_which_nothing_is_left_is_refused_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "areas.topojson"
    path.write_text(json.dumps(with_arcs([[[2]]], POINT_TWICE)))
    with pytest.raises(InvalidGeometry) as refused:
        read_boundaries(path)
    (finding,) = refused.value.findings
    assert (finding.where, finding.field) == ("feature 1 (函館市)", "geometry")
    assert "01202" in finding.expected


def test_collapsed_rings_of_geojson_are_left_out_too() -> None:
    islet = [[140, 36], [140, 36]]
    parts = {"type": "MultiPolygon", "coordinates": [[RING], [islet], [RING, islet]]}
    found = read(collection({"geometry": parts}, {"geometry": {"type": "Polygon", "coordinates": [islet]}}))
    whole, nothing = found.geometries
    assert isinstance(whole, shapely.MultiPolygon)
    assert len(whole.geoms) == 2
    assert shapely.is_empty(nothing)
    assert found.collapsed == 3


def test_a_boundary_file_tells_how_many_rings_were_left_out(tmp_path: Path) -> None:
    path = tmp_path / "areas.topojson"
    path.write_text(json.dumps(with_arcs([[[0, 1]], [[2]]], POINT_TWICE)))
    assert read_boundaries(path).attrs["collapsed_rings"] == 1


def test_heights_of_a_topology_are_left_out(tmp_path: Path) -> None:
    document = TRIANGLE | {"arcs": [[[0, 0, 5], [10, 0, 1], [0, 10, 1]], [[10, 10, 7], [-10, -10, 0]]]}
    (shape,) = read(document).geometries
    assert not shapely.has_z(shape)


@pytest.mark.parametrize("depth", [300, 2000])
def test_a_geometry_nested_without_end_is_refused(depth: int) -> None:
    body = b'{"type":"FeatureCollection","features":[{"geometry":{"type":"Polygon","coordinates":'
    with pytest.raises(InvalidFile):
        features_of(body + b"[" * depth + b"]" * depth + b"}}]}", "a.json")
