"""Similarity and need, worked by hand on four towns."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.figures.peers import distances, nearest, need, standard, standardised

# the fourth town lacks a value: three cases
TOWNS = np.array([[1.0, 20.0], [3.0, 40.0], [5.0, 30.0], [9.0, math.nan]])


def test_values_are_told_in_winsorised_deviations_of_the_towns_that_have_all() -> None:
    # of three, the quantiles at 5 % and 95 % lie a tenth of a step inside: 1.2, 3, 4.8 and 21, 30, 39
    told = standard(TOWNS)
    assert told.cases == 3
    assert [*told.low, *told.high] == pytest.approx([1.2, 21, 4.8, 39])
    assert told.mean.tolist() == pytest.approx([3, 30])
    spread_a, spread_b = math.sqrt(2 * 1.8**2 / 3), math.sqrt(2 * 9**2 / 3)
    assert told.deviation.tolist() == pytest.approx([spread_a, spread_b])
    scores = standardised(TOWNS)
    # the values themselves are not moved
    assert scores[0].tolist() == pytest.approx([-2 / spread_a, -10 / spread_b])
    assert np.isnan(scores[3]).all()


def test_two_towns_far_out_do_not_decide_what_a_column_weighs() -> None:
    ordinary = np.arange(100.0)
    far = ordinary.copy()
    far[-2:] = 1e6, -1e6
    columns = standard(np.stack([ordinary, far], axis=1))
    # a standard deviation of the values as they are would be 4,900 times as large
    assert columns.deviation[1] == pytest.approx(columns.deviation[0], rel=0.05)
    assert columns.mean[1] == pytest.approx(columns.mean[0], rel=0.05)


def test_without_a_case_there_is_nothing_to_compare_by() -> None:
    told = standard(np.array([[math.nan, 1.0]]))
    assert told.cases == 0
    assert np.isnan(told.mean).all()


def test_peers_that_are_as_far_but_for_rounding_come_in_their_order() -> None:
    # 0.1 + 0.2 is a little more than 0.3
    scores = np.array([[0.0], [0.1 + 0.2], [0.3]])
    assert [peer.position for peer in nearest(scores, 0, 2)] == [1, 2]


def test_equal_needs_are_equal_whatever_the_order_of_their_columns() -> None:
    # of five others, 1 + 2 + 3 and 2 + 3 + 1 are better off; the sums of fifths differ in their last bit
    columns = np.array(
        [
            [4.0, 3.0, 2.0],
            [3.0, 2.0, 4.0],
            [5.0, 5.0, 5.0],
            [2.0, 4.0, 3.0],
            [1.0, 1.0, 1.0],
            [0.0, 0.0, 0.0],
        ]
    )
    assert 1 / 5 + 2 / 5 + 3 / 5 != 2 / 5 + 3 / 5 + 1 / 5
    found = need(columns, np.array([True, True, True]))
    assert found[0] == found[1] == 0.4


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
