"""News: what changed is found, whoever tells of it, and nothing ends the search for it in silence."""

from __future__ import annotations

import asyncio
import logging
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import URL, text

from service.db import schema
from service.db.cluster import Cluster
from service.db.database import reader_engine
from service.kinds import KINDS
from service.memory import revisions
from service.memory.cache import Store
from service.memory.news import News, kept_up
from service.settings import Settings
from service.tests.databases import Database, DatabaseServer, private_cluster

DEADLINE_S = 30


async def until(news: News, holds: Callable[[], bool]) -> None:
    """Wait until it holds; the news run meanwhile."""

    async def held() -> None:
        running = asyncio.create_task(news.run())
        while not holds():
            await asyncio.wait({running}, timeout=0.02)
            if running.done():
                running.result()
        running.cancel()

    async with asyncio.timeout(DEADLINE_S):
        await held()


def bump(database: Database, *subjects: str) -> None:
    with database.begin() as conn:
        revisions.changed(conn, *subjects)


def test_a_change_that_no_notification_tells_of_is_found_by_looking(
    database_server: DatabaseServer, migrated_database: Database
) -> None:
    elsewhere = database_server.database(str(database_server.admin.url.database)).environment["DATABASE_URL"]
    settings = migrated_database.settings.model_copy(
        update={"news_url": SecretStr(elsewhere), "news_every_s": 0.05}
    )

    async def main() -> None:
        store = Store(reader_engine(settings), settings, KINDS)
        news = News(store)
        await until(news, news.has_read.is_set)
        bump(migrated_database, "strategy")
        await until(news, lambda: "strategy" in news.atlas.catalogue.numbers)
        await store.close()

    asyncio.run(main())


def test_a_notification_is_heard_long_before_the_next_look(migrated_database: Database) -> None:
    settings = migrated_database.settings.model_copy(update={"news_every_s": 3600.0})

    async def main() -> None:
        store = Store(reader_engine(settings), settings, KINDS)
        news = News(store)
        await until(news, news.has_read.is_set)
        bump(migrated_database, "strategy")
        await until(news, lambda: "strategy" in news.atlas.catalogue.numbers)
        await store.close()

    asyncio.run(main())


def test_an_atlas_is_the_same_while_nothing_changed(migrated_database: Database) -> None:
    settings = migrated_database.settings

    async def main() -> None:
        store = Store(reader_engine(settings), settings, KINDS)
        news = News(store)
        first = await news.refresh()
        assert await news.refresh() is first
        bump(migrated_database, "strategy")
        assert await news.refresh() is not first
        await store.close()

    asyncio.run(main())


def test_the_atlas_stays_while_a_database_is_restored(migrated_database: Database) -> None:
    settings = migrated_database.settings
    bump(migrated_database, "strategy")

    async def main() -> None:
        store = Store(reader_engine(settings), settings, KINDS)
        news = News(store)
        before = await news.refresh()
        with migrated_database.begin() as conn:
            conn.execute(text("delete from revision"))
        assert await news.refresh() is before
        bump(migrated_database, "strategy")
        assert await news.refresh() is not before
        await store.close()

    asyncio.run(main())


def test_what_nobody_foresaw_is_logged_and_begun_anew(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("chiiki").propagate = True
    begun = []

    async def task(worked: Callable[[], None]) -> None:
        begun.append(1)
        if len(begun) < 3:
            raise RuntimeError("nobody foresaw this")
        worked()
        await asyncio.Event().wait()

    async def main() -> None:
        running = asyncio.create_task(kept_up(task, "no news"))
        async with asyncio.timeout(DEADLINE_S):
            while len(begun) < 3:
                await asyncio.wait({running}, timeout=0.02)
        running.cancel()

    asyncio.run(main())
    assert [record.exc_info is not None for record in caplog.records] == [True, True]


# A read replica


@contextmanager
def replica_of(primary: Cluster, local: Path) -> Iterator[Cluster]:
    """Give a hot standby of a cluster that is not running; it replays what the primary writes."""
    replica = Cluster.of(Settings(local=local))
    replica._make_folders()
    subprocess.run(["cp", "-a", primary.data, replica.data], check=True)
    (replica.data / "standby.signal").touch()
    replica._configure()
    with (replica.data / "chiiki.conf").open("a") as configuration:
        configuration.write(f"restore_command = 'cp {primary.data}/pg_wal/%f %p'\n")
        configuration.write("wal_retrieve_retry_interval = '100ms'\n")
    owner = replica._owner()
    shutil.chown(replica.data / "standby.signal", owner.pw_uid, owner.pw_gid)
    replica._start_until_it_answers(replica._binaries())
    try:
        yield replica
    finally:
        replica.stop()
        shutil.rmtree(replica.data.parent)
        shutil.rmtree(replica.socket, ignore_errors=True)


def address(url: URL) -> SecretStr:
    return SecretStr(url.render_as_string(hide_password=False))


def test_a_read_replica_serves_and_follows_the_primary(tmp_path: Path) -> None:
    with private_cluster(tmp_path / "primary") as primary:
        with primary.running():
            made = Database(primary.url("chiiki"), primary.url("chiiki_reader"))
            with made.begin() as conn:
                schema.upgrade(conn)
        with replica_of(primary, tmp_path / "replica") as replica, primary.running():
            settings = Settings(
                database_url=address(primary.url("chiiki")),
                reader_url=address(replica.url("chiiki_reader")),
                news_every_s=0.1,
            )

            async def main() -> None:
                store = Store(reader_engine(settings), settings, KINDS)
                news = News(store)
                await until(news, news.has_read.is_set)
                async with store.engine.connect() as conn:
                    assert (await conn.execute(text("select pg_is_in_recovery()"))).scalar_one()
                bump(made, "strategy")
                await until(news, lambda: "strategy" in news.atlas.catalogue.numbers)
                await store.close()

            asyncio.run(main())
