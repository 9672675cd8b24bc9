from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from service.db.database import asking, reader_engine
from service.db.pulse import Pulse
from service.settings import Settings
from service.tests.databases import Database

DEADLINE_S = 30
OF_PULSE = text(
    "select max(pid) from pg_stat_activity"
    " where application_name = 'chiiki pulse' and datname = current_database()"
)
SLEEPING = text(
    "select count(*) from pg_stat_activity"
    " where query like 'select pg_sleep%' and datname = current_database()"
)


async def asked_by(engine: AsyncEngine, is_meant: Callable[[int | None], bool]) -> int:
    """Return the backend that the pulse is asked of, once it is the one that is meant."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            async with engine.connect() as conn:
                found: int | None = (await conn.execute(OF_PULSE)).scalar_one()
            if found is not None and is_meant(found):
                return found


async def is_running(settings: Settings) -> None:
    """Return once a statement that takes long is being done."""
    engine = reader_engine(settings)
    async with asyncio.timeout(DEADLINE_S):
        is_there = False
        while not is_there:
            async with engine.connect() as conn:
                is_there = bool((await conn.execute(SLEEPING)).scalar_one())
    await engine.dispose()


def test_one_connection_that_is_closed_is_no_loss(migrated_database: Database) -> None:
    settings = migrated_database.settings

    async def main() -> None:
        pulse = Pulse(settings.answer_timeout_s)
        engine = reader_engine(settings, pulse)
        beating = asyncio.create_task(pulse.run(partial(asking, settings)))
        async with engine.connect() as held:
            first = await asked_by(engine, lambda found: found is not None)
            await held.execute(text("select pg_terminate_backend(:pid)"), {"pid": first})
            await asked_by(engine, lambda found: found != first)
            assert not pulse.is_lost
            assert (await held.execute(text("select 1"))).scalar_one() == 1
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating
        await engine.dispose()

    asyncio.run(main())


def test_where_nothing_answers_what_waits_is_ended_and_nothing_is_opened(migrated_database: Database) -> None:
    settings = migrated_database.settings

    async def away() -> psycopg.AsyncConnection[object]:
        return await psycopg.AsyncConnection.connect("host=/nowhere")

    async def main() -> None:
        pulse = Pulse(settings.answer_timeout_s)
        engine = reader_engine(settings, pulse)
        async with engine.connect() as conn:
            waiting = asyncio.create_task(conn.execute(text("select pg_sleep(60)")))
            await is_running(settings)
            beating = asyncio.create_task(pulse.run(away))
            with pytest.raises(OperationalError) as ended:
                await waiting
            assert not isinstance(ended.value.orig, errors.QueryCanceled)  # as the server would end it later
        with pytest.raises(OperationalError, match="does not answer"):
            await engine.connect()
        assert pulse.is_lost
        beating.cancel()
        await engine.dispose()

    asyncio.run(main())
