"""Starts that go wrong, or in another order: each is told in a line."""

from __future__ import annotations

import datetime as dt
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from api_tests.conftest import SERVE, serving
from api_tests.test_outage import put_towns
from geo.tests.promises import Promise
from service.db import schema
from service.db.cluster import Cluster
from service.server import CannotListen, listening
from service.tests.databases import Database, private_cluster

OURS = {"CHIIKI_PUBLIC_URL": "https://chiiki.example"}


def refused(database: Database, **settings: str) -> str:
    """Return what a service says that does not start."""
    environment = {**os.environ, **database.environment, **OURS, **settings}
    done = subprocess.run(SERVE, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_in_use_is_told_in_a_line(database: Database, workers: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = refused(database, CHIIKI_PORT=port, CHIIKI_WORKERS=workers)
    assert line.startswith(f"✗ 127.0.0.1:{port} is in use")
    assert "CHIIKI_PORT" in line


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("192.0.2.1", "192.0.2.1 is no address of this machine"),
        ("2001:db8::1", "2001:db8::1 is no address of this machine"),
        ("chiiki.invalid", "chiiki.invalid is no host that this machine knows"),
    ],
)
def test_an_address_of_another_machine_is_told_in_a_line(host: str, told: str) -> None:
    with pytest.raises(CannotListen) as refusal, listening(host, 0):
        pass
    assert refusal.value.message.startswith(told)
    assert "CHIIKI_HOST" in refusal.value.message


def test_a_name_with_several_addresses_has_one_port_on_all_of_them() -> None:
    with listening("localhost", 0) as opened:
        assert len({one.getsockname()[1] for one in opened}) == 1
        assert {one.getsockname()[0] for one in opened} <= {"127.0.0.1", "::1"}


def test_a_port_of_root_is_told_in_a_line() -> None:
    if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 80:
        pytest.skip("This machine lets everybody have every port")
    program = (
        "import os, socket; from service.server import CannotListen, listening\n"
        "socket.getaddrinfo('127.0.0.1', 80)\n"  # which reads what nobody else may
        "if not os.geteuid(): os.setresuid(65534, 65534, 65534)\n"
        "try:\n    listening('127.0.0.1', 80).__enter__()\n"
        "except CannotListen as error: print(error.message)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    (line,) = done.stdout.splitlines()
    assert line.startswith("127.0.0.1:80 is not for this account")


def test_a_database_that_refuses_is_not_waited_for(database: Database) -> None:
    nobody = database.writer.set(database="chiiki_that_nobody_made").render_as_string(hide_password=False)
    line = refused(database, DATABASE_URL=nobody, CHIIKI_PORT="0")
    assert line.startswith("✗ The database cannot be used")


@pytest.fixture
def away(tmp_path: Path) -> Iterator[tuple[Cluster, Database]]:
    """A server of its own with two towns in a database, which is down."""
    with private_cluster(tmp_path / "cluster") as cluster, cluster.running():
        database = Database(cluster.url("chiiki"), cluster.url("chiiki_reader"))
        with database.begin() as conn:
            schema.upgrade(conn)
            put_towns(conn, dt.date(2025, 1, 1), "一の町", "二の町")
        cluster.stop()
        yield cluster, database
        cluster.start()  # which whoever leaves last stops


@pytest.mark.timeout(900)
def test_a_service_that_starts_before_its_database_waits_for_it(
    away: tuple[Cluster, Database], tmp_path: Path, promise: Promise
) -> None:
    cluster, database = away
    times = promise.times(1, 10)
    for place in range(times):
        log = tmp_path / f"log{place}"
        log.touch()
        coming = threading.Thread(target=started_once_told, args=(cluster, log))
        coming.start()
        workers = str(1 + place % 2)
        with serving(database, log, CHIIKI_WORKERS=workers) as server:
            coming.join()
            assert server.log.read_text().count("Waiting for the database") >= 1
        cluster.stop()
    promise.told("starts before the database", tried=times, failed=0)


def started_once_told(cluster: Cluster, log: Path) -> None:
    """Start a database server when somebody waits for it."""
    pause = threading.Event()
    while "Waiting for the database" not in log.read_text():
        pause.wait(0.05)
    cluster.start()


def test_who_waits_for_the_database_can_be_stopped(away: tuple[Cluster, Database], tmp_path: Path) -> None:
    _, database = away
    log = tmp_path / "log"
    environment = {**os.environ, **database.environment, **OURS, "CHIIKI_PORT": "0"}
    with open(log, "wb") as output:
        process = subprocess.Popen(SERVE, env=environment, stdout=output, stderr=subprocess.STDOUT)
    pause = threading.Event()
    while "Waiting for the database" not in log.read_text() and process.poll() is None:
        pause.wait(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 128 + signal.SIGTERM
    assert log.read_text().count("\n") == 1
