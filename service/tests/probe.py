"""A child that was taken over: it tries what it must not reach, and tells how each attempt ended."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypedDict

REACHED = "reached"
PTRACE_ATTACH = 16


class Targets(TypedDict):
    """What is tried: a process, files, a folder, sockets."""

    pid: int
    files: list[str]
    folder: str
    tcp: int
    unix: str
    abstract: str


def prepare() -> None:
    """Need nothing."""


def main() -> None:
    """Try everything that standard input names."""
    json.dump(tried(json.loads(sys.stdin.read())), sys.stdout)


def tried(told: Targets) -> dict[str, str]:
    """Return how each attempt ended: reached, or the name of the error."""
    pid = told["pid"]
    attempts: dict[str, Callable[[], object]] = {
        f"read {Path(path).name}": partial(Path(path).read_bytes) for path in told["files"]
    }
    attempts |= {
        "list folder": lambda: os.listdir(told["folder"]),
        "write file": lambda: Path(told["folder"], "left").write_text("left"),
        "change file": lambda: os.chmod(told["files"][0], 0o600),
        "environment of the parent": lambda: Path(f"/proc/{pid}/environ").read_bytes(),
        "memory of the parent": lambda: open(f"/proc/{pid}/mem", "rb").close(),
        "trace the parent": lambda: _ptrace(pid),
        "signal the parent": lambda: os.kill(pid, signal.SIGURG),  # which nobody minds
        "bound the parent": lambda: resource.prlimit(pid, resource.RLIMIT_NOFILE),
        "tcp": lambda: _connect(socket.AF_INET, ("127.0.0.1", told["tcp"])),
        "unix": lambda: _connect(socket.AF_UNIX, told["unix"]),
        "abstract": lambda: _connect(socket.AF_UNIX, "\0" + told["abstract"]),
        "fork": _fork,
        "program": lambda: subprocess.run(["/bin/true"], check=True),
        "open files": _open_files,
    }
    return {name: _outcome(attempt) for name, attempt in attempts.items()}


def _outcome(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return REACHED


def _connect(family: int, address: tuple[str, int] | str) -> None:
    with socket.socket(family) as asked:
        asked.settimeout(5)
        asked.connect(address)


def _ptrace(pid: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(PTRACE_ATTACH, pid, None, None):
        raise OSError(ctypes.get_errno(), "ptrace")
    os.waitpid(pid, 0)
    libc.ptrace(17, pid, None, None)


def _fork() -> None:
    if pid := os.fork():
        os.waitpid(pid, 0)
    else:
        os._exit(0)


def _open_files() -> None:
    """Reach a file that was left open by whoever began this."""
    for number in range(3, 1024):
        try:
            os.fstat(number)
        except OSError as error:
            last = error
        else:
            return
    raise last
