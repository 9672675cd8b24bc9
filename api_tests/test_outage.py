"""The database goes away and comes back; what is in memory keeps being served."""

from __future__ import annotations

import datetime as dt
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import shapely
from sqlalchemy import Connection, create_engine, text

from api_tests.conftest import Server, serving
from geo.tests.promises import Promise
from service.db import schema
from service.db.cluster import Cluster
from service.http.auth import create_key
from service.memory import revisions
from service.tests.boundaries import put_areas
from service.tests.databases import Database, DatabaseServer, private_cluster

DEADLINE_S = 30.0


def until(holds: Callable[[], bool], deadline_s: float = DEADLINE_S) -> None:
    """Ask until it holds; every question is a request that takes its time."""
    deadline = time.monotonic() + deadline_s
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


#: Each was asked before; the last but one and the last are read from the database by routes of their own.
WARM = (
    "/v1/areas/10201",
    "/v1/areas?q=町",
    "/v1/layers",
    "/ogc/collections?f=json",
    "/v1/areas/10201/neighbours",
)
COLD = "/v1/areas/10202/neighbours"


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[tuple[Cluster, Database]]:
    """A running server of its own, with two towns in a database."""
    with private_cluster(tmp_path / "cluster") as cluster, cluster.running():
        database = Database(cluster.url("chiiki"), cluster.url("chiiki_reader"))
        with database.begin() as conn:
            schema.upgrade(conn)
            put_towns(conn, dt.date(2025, 1, 1), "一の町", "二の町")
        yield cluster, database


def put_towns(conn: Connection, date: dt.date, *names: str) -> None:
    """Store a boundary set with towns beside each other."""
    codes = [f"1020{place}" for place in range(1, len(names) + 1)]
    outlines = {code: shapely.box(139 + place, 36, 140 + place, 37) for place, code in enumerate(codes)}
    outlines["10000"] = shapely.box(139, 36, 139 + len(names), 37)
    put_areas(conn, date, outlines, dict(zip(codes, names, strict=True)) | {"10000": "群馬県"})
    conn.execute(
        text("update area set position = position - 1 where level <> 'prefecture' and vintage = :date"),
        {"date": date},
    )
    revisions.changed(conn, revisions.vintage(date))


@contextmanager
def stopped(cluster: Cluster) -> Iterator[None]:
    """Let no process of a server go on meanwhile: it closes nothing, and answers nothing."""
    postmaster = int((cluster.data / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    processes = [postmaster, *map(int, children)]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


def test_what_was_asked_before_outlives_restarts_stops_and_silence_of_the_database(
    own_cluster: tuple[Cluster, Database], tmp_path: Path
) -> None:
    cluster, database = own_cluster
    with (
        serving(database, tmp_path / "log") as server,
        httpx.Client(base_url=server.url, timeout=5) as client,
    ):
        warm = {path: client.get(path) for path in WARM}

        def status() -> str:
            return str(client.get("/readyz").json()["status"])

        def check_served() -> None:
            for path, before in warm.items():
                now = client.get(path)
                assert (path, now.status_code, now.content) == (path, 200, before.content)
            assert client.get("/healthz").status_code == 200

        def check_refused() -> None:
            cold = client.get(COLD)
            assert cold.status_code == 503
            assert int(cold.headers["retry-after"]) > 0

        assert {answer.status_code for answer in warm.values()} == {200}
        with database.begin() as conn:
            key = {"X-API-Key": create_key(conn, "一の町", ["steward"], None, "tests")}
        cluster.stop()
        until(lambda: status() == "degraded")
        check_served()
        check_refused()
        cluster.start()
        check_served()
        until(lambda: status() == "ready")
        check_served()

        with stopped(cluster), ThreadPoolExecutor() as pool:
            waiting = [pool.submit(client.get, f"{COLD}?limit={n}") for n in range(1, 13)]
            waiting.append(pool.submit(client.delete, "/v1/deployments/none", headers=key))
            check_served()
            assert {one.result().status_code for one in waiting} == {503}
            assert status() == "degraded"
            check_served()
            check_refused()
        until(lambda: status() == "ready")
        assert client.get(COLD).status_code == 200
        assert client.delete("/v1/deployments/none", headers=key).status_code == 404
        check_served()

        with database.begin() as conn:
            put_towns(conn, dt.date(2026, 1, 1), "一の町", "二の町", "三の町")
        until(lambda: client.get("/v1/areas/10203").status_code == 200)


@pytest.mark.prove("two minutes and a half")
@pytest.mark.timeout(600)
def test_a_database_that_is_stopped_for_two_minutes_is_no_reason_to_stop_answering(
    own_cluster: tuple[Cluster, Database], tmp_path: Path, promise: Promise
) -> None:
    cluster, database = own_cluster
    seconds = promise.times(3, 120)
    with (
        serving(database, tmp_path / "log") as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        warm = {path: client.get(path).content for path in WARM}
        took: list[float] = []
        refusals: list[float] = []
        wrong: list[str] = []
        cluster.stop()
        until(lambda: bool(client.get("/readyz").json()["status"] == "degraded"))
        over = time.monotonic() + seconds
        while time.monotonic() < over:
            for path, content in warm.items():
                begun = time.monotonic()
                now = client.get(path)
                took.append(time.monotonic() - begun)
                if (now.status_code, now.content) != (200, content):
                    wrong.append(path)
            begun = time.monotonic()
            cold = client.get(f"{COLD}?limit={len(refusals) % 50 + 1}")
            refusals.append(time.monotonic() - begun)
            if cold.status_code != 503 or int(cold.headers["retry-after"]) < 1:
                wrong.append(COLD)
        cluster.start()
        begun = time.monotonic()
        until(lambda: bool(client.get("/readyz").json()["status"] == "ready"))
        until(lambda: client.get(COLD).status_code == 200)
        back = time.monotonic() - begun
    promise.told(
        f"a database that is stopped for {seconds} s: what is in memory is served, the rest refused",
        tried=len(took) + len(refusals),
        failed=len(wrong),
        worst=f"{1000 * max(took):.0f} ms, refused in {1000 * max(refusals):.0f} ms, back after {back:.1f} s",
    )
