"""TopoJSON, read without GDAL."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import shapely

from geo.areas.boundaries import read_boundaries
from geo.errors import InvalidFile, InvalidGeometry
from geo.files.topojson import regrouped

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
