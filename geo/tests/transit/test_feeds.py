"""Feeds as publishers and table programs write them: read as they are meant, or refused by the cell."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import pytest

from geo.errors import InvalidFile, InvalidRows
from geo.tests.transit.feeds import FEED, departures, feed
from geo.transit.gtfs import Feed, read_gtfs

STOPS, TIMES, TRIPS = FEED["stops.txt"], FEED["stop_times.txt"], FEED["trips.txt"]
CALENDAR = FEED["calendar.txt"]


def groups(found: Feed) -> dict[str, str]:
    return {stop.id: stop.group for stop in found.stops}


def refused(path: Path) -> list[tuple[str, str, str]]:
    with pytest.raises((InvalidRows, InvalidFile)) as refusal:
        read_gtfs(path)
    return [
        (one.where.removeprefix("feed.zip").strip(), one.field, one.value) for one in refusal.value.findings
    ]


# Rows


def test_cells_left_out_at_the_end_of_a_row_are_empty(tmp_path: Path) -> None:
    stops = STOPS.replace("B,駅前,36.12,139.12,0,", "B,駅前,36.12,139.12")
    assert departures(feed(tmp_path, stops_txt=stops), "weekday") == departures(feed(tmp_path), "weekday")


@pytest.mark.parametrize(
    ("table", "row", "cut", "where", "field"),
    [
        ("stops", "C,病院,36.14,139.14,0,", "C,病院", "stops.txt line 6", "stop_lat, stop_lon"),
        ("stop_times", "T3,9:30:00,9:30:00,C,2,0", "T3,9:3", "stop_times.txt line 9", "stop_id"),
        ("trips", "R,土曜,T3", "R", "trips.txt line 4", "trip_id"),
        ("calendar", "土曜,0,0,0,0,0,1,0,20190401,20190630", "土曜,0", "calendar.txt line 3", "tuesday"),
        ("routes", "12,役場線,R,3", "12,役場線,R", "routes.txt line 2", "route_type"),
    ],
)
def test_a_row_cut_off_before_what_it_must_tell_is_refused_by_its_line(
    tmp_path: Path, table: str, row: str, cut: str, where: str, field: str
) -> None:
    text = FEED[f"{table}.txt"].replace(row, cut)
    assert (where, field) in [one[:2] for one in refused(feed(tmp_path, **{f"{table}_txt": text}))]


def test_a_row_with_more_cells_than_the_header_is_refused(tmp_path: Path) -> None:
    stops = STOPS.replace("139.12,0,", "139.12,0,,東口")
    assert refused(feed(tmp_path, stops_txt=stops)) == [("stops.txt line 5", "row", "東口")]
    assert (
        departures(feed(tmp_path, stops_txt=STOPS.replace("139.12,0,", "139.12,0,,,")), "weekday")["B"] == 1
    )


def test_a_quote_that_is_not_closed_swallows_no_rows(tmp_path: Path) -> None:
    stops = STOPS.replace("B,駅前", 'B,"駅前')
    assert refused(feed(tmp_path, stops_txt=stops))[0][:2] == ("stops.txt line 5", "row")


def test_text_in_another_encoding_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "feed.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in FEED.items():
            archive.writestr(name, text.encode("cp932"))
    assert refused(path)[0][:2] == ("stops.txt line 2", "encoding")


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    stops = STOPS.replace("location_type", "stop_lat")
    assert ("stops.txt line 1", "stop_lat", "twice") in refused(feed(tmp_path, stops_txt=stops))


@pytest.mark.parametrize(
    ("table", "row", "field"),
    [
        ("stops", "B,駅前,36.12,139.12,0,\n", "stop_id"),
        ("trips", "R,平日,T1\n", "trip_id"),
        ("stop_times", "T1,7:00:00,7:00:00,A1,1,0\n", "stop_sequence"),
        ("routes", "12,役場線,R,3\n", "route_id"),
    ],
)
def test_what_is_told_twice_is_not_counted_twice(tmp_path: Path, table: str, row: str, field: str) -> None:
    text = FEED[f"{table}.txt"].replace(row, row * 2)
    assert field in [one[1] for one in refused(feed(tmp_path, **{f"{table}_txt": text}))]


def test_repeats_of_a_trip_that_overlap_are_refused(tmp_path: Path) -> None:
    head, row = "trip_id,start_time,end_time,headway_secs\n", "T1,06:00:00,08:00:00,1800\n"
    path = feed(tmp_path, frequencies_txt=head + row + row)
    assert refused(path) == [("frequencies.txt line 3", "start_time", "06:00:00")]


# Whole numbers as table programs write them


def test_flags_with_decimals_are_the_whole_numbers_they_stand_for(tmp_path: Path) -> None:
    decimal = {
        "stops_txt": STOPS.replace(",0,", ",0.0,").replace(",1,\n", ",1.0,\n"),
        "stop_times_txt": TIMES.replace(",1\n", ",1.0\n").replace(",0\n", ",0.0\n"),
        "routes_txt": "route_id,route_type\nR,3.0\n",
        "calendar_txt": CALENDAR.replace(",1", ",1.0")
        .replace(",0", ",0.0")
        .replace("20190630", "20190630.0"),
        "calendar_dates_txt": FEED["calendar_dates.txt"].replace(",2\n", ",2.0\n").replace(",1\n", ",1.0\n"),
    }
    assert all(text != FEED[name.replace("_txt", ".txt")] for name, text in decimal.items())
    path = feed(tmp_path, **decimal)
    assert departures(path, "weekday") == {"A1": 1, "A2": 1, "B": 1, "C": 1}
    assert read_gtfs(path).dates["weekday"] == dt.date(2019, 4, 2)


@pytest.mark.parametrize(
    ("table", "old", "new", "field"),
    [
        ("stops", "139.12,0,", "139.12,9,", "location_type"),
        ("stops", "139.12,0,", "139.12,0.5,", "location_type"),
        ("stop_times", "A1,1,0", "A1,1,7", "pickup_type"),
        ("calendar", "平日,1", "平日,yes", "monday"),
        ("calendar", "平日,1", "平日,", "monday"),
        ("stop_times", "A1,1,0", "A1," + "1" * 5000 + ",0", "stop_sequence"),
    ],
)
def test_a_flag_that_is_none_of_its_values_is_refused(
    tmp_path: Path, table: str, old: str, new: str, field: str
) -> None:
    text = FEED[f"{table}.txt"].replace(old, new, 1)
    assert field in [one[1] for one in refused(feed(tmp_path, **{f"{table}_txt": text}))]


# Poles of one name


def named_alike(tmp_path: Path, metres: float) -> Feed:
    """A feed whose C bears the name of B, so far to the north of it."""
    north = 36.12 + metres / 111_200
    return read_gtfs(feed(tmp_path, stops_txt=STOPS.replace("C,病院,36.14,139.14", f"C,駅前,{north},139.12")))


def test_stops_of_one_name_that_are_far_apart_are_two(tmp_path: Path) -> None:
    found = named_alike(tmp_path, 6400)
    assert {stop.id: int(stop.departures[0].sum()) for stop in found.stops}["B"] == 1
    assert len({groups(found)["B"], groups(found)["C"]}) == 2
    assert "駅前" in found.notes[0]


def test_poles_of_one_name_that_are_near_are_one_stop(tmp_path: Path) -> None:
    found = named_alike(tmp_path, 150)
    assert groups(found)["B"] == groups(found)["C"] == "name:駅前"
    assert {stop.id: int(stop.departures[0].sum()) for stop in found.stops}["B"] == 2
    assert found.notes == ()


def test_poles_of_one_station_are_one_stop_however_far_apart(tmp_path: Path) -> None:
    stops = STOPS.replace("A2,役場,36.0999", "A2,役場前,36.2")
    assert groups(read_gtfs(feed(tmp_path, stops_txt=stops)))["A2"] == "A"


# Stations and boarding areas


def test_a_station_without_a_place_is_noted_and_still_a_station(tmp_path: Path) -> None:
    found = read_gtfs(feed(tmp_path, stops_txt=STOPS.replace("A,役場,36.1,139.1,1,", "A,役場,,,1,")))
    assert groups(found)["A1"] == groups(found)["A2"] == "A"
    assert "stops.txt line 2: stop_lat, stop_lon" in found.notes[0]


def test_a_pole_without_a_place_matters_only_where_a_trip_calls(tmp_path: Path) -> None:
    found = read_gtfs(feed(tmp_path, stops_txt=STOPS.replace("36.2,139.2", "0,0")))
    assert "stops.txt line 7" in found.notes[0]
    stops = STOPS.replace("36.12,139.12", ",")
    assert refused(feed(tmp_path, stops_txt=stops)) == [("stops.txt line 5", "stop_lat, stop_lon", ", ")]


def test_a_boarding_area_without_a_place_lies_where_its_platform_does(tmp_path: Path) -> None:
    stops = STOPS + "D,１番のりば,,,4,A1\n"
    times = TIMES.replace("7:00:00,A1,", "7:00:00,D,")
    found = read_gtfs(feed(tmp_path, stops_txt=stops, stop_times_txt=times))
    (area,) = (stop for stop in found.stops if stop.id == "D")
    assert (area.lat, area.group, int(area.departures[0].sum())) == (36.1001, "A", 1)


def test_departures_from_a_station_itself_are_not_lost(tmp_path: Path) -> None:
    found = read_gtfs(feed(tmp_path, stop_times_txt=TIMES.replace("7:00:00,A1,", "7:00:00,A,")))
    assert {stop.id: int(stop.departures[0].sum()) for stop in found.stops}["A"] == 1


def test_a_parent_that_is_nowhere_is_noted(tmp_path: Path) -> None:
    found = read_gtfs(feed(tmp_path, stops_txt=STOPS.replace("139.12,0,", "139.12,0,Z")))
    assert "stops.txt line 5: parent_station is 'Z'" in found.notes[0]


def test_parents_in_a_circle_are_no_station(tmp_path: Path) -> None:
    stops = STOPS.replace("139.12,0,", "139.12,0,C").replace("139.14,0,", "139.14,0,B")
    assert groups(read_gtfs(feed(tmp_path, stops_txt=stops)))["B"] == "name:駅前"


# Routes, services and trips


@pytest.mark.parametrize(
    ("number", "mode"),
    [
        (3, "bus"),
        (700, "bus"),
        (204, "bus"),
        (800, "bus"),
        (109, "rail"),
        (401, "rail"),
        (900, "rail"),
        (1000, "ferry"),
        (715, "demand"),
        (1500, "demand"),
        (1501, "demand"),
    ],
)
def test_extended_route_types_have_a_mode(tmp_path: Path, number: int, mode: str) -> None:
    found = read_gtfs(feed(tmp_path, routes_txt=f"route_id,route_type,route_long_name\nR,{number},線\n"))
    assert {stop.mode for stop in found.stops} == {mode}
    assert found.notes == ()


@pytest.mark.parametrize("number", [1100, 1700, 42])
def test_a_route_of_a_type_that_covers_nobody_is_noted(tmp_path: Path, number: int) -> None:
    found = read_gtfs(feed(tmp_path, routes_txt=f"route_id,route_type\nR,{number}\n"))
    assert found.notes[0].startswith(f"routes.txt line 2: route_type is '{number}'")
    assert "3 trips" in found.notes[0]


def test_trips_of_unknown_services_and_routes_are_noted(tmp_path: Path) -> None:
    trips = TRIPS.replace("R,平日,T1", "R,WEEKDAYS,T1").replace("R,平日,T2", "Q,平日,T2")
    service, route = read_gtfs(feed(tmp_path, trips_txt=trips)).notes
    assert service.startswith("trips.txt line 2: service_id is 'WEEKDAYS'")
    assert route.startswith("trips.txt line 3: route_id is 'Q'")
    assert route.endswith("taken for a bus of a line without a name")


def test_many_notes_of_one_kind_are_told_by_their_number(tmp_path: Path) -> None:
    trips = TRIPS + "".join(f"R,NONE,U{place}\n" for place in range(100))
    notes = read_gtfs(feed(tmp_path, trips_txt=trips)).notes
    assert len(notes) == 6
    assert notes[-1].startswith("… and 95 more")


def test_a_feed_none_of_whose_trips_runs_is_refused(tmp_path: Path) -> None:
    trips = TRIPS.replace("平日", "WEEKDAYS").replace("土曜", "SATURDAYS")
    assert refused(feed(tmp_path, trips_txt=trips)) == [("trips.txt", "service_id", "WEEKDAYS, SATURDAYS")]


def test_a_trip_that_counts_for_nothing_is_noted(tmp_path: Path) -> None:
    times = "".join(row for row in TIMES.splitlines(keepends=True) if not row.startswith("T2"))
    (note,) = read_gtfs(feed(tmp_path, stop_times_txt=times)).notes
    assert note.startswith("trips.txt line 3: trip_id is 'T2': fewer than two calls")


def test_times_that_run_backwards_are_noted(tmp_path: Path) -> None:
    times = TIMES.replace("25:20:00,25:20:00,B", "1:20:00,1:20:00,B")
    assert (
        "stop_times.txt line 6: departure_time is '1:20'"
        in read_gtfs(feed(tmp_path, stop_times_txt=times)).notes[0]
    )


# The calendar

DAILY = "1,1,1,1,1,1,1"
HEAD = "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"


def test_years_of_one_old_service_are_not_the_usual_days(tmp_path: Path) -> None:
    calendar = HEAD + f"土曜,{DAILY},20130401,20260331\n平日,1,1,1,1,1,0,0,20240401,20260331\n"
    found = read_gtfs(feed(tmp_path, calendar_txt=calendar, calendar_dates_txt=""))
    assert found.dates == {
        "weekday": dt.date(2024, 4, 1),
        "saturday": dt.date(2024, 4, 6),
        "sunday": dt.date(2024, 4, 7),
    }
    assert found.valid_from == dt.date(2013, 4, 1)


def test_days_that_run_only_elsewhere_are_found_over_the_whole_validity(tmp_path: Path) -> None:
    calendar = HEAD + "土曜,0,0,0,0,0,1,0,20130401,20140331\n平日,1,1,1,1,1,0,0,20240401,20260331\n"
    found = read_gtfs(feed(tmp_path, calendar_txt=calendar, calendar_dates_txt=""))
    assert found.dates["saturday"] == dt.date(2013, 4, 6)


def test_a_calendar_without_end_is_read(tmp_path: Path) -> None:
    calendar = HEAD + f"平日,{DAILY},00010101,99991231\n土曜,{DAILY},20190401,99991231\n"
    assert read_gtfs(feed(tmp_path, calendar_txt=calendar)).valid_to == dt.date(9999, 12, 31)


def test_a_service_that_ends_before_it_begins_is_refused(tmp_path: Path) -> None:
    calendar = CALENDAR.replace("20190401,20190630", "20190630,20190401", 1)
    assert refused(feed(tmp_path, calendar_txt=calendar)) == [("calendar.txt line 2", "end_date", "20190401")]


def test_a_date_on_which_nothing_runs_is_noted(tmp_path: Path) -> None:
    found = read_gtfs(feed(tmp_path), {"weekday": dt.date(2025, 1, 6)})
    assert found.notes == ("weekday: no trip runs on 2025-01-06",)


# The zip


def zipped(folder: Path, **folders: dict[str, str]) -> Path:
    path = folder / "feed.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, tables in folders.items():
            for table, text in tables.items():
                archive.writestr(f"{name}/{table}", text)
    return path


def test_two_feeds_in_one_zip_are_refused_with_their_folders(tmp_path: Path) -> None:
    path = zipped(tmp_path, north=FEED, south=FEED)
    assert refused(path) == [("", "folders", "north/, south/")]


def test_tables_of_two_folders_are_not_mixed(tmp_path: Path) -> None:
    calendar = {name: text for name, text in FEED.items() if name.startswith("calendar")}
    rest = {name: text for name, text in FEED.items() if name not in calendar}
    assert refused(zipped(tmp_path, a=rest, b=calendar)) == [("", "folders", "a/, b/")]


def test_a_feed_in_a_folder_is_read_beside_what_is_no_table(tmp_path: Path) -> None:
    junk = {f"._{name}": "x" for name in FEED} | dict(FEED)
    path = zipped(tmp_path, feed=FEED, __MACOSX=junk, documents={"readme.txt": "利用規約"})
    assert departures(path, "weekday")["A1"] == 1


def test_a_table_that_stands_twice_in_a_zip_is_refused(tmp_path: Path) -> None:
    path = feed(tmp_path)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("stops.txt", STOPS)
    assert refused(path) == [("stops.txt", "file", "twice")]


def test_a_zip_of_zips_is_refused_with_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "feed.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("north.zip", b"PK")
    assert refused(path) == [("", "members", "north.zip")]


def test_a_feed_without_a_served_stop_is_refused_rather_than_loaded_as_nothing(tmp_path: Path) -> None:
    times = TIMES.splitlines()[0] + "\n"
    assert refused(feed(tmp_path, stop_times_txt=times)) == [("stop_times.txt", "file", "missing or empty")]


def test_a_text_with_a_nul_is_refused_because_no_database_stores_it(tmp_path: Path) -> None:
    assert refused(feed(tmp_path, stops_txt=STOPS.replace("駅前", "駅\0前"))) == [
        ("stops.txt line 5", "text", "NUL")
    ]
