"""API keys: who may write.

A key reads ``chiiki_<id>_<secret><checksum>``: the id names it in lists and in the audit, the secret is 256
random bits, the checksum lets a mistyped key be told without the database. Only the secret's SHA-256 is
stored; a slow hash is for secrets that people choose.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
import secrets
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Connection, Engine, Row, func, insert, select, update

from geo.areas.reach import EVERYWHERE, Author, Reach, listed
from geo.codes import NATION, area_code
from geo.errors import ChiikiError, Finding, InvalidAreaCode, InvalidParameter, NotFound
from service.db.tables import api_key, area, area_change, audit, indicator

#: What a key can allow, and what that means.
SCOPES = {
    "write": "load figures with PUT /v1/indicators/{id}/observations",
    "steward": "enter deployments, and KPIs with their actuals",
}
KEY = re.compile(r"chiiki_(?P<id>[0-9a-f]{12})_(?P<secret>[0-9a-f]{64})(?P<checksum>[0-9a-f]{8})")
#: The same answer for every key that is none, so that none can be probed for. Whoever has the whole of a key
#: is told what became of it.
REFUSED = "This API key is not valid: unknown or mistyped"
ANOTHER = "The operator makes another with: chiiki key create"
#: How exactly the last use of a key is kept: a write of its own for each would be one too many.
USE_KEPT_TO = dt.timedelta(hours=1)


class Unauthorized(ChiikiError):
    """The request carries no API key, or one that does not hold."""


class Forbidden(ChiikiError):
    """The API key holds, but does not allow this."""


@dataclass(frozen=True)
class Identity:
    """Who sent a request.

    Attributes
    ----------
    id : the key's public part
    name : what the operator called the key
    scopes : what it allows
    reach : which areas and indicators it may change
    expires_at : when it ends, None: never
    """

    id: str
    name: str
    scopes: frozenset[str]
    reach: Reach = EVERYWHERE
    expires_at: dt.datetime | None = None

    @property
    def actor(self) -> str:
        """The name under which the audit records this key's acts."""
        return f"key {self.id} ({self.name})"

    @property
    def author(self) -> Author:
        """Who writes with this key, and how far that reaches."""
        return Author(self.actor, self.reach)


def create_key(
    conn: Connection,
    name: str,
    scopes: Sequence[str],
    expires_at: dt.datetime | None,
    actor: str,
    *,
    areas: Sequence[str] | None = None,
    indicators: Sequence[str] | None = None,
) -> str:
    """Store a new key and return it; nobody can read it again afterwards.

    Parameters
    ----------
    areas : codes in any form; the key changes nothing outside them and what lies in them. None: everywhere
    indicators : ids; of a key that loads figures alone. None: all

    Raises
    ------
    InvalidParameter : a scope, area or indicator that does not exist
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        expected = f"one of {', '.join(SCOPES)}"
        findings = [Finding("scope", "scope", scope, expected) for scope in unknown or [""]]
        raise InvalidParameter("A key needs a scope that exists", findings)
    reach = {"areas": _areas(conn, areas), "indicators": _indicators(conn, indicators, scopes)}
    key_id, secret = secrets.token_hex(6), secrets.token_bytes(32)
    key = _with_checksum(f"chiiki_{key_id}_{secret.hex()}")
    conn.execute(
        insert(api_key).values(
            id=key_id,
            sha256=hashlib.sha256(secret).digest(),
            name=name,
            scopes=sorted(set(scopes)),
            expires_at=expires_at,
            **reach,
        )
    )
    expiry = expires_at.isoformat() if expires_at else None
    detail = {"name": name, "scopes": sorted(set(scopes)), "expires_at": expiry, **reach}
    _record(conn, actor, "create key", key_id, detail)
    return key


def revoke_key(conn: Connection, key_id: str, actor: str) -> None:
    """Make a key worthless from now on; revoking it again changes nothing."""
    if conn.execute(select(api_key.c.id).where(api_key.c.id == key_id)).first() is None:
        listed = ", ".join(row.id for row in keys(conn)) or "none"
        raise NotFound(f"There is no key {key_id!r}; there are: {listed}")
    revoked = update(api_key).where(api_key.c.id == key_id, api_key.c.revoked_at.is_(None))
    if conn.execute(revoked.values(revoked_at=func.now())).rowcount:
        _record(conn, actor, "revoke key", key_id, {})


def described(conn: Connection) -> list[dict[str, object]]:
    """Return every key as a list shows it: what it may do, about when it was used last, when it ends."""
    now: dt.datetime = conn.execute(select(func.now())).scalar_one()
    return [
        {
            **row._asdict(),
            "scopes": ", ".join(row.scopes),
            "areas": listed(row.areas),
            "indicators": listed(row.indicators),
            "ends": _ending(row, now),
        }
        for row in keys(conn)
    ]


def _ending(row: Row[tuple[object, ...]], now: dt.datetime) -> str:
    if row.revoked_at is not None:
        return f"revoked {row.revoked_at:%Y-%m-%d}"
    if row.expires_at is None:
        return "never"
    if row.expires_at <= now:
        return f"expired {row.expires_at:%Y-%m-%d}"
    return f"{row.expires_at:%Y-%m-%d}, in {(row.expires_at - now).days} days"


def keys(conn: Connection) -> Sequence[Row[tuple[object, ...]]]:
    """Return every key without its secret, oldest first."""
    shown = [column for column in api_key.c if column.name != "sha256"]
    return conn.execute(select(*shown).order_by(api_key.c.created_at, api_key.c.id)).all()


def identity_of(conn: Connection, key: str) -> Identity:
    """Return whose key this is, and keep about when that was asked.

    Raises
    ------
    Unauthorized
        where the key is unknown or mistyped, and the message does not tell which; or where it has ended
    """
    parts = KEY.fullmatch(key)
    if parts is None or _with_checksum(key[: parts.start("checksum")]) != key:
        raise Unauthorized(REFUSED)
    now = func.now().label("now")
    found = conn.execute(select(api_key, now).where(api_key.c.id == parts["id"])).first()
    digest = hashlib.sha256(bytes.fromhex(parts["secret"])).digest()
    if not hmac.compare_digest(digest, found.sha256 if found else bytes(32)) or found is None:
        raise Unauthorized(REFUSED)
    if found.revoked_at is not None:
        raise Unauthorized(f"This API key was revoked on {found.revoked_at:%Y-%m-%d}. {ANOTHER}")
    if found.expires_at is not None and found.expires_at <= found.now:
        raise Unauthorized(f"This API key expired on {found.expires_at:%Y-%m-%d}. {ANOTHER}")
    if found.last_used_at is None or found.now - found.last_used_at >= USE_KEPT_TO:
        conn.execute(update(api_key).where(api_key.c.id == found.id).values(last_used_at=func.now()))
    reach = Reach(_set_of(found.areas), _set_of(found.indicators))
    return Identity(found.id, found.name, frozenset(found.scopes), reach, found.expires_at)


_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="For programs")
_bearer = HTTPBearer(auto_error=False, description="For programs that know only this header")


def require_scope(scope: str) -> Callable[..., Identity]:
    """Return a dependency that gives the request's identity when its key has ``scope``, else refuses."""

    def identity(
        request: Request,
        in_header: Annotated[str | None, Security(_header)],
        as_bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    ) -> Identity:
        key = in_header or (as_bearer.credentials if as_bearer else None)
        if not key:
            raise Unauthorized(
                "This needs an API key: in the header X-API-Key, or as Authorization: Bearer. The operator "
                "makes one with: chiiki key create"
            )
        engine: Engine = request.app.state.writer
        with engine.begin() as conn:
            found = identity_of(conn, key)
        if scope not in found.scopes:
            ends = f" and holds until {found.expires_at:%Y-%m-%d}" if found.expires_at else ""
            raise Forbidden(f"This needs the scope {scope!r}; the key has {listed(found.scopes)}{ends}")
        return found

    return identity


def _with_checksum(text: str) -> str:
    return f"{text}{zlib.crc32(text.encode()):08x}"


def _areas(conn: Connection, written: Sequence[str] | None) -> list[str] | None:
    """Return the codes of areas that there are or were."""
    if written is None:
        return None
    columns = (area.c.code, area_change.c.from_code, area_change.c.to_code)
    existing = {code for column in columns for code in conn.scalars(select(column).distinct())}
    codes: set[str] = set()
    findings: list[Finding] = []
    for text in written:
        try:
            code = area_code(text)
        except InvalidAreaCode as error:
            findings += error.findings
            continue
        codes.add(code)
        if code not in existing or code == NATION:
            findings.append(
                Finding("--areas", "area", text, "the code of a prefecture or municipality that is loaded")
            )
    return _checked(codes, findings, "areas")


def _indicators(conn: Connection, written: Sequence[str] | None, scopes: Sequence[str]) -> list[str] | None:
    """Return the ids of indicators that there are, for a key that loads figures and does nothing else."""
    if written is None:
        return None
    existing = set(conn.scalars(select(indicator.c.id)))
    findings = [
        Finding("--indicators", "indicator", name, "one of /v1/indicators")
        for name in written
        if name not in existing
    ]
    if set(scopes) != {"write"}:
        expected = "write alone: deployments and KPIs are of no indicator"
        findings.append(Finding("--scope", "scope", ", ".join(scopes), expected))
    return _checked(set(written), findings, "indicators")


def _checked(names: set[str], findings: Sequence[Finding], what: str) -> list[str]:
    if findings or not names:
        raise InvalidParameter(f"A key is limited to {what} that exist", findings)
    return sorted(names)


def _set_of(names: Sequence[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)


def _record(conn: Connection, actor: str, action: str, subject: str, detail: Mapping[str, object]) -> None:
    conn.execute(insert(audit).values(actor=actor, action=action, subject=subject, detail=detail))
