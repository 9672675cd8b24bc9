"""Matching and difference in differences, worked by hand."""

from __future__ import annotations

import subprocess
import sys
from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import linear_sum_assignment

from geo.figures.effect import (
    DRAWS,
    assigned,
    chance_of_effect,
    chance_of_trends,
    differences,
    draws,
    matched,
    mean_difference,
    studentised,
    students_t,
)


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
        "effect.mean_difference(np.arange(9.0), np.arange(9))\n"
        "effect.chance_of_effect(np.eye(9, 3), effect.draws(9, 3))\n"
        "print({name for name in sys.modules if name.split('.')[0] in ('scipy', 'pandas')})"
    )
    answer = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"


@pytest.mark.parametrize("n", [8, 9, 30, 500])
def test_the_interval_is_as_wide_as_that_of_a_t_test(n: int) -> None:
    values = np.sin(np.arange(n))
    found = mean_difference(values, np.arange(n))
    interval = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-12)


@pytest.mark.parametrize("degrees", [*range(1, 13), 57, 58, 139, 500, 1741])
def test_students_t_is_that_of_scipy(degrees: int) -> None:
    assert students_t(degrees) == pytest.approx(stats.t.ppf(0.975, degrees), rel=1e-12)


def test_a_difference_in_differences_is_own_change_less_that_of_the_matched() -> None:
    found = differences(np.array([[3.0, 1.0, 2.0], [-1.0, 0.0, -1.0]]))
    assert found[:, 0].tolist() == [3.0 - 1.5, -1.0 + 0.5]
    # and what it would be if the second of the set were the deployed one
    assert found[:, 1].tolist() == [1.0 - 2.5, 0.0 + 1.0]


def test_a_set_that_misses_a_change_has_no_difference() -> None:
    found = differences(np.array([[1.0, np.nan], [1.0, 0.0]]))
    assert np.isnan(found[0]).all()
    assert found[1].tolist() == [1.0, -1.0]


def test_errors_that_go_together_within_clusters_widen_the_interval() -> None:
    # mean 2; the clusters' sums of errors are -2, 0 and 2: se = sqrt(3 / 2 * 8) / 6, t(0.975, 2) = 4.30265
    values, clusters = np.array([1.0, 1.0, 2.0, 2.0, 3.0, 3.0]), np.array([7, 7, 1, 1, 4, 4])
    found = mean_difference(values, clusters)
    half = 4.30265 * (3 / 2 * 8) ** 0.5 / 6
    assert (found.estimate, found.n, found.clusters) == (2.0, 6, 3)
    assert [found.low, found.high] == pytest.approx([2 - half, 2 + half], abs=1e-4)


def test_errors_that_cancel_within_clusters_do_not_narrow_the_interval() -> None:
    values = np.array([1.0, 3.0, 1.0, 3.0])
    assert mean_difference(values, np.array([1, 1, 2, 2])).high == pytest.approx(
        mean_difference(values, np.arange(4)).high
    )


def test_of_few_sets_every_way_is_taken_and_of_many_some_are_drawn() -> None:
    few, many = draws(12, 2), draws(13, 2)
    assert few.is_all
    assert len(np.unique(few.chosen, axis=0)) == len(few.chosen) == 4096
    assert not many.is_all
    assert many.chosen.shape == (1 + DRAWS, 13)
    assert not few.chosen[0].any()
    assert not many.chosen[0].any()
    assert np.array_equal(many.chosen, draws(13, 2).chosen)  # the seed is told
    # each of a set is as likely: 13 * 4999 draws of two
    assert many.chosen.mean() == pytest.approx(0.5, abs=0.01)


def test_pairs_that_all_moved_one_way_do_so_by_chance_in_two_of_256_ways() -> None:
    # eight pairs: the signs of eight differences, all alike in two of 2 ** 8 ways
    changes = np.column_stack([np.arange(1.0, 9.0), np.zeros(8)])
    assert chance_of_effect(differences(changes), draws(8, 2)) == 2 / 256


def test_a_p_value_by_randomisation_is_that_of_flipped_signs() -> None:
    own = [3.0, -1.0, 4.0, 1.5, -0.5, 2.0, 0.25, 1.0]
    found = chance_of_effect(differences(np.column_stack([own, np.zeros(8)])), draws(8, 2))
    turned = np.array(own) * list(product((1, -1), repeat=8))
    sizes = np.abs(stats.ttest_1samp(turned, 0, axis=1).statistic)
    assert found == np.mean(sizes >= sizes[0] - 1e-9)


def test_a_statistic_is_that_of_a_t_test_of_the_sets_that_are_known() -> None:
    changes = np.random.default_rng(1).normal(size=(10, 3, 2))
    changes[4, 1, 1] = np.nan
    told = differences(changes)
    found = studentised(told, draws(10, 3))[0]
    known = np.delete(told[:, 0, 1], 4)
    assert found[0] == pytest.approx(stats.ttest_1samp(told[:, 0, 0], 0).statistic)
    assert found[1] == pytest.approx(stats.ttest_1samp(known, 0).statistic)


def test_sets_in_which_nobody_differs_show_nothing() -> None:
    assert chance_of_effect(np.zeros((9, 2)), draws(9, 2)) == 1


def test_differences_that_are_all_the_same_are_as_far_out_as_can_be() -> None:
    assert chance_of_effect(differences(np.tile([1.0, 0.0], (8, 1))), draws(8, 2)) == 2 / 256


def test_a_trend_in_one_of_the_years_before_is_found_and_noise_is_not() -> None:
    rng = np.random.default_rng(5)
    noise = rng.normal(size=(30, 3, 6))
    moved = noise.copy()
    moved[:, 0, 2] += 2.0
    drawn = draws(30, 3)
    assert chance_of_trends(differences(noise), drawn) > 0.05
    assert chance_of_trends(differences(moved), drawn) < 0.01


def test_under_no_effect_p_values_are_even() -> None:
    rng = np.random.default_rng(3)
    found = [chance_of_effect(differences(rng.normal(size=(8, 2))), draws(8, 2)) for _ in range(400)]
    # 5 % of 400 are 20; a share this far off has a chance of about 1 in 1,000
    assert np.mean(np.array(found) <= 0.05) == pytest.approx(0.05, abs=0.035)


def test_the_interval_is_that_of_student() -> None:
    # mean 2, standard error 1/sqrt(3), t(0.975, 2 degrees of freedom) = 4.3027
    found = mean_difference(np.array([1.0, 2.0, 3.0]), np.arange(3))
    assert (found.estimate, found.n) == (2.0, 3)
    assert found.low == pytest.approx(2 - 4.30265 / 3**0.5, abs=1e-4)
    assert found.high == pytest.approx(2 + 4.30265 / 3**0.5, abs=1e-4)


@pytest.mark.parametrize("same", [0.0, 2.0, -0.1])
def test_differences_that_are_all_the_same_have_an_interval_of_one_value(same: float) -> None:
    found = mean_difference(np.array([same] * 8), np.arange(8))
    assert [found.estimate, found.low, found.high] == pytest.approx([same] * 3)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=30))
def test_the_interval_lies_around_the_mean_and_turns_with_the_sign(values: list[float]) -> None:
    own = np.arange(len(values))
    found, turned = mean_difference(np.array(values), own), mean_difference(-np.array(values), own)
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
