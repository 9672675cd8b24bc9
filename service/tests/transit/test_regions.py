"""What scenarios begin with: the gap of a region, counted once however many ask for it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import shapely

from geo.transit import mesh
from geo.transit.access import Definition
from geo.transit.gaps import Gap, Partition
from geo.transit.stops import without_timetable
from service.transit.scenario_routes import Region

#: 40 × 40 cells of 500 m, from 36.1° N 139.1° E on.
SOUTH, WEST = 36.1, 139.1


def region() -> Region:
    lats, lons = SOUTH + (np.arange(40) + 0.5) / 240, WEST + (np.arange(40) + 0.5) / 160
    codes = sorted(mesh.code_at(float(lat), float(lon), 9) for lat in lats for lon in lons)
    town = shapely.box(WEST, SOUTH, WEST + 0.25, SOUTH + 1 / 6)
    random = np.random.default_rng(1)
    lon, lat = random.uniform(WEST, WEST + 0.25, 200), random.uniform(SOUTH, SOUTH + 1 / 6, 200)
    names = [f"s{place}" for place in range(200)]
    stops = without_timetable(names, names, ["bus"] * 200, [""] * 200, names, lon, lat)
    people = {"population": np.ones(len(codes))}
    outlines = np.array([town], object)
    partition = Partition(("10201",), outlines, np.array([True]), tuple(codes), people, stops)
    return Region("g", partition, [], {})


def within(metres: float) -> Definition:
    return Definition("test", "", "", {"bus": metres})


def test_a_definition_is_counted_once_however_many_ask_for_it_at_the_same_time() -> None:
    here, together = region(), Barrier(6)

    def ask(_number: int) -> Gap:
        together.wait()
        return here.before(within(300)).gap

    with ThreadPoolExecutor(6) as threads:
        gaps = list(threads.map(ask, range(6)))
    assert len({id(gap) for gap in gaps}) == 1


def test_the_gaps_that_are_held_are_bounded_however_many_definitions_are_asked_at_the_same_time() -> None:
    here, together = region(), Barrier(6)

    def ask(number: int) -> list[Gap]:
        together.wait()
        return [here.before(within(100 + 10 * number + metres)).gap for metres in range(6)]

    with ThreadPoolExecutor(6) as threads:
        asked = list(threads.map(ask, range(6)))
    assert [len(gaps) for gaps in asked] == [6] * 6
    assert len(here.gaps) == 8
