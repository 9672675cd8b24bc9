"""A primary, a standby that is read from, PgBouncer, nginx and two services, as deploy/ has them."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest
from sqlalchemy import URL, create_engine, text

from api_tests.conftest import Server, serving
from api_tests.site import free_port
from api_tests.test_proxy import nginx
from geo.tests.promises import Promise
from service.db.cluster import PORT, Cluster
from service.http import auth
from service.settings import HOME
from service.tests.databases import Database, private_cluster

SCRIPTS = HOME / "deploy/postgresql"
POOLER = HOME / "deploy/pgbouncer/pgbouncer.ini"
DEADLINE_S = 30.0
ROWS = "indicator,area_code,period,value,status\n"


@dataclass(frozen=True)
class Pair:
    """A primary and its hot standby.

    Attributes
    ----------
    standby : folder of the socket of the standby
    """

    primary: Cluster
    standby: Path

    def reader(self, port: int = PORT, folder: Path | None = None) -> URL:
        """Return the address to read from: the standby's, or that of what stands before it."""
        query = {"host": str(folder or self.standby), "port": str(port)}
        return URL.create("postgresql+psycopg", "chiiki_reader", database="chiiki", query=query)

    def asked(self, question: str, *, of_standby: bool = False) -> object:
        """Return what a server answers its superuser."""
        url = self.primary.url("postgres")
        if of_standby:
            url = url.update_query_dict({"host": str(self.standby)})
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as conn:
                answer = conn.execute(text(question))
                return answer.scalar() if answer.returns_rows else None
        finally:
            engine.dispose()


def as_account(account: str, *command: object) -> list[str]:
    """Return a command that runs as an account, as those of PostgreSQL must where root is."""
    words = [str(word) for word in command]
    return (
        words
        if os.geteuid()
        else ["setpriv", f"--reuid={account}", f"--regid={account}", "--init-groups", *words]
    )


def until(holds: Callable[[], bool], what: str) -> float:
    """Ask until it holds; return how many seconds that took."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < DEADLINE_S, what
    return time.monotonic() - begun


def run_script(cluster: Cluster, name: str, **told: object) -> None:
    """Run a script that ships, as the account of PostgreSQL, which may not enter the project's folder."""
    path = cluster.data.parent / name
    shutil.copyfile(SCRIPTS / name, path)
    environment = {name: str(value) for name, value in told.items()}
    environment |= {"PATH": f"{programs()}:{os.environ['PATH']}", "PGHOST": str(cluster.socket)}
    subprocess.run(as_account(cluster.account, "sh", path), env=environment, check=True, cwd="/")


def programs() -> Path:
    """Return the folder of PostgreSQL's newest programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_basebackup"))
    return (found[-1] if found else Path(shutil.which("pg_basebackup") or "").resolve()).parent


@contextmanager
def standing_by(primary: Cluster) -> Iterator[Pair]:
    """Let a copy follow a running cluster meanwhile, set up by the scripts that ship."""
    folder, owner = primary.data.parent, pwd.getpwnam(primary.account)
    data, beside = folder / "standby", folder / "beside"
    for made in (beside, data.with_name("standby.copy")):  # of a copy that broke off
        made.mkdir(mode=0o700)
        os.chown(made, owner.pw_uid, owner.pw_gid)
    (data.with_name("standby.copy") / "PG_VERSION").touch()
    password = folder / "password"
    password.write_text("of:the'replica")
    with open(primary.data / "pg_ident.conf", "a") as ident:
        ident.write(f'chiiki "{primary.account}" chiiki_replica\n')
    hba = "local replication chiiki_replica peer map=chiiki"
    run_script(primary, "primary.sh", PGUSER="postgres", REPLICA_PASSWORD_FILE=password, STANDBY=hba)
    for _ in range(2):  # the second time there is nothing to do
        run_script(
            primary,
            "standby.sh",
            PGDATA=data,
            PRIMARY=f"host={primary.socket} port={PORT} user=chiiki_replica",
        )
    assert not data.with_name("standby.copy").exists()
    pair = Pair(primary, beside)
    options = f"-c unix_socket_directories={pair.standby} -c port={PORT}"
    control = [programs() / "pg_ctl", "-D", data, "-w", "-s"]
    start = [*control, "-l", beside / "log", "-o", options, "start"]
    subprocess.run(as_account(primary.account, *start), check=True, cwd="/")
    try:
        assert pair.asked("select pg_is_in_recovery()", of_standby=True) is True
        yield pair
    finally:
        subprocess.run(as_account(primary.account, *control, "-m", "fast", "stop"), check=True, cwd="/")


@contextmanager
def pooling(pair: Pair) -> Iterator[URL]:
    """Run PgBouncer before the standby meanwhile, as it ships but for places and passwords."""
    program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin")
    if program is None:
        pytest.skip("PgBouncer is not installed: apt-get install pgbouncer")
    told, port = POOLER.read_text(encoding="utf-8"), free_port()
    for ours, here in {
        "host=/var/run/postgresql port=5432": f"host={pair.standby} port={PORT}",
        "listen_port = 6432": f"listen_port = {port}",
        "auth_type = scram-sha-256\nauth_file = /etc/pgbouncer/userlist.txt": (
            f"auth_type = any\nunix_socket_dir =\nlogfile = {pair.standby}/pgbouncer.log"
        ),
    }.items():
        assert ours in told, ours
        told = told.replace(ours, here)
    path = pair.standby / "pgbouncer.ini"
    path.write_text(told)
    path.chmod(0o644)
    process = subprocess.Popen(as_account(pair.primary.account, program, path), cwd="/")
    try:
        yield URL.create(
            "postgresql+psycopg", "chiiki_reader", host="127.0.0.1", port=port, database="chiiki"
        )
    finally:
        process.terminate()
        process.wait(timeout=20)


def shown(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def write(client: httpx.Client, value: int) -> None:
    """Load a figure through a service."""
    path = "/v1/indicators/libraries/observations?source=ssdse-a-2026&boundary_date=2024-10-01"
    rows = f"{ROWS}libraries,01100,2031,{value},\n"
    answer = client.put(path, content=rows.encode(), headers={"Content-Type": "text/csv"})
    assert answer.status_code == 200, answer.text


def value_at(client: httpx.Client) -> object:
    """Return the figure that a service answers; None before there is one."""
    points = client.get("/v1/series?indicator=libraries&areas=01100&from=2031&to=2031").json()["series"][0][
        "points"
    ]
    return points[0]["value"] if points else None


def shows(client: httpx.Client, value: int) -> bool:
    """Return whether a service answers the figure."""
    return value_at(client) == value


@pytest.fixture(scope="module")
def pair(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """A primary with the data that ship, restored from a backup, and its standby."""
    folder = tmp_path_factory.mktemp("pair")
    program = [sys.executable, "-m", "service.cli"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHIIKI_")}
    backup = folder / "backup.dump"
    subprocess.run([*program, "backup", str(backup)], env=kept | database.environment, check=True)
    with private_cluster(folder / "primary") as primary, primary.running():
        address = shown(primary.url("chiiki"))
        subprocess.run([*program, "restore", str(backup)], env=kept | {"DATABASE_URL": address}, check=True)
        backup.unlink()
        with standing_by(primary) as made:
            yield made


def test_a_standby_follows_by_the_scripts_that_ship(tmp_path: Path) -> None:
    with private_cluster(tmp_path / "primary") as primary, primary.running(), standing_by(primary) as pair:
        following = "select active and slot_name = 'chiiki_standby' from pg_replication_slots"
        until(lambda: pair.asked(following) is True, "nobody follows")
        pair.asked("create table written as select 7 as value")
        told = "select to_regclass('written') is not null"
        until(lambda: pair.asked(told, of_standby=True) is True, "not seen")
        assert pair.asked("select value from written", of_standby=True) == 7
        assert pair.asked("show max_slot_wal_keep_size") == "8GB"
        rights = "select rolreplication and not rolsuper from pg_roles where rolname = 'chiiki_replica'"
        assert pair.asked(rights) is True


@pytest.mark.prove("two minutes")
def test_readers_follow_the_standby_and_outlive_the_primary(
    pair: Pair, tmp_path: Path, promise: Promise
) -> None:
    primary = shown(pair.primary.url("chiiki"))
    database = Database(pair.primary.url("chiiki"), pair.reader())
    with database.begin() as conn:
        key = auth.create_key(conn, "tests", ["write"], None, "tests")
    with ExitStack() as stack:
        pooler = stack.enter_context(pooling(pair))
        beside = {
            "DATABASE_URL": primary,
            "CHIIKI_NEWS_URL": primary,
            "CHIIKI_PUBLIC_URL": "https://chiiki.example",
        }

        def service(name: str, reader: URL, **more: str) -> Server:
            told = {**beside, "CHIIKI_READER_URL": shown(reader), **more}
            return stack.enter_context(serving(database, tmp_path / name, **told))

        direct = service("direct", pair.reader())
        pooled = service("pooled", pooler, CHIIKI_POOLED="on")
        of_primary = service("primary", pair.primary.url("chiiki_reader"))
        clients = [
            stack.enter_context(httpx.Client(base_url=one.url, timeout=30, headers={"X-API-Key": key}))
            for one in (direct, pooled, of_primary)
        ]
        readers, last = clients[:2], clients[2]

        # the same bytes, whoever is asked
        for path in (
            "/v1/layers/births/tiles/6/57/24.mvt?period=2020",
            "/v1/layers/libraries/values.json",
            "/v1/areas.geojson?level=prefecture",
            "/v1/areas/10201",
            "/ogc/collections/areas.municipality/items?code=10201&f=json",
        ):
            answers = [client.get(path) for client in clients]
            assert {one.status_code for one in answers} == {200}, (path, [one.text[:300] for one in answers])
            assert len({one.content for one in answers}) == 1, path
            assert len({one.headers["etag"] for one in answers}) == 1, path

        # what is loaded on the primary is seen by who reads from the standby
        write(readers[0], 12)
        seen = [until(partial(shows, client, 12), "not seen") for client in readers]
        promise.told(
            "a load on the primary is seen by readers of the standby",
            tried=len(seen),
            failed=0,  # who does not see it is told of above
            worst=f"{max(seen):.2f} s, of 2 that it may take",
        )

        # a standby that lags answers its own state under its own revision, and nothing of it stays
        before = [client.get("/v1/layers/libraries/tiles.json").json()["revision"] for client in readers]
        pair.asked("select pg_wal_replay_pause()", of_standby=True)
        write(last, 13)
        until(partial(shows, last, 13), "the primary's own reader does not see it")
        told = last.get("/v1/layers/libraries/tiles.json").json()["revision"]
        ahead = 0
        for client, revision in zip(readers, before, strict=True):
            own = client.get("/v1/layers/libraries/tiles.json").json()["revision"]
            ahead += (value_at(client), own) != (12, revision) or own == told
        promise.told(
            "a reader of a standby that lags is never ahead of itself", tried=len(readers), failed=ahead
        )
        pair.asked("select pg_wal_replay_resume()", of_standby=True)
        for client in readers:
            until(partial(shows, client, 13), "not seen after the lag")
            assert client.get("/v1/layers/libraries/tiles.json").json()["revision"] == told

        # without the primary, what was read and what was not is answered; nothing can be written
        site = stack.enter_context(
            nginx(
                tmp_path,
                f"{direct.url.removeprefix('http://')};\n    server {pooled.url.removeprefix('http://')}",
            )
        )
        warm = "/v1/layers/births/tiles/6/57/24.mvt?period=2020"
        held = site.get(warm).content
        pair.primary.stop()
        try:
            asked = (
                "/v1/layers/dentists/values.json",
                "/v1/areas/20215",
                "/v1/series?indicator=births&areas=20215",
            )
            answers = [client.get(path) for client in (*readers, site) for path in (warm, *asked)]
            wrong = [one for one in answers if one.status_code != 200]
            wrong += [one for one in answers if one.url.path in warm and one.content != held]
            promise.told("readers outlive the primary, warm and cold", tried=len(answers), failed=len(wrong))
            path = "/v1/indicators/libraries/observations?source=ssdse-a-2026&boundary_date=2024-10-01"
            refused = readers[0].put(path, content=ROWS.encode(), headers={"Content-Type": "text/csv"})
            assert refused.status_code == 503
            assert int(refused.headers["retry-after"]) > 0
        finally:
            pair.primary.start()
