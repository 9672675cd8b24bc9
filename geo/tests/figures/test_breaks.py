"""Where series break, and where people live elsewhere than they are registered."""

from __future__ import annotations

from pathlib import Path

import pytest

from geo.errors import InvalidRows
from geo.figures.breaks import (
    Break,
    Evacuation,
    break_between,
    comparable,
    read_breaks,
    read_evacuations,
)

CATALOG = Path(__file__).parents[3] / "data" / "catalog"


def broken(period: str) -> Break:
    return Break("x", period, "理由", "Reason.", "source")


BREAKS = (broken("2014"), broken("2023"))


@pytest.mark.parametrize(
    ("first", "last", "period"),
    [
        ("2010", "2013", None),
        ("2010", "2014", "2014"),
        ("2014", "2022", None),  # the first period after a break is comparable with those that follow
        ("2010", "2024", "2023"),
        ("2023", "2024", None),
    ],
)
def test_the_newest_break_between_two_periods_is_told(first: str, last: str, period: str | None) -> None:
    found = break_between(BREAKS, first, last)
    assert (found.period if found else None) == period


def test_only_what_lies_after_the_last_break_can_be_compared() -> None:
    points = [("2013", 1.0), ("2014", 2.0), ("2022", 3.0)]
    assert comparable(BREAKS, points) == points[1:]
    assert comparable((), points) == points
    assert comparable(BREAKS, []) == []


@pytest.mark.parametrize(
    ("period", "expected"), [("2010", False), ("2011", True), ("2016", True), ("2017", False)]
)
def test_an_evacuation_holds_from_its_first_to_its_last_period(period: str, expected: bool) -> None:
    assert Evacuation("07212", "2011", "2016", "理由", "Reason.", "source").holds(period) is expected


@pytest.mark.parametrize(
    ("period", "expected"),
    [("2010-12", False), ("2011-01", True), ("2016-Q4", True), ("2016-12", True), ("2017-01", False)],
)
def test_an_evacuation_of_years_holds_in_their_months(period: str, expected: bool) -> None:
    assert Evacuation("07212", "2011", "2016", "理由", "Reason.", "source").holds(period) is expected


@pytest.mark.parametrize(
    ("at", "first", "last", "crossed"),
    [
        ("2014", "2013-12", "2014-01", True),
        ("2014", "2014-01", "2014-12", False),
        ("2014-05", "2014-Q1", "2014-Q3", True),
        ("2014-05", "2014-05", "2015-01", False),
    ],
)
def test_a_break_lies_between_months_and_quarters(at: str, first: str, last: str, crossed: bool) -> None:
    assert (break_between([broken(at)], first, last) is not None) is crossed
    points = comparable([broken(at)], [(first, 1.0), (last, 2.0)])
    assert [period for period, _ in points] == ([last] if crossed else [first, last])


def test_an_evacuation_without_a_last_period_holds_until_now() -> None:
    assert Evacuation("07546", "2011", "", "理由", "Reason.", "source").holds("2024")


def test_every_reason_that_ships_is_told_in_full_in_both_languages() -> None:
    evacuations = read_evacuations(CATALOG / "evacuations.csv")
    told: list[Break | Evacuation] = [*read_breaks(CATALOG / "breaks.csv"), *evacuations]
    for one in told:
        assert one.reason_ja.endswith("。")
        assert one.reason_en.endswith(".")
        assert one.reason_en.isascii()
        assert "http" in one.source


def test_a_comma_that_splits_a_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "breaks.csv"
    path.write_text(
        "indicator,period,reason_ja,reason_en,source\nx,2023,全国30,358,Reason.,source\n", "utf-8"
    )
    with pytest.raises(InvalidRows) as refused:
        read_breaks(path)
    assert [(one.where, one.field) for one in refused.value.findings] == [("line 2", "row")]


def test_every_break_and_every_evacuation_that_ships_has_a_source() -> None:
    assert {one.indicator for one in read_breaks(CATALOG / "breaks.csv")} == {
        *("nurseries", "establishments", "employees", "register-population-change-1y"),
        *("family:private-establishments-by-industry", "family:private-employees-by-industry"),
        *("family:establishments-by-size", "family:employees-by-size"),
    }
    evacuated = read_evacuations(CATALOG / "evacuations.csv")
    assert {one.area_code for one in evacuated if one.last == ""} == {
        *("07542", "07543", "07544", "07545", "07546", "07547", "07548", "07564")
    }
    assert all(one.source.startswith("http") for one in evacuated)


def test_every_fault_of_a_table_of_breaks_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "breaks.csv"
    path.write_text("indicator,period,reason_ja,reason_en,source\nx,FY2023,,Reason.,source\n", "utf-8")
    with pytest.raises(InvalidRows) as refused:
        read_breaks(path)
    assert [(one.field, one.value) for one in refused.value.findings] == [
        ("period", "FY2023"),
        ("reason_ja", ""),
    ]


def test_every_fault_of_a_table_of_evacuations_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "evacuations.csv"
    head = "area_code,first,last,reason_ja,reason_en,source\n"
    path.write_text(f"{head}7546,2011,,理由,Reason.,s\n07546,2016,2011,理由,Reason.,s\n", "utf-8")
    with pytest.raises(InvalidRows) as refused:
        read_evacuations(path)
    assert [(one.where, one.field) for one in refused.value.findings] == [
        ("line 2", "area_code"),
        ("line 3", "first"),
    ]
