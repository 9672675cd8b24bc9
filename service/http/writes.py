"""Writes over HTTP: each in one transaction, and once, however often its request is sent.

A client that got no answer does not know whether its write was done. With the header ``Idempotency-Key``
(draft-ietf-httpapi-idempotency-key-header) it sends the same request again and gets the answer of the first:
that is kept in the transaction of the write, so that there is both or neither.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Header, Request
from fastapi.responses import Response
from sqlalchemy import Connection, Engine, func, insert, select, text

from geo.areas.reach import Author
from geo.errors import Finding, InvalidParameter
from service.db.database import Transactions
from service.db.tables import kept_answer
from service.http.auth import Identity, require_scope
from service.http.dependencies import news_of
from service.http.problems import KeyReused, StillAtWork, TooManyKept
from service.http.responses import to_json

KEPT_HOURS = 24
#: Of one API key; more is refused until the oldest have gone.
MOST_KEPT = 10_000
MOST_KEPT_BYTES = 64 << 20
#: A string of RFC 9651, as the draft has it, or the same without its quotes.
_WRITTEN = re.compile(r'"(?P<quoted>[ !#-\[\]-~]{1,200})"|(?P<bare>[!#-+\--:<-\[\]-~]{1,200})')

_FORGET = text(
    f"""
    delete from kept_answer where (key, name) in (
        select key, name from kept_answer where at < now() - interval '{KEPT_HOURS} hours'
        for update skip locked
    )
    """  # noqa: S608 (a number of ours)
)

#: What a write answers: JSON, or None for no content.
Report = object | None


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes


class _AnsweredBefore(Exception):
    """The request was answered before; what follows in its transaction is not done again."""

    def __init__(self, answer: _Answer) -> None:
        super().__init__()
        self.answer = answer


class _Once:
    """The transaction of one write, which is committed together with its answer."""

    def __init__(self, stack: ExitStack, engine: Engine, key: str, name: str | None, request: bytes) -> None:
        self._stack, self._engine = stack, engine
        self._key, self._name, self._request = key, name, request
        self._conn: Connection | None = None

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Give the transaction, unless the answer is there already, or is being worked out."""
        conn = self._conn = self._stack.enter_context(self._engine.begin())
        if self._name is not None:
            self._take_turn(conn, self._name)
            self._look_up(conn)
        yield conn

    def keep(self, answer: _Answer) -> None:
        """Keep the answer for those who ask again."""
        if self._conn is None or self._name is None:
            return
        row = {"key": self._key, "name": self._name, "request": self._request}
        self._conn.execute(insert(kept_answer).values(row | {"status": answer.status, "body": answer.body}))

    def _take_turn(self, conn: Connection, name: str) -> None:
        """Refuse while another transaction works on the same; PostgreSQL ends its turn, whatever ends it."""
        digest = hashlib.sha256(f"{self._key} {name}".encode()).digest()
        turn = {"turn": int.from_bytes(digest[:8], signed=True)}
        if not conn.scalar(text("select pg_try_advisory_xact_lock(:turn)"), turn):
            raise StillAtWork("The request with this Idempotency-Key is still being worked on; ask again")

    def _look_up(self, conn: Connection) -> None:
        conn.execute(_FORGET)
        is_own = kept_answer.c.key == self._key
        found = conn.execute(select(kept_answer).where(is_own, kept_answer.c.name == self._name)).first()
        if found is not None and bytes(found.request) != self._request:
            raise KeyReused(
                "Another request was sent with this Idempotency-Key; every request needs a key of its own"
            )
        if found is not None:
            raise _AnsweredBefore(_Answer(found.status, bytes(found.body)))
        sizes = select(func.count(), func.coalesce(func.sum(func.length(kept_answer.c.body)), 0))
        count, size = conn.execute(sizes.where(is_own)).one()
        if count >= MOST_KEPT or size >= MOST_KEPT_BYTES:
            raise TooManyKept(
                f"An API key has at most {MOST_KEPT:,} Idempotency-Keys, and {MOST_KEPT_BYTES >> 20} MiB of"
                f" answers, in {KEPT_HOURS} hours"
            )


@dataclass(frozen=True)
class Write:
    """A request that changes something: whose it is, and under which Idempotency-Key."""

    request: Request
    identity: Identity
    name: str | None

    @property
    def by(self) -> Author:
        """Who writes, and how far that reaches."""
        return self.identity.author

    async def answer(
        self,
        work: Callable[[Transactions], Report],
        *,
        dry_run: bool = False,
        limiter: CapacityLimiter | None = None,
    ) -> Response:
        """Return the answer to a write that is done in a thread, in the one transaction that it begins.

        A refusal is not kept: nothing was changed, and what was wrong may be right the next time.
        """
        asked = _fingerprint(self.request, await self.request.body())
        made = await to_thread.run_sync(self._done, work, asked, limiter=limiter)
        if not dry_run:
            await news_of(self.request).refresh()  # whoever wrote reads what they wrote
        headers = {"Cache-Control": "no-store"}
        if made.status == 204:
            return Response(status_code=204, headers=headers)
        return Response(made.body, made.status, headers, "application/json")

    def _done(self, work: Callable[[Transactions], Report], asked: bytes) -> _Answer:
        with ExitStack() as stack:
            once = _Once(stack, self.request.app.state.writer, self.identity.id, self.name, asked)
            try:
                report = work(once)
            except _AnsweredBefore as before:
                return before.answer
            answer = _Answer(204, b"") if report is None else _Answer(200, to_json(report))
            once.keep(answer)
        return answer


def write_with(scope: str) -> Callable[..., Write]:
    """Return a dependency that gives the write of a request whose key has ``scope``, else refuses."""
    identified = require_scope(scope)

    def write(
        request: Request,
        idempotency_key: Annotated[
            str | None,
            Header(
                alias="Idempotency-Key",
                description='A name of your own for this request, such as `"8e03978e-40d5-43e8"`: sent again '
                f"within {KEPT_HOURS} hours, it is done once and answered the same",
            ),
        ] = None,
        identity: Identity = Depends(identified),  # noqa: B008 (an annotation is read where it is not known)
    ) -> Write:
        return Write(request, identity, None if idempotency_key is None else _name_of(idempotency_key))

    return write


def _name_of(written: str) -> str:
    found = _WRITTEN.fullmatch(written.strip())
    if found is None:
        finding = Finding(
            "header", "Idempotency-Key", written, "1 to 200 characters (ASCII) in double quotes"
        )
        raise InvalidParameter("The Idempotency-Key is none", [finding])
    return found["quoted"] or found["bare"]


def _fingerprint(request: Request, body: bytes) -> bytes:
    """Return a digest of all that a request asks for of the service."""
    asked = urlencode(sorted(request.query_params.multi_items()))
    kind = request.headers.get("content-type", "")
    head = "\n".join((request.method, request.url.path, asked, kind))
    return hashlib.sha256(head.encode() + b"\n" + body).digest()
