"""GTFS-JP feeds: stops, and how often a vehicle departs from each on a weekday, Saturday and Sunday.

A feed is read as of dates inside its own calendar, whenever that was: for each kind of day the first date
whose running services are the most common ones among such days, so that holidays and one-off days do not
count. The result states the dates.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geo.errors import Finding, InvalidFile, InvalidRows

#: Kinds of day → weekdays (Monday is 0).
DAYS = {"weekday": range(5), "saturday": (5,), "sunday": (6,)}
#: Hours of a service day: GTFS counts on after midnight.
HOURS = 30
MAX_BYTES = 1 << 30
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
}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Counts = NDArray[np.int32]
Row = Mapping[str, str]


@dataclass(frozen=True)
class Stop:
    """A pole (標柱) with the group it belongs to (停留所) and the departures of that group.

    Attributes
    ----------
    departures : (3, 30) by kind of day and hour of the group's poles together
    """

    id: str
    name: str
    mode: str
    lon: float
    lat: float
    group: str
    departures: Counts


@dataclass(frozen=True)
class Feed:
    """A feed as of its dates: kind of day → date, None where no service runs on such a day."""

    publisher: str
    valid_from: dt.date
    valid_to: dt.date
    dates: Mapping[str, dt.date | None]
    stops: tuple[Stop, ...]
    trips: int
    notes: tuple[str, ...]


class _Tables:
    """The tables of a feed, and what is wrong with them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.findings: list[Finding] = []
        try:
            self.archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise InvalidFile(
                f"{path.name} is no zip archive", [self._finding("", 0, "", str(error), "a zip")]
            ) from error
        members = [info for info in self.archive.infolist() if info.filename.endswith(".txt")]
        if sum(info.file_size for info in members) > MAX_BYTES:
            raise InvalidFile(f"{path.name} unpacks to more than {MAX_BYTES >> 30} GiB")
        self.members = {info.filename.rsplit("/", 1)[-1]: info for info in members}

    def _finding(self, name: str, line: int, field: str, value: str, expected: str) -> Finding:
        where = f"{self.path.name} {name}" + (f" line {line}" if line else "")
        return Finding(where.strip(), field, value, expected)

    def refuse(self, name: str, line: int, field: str, value: str, expected: str) -> None:
        if len(self.findings) < 1000:
            self.findings.append(self._finding(name, line, field, value, expected))

    def rows(self, name: str, needed: Sequence[str]) -> list[tuple[int, Row]]:
        """Return line numbers and rows of a table; InvalidFile where it lacks a column."""
        if name not in self.members:
            return []
        try:
            text = self.archive.read(self.members[name]).decode("utf-8-sig")
            reader = csv.DictReader(io.StringIO(text, newline=""), strict=False)
            reader.fieldnames = [field.strip() for field in reader.fieldnames or []]
            rows: list[tuple[int, Row]] = [(reader.line_num, row) for row in reader if any(row.values())]
        except (
            UnicodeDecodeError,
            zipfile.BadZipFile,
            zlib.error,
            csv.Error,
            NotImplementedError,
            RuntimeError,
        ) as error:
            finding = self._finding(name, 0, "text", str(error), "CSV in UTF-8")
            raise InvalidFile(f"{name} of {self.path.name} cannot be read", [finding]) from error
        lacking = [field for field in needed if field not in reader.fieldnames]
        if lacking:
            findings = [self._finding(name, 1, field, "missing", f"the column {field}") for field in lacking]
            raise InvalidFile(f"{name} of {self.path.name} lacks columns", findings)
        return rows

    def required(self, name: str, needed: Sequence[str]) -> list[tuple[int, Row]]:
        """Return the rows of a table that every feed has."""
        rows = self.rows(name, needed)
        if not rows:
            finding = self._finding(name, 0, "file", "missing or empty", f"{name} with rows")
            raise InvalidFile(f"{self.path.name} has no {name}", [finding])
        return rows


def read_gtfs(path: Path, dates: Mapping[str, dt.date] | None = None) -> Feed:
    """Return the stops of a feed with their departures.

    Parameters
    ----------
    dates : the date to take for a kind of day, where not the usual one

    Raises
    ------
    InvalidFile : no zip, a table or column missing, no service at all
    InvalidRows : wrong cells, by file, line and column
    """
    tables = _Tables(path)
    stops = tables.required("stops.txt", ("stop_id", "stop_lat", "stop_lon"))
    trips = tables.required("trips.txt", ("route_id", "service_id", "trip_id"))
    times = tables.required("stop_times.txt", ("trip_id", "stop_id", "stop_sequence"))
    routes = tables.rows("routes.txt", ("route_id", "route_type"))
    agency = tables.rows("agency.txt", ("agency_name",))
    calendar = _Calendar(tables)
    chosen = {kind: (dates or {}).get(kind) or calendar.usual(kind) for kind in DAYS}
    running = {kind: calendar.services(date) if date else frozenset() for kind, date in chosen.items()}
    modes = {row["route_id"]: _mode(tables, line, row) for line, row in routes}
    of_trip = {row["trip_id"]: (row["service_id"], modes.get(row["route_id"], "bus")) for _, row in trips}
    counted = _departures(tables, times, of_trip, running)
    found = _stops(tables, stops, counted)
    if tables.findings:
        raise InvalidRows(f"{path.name} has {len(tables.findings)} wrong cells", tables.findings)
    return Feed(
        publisher=agency[0][1]["agency_name"] if agency else "",
        valid_from=calendar.first,
        valid_to=calendar.last,
        dates=chosen,
        stops=found,
        trips=len(trips),
        notes=tuple(calendar.notes),
    )


def _mode(tables: _Tables, line: int, row: Row) -> str:
    try:
        number = int(row["route_type"])
    except ValueError:
        tables.refuse("routes.txt", line, "route_type", row["route_type"], "a number such as 3 (bus)")
        return "bus"
    return MODES.get(number, "bus" if 700 <= number < 900 else "rail" if 100 <= number < 200 else "other")


class _Calendar:
    """Which services run on which dates."""

    def __init__(self, tables: _Tables) -> None:
        self.notes: list[str] = []
        self._spans: list[tuple[dt.date, dt.date, frozenset[int], str]] = []
        self._added: defaultdict[dt.date, set[str]] = defaultdict(set)
        self._removed: defaultdict[dt.date, set[str]] = defaultdict(set)
        needed = ("service_id", *_WEEKDAYS, "start_date", "end_date")
        for line, row in tables.rows("calendar.txt", needed):
            start = _date(tables, "calendar.txt", line, "start_date", row["start_date"])
            end = _date(tables, "calendar.txt", line, "end_date", row["end_date"])
            if start and end:
                days = frozenset(place for place, name in enumerate(_WEEKDAYS) if row[name].strip() == "1")
                self._spans.append((start, end, days, row["service_id"]))
        for line, row in tables.rows("calendar_dates.txt", ("service_id", "date", "exception_type")):
            date = _date(tables, "calendar_dates.txt", line, "date", row["date"])
            kind = row["exception_type"].strip()
            if kind not in ("1", "2"):
                tables.refuse("calendar_dates.txt", line, "exception_type", kind, "1 (added) or 2 (removed)")
            elif date:
                (self._added if kind == "1" else self._removed)[date].add(row["service_id"])
        dates = [day for start, end, _, _ in self._spans for day in (start, end)] + list(self._added)
        if not dates:
            if tables.findings:
                raise InvalidRows(f"{tables.path.name} has wrong dates", tables.findings)
            finding = Finding(
                f"{tables.path.name} calendar.txt", "service", "none", "dates on which services run"
            )
            raise InvalidFile(f"{tables.path.name} has no service on any day", [finding])
        self.first, self.last = min(dates), max(dates)

    def services(self, date: dt.date) -> frozenset[str]:
        """Return the services that run on a date."""
        regular = {
            name for start, end, days, name in self._spans if start <= date <= end and date.weekday() in days
        }
        return frozenset((regular | self._added[date]) - self._removed[date])

    def usual(self, kind: str) -> dt.date | None:
        """Return the first date of a kind on which the most common services run."""
        found: dict[frozenset[str], dt.date] = {}
        count: Counter[frozenset[str]] = Counter()
        last = min(self.last, self.first + dt.timedelta(days=800))
        for number in range((last - self.first).days + 1):
            date = self.first + dt.timedelta(days=number)
            if date.weekday() in DAYS[kind] and (running := self.services(date)):
                found.setdefault(running, date)
                count[running] += 1
        if not count:
            return None
        most = max(count.values())
        return min(found[running] for running in count if count[running] == most)


def _date(tables: _Tables, name: str, line: int, field: str, written: str) -> dt.date | None:
    text = written.strip()
    try:
        if len(text) != 8:
            raise ValueError(text)
        return dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        tables.refuse(name, line, field, text, "a date such as 20190401")
        return None


def _seconds(written: str) -> int | None:
    """Return a time as seconds of the service day; None for an empty cell.

    >>> _seconds("25:10:00"), _seconds(" 7:05:30"), _seconds("")
    (90600, 25530, None)
    """
    text = written.strip()
    if not text:
        return None
    hours, minutes, seconds = (int(part) for part in text.split(":"))
    if not (0 <= hours < 48 and 0 <= minutes < 60 and 0 <= seconds < 60):
        raise ValueError(written)
    return hours * 3600 + minutes * 60 + seconds


Counted = Mapping[str, tuple[Counts, Counter[str]]]


def _departures(
    tables: _Tables,
    times: Iterable[tuple[int, Row]],
    of_trip: Mapping[str, tuple[str, str]],
    running: Mapping[str, frozenset[str]],
) -> Counted:
    """Return the departures of each stop, and the modes of the trips that call there."""
    by_trip: dict[str, list[tuple[int, str, int | None, bool]]] = {}
    for line, row in times:
        if row["trip_id"] not in of_trip:
            tables.refuse("stop_times.txt", line, "trip_id", row["trip_id"], "a trip of trips.txt")
            continue
        try:
            sequence = int(row["stop_sequence"])
            leaves = _seconds(row.get("departure_time") or row.get("arrival_time") or "")
        except ValueError:
            told = f"{row['stop_sequence']} {row.get('departure_time')}"
            tables.refuse(
                "stop_times.txt", line, "departure_time", told, "a sequence, and a time as 07:05:00"
            )
            continue
        boards = (row.get("pickup_type") or "0").strip() != "1"
        by_trip.setdefault(row["trip_id"], []).append((sequence, row["stop_id"], leaves, boards))
    repeats = _repeats(tables, of_trip)
    counted: dict[str, tuple[Counts, Counter[str]]] = {}
    for trip, calls in by_trip.items():
        service, mode = of_trip[trip]
        kinds = [place for place, kind in enumerate(DAYS) if service in running[kind]]
        calls.sort(key=lambda call: call[0])
        leaving = _interpolated([call[2] for call in calls])
        # the last call of a trip is no departure
        for (_, stop, _, boards), seconds in zip(calls[:-1], leaving[:-1], strict=True):
            counts, modes = counted.setdefault(stop, (np.zeros((3, HOURS), np.int32), Counter()))
            modes[mode] += 1
            if not boards or seconds is None or not kinds:
                continue
            for start in repeats.get(trip, (None,)):
                at = seconds if start is None else start + seconds - (leaving[0] or 0)
                counts[kinds, min(int(at // 3600), HOURS - 1)] += 1
        last = counted.setdefault(calls[-1][1], (np.zeros((3, HOURS), np.int32), Counter()))
        last[1][mode] += 1
    return counted


def _interpolated(times: Sequence[int | None]) -> list[float | None]:
    """Return times with those between two timed calls filled in evenly."""
    known = [place for place, time in enumerate(times) if time is not None]
    if not known:
        return list(times)
    filled = np.interp(range(len(times)), known, [times[place] or 0 for place in known])
    return [float(time) for time in filled]


def _repeats(tables: _Tables, of_trip: Mapping[str, tuple[str, str]]) -> dict[str, list[int]]:
    """Return when the trips of frequencies.txt start."""
    found: dict[str, list[int]] = {}
    for line, row in tables.rows("frequencies.txt", ("trip_id", "start_time", "end_time", "headway_secs")):
        if not row["trip_id"]:
            continue
        try:
            start, end = _seconds(row["start_time"]), _seconds(row["end_time"])
            headway = int(row["headway_secs"])
            if start is None or end is None or headway < 1 or row["trip_id"] not in of_trip:
                raise ValueError
        except ValueError:
            told = ",".join(str(cell) for cell in row.values())
            tables.refuse("frequencies.txt", line, "row", told, "a trip, two times and a headway in seconds")
            continue
        found.setdefault(row["trip_id"], []).extend(range(start, end, headway))
    return found


def _stops(tables: _Tables, rows: Sequence[tuple[int, Row]], counted: Counted) -> tuple[Stop, ...]:
    """Return the poles that are served, with the departures of the group each belongs to."""
    known: dict[str, tuple[float, float, Row]] = {}
    parents: dict[str, str] = {}
    for line, row in rows:
        name = row["stop_id"]
        try:
            lat, lon = float(row["stop_lat"]), float(row["stop_lon"])
            if not (20 <= lat <= 46 and 122 <= lon <= 154):
                raise ValueError
        except ValueError:
            told = f"{row['stop_lat']}, {row['stop_lon']}"
            tables.refuse("stops.txt", line, "stop_lat, stop_lon", told, "a place in Japan, in degrees")
            continue
        if (row.get("location_type") or "0").strip() not in ("0", ""):
            parents[name] = row.get("stop_name") or name
            continue
        if name in known:
            tables.refuse("stops.txt", line, "stop_id", name, "an id used once")
        known[name] = (lat, lon, row)
    unknown = [name for name in counted if name not in known and name not in parents]
    for name in unknown[:50]:
        tables.refuse("stop_times.txt", 0, "stop_id", name, "a stop of stops.txt")
    group_of = {name: _group(row, parents) for name, (_, _, row) in known.items()}
    totals: dict[str, Counts] = {}
    for name, (counts, _) in counted.items():
        group = group_of.get(name, name)
        totals[group] = totals.get(group, np.zeros((3, HOURS), np.int32)) + counts
    found = []
    for name, (lat, lon, row) in known.items():
        group = group_of[name]
        if name not in counted:
            continue
        mode = counted[name][1].most_common(1)[0][0]
        found.append(Stop(name, row.get("stop_name") or name, mode, lon, lat, group, totals[group]))
    return tuple(found)


def _group(row: Row, parents: Mapping[str, str]) -> str:
    """Return what a pole is grouped by: its parent where it names one, else its name."""
    parent = (row.get("parent_station") or "").strip()
    return parent if parent in parents else f"name:{row.get('stop_name') or row['stop_id']}"
