"""Work that would hold up the event loop: in threads of its own, few at a time, so that tiles never wait.

A thread does not make Python faster: it lets the loop answer in between. More of them at once would only make
the loop wait longer for its turn, and would share the pool that everything else needs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

P = ParamSpec("P")
T = TypeVar("T")

#: What takes more than about 5 ms and is asked for all the time: bodies, tables, profiles.
AT_ONCE = max(1, (os.cpu_count() or 2) // 2)
#: What takes a second and is asked for now and then: a scenario, an effect. It must not hold up the others.
SLOW_AT_ONCE = 1

#: So long a thread may hold the interpreter while the event loop waits for it, which it does several times a
#: request. Python's 5 ms would add up to more than a tile takes.
TURN_S = 0.0001

_heavy = CapacityLimiter(AT_ONCE)
_reading = CapacityLimiter(AT_ONCE)
_beside = CapacityLimiter(AT_ONCE)
_slow = CapacityLimiter(SLOW_AT_ONCE)


def take_short_turns() -> None:
    """Let the event loop of this process wait ``TURN_S`` for a thread, and no longer."""
    sys.setswitchinterval(TURN_S)


async def off_loop(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what ``work`` returns, done in a thread; at most ``AT_ONCE`` of them run at a time."""
    return await to_thread.run_sync(partial(work, *args, **kwargs), limiter=_heavy)


async def prepared(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what ``work`` makes of something that was just read, done in a thread.

    Work of ``off_loop`` may wait for a reading, so a reading must not wait for the place of such work.
    """
    return await to_thread.run_sync(partial(work, *args, **kwargs), limiter=_reading)


async def beside(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what ``work`` returns, most of which another process does; at most ``AT_ONCE`` at a time."""
    return await to_thread.run_sync(partial(work, *args, **kwargs), limiter=_beside)


async def slowly(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what ``work`` returns, done in a thread; at most ``SLOW_AT_ONCE`` of them run at a time."""
    return await to_thread.run_sync(partial(work, *args, **kwargs), limiter=_slow)
