"""Cells of a transport gap as JSON: people not told are neither zero nor left out in silence."""

from __future__ import annotations

import math

import numpy as np
import pytest

from geo.transit.gaps import Cluster
from service.http.responses import to_json
from service.transit.forms import bands_described, cell_described, clusters_described
from service.transit.transport import Cells

NAN, FAR = math.nan, math.inf
CELLS = Cells(
    grid="mesh-500m-2020",
    codes=("533946111", "533946112", "533946113", "533946114"),
    areas=("13101", "13101", "13102", "13102"),
    statuses=np.array(["ok", "secret", "ok", "not_available"]),
    population=np.array([100.0, NAN, 40.0, NAN]),
    population_65_plus=np.array([30.0, NAN, NAN, NAN]),
    distance_m=np.array([120.0, 500.0, 800.0, FAR]),
    covered=np.array([True, False, False, False]),
    covered_share=np.array([1.0, 0.25, 0.4, 0.0]),
)


def test_the_people_in_the_gap_are_those_of_the_share_of_a_cell_outside() -> None:
    found = cell_described(CELLS, 2)
    assert (found["code"], found["area"], found["covered"]) == ("533946113", "13102", False)
    assert found["gap_share"] == pytest.approx(0.6)
    assert found["gap_population"] == pytest.approx(24)
    assert cell_described(CELLS, 0)["gap_population"] == 0


def test_a_cell_whose_people_are_not_told_has_null_and_why() -> None:
    found = cell_described(CELLS, 3)
    assert found["status"] == "not_available"
    body = to_json(found).decode()
    for name in ("population", "population_65_plus", "gap_population", "distance_m"):
        assert f'"{name}":null' in body  # no stop that counts is at no distance


def test_bands_tell_their_people_and_how_many_cells_have_no_figure() -> None:
    found = bands_described("town", "13000", CELLS, [0, 500, 1000])
    assert [(band["from_m"], band["to_m"]) for band in found["bands"]] == [
        (0, 500),
        (500, 1000),
        (1000, None),
    ]
    assert [band["population"] for band in found["bands"]][:2] == [100, 40]
    assert math.isnan(found["bands"][2]["population"] or 0)
    assert [band["cells_without_figure"] for band in found["bands"]] == [
        {"secret": 1},
        {},
        {"not_available": 1},
    ]
    assert found["population"] == 140
    assert found["cells_without_figure"] == {"not_available": 1, "secret": 1}


def test_where_no_cell_has_a_figure_the_people_are_null_and_not_zero() -> None:
    nobody = Cells(**{**vars(CELLS), "population": np.full(4, NAN)})
    assert bands_described("town", "13000", nobody, [0, 500])["population"] is None


def test_clusters_are_ranked_and_no_more_are_listed_than_asked_for() -> None:
    first, second = Cluster((1, 2), 40.0, 139.7123456789, 35.6), Cluster((3,), NAN, 139.8, 35.7)
    found = clusters_described("town", "13000", CELLS, [first, second], 1)
    assert (found["total"], len(found["clusters"])) == (2, 1)
    (told,) = found["clusters"]
    assert (told["rank"], told["centre"]) == (1, (139.712346, 35.6))
    assert (told["cells"], told["farthest_m"]) == (["533946112", "533946113"], 800)
    assert told["cells_without_figure"] == {"secret": 1}
