"""How long a client may keep the service waiting, and how many connections an address may have.

One look at all connections every now and then counts how long each has kept the service waiting since the
last one; a timer for each request would cost more than a tile does.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter
from dataclasses import dataclass
from typing import Protocol

from anyio import CancelScope
from starlette.types import ASGIApp, Receive, Scope, Send

from service.settings import Settings

#: Of a request's extensions; ``by`` is a list for what gives up the work for it.
GIVEN_UP = "chiiki.given_up"
#: Of a request's extensions, where a proxy that is believed sent it.
BY_PROXY = "chiiki.by_proxy"
#: Without one of them a request changes nothing.
KEYS = (b"x-api-key", b"authorization")
#: What is left of the time that a body or an answer may lag, once the service is to stop.
STOPPING_S = 5.0
#: Between two looks; deadlines are kept to that.
MOST_BETWEEN_S = 1.0
#: An IPv6 client has the rest of the address to itself.
NETWORK_BITS = 64


@dataclass
class Patience:
    """How long a client is waited for.

    Attributes
    ----------
    head_s : for the head of a request
    stall_s : that a body or an answer may lag behind ``floor`` bytes a second
    """

    head_s: float = 10
    stall_s: float = 20
    floor: int = 1024

    def has_lagged(self, waited: float, moved: int) -> bool:
        """Return whether ``moved`` bytes took too long.

        >>> Patience(stall_s=20, floor=1024).has_lagged(21, 0), Patience().has_lagged(21, 4096)
        (True, False)
        """
        return waited > self.stall_s + moved / self.floor


class Proxies(Protocol):
    """Addresses whose connections are many people's."""

    def __contains__(self, address: str | None, /) -> bool:
        """Return whether an address is a proxy's."""


class Waiting(Protocol):
    """A connection that may keep the service waiting."""

    @property
    def client(self) -> tuple[str, int] | None:
        """Address and port of who called."""

    def look(self, seconds: float) -> None:
        """Take note that so much time went by; cut the client off where it kept the service waiting."""


class Watch:
    """Looks after all connections of a serving process."""

    def __init__(self, settings: Settings, proxies: Proxies, loop: asyncio.AbstractEventLoop) -> None:
        self.patience = Patience(settings.head_s, settings.stall_s, settings.floor_bytes_s)
        self.most = settings.connections_per_address
        self._proxies = proxies
        self._loop = loop
        self._between = min(MOST_BETWEEN_S, self.patience.head_s / 4, self.patience.stall_s / 4)
        self._open: set[Waiting] = set()
        self._of: Counter[str] = Counter()
        self._looked = 0.0
        self._next: asyncio.TimerHandle | None = None

    def enter(self, one: Waiting) -> int:
        """Look after a connection from now on; return how many its address has, 0 for a proxy's."""
        self._open.add(one)
        if self._next is None:
            self._looked = self._loop.time()
            self._next = self._loop.call_later(self._between, self._look)
        address = self._address(one)
        if address is None:
            return 0
        self._of[address] += 1
        return self._of[address]

    def leave(self, one: Waiting) -> None:
        """Forget a connection that is no more."""
        self._open.discard(one)
        address = self._address(one)
        if address is not None:
            self._of[address] -= 1
            if not self._of[address]:
                del self._of[address]

    def is_proxy(self, one: Waiting) -> bool:
        """Return whether a connection is that of a proxy, which is believed who called."""
        return (one.client[0] if one.client else None) in self._proxies

    def stop(self) -> None:
        """Wait less long for everybody, because the service is to stop."""
        self.patience.head_s = min(self.patience.head_s, STOPPING_S)
        self.patience.stall_s = min(self.patience.stall_s, STOPPING_S)

    def _address(self, one: Waiting) -> str | None:
        """Return whom a connection counts for; None for a proxy and for a socket of the file system."""
        if one.client is None or one.client[0] in self._proxies:
            return None
        return holder(one.client[0])

    def _look(self) -> None:
        now = self._loop.time()
        # a service that was busy, or a machine that slept, is no fault of clients
        seconds = min(now - self._looked, 2 * self._between)
        self._looked = now
        for one in tuple(self._open):
            one.look(seconds)
        self._next = self._loop.call_later(self._between, self._look) if self._open else None


class WhileWanted:
    """The application, for as long as the client is there; what a thread has begun is done all the same.

    A request with a key may change something, and is never given up.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        given_up = scope.get("extensions", {}).get(GIVEN_UP)
        if given_up is None or any(name in KEYS for name, _ in scope["headers"]):
            await self.app(scope, receive, send)
            return
        with CancelScope() as wanted:
            given_up["by"].append(wanted.cancel)
            await self.app(scope, receive, send)


def holder(address: str) -> str:
    """Return whom an address belongs to: itself, or in IPv6 the network that one customer has.

    >>> holder("192.0.2.7"), holder("::ffff:192.0.2.7"), holder("2001:db8:1:2:3::4")
    ('192.0.2.7', '192.0.2.7', '2001:db8:1:2::/64')
    """
    if ":" not in address:
        return address
    told = ipaddress.IPv6Address(address.partition("%")[0])
    if told.ipv4_mapped is not None:
        return str(told.ipv4_mapped)
    return str(ipaddress.IPv6Network((told, NETWORK_BITS), strict=False))
