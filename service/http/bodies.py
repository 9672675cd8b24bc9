"""Bodies of requests: read up to a bound, and as the forms that routes ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, ParamSpec, TypeVar, get_args, get_origin

from anyio import CapacityLimiter, to_thread
from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from geo.errors import Finding, Findings, InvalidParameter
from geo.files.documents import read_json, shown
from service.memory.cache import Busy, expect_place

WAIT = "Other requests of this kind are being worked on; ask again in a few seconds"

M = TypeVar("M", bound=BaseModel)
P = ParamSpec("P")
V = TypeVar("V")


async def body_of(request: Request, most: int, place: Place | None = None) -> bytes:
    """Return the body of a request; of one that is longer than ``most``, what shows that it is."""
    if not hasattr(request.state, "body"):  # a stream can be read once, a request may begin anew
        body = bytearray()
        async for piece in request.stream():
            if place is not None:
                place.take(len(piece))
            body += piece
            if len(body) > most:
                break
        request.state.body = bytes(body)
    read: bytes = request.state.body
    return read


class Room:
    """Room for work on what strangers send: one piece at a time, in a thread, with bounds on what waits.

    Parameters
    ----------
    most_waiting : requests that may wait for their turn
    most_bytes : of what all requests hold together, bodies and answers that are not sent yet
    """

    def __init__(self, most_waiting: int, most_bytes: int) -> None:
        self.most_waiting = most_waiting
        self.most_bytes = most_bytes
        self.held = 0
        self._turn = CapacityLimiter(1)

    def refuse_full(self) -> None:
        """Refuse one more where too many wait: before its body is read, too.

        Raises
        ------
        Busy
        """
        expect_place(self._turn, self.most_waiting)

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return self._turn.statistics().tasks_waiting

    async def in_turn(self, work: Callable[P, V], *args: P.args, **kwargs: P.kwargs) -> V:
        """Return what ``work`` returns, after those that wait already.

        Raises
        ------
        Busy : too many wait
        """
        self.refuse_full()
        return await to_thread.run_sync(partial(work, *args, **kwargs), limiter=self._turn)


class Place:
    """What one request holds of a room."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._held = 0

    def take(self, size: int) -> None:
        """Hold so many bytes more.

        Raises
        ------
        Busy : all requests together would hold too many
        """
        if self._room.held + size > self._room.most_bytes:
            raise Busy(WAIT)
        self._room.held += size
        self._held += size

    def leave(self) -> None:
        """Give back all that is held."""
        self._room.held -= self._held
        self._held = 0


class HeldResponse(Response):
    """An answer whose bytes count as held in a room until it is sent, or its client has gone."""

    def __init__(self, place: Place, body: bytes, media_type: str, headers: Mapping[str, str]) -> None:
        super().__init__(body, media_type=media_type, headers=headers)
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._place.leave()


async def bounded_body(request: Request, most: int) -> bytes:
    """Return the body of a request; one longer than ``most`` answers 413."""
    body = await body_of(request, most)
    if len(body) > most:
        raise HTTPException(413, f"The body is longer than {most:,} bytes")
    return body


def read_as(model: type[M], body: bytes) -> M:
    """Return what a JSON body says, in a form; for work in a thread.

    Raises
    ------
    InvalidFile : no JSON, or nested too deeply
    InvalidParameter : it has not the form; the findings tell where
    """
    document = read_json(body)
    unknown = Findings(_unknown(document, model))
    if unknown:
        # before the form is looked at: it would tell each of them at length
        raise InvalidParameter(f"The body has {unknown.total} members that there are not", unknown)
    try:
        return model.model_validate(document)
    except ValidationError as error:
        found = Findings(
            Finding(
                "body",
                ".".join(str(part) for part in fault["loc"]),
                shown(fault.get("input", "")),
                str(fault["msg"]),
            )
            for fault in error.errors(include_url=False, include_context=False)
        )
        named = ", ".join(dict.fromkeys(finding.field for finding in found))
        raise InvalidParameter(f"The request is not valid: {named}", found) from None


def _unknown(document: object, model: type[BaseModel], where: str = "") -> Iterator[Finding]:
    """Yield the members of an object, and of those inside it, that its form does not have."""
    if not isinstance(document, dict):
        return
    for name in document:
        if name not in model.model_fields:
            expected = f"one of {', '.join(model.model_fields)}"
            yield Finding("body", f"{where}{name}", shown(document[name]), expected)
    for name, field in model.model_fields.items():
        inner, held = _inner(field.annotation), document.get(name)
        if inner is not None and isinstance(held, list):
            for place, part in enumerate(held):
                yield from _unknown(part, inner, f"{where}{name}.{place}.")
        elif inner is not None:
            yield from _unknown(held, inner, f"{where}{name}.")


def _inner(annotation: Any) -> type[BaseModel] | None:
    """Return the form of the objects that a member holds."""
    kinds = (one for one in (annotation, *get_args(annotation)) if get_origin(one) is None)
    return next((one for one in kinds if isinstance(one, type) and issubclass(one, BaseModel)), None)
