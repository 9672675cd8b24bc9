"""Figures in the long form: what is read, and that every fault is told at once."""

from __future__ import annotations

import io
import math
import zipfile
from contextlib import suppress
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import ChiikiError, InvalidFile, InvalidRows
from geo.figures.observations import Row, checked_rows, number, read_long_csv, read_long_json, read_long_xlsx
from geo.periods import PeriodKind
from geo.tests.mutations import mutated_text, proven, refusal

HEAD = "indicator,area_code,period,value,status\n"
ALLOWED: dict[str, PeriodKind] = {"population": "census", "doctors": "calendar_year"}


def rows_of(body: str, head: str = HEAD) -> list[Row]:
    return checked_rows(read_long_csv((head + body).encode()), ALLOWED, lambda code: code != "99999")


@pytest.mark.parametrize(
    ("written", "value", "status"),
    [
        ("1973395", 1_973_395.0, "ok"),
        ("1,973,395", 1_973_395.0, "ok"),
        ("１，９７３", 1_973.0, "ok"),
        ("-845", -845.0, "ok"),
        ("0", 0.0, "ok"),
        ("8.53", 8.53, "ok"),
        ("1e-07", 1e-7, "ok"),
        ("", None, "not_available"),
        ("-", None, "not_applicable"),
        ("…", None, "not_available"),
        ("...", None, "not_available"),
        ("***", None, "not_available"),
        ("X", None, "secret"),
        ("*", None, "secret"),
        ("0.", None, "below_unit"),
        *((sign, None, "not_applicable") for sign in "－−‐‑–—―─ー﹣ｰ"),
        *(("＊", None, "secret"), ("＊＊＊", None, "not_available"), ("Ｘ", None, "secret")),
        *(("‥", None, "not_available"), ("・・・", None, "not_available"), ("０．", None, "below_unit")),
        *(("△120", -120.0, "ok"), ("▲8", -8.0, "ok"), ("△ 1,234.5", -1_234.5, "ok")),
        *(("－８４５", -845.0, "ok"), ("−2", -2.0, "ok"), ("–3", -3.0, "ok"), ("▲０．５", -0.5, "ok")),
    ],
)
def test_a_cell_is_a_number_or_a_known_symbol(written: str, value: float | None, status: str) -> None:
    assert number(written) == (value, status)


@pytest.mark.parametrize(
    "written",
    [
        "12,34",
        "1,2345",
        "1.2.3",
        "nan",
        "inf",
        "1e400",
        "N/A",
        "χ",
        "12人",
        "0x10",
        "1_000",
        "--",
        "△",
        "△-5",
        "5△",
        "▲▲5",
    ],
)
def test_what_is_neither_is_refused_loudly(written: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        number(written)


@given(st.text(max_size=20))
def test_a_cell_of_any_text_gives_a_finite_number_a_status_or_a_refusal(written: str) -> None:
    try:
        value, status = number(written)
    except ValueError:
        return
    assert (value is not None and math.isfinite(value)) == (status == "ok")


def test_codes_are_read_in_every_form() -> None:
    rows = rows_of("population,011002,2020,1973395,\npopulation,R22130,2020,790718,ok\n")
    assert [(row.area_code, row.value, row.line) for row in rows] == [
        ("01100", 1973395, 2),
        ("22130", 790718, 3),
    ]


@pytest.mark.parametrize(
    ("first", "read"), [("102016", ["10201", "01220", "01221"]), ("10201", ["10201", "12203", "12211"])]
)
def test_six_digits_that_lost_their_zero_are_no_other_area(first: str, read: list[str]) -> None:
    # 12203 is 市川市, and what a spreadsheet leaves of 士別市's 012203
    body = f"population,{first},2020,1,\npopulation,12203,2020,2,\npopulation,12211,2020,3,\n"
    known = {"10201", "01220", "01221", "12203", "12211"}
    rows = checked_rows(read_long_csv((HEAD + body).encode()), ALLOWED, known.__contains__)
    assert [row.area_code for row in rows] == read


def test_codes_of_which_nothing_tells_the_form_are_refused() -> None:
    body = "population,12203,2020,2,\npopulation,12211,2020,3,\n"
    known = {"01220", "01221", "12203", "12211"}
    with pytest.raises(InvalidRows, match="codes in one form, with their zeros: 12203") as refused:
        checked_rows(read_long_csv((HEAD + body).encode()), ALLOWED, known.__contains__)
    assert [(one.where, one.field) for one in refused.value.findings] == [
        ("line 2", "area_code"),
        ("line 3", "area_code"),
    ]
    assert refused.value.findings[0].expected.startswith("先頭の 0 を落とさず桁をそろえたコード：12203 は")


def test_codes_of_something_else_are_refused_with_how_many_are_areas() -> None:
    # schools, of which one number happens to be 前橋市's code
    body = "".join(f"population,{code},2020,5,\n" for code in ("30011", "30012", "10201"))
    with pytest.raises(InvalidRows) as refused:
        checked_rows(read_long_csv((HEAD + body).encode()), ALLOWED, {"10201"}.__contains__)
    assert [(one.where, one.field, one.expected) for one in refused.value.findings][-1] == (
        "line 4",
        "area_code",
        "地域のコード：この列の 3 個のうち地域は 1 個だけ / "
        "codes of areas; of the 3 of this column only 1 are",
    )


def test_a_missing_value_keeps_its_symbol() -> None:
    (row,) = rows_of("doctors,07546,2020,X,\n")
    assert (row.value, row.status, row.raw) == (None, "secret", "X")


def test_every_bad_line_is_told_with_field_value_and_expectation() -> None:
    with pytest.raises(InvalidRows) as refused:
        rows_of(
            "popluation,01100,2020,1,\n"
            "population,011003,2020,1,\n"
            "population,01100,平成27年度,1,\n"
            "population,01100,2020,12人,\n"
            "population,01100,2020,1,missing\n"
            "population,01202,2020,,ok\n"
            "population,01203,2020,5,secret\n"
        )
    found = [(finding.where, finding.field, finding.value) for finding in refused.value.findings]
    assert found == [
        ("line 2", "indicator", "popluation"),
        ("line 3", "area_code", "011003"),
        ("line 4", "period", "平成27年度"),
        ("line 5", "value", "12人"),
        ("line 6", "status", "missing"),
        ("line 7", "status", "ok"),
        ("line 8", "status", "secret"),
    ]
    assert "check digit 2" in refused.value.findings[1].expected


def test_an_empty_cell_replaces_no_figure_without_a_status() -> None:
    with pytest.raises(InvalidRows, match="why there is no value") as refused:
        rows_of("population,01100,2020,,\npopulation,01202,2020,,unknown\n")
    assert [(one.where, one.field) for one in refused.value.findings] == [("line 2", "status")]


def test_a_code_that_no_area_has_is_refused() -> None:
    table = read_long_csv((HEAD + "population,01999,2020,5,\n").encode())
    with pytest.raises(InvalidRows, match="an area in 2015"):
        checked_rows(table, ALLOWED, lambda code: code == "01100", "the code of an area in 2015")


def test_a_second_row_with_another_value_is_refused_and_the_same_one_is_not() -> None:
    same = "population,01100,2020,5,\npopulation,011002,2020,5.0,\n"
    assert len(rows_of(same)) == 1
    with pytest.raises(InvalidRows, match=r"the same value as in line 2: 5\.0"):
        rows_of(same + "population,01100,2020,6,\n")


MONTHS: dict[str, PeriodKind] = {"arrivals": "month", "workers": "quarter", "grants": "fiscal_year"}


def test_a_period_is_read_as_people_write_it_in_the_kind_of_its_indicator() -> None:
    body = (
        "arrivals,01100,2025年4月,5,\narrivals,01100,202505,6,\nworkers,01100,2025年1〜3月期,7,\n"
        "grants,01100,令和6年度,8,\ngrants,01100,２０２５,9,\n"
    )
    rows = checked_rows(read_long_csv((HEAD + body).encode()), MONTHS, lambda _: True)
    assert [row.period for row in rows] == ["2025-04", "2025-05", "2025-Q1", "2024", "2025"]


def test_one_month_written_twice_is_one_figure() -> None:
    body = "arrivals,01100,2025年4月,5,\narrivals,01100,2025-04,6,\n"
    with pytest.raises(InvalidRows, match="no second row"):
        checked_rows(read_long_csv((HEAD + body).encode()), MONTHS, lambda _: True)


def test_a_period_of_another_kind_is_refused_with_its_line_and_what_was_expected() -> None:
    body = (
        "arrivals,01100,2025,5,\ngrants,01100,2024年,5,\nworkers,01100,2025-04,5,\n"
        "arrivals,01100,2025-13,1,\n"
    )
    with pytest.raises(InvalidRows) as refused:
        checked_rows(read_long_csv((HEAD + body).encode()), MONTHS, lambda _: True)
    assert [(one.where, one.field, one.value) for one in refused.value.findings] == [
        *(("line 2", "period", "2025"), ("line 3", "period", "2024年")),
        *(("line 4", "period", "2025-04"), ("line 5", "period", "2025-13")),
    ]
    assert [one.expected.partition("; ")[2] for one in refused.value.findings] == [
        *("2025 is a calendar year", "2024年 is a calendar year", "2025-04 is a month", "")
    ]


def test_a_town_that_says_fiscal_year_for_a_calendar_year_is_told() -> None:
    with pytest.raises(InvalidRows) as refused:
        rows_of("doctors,01100,FY2024,5,\n")
    (finding,) = refused.value.findings
    assert finding.expected == "a calendar year such as 2024, 2024年 or 令和6年; FY2024 is a fiscal year"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_text_is_utf8_or_cp932(encoding: str) -> None:
    (row,) = checked_rows(
        read_long_csv((HEAD + "doctors,01100,2020,…,\n").encode(encoding)), ALLOWED, lambda _: True
    )
    assert row.status == "not_available"


def test_utf8_that_ends_within_a_character_is_cut_off_and_no_cp932() -> None:
    # the two bytes that are left of 橋 would be 讖 in cp932
    with pytest.raises(InvalidFile, match="it ends within a character") as refused:
        read_long_csv((HEAD + "doctors,01100,2020,5,\ndoctors,前橋").encode()[:-1])
    assert refused.value.findings[0].where == "line 3"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        HEAD.encode("utf-16"),
        HEAD.encode() + b"population,01100,2020,\xff\xff,\n",
        HEAD.encode() + b"population,\x0001100,2020,1,\n",
        HEAD.encode() + b'population,"01100,2020,1,\n',
        b"indicator,code,period,value\npopulation,01100,2020,1\n",
        b"indicator,area_code,period,value,value\npopulation,01100,2020,1,1\n",
        HEAD.encode() + b"population,01100,2020\n",
        HEAD.encode() + b"population,01100,2020,1,,extra\n",
        HEAD.encode() + b"population,01100,2020," + b"1" * 200_000 + b",\n",
        HEAD.encode(),
    ],
)
def test_what_is_no_long_table_is_refused(data: bytes) -> None:
    with pytest.raises((InvalidFile, InvalidRows)):
        checked_rows(read_long_csv(data), ALLOWED, lambda _: True)


@given(st.binary(max_size=200))
def test_any_bytes_are_rows_or_a_refusal(data: bytes) -> None:
    for read in (read_long_csv, read_long_json):
        for start in (b"", HEAD.encode(), b"[{"):
            with suppress(ChiikiError):
                assert checked_rows(read(start + data), ALLOWED, lambda _: True)


def test_json_says_the_same_as_csv() -> None:
    body = b'[{"indicator": "population", "area_code": 1100, "period": 2020, "value": 1973395}]'
    (row,) = checked_rows(read_long_json(body), ALLOWED, lambda _: True)
    assert row == Row("population", "01100", "2020", 1_973_395.0, "ok", "", 1)


def test_null_in_json_is_a_missing_value() -> None:
    body = b'[{"indicator":"doctors","area_code":"07546","period":"2020","value":null,"status":"secret"}]'
    (row,) = checked_rows(read_long_json(body), ALLOWED, lambda _: True)
    assert (row.value, row.status) == (None, "secret")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[1]",
        b'[{"indicator":"population"}]',
        b'[{"indicator":"population","area_code":"01100","period":"2020","value":1,"vlaue":2}]',
        b'[{"indicator":"population","area_code":"01100","period":"2020","value":true}]',
        b'[{"indicator":"population","area_code":"01100","period":"2020","value":[1]}]',
        b'[{"indicator":"population","area_code":"01100","period":"2020","value":1e999}]',
        b"[" * 100_000,
    ],
)
def test_what_is_no_list_of_figures_is_refused(body: bytes) -> None:
    with pytest.raises((InvalidFile, InvalidRows)):
        checked_rows(read_long_json(body), ALLOWED, lambda _: True)


GOOD = HEAD + (
    "population,011002,2020,1973395,\npopulation,22130,2020,790718,ok\n"
    'population,R10201,2020,"332,149",\ndoctors,07546,2020,…,\ndoctors,01202,2018,,not_available\n'
)


@given(mutated_text(GOOD))
@proven
def test_a_mutated_csv_is_read_or_refused_with_its_place(data: bytes) -> None:
    refusal(lambda: checked_rows(read_long_csv(data), ALLOWED, lambda code: code != "99999"))


@given(
    mutated_text(
        '[{"indicator":"population",\n"area_code":1100,\n"period":"2020","value":1973395},\n'
        '{"indicator":"doctors",\n"area_code":"07546",\n"period":2020,"value":null,"status":"secret"}]'
    )
)
@proven
def test_a_mutated_json_is_read_or_refused_with_its_place(data: bytes) -> None:
    refusal(lambda: checked_rows(read_long_json(data), ALLOWED, lambda code: code != "99999"))


# Workbooks


def workbook(path: Path, *lines: list[object]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for line in lines:
        sheet.append(line)
    book.save(path)
    return path


COLUMNS: list[object] = ["indicator", "area_code", "period", "value", "status"]


def test_a_workbook_says_the_same_as_csv(tmp_path: Path) -> None:
    lines: list[list[object]] = [
        COLUMNS,
        ["population", 1100, 2020, 1973395.0],
        [],
        ["doctors", "07546", "2020", "X"],
    ]
    rows = checked_rows(read_long_xlsx(workbook(tmp_path / "a.xlsx", *lines)), ALLOWED, lambda _: True)
    assert [(r.area_code, r.period, r.value, r.status, r.line) for r in rows] == [
        ("01100", "2020", 1_973_395.0, "ok", 2),
        ("07546", "2020", None, "secret", 4),
    ]


def test_a_cell_beside_the_table_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", COLUMNS, ["population", "01100", 2020, 1, "", "note"])
    with pytest.raises(InvalidRows, match="5 cells"):
        read_long_xlsx(path)


def with_sheet(path: Path, xml: str) -> Path:
    """Write a workbook whose first sheet is this XML."""
    plain = workbook(path.with_name("plain.xlsx"), COLUMNS)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.namelist():
            target.writestr(member, xml if member.endswith("sheet1.xml") else source.read(member))
    return path


SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
CORNERS = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'


def test_a_sheet_of_seventeen_billion_cells_is_refused_before_it_is_laid_out(tmp_path: Path) -> None:
    path = with_sheet(tmp_path / "corners.xlsx", SHEET.format(CORNERS))
    assert path.stat().st_size < 10_000
    with pytest.raises(InvalidFile, match="below row 1,000,000"):
        read_long_xlsx(path)


def test_a_workbook_that_unpacks_to_hundreds_of_megabytes_is_refused(tmp_path: Path) -> None:
    path = with_sheet(tmp_path / "bomb.xlsx", SHEET.format(" " * (101 << 20)))
    with pytest.raises(InvalidFile, match="unpacks to more than 100 MiB"):
        read_long_xlsx(path)


@pytest.mark.parametrize(
    "xml",
    [
        "<worksheet><sheetData><row",
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "b">]>' + SHEET.format("<row><c><v>&b;</v></c></row>"),
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>' + SHEET.format("&b;"),
    ],
)
def test_broken_sheets_and_entities_are_refused(tmp_path: Path, xml: str) -> None:
    with pytest.raises(InvalidFile):
        read_long_xlsx(with_sheet(tmp_path / "bad.xlsx", xml))


@pytest.mark.parametrize("kept", [0, 10, 500, 2_000, -30])
def test_a_truncated_workbook_is_refused(tmp_path: Path, kept: int) -> None:
    path = workbook(tmp_path / "a.xlsx", COLUMNS, ["population", "01100", 2020, 1])
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InvalidFile):
        read_long_xlsx(path)


def test_a_zip_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("../../etc/passwd", "x")
    path = tmp_path / "a.xlsx"
    path.write_bytes(held.getvalue())
    with pytest.raises(InvalidFile):
        read_long_xlsx(path)
