"""What a request for items asks for, before anything is looked up; which periods a time means."""

from __future__ import annotations

import datetime as dt

import pytest
import shapely

from geo.errors import InvalidParameter, NotFound
from service.memory.atlas import Atlas
from service.ogc.collections import Collection, collection, collections
from service.ogc.items import ABSURD_LIMIT, DEFAULT_LIMIT, MAX_LIMIT, read

#: CRS of which the axes are latitude and longitude.
LATITUDE_FIRST = "http://www.opengis.net/def/crs/EPSG/0/6668"


@pytest.fixture(scope="module")
def people(atlas: Atlas) -> Collection:
    return collection(atlas, "population.municipality")


def test_what_is_left_out_is_the_newest_period_of_everything(people: Collection) -> None:
    wanted = read(people, {})
    assert (wanted.limit, wanted.offset, wanted.after) == (DEFAULT_LIMIT, 0, None)
    assert (wanted.periods, wanted.properties, wanted.sortby) == (("2020",), None, ())
    assert wanted.is_whole


@pytest.mark.parametrize(
    ("limit", "taken"), [("1", 1), (str(MAX_LIMIT + 1), MAX_LIMIT), (str(ABSURD_LIMIT), MAX_LIMIT)]
)
def test_a_large_wish_is_a_page_of_what_is_given_at_most(people: Collection, limit: str, taken: int) -> None:
    assert read(people, {"limit": limit}).limit == taken


@pytest.mark.parametrize(
    "asked",
    [
        {"bbox": "139,35,140,36"},
        {"bbox": "499,35,500,36"},
        {"bbox": "139,35,-100,140,36,4000"},
        {"bbox": "35,139,36,140", "bbox-crs": LATITUDE_FIRST},
    ],
)
def test_a_box_is_longitudes_and_latitudes_in_the_order_of_its_crs(
    people: Collection, asked: dict[str, str]
) -> None:
    wanted = read(people, asked)
    assert wanted.box is not None
    assert shapely.bounds(wanted.box).tolist() == pytest.approx([139, 35, 140, 36], abs=1e-6)
    assert not wanted.is_whole


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "1.5"}, "limit"),
        ({"limit": str(ABSURD_LIMIT + 1)}, "limit"),
        ({"offset": "many"}, "offset"),
        ({"bbox": "139,35,140"}, "bbox"),
        ({"bbox": "139,35,140,x"}, "bbox"),
        ({"bbox": "139,35,140,nan"}, "bbox"),
        ({"bbox": "139,36,140,35"}, "bbox"),
        ({"bbox": "139,-91,140,36"}, "bbox"),
        ({"bbox": "139,35,140,91"}, "bbox"),
        ({"bbox-crs": "EPSG:1"}, "bbox-crs"),
        ({"datetime": "soon"}, "datetime"),
        ({"datetime": "2020-01-01/2019-01-01"}, "datetime"),
        ({"datetime": "2020-13"}, "datetime"),
        ({"filter": "value >"}, "filter"),
        ({"filter": "true", "filter-lang": "sql"}, "filter-lang"),
        ({"filter-crs": "x"}, "filter-crs"),
        ({"sortby": "happiness"}, "sortby"),
        ({"properties": "code,happiness"}, "properties"),
        ({"detail": "finest"}, "detail"),
        ({"happiness": "1"}, "happiness"),
    ],
)
def test_a_wrong_parameter_is_refused_by_its_name(
    people: Collection, asked: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidParameter) as refused:
        read(people, asked)
    assert [finding.field for finding in refused.value.findings] == [field]


@pytest.mark.parametrize(
    ("time", "periods"),
    [
        ("2015", ["2015"]),
        ("2015-10-01", ["2015"]),
        ("2015-10-01T00:00:00Z", ["2015"]),
        ("2016-10-01", []),
        ("2014-12-31/2015-01-01", ["2015"]),
        ("2010/2015", ["2010", "2015"]),
        ("2011/..", ["2015", "2020"]),
        ("2011/", ["2015", "2020"]),
        ("../1981", ["1980"]),
    ],
)
def test_a_time_means_the_periods_of_which_it_has_a_day(
    people: Collection, time: str, periods: list[str]
) -> None:
    assert list(read(people, {"datetime": time}).periods) == periods


@pytest.mark.parametrize("time", ["..", "/", "../.."])
def test_a_time_open_at_both_ends_is_all_of_them(people: Collection, time: str) -> None:
    assert read(people, {"datetime": time}).periods == people.periods


def test_a_fiscal_year_ends_in_march(atlas: Atlas) -> None:
    tax = collection(atlas, "local-tax-per-head.municipality")
    newest = tax.periods[-1]
    assert tax.days(newest) == (dt.date(int(newest), 4, 1), dt.date(int(newest) + 1, 3, 31))
    assert tax.periods_within(dt.date(int(newest) + 1, 3, 31), dt.date.max) == [newest]
    assert tax.periods_within(dt.date(int(newest) + 1, 4, 1), dt.date.max) == []


def test_areas_have_no_periods_whatever_the_time(atlas: Atlas) -> None:
    areas = collection(atlas, "areas.prefecture")
    assert read(areas, {}).periods == read(areas, {"datetime": "2020"}).periods == ()


def test_properties_come_in_the_order_of_the_collection_and_keys_in_that_asked_for(
    people: Collection,
) -> None:
    wanted = read(people, {"properties": "value, code", "sortby": "-value,+name,code", "name": "府中市"})
    assert wanted.properties == ("code", "value")
    assert wanted.sortby == (("value", True), ("name", False), ("code", False))
    assert wanted.equals == {"name": "府中市"}


def test_a_list_cannot_be_sorted_by(atlas: Atlas) -> None:
    deployments = collection(atlas, "deployments")
    with pytest.raises(InvalidParameter) as refused:
        read(deployments, {"sortby": "measures"})
    assert "measures" not in refused.value.findings[0].expected.split(": ")[1].split(", ")


@pytest.mark.parametrize(
    "name", ["population", "population.village", "total-fertility-rate.ward", "gap-cells.x", ".", ""]
)
def test_a_collection_that_does_not_exist_is_refused(atlas: Atlas, name: str) -> None:
    with pytest.raises(NotFound, match="/ogc/collections lists"):
        collection(atlas, name)


def test_collections_are_found_by_words_of_their_titles_in_any_width(atlas: Atlas) -> None:
    ids = [one.id for one in collections(atlas, "ＢＯＵＮＤＡＲＩＥＳ 都道府県")]
    assert ids == ["areas.prefecture", "areas.prefecture.2025-01-01", "areas.prefecture.2021-01-01"]
    assert len(collections(atlas)) == len({one.id for one in collections(atlas)})
    assert collections(atlas, "zzz") == []
