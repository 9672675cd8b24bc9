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
from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    cast,
    exists,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from geo.areas.lineage import SAME_AREA
from geo.codes import prefecture_of
from geo.transit.access import apart
from geo.transit.calendars import DAYS
from geo.transit.gaps import PEOPLE, Partition
from geo.transit.gtfs import HOURS
from geo.transit.stops import UNKNOWN, Stops, column_of_lines
from service.areas.gazetteer import PREFECTURES
from service.db.tables import (
    area,
    area_change,
    cell,
    gap_basis,
    gap_definition,
    missing_operator,
    stop,
)
from service.db.tables import grid as grid_table

#: Degrees that hold the longest distance of a definition (5 km) anywhere in Japan.
MARGIN = 0.07
#: Degrees that hold the largest cell (1 km): so far beyond its box a municipality's cells may reach.
CELL_MARGIN = 1 / 80

#: How far from the boundaries gaps are counted on others may be that tell a municipality's outline.
EDITIONS_WITHIN = dt.timedelta(days=3653)

#: Columns by name, each as a JSON text, and as the list that it holds.
Texts = Mapping[str, str | None]
Lists = Mapping[str, Sequence[Any]]


def lists_of(query: Select[Any]) -> Select[Any]:
    """Return a query of one row: the columns of ``query``, each as a JSON list in its order.

    An object for each of 50,000 rows would be made on the event loop; a text can be read in a thread.
    """
    columns = query.subquery("rows").c
    lists: list[ColumnElement[Any]] = [cast(func.json_agg(one), Text).label(one.name) for one in columns]
    return select(*lists)


def lists_from(texts: Texts) -> Lists:
    """Return the lists that the answer of :func:`lists_of` holds.

    One after another: while a text is read, no other thread runs.
    """
    return {name: [] if column is None else orjson.loads(column) for name, column in texts.items()}


def _is_edition(date: dt.date) -> ColumnElement[bool]:
    """Return whether a row of ``area`` is a municipality of a date, as boundaries of any date outline it."""
    first, last = func.least(area.c.vintage, date), func.greatest(area.c.vintage, date)
    takes_part = area.c.code.in_((area_change.c.from_code, area_change.c.to_code))
    changed = exists().where(
        area_change.c.date > first,
        area_change.c.date <= last,
        area_change.c.kind.not_in(SAME_AREA),
        takes_part,
    )
    near = area.c.vintage.between(date - EDITIONS_WITHIN, date + EDITIONS_WITHIN)
    return (area.c.level == "municipality") & near & ((area.c.vintage == date) | ~changed)


def _own(date: dt.date, codes: Sequence[str], margin: float = 0.0) -> CTE:
    """Return the boxes of municipalities with a margin in degrees, those that overlap as one outline."""
    wanted = _is_edition(date) & area.c.code.in_(codes)
    together = select(func.ST_Dump(func.ST_Union(_box(margin))).geom.label("box")).where(wanted)
    # found once, whatever the planner knows of the tables: right after a load that is nothing
    return together.cte("own").prefix_with("materialized")


def _box(margin: float = 0.0) -> Any:
    """Return the box of an area with a margin."""
    west, south, east, north = (area.c.bbox[place] for place in range(1, 5))
    return func.ST_MakeEnvelope(west - margin, south - margin, east + margin, north + margin, 4326)


def cells_in(grid: str, date: dt.date, codes: Sequence[str]) -> Select[Any]:
    """Return a query for the cells of a grid in the boxes of municipalities, each once, by code."""
    own = _own(date, codes)
    return (
        select(*(cell.c[name] for name in ("code", "status", *PEOPLE)))
        .ext(distinct_on(cell.c.code))
        .join(own, func.ST_Intersects(cell.c.geom, own.c.box))
        .where(cell.c.grid == grid)
        .order_by(cell.c.code)
    )


def stops_near(date: dt.date, codes: Sequence[str], margin: float) -> Select[Any]:
    """Return a query for the stops within a margin (degrees) of the boxes of municipalities, each once."""
    own = _own(date, codes, margin)
    return _stops().join(own, func.ST_Intersects(stop.c.geom, own.c.box))


def stops_in(west: float, south: float, east: float, north: float) -> Select[Any]:
    """Return a query for the stops in a box of degrees."""
    return _stops().where(
        func.ST_Intersects(stop.c.geom, func.ST_MakeEnvelope(west, south, east, north, 4326))
    )


def _stops() -> Select[Any]:
    columns = (stop.c[name] for name in ("source", "id", "name", "mode", "classes", "group"))
    departures = cast(func.to_json(stop.c.departures), Text).label("departures")
    lon, lat = func.ST_X(stop.c.geom).label("lon"), func.ST_Y(stop.c.geom).label("lat")
    key = stop.c.source, stop.c.id
    return select(*columns, lon, lat, departures).ext(distinct_on(*key)).order_by(*key)


def by_day(stops: Select[Any]) -> Select[Any]:
    """Return a query for stops that tells their departures on each kind of day, not in each of its hours."""
    hours = range(0, len(DAYS) * HOURS, HOURS)
    sums: list[ColumnElement[Any]] = [
        literal_column(f"(select sum(n) from unnest(stop.departures[{first + 1}:{first + HOURS}]) as n)")  # noqa: S608 (constants)
        for first in hours
    ]
    kept = (one for one in stops.selected_columns if one.name != "departures")
    return stops.with_only_columns(*kept, *(one.label(day) for one, day in zip(sums, DAYS, strict=True)))


def outlines_around(date: dt.date, codes: Sequence[str]) -> Select[Any]:
    """Return a query for municipalities and all whose boxes their cells may reach into.

    See :func:`outlines_of` for its columns.
    """
    own = _own(date, codes, CELL_MARGIN)
    near = select(area.c.code).distinct().join(own, func.ST_Intersects(_box(), own.c.box))
    near = near.where(area.c.vintage == date, area.c.level == "municipality")
    return outlines_of(date, select(near.cte("near").prefix_with("materialized").c.code))


def outlines_of(date: dt.date, codes: Sequence[str] | Select[Any]) -> Select[Any]:
    """Return a query for outlines of municipalities in full: code, the date of its edition, vertices, WKB.

    An edition is the outline of the same municipality in boundaries of any date. Those with more than half of
    the vertices of the most detailed one are full; of these the nearest to the date is taken.
    """
    vertices = func.ST_NPoints(area.c.geom)
    editions = select(area.c.code, area.c.vintage, vertices.label("vertices"), area.c.geom)
    each = editions.where(_is_edition(date), area.c.code.in_(codes)).cte("edition")
    most = func.max(each.c.vertices).over(partition_by=each.c.code).label("most")
    ranked = select(each, most).subquery("ranked").c
    away = func.abs(ranked.vintage - date)
    return (
        select(ranked.code, ranked.vintage, ranked.vertices, func.ST_AsBinary(ranked.geom).label("outline"))
        .ext(distinct_on(ranked.code))
        .where(2 * ranked.vertices > ranked.most)
        .order_by(ranked.code, away, ranked.vintage.desc())
    )


def boundaries_of(conn: Connection) -> dt.date | None:
    """Return the date of the boundaries that gaps are counted on, None where there are none.

    It is that of the newest that have all prefectures; of the newest where none have.
    """
    number = func.count(func.distinct(area.c.prefecture))
    counted = select(area.c.vintage).where(area.c.level == "municipality").group_by(area.c.vintage)
    ordered = counted.order_by((number == PREFECTURES).desc(), area.c.vintage.desc())
    return conn.execute(ordered.limit(1)).scalar()


def number_of(query: Select[Any]) -> Select[Any]:
    """Return a query for the number of rows that another has."""
    return select(func.count()).select_from(query.order_by(None).subquery())


@dataclass(frozen=True)
class Extract:
    """What is stored of a partition, as the database tells it: lists as JSON texts, outlines as WKB.

    Attributes
    ----------
    prefectures : whose residents alone the grid tells; none where its cells tell everybody in them
    outlines : of municipalities, by code, in full
    editions : code → the date of the boundaries that its outline is of
    """

    own: tuple[str, ...]
    prefectures: tuple[str, ...]
    cells: Texts
    stops: Texts
    outlines: Mapping[str, bytes]
    editions: Mapping[str, dt.date]

    @cached_property
    def stop_lists(self) -> Lists:
        """The stops as lists; to read them is work for a thread."""
        return lists_from(self.stops)


def extract_of(conn: Connection, grid: str, date: dt.date, own: Sequence[str]) -> Extract:
    """Return what municipalities are counted from: their cells, the stops in reach, the outlines around."""
    prefectures = conn.execute(select(grid_table.c.prefectures).where(grid_table.c.id == grid)).scalar_one()
    outlines = [
        row
        for row in conn.execute(outlines_around(date, own))
        if not prefectures or prefecture_of(row.code) in prefectures
    ]
    return Extract(
        tuple(own),
        tuple(prefectures),
        dict(conn.execute(lists_of(cells_in(grid, date, own))).one()._mapping),
        dict(conn.execute(lists_of(stops_near(date, own, MARGIN))).one()._mapping),
        {row.code: bytes(row.outline) for row in outlines},
        {row.code: row.vintage for row in outlines},
    )


def partition_from(extract: Extract, *, sea: bool) -> Partition:
    """Return the partition of an extract.

    ``sea`` tells whether the boundaries have all prefectures, so that what lies in none of them is sea. To
    the residents of a grid's own prefectures all other land is as the sea: none of them lives there.
    """
    cells = lists_from(extract.cells)
    columns = {name: np.array(cells[name], float) for name in PEOPLE}
    codes = sorted(extract.outlines)
    outlines = np.array([shapely.from_wkb(extract.outlines[code]) for code in codes], object)
    reasons = zip(cells["code"], cells["status"], strict=True)
    return Partition(
        areas=tuple(codes),
        outlines=apart(outlines, [extract.editions[code] for code in codes]),
        own=np.isin(codes, extract.own),
        cells=tuple(cells["code"]),
        people={
            name: column
            for name, column in columns.items()
            if name == "population" or np.isfinite(column).any()
        },
        stops=stops_from(extract.stop_lists),
        sea=sea or bool(extract.prefectures),
        missing={code: reason for code, reason in reasons if reason != "ok"},
    )


def stops_from(lists: Lists) -> Stops:
    """Return stops of the columns of their table, with ``lon`` and ``lat``, departures as JSON texts.

    Their lines are not read: no gap follows from them.
    """
    counts = np.full((len(lists["id"]), len(DAYS) * HOURS), UNKNOWN, np.int32)
    for place, departures in enumerate(lists["departures"]):
        if departures is not None:
            counts[place] = orjson.loads(departures)

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
        lines=column_of_lines(() for _ in lists["id"]),
    )


async def gap_definitions(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """Return the definitions of the transport gap, by id."""
    return (await conn.execute(select(gap_definition).order_by(gap_definition.c.id))).all()


async def gap_bases(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """Return what gaps were counted from, by definition, grid and prefecture."""
    key = (gap_basis.c.definition, gap_basis.c.grid, gap_basis.c.prefecture)
    return (await conn.execute(select(gap_basis).order_by(*key))).all()


async def missing_operators(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """Return the operators of which no stops are known, by prefecture."""
    key = (missing_operator.c.prefecture, missing_operator.c.name_ja.collate("C"))
    return (await conn.execute(select(missing_operator).order_by(*key))).all()
