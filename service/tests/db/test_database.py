from __future__ import annotations

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from service.db.database import Statements, reader_engine, reader_url, writer_engine, writer_url
from service.db.pulse import Pulse
from service.http.problems import register
from service.settings import Settings
from service.tests.databases import Database


@pytest.mark.parametrize("written", ["postgres://u@h/d", "postgresql://u@h/d", "postgresql+psycopg2://u@h/d"])
def test_every_spelling_of_the_address_means_the_one_driver(
    monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", written)
    monkeypatch.delenv("CHIIKI_READER_URL", raising=False)
    assert str(writer_url(Settings())) == "postgresql+psycopg://u@h/d"
    assert reader_url(Settings()) == writer_url(Settings())


def test_the_reader_cannot_write_even_through_the_owners_role(migrated_database: Database) -> None:
    settings = migrated_database.settings.model_copy(update={"reader_url": None})

    async def write() -> None:
        engine = reader_engine(settings)
        try:
            async with engine.begin() as conn:
                await conn.execute(text("delete from vintage"))
        finally:
            await engine.dispose()

    with pytest.raises(DBAPIError, match="read-only transaction"):
        asyncio.run(write())


def test_a_reading_statement_that_takes_too_long_is_ended(blank_database: Database) -> None:
    settings = blank_database.settings.model_copy(update={"statement_timeout_ms": 50})

    async def dawdle() -> None:
        engine = reader_engine(settings)
        try:
            async with engine.connect() as conn:
                await conn.execute(text("select pg_sleep(10)"))
        finally:
            await engine.dispose()

    with pytest.raises(OperationalError, match="statement timeout"):
        asyncio.run(dawdle())


def test_a_request_does_not_wait_long_for_a_connection(blank_database: Database) -> None:
    settings = blank_database.settings.model_copy(update={"pool_size": 1, "pool_timeout_s": 0.05})

    async def crowd() -> None:
        engine = reader_engine(settings)
        try:
            async with engine.connect(), engine.connect():
                pass
        finally:
            await engine.dispose()

    with pytest.raises(PoolTimeout):
        asyncio.run(crowd())


def test_a_connection_that_the_server_closed_is_replaced_unseen(blank_database: Database) -> None:
    engine = writer_engine(blank_database.settings)
    with engine.connect() as conn:
        pid = conn.scalar(text("select pg_backend_pid()"))
    with blank_database.begin() as other:
        other.execute(text("select pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    with engine.connect() as conn:
        assert conn.scalar(text("select 1")) == 1
    engine.dispose()


def test_a_connection_that_the_database_takes_back_is_told_as_its_being_away(
    blank_database: Database,
) -> None:
    engine = writer_engine(blank_database.settings)
    app = FastAPI()
    register(app)

    @app.get("/")
    def idle() -> None:
        with engine.connect() as conn, blank_database.begin() as watching:
            there = {"pid": conn.scalar(text("select pg_backend_pid()"))}
            conn.execute(text("set idle_in_transaction_session_timeout = 20"))
            while watching.scalar(text("select count(*) from pg_stat_activity where pid = :pid"), there):
                watching.execute(text("select pg_stat_clear_snapshot()"))
            conn.execute(text("select 1"))

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.get("/")

    told = asyncio.run(ask())
    engine.dispose()
    assert (told.status_code, told.headers["retry-after"]) == (503, "5")


def told_by(database: Database, *statements: str, **changed: float) -> list[object]:
    """Return what each statement answers, or the error, all of them asked at once on one connection."""

    async def ask() -> list[object]:
        asked = Statements(database.settings.model_copy(update=changed), Pulse(1))
        told = await asyncio.gather(*(asked.rows(one, ()) for one in statements), return_exceptions=True)
        await asked.close()
        return list(told)

    return asyncio.run(ask())


def test_statements_are_asked_one_after_another_and_cannot_write(migrated_database: Database) -> None:
    same, again, refused = told_by(
        migrated_database, "select pg_backend_pid()", "select pg_backend_pid()", "delete from vintage"
    )
    assert same == again
    assert isinstance(refused, OperationalError)


def test_a_statement_on_a_connection_that_was_closed_is_asked_on_another(blank_database: Database) -> None:
    own = "select pg_terminate_backend(pg_backend_pid())"
    gone, found = told_by(blank_database, own, "select 1")
    assert isinstance(gone, OperationalError)
    assert found == [(1,)]


def test_a_statement_that_takes_too_long_is_ended_and_nobody_waits_long_for_it(
    blank_database: Database,
) -> None:
    slow = "select count(*)::int8 from generate_series(1, 1000000000)"
    ended, waited = told_by(blank_database, slow, "select 1", statement_timeout_ms=200, pool_timeout_s=0.05)
    assert isinstance(ended, OperationalError)
    assert "statement timeout" in str(ended)
    assert isinstance(waited, PoolTimeout)
