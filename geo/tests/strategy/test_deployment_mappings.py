"""Published lists by a mapping: what a line writes, which rows are left out, how every fault is told."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import openpyxl
import pytest

from geo.errors import InvalidFile, InvalidRows
from geo.strategy.deployment_lists import table_lines
from geo.strategy.deployment_mappings import Line, Mapped, read_mapped, read_mapping
from geo.strategy.deployment_rows import checked_deployments
from geo.strategy.deployments import COLUMNS, DeployedArea
from geo.tests.areas.test_names import CATALOG, names_on
from geo.tests.strategy.test_deployments import catalogue

HEADER = "column,published,words,write\n"
MAPPING = HEADER + (
    "施策,事業,自動運転|ＢＲＴ,new-mobility-services\n"
    "measure_id,事業,公園,-\n"
    "title_ja,事業,,\n"
    "areas,市町,,広島県{}\n"
    "area_codes,コード,,\n"
    "reference_date,年度,,{}-04-01\n"
    "status,実施,済,finished\n"
    "status,,,adopted\n"
    "fy_start,年度,,\n"
    "national_grant_yen,千円,,{}000\n"
    "source_title,,,交付決定一覧\n"
    "source_url,ファイル,,https://example.jp/{}\n"
    "confidence,,,official\n"
    "note,ファイル + 頁,,{} {}ページ\n"
)
LIST = (
    "コード,市町,年度,事業,千円,実施,ファイル,頁\n"
    '34100,広島市,2026,自動運転バス,"76,041",,a.pdf,121\n'
    "34212,東広島市,2026,brt社会実装,500,実施済,b.pdf,122\n"
    "34307,熊野町,2026,都市公園の整備,,,a.pdf,44\n"
)
CONTEXT = replace(catalogue(), names=cache(names_on))


def line(published: str = "", words: str = "", write: str = "") -> Line:
    return Line("note", published, words, write)


def mapped(folder: Path, table: str = LIST, mapping: str = MAPPING) -> Mapped:
    (folder / "list.csv").write_text(table, "utf-8")
    (folder / "mapping.csv").write_text(mapping, "utf-8")
    return read_mapped(table_lines(folder / "list.csv"), read_mapping(folder / "mapping.csv"))


def refused(folder: Path, table: str = LIST, mapping: str = MAPPING) -> list[tuple[str, str, str]]:
    """Return where, field and value of every fault that a list has, in the words of its publisher."""
    with pytest.raises(InvalidRows) as refusal:
        checked_deployments((read := mapped(folder, table, mapping)).entries, CONTEXT)
    return [(one.where, one.field, one.value) for one in read.explained(refusal.value).findings]


def test_a_published_list_becomes_deployments(tmp_path: Path) -> None:
    read = mapped(tmp_path)
    first, second = checked_deployments(read.entries, CONTEXT)
    assert first.measures == second.measures == ("new-mobility-services",)
    assert first.areas == (DeployedArea("34100", "lead", "広島県広島市"),)
    assert (str(first.reference_date), first.fy_start) == ("2026-04-01", 2026)
    assert (first.national_grant_yen, second.national_grant_yen) == (76_041_000, 500_000)
    assert (first.status, second.status) == ("adopted", "finished")
    assert (first.source_url, first.note) == ("https://example.jp/a.pdf", "a.pdf 121ページ")
    (left,) = read.left_out
    assert (left.where, left.field, left.value) == ("line 4", "事業", "都市公園の整備")
    assert "読み替え表の 3 行目により除く / left out by line 3" in left.expected


def test_a_workbook_is_read_as_the_same_table(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(LIST.partition("\n")[0].split(","))
    book.worksheets[0].append([34100, "広島市", 2026, "自動運転バス", 76041, None, "a.pdf", 121])
    book.save(tmp_path / "list.xlsx")
    lines = read_mapping_of(tmp_path, MAPPING)
    (entry,) = read_mapped(table_lines(tmp_path / "list.xlsx"), lines).entries
    (made,) = checked_deployments([entry], CONTEXT)
    assert (entry.where, made.national_grant_yen, made.areas[0].code) == ("row 2", 76_041_000, "34100")


def read_mapping_of(folder: Path, text: str) -> list[tuple[int, Line]]:
    (folder / "mapping.csv").write_text(text, "utf-8")
    return read_mapping(folder / "mapping.csv")


@pytest.mark.parametrize(
    ("one", "cell"),
    [
        (line("a"), "１２"),
        (line("a + b"), "１２Bus"),
        (line("a + b", write="{}/{}"), "１２/Bus"),
        (line("a + b", write="<{}>"), "<１２Bus>"),
        (line("b", "rail|ＢＵＳ", "x"), "x"),
        (line("b", "rail|tram", "x"), None),
        (line("empty"), None),
        (line("empty", write="x{}"), None),
        (line("empty + b", write="{}-{}"), "-Bus"),
        (line(write="x"), "x"),
    ],
)
def test_a_line_writes_a_cell_or_does_not_fit(one: Line, cell: str | None) -> None:
    assert one.cell({"a": "１２", "b": "Bus", "empty": ""}) == cell


def test_words_are_found_in_what_a_pdf_was_copied_from() -> None:
    assert line("a", "長久手", "x").cell({"a": "⻑久⼿市の事業"}) == "x"


def test_a_row_without_a_measure_is_a_fault_with_its_line(tmp_path: Path) -> None:
    table = LIST.replace("都市公園の整備", "屋内遊戯施設")
    assert refused(tmp_path, table) == [("line 4", "measure_id", "")]


def test_faults_are_told_where_they_can_be_mended(tmp_path: Path) -> None:
    table = LIST.replace("34212", "99999").replace('"76,041"', "約7万")
    mapping = MAPPING.replace(",,official", ",,sure").replace("new-mobility-services", "new-mobility")
    assert refused(tmp_path, table, mapping) == [
        ("mapping line 2", "measure_id", "new-mobility"),
        ("line 2", "千円 → national_grant_yen", "約7万000"),
        ("mapping line 14", "confidence", "sure"),
        ("line 3", "コード → area_codes", "99999"),
    ]


def test_an_id_stays_when_the_mapping_finds_another_measure_or_source(tmp_path: Path) -> None:
    other = MAPPING.replace("new-mobility-services", "smart-cities").replace("example.jp", "example.com")
    first, second = mapped(tmp_path), mapped(tmp_path, mapping=other)
    ids = [[one.cells["deployment_id"] for one in read.entries] for read in (first, second)]
    assert ids[0] == ids[1]
    assert len({*ids[0]}) == 2
    named = mapped(tmp_path, mapping=MAPPING + "deployment_id,コード + 頁,,{}-{}\n")
    assert [one.cells["deployment_id"] for one in named.entries] == ["34100-121", "34212-122"]


def test_a_list_of_which_nothing_is_left_is_refused(tmp_path: Path) -> None:
    mapping = MAPPING.replace("自動運転|ＢＲＴ,new-mobility-services", "自動運転|ＢＲＴ,-")
    with pytest.raises(InvalidFile, match="no row of the list is of any measure") as refusal:
        mapped(tmp_path, mapping=mapping)
    assert [one.where for one in refusal.value.findings] == ["line 2", "line 3", "line 4"]


def test_a_list_without_the_columns_of_the_mapping_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="the list lacks columns") as refusal:
        mapped(tmp_path, LIST.replace("市町,年度", "年度,年度"))
    assert [one.value for one in refusal.value.findings] == ["市町", "年度"]
    assert "コード, 年度, 年度, 事業" in refusal.value.findings[0].expected


def test_a_list_that_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="the list is no table"):
        mapped(tmp_path, '[{"コード": "34100"}]')


@pytest.mark.parametrize(
    ("wrong", "place", "field"),
    [
        ("colour,事業,,", "line 16", "column"),
        ("programme,a +  + b,,", "line 16", "published"),
        ("programme,,橋,x", "line 16", "published"),
        ("programme,事業,|,x", "line 16", "words"),
        ("programme,,,", "line 16", "write"),
        ("programme,事業,,{}{}", "line 16", "write"),
        ("programme,,,{}", "line 16", "write"),
        ("confidence,事業,橋,press", "line 16", "column"),
    ],
)
def test_a_wrong_line_of_a_mapping_is_told(tmp_path: Path, wrong: str, place: str, field: str) -> None:
    with pytest.raises(InvalidRows) as refusal:
        read_mapping_of(tmp_path, MAPPING + wrong + "\n")
    assert (place, field) in [(one.where, one.field) for one in refusal.value.findings]


def test_a_mapping_that_lacks_a_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile) as refusal:
        read_mapping_of(tmp_path, MAPPING.replace("source_url", "programme").replace("areas", "title_en"))
    assert [one.value for one in refusal.value.findings] == ["source_url"]  # codes tell the areas


def test_a_mapping_as_excel_saves_it_is_told_how_to_save(tmp_path: Path) -> None:
    (tmp_path / "mapping.csv").write_bytes(MAPPING.encode("cp932"))
    with pytest.raises(InvalidFile, match="no CSV in UTF-8") as refusal:
        read_mapping(tmp_path / "mapping.csv")
    assert "「CSV UTF-8」" in refusal.value.findings[0].expected


def test_the_mapping_that_ships_has_no_fault() -> None:
    lines = read_mapping(CATALOG.parent / "mappings" / "deployments-grants.csv")
    measures = {one.write for _, one in lines if one.name == "measure_id"} - {"-"}
    assert measures <= {*CONTEXT.measure_ids}
    assert {one.name for _, one in lines} <= {*COLUMNS}
