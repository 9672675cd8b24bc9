"""Areas made of parts: what is published of them, what they share, what is kept."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.areas.boundaries import read_boundaries
from geo.areas.outlines import Area, Report, areas_of

SHIPPED = Path(__file__).parents[3] / "data/boundaries/2021-01-01/areas.topojson.gz"
NEWEST = SHIPPED.parents[1] / "2025-01-01" / SHIPPED.name
Levels = dict[str, list[Area]]


@pytest.fixture(scope="module")
def shipped() -> tuple[Levels, Report]:
    return areas_of(read_boundaries(SHIPPED))


@pytest.fixture(scope="module")
def japan(shipped: tuple[Levels, Report]) -> Levels:
    return shipped[0]


def parts(*rows: tuple[str | None, shapely.Geometry]) -> geopandas.GeoDataFrame:
    told = {"code": [code for code, _ in rows], "name": "名", "prefecture": "01000"}
    return geopandas.GeoDataFrame(told, geometry=[outline for _, outline in rows], crs=4326).astype(
        {"code": object}
    )


def test_what_ships_is_whole_and_says_what_was_done(shipped: tuple[Levels, Report]) -> None:
    report = shipped[1]
    assert report.counts == {"ward": 1902, "municipality": 1747, "prefecture": 47}
    assert report.repaired == ("42201", "47212")  # 長崎市, 豊見城市
    assert report.mismatched == ()
    assert report.unassigned == 4  # in Chiba, Tokyo, Aichi, Okinawa


def test_the_newest_boundaries_have_whole_cities_and_no_level_of_wards() -> None:
    levels, report = areas_of(read_boundaries(NEWEST))
    assert report.counts == {"municipality": 1747, "prefecture": 47}
    assert sum(area.kind == "designated_city" for area in levels["municipality"]) == 20
    assert sum(area.kind == "special_ward" for area in levels["municipality"]) == 23
    assert report.repaired == ("12203", "30201", "42211")  # 市川市, 和歌山市, 五島市
    assert report.mismatched == ("12203", "12204")


def test_the_municipalities_of_both_sets_that_ship_are_the_same(japan: Levels) -> None:
    newest, _ = areas_of(read_boundaries(NEWEST))
    assert [a.code for a in newest["municipality"]] == [a.code for a in japan["municipality"]]


def test_a_city_in_whole_tells_no_wards_and_a_town_is_its_own() -> None:
    city, town = ("01100", shapely.box(141, 43, 141.1, 43.1)), ("01303", shapely.box(141.1, 43, 141.2, 43.1))
    assert "ward" not in areas_of(parts(city, town))[0]
    assert [area.code for area in areas_of(parts(town))[0]["ward"]] == ["01303"]


def test_twenty_cities_are_made_of_a_hundred_and_seventy_five_wards(japan: Levels) -> None:
    assert sum(area.kind == "designated_city" for area in japan["municipality"]) == 20
    assert sum(area.kind == "ward" for area in japan["ward"]) == 175
    assert sum(area.kind == "special_ward" for area in japan["municipality"]) == 23


@pytest.mark.parametrize(
    ("code", "km2"),
    # published for 2020; the outlines that ship are simplified, and Hokkaido's are those with the north
    [("01000", 83424.44), ("12000", 5157.57), ("14000", 2416.11)],
)
def test_areas_are_nearly_those_published(japan: Levels, code: str, km2: float) -> None:
    found = {area.code: area.area_km2 for area in japan["prefecture"]}
    assert found[code] == pytest.approx(km2, rel=5e-4)


def test_a_city_is_as_large_as_its_wards(japan: Levels) -> None:
    wards = [area.area_km2 for area in japan["ward"] if area.parent == "14130"]
    (kawasaki,) = (area for area in japan["municipality"] if area.code == "14130")
    assert kawasaki.name == "川崎市"
    assert len(wards) == 7
    assert kawasaki.area_km2 == pytest.approx(sum(wards), rel=1e-9)


@pytest.mark.parametrize("detail", ["low", "medium", "high"])
def test_borders_agree_between_levels(japan: Levels, detail: str) -> None:
    members = [area.outlines[detail] for area in japan["municipality"] if area.prefecture == "20000"]
    (nagano,) = (area.outlines[detail] for area in japan["prefecture"] if area.code == "20000")
    apart = shapely.symmetric_difference(shapely.union_all(np.array(members, object)), nagano)
    assert shapely.area(apart) < 1e-9


def test_details_grow_simpler(japan: Levels) -> None:
    def vertices(detail: str) -> int:
        outlines = [area.outlines[detail] for area in japan["municipality"]]
        return int(shapely.get_num_coordinates(outlines).sum())

    # what ships is hardly finer than a pixel where the medium detail is used
    assert vertices("low") * 3 < vertices("medium") < vertices("high")


def test_an_island_smaller_than_every_tolerance_is_kept() -> None:
    islet = shapely.box(140.0, 34.0, 140.0001, 34.0001)
    levels, report = areas_of(parts(("13382", islet), ("13381", shapely.box(139.0, 34.0, 139.5, 34.5))))
    for detail in ("low", "medium", "high"):
        assert levels["ward"][1].code == "13382"
        assert levels["ward"][1].outlines[detail].area > 0
    assert report.dropped_islets == {"low": 0, "medium": 0, "high": 0}


def test_islets_beside_a_larger_island_are_left_out_and_counted() -> None:
    island = shapely.box(140.0, 34.0, 140.2, 34.2)
    islet = shapely.box(141.0, 34.0, 141.0001, 34.0001)
    levels, report = areas_of(parts(("13382", island), ("13382", islet)))
    numbers = {detail: len(outline.geoms) for detail, outline in levels["ward"][0].outlines.items()}
    assert numbers == {"low": 1, "medium": 1, "high": 2}
    assert report.dropped_islets == {"low": 1, "medium": 1, "high": 0}


def test_neighbours_that_overlap_are_named() -> None:
    overlapping = parts(
        ("01202", shapely.box(140.0, 42.0, 140.2, 42.2)), ("01203", shapely.box(140.1, 42.0, 140.3, 42.2))
    )
    levels, report = areas_of(overlapping)
    assert report.mismatched == ("01202", "01203")
    assert shapely.is_valid([o for area in levels["ward"] for o in area.outlines.values()]).all()


@given(st.lists(st.lists(st.floats(0.001, 0.05), min_size=4, max_size=4), min_size=3, max_size=12))
def test_neighbours_share_their_border_however_it_runs(offsets: list[list[float]]) -> None:
    """Two areas on both sides of a zigzag, each simplified, leave no gap and no overlap."""
    zigzag = [(140 + offset[0], 42 + 0.1 * place) for place, offset in enumerate(offsets)]
    south, north = zigzag[0][1], zigzag[-1][1]
    west = shapely.Polygon([(139.5, south), *zigzag, (139.5, north)])
    east = shapely.Polygon([(140.5, south), *zigzag, (140.5, north)])
    levels, report = areas_of(parts(("01202", west), ("01203", east)))
    assert report.mismatched == ()
    for detail in ("low", "medium", "high"):
        outlines = [area.outlines[detail] for area in levels["ward"]]
        assert shapely.coverage_is_valid(outlines)
        assert all(ring.exterior.is_ccw for outline in outlines for ring in outline.geoms)
