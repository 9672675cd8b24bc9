"""How figures have changed, and where they must not be compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from geo.analysis.change import CHANGES, breaks_between, refuse_broken
from geo.errors import InvalidParameter
from geo.figures.indicators import Indicator

NURSERIES = Indicator("nurseries", "保育所", "Nurseries", "数", "Number", "health", "count")


@dataclass(frozen=True)
class At:
    period: str


@dataclass(frozen=True)
class Broken(Indicator):
    breaks: tuple[At, ...] = ()


def broken(*periods: str) -> Indicator:
    return Broken(
        "nurseries", "保育所", "Nurseries", "数", "Number", "health", "count", breaks=tuple(map(At, periods))
    )


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
    assert breaks_between(NURSERIES, "2010", "2023") == []
    refuse_broken(NURSERIES, "2010", "2023")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("2010", "2014", []),
        ("2010", "2015", ["2015"]),
        ("2015", "2022", []),
        ("2015", "2023", ["2023"]),
        ("2010", "2023", ["2015", "2023"]),
    ],
)
def test_a_break_parts_what_is_before_from_its_own_period(
    before: str, after: str, expected: list[str]
) -> None:
    assert breaks_between(broken("2023", "2015"), before, after) == expected


def test_a_change_across_a_break_is_refused_by_its_period() -> None:
    with pytest.raises(InvalidParameter, match="breaks at 2023") as refused:
        refuse_broken(broken("2023"), "2021", "2023")
    assert refused.value.findings[0].expected == "2023 or later"
