"""What requests hold: bounded together, and given back."""

from __future__ import annotations

import asyncio
from threading import Event

import pytest
from anyio import wait_all_tasks_blocked
from pydantic import BaseModel, ConfigDict

from geo.errors import InvalidFile, InvalidParameter
from service.http.bodies import Place, Room, read_as
from service.memory.cache import Busy


def test_all_requests_together_hold_no_more_than_there_is_room_for() -> None:
    room = Room(most_waiting=1, most_bytes=100)
    first, second = Place(room), Place(room)
    first.take(60)
    second.take(40)
    with pytest.raises(Busy):
        second.take(1)
    first.leave()
    second.take(60)
    second.leave()
    second.leave()
    assert room.held == 0


def test_who_comes_when_too_many_wait_is_told_so_at_once() -> None:
    async def work() -> list[int | str]:
        room, go = Room(most_waiting=2, most_bytes=1), Event()

        def slow(number: int) -> int:
            go.wait()
            return number

        started = [asyncio.ensure_future(room.in_turn(slow, number)) for number in range(3)]
        await wait_all_tasks_blocked()
        assert room.waiting == 2
        with pytest.raises(Busy):
            room.refuse_full()
        with pytest.raises(Busy):
            await room.in_turn(slow, 3)
        go.set()
        return [*await asyncio.gather(*started)]

    assert asyncio.run(work()) == [0, 1, 2]


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    n: int


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = ""
    inner: list[Inner] = []
    only: Inner | None = None


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ('{"nam":"a"}', ["nam"]),
        ('{"inner":[{"n":1},{"m":1}]}', ["inner.1.m"]),
        ('{"only":{"n":1,"m":[1]}}', ["only.m"]),
        ('{"inner":[{"n":"x"},{}]}', ["inner.0.n", "inner.1.n"]),
        ("[]", [""]),
    ],
)
def test_what_a_body_has_and_its_form_has_not_is_told_with_its_place(body: str, fields: list[str]) -> None:
    with pytest.raises(InvalidParameter) as refused:
        read_as(Outer, body.encode())
    assert [one.field for one in refused.value.findings] == fields


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 40 + b"]" * 40, b'{"name":"\\ud800"}'])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidFile):
        read_as(Outer, body)


def test_a_body_is_read_in_its_form() -> None:
    assert read_as(Outer, b'{"name":"a","inner":[{"n":1}]}') == Outer(name="a", inner=[Inner(n=1)])
