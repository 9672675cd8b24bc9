"""Answers of the e-Stat API: one element or many, symbols, errors."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import orjson
import pytest
from hypothesis import given

from geo.errors import InvalidFile, InvalidRows
from geo.figures.estat import Selection, read_estat, read_metadata, read_page
from geo.periods import PeriodKind
from geo.tests.mutations import mutated_text, proven, refusal

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

CHOSEN = [
    Selection("population", {"cat01": "0"}, kind="census"),
    Selection("population-female", {"cat01": "2"}, kind="census"),
]
REAL = os.environ.get("CHIIKI_REAL_DATA")


def value(area: str, cell: str, sex: str = "0", time: str = "2020000000") -> dict[str, Json]:
    return {"@tab": "001", "@cat01": sex, "@area": area, "@time": time, "@unit": "人", "$": cell}


def answer(values: Json, status: Json = 0) -> bytes:
    data: dict[str, Json] = {"DATA_INF": {"VALUE": values}}
    return orjson.dumps(
        {"GET_STATS_DATA": {"RESULT": {"STATUS": status, "ERROR_MSG": "told"}, "STATISTICAL_DATA": data}}
    )


def test_values_are_chosen_by_their_classification() -> None:
    rows = read_estat(answer([value("01100", "1,973,395"), value("01100", "1,054,538", "2")]), CHOSEN).rows
    assert [(r.indicator, r.area_code, r.period, r.value) for r in rows] == [
        ("population", "01100", "2020", 1_973_395.0),
        ("population-female", "01100", "2020", 1_054_538.0),
    ]


def test_a_single_value_is_an_object_and_not_a_list() -> None:
    (row,) = read_estat(answer(value("01100", "5")), CHOSEN).rows
    assert row.value == 5.0


def test_an_answer_without_values_has_no_rows() -> None:
    assert read_estat(answer(None, 1), CHOSEN).rows == []


@pytest.mark.parametrize(
    ("cell", "status"),
    [("***", "not_available"), ("-", "not_applicable"), ("X", "secret"), ("…", "not_available")],
)
def test_a_symbol_becomes_a_status(cell: str, status: str) -> None:
    (row,) = read_estat(answer(value("07546", cell)), CHOSEN).rows
    assert (row.value, row.status, row.raw) == (None, status, cell)


def noted(sign: str, meaning: str, cell: str) -> bytes:
    document = orjson.loads(answer(value("07546", cell)))
    inside = document["GET_STATS_DATA"]["STATISTICAL_DATA"]["DATA_INF"]
    inside["NOTE"] = [{"@char": "***", "$": "数値が得られないもの"}, {"@char": sign, "$": meaning}]
    return orjson.dumps(document)


@pytest.mark.parametrize(
    ("sign", "meaning", "status"),
    [
        ("－", "皆無又は該当数字のないもの", "not_applicable"),
        ("χ", "数値を秘匿したもの", "secret"),
        ("０．０", "単位未満のもの", "ok"),
        ("0.", "単位に満たないもの", "below_unit"),
        ("？", "不詳", "unknown"),
        ("n/a", "調査を行わなかったもの", "not_available"),
        ("…", "数値が得られないもの", "not_available"),
        ("-", "当該数値がないもの", "not_applicable"),
        ("※", "注を見よ", "unknown"),
    ],
)
def test_a_sign_means_what_the_note_of_its_table_says(sign: str, meaning: str, status: str) -> None:
    (row,) = read_estat(noted(sign, meaning, sign), CHOSEN).rows
    assert row.status == status
    assert row.value == (0.0 if status == "ok" else None)
    assert row.raw == ("" if status == "ok" else sign)


def test_a_sign_that_no_note_explains_is_refused() -> None:
    with pytest.raises(InvalidRows):
        read_estat(noted("－", "該当数字のないもの", "χ"), CHOSEN)


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ({"TOTAL_NUMBER": 2, "FROM_NUMBER": 1, "TO_NUMBER": 2}, ""),
        (
            {"TOTAL_NUMBER": 310000, "FROM_NUMBER": 1, "TO_NUMBER": 100000, "NEXT_KEY": 100001},
            "values 1–100000 of 310000; get the rest with startPosition=100001",
        ),
        (
            {"TOTAL_NUMBER": "310000", "FROM_NUMBER": "300001", "TO_NUMBER": "310000"},
            "values 300001–310000 of 310000; the rest is in other answers",
        ),
        ({"NEXT_KEY": 7}, "values ?–? of ?; get the rest with startPosition=7"),
    ],
)
def test_a_part_of_an_answer_says_which_part_it_is(result: dict[str, Json], told: str) -> None:
    document = orjson.loads(answer(value("01100", "5")))
    document["GET_STATS_DATA"]["STATISTICAL_DATA"]["RESULT_INF"] = result
    assert read_estat(orjson.dumps(document), CHOSEN).part == told


SELECTIONS = [Selection("population", {"cat01": "0"})]


def page(values: Json, first: int, last: int, total: int, following: Json = None) -> bytes:
    document = orjson.loads(answer(values))
    result: dict[str, Json] = {"FROM_NUMBER": first, "TO_NUMBER": last, "TOTAL_NUMBER": total}
    result |= {"NEXT_KEY": following} if following is not None else {}
    document["GET_STATS_DATA"]["STATISTICAL_DATA"]["RESULT_INF"] = result
    return orjson.dumps(document)


def test_a_part_tells_its_figures_and_where_the_next_begins() -> None:
    values: Json = [value("01100", "5"), value("01202", "6", "2")]
    found = read_page(page(values, 3, 4, 7, 5), SELECTIONS, 3)
    assert [(row.area_code, row.value, row.line) for row in found.rows] == [("01100", 5.0, 3)]
    assert (found.first, found.last, found.total, found.following) == (3, 4, 7, 5)
    assert read_page(page(value("01100", "5"), 7, 7, 7), SELECTIONS, 7).following is None
    assert read_page(answer(None, 1), SELECTIONS, 1).rows == []


@pytest.mark.parametrize(
    "broken",
    [
        page([value("01100", "5")], 3, 4, 7, 5),  # a value is lacking
        page([value("01100", "5")], 2, 2, 7, 3),  # of another place
        page([value("01100", "5")], 3, 3, 7),  # the rest is lacking
        page([value("01100", "5")], 3, 3, 7, 5),  # one is left out
        page([value("01100", "5")], 3, 3, 3, 4),  # more than all
        answer([value("01100", "5")]),  # which ones is not said
    ],
)
def test_a_part_that_lacks_values_is_refused(broken: bytes) -> None:
    with pytest.raises(InvalidFile, match="An answer of e-Stat"):
        read_page(broken, SELECTIONS, 3)


@pytest.mark.parametrize(
    "time", ["2020000101", "2020000103", "2020000412", "20201", "2020200000", "2020001301", "2020100101"]
)
def test_no_year_is_made_of_a_month_or_a_quarter(time: str) -> None:
    with pytest.raises(InvalidRows) as refused:
        read_estat(answer(value("01100", "5", time=time)), CHOSEN)
    assert [(one.field, one.value) for one in refused.value.findings] == [("@time", time)]


def only(kind: PeriodKind) -> list[Selection]:
    return [Selection("arrivals", {"cat01": "0"}, kind=kind)]


#: Two months, two quarters, half a year, a calendar year and a fiscal one of a table, as e-Stat codes them.
TIMES = (
    *("2025000303", "2025000404", "2024001012", "2025000103", "2025000106"),
    *("2024000000", "2024100000"),
)


@pytest.mark.parametrize(
    ("kind", "periods"),
    [
        ("month", [("2025-03", 0.0), ("2025-04", 1.0)]),
        ("quarter", [("2024-Q4", 2.0), ("2025-Q1", 3.0)]),
        ("calendar_year", [("2024", 5.0)]),
        ("census", [("2024", 5.0)]),
        ("fiscal_year", [("2024", 6.0)]),
    ],
)
def test_of_a_table_with_several_kinds_of_period_the_own_one_is_read(
    kind: PeriodKind, periods: list[tuple[str, float]]
) -> None:
    values: Json = [value("01100", str(place), time=time) for place, time in enumerate(TIMES)]
    rows = read_estat(answer(values), only(kind)).rows
    assert [(row.period, row.value) for row in rows] == periods


def test_a_table_that_has_none_of_the_kind_is_refused_with_what_was_expected() -> None:
    with pytest.raises(InvalidRows) as refused:
        read_estat(answer(value("01100", "5", time="2024000000")), only("month"))
    (finding,) = refused.value.findings
    assert (finding.where, finding.field, finding.value) == ("value 1", "@time", "2024000000")
    assert finding.expected.startswith("a month such as 2025-04")


def test_a_fiscal_year_is_read_as_its_year() -> None:
    (row,) = read_estat(answer(value("01100", "5", time="2020100000")), CHOSEN).rows
    assert row.period == "2020"


def test_area_and_period_may_stand_in_other_dimensions() -> None:
    one = Selection("population", {"tab": "001"}, area="cat01", period="2015")
    (row,) = read_page(page(value("x", "5", "01100", "y"), 1, 1, 1), [one], 1).rows
    assert (row.area_code, row.period) == ("01100", "2015")


def test_a_table_tells_its_dimensions() -> None:
    classes = [
        {"@id": "cat01", "CLASS": [{"@code": "0", "@name": "総数"}, {"@code": "1", "@name": "男"}]},
        {"@id": "time", "CLASS": {"@code": "2020000000", "@name": "2020年"}},
    ]
    about = {"@id": "0003433219", "TITLE": {"@no": "1", "$": "男女別人口"}, "UPDATED_DATE": "2024-09-30"}
    inside = {"TABLE_INF": about, "CLASS_INF": {"CLASS_OBJ": classes}}
    document = {"GET_META_INFO": {"RESULT": {"STATUS": 0}, "METADATA_INF": inside}}
    table = read_metadata(orjson.dumps(document))
    assert (table.id, table.title, table.updated) == ("0003433219", "男女別人口", "2024-09-30")
    assert table.dimensions == {"cat01": {"0": "総数", "1": "男"}, "time": {"2020000000": "2020年"}}
    with pytest.raises(InvalidFile):
        read_metadata(answer([]))


def test_areas_that_are_none_are_skipped_when_named() -> None:
    chosen = [replace(one, skip_areas=["00416"]) for one in CHOSEN]
    rows = read_estat(answer([value("00416", "9"), value("01100", "5")]), chosen).rows
    assert [row.area_code for row in rows] == ["01100"]


def test_every_fault_is_listed() -> None:
    wrong: Json = [value("51000", "1"), value("01100", "?"), value("01100", "1", time="now")]
    with pytest.raises(InvalidRows) as refused:
        read_estat(answer(wrong), CHOSEN)
    assert [(f.where, f.field, f.value) for f in refused.value.findings] == [
        ("value 1", "@area", "51000"),
        ("value 2", "$", "?"),
        ("value 3", "@time", "now"),
    ]


def test_one_figure_with_two_values_is_refused() -> None:
    with pytest.raises(InvalidRows, match="no second row"):
        read_estat(answer([value("01100", "5"), value("01100", "6")]), CHOSEN)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b"<html>",
        answer([], 100),
        answer([], "many"),
        gzip.compress(answer([]), mtime=0)[:20],
        b"\x1f\x8b" + b"\xff" * 20,
    ],
)
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidFile):
        read_estat(data, CHOSEN)


GOOD = orjson.dumps(
    {
        "GET_STATS_DATA": {
            "RESULT": {"STATUS": 0, "ERROR_MSG": "正常に終了しました。"},
            "STATISTICAL_DATA": {
                "RESULT_INF": {"TOTAL_NUMBER": 3, "FROM_NUMBER": 1, "TO_NUMBER": 3},
                "DATA_INF": {
                    "NOTE": [{"@char": "－", "$": "該当数字のないもの"}],
                    "VALUE": [value("01100", "1973395"), value("22130", "-"), value("00000", "－", "2")],
                },
            },
        }
    },
    option=orjson.OPT_INDENT_2,
).decode()


@given(mutated_text(GOOD))
@proven
def test_a_mutated_answer_is_read_or_refused_with_its_place(data: bytes) -> None:
    refusal(lambda: read_estat(data, CHOSEN))


@pytest.mark.skipif(REAL is None, reason="CHIIKI_REAL_DATA is not set")
def test_a_whole_published_answer_is_read() -> None:
    data = (Path(str(REAL)) / "api-samples/estat/statsData_0003433219.json.gz").read_bytes()
    rows = read_estat(data, CHOSEN).rows
    population = {row.area_code: row.value for row in rows if row.indicator == "population"}
    # Preliminary counts: 126,226,568, not the final 126,146,099
    assert (len(population), population["00000"]) == (1_965, 126_226_568.0)
