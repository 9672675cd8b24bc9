"""The front door: what every answer needs, and the short way to a tile.

A tile is poured right here, in a plain ASGI call. Everything else goes to FastAPI, a tile included whose
address has something unusual or wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from functools import partial
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote
from weakref import ref

from fastapi import FastAPI
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import Message, Receive, Scope, Send

from geo.errors import ChiikiError
from geo.figures.indicators import Indicator
from geo.layers.deflate import Beginning
from service.http.admission import Lane, Place, asking
from service.http.responses import accepts_gzip, is_fresh
from service.layers.tile_sources import FORMATS, MAX_ZOOM, TileSource, is_lean, tile_source
from service.layers.views import ViewQuery, is_usual, resolve
from service.memory.atlas import Address, Atlas
from service.memory.cache import settled
from service.settings import Settings

TILE = re.compile(r"/v1/layers/([^/]+)/tiles/(\d{1,2})/(\d{1,5})/(\d{1,5})(?:\.(mvt|mlt|png)|(@2x\.png))")

ASKED = {field.name for field in fields(ViewQuery)}

REQUESTS = Counter("chiiki_requests_total", "Answers by kind and status", ["kind", "status"])
POURED = REQUESTS.labels("tile", "200")

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


class FrontDoor:
    """The ASGI application that a server runs."""

    def __init__(self, api: FastAPI) -> None:
        self.api = api
        self.reads: Lane = api.state.lanes.reads
        settings: Settings = api.state.settings
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
        head = scope["method"] == "HEAD"
        if (head or scope["method"] == "GET") and await self._poured(scope, send, head=head):
            return
        if head:
            scope = {**scope, "method": "GET"}
        await self.api(scope, receive, _dressed(send, self._policy_of(scope["path"]), head=head))

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

    async def _poured(self, scope: Scope, send: Send, *, head: bool) -> bool:
        """Answer with a tile; False when this takes the long way."""
        tile = _tile_of(scope["path"])
        if tile is None:
            return False
        atlas: Atlas = self.api.state.news.atlas
        query, sent = scope["query_string"], dict(scope["headers"])
        path: bytes = scope["raw_path"]
        key = (b"%s?%s" % (path, query) if query else path, _takes_gzip(sent))
        kept = _kept(atlas, key)
        answer = None if kept is None else kept.answer(sent)
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
        await send({"type": "http.response.start", "status": answer.status, "headers": listed})
        await send({"type": "http.response.body", "body": b"" if head else b"".join(answer.body)})
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
            parts = source.parts(atlas, tile.address, tile.suffix, gzipped=gzipped)
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
        POURED.inc()
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


def _dressed(send: Send, page_policy: bytes, *, head: bool) -> Send:
    """Return a send that adds the headers every answer has, counts it, and leaves out a HEAD's body."""
    policy = (b"content-security-policy", page_policy)

    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *ALWAYS, policy]}
            REQUESTS.labels("other", str(message["status"])).inc()
        elif head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return dressed
