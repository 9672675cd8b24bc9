"""Postcodes: what may be one, and the municipalities that the register knows."""

from __future__ import annotations

import pytest

from service.finding.postcodes import Postcode, find, written


@pytest.mark.parametrize(
    "q", ["380-0803", "3800803", "〒380-0803", "３８０－０８０３", "380ー0803", " 380 - 0803 "]
)
def test_a_postcode_is_read_however_it_is_written(q: str) -> None:
    assert written(q) == "3800803"


@pytest.mark.parametrize("q", ["20215", "10201", "38", "38008033", "380-080a", "前橋", "2020-01"])
def test_what_is_no_postcode_is_none(q: str) -> None:
    assert written(q) is None


def test_a_postcode_tells_its_neighbourhood() -> None:
    assert find("3800803") == [Postcode("3800803", "20201", "長野県長野市三輪")]


def test_an_office_has_a_postcode_of_its_own() -> None:
    assert find("1008111") == [Postcode("1008111", "13101", "東京都千代田区宮内庁")]


def test_a_postcode_that_there_is_none_of_leads_to_its_district() -> None:
    assert find("3800000") == find("380") == [Postcode("380", "20201", "長野県長野市")]


def test_of_a_district_of_several_municipalities_those_with_the_most_postcodes_come_first() -> None:
    codes = [one.area for one in find("371")]
    assert codes[0] == "10201"  # 前橋市
    assert len(codes) == len(set(codes)) <= 6


def test_a_district_that_there_is_none_of_has_nothing() -> None:
    assert find("0009999") == find("000") == find("99999") == []
