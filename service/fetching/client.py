"""Asking other servers: bounded, again where they do not answer, and never telling a key."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from types import TracebackType

import httpx

from geo.errors import ChiikiError, Finding
from service.settings import Settings

CONNECT_S, SILENCE_S = 10.0, 60.0
#: An answer that takes longer than this in all is given up.
LONGEST_S = 900.0
TIMES = 4
#: A server may ask for so long a wait, and no longer.
LONGEST_WAIT_S = 60.0
MOST_REDIRECTS = 5
AGAIN = (429, 500, 502, 503, 504)

# httpx writes down whole addresses, and keys stand in them
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class NotFetched(ChiikiError):
    """Another server did not answer, or not with what was asked for; nothing was loaded."""


@dataclass(frozen=True)
class Fetched:
    """An answer: 200, or 304 where it is what it was."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Again(Exception):
    """The server may answer another time, ``wait`` seconds later where it says so."""

    def __init__(self, told: str, wait: float = 0.0) -> None:
        super().__init__(told)
        self.told = told
        self.wait = wait


class Client:
    """A client of other servers.

    Parameters
    ----------
    redirects : whether an answer may come from another address; never where a key is sent
    """

    def __init__(self, settings: Settings, *, redirects: bool) -> None:
        self._wait = settings.fetch_wait_s
        self._http = httpx.Client(
            timeout=httpx.Timeout(SILENCE_S, connect=CONNECT_S),
            headers={"User-Agent": f"chiiki/{version('chiiki')}"},
            follow_redirects=redirects,
            max_redirects=MOST_REDIRECTS,
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(
        self,
        address: str,
        *,
        most: int,
        parameters: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Fetched:
        """Return the answer to GET: 200 or 304, of at most ``most`` bytes, unpacked.

        It is asked for again where the server cannot be reached, breaks off or is too busy. What is told of a
        failure names the address without its parameters, in which keys stand.

        Raises
        ------
        NotFetched : another status, a larger answer, or none after all
        """
        wait = self._wait
        for left in reversed(range(TIMES)):
            try:
                return self._asked(address, most, parameters, headers)
            except _Again as again:
                if not left:
                    raise _failure(address, f"{again.told}, {TIMES} times", "an answer") from None
                time.sleep(max(wait, min(again.wait, LONGEST_WAIT_S)))
                wait *= 2
        raise AssertionError("the last time returns or raises")

    def _asked(
        self,
        address: str,
        most: int,
        parameters: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
    ) -> Fetched:
        until = time.monotonic() + LONGEST_S
        try:
            with self._http.stream("GET", address, params=parameters, headers=headers) as answer:
                if answer.status_code in AGAIN:
                    asked = answer.headers.get("retry-after", "")
                    wait = float(asked) if asked.isascii() and asked.isdigit() else 0.0
                    raise _Again(f"status {answer.status_code}", wait)
                if answer.status_code not in (200, 304):
                    raise _failure(address, f"status {answer.status_code}", "status 200")
                body = bytearray()
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > most:
                        raise _failure(address, "a larger answer", f"at most {most >> 20} MiB")
                    if time.monotonic() > until:
                        raise _failure(address, "too slow", f"an answer within {LONGEST_S:.0f} s")
                return Fetched(answer.status_code, dict(answer.headers), bytes(body))
        except httpx.TransportError as error:
            raise _Again(type(error).__name__) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _failure(address, type(error).__name__, "an answer") from None


def _failure(address: str, told: str, expected: str) -> NotFetched:
    shown = address.partition("?")[0]
    finding = Finding("server", shown, told, expected)
    return NotFetched(f"{shown[:200]} was not fetched: {told}; nothing was loaded", [finding])
