"""Addresses in answers: how links begin, and where the next page is.

What a client calls the service (Host) is the client's to say: it stands in no link and in no key of what is
held, but for the names that this machine has for itself.
"""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from functools import lru_cache
from operator import itemgetter
from urllib.parse import quote, urlencode

from fastapi import Request
from starlette.types import Scope

LOCALHOST = b"localhost"


@lru_cache(maxsize=16)
def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches what listens on a host.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    if host == LOCALHOST.decode():
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def base_url(request: Request) -> str:
    """Return the address links begin with: the operator's setting, else the one that this listens on."""
    return base_of(request.scope)


def base_of(scope: Scope) -> str:
    """Return the address links begin with in the answer to a request; see ``base_url``."""
    configured: str = scope["app"].state.settings.public_url
    if configured:
        return configured.rstrip("/")
    host, port = scope.get("server") or ("localhost", None)
    if is_loopback(host) and _is_called_localhost(scope, port):
        host = LOCALHOST.decode()
    shown = f"[{host}]" if ":" in host else host
    at = "" if port in (None, {"http": 80, "https": 443}.get(scope["scheme"])) else f":{port}"
    return f"{scope['scheme']}://{shown}{at}{scope.get('root_path', '')}".rstrip("/")


def _is_called_localhost(scope: Scope, port: int | None) -> bool:
    called = next((value for name, value in scope["headers"] if name == b"host"), b"").lower()
    return called in (LOCALHOST, b"%s:%d" % (LOCALHOST, port or 0))


def address_of(request: Request, **parameters: object) -> str:
    """Return the address of an answer with these parameters, None left out.

    It stands in files that others are given too: how whoever asked first wrote the address, and what they put
    into it beside, does not.
    """
    query = urlencode({name: value for name, value in parameters.items() if value is not None}, safe=",:")
    return f"{base_url(request)}{_path(request)}?{query}"


def _path(request: Request) -> str:
    path: str = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return quote(path, safe="/:@~,")


def query_of(request: Request, **changed: object) -> str:
    """Return the query of a request with other values, in the order in which answers are kept."""
    told = [(name, value) for name, value in request.query_params.multi_items() if name not in changed]
    told += [(name, str(value)) for name, value in changed.items()]
    return urlencode(sorted(told, key=itemgetter(0)))


def next_page(request: Request, offset: int, limit: int, total: int) -> str | None:
    """Return the path of the page after this one, or None on the last and where none has anything."""
    if limit == 0 or offset + limit >= total:
        return None
    return f"{_path(request)}?{query_of(request, offset=offset + limit)}"
