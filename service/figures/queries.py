"""What is asked of figures: indicators, what was observed, vectors, sources, people by age."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Row, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from service.db.database import Statements
from service.db.tables import (
    age_structure,
    indicator,
    industry,
    source,
)
from service.figures.carrying import Carrying
from service.figures.values import Breaks, StoredVector, Vector
from service.memory.revisions import numbers_of

_OBSERVED = text(
    """
    select json_agg(json_build_array(indicator, level, told))::text as observed from (
        select indicator, level, json_agg(json_build_array(sources, periods)) as told from (
            select indicator, level, sources, json_agg(period order by period) as periods
            from observed where indicator = any(:names) group by indicator, level, sources
        ) as by_sources group by indicator, level
    ) as by_level
    """
)


#: The predicate of the index ``observation_bloc``: codes of prefectures and municipalities end with 47.
_OF_BLOCS = text(
    """
    select indicator, area_code, period, value, status, source, boundary_date
    from observation where indicator = any(:names) and area_code >= '48'
    order by indicator, area_code, period
    """
)


async def indicators(
    conn: AsyncConnection, names: Collection[str]
) -> Sequence[tuple[str, dict[str, object]]]:
    """Return id and definition of indicators."""
    found = select(indicator).where(indicator.c.id.in_(names)).order_by(indicator.c.id)
    return [(row.id, row.definition) for row in (await conn.execute(found)).all()]


async def observed(
    conn: AsyncConnection, names: Collection[str]
) -> dict[str, dict[str, list[tuple[list[str], list[str]]]]]:
    """Return indicator → level → lists of sources, each with its periods; as one text, for there are many."""
    found: dict[str, dict[str, list[tuple[list[str], list[str]]]]] = {name: {} for name in names}
    told = (await conn.execute(_OBSERVED, {"names": list(names)})).scalar_one()
    for name, level, by_sources in orjson.loads(told or "[]"):
        found[name][level] = by_sources
    return found


async def of_blocs(conn: AsyncConnection, names: Collection[str]) -> Sequence[Row[Any]]:
    """Return the figures of indicators that were published for metropolitan blocs."""
    return (await conn.execute(_OF_BLOCS, {"names": list(names)})).all()


# The numbers of the subjects $1, in the order of their names, beside each row that follows from them. Lists
# are texts: the driver takes longer to write an array than the database to read one. No name has a space.
_VECTORS = """
    select array(select n from revision where subject = any(string_to_array($1, ' ')) order by subject),
        period, "values", statuses, sources, lowest, bounds
    from vector
    where layer = $2 and level = $3 and vintage = $4 and period = any(string_to_array($5, ' '))
"""


_CARRYINGS = """
    select array(select n from revision where subject = any(string_to_array($1, ' ')) order by subject),
        period, carried, boundaries
    from vector
    where layer = $2 and level = $3 and vintage = $4 and period = any(string_to_array($5, ' '))
"""
_BREAKS = """
    select array(select n from revision where subject = any(string_to_array($1, ' ')) order by subject),
        lowest, bounds
    from class_breaks where layer = $2 and level = $3 and vintage = $4
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
    return found, rows[0][0] if rows else await numbers_of(statements, subjects)


async def carryings(
    statements: Statements,
    layer: str,
    periods: Sequence[str],
    level: str,
    date: dt.date,
    subjects: Sequence[str],
) -> tuple[dict[str, Carrying], list[int]]:
    """Return by period how the values of stored vectors were carried, and the numbers as ``vectors``."""
    rows = await statements.rows(_CARRYINGS, (" ".join(subjects), layer, level, date, " ".join(periods)))
    found = {period: Carrying.of(packed, dates) for _, period, packed, dates in rows}
    return found, rows[0][0] if rows else await numbers_of(statements, subjects)


async def class_breaks(
    statements: Statements, layer: str, level: str, date: dt.date, subjects: Sequence[str]
) -> tuple[Breaks, list[int]]:
    """Return the stored class breaks of an indicator over all its periods, and the numbers as ``vectors``."""
    rows = await statements.rows(_BREAKS, (" ".join(subjects), layer, level, date))
    if not rows:
        return Breaks.of(None, None), await numbers_of(statements, subjects)
    ((numbers, lowest, bounds),) = rows
    return Breaks.of(lowest, bounds), numbers


async def sources(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """Return every source of figures."""
    return (await conn.execute(select(source).order_by(source.c.id))).all()


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
