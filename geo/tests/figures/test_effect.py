"""Matching and difference in differences, worked by hand."""

from __future__ import annotations

import subprocess
import sys
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import linear_sum_assignment

from geo.figures.effect import assigned, differences, matched, mean_difference


def test_matches_are_the_least_sum_of_distances_and_none_is_used_twice() -> None:
    # the first would take area 0 (1.0), which leaves the second with 9.0; the other way round sums to 3.5
    away = np.array([[1.0, 2.0, 8.0], [1.5, 9.0, 9.0]])
    assert matched(away, np.array([True, True, True]), 1).tolist() == [[1], [0]]


def test_what_may_not_be_used_is_not() -> None:
    away = np.array([[1.0, 2.0, 3.0]])
    assert matched(away, np.array([False, True, True]), 1).tolist() == [[1]]
    assert matched(away, np.array([True, False, True]), 2).tolist() == [[0, 2]]


def test_too_few_to_match_are_refused() -> None:
    with pytest.raises(ValueError, match="2 areas to compare with, 4 are needed"):
        matched(np.zeros((2, 3)), np.array([True, True, False]), 2)


def test_a_row_that_comes_late_moves_those_before_it() -> None:
    # each row has the first column the cheapest; 3 + 2 + 1 = 6 is the least of the six ways
    costs = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 9.0], [1.0, 9.0, 9.0]])
    assert assigned(costs).tolist() == [2, 1, 0]


@given(st.integers(1, 6), st.integers(0, 4), st.randoms(use_true_random=False))
def test_no_assignment_costs_less(n: int, more: int, random: Random) -> None:
    costs = np.array([[float(random.randrange(-5, 20)) for _ in range(n + more)] for _ in range(n)])
    columns = assigned(costs)
    assert len(set(columns.tolist())) == n
    rows, best = linear_sum_assignment(costs)
    assert costs[np.arange(n), columns].sum() == costs[rows, best].sum()


def test_the_first_effect_of_a_process_waits_for_nothing_large() -> None:
    ask = (
        "import sys, numpy as np, geo.figures.effect as effect\n"
        "effect.matched(np.eye(2, 5), np.ones(5, bool), 2)\n"
        "effect.mean_difference(np.arange(9.0))\n"
        "print({'scipy.optimize', 'scipy.stats', 'scipy.linalg', 'pandas'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"


@pytest.mark.parametrize("n", [8, 9, 30, 500])
def test_the_interval_is_as_wide_as_that_of_a_t_test(n: int) -> None:
    values = np.sin(np.arange(n))
    found = mean_difference(values)
    interval = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-12)


def test_a_difference_in_differences_is_own_change_less_that_of_the_matched() -> None:
    found = differences(
        np.array([10.0, 20.0]),
        np.array([13.0, 19.0]),
        np.array([[10.0, 12.0], [20.0, 22.0]]),
        np.array([[11.0, 14.0], [20.0, 21.0]]),
    )
    assert found.tolist() == [3.0 - 1.5, -1.0 + 0.5]


def test_the_interval_is_that_of_student() -> None:
    # mean 2, standard error 1/sqrt(3), t(0.975, 2 degrees of freedom) = 4.3027
    found = mean_difference(np.array([1.0, 2.0, 3.0]))
    assert (found.estimate, found.n) == (2.0, 3)
    assert found.low == pytest.approx(2 - 4.30265 / 3**0.5, abs=1e-4)
    assert found.high == pytest.approx(2 + 4.30265 / 3**0.5, abs=1e-4)


@pytest.mark.parametrize("same", [0.0, 2.0, -0.1])
def test_differences_that_are_all_the_same_have_an_interval_of_one_value(same: float) -> None:
    found = mean_difference(np.array([same] * 8))
    assert [found.estimate, found.low, found.high] == pytest.approx([same] * 3)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=30))
def test_the_interval_lies_around_the_mean_and_turns_with_the_sign(values: list[float]) -> None:
    found, turned = mean_difference(np.array(values)), mean_difference(-np.array(values))
    assert found.low <= found.estimate <= found.high
    assert [-turned.high, -turned.low] == pytest.approx([found.low, found.high])
    assert found.estimate - found.low == pytest.approx(found.high - found.estimate)


@given(st.integers(1, 4), st.integers(1, 3), st.randoms(use_true_random=False))
def test_the_order_of_areas_does_not_change_the_sum_of_distances(n: int, k: int, random: Random) -> None:
    away = np.array([[random.random() for _ in range(n * k + 2)] for _ in range(n)])
    usable = np.ones(n * k + 2, bool)
    found = matched(away, usable, k)
    assert len(set(found.ravel().tolist())) == n * k
    order = list(range(n))
    random.shuffle(order)
    turned = matched(away[order], usable, k)
    sums = [np.take_along_axis(a, b, axis=1).sum() for a, b in ((away, found), (away[order], turned))]
    assert sums[0] == pytest.approx(sums[1])
