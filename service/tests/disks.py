"""Disks as small as a test wants them, and full when it says so."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

FILLER = "filler"


@contextmanager
def small_disk(folder: Path, kilobytes: int, mode: int = 0o755) -> Iterator[Path]:
    """Let a folder be a disk of its own (in memory) meanwhile; who may not mount one skips the test."""
    if os.geteuid() or shutil.which("mount") is None:
        pytest.skip("a small disk can be mounted by root alone")
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={kilobytes}k,mode={mode:o}"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, left: int = 0) -> None:
    """Take all room of a disk but so many bytes."""
    with open(folder / FILLER, "ab", buffering=0) as filler:
        while (room := shutil.disk_usage(folder).free - left) > 0:
            try:
                filler.write(bytes(min(room, 1 << 20)))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                return


def make_room(folder: Path) -> None:
    """Give back what was taken."""
    with suppress(FileNotFoundError):
        (folder / FILLER).unlink()


def others(folder: Path) -> list[str]:
    """Return what else is in a folder and below."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.name != FILLER)
