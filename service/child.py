"""Work of a process of its own: it may fail, be costly or taken over, and takes nothing with it.

A child sees neither the environment, the files, the network nor the other processes of whoever began it
(``service.confinement``), and has bounds of time, memory and of what it writes.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from prometheus_client import Counter, Gauge

from geo.errors import ChiikiError
from service import confinement
from service.settings import Settings

#: No secret of the service, no path of the user's; threads that compute nothing are not begun.
ENVIRONMENT = {
    "LANG": "C.UTF-8",
    # what is free goes back to the system at once
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
MEGABYTE = 1 << 20
#: Of what a child says of a fault, so much is taken and so much told.
MOST_SAID, MOST_TOLD = 64 << 10, 2000
#: So often it is looked what a child has written into its folder.
LOOK_S = 0.25
MOST_FILES_OPEN = 64
#: What a file system says that is full, or where nothing may be written.
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES})
#: What is said by those who hear of it from another library, and how little is left then.
_IS_FULL = ("No space left", "disk is full", "Disk quota exceeded")
LITTLE_ROOM = 1 * MEGABYTE


ENDED = Counter("chiiki_children", "Processes that read, drew or wrote something, by result", ["result"])
AT_WORK = Gauge("chiiki_children_running", "Processes that read, draw or write something")


class ChildFailed(Exception):
    """The process ended without an answer, or was given up; the text is the last that it wrote."""


class ChildKilled(ChildFailed):
    """Somebody killed the process: the system for want of memory, a bound of its time, an operator."""


class NoRoom(ChiikiError):
    """A file cannot be written where it has to be: the disk is full, or nothing may be written there."""


class NotShutIn(ChiikiError):
    """A machine cannot shut a child in, and ``CHIIKI_REQUIRE_SANDBOX`` says that it must."""


@contextmanager
def own_folder(parent: Path | None = None, prefix: str = "chiiki-") -> Iterator[Path]:
    """Give a folder of one's own, and take it away with all that is in it afterwards.

    Parameters
    ----------
    parent : where it is made; None: where temporary files are

    Raises
    ------
    NoRoom : it cannot be made, or what was to be written there had no room
    """
    try:
        made = TemporaryDirectory(prefix=prefix, dir=parent)
    except OSError as error:
        raise no_room(error) from error
    with made as name:
        try:
            yield Path(name)
        except OSError as error:
            if error.errno in NO_ROOM:
                raise no_room(error) from error
            raise
        except ChildFailed as error:
            if shutil.disk_usage(name).free < LITTLE_ROOM or any(told in str(error) for told in _IS_FULL):
                raise no_room(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))) from error
            raise


def no_room(error: OSError) -> NoRoom:
    """Return what to tell of a file that could not be written; where that is, is nobody's business."""
    return NoRoom(f"The service can write no file at the moment ({error.strerror})")


@dataclass(frozen=True)
class Bounds:
    """How much a child may take.

    Attributes
    ----------
    memory : bytes of its address space
    processor : seconds of a core
    answer : bytes that it answers
    written : bytes of a file that it writes, and of all files in the folder that is made for it
    """

    memory: int = 1 << 30
    processor: int = 20
    answer: int = 20 * MEGABYTE
    written: int = 16 * MEGABYTE

    def order(
        self, seconds: float, reads: Sequence[Path] = (), folder: Path | None = None
    ) -> confinement.Order:
        """Return what a child with these bounds is bound to; ``folder`` is handed over to it."""
        user = confinement.user_for(str(folder or ""))
        if folder is not None and user is not None:
            for path in (folder, *folder.iterdir()):
                os.chown(path, user, user)
        limits = {
            resource.RLIMIT_AS: self.memory,
            resource.RLIMIT_CPU: self.processor,
            resource.RLIMIT_FSIZE: max(self.answer, self.written),
            resource.RLIMIT_NOFILE: MOST_FILES_OPEN,
            resource.RLIMIT_CORE: 0,
        }
        return {
            "seconds": seconds,
            "limits": {str(kind): most for kind, most in limits.items()},
            "reads": [str(path.resolve()) for path in reads],
            "folder": str(folder or ""),
            "user": user,
            "strict": _is_strict(),
        }


def answer_of(
    module: str,
    *words: str,
    given: bytes = b"",
    handed: Sequence[Path] = (),
    seconds: float,
    bounds: Bounds,
    reads: Sequence[Path] = (),
) -> bytes:
    """Return what the ``main`` of one of our modules writes to standard output.

    Parameters
    ----------
    words : that it is called with
    given : on its standard input
    handed : files of which it gets copies, side by side; the path of the first is the last of its words
    seconds : after which it and what it began is killed
    reads : files and folders that it may read besides its program

    Raises
    ------
    ChildFailed : it ended with a fault or was killed
    NoRoom : what it was to be handed, or to write, had no room
    NotShutIn : a wall does not stand that must
    """
    confinement.keep_to_itself()
    with (
        _counted(),
        own_folder() as folder,
        _memory(given) as question,
        _memory(most=bounds.answer) as answer,
        _memory(most=MOST_SAID) as said,
    ):
        copies = [str(shutil.copyfile(file, folder / file.name)) for file in handed]
        words = (*words, *copies[:1])
        order = json.dumps(bounds.order(seconds, reads, folder))
        child = subprocess.Popen(  # noqa: S603 (our own interpreter and module; a person's text is no option)
            [sys.executable, "-I", "-m", "service.confinement", module, order, *words],
            stdin=question,
            stdout=answer,
            stderr=said,
            env=ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        )
        try:
            _wait(child, seconds, folder, bounds)
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        _check(child.returncode, said)
        return _written(answer)


@contextmanager
def _counted() -> Iterator[None]:
    """Count a child that works meanwhile, and what becomes of it."""
    AT_WORK.inc()
    result = "failed"
    try:
        yield
        result = "answered"
    finally:
        AT_WORK.dec()
        ENDED.labels(result).inc()


def _wait(child: subprocess.Popen[bytes], seconds: float, folder: Path, bounds: Bounds) -> None:
    """Return when a child has ended; ChildFailed where it has taken too much."""
    watch = os.pidfd_open(child.pid)
    try:
        ended = select.poll()
        ended.register(watch, select.POLLIN)
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if ended.poll(1000 * min(left, LOOK_S)):
                return
            if _size(folder) > bounds.written:
                raise ChildFailed(f"It wrote more than {bounds.written / MEGABYTE:g} MiB")
    finally:
        os.close(watch)
    raise ChildFailed(f"It took more than {seconds:g} s")


def _size(folder: Path) -> int:
    """Return the bytes of all files in a folder, while they come and go."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += os.lstat(os.path.join(parent, name)).st_size
    return total


def _check(code: int, said: int) -> None:
    if code == confinement.NOT_SHUT_IN:
        raise NotShutIn(_written(said).decode(errors="replace")[-MOST_TOLD:].strip())
    if code:
        text = _written(said).decode(errors="replace")[-MOST_TOLD:]
        kind = ChildKilled if code == -signal.SIGKILL else ChildFailed
        raise kind(text or f"It ended with {code}")


@cache
def _is_strict() -> bool:
    return Settings().require_sandbox


@cache
def walls() -> tuple[str, ...]:
    """Return which of ``confinement.WALLS`` stand around children on this machine.

    Raises
    ------
    NotShutIn : one that is needed does not, where that is not allowed
    """
    told = answer_of("", seconds=60, bounds=Bounds())
    return tuple(json.loads(told))


class Warm:
    """Answers of one of our modules by processes that have imported it already (``service.forks``).

    The module has ``prepare``, which imports what it works with, and ``main``. Each answer is made in a fork
    of its own, with limits of its own. One process waits between answers, for some time; more begin only
    while more answers are made at once.
    """

    def __init__(self, module: str, bounds: Bounds) -> None:
        self.module = module
        self.bounds = bounds
        self._lock = threading.Lock()
        self._waiting: _Template | None = None

    def prepare(self) -> None:
        """Begin a process for the next answer, where none waits for it."""
        self._keep(self._taken() or _Template(self.module))

    def close(self) -> None:
        """End the process that waits."""
        if template := self._taken():
            template.end()

    def answer_of(self, given: bytes, *, seconds: float, folder: Path | None = None) -> bytes:
        """Return what the module writes to standard output, as the function ``answer_of`` does.

        Parameters
        ----------
        folder : where it may write, and what it is asked for may be read
        """
        confinement.keep_to_itself()
        order = json.dumps(self.bounds.order(seconds, folder=folder)).encode()
        template = self._taken() or _Template(self.module)
        with (
            _counted(),
            _memory(given) as question,
            _memory(most=self.bounds.answer) as answer,
            _memory(most=MOST_SAID) as said,
        ):
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
                raise ChildKilled("It ended without an answer")
            self._keep(template)
            _check(code, said)
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
                cwd="/",
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
def _memory(content: bytes = b"", most: int = 0) -> Iterator[int]:
    """Give a file in memory, to be read from its start, or to be written to up to a number of bytes."""
    file = os.memfd_create("chiiki", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        if most:
            os.ftruncate(file, most)  # takes no memory before it is written to
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
        else:
            with os.fdopen(os.dup(file), "wb") as opened:
                opened.write(content)
            os.lseek(file, 0, os.SEEK_SET)
        yield file
    finally:
        os.close(file)


def _written(file: int) -> bytes:
    """Return what was written to a file of ``_memory``: up to where its writer stands."""
    size = os.lseek(file, 0, os.SEEK_CUR)
    with os.fdopen(os.dup(file), "rb") as opened:
        opened.seek(0)
        return opened.read(size)
