"""Similarity and need, worked by hand on four towns."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def test_where_no_town_has_every_value_none_has_a_score() -> None:
    assert np.isnan(standardised(np.array([[1.0, math.nan], [math.nan, 2.0]]))).all()


def test_equally_near_towns_come_in_their_order() -> None:
    scores = np.array([[1.0], [0.0], [-1.0], [1.0], [5.0]])
    assert [peer.position for peer in nearest(scores, 1, 3)] == [0, 2, 3]
    assert [peer.position for peer in nearest(scores, 1, 1)] == [0]


def test_a_town_without_scores_has_no_peers() -> None:
    scores = np.array([[math.nan], [0.0], [1.0]])
    assert nearest(scores, 0, 5) == []


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


def test_a_town_that_lacks_half_of_the_values_has_a_need_and_one_that_lacks_more_has_none() -> None:
    values = np.array([[1.0, math.nan, math.nan], [2.0, 2.0, math.nan], [3.0, 1.0, 5.0]])
    found = need(values, np.array([True, True, True]))
    assert math.isnan(found[0])
    # half and none of the others are better off
    assert found[1] == pytest.approx((0.5 + 0) / 2)
    half = need(np.array([[1.0, math.nan], [2.0, 1.0]]), np.array([True, True]))
    assert half.tolist() == [1.0, 0.0]


def test_a_town_alone_with_a_value_needs_nothing() -> None:
    assert need(np.array([[3.0], [math.nan]]), np.array([True]))[0] == 0


@given(st.lists(st.integers(-5, 5).map(float), min_size=2, max_size=20))
def test_needs_are_shares_that_even_out_and_turn_with_the_direction(column: list[float]) -> None:
    values = np.array(column)[:, None]
    low, high = need(values, np.array([True])), need(values, np.array([False]))
    assert ((low >= 0) & (low <= 1)).all()
    assert low.mean() == pytest.approx(0.5)
    assert (low + high).tolist() == pytest.approx([1.0] * len(column))
