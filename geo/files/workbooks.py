"""Excel workbooks from strangers: the first sheet as text, or a refusal, in bounded time and memory.

A workbook of five kilobytes can claim a sheet of 17 billion cells, and one of 400 kilobytes can unpack to
400 megabytes; so sizes are asked before anything is parsed, and what the sheet claims is not believed.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from geo.errors import InvalidFile

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


def sheet_rows(path: Path, sheet: str | None = None) -> list[tuple[int, list[str]]]:
    """Return row numbers (from 1) and cells of the first sheet, or of the named one, blank rows left out.

    Cells are text: whole numbers without decimals, missing ones empty; trailing blanks are cut.

    Raises
    ------
    InvalidFile : no workbook, or one that holds more than a table of figures does
    """
    import openpyxl

    if not openpyxl.DEFUSEDXML:
        raise ImportError("defusedxml is not installed: workbooks are not read without it")
    try:
        with path.open("rb") as opened:
            with zipfile.ZipFile(opened) as archive:
                unpacked = sum(member.file_size for member in archive.infolist())
            if unpacked > MAX_BYTES:
                raise InvalidFile(f"{path.name} unpacks to more than {MAX_BYTES >> 20} MiB")
            book = openpyxl.load_workbook(opened, read_only=True, data_only=True)
            found = [one for one in book.worksheets if sheet in (None, one.title)]
            if not found:
                raise InvalidFile(f"{path.name} has no sheet {sheet}")
            found[0].reset_dimensions()
            lines = found[0].iter_rows(max_row=MAX_ROWS + 1, max_col=MAX_COLUMNS + 1, values_only=True)
            return list(_filled(path.name, lines))
    except BROKEN as error:
        told = str(error).partition("\n")[0][:120]
        raise InvalidFile(f"{path.name} is no whole Excel workbook: {told}") from error


def _filled(name: str, lines: Iterator[tuple[object, ...]]) -> Iterator[tuple[int, list[str]]]:
    for line, cells in enumerate(lines, 1):
        if line > MAX_ROWS:
            raise InvalidFile(f"{name} has cells below row {MAX_ROWS:,}")
        if not any(value is not None for value in cells):
            continue
        if any(value is not None for value in cells[MAX_COLUMNS:]):
            raise InvalidFile(f"{name} has cells right of column {MAX_COLUMNS}")
        texts = [_text(value) for value in cells]
        while texts and not texts[-1].strip():
            texts.pop()
        if texts:
            yield line, texts


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
