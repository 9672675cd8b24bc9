"""Where an API key may be: in a header.

Addresses are written down by browsers, proxies and logs. A key in one is refused, so that nobody gets used to
it, and told to nobody: neither the answer nor a log repeats it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from urllib.parse import unquote_to_bytes

from fastapi import Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

#: What may be a key: its public part, and what must not be written down.
WRITTEN = re.compile(r"(chiiki_[0-9a-f]{12})_[0-9a-f]+", re.IGNORECASE)
#: A parameter that is meant to be a key, and a key under any other name.
_MEANT = re.compile(rb"(?:^|[&;?])\s*(?:x[-_])?api[-_]?key\s*=|chiiki_[0-9a-f]{12}_[0-9a-f]", re.IGNORECASE)
#: So many times an address may have been encoded on its way.
MOST_ENCODINGS = 3


def masked(text: str) -> str:
    """Return a text without the secret part of keys.

    >>> masked("PUT /x/chiiki_0123456789ab_00ff from chiiki_0123456789ab_FF")
    'PUT /x/chiiki_0123456789ab_*** from chiiki_0123456789ab_***'
    """
    return WRITTEN.sub(r"\1_***", text) if "chiiki_" in text.lower() else text


def holds_key(query: bytes) -> bool:
    """Return whether a key was sent in a query, or was meant to be.

    >>> holds_key(b"a=1&api%5Fkey=x"), holds_key(b"q=apikey"), holds_key(b"t=chiiki_0123456789ab%255Fff")
    (True, False, True)
    """
    for _ in range(MOST_ENCODINGS):
        if _MEANT.search(query):
            return True
        decoded = unquote_to_bytes(query.replace(b"+", b" "))
        if decoded == query:
            return False
        query = decoded
    return _MEANT.search(query) is not None


class KeyPlaces:
    """The application, for requests without a key in their address."""

    def __init__(self, app: ASGIApp, refuse: Callable[[Request], Response]) -> None:
        self.app = app
        self.refuse = refuse

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer a request, or refuse it."""
        if scope["type"] == "http" and scope["query_string"] and holds_key(scope["query_string"]):
            return self.refuse(Request(scope))(scope, receive, send)
        return self.app(scope, receive, send)
