"""Which columns of a published table are figures of which indicator: a table that a person edits.

    file,indicator,value,where,area,period,boundary_date,blank,rows,source
    juki.csv.gz,register-population-men,total,sex=M;level=pref|municipality|ward,code,year,ref_date,,1,register

One line for each indicator, or for each column where years stand side by side. ``value`` is a column, or
several to be added up; ``where`` chooses rows by what stands in other columns.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from geo.codes import NORTHERN_TERRITORIES, area_code
from geo.csv_tables import read_table
from geo.errors import ChiikiError, Finding, Findings, InvalidFile, InvalidRows
from geo.figures.observations import EXPECTED_NUMBER, STATUSES, Row, decoded, number

#: The layout that ships, in the folder of mappings.
LAYOUT = "tables.csv"

_YEAR = re.compile(r"(18|19|20|21)[0-9]{2}")
#: A day of a year that is so many years after the period: that at the end of a fiscal year is +1-03-31.
_DAY = re.compile(r"\+([0-9])-([0-9]{2})-([0-9]{2})")
#: What stands in brackets is a figure all the same (the special wards in tables of public finance).
_BRACKETS = re.compile(r"[(（]([^()（）]+)[)）]")

#: Prefecture, name and day → the code of the area that was called so.
Find = Callable[[str, str, dt.date], str]


@dataclass(frozen=True)
class Line:
    """One line of a layout, a column for each attribute.

    Attributes
    ----------
    file : name of the published file; gzipped or not
    value : the column of the figure, or columns to be added up: ``00_04 + 05_09``
    where : ``column=value|other``: rows in which each of these columns holds one of its values, or with
        ``!=`` none of them
    area : the column of codes; or ``prefecture + name``, columns of names that are looked up. A row without
        is no area's
    period : the column of years, or a year
    boundary_date : a day on which the codes or names hold: a date, a column of dates, or ``+1-03-31``, the
        31 March of the year after the period
    blank : the status of an empty cell; where none is given, an empty cell is no figure
    rows : how many rows make up one figure, such as 2 where men and women stand apart
    """

    file: str
    indicator: str
    value: str
    where: tuple[str, ...]
    area: str
    period: str
    boundary_date: str
    blank: str
    rows: int
    source: str

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns that are added up."""
        return tuple(name.strip() for name in self.value.split("+"))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns that tell the area."""
        return tuple(name.strip() for name in self.area.split("+"))

    @cached_property
    def chosen(self) -> tuple[tuple[str, bool, frozenset[str]], ...]:
        """A column, whether it holds one of its values or none of them, and the values."""
        split = (one.partition("=") for one in self.where)
        return tuple(
            (column.removesuffix("!"), not column.endswith("!"), frozenset(values.split("|")))
            for column, _, values in split
        )

    @cached_property
    def is_of_year(self) -> bool:
        """Whether the period is a year, not a column of years."""
        return _YEAR.fullmatch(self.period) is not None

    def holds(self, cells: Mapping[str, str]) -> bool:
        """Return whether a row counts."""
        return all((cells[column] in values) == among for column, among, values in self.chosen)


class _Misfit(Exception):
    """A cell that is not what it should be: its column, what stands there, what was expected."""


@dataclass(frozen=True)
class Part:
    """Figures that share a source and a day on which their area codes hold."""

    source: str
    boundary_date: dt.date
    rows: list[Row]


def read_layout(path: Path) -> list[tuple[int, Line]]:
    """Return line numbers and lines of a layout.

    Raises
    ------
    InvalidFile : another header
    InvalidRows : every wrong cell with line, column, value and what was expected
    """
    lines = read_table(path, Line)
    findings = [
        Finding(f"line {at}", field, str(getattr(line, field)), expected)
        for at, line in lines
        for field, expected in _faults(line)
    ]
    if findings:
        raise InvalidRows(f"{path.name} has {len(findings)} faults", findings)
    return lines


def _faults(line: Line) -> Iterator[tuple[str, str]]:
    if not all(line.columns):
        yield "value", "a column, or several with + between"
    if len(line.names) > 2 or not all(line.names):
        yield "area", "a column of codes, or those of prefecture and name with + between"
    if any("=" not in one for one in line.where):
        yield "where", "a column and its values: level=pref|municipality"
    if line.blank not in ("", *STATUSES[1:]):
        yield "blank", f"empty or one of {', '.join(STATUSES[1:])}"
    if not line.period:
        yield "period", "a year, or the column of years"
    if not line.boundary_date:
        yield "boundary_date", "a date, a column of dates, or a day such as +1-03-31"
    if line.rows < 1:
        yield "rows", "how many rows make up one figure: 1 or more"


def read_by_layout(name: str, data: bytes, layout: Sequence[tuple[int, Line]], find: Find) -> list[Part]:
    """Return the figures of a published table, by source and the day on which their area codes hold.

    Villages of the Northern Territories, which have no statistics, are left out.

    Parameters
    ----------
    layout : the lines of this file
    find : tells the code of an area by prefecture, name and day; raises what is told as a fault

    Raises
    ------
    InvalidFile : a column that the table does not have
    InvalidRows : every cell that is no figure, every area that is none, every figure that has not as many
        rows as its line says
    """
    reader = csv.DictReader(io.StringIO(decoded(data, name), newline=""), strict=True)
    _check_columns(name, reader.fieldnames or (), [line for _, line in layout])
    table = _Table(layout, find)
    for cells in reader:
        table.add(reader.line_num, cells)
    return table.parts(name)


def _check_columns(name: str, header: Sequence[str], lines: Sequence[Line]) -> None:
    wanted: dict[str, None] = {}
    for line in lines:
        wanted |= dict.fromkeys((*line.columns, *line.names, *(column for column, _, _ in line.chosen)))
        wanted |= {} if line.is_of_year else {line.period: None}
        wanted |= {} if _is_day(line.boundary_date) else {line.boundary_date: None}
    lacking = [
        Finding("line 1", "header", column, f"a column of {name}")
        for column in wanted
        if column not in header
    ]
    if lacking:
        raise InvalidFile(f"{name} lacks {len(lacking)} columns of its layout", lacking)


@dataclass
class _Sum:
    """A figure made up of rows; ``line`` is the first of them."""

    value: float | None
    status: str
    raw: str
    line: int
    rows: int = 1

    def add(self, other: _Sum) -> None:
        """Add another row."""
        self.rows += 1
        if self.value is not None:
            self.value = None if other.value is None else self.value + other.value
            self.status, self.raw = other.status, self.raw or other.raw


class _Cells:
    """The cells of a row, each read as a number once."""

    def __init__(self, written: Mapping[str, str]) -> None:
        self.written = written
        self._numbers: dict[str, tuple[float | None, str, str]] = {}

    def number(self, column: str) -> tuple[float | None, str, str]:
        """Return value, status, and what stands there where that is more; an empty cell has no status."""
        if column not in self._numbers:
            written = self.written[column].strip()
            bare = _BRACKETS.sub(r"\1", written)
            try:
                value, status = number(bare) if bare else (None, "")
            except ValueError:
                raise _Misfit(column, written, EXPECTED_NUMBER) from None
            self._numbers[column] = value, status, "" if value is not None and bare == written else written
        return self._numbers[column]


class _Table:
    """Figures as they are read, row by row."""

    def __init__(self, layout: Sequence[tuple[int, Line]], find: Find) -> None:
        self._find = find
        #: lines that choose the same rows are asked once
        self._lines: dict[tuple[str, ...], list[Line]] = {}
        for _, line in layout:
            self._lines.setdefault(line.where, []).append(line)
        self._codes: dict[tuple[str, ...], str | ChiikiError] = {}
        self._found: dict[tuple[int, str, str, dt.date], tuple[Line, _Sum]] = {}
        self._findings = Findings()

    def add(self, at: int, written: Mapping[str, str]) -> None:
        """Add the figures of a row."""
        cells = _Cells(written)
        for lines in self._lines.values():
            if not lines[0].holds(written):
                continue
            for line in lines:
                try:
                    self._count(at, line, cells)
                except _Misfit as misfit:
                    self._findings.append(Finding(f"line {at}", *misfit.args))

    def _code(self, line: Line, cells: Mapping[str, str], day: dt.date) -> str:
        """Return the code of the area of a row; nothing where it is no area's."""
        written = tuple(cells[column].strip() for column in line.names)
        key = (*written, str(day)) if len(written) > 1 else written
        if key not in self._codes:
            try:
                self._codes[key] = self._code_of(written, day)
            except ChiikiError as error:
                self._codes[key] = error
        known = self._codes[key]
        if isinstance(known, ChiikiError):
            expected = known.findings[0].expected if known.findings else known.message
            raise _Misfit(line.area, " ".join(written), expected)
        return known

    def _code_of(self, written: tuple[str, ...], day: dt.date) -> str:
        if not all(written):
            return ""
        code = self._find(written[0], written[1], day) if len(written) > 1 else area_code(written[0])
        return "" if code in NORTHERN_TERRITORIES else code

    def _count(self, at: int, line: Line, cells: _Cells) -> None:
        period = line.period if line.is_of_year else cells.written[line.period].strip()
        if not _YEAR.fullmatch(period):
            raise _Misfit(line.period, period, "a year such as 2020")
        day = _day(line.boundary_date, cells.written, period)
        code = self._code(line, cells.written, day)
        if not code:
            return
        parts = [cells.number(column) for column in line.columns]
        if not line.blank and any(not status for _, status, _ in parts):
            return
        values = [value for value, _, _ in parts if value is not None]
        whole = len(values) == len(parts)
        status = "ok" if whole else next(said or line.blank for value, said, _ in parts if value is None)
        raw = next((one for _, _, one in parts if one), "")
        read = _Sum(sum(values) if whole else None, status, raw, at)
        _, before = self._found.setdefault((id(line), code, period, day), (line, read))
        if before is not read:
            before.add(read)

    def parts(self, name: str) -> list[Part]:
        """Return what was read, or every fault."""
        once: dict[tuple[str, str, str], int] = {}
        parts: dict[tuple[str, dt.date], list[Row]] = {}
        for (_, code, period, day), (line, one) in self._found.items():
            where, told = f"line {one.line}", f"{line.indicator} {code} {period}"
            if one.rows != line.rows:
                self._findings.append(Finding(where, "rows", f"{told}: {one.rows}", f"{line.rows}"))
            if (first := once.get((line.indicator, code, period))) is not None:
                self._findings.append(Finding(where, "row", told, f"one figure: line {first} has it"))
            once[line.indicator, code, period] = one.line
            row = Row(line.indicator, code, period, one.value, one.status, one.raw, one.line)
            parts.setdefault((line.source, day), []).append(row)
        if self._findings:
            raise InvalidRows(f"{name} has {self._findings.total} faults", self._findings)
        return [Part(source, day, rows) for (source, day), rows in parts.items()]


def _is_day(written: str) -> bool:
    """Return whether a text is a day itself, not the column of one."""
    return written[0].isdigit() or written[0] == "+"


def _day(written: str, cells: Mapping[str, str], period: str) -> dt.date:
    """Return the day on which the area codes of a row hold.

    >>> _day("+1-03-31", {}, "2021")
    datetime.date(2022, 3, 31)
    """
    told = written if _is_day(written) else cells[written].strip()
    if found := _DAY.fullmatch(told):
        told = f"{int(period) + int(found[1])}-{found[2]}-{found[3]}"
    try:
        return dt.date.fromisoformat(told)
    except ValueError:
        raise _Misfit(written, told, "a date such as 2020-10-01") from None
