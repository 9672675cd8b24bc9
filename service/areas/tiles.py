"""Tiles encoded by PostGIS, once, when boundaries come in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

TOP_ZOOM = 12
#: MVT units beyond the tile's edge, so that borders do not break there.
BUFFER = 64
EXTENT = 4096
#: Zoom from which a detail is used.
DETAIL_FROM = {0: "low", 6: "medium", 9: "high"}

#: A new detail is first cut this many zooms above the one that uses it.
ZOOMS_ABOVE = 4

#: What is kept of an outline for a tile and those below it: a whole tile more on each side. A cut nearer by
#: would put a vertex of its own on a border, which moves by a grid unit when PostGIS snaps and cuts again.
_BOX = "ST_TileEnvelope(z, x, y, margin => 1)"

_START = text(
    f"""
    create temp table clipped on commit drop as
    with projected as (
        select position, ST_Transform(geom, 3857) as geom from outline
        where vintage = :vintage and level = :level and detail = :detail
    ), spans as (
        select position, geom,
               floor((ST_XMin(geom) / 20037508.342789244 + 1) / 2 * (1 << :z))::int as west,
               floor((ST_XMax(geom) / 20037508.342789244 + 1) / 2 * (1 << :z))::int as east,
               floor((1 - ST_YMax(geom) / 20037508.342789244) / 2 * (1 << :z))::int as north,
               floor((1 - ST_YMin(geom) / 20037508.342789244) / 2 * (1 << :z))::int as south
        from projected
    ), addressed as (
        select position, geom, :z as z, x, y from spans,
            generate_series(greatest(west - 1, 0), least(east + 1, (1 << :z) - 1)) as x,
            generate_series(greatest(north - 1, 0), least(south + 1, (1 << :z) - 1)) as y
    )
    select * from (select position, z, x, y, ST_ClipByBox2D(geom, {_BOX}) as geom from addressed) as pieces
    where not ST_IsEmpty(geom)
    """  # noqa: S608 - constants
)
_DEEPER = text(
    f"""
    create temp table deeper on commit drop as
    with addressed as (
        select position, geom, z + 1 as z, 2 * x + dx as x, 2 * y + dy as y
        from clipped, generate_series(0, 1) as dx, generate_series(0, 1) as dy
    )
    select * from (select position, z, x, y, ST_ClipByBox2D(geom, {_BOX}) as geom from addressed) as pieces
    where not ST_IsEmpty(geom)
    """  # noqa: S608 - constants
)
_ENCODE = text(
    f"""
    insert into encoded_tile (vintage, level, z, x, y, mvt)
    select :vintage, :level, z, x, y, ST_AsMVT(feature, 'areas', {EXTENT}, 'geom', 'position')
    from (
        select z, x, y, position,
               ST_AsMVTGeom(geom, ST_TileEnvelope(z, x, y), {EXTENT}, {BUFFER}, true) as geom
        from clipped order by position
    ) as feature
    where geom is not null
    group by z, x, y
    """  # noqa: S608 - constants
)
_ONE = text(
    f"""
    select ST_AsMVT(feature, 'areas', {EXTENT}, 'geom', 'position') as mvt
    from (
        select position, ST_AsMVTGeom(
            ST_Transform(geom, 3857), ST_TileEnvelope(:z, :x, :y), {EXTENT}, {BUFFER}, true
        ) as geom
        from outline
        where vintage = :vintage and level = :level and detail = 'high'
          and geom && ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => {BUFFER / EXTENT}), 4326)
        order by position
    ) as feature
    where geom is not null
    """  # noqa: S608 - constants
)


def encode_tiles(conn: Connection, vintage: dt.date, level: str, done: Callable[[int], None]) -> int:
    """Encode every tile of a (vintage, level) that has something to draw; return their number.

    Each zoom is cut from the pieces of the zoom above, so an outline of a million vertices is walked a
    few times and not once per tile.
    """
    count = 0
    # PostGIS functions are costed so high that PostgreSQL compiles every statement, which takes longer than
    # most of them run.
    conn.execute(text("set local jit = off"))
    for z in range(TOP_ZOOM + 1):
        where = {"vintage": vintage, "level": level}
        if z in DETAIL_FROM:
            _start(conn, where | {"detail": DETAIL_FROM[z]}, z)
        else:
            _deeper(conn)
        count += conn.execute(_ENCODE, where).rowcount
        done(z)
    conn.execute(text("drop table clipped"))
    return count


def _start(conn: Connection, where: Mapping[str, object], z: int) -> None:
    """Cut the outlines of a detail for the tiles of a zoom, coming down from large pieces."""
    conn.execute(text("drop table if exists clipped"))
    above = max(z - ZOOMS_ABOVE, 0)
    conn.execute(_START, {**where, "z": above})
    for _ in range(above, z):
        _deeper(conn)


def _deeper(conn: Connection) -> None:
    """Cut every piece into those of the next zoom."""
    conn.execute(_DEEPER)
    conn.execute(text("drop table clipped"))
    conn.execute(text("alter table deeper rename to clipped"))


async def encode_tile(
    conn: AsyncConnection, vintage: dt.date, level: str, z: int, x: int, y: int
) -> bytes | None:
    """Return one tile beyond the stored zooms, encoded now."""
    where = {"vintage": vintage, "level": level, "z": z, "x": x, "y": y}
    return (await conn.execute(_ONE, where)).scalar_one_or_none()
