"""What figures must not be compared with: those across a break, and people who live elsewhere."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from geo.csv_tables import read_table
from geo.errors import Finding, InvalidRows
from geo.periods import is_period, period_of

_CODE = re.compile(r"[0-9]{5}")


@dataclass(frozen=True)
class Break:
    """From ``period`` on, the figures of ``indicator`` are not to be compared with those before."""

    indicator: str
    period: str
    reason_ja: str
    reason_en: str
    source: str


@dataclass(frozen=True)
class Evacuation:
    """Periods in which residents on an area's register lived elsewhere; without a last one, until now."""

    area_code: str
    first: str
    last: str
    reason_ja: str
    reason_en: str
    source: str

    def holds(self, period: str) -> bool:
        """Return whether residents lived elsewhere in a period."""
        own = period_of(period)
        return _start(self.first) <= own.last and (not self.last or own.first <= period_of(self.last).last)


def read_breaks(path: Path) -> list[Break]:
    """Return the breaks of a table, by indicator and period.

    Raises
    ------
    InvalidFile, InvalidRows : wrong cells, all of them listed
    """
    rows = read_table(path, Break)
    _refuse(
        path,
        [
            Finding(f"line {line}", "period", row.period, "a period such as 2020, 2025-Q1 or 2025-04")
            for line, row in rows
            if not is_period(row.period)
        ]
        + _without_words(rows),
    )
    return sorted((row for _, row in rows), key=lambda row: (row.indicator, row.period))


def read_evacuations(path: Path) -> list[Evacuation]:
    """Return the evacuations of a table, by area code and first period.

    Raises
    ------
    InvalidFile, InvalidRows : wrong cells, all of them listed
    """
    rows = read_table(path, Evacuation)
    findings = []
    for line, row in rows:
        if not _CODE.fullmatch(row.area_code):
            findings.append(Finding(f"line {line}", "area_code", row.area_code, "a code such as 07546"))
        if not is_period(row.first) or (row.last and not row.first <= row.last):
            expected = "a period such as 2011, not after the last"
            findings.append(Finding(f"line {line}", "first", row.first, expected))
    _refuse(path, findings + _without_words(rows))
    return sorted((row for _, row in rows), key=lambda row: (row.area_code, row.first))


def _without_words(rows: Sequence[tuple[int, Break] | tuple[int, Evacuation]]) -> list[Finding]:
    return [
        Finding(f"line {line}", name, "", "a text")
        for line, row in rows
        for name in ("reason_ja", "reason_en", "source")
        if not getattr(row, name)
    ]


def _refuse(path: Path, findings: Collection[Finding]) -> None:
    if findings:
        raise InvalidRows(f"{path.name} has {len(findings)} faults", tuple(findings))


def break_between(breaks: Sequence[Break], first: str, last: str) -> Break | None:
    """Return the newest break between two periods; None where their figures can be compared.

    Parameters
    ----------
    breaks : ascending by period
    """
    start, end = _start(first), _start(last)
    return next((one for one in reversed(breaks) if start < _start(one.period) <= end), None)


def _start(period: str) -> int:
    return period_of(period).first


def comparable(breaks: Sequence[Break], points: Sequence[tuple[str, float]]) -> Sequence[tuple[str, float]]:
    """Return the points that can be compared with the last one.

    Parameters
    ----------
    breaks : ascending by period
    points : period and value, ascending
    """
    if not points:
        return points
    broken = break_between(breaks, points[0][0], points[-1][0])
    return (
        points if broken is None else [point for point in points if _start(point[0]) >= _start(broken.period)]
    )
