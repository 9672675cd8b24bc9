"""Feeds made by hand, and the 57 published ones."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from geo.errors import InvalidFile, InvalidRows
from geo.tests.transit.feeds import FEED, departures, feed
from geo.transit.calendars import DAYS
from geo.transit.gtfs import read_gtfs

REAL = os.environ.get("CHIIKI_REAL_DATA")


def test_departures_are_counted_for_the_poles_of_a_stop_together(tmp_path: Path) -> None:
    # A: 7:00 from A1; T2 ends at A2. B: 7:10, between two timed calls; T2 takes nobody on there.
    assert departures(feed(tmp_path), "weekday") == {"A1": 1, "A2": 1, "B": 1, "C": 1}
    assert departures(feed(tmp_path), "saturday") == {"A1": 1, "A2": 1, "B": 0, "C": 0}
    assert departures(feed(tmp_path), "sunday") == {"A1": 0, "A2": 0, "B": 0, "C": 0}


def test_an_hour_after_midnight_belongs_to_the_day_before(tmp_path: Path) -> None:
    assert departures(feed(tmp_path), "weekday", 24, 30)["C"] == 1
    assert departures(feed(tmp_path), "weekday", 7, 8) == {"A1": 1, "A2": 1, "B": 1, "C": 0}


def test_the_usual_day_is_taken_and_told(tmp_path: Path) -> None:
    found = read_gtfs(feed(tmp_path))
    assert (found.publisher, found.valid_from, found.valid_to) == (
        "地域バス",
        dt.date(2019, 4, 1),
        dt.date(2019, 6, 30),
    )
    # on Monday 1 April the Saturday service runs in place of the weekday one
    assert found.dates == {"weekday": dt.date(2019, 4, 2), "saturday": dt.date(2019, 4, 6), "sunday": None}
    holiday = read_gtfs(feed(tmp_path), {"weekday": dt.date(2019, 4, 1)})
    assert {stop.id: int(stop.departures[0].sum()) for stop in holiday.stops}["A1"] == 1


def test_a_stop_that_nobody_calls_at_is_left_out(tmp_path: Path) -> None:
    assert "X" not in {stop.id for stop in read_gtfs(feed(tmp_path)).stops}


def test_frequencies_repeat_a_trip(tmp_path: Path) -> None:
    path = feed(
        tmp_path,
        frequencies_txt="trip_id,start_time,end_time,headway_secs\nT1,06:00:00,08:00:00,1800\n",
    )
    assert departures(path, "weekday")["B"] == 4


TIMES = FEED["stop_times.txt"]
DATES = "service_id,date,exception_type\n平日,20190401,3\n"
REPEATS = "trip_id,start_time,end_time,headway_secs\nT1,06:00:00,08:00:00,0\n"


@pytest.mark.parametrize(
    ("table", "text", "where", "field"),
    [
        ("stops", FEED["stops.txt"].replace("36.12", "thirty"), "line 5", "stop_lat, stop_lon"),
        ("stops", FEED["stops.txt"].replace("36.12", "0"), "line 5", "stop_lat, stop_lon"),
        ("routes", "route_id,route_type\nR,bus\n", "line 2", "route_type"),
        ("stop_times", TIMES.replace("T3,9:00", "T9,9:00"), "line 8", "trip_id"),
        ("stop_times", TIMES.replace("9:30:00", "9時"), "line 9", "departure_time"),
        ("stop_times", TIMES.replace(",C,2,0", ",Z,2,0"), "line 9", "stop_id"),
        ("stop_times", TIMES.replace(",C,2,0", ",C,-2,0"), "line 9", "stop_sequence"),
        ("calendar", FEED["calendar.txt"].replace("20190630", "2019/6/30", 1), "line 2", "end_date"),
        ("calendar_dates", DATES, "line 2", "exception_type"),
        ("frequencies", REPEATS, "line 2", "row"),
    ],
)
def test_a_wrong_cell_is_told_with_file_line_and_column(
    tmp_path: Path, table: str, text: str, where: str, field: str
) -> None:
    with pytest.raises(InvalidRows) as refusal:
        read_gtfs(feed(tmp_path, **{f"{table}_txt": text}))
    told = [(one.where, one.field) for one in refusal.value.findings]
    assert (f"feed.zip {table}.txt {where}".strip(), field) in told


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"stops_txt": ""}, "no stops.txt"),
        ({"stops_txt": "stop_id\nA\n"}, "lacks columns"),
        ({"calendar_txt": "", "calendar_dates_txt": ""}, "no service on any day"),
    ],
)
def test_a_feed_without_what_every_feed_has_is_refused(
    tmp_path: Path, changed: dict[str, str], told: str
) -> None:
    with pytest.raises(InvalidFile, match=told):
        read_gtfs(feed(tmp_path, **changed))


def test_what_is_no_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "feed.zip").write_bytes(b"PK")
    with pytest.raises(InvalidFile, match="no zip"):
        read_gtfs(tmp_path / "feed.zip")


@pytest.mark.skipif(REAL is None, reason="the published feeds are in CHIIKI_REAL_DATA")
def test_the_published_feeds_of_hokkaido_gunma_and_toyama_all_load() -> None:
    paths = sorted((Path(str(REAL)) / "transit").glob("gtfs-*/*.zip"))
    feeds = [read_gtfs(path) for path in paths]
    assert len(feeds) == 57
    for one in feeds:
        assert one.stops
        assert any(one.dates[kind] for kind in DAYS)
        assert all(one.valid_from <= date <= one.valid_to for date in one.dates.values() if date)
        for stop in one.stops:  # whatever departs is of some line
            of_lines = [line.departures or () for line in stop.lines]
            assert [sum(day) for day in zip(*of_lines, strict=True)] in (
                [],
                stop.departures.sum(axis=1).tolist(),
            )
            assert of_lines or not stop.departures.any()
            assert all(line.name or line.number for line in stop.lines)
