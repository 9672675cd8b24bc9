"""Who is waited for, and whose work is given up."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from service.http.patience import GIVEN_UP, WhileWanted


def ended(headers: list[tuple[bytes, bytes]]) -> str:
    """Return how the work for a request ends whose client leaves."""

    async def main() -> str:
        begun, may_end, ends = asyncio.Event(), asyncio.Event(), []

        async def work(_scope: Scope, _receive: Receive, _send: Send) -> None:
            begun.set()
            try:
                await may_end.wait()
                ends.append("done")
            except asyncio.CancelledError:
                ends.append("given up")
                raise

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        async def send(_message: Message) -> None: ...

        by: list[object] = []
        scope = {"type": "http", "headers": headers, "extensions": {GIVEN_UP: {"by": by}}}
        answering = asyncio.create_task(WhileWanted(work)(scope, receive, send))
        await begun.wait()
        for give_up in by:
            assert callable(give_up)
            give_up()
        may_end.set()
        await answering
        return str(ends[0])

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("header", "end"),
    [(b"accept", "given up"), (b"x-api-key", "done"), (b"authorization", "done")],
)
def test_work_is_given_up_where_it_can_change_nothing(header: bytes, end: str) -> None:
    assert ended([(header, b"x")]) == end
