"""How an answer leaves: encoding, strong ETag, 304, caching. One function for every format.

What a route answers with ``kept`` follows from data, address and a few headers alone. Asked for again while
no subject has another number, it is the same answer, and ``AtHand`` sends it before its route is looked for:
its headers are remembered beside its body, which is held under its ETag. The way through the routes takes
several times as long as the rest.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import math
import re
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, TypeVar
from urllib.parse import quote

import orjson
from fastapi import Query, Request
from fastapi.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from geo.text import inert
from service.http.addresses import base_of
from service.memory.cache import digest, off_loop

if TYPE_CHECKING:
    from service.memory.atlas import Atlas

V = TypeVar("V")

IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "public, max-age=0, must-revalidate, stale-if-error=86400"

JSON = "application/json"
GEOJSON = "application/geo+json"
JSON_LD = "application/ld+json"
JSON_FEED = "application/feed+json"
ATOM = "application/atom+xml"
CSV = "text/csv; charset=utf-8"
SVG = "image/svg+xml"
MVT = "application/vnd.mapbox-vector-tile"
#: As MapLibre's tools and PMTiles have it; the specification names none, and it is not registered yet.
MLT = "application/vnd.maplibre-tile"
PNG = "image/png"
PDF = "application/pdf"
TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"

#: Of a request's state: the ETag under which its answer is held.
KEPT = "kept"
#: Of a request's state: that its answer was held.
WAS_HELD = "was_held"

Bom = Annotated[bool, Query(description="Begin with a byte order mark, for Excel")]

#: Encodings of a body: identity or gzip, from the same call.
Produce = Callable[[bool], bytes]
Where = Callable[[Produce, bool], Awaitable[bytes]]


@lru_cache(maxsize=64)  # clients send the same few headers all the time
def accepts_gzip(header: str) -> bool:
    """Return whether an Accept-Encoding header allows gzip (RFC 9110 12.5.3).

    >>> accepts_gzip("gzip, br"), accepts_gzip("gzip;q=0, br"), accepts_gzip("")
    (True, False, False)
    """
    wildcard = False
    for part in header.lower().split(","):
        coding, _, weight = part.partition(";")
        allowed = weight.replace(" ", "").removeprefix("q=") not in ("0", "0.0", "0.00", "0.000")
        if coding.strip() in ("gzip", "x-gzip"):
            return allowed
        wildcard = wildcard or (coding.strip() == "*" and allowed)
    return wildcard


def preferred_coding(header: str, offered: Sequence[str]) -> str | None:
    """Return the coding that an Accept-Encoding header likes best (RFC 9110 12.5.3), None where none is.

    Of codings liked equally, the one offered first is chosen.

    >>> preferred_coding("gzip, br", ("br", "gzip")), preferred_coding("gzip, br;q=0.5", ("br", "gzip"))
    ('br', 'gzip')
    """
    weights: dict[str, float] = {}
    for part in header.lower().split(","):
        coding, _, weight = part.partition(";")
        told = re.fullmatch(r"q=([01](?:\.\d{0,3})?)", weight.replace(" ", ""))
        weights[coding.strip()] = float(told[1]) if told else float(not weight.strip())
    liked = {one: weights.get(one, weights.get("*", 0)) for one in offered}
    best = max(offered, key=lambda one: liked[one])
    return best if liked[best] > 0 and liked[best] >= weights.get("identity", 0) else None


def preferred(accept: str, offered: Sequence[str]) -> str | None:
    """Return the media type that an Accept header likes best (RFC 9110 12.5.1), None where it takes none.

    A range that says more goes before one that says less. Of two liked equally, the one that is named comes
    before one that a range means, and then the first named; parameters but ``q`` are passed over.

    >>> preferred("image/*;q=0.5, text/html", ["image/png", "text/html"]), preferred("", ["image/png"])
    ('text/html', 'image/png')
    >>> preferred("image/png, a/b;q=0.9, */*;q=0.1", ["a/c", "a/b"]), preferred("a/b", ["a/c"])
    ('a/b', None)
    """
    parts = accept.lower().split(",") if accept.strip() else ["*/*"]
    liked = {name: (weight, -place) for place, (name, weight) in enumerate(map(_range, parts))}

    def liking(offer: str) -> tuple[float, int, int]:
        for generality, name in enumerate((offer, f"{offer.partition('/')[0]}/*", "*/*")):
            if name in liked:
                weight, place = liked[name]
                return weight, -generality, place
        return 0.0, 0, 0

    best = max(offered, key=liking)
    return best if liking(best)[0] > 0 else None


def _range(text: str) -> tuple[str, float]:
    media_type, *parameters = (part.strip() for part in text.split(";"))
    weights = [part[2:] for part in parameters if part.startswith("q=")]
    return media_type, float(weights[0]) if weights and _WEIGHT.fullmatch(weights[0]) else 1.0


#: A weight (RFC 9110 12.4.2).
_WEIGHT = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?")


#: What proxies that compress by themselves add to a tag: Apache, Jetty, and Apache before 2.4.
_COMPRESSED = re.compile(r'--?(?:gzip|br)"$|"-gzip$')


def is_fresh(if_none_match: str, etag: str) -> bool:
    """Return whether the client's copy is still good (RFC 9110 13.1.2, weak comparison).

    >>> is_fresh('W/"a", "b"', '"a"'), is_fresh('"a-gzip"', '"a"'), is_fresh('"b"', '"a"')
    (True, True, False)
    """
    if if_none_match == etag:
        return True
    tags = (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
    return any(tag in (etag, "*") or _COMPRESSED.sub('"', tag) == etag for tag in tags)


def to_json(value: object) -> bytes:
    """Return JSON bytes; NaN and infinities become null."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE)


def written(value: object) -> orjson.Fragment:
    """Return a part of a JSON answer as it is written: what is large is made of such parts, one by one."""
    return orjson.Fragment(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY))


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[object]], *, bom: bool = False) -> bytes:
    """Return a CSV table in UTF-8, with a byte order mark for Excel where asked.

    None is an empty cell. A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(map(inert, header))
    table.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig" if bom else "utf-8")


def _cell(value: object) -> object:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.15g}"
    return inert(value) if isinstance(value, str) else value


def encoded(make: Callable[[], bytes]) -> Produce:
    """Return a producer that compresses what ``make`` returns when it is asked to, unless it is empty."""

    def produce(gzipped: bool) -> bytes:
        body = make()
        return gzip.compress(body, 6, mtime=0) if gzipped and body else body

    return produce


@dataclass(frozen=True)
class Told:
    """How an answer is told besides its body.

    Attributes
    ----------
    vary : what else than Accept-Encoding the answer depends on
    """

    media_type: str
    immutable: bool = False
    revision: str | None = None
    download: str | None = None
    compressible: bool = True
    vary: str = ""

    def headers(self, etag: str, *, gzipped: bool) -> dict[str, str]:
        """Return the headers of a full answer; a 304 has those of them that it may."""
        headers = {
            "ETag": etag,
            "Cache-Control": IMMUTABLE if self.immutable else REVALIDATE,
            "Vary": f"Accept-Encoding, {self.vary}" if self.vary else "Accept-Encoding",
        }
        if self.revision is not None:
            headers["Chiiki-Revision"] = self.revision
        if gzipped:
            headers["Content-Encoding"] = "gzip"
        if self.download is not None:
            headers["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(self.download)}"
        return headers


def _asked(request: Request, told: Told, state: str) -> tuple[bool, str, Response | None]:
    """Return whether gzip is wanted, the ETag, and the 304 where the client has the answer already."""
    gzipped = told.compressible and accepts_gzip(request.headers.get("accept-encoding", ""))
    etag = f'"{state}-gz"' if gzipped else f'"{state}"'
    if is_fresh(request.headers.get("if-none-match", ""), etag):
        headers = {k: v for k, v in told.headers(etag, gzipped=False).items() if k != "Content-Disposition"}
        return gzipped, etag, Response(status_code=304, headers=headers)
    return gzipped, etag, None


async def kept(
    request: Request, atlas: Atlas, state: str, produce: Produce, told: Told, where: Where = off_loop
) -> Response:
    """Return the representation the client asked for, 204 for none, or 304 when it has it already.

    The body is made off the event loop, once for each state of the data, and kept.

    Parameters
    ----------
    state : names all that the body follows from: the data and what is asked of them. The ETag adds the
        encoding, because identity and gzip are two representations.
    produce : makes the body; a 304 needs none
    where : off the event loop: see ``service.memory.cache``
    """
    gzipped, etag, unchanged = _asked(request, told, state)
    if unchanged is not None:
        return unchanged

    async def make() -> bytes:
        return await where(produce, gzipped)

    body = await atlas.store.bodies.fetch(etag, make)
    setattr(request.state, KEPT, etag)
    if not body:
        return Response(status_code=204, headers=told.headers(etag, gzipped=False))
    return Response(body, media_type=told.media_type, headers=told.headers(etag, gzipped=gzipped))


def state_of(request: Request, *of: object) -> str:
    """Return what an answer follows from: the states ``of`` the data, and the address.

    One with whole links is ``of`` the way they begin too (``service.http.addresses``, ``base_url``).
    """
    # by name alone: values of one name are wanted in their order
    return digest(*of, request.url.path, sorted(request.query_params.multi_items(), key=itemgetter(0)))


async def kept_json(
    request: Request, atlas: Atlas, make: Callable[[], object], *of: object, download: str | None = None
) -> Response:
    """Return a JSON answer that follows from the states ``of`` the data and the address; see ``kept``."""
    told = Told(JSON, download=download)
    return await kept(request, atlas, state_of(request, *of), encoded(lambda: to_json(make())), told)


async def kept_read(
    request: Request, atlas: Atlas, read: Callable[[], Awaitable[V]], make: Callable[[V], object], *of: object
) -> Response:
    """Return a JSON answer made of what ``read`` finds in the database; see ``kept_json``.

    It is read on the event loop: a thread that waited for it would keep its place from others.
    """
    found: list[V] = []

    async def where(produce: Produce, gzipped: bool) -> bytes:
        found.append(await read())
        return await off_loop(produce, gzipped)

    produce = encoded(lambda: to_json(make(found[0])))
    return await kept(request, atlas, state_of(request, *of), produce, Told(JSON), where)


async def kept_csv(
    request: Request,
    atlas: Atlas,
    make: Callable[[], tuple[Sequence[str], Iterable[Sequence[object]]]],
    name: str,
    *of: object,
    bom: bool,
) -> Response:
    """Return a CSV table (header and rows) as a download; see ``kept_json``."""

    def table() -> bytes:
        header, rows = make()
        return csv_bytes(header, rows, bom=bom)

    return await kept(request, atlas, state_of(request, *of), encoded(table), Told(CSV, download=name))


def answer(request: Request, body: bytes, told: Told) -> Response:
    """Return a small answer that is at hand, or 304; its ETag is that of its bytes."""
    state = hashlib.blake2b(body, digest_size=8).hexdigest()
    gzipped, etag, unchanged = _asked(request, told, state)
    if unchanged is not None:
        return unchanged
    headers = told.headers(etag, gzipped=gzipped)
    return Response(
        gzip.compress(body, 6, mtime=0) if gzipped else body, media_type=told.media_type, headers=headers
    )


def json_answer(request: Request, value: object) -> Response:
    """Return a small JSON answer; its ETag is that of its bytes."""
    return answer(request, to_json(value), Told(JSON))


# What is at hand

Lines = tuple[tuple[bytes, bytes], ...]
#: Headers that an answer follows from, as they are; of Accept-Encoding only whether it is gzip, and of Host
#: how links begin.
FOLLOWED = (b"accept", b"accept-language")
#: Headers of a whole answer that a 304 has not.
OF_BODY = (b"content-type", b"content-length", b"content-encoding", b"content-disposition")


@dataclass(frozen=True)
class Head:
    """The headers of an answer whose body is held under its ETag."""

    etag: str
    lines: Lines
    nbytes: int

    @property
    def of_304(self) -> Lines:
        """The headers for who has the body already."""
        return tuple(line for line in self.lines if line[0] not in OF_BODY)


class AtHand:
    """The application, with answers that were made before at hand."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, at once where its answer is held."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        asked = _question(scope, headers)
        answer = _held(scope["app"].state.news.atlas, asked, headers.get(b"if-none-match", b""))
        if answer is not None:
            scope.setdefault("state", {})[WAS_HELD] = True
            for message in answer:
                await send(message)
            return

        async def remembered(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                _remember(scope, asked, message["headers"])
            await send(message)

        await self.app(scope, receive, remembered)


def _question(scope: Scope, headers: dict[bytes, bytes]) -> tuple[Hashable, ...]:
    """Return all of a request that an answer follows from, the data excepted."""
    return (
        base_of(scope),
        scope["path"],
        scope["query_string"],
        accepts_gzip(headers.get(b"accept-encoding", b"").decode("latin-1")),
        *(headers.get(name) for name in FOLLOWED),
    )


def _held(atlas: Atlas, asked: tuple[Hashable, ...], if_none_match: bytes) -> tuple[Message, Message] | None:
    head: Head | None = atlas.store.heads.get((atlas.state(), *asked))
    if head is None:
        return None
    if is_fresh(if_none_match.decode("latin-1"), head.etag):
        return _messages(304, head.of_304, b"")
    body = atlas.store.bodies.get(head.etag)
    return None if body is None else _messages(200, head.lines, body)


def _messages(status: int, lines: Lines, body: bytes) -> tuple[Message, Message]:
    start = {"type": "http.response.start", "status": status, "headers": list(lines)}
    return start, {"type": "http.response.body", "body": body}


def _remember(scope: Scope, asked: tuple[Hashable, ...], lines: list[tuple[bytes, bytes]]) -> None:
    """Hold the headers of an answer that is kept, under the state that it was made in."""
    state = scope.get("state", {})
    etag = state.get(KEPT)
    if etag is not None and (b"etag", etag.encode()) in lines:
        atlas: Atlas = state["atlas"]
        size = (
            sum(len(part) for line in lines for part in line)
            + len(scope["path"])
            + len(scope["query_string"])
        )
        atlas.store.heads.put((atlas.state(), *asked), Head(etag, tuple(lines), size))
