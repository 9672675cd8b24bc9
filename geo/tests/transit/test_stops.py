"""Stops as columns: departures between hours, several sources together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from geo.transit.calendars import DAYS
from geo.transit.gtfs import HOURS
from geo.transit.stops import UNKNOWN, Stops, departures_between, joined, without_timetable


def stops(*names: str) -> Stops:
    places = np.arange(len(names), dtype=float)
    same = ["x"] * len(names)
    return without_timetable(names, names, ["bus"] * len(names), [""] * len(names), same, places, places + 30)


def with_departures(found: Stops, *times: tuple[int, str, int, int]) -> Stops:
    """Return stops with a timetable: (place, day, hour, departures)."""
    counts = np.zeros((len(found), len(DAYS), HOURS), np.int32)
    for place, day, hour, n in times:
        counts[place, list(DAYS).index(day), hour] = n
    return replace(found, departures=counts)


@pytest.mark.parametrize(
    ("day", "first", "last", "expected"),
    [
        ("weekday", 0, HOURS, [7, 0]),
        ("weekday", 7, 8, [2, 0]),  # from hour 7 to before 8
        ("weekday", 6, 7, [0, 0]),
        ("weekday", 8, 26, [5, 0]),  # 25 is one o'clock of the next morning
        ("sunday", 0, HOURS, [0, 3]),
    ],
)
def test_departures_are_those_of_the_day_from_the_first_hour_to_before_the_last(
    day: str, first: int, last: int, expected: list[int]
) -> None:
    found = with_departures(
        stops("a", "b"),
        (0, "weekday", 7, 2),
        (0, "weekday", 8, 4),
        (0, "weekday", 25, 1),
        (1, "sunday", 9, 3),
    )
    assert departures_between(found, day, first, last).tolist() == expected


def test_a_stop_whose_timetable_is_not_known_is_none_without_departures() -> None:
    both = joined([stops("a"), with_departures(stops("b"))])
    assert departures_between(both, "weekday", 7, 9).tolist() == [UNKNOWN, 0]


def test_stops_of_several_sources_stand_one_behind_the_other() -> None:
    both = joined([stops("a", "b"), stops("c")])
    assert (both.ids.tolist(), both.lon.tolist(), len(both)) == (["a", "b", "c"], [0, 1, 0], 3)
    assert both.departures.shape == (3, len(DAYS), HOURS)


@pytest.mark.parametrize("which", [np.array([False, True, True]), np.array([1, 2])])
def test_some_of_the_stops_keep_all_of_their_columns(
    which: np.ndarray[tuple[int], np.dtype[np.intp]],
) -> None:
    some = stops("a", "b", "c").take(which)
    assert (some.names.tolist(), some.lat.tolist(), len(some)) == (["b", "c"], [31, 32], 2)
