"""Work of a process of its own: it may fail, be costly or hold Python's lock, and takes nothing with it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Mapping

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
