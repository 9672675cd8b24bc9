"""News from the database: what was loaded is forgotten and read anew."""

from __future__ import annotations

import asyncio
import logging

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from service.atlas import Atlas
from service.database import CHANNEL

FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 5.0

log = logging.getLogger("chiiki")


async def listen(atlas: Atlas) -> None:
    """Keep the atlas up to date for as long as the service runs.

    Each (re)connection reads the catalogue anew, because news may have been missed meanwhile. While the
    database is away the atlas keeps what it has and this tries again, at most every five seconds.
    """
    wait = FIRST_WAIT_S
    timeout_s = atlas.settings.connect_timeout_s
    address = atlas.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    while True:
        try:
            connecting = psycopg.AsyncConnection.connect(address, autocommit=True, connect_timeout=timeout_s)
            async with await connecting as conn:
                await conn.execute(f"LISTEN {CHANNEL}")
                await atlas.refresh()
                wait = FIRST_WAIT_S
                while True:  # a load tells of all its indicators at once: they are one reading
                    await atlas.refresh(*{news.payload async for news in conn.notifies(stop_after=1)})
        except (psycopg.Error, SQLAlchemyError, OSError) as error:
            log.warning("database away, trying again in %.1f s: %s", wait, type(error).__name__)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_S)
