"""How uvicorn runs the service."""

from __future__ import annotations

import errno
import gc
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

import uvicorn
from uvicorn.config import STARTUP_FAILURE

from geo.errors import ChiikiError
from service.operations.logs import log_configuration
from service.settings import Settings

BACKLOG = 2048

log = logging.getLogger("chiiki")


class CannotListen(ChiikiError):
    """Nobody can be served where the service was told to listen."""


def configuration(settings: Settings) -> uvicorn.Config:
    """Return how uvicorn serves; where it listens is told it by its sockets."""
    return uvicorn.Config(
        "service.app:app",
        loop="uvloop",
        http="service.http.connections:Connection",
        ws="none",
        lifespan="on",
        backlog=BACKLOG,
        timeout_keep_alive=settings.keep_alive_s,
        timeout_graceful_shutdown=settings.graceful_s,
        server_header=False,
        forwarded_allow_ips=settings.forwarded_allow_ips,
        log_level=settings.log_level,
        log_config=log_configuration(settings.log_level, settings.log_format),
        access_log=False,  # the front door knows more of an answer (service.http.front_door)
    )


class Server(uvicorn.Server):
    """uvicorn's server, which also ends well with what comes at its last moment."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then listen."""
        try:
            await super().startup(sockets)
        except OSError as error:  # another process was quicker since the sockets were bound
            log.error("%s", refusal(error, *(sockets or [])[0].getsockname()[:2]))
            await self.lifespan.shutdown()
            sys.exit(STARTUP_FAILURE)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; a second interrupt ends at once."""
        super().handle_exit(sig, frame)
        if self.force_exit:
            log.warning("ending at once")
            logging.disable()  # what is broken off is no error

    async def _wait_tasks_to_complete(self) -> None:
        for connection in list(self.server_state.connections):
            connection.shutdown()  # those too that were being taken when the others were told
        await super()._wait_tasks_to_complete()


@contextmanager
def listening(host: str, port: int) -> Iterator[list[socket.socket]]:
    """Give sockets bound to a port of every address that a host has; they listen when they are served.

    Raises
    ------
    CannotListen : with what to do about it
    """
    try:
        places = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise CannotListen(
            f"{host} is no host that this machine knows. Choose another address: --host or CHIIKI_HOST; "
            "0.0.0.0 is every one that it has"
        ) from error
    with ExitStack() as opened:
        bound: list[socket.socket] = []
        missing = OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
        for family, kind, protocol, _, address in dict.fromkeys(places):
            one = opened.enter_context(socket.socket(family, kind, protocol))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                one.bind((address[0], port, *address[2:]))
            except OSError as error:
                if error.errno != errno.EADDRNOTAVAIL:  # which is localhost's in IPv6 where that is off
                    raise CannotListen(refusal(error, host, port)) from error
            else:
                bound.append(one)
                port = one.getsockname()[1]
        if not bound:
            raise CannotListen(refusal(missing, host, port))
        yield bound


def refusal(error: OSError, host: str, port: int) -> str:
    """Return in a line why nobody can listen there, and what to do."""
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        return (
            f"{place} is in use: another process listens there (ss -ltnp 'sport = :{port}' tells which). "
            "Stop it, or choose another port: --port or CHIIKI_PORT"
        )
    if error.errno == errno.EACCES:
        return (
            f"{place} is not for this account: ports below 1024 are root's. Choose another port (--port or "
            "CHIIKI_PORT), and let a proxy listen on 80 and 443"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return (
            f"{host} is no address of this machine. Choose another: --host or CHIIKI_HOST; 0.0.0.0 is every "
            "one that it has"
        )
    return f"Nobody can listen on {place}: {error.strerror}"


def hangup() -> Callable[[], bool]:
    """Return what tells, when SIGHUP comes, whether the terminal that this was begun in is gone."""
    had_terminal = os.isatty(0)
    return lambda: had_terminal and not os.isatty(0)


def open_many_files() -> None:
    """Let this process, and those that it begins, have as many connections as the system lets it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def run(settings: Settings, listeners: list[socket.socket]) -> None:
    """Serve in this process until a signal says stop; running requests may finish."""
    gc.disable()  # until the application has started: what a start makes stays
    server, is_left_alone = Server(configuration(settings)), hangup()

    def stay(_number: int, _frame: object) -> None:
        if is_left_alone():
            signal.raise_signal(signal.SIGTERM)
        else:
            log.warning("SIGHUP: nothing is restarted, for one worker serves alone; see --workers")

    signal.signal(signal.SIGHUP, stay)
    try:
        server.run(listeners)
    except KeyboardInterrupt:
        return
    if not server.started:
        sys.exit(STARTUP_FAILURE)
