"""A gap counted anew only where a change reaches is the gap counted anew everywhere."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
import shapely

from geo.transit import mesh
from geo.transit.access import Definition
from geo.transit.gaps import Change, Partition, bands, clusters, gap_after, gap_of
from geo.transit.stops import Stops, joined, without_timetable

RURAL = Definition("rural", "", "", {"rail": 1000.0, "bus": 500.0})
#: 20 × 20 cells of 500 m, from 36.1° N 139.1° E on.
SOUTH, WEST = 36.1, 139.1
NORTH, EAST = SOUTH + 20 / 240, WEST + 20 / 160


def stops(random: np.random.Generator, n: int) -> Stops:
    names = [f"s{place}" for place in range(n)]
    modes = np.where(random.random(n) < 0.2, "rail", "bus").tolist()
    lon, lat = random.uniform(WEST, EAST, n), random.uniform(SOUTH, NORTH, n)
    return without_timetable(names, names, modes, [""] * n, names, lon, lat)


def partition(random: np.random.Generator, served_by: Stops) -> Partition:
    lats = SOUTH + (np.arange(20) + 0.5) / 240
    lons = WEST + (np.arange(20) + 0.5) / 160
    codes = sorted(mesh.code_at(float(lat), float(lon), 9) for lat in lats for lon in lons)
    middle = WEST + 0.43 * (EAST - WEST)
    towns = [shapely.box(WEST, SOUTH, middle, NORTH), shapely.box(middle, SOUTH, EAST, NORTH)]
    people = {"population": random.integers(1, 500, len(codes)).astype(float)}
    own = np.array([True, True])
    return Partition(("10201", "10202"), np.array(towns, object), own, tuple(codes), people, served_by)


@pytest.mark.parametrize("seed", range(6))
def test_a_change_counted_where_it_reaches_is_the_change_counted_everywhere(seed: int) -> None:
    random = np.random.default_rng(seed)
    before = stops(random, 40)
    here = partition(random, before)
    removed = random.random(len(before)) < 0.2
    added = stops(random, 5)
    zones = np.empty(0, object)
    told = gap_after(here, gap_of(here, RURAL, with_land=False), RURAL, Change(removed, added, zones))
    there = Partition(
        here.areas, here.outlines, here.own, here.cells, here.people, joined([before.take(~removed), added])
    )
    anew = gap_of(there, RURAL, with_land=False)
    assert told.covered.tolist() == anew.covered.tolist()
    assert told.distance_m.tolist() == pytest.approx(anew.distance_m.tolist())
    assert told.part_shares.tolist() == pytest.approx(anew.part_shares.tolist(), abs=1e-9)
    for area in here.areas:
        assert told.by_area[area]["population"].gap == pytest.approx(anew.by_area[area]["population"].gap)


def test_a_zone_and_stops_together_cover_what_either_covers() -> None:
    random = np.random.default_rng(3)
    here = partition(random, stops(random, 30))
    before = gap_of(here, RURAL, with_land=False)
    zone = np.array([shapely.box(WEST, SOUTH, WEST + 0.5 * (EAST - WEST), NORTH)], object)
    nothing = here.stops.take(np.zeros(len(here.stops), bool))
    after = gap_after(here, before, RURAL, Change(np.zeros(len(here.stops), bool), nothing, zone))
    lon, _ = here.centres
    assert after.covered.tolist() == (before.covered | (lon < WEST + 0.5 * (EAST - WEST))).tolist()
    assert after.by_area["10201"]["population"].gap == pytest.approx(0, abs=1e-6)  # it lies in the zone
    east = after.by_area["10202"]["population"]
    assert 0 < east.gap < before.by_area["10202"]["population"].gap


def test_clusters_touch_at_corners_too_and_empty_cells_part_them() -> None:
    codes = ["533946111", "533946114", "533946124", "533946131"]
    people = np.array([10.0, 5.0, 7.0, 0.0])
    found = clusters(codes, people, np.array([True, True, True, True]))
    assert [(one.cells, one.people) for one in found] == [((0, 1), 15.0), ((2,), 7.0)]
    assert clusters(codes, people, np.zeros(4, bool)) == []


def test_a_cell_whose_people_are_not_known_is_in_its_cluster_and_adds_nobody() -> None:
    codes = ["533946111", "533946114", "533946124", "533946131"]
    people = np.array([10.0, np.nan, np.nan, 0.0])
    first, other = clusters(codes, people, np.array([True, True, True, True]))
    assert (first.cells, first.people) == ((0, 1), 10.0)
    assert (first.lon, first.lat) == tuple(float(axis[0]) for axis in mesh.centres(codes[:1]))
    assert other.cells == (2,)
    assert np.isnan(other.people)
    assert (other.lon, other.lat) == tuple(float(axis[0]) for axis in mesh.centres(codes[2:3]))


def test_cells_at_the_ends_of_neighbouring_rows_do_not_touch() -> None:
    # the first row from its second cell to its last, and the first cell of the third row
    codes = ["533946112", "533946121", "533946122", "533946211"]
    assert [one.cells for one in clusters(codes, np.ones(4), np.ones(4, bool))] == [(0, 1, 2), (3,)]
    row = ["533946122", "533946113"]  # the last of a row and the first of the next
    assert len(clusters(row, np.ones(2), np.ones(2, bool))) == 2


def test_a_municipality_is_counted_from_its_known_cells_and_tells_how_many_are_not() -> None:
    random = np.random.default_rng(4)
    whole = partition(random, stops(random, 40))
    before = gap_of(whole, RURAL, with_land=False)
    people = whole.people["population"].copy()
    is_suppressed = (before.cell_area == 0) & ~before.covered & (np.arange(len(people)) % 5 == 0)
    n = int(is_suppressed.sum())
    assert n > 3
    people[is_suppressed] = np.nan
    told = gap_of(replace(whole, people={"population": people}), RURAL, with_land=False)
    was, now = before.by_centre["10201"]["population"], told.by_centre["10201"]["population"]
    hidden = float(whole.people["population"][is_suppressed].sum())
    assert (now.all, now.gap, now.missing) == (was.all - hidden, was.gap - hidden, n)
    assert told.by_area["10201"]["population"].missing == n
    assert (was.missing, told.by_centre["10202"]["population"].missing) == (0, 0)


def test_where_no_cell_has_a_figure_nothing_is_told_rather_than_nobody() -> None:
    random = np.random.default_rng(5)
    whole = partition(random, stops(random, 40))
    lon, _ = whole.centres
    west = lon < WEST + 0.46 * (EAST - WEST)  # all of 10201, and the cells that its border cuts
    people = np.where(west, np.nan, whole.people["population"])
    told = gap_of(replace(whole, people={"population": people}), RURAL, with_land=False)
    for counts in (told.by_area["10201"]["population"], told.by_centre["10201"]["population"]):
        assert np.isnan([counts.all, counts.gap]).all()
        assert counts.share is None
        assert counts.missing > 100
    assert told.by_centre["10202"]["population"].all > 0


def test_counting_takes_one_core_unless_more_are_asked_for() -> None:
    random = np.random.default_rng(6)
    here = partition(random, stops(random, 40))
    further: set[int] = set()
    threading.setprofile(lambda *_event: further.add(threading.get_ident()))
    try:
        before = gap_of(here, RURAL, with_land=False)
        nothing = here.stops.take(np.zeros(len(here.stops), bool))
        zones = np.empty(0, object)
        gap_after(here, before, RURAL, Change(np.arange(40) < 5, nothing, zones))
        assert further == set()
        gap_of(here, RURAL, with_land=False, workers=2)
        assert further
    finally:
        threading.setprofile(None)


def test_land_is_told_by_the_boxes_of_the_municipalities_not_by_the_one_around_them() -> None:
    random = np.random.default_rng(7)
    here = partition(random, stops(random, 40))
    far = shapely.box(153.9, 24.2, 154.0, 24.3)  # as Minami-Torishima is of Tokyo
    codes = (*here.areas, "13421")
    towns = np.array([*here.outlines, far], object)
    apart = replace(here, areas=codes, outlines=towns, own=np.ones(3, bool))
    km2 = {code: counts.all / 1e6 for code, counts in gap_of(apart, RURAL).land.items()}
    assert km2["13421"] == pytest.approx(10.15 * 11.08, rel=0.01)
    assert km2["10201"] == pytest.approx(gap_of(here, RURAL).land["10201"].all / 1e6)


def test_bands_are_closed_above_and_the_last_is_open() -> None:
    distance = np.array([0.0, 500.0, 500.1, np.inf])
    assert bands(distance, np.array([1.0, 2.0, 4.0, 8.0]), [0, 500, 1000]) == [3.0, 4.0, 8.0]


def test_a_band_is_missing_where_it_has_cells_and_none_of_them_a_figure() -> None:
    distance, edges = np.array([0.0, 100.0, 500.1]), [0, 500, 1000]
    told = bands(distance, np.array([1.0, np.nan, np.nan]), edges)
    assert (told[0], np.isnan(told[1]), told[2]) == (1.0, True, 0.0)
    assert np.isnan(bands(distance, np.full(3, np.nan), edges)).tolist() == [True, True, False]
