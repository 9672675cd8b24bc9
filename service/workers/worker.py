"""One of several serving processes, as ``service.workers.supervisor`` runs it: ``python -m`` this module."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from contextlib import suppress

from sqlalchemy.exc import OperationalError
from uvicorn import Config

from geo.errors import ChiikiError
from service.commands import check_schema, open_connection
from service.server import Server, configuration
from service.settings import Settings
from service.workers.supervisor import BEAT_S, READY, SERVING, STARTING

log = logging.getLogger("chiiki")


class WorkingServer(Server):
    """A server that tells how it is, and ends when nobody listens to that any more.

    Parameters
    ----------
    beats : where it tells it
    is_spare : others serve: it listens when it has read what it serves, and not before
    """

    def __init__(self, config: Config, beats: socket.socket, *, is_spare: bool) -> None:
        super().__init__(config)
        self._beats = beats
        self._is_spare = is_spare

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and tell of it."""
        from service.app import app  # which takes a while; whoever supervises needs none of it

        self._state = app.api.state
        if self._is_spare:
            self._state.first_read_s = None
        self._beats.setblocking(False)
        asyncio.get_running_loop().add_reader(self._beats, self._ask_no_more)
        self._beating = asyncio.create_task(self._beat())
        await super().startup(sockets)
        self._tell()

    async def _beat(self) -> None:
        while True:
            self._tell()
            await asyncio.sleep(BEAT_S)

    def _tell(self) -> None:
        state = STARTING
        if self.started:
            state = READY if self._state.news.has_read.is_set() else SERVING
        with suppress(BlockingIOError, ConnectionError):
            self._beats.send(state)

    def _ask_no_more(self) -> None:
        """End: whoever supervises is gone, for nothing else is ever told this way."""
        asyncio.get_running_loop().remove_reader(self._beats)
        os.kill(os.getpid(), signal.SIGTERM)


def main(is_spare: str, *numbers: str) -> None:
    """Serve on sockets of these numbers, the first of which is the one to tell how it is.

    Whoever supervises may be an older chiiki: what this is called with, and what it tells, stays as it is.
    """
    gc.disable()  # until the application has started: what a start makes stays
    settings = Settings()
    beats, *listeners = (socket.socket(fileno=int(number)) for number in numbers)
    server = WorkingServer(configuration(settings), beats, is_spare=is_spare == "1")
    try:
        with suppress(OperationalError), open_connection(settings) as conn:
            check_schema(conn)  # the program may be newer than the one that supervises
    except ChiikiError as error:
        log.error("%s", error.message)
        sys.exit(1)
    server.run(listeners)


if __name__ == "__main__":
    main(*sys.argv[1:])
