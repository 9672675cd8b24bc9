from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from service.db.cluster import MAX_SOCKET_BYTES, PORT, PREPARED, Cluster
from service.tests.databases import private_cluster

DEADLINE_S = 20.0


def connected(
    cluster: Cluster, role: str, database: str = "chiiki"
) -> psycopg.Connection[tuple[object, ...]]:
    address = cluster.url(role, database).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(address, autocommit=True)


def ask(cluster: Cluster, role: str, question: str) -> object:
    with connected(cluster, role) as conn:
        row = conn.execute(question.encode()).fetchone()
    return row[0] if row else None


def keep(cluster: Cluster, table: str, number: int) -> None:
    with connected(cluster, "chiiki") as conn:
        conn.execute(f"create table {table} as select {number} as number".encode())


def postmaster(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().splitlines()[0])


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline, pause = time.monotonic() + DEADLINE_S, threading.Event()
    while not is_so():
        assert time.monotonic() < deadline
        pause.wait(0.02)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with private_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def running(cluster: Cluster) -> Iterator[Cluster]:
    with cluster.running():
        yield cluster


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("listen_addresses", ""),
        ("data_checksums", "on"),
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("data_sync_retry", "off"),
        ("jit", "off"),
        ("server_encoding", "UTF8"),
    ],
)
def test_it_is_set_up_for_safety(running: Cluster, setting: str, value: str) -> None:
    assert ask(running, "chiiki", f"show {setting}") == value


def test_its_roles_are_no_superusers_and_postgis_is_there(running: Cluster) -> None:
    for role in ("chiiki", "chiiki_reader"):
        assert ask(running, role, "select rolsuper from pg_roles where rolname = current_user") is False
        assert ask(running, role, "select st_astext(st_point(1, 2))") == "POINT(1 2)"


def test_the_reader_can_neither_create_tables_nor_large_objects(running: Cluster) -> None:
    for statement in (
        "create table here (id integer)",
        "select lo_create(0)",
        "select lo_from_bytea(0, 'x')",
    ):
        with connected(running, "chiiki_reader") as conn, pytest.raises(errors.InsufficientPrivilege):
            conn.execute(statement.encode())


def test_it_stops_with_its_last_user_and_keeps_its_data(cluster: Cluster) -> None:
    with cluster.running():
        with cluster.running():
            keep(cluster, "kept", 7)
        assert cluster.answers()
    assert not cluster.answers()
    with cluster.running():
        assert ask(cluster, "chiiki", "select number from kept") == 7


def test_it_starts_again_after_its_processes_were_killed(running: Cluster) -> None:
    keep(running, "survivor", 11)
    os.kill(postmaster(running), signal.SIGKILL)
    wait_for(lambda: not running.answers())
    running.start()
    assert ask(running, "chiiki", "select number from survivor") == 11


def test_a_watched_server_comes_back_by_itself(running: Cluster) -> None:
    with running.watched():
        os.kill(postmaster(running), signal.SIGKILL)
        wait_for(lambda: not running.answers())
        wait_for(running.answers)


def test_a_server_that_is_silent_holds_up_no_other_thread(tmp_path: Path) -> None:
    cluster = Cluster.at(tmp_path, "somebody")
    cluster.socket.mkdir()
    told: list[bool] = []
    turns = 0
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(cluster.socket / f".s.PGSQL.{PORT}"))
        silent.listen()
        asking = threading.Thread(target=lambda: told.append(cluster.answers()))
        asking.start()
        while asking.is_alive():
            asking.join(0.001)
            turns += 1
    shutil.rmtree(cluster.socket)
    assert told == [False]
    assert turns > 10


def test_a_lock_whose_number_now_belongs_to_another_process_is_stale(cluster: Cluster) -> None:
    with cluster.running():
        lock = (cluster.data / "postmaster.pid").read_text()
    stale = cluster.data / "postmaster.pid"
    stale.write_text(lock.replace(lock.splitlines()[0], str(os.getpid()), 1))
    owner = (cluster.data / "PG_VERSION").stat()
    os.chown(stale, owner.st_uid, owner.st_gid)
    with cluster.running():
        assert cluster.answers()


def test_an_interrupted_making_is_made_anew(tmp_path: Path) -> None:
    with private_cluster(tmp_path) as cluster:
        with cluster.running():
            pass
        cluster.data.rename(cluster.data.with_name("postgres.new"))
        with cluster.running():
            assert ask(cluster, "chiiki", "select 1") == 1


def test_the_path_of_the_socket_is_never_too_long() -> None:
    deep = Path("/home/user") / "/".join(["深い場所"] * 20)
    socket = Cluster.at(deep, "user").socket
    assert len(os.fsencode(socket / f".s.PGSQL.{PORT}")) <= MAX_SOCKET_BYTES


def test_roots_cluster_lies_where_the_account_postgres_can_enter() -> None:
    cluster = Cluster.at(Path("/root/chiiki/.local"), "root")
    assert cluster.account == "postgres"
    assert cluster.data.parent.parent == Path("/var/lib")
    assert cluster != Cluster.at(Path("/root/other/.local"), "root")


def test_a_server_that_answers_before_it_has_its_roles_gets_them_first(tmp_path: Path) -> None:
    with private_cluster(tmp_path) as cluster, cluster.running():
        with connected(cluster, "postgres", "postgres") as conn:
            conn.execute("drop database chiiki")
            conn.execute("drop role chiiki_reader")
        (cluster.data / PREPARED).unlink()  # as left by one that was killed between start and roles
        cluster.start()
        assert ask(cluster, "chiiki_reader", "select current_user") == "chiiki_reader"
        assert (cluster.data / PREPARED).exists()


def test_a_server_under_preparation_is_waited_for(tmp_path: Path) -> None:
    with private_cluster(tmp_path) as cluster, cluster.running():
        (cluster.data / PREPARED).unlink()
        with (cluster.local / "postgres.start").open("a") as preparing:
            fcntl.flock(preparing, fcntl.LOCK_EX)
            starting = threading.Thread(target=cluster.start)
            starting.start()
            starting.join(0.2)
            assert starting.is_alive()
            (cluster.data / PREPARED).touch()
        starting.join(DEADLINE_S)
        assert not starting.is_alive()
