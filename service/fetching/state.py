"""What was fetched last, and what it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from service.db.tables import fetched


def last(conn: Connection, name: str) -> Mapping[str, Any]:
    """Return what is known of the last time; nothing where there was none."""
    found: Mapping[str, Any] | None = conn.scalar(select(fetched.c.body).where(fetched.c.id == name))
    return found or {}


def keep(conn: Connection, name: str, body: Mapping[str, object]) -> None:
    """Remember what was fetched now."""
    row = upsert(fetched).values(id=name, body=body, at=func.now())
    now = {"body": row.excluded.body, "at": row.excluded.at}
    conn.execute(row.on_conflict_do_update(index_elements=["id"], set_=now))
