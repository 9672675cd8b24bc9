"""Who is within reach: the synthetic case of the domain reference 7.5, and brute force."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import shapely
from pyproj import Geod

from geo.transit import mesh
from geo.transit.access import Definition, apart, covered_shares, is_covered, nearest_m, parts_of
from geo.transit.discs import Pairs, covered_areas
from geo.transit.gtfs import HOURS
from geo.transit.stop_files import read_n02, read_p11
from geo.transit.stops import UNKNOWN, Stops, column_of_lines

Polygonal = shapely.geometry.base.BaseGeometry
REAL = os.environ.get("CHIIKI_REAL_DATA")
CELL = "533946113"
TOKYO = 6677
GRS80 = Geod(ellps="GRS80")


def stops(
    *places: tuple[float, float], mode: str = "bus", departures: int = UNKNOWN, classes: str = ""
) -> Stops:
    n = len(places)

    def texts(value: str) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
        return np.array([value] * n, object)

    counts = np.full((n, 3, HOURS), UNKNOWN if departures == UNKNOWN else 0, np.int32)
    if departures != UNKNOWN:
        counts[:, 0, 8] = departures
    return Stops(
        ids=texts("x"),
        names=texts("x"),
        modes=texts(mode),
        classes=texts(classes),
        groups=texts("x"),
        lon=np.array([lon for lon, _ in places], float),
        lat=np.array([lat for _, lat in places], float),
        departures=counts,
        lines=column_of_lines(() for _ in places),
    )


def within(metres: float, **others: object) -> Definition:
    return Definition("test", "", "", {"bus": metres}, **others)  # type: ignore[arg-type]  # fields of the test's table


def box(code: str) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    south, west, north, east = mesh.bounds([code])[0]
    return np.array([shapely.box(west, south, east, north)], object)


def centre(code: str) -> tuple[float, float]:
    lon, lat = mesh.centres([code])
    return float(lon[0]), float(lat[0])


def share(metres: float, *places: tuple[float, float]) -> float:
    _, covered = covered_shares(box(CELL), np.array([TOKYO]), stops(*places), within(metres))
    return float(covered[0])


def test_the_cell_has_the_published_size() -> None:
    area, _ = covered_shares(box(CELL), np.array([TOKYO]), stops(), within(300))
    assert area[0] == pytest.approx(261_564, rel=2.1e-4)  # of the plane, whose scale is 0.9999


def test_a_stop_at_the_centre_covers_all_by_centre_and_92_58_per_cent_by_area() -> None:
    lon, lat = mesh.centres([CELL])
    assert is_covered(lon, lat, stops(centre(CELL)), within(300)).tolist() == [True]
    assert 1000 * (1 - share(300, centre(CELL))) == pytest.approx(74.2, abs=0.5)
    assert share(500, centre(CELL)) == 1.0


def test_without_a_stop_all_are_in_the_gap() -> None:
    lon, lat = mesh.centres([CELL])
    assert is_covered(lon, lat, stops(), within(300)).tolist() == [False]
    assert share(300) == 0.0
    assert np.isinf(nearest_m(lon, lat, stops())).all()


def test_two_cells_one_covered_make_a_quarter_of_the_people() -> None:
    codes = [CELL, "533946001"]
    lon, lat = mesh.centres(codes)
    covered = is_covered(lon, lat, stops(centre(CELL)), within(500))
    people = np.array([300.0, 100.0])
    assert people[~covered].sum() / people.sum() == 0.25


def test_a_place_at_the_distance_itself_is_covered() -> None:
    lon, lat = centre(CELL)
    there = np.array([lon]), np.array([lat])
    metres = float(nearest_m(*there, stops((lon + 0.003, lat + 0.002)))[0])
    assert metres == pytest.approx(GRS80.inv(lon, lat, lon + 0.003, lat + 0.002)[2], abs=1e-5)
    assert is_covered(*there, stops((lon + 0.003, lat + 0.002)), within(metres)).all()
    assert not is_covered(*there, stops((lon + 0.003, lat + 0.002)), within(metres - 1e-6)).any()


def test_each_mode_has_its_own_distance_and_others_do_not_count() -> None:
    lon, lat = mesh.centres([CELL])
    near = (centre(CELL)[0] + 0.008, centre(CELL)[1])  # about 720 m away
    definition = Definition("test", "", "", {"bus": 500, "rail": 1000})
    assert not is_covered(lon, lat, stops(near), definition).any()
    assert is_covered(lon, lat, stops(near, mode="rail"), definition).all()
    assert not is_covered(lon, lat, stops(near, mode="ferry"), definition).any()


def test_departures_and_classes_decide_whether_a_bus_stop_counts() -> None:
    lon, lat = mesh.centres([CELL])
    often = within(300, least_departures=10, first=6, last=20)
    assert is_covered(lon, lat, stops(centre(CELL), departures=10), often).all()
    assert not is_covered(lon, lat, stops(centre(CELL), departures=9), often).any()
    assert not is_covered(lon, lat, stops(centre(CELL)), often).any()  # no timetable, no proof
    fixed = within(300, classes=("1", "2", "3"))
    assert is_covered(lon, lat, stops(centre(CELL), classes="3;4"), fixed).all()
    assert not is_covered(lon, lat, stops(centre(CELL), classes="4"), fixed).any()


def test_covered_areas_are_those_of_fine_polygons() -> None:
    random = np.random.default_rng(7)
    for number in range(60):
        outline: Polygonal = shapely.box(0, 0, 462, 566)
        if number % 3 == 1:
            outline = outline.difference(shapely.box(100, -1, 180, 300))
        if number % 3 == 2:
            outline = outline.difference(shapely.Point(200, 200).buffer(60)).union(
                shapely.box(600, 0, 700, 50)
            )
        n = int(random.integers(1, 9))
        centres = random.uniform(-400, 900, (n, 2))
        radii = random.choice([80.0, 300.0, 500.0], n)
        if n > 2:
            centres[1], radii[1] = centres[0], radii[0]  # the same stop twice
        pairs = Pairs(np.zeros(n, np.intp), np.arange(n))
        exact = covered_areas(np.array([outline], object), centres, radii, pairs)[0]
        discs = [shapely.Point(*c).buffer(r, quad_segs=1024) for c, r in zip(centres, radii, strict=True)]
        assert exact == pytest.approx(
            shapely.union_all(discs).intersection(outline).area, abs=1e-6 * outline.area + 0.3
        )


def test_a_corner_that_is_written_twice_changes_no_covered_area() -> None:
    corners = [(0, 0), (462, 0), (462, 566), (0, 566)]
    centres, radii = np.array([[100.0, 100.0]]), np.array([300.0])
    pairs = Pairs(np.zeros(1, np.intp), np.zeros(1, np.intp))
    once, twice = (
        covered_areas(np.array([shapely.Polygon(ring)], object), centres, radii, pairs)[0]
        for ring in (corners, [*corners[:2], *corners[1:]])
    )
    assert twice == pytest.approx(once)


def test_cells_are_cut_at_boundaries_and_keep_their_people() -> None:
    south, west, north, east = mesh.bounds([CELL])[0]
    third = west + (east - west) / 3
    towns = np.array(
        [shapely.box(west - 1, south - 1, third, north + 1), shapely.box(third, south - 1, east, north + 1)],
        object,
    )
    neighbour = "533946114"  # the cell to the east lies in neither
    parts = parts_of([CELL, neighbour], towns)
    assert parts.cell.tolist() == [0, 0]
    assert parts.share.tolist() == pytest.approx([1 / 3, 2 / 3])
    assert parts.is_centre.tolist() == [False, True]


def test_a_cell_whose_centre_is_at_sea_belongs_to_its_largest_part() -> None:
    south, west, north, east = mesh.bounds([CELL])[0]
    coast = np.array([shapely.box(west, south, west + (east - west) / 4, north)], object)
    parts = parts_of([CELL], coast)
    assert (parts.is_centre.tolist(), parts.share.tolist()) == ([True], [1.0])


def test_where_the_neighbours_boundaries_are_not_known_only_known_land_is_told() -> None:
    south, west, north, east = mesh.bounds([CELL])[0]
    known = np.array([shapely.box(west, south, west + (east - west) / 4, north)], object)
    parts = parts_of([CELL], known, sea=False)
    assert (parts.is_centre.tolist(), parts.share.tolist()) == ([False], [pytest.approx(0.25)])


def test_stations_are_lines_told_by_their_middle_or_along_them(tmp_path: Path) -> None:
    feature = {
        "type": "Feature",
        "properties": {"N02_001": "11", "N02_002": "2", "N02_003": "線", "N02_004": "社", "N02_005": "駅"},
        "geometry": {"type": "MultiLineString", "coordinates": [[[139.0, 36.0], [139.0, 36.002]]]},
    }
    path = tmp_path / "N02_Station.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    middle = read_n02(path)
    assert (middle.lon.tolist(), middle.lat.tolist()) == ([139.0], [pytest.approx(36.001)])
    along = read_n02(path, "line")
    assert len(along) > 10
    assert set(along.groups) == {"駅/社"}
    assert (along.lat.min(), along.lat.max()) == (36.0, 36.002)


@pytest.mark.skipif(REAL is None, reason="the specimen of P11 is in CHIIKI_REAL_DATA")
def test_bus_stops_of_p11_have_their_classes() -> None:
    found = read_p11(Path(str(REAL)) / "transit" / "P11-22_35_sample9.geojson")
    assert len(found) == 9
    assert (found.names[0], found.modes[0], found.classes[0]) == ("市味", "bus", "1")
    assert (found.departures == UNKNOWN).all()


@pytest.mark.skipif(REAL is None, reason="the published stations are in CHIIKI_REAL_DATA")
def test_all_stations_of_japan_are_read() -> None:
    found = read_n02(Path(str(REAL)) / "transit" / "rail" / "N02-20_Station.geojson.gz")
    assert len(found) == 10_267
    assert set(found.modes) == {"rail"}


def test_outlines_of_two_editions_are_laid_apart_and_those_of_one_are_as_they_were() -> None:
    coarse = shapely.box(0, 0, 2, 2)
    fine = shapely.segmentize(shapely.box(1, 0, 3, 2), 0.1)
    beside = shapely.box(1.9, 2, 3, 4)
    given = np.array([coarse, fine, beside], object)
    found = apart(given, ["2021", "2024", "2021"])
    assert shapely.area(found).tolist() == pytest.approx([2, 4, 2.2])
    assert shapely.equals(found[0], shapely.box(0, 0, 1, 2))
    assert apart(given, ["2021", "2021", "2021"]) is given
