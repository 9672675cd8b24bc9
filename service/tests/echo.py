"""A module for warm processes: it does what standard input says."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from itertools import count
from pathlib import Path

SEEN: list[bytes] = []


def prepare() -> None:
    """Need nothing."""


def main() -> None:
    """Answer what was asked."""
    word, _, rest = sys.stdin.buffer.read().partition(b" ")
    answers[word.decode()](rest)


def _remember(_: bytes) -> None:
    sys.stdout.write(f"{os.getpid()} {os.getppid()} {len(SEEN)}")
    SEEN.append(b"")


def _echo(rest: bytes) -> None:
    sys.stdout.buffer.write(rest)


def _environment(_: bytes) -> None:
    sys.stdout.write(" ".join(os.environ))


def _parent(_: bytes) -> None:
    sys.stdout.write(str(os.getppid()))


def _fail(_: bytes) -> None:
    raise ValueError("it failed")


def _kill(_: bytes) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _exit(_: bytes) -> None:
    raise SystemExit(3)


def _hold(_: bytes) -> None:
    bytearray(1 << 30)


def _flood(_: bytes) -> None:
    while True:
        sys.stdout.buffer.write(b"x" * (1 << 16))


def _fill(_: bytes) -> None:
    for number in count():
        Path(tempfile.gettempdir(), str(number)).write_bytes(bytes(1 << 20))
        if number == 63:
            signal.pause()


def _forever(_: bytes) -> None:
    Path(tempfile.gettempdir(), "pid").write_text(str(os.getpid()))
    signal.pause()


answers = {
    "remember": _remember,
    "echo": _echo,
    "environment": _environment,
    "parent": _parent,
    "fail": _fail,
    "kill": _kill,
    "exit": _exit,
    "forever": _forever,
    "hold": _hold,
    "flood": _flood,
    "fill": _fill,
}
