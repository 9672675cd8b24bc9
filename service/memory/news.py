"""News from the database: another atlas whenever a subject has another number.

Two things tell of it, and either is enough: a notification, which comes at once, and a look at the numbers
every few seconds, which also serves where there are no notifications (a hot standby refuses LISTEN) or one
was missed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import psycopg
from prometheus_client import Gauge
from sqlalchemy.exc import SQLAlchemyError

from service.db.database import news_address
from service.memory import revisions
from service.memory.atlas import Atlas
from service.memory.cache import Store
from service.memory.catalogue import Catalogue, renewed
from service.memory.ingests import tell_last_changes

FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 5.0
#: So many looks at the numbers may fail before what is served counts as stale.
LOOKS_MISSED = 3
#: So long after news of another server, what is read from is looked at so often.
LAG_S, LAGGING_S = 60.0, 0.5

AGE = Gauge("chiiki_revisions_age_seconds", "Seconds since the numbers of what is served were compared last")

log = logging.getLogger("chiiki")


class News:
    """Keeps the atlas of a serving process current, for as long as its tasks run."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.atlas = Atlas(store, Catalogue())
        self.has_read = asyncio.Event()
        self._heard = asyncio.Event()
        self._refreshing = asyncio.Lock()
        self._compared_at = time.monotonic()
        AGE.set_function(lambda: self.age_s)

    @property
    def age_s(self) -> float:
        """Seconds since the numbers were compared last: what is served is at most so old."""
        return time.monotonic() - self._compared_at

    @property
    def is_stale(self) -> bool:
        """Whether the database has not told for long whether anything changed."""
        return self.age_s > LOOKS_MISSED * self.store.settings.news_every_s + LONGEST_WAIT_S

    async def refresh(self) -> Atlas:
        """Return the atlas of what the database holds now, which from now on is the current one."""
        async with self._refreshing:  # an older reading must not replace a newer one
            asked_at = time.monotonic()
            async with self.store.engine.connect() as conn:
                catalogue = await renewed(conn, self.atlas.catalogue)
                if catalogue is not self.atlas.catalogue:
                    await tell_last_changes(conn)
            if catalogue is not self.atlas.catalogue:
                self.atlas = Atlas(self.store, catalogue)
            self._compared_at = asked_at
            self.has_read.set()
            return self.atlas

    async def run(self) -> None:
        """Listen and look, until cancelled; whatever fails is logged and begun anew."""
        async with asyncio.TaskGroup() as tasks:
            pause = self.store.pulse.wait
            tasks.create_task(kept_up(self._look, "database away", pause))
            tasks.create_task(kept_up(self._listen, "no notifications", pause))

    async def _look(self, worked: Callable[[], None]) -> None:
        settings = self.store.settings
        to_come = 0.0
        while True:
            if self._heard.is_set() and settings.news_url is not None:
                to_come = time.monotonic() + LAG_S  # the primary's news reach a replica before its data do
            self._heard.clear()
            await self.refresh()
            worked()
            every = (
                min(LAGGING_S, settings.news_every_s) if time.monotonic() < to_come else settings.news_every_s
            )
            with suppress(TimeoutError):
                await asyncio.wait_for(self._heard.wait(), every)

    async def _listen(self, worked: Callable[[], None]) -> None:
        settings = self.store.settings
        address = news_address(settings)
        connecting = psycopg.AsyncConnection.connect(
            address, autocommit=True, connect_timeout=settings.connect_timeout_s
        )
        async with await connecting as conn:
            if settings.news_url is None:
                self.store.pulse.watch(conn)
            await conn.execute(f"LISTEN {revisions.CHANNEL}")
            self._heard.set()  # what was told before this is not heard
            worked()
            while True:
                async for _news in conn.notifies(timeout=settings.news_every_s, stop_after=1):
                    self._heard.set()
                async with asyncio.timeout(settings.connect_timeout_s):  # a dead connection tells nothing
                    await conn.execute("SELECT 1")


async def kept_up(
    task: Callable[[Callable[[], None]], Awaitable[None]],
    said: str,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Run a task for ever: begun anew after any failure, at most every five seconds.

    ``task`` calls what it is given when it works.
    """
    wait, told = FIRST_WAIT_S, ""

    def worked() -> None:
        nonlocal wait, told
        wait, told = FIRST_WAIT_S, ""

    while True:
        try:
            await task(worked)
        except (psycopg.Error, SQLAlchemyError, OSError) as error:
            reason = _reason(error)
            if reason != told:  # said once, not every five seconds
                log.warning("%s, trying again until it works: %s", said, reason)
            told = reason
        except Exception:  # whatever it was, it must not end the news in silence
            log.exception("%s, trying again in %.1f s", said, wait)
        await pause(wait)
        wait = min(wait * 2, LONGEST_WAIT_S)


def _reason(error: Exception) -> str:
    """Return the kind of an error, and what PostgreSQL says of it; never an address."""
    state = getattr(error, "sqlstate", None) or getattr(getattr(error, "orig", None), "sqlstate", None)
    return f"{type(error).__name__} {state}" if state else type(error).__name__
