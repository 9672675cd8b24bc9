"""Workbooks as text: what cells become, which sheet is read, what is too large for a table of figures."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path
from tempfile import NamedTemporaryFile

import openpyxl
import pytest
from hypothesis import given

from geo.errors import InvalidFile
from geo.figures.observations import checked_rows, read_long_xlsx
from geo.files.workbooks import MAX_COLUMNS, sheet_rows
from geo.tests.mutations import (
    SHEET_PART,
    mutated_text,
    mutated_zip,
    proven,
    refusal,
    workbook_parts,
    write_workbook,
)


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


@pytest.mark.parametrize("body", [b"", b"code,name\n", b"\xd0\xcf\x11\xe0", b"PK\x03\x04" + b"\0" * 600])
def test_what_is_no_workbook_is_refused_by_its_name(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "old.xls"
    path.write_bytes(body)
    with pytest.raises(InvalidFile, match=r"old\.xls is no whole Excel workbook"):
        sheet_rows(path)


SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    '<row r="1"><c r="A1" t="inlineStr"><is><t>code</t></is></c>'
    '<c r="B1" t="inlineStr"><is><t>value</t></is></c></row>'
    '<row r="2"><c r="A2"><v>10201</v></c>{}</row></sheetData></worksheet>'
)


def with_cell(folder: Path, cell: str, *, to_do: bool = False) -> Path:
    """Return a workbook whose cell B2 is this XML; to do: it asks to be computed when it is opened."""
    book = openpyxl.Workbook()
    book.calculation.fullCalcOnLoad = to_do
    book.save(folder / "plain.xlsx")
    path = folder / "a.xlsx"
    with zipfile.ZipFile(folder / "plain.xlsx") as source, zipfile.ZipFile(path, "w") as target:
        for member in source.namelist():
            is_sheet = member.endswith("sheet1.xml")
            target.writestr(member, SHEET.format(cell) if is_sheet else source.read(member))
    return path


@pytest.mark.parametrize(
    ("cell", "to_do"),
    [
        ('<c r="B2"><f>2+5</f><v></v></c>', False),
        ('<c r="B2"><f>2+5</f><v/></c>', True),
        ('<c r="B2"><f>2+5</f></c>', False),
        ('<c r="B2" t="n"><f ca="1">2+5</f><v></v></c>', False),
        ('<c r="B2"><f>2+5</f><v>0</v></c>', True),
        ('<c r="B2"><f>2+5</f><v>0.0</v></c>', True),
    ],
)
def test_a_formula_that_no_program_has_computed_is_refused_and_not_read_as_nothing(
    tmp_path: Path, cell: str, to_do: bool
) -> None:
    with pytest.raises(InvalidFile, match="formulas without a value") as refused:
        sheet_rows(with_cell(tmp_path, cell, to_do=to_do))
    (finding,) = refused.value.findings
    assert (finding.where, finding.field, finding.value) == ("row 2", "value", "=2+5")
    assert "save the workbook in Excel" in finding.expected


@pytest.mark.parametrize(
    ("cell", "to_do", "read"),
    [
        ('<c r="B2"><f>2+5</f><v>7</v></c>', False, ["10201", "7"]),
        ('<c r="B2"><f>2+5</f><v>7</v></c>', True, ["10201", "7"]),
        ('<c r="B2"><f>2-2</f><v>0</v></c>', False, ["10201", "0"]),
        ('<c r="B2" t="str"><f>""</f><v></v></c>', False, ["10201"]),
        ('<c r="B2" t="inlineStr"><is><t>=2+5</t></is></c>', False, ["10201", "=2+5"]),
        ("", True, ["10201"]),
    ],
)
def test_a_computed_formula_an_empty_text_and_a_text_that_looks_like_one_are_read(
    tmp_path: Path, cell: str, to_do: bool, read: list[str]
) -> None:
    assert sheet_rows(with_cell(tmp_path, cell, to_do=to_do))[1] == (2, read)


GOOD = "indicator,area_code,period,value\npopulation,01100,2020,1973395\ndoctors,07546,2020,…\n"
PARTS = workbook_parts([["code", "value"], ["10201", "7"]])
COMPUTED = {**PARTS, SHEET_PART: SHEET.format('<c r="B2"><f>2+5</f><v>7</v></c>')}


def test_the_parts_are_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in COMPUTED.items():
            archive.writestr(name, text)
    assert sheet_rows(path) == [(1, ["code", "value"]), (2, ["10201", "7"])]


@pytest.mark.filterwarnings("ignore::UserWarning:openpyxl")  # it says so where it leaves a part out
@given(mutated_zip(COMPUTED))
@proven
def test_a_mutated_workbook_is_read_or_refused_with_its_place(data: bytes) -> None:
    with NamedTemporaryFile(suffix=".xlsx") as held:
        Path(held.name).write_bytes(data)
        refusal(lambda: read_long_xlsx(Path(held.name)))


@given(mutated_text(GOOD))
@proven
def test_a_workbook_of_mutated_rows_is_read_or_refused_with_its_place(data: bytes) -> None:
    with NamedTemporaryFile(suffix=".xlsx") as held:
        write_workbook(Path(held.name), data)
        path = Path(held.name)
        refusal(lambda: checked_rows(read_long_xlsx(path), {"population": "census"}, lambda _: True))


def test_a_workbook_written_by_a_program_says_where_its_formulas_are(tmp_path: Path) -> None:
    path = workbook(tmp_path, a=[["code", None, "a"], [10201, 5, "=A2*2"], [10202, "=B2", 4]])
    with pytest.raises(InvalidFile) as refused:
        sheet_rows(path)
    found = [(one.where, one.field, one.value) for one in refused.value.findings]
    assert found == [("row 2", "a", "=A2*2"), ("row 3", "column B", "=B2")]
