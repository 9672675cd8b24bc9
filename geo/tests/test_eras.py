from __future__ import annotations

import pytest

from geo.eras import era_year, fiscal_year, fiscal_year_of


@pytest.mark.parametrize(
    ("written", "year"),
    [
        ("2024", 2024),
        ("２０２４年度", 2024),
        ("FY2025", 2025),
        ("令和6年度", 2024),
        ("令和元年度", 2019),
        ("R 7", 2025),
        ("平成31年度", 2019),
        ("H27", 2015),
        ("昭和63年", 1988),
    ],
)
def test_fiscal_years_are_read_in_western_and_japanese_style(written: str, year: int) -> None:
    assert fiscal_year(written) == year


@pytest.mark.parametrize("written", ["", "24", "令和", "令和0年", "明治30年", "next year", "2024-04"])
def test_what_is_no_fiscal_year_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="no fiscal year"):
        fiscal_year(written)


def test_a_fiscal_year_begins_in_april() -> None:
    assert [fiscal_year_of(day) for day in ("2024-03-31", "2024-04-01", "2024-04", "2024")] == [
        *(2023, 2024, 2024, 2024)
    ]


def test_eras_begin_with_a_first_year_and_fiscal_years_follow_the_same_rule() -> None:
    assert [era_year(year) for year in (1926, 1988, 1989, 2018, 2019, 2024)] == [
        *("昭和元年", "昭和63年", "平成元年", "平成30年", "令和元年", "令和6年")
    ]
    assert [era_year(2019, month) for month in (4, 5)] == ["平成31年", "令和元年"]
    with pytest.raises(ValueError, match="昭和"):
        era_year(1925)
