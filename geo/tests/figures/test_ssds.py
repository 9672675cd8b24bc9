"""Items of the System of Social and Demographic Statistics: the table by prefecture and the list of items."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from geo.errors import InvalidFile, InvalidRows
from geo.figures.families import is_kana
from geo.figures.indicators import Indicator, prefectural
from geo.figures.ssds import HEADER, read_items, read_ssds

LIST = "item,kind,major,name,unit,first_year,last_year,n_years\n"
#: 病院数 of 北海道 and 沖縄県
CELLS = ["564", *[""] * 45, "89"]
POPULATION = Indicator(
    id="population",
    name_ja="総人口",
    name_en="Population",
    description_ja="国勢調査。",
    description_en="Census.",
    topic="population",
    kind="count",
    unit_ja="人",
    unit_en="persons",
    code="A1101",
    prefecture_figure="published",
)


def table(path: Path, *rows: list[str]) -> Path:
    lines = "\n".join(",".join(row) for row in [HEADER, *rows])
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(lines.encode()))
    else:
        path.write_text(lines, "utf-8")
    return path


@pytest.mark.parametrize("name", ["items.csv", "items.csv.gz"])
def test_a_cell_is_a_figure_of_its_prefecture(tmp_path: Path, name: str) -> None:
    secret = ["X", *CELLS[1:]]
    path = table(
        tmp_path / name, ["I5101", "2020", *CELLS], ["I5101", "2021", *secret], ["I9", "2020", *CELLS]
    )
    found = [
        (row.indicator, row.area_code, row.period, row.value, row.status, row.raw, row.line)
        for row in read_ssds(path, {"I5101": ["hospitals"]})
    ]
    assert found == [
        ("hospitals", "01000", "2020", 564.0, "ok", "", 2),
        ("hospitals", "47000", "2020", 89.0, "ok", "", 2),
        ("hospitals", "01000", "2021", None, "secret", "X", 3),
        ("hospitals", "47000", "2021", 89.0, "ok", "", 3),
    ]


def test_the_accounts_are_those_of_their_newer_edition(tmp_path: Path) -> None:
    path = table(tmp_path / "items.csv", ["C1121", "2020", *CELLS])
    assert list(read_ssds(path, {"C1121": ["gpp-2015-base"]})) == []


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (["I5101", "2020"], "year"),
        (["I5101", "令和2", *CELLS], "year"),
        (["I5101", "2020", *CELLS[:-1], "?"], "47000"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_line(tmp_path: Path, row: list[str], field: str) -> None:
    path = table(tmp_path / "items.csv", ["I5101", "2019", *CELLS], row)
    with pytest.raises(InvalidRows) as refused:
        list(read_ssds(path, {"I5101": ["hospitals"]}))
    assert [(one.where, one.field) for one in refused.value.findings] == [("line 3", field)]


def test_another_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(InvalidFile):
        list(read_ssds(path, {}))
    with pytest.raises(InvalidFile) as refused:
        read_items(path, {})
    assert [one.value for one in refused.value.findings] == ["item", "major", "name", "unit"]


def test_items_that_no_indicator_has_become_indicators_called_by_their_codes(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        LIST
        + "A1101,basic,A,総人口,人,1975,2025,51\nA1102,basic,A,日本人人口,人,1975,2025,51\n"
        + "#A05101,indicator,A,人口増減率,％,1975,2025,51\n",
        "utf-8",
    )
    found = read_items(path, {"population": POPULATION})
    assert sorted(found) == ["item-a1102", "item-published-a05101"]
    one = found["item-a1102"]
    assert (one.name_ja, one.name_en, one.unit_en) == ("日本人人口（A1102）", "Item A1102", "persons")
    assert (one.code, one.kind, one.aggregation, one.topic) == ("A1102", "index", "none", "population")
    assert all(is_kana(each.kana) for each in found.values())
    assert set(prefectural(found)) == {"A1102", "#A05101"}


def test_an_item_told_for_municipalities_alone_comes_for_prefectures_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(LIST + "A1101,basic,A,総人口,人,1975,2025,51\n", "utf-8")
    assert sorted(read_items(path, {"population": replace(POPULATION, prefecture_figure="sum")})) == [
        "item-a1101"
    ]


@pytest.mark.parametrize("row", ["A1101,basic,Z,総人口,人", "A1101,basic,A,,人", "A 1,basic,A,総人口,人"])
def test_an_item_without_code_field_or_name_is_refused(tmp_path: Path, row: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"{LIST}{row},1975,2025,51\n", "utf-8")
    with pytest.raises(InvalidRows) as refused:
        read_items(path, {})
    assert refused.value.findings[0].where == "line 2"
