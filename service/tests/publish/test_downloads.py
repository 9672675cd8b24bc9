from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import Popen

import pytest

from geo.files.formats import FORMATS
from service.memory.cache import Busy
from service.publish.downloads import (
    DRAFT,
    MOST_WAITING,
    NAME,
    DownloadFailed,
    Downloads,
    Held,
)

MEGABYTE = 1 << 20


async def table(rows: int = 1) -> tuple[str, dict[str, object]]:
    """Return what a CSV file is written from."""
    columns = {"n": list(range(rows))}
    return "csv", {"columns": columns, "outlines": [], "places": [], "metadata": {}, "name": "n"}


def read(held: Held) -> bytes:
    with open(f"/proc/self/fd/{held.descriptor}", "rb") as opened:
        return opened.read()


def open_files(folder: Path) -> list[str]:
    """Return the files of a folder that this process has open."""
    found = []
    for one in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(os.readlink(one))
    return [name for name in found if name.startswith(str(folder))]


def kept(folder: Path, number: int, size: int, used: float) -> Path:
    """Return a file of a past download, last used so many seconds ago."""
    path = folder / f"{number:016x}.csv"
    path.write_bytes(b"x" * size)
    at = time.time() - used
    os.utime(path, (at, at))
    return path


def draft(folder: Path, name: str) -> Path:
    """Return what a process that was killed while it wrote leaves behind."""
    left = folder / f"{DRAFT}{name}"
    left.mkdir(parents=True)
    (left / "draft.gpkg").write_bytes(b"half")
    (left / "draft.gpkg-journal").write_bytes(b"a journal")
    return left


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let a process that writes there hold its draft meanwhile."""
    command = [sys.executable, "-c", LOCK, str(path)]
    with Popen(command, stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield
        process.communicate("\n")


LOCK = """
import fcntl, os, sys
fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.readline()
"""


def test_a_file_is_written_once_and_whoever_asks_holds_it(tmp_path: Path) -> None:
    asked, begun = [], asyncio.Event()

    async def told() -> tuple[str, dict[str, object]]:
        asked.append(1)
        begun.set()
        return await table(3)

    async def ask() -> list[Held]:
        downloads = Downloads(tmp_path, 1)
        leaving = asyncio.create_task(downloads.file("a" * 16 + ".csv", told))
        first = asyncio.gather(*(downloads.file("a" * 16 + ".csv", told) for _ in range(5)))
        await begun.wait()
        leaving.cancel()
        return [*await first, await downloads.file("a" * 16 + ".csv", told)]

    held = asyncio.run(ask())
    assert len(asked) == 1
    assert len(open_files(tmp_path)) == 6
    (tmp_path / ("a" * 16 + ".csv")).unlink()
    assert [read(one) for one in held] == [b"n\r\n0\r\n1\r\n2\r\n"] * 6
    assert len({one.descriptor for one in held}) == 6
    for one in held:
        one.close()
        one.close()  # a second time does no harm
    assert open_files(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_nobody_waits_for_any_more_is_not_begun(tmp_path: Path) -> None:
    told: list[str] = []

    async def ask() -> None:
        downloads, may_tell, begun = Downloads(tmp_path, 1), asyncio.Event(), asyncio.Semaphore(0)

        def content(name: str) -> Callable[[], Awaitable[tuple[str, dict[str, object]]]]:
            async def waited() -> tuple[str, dict[str, object]]:
                begun.release()
                await may_tell.wait()
                told.append(name)
                return await table()

            return waited

        names = [f"{number:016x}.csv" for number in range(MOST_WAITING)]
        asking = [asyncio.create_task(downloads.file(name, content(name))) for name in names]
        for _ in names:
            await begun.acquire()
        with pytest.raises(Busy):
            await downloads.file("f" * 16 + ".csv", table)
        for one in asking[1:]:
            one.cancel()
        await asyncio.gather(*asking[1:], return_exceptions=True)
        may_tell.set()
        (await asking[0]).close()
        (await downloads.file("f" * 16 + ".csv", table)).close()

    asyncio.run(ask())
    assert told == ["0" * 16 + ".csv"]
    assert {one.name for one in tmp_path.iterdir()} == {*told, "f" * 16 + ".csv"}


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    async def told() -> tuple[str, dict[str, object]]:
        return "csv", {"columns": {}, "outlines": ["no geometry"], "places": [], "metadata": {}, "name": "n"}

    async def ask() -> None:
        await Downloads(tmp_path, 1).file("a" * 16 + ".csv", told)

    with pytest.raises(DownloadFailed):
        asyncio.run(ask())
    assert open_files(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_what_was_not_asked_for_the_longest_goes_first(tmp_path: Path) -> None:
    oldest, older, old = (kept(tmp_path, n, MEGABYTE // 2, 300 - n) for n in range(3))
    strange = tmp_path / "notes.txt"
    strange.write_bytes(b"x" * 2 * MEGABYTE)
    os.utime(strange, (1, 1))

    async def ask() -> None:
        downloads = Downloads(tmp_path, 1)
        await downloads.file(oldest.name, table)  # used now
        await downloads.file("a" * 16 + ".csv", table)

    asyncio.run(ask())
    assert {one.name for one in tmp_path.iterdir()} == {oldest.name, "a" * 16 + ".csv", "notes.txt"}
    assert not older.exists()
    assert not old.exists()


def test_a_use_does_not_change_when_a_file_was_made(tmp_path: Path) -> None:
    path = kept(tmp_path, 1, 10, 300)
    made = path.stat().st_mtime_ns
    asyncio.run(Downloads(tmp_path, 1).file(path.name, table))
    assert path.stat().st_mtime_ns == made
    assert path.stat().st_atime > time.time() - 100


def test_the_drafts_of_killed_processes_go_at_the_start(tmp_path: Path) -> None:
    left, held = draft(tmp_path, "left"), draft(tmp_path, "held")
    os.utime(held, (1, 1))  # whatever a clock says
    before = tmp_path / f"{DRAFT}before.gpkg-journal"  # as versions before wrote them
    before.write_bytes(b"a journal")
    with locked(held):
        Downloads(tmp_path, 1)
        assert [left.exists(), before.exists(), held.exists()] == [False, False, True]
    Downloads(tmp_path, 1)
    assert not held.exists()
    Downloads(tmp_path / "not there yet", 1)


def test_the_drafts_of_killed_processes_go_when_a_file_is_written(tmp_path: Path) -> None:
    downloads = Downloads(tmp_path, 1)
    left, held = draft(tmp_path, "left"), draft(tmp_path, "held")
    with locked(held):
        asyncio.run(downloads.file("a" * 16 + ".csv", table))
        assert [left.exists(), held.exists()] == [False, True]


FORGET = """
import asyncio, sys
from pathlib import Path
from service.publish.downloads import Downloads

downloads = Downloads(Path(sys.argv[1]), 1)
print("ready", flush=True)
sys.stdin.readline()
downloads._forget_oldest(Path("none"))
"""


def test_processes_forget_the_same_files_at_the_same_time(tmp_path: Path) -> None:
    for number in range(4000):
        kept(tmp_path, number, 512, 5000 - number)
    command = [sys.executable, "-c", FORGET, str(tmp_path)]
    processes = [Popen(command, stdin=-1, stdout=-1, stderr=-1, text=True) for _ in range(4)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda process: process.communicate("\n", timeout=60), processes))
    assert [process.returncode for process in processes] == [0] * 4, ended
    assert sorted(int(one.stem, 16) for one in tmp_path.iterdir()) == list(range(4000 - 2048, 4000))


@pytest.mark.parametrize("suffix", [*FORMATS, "geojson.7z"])
def test_a_file_of_every_format_can_be_forgotten(suffix: str) -> None:
    assert NAME.fullmatch(f"{0:016x}.{suffix}")
