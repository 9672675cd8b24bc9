"""oEmbed 1.0 (https://oembed.com): the embed a site shows where its author pasted an address of chiiki."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Annotated, Literal, NotRequired
from urllib.parse import urlsplit
from xml.etree import ElementTree

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BeforeValidator
from typing_extensions import TypedDict

from geo.errors import Finding, InvalidAreaCode, InvalidParameter, NotFound, UnclassifiableValues
from service.http.addresses import base_url
from service.http.dependencies import OneMoment, atlas_of
from service.http.forms import answers
from service.http.problems import UnknownFormat
from service.http.responses import JSON, Told, answer, to_json
from service.layers.views import one_of
from service.memory.cache import off_loop
from service.pages.html_head import NAME
from service.pages.previews import OF_STRATEGY, PICTURE, READ, Address, Preview, preview

router = APIRouter(route_class=OneMoment, tags=["pages"])

#: Width and height of each kind of embed in pixels, where the site sets no maxima.
SIZES = {
    **{"map": (800, 600), "chart": (800, 420), "ranking": (800, 600), "profile": (800, 900)},
    **dict.fromkeys(OF_STRATEGY, (1000, 900)),
}
#: Pictures are drawn from this edge on; where a site has less room, none is named.
LEAST = 200
CACHE_AGE_S = 3600
ANY_SIZE = 10_000
#: Sites whose authors left a field empty send it empty.
Most = Annotated[int, BeforeValidator(lambda written: written or ANY_SIZE)]
LONGEST_URL = 4000
#: An ampersand as HTML writes it, also escaped twice. In an address that was not escaped, & parts parameters
#: and none of ours is called amp; an ampersand of a text is %26.
_AMPERSAND = re.compile(r"&(?:(?:amp|#0*38|#x0*26);)+", re.IGNORECASE)


class Embed(TypedDict):
    """An embed (oEmbed 1.0); a thumbnail where the site has room for one."""

    type: Literal["rich"]
    version: Literal["1.0"]
    title: str
    provider_name: str
    provider_url: str
    cache_age: int
    width: int
    height: int
    html: str
    thumbnail_url: NotRequired[str]
    thumbnail_width: NotRequired[int]
    thumbnail_height: NotRequired[int]


def _xml(body: Mapping[str, object]) -> bytes:
    root = ElementTree.Element("oembed")
    for name, value in body.items():
        ElementTree.SubElement(root, name).text = str(value)
    declaration = '<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n'
    return (declaration + ElementTree.tostring(root, encoding="unicode") + "\n").encode()


#: format → media type and encoder
FORMATS: dict[str, tuple[str, Callable[[Mapping[str, object]], bytes]]] = {
    "json": (JSON, to_json),
    "xml": ("text/xml; charset=utf-8", _xml),
}


def unescaped(url: str) -> str:
    """Return an address with the ampersands that its author copied from the source of a page.

    >>> unescaped("https://chiiki.example/?layer=population&amp;level=prefecture&#038;lang=ja")
    'https://chiiki.example/?layer=population&level=prefecture&lang=ja'
    """
    return _AMPERSAND.sub("&", url)


def _address(request: Request, url: str) -> Address:
    """Return the address of a page of this service; NotFound for those of others."""
    ours = (base_url(request), str(request.base_url).rstrip("/"))
    try:
        asked = urlsplit(unescaped(url))
    except ValueError as error:
        raise NotFound(f"{url[:200]!r} is no address") from error
    for base in map(urlsplit, ours):
        is_here = asked.scheme in ("http", "https") and asked.netloc.lower() == base.netloc.lower()
        if is_here and asked.path.startswith(base.path):
            return Address.of(asked.path.removeprefix(base.path) or "/", asked.query)
    pages = ", ".join(READ)
    raise NotFound(f"{url[:200]!r} is not here; there are, below {ours[0]}: {pages}")


async def _told(request: Request, address: Address) -> Preview:
    try:
        return await off_loop(preview, atlas_of(request), address)
    except (InvalidAreaCode, InvalidParameter, UnclassifiableValues) as error:  # oEmbed knows no 422
        raise NotFound(error.message, error.found) from error


def _within(size: tuple[int, int], most: tuple[int, int]) -> tuple[int, int]:
    """Return a picture's size made smaller in proportion until it fits.

    >>> _within((1200, 630), (400, 1000)), _within((1200, 630), (2000, 2000))
    ((400, 210), (1200, 630))
    """
    ratio = min(1, *(limit / edge for edge, limit in zip(size, most, strict=True)))
    width, height = (max(1, int(edge * ratio)) for edge in size)
    return width, height


@router.get(
    "/oembed",
    summary="oEmbed: the embed of an address",
    responses=answers(*(media_type for media_type, _ in FORMATS.values()), form=Embed)
    | {501: {"description": "Not available in this format"}},
)
async def oembed(
    request: Request,
    url: Annotated[
        str, Query(max_length=LONGEST_URL, description="Address of the explorer or an embed of this service")
    ],
    suffix: Annotated[
        str,
        Query(
            alias="format",
            max_length=20,
            description="`json` or `xml`",
            json_schema_extra=one_of(*FORMATS),
        ),
    ] = "json",
    maxwidth: Annotated[Most, Query(ge=1, description="Most pixels across")] = ANY_SIZE,
    maxheight: Annotated[Most, Query(ge=1, description="Most pixels down")] = ANY_SIZE,
) -> Response:
    """Return what to show for a pasted address as oEmbed 1.0 says: the `<iframe>` of its embed, a picture.

    A comparison is shown as a chart, a ranking as one, a view of the strategy as itself, every other view
    as a map. Addresses of other
    sites, and views that do not exist, answer 404; another `format` 501. Further parameters are let pass,
    because sites add their own.
    """
    suffix = suffix.lower() or "json"
    if suffix not in FORMATS:
        finding = Finding("query", "format", suffix, f"one of {', '.join(FORMATS)}")
        raise UnknownFormat(f"oEmbed is not available as {suffix!r}", (finding,))
    address = _address(request, url)
    told = await _told(request, address)
    base, most = base_url(request), (maxwidth, maxheight)
    width, height = (min(pair) for pair in zip(SIZES[told.kind], most, strict=True))
    across, down = _within(PICTURE, most)
    frame, title = escape(base + address.embed(told.kind).link(address.lang)), escape(told.title)
    body: Embed = {
        "type": "rich",
        "version": "1.0",
        "title": told.title,
        "provider_name": NAME[address.lang],
        "provider_url": f"{base}/",
        "cache_age": CACHE_AGE_S,
        "width": width,
        "height": height,
        "html": f'<iframe src="{frame}" title="{title}" width="{width}" height="{height}"'
        ' style="border:0;max-width:100%" loading="lazy"></iframe>',
    }
    if min(across, down) >= LEAST:
        picture = f"{base}{told.picture_of(across, down)}"
        body["thumbnail_url"] = picture
        body["thumbnail_width"], body["thumbnail_height"] = across, down
    media_type, encode = FORMATS[suffix]
    return answer(request, encode(body), Told(media_type))
