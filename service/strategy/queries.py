"""What is asked of the strategy, KPIs and deployments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.db import versions
from service.db.tables import (
    deployment,
    kpi,
    strategy,
)


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
