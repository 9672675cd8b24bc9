"""Published tables whose columns a layout tells: what is read, and what is refused with its place."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from geo.errors import Finding, InvalidFile, InvalidRows, UnmatchedName
from geo.figures.layouts import Line, Part, read_by_layout, read_layout
from geo.figures.observations import Row

REGISTER = """year,ref_date,level,code,name,sex,total,00_04,05_09,80_84,80_over
2013,2013-03-31,municipality,10201,前橋市,M,160,7,8,,9
2013,2013-03-31,municipality,10201,前橋市,F,170,6,5,,20
2014,2014-01-01,municipality,102016,前橋市,M,159,7,7,4,
2014,2014-01-01,municipality,102016,前橋市,F,169,5,6,8,
2014,2014-01-01,county_subtotal,,北群馬郡,M,9,9,9,9,
2014,2014-01-01,municipality,01695,色丹村,M,0,0,0,0,
2014,2014-01-01,municipality,,留別村,M,0,0,0,0,
"""
FINANCE = """fiscal_year,pref,name,strength,burden
2008,東京都,千代田区,(0.84),－
2008,全国市町村,平均,0.56,100.9
2021,東京都,千代田区,0.9,12.5
"""


def line(file: str, indicator: str, value: str, **given: str | int | tuple[str, ...]) -> Line:
    defaults: dict[str, str | int | tuple[str, ...]] = {
        **{"where": (), "area": "code", "period": "year", "boundary_date": "ref_date"},
        **{"blank": "", "rows": 1, "source": "register"},
    }
    return Line(file, indicator, value, **(defaults | given))  # type: ignore[arg-type]  # as a table gives them


def nobody(prefecture: str, name: str, date: dt.date) -> str:
    raise AssertionError((prefecture, name, date))


def read(table: str, *lines: Line) -> list[Part]:
    return read_by_layout("table.csv", table.encode(), list(enumerate(lines, 2)), nobody)


def told(parts: list[Part]) -> dict[tuple[str, str, str], float | str | None]:
    return {
        (row.indicator, row.area_code, row.period): row.value if row.status == "ok" else row.status
        for part in parts
        for row in part.rows
    }


def test_rows_that_are_chosen_are_added_up_column_by_column() -> None:
    towns = ("level=municipality|ward",)
    parts = read(
        REGISTER,
        line("r", "children", "00_04 + 05_09", where=towns, rows=2, period="year"),
        line("r", "men", "total", where=("sex=M", *towns)),
    )
    assert told(parts) == {
        ("children", "10201", "2013"): 26,
        ("children", "10201", "2014"): 25,
        ("men", "10201", "2013"): 160,
        ("men", "10201", "2014"): 159,
    }
    assert [part.boundary_date for part in parts] == [dt.date(2013, 3, 31), dt.date(2014, 1, 1)]


def test_an_empty_cell_is_no_figure_or_has_the_status_that_the_layout_gives() -> None:
    men = ("sex=M", "level=municipality")
    assert told(read(REGISTER, line("r", "old", "80_over", where=men))) == {("old", "10201", "2013"): 9}
    assert told(read(REGISTER, line("r", "old", "80_over", where=men, blank="not_available"))) == {
        ("old", "10201", "2013"): 9,
        ("old", "10201", "2014"): "not_available",
    }
    # one class in either column, never twice in one year
    both = [line("r", "old", column, where=men) for column in ("80_over", "80_84")]
    assert told(read(REGISTER, *both)) == {("old", "10201", "2013"): 9, ("old", "10201", "2014"): 4}


def test_names_are_looked_up_on_the_day_and_brackets_are_read() -> None:
    asked = []

    def find(prefecture: str, name: str, date: dt.date) -> str:
        asked.append((prefecture, name, date))
        return "13101"

    given = {"area": "pref + name", "period": "fiscal_year", "boundary_date": "+1-03-31"}
    lines = [line("f", name, name, where=("pref!=全国市町村",), **given) for name in ("strength", "burden")]
    parts = read_by_layout("f", FINANCE.encode(), list(enumerate(lines, 2)), find)
    assert asked == [("東京都", "千代田区", dt.date(year, 3, 31)) for year in (2009, 2022)]
    assert parts[0].rows == [
        Row("strength", "13101", "2008", 0.84, "ok", "(0.84)", 2),
        Row("burden", "13101", "2008", None, "not_applicable", "－", 2),
    ]
    assert told(parts)["burden", "13101", "2021"] == 12.5


def test_a_name_that_no_area_has_is_told_with_its_line() -> None:
    def find(prefecture: str, name: str, date: dt.date) -> str:
        raise UnmatchedName("no", [Finding("value", "areas", name, f"a name of {date}")])

    one = line(
        "f", "strength", "strength", area="pref + name", period="fiscal_year", boundary_date="+1-03-31"
    )
    with pytest.raises(InvalidRows) as refused:
        read_by_layout("f", FINANCE.encode(), [(2, one)], find)
    assert [(one.where, one.value) for one in refused.value.findings][1] == ("line 3", "全国市町村 平均")


@pytest.mark.parametrize(
    ("table", "given", "where", "field"),
    [
        (REGISTER.replace("160", "about"), {}, "line 2", "total"),
        (REGISTER.replace("2013,2013-03-31", "H25,2013-03-31", 1), {}, "line 2", "year"),
        (REGISTER.replace("2013-03-31", "March"), {}, "line 2", "ref_date"),
        (REGISTER.replace("102016,前橋市,M", "102015,前橋市,M"), {}, "line 4", "code"),
        (REGISTER, {"where": ("level=municipality",)}, "line 2", "rows"),
        (REGISTER, {"rows": 2}, "line 2", "rows"),
    ],
    ids=["no number", "no year", "no date", "a wrong check digit", "a sex too many", "a sex too few"],
)
def test_what_cannot_be_right_is_refused_with_its_place(
    table: str, given: dict[str, int | tuple[str, ...]], where: str, field: str
) -> None:
    men: dict[str, int | tuple[str, ...]] = {"where": ("sex=M", "level=municipality")}
    with pytest.raises(InvalidRows) as refused:
        read(table, line("r", "men", "total", **(men | given)))
    assert (refused.value.findings[0].where, refused.value.findings[0].field) == (where, field)


def test_a_figure_that_two_lines_give_is_refused() -> None:
    men = [line("r", "men", column, where=("sex=M", "level=municipality")) for column in ("total", "00_04")]
    with pytest.raises(InvalidRows, match="one figure: line 2 has it"):
        read(REGISTER, *men)


def test_a_column_that_the_table_lacks_is_named() -> None:
    with pytest.raises(InvalidFile) as refused:
        read(REGISTER, line("r", "men", "all + total", where=("kind=M",), period="fiscal_year"))
    assert [one.value for one in refused.value.findings] == ["all", "kind", "fiscal_year"]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("t.csv,a,,,code,year,2020-10-01,,1,s", "value"),
        ("t.csv,a,total,sex,code,year,2020-10-01,,1,s", "where"),
        ("t.csv,a,total,,a + b + c,year,2020-10-01,,1,s", "area"),
        ("t.csv,a,total,,code,,2020-10-01,,1,s", "period"),
        ("t.csv,a,total,,code,year,,,1,s", "boundary_date"),
        ("t.csv,a,total,,code,year,2020-10-01,blank,1,s", "blank"),
        ("t.csv,a,total,,code,year,2020-10-01,,0,s", "rows"),
    ],
)
def test_a_wrong_line_of_a_layout_is_refused(tmp_path: Path, row: str, field: str) -> None:
    path = tmp_path / "tables.csv"
    head = "file,indicator,value,where,area,period,boundary_date,blank,rows,source"
    path.write_text(f"{head}\n{row}\n", encoding="utf-8")
    with pytest.raises(InvalidRows) as refused:
        read_layout(path)
    assert [(one.where, one.field) for one in refused.value.findings] == [("line 2", field)]
