"""Stops from feeds into the database, and that nothing takes the place of what is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from geo.errors import InvalidFile, InvalidRows
from geo.tests.transit.feeds import FEED, feed
from geo.transit.gtfs import read_gtfs
from geo.transit.stops import of_feed
from service.tests.databases import Database
from service.transit.load import Credit, load_grid, load_stops, store_stops

CREDIT = Credit("題", "title", "出典", "credit", "licence")


def test_a_feed_is_loaded_with_its_notes(tmp_path: Path, migrated_database: Database) -> None:
    trips = FEED["trips.txt"].replace("R,平日,T2", "R,WEEKDAYS,T2")
    with migrated_database.begin() as conn:
        report = load_stops(conn, feed(tmp_path, trips_txt=trips), "bus", CREDIT, kind="gtfs", actor="tests")
        audited = conn.execute(text("select detail from audit where action = 'load stops'")).scalar_one()
    (note,) = audited["notes"]
    assert json.loads(json.dumps(report)) == audited
    assert note.startswith("trips.txt line 3: service_id is 'WEEKDAYS'")


def test_the_lines_of_a_stop_are_kept_once_for_all_its_poles(
    tmp_path: Path, migrated_database: Database
) -> None:
    told = text('select place, number, name, mode, departures from stop_line where "group" = :group')
    with migrated_database.begin() as conn:
        for _ in range(2):  # what is loaded again takes the place of what was there
            load_stops(conn, feed(tmp_path), "bus", CREDIT, kind="gtfs", actor="tests")
        # its poles are A1 and A2
        assert [tuple(row) for row in conn.execute(told, {"group": "A"})] == [
            (0, "12", "役場線", "bus", [1, 1, 0])
        ]


def test_a_station_is_on_the_lines_of_all_its_platforms(tmp_path: Path, migrated_database: Database) -> None:
    platform = {"type": "LineString", "coordinates": [[139.0, 36.0], [139.0, 36.002]]}
    rows = [("両毛線", "前橋"), ("上越線", "新前橋"), ("両毛線", "新前橋"), (None, "群馬")]
    features = [
        {
            "type": "Feature",
            "properties": {"N02_001": "11", "N02_003": line, "N02_004": "社", "N02_005": name},
            "geometry": platform,
        }
        for line, name in rows
    ]
    path = tmp_path / "N02_Station.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    told = text("select \"group\", name, departures from stop_line where mode = 'rail' order by 1, place")
    with migrated_database.begin() as conn:
        load_stops(conn, path, "n02", CREDIT, kind="n02", actor="tests", rail="line")
        found = [tuple(row) for row in conn.execute(told)]
    assert found == [
        ("前橋/社", "両毛線", None),
        ("新前橋/社", "上越線", None),
        ("新前橋/社", "両毛線", None),
    ]


def test_nothing_takes_the_place_of_stops_that_are_there(tmp_path: Path, migrated_database: Database) -> None:
    stops = of_feed(read_gtfs(feed(tmp_path)))
    with migrated_database.begin() as conn:
        load_stops(conn, feed(tmp_path), "bus", CREDIT, kind="gtfs", actor="tests")
        with pytest.raises(InvalidFile, match="no stops"):
            store_stops(conn, stops.take(stops.lat < 0), "bus", CREDIT, {"kind": "gtfs"}, "", "tests")
        path = feed(tmp_path, stops_txt=FEED["stops.txt"].replace("139.12,0,", "139.12,9,"))
        with pytest.raises(InvalidRows):
            load_stops(conn, path, "bus", CREDIT, kind="gtfs", actor="tests")
        assert conn.execute(text("select count(*) from stop where source = 'bus'")).scalar() == 4


def test_a_grid_that_tells_nobody_takes_no_place(tmp_path: Path, migrated_database: Database) -> None:
    path = tmp_path / "grid.csv"
    path.write_text("code,pop\n533946113,7\n")
    with migrated_database.begin() as conn:
        load_grid(conn, [path], "grid", "2020", CREDIT, "tests")
        path.write_text("code,pop\n533946113,*\n")
        with pytest.raises(InvalidFile, match="No cell tells its people"):
            load_grid(conn, [path], "grid", "2020", CREDIT, "tests")
        assert conn.execute(text("select population from cell where grid = 'grid'")).scalar() == 7
