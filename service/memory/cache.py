"""One memory for all that a process holds: a budget in bytes, and what was not used the longest goes first.

What was asked for once goes before what was asked for again (a segmented LRU): a stranger who asks for one
large answer after another pushes out those answers, not the tiles that everybody looks at.

What is held stands under a key that names the state of the data it was made from (``digest``). So nothing is
ever taken back: after news the same thing is asked for under another key, and the old one falls out by age.

What is missing is read on the event loop, and made in threads, few at a time, so that tiles never wait. A
thread does not make Python faster: it lets the loop answer in between. More of them at once would only make
the loop wait longer for its turn, and would share the pool that everything else needs.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import platform
import sys
import threading
import time
import zlib
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

import numpy as np
import orjson
import shapely
from anyio import CancelScope, CapacityLimiter, to_thread
from prometheus_client import Gauge, Summary
from sqlalchemy.ext.asyncio import AsyncEngine

from geo.errors import ChiikiError
from geo.layers import mlt, mvt, png
from geo.layers.geojson import FeatureTexts
from service.db.database import Statements, tell_pool
from service.db.pulse import Pulse
from service.figures.carrying import Carrying
from service.figures.values import Breaks, PublishedAges, StoredVector, Vector
from service.operations import traces
from service.settings import Settings

if TYPE_CHECKING:
    from service.memory.catalogue import Kinds

P = ParamSpec("P")
V = TypeVar("V")

#: No quantiles: those of answers tell who waits.
BROUGHT = Summary(
    "chiiki_cold_load_seconds", "Seconds in which what was not in memory was read or made", ["kind"]
)
#: Where the code lies.
ROOT = Path(__file__).parents[2]

#: What the bookkeeping of one answer takes.
OVERHEAD = 400
#: A single answer larger than this share of the budget would push out everything else.
LARGEST_SHARE = 4
#: What was asked for again may fill so much of the budget; beyond it, the oldest counts as asked for once.
AGAIN_SHARE = 0.75


def digest(*state: object) -> str:
    """Return a short text that stands for a state of the data and the code."""
    return hashlib.blake2b(orjson.dumps([code_version(), *state], default=str), digest_size=8).hexdigest()


@cache
def code_version() -> str:
    """Return what changes whenever this code, or a library that writes its answers, is another."""
    libraries = (
        platform.python_version(),
        zlib.ZLIB_RUNTIME_VERSION,
        np.__version__,
        shapely.geos_version_string,
        orjson.__version__,
    )
    files = [path for folder in ("geo", "service") for path in (ROOT / folder).rglob("*.py")]
    files += (ROOT / "service" / "templates").iterdir()  # pages are kept as other answers are
    return digest_of((path for path in files if "tests" not in path.parts), *libraries).hexdigest()


def digest_of(files: Iterable[Path], *words: str) -> hashlib.blake2b:
    """Return a digest of the contents of files, and of words beside them."""
    found = hashlib.blake2b(repr(words).encode(), digest_size=8)
    for path in sorted(files):
        found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found


@contextmanager
def bringing(kind: str) -> Iterator[None]:
    """Tell in metrics and traces that something is brought into memory meanwhile, and how long it takes."""
    begun = time.perf_counter()
    with traces.span(f"bring {kind}"):
        yield
    BROUGHT.labels(kind).observe(time.perf_counter() - begun)


class Memory:
    """All that one process holds; several threads may use it.

    Parameters
    ----------
    limit : bytes
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0
        #: bytes by shelf
        self.held_by: Counter[str] = Counter()
        self.shelves: list[str] = []
        self._once: OrderedDict[tuple[str, Hashable], tuple[Any, int]] = OrderedDict()
        self._again: OrderedDict[tuple[str, Hashable], tuple[Any, int]] = OrderedDict()
        self._again_held = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._once) + len(self._again)

    def get(self, key: tuple[str, Hashable]) -> Any:
        """Return the answer when it is held, else None."""
        with self._lock:
            found = self._again.get(key)
            if found is not None:
                self._again.move_to_end(key)
                return found[0]
            found = self._once.pop(key, None)
            if found is None:
                return None
            self._again[key] = found
            self._again_held += found[1]
            while self._again_held > self.limit * AGAIN_SHARE:
                oldest, answer = self._again.popitem(last=False)
                self._again_held -= answer[1]
                self._once[oldest] = answer
            return found[0]

    def put(self, key: tuple[str, Hashable], answer: Any, cost: int) -> None:
        """Hold an answer that takes ``cost`` bytes; the least recently used ones make room."""
        cost += OVERHEAD
        with self._lock:
            self._drop(key)
            if cost > self.limit // LARGEST_SHARE:
                return
            self._once[key] = (answer, cost)
            self._count(key[0], cost)
            while self.held > self.limit:
                self._drop(next(iter(self._once)))

    def drop(self, key: tuple[str, Hashable]) -> None:
        """Forget one answer."""
        with self._lock:
            self._drop(key)

    def _drop(self, key: tuple[str, Hashable]) -> None:
        found = self._once.pop(key, None)
        if found is None:
            found = self._again.pop(key, None)
            if found is None:
                return
            self._again_held -= found[1]
        self._count(key[0], -found[1])

    def _count(self, shelf: str, cost: int) -> None:
        self.held += cost
        self.held_by[shelf] += cost

    def shelf(self, name: str, cost: Callable[[V], int]) -> Shelf[V]:
        """Return the part of the memory that holds one kind of answer; ``cost`` is its size in bytes."""
        self.shelves.append(name)
        return Shelf(self, name, cost)


class Shelf(Generic[V]):
    """Answers of one kind. None is no answer.

    ``fetch`` asks for a missing answer once, however many callers wait for it.
    """

    def __init__(self, memory: Memory, name: str, cost: Callable[[V], int]) -> None:
        self.name = name
        self._memory = memory
        self._cost = cost
        self._under_way: dict[Hashable, UnderWay[V]] = {}

    def get(self, key: Hashable) -> V | None:
        """Return the answer when it is held."""
        found: V | None = self._memory.get((self.name, key))
        return found

    def put(self, key: Hashable, answer: V) -> V:
        """Hold an answer and return it."""
        self._memory.put((self.name, key), answer, self._cost(answer))
        return answer

    def drop(self, key: Hashable) -> None:
        """Forget one answer."""
        self._memory.drop((self.name, key))

    async def fetch(self, key: Hashable, ask: Callable[[], Awaitable[V]]) -> V:
        """Return the answer, asking for it when it is not held; on the event loop alone.

        A caller who goes away does not take it from the others; see ``UnderWay``.
        """
        found = self.get(key)
        if found is not None:
            return found
        asking = self._under_way.get(key)
        if asking is None or asking.is_given_up:
            asking = self._under_way[key] = UnderWay(partial(self._asked, key, ask))
            asking.task.add_done_callback(partial(self._end, key, asking))
        return await asking.result()

    async def _asked(self, key: Hashable, ask: Callable[[], Awaitable[V]]) -> V:
        with bringing(self.name):
            found = await ask()
        return self.put(key, found)

    def _end(self, key: Hashable, asking: UnderWay[V], task: asyncio.Task[V]) -> None:
        """Forget what is over, and take note of an error that nobody waits for any more."""
        if self._under_way.get(key) is asking:
            del self._under_way[key]
        if not task.cancelled():
            task.exception()


class UnderWay(Generic[V]):
    """What is asked for in a task of its own, for all who wait for it; with the last of them it is given up.

    Work that has begun in a thread is done all the same: only what waits for its place is spared.
    """

    def __init__(self, ask: Callable[[], Awaitable[V]]) -> None:
        self._scope = CancelScope()
        self._waiting = 0
        self.task = asyncio.create_task(self._asked(ask))

    @property
    def is_given_up(self) -> bool:
        """Whether nobody waited for it any more."""
        return self._scope.cancel_called

    async def _asked(self, ask: Callable[[], Awaitable[V]]) -> V:
        with self._scope:
            return await ask()
        raise asyncio.CancelledError  # nobody is there to hear of it

    async def result(self) -> V:
        """Return what was asked for."""
        self._waiting += 1
        try:
            return await asyncio.shield(self.task)
        finally:
            self._waiting -= 1
            if not self._waiting and not self.task.done():
                self._scope.cancel()


# What all atlases of a process share

MEGABYTE = 1 << 20
#: Work that asks for more things one after another than this goes round in circles.
MOST_ROUNDS = 2000


class Moved(ChiikiError):
    """The database has gone on since the atlas was made: the question is for the next one."""


class Busy(ChiikiError):
    """Too many wait already for what is made one after another."""


class Needed(Exception):
    """What is asked for is not in memory; ``fetch`` brings it there."""

    def __init__(self, fetch: Callable[[], Awaitable[object]]) -> None:
        super().__init__()
        self.fetch = fetch


LIMIT = Gauge("chiiki_memory_limit_bytes", "What this process may hold ready")
HELD = Gauge("chiiki_memory_bytes", "What this process holds ready", ["kind"])
WAITING = Gauge("chiiki_queue_waiting", "Answers that wait for their turn", ["queue"])


class Store:
    """The engine and the memory of a process. It is made on the event loop that reads for it.

    Parameters
    ----------
    pulse : tells whether the database answers, where somebody asks it all the time
    """

    def __init__(
        self, engine: AsyncEngine, settings: Settings, kinds: Kinds[Any], pulse: Pulse | None = None
    ) -> None:
        self.engine = engine
        self.kinds = kinds
        self.pulse = pulse or Pulse(settings.answer_timeout_s)
        self.statements = Statements(settings, self.pulse)
        self.settings = settings
        self.loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self.memory = Memory(settings.memory_mb * MEGABYTE)
        self.vectors: Shelf[StoredVector] = self.memory.shelf("vectors", lambda one: one.nbytes)
        self.carryings: Shelf[Carrying] = self.memory.shelf("carryings", lambda one: one.nbytes)
        #: of ``service.figures.estimates``: level → all periods of an indicator with estimates
        self.estimates: Shelf[dict[str, Any]] = self.memory.shelf(
            "estimates", lambda levels: sum(columns.nbytes for columns in levels.values())
        )
        self.made: Shelf[Vector] = self.memory.shelf("made", lambda one: one.nbytes)
        self.breaks: Shelf[Breaks] = self.memory.shelf("breaks", lambda one: one.nbytes)
        self.ages: Shelf[dict[int, PublishedAges]] = self.memory.shelf(
            "ages", lambda years: 1500 * len(years)
        )
        self.texts: Shelf[FeatureTexts] = self.memory.shelf("outlines", lambda texts: texts.nbytes)
        self.sizes: Shelf[int] = self.memory.shelf("sizes", lambda _size: 8)
        self.tiles: Shelf[tuple[mvt.Tile | None]] = self.memory.shelf("tiles", _tile_bytes)
        self.mlt_tiles: Shelf[tuple[mlt.Tile | None]] = self.memory.shelf("mlt_tiles", _tile_bytes)
        self.rasters: Shelf[tuple[png.Raster | None]] = self.memory.shelf("rasters", _tile_bytes)
        #: of ``service.layers.views``: everything but the tiles is settled in them
        self.pictures: Shelf[Any] = self.memory.shelf("pictures", lambda picture: picture.nbytes)
        #: of ``service.layers.forms``: what every answer says of a picture, under its ETag
        self.abouts: Shelf[Any] = self.memory.shelf("abouts", lambda about: 4 * len(orjson.dumps(about)))
        self.tile_sources: Shelf[Any] = self.memory.shelf("tile_sources", lambda source: source.nbytes)
        #: of ``service.planning``: by what areas are compared, their figures, what all profiles say alike
        self.yardsticks: Shelf[Any] = self.memory.shelf("yardsticks", lambda yardstick: yardstick.nbytes)
        self.books: Shelf[Any] = self.memory.shelf("books", lambda book: book.nbytes)
        self.prefaces: Shelf[Any] = self.memory.shelf("prefaces", lambda preface: preface.nbytes)
        #: position of an area → its path in a frame of a static map
        self.paths: Shelf[dict[int, str]] = self.memory.shelf(
            "paths", lambda paths: sum(map(len, paths.values())) + 100 * len(paths)
        )
        #: of ``service.analysis.clusters``
        self.analyses: Shelf[Any] = self.memory.shelf("analyses", lambda analysis: analysis.nbytes)
        #: of ``service.transit.transport``
        self.regions: Shelf[Any] = self.memory.shelf("regions", lambda region: region.nbytes)
        #: under their ETags
        self.bodies: Shelf[bytes] = self.memory.shelf("bodies", len)
        #: of ``service.http.responses``: the headers of these bodies
        self.heads: Shelf[Any] = self.memory.shelf("heads", lambda head: head.nbytes)
        #: of ``service.http.front_door``: tiles that were sent, under their addresses
        self.sent_tiles: Shelf[Any] = self.memory.shelf("sent_tiles", lambda sent: sent.nbytes)

        tell_pool("reader", engine.sync_engine)
        WAITING.labels("statements").set_function(lambda: self.statements.waiting)
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


def _tile_bytes(held: tuple[mvt.Tile | mlt.Tile | png.Raster | None]) -> int:
    tile = held[0]
    return 0 if tile is None else tile.nbytes


# Where what takes long is made

#: What takes more than about 5 ms and is asked for all the time: bodies, tables, profiles.
AT_ONCE = max(1, (os.cpu_count() or 2) // 2)
#: What takes a second and is asked for now and then: a scenario, an effect. It must not hold up the others.
SLOW_AT_ONCE = 1

#: So many may wait for such a place; what comes then is told to come again. The explorer asks for some sixty
#: answers at once, and a school sits behind one address.
MOST_WAITING = 500
MOST_WAITING_SLOWLY = 8

#: So long a thread may hold the interpreter while the event loop waits for it, which it does several times a
#: request. Python's 5 ms would add up to more than a tile takes.
TURN_S = 0.0001

_heavy = CapacityLimiter(AT_ONCE)
_reading = CapacityLimiter(AT_ONCE)
_beside = CapacityLimiter(AT_ONCE)
_slow = CapacityLimiter(SLOW_AT_ONCE)


def tell_queue(name: str, limiter: CapacityLimiter) -> None:
    """Tell in the metrics how many wait for a place."""
    WAITING.labels(name).set_function(lambda: limiter.statistics().tasks_waiting)


for _name, _limiter in (("bodies", _heavy), ("readings", _reading), ("beside", _beside), ("slow", _slow)):
    tell_queue(_name, _limiter)


def take_short_turns() -> None:
    """Let the event loop of this process wait ``TURN_S`` for a thread, and no longer."""
    sys.setswitchinterval(TURN_S)


def expect_place(limiter: CapacityLimiter, most: int) -> None:
    """Refuse what would wait behind ``most`` others.

    Raises
    ------
    Busy : too many wait
    """
    if limiter.statistics().tasks_waiting >= most:
        raise Busy("Too many wait for such an answer; ask again in a few seconds")


async def off_loop(work: Callable[P, V], *args: P.args, **kwargs: P.kwargs) -> V:
    """Return what ``work`` returns, done in a thread; at most ``AT_ONCE`` of them run at a time.

    Raises
    ------
    Busy : too many wait
    """
    expect_place(_heavy, MOST_WAITING)
    return await to_thread.run_sync(partial(work, *args, **kwargs), limiter=_heavy)


async def prepared(work: Callable[P, V], *args: P.args, **kwargs: P.kwargs) -> V:
    """Return what ``work`` makes of something that was just read, done in a thread.

    Work of ``off_loop`` may wait for a reading, so a reading must not wait for the place of such work.
    """
    return await to_thread.run_sync(partial(work, *args, **kwargs), limiter=_reading)


async def beside(work: Callable[P, V], *args: P.args, **kwargs: P.kwargs) -> V:
    """Return what ``work`` returns, most of which another process does; at most ``AT_ONCE`` at a time."""
    return await to_thread.run_sync(partial(work, *args, **kwargs), limiter=_beside)


async def slowly(work: Callable[P, V], *args: P.args, **kwargs: P.kwargs) -> V:
    """Return what ``work`` returns, done in a thread; at most ``SLOW_AT_ONCE`` of them run at a time.

    Raises
    ------
    Busy : too many wait
    """
    expect_place(_slow, MOST_WAITING_SLOWLY)
    return await to_thread.run_sync(partial(work, *args, **kwargs), limiter=_slow)
