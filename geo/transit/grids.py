"""Population on grid squares: mesh statistics text of e-Stat, and plain tables of codes and counts.

In the text of e-Stat a cell with few residents gives its breakdown to a neighbour (秘匿 and 合算): its total
stands, its ages do not. Ages are spread over such a group by total population, and the report says how many
cells that concerns; every sum stays what was published.

A cell whose total is not told (``*``, ``X``, empty) has no figure and a status that says why, as every figure
has: it is not a cell where nobody lives.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geo.errors import Finding, InvalidFile, InvalidRows
from geo.figures.observations import SYMBOLS, decoded
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
SOURCE, RECEIVER, GATHERED = "HTKSYORI", "HTKSAKI", "GASSAN"


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


@dataclass(frozen=True)
class _Table:
    """What one file tells: the columns of each cell, and why a population is missing."""

    columns: tuple[str, ...]
    cells: dict[str, list[float]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def add(self, code: str, values: list[float], reason: str | None) -> bool:
        """Add a cell, or a part of one that is there; return whether it was.

        Where a part is not told, neither is the whole.
        """
        if reason is not None:
            self.missing.setdefault(code, reason)
        before = self.cells.get(code)
        self.cells[code] = values if before is None else [a + b for a, b in zip(before, values, strict=True)]
        return before is not None


def read_grid(paths: Sequence[Path]) -> Grid:
    """Return the grid that files tell together; parts of a cell are added up.

    Raises
    ------
    InvalidFile : a file without codes or population, cells of several sizes
    InvalidRows : rows that are no cell or no count, by file and line
    """
    together = _Table(())
    spread = joined = 0
    findings: list[Finding] = []
    for path in paths:
        table, shared, faults = _read(path)
        findings += faults
        spread += shared
        if not together.columns:
            together = _Table(table.columns)
        elif table.columns != together.columns:
            finding = Finding(path.name, "columns", ", ".join(table.columns), ", ".join(together.columns))
            raise InvalidFile("The files have different columns", [finding])
        joined += sum(
            together.add(code, values, table.missing.get(code)) for code, values in table.cells.items()
        )
    if findings:
        raise InvalidRows(f"{len(findings)} rows are wrong; nothing was loaded", findings[:1000])
    sizes = {len(code) for code in together.cells}
    if len(sizes) != 1:
        listed = ", ".join(mesh.NAMES[size] for size in sorted(sizes)) or "no cells"
        raise InvalidFile("The cells must be of one size", [Finding("file", "codes", listed, "one size")])
    codes = sorted(together.cells)
    rows = np.array([together.cells[code] for code in codes])
    columns = {name: rows[:, place] for place, name in enumerate(together.columns)}
    statuses = np.array([together.missing.get(code, "ok") for code in codes])
    return Grid(sizes.pop(), np.array(codes), columns, statuses, spread, joined)


def _read(path: Path) -> tuple[_Table, int, list[Finding]]:
    """Return what a file tells, how many of its cells shared their ages, and what is wrong."""
    rows = list(csv.reader(io.StringIO(decoded(path.read_bytes(), path.name), newline="")))
    first = rows[0] if rows else []
    if not first:
        raise InvalidFile(f"{path.name} is empty")
    if first[0].strip().isdecimal():
        places = {name: place for place, name in enumerate(BARE, 1) if name and place < len(first)}
        return _plain(path, rows, 0, 0, places)
    code_at = next((i for i, name in enumerate(first) if name.strip().lower() in ("key_code", "code")), None)
    if code_at is None:
        finding = Finding(f"{path.name} line 1", "header", ",".join(first), "a column KEY_CODE or code")
        raise InvalidFile(f"{path.name} has no mesh codes", [finding])
    if SOURCE in first:
        return _estat(path, rows, first)
    lowered = [name.strip().lower() for name in first]
    places = {
        column: lowered.index(name)
        for column, (_, plain) in LABELS.items()
        for name in plain
        if name in lowered
    }
    return _plain(path, rows, 1, code_at, places)


def _expect_population(path: Path, places: Mapping[str, int]) -> None:
    if "population" not in places:
        finding = Finding(path.name, "columns", ", ".join(places) or "none", "a column of total population")
        raise InvalidFile(f"{path.name} has no population", [finding])


def _cell(path: Path, line: int, code: str, findings: list[Finding]) -> bool:
    try:
        mesh.edges([code])
    except ValueError as error:
        findings.append(Finding(f"{path.name} line {line}", "code", code, str(error)))
        return False
    return True


def _count(path: Path, line: int, name: str, written: str, findings: list[Finding]) -> float:
    text = written.strip()
    if not text or text in SYMBOLS:
        return np.nan
    if not re.fullmatch(r"\d{1,9}(\.\d+)?", text):
        findings.append(Finding(f"{path.name} line {line}", name, text, "a count of people"))
        return np.nan
    return float(text)


def _reason(written: str) -> str | None:
    """Return why a cell tells no population; None where it does."""
    text = written.strip()
    return SYMBOLS.get(text) if text else "not_available"


def _plain(
    path: Path, rows: list[list[str]], header: int, code_at: int, places: Mapping[str, int]
) -> tuple[_Table, int, list[Finding]]:
    _expect_population(path, places)
    findings: list[Finding] = []
    table = _Table(tuple(places))
    for line, row in enumerate(rows[header:], header + 1):
        if not row or not _cell(path, line, row[code_at].strip() if len(row) > code_at else "", findings):
            continue
        written = {name: row[at] if at < len(row) else "" for name, at in places.items()}
        values = [_count(path, line, name, text, findings) for name, text in written.items()]
        table.add(row[code_at].strip(), values, _reason(written["population"]))
    return table, 0, findings


def _estat(path: Path, rows: list[list[str]], first: list[str]) -> tuple[_Table, int, list[Finding]]:
    labels = [unicodedata.normalize("NFKC", label).replace(" ", "") for label in rows[1]]
    places = {
        column: place
        for column, (pattern, _) in LABELS.items()
        for place, label in enumerate(labels)
        if re.fullmatch(pattern, label)
    }
    _expect_population(path, places)
    findings: list[Finding] = []
    table = _Table(tuple(places))
    groups: dict[str, list[str]] = {}
    code_at, source_at, receiver_at = (first.index(name) for name in ("KEY_CODE", SOURCE, RECEIVER))
    for line, row in enumerate(rows[2:], 3):
        if not row or not _cell(path, line, row[code_at].strip(), findings):
            continue
        code = row[code_at].strip()
        values = [_count(path, line, name, row[at], findings) for name, at in places.items()]
        table.add(code, values, _reason(row[places["population"]]))
        if row[source_at].strip() == "2":
            groups.setdefault(row[receiver_at].strip(), []).append(code)
    spread = _spread(table.cells, groups, table.columns.index("population"))
    return table, spread, findings


def _spread(told: dict[str, list[float]], groups: Mapping[str, Sequence[str]], total: int) -> int:
    """Spread the breakdown of each receiving cell over its group, by total population.

    Withheld is what the sources do not tell; a cell whose total is not told gets no part of it.
    """
    cells = 0
    for receiver, sources in groups.items():
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
