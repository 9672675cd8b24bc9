"""Spliced GeoJSON is the document that a JSON library would have written."""

from __future__ import annotations

import gzip
import json
import resource

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.layers import geojson

TEXTS = geojson.FeatureTexts.of(
    ids=[1100, 13000, 47207],
    properties=[
        {"code": "01100", "name": "札幌市"},
        {"code": "13000", "name": '"quoted"'},
        {"code": "47207", "name": "石垣市"},
    ],
    geometries=['{"type":"Point","coordinates":[141.35,43.06]}'] * 3,
    bboxes=[(1.0, 2.0, 3.0, 4.0)] * 3,
)

values = st.lists(st.one_of(st.just(np.nan), st.floats(allow_nan=False, allow_infinity=False)), max_size=3)


@given(column=values, members=st.dictionaries(st.text(max_size=5), st.text(max_size=9), max_size=3))
def test_the_pour_is_valid_json_with_every_value(column: list[float], members: dict[str, str]) -> None:
    members = {k: v for k, v in members.items() if k not in ("type", "features")}
    places = np.arange(len(column))
    columns: dict[str, geojson.Column] = {"value": np.array(column), "status": ["ok" for _ in column]}
    body = geojson.pour(TEXTS, places, columns, members)
    assert gzip.decompress(geojson.pour_gzip(TEXTS, places, columns, members)) == body
    document = json.loads(body)
    assert document["type"] == "FeatureCollection"
    assert {k: v for k, v in document.items() if k not in ("type", "features")} == members
    assert [f["properties"]["value"] for f in document["features"]] == [
        None if np.isnan(v) else v for v in column
    ]


def test_one_feature_in_full() -> None:
    body = geojson.pour(
        TEXTS, np.array([1]), {"value": np.array([7.25]), "class": np.array([np.nan])}, {"level": "x"}
    )
    assert json.loads(body) == {
        "type": "FeatureCollection",
        "level": "x",
        "features": [
            {
                "type": "Feature",
                "id": 13000,
                "bbox": [1.0, 2.0, 3.0, 4.0],
                "geometry": {"type": "Point", "coordinates": [141.35, 43.06]},
                "properties": {"code": "13000", "name": '"quoted"', "value": 7.25, "class": None},
            }
        ],
    }


def test_whole_numbers_have_no_decimal_point() -> None:
    body = geojson.pour(TEXTS, np.array([0, 1]), {"value": np.array([1973395.0, np.nan])}, {})
    assert b'"value":1973395}' in body
    assert b'"value":null}' in body


def test_a_column_of_texts_takes_about_its_length_in_memory() -> None:
    texts = geojson.FeatureTexts.of([1], [{"code": "01000"}], ['{"type":"Point"}'], [(1.0, 2.0, 3.0, 4.0)])
    places, column = np.zeros(60_000, np.intp), [f"{n}" for n in range(60_000)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    body = geojson.pour(texts, places, {"text": column}, {})
    assert len(body) > 5_000_000
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10 < 60_000_000


def test_no_areas_and_no_columns_are_still_a_collection() -> None:
    assert (
        json.loads(geojson.pour(TEXTS, np.array([], np.intp), {"value": np.array([])}, {}))["features"] == []
    )
    assert len(json.loads(geojson.pour(TEXTS, np.array([0, 2]), {}, {}))["features"]) == 2


@pytest.mark.parametrize(
    "name", ["高齢化率(%)", "失業率[%]", "%b", "%%3000000000b", "%(x)s", "{0}", '"%"', "\\"]
)
def test_a_columns_name_is_data_whatever_signs_are_in_it(name: str) -> None:
    columns: dict[str, geojson.Column] = {name: np.array([27.5, 28.0]), "%d": ["%s", None]}
    body = geojson.pour(TEXTS, np.array([0, 2]), columns, {name: "%b"})
    document = json.loads(body)
    assert [one["properties"][name] for one in document["features"]] == [27.5, 28.0]
    assert [one["properties"]["%d"] for one in document["features"]] == ["%s", None]
    assert document[name] == "%b"
    assert gzip.decompress(geojson.pour_gzip(TEXTS, np.array([0, 2]), columns, {name: "%b"})) == body


#: Members of a feature that are none of the stored ones.
IDS = ["01100-2020", "13000-2020", '"']
ROWS: dict[str, list[object]] = {
    "名": ["a", None, "},{"],
    "value": [1, 2.5, None],
    "properties": ["", "x", "y"],
}


@pytest.mark.parametrize("places", [[0, 1, 2], [2, 2, 0], []])
def test_outlines_take_other_ids_and_properties(places: list[int]) -> None:
    n = len(places)
    columns = {name: column[:n] for name, column in ROWS.items()}
    between = geojson.between(IDS[:n], columns, {"type": "FeatureCollection", "links": []})
    body = geojson.spliced_whole(between, TEXTS, places)
    shape = {"type": "Point", "coordinates": [141.35, 43.06]}
    assert json.loads(body) == {
        "type": "FeatureCollection",
        "links": [],
        "features": [
            {
                "type": "Feature",
                "id": IDS[row],
                "geometry": shape,
                "properties": {name: column[row] for name, column in columns.items()},
            }
            for row in range(n)
        ],
    }
    for _ in range(2):  # compressed now, and compressed before
        assert gzip.decompress(geojson.spliced_gzip(between, TEXTS, places)) == body


def test_a_feature_may_tell_nothing_but_where_it_is() -> None:
    body = geojson.spliced_whole(geojson.between(IDS[:2], {}, {"n": 2}), TEXTS, [0, 1])
    assert [one["properties"] for one in json.loads(body)["features"]] == [{}, {}]


def test_an_outline_is_compressed_once_for_all_bodies() -> None:
    assert TEXTS.outline_deflated(1) is TEXTS.outline_deflated(1)
    assert TEXTS.outline(1) == geojson.outline(TEXTS.geometry(1))
