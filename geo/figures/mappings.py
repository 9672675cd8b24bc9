"""Which values of a table of e-Stat are figures of which indicator: a table that a person edits.

    table,indicator,select,area,period,skip_areas,source,boundary_date
    0003433219,population,tab=2020_01;cat01=0,area,time,,census-2020,2020-10-01

``select`` names a code of each dimension that does not tell area or period; of a dimension with one code
alone it may be left out. ``area`` and ``period`` name dimensions; ``period`` may be one itself: 2020.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from geo.csv_tables import read_table
from geo.errors import Finding, InvalidFile, InvalidRows
from geo.figures.estat import Selection, Table
from geo.periods import EXPECTED, PeriodKind, is_of, is_period

_TABLE = re.compile(r"[0-9]{10}")
_DIMENSION = re.compile(r"tab|area|time|cat(0[1-9]|1[0-5])")
#: The API narrows a dimension to so many codes.
MOST_CODES = 100


@dataclass(frozen=True)
class _Line:
    table: str
    indicator: str
    select: tuple[str, ...]
    area: str
    period: str
    skip_areas: tuple[str, ...]
    source: str
    boundary_date: dt.date


@dataclass(frozen=True)
class Mapped:
    """A line of a mapping: values of a table that are figures of an indicator, and whose they are."""

    line: int
    table: str
    selection: Selection
    source: str
    boundary_date: dt.date


def read_mapping(path: Path) -> list[Mapped]:
    """Return the lines of a mapping.

    Raises
    ------
    InvalidFile : another header, or no lines
    InvalidRows : every wrong cell with line, column, value and what was expected
    """
    findings: list[Finding] = []
    lines = [(line, row, _codes(line, row, findings)) for line, row in read_table(path, _Line)]
    first: dict[tuple[str, str], tuple[int, _Line]] = {}
    for line, row, _ in lines:
        findings += _faults(line, row)
        at, other = first.setdefault((row.table, row.indicator), (line, row))
        if (row.source, row.boundary_date) != (other.source, other.boundary_date):
            expected = f"as in line {at}: {other.source}, {other.boundary_date}"
            findings.append(Finding(f"line {line}", "source", row.source, expected))
    if findings:
        raise InvalidRows(f"{path.name} has {len(findings)} faults", findings)
    if not lines:
        raise InvalidFile(f"{path.name} has no lines", [Finding("file", "rows", "", "a line at least")])
    return [
        Mapped(
            line,
            row.table,
            Selection(row.indicator, codes, row.area, row.period, row.skip_areas),
            row.source,
            row.boundary_date,
        )
        for line, row, codes in lines
    ]


def _codes(line: int, row: _Line, findings: list[Finding]) -> dict[str, str]:
    found: dict[str, str] = {}
    for written in row.select:
        dimension, _, code = written.partition("=")
        if not _DIMENSION.fullmatch(dimension) or not code or dimension in found:
            findings.append(Finding(f"line {line}", "select", written, "a dimension and its code: cat01=0"))
        found[dimension] = code
    return found


def _faults(line: int, row: _Line) -> Iterator[Finding]:
    where = f"line {line}"
    if not _TABLE.fullmatch(row.table):
        yield Finding(where, "table", row.table, "the ten digits of a table (statsDataId): 0003433219")
    if not _DIMENSION.fullmatch(row.area):
        yield Finding(where, "area", row.area, "the dimension that tells the area: area")
    if not _DIMENSION.fullmatch(row.period) and not is_period(row.period):
        expected = "the dimension that tells the period: time; or a period such as 2020, 2025-Q1, 2025-04"
        yield Finding(where, "period", row.period, expected)


def of_kinds(
    mapping: Sequence[Mapped], kinds: Mapping[str, PeriodKind], sources: Collection[str]
) -> list[Mapped]:
    """Return a mapping that knows of which kind the periods are.

    Parameters
    ----------
    kinds : observed indicator → its kind of period

    Raises
    ------
    InvalidRows : indicators or sources that do not exist, a period of another kind; each with its line
    """
    findings = []
    for one in mapping:
        chosen, kind = one.selection, kinds.get(one.selection.indicator)
        if kind is None:
            expected = "the id of an observed indicator, see /v1/indicators"
            findings.append(Finding(f"line {one.line}", "indicator", chosen.indicator, expected))
        elif is_period(chosen.period) and not is_of(chosen.period, kind):
            findings.append(Finding(f"line {one.line}", "period", chosen.period, EXPECTED[kind]))
        if one.source not in sources:
            expected = f"one of {', '.join(sorted(sources))}"
            findings.append(Finding(f"line {one.line}", "source", one.source, expected))
    if findings:
        raise InvalidRows(f"The mapping has {len(findings)} faults", findings)
    return [
        replace(one, selection=replace(one.selection, kind=kinds[one.selection.indicator])) for one in mapping
    ]


def fitted(mapping: Sequence[Mapped], table: Table) -> list[Mapped]:
    """Return a mapping as it is of a table.

    Every dimension of the table must tell the area or the period, be selected, or have one code alone, and
    there must be a period of the kind that the indicator has.

    Raises
    ------
    InvalidRows : it does not fit what the table tells of itself, each line with its place
    """
    findings = [finding for one in mapping for finding in _misfits(one, table.dimensions)]
    if findings:
        raise InvalidRows(f"The mapping does not fit the table {table.id}", findings)
    return [
        replace(one, selection=one.selection.among(table.dimensions.get(one.selection.period, ())))
        for one in mapping
    ]


def _misfits(one: Mapped, dimensions: Mapping[str, Mapping[str, str]]) -> Iterator[Finding]:
    where, chosen = f"line {one.line}", one.selection
    telling = {"area": chosen.area, "period": chosen.period}
    for column, name in telling.items():
        if not is_period(name) and name not in dimensions:
            yield Finding(where, column, name, f"one of {', '.join(dimensions)}")
    times = dimensions.get(chosen.period, {})
    if times and not chosen.has_period(times):
        yield Finding(where, "period", _some(times), EXPECTED[chosen.kind])
    for name, code in chosen.codes.items():
        if name not in dimensions:
            yield Finding(where, "select", name, f"one of {', '.join(dimensions)}")
        elif code not in dimensions[name]:
            yield Finding(where, "select", f"{name}={code}", f"one of {_some(dimensions[name])}")
    for name, codes in dimensions.items():
        if name not in chosen.codes and name not in telling.values() and len(codes) > 1:
            yield Finding(where, "select", "", f"a code of {name}: {_some(codes)}")


def _some(codes: Mapping[str, str]) -> str:
    listed = [f"{code} {name}" for code, name in codes.items()]
    return ", ".join(listed[:10]) + (" …" if len(listed) > 10 else "")


def narrowed(mapping: Iterable[Mapped]) -> dict[str, str]:
    """Return the parameters of the API that leave out what no line of a mapping selects.

    >>> selections = [Selection("a", {"cat01": "0"}), Selection("b", {"cat01": "1", "tab": "2"})]
    >>> narrowed(Mapped(2, "0003433219", one, "s", dt.date(2020, 10, 1)) for one in selections)
    {'cdCat01': '0,1'}
    """
    selections = [one.selection.codes for one in mapping]
    common = set.intersection(*(set(codes) for codes in selections))
    wanted = {name: dict.fromkeys(codes[name] for codes in selections) for name in sorted(common)}
    return {
        f"cd{name.capitalize()}": ",".join(codes)
        for name, codes in wanted.items()
        if len(codes) <= MOST_CODES
    }
