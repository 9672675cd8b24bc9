"""What the service asks the database: functions of a connection that return plain values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, bindparam, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from service import versions
from service.tables import (
    age_structure,
    area,
    area_change,
    deployment,
    encoded_tile,
    gap_definition,
    indicator,
    industry,
    kpi,
    outline,
    region_set,
    source,
    strategy,
    vintage,
)

#: The order is the code in ``Figures.statuses``; no figure is stored with the last, which layers of
#: deployments have where none is known.
STATUSES = ("ok", "not_available", "not_applicable", "secret", "below_unit", "unknown", "none_known")


@dataclass(frozen=True)
class PeriodFigures:
    """The published figures of one indicator, one period, one boundary date and one source."""

    period: str
    boundary_date: dt.date
    source: str
    codes: NDArray[np.str_]
    values: NDArray[np.float64]
    statuses: NDArray[np.uint8]


async def vintages(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """Return every boundary vintage, oldest first."""
    return (await conn.execute(select(vintage).order_by(vintage.c.vintage))).all()


async def areas(conn: AsyncConnection, date: dt.date, level: str) -> Sequence[Row[Any]]:
    """Return the areas of one vintage and level in the order of their positions."""
    columns = [column for column in area.c if column.name != "geom"]
    found = select(*columns).where(area.c.vintage == date, area.c.level == level).order_by(area.c.position)
    rows: Sequence[Row[Any]] = (await conn.execute(found)).all()
    return rows


async def indicators(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """Return every catalogue row: id, definition, revision."""
    return (await conn.execute(select(indicator).order_by(indicator.c.id))).all()


async def sources(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """Return every source of figures."""
    return (await conn.execute(select(source).order_by(source.c.id))).all()


async def region_sets(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """Return every membership of an area in a region set."""
    return (await conn.execute(select(region_set).order_by(region_set.c.id, region_set.c.area_code))).all()


async def area_changes(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """Return the municipal changes, oldest first."""
    return (await conn.execute(select(area_change).order_by(area_change.c.date))).all()


async def industries(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """Return the major groups of industries with their divisions, by code."""
    return (await conn.execute(select(industry).order_by(industry.c.code))).all()


async def age_boundary_dates(conn: AsyncConnection) -> Sequence[dt.date]:
    """Return the dates whose area codes the people by age are stored under."""
    found = select(age_structure.c.boundary_date).distinct().order_by(age_structure.c.boundary_date)
    return (await conn.scalars(found)).all()


async def ages(conn: AsyncConnection, codes: Mapping[dt.date, Collection[str]]) -> Sequence[Row[Any]]:
    """Return the people by age of areas, given by the date of their boundaries, by year and code."""
    wanted = [(date, code) for date, listed in codes.items() for code in listed]
    columns = tuple_(age_structure.c.boundary_date, age_structure.c.area_code)
    found = select(age_structure).where(columns.in_(wanted))
    return (await conn.execute(found.order_by(age_structure.c.year, age_structure.c.area_code))).all()


async def newest_strategy(conn: AsyncConnection) -> Any:
    """Return the JSON of the newest version of the strategy, or None."""
    found = select(strategy.c.body).order_by(strategy.c.id.desc()).limit(1)
    return (await conn.execute(found)).scalar_one_or_none()


async def deployments(conn: AsyncConnection, when: dt.datetime | None = None) -> Sequence[Row[Any]]:
    """Return the deployments that hold now, or that held at a past instant, by id."""
    found = versions.current(deployment) if when is None else versions.as_of(deployment, when)
    return (await conn.execute(found)).all()


async def deployment_history(conn: AsyncConnection, name: str) -> Sequence[Row[Any]]:
    """Return every state of one deployment, newest first."""
    return (await conn.execute(versions.history(deployment, name))).all()


async def kpis(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """Return the KPIs that hold now, by id."""
    return (await conn.execute(versions.current(kpi))).all()


async def gap_definitions(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """Return the definitions of the transport gap, by id."""
    return (await conn.execute(select(gap_definition).order_by(gap_definition.c.id))).all()


async def newest_change(conn: AsyncConnection) -> dt.datetime | None:
    """Return when a deployment or KPI was changed last."""
    found = [await conn.scalar(versions.newest_change(table)) for table in (deployment, kpi)]
    return max((at for at in found if at is not None), default=None)


async def observed_periods(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """Return (indicator, period, has prefectures, has municipalities, sources) of all that is stored."""
    found = text(
        """
        select indicator, period,
               bool_or(right(area_code, 3) = '000') as prefectures,
               bool_or(right(area_code, 3) <> '000') as municipalities,
               array_agg(distinct source) as sources
        from observation where area_code <> '00000'
        group by indicator, period order by indicator, period
        """
    )
    return (await conn.execute(found)).all()


async def figures(conn: AsyncConnection, indicator_id: str) -> tuple[int | None, list[PeriodFigures]]:
    """Return the revision of one base indicator and every figure of it, as of one moment.

    The three columns of a period travel as three byte strings, which numpy reads in place: 20,000
    figures take a few milliseconds instead of a row object each.
    """
    found = text(
        """
        select (select revision from indicator where id = :indicator) as revision,
               period, boundary_date, source,
               string_agg(convert_to(area_code, 'UTF8'), ''::bytea order by area_code) as codes,
               string_agg(float8send(coalesce(value, 'NaN')), ''::bytea order by area_code) as values,
               string_agg(set_byte('\\000'::bytea, 0, array_position(:statuses, status) - 1),
                          ''::bytea order by area_code) as statuses
        from observation where indicator = :indicator
        group by period, boundary_date, source order by period, boundary_date, source
        """
    ).bindparams(bindparam("statuses", value=list(STATUSES)))
    rows = (await conn.execute(found, {"indicator": indicator_id})).all()
    parts = [
        PeriodFigures(
            period=row.period,
            boundary_date=row.boundary_date,
            source=row.source,
            codes=np.frombuffer(row.codes, "S5").astype("U5"),
            values=np.frombuffer(row.values, ">f8").astype(np.float64),
            statuses=np.frombuffer(row.statuses, np.uint8),
        )
        for row in rows
    ]
    return (rows[0].revision if rows else None), parts


async def encoded_tiles(
    conn: AsyncConnection, date: dt.date, level: str, up_to_bytes: int
) -> Sequence[Row[Any]]:
    """Return the stored tiles (z, x, y, mvt) from the lowest zoom on, until ``up_to_bytes`` are full."""
    found = text(
        """
        select z, x, y, mvt from (
            select z, x, y, mvt, sum(length(mvt)) over (order by z, x, y) as so_far
            from encoded_tile where vintage = :vintage and level = :level
        ) as tiles where so_far <= :budget
        """
    )
    parameters = {"vintage": date, "level": level, "budget": up_to_bytes}
    return (await conn.execute(found, parameters)).all()


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
    conn: AsyncConnection, date: dt.date, level: str, z: int, x: int, y: int
) -> bytes | None:
    """Return one stored tile, or None where there is nothing to draw."""
    found = select(encoded_tile.c.mvt).where(
        encoded_tile.c.vintage == date,
        encoded_tile.c.level == level,
        encoded_tile.c.z == z,
        encoded_tile.c.x == x,
        encoded_tile.c.y == y,
    )
    return (await conn.execute(found)).scalar_one_or_none()


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
