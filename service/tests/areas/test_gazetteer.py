"""The areas of a level: by code, inside another, in a box, by name."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from geo.errors import NotFound
from service.areas.gazetteer import Area, Gazetteer, Gazetteers, searchable

#: code, kind, prefecture, parent, names, bounds
ROWS = (
    ("12217", "city", "12000", None, ("柏市", "かしわし", "Kashiwa-shi"), (139.9, 35.8, 140.1, 35.9)),
    (
        "13101",
        "special_ward",
        "13000",
        None,
        ("千代田区", "ちよだく", "Chiyoda-ku"),
        (139.7, 35.6, 139.8, 35.7),
    ),
    ("14101", "ward", "14000", "14100", ("鶴見区", "つるみく", "Tsurumi-ku"), (139.6, 35.4, 139.7, 35.6)),
    (
        "14102",
        "ward",
        "14000",
        "14100",
        ("神奈川区", "かながわく", "Kanagawa-ku"),
        (139.5, 35.4, 139.6, 35.5),
    ),
    ("14207", "city", "14000", None, ("茅ヶ崎市", "ちがさきし", "Chigasaki-shi"), (139.3, 35.3, 139.4, 35.4)),
)


@pytest.fixture
def wards() -> Gazetteer:
    areas = tuple(
        Area(code, place, kind, prefecture, parent, *names, 1.0, bbox[0], bbox[1], bbox)
        for place, (code, kind, prefecture, parent, names, bbox) in enumerate(ROWS)
    )
    return Gazetteer(dt.date(2021, 1, 1), "ward", areas)


def codes(wards: Gazetteer, positions: list[int]) -> list[str]:
    return [wards.areas[position].code for position in positions]


def test_an_area_is_found_by_its_code(wards: Gazetteer) -> None:
    assert wards.area("14207").name_ja == "茅ヶ崎市"
    assert wards.ids.tolist() == [12217, 13101, 14101, 14102, 14207]
    with pytest.raises(NotFound, match="No ward has the code 14100 on 2021-01-01"):
        wards.area("14100")


@pytest.mark.parametrize(
    ("parent", "inside"),
    [
        (None, ["12217", "13101", "14101", "14102", "14207"]),
        ("14000", ["14101", "14102", "14207"]),
        ("14100", ["14101", "14102"]),
        ("13101", ["13101"]),
    ],
)
def test_a_parent_is_a_prefecture_a_city_or_the_area_itself(
    wards: Gazetteer, parent: str | None, inside: list[str]
) -> None:
    assert codes(wards, wards.within(parent).tolist()) == inside


def test_a_parent_that_holds_none_of_the_level_is_refused(wards: Gazetteer) -> None:
    with pytest.raises(NotFound, match="No ward lies in 47000 on 2021-01-01"):
        wards.within("47000")


@pytest.mark.parametrize(
    ("box", "met"),
    [
        ((139.55, 35.45, 139.58, 35.46), ["14102"]),
        ((139.4, 35.3, 139.6, 35.4), ["14101", "14102", "14207"]),  # borders and corners are met
        ((130.0, 30.0, 131.0, 31.0), []),
        ((139.0, 35.0, 141.0, 36.0), ["12217", "13101", "14101", "14102", "14207"]),
    ],
)
def test_a_box_meets_the_areas_whose_own_boxes_it_touches(
    wards: Gazetteer, box: tuple[float, float, float, float], met: list[str]
) -> None:
    assert codes(wards, wards.overlapping(box).tolist()) == met


def test_the_bounds_are_those_of_all_areas(wards: Gazetteer) -> None:
    assert wards.bounds == (139.3, 35.3, 140.1, 35.9)


def test_only_prefectures_and_designated_cities_have_parts(wards: Gazetteer) -> None:
    assert not wards.divided.any()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("141", ["14101", "14102"]),
        ("１４１", ["14101", "14102"]),
        ("柏市", ["12217"]),
        ("つるみ", ["14101"]),
        ("茅ケ崎", ["14207"]),
        ("CHIGASAKI", ["14207"]),
        ("chiyoda ku", ["13101"]),
        ("k", ["12217", "14102", "13101", "14101", "14207"]),  # at the beginning first, then inside, by code
        ("区", ["13101", "14101", "14102"]),
        ("札幌", []),
    ],
)
def test_the_best_match_of_code_or_name_comes_first(wards: Gazetteer, query: str, found: list[str]) -> None:
    assert codes(wards, wards.search(query).tolist()) == found


def test_an_exact_name_comes_before_one_that_begins_with_it(wards: Gazetteer) -> None:
    exact = replace(wards.areas[2], position=5, name_ja="鶴見")
    assert Gazetteer(wards.vintage, "ward", (*wards.areas, exact)).search("鶴見").tolist() == [5, 2]


@pytest.mark.parametrize("query", [" ", "-", "　"])
def test_no_words_leave_all_areas_in_their_order(wards: Gazetteer, query: str) -> None:
    assert wards.search(query).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("written", "compared"),
    [("鰺ヶ沢町", "鯵ケ沢町"), ("Ｋａｓｈｉｗａ－ｓｈｉ", "kashiwashi"), ("柏 市", "柏市")],
)
def test_spellings_of_one_name_are_compared_alike(written: str, compared: str) -> None:
    assert searchable(written) == searchable(compared)


def test_packed_gazetteers_tell_what_they_hold_and_are_opened_as_they_were(wards: Gazetteer) -> None:
    held = Gazetteers(wards.vintage, {"ward": wards.areas})  # rows have the names of fields
    assert (list(held), held.sizes, held.breadth) == (["ward"], {"ward": 5}, 3)
    assert [held.has(code) for code in ("12217", "14100", "99999", "")] == [True, False, False, False]
    assert "municipality" not in held
    assert held["ward"] == wards
    assert held["ward"] is held["ward"]
