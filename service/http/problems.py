"""Every error as a problem (RFC 9457): one table from class to status, one shape for all answers."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterable, Sequence
from http import HTTPStatus

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import iter_route_contexts
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from geo.errors import (
    ChiikiError,
    Finding,
    Findings,
    InvalidAreaCode,
    InvalidFile,
    InvalidGeometry,
    InvalidParameter,
    InvalidRows,
    NotConvertible,
    NotEnoughData,
    NotFound,
    OutOfReach,
    UnclassifiableValues,
    UnmatchedName,
)
from geo.text import Text
from service.child import NO_ROOM, ChildKilled, NoRoom, no_room
from service.http.auth import Forbidden, Unauthorized
from service.http.problem_pages import problem_page
from service.http.responses import HTML, preferred
from service.memory.cache import Busy
from service.operations.traces import REQUEST_ID

MEDIA_TYPE, PAGE = "application/problem+json", "text/html"
#: Below it every error has the shape of the RESAS API, whose clients read ``statusCode``.
RESAS = "/resas"
#: Below it a parameter that cannot be read is a bad request (OGC API - Features - Part 1, 7.6 and 7.15).
OGC = "/ogc"
#: Below it every answer is one for programs.
FOR_PROGRAMS = "/v1"


class Unavailable(ChiikiError):
    """The database cannot be reached and the answer is not in memory."""


class KeyReused(ChiikiError):
    """Another request was sent with this Idempotency-Key."""


class StillAtWork(ChiikiError):
    """The request with this Idempotency-Key has no answer yet."""


class TooManyKept(ChiikiError):
    """More answers are kept of an API key than it may have."""


class TooManyRequests(ChiikiError):
    """Somebody asks for more than their share.

    Parameters
    ----------
    headers : say how much that is, and when to ask again
    """

    def __init__(self, message: str, headers: dict[str, str]) -> None:
        super().__init__(message)
        self.headers = headers


class FontMissing(ChiikiError):
    """The fonts that pictures are written with are not on this machine."""


class TooManyFeatures(ChiikiError):
    """An answer would be made of more than it may be; the message says how many, and what to ask instead."""


class NotAcceptable(ChiikiError):
    """The answer exists in none of the media types that the client takes."""


class UnknownFormat(ChiikiError):
    """The answer does not exist in the format asked for."""


#: refusal → status, and slug of its problem
REFUSALS: dict[type[Exception], tuple[int, str]] = {
    NotFound: (404, "not-found"),
    InvalidAreaCode: (422, "invalid-area-code"),
    InvalidParameter: (422, "invalid-parameter"),
    InvalidFile: (422, "invalid-file"),
    InvalidGeometry: (422, "invalid-geometry"),
    InvalidRows: (422, "invalid-rows"),
    NotConvertible: (422, "not-convertible"),
    NotEnoughData: (422, "not-enough-data"),
    UnmatchedName: (422, "unmatched-name"),
    UnclassifiableValues: (422, "unclassifiable-values"),
    TooManyFeatures: (422, "too-many-features"),
    Unauthorized: (401, "unauthorized"),
    Forbidden: (403, "forbidden"),
    OutOfReach: (403, "forbidden"),
    StillAtWork: (409, "still-at-work"),
    KeyReused: (422, "key-reused"),
    TooManyKept: (429, "too-many-kept"),
    NotAcceptable: (406, "not-acceptable"),
    UnknownFormat: (501, "unknown-format"),  # as oEmbed wants it
    Unavailable: (503, "unavailable"),
    Busy: (503, "busy"),
    TooManyRequests: (429, "too-many-requests"),
    FontMissing: (503, "font-missing"),
    NoRoom: (507, "no-room"),
}

#: slug → (title ja, title en); the slug is the last part of a problem's ``type``.
TITLES: dict[str, tuple[str, str]] = {
    "not-found": ("見つかりません", "Not found"),
    "method-not-allowed": ("このメソッドは使えません", "Method not allowed"),
    "invalid-area-code": ("地域コードが正しくありません", "Invalid area code"),
    "invalid-parameter": ("パラメータが正しくありません", "Invalid parameter"),
    "invalid-file": ("ファイルが正しくありません", "Invalid file"),
    "invalid-geometry": ("図形が正しくありません", "Invalid geometry"),
    "invalid-rows": ("データの行に誤りがあります", "Invalid rows"),
    "unmatched-name": ("地名を特定できません", "A place name fits no area, or several"),
    "not-enough-data": ("データが足りません", "Not enough data"),
    "not-convertible": ("この境界へは換算できません", "Not convertible to these boundaries"),
    "unclassifiable-values": ("階級に分けられません", "Values cannot be classified"),
    "too-many-features": ("対象が多すぎます", "Too many features for one answer"),
    "unauthorized": ("API キーが必要です", "An API key is needed"),
    "forbidden": ("この API キーには権限がありません", "The API key does not allow this"),
    "key-in-address": ("API キーをアドレスに書かないでください", "An API key does not belong in an address"),
    "request-timeout": ("リクエストが時間内に届きませんでした", "The request did not come in time"),
    "still-at-work": ("同じ要求を処理しているところです", "The same request is being worked on"),
    "key-reused": (
        "この Idempotency-Key は別の要求に使われています",
        "Another request has this Idempotency-Key",
    ),
    "too-many-kept": ("Idempotency-Key が多すぎます", "Too many Idempotency-Keys"),
    "too-large": ("リクエストが大きすぎます", "Request too large"),
    "too-many-connections": ("接続が多すぎます", "Too many connections"),
    "not-acceptable": ("求められた形式では答えられません", "Not available in the media types accepted"),
    "unknown-format": ("この形式では答えられません", "Not available in this format"),
    "unavailable": ("データベースに接続できません", "The database cannot be reached"),
    "busy": ("混み合っています", "Busy"),
    "too-many-requests": ("リクエストが多すぎます", "Too many requests"),
    "font-missing": ("図を描く書体がありません", "The fonts for pictures are missing"),
    "no-room": ("保存する場所がありません", "There is no room to store it"),
    "internal": ("内部エラーです", "Internal error"),
}

_HTTP_SLUGS = {
    401: "unauthorized",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
}

log = logging.getLogger("chiiki")


def problem(
    status: int,
    slug: str,
    detail: str,
    findings: Iterable[Finding] = (),
    headers: dict[str, str] | None = None,
) -> Response:
    """Return a problem document; ``findings`` name each place, field, value and what was expected.

    It is indented, because people read it in terminals.
    """
    title_ja, title_en = TITLES[slug]
    body: dict[str, object] = {
        "type": f"/problems/{slug}",
        "title": title_en,
        "title_ja": title_ja,
        "status": status,
        "detail": _storable(detail),
    }
    if request_id := REQUEST_ID.get():
        body["request_id"] = request_id
    found = findings if isinstance(findings, Findings) else Findings(findings)
    if found:
        body["errors_total"] = found.total
        body["errors"] = [
            {name: _storable(getattr(one, name)) for name in ("where", "field", "value", "expected")}
            for one in found
        ]
    return Response(
        orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def _storable(text: str) -> str:
    """Return a text without half characters of UTF-16, which JSON can name and no answer can hold."""
    return text.encode("utf-8", "replace").decode()


#: Messages of the old service that clients compare with; the others are the names of the status.
_RESAS_MESSAGES = {400: "Validation Failed.", 404: "404. That's an error."}


def _resas_error(
    status: int, detail: str, findings: Iterable[Finding], headers: dict[str, str] | None
) -> Response:
    """Return an error as the RESAS API wrote it, with the real HTTP status."""
    status = 400 if status == 422 else status
    told = "; ".join(f"{f.field}={f.value}: {f.expected}" for f in findings)
    body = {
        "statusCode": str(status),
        "message": _RESAS_MESSAGES.get(status, f"{HTTPStatus(status).phrase}."),
        "description": _storable(told or detail),
    }
    return Response(
        orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def _wants_page(request: Request, path: str) -> bool:
    """Return whether who asks wants a page: by Accept, and by ``f`` of the OGC API, as its documents are.

    What is for programs alone answers programs, whoever asks.
    """
    if _is_below(path, FOR_PROGRAMS):
        return False
    f = request.query_params.get("f") if _is_below(path, OGC) else None
    if f is not None:
        return f == "html"
    return preferred(request.headers.get("accept", ""), [MEDIA_TYPE, "application/json", PAGE]) == PAGE


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(f"{root}/")


def _told(
    request: Request,
    status: int,
    slug: str,
    detail: str,
    findings: Iterable[Finding] = (),
    headers: dict[str, str] | None = None,
    near: Sequence[tuple[str, Text]] = (),
) -> Response:
    """Return an error in the shape that the clients of the path expect."""
    path = request.url.path
    if _is_below(path, RESAS):
        return _resas_error(status, detail, findings, headers)
    if _is_below(path, OGC):
        status = 400 if status == 422 else status
    if _wants_page(request, path):
        ja, en = TITLES[slug]
        body = problem_page(request, slug, {"ja": ja, "en": en}, status, detail, findings, near)
        told = {"Cache-Control": "no-store", "Vary": "Accept, Accept-Language", **(headers or {})}
        return Response(body, status_code=status, media_type=HTML, headers=told)
    return problem(status, slug, detail, findings, headers)


def refusal(request: Request, error: Exception) -> Response:
    """Return a refusal in the shape that the clients of the path expect."""
    if not isinstance(error, ChiikiError):  # the handler is registered for ChiikiError alone
        raise error
    for kind in type(error).__mro__:
        if kind in REFUSALS:
            headers = {"Retry-After": "5"} if kind in (Unavailable, Busy, StillAtWork) else None
            if kind is NoRoom:
                log.warning("no room to answer %s: %s", request.url.path, error.__cause__ or error)
                headers = {"Retry-After": ROOM_IN_S}
            if isinstance(error, TooManyRequests):
                headers = error.headers
            if kind is Unauthorized:
                headers = {"WWW-Authenticate": 'Bearer realm="chiiki"'}
            near = error.near if isinstance(error, NotFound) else ()
            return _told(request, *REFUSALS[kind], error.message, error.found, headers, near)
    return _unforeseen(request, error)


def key_in_address(request: Request) -> Response:
    """Return the refusal of a key that came in the address; it does not repeat it."""
    told = (
        "An API key is sent in the header X-API-Key, or as Authorization: Bearer. Logs and histories hold "
        "the one in this address: have it revoked (chiiki key revoke) and another made"
    )
    return _told(request, 400, "key-in-address", told)


def _gone(request: Request, _error: Exception) -> Response:
    """Answer nobody: the client left, or was cut off, before its request was whole."""
    return _told(request, 408, "request-timeout", "The rest of the request did not come")


def _invalid_request(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    findings = Findings(
        Finding(
            where=str(fault["loc"][0]),
            field=".".join(str(part) for part in fault["loc"][1:]),
            value=str(fault.get("input", "")),
            expected=str(fault["msg"]),
        )
        for fault in error.errors()
    )
    named = ", ".join(finding.field for finding in findings)
    return _told(request, 422, "invalid-parameter", f"The request is not valid: {named}", findings)


def _allowed(request: Request) -> list[str]:
    """Return the methods that there are at the path of a request.

    The router tells those of the first route that fits and the built front-end takes every path.
    """
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    routes = (one for one in iter_route_contexts(request.app.routes) if one.path_format and one.methods)
    matching = [one for one in routes if one.path_regex.match(path)]
    first = matching[0].path_format if matching else ""
    allowed = {method for one in matching if one.path_format == first for method in one.methods or ()}
    return sorted(allowed | ({"HEAD"} if "GET" in allowed else set()))


def _http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    allowed = _allowed(request) if error.status_code in (404, 405) else []
    if allowed and request.method not in allowed:
        told = f"{request.url.path} is asked with {' or '.join(allowed)}, not with {request.method}"
        return _told(request, 405, "method-not-allowed", told, headers={"Allow": ", ".join(allowed)})
    if error.status_code == 400:  # a body that is no text in any encoding does not get as far as its JSON
        finding = Finding("body", "body", "", "a JSON document in UTF-8")
        return _told(request, 422, "invalid-parameter", str(error.detail), (finding,))
    slug = _HTTP_SLUGS.get(error.status_code, "internal" if error.status_code >= 500 else "invalid-parameter")
    detail = (
        f"There is nothing at {request.url.path}; see /docs"
        if error.status_code == 404
        else str(error.detail)
    )
    return _told(request, error.status_code, slug, detail, headers=dict(error.headers or {}))


#: To make room takes a person.
ROOM_IN_S = "60"
#: What the driver raises where the database is not there, or took the connection back.
AWAY = (pg.OperationalError, pg.InterfaceError, pg.IdleInTransactionSessionTimeout)


def _database(request: Request, error: Exception) -> Response:
    """Answer what the caller can mend as 422, what only time mends as 503 (and log why), the rest as 500."""
    origin = error.orig if isinstance(error, DBAPIError) else error if isinstance(error, pg.Error) else None
    if isinstance(origin, pg.DiskFull):
        return _database_full(request, origin)
    if isinstance(origin, pg.DataError):
        return _told(
            request, 422, "invalid-parameter", "A parameter holds a character or number that cannot be stored"
        )
    if origin is None or isinstance(origin, AWAY):
        log.warning("no answer of the database to %s: %s", request.url.path, origin or error)
        too_long = isinstance(origin, pg.QueryCanceled)
        detail = "The database took too long; ask for less" if too_long else "The database cannot be reached"
        return _told(request, 503, "unavailable", detail, headers={"Retry-After": "5"})
    return _unforeseen(request, error)


def _database_full(request: Request, error: pg.DiskFull) -> Response:
    """Answer a write of which nothing was kept; a read, which needs room to sort, is told to wait."""
    log.error("the disk of the database is full: %s", error)
    headers = {"Retry-After": ROOM_IN_S}
    if request.method in ("GET", "HEAD"):
        told = "The disk of the database is full, and this answer needs room on it"
        return _told(request, 503, "unavailable", told, headers=headers)
    told = "The disk of the database is full. Nothing was changed; send it again when there is room"
    return _told(request, 507, "no-room", told, headers=headers)


def _file(request: Request, error: Exception) -> Response:
    """Answer what could not be written to a disk; any other fault of files is unforeseen."""
    if isinstance(error, OSError) and error.errno in NO_ROOM - {errno.EACCES}:
        return refusal(request, no_room(error))
    return _unforeseen(request, error)


def _killed(request: Request, error: Exception) -> Response:
    """Answer what a process of its own was to make, and was killed before it had."""
    log.warning("the process that was to answer %s was killed: %s", request.url.path, error)
    return refusal(request, Busy("What works this out was stopped; ask again in a few seconds"))


def _unforeseen(request: Request, error: Exception) -> Response:
    log.error("unforeseen error at %s", request.url.path, exc_info=error)
    return _told(request, 500, "internal", "The service made an error; it has been logged")


def register(app: FastAPI) -> None:
    """Register the handlers that turn every exception into a problem."""
    app.add_exception_handler(ChiikiError, refusal)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(PoolTimeout, _database)
    app.add_exception_handler(pg.Error, _database)
    app.add_exception_handler(ChildKilled, _killed)
    app.add_exception_handler(OSError, _file)
    app.add_exception_handler(Exception, _unforeseen)
