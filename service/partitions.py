"""What a gap is counted from: which cells, stops and outlines are read, and the partition that they make.

Whoever counts asks here: ingest on its own connection, the service through ``run_sync``. An area is asked for
by the boxes of its municipalities, never by the one around them: that of Tokyo, whose islands reach to
Ogasawara, holds 203 municipalities, and 62 of them are its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import orjson
import shapely
from sqlalchemy import Connection, Select, Subquery, Text, cast, func, literal, select

from geo.gaps import PEOPLE, Partition
from geo.gtfs import DAYS, HOURS
from geo.stops import UNKNOWN, Stops
from service.tables import area, cell, stop

#: Degrees that hold the longest distance of a definition (5 km) anywhere in Japan.
MARGIN = 0.07
#: Degrees that hold the largest cell (1 km): so far beyond its box a municipality's cells may reach.
CELL_MARGIN = 1 / 80

#: Columns of a query, each a list.
Lists = Mapping[str, Sequence[Any]]

_STOP = (
    *(stop.c[name] for name in ("source", "id", "name", "mode", "classes", "group", "departures")),
    func.ST_X(stop.c.geom).label("lon"),
    func.ST_Y(stop.c.geom).label("lat"),
)


def lists_of(query: Select[Any]) -> Select[Any]:
    """Return a query whose answer is one JSON text: the columns of ``query``, each a list in its order.

    An object for each of 50,000 rows would be made on the event loop; a text can be read in a thread.
    """
    rows = query.subquery("rows")
    columns = [part for one in rows.c for part in (literal(one.name, Text), func.json_agg(one))]
    return select(cast(func.json_build_object(*columns), Text))


def lists_from(answer: str) -> Lists:
    """Return the lists that the answer of :func:`lists_of` holds."""
    return {name: column or [] for name, column in orjson.loads(answer).items()}


def _own(date: dt.date, codes: Sequence[str], margin: float = 0.0) -> Subquery:
    """Return the boxes of municipalities, with a margin in degrees."""
    west, south, east, north = (area.c.bbox[place] for place in range(1, 5))
    box = func.ST_MakeEnvelope(west - margin, south - margin, east + margin, north + margin, 4326)
    wanted = (area.c.vintage == date) & (area.c.level == "municipality") & area.c.code.in_(codes)
    return select(box.label("box")).where(wanted).subquery("own")


def cells_in(grid: str, date: dt.date, codes: Sequence[str]) -> Select[Any]:
    """Return a query for the cells of a grid in the boxes of municipalities, each once, by code."""
    own, there = _own(date, codes), cell.alias()
    met = select(there.c.code).distinct().join(own, there.c.geom.intersects(own.c.box))
    near = met.where(there.c.grid == grid).subquery("near")
    columns = (cell.c[name] for name in ("code", "status", *PEOPLE))
    return (
        select(*columns)
        .join(near, cell.c.code == near.c.code)
        .where(cell.c.grid == grid)
        .order_by(cell.c.code)
    )


def stops_near(date: dt.date, codes: Sequence[str], margin: float) -> Select[Any]:
    """Return a query for the stops within a margin (degrees) of the boxes of municipalities, each once."""
    own, there = _own(date, codes, margin), stop.alias()
    met = select(there.c.source, there.c.id).distinct().join(own, there.c.geom.intersects(own.c.box))
    near = met.subquery("near")
    is_near = (stop.c.source == near.c.source) & (stop.c.id == near.c.id)
    return select(*_STOP).join(near, is_near).order_by(stop.c.source, stop.c.id)


def outlines_around(date: dt.date, codes: Sequence[str]) -> Select[Any]:
    """Return a query for municipalities and all whose boxes their cells may reach into: code and WKB."""
    own, there = _own(date, codes, CELL_MARGIN), area.alias()
    met = select(there.c.code).distinct().join(own, there.c.geom.intersects(own.c.box))
    met = met.where(there.c.vintage == date, there.c.level == "municipality")
    # found once: right after a load the planner knows nothing of the table, and would look anew for each area
    near = met.cte("near").prefix_with("materialized")
    return (
        select(area.c.code, func.ST_AsBinary(area.c.geom))
        .join(near, area.c.code == near.c.code)
        .where(area.c.vintage == date, area.c.level == "municipality")
    )


def stops_in(west: float, south: float, east: float, north: float) -> Select[Any]:
    """Return a query for the stops in a box of degrees."""
    box = func.ST_MakeEnvelope(west, south, east, north, 4326)
    return select(*_STOP).where(stop.c.geom.intersects(box)).order_by(stop.c.source, stop.c.id)


def number_of(query: Select[Any]) -> Select[Any]:
    """Return a query for the number of rows that another has."""
    return select(func.count()).select_from(query.order_by(None).subquery())


@dataclass(frozen=True)
class Extract:
    """What is stored of a partition, as the database tells it: lists as JSON texts, outlines as WKB."""

    own: tuple[str, ...]
    cells: str
    stops: str
    outlines: Mapping[str, bytes]

    @cached_property
    def stop_lists(self) -> Lists:
        """The stops as lists; to read them is work for a thread."""
        return lists_from(self.stops)


def extract_of(conn: Connection, grid: str, date: dt.date, own: Sequence[str]) -> Extract:
    """Return what municipalities are counted from: their cells, the stops in reach, the outlines around."""
    outlines = conn.execute(outlines_around(date, own)).all()
    return Extract(
        tuple(own),
        conn.execute(lists_of(cells_in(grid, date, own))).scalar_one(),
        conn.execute(lists_of(stops_near(date, own, MARGIN))).scalar_one(),
        {code: bytes(outline) for code, outline in outlines},
    )


def partition_from(extract: Extract, *, sea: bool) -> Partition:
    """Return the partition of an extract.

    ``sea`` tells whether the boundaries have all prefectures, so that what lies in none of them is sea.
    """
    cells = lists_from(extract.cells)
    columns = {name: np.array(cells[name], float) for name in PEOPLE}
    codes = sorted(extract.outlines)
    reasons = zip(cells["code"], cells["status"], strict=True)
    return Partition(
        areas=tuple(codes),
        outlines=np.array([shapely.from_wkb(extract.outlines[code]) for code in codes], object),
        own=np.isin(codes, extract.own),
        cells=tuple(cells["code"]),
        people={
            name: column
            for name, column in columns.items()
            if name == "population" or np.isfinite(column).any()
        },
        stops=stops_from(extract.stop_lists),
        sea=sea,
        missing={code: reason for code, reason in reasons if reason != "ok"},
    )


def stops_from(lists: Lists) -> Stops:
    """Return stops of the columns of their table, with ``lon`` and ``lat``."""
    unknown = [UNKNOWN] * (len(DAYS) * HOURS)
    counts = np.array([one or unknown for one in lists["departures"]], np.int32)

    def texts(name: str) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
        column = np.empty(len(lists[name]), object)
        column[:] = lists[name]
        return column

    return Stops(
        ids=texts("id"),
        names=texts("name"),
        modes=texts("mode"),
        classes=texts("classes"),
        groups=texts("group"),
        lon=np.array(lists["lon"], float),
        lat=np.array(lists["lat"], float),
        departures=counts.reshape(-1, len(DAYS), HOURS),
    )
