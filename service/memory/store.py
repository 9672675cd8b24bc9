"""What all atlases of one serving process share: the way to the database, and the memory."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from typing import Any, TypeVar

from prometheus_client import Gauge
from sqlalchemy.ext.asyncio import AsyncEngine

from geo.errors import ChiikiError
from geo.figures.ages import Ages
from geo.layers import mvt, png
from geo.layers.geojson import FeatureTexts
from service.db.database import Statements
from service.figures.values import Breaks, StoredVector, Vector
from service.memory.cache import Memory, Shelf
from service.memory.kinds import Kinds
from service.settings import Settings

V = TypeVar("V")
MEGABYTE = 1 << 20
#: Work that asks for more things one after another than this goes round in circles.
MOST_ROUNDS = 2000


class Moved(ChiikiError):
    """The database has gone on since the atlas was made: the question is for the next one."""


class Needed(Exception):
    """What is asked for is not in memory; ``fetch`` brings it there."""

    def __init__(self, fetch: Callable[[], Awaitable[object]]) -> None:
        super().__init__()
        self.fetch = fetch


LIMIT = Gauge("chiiki_memory_limit_bytes", "What this process may hold ready")
HELD = Gauge("chiiki_memory_bytes", "What this process holds ready", ["kind"])


class Store:
    """The engine and the memory of a process. It is made on the event loop that reads for it."""

    def __init__(self, engine: AsyncEngine, settings: Settings, kinds: Kinds[Any]) -> None:
        self.engine = engine
        self.kinds = kinds
        self.statements = Statements(settings)
        self.settings = settings
        self.loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self.memory = Memory(settings.memory_mb * MEGABYTE)
        self.vectors: Shelf[StoredVector] = self.memory.shelf("vectors", lambda one: one.nbytes)
        self.made: Shelf[Vector] = self.memory.shelf("made", lambda one: one.nbytes)
        self.breaks: Shelf[Breaks] = self.memory.shelf("breaks", lambda one: one.nbytes)
        self.ages: Shelf[dict[int, Ages]] = self.memory.shelf("ages", lambda years: 1500 * len(years))
        self.texts: Shelf[FeatureTexts] = self.memory.shelf("outlines", lambda texts: texts.nbytes)
        self.sizes: Shelf[int] = self.memory.shelf("sizes", lambda _size: 8)
        self.tiles: Shelf[tuple[mvt.Tile | None]] = self.memory.shelf("tiles", _tile_bytes)
        self.rasters: Shelf[png.Raster] = self.memory.shelf("rasters", lambda raster: raster.nbytes * 2)
        #: of ``service.layers.views``: everything but the tiles is settled in them
        self.pictures: Shelf[Any] = self.memory.shelf("pictures", lambda picture: picture.nbytes)
        self.tile_sources: Shelf[Any] = self.memory.shelf("tile_sources", lambda source: source.nbytes)
        #: position of an area → its path in a frame of a static map
        self.paths: Shelf[dict[int, str]] = self.memory.shelf(
            "paths", lambda paths: sum(map(len, paths.values())) + 100 * len(paths)
        )
        #: of ``service.transit.transport``
        self.regions: Shelf[Any] = self.memory.shelf("regions", lambda region: region.nbytes)
        self.bodies: Shelf[bytes] = self.memory.shelf("bodies", len)

        LIMIT.set(self.memory.limit)
        for name in self.memory.shelves:
            HELD.labels(name).set_function(partial(self.memory.held_by.__getitem__, name))

    async def close(self) -> None:
        """Leave the database."""
        await self.statements.close()
        await self.engine.dispose()

    def held(self, shelf: Shelf[V], key: Hashable, ask: Callable[[], Awaitable[V]]) -> V:
        """Return what is in memory, or comes there now.

        On the event loop, which must not wait, ``Needed`` is raised where it is not there: see ``settled``. A
        thread waits for the loop to bring it.
        """
        found = shelf.get(key)
        return found if found is not None else self.brought(lambda: shelf.fetch(key, ask))

    def brought(self, fetch: Callable[[], Awaitable[V]]) -> V:
        """Return what ``fetch`` answers, in a thread; on the event loop raise ``Needed``."""
        if self.is_loop:
            raise Needed(fetch)
        return asyncio.run_coroutine_threadsafe(_awaited(fetch), self.loop).result()

    @property
    def is_loop(self) -> bool:
        """Whether this is called on the event loop."""
        return threading.get_ident() == self._thread


async def settled(work: Callable[[], V]) -> V:
    """Return what ``work`` returns, on the event loop, once all that it asks for is in memory.

    ``work`` is short and changes nothing; it is done anew each time that something had to be fetched.
    """
    for _ in range(MOST_ROUNDS):
        try:
            return work()
        except Needed as needed:
            fetch = needed.fetch
        await fetch()
    raise RuntimeError("What was fetched is never held: CHIIKI_MEMORY_MB is too small")


async def _awaited(fetch: Callable[[], Awaitable[V]]) -> V:
    return await fetch()


def _tile_bytes(held: tuple[mvt.Tile | None]) -> int:
    tile = held[0]
    return 0 if tile is None else tile.nbytes
