"""Lines of stops, on feeds made by hand and on one that is published."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from geo.tests.transit.feeds import FEED, feed
from geo.transit.gtfs import read_gtfs
from geo.transit.lines import MOST_LETTERS, Line

REAL = os.environ.get("CHIIKI_REAL_DATA")
HEAD = "route_id,route_short_name,route_long_name,route_type\n"
REPEATS = "trip_id,start_time,end_time,headway_secs\nT1,06:00:00,08:00:00,1800\n"


def lines(path: Path) -> dict[str, tuple[Line, ...]]:
    return {stop.id: stop.lines for stop in read_gtfs(path).stops}


def of_routes(folder: Path, rows: str, **changed: str) -> dict[str, tuple[Line, ...]]:
    """Return the lines where T1 is a trip of route P, T2 of Q and T3 of R."""
    trips = FEED["trips.txt"].replace("R,平日,T1", "P,平日,T1").replace("R,平日,T2", "Q,平日,T2")
    return lines(feed(folder, routes_txt=HEAD + rows, trips_txt=trips, **changed))


def test_a_line_departs_from_the_poles_of_a_stop_together(tmp_path: Path) -> None:
    found = of_routes(tmp_path, "P,1,東線,3\nQ,2,西線,3\nR,3,土曜線,3\n")
    east, saturday = Line("1", "東線", "bus", (1, 0, 0)), Line("3", "土曜線", "bus", (0, 1, 0))
    # T1 leaves A1 and T3 leaves A2, which T2 ends at; nobody may get on T2 at B; T1 and T3 end at C
    assert found == {
        "A1": (east, saturday),
        "A2": (east, saturday),
        "B": (east,),
        "C": (Line("2", "西線", "bus", (1, 0, 0)),),
    }


def test_routes_of_one_number_name_and_mode_are_one_line(tmp_path: Path) -> None:
    found = of_routes(tmp_path, "P,1,東線,3\nQ,1,東線,3\nR,1,東線,3\n")
    assert found["A1"] == (Line("1", "東線", "bus", (1, 1, 0)),)
    # 715 is a demand bus
    apart = of_routes(tmp_path, "P,1,東線,3\nQ,1,東線,3\nR,1,東線,715\n")
    assert [line.mode for line in apart["A1"]] == ["bus", "demand"]


def test_the_line_with_the_most_departures_stands_first(tmp_path: Path) -> None:
    rows = "P,2,東線,3\nQ,9,西線,3\nR,1,土曜線,3\n"
    assert [line.number for line in of_routes(tmp_path, rows)["A1"]] == ["1", "2"]
    # 6:00, 6:30, 7:00 and 7:30
    often = of_routes(tmp_path, rows, frequencies_txt=REPEATS)["A1"]
    assert [(line.number, line.departures) for line in often] == [("2", (4, 0, 0)), ("1", (0, 1, 0))]


def test_a_line_of_a_service_that_does_not_run_on_the_days_taken_is_none(tmp_path: Path) -> None:
    summer = "夏,1,1,1,1,1,0,0,20190628,20190628\n"
    trips = FEED["trips.txt"].replace("R,平日,T2", "Q,夏,T2")
    routes = HEAD + "R,1,東線,3\nQ,2,夏線,3\n"
    path = feed(tmp_path, routes_txt=routes, trips_txt=trips, calendar_txt=FEED["calendar.txt"] + summer)
    assert lines(path)["C"] == ()


@pytest.mark.parametrize("rows", ["P,,,3\nQ,2,西線,3\nR,3,土曜線,3\n", "Q,2,西線,3\nR,3,土曜線,3\n"])
def test_a_line_that_nobody_names_is_told_without_a_name_and_noted(tmp_path: Path, rows: str) -> None:
    assert of_routes(tmp_path, rows)["B"] == (Line("", "", "bus", (1, 0, 0)),)
    (note,) = read_gtfs(tmp_path / "feed.zip").notes
    assert note in (
        "routes.txt line 2: route_short_name, route_long_name is '': neither a short nor a long name;"
        " the line is told without one",
        "trips.txt line 2: route_id is 'P': not in routes.txt; taken for a bus of a line without a name",
    )


def test_a_feed_without_columns_of_names_has_lines_without_names(tmp_path: Path) -> None:
    path = feed(tmp_path, routes_txt="route_id,route_type\nR,3\n")
    assert lines(path)["B"] == (Line("", "", "bus", (1, 0, 0)),)
    assert len(read_gtfs(path).notes) == 1


def test_a_name_without_end_is_cut_and_noted(tmp_path: Path) -> None:
    whole = "線" * MOST_LETTERS
    assert of_routes(tmp_path, f"P,1,{whole},3\nQ,2,西線,3\nR,3,土曜線,3\n")["B"][0].name == whole
    assert read_gtfs(tmp_path / "feed.zip").notes == ()
    (line,) = of_routes(tmp_path, f"P,1,{whole * 9},3\nQ,2,西線,3\nR,3,土曜線,3\n")["B"]
    assert line.name == "線" * (MOST_LETTERS - 1) + "…"
    (note,) = read_gtfs(tmp_path / "feed.zip").notes
    assert note.startswith("routes.txt line 2: route_long_name is '線")
    assert note.endswith("more than 200 letters; the rest is left out")


@pytest.mark.skipif(REAL is None, reason="the published feeds are in CHIIKI_REAL_DATA")
def test_numbers_and_names_are_those_that_are_published() -> None:
    path = Path(str(REAL)) / "transit/gtfs-hokkaido/GTFS_regular_line.zip"
    published = {
        ("12", "一中・療養所線"),
        ("11", "一中・療養所線"),
        ("16", "一中線"),
        ("11", "療養所線"),
    }
    assert published <= {(line.number, line.name) for found in lines(path).values() for line in found}
