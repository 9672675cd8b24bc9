"""Lines (路線) as people know them, and how often each departs from a stop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.transit.gtfs_tables import Row, Tables

#: Letters of a number or name that are kept; the longest name in 57 published feeds has 47.
MOST_LETTERS = 200

Counts = NDArray[np.int32]


@dataclass(frozen=True)
class Route:
    """What a line is told by: routes that share number, name and mode are one line.

    Publishers make a route of each way that the buses of a line go, and of each fare or colour.

    Attributes
    ----------
    number : what vehicles show, such as ``12`` (系統番号, ``route_short_name``), empty where there is none
    name : as published (路線名, ``route_long_name``), empty where there is none
    """

    number: str
    name: str
    mode: str


@dataclass(frozen=True)
class Line:
    """A line at a stop.

    Attributes
    ----------
    departures : from all poles of the stop, by kind of day; None where no timetable is known
    """

    number: str
    name: str
    mode: str
    departures: tuple[int, ...] | None


Lines = tuple[Line, ...]


def route_of(tables: Tables, line: int, row: Row, mode: str) -> Route:
    """Return what the line of a row of routes.txt is told by; noted are no name, and one without end.

    Of ``route_short_name`` and ``route_long_name`` one at least is needed (GTFS Reference, routes.txt); a
    route that has neither is a line without a name.
    """
    number, name = (_kept(tables, line, row, field) for field in ("route_short_name", "route_long_name"))
    if not number and not name:
        told = "neither a short nor a long name; the line is told without one"
        tables.note("routes.txt", line, "route_short_name, route_long_name", "", told)
    return Route(number, name, mode)


def _kept(tables: Tables, line: int, row: Row, field: str) -> str:
    written = row.get(field, "")
    if len(written) <= MOST_LETTERS:
        return written
    tables.note("routes.txt", line, field, written, f"more than {MOST_LETTERS} letters; the rest is left out")
    return written[: MOST_LETTERS - 1] + "…"


def lines_of(departures: Mapping[Route, Counts]) -> Lines:
    """Return lines with their departures, that with the most first; one that never departs is none.

    Parameters
    ----------
    departures : by kind of day
    """
    found = [
        Line(route.number, route.name, route.mode, tuple(counts.tolist()))
        for route, counts in departures.items()
        if counts.any()
    ]
    return tuple(sorted(found, key=lambda one: (-sum(one.departures or ()), one.number, one.name, one.mode)))
