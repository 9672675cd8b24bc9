"""How figures have changed, and where they must not be compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from geo.analysis.change import CHANGES, refuse_broken
from geo.errors import InvalidParameter
from geo.figures.breaks import Break
from geo.figures.indicators import Indicator

NURSERIES = Indicator("nurseries", "保育所", "Nurseries", "数", "Number", "health", "count")


def broken(*periods: str) -> Indicator:
    told = [Break("nurseries", period, "定義の変更", "another definition", "") for period in periods]
    return replace(NURSERIES, breaks=tuple(told))


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        # Yubari-shi, census: 8,843 persons in 2015 and 7,334 in 2020
        ("difference", -1509.0),
        ("per-cent", -17.0643446794),
        ("per-year", -301.8),
    ],
)
def test_the_change_of_yubari(measure: str, expected: float) -> None:
    (found,) = CHANGES[measure](np.array([8843.0]), np.array([7334.0]), 5)  # type: ignore[index]  # a measure
    assert found == pytest.approx(expected)


def test_an_area_without_a_figure_has_no_change() -> None:
    before, after = np.array([np.nan, 3.0]), np.array([3.0, np.nan])
    for change in CHANGES.values():
        assert np.isnan(change(before, after, 5)).all()


def test_a_series_without_breaks_compares() -> None:
    refuse_broken(NURSERIES, "2010", "2023")


@pytest.mark.parametrize(("before", "after"), [("2010", "2014"), ("2015", "2022"), ("2023", "2024")])
def test_figures_on_one_side_of_every_break_compare(before: str, after: str) -> None:
    refuse_broken(broken("2015", "2023"), before, after)


@pytest.mark.parametrize(
    ("before", "after", "newest"),
    [("2010", "2015", "2015"), ("2015", "2023", "2023"), ("2010", "2023", "2023")],
)
def test_a_change_across_a_break_is_refused_by_its_period_and_reason(
    before: str, after: str, newest: str
) -> None:
    with pytest.raises(InvalidParameter, match=rf"breaks at {newest} \(another definition\)") as refused:
        refuse_broken(broken("2015", "2023"), before, after)
    assert refused.value.findings[0].expected == f"{newest} or later"
