"""Work that is done on the event loop once all that it asks for is in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import pytest

from service.memory.cache import MOST_ROUNDS, Needed, settled


def asking(held: dict[str, int], *names: str) -> tuple[Callable[[], int], list[str]]:
    """Return work that sums what is held under these names, and the names that are fetched for it."""
    fetched: list[str] = []

    async def fetch(name: str) -> None:
        fetched.append(name)
        held[name] = len(fetched)

    def work() -> int:
        for name in names:
            if name not in held:
                raise Needed(partial(fetch, name))
        return sum(held[name] for name in names)

    return work, fetched


def test_what_is_held_is_answered_without_fetching() -> None:
    work, fetched = asking({"a": 3, "b": 4}, "a", "b")
    assert asyncio.run(settled(work)) == 7
    assert fetched == []


def test_what_is_missing_is_fetched_one_after_the_other_and_once() -> None:
    work, fetched = asking({"b": 10}, "a", "b", "c", "a")
    assert asyncio.run(settled(work)) == 1 + 10 + 2 + 1
    assert fetched == ["a", "c"]


def test_what_is_fetched_and_never_held_is_told_as_too_little_memory() -> None:
    fetched = []

    async def fetch() -> None:
        fetched.append(1)

    def work() -> int:
        raise Needed(fetch)

    with pytest.raises(RuntimeError, match="CHIIKI_MEMORY_MB is too small"):
        asyncio.run(settled(work))
    assert len(fetched) == MOST_ROUNDS


def test_an_error_of_the_work_or_of_a_fetch_is_passed_on() -> None:
    async def away() -> None:
        raise ConnectionError("away")

    def asks() -> int:
        raise Needed(away)

    def fails() -> int:
        raise KeyError("x")

    with pytest.raises(ConnectionError, match="away"):
        asyncio.run(settled(asks))
    with pytest.raises(KeyError, match="x"):
        asyncio.run(settled(fails))
