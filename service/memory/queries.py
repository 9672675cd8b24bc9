"""What has which number: see ``service.memory.revisions``."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.db.database import Statements

_NUMBERS = text("select json_object_agg(subject, n)::text as numbers from revision")
_SOME_NUMBERS = text(
    """
    select subject, n from revision
    where subject = any(:subjects) or split_part(subject, ':', 1) = any(:kinds)
    """
)
_ONLY_NUMBERS = """
    select array(select n from revision where subject = any(string_to_array($1, ' ')) order by subject)
"""


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


async def numbers_of(statements: Statements, subjects: Sequence[str]) -> list[int]:
    """Return the numbers of subjects, in the order of their names."""
    ((numbers,),) = await statements.rows(_ONLY_NUMBERS, (" ".join(subjects),))
    found: list[int] = numbers
    return found
