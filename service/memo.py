"""A bounded memory of answers that are costly to get: least recently used go first."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memo(Generic[K, V]):
    """Answers by key, dropped from the least recently used on once their cost passes ``limit``.

    ``fetch`` asks for a missing answer once, however many callers wait for it.
    """

    def __init__(self, limit: int, cost: Callable[[V], int]) -> None:
        self.limit = limit
        self.held = 0
        self._cost = cost
        self._answers: OrderedDict[K, V] = OrderedDict()
        self._under_way: dict[K, asyncio.Future[V]] = {}

    def __len__(self) -> int:
        return len(self._answers)

    def __contains__(self, key: K) -> bool:
        return key in self._answers

    def __getitem__(self, key: K) -> V:
        answer = self._answers[key]
        self._answers.move_to_end(key)
        return answer

    def get(self, key: K) -> V | None:
        """Return the answer when it is held."""
        return self[key] if key in self._answers else None

    def put(self, key: K, answer: V) -> V:
        """Hold an answer and return it."""
        self.drop(key)
        self._answers[key] = answer
        self.held += self._cost(answer)
        while self.held > self.limit and len(self._answers) > 1:
            _, oldest = self._answers.popitem(last=False)
            self.held -= self._cost(oldest)
        return answer

    def drop(self, key: K) -> None:
        """Forget one answer."""
        if key in self._answers:
            self.held -= self._cost(self._answers.pop(key))

    def clear(self) -> None:
        """Forget everything, also what is under way: its asker gets it, nobody else does."""
        self._answers.clear()
        self._under_way.clear()
        self.held = 0

    async def fetch(self, key: K, ask: Callable[[], Awaitable[V]]) -> V:
        """Return the answer, asking for it when it is not held."""
        if key in self._answers:
            return self[key]
        waiting = self._under_way.get(key)
        if waiting is not None:
            return await asyncio.shield(waiting)
        future: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        self._under_way[key] = future
        try:
            answer = await ask()
        except BaseException as error:
            future.set_exception(error if isinstance(error, Exception) else asyncio.CancelledError())
            future.exception()  # seen: nobody else may be waiting for it
            raise
        else:
            future.set_result(answer)
            if self._under_way.get(key) is future:
                self.put(key, answer)
            return answer
        finally:
            if self._under_way.get(key) is future:
                del self._under_way[key]
