"""One memory for all that a process holds: a budget in bytes, and what was not used the longest goes first.

What was asked for once goes before what was asked for again (a segmented LRU): a stranger who asks for one
large answer after another pushes out those answers, not the tiles that everybody looks at.

What is held stands under a key that names the state of the data it was made from. So nothing is ever taken
back: after news the same thing is asked for under another key, and the old one falls out by age.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from threading import Lock
from typing import Any, Generic, TypeVar

V = TypeVar("V")

#: What the bookkeeping of one answer takes.
OVERHEAD = 400
#: A single answer larger than this share of the budget would push out everything else.
LARGEST_SHARE = 4
#: What was asked for again may fill so much of the budget; beyond it, the oldest counts as asked for once.
AGAIN_SHARE = 0.75


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
        self._under_way: dict[Hashable, asyncio.Task[V]] = {}

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

        It is asked for in a task of its own: a caller who goes away does not take it from the others.
        """
        found = self.get(key)
        if found is not None:
            return found
        asking = self._under_way.get(key)
        if asking is None:
            asking = self._under_way[key] = asyncio.ensure_future(self._asked(key, ask))
            asking.add_done_callback(_seen)
        return await asyncio.shield(asking)

    async def _asked(self, key: Hashable, ask: Callable[[], Awaitable[V]]) -> V:
        try:
            return self.put(key, await ask())
        finally:
            del self._under_way[key]


def _seen(asked: asyncio.Future[Any]) -> None:
    """Take note of an error that nobody waits for any more."""
    if not asked.cancelled():
        asked.exception()
