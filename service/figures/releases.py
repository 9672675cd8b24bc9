"""Held figures are published at their moment by a serving process, whichever looks first."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from anyio import to_thread
from sqlalchemy import Engine

from service.db.database import looking
from service.figures.embargo import UNTIL_NEXT, release_due
from service.memory.news import kept_up
from service.settings import Settings

#: However seldom a process looks at what has changed, it looks so often at what is due.
LONGEST_S = 30.0
ACTOR = "embargo"

log = logging.getLogger("chiiki")


async def keep_releasing(
    settings: Settings, writer: Engine, pause: Callable[[float], Awaitable[None]]
) -> None:
    """Publish what is due, also what became due while nobody served, until cancelled.

    Where the role may not write, or the database is a replica, nothing is published from here.
    """
    await kept_up(partial(_look, settings, writer), "no look at held figures", pause)


async def _look(settings: Settings, writer: Engine, worked: Callable[[], None]) -> None:
    every = min(settings.news_every_s, LONGEST_S)
    async with await looking(settings) as conn:
        while True:
            async with asyncio.timeout(settings.connect_timeout_s):  # a dead connection tells nothing
                found = await (await conn.execute(UNTIL_NEXT)).fetchone()
            worked()
            seconds = every if found is None or found[0] is None else min(float(found[0]), every)
            if seconds <= 0:
                seconds = 0 if await _released(writer) else every
            await asyncio.sleep(seconds)


async def _released(writer: Engine) -> bool:
    """Publish what is due; return whether anything was due that no other process is publishing."""
    # a stop does not wait for a load: the database undoes what was not committed
    told = await to_thread.run_sync(partial(release_due, writer, actor=ACTOR), abandon_on_cancel=True)
    for one in told:
        if one["refused"] is None:
            log.info("embargo %s: published", one["id"])
        else:
            log.error("embargo %s: stays held, for it cannot be loaded: %s", one["id"], one["refused"])
    return bool(told)
