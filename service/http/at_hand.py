"""Answers that are held, sent before their route is looked for.

What a route answers with ``service.http.responses.kept`` follows from data, address and a few headers alone.
Asked for again while no subject has another number, it is the same answer: its headers are remembered beside
its body, which is held under its ETag. The way through the routes takes several times as long as the rest.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.responses import KEPT, accepts_gzip, is_fresh

if TYPE_CHECKING:
    from service.memory.atlas import Atlas

Lines = tuple[tuple[bytes, bytes], ...]
#: Headers that an answer follows from, as they are; of Accept-Encoding only whether it is gzip.
FOLLOWED = (b"host", b"accept", b"accept-language")
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
        asked = _asked(scope, headers)
        answer = _held(scope["app"].state.news.atlas, asked, headers.get(b"if-none-match", b""))
        if answer is not None:
            for message in answer:
                await send(message)
            return

        async def remembered(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                _remember(scope, asked, message["headers"])
            await send(message)

        await self.app(scope, receive, remembered)


def _asked(scope: Scope, headers: dict[bytes, bytes]) -> tuple[Hashable, ...]:
    """Return all of a request that an answer follows from, the data excepted."""
    return (
        scope["scheme"],
        scope.get("root_path", ""),
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
