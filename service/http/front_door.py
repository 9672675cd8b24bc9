"""The front door: what every answer needs, and the short way to a tile.

A tile is poured right here, in a plain ASGI call. Everything else goes to FastAPI, a tile included whose
address has something unusual or wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

from fastapi import FastAPI
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import Message, Receive, Scope, Send

from geo.errors import ChiikiError
from service.http.responses import accepts_gzip, is_fresh
from service.layers.tile_sources import FORMATS, MAX_ZOOM, TileSource, tile_source
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
        f"connect-src 'self'{also}; worker-src 'self' blob:; base-uri 'none'; form-action 'self'; "
        f"frame-ancestors {framers}"
    ).encode()


ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
]
EMBEDS = "/embed/"
TILE_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"ETag, Chiiki-Revision"),
    (b"cross-origin-resource-policy", b"cross-origin"),
]


class FrontDoor:
    """The ASGI application that a server runs."""

    def __init__(self, api: FastAPI) -> None:
        self.api = api
        settings: Settings = api.state.settings
        self.policy = page_policy("'none'")
        self.embed_policy = page_policy(settings.frame_ancestors)
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

    def at_hand(self, path: str, query: bytes, sent: Mapping[bytes, bytes]) -> Answer | None:
        """Return the answer to a GET of a tile that was poured before, or that the client has already.

        None where it takes more than looking it up.
        """
        tile = _tile_of(path)
        if tile is None:
            return None
        atlas: Atlas = self.api.state.news.atlas
        source = _held_source(atlas, tile, query)
        return None if source is None else _at_hand(atlas, tile, _headers(source, tile, sent), sent)

    async def _poured(self, scope: Scope, send: Send, *, head: bool) -> bool:
        """Answer with a tile; False when this takes the long way."""
        tile = _tile_of(scope["path"])
        if tile is None:
            return False
        atlas: Atlas = self.api.state.news.atlas
        query, sent = scope["query_string"], dict(scope["headers"])
        source = _held_source(atlas, tile, query) or await _source_of(atlas, tile.layer, query)
        if source is None:
            return False
        headers = _headers(source, tile, sent)
        answer = _at_hand(atlas, tile, headers, sent)
        if answer is None:
            gzipped = "Content-Encoding" in headers
            try:
                body = await settled(lambda: source.body(atlas, tile.address, tile.suffix, gzipped=gzipped))
            except (ChiikiError, SQLAlchemyError, OSError):
                return False
            atlas.store.tile_bodies.put(headers["ETag"], body)
            answer = _told(tile, headers, body)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": b"" if head else answer.body})
        return True


class Answer(NamedTuple):
    """What is sent."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


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


def _headers(source: TileSource, tile: _Tile, sent: Mapping[bytes, bytes]) -> dict[str, str]:
    is_vector = FORMATS[tile.suffix][1] is None
    gzipped = is_vector and accepts_gzip(sent.get(b"accept-encoding", b"").decode("latin-1"))
    return source.tile_headers(tile.address, tile.suffix, gzipped=gzipped)


def _at_hand(
    atlas: Atlas, tile: _Tile, headers: dict[str, str], sent: Mapping[bytes, bytes]
) -> Answer | None:
    """Return what can be sent at once: 304, or bytes that are kept; else None."""
    if is_fresh(sent.get(b"if-none-match", b"").decode("latin-1"), headers["ETag"]):
        headers.pop("Content-Encoding", None)
        return Answer(304, _lines(headers), b"")
    body = atlas.store.tile_bodies.get(headers["ETag"])
    return None if body is None else _told(tile, headers, body)


def _told(tile: _Tile, headers: dict[str, str], body: bytes) -> Answer:
    if not body:
        headers.pop("Content-Encoding", None)
        return Answer(204, _lines(headers), b"")
    POURED.inc()
    headers |= {"Content-Type": FORMATS[tile.suffix][0], "Content-Length": str(len(body))}
    return Answer(200, _lines(headers), body)


def _lines(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    lines = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return lines + TILE_HEADERS


async def _source_of(atlas: Atlas, layer: str, query: bytes) -> TileSource | None:
    """Return the tile source that an address asks for; None where FastAPI is to say what is wrong with it.

    ``service.layers.tile_routes`` reads the same parameters, and says what they mean.
    """
    try:
        asked = dict(parse_qsl(query.decode("ascii"), keep_blank_values=True, strict_parsing=bool(query)))
        rev, lang = asked.pop("rev", None), asked.pop("lang", "ja")
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
        made = await settled(lambda: tile_source(atlas, view, (), rev))
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
