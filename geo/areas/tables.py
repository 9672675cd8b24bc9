"""An analyst's own table, as text: its header, its rows with their lines, and what its columns hold."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

from geo.areas.keys import keys_of
from geo.errors import Finding, InvalidFile
from geo.figures.observations import ascii_number, decoded, missing_status
from geo.files.archives import gunzipped
from geo.files.saving import ONE_HEADER, is_second_head

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

MOST_BYTES = 8 << 20
MOST_COLUMNS = 64
MOST_ROWS = 20_000
#: Columns times rows of the table, and columns times areas of the answer; 64 columns for every ward fit twice
MOST_CELLS = 250_000
#: Bytes of answer beside the outlines.
MOST_POURED = 16 << 20
LONGEST_HEADER = 200
LONGEST_CELL = 2_000
#: Columns of a spreadsheet; more are no table.
WIDEST = 16_384
#: Lines before the header that a title may take.
MOST_TITLES = 20
#: Beyond this, a double no longer tells neighbouring integers apart.
LARGEST_EXACT = 2**53
#: A text as Excel keeps it: ="01202"
_EXCEL_TEXT = re.compile(r'="(.*)"')
#: An exponent has a sign, or the number a point, as programs write it: 12E5 is a name.
_NUMBER = re.compile(
    r"[+-]?(([0-9]+|[0-9]{1,3}(,[0-9]{3})+)?\.[0-9]+|[0-9]+|[0-9]{1,3}(,[0-9]{3})+"
    r"|[0-9]+(\.[0-9]+)?[eE][+-][0-9]{1,3}|[0-9]+\.[0-9]+[eE][0-9]{1,3})"
)
_LEADING_ZERO = re.compile("[+-]?0[0-9]")


@dataclass(frozen=True)
class Table:
    """A table: its header, its rows with the line each stands in, and the lines that are no rows."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    strays: tuple[Finding, ...] = ()


def read_table(body: bytes) -> Table:
    """Return a CSV table in UTF-8 or cp932, gzipped or not.

    Lines above the header and below the table that have one cell (a title, a source), and any of another
    length than the header, are no rows: they are told. Columns without a name and a cell are left out.

    Raises
    ------
    InvalidFile : no text, no header, a header with a name twice, no rows, a quote that is not closed, or more
        than ``MOST_BYTES``, ``MOST_COLUMNS``, ``MOST_ROWS`` and the other bounds of this module
    """
    body = gunzipped(body, MOST_BYTES + 1, "The table")
    if len(body) > MOST_BYTES:
        finding = Finding("file", "size", f"more than {MOST_BYTES:,} bytes", "fewer columns or rows")
        raise InvalidFile("The table is too large", [finding])
    lines = csv.reader(_narrow(io.StringIO(decoded(body, "The table"), newline="")), strict=True)
    try:
        return _table(_numbered(lines))
    except csv.Error as error:  # a quote that is not closed, or a cell longer than the reader takes
        expected = f"cells of at most {LONGEST_CELL:,} characters, quotes closed; {error}"
        finding = Finding(f"line {lines.line_num}", "cell", "", expected)
        raise InvalidFile(f"Line {lines.line_num} cannot be read", [finding]) from None


def _narrow(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines, up to one that has more columns than any table: eight million cells take seconds."""
    for number, line in enumerate(lines, 1):
        if (columns := line.count(",") + 1) > WIDEST:
            told = f"at most {MOST_COLUMNS} columns, not {columns:,}"
            raise _refused(number, "header" if number == 1 else "row", [line[:79]], told)
        yield line


def _numbered(lines: CsvReader) -> Iterator[tuple[int, list[str]]]:
    """Yield the line that each row begins in, and its cells."""
    line = 1
    for cells in lines:
        yield line, cells
        line = lines.line_num + 1


def _table(lines: Iterable[tuple[int, list[str]]]) -> Table:
    filled = ((line, cells) for line, cells in lines if len(cells) > WIDEST or any(map(str.strip, cells)))
    first = list(islice(filled, MOST_TITLES))
    at = _header_at([cells for _, cells in first])
    line, header = first[at] if first else (1, [])
    width = _check_header(line, header)
    strays = [_stray(line, cells, "a header, or a row below it") for line, cells in first[:at]]
    rows: list[tuple[int, list[str]]] = []
    most = min(MOST_ROWS, MOST_CELLS // width)
    for line, cells in chain(first[at + 1 :], filled):
        _check_cells(line, header, cells)
        if len(rows) + len(strays) == most:
            raise _refused(line, "rows", cells, f"at most {most:,} rows of {width} columns")
        size = len(cells)
        while size > width and not cells[size - 1].strip():
            size -= 1
        if not width <= size <= len(header):
            told = f"{width} cells, as the header, not {size:,}"
            strays.append(_stray(line, cells, told))
        else:
            rows.append((line, [cell.strip() for cell in cells[: len(header)]]))
    if not rows:
        finding = Finding(f"line {line}", "rows", "", "a row below the header")
        raise InvalidFile("The table has no rows", strays[:20] or [finding])
    if is_second_head(header, rows[0][1]):
        finding = Finding(f"line {rows[0][0]}", "header", shown(rows[0][1]), ONE_HEADER)
        raise InvalidFile("見出しが 2 行以上あります / The table has a header of several rows", [finding])
    return _named(header, rows, strays)


def _filled(cells: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in cells)


def _header_at(first: Sequence[Sequence[str]]) -> int:
    """Return which of the first lines is the header: titles of one cell may stand above it."""
    if not first or _filled(first[0]) > 1 or keys_of([cell for cell in first[0] if cell.strip()]).all:
        return 0
    at = next((place for place, cells in enumerate(first) if _filled(cells) > 1), 0)
    return 0 if any(number_of(cell) is not None for cell in first[at]) else at


def _check_header(line: int, cells: list[str]) -> int:
    """Return how many columns the header names; refuse a header that cannot be one."""
    width = max((place for place, name in enumerate(cells, 1) if name.strip()), default=0)
    if len(cells) > WIDEST or width > MOST_COLUMNS:
        told = f"at most {MOST_COLUMNS} columns, not {width or len(cells):,}"
        raise _refused(line, "header", cells, told)
    names = [name.strip() for name in cells if name.strip()]
    for name in names:
        if len(name) > LONGEST_HEADER:
            raise _refused(line, "header", [name], f"a name of at most {LONGEST_HEADER} characters")
        if any(unicodedata.category(sign) == "Cc" for sign in name):
            raise _refused(
                line, "header", [name], "a name without line breaks, tabs or other control characters"
            )
    if not names or len(set(names)) != len(names):
        expected = f"列の名前、それぞれ一度だけ / names of columns, each once. {ONE_HEADER}"
        finding = Finding(f"line {line}", "header", shown(cells), expected)
        raise InvalidFile("The table has no header", [finding])
    return width


def _check_cells(line: int, header: Sequence[str], cells: Sequence[str]) -> None:
    if max(map(len, cells)) > LONGEST_CELL:
        at, cell = next((at, cell) for at, cell in enumerate(cells) if len(cell) > LONGEST_CELL)
        field = header[at].strip() if at < len(header) else ""
        expected = f"at most {LONGEST_CELL:,} characters, not {len(cell):,}"
        raise _refused(line, field or "row", [cell], expected)


def _named(header: Sequence[str], rows: Sequence[tuple[int, list[str]]], strays: Sequence[Finding]) -> Table:
    """Return the table of the columns that have a name or a cell."""
    size = max(len(cells) for _, cells in rows)
    if size == len(header) and all(name.strip() for name in header):
        whole = tuple((line, tuple(cells)) for line, cells in rows)
        return Table(tuple(name.strip() for name in header), whole, tuple(strays))
    names = [name.strip() for name in header[:size]]
    held = [
        at for at, name in enumerate(names) if name or any(cells[at : at + 1] > [""] for _, cells in rows)
    ]
    for at in held:
        names[at] = names[at] or free_name(f"column {at + 1}", names)
    padded = [(line, cells + [""] * (size - len(cells))) for line, cells in rows]
    kept = tuple((line, tuple(cells[at] for at in held)) for line, cells in padded)
    return Table(tuple(names[at] for at in held), kept, tuple(strays))


def free_name(name: str, taken: Collection[str]) -> str:
    """Return a column's name that no other has, with _ behind it where needed.

    >>> free_name("code", ["code", "code_"])
    'code__'
    """
    while name in taken:
        name += "_"
    return name


def _stray(line: int, cells: Sequence[str], expected: str) -> Finding:
    return Finding(f"line {line}", "row", shown(cells).rstrip(","), expected)


def _refused(line: int, field: str, cells: Sequence[str], expected: str) -> InvalidFile:
    finding = Finding(f"line {line}", field, shown(cells), expected)
    return InvalidFile(f"Line {line} cannot be read: expected {expected}", [finding])


def shown(cells: Sequence[str]) -> str:
    """Return cells as a refusal shows them."""
    return ",".join(cells[:80])


def check_cells(table: Table, areas: int) -> None:
    """Refuse a table whose columns for so many areas are more than ``MOST_CELLS``.

    Raises
    ------
    InvalidFile
    """
    if len(table.header) * areas > MOST_CELLS:
        expected = f"at most {MOST_CELLS // areas} columns for {areas:,} areas, not {len(table.header)}"
        raise _refused(1, "header", table.header, expected)


def check_answer(size: int) -> None:
    """Refuse to pour more than ``MOST_POURED`` bytes between the outlines.

    Raises
    ------
    InvalidFile
    """
    if size > MOST_POURED:
        expected = f"shorter headers and cells, or fewer rows: at most {MOST_POURED:,} bytes of answer"
        finding = Finding("file", "size", f"{size:,} bytes of answer beside the outlines", expected)
        raise InvalidFile("The answer would be too large", [finding])


def bare(cell: str) -> str:
    """Return a cell in NFKC, out of the signs by which spreadsheets keep a text a text.

    >>> bare('="01202"'), bare("'01202"), bare("０１２０２")
    ('01202', '01202', '01202')
    """
    if cell.isalnum() and cell.isascii():
        return cell
    found = _EXCEL_TEXT.fullmatch(cell)
    return unicodedata.normalize("NFKC", found[1] if found else cell.removeprefix("'")).strip()


def values(table: Table, rows: Sequence[tuple[str, ...]]) -> Mapping[str, list[object]]:
    """Return columns by name; one whose cells are all numbers, signs of statistics or empty is numeric.

    What stood in place of a number is kept in a column of its own.

    >>> values(Table(("a", "b"), ()), [("1,234", "x"), ("", ""), ("X", "")])
    {'a': [1234, None, None], 'a_as_written': [None, None, 'X'], 'b': ['x', None, None]}
    """
    columns: dict[str, list[object]] = {}
    for at, name in enumerate(table.header):
        cells = [row[at] for row in rows]
        numbers = _numbers(cells)
        if numbers is None:
            texts = [_EXCEL_TEXT.fullmatch(cell) for cell in cells]
            columns[name] = [
                text[1] if text else cell or None for cell, text in zip(cells, texts, strict=True)
            ]
            continue
        columns[name] = list(numbers)
        signs = [_sign(cell, number) for cell, number in zip(cells, numbers, strict=True)]
        if any(signs):
            columns[free_name(f"{name}_as_written", [*table.header, *columns])] = list(signs)
    return columns


def _sign(cell: str, number: float | None) -> str | None:
    """Return what stood in a cell of numbers where that is no plain number."""
    return cell if cell and (number is None or cell[0] in "△▲") else None


def _numbers(cells: Sequence[str]) -> list[float | None] | None:
    """Return the cells of a column as numbers, None where there is none; nothing if one is a text."""
    numbers: list[float | None] = []
    for cell in cells:
        number = number_of(cell) if cell else None
        if number is None and cell and not missing_status(cell):
            return None
        numbers.append(number)
    return numbers if any(number is not None for number in numbers) or not any(cells) else None


def number_of(cell: str) -> int | float | None:
    """Return the number that a cell is; None for texts that only look like one.

    Those are codes with a leading zero, integers that a double would not keep, groups of other lengths than
    three, and what only a programming language takes for a number.

    >>> [number_of(cell) for cell in ("△1,234.5", "01202", "1_000", "3,11", "12E5", "12345678901234567890")]
    [-1234.5, None, None, None, None, None]
    """
    plain = ascii_number(cell)
    if not _NUMBER.fullmatch(plain) or _LEADING_ZERO.match(plain):
        return None
    number = float(plain.replace(",", ""))
    if abs(number) == float("inf"):
        return None
    if number.is_integer() and abs(number) < LARGEST_EXACT:
        return int(number)
    return None if number.is_integer() and plain.strip("+-").replace(",", "").isdigit() else number
