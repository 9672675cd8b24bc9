"""Excel workbooks from strangers: the first sheet as text, or a refusal, in bounded time and memory.

A workbook of five kilobytes can claim a sheet of 17 billion cells, and one of 400 kilobytes can unpack to
400 megabytes; so sizes are asked before anything is parsed, and what the sheet claims is not believed.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from geo.errors import Finding, InvalidFile
from geo.files.saving import COMPOUND, SAVE_AS_WORKBOOK, UNMERGE, heads, refuse_old_workbook

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

_FORMULA = re.compile(rb"<(\w+:)?f[\s/>]")
_CELL = re.compile(r"([A-Z]{1,3})([0-9]+)")
#: Which cells of a sheet are one: A1:C1.
_MERGED = re.compile(rb"<(?:\w{1,20}:)?mergeCell\s[^>]{0,200}?ref=[\"']([A-Z0-9:]{1,40})[\"']")
_ZERO = re.compile(r"0+(\.0*)?")
#: How many formulas without a value a refusal lists.
MOST_LISTED = 20

MAX_ROWS, MAX_COLUMNS = 1_000_000, 50
MAX_BYTES = 100 << 20

#: What openpyxl, zipfile and the XML parser (whose ParseError is a SyntaxError) raise on broken workbooks.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    SyntaxError,
    EOFError,
    OSError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    NotImplementedError,
    RuntimeError,
)


def sheet_rows(
    path: Path, sheet: str | None = None, most_columns: int = MAX_COLUMNS
) -> list[tuple[int, list[str]]]:
    """Return row numbers (from 1) and cells of the first sheet, or of the named one, blank rows left out.

    Cells are text: whole numbers without decimals, missing ones empty; trailing blanks are cut.

    Raises
    ------
    InvalidFile : no workbook, one that holds more than a table of figures does, or formulas that no program
        has computed: what they come to is not in the file, and it is not nothing
    """
    with _opened(path) as (archive, book):
        found = [one for one in book.worksheets if sheet in (None, one.title)]
        if not found:
            there = Finding("file", "sheet", ", ".join(book.sheetnames), f"a sheet {sheet}")
            raise InvalidFile(f"{path.name} has no sheet {sheet}", [there])
        lines = _cells(found[0], MAX_ROWS + 1, most_columns + 1)
        rows = list(_filled(path.name, lines, most_columns))
        to_do = book.calculation is not None and bool(book.calculation.fullCalcOnLoad)
        uncomputed = _uncomputed(archive.read(_member(found[0])), to_do=to_do)
    if uncomputed:
        header = rows[0][1] if rows else []
        findings = [_finding(cell, formula, header) for cell, formula in uncomputed]
        raise InvalidFile(f"{path.name} has formulas without a value", findings)
    return rows


def first_row(path: Path, most_columns: int = MAX_COLUMNS) -> list[str]:
    """Return the cells of the first row of a workbook, up to a column.

    Raises
    ------
    InvalidFile : no workbook
    """
    with _opened(path) as (_, book):
        return [_text(cell) for cells in _cells(book.worksheets[0], 1, most_columns) for cell in cells]


def refuse_merged(path: Path) -> None:
    """Refuse a workbook in whose first sheet cells are merged: all but one of them would read as empty.

    Raises
    ------
    InvalidFile : it has some, listed with how to save it
    """
    with _opened(path) as (archive, book):
        merged = _MERGED.findall(archive.read(_member(book.worksheets[0])))
    if merged:
        findings = [
            Finding("sheet", "merged cells", place.decode("ascii", "replace"), UNMERGE)
            for place in merged[:MOST_LISTED]
        ]
        raise InvalidFile(f"結合されたセルがあります / {path.name} has merged cells", findings)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, Workbook]]:
    """Give the archive and the workbook, or refuse what is none; so is what breaks while they are read."""
    import openpyxl

    if not openpyxl.DEFUSEDXML:
        raise ImportError("defusedxml is not installed: workbooks are not read without it")
    try:
        with path.open("rb") as opened:
            if (start := opened.read(len(COMPOUND))) == COMPOUND:
                refuse_old_workbook(start + opened.read(MAX_BYTES), path.name)
            with zipfile.ZipFile(opened) as archive:
                unpacked = sum(member.file_size for member in archive.infolist())
                if unpacked > MAX_BYTES:
                    told = f"{path.name} unpacks to more than {MAX_BYTES >> 20} MiB"
                    raise InvalidFile(told, [Finding("file", "size", f"{unpacked:,} bytes", "fewer rows")])
                yield archive, openpyxl.load_workbook(opened, read_only=True, data_only=True)
    except BROKEN as error:
        told = str(error).partition("\n")[0][:120]
        finding = Finding("file", "format", told, SAVE_AS_WORKBOOK)
        raise InvalidFile(f"{path.name} is no whole Excel workbook: {told}", [finding]) from error


def _cells(sheet: Worksheet, rows: int, columns: int) -> Iterator[tuple[object, ...]]:
    sheet.reset_dimensions()  # type: ignore[attr-defined]  # a sheet that is only read has it
    cells: Iterator[tuple[object, ...]] = sheet.iter_rows(max_row=rows, max_col=columns, values_only=True)
    return cells


def _member(sheet: Worksheet) -> str:
    return str(sheet._worksheet_path)  # type: ignore[attr-defined]  # told nowhere else


def _uncomputed(xml: bytes, *, to_do: bool) -> list[tuple[str, str]]:
    """Return cell (D2) and text of the first formulas of a sheet that no program has computed.

    Parameters
    ----------
    to_do : the workbook asks to be computed when it is opened; a zero beside a formula is then none
    """
    from defusedxml.ElementTree import iterparse

    if not _FORMULA.search(xml):
        return []
    found: list[tuple[str, str]] = []
    for _, element in iterparse(io.BytesIO(xml)):
        if _tag(element) == "c" and (formula := _formula(element, to_do=to_do)):
            found.append((element.get("r", ""), formula))
        elif _tag(element) == "row":
            element.clear()
        if len(found) == MOST_LISTED:
            break
    return found


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _formula(cell: Element, *, to_do: bool) -> str:
    """Return the formula of a cell that it has no value of; empty for any other cell."""
    texts = {_tag(part): part.text or "" for part in cell}
    if "f" not in texts or cell.get("t") == "str":  # a computed text may be empty
        return ""
    value = texts.get("v", "").strip()
    is_computed = bool(value) and not (to_do and _ZERO.fullmatch(value))
    return "" if is_computed else f"={texts['f']}"


def _finding(cell: str, formula: str, header: list[str]) -> Finding:
    place = _CELL.fullmatch(cell)
    letters, row = (place[1], place[2]) if place else ("?", "?")
    at = sum((ord(letter) - 64) * 26**power for power, letter in enumerate(reversed(letters))) - 1
    field = header[at] if 0 <= at < len(header) and header[at].strip() else f"column {letters}"
    expected = "a value; no program has computed the formula: open and save the workbook in Excel"
    return Finding(f"row {row}", field, formula, expected)


def _filled(
    name: str, lines: Iterator[tuple[object, ...]], most_columns: int
) -> Iterator[tuple[int, list[str]]]:
    first: tuple[str, list[str]] | None = None
    for line, cells in enumerate(lines, 1):
        if line > MAX_ROWS:
            finding = Finding(f"row {line}", "row", "", f"at most {MAX_ROWS:,} rows")
            raise InvalidFile(f"{name} has cells below row {MAX_ROWS:,}", [finding])
        if not any(value is not None for value in cells):
            continue
        if any(value is not None for value in cells[most_columns:]):
            expected = f"{most_columns} 列まで / at most {most_columns} columns"
            finding = Finding(f"row {line}", "row", "", expected)
            told = f"{name} has cells right of column {most_columns}"
            raise InvalidFile(told, [finding, *heads(*first)] if first else [finding])
        texts = [_text(value) for value in cells]
        while texts and not texts[-1].strip():
            texts.pop()
        if texts:
            first = first or (f"row {line}", texts)
            yield line, texts


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
