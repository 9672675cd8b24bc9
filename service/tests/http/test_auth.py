from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import zlib
from collections.abc import Iterator
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.responses import PlainTextResponse
from sqlalchemy import Connection, func, insert, select, text, update

from geo.areas.reach import Reach
from geo.errors import InvalidParameter, NotFound
from service.db.database import writer_engine
from service.db.tables import api_key, area_change, audit, indicator
from service.http.auth import (
    Forbidden,
    Identity,
    Unauthorized,
    create_key,
    described,
    identity_of,
    keys,
    require_scope,
    revoke_key,
)
from service.tests.databases import Database


@pytest.fixture
def conn(migrated_database: Database) -> Iterator[Connection]:
    with migrated_database.begin() as conn:
        yield conn


def made(conn: Connection, expires_at: dt.datetime | None = None) -> str:
    return create_key(conn, "Sapporo", ["write"], expires_at, "a test")


def test_a_key_tells_whose_it_is_and_what_it_allows(conn: Connection) -> None:
    key = made(conn)
    identity = identity_of(conn, key)
    assert identity == Identity(key.split("_")[1], "Sapporo", frozenset({"write"}))
    assert identity.actor == f"key {identity.id} (Sapporo)"


def test_only_the_hash_of_a_key_is_stored(conn: Connection) -> None:
    key = made(conn)
    secret = key.split("_")[2][:64]
    row = conn.execute(select(api_key)).one()
    assert row.sha256 == hashlib.sha256(bytes.fromhex(secret)).digest()
    everything = str(row) + str(conn.execute(select(audit)).all())
    assert secret not in everything
    assert key not in everything


def test_no_two_keys_are_alike(conn: Connection) -> None:
    assert len({made(conn) for _ in range(20)}) == 20


@pytest.mark.parametrize("wrong", ["", "x", "chiiki_0123", "chiiki_" + "0" * 12 + "_" + "0" * 72, "日本"])
def test_what_is_no_key_is_refused(conn: Connection, wrong: str) -> None:
    with pytest.raises(Unauthorized):
        identity_of(conn, wrong)


def test_a_key_with_one_wrong_character_is_refused(conn: Connection) -> None:
    key = made(conn)
    for place in (8, 30, len(key) - 1):
        wrong = key[:place] + ("0" if key[place] != "0" else "1") + key[place + 1 :]
        with pytest.raises(Unauthorized):
            identity_of(conn, wrong)


def test_another_secret_under_a_known_id_is_refused(conn: Connection) -> None:
    first, second = made(conn), made(conn)
    conn.execute(
        text("update api_key set sha256 = :other where id = :id"), {"other": b"x", "id": first.split("_")[1]}
    )
    with pytest.raises(Unauthorized):
        identity_of(conn, first)
    assert identity_of(conn, second).name == "Sapporo"


def test_an_expired_key_is_refused(conn: Connection) -> None:
    key = made(conn, dt.datetime(2100, 1, 1, tzinfo=dt.UTC))
    assert identity_of(conn, key).name == "Sapporo"
    conn.execute(update(api_key).values(expires_at=func.now()))
    with pytest.raises(Unauthorized):
        identity_of(conn, key)


def test_a_revoked_key_is_refused_and_revoking_it_again_changes_nothing(conn: Connection) -> None:
    key = made(conn)
    key_id = key.split("_")[1]
    revoke_key(conn, key_id, "a test")
    with pytest.raises(Unauthorized):
        identity_of(conn, key)
    (before,) = keys(conn)
    revoke_key(conn, key_id, "a test")
    assert keys(conn) == [before]


def test_making_and_revoking_are_in_the_audit(conn: Connection) -> None:
    key_id = made(conn).split("_")[1]
    revoke_key(conn, key_id, "a test")
    acts = conn.execute(select(audit.c.actor, audit.c.action, audit.c.subject).order_by(audit.c.id)).all()
    assert acts == [("a test", "create key", key_id), ("a test", "revoke key", key_id)]


def test_revoking_an_unknown_key_lists_those_there_are(conn: Connection) -> None:
    key_id = made(conn).split("_")[1]
    with pytest.raises(NotFound, match=key_id):
        revoke_key(conn, "nobody", "a test")


@pytest.mark.parametrize("scopes", [[], ["admin"], ["write", "all"]])
def test_a_scope_that_does_not_exist_is_refused(conn: Connection, scopes: list[str]) -> None:
    with pytest.raises(InvalidParameter):
        create_key(conn, "nobody", scopes, None, "a test")


@pytest.fixture
def guarded(migrated_database: Database) -> Iterator[FastAPI]:
    """An application with one route that a key of these tests opens, and one that it does not."""
    api = FastAPI()

    @api.put("/figures")
    def put(identity: Annotated[Identity, Depends(require_scope("write"))]) -> str:
        return identity.name

    @api.put("/else")
    def other(identity: Annotated[Identity, Depends(require_scope("else"))]) -> str:
        return identity.name

    @api.exception_handler(Unauthorized)
    @api.exception_handler(Forbidden)
    def refused(_request: Request, error: Exception) -> PlainTextResponse:
        return PlainTextResponse(str(error), 401 if isinstance(error, Unauthorized) else 403)

    api.state.writer = writer_engine(migrated_database.settings)
    yield api
    api.state.writer.dispose()


def answer_to_put(api: FastAPI, path: str, **headers: str) -> httpx.Response:
    async def put() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://test") as client:
            return await client.put(path, headers=headers)

    return asyncio.run(put())


def test_the_key_may_come_as_header_or_bearer_and_as_nothing_else(
    guarded: FastAPI, migrated_database: Database
) -> None:
    with migrated_database.begin() as conn:
        key = made(conn)
    assert answer_to_put(guarded, "/figures", **{"X-API-Key": key}).json() == "Sapporo"
    assert answer_to_put(guarded, "/figures", Authorization=f"Bearer {key}").json() == "Sapporo"
    assert answer_to_put(guarded, f"/figures?api_key={key}").status_code == 401


def test_without_a_key_the_answer_says_how_to_send_one(guarded: FastAPI) -> None:
    answer = answer_to_put(guarded, "/figures")
    assert answer.status_code == 401
    assert "X-API-Key" in answer.text


def test_a_key_without_the_scope_is_forbidden(guarded: FastAPI, migrated_database: Database) -> None:
    with migrated_database.begin() as conn:
        key = made(conn)
    answer = answer_to_put(guarded, "/else", **{"X-API-Key": key})
    assert answer.status_code == 403
    assert "'else'" in answer.text


@pytest.fixture
def known(conn: Connection) -> Connection:
    """A database that knows two towns, a prefecture and an indicator."""
    for code in ("10201", "10202", "10000"):
        values = {c.name: code if "code" in c.name else "x" for c in area_change.c}
        conn.execute(insert(area_change).values({**values, "date": dt.date(2000, 1, 1)}))
    conn.execute(insert(indicator).values({"id": "births", "definition": {}}))
    return conn


def test_a_key_of_a_town_reaches_that_town_and_is_listed_with_it(known: Connection) -> None:
    key = create_key(
        known, "前橋市", ["write"], None, "tests", areas=["102016", "10000"], indicators=["births"]
    )
    reach = identity_of(known, key).reach
    assert reach == Reach(frozenset({"10201", "10000"}), frozenset({"births"}))
    (row,) = described(known)
    assert (row["areas"], row["indicators"], row["ends"]) == ("10000, 10201", "births", "never")
    made = known.execute(select(audit.c.detail).where(audit.c.action == "create key")).scalar_one()
    assert (made["areas"], made["indicators"]) == (["10000", "10201"], ["births"])


@pytest.mark.parametrize(
    "limits",
    [
        {"areas": []},
        {"areas": ["10299"]},
        {"areas": ["前橋市"]},
        {"areas": ["10201", "00000"]},
        {"indicators": ["deaths"]},
        {"indicators": []},
    ],
)
def test_a_limit_that_is_nothing_is_refused(known: Connection, limits: dict[str, list[str]]) -> None:
    with pytest.raises(InvalidParameter):
        create_key(known, "x", ["write"], None, "tests", **limits)
    assert described(known) == []


def test_a_steward_has_no_indicators_to_be_limited_to(known: Connection) -> None:
    with pytest.raises(InvalidParameter) as refused:
        create_key(known, "x", ["write", "steward"], None, "tests", indicators=["births"])
    assert "no indicator" in refused.value.findings[0].expected


def test_who_has_the_whole_key_is_told_what_became_of_it_and_nobody_else(conn: Connection) -> None:
    expired, revoked = made(conn), made(conn)
    moment = dt.datetime(2026, 3, 31, tzinfo=dt.UTC)
    for key, ended in ((expired, "expires_at"), (revoked, "revoked_at")):
        conn.execute(update(api_key).where(api_key.c.id == key.split("_")[1]).values({ended: moment}))
    with pytest.raises(Unauthorized, match="expired on 2026-03-31"):
        identity_of(conn, expired)
    with pytest.raises(Unauthorized, match="revoked on 2026-03-31"):
        identity_of(conn, revoked)
    another = made(conn).split("_")
    for key in (expired, revoked):
        guess = f"chiiki_{key.split('_')[1]}_{another[2][:64]}"
        with pytest.raises(Unauthorized, match="unknown or mistyped"):
            identity_of(conn, f"{guess}{zlib.crc32(guess.encode()):08x}")
    assert {row["ends"] for row in described(conn)} == {
        "expired 2026-03-31",
        "revoked 2026-03-31",
        "never",
    }


def test_when_a_key_was_used_is_kept_to_the_hour(conn: Connection) -> None:
    key = made(conn)
    used = text("select last_used_at, xmin::text from api_key")
    assert conn.execute(used).one()[0] is None
    identity_of(conn, key)
    first = conn.execute(used).one()
    assert first[0] is not None
    identity_of(conn, key)
    assert conn.execute(used).one() == first  # nothing was written
    conn.execute(text("update api_key set last_used_at = now() - interval '61 minutes'"))
    identity_of(conn, key)
    assert conn.execute(used).one()[0] == first[0]  # this transaction's own time
