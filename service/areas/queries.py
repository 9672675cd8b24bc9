"""What is asked of areas: boundary sets, outlines, tiles, neighbours, changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.db.database import Statements
from service.db.tables import (
    area,
    area_change,
    area_history,
    area_share,
    encoded_tile,
    outline,
    region_set,
    vintage,
)
from service.memory.revisions import numbers_of


async def vintages(conn: AsyncConnection, dates: Collection[dt.date]) -> Sequence[Row[Any]]:
    """Return boundary vintages, oldest first."""
    found = select(vintage).where(vintage.c.vintage.in_(dates)).order_by(vintage.c.vintage)
    return (await conn.execute(found)).all()


async def areas(conn: AsyncConnection, date: dt.date) -> dict[str, list[Row[Any]]]:
    """Return the areas of one vintage by level, in the order of their positions."""
    columns = [column for column in area.c if column.name != "geom"]
    found = select(*columns).where(area.c.vintage == date).order_by(area.c.level, area.c.position)
    by_level: dict[str, list[Row[Any]]] = {}
    for row in (await conn.execute(found)).all():
        by_level.setdefault(row.level, []).append(row)
    return by_level


_TILE = """
    select array(select n from revision where subject = any(string_to_array($1, ' ')) order by subject), mvt
    from encoded_tile where vintage = $2 and level = $3 and z = $4 and x = $5 and y = $6
"""


async def region_sets(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """Return every membership of an area in a region set."""
    return (await conn.execute(select(region_set).order_by(region_set.c.id, region_set.c.area_code))).all()


async def area_changes(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """Return the municipal changes, oldest first."""
    return (await conn.execute(select(area_change).order_by(area_change.c.date))).all()


async def area_history_rows(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """Return what every code was called, and when."""
    return (
        await conn.execute(select(area_history).order_by(area_history.c.code, area_history.c.since))
    ).all()


async def area_shares(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """Return what is known of the parts that went from one area to another."""
    return (await conn.execute(select(area_share).order_by(area_share.c.date))).all()


async def encoded_tiles_of_zoom(
    conn: AsyncConnection, date: dt.date, level: str, z: int
) -> Sequence[Row[Any, Any, Any]]:
    """Return the stored tiles (x, y, mvt) of one zoom."""
    found = select(encoded_tile.c.x, encoded_tile.c.y, encoded_tile.c.mvt).where(
        encoded_tile.c.vintage == date, encoded_tile.c.level == level, encoded_tile.c.z == z
    )
    return (await conn.execute(found)).all()


async def encoded_tile_count(conn: AsyncConnection, date: dt.date, level: str) -> tuple[int, int]:
    """Return (number of stored tiles, highest stored zoom) of one vintage and level."""
    found = select(func.count(), func.coalesce(func.max(encoded_tile.c.z), -1)).where(
        encoded_tile.c.vintage == date, encoded_tile.c.level == level
    )
    count, zoom = (await conn.execute(found)).one()
    return int(count), int(zoom)


async def one_encoded_tile(
    statements: Statements, date: dt.date, level: str, address: tuple[int, int, int], subjects: Sequence[str]
) -> tuple[bytes | None, list[int]]:
    """Return one stored tile, None where there is nothing to draw, and the numbers as ``vectors``."""
    rows = await statements.rows(_TILE, (" ".join(subjects), date, level, *address))
    if not rows:
        return None, await numbers_of(statements, subjects)
    ((numbers, mvt),) = rows
    return mvt, numbers


async def outlines(
    conn: AsyncConnection, date: dt.date, level: str, detail: str, positions: Sequence[int] | None = None
) -> Sequence[Row[Any, Any]]:
    """Return (position, GeoJSON geometry text) in order, of all areas or of those at ``positions``."""
    found = select(outline.c.position, outline.c.geojson).where(
        outline.c.vintage == date, outline.c.level == level, outline.c.detail == detail
    )
    if positions is not None:
        found = found.where(outline.c.position.in_(positions))
    return (await conn.execute(found.order_by(outline.c.position))).all()


async def outline_bytes(conn: AsyncConnection, date: dt.date, level: str, detail: str) -> int:
    """Return the size of all GeoJSON texts of one level of detail."""
    found = select(func.coalesce(func.sum(func.length(outline.c.geojson)), 0)).where(
        outline.c.vintage == date, outline.c.level == level, outline.c.detail == detail
    )
    return int((await conn.execute(found)).scalar_one())


#: Those that share a border, then the nearest of the others; both by the spatial index.
NEIGHBOURS = """
    WITH here AS (
        SELECT geom FROM area WHERE vintage = :vintage AND level = :level AND code = :code
    ), others AS (
        SELECT area.code, area.geom FROM area
        WHERE area.vintage = :vintage AND area.level = :level AND area.code <> :code
    ), touching AS (
        SELECT others.code FROM others, here
        WHERE others.geom && here.geom AND ST_Intersects(others.geom, here.geom)
    ), near AS (
        SELECT code, geom FROM others
        WHERE code NOT IN (SELECT code FROM touching)
        ORDER BY geom <-> (SELECT geom FROM here), code
        LIMIT :most
    )
    SELECT code, true AS touching, 0.0 AS distance_km FROM touching
    UNION ALL
    SELECT near.code, false, ST_Distance(near.geom::geography, here.geom::geography, false) / 1000
    FROM near, here
    ORDER BY touching DESC, distance_km, code
    LIMIT :most
"""


async def neighbours(
    conn: AsyncConnection, date: dt.date, level: str, code: str, most: int
) -> Sequence[Row[Any]]:
    """Return (code, touching, distance_km) of the areas nearest to one, those that touch it first."""
    values = {"vintage": date, "level": level, "code": code, "most": most}
    return (await conn.execute(text(NEIGHBOURS), values)).all()
