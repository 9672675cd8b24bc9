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
from sqlalchemy import Connection, Engine, Row, func, insert, or_, select, update

from geo.errors import ChiikiError, Finding, InvalidParameter, NotFound
from service.db.tables import api_key, audit

#: What a key can allow, and what that means.
SCOPES = {
    "write": "load figures with PUT /v1/indicators/{id}/observations",
    "steward": "enter deployments, and KPIs with their actuals",
}
KEY = re.compile(r"chiiki_(?P<id>[0-9a-f]{12})_(?P<secret>[0-9a-f]{64})(?P<checksum>[0-9a-f]{8})")
#: The same answer for every key that does not hold, so that none can be probed for.
REFUSED = "This API key is not valid: unknown, mistyped, expired or revoked"


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
    """

    id: str
    name: str
    scopes: frozenset[str]

    @property
    def actor(self) -> str:
        """The name under which the audit records this key's acts."""
        return f"key {self.id} ({self.name})"


def create_key(
    conn: Connection, name: str, scopes: Sequence[str], expires_at: dt.datetime | None, actor: str
) -> str:
    """Store a new key and return it; nobody can read it again afterwards."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        expected = f"one of {', '.join(SCOPES)}"
        findings = [Finding("scope", "scope", scope, expected) for scope in unknown or [""]]
        raise InvalidParameter("A key needs a scope that exists", findings)
    key_id, secret = secrets.token_hex(6), secrets.token_bytes(32)
    key = _with_checksum(f"chiiki_{key_id}_{secret.hex()}")
    conn.execute(
        insert(api_key).values(
            id=key_id,
            sha256=hashlib.sha256(secret).digest(),
            name=name,
            scopes=sorted(set(scopes)),
            expires_at=expires_at,
        )
    )
    expiry = expires_at.isoformat() if expires_at else None
    detail = {"name": name, "scopes": sorted(set(scopes)), "expires_at": expiry}
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


def keys(conn: Connection) -> Sequence[Row[tuple[object, ...]]]:
    """Return every key without its secret, oldest first."""
    shown = [column for column in api_key.c if column.name != "sha256"]
    return conn.execute(select(*shown).order_by(api_key.c.created_at, api_key.c.id)).all()


def identity_of(conn: Connection, key: str) -> Identity:
    """Return whose key this is.

    Raises
    ------
    Unauthorized
        where the key is unknown, mistyped, expired or revoked; the message does not tell which.
    """
    parts = KEY.fullmatch(key)
    if parts is None or _with_checksum(key[: parts.start("checksum")]) != key:
        raise Unauthorized(REFUSED)
    holds = or_(api_key.c.expires_at.is_(None), api_key.c.expires_at > func.now())
    found = conn.execute(
        select(api_key).where(api_key.c.id == parts["id"], api_key.c.revoked_at.is_(None), holds)
    ).first()
    digest = hashlib.sha256(bytes.fromhex(parts["secret"])).digest()
    if not hmac.compare_digest(digest, found.sha256 if found else bytes(32)) or found is None:
        raise Unauthorized(REFUSED)
    return Identity(found.id, found.name, frozenset(found.scopes))


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
        with engine.connect() as conn:
            found = identity_of(conn, key)
        if scope not in found.scopes:
            raise Forbidden(f"This needs the scope {scope!r}; the key has: {', '.join(sorted(found.scopes))}")
        return found

    return identity


def _with_checksum(text: str) -> str:
    return f"{text}{zlib.crc32(text.encode()):08x}"


def _record(conn: Connection, actor: str, action: str, subject: str, detail: Mapping[str, object]) -> None:
    conn.execute(insert(audit).values(actor=actor, action=action, subject=subject, detail=detail))
