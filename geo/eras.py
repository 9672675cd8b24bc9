"""Years as Japan writes them: fiscal ones from April to March, and both kinds in eras (令和6年度)."""

from __future__ import annotations

import re
import unicodedata

from geo.text import Text

#: Era → (letter, the Western year before its first).
ERAS = {"令和": ("R", 2018), "平成": ("H", 1988), "昭和": ("S", 1925)}

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
    if found := _ERA.fullmatch(text):
        before = dict(ERAS.values()) | {era: first for era, (_, first) in ERAS.items()}
        year = 1 if found[2] == "元" else int(found[2])
        if year:
            return before[found[1]] + year
    raise ValueError(f"{written!r} is no fiscal year")


def fiscal_year_of(date: str) -> int:
    """Return the fiscal year that a date lies in, as far as it is told: YYYY, YYYY-MM or YYYY-MM-DD.

    A year alone is taken for the fiscal year of that number.

    >>> fiscal_year_of("2026-03-06"), fiscal_year_of("2019-07"), fiscal_year_of("2023")
    (2025, 2019, 2023)
    """
    year, _, rest = date.partition("-")
    return int(year) - (bool(rest) and int(rest[:2]) < 4)


def era_year(year: int) -> str:
    """Return a Western year as a year of its era: the one at the year's end, as 2019年 is 令和元年.

    A fiscal year is told the same way: the government writes 令和元年度 for the one from April 2019.

    >>> era_year(2024), era_year(2019), era_year(1989), era_year(1950)
    ('令和6年', '令和元年', '平成元年', '昭和25年')

    Raises
    ------
    ValueError : before 昭和
    """
    for era, (_letter, before) in ERAS.items():
        if year > before:
            return f"{era}{'元' if year == before + 1 else year - before}年"
    raise ValueError(f"{year} is before 昭和")


def period_label(period: str, kind: str) -> Text:
    """Return a period as people read it, in Japanese and English.

    Parameters
    ----------
    period : a Western year
    kind : ``fiscal_year``, ``calendar_year`` or ``census``

    Examples
    --------
    >>> period_label("2020", "census"), period_label("2024", "fiscal_year")["ja"]
    ({'ja': '2020年（令和2年）', 'en': '2020'}, '2024年度（令和6年度）')
    """
    era = era_year(int(period))
    if kind == "fiscal_year":
        return {"ja": f"{period}年度（{era}度）", "en": f"FY{period}"}
    return {"ja": f"{period}年（{era}）", "en": period}
