"""Circles in proportion: sizes, colours, what a legend shows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.layers.circles import LOSS, Circles, are_for, largest_first
from geo.layers.palettes import colours, to_hex

#: Population of 2020: 東京都, 大阪府, 鳥取県
PEOPLE = np.array([14_047_594.0, 8_837_685.0, 553_407.0])


def people() -> Circles:
    return Circles.of(553_407.0, np.array([1e6, 14_047_594.0]), "ylgnbu")


def test_only_counts_are_circles() -> None:
    kinds = ("count", "ratio", "change", "index", "category")
    assert [kind for kind in kinds if are_for(kind)] == ["count"]


def test_areas_of_circles_are_in_proportion_to_the_numbers() -> None:
    sizes = people().sizes(PEOPLE)
    assert sizes[0] == 1
    assert (sizes[1] / sizes[2]) ** 2 == pytest.approx(8_837_685 / 553_407)


def test_losses_are_as_large_as_gains_and_of_the_other_colour() -> None:
    found = Circles.of(-100.0, np.array([-20.0, 0.0, 50.0]), "rdylbu")
    assert found.most == 100
    assert found.sizes(np.array([-50.0, 50.0])).tolist() == pytest.approx([0.5**0.5] * 2)
    ends = [to_hex(one) for one in colours("rdylbu", 7)[[0, -1]].tolist()]
    assert [found.colour(-50.0), found.colour(50.0)] == ends


def test_a_palette_of_one_half_lends_no_colour_to_losses() -> None:
    found = Circles.of(-5.0, np.array([5.0]), "blues")
    assert (found.colour(-1.0), found.colour(1.0)) == (LOSS, to_hex(colours("blues", 7)[-1].tolist()))


def test_a_legend_shows_round_numbers_with_the_sizes_that_they_have_on_the_map() -> None:
    told = people().examples(0)
    assert [(one.value, one.label) for one in told] == [
        (10_000_000, "10,000,000"),
        (2_000_000, "2,000,000"),
        (200_000, "200,000"),
    ]
    assert told[1].size == pytest.approx((2_000_000 / 14_047_594) ** 0.5)


def test_a_legend_of_few_shows_no_number_twice_and_none_that_reads_as_zero() -> None:
    assert [one.label for one in Circles(3.0, "#000000", LOSS).examples(0)] == ["2"]
    assert [one.label for one in Circles(1.0, "#000000", LOSS).examples(1)] == ["1.0", "0.2"]


def test_a_legend_shows_nothing_larger_than_there_is() -> None:
    # net migration of municipalities 2024: 大阪市 +17,626, 那覇市 −1,741
    scale = Circles.of(-1_741.0, np.array([0.0, 17_626.0]), "rdylbu")
    assert [one.value for one in scale.examples(0, 17_626)] == [10_000, 2_000, 200]
    assert scale.examples(0, 1_741)[0].value == 1_000
    assert scale.examples(0, 1_741)[0].size == pytest.approx((1_000 / 17_626) ** 0.5)
    assert scale.examples(0, 0) == []
    assert scale.examples(0, 10**6)[0].value == 10_000  # of a part of the nation


def test_where_all_are_zero_there_is_no_circle() -> None:
    none = Circles.of(0.0, np.array([0.0]), "blues")
    assert none.examples(0) == []
    assert largest_first(none.sizes(np.array([0.0, np.nan, 0.0]))) == []
    assert Circles.of(np.nan, np.empty(0), "blues").most == 0


@given(st.lists(st.integers(-(10**9), 10**9).map(float) | st.just(np.nan), max_size=30))
def test_small_circles_are_drawn_over_large_ones_and_missing_ones_not_at_all(values: list[float]) -> None:
    told = np.array(values)
    sizes = Circles(1e9, "#000000", LOSS).sizes(told)
    order = list(largest_first(sizes))
    assert sizes[order].tolist() == sorted(sizes[order].tolist(), reverse=True)
    assert set(order) == set(np.flatnonzero(np.abs(told) > 0).tolist())
