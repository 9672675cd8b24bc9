"""Class schemes: values worked by hand, and agreement with mapclassify."""

from __future__ import annotations

import itertools

import mapclassify
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from geo.classify import SCHEMES, class_breaks, classes, fisher_jenks
from geo.errors import InvalidParameter, UnclassifiableValues

Floats = NDArray[np.float64]

SKEWED = np.random.default_rng(7).lognormal(8, 1.5, 400)


@pytest.mark.parametrize(
    ("scheme", "k", "bounds"),
    [
        ("quantiles", 4, [1.75, 2.5, 3.25, 4.0]),
        ("equal-interval", 3, [2.0, 3.0, 4.0]),
        ("fisher-jenks", 2, [2.0, 4.0]),
        ("head-tail", 5, [2.5, 3.5, 4.0]),
    ],
)
def test_bounds_worked_by_hand(scheme: str, k: int, bounds: list[float]) -> None:
    assert class_breaks(np.array([4.0, 1.0, 3.0, 2.0]), scheme, k).tolist() == bounds


def test_fisher_jenks_finds_the_gaps() -> None:
    assert fisher_jenks(np.array([1.0, 2, 3, 10, 11, 12, 50, 51]), 3).tolist() == [3.0, 12.0, 51.0]


def spread(values: Floats, bounds: Floats) -> float:
    found = classes(values, bounds)
    return float(
        sum(((values[found == c] - values[found == c].mean()) ** 2).sum() for c in set(found.tolist()))
    )


def test_small_values_beside_a_huge_one_keep_their_classes() -> None:
    values = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 1.25, 1.125, 159143532.5])
    bounds = fisher_jenks(values, 9)
    assert len(bounds) == 9
    assert (
        spread(values, bounds) == 0.125**2 / 2
    )  # two values 0.125 apart share a class, all others are alone


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=3, max_size=11), st.integers(2, 4))
def test_no_other_breaks_are_better_than_fisher_jenks(numbers: list[int], k: int) -> None:
    values = np.array(numbers, np.float64)
    distinct = sorted(set(numbers))
    inner = itertools.combinations(distinct[:-1], min(k, len(distinct)) - 1)
    best = min(spread(values, np.array([*chosen, distinct[-1]], np.float64)) for chosen in inner)
    assert spread(values, fisher_jenks(values, k)) == pytest.approx(best, abs=1e-9)


@pytest.mark.filterwarnings("ignore:Numba not installed")
@pytest.mark.parametrize("k", [2, 5, 7])
def test_fisher_jenks_agrees_with_mapclassify(k: int) -> None:
    # mapclassify leaves the optimum when Numba is absent only in ties; the data here have none
    assert fisher_jenks(SKEWED, k).tolist() == pytest.approx(
        mapclassify.FisherJenks(SKEWED, k=k).bins.tolist()
    )


@pytest.mark.parametrize(
    ("scheme", "peer"), [("quantiles", "Quantiles"), ("equal-interval", "EqualInterval")]
)
@pytest.mark.parametrize("k", [2, 5, 9])
def test_plain_schemes_agree_with_mapclassify(scheme: str, peer: str, k: int) -> None:
    expected = getattr(mapclassify, peer)(SKEWED, k=k).bins
    assert class_breaks(SKEWED, scheme, k).tolist() == pytest.approx(expected.tolist())


def test_standard_deviation_agrees_with_mapclassify_inside_the_data() -> None:
    expected = [b for b in mapclassify.StdMean(SKEWED).bins if b >= SKEWED.min()]
    assert class_breaks(SKEWED, "standard-deviation", 5).tolist() == pytest.approx(expected)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60),
    st.sampled_from([name for name in SCHEMES if name != "user"]),
    st.integers(2, 12),
)
def test_every_value_has_a_class_and_the_maximum_is_the_last_bound(
    numbers: list[float], scheme: str, k: int
) -> None:
    values = np.array([*numbers, np.nan])
    bounds = class_breaks(values, scheme, k)
    assert bounds[-1] == max(numbers)
    assert (np.diff(bounds) > 0).all()
    found = classes(values, bounds)
    assert (found[:-1] < len(bounds)).all()
    assert found[-1] == 255


def test_user_breaks_reach_the_maximum() -> None:
    assert class_breaks(np.array([1.0, 30.0]), "user", 5, (10.0, 20.0)).tolist() == [10.0, 20.0, 30.0]
    assert class_breaks(np.array([1.0, 3.0]), "user", 5, (10.0, 20.0)).tolist() == [10.0, 20.0]


def test_nothing_to_classify_is_refused() -> None:
    with pytest.raises(UnclassifiableValues):
        class_breaks(np.array([np.nan]), "quantiles", 5)
    with pytest.raises(InvalidParameter, match="quantiles"):
        class_breaks(np.array([1.0]), "magic", 5)
