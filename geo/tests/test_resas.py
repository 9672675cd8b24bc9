from __future__ import annotations

import pytest

from geo.errors import InvalidParameter
from geo.figures.ages import Ages
from geo.resas import (
    Counts,
    added_areas,
    city_code,
    flags_of,
    industry_of,
    number_of,
    population_series,
    population_sums,
    prefecture_code,
    pyramid_side,
    rate,
)
from geo.tests.figures.test_ages import MEN, WOMEN

#: Part, total, rate: 皆野町 11362 as the old service answered.
RECORDED = [
    (2906, 12817, 22.6),
    (2769, 12707, 21.7),
    (2019, 12602, 16),
    (1144, 10133, 11.2),
    (5538, 10133, 54.6),
    (3442, 10133, 33.9),
    (4187, 8431, 49.6),
    (2620, 5324, 49.2),
]
INDUSTRIES = [
    ("01", "農業", "A", "農業，林業"),
    ("02", "林業", "A", "農業，林業"),
    ("09", "食料品製造業", "E", "製造業"),
]


@pytest.mark.parametrize(("part", "whole", "recorded"), RECORDED)
def test_rates_are_cut_as_the_old_service_cut_them(part: int, whole: int, recorded: float) -> None:
    assert rate(part, whole) == recorded


def test_the_total_has_no_rate_and_the_groups_have() -> None:
    answer = population_series({1985: Counts(10, 2, 5, 2), 1980: Counts(4, 1, 2, 1)})
    assert answer == {
        "boundaryYear": 2020,
        "data": [
            {"label": "総人口", "data": [{"year": 1980, "value": 4}, {"year": 1985, "value": 10}]},
            {
                "label": "年少人口",
                "data": [{"year": 1980, "value": 1, "rate": 25.0}, {"year": 1985, "value": 2, "rate": 20.0}],
            },
            {
                "label": "生産年齢人口",
                "data": [{"year": 1980, "value": 2, "rate": 50.0}, {"year": 1985, "value": 5, "rate": 50.0}],
            },
            {
                "label": "老年人口",
                "data": [{"year": 1980, "value": 1, "rate": 25.0}, {"year": 1985, "value": 2, "rate": 20.0}],
            },
        ],
    }


def test_a_bar_is_the_total_and_its_age_groups() -> None:
    assert population_sums({1980: Counts(10, 2, 5, 2)}) == {
        "line": {"boundaryYear": 2020, "data": [{"year": 1980, "value": 10}]},
        "bar": {
            "data": [
                {
                    "year": 1980,
                    "sum": 10,
                    "class": [
                        {"label": "年少人口", "value": 2},
                        {"label": "生産年齢人口", "value": 5},
                        {"label": "老年人口", "value": 2},
                    ],
                }
            ]
        },
    }


def test_a_side_of_a_pyramid_has_groups_and_nineteen_classes() -> None:
    side = pyramid_side(1980, Ages(MEN, WOMEN, "census"))
    data = side["data"]
    assert {name: value for name, value in side.items() if name != "data"} == {
        "year": 1980,
        "oldAgeCount": 1550,
        "oldAgePercent": 12,
        "middleAgeCount": 8360,
        "middleAgePercent": 65,
        "newAgeCount": 2906,
        "newAgePercent": 23,
    }
    assert len(data) == 19
    assert data[3] == {"class": "15～19歳", "man": 466, "manPercent": 3.6, "woman": 434, "womanPercent": 3.4}
    assert data[18]["class"] == "90歳以上"


@pytest.mark.parametrize("text", ["", "0", "48", "１３", "13a", "-1", "013000"])
def test_a_prefecture_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="1〜47の整数 / an integer from 1 to 47"):
        prefecture_code(text)


@pytest.mark.parametrize("text", ["131", "札幌市", "131010", "undefined"])
def test_a_city_that_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="cityCode"):
        city_code(text)


def test_a_year_between_censuses_is_refused() -> None:
    assert number_of("year", "2040", range(2025, 2046, 5)) == 2040
    with pytest.raises(InvalidParameter, match="2025〜2045の整数（5刻み）"):
        number_of("year", "2041", range(2025, 2046, 5))


def test_added_areas_are_of_the_kind_of_the_first() -> None:
    assert added_areas("1_01100,13_13101", whole=False) == [("01000", "01100"), ("13000", "13101")]
    assert added_areas("1_,13_13101", whole=True) == [("01000", None), ("13000", None)]
    assert added_areas("-", whole=True) == []


@pytest.mark.parametrize("text", ["13", "1_", "x_13101", ",".join(["13_13101"] * 11)])
def test_added_areas_of_another_form_are_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="addArea"):
        added_areas(text, whole=False)


def test_flags_are_those_of_the_old_service() -> None:
    assert flags_of("") == {"0", "1", "2", "3"}
    with pytest.raises(InvalidParameter, match="bigCityFlag"):
        flags_of("4")


def test_an_industry_is_named_by_division_and_group() -> None:
    assert industry_of(INDUSTRIES, "-", "-") is None
    assert industry_of(INDUSTRIES, "E", "-") == {
        "sicCode": "E",
        "sicName": "製造業",
        "simcCode": "-",
        "simcName": "",
    }
    assert industry_of(INDUSTRIES, "-", "9") == industry_of(INDUSTRIES, "E", "09")


@pytest.mark.parametrize(("division", "group", "field"), [("Z", "-", "sicCode"), ("A", "09", "simcCode")])
def test_an_industry_that_does_not_exist_is_refused(division: str, group: str, field: str) -> None:
    with pytest.raises(InvalidParameter, match=field):
        industry_of(INDUSTRIES, division, group)
