"""Population on grid squares: mesh statistics text of e-Stat, and plain tables of codes and counts.

In the text of e-Stat a cell with few residents gives its breakdown to a neighbour (秘匿 and 合算): its total
stands, its ages do not. Ages are spread over such a group by total population, and the report says how many
cells that concerns; every sum stays what was published.

A cell whose total is not told (``*``, ``X``, empty) has no figure and a status that says why, as every figure
has: it is not a cell where nobody lives.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geo.errors import Finding, InvalidFile, InvalidRows
from geo.figures.observations import SYMBOLS, decoded
from geo.files.archives import text_of
from geo.transit import mesh

Floats = NDArray[np.float64]

#: Column → how it is labelled by e-Stat, and in plain tables.
LABELS = {
    "population": (r"人口\(総数\)|人口総数", ("pop", "population", "人口")),
    "population_65_plus": (r"65歳以上人口(総数)?", ("population_65_plus", "pop65")),
    "population_75_plus": (r"75歳以上人口(総数)?", ("population_75_plus", "pop75")),
    "households": (r"世帯総数", ("households", "世帯")),
}
#: Columns of a table without header: code, population, male, female, households.
BARE = ("population", "", "", "households")
SOURCE, RECEIVER = "HTKSYORI", "HTKSAKI"
#: Tables of the 2020 census (人口及び世帯: T001100 of 1 km, T001101 of 500 m, T001102 of 250 m), and of which
#: column which number is. Copies without the row of labels have these alone.
_NUMBERED = re.compile(r"T00110[0-2](\d{3})")
NUMBERS = {"001": "population", "019": "population_65_plus", "022": "population_75_plus", "034": "households"}
_COUNT = re.compile(r"\d{1,9}(\.\d+)?|\d{1,3}(,\d{3}){1,2}")


@dataclass(frozen=True)
class Grid:
    """Cells of one size, ordered by code, and their columns; NaN where not told.

    Attributes
    ----------
    digits : of a code, which is the size: 9 for 500 m
    statuses : (n,) of each cell's population: ``ok``, or why it is not told, as in
        ``geo.figures.observations``
    spread : cells whose ages were spread over their disclosure group
    joined : rows that were parts of a cell told before (prefecture files share border cells)
    """

    digits: int
    codes: NDArray[np.str_]
    columns: Mapping[str, Floats]
    statuses: NDArray[np.str_]
    spread: int = 0
    joined: int = 0

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def without_figure(self) -> dict[str, int]:
        """How many cells have no population, by the reason."""
        reasons, counts = np.unique(self.statuses[self.statuses != "ok"], return_counts=True)
        return dict(zip(reasons.tolist(), counts.tolist(), strict=True))


@dataclass
class _Table:
    """What one file tells: the columns of each cell, and why a population is missing.

    Attributes
    ----------
    groups : receiving cell → those that gave it their ages, where these are still to be spread
    joined : rows that were parts of a cell told before
    """

    columns: tuple[str, ...]
    cells: dict[str, list[float]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    joined: int = 0

    def add(self, code: str, values: list[float], reason: str | None) -> None:
        """Add a cell, or a part of one that is there. Where a part is not told, neither is the whole."""
        if reason is not None:
            self.missing.setdefault(code, reason)
        before = self.cells.get(code)
        self.cells[code] = values if before is None else [a + b for a, b in zip(before, values, strict=True)]
        self.joined += before is not None


@dataclass(frozen=True)
class _Text:
    """A file as rows of cells with the lines they begin on, and what is wrong with them."""

    name: str
    rows: list[tuple[int, list[str]]]
    findings: list[Finding]

    def refuse(self, line: int, field: str, value: str, expected: str) -> None:
        self.findings.append(Finding(f"{self.name} line {line}", field, value, expected))

    def cells(self, header: int, width: int) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows below the header; refuse those cut off, too long or told twice."""
        widest = len(self.rows[0][1])
        first: dict[tuple[str, ...], int] = {}
        for line, row in self.rows[header:]:
            if len(row) < width:
                self.refuse(line, "row", ",".join(row), f"{width} cells at least: the row is cut off")
            elif any(row[widest:]):
                self.refuse(line, "row", ",".join(row), f"{widest} cells, as the first row has")
            elif (before := first.setdefault(tuple(row), line)) != line:
                self.refuse(line, "row", ",".join(row), f"a cell told once: line {before} is the same")
            else:
                yield line, row


def read_grid(paths: Sequence[Path]) -> Grid:
    """Return the grid that files tell together; parts of a cell are added up.

    Parameters
    ----------
    paths : texts, each of them also gzipped or the only text of a zip, as e-Stat hands them out

    Raises
    ------
    InvalidFile : a file without codes or population, one given twice, cells of several sizes
    InvalidRows : rows that are no cell or no count, by file and line
    """
    together = _Table(())
    spread = 0
    findings: list[Finding] = []
    given: dict[str, str] = {}
    for path in paths:
        name, content = text_of(path)
        text = _rows(name, content)
        digest = hashlib.sha256(content).hexdigest()
        if digest in given:
            finding = Finding(name, "file", f"the same as {given[digest]}", "each file once")
            raise InvalidFile(f"{name} is given twice", [finding])
        given[digest] = name
        table = _read(text)
        spread += _spread(table)
        findings += text.findings
        if not together.columns:
            together = _Table(table.columns)
        elif table.columns != together.columns:
            finding = Finding(name, "columns", ", ".join(table.columns), ", ".join(together.columns))
            raise InvalidFile("The files have different columns", [finding])
        together.joined += table.joined
        for code, values in table.cells.items():
            together.add(code, values, table.missing.get(code))
        for receiver, sources in table.groups.items():
            together.groups.setdefault(receiver, []).extend(sources)
    if findings:
        raise InvalidRows(f"{len(findings)} rows are wrong; nothing was loaded", findings[:1000])
    sizes = Counter(len(code) for code in together.cells)
    if len(sizes) != 1:
        listed = ", ".join(f"{sizes[size]} of {mesh.NAMES[size]}" for size in sorted(sizes)) or "no cells"
        where = ", ".join(given.values())
        raise InvalidFile("The cells must be of one size", [Finding(where, "codes", listed, "one size")])
    spread += _spread(together)
    codes = sorted(together.cells)
    rows = np.array([together.cells[code] for code in codes])
    columns = {name: rows[:, place] for place, name in enumerate(together.columns)}
    statuses = np.array([together.missing.get(code, "ok") for code in codes])
    return Grid(len(codes[0]), np.array(codes), columns, statuses, spread, together.joined)


def _rows(name: str, content: bytes) -> _Text:
    """Return the rows of a text that have something in them, every cell without blanks around it."""
    reader = csv.reader(io.StringIO(decoded(content, name), newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    before = 0
    try:
        for cells in reader:
            if any(stripped := [cell.strip() for cell in cells]):
                rows.append((before + 1, stripped))
            before = reader.line_num
    except csv.Error as error:
        finding = Finding(f"{name} line {before + 1}", "row", str(error), "CSV whose quotes are closed")
        raise InvalidFile(f"{name} is no whole CSV", [finding]) from error
    if not rows:
        raise InvalidFile(f"{name} is empty", [Finding(name, "file", "empty", "mesh codes and counts")])
    return _Text(name, rows, [])


def _read(text: _Text) -> _Table:
    """Return what a file tells."""
    line, first = text.rows[0]
    if first[0].isdecimal():
        places = {name: place for place, name in enumerate(BARE, 1) if name and place < len(first)}
        return _plain(text, 0, 0, places)
    lowered = [name.lower() for name in first]
    code_at = next((i for i, name in enumerate(lowered) if name in ("key_code", "code")), None)
    if code_at is None:
        finding = Finding(f"{text.name} line {line}", "header", ",".join(first), "a column KEY_CODE or code")
        raise InvalidFile(f"{text.name} has no mesh codes", [finding])
    if SOURCE in first:
        return _estat(text, first, code_at)
    places = {
        column: lowered.index(name)
        for column, (_, plain) in LABELS.items()
        for name in plain
        if name in lowered
    }
    return _plain(text, 1, code_at, places)


def _expect_population(text: _Text, line: int, places: Mapping[str, int]) -> None:
    if "population" not in places:
        told = ", ".join(places) or "none"
        finding = Finding(f"{text.name} line {line}", "columns", told, "a column of total population")
        raise InvalidFile(f"{text.name} has no population", [finding])


def _is_cell(text: _Text, line: int, code: str) -> bool:
    try:
        mesh.edges([code])
    except ValueError as error:
        text.refuse(line, "code", code, str(error))
        return False
    return True


def _count(text: _Text, line: int, name: str, written: str) -> float:
    if not written or written in SYMBOLS:
        return np.nan
    plain = unicodedata.normalize("NFKC", written)
    if not _COUNT.fullmatch(plain):
        text.refuse(line, name, written, "a count of people")
        return np.nan
    return float(plain.replace(",", ""))


def _reason(written: str) -> str | None:
    """Return why a cell tells no population; None where it does."""
    return SYMBOLS.get(written) if written else "not_available"


def _plain(text: _Text, header: int, code_at: int, places: Mapping[str, int]) -> _Table:
    _expect_population(text, 1, places)
    table = _Table(tuple(places))
    for line, row in text.cells(header, max(code_at, *places.values()) + 1):
        if _is_cell(text, line, row[code_at]):
            values = [_count(text, line, name, row[at]) for name, at in places.items()]
            table.add(row[code_at], values, _reason(row[places["population"]]))
    return table


def _labelled(text: _Text, first: list[str], code_at: int) -> tuple[int, dict[str, int]]:
    """Return the number of header rows of mesh statistics, and where their columns stand.

    Labels stand in the second row. A copy may have lost it: then the numbers of the census tell the columns.
    """
    line, written = text.rows[1] if len(text.rows) > 1 else (2, [])
    numbers = {place: found[1] for place, name in enumerate(first) if (found := _NUMBERED.fullmatch(name))}
    if numbers and written and written[code_at].isdecimal():
        return 1, {NUMBERS[number]: place for place, number in numbers.items() if number in NUMBERS}
    labels = [unicodedata.normalize("NFKC", label).replace(" ", "") for label in written]
    places = {
        column: place
        for column, (pattern, _) in LABELS.items()
        for place, label in enumerate(labels)
        if re.fullmatch(pattern, label)
    }
    _expect_population(text, line, places)
    return 2, places


def _estat(text: _Text, first: list[str], code_at: int) -> _Table:
    header, places = _labelled(text, first, code_at)
    _expect_population(text, 1, places)
    if RECEIVER not in first:
        finding = Finding(f"{text.name} line 1", "header", ",".join(first), f"a column {RECEIVER}")
        raise InvalidFile(f"{text.name} does not say where suppressed cells are gathered", [finding])
    table = _Table(tuple(places))
    source_at, receiver_at = first.index(SOURCE), first.index(RECEIVER)
    for line, row in text.cells(header, max(len(first), *(at + 1 for at in places.values()))):
        code = row[code_at]
        if not _is_cell(text, line, code):
            continue
        values = [_count(text, line, name, row[at]) for name, at in places.items()]
        table.add(code, values, _reason(row[places["population"]]))
        if row[source_at] == "2":
            table.groups.setdefault(row[receiver_at], []).append(code)
    return table


def _spread(table: _Table) -> int:
    """Spread the breakdown of each receiving cell over its group, by total population; return how many cells.

    A share by age is so formed over the receiver and its sources together, and of each cell's own total.
    Withheld is what the sources do not tell; a cell whose total is not told gets no part of it. A group whose
    receiver stands in another file stays for when all are read.
    """
    told, cells = table.cells, 0
    for receiver in [code for code in table.groups if code in told]:
        sources, total = table.groups.pop(receiver), table.columns.index("population")
        group = [code for code in (receiver, *sources) if code in told and not np.isnan(told[code][total])]
        people = sum(told[code][total] for code in group)
        if receiver not in group or not people:
            continue
        gathered = list(told[receiver])
        withheld = [
            place for place in range(len(gathered)) if all(np.isnan(told[code][place]) for code in group[1:])
        ]
        for code in group:
            for place in withheld:
                told[code][place] = gathered[place] * told[code][total] / people
        cells += len(group)
    return cells
