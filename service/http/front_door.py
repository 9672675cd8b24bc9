"""The front door: what every answer needs, and the short way to a tile.

A tile is poured right here, in a plain ASGI call. Everything else goes to FastAPI, a tile included whose
address has something unusual or wrong.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import fields
from functools import partial
from time import perf_counter
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote
from weakref import ref

from fastapi import FastAPI
from prometheus_client import Histogram
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import Message, Receive, Scope, Send

from geo.errors import ChiikiError
from geo.figures.indicators import Indicator
from geo.layers.deflate import Beginning
from service.http.admission import Lane, Place, asking
from service.http.counting import ANSWERS, kind_of
from service.http.patience import BY_PROXY
from service.http.responses import WAS_HELD, accepts_gzip, is_fresh
from service.layers.tile_sources import FORMATS, MAX_ZOOM, TileSource, is_lean, tile_source
from service.layers.views import ViewQuery, is_usual, resolve
from service.memory.atlas import Address, Atlas
from service.memory.cache import settled
from service.operations.logs import MOST_PATH, Access, client_of, log_access
from service.operations.traces import REQUEST_ID, Traces
from service.settings import Settings

TILE = re.compile(r"/v1/layers/([^/]+)/tiles/(\d{1,2})/(\d{1,5})/(\d{1,5})(?:\.(mvt|mlt|png)|(@2x\.png))")

ASKED = {field.name for field in fields(ViewQuery)}

AT_HAND = ANSWERS["tile_at_hand"]
POUR = Histogram(
    "chiiki_pour_seconds",
    "Seconds in which values were poured into a tile",
    ["format"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1),
)
#: A request of which a proxy tells the trace (W3C Trace Context, 3.2.2); its id is that of the trace.
TRACEPARENT = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

EXPLORER = "/"
#: The tiles of the Geospatial Information Authority of Japan, as web/src/map.ts asks for them.
GSI_TILES = "https://cyberjapandata.gsi.go.jp"


def page_policy(framers: str, *others: str) -> bytes:
    """Return what pages may load and do (CSP): which sites may frame them, and which others images come from.

    MapLibre fetches its images, hence connect-src.
    """
    also = "".join(f" {other}" for other in others)
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:{also}; "
        f"connect-src 'self'{also}; worker-src 'self'; frame-src 'self'; base-uri 'none'; "
        f"form-action 'self'; frame-ancestors {framers}"
    ).encode()


ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
]
EMBEDS = "/embed/"
TILE_LINES = (
    b"x-content-type-options: nosniff\r\n"
    b"access-control-allow-origin: *\r\n"
    b"access-control-expose-headers: ETag, Chiiki-Revision\r\n"
    b"cross-origin-resource-policy: cross-origin\r\n"
)
#: What is held of a tile that was sent, besides its end and its headers.
SENT_BYTES = 600


def new_request_id() -> str:
    """Return an id that no other request has: 32 hexadecimal digits, as the trace of one has."""
    return os.urandom(16).hex()


class FrontDoor:
    """The ASGI application that a server runs.

    Parameters
    ----------
    traces : where they are wanted
    """

    def __init__(self, api: FastAPI, traces: Traces | None = None) -> None:
        self.api = api
        self.traces = traces
        self.reads: Lane = api.state.lanes.reads
        settings: Settings = api.state.settings
        self.writes_access = settings.access_log
        self.policy = page_policy("'none'")
        # The explorer shows an embed before its reader pastes it.
        framers = settings.frame_ancestors
        self.embed_policy = page_policy(
            "'self'" if framers == "'none'" else framers if framers == "*" else f"'self' {framers}"
        )
        self.explorer_policy = page_policy("'none'", *([GSI_TILES] if settings.gsi_tiles else []))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.api(scope, receive, send)
            return
        traceparent = _traceparent(scope)
        request_id = new_request_id() if traceparent is None else traceparent[3:35]
        REQUEST_ID.set(request_id)
        exchange = _Exchange(scope, send, request_id)
        try:
            if self.traces is None:
                await self._answered(exchange, receive)
                return
            with self.traces.request(scope["method"], traceparent) as span:
                await self._answered(exchange, receive)
                span.update_name(f"{scope['method']} {exchange.route}")
                span.set_attributes(exchange.attributes())
        finally:
            if self.writes_access:
                log_access(exchange.access())

    async def _answered(self, exchange: _Exchange, receive: Receive) -> None:
        scope = exchange.scope
        if (exchange.is_head or scope["method"] == "GET") and await self._poured(exchange):
            return
        exchange.more = [*ALWAYS, (b"content-security-policy", self._policy_of(scope["path"]))]
        if exchange.is_head:
            exchange.scope = scope = {**scope, "method": "GET"}
        await self.api(scope, receive, exchange.send)

    def _policy_of(self, path: str) -> bytes:
        if path == EXPLORER:
            return self.explorer_policy
        return self.embed_policy if path.startswith(EMBEDS) else self.policy

    def at_hand(self, url: bytes, sent: Mapping[bytes, bytes]) -> Answer | None:
        """Return the answer to a GET of a tile that was sent before, or that the client has already.

        None where it takes more than looking it up.
        """
        atlas: Atlas = self.api.state.news.atlas
        kept = _kept(atlas, (url, _takes_gzip(sent)))
        return None if kept is None else kept.answer(sent)

    async def _poured(self, exchange: _Exchange) -> bool:
        """Answer with a tile; False when this takes the long way."""
        scope = exchange.scope
        tile = _tile_of(scope["path"])
        if tile is None:
            return False
        atlas: Atlas = self.api.state.news.atlas
        query, sent = scope["query_string"], dict(scope["headers"])
        path: bytes = scope["raw_path"]
        key = (b"%s?%s" % (path, query) if query else path, _takes_gzip(sent))
        kept = _kept(atlas, key)
        answer = None if kept is None else kept.answer(sent)
        exchange.kind = "tile" if answer is None else "tile_at_hand"
        if answer is None:
            (address,) = asking(scope)
            if self.reads.refused(address) is not None:
                return False  # FastAPI says so
            with Place(self.reads, address):
                source = _held_source(atlas, tile, query) or await _source_of(atlas, tile.layer, query)
                if source is None:
                    return False
                try:
                    made = await settled(partial(_Sent.of, atlas, source, tile, sent))
                except (ChiikiError, SQLAlchemyError, OSError):
                    return False
            answer = made.answer(sent)
            assert answer is not None  # noqa: S101 (it is what was asked for)
            atlas.store.sent_tiles.put(key, made)
        listed = [tuple(line.split(b": ", 1)) for line in answer.lines.splitlines()]
        await exchange.send({"type": "http.response.start", "status": answer.status, "headers": listed})
        await exchange.send({"type": "http.response.body", "body": b"".join(answer.body)})
        return True


class Answer(NamedTuple):
    """What is sent.

    Attributes
    ----------
    lines : the headers as they are written
    body : in pieces
    """

    status: int
    lines: bytes
    body: tuple[bytes, ...]


class _Tile(NamedTuple):
    """Which tile of a layer is asked for, and in which format."""

    layer: str
    address: Address
    suffix: str


def _tile_of(path: str) -> _Tile | None:
    found = TILE.fullmatch(path)
    if found is None:
        return None
    z, x, y = int(found[2]), int(found[3]), int(found[4])
    if z > MAX_ZOOM or x >> z or y >> z:
        return None
    return _Tile(found[1], (z, x, y), found[5] or found[6])


def _held_source(atlas: Atlas, tile: _Tile, query: bytes) -> TileSource | None:
    found: TileSource | None = atlas.store.tile_sources.get((tile.layer, query))
    return found if found is not None and found.state == atlas.state_of(*found.layers) else None


class _Sent(NamedTuple):
    """A tile that was sent, to be sent again: only what no other tile has of it is held.

    Attributes
    ----------
    layers, state : it is good while the atlas has this state of these layers
    always, more : header lines of all its answers, and of those with a body
    rest : None where the client had the tile already
    beginning : what stands before ``rest``, while the tile that it is of is in memory
    of_tile : the key of that tile
    """

    layers: tuple[Indicator, ...]
    state: str
    etag: str
    always: bytes
    more: bytes
    rest: bytes | None
    beginning: ref[Beginning] | None
    of_tile: tuple[object, ...]
    gzipped: bool

    @classmethod
    def of(cls, atlas: Atlas, source: TileSource, tile: _Tile, sent: Mapping[bytes, bytes]) -> _Sent:
        """Return a tile as it is sent to a client; see ``service.memory.cache.settled``."""
        media_type, pixels = FORMATS[tile.suffix]
        gzipped = pixels is None and _takes_gzip(sent)
        headers = source.tile_headers(tile.address, tile.suffix, gzipped=gzipped)
        headers.pop("Content-Encoding", None)
        more, parts = dict[str, str](), None
        if not _has(sent, headers["ETag"]):
            begun = perf_counter()
            parts = source.parts(atlas, tile.address, tile.suffix, gzipped=gzipped)
            POUR.labels(tile.suffix).observe(perf_counter() - begun)
            more = {"Content-Type": media_type, "Content-Length": str(parts.size)}
        return cls(
            source.layers,
            source.state,
            headers["ETag"],
            _lines(headers) + TILE_LINES,
            _lines(more | ({"Content-Encoding": "gzip"} if gzipped else {})),
            None if parts is None else parts.rest,
            None if parts is None or parts.beginning is None else ref(parts.beginning),
            atlas.tile_key(source.picture.view.vintage.date, source.picture.view.level, tile.address),
            gzipped,
        )

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        return len(self.rest or b"") + len(self.always) + len(self.more) + len(self.etag) + SENT_BYTES

    def answer(self, sent: Mapping[bytes, bytes]) -> Answer | None:
        """Return what is sent: 304, or the tile where it is in memory."""
        if _has(sent, self.etag):
            return Answer(304, self.always, ())
        if self.rest is None:
            return None
        if self.beginning is not None:
            beginning = self.beginning()
            if beginning is None:
                return None
            body: tuple[bytes, ...] = (*beginning.begun(gzipped=self.gzipped), self.rest)
        elif self.rest:
            body = (self.rest,)
        else:
            return Answer(204, self.always, ())
        return Answer(200, self.always + self.more, body)


def _kept(atlas: Atlas, key: tuple[bytes, bool]) -> _Sent | None:
    """Return the tile that was sent under an address, in either encoding, while it is good."""
    found: _Sent | None = atlas.store.sent_tiles.get(key)
    if found is None or found.state != atlas.state_of(*found.layers):
        return None
    if found.beginning is not None:
        atlas.store.tiles.get(found.of_tile)  # which is in use, and so no older
    return found


def _takes_gzip(sent: Mapping[bytes, bytes]) -> bool:
    return accepts_gzip(sent.get(b"accept-encoding", b"").decode("latin-1"))


def _has(sent: Mapping[bytes, bytes], etag: str) -> bool:
    known = sent.get(b"if-none-match")
    return known is not None and is_fresh(known.decode("latin-1"), etag)


def _lines(headers: Mapping[str, str]) -> bytes:
    return "".join(f"{name.lower()}: {value}\r\n" for name, value in headers.items()).encode("latin-1")


async def _source_of(atlas: Atlas, layer: str, query: bytes) -> TileSource | None:
    """Return the tile source that an address asks for; None where FastAPI is to say what is wrong with it.

    ``service.layers.tile_routes`` reads the same parameters, and says what they mean.
    """
    try:
        asked = dict(parse_qsl(query.decode("ascii"), keep_blank_values=True, strict_parsing=bool(query)))
        rev, lang = asked.pop("rev", None), asked.pop("lang", "ja")
        lean = is_lean(asked.pop("fields", None))
        if (
            lang not in ("ja", "en")
            or not asked.keys() <= ASKED
            or query.count(b"=") != query.count(b"&") + 1
        ):
            return None
        k = int(asked.pop("k")) if "k" in asked else None
        view = resolve(atlas, unquote(layer), ViewQuery(**asked, k=k))
        if not is_usual(view):
            return None
        made = await settled(lambda: tile_source(atlas, view, (), rev, lean=lean))
    except (ChiikiError, ValueError, SQLAlchemyError, OSError):
        return None
    atlas.store.tile_sources.put((layer, query), made)
    return made


class _Exchange:
    """A request, and what becomes of it.

    Attributes
    ----------
    kind : of ``service.http.counting``; empty until it is known
    more : headers that are added to those of the answer
    """

    def __init__(self, scope: Scope, send: Send, request_id: str) -> None:
        self.scope = scope
        self.request_id = request_id
        self.method: str = scope["method"]
        self.is_head = self.method == "HEAD"
        self.kind = ""
        self.more: list[tuple[bytes, bytes]] = []
        self.status: int | None = None
        self._size = 0
        self._begun = perf_counter()
        self._send = send

    async def send(self, message: Message) -> None:
        """Send a part of the answer with the headers that every one has; of a HEAD no body."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message["headers"], *self.more, (b"x-request-id", self.request_id.encode())]
            message = {**message, "headers": headers}
            self._count(message["status"])
        elif message["type"] == "http.response.body":
            if self.is_head:
                message = {**message, "body": b""}
            self._size += len(message.get("body", b""))
        await self._send(message)

    def _count(self, status: int) -> None:
        if self.scope.get("state", {}).get(WAS_HELD):
            self.kind = "at_hand"
        self.kind = self.kind or kind_of(self.method, self.scope["path"])
        ANSWERS[self.kind].count(status, perf_counter() - self._begun)

    @property
    def route(self) -> str:
        """The path of the route that answered, with names in place of what was asked for."""
        route = self.scope.get("route")
        return str(getattr(route, "path_format", "")) or self.kind

    def attributes(self) -> dict[str, str | int]:
        """Return what a span tells."""
        told: dict[str, str | int] = {"http.request.method": self.method, "http.route": self.route}
        if self.status is not None:
            told["http.response.status_code"] = self.status
        return told | {"chiiki.kind": self.kind}

    def access(self) -> Access:
        """Return what the access log tells."""
        took = (perf_counter() - self._begun) * 1e3
        path, client = self.scope["path"][:MOST_PATH], client_of(self.scope.get("client"))
        return Access(self.method, path, self.status, round(took, 1), self._size, client)


def _traceparent(scope: Scope) -> str | None:
    """Return which trace a request belongs to, where a proxy that is believed says so."""
    if BY_PROXY not in scope.get("extensions", {}):
        return None
    told = [value for name, value in scope["headers"] if name == b"traceparent"]
    return told[0].decode() if len(told) == 1 and TRACEPARENT.fullmatch(told[0]) else None
