"""Periods: years, fiscal years, quarters and months, each with one text and all in one order.

Everywhere else a period is its text: ``2025`` for a year of any kind, ``2025-Q1``, ``2025-04``. An indicator
has periods of one kind, and texts of one kind stand in order as texts do. What compares two kinds asks here.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from geo.eras import era_year, year_of_era
from geo.text import Text

PeriodKind = Literal["census", "calendar_year", "fiscal_year", "quarter", "month"]
KINDS: tuple[PeriodKind, ...] = get_args(PeriodKind)
#: A period of these is less than a year.
PARTS = ("quarter", "month")

#: What a figure's period must be, by the kind of its indicator.
EXPECTED: Mapping[PeriodKind, str] = {
    "census": "the year of a census such as 2020 or 2020年",
    "calendar_year": "a calendar year such as 2024, 2024年 or 令和6年",
    "fiscal_year": "a fiscal year such as FY2024, 2024, 2024年度 or 令和6年度",
    "quarter": "a quarter such as 2025-Q1, 2025Q1 or 2025年1〜3月期",
    "month": "a month such as 2025-04, 202504, 2025年4月 or 令和7年4月",
}
_NAMES: Mapping[PeriodKind, str] = {
    "census": "a calendar year",
    "calendar_year": "a calendar year",
    "fiscal_year": "a fiscal year",
    "quarter": "a quarter",
    "month": "a month",
}


@dataclass(frozen=True, order=True)
class Period:
    """A span of whole months, in the order of when periods end, then of when they begin.

    Attributes
    ----------
    last, first : months since the year 0, both of them within
    """

    last: int
    first: int
    kind: PeriodKind

    @classmethod
    def year_of(cls, year: int, kind: PeriodKind) -> Period:
        """Return a year of a kind; a fiscal one begins in April."""
        first = year * 12 + (3 if kind == "fiscal_year" else 0)
        return cls(first + 11, first, kind)

    @classmethod
    def quarter_of(cls, year: int, quarter: int) -> Period:
        """Return a quarter of a calendar year, 1 to 4."""
        first = year * 12 + (quarter - 1) * 3
        return cls(first + 2, first, "quarter")

    @classmethod
    def month_of(cls, year: int, month: int) -> Period:
        """Return a month, 1 to 12."""
        at = year * 12 + month - 1
        return cls(at, at, "month")

    @property
    def text(self) -> str:
        """The one way in which the period is written in addresses, files and tables.

        >>> Period.month_of(2025, 4).text, Period.quarter_of(2025, 1).text
        ('2025-04', '2025-Q1')
        """
        year, month = divmod(self.first, 12)
        ends = {"month": f"-{month + 1:02d}", "quarter": f"-Q{month // 3 + 1}"}
        return f"{year}{ends.get(self.kind, '')}"

    @property
    def days(self) -> tuple[dt.date, dt.date]:
        """The first and the last day."""
        (year, month), (last_year, last_month) = divmod(self.first, 12), divmod(self.last, 12)
        last_day = calendar.monthrange(last_year, last_month + 1)[1]
        return dt.date(year, month + 1, 1), dt.date(last_year, last_month + 1, last_day)

    @property
    def label(self) -> Text:
        """The period as people read it, in Japanese and English; a quarter's era is that of its end."""
        year = self.first // 12
        if self.kind not in PARTS:
            suffix = "度" if self.kind == "fiscal_year" else ""
            era = f"（{era_year(year)}{suffix}）" if year > 1925 else ""
            return {"ja": f"{year}年{suffix}{era}", "en": f"FY{year}" if suffix else str(year)}
        first, last = self.first % 12 + 1, self.last % 12 + 1
        era = f"（{era_year(year, last)}）" if year > 1925 else ""
        if self.kind == "month":
            return {"ja": f"{year}年{last}月{era}", "en": f"{calendar.month_name[last]} {year}"}
        span = f"{calendar.month_name[first]}–{calendar.month_name[last]}"
        return {"ja": f"{year}年{first}〜{last}月期{era}", "en": f"{span} {year}"}


# As it is written here

_TEXT = re.compile(r"((?:18|19|20|21)[0-9]{2})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?")


@lru_cache(maxsize=4096)
def period_of(text: str, kind: PeriodKind = "calendar_year") -> Period:
    """Return the period of a text as it is written here; the kind says what a year means.

    Raises
    ------
    ValueError : no such text
    """
    found = _TEXT.fullmatch(text)
    if not found:
        raise ValueError(f"{text[:40]!r} is no period")
    year = int(found[1])
    if found[2]:
        return Period.quarter_of(year, int(found[2]))
    if found[3]:
        return Period.month_of(year, int(found[3]))
    return Period.year_of(year, "calendar_year" if kind in PARTS else kind)


def is_period(text: str) -> bool:
    """Return whether a text is a period as it is written here."""
    return _TEXT.fullmatch(text) is not None


def is_of(text: str, kind: PeriodKind) -> bool:
    """Return whether a text is a period of a kind as it is written here; a year is of every kind of year.

    >>> is_of("2020", "fiscal_year"), is_of("2025-04", "month"), is_of("2020", "month")
    (True, True, False)
    """
    return is_period(text) and period_of(text, kind).kind == kind


def period_label(period: str, kind: PeriodKind) -> Text:
    """Return a period as people read it, in Japanese and English.

    Examples
    --------
    >>> period_label("2020", "census"), period_label("2024", "fiscal_year")["ja"]
    ({'ja': '2020年（令和2年）', 'en': '2020'}, '2024年度（令和6年度）')
    >>> period_label("2025-04", "month"), period_label("2025-Q1", "quarter")["en"]
    ({'ja': '2025年4月（令和7年）', 'en': 'April 2025'}, 'January–March 2025')
    """
    return period_of(period, kind).label


def years_later(period: str, years: int) -> str:
    """Return the period so many years later, or earlier where that is below 0.

    >>> years_later("2020", -5), years_later("2025-Q1", 1), years_later("2025-04", -1)
    ('2015', '2026-Q1', '2024-04')
    """
    return f"{int(period[:4]) + years:04d}{period[4:]}"


def years_between(before: str, after: str) -> float:
    """Return the years from one period to a later one of its kind; a whole number where they are whole.

    >>> years_between("2015", "2020"), years_between("2024-12", "2025-03")
    (5, 0.25)
    """
    months = period_of(after).first - period_of(before).first
    return months / 12 if months % 12 else months // 12


def newest_not_after(periods: Iterable[str], limit: str) -> str | None:
    """Return the newest period that has ended when another does; None where there is none.

    A year is held against years by its number alone, so that a fiscal year goes with the census in it.

    >>> newest_not_after(["2015", "2020"], "2020"), newest_not_after(["2015", "2020"], "2020-04")
    ('2020', '2015')
    """
    end = period_of(limit).last
    return max((one for one in periods if period_of(one).last <= end), default=None)


def within(periods: Sequence[str], first: str | None, last: str | None) -> list[str]:
    """Return the periods that begin with one or later, and end with another or earlier.

    >>> within(["2023-12", "2024-01", "2024-12", "2025-01"], "2024", "2024")
    ['2024-01', '2024-12']
    """
    start = None if first is None else period_of(first).first
    end = None if last is None else period_of(last).last
    return [
        one
        for one in periods
        if (start is None or period_of(one).first >= start) and (end is None or period_of(one).last <= end)
    ]


# As people write it

_DASHES = str.maketrans(dict.fromkeys("−‐‑‒–—―─━ー﹣〜~", "-"))
_ROMAN = {"I": "1", "II": "2", "III": "3", "IV": "4"}
_MONTHS = {name.upper(): at for at, name in enumerate(calendar.month_name) if name} | {
    name.upper(): at for at, name in enumerate(calendar.month_abbr) if name
}
#: 第1四半期, 第Ⅰ四半期, 1Q and Q1 are one.
_QUARTER = re.compile(r"第([1-4]|IV|I{1,3})四半期|(?<![0-9])([1-4])Q")
_YEAR_LAST = re.compile(r"(Q[1-4]|[A-Z]{3,9})[-/.]?([0-9]{4})")
_YEAR = re.compile(r"(FY)?((?:18|19|20|21)[0-9]{2}|(?:令和|平成|昭和|[RHS])(?:元|[0-9]{1,2}))(.*)")
_OF_YEAR = {
    "quarter": re.compile(r"(?:年度|年|[-/.])?Q([1-4])期?"),
    "months": re.compile(r"(?:年|[-/.])([0-9]{1,2})月?-([0-9]{1,2})月期?"),
    # a spreadsheet makes the first day of 2025-04
    "month": re.compile(r"年(0?[1-9]|1[0-2])月(?:1日)?|[-/](0?[1-9]|1[0-2])(?:[-/]0?1(?:00:00:00)?)?"),
    # with both digits: what a spreadsheet makes of 2025.10 is 2025.1
    "dotted": re.compile(r"\.(0[1-9]|1[0-2])"),
}
_SIX_DIGITS = re.compile(r"((?:18|19|20|21)[0-9]{2})(0[1-9]|1[0-2])")


def read_period(written: str, kind: PeriodKind) -> Period:
    """Return the period that people write, of the kind that an indicator has.

    A number alone is a year of that kind; 年 and 年度 say which. No year is made of months, no months of a
    year. Six digits are a month where months are expected. A fiscal year's quarters begin in April.

    Raises
    ------
    ValueError : a period of another kind, an impossible one, or none; the message is what was expected

    Examples
    --------
    >>> [read_period(one, "month").text for one in ("2025年4月", "令和7年4月", "202504")]
    ['2025-04', '2025-04', '2025-04']
    >>> [read_period(one, "quarter").text for one in ("2025年1〜3月期", "令和6年度第4四半期")]
    ['2025-Q1', '2025-Q1']
    >>> read_period("令和6年度", "fiscal_year").text, read_period("FY2024", "fiscal_year").text
    ('2024', '2024')
    >>> read_period("FY2024", "calendar_year")
    Traceback (most recent call last):
    ValueError: a calendar year such as 2024, 2024年 or 令和6年; FY2024 is a fiscal year
    """
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", written)).upper().translate(_DASHES)
    if kind == "month" and (six := _SIX_DIGITS.fullmatch(plain)):
        return Period.month_of(int(six[1]), int(six[2]))
    try:
        found = _found(plain, kind)
    except ValueError:
        raise ValueError(EXPECTED[kind]) from None
    if _NAMES[found.kind] != _NAMES[kind]:
        raise ValueError(f"{EXPECTED[kind]}; {written.strip()[:20]} is {_NAMES[found.kind]}")
    return found


def canonical(written: str, kind: PeriodKind) -> str:
    """Return the text of a period that a person asks for; what is no period of the kind stays as it is.

    >>> canonical("令和2年度", "fiscal_year"), canonical("2020", "census"), canonical("soon", "month")
    ('2020', '2020', 'soon')
    """
    try:
        return read_period(written, kind).text
    except ValueError:
        return written


def _found(plain: str, kind: PeriodKind) -> Period:
    """Return the period of a text in upper case without spaces; a bare year is of the kind expected."""
    plain = _QUARTER.sub(lambda found: "Q" + _ROMAN.get(found[1] or found[2], found[1] or found[2]), plain)
    if swapped := _YEAR_LAST.fullmatch(plain):
        plain = f"{swapped[2]}-{_MONTHS.get(swapped[1], swapped[1])}"
    year = _YEAR.fullmatch(plain)
    if not year:
        raise ValueError(plain)
    (number, begins), rest = year_of_era(year[2]), year[3]
    is_fiscal = bool(year[1]) or rest.startswith("年度")
    if rest in ("", "年", "年度"):
        return Period.year_of(number, _kind_of_year(kind, is_fiscal=is_fiscal, is_bare=not rest))
    # a year of an era is no number, and of R7.4 no spreadsheet leaves anything out
    found = _part(rest if year[2].isdecimal() else rest.replace(".", "-"), number, is_fiscal=is_fiscal)
    # 令和元年 begins in May; the last quarter of a fiscal year may lie beyond all years there are
    if found.last < number * 12 + begins - 1 or not is_period(found.text):
        raise ValueError(plain)
    return found


def _kind_of_year(kind: PeriodKind, *, is_fiscal: bool, is_bare: bool) -> PeriodKind:
    if is_fiscal:
        return "fiscal_year"
    if kind in PARTS or not is_bare:
        return "census" if kind == "census" else "calendar_year"
    return kind


def _part(rest: str, year: int, *, is_fiscal: bool) -> Period:
    """Return the quarter or month that follows a year."""
    if found := _OF_YEAR["quarter"].fullmatch(rest):
        # the fourth quarter of a fiscal year is the first of the next calendar year
        later, quarter = divmod(int(found[1]) - 1 + is_fiscal, 4)
        return Period.quarter_of(year + later, quarter + 1)
    if is_fiscal:
        raise ValueError(rest)
    if found := _OF_YEAR["months"].fullmatch(rest):
        first, last = int(found[1]), int(found[2])
        if first in (1, 4, 7, 10) and last == first + 2:
            return Period.quarter_of(year, first // 3 + 1)
    elif found := _OF_YEAR["month"].fullmatch(rest) or _OF_YEAR["dotted"].fullmatch(rest):
        return Period.month_of(year, int(next(filter(None, found.groups()))))
    raise ValueError(rest)


# As e-Stat writes it

#: A year, a fiscal year, or the first and last month of a span: 2025000404, 2025000103.
_CODE = re.compile(r"((?:18|19|20|21)[0-9]{2})(?:([01])0([0-9]{2})([0-9]{2}))?")


def period_of_code(code: str) -> Period | None:
    """Return the period that a time code of e-Stat stands for; None for a span that is no kind of period.

    Raises
    ------
    ValueError : no such code

    Examples
    --------
    >>> period_of_code("2025000103") == Period.quarter_of(2025, 1), period_of_code("2025000106")
    (True, None)
    """
    found = _CODE.fullmatch(code)
    if not found:
        raise ValueError(f"{code!r} is no time code")
    year, first, last = int(found[1]), int(found[3] or 0), int(found[4] or 0)
    if not first and not last:
        return Period.year_of(year, "fiscal_year" if found[2] == "1" else "calendar_year")
    if found[2] == "1" or not 1 <= first <= 12 or not 1 <= last <= 12:
        raise ValueError(f"{code!r} is no time code")
    if first == last:
        return Period.month_of(year, first)
    return Period.quarter_of(year, first // 3 + 1) if first % 3 == 1 and last == first + 2 else None
