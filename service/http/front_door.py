"""The front door: what every answer needs, and the short way to a tile.

A tile is poured right here, in a plain ASGI call. Everything else goes to FastAPI, a tile included whose
address has something unusual or wrong.
"""

from __future__ import annotations

import re
from dataclasses import fields
from urllib.parse import parse_qsl, unquote

from fastapi import FastAPI
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import Message, Receive, Scope, Send

from geo.errors import ChiikiError
from service.http.responses import accepts_gzip, is_fresh
from service.layers.tile_sources import FORMATS, MAX_ZOOM, TileSource, tile_source
from service.layers.views import ViewQuery, is_usual, resolve
from service.memory.atlas import Atlas
from service.memory.cache import settled
from service.settings import Settings

TILE = re.compile(r"/v1/layers/([^/]+)/tiles/(\d{1,2})/(\d{1,5})/(\d{1,5})(?:\.(mvt|png)|(@2x\.png))")

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

    async def _poured(self, scope: Scope, send: Send, *, head: bool) -> bool:
        """Pour a tile whose source and geometry are in memory; False when this takes the long way."""
        found = TILE.fullmatch(scope["path"])
        if found is None:
            return False
        z, x, y = int(found[2]), int(found[3]), int(found[4])
        if z > MAX_ZOOM or x >> z or y >> z:
            return False
        atlas: Atlas = self.api.state.news.atlas
        key = (found[1], scope["query_string"])
        poured: TileSource | None = atlas.store.tile_sources.get(key)
        if poured is None or poured.state != atlas.state_of(*poured.layers):
            poured = await _source_of(atlas, *key)
        if poured is None:
            return False
        suffix = found[5] or found[6]
        sent = dict(scope["headers"])
        media_type, size = FORMATS[suffix]
        gzipped = size is None and accepts_gzip(sent.get(b"accept-encoding", b"").decode("latin-1"))
        headers = poured.tile_headers((z, x, y), suffix, gzipped=gzipped)
        if is_fresh(sent.get(b"if-none-match", b"").decode("latin-1"), headers["ETag"]):
            headers.pop("Content-Encoding", None)
            await _send(send, 304, headers, b"")
            return True
        body = atlas.store.tile_bodies.get(headers["ETag"])
        if body is None:
            try:
                body = await settled(lambda: poured.body(atlas, (z, x, y), suffix, gzipped=gzipped))
            except (ChiikiError, SQLAlchemyError, OSError):
                return False
            atlas.store.tile_bodies.put(headers["ETag"], body)
        if body:
            POURED.inc()
            headers["Content-Type"] = media_type
            await _send(send, 200, headers, body, head=head)
        else:
            headers.pop("Content-Encoding", None)
            await _send(send, 204, headers, b"")
        return True


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


async def _send(send: Send, status: int, headers: dict[str, str], body: bytes, *, head: bool = False) -> None:
    lines = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    if status == 200:
        lines.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": lines + TILE_HEADERS})
    await send({"type": "http.response.body", "body": b"" if head else body})


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
