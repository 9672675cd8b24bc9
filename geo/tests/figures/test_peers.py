"""Similarity and need, worked by hand on four towns."""

from __future__ import annotations

import math

import numpy as np
import pytest

from geo.figures.peers import distances, nearest, need, standardised

# mean 3, standard deviation 2; mean 30, standard deviation 10 (the fourth town lacks a value)
TOWNS = np.array([[1.0, 20.0], [3.0, 40.0], [5.0, 30.0], [9.0, math.nan]])


def test_values_are_told_in_standard_deviations_of_the_towns_that_have_all() -> None:
    scores = standardised(TOWNS)
    spread_a, spread_b = math.sqrt(8 / 3), math.sqrt(200 / 3)
    assert scores[0].tolist() == pytest.approx([-2 / spread_a, -10 / spread_b])
    assert np.isnan(scores[3]).all()


def test_a_column_without_spread_tells_nothing() -> None:
    assert standardised(np.array([[2.0], [2.0]])).tolist() == [[0.0], [0.0]]


def test_the_distance_is_the_root_mean_square_difference() -> None:
    assert distances(np.array([[0.0, 0.0], [3.0, 4.0]]), 0)[1] == pytest.approx(math.sqrt(12.5))


def test_peers_come_nearest_first_with_their_differences() -> None:
    scores = np.array([[0.0, 0.0], [1.0, 1.0], [0.5, 0.0], [math.nan, math.nan]])
    found = nearest(scores, 0, 5)
    assert [peer.position for peer in found] == [2, 1]
    assert found[0].differences == (-0.5, 0.0)
    assert found[1].distance == pytest.approx(1.0)
    assert [peer.position for peer in nearest(scores, 0, 5, np.array([True, True, False, True]))] == [1]


def test_need_is_the_mean_share_of_towns_that_are_better_off() -> None:
    values = np.array([[10.0, 5.0], [20.0, 5.0], [30.0, 1.0], [math.nan, 9.0], [math.nan, math.nan]])
    # first column: lower is worse, of three: 1, 1/2, 0; second: higher is worse, of four: 1/2, 1/2, 0, 1
    found = need(values, np.array([True, False]))
    assert found[:4].tolist() == pytest.approx([0.75, 0.5, 0.0, 1.0])
    assert math.isnan(found[4])
