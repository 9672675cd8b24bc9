"""What has changed: one number for each subject, in one table, written by whoever writes the subject.

A subject is what can change by itself: the figures of an indicator, a boundary set, the deployments. Its
number grows with each change, in the transaction that changes it. Whatever is made of subjects is known by
their numbers and by the version of the code, so caches and ETags are never told that something is old: they
are asked for under another key. Workers, replicas and restarts agree, because they read the same table.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.db.database import Statements

#: LISTEN/NOTIFY channel on which a write tells that subjects have other numbers; which ones, the table says.
CHANNEL = "chiiki"

# Subjects that there is one of. All others are a kind and a name.
AGES = "ages"
AREA_CHANGES = "area-changes"
AREA_HISTORY = "area-history"
DEPLOYMENTS = "deployments"
INDUSTRIES = "industries"
MISSING_OPERATORS = "missing-operators"
REGION_SETS = "region-sets"
STRATEGY = "strategy"

#: The subject whose number is the version of the code that wrote the stored vectors.
DERIVATION = "derivation"


def indicator(name: str) -> str:
    """Return the subject of an indicator: its definition and its figures."""
    return f"indicator:{name}"


def vintage(date: object) -> str:
    """Return the subject of a boundary set: its areas, outlines and credits."""
    return f"vintage:{date}"


def source(name: str) -> str:
    """Return the subject of a source of figures: what it is called and whom to credit."""
    return f"source:{name}"


def kpi(name: str) -> str:
    """Return the subject of a KPI: its definition, targets and actuals."""
    return f"kpi:{name}"


def stops(name: str) -> str:
    """Return the subject of the stops of a source."""
    return f"stops:{name}"


def grid(name: str) -> str:
    """Return the subject of a population grid."""
    return f"grid:{name}"


def gaps(definition: str) -> str:
    """Return the subject of a definition of the transport gap, and of the cells counted under it."""
    return f"gaps:{definition}"


_CHANGED = text(
    """
    insert into revision (subject, n)
    select subject, (extract(epoch from clock_timestamp()) * 1e6)::bigint
    from unnest(cast(:subjects as text[])) as subject order by subject
    on conflict (subject) do update set n = greatest(revision.n + 1, excluded.n)
    """
)
_NOTIFY = text("select pg_notify(:channel, '')")


def changed(conn: Connection, *subjects: str) -> None:
    """Give these subjects new numbers, and tell serving processes when the transaction commits.

    A number is the microsecond of its change (Unix time), and larger than the one before: so a database that
    was restored and written anew does not use a number a second time for another state.
    """
    if subjects:
        conn.execute(_CHANGED, {"subjects": sorted(set(subjects))})
        conn.execute(_NOTIFY, {"channel": CHANNEL})


# Reading

_NUMBERS = text("select json_object_agg(subject, n)::text as numbers from revision")
_ONLY_NUMBERS = """
    select array(select n from revision where subject = any(string_to_array($1, ' ')) order by subject)
"""


async def numbers(conn: AsyncConnection) -> dict[str, int]:
    """Return the number of every subject."""
    found: dict[str, int] = orjson.loads((await conn.execute(_NUMBERS)).scalar_one() or "{}")
    return found


async def numbers_of(statements: Statements, subjects: Sequence[str]) -> list[int]:
    """Return the numbers of subjects, in the order of their names."""
    ((numbers,),) = await statements.rows(_ONLY_NUMBERS, (" ".join(subjects),))
    found: list[int] = numbers
    return found
