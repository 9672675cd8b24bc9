"""Several workers: replaced when they end, restarted one after the other, stopped whatever clients do."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import orjson
import pytest
from sqlalchemy import text

from api_tests.conftest import Server, serving
from api_tests.crew import (
    Clients,
    Gone,
    Question,
    children,
    descendants,
    until,
    wait_for_end,
    wait_for_workers,
)
from api_tests.test_deadlines import LARGE, POST, connection, heard, statuses
from geo.tests.promises import Promise
from service.tests.databases import Database

TWO = {"CHIIKI_WORKERS": "2", "CHIIKI_PUBLIC_URL": "https://chiiki.example"}
SCENARIO = orjson.dumps(
    {"definition": "mlit-subsidy-1km", "area": "10205", "add": [{"lat": 36.3, "lon": 139.37}]}
)
TILE = "/v1/layers/ageing-rate/tiles/8/227/100.mvt"
#: Of several kinds: in memory, poured, from the database, a file, a page, and two that are asked by POST.
QUESTIONS: list[Question] = [
    ("/healthz", None),
    ("/", None),
    ("/v1/layers", None),
    ("/v1/areas/10201", None),
    ("/v1/areas/10201/neighbours", None),
    ("/v1/areas?q=町", None),
    ("/v1/layers/population/tiles/6/57/24.mvt?period=2020", None),
    (TILE, None),
    ("/v1/layers/ageing-rate/tiles/8/227/100.png", None),
    ("/v1/layers/ageing-rate/values.json?period=2020", None),
    ("/v1/layers/population/areas.geojson?level=municipality&detail=low", None),
    ("/v1/layers/population/download.csv?level=prefecture", None),
    ("/v1/layers/births/legend.json?period=2020", None),
    ("/v1/kpis", None),
    ("/ogc/collections?f=json", None),
    ("/areas/10201", None),
    ("/v1/transport-gap/scenario", SCENARIO),
    ("/ogc/joins", b"code,n\n10201,1\n10202,2\n"),
]
#: A child is at work on each for a while: so many that none was made before.
HEAVY = [f"/v1/areas/{code}/profile.pdf" for code in (10201, 10202, 10203, 10204)] + [
    f"/v1/layers/{layer}/download.{form}?level=municipality&periods={year}"
    for year in (2000, 2005, 2010, 2015, 2020)
    for layer in ("population", "births")
    for form in ("gpkg", "xlsx", "parquet", "fgb")
]


@pytest.fixture(scope="module")
def crew(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service with two workers."""
    folder = tmp_path_factory.mktemp("crew")
    with serving(database, folder / "log", CHIIKI_DOWNLOADS=str(folder / "downloads"), **TWO) as server:
        wait_for_workers(server, 2)
        yield server


@pytest.mark.timeout(3600)
def test_no_request_fails_while_workers_are_restarted(crew: Server, promise: Promise) -> None:
    times = promise.times(1, 100)
    clients = Clients(crew, QUESTIONS, kept=6, fresh=3)
    before = wait_for_workers(crew, 2)
    with clients.asking() as told:
        for _ in range(times):
            crew.process.send_signal(signal.SIGHUP)
            wait_for_end(crew, before)
            before = wait_for_workers(crew, 2)
    assert told.wrong == []
    assert told.asked > 20 * times
    promise.told(
        f"requests during {times} rolling restarts",
        tried=told.asked,
        failed=len(told.failed),
        worst=f"{told.slowest_s:.2f} s",
    )
    assert told.failed == []


@pytest.mark.timeout(3600)
def test_a_worker_that_is_killed_is_replaced_while_the_other_answers(crew: Server, promise: Promise) -> None:
    seed = 22
    draw, times = random.Random(seed), promise.times(1, 60)
    clients = Clients(crew, QUESTIONS, kept=4, fresh=2)
    faults: list[str] = []
    slowest_s = 0.0
    with clients.asking() as told:
        for place in range(times):
            crowd = wait_for_workers(crew, 2)
            busy = threading.Thread(target=asked, args=(crew, HEAVY[place % len(HEAVY)]))
            busy.start()
            victim = draw.choice(crowd)
            begun, family = time.monotonic(), Gone(descendants(victim))
            os.kill(victim, signal.SIGKILL)
            for _ in range(3):
                with httpx.Client(base_url=crew.url, timeout=30) as other:
                    if other.get("/v1/areas/10201").status_code != 200:
                        faults.append(f"kill {place}: the other did not answer")
            crowd_after = wait_for_workers(crew, 2)
            slowest_s = max(slowest_s, time.monotonic() - begun)
            if victim in crowd_after:
                faults.append(f"kill {place}: not replaced")
            faults += [f"kill {place}: {orphan} is left" for orphan in family.left(10)]
            busy.join()
    faults += [f"another body: {path}" for path in told.wrong]
    assert told.asked > 0
    promise.told(
        "workers killed: replaced, nobody misled, no orphan",
        tried=times,
        failed=len(faults),
        worst=f"ready again after {slowest_s:.1f} s",
        seed=seed,
    )


def asked(server: Server, path: str) -> None:
    """Ask for something that the worker may not live to answer."""
    with suppress(httpx.HTTPError):
        httpx.get(f"{server.url}{path}", timeout=60)


@pytest.mark.prove("half a minute")
def test_workers_that_end_at_their_start_are_begun_less_and_less_often(
    scratch_database: Database, tmp_path: Path
) -> None:
    with serving(scratch_database, tmp_path / "log", **TWO) as server:
        before = wait_for_workers(server, 2)
        with scratch_database.begin() as conn:
            (schema,) = conn.scalars(text("select version_num from alembic_version"))
            conn.execute(text("update alembic_version set version_num = 'another'"))
        server.process.send_signal(signal.SIGHUP)
        until(lambda: "not restarted" in server.log.read_text(), server)
        assert set(before) <= set(children(server.process.pid))
        os.kill(before[0], signal.SIGKILL)
        until(lambda: "another begins in 4 s" in server.log.read_text(), server)
        told = server.log.read_text()
        assert "another begins in 2 s" in told
        assert told.count("Run: chiiki migrate") <= 3
        assert httpx.get(f"{server.url}/v1/areas/10201").status_code == 200
        with scratch_database.begin() as conn:
            conn.execute(text("update alembic_version set version_num = :schema"), {"schema": schema})
        assert before[1] in wait_for_workers(server, 2)


@pytest.mark.prove("a minute")
def test_a_worker_that_hangs_is_replaced(database: Database, tmp_path: Path) -> None:
    with serving(database, tmp_path / "log", **TWO) as server:
        hanging, other = wait_for_workers(server, 2)
        os.kill(hanging, signal.SIGSTOP)
        until(lambda: f"worker {hanging} has been silent" in server.log.read_text(), server)
        assert other in wait_for_workers(server, 2)


@pytest.mark.prove("half a minute")
@pytest.mark.timeout(900)
def test_a_stop_waits_for_no_client_and_leaves_no_process(
    database: Database, tmp_path: Path, promise: Promise
) -> None:
    times, faults, slowest_s = promise.times(1, 5), list[str](), 0.0
    for place in range(times):
        folder = tmp_path / str(place)
        folder.mkdir()
        took_s, left = stopped(database, folder)
        slowest_s = max(slowest_s, took_s)
        if took_s > 30 or left or "Traceback" in (folder / "log").read_text():
            faults.append(f"stop {place}: {took_s:.1f} s, {left} are left")
    told = "stops of two workers with half-sent bodies, slow readers, idle clients and children at work"
    promise.told(told, tried=times, failed=len(faults), worst=f"{slowest_s:.1f} s")


def stopped(database: Database, folder: Path) -> tuple[float, list[int]]:
    """Return how long a stop takes with all sorts of clients, and which processes it leaves."""
    settings = TWO | {"CHIIKI_DOWNLOADS": str(folder / "downloads"), "CHIIKI_KEEP_ALIVE_S": "60"}
    with serving(database, folder / "log", **settings) as server, ExitStack() as stack:
        wait_for_workers(server, 2)
        for _ in range(4):
            stack.enter_context(connection(server)).sendall(POST + b"Content-Length: 100\r\n\r\ncode,n\n")
            reader = stack.enter_context(connection(server, 4096))
            reader.sendall(LARGE + b"\r\n")
            assert reader.recv(1) == b"H"
            idle = stack.enter_context(connection(server))
            idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            assert idle.recv(12) == b"HTTP/1.1 200"
            stack.enter_context(connection(server)).sendall(b"GET /healthz")
        busy = [threading.Thread(target=asked, args=(server, path)) for path in HEAVY[2:6]]
        for one in busy:
            one.start()
        family = Gone(descendants(server.process.pid))
        begun = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=60) == 128 + signal.SIGTERM
        took_s = time.monotonic() - begun
        left = family.left(1)
        for one in busy:
            one.join()
    return took_s, left


@pytest.mark.prove("half a minute")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_second_interrupt_ends_at_once(database: Database, tmp_path: Path, workers: str) -> None:
    settings = TWO | {"CHIIKI_WORKERS": workers, "CHIIKI_DOWNLOADS": str(tmp_path / "downloads")}
    with serving(database, tmp_path / "log", **settings) as server, connection(server) as half:
        half.sendall(POST + b"Content-Length: 100\r\n\r\ncode,n\n")
        busy = threading.Thread(target=asked, args=(server, HEAVY[0]))
        busy.start()
        assert httpx.get(f"{server.url}/healthz").status_code == 200  # it has begun with what came before
        family = Gone(descendants(server.process.pid))
        server.process.send_signal(signal.SIGINT)
        until(lambda: "Shutting down" in server.log.read_text(), server)
        begun = time.monotonic()
        server.process.send_signal(signal.SIGINT)
        server.process.wait(timeout=60)
        took_s = time.monotonic() - begun
        assert family.left(10) == []
        busy.join()
    assert took_s < 5
    assert "ending at once" in server.log.read_text()
    assert "Traceback" not in server.log.read_text()


@pytest.mark.prove("half a minute")
def test_workers_end_with_whoever_supervises_them(database: Database, tmp_path: Path) -> None:
    with serving(database, tmp_path / "log", **TWO) as server:
        family = Gone([*wait_for_workers(server, 2), *descendants(server.process.pid)])
        server.process.kill()
        assert family.left(30) == []


def test_a_stop_answers_what_comes_meanwhile_and_says_that_it_is_the_last(
    database: Database, tmp_path: Path
) -> None:
    tile = f"GET {TILE} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    with serving(database, tmp_path / "log") as server, ExitStack() as stack:
        server.process.send_signal(signal.SIGHUP)
        until(lambda: "SIGHUP: nothing is restarted" in server.log.read_text(), server)
        kept = [stack.enter_context(connection(server)) for _ in range(6)]
        for one in kept[:4]:  # the last two have said nothing yet
            one.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            said = b""
            while b'{"status":"ok"}' not in said:
                said += one.recv(4096)
        assert httpx.get(f"{server.url}{TILE}").status_code == 200  # whoever came before has been taken
        server.process.send_signal(signal.SIGTERM)
        until(lambda: "Shutting down" in server.log.read_text(), server)
        for one in kept:
            one.sendall(tile)
        for one in kept:
            said = heard(one)
            assert statuses(said) == [200]
            assert b"connection: close" in said.partition(b"\r\n\r\n")[0].lower().split(b"\r\n")
