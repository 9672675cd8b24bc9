"""Downloads: built once by a process of their own, kept in a folder of bounded size.

Serving processes share the folder and do not ask each other. A file is written apart and gets its name when
it is whole; whoever answers with it holds it open, so that it stays whole though another process forgets it.
Who writes one holds a lock on its draft; one that nobody holds is of a process that was killed.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import shutil
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from anyio import CancelScope
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from starlette.types import Receive, Scope, Send

from geo.errors import ChiikiError
from service.child import MEGABYTE, Bounds, ChildFailed, ChildKilled, NoRoom, Warm, no_room, own_folder
from service.memory.cache import Busy

#: No download takes as long; one that does is given up.
MOST_S = 120
#: The file is none of what it answers; libraries ask for more addresses than they use.
BOUNDS = Bounds(memory=4 << 30, processor=MOST_S, answer=MEGABYTE, written=2 << 30)
DRAFT = ".draft-"
#: What a file is called; nothing else in the folder is ever forgotten.
NAME = re.compile(r"[0-9a-f]{16}\.[a-z0-9.]+")


#: So many files may be under way; what comes then is told to come again.
MOST_WAITING = 32


class DownloadFailed(ChiikiError):
    """The process that writes a download ended without one."""


class Held:
    """An open file: it stays whole though its name goes."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        #: Closes the file; it closes as well when nothing refers to this any more.
        self.close = weakref.finalize(self, os.close, descriptor)

    def again(self) -> Held:
        """Return the same file, to be closed on its own."""
        return Held(os.dup(self.descriptor))


class HeldFileResponse(FileResponse):
    """An answer with a file that is open, whole or in ranges; the file is closed however the answer ends."""

    def __init__(self, held: Held, media_type: str, headers: Mapping[str, str]) -> None:
        path = f"/proc/self/fd/{held.descriptor}"
        super().__init__(path, media_type=media_type, headers=headers, stat_result=os.fstat(held.descriptor))
        self.held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.held.close()


class _UnderWay(NamedTuple):
    """A file that is being made.

    Attributes
    ----------
    scope : of its making, which ends with the last who waits for it, unless it is being written already
    waiting : who waits for it
    """

    scope: CancelScope
    waiting: list[asyncio.Future[Held]]


class Downloads:
    """The downloads of one serving process; processes on one machine share the folder."""

    def __init__(self, folder: Path, most_mb: int) -> None:
        self.folder = folder
        self.most = most_mb * MEGABYTE
        #: Writes the files; ``prepare`` spares the first one the time in which it starts.
        self.writers = Warm("geo.files.writers", BOUNDS)
        self._writing = asyncio.Semaphore(max(1, (os.cpu_count() or 2) // 2))
        #: by name
        self._under_way: dict[str, _UnderWay] = {}
        self._forget_drafts()

    async def file(self, name: str, told: Any) -> Held:
        """Return the file of a name, open; ``told`` makes what it is written from, where it is not there.

        Parameters
        ----------
        name : stands for all that the file holds
        told : async callable that returns (format, content as JSON)
        """
        path = self.folder / name
        with suppress(FileNotFoundError):
            return await run_in_threadpool(_used, path)
        under_way = self._under_way.get(name)
        if under_way is None or under_way.scope.cancel_called:
            if len(self._under_way) >= MOST_WAITING:
                raise Busy("Too many files are being written; ask again in a few seconds")
            scope = CancelScope()
            task = asyncio.create_task(self._made(path, told, scope))
            under_way = self._under_way[name] = _UnderWay(scope, [])
            task.add_done_callback(partial(self._hand_out, name, under_way))
        waiting: asyncio.Future[Held] = asyncio.get_running_loop().create_future()
        under_way.waiting.append(waiting)
        try:
            return await waiting
        except asyncio.CancelledError:
            if all(one.done() for one in under_way.waiting):
                under_way.scope.cancel()
            raise

    def _hand_out(self, name: str, under_way: _UnderWay, task: asyncio.Task[Held]) -> None:
        """Give the file, or why there is none, to everybody who still waits for it."""
        if self._under_way.get(name) is under_way:
            del self._under_way[name]
        for one in under_way.waiting:
            if one.done():
                continue
            if task.cancelled():
                one.cancel()
            elif error := task.exception():
                one.set_exception(error)
            else:
                one.set_result(task.result().again())
        if not task.cancelled() and task.exception() is None:
            task.result().close()

    async def _made(self, path: Path, told: Any, scope: CancelScope) -> Held:
        with scope:
            kind, content = await told()
            async with self._writing:
                return await run_in_threadpool(self._written, path, kind, content)
        raise asyncio.CancelledError  # nobody is there to hear of it

    def _written(self, path: Path, kind: str, content: dict[str, object]) -> Held:
        try:
            with self._draft() as drafts:
                draft = os.path.join(drafts, f"draft.{kind}")
                body = orjson.dumps({"format": kind, "path": draft, "content": content})
                self.writers.answer_of(body, seconds=MOST_S, folder=drafts)
                written = Held(os.open(draft, os.O_RDONLY))
                os.replace(draft, path)  # of another process's file, which holds the same bytes, at most
        except ChildKilled:
            raise
        except ChildFailed as error:
            raise DownloadFailed(str(error)) from error
        except NoRoom:
            with suppress(OSError):
                self._forget_oldest(path, share=0.5)  # the disk is smaller than it was said to be
            raise
        self._forget_drafts()
        self._forget_oldest(path)
        return written

    @contextmanager
    def _draft(self) -> Iterator[Path]:
        """Give a folder of its own, which also holds what a writer makes beside its file; it is locked."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise no_room(error) from error
        with ExitStack() as stack:
            with _locked(self.folder, fcntl.LOCK_SH):  # nobody takes it for abandoned before it is locked
                drafts = stack.enter_context(own_folder(self.folder, DRAFT))
                stack.enter_context(_locked(drafts, fcntl.LOCK_EX))
            yield drafts

    def _forget_oldest(self, kept: Path, share: float = 1.0) -> None:
        """Remove what was not asked for the longest; other processes may do the same at the same time.

        Parameters
        ----------
        share : of what is there, and of what may be, that stays at most
        """
        files = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    if NAME.fullmatch(entry.name):
                        stat = entry.stat(follow_symlinks=False)
                        files.append((stat.st_atime_ns, stat.st_size, Path(entry.path)))
        total = sum(size for _, size, _ in files)
        most = share * min(total, self.most)
        for _, size, path in sorted(files):
            if total <= most:
                return
            if path != kept:
                path.unlink(missing_ok=True)
                total -= size

    def _forget_drafts(self) -> None:
        """Remove the drafts of processes that were killed; what cannot be removed now is tried again."""
        drafts = list(self.folder.glob(f"{DRAFT}*"))
        at_once = fcntl.LOCK_EX | fcntl.LOCK_NB
        if not drafts:
            return
        with suppress(OSError), _locked(self.folder, at_once):
            for draft in drafts:
                with suppress(OSError), _locked(draft, at_once):
                    shutil.rmtree(draft) if draft.is_dir() else draft.unlink()


@contextmanager
def _locked(path: Path, how: int) -> Iterator[None]:
    """Hold a lock on a file or folder; the system ends it with its holder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


def _used(path: Path) -> Held:
    """Return a file open, and note that it is used now; its time of change stays, for Last-Modified."""
    held = Held(os.open(path, os.O_RDONLY))
    changed = os.fstat(held.descriptor).st_mtime_ns
    with suppress(OSError):  # where nothing may be written any more, it can be read all the same
        os.utime(held.descriptor, ns=(time.time_ns(), changed))
    return held
