"""An atlas for tests of what asks one: they run in a thread, as work off the loop does."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any, TypeVar

from service.db.database import reader_engine
from service.kinds import KINDS
from service.memory.atlas import Atlas
from service.memory.cache import Store
from service.memory.news import News
from service.tests.databases import Database

T = TypeVar("T")


async def _opened(database: Database) -> tuple[Store, Atlas]:
    store = Store(reader_engine(database.settings), database.settings, KINDS)
    return store, await News(store).refresh()


@contextmanager
def an_atlas(database: Database) -> Iterator[Atlas]:
    """Give the atlas of a database; an event loop reads for it meanwhile."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()

    def done(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result(60)

    try:
        store, atlas = done(_opened(database))
        try:
            yield atlas
        finally:
            done(store.close())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
