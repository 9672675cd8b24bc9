"""Workbooks as text: what cells become, which sheet is read, what is too large for a table of figures."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import openpyxl
import pytest

from geo.errors import InvalidFile
from geo.files.workbooks import MAX_COLUMNS, sheet_rows


def workbook(folder: Path, **sheets: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, lines in sheets.items():
        sheet = book.create_sheet(title)
        for line in lines:
            sheet.append(line)
    path = folder / "a.xlsx"
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (1973395.0, "1973395"),
        (-3.0, "-3"),
        (0.1, "0.1"),
        (2020, "2020"),
        ("01100", "01100"),
        ("…", "…"),
        (" a ", " a "),
        (dt.datetime(2020, 10, 1), "2020-10-01 00:00:00"),
    ],
)
def test_a_cell_is_the_text_that_a_reader_sees(tmp_path: Path, cell: object, text: str) -> None:
    assert sheet_rows(workbook(tmp_path, a=[[cell]])) == [(1, [text])]


def test_blanks_behind_the_last_cell_are_cut_and_those_before_it_kept(tmp_path: Path) -> None:
    lines: list[list[object]] = [[None, "a", None, "b", None, " "], [], [" "], ["c"]]
    assert sheet_rows(workbook(tmp_path, a=lines)) == [(1, ["", "a", "", "b"]), (4, ["c"])]


def test_the_first_sheet_is_read_or_the_one_named(tmp_path: Path) -> None:
    path = workbook(tmp_path, a=[["one"]], b=[["two"]])
    assert sheet_rows(path) == [(1, ["one"])]
    assert sheet_rows(path, "b") == [(1, ["two"])]
    with pytest.raises(InvalidFile, match="has no sheet c"):
        sheet_rows(path, "c")


def test_an_empty_sheet_has_no_rows(tmp_path: Path) -> None:
    assert sheet_rows(workbook(tmp_path, a=[])) == []


def test_a_cell_beyond_the_last_column_is_refused_not_left_out(tmp_path: Path) -> None:
    widest: list[object] = list(range(MAX_COLUMNS))
    ((_, cells),) = sheet_rows(workbook(tmp_path, a=[widest]))
    assert cells[-1] == "49"
    with pytest.raises(InvalidFile, match="right of column 50"):
        sheet_rows(workbook(tmp_path, a=[["a"], [*widest, "one more"]]))


@pytest.mark.parametrize("body", [b"", b"code,name\n", b"\xd0\xcf\x11\xe0" + b"\0" * 600])
def test_what_is_no_workbook_is_refused_by_its_name(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "old.xls"
    path.write_bytes(body)
    with pytest.raises(InvalidFile, match=r"old\.xls is no whole Excel workbook"):
        sheet_rows(path)
