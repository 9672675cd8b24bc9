"""One connection to a server, kept open between requests, that costs little itself."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PATIENCE_S = 120
GZIP = {"Accept-Encoding": "gzip"}


@dataclass(frozen=True)
class Request:
    """What is asked: GET without a body."""

    path: str
    headers: Mapping[str, str] = field(default_factory=lambda: GZIP)
    method: str = "GET"
    body: bytes | None = None


@dataclass(frozen=True)
class Answer:
    """What came, and after how many seconds."""

    status: int
    body: bytes
    seconds: float


class Client:
    """Asks one request after another."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._connection = http.client.HTTPConnection(
            address.hostname or "", address.port, timeout=PATIENCE_S
        )

    def ask(self, request: Request) -> Answer:
        """Return the answer, whatever its status."""
        begun = time.perf_counter()
        try:
            return self._asked(request, begun)
        except (http.client.RemoteDisconnected, ConnectionError):
            self._connection.close()  # the server closes what was idle for some seconds
            return self._asked(request, begun)

    def _asked(self, request: Request, begun: float) -> Answer:
        self._connection.request(request.method, request.path, request.body, dict(request.headers))
        answer = self._connection.getresponse()
        body = answer.read()
        return Answer(answer.status, body, time.perf_counter() - begun)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()
