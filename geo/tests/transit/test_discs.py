"""Areas within discs, beside what geometry says of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely

from geo.transit.discs import BLOCK, Pairs, covered_areas


def area(outline: shapely.Geometry, *discs: tuple[float, float, float]) -> float:
    """Return the area of an outline within discs (x, y, radius)."""
    every = np.array(discs, float).reshape(-1, 3)
    pairs = Pairs(np.zeros(len(every), np.intp), np.arange(len(every)))
    (found,) = covered_areas(np.array([outline], object), every[:, :2], every[:, 2], pairs)
    return float(found)


SQUARE = shapely.box(0, 0, 10, 10)


def test_a_disc_inside_is_a_disc() -> None:
    assert area(SQUARE, (5, 5, 2)) == pytest.approx(math.pi * 4)


def test_a_disc_over_an_edge_and_a_corner_is_a_half_and_a_quarter() -> None:
    assert area(SQUARE, (0, 5, 2)) == pytest.approx(math.pi * 4 / 2)
    assert area(SQUARE, (0, 0, 2)) == pytest.approx(math.pi * 4 / 4)


def test_a_disc_around_the_outline_covers_it_and_one_beside_it_nothing() -> None:
    assert area(SQUARE, (5, 5, 8)) == pytest.approx(100)
    assert area(SQUARE, (20, 20, 5)) == 0
    assert area(SQUARE) == 0


def test_what_two_discs_share_counts_once() -> None:
    # two circles of radius r at distance d share 2r² acos(d/2r) − d/2 √(4r² − d²)
    r, d = 2.0, 1.5
    lens = 2 * r**2 * math.acos(d / (2 * r)) - d / 2 * math.sqrt(4 * r**2 - d**2)
    assert area(SQUARE, (4, 5, r), (4 + d, 5, r)) == pytest.approx(2 * math.pi * r**2 - lens)
    assert area(SQUARE, (4, 5, r), (4, 5, r), (4, 5, 1)) == pytest.approx(math.pi * r**2)


def test_a_hole_is_not_covered() -> None:
    ring = shapely.Polygon(SQUARE.exterior, [shapely.box(4, 4, 6, 6).exterior])
    assert area(ring, (5, 5, 8)) == pytest.approx(96)
    assert area(ring, (5, 5, 0.5)) == pytest.approx(0, abs=1e-12)


def test_parts_lie_apart() -> None:
    both = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(5, 0, 6, 1)])
    assert area(both, (0.5, 0.5, 1)) == pytest.approx(1)
    assert area(both, (3, 0.5, 9)) == pytest.approx(2)


def test_far_from_the_origin_it_is_the_same() -> None:
    moved = shapely.box(3.9e6, 1.4e7, 3.9e6 + 500, 1.4e7 + 500)
    assert area(moved, (3.9e6, 1.4e7, 300)) == pytest.approx(math.pi * 300**2 / 4, rel=1e-9)


def test_more_pairs_than_a_block_holds_come_to_the_same() -> None:
    corners = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], float)
    many = BLOCK // len(corners) + 100
    west = 20.0 * np.arange(many)
    centres = (corners + np.stack([west, 0 * west], axis=1)[:, None]).reshape(-1, 2)
    pairs = Pairs(np.repeat(np.arange(many), len(corners)), np.arange(len(centres)))
    boxes = np.array([shapely.box(x, 0, x + 10, 10) for x in west.tolist()], object)
    found = covered_areas(boxes, centres, np.full(len(centres), 2.0), pairs)
    assert found == pytest.approx(np.full(many, 4 * math.pi))  # four quarters of a disc
