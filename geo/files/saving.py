"""How a person saves a table so that it can be read: what refusals of other files say.

Spreadsheets of before 2007, workbooks with a password and tables with titles and merged heads are what
offices have. None of them is guessed at: which cell of a merged head is whose is not in the file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from geo.errors import Finding, InvalidFile

#: What an Excel file of 1997 to 2003, and a newer one with a password, begins with (MS-CFB 2.2).
COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")
_PASSWORD = "EncryptedPackage".encode("utf-16-le")
_ARCHIVE = b"PK\x03\x04"

_AS_CSV = "「CSV UTF-8（コンマ区切り）」"
_AS_WORKBOOK = "「Excel ブック（*.xlsx）」"
SAVE_AS_CSV = (
    f"Excel で開き、「名前を付けて保存」で{_AS_CSV}を選んで保存し直す / "
    "open it in Excel and save it as “CSV UTF-8 (Comma delimited)”"
)
SAVE_AS_WORKBOOK = (
    f"Excel で開き、「名前を付けて保存」で{_AS_WORKBOOK}か{_AS_CSV}を選んで保存し直す / "
    "open it in Excel and save it as “Excel Workbook (*.xlsx)” or “CSV UTF-8 (Comma delimited)”"
)
ONE_HEADER = (
    "見出しは 1 行だけにして、表の最初の行に置き、どの列にも名前を付ける。"
    f"表題の行を消し、セルの結合を解除してから、{_AS_WORKBOOK}か{_AS_CSV}で保存し直す / "
    "one header row, the first of the table, with a name for every column: delete the title rows, "
    "unmerge the cells, and save it again as “Excel Workbook (*.xlsx)” or “CSV UTF-8”"
)
UNMERGE = (
    "セルの結合を解除し、どの行にも値を入れて保存し直す。見出しは 1 行だけにする / "
    "unmerge the cells, write the value into every row, and save it again; one header row"
)


def refuse_old_workbook(data: bytes, name: str, expected: str = SAVE_AS_WORKBOOK) -> None:
    """Refuse a spreadsheet of before 2007, and one that a password locks.

    Raises
    ------
    InvalidFile : it is one; the finding says how it is saved
    """
    if not data.startswith(COMPOUND):
        return
    if _PASSWORD in data:
        told = f"パスワード付きのブックです。パスワードを外してください / {name} is locked by a password"
        raise InvalidFile(told, [Finding("file", "format", "password", expected)])
    told = f"古い形式の Excel ファイル（.xls）です / {name} is an old Excel file (.xls)"
    raise InvalidFile(told, [Finding("file", "format", ".xls", expected)])


def refuse_spreadsheet(data: bytes, name: str) -> None:
    """Refuse a spreadsheet of any kind where text is read.

    Raises
    ------
    InvalidFile : it is one; the finding says how it is saved as text
    """
    refuse_old_workbook(data, name, SAVE_AS_CSV)
    if data.startswith(_ARCHIVE):
        told = f"CSV ではなく、Excel などのファイルです / {name} is a workbook or an archive, no CSV"
        raise InvalidFile(told, [Finding("file", "format", ".xlsx", SAVE_AS_CSV)])


def heads(where: str, header: Sequence[str]) -> list[Finding]:
    """Return what to say of a first row that is a title, or a head of several rows: it has gaps."""
    filled = [cell for cell in header if cell.strip()]
    if len(filled) > 1 and len(filled) == len(header):
        return []
    return [Finding(where, "header", ",".join(header), ONE_HEADER)]


_NUMBER = re.compile(r"[+-]?[0-9][0-9,]*(\.[0-9]*)?")


def is_second_head(header: Sequence[str], below: Sequence[str]) -> bool:
    """Return whether the row below a header goes on with it, as merged heads come out of a spreadsheet.

    It fills a gap of the header to the right of a name, and is no row of its own: its first cell is empty, or
    it has no number.

    >>> is_second_head(["code", "population", ""], ["", "men", "women"])
    True
    >>> is_second_head(["code", "population", ""], ["01100", "918682", "a note"])
    False
    """
    cells = [cell.strip() for cell in below]
    names = [name.strip() for name in header]
    fills = any(cell and not name for name, cell in zip(names[1:], cells[1:], strict=False))
    is_row = cells[:1] != [""] and any(_NUMBER.fullmatch(cell) for cell in cells)
    return fills and not is_row
