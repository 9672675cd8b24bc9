"""A client's connection, on which the head of a request has a bound.

uvicorn keeps a head until it has the whole of it, however long it is: sixty megabytes of one header held up
every other client for seconds. Here whatever is neither a body nor a finished head is counted as it comes:
the request line, headers, empty lines before them, the extensions of a chunk and trailers after the last one.
It also waits for ever for whoever sends slowly, or reads nothing; here ``service.http.patience`` has an end.

A tile that was poured before is answered as soon as its head is read: a task of its own for each, as ASGI has
it, would take longer than the rest of it.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable, Iterable
from functools import cached_property
from time import perf_counter
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from service.http.counting import ANSWERS
from service.http.front_door import ALWAYS, AT_HAND, FrontDoor, new_request_id
from service.http.patience import BY_PROXY, GIVEN_UP, Watch
from service.http.problems import problem
from service.operations.logs import Access, client_of, log_access
from service.operations.traces import REQUEST_ID
from service.settings import Settings

#: Seconds that an idle client is waited for once the service is to stop.
IDLE_S = 1
A = TypeVar("A")

LAYERS = b"/v1/layers/"
MOST_HEAD_BYTES = 32 << 10
#: The parser does not say where in its input a head begins; fed in pieces, the count is right to one of them.
PIECE_BYTES = 1 << 10
#: How long what a client still sends is read and thrown away: with bytes unread the system would break the
#: connection off (RST), and the answer would be lost on its way.
LINGER_S = 2.0
#: Requests that wait for the answers before them; the bytes of further ones are not looked at before.
MOST_PIPELINED = 8


class Refusal(NamedTuple):
    """An answer of the connection itself, after which it is closed."""

    status: int
    slug: str
    detail: str


HEAD_TOO_LONG = Refusal(431, "too-large", f"The head of a request has less than {MOST_HEAD_BYTES:,} bytes")
TOO_SLOW = Refusal(408, "request-timeout", "The rest of the request did not come in time")

_watches: WeakKeyDictionary[ServerState, Watch] = WeakKeyDictionary()


class Connection(HttpToolsProtocol):
    """uvicorn's connection; whoever sends too much of a head, or keeps it waiting, is refused and cut off."""

    _unfinished = 0
    _is_in_body = False
    _is_over = False
    _is_answered = False
    _refusal = HEAD_TOO_LONG
    #: What was read, but not looked at: it comes after requests that wait.
    _unread = b""
    #: Whether no request came yet.
    _is_new = True
    #: Whether the service is to stop: the next answer is the last.
    _is_stopping = False
    #: Seconds that a head, or the rest of a body, was waited for; and what came of the body meanwhile.
    _waited = 0.0
    _came = 0
    #: Seconds that something was there for the client to read, what of it was taken, and what is left.
    _lagged = 0.0
    _taken = 0
    _left = 0
    #: What gives up the work for the request.
    _given_up_by: list[Callable[[], None]]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        """Begin; an address that has too many connections already is refused."""
        super().connection_made(transport)
        self._given_up_by = []
        count, most = self._watch.enter(self), self._watch.most
        if count > 2 * most:  # to tell it so would keep another connection
            transport.abort()
        elif count > most:
            told = f"An address may have {most} connections; use fewer, and each for many requests"
            self._is_over, self._refusal = True, Refusal(429, "too-many-connections", told)
            self._refuse()

    def connection_lost(self, exc: Exception | None) -> None:
        """End, and give up what nobody waits for any more."""
        self._watch.leave(self)
        super().connection_lost(exc)
        self._unread = b""
        self.pipeline.clear()
        for give_up in self._given_up_by:
            give_up()

    def data_received(self, data: bytes) -> None:
        """Read what has come, up to what is too long."""
        if self._unread:
            data, self._unread = self._unread + data, b""
        for start in range(0, len(data), PIECE_BYTES):
            if self._is_over or self.transport.is_closing():
                return
            if len(self.pipeline) >= MOST_PIPELINED:
                self._unread = data[start:]
                self.flow.pause_reading()
                return
            piece = data[start : start + PIECE_BYTES]
            self._unfinished += len(piece)
            super().data_received(piece)
            if self._unfinished >= MOST_HEAD_BYTES:
                self._stop(HEAD_TOO_LONG)

    def on_headers_complete(self) -> None:
        """Begin the request: its head is finished."""
        self._unfinished = 0
        self._waited = 0.0
        self._is_new, self._is_in_body = False, True
        self._is_answered = self._answer_at_hand()
        if not self._is_answered:
            super().on_headers_complete()
            if self._is_stopping:
                self.cycle.keep_alive = False
        self.headers = []  # where trailers go, which are no headers of the request (RFC 9110 6.5.1)

    def on_body(self, body: bytes) -> None:
        """Pass a part of the body on."""
        self._unfinished = 0
        self._came += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request: what comes next is another head."""
        self._unfinished = self._came = 0
        self._waited = 0.0
        self._is_in_body = False
        if not self._is_answered:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request, or with the refusal that waited for this answer."""
        is_last = not self.pipeline
        super().on_response_complete()
        if self._is_over and is_last:
            self._refuse()
        elif self._unread:
            self.data_received(b"")

    def resume_writing(self) -> None:
        """Go on: the client has taken most of what there was."""
        self._lagged, self._taken = 0.0, 0
        super().resume_writing()

    def shutdown(self) -> None:
        """End after an answer that says so, and wait less long for its request and its reader.

        To close what is idle would break off a request that is on its way. So whoever says nothing is waited
        for a little, and what is asked meanwhile is answered.
        """
        self._watch.stop()
        self._unread = b""
        self._is_stopping = True
        if self.cycle is not None and not self.cycle.response_started:
            self.cycle.keep_alive = False
        if self.timeout_keep_alive > IDLE_S and not self._is_over:
            self.timeout_keep_alive = IDLE_S
            if self.timeout_keep_alive_task is not None:
                self._unset_keepalive_if_required()
                self.timeout_keep_alive_task = self.loop.call_later(IDLE_S, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        """Close what is idle, unless a request has come that is only not read yet."""
        if self._is_over or not self._has_come():
            super().timeout_keep_alive_handler()

    def look(self, seconds: float) -> None:
        """Cut the client off where it has kept the service waiting for too long."""
        patience, left = self._watch.patience, self.transport.get_write_buffer_size()
        self._taken += max(0, self._left - left)
        self._lagged = self._lagged + seconds if left else 0.0
        self._left = left
        if not left:
            self._taken = 0
        elif patience.has_lagged(self._lagged, self._taken):
            self.transport.abort()
        if self._is_over or self.transport.is_closing() or self.flow.read_paused:
            return
        if self._is_in_body:
            self._waited += 0.0 if self._holds_back else seconds
            if patience.has_lagged(self._waited, self._came):
                self._stop(TOO_SLOW)
        elif self._is_new or self._unfinished:
            self._waited += 0.0 if self._is_busy else seconds
            if self._waited > patience.head_s:
                self._stop(TOO_SLOW)

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: whoever asks for another protocol is answered in this one (RFC 9110 7.8)."""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._given_up_by.clear()
        extensions: dict[str, dict[object, object]] = {GIVEN_UP: {"by": self._given_up_by}}
        if self._is_proxy:
            extensions[BY_PROXY] = {}
        cycle.scope["extensions"] = extensions
        super()._start_asgi_task(cycle, app)

    @cached_property
    def _watch(self) -> Watch:
        found = _watches.get(self.server_state)
        if found is None:
            settings = Settings() if self._door is None else self._door.api.state.settings
            forwarded = _behind(self.app, ProxyHeadersMiddleware)
            proxies = () if forwarded is None else forwarded.trusted_hosts
            found = _watches[self.server_state] = Watch(settings, proxies, self.loop)
        return found

    @cached_property
    def _is_proxy(self) -> bool:
        return self._watch.is_proxy(self)

    @cached_property
    def _door(self) -> FrontDoor | None:
        return _behind(self.app, FrontDoor)

    @property
    def _holds_back(self) -> bool:
        """Whether the client waits with the body until it is told to go on."""
        return self.cycle is not None and self.cycle.waiting_for_100_continue

    def _has_come(self) -> bool:
        """Return whether there is something to read."""
        opened = self.transport.get_extra_info("socket")
        if self.transport.is_closing() or opened is None:
            return False
        waiting = select.poll()
        waiting.register(opened.fileno(), select.POLLIN)
        return bool(waiting.poll(0))

    @property
    def _is_busy(self) -> bool:
        """Whether an earlier answer is not finished, or not read."""
        is_answering = self.cycle is not None and not self.cycle.response_complete
        return is_answering or bool(self.pipeline) or self.flow.write_paused

    def _answer_at_hand(self) -> bool:
        """Answer a tile that is at hand; False where it is none, or anything about the request is unusual."""
        begun, door = perf_counter(), self._door
        if not self.url.startswith(LAYERS) or door is None or door.writes_access or self.root_path:
            return False
        parser, sent = self.parser, dict(self.headers)
        is_plain = parser.get_method() == b"GET" and parser.get_http_version() == "1.1"
        has_body = b"content-length" in sent or b"transfer-encoding" in sent or self.expect_100_continue
        if not is_plain or has_body or self._is_busy or self._is_stopping or not parser.should_keep_alive():
            return False
        answer = door.at_hand(self.url, sent)
        if answer is None:
            return False
        self._write(answer.status, answer.lines, *answer.body)
        AT_HAND.count(answer.status, perf_counter() - begun)
        super().on_response_complete()
        return True

    def _stop(self, refusal: Refusal) -> None:
        """Take nothing more, and refuse what came last after the answers to the requests before it."""
        self._is_over, self._refusal = True, refusal
        cycle = self.cycle
        if self._is_new and not self._unfinished:
            self.transport.close()  # nothing was asked
        elif cycle is not None and cycle.response_complete and self._is_in_body:
            self._linger()  # it was answered before it was whole
        elif cycle is None or cycle.response_complete:
            self._refuse()
        elif not self._is_in_body:
            return  # an earlier request is being answered
        elif self.pipeline:
            self.pipeline.popleft()  # the request that this belongs to; those before it are answered
        elif cycle.response_started:
            self.transport.close()
        else:
            cycle.disconnected = True
            cycle.message_event.set()
            self._refuse()

    def _refuse(self) -> None:
        if self.transport.is_closing():
            return
        request_id = new_request_id()
        token = REQUEST_ID.set(request_id)
        told = problem(*self._refusal, headers={"Retry-After": "5"} if self._refusal.status == 429 else None)
        status = told.status_code
        more = [*ALWAYS, (b"x-request-id", request_id.encode()), (b"connection", b"close")]
        self._write(status, _written([*told.raw_headers, *more]), bytes(told.body))
        ANSWERS["refused"].count(status, 0.0)
        if self._door is not None and self._door.writes_access:
            log_access(Access("", "", status, 0.0, len(told.body), client_of(self.client)))
        REQUEST_ID.reset(token)
        self._linger()

    def _linger(self) -> None:
        """End, and close the connection a little later."""
        self.transport.write_eof()
        self.flow.resume_reading()
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(LINGER_S, self.timeout_keep_alive_handler)

    def _write(self, status: int, lines: bytes, *body: bytes) -> None:
        always = _written(self.server_state.default_headers)
        self.transport.write(b"".join((STATUS_LINE[status], always, lines, b"\r\n", *body)))


def _behind(app: Any, kind: type[A]) -> A | None:
    """Return the application of a kind that stands behind uvicorn's middleware, or is of it."""
    while not isinstance(app, kind) and hasattr(app, "app"):
        app = app.app
    return app if isinstance(app, kind) else None


def _written(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join([name + b": " + value + b"\r\n" for name, value in headers])
