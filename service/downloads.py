"""Downloads: built once by a process of their own, kept in a folder of bounded size."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from tempfile import mkstemp
from typing import Any

import orjson
from fastapi.concurrency import run_in_threadpool

from geo.errors import ChiikiError

MEGABYTE = 1 << 20
#: No download takes as long; one that does is given up.
MOST_S = 120
ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PATH": "/usr/bin:/bin",
    # what is free goes back to the system at once, and threads that write nothing are not begun
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


class DownloadFailed(ChiikiError):
    """The process that writes a download ended without one."""


class Downloads:
    """The downloads of one serving process; processes on one machine share the folder."""

    def __init__(self, folder: Path, most_mb: int) -> None:
        self.folder = folder
        self.most = most_mb * MEGABYTE
        self._writing = asyncio.Semaphore(max(1, (os.cpu_count() or 2) // 2))
        self._under_way: dict[str, asyncio.Task[Path]] = {}

    async def file(self, name: str, told: Any) -> Path:
        """Return the file of a name; ``told`` makes what it is written from, where it is not there.

        Parameters
        ----------
        name : stands for all that the file holds
        told : async callable that returns (format, content as JSON)
        """
        path = self.folder / name
        if path.is_file():
            await run_in_threadpool(os.utime, path)  # used now: it goes last
            return path
        if name not in self._under_way:
            task = asyncio.create_task(self._made(path, told))
            self._under_way[name] = task
            task.add_done_callback(lambda _done: self._under_way.pop(name, None))
        return await asyncio.shield(self._under_way[name])

    async def _made(self, path: Path, told: Any) -> Path:
        kind, content = await told()
        async with self._writing:
            return await run_in_threadpool(self._written, path, kind, content)

    def _written(self, path: Path, kind: str, content: dict[str, object]) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, draft = mkstemp(dir=self.folder, prefix=".draft-", suffix=f".{kind}")
        os.close(handle)
        os.unlink(draft)  # GDAL makes the file itself
        try:
            body = orjson.dumps({"format": kind, "path": draft, "content": content})
            done = subprocess.run(
                [sys.executable, "-I", "-m", "geo.downloads"],
                input=body,
                stderr=subprocess.PIPE,
                env=ENVIRONMENT,
                timeout=MOST_S,
                check=False,
            )
            if done.returncode:
                raise DownloadFailed(done.stderr.decode(errors="replace")[-2000:])
            os.replace(draft, path)  # a reader sees the whole file or none
        finally:
            Path(draft).unlink(missing_ok=True)
        self._forget_oldest(path)
        return path

    def _forget_oldest(self, kept: Path) -> None:
        files = [(one, one.stat()) for one in self.folder.iterdir() if not one.name.startswith(".")]
        held = sum(stat.st_size for _, stat in files)
        for one, stat in sorted(files, key=lambda pair: pair[1].st_mtime):
            if held <= self.most or one == kept:
                return
            one.unlink(missing_ok=True)
            held -= stat.st_size
