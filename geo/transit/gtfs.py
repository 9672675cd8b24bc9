"""GTFS-JP feeds: stops, their lines, and how often one can depart on a weekday, Saturday and Sunday.

A feed is read as of dates inside its own calendar, whenever that was: for each kind of day the first date of
those that run most of its trips (``geo.transit.calendars``). The result states the dates, and notes what
counts for nothing.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from geo.errors import InvalidFile, InvalidRows
from geo.transit.calendars import DAYS, Calendar, read_calendar
from geo.transit.gtfs_tables import Tables, whole
from geo.transit.lines import Counts, Lines, Route, lines_of, route_of
from geo.transit.locations import Location, groups, placed, read_locations

#: Hours of a service day: GTFS counts on after midnight.
HOURS = 30
#: route_type → mode.
MODES = {
    0: "rail",
    1: "rail",
    2: "rail",
    3: "bus",
    4: "ferry",
    5: "rail",
    6: "rail",
    7: "rail",
    11: "bus",
    12: "rail",
    715: "demand",
}
#: Hundreds of an extended route_type → mode (Extended GTFS Route Types: 7 bus, 9 tram, 15 taxi).
EXTENDED = {
    **dict.fromkeys((1, 3, 4, 5, 6, 9, 13, 14), "rail"),
    **dict.fromkeys((2, 7, 8), "bus"),
    **dict.fromkeys((10, 12), "ferry"),
    15: "demand",
}
_PICKUPS = {0: "boards", 1: "does not", 2: "by telephone", 3: "by arrangement"}
#: The line of a trip whose route is not told.
_UNTOLD = Route("", "", "bus")


@dataclass(frozen=True)
class Stop:
    """A pole (標柱) with the group it belongs to (停留所) and the departures of that group.

    Attributes
    ----------
    departures : (3, 30) by kind of day and hour of the group's poles together
    lines : of the group; their departures add up to its own
    """

    id: str
    name: str
    mode: str
    lon: float
    lat: float
    group: str
    departures: Counts
    lines: Lines


@dataclass(frozen=True)
class Feed:
    """A feed as of its dates: kind of day → date, None where no service runs on such a day.

    Attributes
    ----------
    notes : what was read otherwise than it stands, or counts for nothing
    """

    publisher: str
    valid_from: dt.date
    valid_to: dt.date
    dates: Mapping[str, dt.date | None]
    stops: tuple[Stop, ...]
    trips: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Trip:
    """A trip: its service, its route, and where it stands in trips.txt."""

    service: str
    route: Route
    line: int


@dataclass(frozen=True)
class _Call:
    """A call of a trip at a stop; ``leaves`` are seconds of the service day."""

    sequence: int
    line: int
    stop: str
    leaves: int | None
    boards: bool


@dataclass
class _Counted:
    """What calls at a stop: departures by kind of day and hour, those of routes by day, calls by mode."""

    departures: Counts
    routes: dict[Route, Counts]
    modes: Counter[str]


def _nothing() -> _Counted:
    return _Counted(np.zeros((len(DAYS), HOURS), np.int32), {}, Counter())


def read_gtfs(path: Path, dates: Mapping[str, dt.date] | None = None) -> Feed:
    """Return the stops of a feed with their departures.

    Parameters
    ----------
    dates : the date to take for a kind of day, where not the usual one

    Raises
    ------
    InvalidFile : no zip, several feeds, a table or column missing, no service or no stop at all
    InvalidRows : wrong cells, by file, line and column
    """
    tables = Tables(path)
    locations = read_locations(tables)
    calendar = read_calendar(tables)
    trips = _trips(tables, calendar)
    per_service = Counter(trip.service for trip in trips.values())
    chosen = {kind: (dates or {}).get(kind) or calendar.usual(kind, per_service) for kind in DAYS}
    running = {kind: calendar.services(date) if date else frozenset() for kind, date in chosen.items()}
    counted = _departures(tables, trips, _calls(tables, trips, locations), running)
    stops = _stops(tables, locations, counted)
    agency = tables.rows("agency.txt", ("agency_name",))
    if tables.findings:
        raise InvalidRows(f"{path.name} has {tables.findings.total} wrong cells", tables.findings)
    if not any(chosen.values()):
        expected = "trips of services that run on some day"
        finding = tables.finding("trips.txt", 0, "service_id", ", ".join(per_service), expected)
        raise InvalidFile(f"{path.name} has no service on any day", [finding])
    if not stops:
        finding = tables.finding("stop_times.txt", 0, "stop_id", "none", "stops that trips call at")
        raise InvalidFile(f"{path.name} has no stop that a trip calls at", [finding])
    for kind, date in (dates or {}).items():
        if not running[kind] & per_service.keys():
            tables.notes.append(f"{kind}: no trip runs on {date}")
    return Feed(
        publisher=agency[0][1]["agency_name"] if agency else "",
        valid_from=calendar.first,
        valid_to=calendar.last,
        dates=chosen,
        stops=stops,
        trips=len(trips),
        notes=tables.told(),
    )


def _trips(tables: Tables, calendar: Calendar) -> dict[str, _Trip]:
    """Return the trips by their ids; those of unknown services or routes are noted."""
    rows = tables.required("trips.txt", ("route_id", "service_id", "trip_id"))
    routes = _routes(tables, Counter(row["route_id"] for _, row in rows))
    found: dict[str, _Trip] = {}
    known: set[str] = set()
    for line, row in rows:
        service, route = row["service_id"], row["route_id"]
        if service not in calendar.names:
            told = "neither in calendar.txt nor in calendar_dates.txt; the trip counts for nothing"
            tables.note("trips.txt", line, "service_id", service, told)
        if route not in routes:
            told = "not in routes.txt; taken for a bus of a line without a name"
            tables.note("trips.txt", line, "route_id", route, told)
        name = tables.identity("trips.txt", line, row, "trip_id", known)
        found[name] = _Trip(service, routes.get(route, _UNTOLD), line)
    return found


def _routes(tables: Tables, trips: Mapping[str, int]) -> dict[str, Route]:
    """Return the routes by their ids; noted are types that no definition of access knows."""
    found: dict[str, Route] = {}
    known: set[str] = set()
    for line, row in tables.rows("routes.txt", ("route_id", "route_type")):
        number = tables.number("routes.txt", line, row, "route_type", "a number such as 3 (bus)")
        mode = "bus" if number is None else MODES.get(number) or EXTENDED.get(number // 100, "other")
        if mode == "other":
            told = f"no kind that covers anybody; its {trips[row['route_id']]} trips count for nothing"
            tables.note("routes.txt", line, "route_type", row["route_type"], told)
        name = tables.identity("routes.txt", line, row, "route_id", known)
        found[name] = route_of(tables, line, row, mode)
    return found


def _seconds(written: str) -> int | None:
    """Return a time as seconds of the service day; None for an empty cell.

    >>> _seconds("25:10:00"), _seconds("7:05:30"), _seconds("")
    (90600, 25530, None)
    """
    if not written:
        return None
    hours, minutes, seconds = (whole(part) for part in written.split(":"))
    if not (0 <= hours < 48 and 0 <= minutes < 60 and 0 <= seconds < 60):
        raise ValueError(written)
    return hours * 3600 + minutes * 60 + seconds


def _calls(
    tables: Tables, trips: Mapping[str, _Trip], locations: Mapping[str, Location]
) -> dict[str, list[_Call]]:
    """Return the calls of each trip in their order."""
    found: dict[str, list[_Call]] = {}
    for line, row in tables.required("stop_times.txt", ("trip_id", "stop_id", "stop_sequence")):
        trip, stop = row["trip_id"], row["stop_id"]
        if trip not in trips:
            tables.refuse("stop_times.txt", line, "trip_id", trip, "a trip of trips.txt")
        if stop not in locations:
            tables.refuse("stop_times.txt", line, "stop_id", stop, "a stop of stops.txt")
        sequence = tables.number("stop_times.txt", line, row, "stop_sequence", "a whole number")
        if sequence is not None and sequence < 0:
            tables.refuse("stop_times.txt", line, "stop_sequence", row["stop_sequence"], "0 or more")
        boards = tables.flag("stop_times.txt", line, row, "pickup_type", _PICKUPS) != 1
        field = "departure_time" if row.get("departure_time") else "arrival_time"
        try:
            leaves = _seconds(row.get(field, ""))
        except ValueError:
            tables.refuse("stop_times.txt", line, field, row[field], "a time such as 07:05:00")
            continue
        if sequence is not None and trip in trips and stop in locations:
            found.setdefault(trip, []).append(_Call(sequence, line, stop, leaves, boards))
    for trip, calls in found.items():
        calls.sort(key=lambda call: call.sequence)
        for before, call in pairwise(calls):
            if before.sequence == call.sequence:
                expected = f"a place in trip {trip} of its own: line {before.line} has the same"
                tables.refuse("stop_times.txt", call.line, "stop_sequence", str(call.sequence), expected)
    return found


def _departures(
    tables: Tables,
    trips: Mapping[str, _Trip],
    calls: Mapping[str, Sequence[_Call]],
    running: Mapping[str, frozenset[str]],
) -> dict[str, _Counted]:
    """Return the departures of each stop, and the routes and modes of the trips that call there."""
    repeats = _repeats(tables, trips)
    counted: dict[str, _Counted] = {}
    for name, trip in trips.items():
        of_trip = calls.get(name, ())
        kinds = [place for place, kind in enumerate(DAYS) if trip.service in running[kind]]
        leaving = _interpolated(tables, of_trip)
        if kinds and None in leaving[:1]:
            tables.note("trips.txt", trip.line, "trip_id", name, "no call has a time; it counts for nothing")
        elif kinds and len(of_trip) < 2:
            tables.note(
                "trips.txt", trip.line, "trip_id", name, "fewer than two calls; it counts for nothing"
            )
        for place, (call, seconds) in enumerate(zip(of_trip, leaving, strict=True), 1):
            at_stop = counted.get(call.stop) or counted.setdefault(call.stop, _nothing())
            at_stop.modes[trip.route.mode] += 1
            # the last call of a trip is no departure
            if place == len(of_trip) or not call.boards or seconds is None or not kinds:
                continue
            starts = repeats.get(name, (None,))
            of_route = at_stop.routes.setdefault(trip.route, np.zeros(len(DAYS), np.int32))
            of_route[kinds] += len(starts)
            for start in starts:
                at = seconds if start is None else start + seconds - (leaving[0] or 0)
                at_stop.departures[kinds, min(int(at // 3600), HOURS - 1)] += 1
    return counted


def _interpolated(tables: Tables, calls: Sequence[_Call]) -> list[float | None]:
    """Return when a trip leaves, with the calls between two timed ones filled in evenly."""
    timed = [(place, call.leaves) for place, call in enumerate(calls) if call.leaves is not None]
    if not timed:
        return [None] * len(calls)
    for (_, before), (place, leaves) in pairwise(timed):
        if leaves < before:
            told = f"{leaves // 3600}:{leaves // 60 % 60:02d}"
            tables.note(
                "stop_times.txt", calls[place].line, "departure_time", told, "before the call before it"
            )
    return [
        float(at)
        for at in np.interp(range(len(calls)), [at for at, _ in timed], [leaves for _, leaves in timed])
    ]


def _repeats(tables: Tables, trips: Mapping[str, _Trip]) -> dict[str, list[int]]:
    """Return when the trips of frequencies.txt start."""
    spans: dict[str, list[range]] = {}
    for line, row in tables.rows("frequencies.txt", ("trip_id", "start_time", "end_time", "headway_secs")):
        if not row["trip_id"]:
            continue
        try:
            start, end = _seconds(row["start_time"]), _seconds(row["end_time"])
            headway = whole(row["headway_secs"])
            if start is None or end is None or end <= start or headway < 1 or row["trip_id"] not in trips:
                raise ValueError
        except ValueError:
            expected = "a trip, two times and a headway in seconds"
            tables.refuse("frequencies.txt", line, "row", ",".join(row.values()), expected)
            continue
        others = spans.setdefault(row["trip_id"], [])
        if any(start < other.stop and other.start < end for other in others):
            tables.refuse(
                "frequencies.txt", line, "start_time", row["start_time"], "a time that no other row has"
            )
            continue
        others.append(range(start, end, headway))
    return {trip: [start for one in listed for start in one] for trip, listed in spans.items()}


def _stops(
    tables: Tables, locations: Mapping[str, Location], counted: Mapping[str, _Counted]
) -> tuple[Stop, ...]:
    """Return the poles that are served, with the departures and lines of the group each belongs to."""
    places = placed(tables, locations, counted)
    group_of = groups(tables, locations, places)
    totals: dict[str, _Counted] = {}
    for name, group in group_of.items():
        total = totals.setdefault(group, _nothing())
        total.departures += counted[name].departures
        for route, counts in counted[name].routes.items():
            total.routes[route] = total.routes[route] + counts if route in total.routes else counts
    lines = {group: lines_of(total.routes) for group, total in totals.items()}
    return tuple(
        Stop(
            name,
            locations[name].name,
            counted[name].modes.most_common(1)[0][0],
            lon,
            lat,
            group_of[name],
            totals[group_of[name]].departures,
            lines[group_of[name]],
        )
        for name, (lon, lat) in places.items()
    )
