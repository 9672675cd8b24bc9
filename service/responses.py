"""How an answer leaves: encoding, strong ETag, 304, caching. One function for every format."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import Query, Request
from fastapi.responses import Response

IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "public, max-age=0, must-revalidate, stale-if-error=86400"

JSON = "application/json"
GEOJSON = "application/geo+json"
JSON_LD = "application/ld+json"
CSV = "text/csv; charset=utf-8"
SVG = "image/svg+xml"
MVT = "application/vnd.mapbox-vector-tile"
PNG = "image/png"
TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"

Bom = Annotated[bool, Query(description="Begin with a byte order mark, for Excel")]

#: Encodings of a body: identity or gzip, from the same call.
Produce = Callable[[bool], bytes]


def accepts_gzip(header: str) -> bool:
    """Return whether an Accept-Encoding header allows gzip (RFC 9110 12.5.3).

    >>> accepts_gzip("gzip, br"), accepts_gzip("gzip;q=0, br"), accepts_gzip("")
    (True, False, False)
    """
    wildcard = False
    for part in header.lower().split(","):
        coding, _, weight = part.partition(";")
        allowed = weight.replace(" ", "").removeprefix("q=") not in ("0", "0.0", "0.00", "0.000")
        if coding.strip() in ("gzip", "x-gzip"):
            return allowed
        wildcard = wildcard or (coding.strip() == "*" and allowed)
    return wildcard


def is_fresh(if_none_match: str, etag: str) -> bool:
    """Return whether the client's copy is still good (RFC 9110 13.1.2, weak comparison)."""
    return any(tag.strip().removeprefix("W/") in (etag, "*") for tag in if_none_match.split(","))


def digest(*state: object) -> str:
    """Return a short text that stands for a state: the middle of an ETag."""
    return hashlib.blake2b(orjson.dumps(state, default=str), digest_size=8).hexdigest()


def to_json(value: object) -> bytes:
    """Return JSON bytes; NaN and infinities become null."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE)


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[object]], *, bom: bool = False) -> bytes:
    """Return a CSV table in UTF-8, with a byte order mark for Excel where asked.

    None is an empty cell. A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(header)
    table.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig" if bom else "utf-8")


def _cell(value: object) -> object:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.15g}"
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) and len(value) > 1:
        return f"'{value}"
    return value


def answers(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """Return what a route gives to ``responses``: the media types of its answer."""
    return {200: {"content": {one: {"schema": _schema(one)} for one in media_types}}}


def _schema(media_type: str) -> dict[str, Any]:
    if "json" in media_type:
        return {}
    is_text = media_type.startswith("text/") or media_type.endswith("+xml")
    return {"type": "string"} if is_text else {"type": "string", "format": "binary"}


def encoded(make: Callable[[], bytes]) -> Produce:
    """Return a producer that compresses what ``make`` returns when it is asked to."""
    return lambda gzipped: gzip.compress(make(), 6, mtime=0) if gzipped else make()


def answer(
    request: Request,
    produce: Produce,
    media_type: str,
    state: str,
    *,
    immutable: bool = False,
    revision: str | None = None,
    download: str | None = None,
    compressible: bool = True,
) -> Response:
    """Return the representation the client asked for, or 304 when it has it already.

    ``state`` names the data and the parameters; the ETag adds the encoding, because identity and gzip
    are two representations.
    """
    gzipped = compressible and accepts_gzip(request.headers.get("accept-encoding", ""))
    etag = f'"{state}-gz"' if gzipped else f'"{state}"'
    headers = {
        "ETag": etag,
        "Cache-Control": IMMUTABLE if immutable else REVALIDATE,
        "Vary": "Accept-Encoding",
    }
    if revision is not None:
        headers["Chiiki-Revision"] = revision
    if is_fresh(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    if gzipped:
        headers["Content-Encoding"] = "gzip"
    if download is not None:
        headers["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(download)}"
    return Response(produce(gzipped), media_type=media_type, headers=headers)


def json_answer(request: Request, value: object, state: str | None = None) -> Response:
    """Return a JSON answer whose ETag is that of its bytes, or of ``state``."""
    body = to_json(value)
    return answer(
        request, encoded(lambda: body), JSON, state or hashlib.blake2b(body, digest_size=8).hexdigest()
    )


def csv_answer(
    request: Request, header: Sequence[str], rows: Iterable[Sequence[object]], name: str, *, bom: bool
) -> Response:
    """Return a CSV table as a download; its ETag is that of its bytes."""
    body = csv_bytes(header, rows, bom=bom)
    state = hashlib.blake2b(body, digest_size=8).hexdigest()
    return answer(request, encoded(lambda: body), CSV, state, download=name)
