"""Requests that arrive at a constant rate, whatever the server does.

Each has its planned time, and its latency counts from it. A client that waits for an answer before it asks
again asks a slow server less often, and does not see what others would have waited.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import uvloop

#: Connections open at once; what finds none free waits, and its waiting counts.
MOST_OPEN = 64
LEAD_S, PATIENCE_S = 0.3, 30
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Arrivals:
    """What came of the requests.

    Attributes
    ----------
    latencies : milliseconds from the planned time to the end of the answer
    failed : how many were refused, or had no answer at all
    """

    latencies: list[float] = field(default_factory=list)
    failed: int = 0


@dataclass
class _Server:
    host: str
    port: int
    idle: list[Connection] = field(default_factory=list)

    async def status(self, request: bytes) -> int:
        """Return the status of the answer, once all of it has come; on a connection that is open already."""
        while self.idle:
            try:
                return await self._asked(self.idle.pop(), request)
            except (ConnectionError, asyncio.IncompleteReadError):
                continue  # the server had closed what was idle for long
        return await self._asked(await asyncio.open_connection(self.host, self.port), request)

    async def _asked(self, connection: Connection, request: bytes) -> int:
        reader, writer = connection
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            await reader.readexactly(int(length[1]) if length else 0)
        except BaseException:
            writer.close()
            raise
        self.idle.append(connection)
        return int(head[9:12])


def arrivals(host: str, port: int, paths: Sequence[str], per_second: float) -> Arrivals:
    """Ask for ``paths``, one after another at a constant rate, and return what came of it."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_all(_Server(host, port), [_written(path) for path in paths], per_second))


def _written(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: gzip\r\n\r\n".encode()


async def _all(server: _Server, requests: Sequence[bytes], per_second: float) -> Arrivals:
    arrived, places = Arrivals(), asyncio.Semaphore(MOST_OPEN)
    begun = time.monotonic() + LEAD_S  # the loop's own clock tells whole milliseconds

    async def one(request: bytes, planned: float) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S), places:
                arrived.failed += await server.status(request) >= 400
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            arrived.failed += 1
        arrived.latencies.append((time.monotonic() - planned) * 1e3)

    async with asyncio.TaskGroup() as tasks:
        for place, request in enumerate(requests):
            planned = begun + place / per_second
            await asyncio.sleep(planned - time.monotonic())
            tasks.create_task(one(request, planned))
    for _, writer in server.idle:
        writer.close()
    return arrived
