"""Figures of several sources gathered for shipping: which one stands, and where they disagree."""

from __future__ import annotations

import datetime as dt

import pytest

from geo.figures.observations import Row
from service.figures.statistics import Collected

OLD, NEW = dt.date(2015, 10, 1), dt.date(2020, 10, 1)


def row(value: float | None, status: str = "ok", code: str = "10201", period: str = "2020") -> Row:
    return Row("population", code, period, value, status, "", 2)


@pytest.mark.parametrize(
    ("before", "after", "stands", "report"),
    [
        (row(1), row(2), (row(2), "new", NEW), ["population 2020: 1 areas differ, new replaces old"]),
        (row(1), row(1), (row(1), "new", NEW), []),
        (
            row(1),
            row(None, "secret"),
            (row(1), "old", OLD),
            [],
        ),  # a figure stays where a later source has none
        (row(None, "secret"), row(None, "unknown"), (row(None, "unknown"), "new", NEW), []),
    ],
)
def test_a_later_source_wins_but_not_with_nothing(
    before: Row, after: Row, stands: tuple[Row, str, dt.date], report: list[str]
) -> None:
    found = Collected()
    found.add([before], "old", OLD)
    found.add([after], "new", NEW)
    assert list(found.figures.values()) == [stands]
    assert found.report() == report


def test_disagreements_are_counted_by_indicator_period_and_sources() -> None:
    found = Collected()
    found.add([row(1, code="1"), row(1, code="2"), row(1, code="1", period="2015")], "a", OLD)
    found.add([row(2, code="1"), row(3, code="2")], "b", NEW)
    found.add([row(2, code="1", period="2015")], "c", NEW)
    assert found.report() == [
        "population 2015: 1 areas differ, c replaces a",
        "population 2020: 2 areas differ, b replaces a",
    ]
