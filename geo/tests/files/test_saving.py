"""What offices have and nothing here guesses at: each reader says how it is saved, in both languages."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from geo.areas.tables import read_table
from geo.errors import ChiikiError, InvalidFile
from geo.figures.observations import read_long_csv, read_long_xlsx
from geo.files.saving import is_second_head
from geo.files.workbooks import sheet_rows
from geo.strategy.deployment_lists import read_list
from geo.strategy.kpi_lists import read_actuals
from geo.tests.strategy.test_kpi_lists import AREAS

REAL = os.environ.get("CHIIKI_REAL_DATA")
OLD = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(1_000)
LOCKED = OLD + "EncryptedPackage".encode("utf-16-le")
#: Readers of tables in text, in any file, and in workbooks.
TEXT: list[Callable[[Path], object]] = [
    lambda path: read_long_csv(path.read_bytes()),
    lambda path: read_actuals(path.read_bytes(), AREAS),
    lambda path: read_table(path.read_bytes()),
]
ANY: list[Callable[[Path], object]] = [read_list]
WORKBOOKS: list[Callable[[Path], object]] = [read_long_xlsx, sheet_rows]
TWO_HEADS = "団体コード,団体名,人口,,\n,,総数,男,女\n011002,札幌市,1973395,918682,1054713\n"
LONG = ["indicator", "area_code", "period", "value"]
MEASURES = ["measure_id", "areas", "status", "source_title", "source_url", "confidence", "programme"]


def refusal(read: Callable[[Path], object], path: Path) -> ChiikiError:
    with pytest.raises(ChiikiError) as refused:
        read(path)
    return refused.value


def written(folder: Path, body: bytes) -> Path:
    (folder / "table.xls").write_bytes(body)
    return folder / "table.xls"


def workbook(*rows: list[str], merged: str = "") -> bytes:
    book, held = openpyxl.Workbook(), io.BytesIO()
    for cells in rows:
        book.worksheets[0].append(cells)
    if merged:
        book.worksheets[0].merge_cells(merged)
    book.save(held)
    return held.getvalue()


@pytest.mark.parametrize("read", [*TEXT, *ANY, *WORKBOOKS])
@pytest.mark.parametrize(
    ("body", "ja", "en"),
    [
        (OLD, "古い形式の Excel ファイル（.xls）です", "is an old Excel file (.xls)"),
        (LOCKED, "パスワードを外してください", "is locked by a password"),
    ],
)
def test_an_old_or_locked_workbook_is_told_how_to_be_saved(
    tmp_path: Path, read: Callable[[Path], object], body: bytes, ja: str, en: str
) -> None:
    refused = refusal(read, written(tmp_path, body))
    assert ja in refused.message
    assert en in refused.message
    (finding,) = refused.findings
    assert "「名前を付けて保存」" in finding.expected
    assert "CSV UTF-8 (Comma delimited)" in finding.expected
    assert ("Excel Workbook (*.xlsx)" in finding.expected) == (read in WORKBOOKS)


@pytest.mark.parametrize("read", TEXT)
def test_a_workbook_where_text_is_read_is_told_how_to_be_saved(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    refused = refusal(read, written(tmp_path, workbook(LONG)))
    assert "CSV ではなく、Excel などのファイルです" in refused.message
    assert "「CSV UTF-8（コンマ区切り）」" in refused.findings[0].expected


@pytest.mark.parametrize("read", [*TEXT, *ANY])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp932"])
def test_a_head_of_two_rows_is_told_and_not_guessed_at(
    tmp_path: Path, read: Callable[[Path], object], encoding: str
) -> None:
    refused = refusal(read, written(tmp_path, TWO_HEADS.encode(encoding)))
    (told,) = [one for one in refused.findings if one.field == "header" and "1 行だけ" in one.expected]
    assert "セルの結合を解除" in told.expected
    assert "one header row" in told.expected


@pytest.mark.parametrize("read", [*ANY, read_long_xlsx])
def test_a_title_above_the_header_of_a_list_is_told(tmp_path: Path, read: Callable[[Path], object]) -> None:
    refused = refusal(read, written(tmp_path, workbook(["令和6年 事業一覧"], [*LONG, *MEASURES])))
    assert any("表題の行を消し" in one.expected for one in refused.findings)


@pytest.mark.parametrize(
    ("read", "rows"),
    [
        (read_long_xlsx, [LONG, ["population", "01100", "2020", "1"], ["", "01202", "2020", "2"]]),
        (read_list, [MEASURES, ["smart-cities", "北海道札幌市", *"abcd", "交付金"], ["", "x", *"abcd", ""]]),
    ],
)
def test_merged_cells_below_a_header_are_refused_and_not_read_as_empty(
    tmp_path: Path, read: Callable[[Path], object], rows: list[list[str]]
) -> None:
    assert read(written(tmp_path, workbook(*rows)))
    refused = refusal(read, written(tmp_path, workbook(*rows, merged="A2:A3")))
    assert "結合されたセルがあります" in refused.message
    ((finding),) = refused.findings
    assert (finding.field, finding.value) == ("merged cells", "A2:A3")
    assert "どの行にも値を入れて" in finding.expected
    assert "write the value into every row" in finding.expected


def test_a_title_may_stand_above_the_table_of_a_join() -> None:
    table = read_table("人口（令和2年）,,\n団体コード,団体名,人口\n011002,札幌市,1973395\n".encode())
    assert table.header == ("団体コード", "団体名", "人口")


@pytest.mark.parametrize(
    ("header", "below", "goes_on"),
    [
        ("コード,名,人口,,", ",,総数,男,女", True),
        ("コード,名,人口,", ",,2015,2020", True),
        ("コード,人口,", "code,total,men", True),
        ("コード,名,人口", ",,総数", False),
        (",人口", "札幌市,1973395", False),
        (",区分", "札幌市,都市", False),
        ("コード,人口,", "01100,1973395,速報", False),
        ("コード,人口,", "01100,1973395,", False),
    ],
)
def test_a_second_head_fills_the_gaps_of_the_first(header: str, below: str, goes_on: bool) -> None:
    assert is_second_head(header.split(","), below.split(",")) is goes_on


@pytest.mark.skipif(REAL is None, reason="the published workbooks are in CHIIKI_REAL_DATA")
@pytest.mark.parametrize("read", [*TEXT, *ANY, *WORKBOOKS])
def test_the_register_as_it_was_published_in_2005(tmp_path: Path, read: Callable[[Path], object]) -> None:
    packed = Path(str(REAL)) / "stats/juki-age/original/0504snen.xls.gz"
    refused = refusal(read, written(tmp_path, gzip.decompress(packed.read_bytes())))
    assert "古い形式の Excel ファイル（.xls）です" in refused.message


@pytest.mark.skipif(REAL is None, reason="the published workbooks are in CHIIKI_REAL_DATA")
@pytest.mark.parametrize(
    ("read", "name"),
    [
        (read_list, "stats/juki-age/original/24nsnen.xlsx"),
        (read_long_xlsx, "stats/population/jinkou-s50_r06.xlsx"),
    ],
)
def test_published_workbooks_with_a_title_are_told_to_have_one_header(
    read: Callable[[Path], object], name: str
) -> None:
    with pytest.raises(InvalidFile) as refused:
        read(Path(str(REAL)) / name)
    assert any("見出しは 1 行だけ" in one.expected for one in refused.value.findings)


@pytest.mark.skipif(REAL is None, reason="the published tables are in CHIIKI_REAL_DATA")
@pytest.mark.parametrize("year", range(2016, 2021))
def test_published_tables_whose_head_goes_on_below_are_no_tables_to_join(year: int) -> None:
    path = Path(str(REAL)) / f"stats/population/市区町村別人口_{year}.csv"
    with pytest.raises(InvalidFile, match="見出しが 2 行以上あります"):
        read_table(path.read_bytes())
