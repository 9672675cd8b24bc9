"""One stop as JSON: who runs it, its lines, and how often one can depart, by kind of day, band and hour."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import Row
from typing_extensions import TypedDict

from geo.text import Text
from geo.transit.basis import DAY_NAMES
from geo.transit.calendars import DAYS
from geo.transit.gtfs import HOURS
from service.transit.forms import StopSource, source_described

#: Hours between which departures are added up: before the rush, the rush, the day, the evening, the night.
BAND_EDGES = (0, 7, 9, 16, 19, HOURS)


class DepartureBand(TypedDict):
    """Departures from an hour to before another; hours count on after midnight, up to 30."""

    first: int
    last: int
    departures: int


class DayOfDepartures(TypedDict):
    """A kind of day: the date that was taken for it, null where none has service, and its departures."""

    day: str
    name: Text
    date: str | None
    departures: int
    bands: list[DepartureBand]
    hours: list[int]


class LineAtStop(TypedDict):
    """A line with its number and name as published, each null where there is none, and its mode.

    `departures` are those from the stop on each of its `days`, in their order; null where no timetable is
    known.
    """

    number: str | None
    name: str | None
    mode: str
    departures: list[int] | None


class StopInDetail(TypedDict):
    """A stop; departures are those of its poles together, and `days` is null where no timetable is known.

    `operator` is null where the source names none for a stop. `lines` depart from its poles on one of the
    `days`, those with the most departures first, and `more_lines` is how many do besides; `lines` is null
    where the source tells of none.
    """

    id: str
    name: str
    mode: str
    classes: str
    group: str
    operator: str | None
    place: tuple[float, float]
    source: StopSource
    lines: list[LineAtStop] | None
    more_lines: int
    days: list[DayOfDepartures] | None


def stop_described(row: Row[Any], source: Row[Any], lines: Sequence[Row[Any]]) -> StopInDetail:
    """Return a stop with its source and its first lines, each of which knows how many there are."""
    name = str(row.name)
    return {
        "id": f"{source.id}/{row.id}",
        "name": name,
        "mode": row.mode,
        "classes": row.classes,
        "group": row.group,
        # lists of stops and stations group by name and operator, timetables by a parent of their own
        "operator": row.group.removeprefix(f"{name}/") if row.group.startswith(f"{name}/") else None,
        "place": (row.lon, row.lat),
        "source": source_described(source),
        "lines": None if row.departures is None and not lines else [_line(one) for one in lines],
        "more_lines": lines[0].lines - len(lines) if lines else 0,
        "days": None if row.departures is None else _days(row.departures, source.dates),
    }


def _line(row: Row[Any]) -> LineAtStop:
    return {
        "number": row.number or None,
        "name": row.name or None,
        "mode": row.mode,
        "departures": row.departures,
    }


def _days(departures: Sequence[int], dates: dict[str, str | None]) -> list[DayOfDepartures]:
    by_day = {day: list(departures[place * HOURS : (place + 1) * HOURS]) for place, day in enumerate(DAYS)}
    return [
        {
            "day": day,
            "name": DAY_NAMES[day],
            "date": dates.get(day),
            "departures": sum(hours),
            "bands": [
                {"first": first, "last": last, "departures": sum(hours[first:last])}
                for first, last in pairwise(BAND_EDGES)
            ],
            "hours": hours,
        }
        for day, hours in by_day.items()
    ]
