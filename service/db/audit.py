"""The audit as a chain: what somebody changed in it, past the triggers that refuse it, is found.

A trigger gives each row of the audit a link as its transaction commits: SHA-256 of the digest before it and
of the row. Here the digests are worked out again, in another language than the one that wrote them. Who
rewrites all links from a row on, or cuts off the end, is found by a head that was written down elsewhere.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from sqlalchemy import Connection, Row, text

from geo.errors import ChiikiError, Finding, InvalidParameter

_HEAD = re.compile(r"(\d{1,18}):([0-9a-f]{64})")
_ROWS_AT_ONCE = 1_000
_ROWS = text(
    """
    select l.n, l.digest, a.id, a.actor, a.action, a.subject,
           jsonb_build_array(
               a.id, to_char(a.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
               a.actor, a.action, a.subject, a.detail
           )::text as written
    from audit_link l full join audit a on a.id = l.audit
    where l.n is null or l.n > :after
    order by l.n nulls last, a.id
    """
)


class AuditBroken(ChiikiError):
    """The audit is not what was written; the finding names the first row that is not."""


@dataclass(frozen=True)
class Head:
    """The end of the chain at some time: how many rows, and the digest of all of them."""

    n: int
    digest: bytes

    def __str__(self) -> str:
        return f"{self.n}:{self.digest.hex()}"

    @classmethod
    def read(cls, written: str) -> Head:
        """Return the head that was written down.

        Raises
        ------
        InvalidParameter : it is none
        """
        found = _HEAD.fullmatch(written.strip())
        if found is None:
            finding = Finding(
                "--head", "head", written, "a number, a colon and 64 digits, as verify prints it"
            )
            raise InvalidParameter("That is no head of the audit", [finding])
        return cls(int(found[1]), bytes.fromhex(found[2]))


def verified(conn: Connection, noted: Head | None = None, *, newest: int | None = None) -> Head:
    """Return the head of the audit where all of it is what was written.

    Parameters
    ----------
    noted : a head of an earlier time, which the chain must go through
    newest : check so many of the newest rows alone; what is before them is believed

    Raises
    ------
    AuditBroken : with the first row that was changed, taken out or put in
    """
    before = _before(conn, newest)
    is_through = noted is None or noted == before
    with conn.execute(_ROWS.execution_options(yield_per=_ROWS_AT_ONCE), {"after": before.n}) as found:
        for row in found:
            before = _next(before, row)
            is_through = is_through or noted == before
            if noted is not None and noted.n == before.n and noted != before:
                raise _broken(row, "the row of the head that was noted: the chain was written anew")
    if not is_through and noted is not None:
        finding = Finding(f"row {before.n + 1}", "audit", "", "the rows up to the head that was noted")
        raise AuditBroken(f"The audit has {before.n} rows, and had {noted.n}", [finding])
    return before


def _before(conn: Connection, newest: int | None) -> Head:
    """Return the link that checking begins after."""
    if newest is not None:
        asked = text("select n, digest from audit_link order by n desc offset :newest limit 1")
        row = conn.execute(asked, {"newest": newest}).first()
        if row is not None:
            return Head(row.n, bytes(row.digest))
    return Head(0, b"")


def _next(before: Head, row: Row[tuple[object, ...]]) -> Head:
    if row.n is None:
        raise _broken(row, "a row that was put in past the trigger: no link has it")
    if row.n != before.n + 1:
        raise AuditBroken(
            f"The audit is broken at row {before.n + 1}",
            [Finding(f"row {before.n + 1}", "audit_link", "", "a link; it was taken out")],
        )
    if row.id is None:
        raise AuditBroken(
            f"The audit is broken at row {row.n}", [Finding(f"row {row.n}", "audit", "", "it was taken out")]
        )
    digest = hashlib.sha256(before.digest + row.written.encode()).digest()
    if digest != bytes(row.digest):
        raise _broken(row, "what was written; the row was changed, or one before it")
    return Head(row.n, digest)


def _broken(row: Row[tuple[object, ...]], expected: str) -> AuditBroken:
    finding = Finding(f"id {row.id}", row.action, f"{row.subject} ({row.actor})", expected)
    return AuditBroken(f"The audit is broken at row {row.n or '(none)'}", [finding])
