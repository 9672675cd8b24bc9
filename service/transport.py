"""Stops, cells and gaps as they are served: what is asked of the database, and what a scenario changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from geo.access import Definition
from geo.errors import NotEnoughData, NotFound
from geo.gaps import Gap, Partition, gap_of
from service.partitions import MARGIN, bounds_of, partition_from

Floats = NDArray[np.float64]

#: A municipality or a prefecture; more cells or stops than this are asked for by tiles.
MAX_FEATURES = 50_000

_SOURCES = text(
    "select id, kind, title, valid_from, valid_to, dates, credit, licence from stop_source order by id"
)
_GRIDS = text("select id, digits, year, columns, title, credit, licence, report from grid order by year, id")
_COUNTED = text(
    "select definition, grid, count(*) as cells, count(distinct area) as areas from gap_cell group by 1, 2"
)
_CELLS = text(
    """
    select g.code, g.area, g.distance_m, g.covered, g.covered_share, c.population, c.population_65_plus,
           ST_AsGeoJSON(c.geom, 6) as geometry
    from gap_cell g join cell c using (grid, code)
    where g.definition = :definition and (g.area = :area or left(g.area, 2) || '000' = :area)
      and g.grid = (
          select n.grid from gap_cell n join grid on grid.id = n.grid
          where n.definition = :definition and (n.area = :area or left(n.area, 2) || '000' = :area)
          order by grid.year desc, grid.id limit 1
      )
    order by g.code limit :limit
    """
)
_GRID_OF = text(
    """
    select g.grid from gap_cell g join grid on grid.id = g.grid
    where g.definition = :definition and left(g.area, 2) = :prefecture
    order by grid.year desc, grid.id limit 1
    """
)
_STOPS = text(
    """
    select s.source, s.id, s.name, s.mode, s.classes, s."group", s.departures,
           ST_X(s.geom) as lon, ST_Y(s.geom) as lat
    from stop s
    where s.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
    order by s.source, s.id limit :limit
    """
)
_CELL_TILE = text(
    """
    select ST_AsMVT(feature, 'cells', 4096, 'geom') as mvt from (
        select distinct on (g.code) g.code, g.area, c.population, g.covered,
               round(g.distance_m) as distance_m,
               round((1 - g.covered_share)::numeric, 4)::float8 as gap_share,
               round((c.population * (1 - g.covered_share))::numeric, 1)::float8 as gap_population,
               ST_AsMVTGeom(
                   ST_Transform(c.geom, 3857), ST_TileEnvelope(:z, :x, :y), 4096, 16, true
               ) as geom
        from gap_cell g join cell c using (grid, code) join grid on grid.id = g.grid
        where g.definition = :definition and c.geom && ST_Transform(ST_TileEnvelope(:z, :x, :y), 4326)
        order by g.code, grid.year desc
    ) as feature where geom is not null
    """
)
_STOP_TILE = text(
    """
    select ST_AsMVT(feature, 'stops', 4096, 'geom') as mvt from (
        select source || '/' || id as id, name, mode,
               (select sum(n) from unnest(departures[1:30]) as n) as weekday_departures,
               ST_AsMVTGeom(
                   ST_Transform(geom, 3857), ST_TileEnvelope(:z, :x, :y), 4096, 64, true
               ) as geom
        from stop where geom && ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => 0.016), 4326)
    ) as feature where geom is not null
    """
)
_OUTLINES = text(
    """
    select code, ST_AsBinary(geom) as geom from area
    where vintage = :vintage and level = 'municipality'
      and geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326) order by code
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


async def cells(conn: AsyncConnection, definition: str, area: str) -> Sequence[Row[Any]]:
    """Return the cells of an area under a definition, of the newest grid counted there."""
    asked = {"definition": definition, "area": area, "limit": MAX_FEATURES}
    rows: Sequence[Row[Any]] = (await conn.execute(_CELLS, asked)).all()
    if not rows:
        raise NotFound(f"{area} has no cells under {definition}: it was not counted, or nobody lives there")
    return rows


async def grid_of(conn: AsyncConnection, definition: str, prefecture: str) -> str:
    """Return the newest grid on which a definition was counted in a prefecture; NotEnoughData for none."""
    asked = {"definition": definition, "prefecture": prefecture[:2]}
    found = (await conn.execute(_GRID_OF, asked)).scalar()
    if found is None:
        raise NotEnoughData(
            f"{definition} has not been counted in {prefecture}: chiiki analyze transport-gap"
        )
    return str(found)


async def stops(conn: AsyncConnection, box: Mapping[str, float]) -> Sequence[Row[Any]]:
    """Return the stops in a box of degrees."""
    rows: Sequence[Row[Any]] = (await conn.execute(_STOPS, {**box, "limit": MAX_FEATURES})).all()
    return rows


async def cell_tile(conn: AsyncConnection, definition: str, z: int, x: int, y: int) -> bytes:
    """Return a vector tile of cells, each of the newest grid that has it."""
    asked = {"definition": definition, "z": z, "x": x, "y": y}
    return bytes((await conn.execute(_CELL_TILE, asked)).scalar_one() or b"")


async def stop_tile(conn: AsyncConnection, z: int, x: int, y: int) -> bytes:
    """Return a vector tile of stops."""
    return bytes((await conn.execute(_STOP_TILE, {"z": z, "x": x, "y": y})).scalar_one() or b"")


@dataclass(frozen=True)
class Region:
    """A prefecture with what a scenario needs: its partition, and its gaps before any change."""

    partition: Partition
    ids: dict[str, int]
    gaps: dict[str, Gap] = field(default_factory=dict)
    counting: Lock = field(default_factory=Lock)

    @cached_property
    def nbytes(self) -> int:
        """Size in memory, roughly."""
        vertices = shapely.get_num_coordinates(self.partition.outlines).sum()
        return int(vertices * 16 + len(self.partition.cells) * 400 + len(self.partition.stops) * 700)

    def before(self, definition: Definition) -> Gap:
        """Return the gap under a definition, counted once, whoever asks at the same time."""
        key = repr(definition)
        with self.counting:
            if key not in self.gaps:
                while len(self.gaps) >= 8:
                    del self.gaps[next(iter(self.gaps))]
                self.gaps[key] = gap_of(self.partition, definition, with_land=False)
            return self.gaps[key]


class Regions:
    """The prefectures that scenarios were asked for lately."""

    def __init__(self, store) -> None:
        self.atlas = store

    async def region(self, prefecture: str, grid: str) -> Region:
        """Return a prefecture on the newest boundaries; NotFound where there are none of it."""
        date = max(self.atlas.catalogue.vintages)

        async def ask() -> Region:
            return await self._read(prefecture, grid, date)

        return await self._held.fetch((prefecture, grid, date, self.atlas.transport_generation), ask)

    async def _read(self, prefecture: str, grid: str, date: dt.date) -> Region:
        gazetteer = self.atlas.gazetteer(date, "municipality")
        own = [area for area in gazetteer.areas if area.prefecture == prefecture]
        if not own:
            raise NotFound(f"{prefecture} has no municipalities on {date}")
        boxes = np.array([area.bbox for area in own])
        corners = (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0))
        box = bounds_of([shapely.box(*corners)])
        async with self.atlas.engine.connect() as conn:
            rows = (await conn.execute(_OUTLINES, {"vintage": date, **box})).all()
            asked = {"grid": grid, **box}
            cell_rows = (await conn.execute(text(_CELLS_IN_BOX), asked)).all()
            stop_rows = await stops(conn, bounds_of([shapely.box(*corners)], MARGIN))
        outlines = {row.code: shapely.from_wkb(row.geom) for row in rows}
        sea = len({area.prefecture for area in gazetteer.areas}) == 47
        partition = partition_from(cell_rows, stop_rows, outlines, [area.code for area in own], sea=sea)
        ids = {f"{row.source}/{row.id}": place for place, row in enumerate(stop_rows)}
        return Region(partition, ids)


_CELLS_IN_BOX = """
    select code, population, population_65_plus, population_75_plus from cell
    where grid = :grid and geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326) order by code
"""


def cell_feature(row: Row[Any]) -> bytes:
    """Return a cell as a GeoJSON feature."""
    properties = {
        "code": row.code,
        "area": row.area,
        "population": row.population,
        "population_65_plus": row.population_65_plus,
        "distance_m": row.distance_m,
        "covered": row.covered,
        "gap_share": 1 - row.covered_share,
        "gap_population": row.population * (1 - row.covered_share),
    }
    return b'{"type":"Feature","id":%d,"geometry":%b,"properties":%b}' % (
        int(row.code),
        row.geometry.encode(),
        orjson.dumps(properties),
    )
