"""Which services of a GTFS feed run on which dates, and which date stands for a kind of day."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from geo.errors import InvalidFile, InvalidRows
from geo.transit.gtfs_tables import Row, Tables

#: Kinds of day → weekdays (Monday is 0).
DAYS = {"weekday": range(5), "saturday": (5,), "sunday": (6,)}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_RUNS = {0: "does not run", 1: "runs"}
_EXCEPTIONS = {1: "added", 2: "removed"}

Services = frozenset[str]


@dataclass(frozen=True)
class _Span:
    """A service with its weekdays, from the first to the last day (proleptic ordinals)."""

    start: int
    end: int
    weekdays: frozenset[int]
    service: str


@dataclass(frozen=True)
class Calendar:
    """The services of a feed by date.

    Attributes
    ----------
    first, last : the first and last date on which a service may run
    names : every service that the calendar tells of
    """

    first: dt.date
    last: dt.date
    names: Services
    _spans: tuple[_Span, ...]
    _added: Mapping[int, set[str]] = field(repr=False)
    _removed: Mapping[int, set[str]] = field(repr=False)

    def services(self, date: dt.date) -> Services:
        """Return the services that run on a date."""
        day = date.toordinal()
        return self._with_exceptions(day, self._regular(day, date.weekday()))

    def usual(self, kind: str, trips: Mapping[str, int]) -> dt.date | None:
        """Return the date that stands for a kind of day: the first on which the most common services run.

        It is sought where the feed is at home: on the days when the services that have begun and not yet
        ended have more than half of the most trips that they ever have; only where none runs then, on all
        days. So neither holidays count, nor the years in which one old service was all there was. None where
        no service runs on such a day.

        Parameters
        ----------
        trips : service → how many it has
        """
        parts = self._parts(trips)
        most = max(parts.values())
        home = [part for part, weight in parts.items() if weight > most / 2]
        return self._most_common(kind, trips, home) or self._most_common(kind, trips, list(parts))

    def _parts(self, trips: Mapping[str, int]) -> dict[tuple[int, int], int]:
        """Return parts of the validity (from a day to before another) and the trips of what is valid then."""
        valid: defaultdict[str, list[int]] = defaultdict(list)
        for one in self._spans:
            valid[one.service] += [one.start, one.end]
        for day, services in self._added.items():
            for name in services:
                valid[name].append(day)
        spans = [(min(days), max(days) + 1, trips.get(name, 0)) for name, days in valid.items()]
        edges = sorted({first for first, _, _ in spans} | {end for _, end, _ in spans})
        return {
            (start, end): sum(weight for first, last, weight in spans if first <= start < last)
            for start, end in pairwise(edges)
        }

    def _most_common(
        self, kind: str, trips: Mapping[str, int], parts: Sequence[tuple[int, int]]
    ) -> dt.date | None:
        count: Counter[Services] = Counter()
        firsts: dict[Services, int] = {}
        for start, end in parts:
            for weekday in DAYS[kind]:
                for running, days, first in self._days(weekday, start, end):
                    if with_trips := running.intersection(trips):
                        count[with_trips] += days
                        firsts[with_trips] = min(first, firsts.get(with_trips, first))
        most = max(count.values(), default=0)
        first_days = [firsts[one] for one in count if count[one] == most]
        return dt.date.fromordinal(min(first_days)) if first_days else None

    def _regular(self, day: int, weekday: int) -> Services:
        return frozenset(
            one.service for one in self._spans if one.start <= day <= one.end and weekday in one.weekdays
        )

    def _with_exceptions(self, day: int, regular: Services) -> Services:
        return (regular | self._added.get(day, set())) - self._removed.get(day, set())

    def _days(self, weekday: int, first: int, end: int) -> Iterator[tuple[Services, int, int]]:
        """Yield services that run on a weekday, on how many days, and the first of them.

        Between the dates on which services begin and end nothing changes but by exceptions, so that a
        calendar of centuries costs no more than one of a year.
        """
        exceptions = {day for day in {*self._added, *self._removed} if (day - 1) % 7 == weekday}
        edges = {one.start for one in self._spans} | {one.end + 1 for one in self._spans}
        for start, stop in pairwise(sorted({first, end} | {day for day in edges if first < day < end})):
            days = range(start + (weekday - (start - 1)) % 7, stop, 7)
            apart = {day for day in exceptions if start <= day < stop}
            regular = self._regular(start, weekday)
            if len(days) > len(apart):
                yield regular, len(days) - len(apart), next(day for day in days if day not in apart)
            for day in apart:
                yield self._with_exceptions(day, regular), 1, day


def read_calendar(tables: Tables) -> Calendar:
    """Return the calendar of a feed.

    Raises
    ------
    InvalidFile : there is no day on which a service runs
    InvalidRows : no date can be read
    """
    spans = []
    for line, row in tables.rows("calendar.txt", ("service_id", *_WEEKDAYS, "start_date", "end_date")):
        start, end = (_date(tables, "calendar.txt", line, row, name) for name in ("start_date", "end_date"))
        days = frozenset(place for place, name in enumerate(_WEEKDAYS) if _runs(tables, line, row, name))
        if start and end and start > end:
            tables.refuse("calendar.txt", line, "end_date", row["end_date"], f"{start} or later")
        elif start and end:
            spans.append(_Span(start.toordinal(), end.toordinal(), days, row["service_id"]))
    added: defaultdict[int, set[str]] = defaultdict(set)
    removed: defaultdict[int, set[str]] = defaultdict(set)
    for line, row in tables.rows("calendar_dates.txt", ("service_id", "date", "exception_type")):
        date = _date(tables, "calendar_dates.txt", line, row, "date")
        kind = tables.flag("calendar_dates.txt", line, row, "exception_type", _EXCEPTIONS)
        if date and kind:
            (added if kind == 1 else removed)[date.toordinal()].add(row["service_id"])
    dates = [day for one in spans for day in (one.start, one.end)] + list(added)
    if not dates and tables.findings:
        raise InvalidRows(f"{tables.path.name} has wrong dates", tables.findings)
    if not dates:
        finding = tables.finding("calendar.txt", 0, "service", "none", "dates on which services run")
        raise InvalidFile(f"{tables.path.name} has no service on any day", [finding])
    names = {one.service for one in spans}.union(*added.values(), *removed.values())
    first, last = dt.date.fromordinal(min(dates)), dt.date.fromordinal(max(dates))
    return Calendar(first, last, frozenset(names), tuple(spans), added, removed)


def _runs(tables: Tables, line: int, row: Row, name: str) -> bool:
    if not row[name]:
        tables.refuse("calendar.txt", line, name, "", "0 (does not run) or 1 (runs)")
        return False
    return tables.flag("calendar.txt", line, row, name, _RUNS) == 1


def _date(tables: Tables, name: str, line: int, row: Row, field: str) -> dt.date | None:
    text = row[field].removesuffix(".0")
    try:
        if len(text) != 8 or not (text.isascii() and text.isdecimal()):
            raise ValueError(text)
        return dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        tables.refuse(name, line, field, row[field], "a date such as 20190401")
        return None
