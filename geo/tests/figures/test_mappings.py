"""Mappings of tables of e-Stat: what they select, and every fault with its line and column."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from geo.errors import InvalidFile, InvalidRows
from geo.figures.estat import Table
from geo.figures.mappings import fitted, narrowed, of_kinds, read_mapping

HEAD = "table,indicator,select,area,period,skip_areas,source,boundary_date\n"
GOOD = "0003433219,population,tab=2020_01;cat01=0,area,time,13100;00416,census-2020,2020-10-01\n"
TABLE = Table(
    "0003433219",
    "男女別人口",
    "2024-09-30",
    {
        "tab": {"2020_01": "人口"},
        "cat01": {"0": "総数", "1": "男", "2": "女"},
        "area": {"00000": "全国", "01100": "札幌市"},
        "time": {"2020000000": "2020年"},
    },
)


def written(folder: Path, rows: str, head: str = HEAD) -> Path:
    path = folder / "estat.csv"
    path.write_text(head + rows)
    return path


def faults(refused: pytest.ExceptionInfo[InvalidRows]) -> list[tuple[str, str, str]]:
    return [(one.where, one.field, one.value) for one in refused.value.findings]


def test_a_line_says_what_values_are(tmp_path: Path) -> None:
    (one,) = read_mapping(written(tmp_path, GOOD))
    assert (one.line, one.table, one.source, one.boundary_date) == (
        2,
        "0003433219",
        "census-2020",
        dt.date(2020, 10, 1),
    )
    chosen = one.selection
    assert (chosen.indicator, chosen.codes) == ("population", {"tab": "2020_01", "cat01": "0"})
    assert (chosen.area, chosen.period, chosen.skip_areas) == ("area", "time", ("13100", "00416"))
    fitted([one], TABLE)


def test_every_wrong_cell_is_told(tmp_path: Path) -> None:
    rows = (
        "343,population,cat01=0,area,time,,census-2020,2020-10-01\n"
        "0003433219,births,cat16=0;cat01,place,then,,census-2020,2020-10-01\n"
        "0003433219,deaths,cat01=0;cat01=1,area,time,,census-2020,2020-10-01\n"
        "0003433219,deaths,cat01=2,area,time,,census-2015,2020-10-01\n"
    )
    with pytest.raises(InvalidRows) as refused:
        read_mapping(written(tmp_path, rows))
    assert sorted(faults(refused)) == [
        ("line 2", "table", "343"),
        ("line 3", "area", "place"),
        ("line 3", "period", "then"),
        ("line 3", "select", "cat01"),
        ("line 3", "select", "cat16=0"),
        ("line 4", "select", "cat01=1"),
        ("line 5", "source", "census-2015"),
    ]


@pytest.mark.parametrize(("head", "rows"), [(HEAD, ""), ("table,indicator\n", "1,2\n")])
def test_what_is_no_mapping_is_refused(tmp_path: Path, head: str, rows: str) -> None:
    with pytest.raises(InvalidFile):
        read_mapping(written(tmp_path, rows, head))


def test_indicators_and_sources_must_exist(tmp_path: Path) -> None:
    mapping = read_mapping(written(tmp_path, GOOD + GOOD.replace("population", "nobody")))
    with pytest.raises(InvalidRows) as refused:
        of_kinds(mapping, {"population": "census"}, ["census-2015"])
    assert faults(refused) == [
        ("line 2", "source", "census-2020"),
        ("line 3", "indicator", "nobody"),
        ("line 3", "source", "census-2020"),
    ]


def test_a_mapping_fits_what_the_table_tells_of_itself(tmp_path: Path) -> None:
    rows = (
        GOOD.replace("cat01=0", "cat01=9")
        + GOOD.replace("population", "births").replace(";cat01=0", "")
        + GOOD.replace("population", "deaths").replace("time", "cat02")
    )
    with pytest.raises(InvalidRows) as refused:
        fitted(read_mapping(written(tmp_path, rows)), TABLE)
    assert faults(refused) == [
        ("line 2", "select", "cat01=9"),
        ("line 3", "select", ""),
        ("line 4", "period", "cat02"),
    ]
    assert refused.value.findings[1].expected == "a code of cat01: 0 総数, 1 男, 2 女"


def test_a_mapping_takes_the_kind_of_period_of_its_indicator(tmp_path: Path) -> None:
    mapping = read_mapping(written(tmp_path, GOOD + GOOD.replace("time", "2025-04")))
    (one, other) = of_kinds(mapping[:1], {"population": "census"}, ["census-2020"]) + mapping[1:]
    assert (one.selection.kind, other.selection.period) == ("census", "2025-04")
    with pytest.raises(InvalidRows) as refused:
        of_kinds(mapping, {"population": "census"}, ["census-2020"])
    assert faults(refused) == [("line 3", "period", "2025-04")]


def test_a_table_without_the_kind_of_period_is_told_before_it_is_read(tmp_path: Path) -> None:
    mapping = of_kinds(read_mapping(written(tmp_path, GOOD)), {"population": "month"}, ["census-2020"])
    with pytest.raises(InvalidRows) as refused:
        fitted(mapping, TABLE)
    assert faults(refused) == [("line 2", "period", "2020000000 2020年")]


def test_of_a_table_with_both_kinds_of_year_only_the_own_is_taken(tmp_path: Path) -> None:
    times = {"2020000000": "2020年", "2020100000": "2020年度"}
    table = Table("1", "", "", {**TABLE.dimensions, "time": times})
    (one,) = fitted(
        of_kinds(read_mapping(written(tmp_path, GOOD)), {"population": "fiscal_year"}, ["census-2020"]), table
    )
    assert [one.selection.period_at(code) for code in times] == [None, "2020"]


def test_a_period_may_be_a_year_where_the_table_tells_none(tmp_path: Path) -> None:
    dimensions = {name: codes for name, codes in TABLE.dimensions.items() if name != "time"}
    mapping = read_mapping(written(tmp_path, GOOD.replace("time", "2020")))
    fitted(mapping, Table("1", "", "", dimensions))


def test_only_what_all_lines_select_by_is_left_out_of_the_question(tmp_path: Path) -> None:
    births = GOOD.replace("population", "births").replace("cat01=0", "cat01=2")
    assert narrowed(read_mapping(written(tmp_path, GOOD + births))) == {
        "cdCat01": "0,2",
        "cdTab": "2020_01",
    }
    assert narrowed(read_mapping(written(tmp_path, GOOD + births.replace(";cat01=2", "")))) == {
        "cdTab": "2020_01"
    }
