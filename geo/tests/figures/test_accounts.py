"""Workbooks of the prefectural accounts, made here and as published."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

import openpyxl
import pytest
from hypothesis import given

from geo.errors import InvalidFile, InvalidRows
from geo.figures.accounts import read_accounts
from geo.tests.mutations import mutated_text, proven, refusal, write_workbook

REAL = os.environ.get("CHIIKI_REAL_DATA")


def workbook(path: Path, *, rows: int = 47, total: float | None = None, cell: object = None) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "実数"
    sheet.append(["１１．県内就業者数"])
    sheet.append([])
    sheet.append(["", "", "", "", "（単位：人）"])
    sheet.append(["", "", "2016", "2017", "2018"])
    for number in range(1, rows + 1):
        sheet.append([number, "県", 100, 200, 300 if number > 1 or cell is None else cell])
    sheet.append(["", "全県計", 100 * rows, 200 * rows, total if total is not None else 300 * rows])
    book.save(path)
    return path


def test_figures_are_read_with_title_and_unit(tmp_path: Path) -> None:
    found = read_accounts(workbook(tmp_path / "a.xlsx"), "employed", additive=True)
    assert (found.title, found.unit) == ("11.県内就業者数", "(単位:人)")
    assert len(found.rows) == 141
    assert (found.rows[0].area_code, found.rows[0].period, found.rows[0].value) == ("01000", "2016", 100)


def test_a_sum_that_is_not_the_published_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRows, match="2018"):
        read_accounts(workbook(tmp_path / "a.xlsx", total=99_999), "employed", additive=True)


def test_a_cell_that_is_no_figure_and_a_missing_prefecture_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRows, match="row 5"):
        read_accounts(workbook(tmp_path / "a.xlsx", cell="約300"), "employed", additive=False)
    with pytest.raises(InvalidFile, match="not all prefectures"):
        read_accounts(workbook(tmp_path / "b.xlsx", rows=46), "employed", additive=False)


def test_another_workbook_is_refused(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(InvalidFile, match="no sheet 実数"):
        read_accounts(tmp_path / "a.xlsx", "employed", additive=False)


GOOD = "１．県内就業者数\n\n,,（単位：人）\n,,2016,2017,2018\n" + "".join(
    f"{number},県,{number}0,200,300\n" for number in range(1, 48)
)


@given(mutated_text(f"{GOOD},全県計,11280,9400,14100\n"))
@proven
def test_a_mutated_workbook_is_read_or_refused_with_its_place(data: bytes) -> None:
    with NamedTemporaryFile(suffix=".xlsx") as held:
        write_workbook(Path(held.name), data, "実数")
        refusal(lambda: read_accounts(Path(held.name), "employed", additive=True))


def test_a_code_of_thousands_of_digits_is_no_prefecture(tmp_path: Path) -> None:
    write_workbook(tmp_path / "a.xlsx", f"{GOOD}{'1' * 5000},県,1,2,3\n".encode(), "実数")
    assert len(read_accounts(tmp_path / "a.xlsx", "employed", additive=False).rows) == 141


@pytest.mark.skipif(REAL is None, reason="the published workbooks are in CHIIKI_REAL_DATA")
def test_the_published_workbook_of_employed_persons_is_read() -> None:
    folder = Path(str(REAL)) / "accounts" / "esri-fy2018-h23base"
    found = read_accounts(folder / "soukatu10_2018.xlsx", "employed", additive=True)
    assert "県内就業者数" in found.title
    assert "人" in found.unit
    assert {row.period for row in found.rows} == {str(year) for year in range(2006, 2019)}
    assert len(found.rows) == 47 * 13


@pytest.mark.skipif(REAL is None, reason="the published workbooks are in CHIIKI_REAL_DATA")
def test_chained_real_values_are_not_added_up() -> None:
    path = Path(str(REAL)) / "accounts" / "esri-fy2018-h23base" / "soukatu2_2018.xlsx"
    assert len(read_accounts(path, "gpp-real", additive=False).rows) == 47 * 13
    with pytest.raises(InvalidRows, match="published sum"):
        read_accounts(path, "gpp-real", additive=True)
