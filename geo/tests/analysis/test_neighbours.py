"""Which areas are next to each other."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from geo.analysis.neighbours import KM_PER_DEGREE, Neighbours, neighbours


def boxes(*corners: tuple[float, float, float, float]) -> NDArray[np.object_]:
    return np.array([shapely.box(*corner) for corner in corners], object)


def test_a_corner_is_enough() -> None:
    # four squares around a point: each is next to the three others
    found = neighbours(boxes((0, 0, 1, 1), (1, 0, 2, 1), (0, 1, 1, 2), (1, 1, 2, 2)))
    assert found.pairs.tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]
    assert found.counts.tolist() == [3, 3, 3, 3]
    assert not found.bridges


def test_an_island_is_joined_to_the_nearest_area_on_the_ground() -> None:
    # At 60° a degree of longitude is half as long as one of latitude: 1.5° east is nearer than 1° north.
    island = (0.0, 59.9, 0.1, 60.1)
    north, east = (0.0, 61.1, 0.1, 61.2), (1.6, 59.9, 1.7, 60.1)
    found = neighbours(boxes(island, north, (0.1, 61.1, 0.2, 61.2), east, (1.7, 59.9, 1.8, 60.1)))
    (bridge,) = found.bridges
    assert (bridge.island, bridge.nearest) == (0, 3)
    assert bridge.km == pytest.approx(1.5 * KM_PER_DEGREE / 2)
    assert found.pairs.tolist() == [[0, 3], [1, 2], [3, 4]]


def test_two_islands_that_are_nearest_to_each_other_are_one_pair() -> None:
    found = neighbours(boxes((0, 0, 1, 1), (2, 0, 3, 1), (9, 0, 10, 1), (10, 0, 11, 1)))
    assert [(one.island, one.nearest) for one in found.bridges] == [(0, 1), (1, 0)]
    assert found.pairs.tolist() == [[0, 1], [2, 3]]
    assert found.parts == 2


def test_every_area_has_a_neighbour_but_a_single_one() -> None:
    assert neighbours(boxes((0, 0, 1, 1))).pairs.shape == (0, 2)
    assert neighbours(boxes((0, 0, 1, 1), (5, 5, 6, 6))).pairs.tolist() == [[0, 1]]


def test_parts_are_followed_along_a_chain() -> None:
    chain = np.array([[at, at + 1] for at in range(0, 9)], np.intp)
    assert Neighbours(10, chain).parts == 1
    assert Neighbours(12, chain).parts == 3


def test_of_some_areas_their_pairs_are_left_and_their_bridges() -> None:
    whole = neighbours(boxes((0, 0, 1, 1), (1, 0, 2, 1), (2, 0, 3, 1), (5, 0, 6, 1)))
    assert [(one.island, one.nearest) for one in whole.bridges] == [(3, 2)]
    left = whole.among(np.array([False, True, True, True]))
    assert left.pairs.tolist() == [[0, 1], [1, 2]]
    assert [(one.island, one.nearest) for one in left.bridges] == [(2, 1)]
    without = whole.among(np.array([True, True, False, True]))
    assert without.pairs.tolist() == [[0, 1]]
    assert without.counts.tolist() == [1, 1, 0]
    assert not without.bridges
