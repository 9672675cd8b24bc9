"""Class schemes: values worked by hand, and agreement with mapclassify."""

from __future__ import annotations

import itertools

import mapclassify
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from geo.errors import InvalidParameter, UnclassifiableValues
from geo.layers.classify import SCHEMES, class_breaks, classes, classes_below_zero, fisher_jenks

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


@pytest.mark.parametrize(
    ("values", "bounds"),
    [
        ([1.0, 2.0, 3.0], [2.0, 3.0]),  # 2 is the mean, and not above it
        ([0.0, 4.0, 4.0, 8.0], [4.0, 8.0]),
        ([1.0, 1.0, 1.0, 1.0], [1.0]),
        ([0.0, 0.0, 0.0, 4.0, 8.0, 12.0], [4.0, 10.0, 12.0]),  # the mean of 8 and 12 is 10
    ],
)
def test_the_head_is_strictly_above_the_mean(values: list[float], bounds: list[float]) -> None:
    found = class_breaks(np.array(values), "head-tail", 5)
    assert found.tolist() == bounds
    # and so an area at the mean is of the tail
    assert classes(np.array([np.mean(values)]), found).tolist() == [0]


def test_a_mean_that_is_rounded_to_the_highest_parts_nothing() -> None:
    step = np.nextafter(0.1, 1)
    values = np.array([0.1, step, step])
    assert values.mean() >= values.max()
    assert class_breaks(values, "head-tail", 5).tolist() == [step]


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


BOTH_SIDES = np.array([-8.0, -6.0, -4.0, -2.0, 0.0, 3.0, 9.0, 12.0])


@pytest.mark.parametrize(
    ("scheme", "k", "bounds"),
    [
        ("quantiles", 2, [0.0, 12.0]),
        ("quantiles", 3, [-4.0, 0.0, 12.0]),
        ("quantiles", 5, [-16 / 3, -8 / 3, 0.0, 9.0, 12.0]),
        ("equal-interval", 2, [0.0, 12.0]),
        ("equal-interval", 5, [-4.0, 0.0, 4.0, 8.0, 12.0]),
        ("fisher-jenks", 2, [0.0, 12.0]),
        ("fisher-jenks", 3, [0.0, 3.0, 12.0]),
        ("head-tail", 5, [-7.0, -4.0, 0.0, 8.0, 10.5, 12.0]),
    ],
)
def test_bounds_on_either_side_of_zero_worked_by_hand(scheme: str, k: int, bounds: list[float]) -> None:
    found = class_breaks(BOTH_SIDES, scheme, k, diverging=True)
    assert found.tolist() == pytest.approx(bounds)
    assert 0.0 in found


def test_fisher_jenks_finds_the_gaps_on_either_side_of_zero() -> None:
    values = np.array([-51.0, -50, -12, -11, -1, 1, 2, 40])
    assert class_breaks(values, "fisher-jenks", 5, diverging=True).tolist() == [-50.0, -11.0, 0.0, 2.0, 40.0]


def test_standard_deviations_part_at_zero_too() -> None:
    values = np.array([-10.0, -9.0, -8.0, -7.0, -6.0, -5.0, -4.0, 17.0])
    mean, deviation = -4.0, (532 / 7) ** 0.5
    expected = [mean + deviation, mean + 2 * deviation, 17.0]
    found = class_breaks(values, "standard-deviation", 5, diverging=True)
    assert found.tolist() == pytest.approx([0.0, *expected])


MADE = [name for name in SCHEMES if name != "user"]
NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)


@pytest.mark.parametrize("scheme", MADE)
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.just(0.0), st.integers(-3, 3).map(float), NUMBERS), max_size=40),
    st.floats(1e-3, 1e6),
    st.floats(1e-3, 1e6),
    st.integers(2, 12),
)
def test_values_on_both_sides_are_parted_at_zero(
    scheme: str, numbers: list[float], below: float, above: float, k: int
) -> None:
    values = np.array([*numbers, -below, above])
    bounds = class_breaks(values, scheme, k, diverging=True)
    assert 0.0 in bounds
    assert bounds[-1] == values.max()
    assert (np.diff(bounds) > 0).all()
    assert len(bounds) <= (12 if scheme == "head-tail" else 6 if scheme == "standard-deviation" else k)
    parted = classes_below_zero(float(values.min()), bounds, scheme)
    assert parted is not None
    assert ((classes(values, bounds) < parted) == (values <= 0)).all()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(-20, -1), min_size=1, max_size=5),
    st.lists(st.integers(1, 20), min_size=1, max_size=5),
    st.integers(2, 5),
)
def test_no_other_breaks_with_a_bound_at_zero_are_better(below: list[int], above: list[int], k: int) -> None:
    values = np.array([*below, *above], np.float64)
    inner = [float(one) for one in sorted(set(values.tolist())) if one != max(below)][:-1]
    chosen = itertools.combinations(inner, min(k - 2, len(inner)))
    best = min(spread(values, np.array(sorted([*one, 0.0, max(above)]))) for one in chosen)
    assert spread(values, class_breaks(values, "fisher-jenks", k, diverging=True)) == pytest.approx(best)


@pytest.mark.parametrize("scheme", MADE)
@pytest.mark.parametrize("values", [[1.0, 2.0, 5.0], [0.0, 0.0, 4.0], [-5.0, -2.0, 0.0], [0.0, 0.0]])
def test_values_on_one_side_are_classed_as_ever(scheme: str, values: list[float]) -> None:
    plain = class_breaks(np.array(values), scheme, 3)
    assert class_breaks(np.array(values), scheme, 3, diverging=True).tolist() == plain.tolist()


def test_a_person_s_own_bounds_stay() -> None:
    own = class_breaks(BOTH_SIDES, "user", 5, (-5.0, 5.0, 12.0), diverging=True)
    assert own.tolist() == [-5.0, 5.0, 12.0]


@pytest.mark.parametrize(
    ("lowest", "bounds", "scheme", "below"),
    [
        (-8.0, [-4.0, 0.0, 12.0], "quantiles", 2),
        (-8.0, [-4.0, -1.0], "quantiles", 2),
        (-8.0, [-4.0, 0.0], "quantiles", 2),
        (1.0, [4.0, 9.0], "quantiles", 0),
        (0.0, [0.0, 9.0], "quantiles", 0),  # nothing lies below
        (0.0, [0.0], "quantiles", None),
        (np.nan, [], "quantiles", None),
        (-8.0, [-5.0, 5.0], "user", None),
        (-8.0, [-5.0, 0.0, 5.0], "user", 2),
        (20.0, [20.0, 25.0, 30.0], "user", None),  # may diverge at 25
    ],
)
def test_classes_below_zero_are_counted(
    lowest: float, bounds: list[float], scheme: str, below: int | None
) -> None:
    assert classes_below_zero(lowest, np.array(bounds), scheme) == below
