"""Who is let in: so many at a time, and so many a minute of each address and key.

What is at hand (``service.http.front_door``, ``service.http.responses``) costs next to nothing and is never
refused. All else belongs to a lane by what it costs. Where a lane is full, whoever comes next is told so at
once (503): to wait would take longer than to ask again, and those who wait would take the time of those who
are served. One address has at most half of a lane, and where it asks for more than its share of a minute it
is told so too (429). A connection that was refused rests for a moment.

A place in a lane is held from the end of the request until its answer begins: neither who sends slowly nor
who reads slowly takes one from the others.
"""

from __future__ import annotations

import asyncio
import math
import random
import re
import time
from collections import Counter, OrderedDict
from collections.abc import Hashable
from functools import lru_cache, partial
from itertools import islice

from fastapi import Request
from prometheus_client import Gauge
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from geo.errors import ChiikiError
from service.http.counting import ALWAYS, READING
from service.http.patience import holder
from service.http.problems import TooManyRequests, refusal
from service.memory.cache import Busy
from service.settings import Settings

WINDOW_S = 60
REST_S = 1.0
#: Half of what a request waits for its turn at the database before it is given up.
LATE_S = 0.5
#: So many addresses are known at a time; who asked the longest ago is forgotten.
MOST_KNOWN = 10_000
MOST_OF_HOST = 64
#: What takes tenths of a second: files, pictures, pages as PDF, what is worked out for one who asks.
HEAVY = re.compile(
    r"/v1/layers/[^/]+/(?:download\.\w+|map\.(?:png|svg)|spatial\.json)"
    r"|/v1/areas/[^/]+/profile\.pdf"
    r"|/v1/strategy/[^/]+\.png"
    r"|/v1/measures/[^/]+/effect(?:\.csv)?"
    r"|/v1/transport-gap/(?:scenario|[^/]+/(?:bands|cells\.geojson))"
    r"|/v1/(?:correlation|stops\.geojson|deployments\.xlsx)"
    r"|/ogc/joins"
)

#: Scripts and styles: a browser does not ask again for one that was refused, and its page stays empty.
FILES = "/assets/"

RUNNING = Gauge("chiiki_requests_running", "Requests that are being answered and were not at hand", ["lane"])
PLACES = Gauge("chiiki_requests_places", "Requests that a lane has places for", ["lane"])


class Lane:
    """Requests that cost about the same.

    Parameters
    ----------
    most : at a time
    per_minute : of each address and key; 0 for any number
    late_s : where one has waited for so long, an eighth of the places is as many as can be served in time; to
        let in more would make all of them wait until their time is over
    """

    def __init__(self, name: str, most: int, per_minute: int, late_s: float = math.inf) -> None:
        self.name = name
        self.most = most
        self.most_of_one = (most + 1) // 2
        self.most_late = (most + 7) // 8
        self.per_minute = per_minute
        self.late_s = late_s
        #: place → since when, the one that was taken first before the others
        self._begun: dict[Place, float] = {}
        #: address → how many of those are its own
        self._running_of: Counter[Hashable] = Counter()
        #: who → when all that they asked for would have been asked for at the rate that they may (GCRA)
        self._paid: OrderedDict[Hashable, float] = OrderedDict()
        RUNNING.labels(name).set_function(lambda: self.running)
        PLACES.labels(name).set(most)

    @property
    def running(self) -> int:
        """How many are answered."""
        return len(self._begun)

    def is_full(self, address: Hashable) -> bool:
        """Return whether no more are let in of an address."""
        if self.running >= self.most or self._running_of[address] >= self.most_of_one:
            return True
        if self.running < self.most_late or self.late_s == math.inf:
            return False
        return time.monotonic() - next(iter(self._begun.values())) > self.late_s

    def take(self, place: Place, address: Hashable) -> None:
        """Count one who is answered from now on."""
        self._begun[place] = time.monotonic()
        self._running_of[address] += 1

    def leave(self, place: Place, address: Hashable) -> None:
        """Count one who is answered no more."""
        del self._begun[place]
        self._running_of[address] -= 1
        if not self._running_of[address]:
            del self._running_of[address]

    @property
    def policy(self) -> str:
        """What one may ask for, as the field ``RateLimit-Policy`` has it."""
        return f'"{self.name}";q={self.per_minute};w={WINDOW_S}'

    def counted(self, *who: Hashable) -> float:
        """Count a request of somebody.

        Returns
        -------
        Seconds until they may ask again; 0 where this one is let in. What is refused is not counted.
        """
        if not self.per_minute:
            return 0.0
        now, each = time.monotonic(), WINDOW_S / self.per_minute
        paid = [max(self._paid.get(one, now), now) + each for one in who]
        late = max(paid) - now - WINDOW_S
        if late > 0:
            return late
        for one, until in zip(who, paid, strict=True):
            self._paid[one] = until
            self._paid.move_to_end(one)
        while len(self._paid) > MOST_KNOWN:
            self._paid.popitem(last=False)
        return 0.0

    def refused(self, address: Hashable, *keys: Hashable) -> ChiikiError | None:
        """Return what to tell somebody who is not let in; None where they are, and are counted."""
        if self.is_full(address):
            return Busy("Too many requests are being answered; ask again in a few seconds")
        wait = self.counted(address, *keys)
        if not wait:
            return None
        seconds = math.ceil(wait)
        headers = {
            "Retry-After": str(seconds),
            "RateLimit-Policy": self.policy,
            "RateLimit": f'"{self.name}";r=0;t={seconds}',
        }
        told = f"More than {self.per_minute} requests a minute; ask again in {seconds} s"
        return TooManyRequests(told, headers)


class Lanes:
    """The lanes of a process."""

    def __init__(self, settings: Settings) -> None:
        self.reads = Lane("reads", settings.most_reads, settings.reads_per_minute, LATE_S)
        self.files = Lane("files", settings.most_reads, settings.reads_per_minute)
        self.heavy = Lane("heavy", settings.most_heavy, settings.heavy_per_minute)
        self.writes = Lane("writes", settings.most_writes, settings.writes_per_minute)

    def of(self, method: str, path: str) -> Lane | None:
        """Return the lane of a request; None for what is always answered."""
        if HEAVY.fullmatch(path):
            return self.heavy
        if method in READING:
            return None if path in ALWAYS else self.files if path.startswith(FILES) else self.reads
        return self.writes


class Admission:
    """The application, for those who are let in."""

    def __init__(self, app: ASGIApp, lanes: Lanes) -> None:
        self.app = app
        self.lanes = lanes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        lane = self.lanes.of(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if lane is None:
            await self.app(scope, receive, send)
            return
        who = asking(scope, with_key=lane is self.lanes.writes)
        refused = lane.refused(*who)
        if refused is not None:
            await refusal(Request(scope), refused)(scope, receive, partial(_slowly, send))
            return
        place = Place(lane, who[0])
        if scope["method"] in READING:
            place.take()

        async def received() -> Message:
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body", False):
                place.take()
            return message

        async def sent(message: Message) -> None:
            place.leave()
            await send(message)

        try:
            await self.app(scope, receive if place.is_taken else received, sent)
        finally:
            place.leave()


async def _slowly(send: Send, message: Message) -> None:
    """Send a refusal at once, and let the connection rest before its next request is read.

    A thousand clients that ask again at once would take all the time of the event loop for refusals; so they
    would if all asked again in the same moment.
    """
    if message["type"] != "http.response.body":
        await send(message)
        return
    await send({**message, "more_body": True})  # its length was told: to the client it is complete
    await asyncio.sleep(random.uniform(0.5, 1.5) * REST_S)  # noqa: S311 (nobody gains by guessing it)
    await send({"type": "http.response.body", "body": b""})


class Place:
    """A place of an address in a lane, which is taken once and left once."""

    def __init__(self, lane: Lane, address: Hashable) -> None:
        self._lane = lane
        self._address = address
        self.is_taken = False
        self._is_left = False

    def __enter__(self) -> None:
        self.take()

    def __exit__(self, *_raised: object) -> None:
        self.leave()

    def take(self) -> None:
        """Be one of those who are answered."""
        if not self.is_taken and not self._is_left:
            self.is_taken = True
            self._lane.take(self, self._address)

    def leave(self) -> None:
        """Be no more one of them."""
        if self.is_taken and not self._is_left:
            self._lane.leave(self, self._address)
        self._is_left = True


def asking(scope: Scope, *, with_key: bool = False) -> tuple[Hashable, ...]:
    """Return who asks: the address, and after it the key that they show.

    The key itself is not kept, and a false one gives nobody another share: the address has its own.
    """
    client = scope.get("client")
    address = _holder(client[0]) if client else ""
    if not with_key:
        return (address,)
    shown = (hash(line) for line in scope["headers"] if line[0] in (b"x-api-key", b"authorization"))
    return address, *islice(shown, 1)


@lru_cache(maxsize=4096)
def _holder(host: str) -> str:
    """Return whom an address belongs to; what a proxy tells need not be one."""
    try:
        return holder(host)
    except ValueError:
        return host[:MOST_OF_HOST]
