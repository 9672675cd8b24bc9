"""Who heavy analysis is shared out to: the workers of a Dask scheduler; without them this process does it.

What is shared out are plain functions of arrays that draw no chance of their own, so who does what, and when,
makes no difference to what comes out. A worker that dies is no matter: what it had is done again by another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from platform import machine
from typing import TYPE_CHECKING, Any, Protocol

from geo.errors import Finding, InvalidParameter, NotFound

if TYPE_CHECKING:
    from distributed import Client

#: Seconds in which a scheduler has to answer.
ANSWERS_S = 10
#: A function and what it is given.
Job = tuple[Callable[..., Any], *tuple[Any, ...]]


class Promised(Protocol):
    """What somebody works out."""

    def result(self) -> Any:
        """Return it once it is there; what was raised there is raised here."""
        ...


class Crew(Protocol):
    """Those who work things out."""

    @property
    def at_once(self) -> int:
        """How many things are handed out before the first is waited for."""
        ...

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Promised:
        """Have a function called; what is promised may be among its arguments, and in dicts of them."""
        ...


class _Dask:
    """The workers of a Dask scheduler."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def at_once(self) -> int:
        """Twice as many things as there are threads: no thread waits for the next."""
        threads: dict[str, int] = self._client.nthreads()  # type: ignore[no-untyped-call]  # Dask is not typed
        return max(2, 2 * sum(threads.values()))

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Promised:
        """Have a function called by a worker."""
        promised: Promised = self._client.submit(function, *arguments, pure=False)
        return promised


@contextmanager
def crew_of(address: str | None) -> Iterator[Crew | None]:
    """Give the workers of a Dask scheduler, or None for no address.

    Raises
    ------
    NotFound : Dask is not installed, nothing answers at the address, or no worker has come to it
    InvalidParameter : a worker is of another edition, and could come to other results
    """
    if not address:
        yield None
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise NotFound("Dask is not installed: pip install 'chiiki[dask]'") from error
    try:
        client = Client(address, timeout=ANSWERS_S)  # type: ignore[no-untyped-call]  # Dask is not typed
    except (OSError, TimeoutError, ValueError) as error:
        raise NotFound(f"No Dask scheduler answers at {address}: {error}") from error
    with client:
        _refuse_others(client, address)
        yield _Dask(client)


def _refuse_others(client: Client, address: str) -> None:
    try:
        editions: dict[str, str] = client.run(edition)
    except ImportError as error:
        raise NotFound(f"Workers of {address} have no chiiki: {error}") from error
    if not editions:
        raise NotFound(f"No worker has come to the Dask scheduler at {address}: dask worker {address}")
    own = edition()
    findings = [
        Finding(worker, "edition", told, own) for worker, told in sorted(editions.items()) if told != own
    ]
    if findings:
        raise InvalidParameter("Workers of another edition could come to other results", findings)


def edition() -> str:
    """Return what results depend on to the last bit: code, libraries, and the kind of processor."""
    from service.memory.cache import code_version

    return f"{code_version()[:16]}, numpy {version('numpy')}, scipy {version('scipy')}, {machine()}"


def answers(crew: Crew | None, jobs: Iterable[Job]) -> Iterator[Any]:
    """Give what the jobs come to, in their order.

    They are made as they are handed out, so many at once as the crew takes: of a nation of jobs, and of what
    they come to, only those are held. Without a crew they are done here, one after another.
    """
    waiting: deque[Promised] = deque()
    for function, *arguments in jobs:
        if crew is None:
            yield function(*arguments)
            continue
        waiting.append(crew.submit(function, *arguments))
        if len(waiting) >= crew.at_once:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
