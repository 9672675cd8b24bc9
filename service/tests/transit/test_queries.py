"""An area is asked for by the boxes of its municipalities: each cell and stop once, none from between."""

from __future__ import annotations

import asyncio
import datetime as dt

import numpy as np
import pytest
import shapely
from sqlalchemy import Connection

from geo.transit import mesh
from geo.transit.grids import Grid
from geo.transit.stops import without_timetable
from service.db.database import reader_engine
from service.tests.boundaries import put_areas
from service.tests.databases import Database
from service.transit.load import Credit, store_grid, store_stops
from service.transit.queries import MARGIN, Extract, extract_of, lists_from, partition_from

DATE = dt.date(2022, 1, 1)
#: West, south, east and north: two towns of Tokyo whose boxes overlap, an island of Tokyo far away, a town of
#: another prefecture beside the first, and one of a third in the box around all of Tokyo.
TOWNS = {
    "13101": (139.70, 35.60, 139.80, 35.70),
    "13102": (139.79, 35.60, 139.90, 35.70),
    "13421": (142.10, 27.00, 142.20, 27.10),
    "11100": (139.70, 35.70, 139.80, 35.80),
    "12202": (140.70, 35.60, 140.80, 35.70),
}
TOKYO = [code for code in TOWNS if code.startswith("13")]
#: Longitude and latitude: in the first town, in both boxes, on the island, in the town between, at sea.
PLACES = {
    "first": (139.751, 35.651),
    "both": (139.795, 35.651),
    "island": (142.151, 27.051),
    "between": (140.751, 35.651),
    "sea": (141.001, 31.001),
}


def put(conn: Connection) -> None:
    """Store the towns, and a cell and a stop at each place."""
    put_areas(conn, DATE, {code: shapely.box(*box) for code, box in TOWNS.items()})
    lon, lat = (np.array(axis) for axis in zip(*PLACES.values(), strict=True))
    codes = [mesh.code_at(float(y), float(x), 9) for x, y in PLACES.values()]
    order = np.argsort(codes)
    people = np.arange(1.0, 6.0)
    grid = Grid(9, np.array(codes)[order], {"population": people[order]}, np.full(5, "ok"))
    store_grid(conn, grid, "grid", "2020", Credit("", "", "", "", ""), "", "tests")
    names = list(PLACES)
    modes, classes = ["bus"] * 5, [""] * 5
    stops = without_timetable(names, names, modes, classes, names, lon, lat)
    store_stops(conn, stops, "stops", Credit("", "", "", "", ""), {"kind": "table"}, "", "tests")


@pytest.fixture
def tokyo(migrated_database: Database) -> Extract:
    with migrated_database.begin() as conn:
        put(conn)
        return extract_of(conn, "grid", DATE, TOKYO)


def test_cells_and_stops_are_those_in_the_municipalities_boxes_each_once(tokyo: Extract) -> None:
    partition = partition_from(tokyo, sea=True)
    assert sorted(partition.stops.ids) == ["both", "first", "island"]
    people = dict(zip(partition.cells, partition.people["population"].tolist(), strict=True))
    assert sorted(people.values()) == [1, 2, 3]
    assert list(people) == sorted(people)


def test_outlines_are_those_of_the_area_and_those_beside_it(tokyo: Extract) -> None:
    partition = partition_from(tokyo, sea=True)
    assert partition.areas == ("11100", "13101", "13102", "13421")
    assert partition.own.tolist() == [False, True, True, True]
    assert shapely.area(partition.outlines).tolist() == pytest.approx([0.01, 0.01, 0.011, 0.01])


def test_stops_are_asked_for_with_a_margin_and_cells_without(migrated_database: Database) -> None:
    with migrated_database.begin() as conn:
        put(conn)
        # the town beside the first: 0.05° north of it is within reach of no cell, but of a stop
        extract = extract_of(conn, "grid", DATE, ["11100"])
    assert MARGIN > 0.05
    assert sorted(lists_from(extract.stops)["id"]) == ["both", "first"]
    assert lists_from(extract.cells)["code"] == []


def test_what_the_service_reads_is_what_ingest_counts(tokyo: Extract, migrated_database: Database) -> None:
    async def read() -> Extract:
        engine = reader_engine(migrated_database.settings)
        async with engine.connect() as conn:
            extract = await conn.run_sync(extract_of, "grid", DATE, TOKYO)
        await engine.dispose()
        return extract

    assert asyncio.run(read()) == tokyo
