"""Stops, cells and gaps as they are served: what is asked of the database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, Select, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from geo.codes import prefecture_of
from geo.errors import NotFound
from service.db.tables import cell, gap_cell
from service.http.problems import TooManyFeatures
from service.memory.atlas import Atlas
from service.transit.queries import (
    Texts,
    lists_from,
    lists_of,
    number_of,
    outlines_of,
)

Floats = NDArray[np.float64]

#: Kinds of subjects that cells, stops and gaps follow from; see ``service.memory.revisions``.
MADE_OF = ("area-changes", "gaps", "grid", "stops", "vintage")
#: Features of one answer.
MAX_FEATURES = 50_000
#: Cells whose people one answer adds up: all of the country on 500 m.
MAX_CELLS = 500_000
#: What a scenario or a gap's outline is counted from; more would take longer than anybody waits.
MAX_REGION_CELLS, MAX_REGION_STOPS = 150_000, 100_000
#: Lines of one stop that are told; in 57 published feeds one stop has 50, and the next most are 27.
MOST_LINES = 30

_SOURCES = text(
    """
    select id, kind, title_ja, title_en, valid_from, valid_to, dates, credit_ja, credit_en, licence
    from stop_source order by id
    """
)
_GRIDS = text(
    """
    select
        id, digits, year, columns, title_ja, title_en, credit_ja, credit_en, licence, prefectures, report
    from grid order by year, id
    """
)
_STOP = text(
    """
    select id, name, mode, classes, "group", departures, ST_X(geom) as lon, ST_Y(geom) as lat
    from stop where source = :source and id = :id
    """
)
_SOURCE = text(
    """
    select id, kind, title_ja, title_en, valid_from, valid_to, dates, credit_ja, credit_en, licence
    from stop_source where id = :id
    """
)
_LINES = text(
    """
    select number, name, mode, departures, count(*) over () as lines
    from stop_line where source = :source and "group" = :group order by place limit :most
    """
)
_COUNTED = text(
    "select definition, grid, count(*) as cells, count(distinct area) as areas from gap_cell group by 1, 2"
)
_GRID_OF = text(
    """
    select id from grid where exists (
        select from gap_cell g
        where g.definition = :definition and g.grid = grid.id and g.area between :first and :last
    ) order by year desc, id limit 1
    """
)


@dataclass(frozen=True)
class Counted:
    """What gaps were counted from, and which definitions were counted on which grid."""

    sources: Sequence[Row[Any]]
    grids: Mapping[str, Row[Any]]
    cells: Mapping[tuple[str, str], Row[Any]]


async def counted(conn: AsyncConnection) -> Counted:
    """Return what gaps were counted from."""
    grids = (await conn.execute(_GRIDS)).all()
    cells = (await conn.execute(_COUNTED)).all()
    return Counted(
        (await conn.execute(_SOURCES)).all(),
        {row.id: row for row in grids},
        {(row.definition, row.grid): row for row in cells},
    )


@dataclass(frozen=True)
class Cells:
    """The cells of an area as columns, by code.

    Attributes
    ----------
    statuses : of the population: ``ok``, or why it is missing, which is NaN
    distance_m : to the nearest stop that counts; infinite where there is none
    covered_share : of each cell's land
    """

    grid: str
    codes: tuple[str, ...]
    areas: tuple[str, ...]
    statuses: NDArray[np.str_]
    population: Floats
    population_65_plus: Floats
    distance_m: Floats
    covered: NDArray[np.bool_]
    covered_share: Floats

    def without_figure(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> dict[str, int]:
        """Return how many of some cells have no population, by the reason."""
        reasons, counts = np.unique(self.statuses[which], return_counts=True)
        listed = zip(reasons.tolist(), counts.tolist(), strict=True)
        return {reason: number for reason, number in listed if reason != "ok"}


@dataclass(frozen=True)
class UnreadCells:
    """The cells of an area as the database tells them."""

    grid: str
    texts: Texts

    def read(self) -> Cells:
        """Return them as columns; for a prefecture that is work for a thread."""
        lists = lists_from(self.texts)
        distance = np.array(lists["distance_m"], float)
        return Cells(
            grid=self.grid,
            codes=tuple(lists["code"]),
            areas=tuple(lists["area"]),
            statuses=np.array(lists["status"]),
            population=np.array(lists["population"], float),
            population_65_plus=np.array(lists["population_65_plus"], float),
            distance_m=np.where(np.isnan(distance), np.inf, distance),
            covered=np.array(lists["covered"], bool),
            covered_share=np.array(lists["covered_share"], float),
        )


async def cells(conn: AsyncConnection, definition: str, area: str, bound: int, instead: str) -> UnreadCells:
    """Return the cells of an area under a definition, of the newest grid counted there.

    Raises
    ------
    NotFound : there are none
    TooManyFeatures : they are more than ``bound``; the message tells what to ask ``instead``
    """
    newest = await _grid_of(conn, definition, area)
    if newest is None:
        raise NotFound(f"{area} has no cells under {definition}: it was not counted, or nobody lives there")
    first, last = _codes_of(area)
    there = gap_cell.c
    columns = (there.code, there.area, there.distance_m, there.covered, there.covered_share)
    people = (cell.c.population, cell.c.status, cell.c.population_65_plus)
    query = (
        select(*columns, *people)
        .join(cell, (cell.c.grid == there.grid) & (cell.c.code == there.code))
        .where(there.definition == definition, there.grid == newest, there.area.between(first, last))
        .order_by(there.code)
    )
    await expect_at_most(conn, query, bound, f"cells of {area}", instead)
    return UnreadCells(newest, await _lists(conn, query))


def _codes_of(area: str) -> tuple[str, str]:
    """Return the first and the last code of the municipalities of an area, which may be one itself."""
    return area, area[:2] + "999" if area == prefecture_of(area) else area


async def _grid_of(conn: AsyncConnection, definition: str, area: str) -> str | None:
    first, last = _codes_of(area)
    asked = {"definition": definition, "first": first, "last": last}
    newest = (await conn.execute(_GRID_OF, asked)).scalar()
    return None if newest is None else str(newest)


async def expect_at_most(
    conn: AsyncConnection, query: Select[Any], bound: int, what: str, instead: str
) -> None:
    """Refuse a query of more rows than ``bound``: to leave some out would make every total wrong."""
    number = int((await conn.execute(number_of(query))).scalar_one())
    if number > bound:
        raise TooManyFeatures(
            f"There are {number:,} {what}, and one answer is made of at most {bound:,}; {instead}"
        )


async def outline_of(conn: AsyncConnection, date: dt.date, code: str) -> bytes:
    """Return the outline of a municipality that its cells are cut by, as WKB."""
    return bytes((await conn.execute(outlines_of(date, [code]))).one().outline)


async def stops(conn: AsyncConnection, query: Select[Any], bound: int, instead: str) -> Texts:
    """Return stops as columns; TooManyFeatures where they are more than ``bound``."""
    await expect_at_most(conn, query, bound, "stops there", instead)
    return await _lists(conn, query)


async def stop_in_detail(
    conn: AsyncConnection, source: str, name: str
) -> tuple[Row[Any], Row[Any], Sequence[Row[Any]]] | None:
    """Return a stop, its source and its first lines; None where there is no such stop."""
    found = (await conn.execute(_STOP, {"source": source, "id": name})).first()
    if found is None:
        return None
    asked = {"source": source, "group": found.group, "most": MOST_LINES}
    lines = (await conn.execute(_LINES, asked)).all()
    return found, (await conn.execute(_SOURCE, {"id": source})).one(), lines


async def _lists(conn: AsyncConnection, query: Select[Any]) -> Texts:
    return dict((await conn.execute(lists_of(query))).one()._mapping)


def municipalities_of(atlas: Atlas, code: str) -> tuple[dt.date, list[str]]:
    """Return the boundaries that gaps are counted on, and the codes of an area's municipalities on them.

    The area may be a municipality itself; NotFound where there is none of the code.
    """
    date = atlas.catalogue.whole
    gazetteer = atlas.gazetteer(date, "municipality")
    codes = [area.code for area in gazetteer.areas if code in (area.code, area.prefecture)]
    if not codes:
        raise NotFound(f"No municipality or prefecture has the code {code} on {date}")
    return date, codes
