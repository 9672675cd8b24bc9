"""What the RESAS API asks, answered from the atlas: places, sums over them, what one of them lacks."""

from __future__ import annotations

import pytest

from geo.errors import InvalidParameter, NotFound
from geo.resas import Counts
from service.memory.atlas import Atlas
from service.resas.answers import FIGURES, Reading, cities, future_cities, heading, place_of, prefectures


def reading(atlas: Atlas, prefecture: str, city: str = "", added: str = "") -> Reading:
    return Reading(atlas, place_of(atlas, prefecture, city, added))


def test_a_prefecture_without_a_city_is_told_as_a_whole(atlas: Atlas) -> None:
    place = place_of(atlas, "10", "-")
    assert (place.prefecture.name_ja, place.city, [line.id for line in place.members]) == (
        "群馬県",
        None,
        ["10000"],
    )
    assert heading(place, FIGURES["taxes"]) == {
        "prefCode": 10,
        "prefName": "群馬県",
        "cityCode": "-",
        "cityName": "",
    }


def test_a_city_is_told_by_its_code_and_name(atlas: Atlas) -> None:
    place = place_of(atlas, "1", "1100")
    assert heading(place, FIGURES["taxes"])["cityName"] == "札幌市"
    assert "cityCode" not in heading(place, FIGURES["wages"])  # of prefectures alone


@pytest.mark.parametrize(
    ("asked", "error", "told"),
    [
        (("48",), InvalidParameter, "prefCode"),
        (("10", "x"), InvalidParameter, "cityCode"),
        (("10", "13101"), NotFound, "prefCode=10 に cityCode=13101"),  # of another prefecture
        (("10", "10999"), NotFound, "cities\\?prefCode=10"),
        (("10", "10000"), NotFound, "cityCode=10000"),  # a prefecture is no city
        (("10", "10201", "10_10201"), InvalidParameter, "names an area twice"),
        (("10", "", "10_"), InvalidParameter, "twice"),
    ],
)
def test_a_place_that_is_none_is_refused(
    atlas: Atlas, asked: tuple[str, ...], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        place_of(atlas, *asked)


def test_figures_of_added_areas_are_summed_and_name_their_sources(atlas: Atlas) -> None:
    both = reading(atlas, "10", "10201", "10_10366")
    # the censuses: 前橋市 and 上野村
    assert both.figures("population", [2015, 2020]) == {2015: 336_154 + 1_230, 2020: 332_149 + 1_128}
    assert {"census-age-1980-2015", "census-2020"} <= set(both.sources)


def test_added_areas_count_no_moves_between_them(atlas: Atlas) -> None:
    # report on internal migration 2025, table 1: into and out of the Tokyo area
    area = reading(atlas, "13", "-", "11_,12_,14_").movements()
    assert (area["転入数"][2025], area["転出数"][2025]) == (450_468, 337_730)
    assert 2016 not in area["転入数"]  # not published for the bloc
    # two of them, or two towns, are no bloc: nothing is told, and nothing invented
    for two in (reading(atlas, "13", "-", "11_"), reading(atlas, "10", "10201", "10_10202")):
        told = two.movements()
        assert (told["転入数"], told["転出数"]) == ({}, {})
        assert len(told["出生数"]) > 5
    # one of them is as published, moves within the prefecture included or not
    assert reading(atlas, "01", "01100").movements()["転入数"][2024] == 110_212


def test_a_year_that_one_of_the_areas_lacks_is_left_out_and_names_no_source(atlas: Atlas) -> None:
    both = reading(atlas, "10", "10201", "07_07201")  # 福島市 has no projection
    assert both.figures("projected-population", [2030]) == {}
    assert both.sources == {}


def test_age_groups_of_a_census_are_those_counted(atlas: Atlas) -> None:
    # 皆野町, census of 1980
    assert reading(atlas, "11", "11362").counts()[1980] == Counts(12_817, 2_906, 8_360, 1_550)


def test_working_ages_of_a_projection_are_what_the_others_leave(atlas: Atlas) -> None:
    one = reading(atlas, "10", "10201")
    told = one.counts()[2030]
    assert told.total == sum(told.groups)
    assert one.totals()[2030] == told.total


def test_people_by_age_of_several_areas_are_added_up(atlas: Atlas) -> None:
    one, other = reading(atlas, "10", "10201").ages(2015), reading(atlas, "10", "10366").ages(2015)
    both = reading(atlas, "10", "10201", "10_10366")
    assert both.ages(2015).total == one.total + other.total == 336_154 + 1_230
    assert list(both.sources) == ["census-age5-1980-2015"]


def test_a_year_without_ages_tells_which_there_are(atlas: Atlas) -> None:
    with pytest.raises(NotFound, match=r"福島市 の 2030 年.*1980, 1985, .*2015"):
        reading(atlas, "07", "07201").ages(2030)


def test_prefectures_are_numbered_from_one_to_47(atlas: Atlas) -> None:
    found = prefectures(atlas)
    assert [one["prefCode"] for one in found] == list(range(1, 48))
    assert found[46]["prefName"] == "沖縄県"


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        ({"2"}, ["横浜市", "川崎市", "相模原市"]),
        ({"3"}, []),
        ({"0", "2"}, None),
    ],
)
def test_cities_are_chosen_by_their_flags(atlas: Atlas, flags: set[str], names: list[str] | None) -> None:
    found = cities(atlas, "14", frozenset(flags))
    assert {one["bigCityFlag"] for one in found} <= flags
    assert [one["cityName"] for one in found] == names or names is None
    # 神奈川県: 19 cities, of which 3 designated, 13 towns and a village
    assert len(found) == (33 if names is None else len(names))


def test_cities_of_the_nation_leave_out_the_northern_territories(atlas: Atlas) -> None:
    codes = {one["cityCode"] for one in cities(atlas, "", frozenset({"0", "1", "2", "3"}))}
    assert not codes & {"01695", "01696", "01697", "01698", "01699", "01700"}
    assert {"01100", "01101", "13101"} <= codes


def test_municipalities_without_a_projection_are_left_out_of_the_future(atlas: Atlas) -> None:
    rows, sources, (origin,) = future_cities(atlas, "10", 2040)
    assert (len(rows), sources) == (35, ("ipss-2018",))
    assert (origin["carried"], origin["boundary_dates"], origin["areas"]) == (
        "as_published",
        ["2017-10-01"],
        {},
    )
    assert future_cities(atlas, "7", 2040) == ([], (), [])
    # 那珂川 was a town in the projection of 2018 and became a city, with another code, in October
    *_, (of_fukuoka,) = future_cities(atlas, "40", 2040)
    assert (of_fukuoka["carried"], of_fukuoka["areas"]) == ("renumbered", {"renumbered": ["40231"]})
