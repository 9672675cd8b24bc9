"""Whether the database answers: asked all the time, so that no request has to wait to find out.

A server that was stopped, or whose machine or network went away, closes nothing: whoever asked it would
wait for ever, since it is the server that ends statements which take too long. So one connection asks it a
few times a second. Where no answer comes within ``CHIIKI_ANSWER_TIMEOUT_S``, every connection of this process
is cut, which ends every wait at once, in the loop and in threads, and none is opened until it answers again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from threading import Lock
from typing import Any
from weakref import WeakSet

import psycopg
from prometheus_client import Gauge

BEAT_S, LONGEST_WAIT_S = 0.25, 1.0
#: An event loop that is held up gets so many more turns to read what has come before it is taken for missing.
GRACE_TURNS, GRACE_S = 5, 0.05

UP = Gauge("chiiki_database_up", "Whether the database answered when it was asked last")

log = logging.getLogger("chiiki")

#: Opens the connection on which the database is asked.
Connect = Callable[[], Awaitable[psycopg.AsyncConnection[Any]]]


class Pulse:
    """The state of the database, kept by a task; until that runs the database counts as there.

    Parameters
    ----------
    answers_s : seconds within which an answer has to come
    """

    def __init__(self, answers_s: float) -> None:
        self.answers_s = answers_s
        self.is_lost = False
        self._back = asyncio.Event()
        self._own: psycopg.AsyncConnection[Any] | None = None
        self._open: WeakSet[psycopg.BaseConnection[Any]] = WeakSet()
        self._opening = Lock()  # writers connect in threads

    def check(self) -> None:
        """Refuse where the database does not answer.

        Raises
        ------
        psycopg.OperationalError
        """
        if self.is_lost:
            raise psycopg.OperationalError("the database does not answer")

    def watch(self, connection: psycopg.BaseConnection[Any]) -> None:
        """Cut this connection too where the database does not answer."""
        with self._opening:
            self._open.add(connection)

    async def opened(
        self, connect: Callable[..., Awaitable[psycopg.AsyncConnection[Any]]], *args: Any, **kwargs: Any
    ) -> psycopg.AsyncConnection[Any]:
        """Return what ``connect`` opens, as soon as every other wait.

        Raises
        ------
        psycopg.OperationalError : it does not answer
        """
        self.check()
        try:
            async with asyncio.timeout(self.answers_s):
                connection = await connect(*args, **kwargs)
        except TimeoutError:
            raise psycopg.OperationalError("the database does not take a connection") from None
        self.watch(connection)
        return connection

    async def wait(self, seconds: float) -> None:
        """Return after so many seconds, or as soon as the database is back."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._back.wait() if self.is_lost else asyncio.sleep(seconds), seconds)

    async def run(self, connect: Connect) -> None:
        """Ask until cancelled."""
        wait = BEAT_S
        try:
            while True:
                if await self._beats(connect):
                    self._found()
                    wait = BEAT_S
                else:
                    self._lose()
                    wait = min(2 * wait, LONGEST_WAIT_S)
                await asyncio.sleep(wait)
        finally:
            if self._own is not None:
                await self._own.close()

    async def _beats(self, connect: Connect) -> bool:
        """Return whether it answers; where the connection was closed meanwhile, on another one."""
        while True:
            was_open = self._own is not None
            asked = asyncio.ensure_future(self._ask(connect))
            done, _ = await asyncio.wait([asked], timeout=self.answers_s)
            for _ in range(GRACE_TURNS):
                if not done:
                    done, _ = await asyncio.wait([asked], timeout=GRACE_S)
            if not done:
                asked.add_done_callback(_seen)
                if self._own is None:
                    asked.cancel()
                else:
                    _cut(self._own)  # to cancel a statement is to ask the server
                self._own = None
                return False
            if asked.exception() is None:
                return True
            self._own = None
            if not was_open:
                return False

    async def _ask(self, connect: Connect) -> None:
        if self._own is None:
            self._own = await connect()
        await self._own.execute("select 1")

    def _found(self) -> None:
        UP.set(1)
        if self.is_lost:
            self.is_lost = False
            log.info("the database answers again")
        self._back.set()

    def _lose(self) -> None:
        UP.set(0)
        if not self.is_lost:
            log.warning("the database does not answer; what is in memory is served")
        self.is_lost = True
        self._back.clear()
        with self._opening:
            cut = list(self._open)
            self._open.clear()
        for connection in cut:
            _cut(connection)


def _cut(connection: psycopg.BaseConnection[Any]) -> None:
    """End a connection as if its server had: whoever waits for it is told so, and closes it."""
    with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(connection.fileno())) as other_end:
        other_end.shutdown(socket.SHUT_RDWR)


def _seen(asked: asyncio.Future[None]) -> None:
    if not asked.cancelled():
        asked.exception()
