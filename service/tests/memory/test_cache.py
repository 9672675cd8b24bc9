"""The memory of a process: what is asked once, what makes room, what an error leaves."""

from __future__ import annotations

import asyncio
import threading

import pytest

from service.memory.cache import (
    LARGEST_SHARE,
    MOST_WAITING_SLOWLY,
    OVERHEAD,
    Busy,
    Memory,
    Shelf,
    digest,
    slowly,
)

ROOM = 10 * (1000 + OVERHEAD)


def shelf_of(memory: Memory, name: str = "texts") -> Shelf[bytes]:
    return memory.shelf(name, len)


def test_the_least_recently_used_goes_first_whatever_shelf_it_stands_on() -> None:
    memory = Memory(4 * (1000 + OVERHEAD))
    texts, tiles = shelf_of(memory), shelf_of(memory, "tiles")
    texts.put("a", bytes(1000))
    tiles.put("a", bytes(1000))
    texts.put("b", bytes(1000))
    texts.put("c", bytes(1000))
    assert texts.get("a") is not None
    texts.put("d", bytes(1000))
    assert tiles.get("a") is None
    assert [texts.get(key) is not None for key in "abcd"] == [True, True, True, True]


def test_answers_asked_once_do_not_push_out_what_is_asked_again() -> None:
    memory = Memory(ROOM)
    texts = shelf_of(memory)
    for number in range(5):
        texts.put(f"again {number}", bytes(1000))
        assert texts.get(f"again {number}") is not None
    for number in range(1000):
        texts.put(f"once {number}", bytes(number % 3 * 700))
        assert memory.held <= memory.limit
    assert [texts.get(f"again {number}") is not None for number in range(5)] == [True] * 5


def test_what_is_asked_again_makes_room_for_what_is_asked_again_later() -> None:
    memory = Memory(ROOM)
    texts = shelf_of(memory)
    for number in range(30):
        texts.put(number, bytes(1000))
        texts.get(number)
    kept = [number for number in range(30) if texts.get(number) is not None]
    assert 7 <= len(kept) <= 10
    assert kept[-7:] == list(range(23, 30))
    assert memory.held == sum(memory.held_by.values()) <= memory.limit


def test_what_is_held_never_passes_the_budget() -> None:
    memory = Memory(ROOM)
    texts = shelf_of(memory)
    for number in range(200):
        texts.put(number, bytes(number % 7 * 300))
        assert memory.held <= memory.limit
    assert memory.held == sum(memory.held_by.values())
    assert 0 < len(memory) < 200


def test_an_answer_larger_than_its_share_of_the_budget_pushes_out_nothing() -> None:
    memory = Memory(ROOM)
    texts = shelf_of(memory)
    texts.put("small", bytes(1000))
    texts.put("large", bytes(ROOM // LARGEST_SHARE + 1))
    assert (texts.get("small"), texts.get("large")) == (bytes(1000), None)


def test_the_same_key_again_replaces_and_is_counted_once() -> None:
    memory = Memory(ROOM)
    texts = shelf_of(memory)
    texts.put("a", bytes(1000))
    texts.put("a", bytes(10))
    assert (memory.held, memory.held_by["texts"]) == (10 + OVERHEAD, 10 + OVERHEAD)
    texts.drop("a")
    assert (memory.held, len(memory)) == (0, 0)


def test_many_who_wait_ask_once() -> None:
    async def main() -> None:
        texts = shelf_of(Memory(ROOM))
        asked = []
        may_answer = asyncio.Event()

        async def ask() -> bytes:
            asked.append(1)
            await may_answer.wait()
            return b"7"

        waiting = [asyncio.create_task(texts.fetch("a", ask)) for _ in range(5)]
        may_answer.set()
        assert await asyncio.gather(*waiting) == [b"7"] * 5
        assert asked == [1]

    asyncio.run(main())


def test_a_caller_who_goes_away_does_not_take_the_answer_from_the_others() -> None:
    async def main() -> None:
        texts = shelf_of(Memory(ROOM))
        may_answer = asyncio.Event()

        async def ask() -> bytes:
            await may_answer.wait()
            return b"7"

        first, second = (asyncio.create_task(texts.fetch("a", ask)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        may_answer.set()
        assert await second == b"7"
        assert texts.get("a") == b"7"

    asyncio.run(main())


def test_what_nobody_waits_for_any_more_is_given_up_and_asked_for_anew() -> None:
    async def main() -> None:
        texts = shelf_of(Memory(ROOM))
        began, ended = asyncio.Event(), asyncio.Event()

        async def ask() -> bytes:
            assert not began.is_set()
            began.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
            return b"never"

        async def answer() -> bytes:
            return b"7"

        waiting = [asyncio.create_task(texts.fetch("a", ask)) for _ in range(2)]
        await began.wait()
        waiting[0].cancel()
        await asyncio.gather(waiting[0], return_exceptions=True)
        assert not ended.is_set()
        waiting[1].cancel()
        await ended.wait()
        assert await texts.fetch("a", answer) == b"7"
        assert texts.get("a") == b"7"

    asyncio.run(main())


def test_more_than_may_wait_are_refused_and_the_places_of_those_who_leave_are_free() -> None:
    async def main() -> None:
        may_end = threading.Event()
        try:
            waiting = [asyncio.create_task(slowly(may_end.wait)) for _ in range(1 + MOST_WAITING_SLOWLY)]
            await asyncio.gather(*(asyncio.sleep(0) for _ in range(20)))
            with pytest.raises(Busy):
                await slowly(int)
            waiting.pop().cancel()
            waiting.append(asyncio.create_task(slowly(may_end.wait)))
        finally:
            may_end.set()
        assert await asyncio.gather(*waiting) == [True] * (1 + MOST_WAITING_SLOWLY)

    asyncio.run(main())


def test_an_error_reaches_everyone_and_is_not_kept() -> None:
    async def main() -> None:
        texts = shelf_of(Memory(ROOM))
        may_fail = asyncio.Event()

        async def fail() -> bytes:
            await may_fail.wait()
            raise ValueError("away")

        async def answer() -> bytes:
            return b"7"

        waiting = [asyncio.create_task(texts.fetch("a", fail)) for _ in range(3)]
        may_fail.set()
        found = await asyncio.gather(*waiting, return_exceptions=True)
        assert [str(error) for error in found] == ["away"] * 3
        assert await texts.fetch("a", answer) == b"7"

    asyncio.run(main())


@pytest.mark.parametrize("threads", [4])
def test_threads_that_use_it_at_once_leave_its_count_right(threads: int) -> None:
    memory = Memory(ROOM)
    texts = shelf_of(memory)

    def use(seed: int) -> None:
        for number in range(2000):
            key = (number * seed) % 97
            if texts.get(key) is None:
                texts.put(key, bytes(key * 10))

    working = [threading.Thread(target=use, args=(seed,)) for seed in range(1, threads + 1)]
    for one in working:
        one.start()
    for one in working:
        one.join()
    assert memory.held == sum(memory.held_by.values()) <= memory.limit


def test_a_state_is_another_for_other_numbers_and_the_same_for_the_same() -> None:
    assert digest(["a", 1]) == digest(["a", 1])
    assert len({digest(*state) for state in (["a", 1], ["a", 2], ["b", 1], [["a", 1]])}) == 4
