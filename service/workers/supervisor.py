"""Several serving processes on one port: begun, watched, replaced, and restarted one after the other.

The process that supervises serves nobody. Each worker (``service.workers.worker``) is a program of its own,
which runs the code that is installed when it begins; it tells all the time that its event loop turns, and
whether it is ready. A connection that waits to be taken belongs to no worker: it stays, whatever becomes of
one.
"""

from __future__ import annotations

import logging
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from uvicorn.config import STARTUP_FAILURE

from service.server import configuration, hangup
from service.settings import Settings

#: What a worker tells of itself: it starts; it serves, though it has read nothing yet; it is ready.
STARTING, SERVING, READY = b"0", b"1", b"2"
#: Between two times that it tells it.
BEAT_S = 1.0
#: So long it may be silent before it is taken for dead, and so long at its start, which takes long where the
#: machine is busy.
SILENCE_S, START_S = 60.0, 300.0
#: After ``CHIIKI_GRACEFUL_S`` a worker gets so long to end.
ENDING_S = 4.0
#: Between the starts of workers that end at their start, at most.
LONGEST_WAIT_S = 30.0
LOOK_S = 0.25
STOPS = (signal.SIGINT, signal.SIGTERM)

log = logging.getLogger("chiiki")


class Worker:
    """A serving process.

    Parameters
    ----------
    is_spare : another one serves, so that it need not before it has read what it serves
    """

    def __init__(self, listeners: Sequence[socket.socket], *, is_spare: bool) -> None:
        self._beats, theirs = socket.socketpair()
        self._beats.setblocking(False)
        numbers = [one.fileno() for one in (theirs, *listeners)]
        with theirs:
            words = (str(int(is_spare)), *map(str, numbers))
            self._process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
                [sys.executable, "-P", "-m", "service.workers.worker", *words],
                pass_fds=numbers,
                process_group=0,  # Ctrl-C is for the one who supervises
            )
        self.pid = self._process.pid
        self.begun = self.heard = time.monotonic()
        self.state = STARTING
        #: When it has to be gone, from the time that it was told to stop.
        self.gone_by: float | None = None

    @property
    def is_ready(self) -> bool:
        """Whether it serves all that there is."""
        return self.state == READY

    @property
    def silence_s(self) -> float:
        """How long it may say nothing."""
        return START_S if self.state == STARTING else SILENCE_S

    def hear(self) -> None:
        """Take note of what it has told of itself."""
        with suppress(BlockingIOError, ConnectionError):
            while told := self._beats.recv(64):
                self.heard, self.state = time.monotonic(), told[-1:]

    def ended(self) -> str | None:
        """Return how it ended; None while it runs."""
        code = self._process.poll()
        if code is None:
            return None
        self._beats.close()
        return f"exit code {code}" if code >= 0 else signal.Signals(-code).name

    def leave(self, within_s: float) -> None:
        """Let it answer what it was asked, and end."""
        self.hear()
        self.gone_by = time.monotonic() + within_s
        if self.state == STARTING:  # nobody is served, and nothing is left to do
            self.kill()
        else:
            self._process.terminate()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()


class Supervisor:
    """Keeps so many workers.

    Parameters
    ----------
    listeners : bound sockets, which the workers share
    """

    def __init__(self, settings: Settings, listeners: Sequence[socket.socket], count: int) -> None:
        self._listeners = listeners
        self._count = count
        self._leaving_s = settings.graceful_s + ENDING_S
        self._workers: list[Worker] = []
        #: Those that a restart is still to replace, in this order.
        self._old: list[Worker] = []
        #: Whether a worker was ever ready.
        self._has_served = False
        #: Workers that ended at their start, one after another, and when the next may begin.
        self._failures, self._not_before = 0, 0.0
        self._is_stopping = False
        self._code = 0
        self._is_left_alone = hangup()

    def run(self) -> int:
        """Supervise until a signal says stop; return the exit code that this process should have."""
        with _signals(signal.SIGHUP, signal.SIGCHLD, *STOPS) as came:
            while self._workers or not self._is_stopping:
                if not self._is_stopping:
                    self._keep()
                for number in came():
                    self._obey(number)
                for worker in tuple(self._workers):
                    self._look(worker)
        return self._code

    def _obey(self, number: int) -> None:
        if self._is_stopping:
            if number == signal.SIGINT:
                log.warning("ending at once")
                for worker in self._workers:
                    worker.kill()
        elif number == signal.SIGHUP and not self._is_left_alone():
            log.info("restarting %d workers, one after the other", self._count)
            self._old = [worker for worker in self._workers if worker.gone_by is None]
            self._failures, self._not_before = 0, 0.0
        elif number != signal.SIGCHLD:
            self._stop(128 + signal.SIGTERM if number == signal.SIGTERM else 0)

    def _stop(self, code: int) -> None:
        self._is_stopping, self._code = True, code
        for one in self._listeners:
            one.close()
        for worker in self._workers:
            worker.leave(self._leaving_s)

    def _keep(self) -> None:
        """Begin a worker where one is missing, or let the next old one go where a new one is ready."""
        if time.monotonic() < self._not_before:
            return
        standing = [worker for worker in self._workers if worker.gone_by is None]
        new = [worker for worker in standing if worker not in self._old]
        may_replace = bool(self._old) and len(standing) == len(self._workers)
        if len(standing) < self._count or (may_replace and len(standing) == self._count):
            is_spare = any(worker.is_ready for worker in standing)
            self._workers.append(Worker(self._listeners, is_spare=is_spare))
        elif may_replace and all(worker.is_ready for worker in new):
            self._old.pop(0).leave(self._leaving_s)
            if not self._old:
                log.info("all workers are new")

    def _look(self, worker: Worker) -> None:
        was_ready = worker.is_ready
        worker.hear()
        if worker.is_ready and not was_ready:
            log.info("worker %d is ready", worker.pid)
            self._has_served, self._failures = True, 0
        now, how = time.monotonic(), worker.ended()
        if how is not None:
            self._workers.remove(worker)
            if worker in self._old:
                self._old.remove(worker)
            if worker.gone_by is None:
                self._miss(worker, how)
        elif worker.gone_by is not None:
            if now > worker.gone_by:
                log.error("worker %d does not end: killed", worker.pid)
                worker.gone_by = now + self._leaving_s
                worker.kill()
        elif now > worker.heard + worker.silence_s:
            log.error("worker %d has been silent for %.0f s: killed", worker.pid, worker.silence_s)
            worker.kill()
        elif self._old and worker not in self._old and not worker.is_ready and now > worker.begun + START_S:
            log.error("worker %d was not ready in %.0f s: killed", worker.pid, START_S)
            worker.gone_by = now
            worker.kill()
            self._stay()

    def _miss(self, worker: Worker, how: str) -> None:
        """Tell that a worker ended which was not told to, and when another begins."""
        if worker.state != STARTING:
            log.error("worker %d ended (%s); another begins", worker.pid, how)
            return
        if not self._has_served:
            log.error("worker %d ended at its start (%s), and so does the service", worker.pid, how)
            self._stop(STARTUP_FAILURE)
            return
        wait = min(2.0**self._failures, LONGEST_WAIT_S)
        self._failures, self._not_before = self._failures + 1, time.monotonic() + wait
        log.error("worker %d ended at its start (%s); another begins in %.0f s", worker.pid, how, wait)
        self._stay()

    def _stay(self) -> None:
        """Give up a restart."""
        if self._old:
            log.error("not restarted: the workers that were there before serve on")
            self._old.clear()


def supervise(settings: Settings, listeners: Sequence[socket.socket], count: int) -> None:
    """Serve in ``count`` processes until a signal says stop; running requests may finish."""
    configuration(settings)  # which sets the log up
    if code := Supervisor(settings, listeners, count).run():
        raise SystemExit(code)


@contextmanager
def _signals(*wanted: signal.Signals) -> Iterator[Callable[[], bytes]]:
    """Give what waits a little for signals and returns their numbers; handlers are as before afterwards."""
    mine, theirs = socket.socketpair()
    with mine, theirs:
        mine.setblocking(False)
        theirs.setblocking(False)
        woken = signal.set_wakeup_fd(theirs.fileno())
        handlers = {number: signal.signal(number, lambda *_told: None) for number in wanted}

        def came() -> bytes:
            select.select([mine], [], [], LOOK_S)
            with suppress(BlockingIOError):
                return mine.recv(64)
            return b""

        try:
            yield came
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(woken)
