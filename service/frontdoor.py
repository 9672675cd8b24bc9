"""The front door: what every answer needs, and the short way to a tile.

A tile whose plate is at hand is poured right here, in a plain ASGI call. Everything else, a tile asked
for the first time included, goes to FastAPI, which checks the request and leaves the plate here.
"""

from __future__ import annotations

import re

from fastapi import FastAPI
from prometheus_client import Counter
from starlette.types import Message, Receive, Scope, Send

from service.memo import Memo
from service.plates import FORMATS, Plate
from service.responses import accepts_gzip, is_fresh
from service.routes.tiles import headers_of
from service.settings import Settings
from service.tilestore import MAX_ZOOM

TILE = re.compile(r"/v1/layers/([^/]+)/tiles/(\d{1,2})/(\d{1,5})/(\d{1,5})(?:\.(mvt|png)|(@2x\.png))")
MAX_PLATES = 1024

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

PlateKey = tuple[str, bytes]


class FrontDoor:
    """The ASGI application that a server runs."""

    def __init__(self, api: FastAPI) -> None:
        self.api = api
        settings: Settings = api.state.settings
        self.policy = page_policy("'none'")
        self.embed_policy = page_policy(settings.frame_ancestors)
        self.explorer_policy = page_policy("'none'", *([GSI_TILES] if settings.gsi_tiles else []))
        self.plates: Memo[PlateKey, Plate] = Memo(MAX_PLATES, lambda _plate: 1)
        self._generation = 0
        api.state.plates = self.plates

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
        """Pour a tile whose plate and geometry are in memory; False when this takes the long way."""
        found = TILE.fullmatch(scope["path"])
        if found is None:
            return False
        self._forget_old()
        plate = self.plates.get((found[1], scope["query_string"]))
        z, x, y = int(found[2]), int(found[3]), int(found[4])
        if plate is None or z > MAX_ZOOM or x >> z or y >> z:
            return False
        suffix = found[5] or found[6]
        sent = dict(scope["headers"])
        media_type, size = FORMATS[suffix]
        gzipped = size is None and accepts_gzip(sent.get(b"accept-encoding", b"").decode("latin-1"))
        headers = headers_of(plate, (z, x, y), suffix, gzipped=gzipped)
        if is_fresh(sent.get(b"if-none-match", b"").decode("latin-1"), headers["ETag"]):
            await _send(send, 304, headers, b"")
            return True
        try:
            tile = plate.store.tile((z, x, y))
        except KeyError:
            return False
        body = plate.body((z, x, y), tile, suffix, gzipped=gzipped)
        if body:
            POURED.inc()
            headers["Content-Type"] = media_type
            await _send(send, 200, headers, body, head=head)
        else:
            headers.pop("Content-Encoding", None)
            await _send(send, 204, headers, b"")
        return True

    def _forget_old(self) -> None:
        generation = self.api.state.atlas.generation
        if generation != self._generation:
            self.plates.clear()
            self._generation = generation


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
