"""Periods as people and e-Stat write them, in one order."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.periods import (
    KINDS,
    Period,
    PeriodKind,
    canonical,
    is_of,
    is_period,
    newest_not_after,
    period_label,
    period_of,
    period_of_code,
    read_period,
    within,
    years_between,
    years_later,
)

MONTHS = (
    "2025-04",
    "202504",
    "2025/4",
    "2025.04",
    "2025年4月",
    "2025年04月",
    "２０２５年４月",
    "2025 年 4 月",
)


@pytest.mark.parametrize(
    "written",
    [
        *MONTHS,
        "令和7年4月",
        "R7.4",
        "r7/4",
        "平成37年4月",
        "2025-04-01",
        "2025/4/1",
        "Apr 2025",
        "April 2025",
    ],
)
def test_a_month_is_read_as_people_write_it(written: str) -> None:
    assert read_period(written, "month").text == "2025-04"


@pytest.mark.parametrize(
    "written",
    [
        *("2025-Q1", "2025Q1", "2025q1", "Q1 2025", "1Q2025", "2025年1Q", "2025年1〜3月期", "2025年1～3月期"),
        *("2025年1-3月期", "2025年1月〜3月", "令和7年1〜3月期", "2025年第1四半期", "2025年第Ⅰ四半期"),
        *("2024年度第4四半期", "令和6年度第4四半期", "FY2024 Q4", "FY2024-Q4"),
    ],
)
def test_a_quarter_is_read_as_people_write_it(written: str) -> None:
    assert read_period(written, "quarter").text == "2025-Q1"


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        *(
            (one, "fiscal_year")
            for one in ("2024", "FY2024", "fy 2024", "2024年度", "令和6年度", "R6", "R6年度")
        ),
        *((one, "calendar_year") for one in ("2024", "2024年", "令和6年", "R6", "２０２４年")),
        *((one, "census") for one in ("2024", "2024年", "令和6年")),
    ],
)
def test_a_year_is_read_as_people_write_it(written: str, kind: PeriodKind) -> None:
    assert read_period(written, kind).text == "2024"


@pytest.mark.parametrize(
    ("written", "kind", "told"),
    [
        ("FY2024", "calendar_year", "FY2024 is a fiscal year"),
        ("令和6年度", "census", "令和6年度 is a fiscal year"),
        ("2024年", "fiscal_year", "2024年 is a calendar year"),
        ("2025-04", "fiscal_year", "2025-04 is a month"),
        ("2025-Q1", "month", "2025-Q1 is a quarter"),
        ("2025", "month", "2025 is a calendar year"),
        ("2025年4月", "quarter", "2025年4月 is a month"),
    ],
)
def test_a_period_of_another_kind_is_told_as_what_it_is(written: str, kind: PeriodKind, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_period(written, kind)


@pytest.mark.parametrize(
    "written",
    [
        *(
            "",
            "soon",
            "25-04",
            "2025-00",
            "2025-13",
            "202513",
            "2025-Q0",
            "2025-Q5",
            "2025年13月",
            "2025-4-2",
        ),
        *("2025年2〜4月期", "2025年1〜6月期", "令和元年4月", "令和0年", "2025年度4月", "2025-04-31", "0000"),
        *("令和元年1〜3月期", "1799", "2200", "Mai 2025", "2025\x00", "٢٠٢٥", "2025-4x", "20250401"),
        *("2025.1", "2025.4", "20254", "2025年4", "R7.", "2025年度年", "FY2199Q4", "20251〜3月期"),
    ],
)
def test_what_is_no_period_or_an_impossible_one_is_refused(written: str) -> None:
    for kind in KINDS:
        with pytest.raises(ValueError, match="such as"):
            read_period(written, kind)
        assert canonical(written, kind) == written


def test_six_digits_are_a_month_only_where_months_are_expected() -> None:
    for kind in KINDS[:-1]:
        with pytest.raises(ValueError, match="such as"):
            read_period("202504", kind)


def test_an_era_is_left_in_the_month_in_which_another_begins() -> None:
    assert read_period("平成31年4月", "month").text == "2019-04"
    assert read_period("令和元年5月", "month").text == "2019-05"
    assert read_period("令和元年4〜6月期", "quarter").text == "2019-Q2"  # as the Cabinet Office wrote it
    assert read_period("令和元年度", "fiscal_year").text == "2019"


@pytest.mark.parametrize(
    ("period", "kind", "ja", "en"),
    [
        ("2019", "fiscal_year", "2019年度（令和元年度）", "FY2019"),
        ("2015", "calendar_year", "2015年（平成27年）", "2015"),
        ("1920", "census", "1920年", "1920"),
        ("2019-04", "month", "2019年4月（平成31年）", "April 2019"),
        ("2019-05", "month", "2019年5月（令和元年）", "May 2019"),
        ("2019-Q2", "quarter", "2019年4〜6月期（令和元年）", "April–June 2019"),
        ("2025-Q4", "quarter", "2025年10〜12月期（令和7年）", "October–December 2025"),
        ("2015", "month", "2015年（平成27年）", "2015"),  # a break of a component that is told by years
    ],
)
def test_a_period_is_labelled_in_both_languages(period: str, kind: PeriodKind, ja: str, en: str) -> None:
    assert period_label(period, kind) == {"ja": ja, "en": en}


@pytest.mark.parametrize(
    ("period", "kind", "first", "last"),
    [
        ("2024", "calendar_year", dt.date(2024, 1, 1), dt.date(2024, 12, 31)),
        ("2024", "fiscal_year", dt.date(2024, 4, 1), dt.date(2025, 3, 31)),
        ("2024-Q4", "quarter", dt.date(2024, 10, 1), dt.date(2024, 12, 31)),
        ("2024-02", "month", dt.date(2024, 2, 1), dt.date(2024, 2, 29)),
    ],
)
def test_a_period_has_its_days(period: str, kind: PeriodKind, first: dt.date, last: dt.date) -> None:
    assert period_of(period, kind).days == (first, last)


def test_periods_of_all_kinds_are_in_the_order_of_their_ends() -> None:
    ordered = [
        period_of("2024-11"),
        period_of("2024", "calendar_year"),  # it begins before a month that ends with it
        period_of("2024-Q4"),
        period_of("2024-12"),
        period_of("2025-01"),
        period_of("2024", "fiscal_year"),
        period_of("2025-Q1"),
        period_of("2025-03"),
        period_of("2025-04"),
    ]
    assert sorted(ordered, reverse=True) == ordered[::-1]


def periods() -> st.SearchStrategy[Period]:
    years = st.integers(1800, 2199)
    return st.one_of(
        st.builds(Period.year_of, years, st.sampled_from(KINDS[:3])),
        st.builds(Period.quarter_of, years, st.integers(1, 4)),
        st.builds(Period.month_of, years, st.integers(1, 12)),
    )


@given(periods())
def test_the_text_of_a_period_is_read_as_the_same(period: Period) -> None:
    assert period_of(period.text, period.kind) == period == read_period(period.text, period.kind)
    assert is_period(period.text)
    assert [kind for kind in KINDS if is_of(period.text, kind)] == (
        list(KINDS[:3]) if len(period.text) == 4 else [period.kind]
    )
    if period.first >= 1927 * 12:
        assert read_period(period.label["ja"].partition("（")[0], period.kind) == period


@given(st.lists(periods(), min_size=2, max_size=2).filter(lambda pair: pair[0].kind == pair[1].kind))
def test_texts_of_one_kind_are_in_the_order_of_their_periods(pair: list[Period]) -> None:
    one, other = pair
    assert (one < other) == (one.text < other.text)


def test_years_are_gone_on_and_back_in_every_kind() -> None:
    assert [years_later(one, -1) for one in ("2020", "2020-Q3", "2020-01")] == ["2019", "2019-Q3", "2019-01"]
    assert [years_between("2015", "2020"), years_between("2024-Q1", "2025-Q4")] == [5, 1.75]
    assert years_between("2024-02", "2025-02") == 1


def test_what_is_divided_by_has_ended_when_the_period_has() -> None:
    known = ["2010", "2015", "2020"]
    assert [newest_not_after(known, one) for one in ("2020", "2020-11", "2020-12", "2021-Q1", "2009")] == [
        *("2020", "2015", "2020", "2020", None)
    ]


def test_a_span_of_years_holds_their_months() -> None:
    months = [f"2024-{month:02d}" for month in range(1, 13)] + ["2025-01"]
    assert within(months, "2024", "2024") == months[:12]
    assert within(months, "2024-Q4", None) == [*months[9:12], "2025-01"]
    assert within(["2015", "2020"], "2015", "2019") == ["2015"]


@pytest.mark.parametrize(
    ("code", "period"),
    [
        ("2025000000", Period.year_of(2025, "calendar_year")),
        ("2025", Period.year_of(2025, "calendar_year")),
        ("2025100000", Period.year_of(2025, "fiscal_year")),
        ("2025000404", Period.month_of(2025, 4)),
        ("2025001212", Period.month_of(2025, 12)),
        ("2025000103", Period.quarter_of(2025, 1)),
        ("2025001012", Period.quarter_of(2025, 4)),
        ("2025000106", None),
        ("2025000204", None),
    ],
)
def test_a_time_code_of_e_stat_is_a_period(code: str, period: Period | None) -> None:
    assert period_of_code(code) == period


@pytest.mark.parametrize("code", ["", "20250004", "2025001313", "2025000001", "2025100404", "2025200000"])
def test_what_is_no_time_code_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="time code"):
        period_of_code(code)
