"""The bounded memory: what is asked once, what is dropped, what an error leaves."""

from __future__ import annotations

import asyncio

import pytest

from service.memo import Memo


def test_the_least_recently_used_goes_first() -> None:
    memo: Memo[str, int] = Memo(3, lambda cost: cost)
    memo.put("a", 1)
    memo.put("b", 1)
    memo.put("c", 1)
    assert memo.get("a") == 1
    memo.put("d", 1)
    assert [key in memo for key in "abcd"] == [True, False, True, True]
    assert memo.held == 3


def test_an_answer_dearer_than_the_limit_is_held_alone() -> None:
    memo: Memo[str, int] = Memo(3, lambda cost: cost)
    memo.put("a", 1)
    memo.put("b", 9)
    assert [key in memo for key in "ab"] == [False, True]


def test_many_who_wait_ask_once() -> None:
    async def main() -> None:
        memo: Memo[str, int] = Memo(3, lambda _answer: 1)
        asked = []
        may_answer = asyncio.Event()

        async def ask() -> int:
            asked.append(1)
            await may_answer.wait()
            return 7

        waiting = [asyncio.create_task(memo.fetch("a", ask)) for _ in range(5)]
        may_answer.set()
        assert await asyncio.gather(*waiting) == [7] * 5
        assert asked == [1]

    asyncio.run(main())


def test_an_error_reaches_everyone_and_is_not_kept() -> None:
    async def main() -> None:
        memo: Memo[str, int] = Memo(3, lambda _answer: 1)
        may_fail = asyncio.Event()

        async def fail() -> int:
            await may_fail.wait()
            raise ValueError("away")

        async def answer() -> int:
            return 7

        waiting = [asyncio.create_task(memo.fetch("a", fail)) for _ in range(3)]
        may_fail.set()
        found = await asyncio.gather(*waiting, return_exceptions=True)
        assert [str(error) for error in found] == ["away"] * 3
        assert await memo.fetch("a", answer) == 7

    asyncio.run(main())


def test_what_was_under_way_when_all_was_forgotten_is_not_kept() -> None:
    async def main() -> None:
        memo: Memo[str, int] = Memo(3, lambda _answer: 1)
        may_answer = asyncio.Event()

        async def ask() -> int:
            await may_answer.wait()
            return 7

        waiting = asyncio.create_task(memo.fetch("a", ask))
        await asyncio.sleep(0)
        memo.clear()
        may_answer.set()
        assert await waiting == 7
        assert "a" not in memo

    asyncio.run(main())


def test_none_is_an_answer_too() -> None:
    memo: Memo[str, None] = Memo(3, lambda _answer: 1)
    memo.put("a", None)
    assert "a" in memo
    with pytest.raises(KeyError):
        memo["b"]
