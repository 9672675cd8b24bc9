"""The database goes away and comes back; what is in memory keeps being served."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
from sqlalchemy import create_engine, text

from api_tests.conftest import Server
from service.tests.databases import Database, DatabaseServer

DEADLINE_S = 30.0


def until(holds: Callable[[], bool]) -> None:
    """Ask until it holds; every question is a request that takes its time."""
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, "did not happen in time"


def cut_off(server: DatabaseServer, name: str | None) -> None:
    """End every connection to a database; each role may end its own."""
    mine = text(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = :name and usename = current_user and pid <> pg_backend_pid()"
    )
    for role in (server.writer, server.reader):
        engine = create_engine(role.set(database=server.admin.url.database))
        with engine.connect() as conn:
            conn.execute(mine, {"name": name})
        engine.dispose()


def test_memory_is_served_while_the_database_is_away_and_the_service_recovers(
    database_server: DatabaseServer, scratch_database: Database, scratch_server: Server
) -> None:
    name = scratch_database.writer.database
    warm = "/v1/layers/births/tiles/6/57/24.mvt?period=2020"
    with (
        httpx.Client(base_url=scratch_server.url, timeout=20) as client,
        database_server.admin.connect() as admin,
    ):
        held = client.get(warm).content
        legend = "/v1/layers/births/legend.json?period=2020"
        assert client.get(legend).status_code == 200
        admin.execute(text(f'alter database "{name}" allow_connections false'))
        cut_off(database_server, name)
        try:
            until(lambda: client.get("/readyz").json()["status"] == "degraded")
            assert client.get("/readyz").status_code == 200
            assert client.get(warm).content == held
            assert client.get(legend).status_code == 200
            assert client.get("/v1/areas?q=札幌").status_code == 200
            cold = client.get("/v1/layers/dentists/values.json")
            assert cold.status_code == 503
            assert cold.headers["content-type"] == "application/problem+json"
            assert int(cold.headers["retry-after"]) > 0
            page = client.get("/?layer=dentists")  # the page itself tells what is missing
            assert page.status_code == 200
            assert "<title>chiiki 地域｜地方創生を地図で見る</title>" in page.text
        finally:
            admin.execute(text(f'alter database "{name}" allow_connections true'))
        until(lambda: client.get("/readyz").json()["status"] == "ready")
        until(lambda: client.get("/v1/layers/dentists/values.json").status_code == 200)
        assert client.get(warm).content == held
