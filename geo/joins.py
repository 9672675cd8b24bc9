"""An analyst's own table on areas: which row lies where, and which rows lie nowhere.

A row names its area by code (five digits, or six with the check digit) or by name; a name that several areas
have needs its prefecture before it, 広島県府中市.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from geo.codes import area_code
from geo.errors import Finding, InvalidAreaCode, InvalidFile, InvalidParameter, UnmatchedName
from geo.names import AreaNames

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
MOST_ROWS = 20_000
ENCODINGS = ("utf-8-sig", "cp932")


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
    InvalidFile : no text, no header, a header with a name twice, no rows, too many, a row of another length
    """
    for encoding in ENCODINGS:
        try:
            text = body.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise InvalidFile("The table is neither UTF-8 nor Shift_JIS (cp932)")
    lines = csv.reader(io.StringIO(text, newline=""))
    header = tuple(name.strip() for name in next(lines, []))
    if not any(header) or len(set(header)) != len(header) or "" in header:
        finding = Finding("line 1", "header", ",".join(header)[:80], "names of columns, each once")
        raise InvalidFile("The table has no header", [finding])
    rows = []
    for row in lines:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            finding = Finding(
                f"line {lines.line_num}", "row", ",".join(row)[:80], f"{len(header)} cells, as the header"
            )
            raise InvalidFile(f"Line {lines.line_num} has {len(row)} cells", [finding])
        rows.append((lines.line_num, tuple(cell.strip() for cell in row)))
        if len(rows) > MOST_ROWS:
            raise InvalidFile(f"The table has more than {MOST_ROWS:,} rows")
    if not rows:
        raise InvalidFile("The table has no rows")
    return Table(header, tuple(rows))


def key_of(table: Table, asked: str | None) -> int:
    """Return the column that names the areas.

    Raises
    ------
    InvalidParameter : there is no such column, or none that is known for one
    """
    if asked is not None:
        if asked not in table.header:
            expected = f"one of the columns {', '.join(table.header)}"
            raise InvalidParameter("key is no column", [Finding("query", "key", asked[:80], expected)])
        return table.header.index(asked)
    found = next((name for name in KEYS if name in table.header), None)
    if found is None:
        expected = f"a column {', '.join(KEYS)}, or key=COLUMN in the address"
        header = ",".join(table.header)[:80]
        raise InvalidParameter("No column names the areas", [Finding("line 1", "header", header, expected)])
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
            unmatched.append(Finding(where, field, written[:80], expected))
            continue
        if code not in codes:
            unmatched.append(Finding(where, field, written[:80], "an area of the level that is joined to"))
        elif code in taken:
            unmatched.append(
                Finding(where, field, written[:80], f"each area once; line {taken[code]} has it")
            )
        else:
            taken[code] = line
            matched.append((code, row))
    return Join(tuple(matched), tuple(unmatched))


def _code(written: str, names: AreaNames) -> str:
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
        numbers.append(int(number) if number.is_integer() else number)
    return iter(numbers)
