"""Addresses in answers: how links begin, and where the next page is."""

from __future__ import annotations

from fastapi import Request


def base_url(request: Request) -> str:
    """Return the address links begin with: the operator's setting, else what the client called."""
    configured: str = request.app.state.settings.public_url
    return (configured or str(request.base_url)).rstrip("/")


def next_page(request: Request, offset: int, limit: int, total: int) -> str | None:
    """Return the path of the page after this one, or None on the last and where none has anything."""
    if limit == 0 or offset + limit >= total:
        return None
    link = str(request.url.include_query_params(offset=offset + limit))
    return link[len(str(request.base_url).rstrip("/")) :]
