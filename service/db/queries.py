"""What the service asks the database: functions of a connection that return plain values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Row, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from service.db import versions
from service.db.database import Statements
from service.db.tables import (
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
from service.figures.values import Breaks, StoredVector, Vector

_NUMBERS = text("select json_object_agg(subject, n)::text as numbers from revision")
_SOME_NUMBERS = text(
    """
    select subject, n from revision
    where subject = any(:subjects) or split_part(subject, ':', 1) = any(:kinds)
    """
)
_OBSERVED = text(
    """
    select json_agg(json_build_array(indicator, level, told))::text as observed from (
        select indicator, level, json_agg(json_build_array(period, sources) order by period) as told
        from observed where indicator = any(:names) group by indicator, level
    ) as by_level
    """
)


async def numbers(conn: AsyncConnection) -> dict[str, int]:
    """Return the number of every subject; see ``service.memory.revisions``."""
    found: dict[str, int] = orjson.loads((await conn.execute(_NUMBERS)).scalar_one() or "{}")
    return found


async def some_numbers(
    conn: AsyncConnection, subjects: Collection[str], kinds: Collection[str]
) -> dict[str, int]:
    """Return the numbers of subjects, and of all subjects of some kinds."""
    asked = {"subjects": list(subjects), "kinds": list(kinds)}
    return {row.subject: row.n for row in (await conn.execute(_SOME_NUMBERS, asked)).all()}


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


async def indicators(
    conn: AsyncConnection, names: Collection[str]
) -> Sequence[tuple[str, dict[str, object]]]:
    """Return id and definition of indicators."""
    found = select(indicator).where(indicator.c.id.in_(names)).order_by(indicator.c.id)
    return [(row.id, row.definition) for row in (await conn.execute(found)).all()]


async def observed(
    conn: AsyncConnection, names: Collection[str]
) -> dict[str, dict[str, list[tuple[str, list[str]]]]]:
    """Return indicator → level → periods with their sources, ascending; as one text, for there are many."""
    found: dict[str, dict[str, list[tuple[str, list[str]]]]] = {name: {} for name in names}
    told = (await conn.execute(_OBSERVED, {"names": list(names)})).scalar_one()
    for name, level, periods in orjson.loads(told or "[]"):
        found[name][level] = periods
    return found


# The numbers of the subjects $1, in the order of their names, beside each row that follows from them. Lists
# are texts: the driver takes longer to write an array than the database to read one. No name has a space.
_VECTORS = """
    select array(select n from revision where subject = any(string_to_array($1, ' ')) order by subject),
        period, "values", statuses, sources, lowest, bounds
    from vector
    where layer = $2 and level = $3 and vintage = $4 and period = any(string_to_array($5, ' '))
"""
_BREAKS = """
    select array(select n from revision where subject = any(string_to_array($1, ' ')) order by subject),
        lowest, bounds
    from class_breaks where layer = $2 and level = $3 and vintage = $4
"""
_TILE = """
    select array(select n from revision where subject = any(string_to_array($1, ' ')) order by subject), mvt
    from encoded_tile where vintage = $2 and level = $3 and z = $4 and x = $5 and y = $6
"""
_ONLY_NUMBERS = """
    select array(select n from revision where subject = any(string_to_array($1, ' ')) order by subject)
"""


async def vectors(
    statements: Statements,
    layer: str,
    periods: Sequence[str],
    level: str,
    date: dt.date,
    subjects: Sequence[str],
) -> tuple[dict[str, StoredVector], list[int]]:
    """Return stored vectors by period, and the numbers of the subjects they follow from, ordered by name.

    One statement, so both are of one moment.
    """
    rows = await statements.rows(_VECTORS, (" ".join(subjects), layer, level, date, " ".join(periods)))
    found = {
        period: StoredVector(Vector.of(values, statuses, sources), Breaks.of(lowest, bounds))
        for _, period, values, statuses, sources, lowest, bounds in rows
    }
    return found, rows[0][0] if rows else await _numbers(statements, subjects)


async def class_breaks(
    statements: Statements, layer: str, level: str, date: dt.date, subjects: Sequence[str]
) -> tuple[Breaks, list[int]]:
    """Return the stored class breaks of an indicator over all its periods, and the numbers as ``vectors``."""
    rows = await statements.rows(_BREAKS, (" ".join(subjects), layer, level, date))
    if not rows:
        return Breaks.of(None, None), await _numbers(statements, subjects)
    ((numbers, lowest, bounds),) = rows
    return Breaks.of(lowest, bounds), numbers


async def _numbers(statements: Statements, subjects: Sequence[str]) -> list[int]:
    ((numbers,),) = await statements.rows(_ONLY_NUMBERS, (" ".join(subjects),))
    found: list[int] = numbers
    return found


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
        return None, await _numbers(statements, subjects)
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
