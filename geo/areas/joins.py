"""An analyst's own table on areas: which row lies where, and which rows lie nowhere.

A row names its area by code (five digits, or six with the check digit) or by name; a name that several areas
have needs its prefecture before it, 広島県府中市.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from geo.areas.names import AreaNames
from geo.codes import area_code
from geo.errors import Finding, InvalidAreaCode, InvalidFile, InvalidParameter, UnmatchedName

#: Headers that are taken for the key where none is named, in this order.
KEYS = (
    "code",
    "area_code",
    "地域コード",
    "団体コード",
    "市区町村コード",
    "都道府県コード",
    "name",
    "地域",
    "地域名",
    "市区町村",
    "市区町村名",
    "都道府県",
    "都道府県名",
)
MOST_BYTES = 8 << 20
MOST_COLUMNS = 64
MOST_ROWS = 20_000
#: Columns times rows of the table, and columns times areas of the answer; 64 columns for every ward fit twice
MOST_CELLS = 250_000
#: Bytes of answer beside the outlines.
MOST_POURED = 16 << 20
LONGEST_HEADER = 200
LONGEST_CELL = 2_000
#: No area has a longer name, with prefecture and 郡 before it and a part in brackets after it.
LONGEST_NAME = 80
ENCODINGS = ("utf-8-sig", "cp932")
#: Beyond this, a double no longer tells neighbouring integers apart.
LARGEST_EXACT = 2**53


@dataclass(frozen=True)
class Table:
    """A table: its header, and its rows with the line each stands in."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Join:
    """What a join comes to.

    Attributes
    ----------
    matched : (area code, row) in the order of the table
    unmatched : where, field, value and why of each row that lies nowhere, or twice in one place
    """

    matched: tuple[tuple[str, tuple[str, ...]], ...]
    unmatched: tuple[Finding, ...]


def read_table(body: bytes) -> Table:
    """Return a CSV table in UTF-8 or cp932.

    Raises
    ------
    InvalidFile : no text, no header, a header with a name twice, no rows, a row of another length, or more
        than ``MOST_BYTES``, ``MOST_COLUMNS``, ``MOST_ROWS`` and the other bounds of this module
    """
    if len(body) > MOST_BYTES:
        finding = Finding("file", "size", f"more than {MOST_BYTES:,} bytes", "fewer columns or rows")
        raise InvalidFile("The table is too large", [finding])
    lines = csv.reader(io.StringIO(_text(body), newline=""))
    try:
        header = _header(next(lines, []))
        rows = tuple(_rows(((lines.line_num, cells) for cells in lines), header))
    except csv.Error as error:  # a cell longer than the reader takes, mostly for want of a closing quote
        finding = Finding(
            f"line {lines.line_num}", "cell", "", f"at most {LONGEST_CELL:,} characters; {error}"
        )
        raise InvalidFile(f"Line {lines.line_num} cannot be read", [finding]) from None
    if not rows:
        raise InvalidFile("The table has no rows")
    return Table(header, rows)


def _text(body: bytes) -> str:
    for encoding in ENCODINGS:
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidFile("The table is neither UTF-8 nor Shift_JIS (cp932)")


def _header(cells: list[str]) -> tuple[str, ...]:
    if len(cells) > MOST_COLUMNS:
        raise _refused(1, "header", cells, f"at most {MOST_COLUMNS} columns, not {len(cells):,}")
    header = tuple(name.strip() for name in cells)
    for name in header:
        if len(name) > LONGEST_HEADER:
            raise _refused(1, "header", [name], f"a name of at most {LONGEST_HEADER} characters")
        if any(unicodedata.category(sign) == "Cc" for sign in name):
            raise _refused(
                1, "header", [name], "a name without line breaks, tabs or other control characters"
            )
    if not header or len(set(header)) != len(header) or "" in header:
        finding = Finding("line 1", "header", _shown(header), "names of columns, each once")
        raise InvalidFile("The table has no header", [finding])
    return header


def _rows(
    lines: Iterable[tuple[int, list[str]]], header: tuple[str, ...]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    most = min(MOST_ROWS, MOST_CELLS // len(header))
    count = 0
    for line, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise _refused(line, "row", cells, f"{len(header)} cells, as the header, not {len(cells):,}")
        for name, cell in zip(header, cells, strict=True):
            if len(cell) > LONGEST_CELL:
                raise _refused(line, name, [cell], f"at most {LONGEST_CELL:,} characters, not {len(cell):,}")
        count += 1
        if count > most:
            raise _refused(line, "rows", cells, f"at most {most:,} rows of {len(header)} columns")
        yield line, tuple(cell.strip() for cell in cells)


def _refused(line: int, field: str, cells: Sequence[str], expected: str) -> InvalidFile:
    finding = Finding(f"line {line}", field, _shown(cells), expected)
    return InvalidFile(f"Line {line} cannot be read: expected {expected}", [finding])


def _shown(cells: Sequence[str]) -> str:
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


def key_of(table: Table, asked: str | None) -> int:
    """Return the column that names the areas.

    Raises
    ------
    InvalidParameter : there is no such column, or none that is known for one
    """
    if asked is not None:
        if asked not in table.header:
            expected = f"one of the columns {', '.join(table.header)}"[:1000]
            raise InvalidParameter("key is no column", [Finding("query", "key", asked, expected)])
        return table.header.index(asked)
    found = next((name for name in KEYS if name in table.header), None)
    if found is None:
        expected = f"a column {', '.join(KEYS)}, or key=COLUMN in the address"
        finding = Finding("line 1", "header", _shown(table.header), expected)
        raise InvalidParameter("No column names the areas", [finding])
    return table.header.index(found)


def joined(table: Table, key: int, names: AreaNames, codes: Collection[str]) -> Join:
    """Return which row lies where.

    Parameters
    ----------
    key : the column that names the areas
    names : the names of the areas that exist
    codes : the areas that rows may lie in
    """
    matched: list[tuple[str, tuple[str, ...]]] = []
    unmatched: list[Finding] = []
    field = table.header[key]
    taken: dict[str, int] = {}
    for line, row in table.rows:
        where, written = f"line {line}", row[key]
        try:
            code = _code(written, names)
        except (InvalidAreaCode, UnmatchedName) as error:
            expected = error.findings[0].expected if error.findings else error.message
            unmatched.append(Finding(where, field, written, expected))
            continue
        if code not in codes:
            unmatched.append(Finding(where, field, written, "an area of the level that is joined to"))
        elif code in taken:
            unmatched.append(Finding(where, field, written, f"each area once; line {taken[code]} has it"))
        else:
            taken[code] = line
            matched.append((code, row))
    return Join(tuple(matched), tuple(unmatched))


def _code(written: str, names: AreaNames) -> str:
    if len(written) > LONGEST_NAME:
        raise UnmatchedName(f"a code or name of at most {LONGEST_NAME} characters")
    digits = written.removeprefix("R").removesuffix(".0")
    if digits.isdigit():
        # a spreadsheet takes the leading zero away; two digits are a prefecture
        full = f"{digits:0>2}000" if len(digits) <= 2 else f"{digits:0>5}"
        return area_code(full)
    return names.place(written).code or ""


def values(table: Table, rows: Sequence[tuple[str, ...]]) -> Mapping[str, list[object]]:
    """Return columns by name; one whose cells are all numbers, or empty, is numeric.

    >>> values(Table(("a", "b"), ()), [("1,234", "x"), ("", "")])
    {'a': [1234, None], 'b': ['x', None]}
    """
    return {name: list(_typed([row[at] for row in rows])) for at, name in enumerate(table.header)}


def _typed(cells: Sequence[str]) -> Iterator[object]:
    numbers: list[object] = []
    for cell in cells:
        if not cell:
            numbers.append(None)
            continue
        plain = cell.replace(",", "").replace("−", "-")
        try:
            number = float(plain)
        except ValueError:
            return iter([one or None for one in cells])
        if number != number or number in (float("inf"), float("-inf")):
            return iter([one or None for one in cells])
        is_code = len(plain) > 1 and plain.startswith("0") and "." not in plain
        if is_code:  # 01100 is a name, not a number
            return iter([one or None for one in cells])
        numbers.append(int(number) if number.is_integer() and abs(number) < LARGEST_EXACT else number)
    return iter(numbers)
