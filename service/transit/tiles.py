"""Cells and stops as tiles: PostGIS cuts them, and writes them as MVT; as MLT they are written here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from geo.layers import mlt
from geo.layers.mvt import Rings, read_skeleton, rings
from service.http.responses import MLT, MVT
from service.memory.atlas import Address, Atlas
from service.transit.transport import MADE_OF

_AS_MVT = "select ST_AsMVT(feature, '{name}', 4096, 'geom') as mvt from ({features}) as feature"
_BY_COLUMN = """
    with feature as materialized (select row_number() over () as place, told.* from ({features}) as told)
    select (
        select ST_AsMVT(one, '{name}', 4096, 'geom', 'place')
        from (select place, geom from feature order by place) as one
    ) as mvt, {columns}
    from feature
"""
_CELLS = """
    select * from (
        select distinct on (g.code) g.code, g.area, c.population, c.status, g.covered,
               round(g.distance_m) as distance_m,
               round((1 - g.covered_share)::numeric, 4)::float8 as gap_share,
               round((c.population * (1 - g.covered_share))::numeric, 1)::float8 as gap_population,
               ST_AsMVTGeom(
                   ST_Transform(c.geom, 3857), ST_TileEnvelope(:z, :x, :y), 4096, 16, true
               ) as geom
        from gap_cell g join cell c using (grid, code) join grid on grid.id = g.grid
        where g.definition = :of and c.geom && ST_Transform(ST_TileEnvelope(:z, :x, :y), 4326)
        order by g.code, grid.year desc
    ) as cut where geom is not null
"""
_STOPS = """
    select * from (
        select source || '/' || id as id, name, mode,
               (select sum(n) from unnest(departures[1:30]) as n) as weekday_departures,
               ST_AsMVTGeom(
                   ST_Transform(geom, 3857), ST_TileEnvelope(:z, :x, :y), 4096, 64, true
               ) as geom
        from stop where geom && ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => 0.016), 4326)
        order by source, id
    ) as cut where geom is not null
"""


def _numbers(listed: Sequence[Any]) -> mlt.Raw:
    """Return numbers as JSON has them: null for none, and a word for what is not finite."""
    return mlt.Numbers.of(np.array([np.nan if one is None else float(one) for one in listed], np.float64))


def _truths(listed: Sequence[Any]) -> mlt.Raw:
    return np.array(listed, np.bool_)


def _texts(listed: Sequence[Any]) -> mlt.Raw:
    return listed


def _points(_features: int, read: Rings) -> bytes:
    return mlt.points(read.vertices)


@dataclass(frozen=True)
class Kind:
    """What is on a tile: its one layer.

    Attributes
    ----------
    features : the query; a feature is its columns and ``geom``, in tile units
    columns : by name, what makes a column of a list
    geometry : the rings, or points, of so many features → their column
    """

    name: str
    features: str
    columns: Mapping[str, Callable[[Sequence[Any]], mlt.Raw]]
    geometry: Callable[[int, Rings], bytes]

    @property
    def as_mvt(self) -> TextClause:
        """The query of a tile as MVT."""
        return text(_AS_MVT.format(name=self.name, features=self.features))

    @property
    def by_column(self) -> TextClause:
        """The query of the outlines as MVT, with their places as ids, and of the columns as JSON lists."""
        lists = (f"cast(json_agg({name} order by place) as text) as {name}" for name in self.columns)
        return text(_BY_COLUMN.format(name=self.name, features=self.features, columns=", ".join(lists)))


CELLS = Kind(
    "cells",
    _CELLS,
    {
        "code": _texts,
        "area": _texts,
        "population": _numbers,
        "status": _texts,
        "covered": _truths,
        "distance_m": _numbers,
        "gap_share": _numbers,
        "gap_population": _numbers,
    },
    mlt.polygons,
)
STOPS = Kind(
    "stops",
    _STOPS,
    {"id": _texts, "name": _texts, "mode": _texts, "weekday_departures": _numbers},
    _points,
)


def _asked(address: Address, definition: str | None) -> dict[str, object]:
    z, x, y = address
    return {"z": z, "x": x, "y": y} | ({} if definition is None else {"of": definition})


def mvt_tile(atlas: Atlas, kind: Kind, address: Address, definition: str | None) -> bytes:
    """Return a tile as MVT, empty where there is nothing; for work in a thread."""

    async def ask(conn: AsyncConnection) -> bytes:
        return bytes((await conn.execute(kind.as_mvt, _asked(address, definition))).scalar_one() or b"")

    return atlas.read(ask, *MADE_OF)


def mlt_tile(atlas: Atlas, kind: Kind, address: Address, definition: str | None) -> bytes:
    """Return the same tile as MLT."""

    async def ask(conn: AsyncConnection) -> Sequence[Any]:
        return (await conn.execute(kind.by_column, _asked(address, definition))).one()

    outlines, *lists = atlas.read(ask, *MADE_OF)
    if not outlines:
        return b""
    skeleton = read_skeleton(bytes(outlines))
    geometry = kind.geometry(len(skeleton.positions), rings(skeleton.geometries))
    columns = zip(kind.columns.items(), lists, strict=True)
    return mlt.tile(kind.name, geometry, {name: of(orjson.loads(listed)) for (name, of), listed in columns})


#: Media type → how a tile is made, the usual first.
FORMATS: Mapping[str, Callable[[Atlas, Kind, Address, str | None], bytes]] = {MVT: mvt_tile, MLT: mlt_tile}
