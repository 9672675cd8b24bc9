"""Statistics of a map, worked by hand, and what holds of ranks and bins whatever the values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.figures.statistics import BINS, histogram, ranks, ranks_within, statistics

NAN = math.nan
FIGURES = st.lists(st.one_of(st.just(NAN), st.integers(-20, 20).map(float)), max_size=40)


@pytest.mark.parametrize(
    ("values", "highest_first", "lowest_first"),
    [
        ([5.0, 9.0, NAN, 5.0, 1.0], [2, 1, None, 2, 4], [2, 4, None, 2, 1]),
        ([3.0], [1], [1]),
        ([NAN, NAN], [None, None], [None, None]),
        ([7.0, 7.0, 7.0], [1, 1, 1], [1, 1, 1]),
        ([0.0, -0.0, -1.0], [1, 1, 3], [2, 2, 1]),
        ([], [], []),
    ],
)
def test_equal_values_share_the_better_rank_and_a_missing_one_has_none(
    values: list[float], highest_first: list[int | None], lowest_first: list[int | None]
) -> None:
    assert ranks(np.array(values)) == highest_first
    assert ranks(np.array(values), lowest_first=True) == lowest_first


@given(FIGURES)
def test_a_rank_is_one_more_than_the_areas_that_are_better(values: list[float]) -> None:
    known = [value for value in values if not math.isnan(value)]
    for value, high, low in zip(
        values, ranks(np.array(values)), ranks(np.array(values), lowest_first=True), strict=True
    ):
        if math.isnan(value):
            assert (high, low) == (None, None)
        else:
            assert high == 1 + sum(other > value for other in known)
            assert low == 1 + sum(other < value for other in known)


@pytest.mark.parametrize(
    ("lowest_first", "places"),
    [(False, [2, 1, 0, 2, 1, 2, 0]), (True, [1, 3, 0, 1, 2, 1, 0])],
)
def test_ranks_are_told_in_each_group_with_how_many_have_a_value(
    lowest_first: bool, places: list[int]
) -> None:
    values = np.array([5.0, 9.0, NAN, 5.0, 7.0, 4.0, NAN])
    groups = np.array([0, 0, 0, 0, 2, 2, 1])
    found, of = ranks_within(values, groups, lowest_first=lowest_first)
    assert found.tolist() == places
    assert of.tolist() == [3, 3, 3, 3, 2, 2, 0]


@given(FIGURES, st.booleans())
def test_in_one_group_ranks_are_those_of_all(values: list[float], lowest_first: bool) -> None:
    column = np.array(values, np.float64)
    found, of = ranks_within(column, np.zeros(len(column), np.intp), lowest_first=lowest_first)
    assert [rank or None for rank in found.tolist()] == ranks(column, lowest_first=lowest_first)
    assert set(of.tolist()) <= {int(np.isfinite(column).sum())}


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60))
def test_every_value_lies_in_one_bin(values: list[float]) -> None:
    found = histogram(np.array(values))
    assert (len(found["counts"]), len(found["edges"])) == (BINS, BINS + 1)
    assert sum(found["counts"]) == len(values)
    assert found["edges"][0] <= min(values) <= max(values) <= found["edges"][-1]


def test_statistics_worked_by_hand() -> None:
    found = statistics(
        np.array([5.0, 9.0, NAN, 5.0, 1.0]),
        codes=["a", "b", "c", "d", "e"],
        statuses=["ok", "ok", "secret", "ok", "ok"],
    )
    assert (found["n"], found["missing"], found["missing_by_status"]) == (4, 1, {"secret": 1})
    assert found["minimum"] == {"value": 1.0, "code": "e"}
    assert found["maximum"] == {"value": 9.0, "code": "b"}
    assert (found["mean"], found["median"]) == (5.0, 5.0)
    assert found["standard_deviation"] == pytest.approx((32 / 3) ** 0.5)
    # of 1, 5, 5, 9: the q-th lies at 3q/100 between its neighbours
    expected = {"5": 1.6, "10": 2.2, "25": 4.0, "50": 5.0, "75": 6.0, "90": 7.8, "95": 8.4}
    assert found["quantiles"] == pytest.approx(expected)
    assert (found["rank_order"], found["ranks"]) == ("highest first", {"a": 2, "b": 1, "d": 2, "e": 4})


@pytest.mark.parametrize(
    ("direction", "order", "expected"),
    [
        ("lower", "lowest first", {"a": 2, "b": 1}),
        ("higher", "highest first", {"a": 1, "b": 2}),
        ("neutral", "highest first", {"a": 1, "b": 2}),
    ],
)
def test_the_best_come_first_where_one_way_is_the_better(
    direction: str, order: str, expected: dict[str, int]
) -> None:
    found = statistics(np.array([2.0, 1.0]), codes=["a", "b"], statuses=["ok", "ok"], direction=direction)
    assert (found["rank_order"], found["ranks"]) == (order, expected)


def test_of_equal_extremes_the_first_area_is_named() -> None:
    found = statistics(np.array([NAN, 3.0, 3.0]), codes=["a", "b", "c"], statuses=["unknown", "ok", "ok"])
    assert found["minimum"] == found["maximum"] == {"value": 3.0, "code": "b"}
    assert found["standard_deviation"] == 0


def test_one_value_has_no_spread() -> None:
    found = statistics(np.array([4.0]), codes=["a"], statuses=["ok"])
    assert (found["standard_deviation"], found["median"], found["ranks"]) == (None, 4.0, {"a": 1})
    assert found["quantiles"] == dict.fromkeys(["5", "10", "25", "50", "75", "90", "95"], 4.0)


def test_statistics_of_nothing_are_null_and_the_reasons_are_counted() -> None:
    found = statistics(
        np.array([NAN] * 3), codes=["a", "b", "c"], statuses=["secret", "not_available", "secret"]
    )
    assert (found["n"], found["missing"]) == (0, 3)
    assert list(found["missing_by_status"].items()) == [("not_available", 1), ("secret", 2)]
    assert {
        name: found.get(name) for name in ("minimum", "maximum", "mean", "median", "quantiles", "histogram")
    } == dict.fromkeys(("minimum", "maximum", "mean", "median", "quantiles", "histogram"))
    assert found["ranks"] == {}
    assert "rank_order" not in found
