"""What the routes of the OGC API share: language, form, and how a document leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated

import orjson
from fastapi import Query, Request
from fastapi.responses import Response

from geo.errors import Finding, InvalidParameter
from geo.text import Language
from service.http.addresses import base_url
from service.http.dependencies import atlas_of
from service.http.html import Frame, frame_of
from service.http.responses import HTML, JSON, Produce, Told, encoded, kept, state_of
from service.layers.views import one_of
from service.ogc import html

PREFIX = "/ogc"

Form = Annotated[
    str | None,
    Query(
        max_length=40,
        description="`json` or `html`; else as Accept says",
        json_schema_extra=one_of("json", "html"),
    ),
]
Titles = Annotated[
    str | None,
    Query(
        max_length=2,
        description="Language of titles: `ja` or `en`; else as Accept-Language says",
        json_schema_extra=one_of("ja", "en"),
    ),
]


def root_of(request: Request) -> str:
    """Return the address of the OGC API."""
    return base_url(request) + PREFIX


def is_html(request: Request, form: str | None) -> bool:
    """Return whether a page is wanted and no JSON: by ``f``, else by what Accept names first."""
    if form is not None:
        if form not in ("json", "html"):
            raise InvalidParameter("f is not valid", [Finding("query", "f", form, "json or html")])
        return form == "html"
    accepted = request.headers.get("accept", "")
    at = accepted.find("text/html")
    json_at = accepted.find("json")
    return at >= 0 and (json_at < 0 or at < json_at)


def language(request: Request, lang: str | None) -> Language:
    """Return the language of titles."""
    if lang is not None and lang not in ("ja", "en"):
        raise InvalidParameter("lang is not valid", [Finding("query", "lang", lang, "ja or en")])
    told = lang or request.headers.get("accept-language", "ja")
    return "en" if told.lower().startswith("en") else "ja"  # tags know no case (RFC 5646 2.1.1)


def framed(request: Request, lang: Language) -> Frame:
    """Return the frame of a document's page."""
    return replace(frame_of(request, "docs"), lang=lang)


Document = Mapping[str, object]
#: A document as a page.
AsPage = Callable[[Document], bytes]
VARY = "Accept, Accept-Language"


async def _sent(
    request: Request,
    make: Callable[[], Document],
    media_type: str,
    as_page: AsPage | None,
    *of: object,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a document as JSON, or as a page where ``as_page`` makes one; made off the event loop and kept.

    ``of`` are the states that it follows from.
    """

    def body() -> bytes:
        told = make()
        return as_page(told) if as_page else orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)

    return await sent(request, encoded(body), HTML if as_page else media_type, *of, headers=headers)


async def sent(
    request: Request, produce: Produce, media_type: str, *of: object, headers: Mapping[str, str] | None = None
) -> Response:
    """Return what ``produce`` makes off the event loop, kept; ``of`` are the states that it follows from."""
    told = Told(media_type, vary=VARY)
    spoken = language(request, request.query_params.get("lang"))
    state = state_of(request, media_type, spoken, root_of(request), *of)
    answer = await kept(request, atlas_of(request), state, produce, told)
    for name, value in (headers or {}).items():
        answer.headers[name] = value
    return answer


async def document(
    request: Request,
    title: str,
    make: Callable[[], Document],
    f: str | None,
    lang: Language,
    kind: str = JSON,
) -> Response:
    """Return a document of the OGC API as JSON or as a page."""
    root = root_of(request)
    as_page = (
        (lambda told: html.document(title, told, framed(request, lang), root))
        if is_html(request, f)
        else None
    )
    return await _sent(request, make, kind, as_page, atlas_of(request).state())
