"""SSDSE files in the layouts that the Statistics Center has published them in."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InvalidFile, InvalidRows
from geo.figures.ssdse import is_ssdse, read_ssdse, read_ssdse_workbook
from geo.files.workbooks import first_row
from geo.tests.mutations import mutated_text, proven, refusal

ITEMS = {"A1101": ["population"], "A5101": ["in-migrants"]}

# SSDSE-A: each column has its own reference year
A = """SSDSE-A-2026,Prefecture,Municipality,A1101,A1301,A5101
,,年度,2020,2020,2024
地域コード,都道府県,市区町村,総人口,15歳未満人口,転入者数
R01100,北海道,札幌市,1973395,1,110212
R22130,静岡県,浜松市,790718,2,19740
"""
# SSDSE-B: one row for each prefecture and year
B = """SSDSE-B-2025,Code,Prefecture,A1101,A1301
年度,地域コード,都道府県,総人口,15歳未満人口
2015,R12000,千葉県,6222666,3
2020,R12000,千葉県,6284480,4
"""
# SSDSE-E: prefectures with the nation, one year per column
E = """SSDSE-E-2026,Prefecture,A1101
,年度,2024
地域コード,都道府県,総人口
R00000,全国,123802000
R01000,北海道,5043000
"""

Figures = set[tuple[str, str, str, float | None]]


def figures(text: str, encoding: str = "cp932") -> Figures:
    rows = read_ssdse(text.encode(encoding), ITEMS, ITEMS)
    return {(r.indicator, r.area_code, r.period, r.value) for r in rows}


EXPECTED: list[tuple[str, Figures]] = [
    (
        A,
        {
            ("population", "01100", "2020", 1_973_395.0),
            ("in-migrants", "01100", "2024", 110_212.0),
            ("population", "22130", "2020", 790_718.0),
            ("in-migrants", "22130", "2024", 19_740.0),
        },
    ),
    (B, {("population", "12000", "2015", 6_222_666.0), ("population", "12000", "2020", 6_284_480.0)}),
    (E, {("population", "00000", "2024", 123_802_000.0), ("population", "01000", "2024", 5_043_000.0)}),
]


@pytest.mark.parametrize(("text", "expected"), EXPECTED)
def test_each_layout_gives_its_figures_with_their_own_year(text: str, expected: Figures) -> None:
    assert figures(text) == expected


def test_the_budget_of_a_prefecture_is_not_that_of_its_municipalities() -> None:
    text = E.replace("A1101", "D3201")
    assert read_ssdse(text.encode("cp932"), {"D3201": ["revenue"]}, {}) == []
    rows = read_ssdse(text.encode("cp932"), {"D3201": ["revenue"]}, {"D3201": ["budget"]})
    assert {row.indicator for row in rows} == {"budget"}


@pytest.mark.parametrize("encoding", ["cp932", "utf-8", "utf-8-sig"])
def test_every_encoding_reads_the_same(encoding: str) -> None:
    assert figures(A, encoding) == EXPECTED[0][1]


def test_columns_are_found_by_their_codes_wherever_they_stand() -> None:
    moved = A.replace("A1101,A1301,A5101", "A5101,A1301,A1101").replace("2020,2020,2024", "2024,2020,2020")
    assert ("in-migrants", "01100", "2024", 1_973_395.0) in figures(moved)


def test_a_symbol_is_a_missing_value_with_its_status() -> None:
    rows = read_ssdse(A.replace("110212", "X").encode("cp932"), ITEMS, ITEMS)
    assert [(r.value, r.status, r.raw) for r in rows if r.value is None] == [(None, "secret", "X")]


def test_every_fault_is_listed() -> None:
    broken = A.replace("R01100", "R99100").replace("790718", "79万").replace("19740", "abc")
    with pytest.raises(InvalidRows) as refused:
        read_ssdse(broken.encode("cp932"), ITEMS, ITEMS)
    assert [(f.where, f.field, f.value) for f in refused.value.findings] == [
        ("line 4", "SSDSE-A-2026", "R99100"),
        ("line 5", "A1101", "79万"),
        ("line 5", "A5101", "abc"),
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("R22130,静岡県,浜松市,790718,2,19740", "R22130,静岡県"),
        ("R22130", "R01100"),
        ("2020,2020,2024", "2020,2020,令和6"),
    ],
    ids=["a short row", "an area twice with other values", "a year that is none"],
)
def test_rows_that_cannot_be_right_are_refused(old: str, new: str) -> None:
    with pytest.raises(InvalidRows):
        read_ssdse(A.replace(old, new).encode("cp932"), ITEMS, ITEMS)


@pytest.mark.parametrize(
    "text", ["", "a,b,c\n1,2,3\n", "A1101\n2020\n人口\n", A.replace("R", "Z"), "\n" * 50]
)
def test_what_is_no_ssdse_file_is_refused(text: str) -> None:
    with pytest.raises(InvalidFile):
        read_ssdse(text.encode("cp932"), ITEMS, ITEMS)


REAL = os.environ.get("CHIIKI_REAL_DATA")


def test_an_unclosed_quote_and_a_cell_of_a_megabyte_are_refused_with_their_line() -> None:
    for body in (A.replace("R22130", '"R22130'), A.replace("790718", "7" * 1_000_000)):
        with pytest.raises(InvalidFile) as refused:
            figures(body)
        assert refused.value.findings[0].where == "line 5"


def test_lines_are_counted_as_a_reader_counts_them() -> None:
    with pytest.raises(InvalidRows) as refused:
        figures(A.replace("R22130", "\n\nR99130"))
    assert refused.value.findings[0].where == "line 7"


def as_workbook(text: str, path: Path) -> Path:
    """Write the rows of a file as a spreadsheet keeps them: numbers are numbers."""
    book = openpyxl.Workbook()
    for cells in csv.reader(io.StringIO(text)):
        book.worksheets[0].append([float(cell) if cell.isdecimal() else cell or None for cell in cells])
    book.save(path)
    return path


@pytest.mark.parametrize("text", [A, B, E, A.replace("1,110212", "…,")])
def test_a_workbook_says_what_the_file_in_text_says(tmp_path: Path, text: str) -> None:
    path = as_workbook(text, tmp_path / "SSDSE.xlsx")
    assert is_ssdse(first_row(path))
    assert read_ssdse_workbook(path, ITEMS, ITEMS) == read_ssdse(text.encode("cp932"), ITEMS, ITEMS)


def test_a_workbook_with_a_title_above_the_item_codes_is_not_guessed_at(tmp_path: Path) -> None:
    path = as_workbook("教育用標準データセット\n" + A, tmp_path / "SSDSE.xlsx")
    assert not is_ssdse(first_row(path))
    with pytest.raises(InvalidFile, match="No SSDSE file"):
        read_ssdse_workbook(path, ITEMS, ITEMS)


@given(st.sampled_from([A, B, E]).flatmap(mutated_text))
@proven
def test_a_mutated_file_is_read_or_refused_with_its_place(data: bytes) -> None:
    refusal(lambda: read_ssdse(data, ITEMS, ITEMS))


@pytest.mark.skipif(REAL is None, reason="CHIIKI_REAL_DATA is not set")
@pytest.mark.parametrize("edition", range(2018, 2027))
def test_every_published_edition_has_all_municipalities(edition: int) -> None:
    path = Path(str(REAL)) / f"stats/ssdse-a/SSDSE-A-{edition}.csv"
    rows = read_ssdse(path.read_bytes(), {"A1101": ["population"]}, {})
    # The census of 2015 up to the edition of 2021, that of 2020 afterwards
    assert {row.period for row in rows} == {"2015" if edition <= 2021 else "2020"}
    sapporo = {row.area_code: row.value for row in rows}["01100"]
    assert (len(rows), sapporo) == (1_741, 1_952_356.0 if edition <= 2021 else 1_973_395.0)


@pytest.mark.skipif(REAL is None, reason="CHIIKI_REAL_DATA is not set")
def test_a_workbook_of_a_published_edition_is_as_wide_as_it_is(tmp_path: Path) -> None:
    data = (Path(str(REAL)) / "stats/ssdse-a/SSDSE-A-2026.csv").read_bytes()
    start = b"\n".join(data.split(b"\n")[:100])
    path = as_workbook(start.decode("cp932"), tmp_path / "SSDSE-A-2026.xlsx")
    every = {code: [code] for code in start.decode("cp932").partition("\n")[0].split(",")[3:]}
    assert len(every) == 125
    assert read_ssdse_workbook(path, every, every) == read_ssdse(start, every, every)
