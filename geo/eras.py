"""Years as Japan writes them: fiscal ones from April to March, and both kinds in eras (令和6年度)."""

from __future__ import annotations

import re
import unicodedata

#: Era → (letter, the Western year before its first).
ERAS = {"令和": ("R", 2018), "平成": ("H", 1988), "昭和": ("S", 1925)}

#: The month in which its first year begins.
_FIRST_MONTHS = {"令和": 5, "平成": 1, "昭和": 12}

_WESTERN = re.compile(r"(?:FY)?((?:19|20|21)\d{2})(?:年度?)?")
_ERA = re.compile(r"(令和|平成|昭和|[RHS])(元|\d{1,2})(?:年度?)?")


def fiscal_year(written: str) -> int:
    """Return the Western number of a fiscal year.

    Raises
    ------
    ValueError : neither a Western year nor a year of 令和, 平成 or 昭和

    Examples
    --------
    >>> fiscal_year("2024"), fiscal_year("令和6年度"), fiscal_year("R元"), fiscal_year("FY2025")
    (2024, 2024, 2019, 2025)
    """
    text = unicodedata.normalize("NFKC", written).strip().upper().replace(" ", "")
    if found := _WESTERN.fullmatch(text):
        return int(found[1])
    try:
        if _ERA.fullmatch(text):
            return year_of_era(text)[0]
    except ValueError:
        pass  # a year 0
    raise ValueError(f"{written!r} is no fiscal year")


def year_of_era(written: str) -> tuple[int, int]:
    """Return the Western number of a year, and the month in which it begins: 令和元年 in May.

    Raises
    ------
    ValueError : neither a Western year nor a year of 令和, 平成 or 昭和

    Examples
    --------
    >>> year_of_era("2024"), year_of_era("令和6年"), year_of_era("R元")
    ((2024, 1), (2024, 1), (2019, 5))
    """
    if written.isdecimal():
        return int(written), 1
    found = _ERA.fullmatch(written)
    year = 0 if not found else 1 if found[2] == "元" else int(found[2])
    if not found or not year:
        raise ValueError(f"{written!r} is no year")
    era = next(era for era, (letter, _) in ERAS.items() if found[1] in (era, letter))
    return ERAS[era][1] + year, _FIRST_MONTHS[era] if year == 1 else 1


def fiscal_year_of(date: str) -> int:
    """Return the fiscal year that a date lies in, as far as it is told: YYYY, YYYY-MM or YYYY-MM-DD.

    A year alone is taken for the fiscal year of that number.

    >>> fiscal_year_of("2026-03-06"), fiscal_year_of("2019-07"), fiscal_year_of("2023")
    (2025, 2019, 2023)
    """
    year, _, rest = date.partition("-")
    return int(year) - (bool(rest) and int(rest[:2]) < 4)


def era_year(year: int, month: int = 12) -> str:
    """Return a Western year as a year of its era: the one in a month, at the year's end if none is named.

    A fiscal year is told as a year is: the government writes 令和元年度 for the one from April 2019.

    >>> era_year(2024), era_year(2019), era_year(1989), era_year(1950), era_year(2019, 4)
    ('令和6年', '令和元年', '平成元年', '昭和25年', '平成31年')

    Raises
    ------
    ValueError : before 昭和
    """
    for era, (_letter, before) in ERAS.items():
        if (year, month) >= (before + 1, _FIRST_MONTHS[era]):
            return f"{era}{'元' if year == before + 1 else year - before}年"
    raise ValueError(f"{year} is before 昭和")
