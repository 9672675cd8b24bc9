"""A client's connection, on which the head of a request has a bound.

uvicorn keeps a head until it has the whole of it, however long it is: sixty megabytes of one header held up
every other client for seconds. Here whatever is neither a body nor a finished head is counted as it comes:
the request line, headers, empty lines before them, the extensions of a chunk and trailers after the last one.

A tile that was poured before is answered as soon as its head is read: a task of its own for each, as ASGI has
it, would take longer than the rest of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from service.http.front_door import ALWAYS, REQUESTS, FrontDoor
from service.http.problems import problem

LAYERS = b"/v1/layers/"
MOST_HEAD_BYTES = 32 << 10
#: The parser does not say where in its input a head begins; fed in pieces, the count is right to one of them.
PIECE_BYTES = 1 << 10
#: How long what a client still sends is read and thrown away: with bytes unread the system would break the
#: connection off (RST), and the answer would be lost on its way.
LINGER_S = 2.0


class Connection(HttpToolsProtocol):
    """uvicorn's connection; a head that is too long gets 431 and the connection is closed."""

    _unfinished = 0
    _is_in_body = False
    _is_over = False
    _is_answered = False

    def data_received(self, data: bytes) -> None:
        """Read what has come, up to what is too long."""
        for start in range(0, len(data), PIECE_BYTES):
            if self._is_over or self.transport.is_closing():
                return
            piece = data[start : start + PIECE_BYTES]
            self._unfinished += len(piece)
            super().data_received(piece)
            if self._unfinished >= MOST_HEAD_BYTES:
                self._stop()

    def on_headers_complete(self) -> None:
        """Begin the request: its head is finished."""
        self._unfinished = 0
        self._is_in_body = True
        self._is_answered = self._answer_at_hand()
        if not self._is_answered:
            super().on_headers_complete()
        self.headers = []  # where trailers go, which are no headers of the request (RFC 9110 6.5.1)

    def on_body(self, body: bytes) -> None:
        """Pass a part of the body on."""
        self._unfinished = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request: what comes next is another head."""
        self._unfinished = 0
        self._is_in_body = False
        if not self._is_answered:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request, or with the refusal that waited for this answer."""
        is_last = not self.pipeline
        super().on_response_complete()
        if self._is_over and is_last:
            self._refuse()

    @cached_property
    def _door(self) -> FrontDoor | None:
        app = self.app
        while not isinstance(app, FrontDoor) and hasattr(app, "app"):  # it stands behind uvicorn's middleware
            app = app.app
        return app if isinstance(app, FrontDoor) else None

    @property
    def _is_busy(self) -> bool:
        """Whether an earlier answer is not finished, or not read."""
        is_answering = self.cycle is not None and not self.cycle.response_complete
        return is_answering or bool(self.pipeline) or self.flow.write_paused

    def _answer_at_hand(self) -> bool:
        """Answer a tile that is at hand; False where it is none, or anything about the request is unusual."""
        if not self.url.startswith(LAYERS) or self.access_log or self.root_path or self._door is None:
            return False
        parser, sent = self.parser, dict(self.headers)
        is_plain = parser.get_method() == b"GET" and parser.get_http_version() == "1.1"
        has_body = b"content-length" in sent or b"transfer-encoding" in sent or self.expect_100_continue
        if not is_plain or has_body or self._is_busy or not parser.should_keep_alive():
            return False
        answer = self._door.at_hand(self.url, sent)
        if answer is None:
            return False
        self._write(answer.status, answer.lines, *answer.body)
        super().on_response_complete()
        return True

    def _stop(self) -> None:
        """Take nothing more, and refuse what is too long after the answers to the requests before it."""
        self._is_over = True
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
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
        refusal = problem(431, "too-large", f"The head of a request has less than {MOST_HEAD_BYTES:,} bytes")
        headers = [*refusal.raw_headers, *ALWAYS, (b"connection", b"close")]
        self._write(431, _written(headers), bytes(refusal.body))
        self.transport.write_eof()
        REQUESTS.labels("other", "431").inc()
        self.flow.resume_reading()
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(LINGER_S, self.timeout_keep_alive_handler)

    def _write(self, status: int, lines: bytes, *body: bytes) -> None:
        always = _written(self.server_state.default_headers)
        self.transport.write(b"".join((STATUS_LINE[status], always, lines, b"\r\n", *body)))


def _written(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join([name + b": " + value + b"\r\n" for name, value in headers])
