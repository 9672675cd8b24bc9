"""Which columns of a published list tell which column of a list of deployments: a table that a person edits.

    column,published,words,write
    measure_id,project_name,自動運転|BRT,new-mobility-services
    measure_id,,,-
    title_ja,project_name,,
    reference_date,fiscal_year,,{}-04-01
    confidence,,,secondary

The lines of a column are tried from the top; the first that fits a row tells its cell. A row whose measure is
``-`` is left out and told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from geo.areas.variants import seen
from geo.csv_tables import read_table
from geo.errors import Finding, InvalidFile, InvalidRows
from geo.files.saving import heads
from geo.strategy.deployment_lists import TableLine, check_rows, row_cells
from geo.strategy.deployment_rows import Entry, column_named, lacking_columns
from geo.strategy.deployments import COLUMNS

MEASURE = "measure_id"
#: Of no measure of the strategy: the row is left out.
NONE = "-"
#: What an id is made from: a project stays itself when the mapping finds it another measure or source.
_IDENTITY = ("programme", "grant_type", "title_ja", "areas", "area_codes", "fy_start")
_NO_MEASURE = (
    f"読み替え表の {MEASURE} のどれかの語。どの施策でもない行は、"
    f"読み替え表の最後に {MEASURE},,,{NONE} と書くと除かれる / "
    f"words of a {MEASURE} line of the mapping; a last line {MEASURE},,,{NONE} leaves out the rest"
)
_NO_LINE = "読み替え表に当てはまる行がない / no line of the mapping fits"


@dataclass(frozen=True)
class Line:
    """One line of a mapping, a column for each attribute.

    Attributes
    ----------
    column : of a list of deployments, by its id or in Japanese
    published : the column of the published list, or several with `` + `` between; none where the same is
        written in every row. A line whose published cells are all empty does not fit
    words : ``a|b``: a line fits only where one of these stands in the published cells, whatever the width and
        case of their letters
    write : the cell; ``{}`` is the published cell, one for each column or one for all of them joined. Empty:
        the published cells as they are
    """

    column: str
    published: str
    words: str
    write: str

    @cached_property
    def name(self) -> str:
        """The id of the column."""
        return column_named(self.column)

    @cached_property
    def taken(self) -> tuple[str, ...]:
        """The columns of the published list."""
        return tuple(name.strip() for name in self.published.split(" + ")) if self.published else ()

    @cached_property
    def _sought(self) -> tuple[str, ...]:
        return tuple(_plain(word) for word in self.words.split("|") if word.strip())

    @cached_property
    def _template(self) -> list[str]:
        return (self.write or "{}").split("{}")

    @property
    def is_fixed(self) -> bool:
        """Whether what it writes stands in the mapping, and not in the list."""
        return len(self._template) == 1

    def cell(self, published: Mapping[str, str]) -> str | None:
        """Return what it writes for a row of the published list; None where it does not fit."""
        cells = [published[name] for name in self.taken]
        if cells and not any(cells):
            return None
        if self._sought and not any(word in _plain("".join(cells)) for word in self._sought):
            return None
        filled = cells if len(cells) == len(self._template) - 1 else ["".join(cells)]
        first, *rest = self._template
        return first + "".join(cell + text for cell, text in zip(filled, rest, strict=False))

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield each column that is wrong, with what was expected."""
        if self.name not in COLUMNS:
            yield "column", f"次のどれか / one of: {', '.join(COLUMNS)}"
        if not all(self.taken):
            yield "published", "列の名前。複数は + で区切る / a column, or several with + between"
        if self.words and not self._sought:
            yield "words", "語。複数は | で区切る / words with | between"
        if self.words and not self.taken:
            yield "published", "語を探す列 / the column that the words stand in"
        if not self.taken and not self.write:
            yield "write", "列か、書く値 / a published column, or what to write"
        holes = len(self._template) - 1
        if self.write and holes and holes not in {min(1, len(self.taken)), len(self.taken)}:
            expected = "{} は 1 個か列と同じ数 / {} once, or once for each published column"
            yield "write", expected


@dataclass(frozen=True)
class Mapped:
    """A published list as a list of deployments.

    Attributes
    ----------
    left_out : rows that the mapping says are of no measure
    origins : place and column → the line of the mapping that wrote the cell
    """

    entries: list[Entry]
    left_out: list[Finding]
    origins: dict[tuple[str, str], tuple[int, Line]]

    def explained(self, error: InvalidRows) -> InvalidRows:
        """Return a refusal of the entries in the words of the published list and of the mapping."""
        told = dict.fromkeys(self._explained(finding) for finding in error.findings)
        return InvalidRows(error.message, [*told])

    def _explained(self, finding: Finding) -> Finding:
        at, line = self.origins.get((finding.where, finding.field), (0, None))
        if line is None:
            if finding.field not in COLUMNS:
                return finding
            expected = _NO_MEASURE if finding.field == MEASURE else f"{finding.expected}; {_NO_LINE}"
            return Finding(finding.where, finding.field, finding.value, expected)
        if line.is_fixed:
            return Finding(f"mapping line {at}", finding.field, finding.value, finding.expected)
        field = f"{line.published} → {finding.field}"
        return Finding(finding.where, field, finding.value, finding.expected)


def _plain(text: str) -> str:
    return seen(text).casefold().strip()


def read_mapping(path: Path) -> list[tuple[int, Line]]:
    """Return line numbers and lines of a mapping.

    Raises
    ------
    InvalidFile : another header, or a column missing that every deployment has
    InvalidRows : every wrong cell with line, column, value and what was expected
    """
    lines = read_table(path, Line)
    findings = [
        Finding(f"line {at}", field, str(getattr(line, field)), expected)
        for at, line in lines
        for field, expected in line.faults()
    ]
    findings += _never_reached(lines)
    if findings:
        raise InvalidRows(
            f"読み替え表に {len(findings)} 件の誤り / {path.name} has {len(findings)} faults", findings
        )
    if missing := lacking_columns([line.name for _, line in lines]):
        expected = "この列の行 / a line of this column"
        told = [Finding("mapping", "column", name, expected) for name in missing]
        raise InvalidFile(f"読み替え表に足りない列があります / {path.name} lacks columns", told)
    return lines


def _never_reached(lines: Iterable[tuple[int, Line]]) -> Iterator[Finding]:
    always: dict[str, int] = {}
    for at, line in lines:
        if line.name in always:
            expected = (
                f"{always[line.name]} 行目より前 / above line {always[line.name]}, which fits every row"
            )
            yield Finding(f"line {at}", "column", line.column, expected)
        elif not line.taken:
            always[line.name] = at


def read_mapped(table: Iterable[TableLine], mapping: Sequence[tuple[int, Line]]) -> Mapped:
    """Return the rows of a published list, CSV or Excel, as a mapping says.

    Parameters
    ----------
    table : what ``geo.strategy.deployment_lists.table_lines`` returns

    Raises
    ------
    InvalidFile : no table, a column that the mapping names and the list lacks, or no row of any measure
    """
    lines = iter(table)
    where, first = next(lines, ("line 1", []))
    header = _header(where, first, mapping)
    found = Mapped([], [], {})
    for where, cells in lines:
        published = dict.fromkeys(header, "") | row_cells(where, header, cells)
        _add(found, where, {name: cell.strip() for name, cell in published.items()}, mapping)
    check_rows(len(found.entries))
    if found.left_out and not found.entries:
        told = "どの行も、どの施策でもありません / no row of the list is of any measure"
        raise InvalidFile(told, found.left_out)
    return found


def _header(where: str, cells: list[str], mapping: Sequence[tuple[int, Line]]) -> list[str]:
    header = [cell.strip() for cell in cells]
    asked = dict.fromkeys(name for _, line in mapping for name in line.taken)
    expected = f"次の列に一度だけ / once among the columns: {', '.join(header)}"
    findings = [Finding(where, "header", name, expected) for name in asked if header.count(name) != 1]
    if findings:
        told = "一覧に読み替え表の列がありません / the list lacks columns of the mapping"
        raise InvalidFile(told, [*heads(where, cells), *findings])
    return header


def _add(
    found: Mapped, where: str, published: Mapping[str, str], mapping: Sequence[tuple[int, Line]]
) -> None:
    written: dict[str, str] = {}
    origins: dict[tuple[str, str], tuple[int, Line]] = {}
    for at, line in mapping:
        if line.name not in written and (cell := line.cell(published)) is not None:
            written[line.name] = cell
            origins[where, line.name] = at, line
    if written.get(MEASURE) == NONE:
        names = dict.fromkeys(name for _, line in mapping if line.name == MEASURE for name in line.taken)
        told = ", ".join(filter(None, (published[name] for name in names)))
        at, _ = origins[where, MEASURE]
        expected = f"読み替え表の {at} 行目により除く / left out by line {at} of the mapping"
        found.left_out.append(Finding(where, ", ".join(names) or MEASURE, told, expected))
        return
    written.setdefault("deployment_id", _id(written))
    found.entries.append(Entry(where, written))
    found.origins.update(origins)


def _id(written: Mapping[str, str]) -> str:
    identity = "\x1f".join(written.get(name, "") for name in _IDENTITY)
    return "dep-" + hashlib.sha256(identity.encode()).hexdigest()[:10]
