"""Work of a process of its own: it may fail, be costly or hold Python's lock, and takes nothing with it."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

#: No secret of the service, no path of the user's; threads that compute nothing are not begun.
ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PATH": "/usr/bin:/bin",
    # what is free goes back to the system at once
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "1",
    "OPENBLAS_NUM_THREADS": "1",
}

Limits = Mapping[int, int]


class ChildFailed(Exception):
    """The process ended without an answer, or was given up; the text is the last that it wrote."""


def answer_of(
    module: str, *words: str, given: bytes = b"", seconds: float, limits: Limits | None = None
) -> bytes:
    """Return what one of our modules writes to standard output.

    Parameters
    ----------
    given : on its standard input
    seconds : after which it and what it began is killed
    limits : of ``resource``, set before it is given anything

    Raises
    ------
    ChildFailed : it ended with a fault or was killed
    """
    child = subprocess.Popen(  # noqa: S603 (our own interpreter and module; a person's text is no option)
        [sys.executable, "-I", "-m", module, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
        start_new_session=True,
    )
    for kind, limit in (limits or {}).items():
        resource.prlimit(child.pid, kind, (limit, limit))
    try:
        answer, said = child.communicate(given, timeout=seconds)
    except BaseException as error:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise ChildFailed(f"It took more than {seconds:g} s") from None
        raise
    if child.returncode:
        raise ChildFailed(said.decode(errors="replace")[-2000:] or f"It ended with {child.returncode}")
    return answer


class Warm:
    """Answers of one of our modules by processes that have imported it already (``service.forks``).

    The module has ``prepare``, which imports what it works with, and ``main``. Each answer is made in a fork
    of its own, with limits of its own. One process waits between answers, for some time; more begin only
    while more answers are made at once.
    """

    def __init__(self, module: str, limits: Limits | None = None) -> None:
        self.module = module
        self.limits = dict(limits or {})
        self._lock = threading.Lock()
        self._waiting: _Template | None = None

    def prepare(self) -> None:
        """Begin a process for the next answer, where none waits for it."""
        self._keep(self._taken() or _Template(self.module))

    def close(self) -> None:
        """End the process that waits."""
        if template := self._taken():
            template.end()

    def answer_of(self, given: bytes, *, seconds: float) -> bytes:
        """Return what the module writes to standard output, as the function ``answer_of`` does."""
        order = json.dumps({"seconds": seconds, "limits": self.limits}).encode()
        template = self._taken() or _Template(self.module)
        with _memory(given) as question, _memory() as answer, _memory() as said:
            files = (question, answer, said)
            try:
                code = template.ended(order, files, seconds)
                if code is None:  # it ended before it was asked
                    template.end()
                    template = _Template(self.module)
                    code = template.ended(order, files, seconds)
            except BaseException as error:
                template.end()
                if isinstance(error, TimeoutError):
                    raise ChildFailed(f"It took more than {seconds:g} s") from None
                raise
            if code is None:
                template.end()
                raise ChildFailed("It ended without an answer")
            self._keep(template)
            if code:
                text = _written(said).decode(errors="replace")[-2000:]
                raise ChildFailed(text or f"It ended with {code}")
            return _written(answer)

    def _taken(self) -> _Template | None:
        with self._lock:
            template, self._waiting = self._waiting, None
        if template is not None and not template.runs:
            template.end()
            return None
        return template

    def _keep(self, template: _Template) -> None:
        with self._lock:
            if self._waiting is None:
                self._waiting = template
                return
        template.end()


class _Template:
    """A process of ``service.forks``; it ends with this object at the latest."""

    def __init__(self, module: str) -> None:
        self._asked, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 (our own interpreter and modules)
                [sys.executable, "-I", "-m", "service.forks", module],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=ENVIRONMENT,
                start_new_session=True,
            )
        #: Ends the process and what it began.
        self.end = weakref.finalize(self, _end, self._process, self._asked)

    @property
    def runs(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def ended(self, order: bytes, files: tuple[int, int, int], seconds: float) -> int | None:
        """Return how a fork that works on these files ended; None where the process is no more.

        Raises
        ------
        TimeoutError : it takes longer
        """
        self._asked.settimeout(seconds)
        with suppress(ConnectionError):
            socket.send_fds(self._asked, [order], files)
            if code := self._asked.recv(16):
                return int(code)
        return None


def _end(process: subprocess.Popen[bytes], asked: socket.socket) -> None:
    asked.close()
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def _memory(content: bytes = b"") -> Iterator[int]:
    """Give a file in memory, to be read from its start."""
    file = os.memfd_create("chiiki")
    try:
        with os.fdopen(os.dup(file), "wb") as opened:
            opened.write(content)
        os.lseek(file, 0, os.SEEK_SET)
        yield file
    finally:
        os.close(file)


def _written(file: int) -> bytes:
    os.lseek(file, 0, os.SEEK_SET)
    with os.fdopen(os.dup(file), "rb") as opened:
        return opened.read()
