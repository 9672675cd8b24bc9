"""The tables of a GTFS feed: CSV files in a zip, their cells, and what is wrong with them."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from geo.errors import Finding, Findings, InvalidFile
from geo.files.archives import UNREADABLE, member_name

MAX_BYTES = 1 << 30
#: How many notes of one kind are told one by one.
MAX_ALIKE = 5
#: What a feed consists of; other texts in its zip (a licence, a read-me) are no tables.
NAMES = frozenset(
    f"{name}.txt"
    for name in (
        "agency",
        "stops",
        "routes",
        "trips",
        "stop_times",
        "calendar",
        "calendar_dates",
        "frequencies",
    )
)
_DECIMAL = re.compile(r"[+-]?\d{1,9}(\.0*)?", re.ASCII)

Row = Mapping[str, str]


def whole(written: str) -> int:
    """Return a whole number, also as a table program writes it.

    Raises
    ------
    ValueError : none, or one of more than nine digits

    Examples
    --------
    >>> whole("3"), whole("1.0")
    (3, 1)
    """
    if not _DECIMAL.fullmatch(written):
        raise ValueError(written)
    return int(written.partition(".")[0])


class Tables:
    """The tables of a feed, and what is wrong with them.

    Raises
    ------
    InvalidFile : no zip, too large, or the tables of several feeds
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.findings = Findings()
        self.notes: list[str] = []
        self._notes: dict[tuple[str, str, str], list[str]] = {}
        try:
            self.archive = zipfile.ZipFile(path)
        except UNREADABLE as error:
            raise InvalidFile(
                f"{path.name} is no zip archive", [self.finding("", 0, "file", str(error), "a zip")]
            ) from error
        self.members = self._members()

    def _members(self) -> dict[str, zipfile.ZipInfo]:
        """Return the tables by their names; they stand in one folder of the zip."""
        folders: dict[str, dict[str, zipfile.ZipInfo]] = {}
        others = []
        for info in self.archive.infolist():
            folder, _, name = member_name(info).rpartition("/")
            if folder.startswith("__MACOSX") or info.is_dir():
                continue
            if (table := name.lower()) not in NAMES:
                others.append(name)
            elif table in folders.setdefault(folder, {}):
                finding = self.finding(name, 0, "file", "twice", "each table once")
                raise InvalidFile(f"{self.path.name} holds {name} twice", [finding])
            else:
                folders[folder][table] = info
        if len(folders) > 1:
            listed = ", ".join(f"{folder}/" if folder else "(top)" for folder in sorted(folders))
            finding = self.finding("", 0, "folders", listed, "one feed: make a zip of each folder")
            raise InvalidFile(f"{self.path.name} holds the tables of several feeds: {listed}", [finding])
        if not folders:
            told = ", ".join(others) or "nothing"
            finding = self.finding("", 0, "members", told, "stops.txt, trips.txt, stop_times.txt and so on")
            raise InvalidFile(f"{self.path.name} has no stops.txt nor any other table", [finding])
        (members,) = folders.values()
        if sum(info.file_size for info in members.values()) > MAX_BYTES:
            finding = self.finding("", 0, "size", "larger", f"at most {MAX_BYTES >> 30} GiB of tables")
            raise InvalidFile(f"{self.path.name} unpacks to more than is read", [finding])
        return members

    def finding(self, name: str, line: int, field: str, value: str, expected: str) -> Finding:
        """Return what is wrong with a cell, with the place in words; line 0 is a whole table."""
        where = f"{self.path.name} {name}" + (f" line {line}" if line else "")
        return Finding(where.strip(), field, value, expected)

    def refuse(self, name: str, line: int, field: str, value: str, expected: str) -> None:
        """Count a fault; the feed is refused with the first of them."""
        self.findings.append(self.finding(name, line, field, value, expected))

    def note(self, name: str, line: int, field: str, value: str, told: str) -> None:
        """Keep what a reader of the report should know; of many alike the first few are told."""
        self._notes.setdefault((name, field, told), []).append(
            f"{name} line {line}: {field} is {value[:80]!r}"
        )

    def told(self) -> tuple[str, ...]:
        """Return all notes."""
        found = list(self.notes)
        for (_, _, told), places in self._notes.items():
            found += [f"{place}: {told}" for place in places[:MAX_ALIKE]]
            if len(places) > MAX_ALIKE:
                found.append(f"… and {len(places) - MAX_ALIKE} more: {told}")
        return tuple(found)

    def number(self, name: str, line: int, row: Row, field: str, expected: str) -> int | None:
        """Return a whole number of a cell; None, and a fault, where it is none."""
        try:
            return whole(row[field])
        except ValueError:
            self.refuse(name, line, field, row[field], expected)
            return None

    def flag(self, name: str, line: int, row: Row, field: str, choices: Mapping[int, str]) -> int:
        """Return one of some whole numbers; an empty cell or no such column is 0."""
        written = row.get(field, "")
        try:
            found = whole(written or "0")
        except ValueError:
            found = -1
        if found not in choices:
            expected = " or ".join(f"{value} ({told})" for value, told in choices.items())
            self.refuse(name, line, field, written, expected)
            return 0
        return found

    def identity(self, name: str, line: int, row: Row, field: str, known: set[str]) -> str:
        """Return an id that no row before has; add it to the known ones."""
        if not row[field]:
            self.refuse(name, line, field, "", "an id")
        elif row[field] in known:
            self.refuse(name, line, field, row[field], "an id used once")
        known.add(row[field])
        return row[field]

    def rows(self, name: str, needed: Sequence[str]) -> list[tuple[int, Row]]:
        """Return line numbers and rows of a table, every cell without blanks around it.

        Cells that are left out at the end of a row are empty.

        Raises
        ------
        InvalidFile : no CSV in UTF-8, or it lacks a column
        """
        if name not in self.members:
            return []
        try:
            text = self.archive.read(self.members[name]).decode("utf-8").lstrip("\ufeff")
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            value = error.object[error.start : error.start + 8].hex(" ")
            raise self._unreadable(name, line, "encoding", value, "text in UTF-8") from error
        except UNREADABLE as error:
            raise self._unreadable(name, 0, "text", str(error), "a whole member of the zip") from error
        rows: list[tuple[int, Row]] = []
        header: list[str] = []
        for line, cells in self._cells(name, text):
            if not any(cells):
                continue
            if not header:
                header = self._header(name, line, cells, needed)
                continue
            if any(cells[len(header) :]):
                told = ",".join(cells[len(header) :])
                self.refuse(name, line, "row", told, f"{len(header)} cells, as the header has")
            filled = cells + [""] * (len(header) - len(cells))
            rows.append((line, dict(zip(header, filled, strict=False))))
        return rows

    def _cells(self, name: str, text: str) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows of a table with the line on which each begins."""
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        before = 0
        if "\0" in text:
            line = text[: text.index("\0")].count("\n") + 1
            raise self._unreadable(name, line, "text", "NUL", "text without control characters")
        try:
            for cells in reader:
                yield before + 1, [cell.strip() for cell in cells]
                before = reader.line_num
        except csv.Error as error:
            raise self._unreadable(
                name, before + 1, "row", str(error), "CSV whose quotes are closed"
            ) from error

    def _header(self, name: str, line: int, cells: list[str], needed: Sequence[str]) -> list[str]:
        lacking = [field for field in needed if field not in cells]
        twice = [field for field, count in Counter(cells).items() if field and count > 1]
        findings = [self.finding(name, line, field, "missing", f"the column {field}") for field in lacking]
        findings += [self.finding(name, line, field, "twice", f"one column {field}") for field in twice]
        if findings:
            raise InvalidFile(f"{name} of {self.path.name} lacks columns or has them twice", findings)
        return cells

    def _unreadable(self, name: str, line: int, field: str, value: str, expected: str) -> InvalidFile:
        finding = self.finding(name, line, field, value, expected)
        return InvalidFile(f"{name} of {self.path.name} cannot be read", [finding])

    def required(self, name: str, needed: Sequence[str]) -> list[tuple[int, Row]]:
        """Return the rows of a table that every feed has."""
        rows = self.rows(name, needed)
        if not rows:
            finding = self.finding(name, 0, "file", "missing or empty", f"{name} with rows")
            raise InvalidFile(f"{self.path.name} has no {name}", [finding])
        return rows
