"""Disks that are full or may not be written to, clocks that jump: told, and over by themselves."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, text

from api_tests.conftest import SERVE, Server, serving
from api_tests.test_writes import WRITES, send
from geo.areas.lineage import absent
from geo.figures.observations import Row
from geo.files.formats import FORMATS
from geo.tests.promises import Promise
from service.areas.load import ingest_boundaries
from service.db import schema
from service.db.audit import verified
from service.db.cluster import Cluster
from service.figures.load import Figures, known_codes, load_observations
from service.figures.vectors import changes_of
from service.http.auth import create_key
from service.settings import HOME
from service.strategy.catalog_load import load_catalogue
from service.tests.areas.test_load import square
from service.tests.databases import Database, DatabaseServer, private_cluster
from service.tests.disks import fill, make_room, others, small_disk
from service.tests.faults import contents

DEADLINE_S = 180.0
PAGE = 4096
#: Indicators of which the small database has figures.
FILLED = ("births", "deaths", "libraries", "population", "dentists", "marriages")
TILE = "/v1/layers/births/tiles/6/56/25.mvt?period=2020"
PNG = "/v1/layers/births/map.png?width=300&height=300"
PATH = "/v1/indicators/libraries/observations?source=ssdse-a-2026&boundary_date=2024-10-01"
ROWS = "indicator,area_code,period,value,status\n"


def until(holds: Callable[[], bool], what: str) -> float:
    """Ask until it holds; return how many seconds that took."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < DEADLINE_S, what
    return time.monotonic() - begun


def is_told(answer: httpx.Response, status: int, slug: str) -> bool:
    """Return whether an answer says what is wrong, and when to ask again."""
    return (
        answer.status_code == status
        and answer.headers["content-type"] == "application/problem+json"
        and answer.json()["type"] == f"/problems/{slug}"
        and int(answer.headers["retry-after"]) > 0
        and answer.headers["cache-control"] == "no-store"
    )


def chiiki(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "service.cli", *words]
    given = {**os.environ, **environment, "NO_COLOR": "1", "COLUMNS": "250"}
    return subprocess.run(command, env=given, capture_output=True, text=True, check=False)


# Full disks


def test_a_full_folder_of_downloads_is_told_and_holds_no_half_file(
    furnished: Furnished, tmp_path: Path, promise: Promise
) -> None:
    folder, database = tmp_path / "downloads", furnished.database
    formats = ["csv", "shp.zip", *FORMATS][: promise.times(2, 2 + len(FORMATS))]
    tried, failed = 0, []
    with (
        small_disk(folder, 64 << 10),
        serving(database, tmp_path / "log", CHIIKI_DOWNLOADS=str(folder)) as server,
        httpx.Client(base_url=server.url, timeout=120) as small,
    ):
        for suffix in formats:
            path = f"/v1/layers/births/download.{suffix}?level=prefecture"
            whole = small.get(path).content
            for left in others(folder):
                (folder / left).unlink()
            # none, a page, a part, and all but the last page of what the file takes
            for room in sorted({0, PAGE, len(whole) // 2, max(0, len(whole) - PAGE)}):
                fill(folder, room)
                tried += 1
                refused = small.get(path)
                if not is_told(refused, 507, "no-room") and refused.content != whole:
                    failed.append((suffix, room, refused.status_code, refused.text[:300]))
                if refused.status_code != 200 and others(folder):
                    failed.append((suffix, room, 0, f"left: {others(folder)}"))
                if small.get(TILE).status_code != 200:
                    failed.append((suffix, room, 0, "a tile is not served"))
                make_room(folder)
                again = small.get(path)
                if (again.status_code, again.content) != (200, whole):
                    failed.append((suffix, room, again.status_code, "not there after there was room"))
                for left in others(folder):
                    (folder / left).unlink()
    assert failed == []
    promise.told("a full folder of downloads is told, and no half file is served", tried=tried, failed=0)


@pytest.mark.prove("ten seconds")
def test_a_folder_of_downloads_on_a_disk_that_is_too_small_is_made_room_in(
    furnished: Furnished, tmp_path: Path
) -> None:
    """What was kept goes where the disk is smaller than ``CHIIKI_DOWNLOADS_MB``."""
    folder, database = tmp_path / "downloads", furnished.database
    with (
        small_disk(folder, 256),
        serving(database, tmp_path / "log", CHIIKI_DOWNLOADS=str(folder)) as server,
        httpx.Client(base_url=server.url, timeout=120) as small,
    ):
        answers = [
            [small.get(f"/v1/layers/{layer}/download.gpkg?level=prefecture").status_code for _ in range(3)]
            for layer in FILLED
        ]
    assert {statuses[-1] for statuses in answers} == {200}, answers
    assert {status for statuses in answers for status in statuses} <= {200, 507}


@pytest.mark.prove("ten seconds")
def test_pictures_and_lists_without_room_for_temporary_files_are_told(
    furnished: Furnished, tmp_path: Path, promise: Promise
) -> None:
    folder, key = tmp_path / "temporary", furnished.key
    with (
        small_disk(folder, 1 << 10, mode=0o777),
        serving(furnished.database, tmp_path / "log", TMPDIR=str(folder)) as server,
        httpx.Client(base_url=server.url, timeout=120, headers=key) as client,
    ):
        assert client.get(PNG).status_code == 200  # from here on it knows where temporary files are
        fill(folder)
        refused = client.post("/v1/deployments", content=b"measure_id\n" + b"x\n" * 4000)
        picture = client.get(f"{PNG}&title=x")  # some fonts need no room
        tile = client.get(TILE)
        left = others(folder)
        make_room(folder)
        list_again = client.post("/v1/deployments", content=b"measure_id\n" + b"x\n" * 4000)
        picture_again = client.get(f"{PNG}&title=x")
        failed = [
            what
            for what, is_so in {
                "a list is told": is_told(refused, 507, "no-room"),
                "a picture is told, or there": picture.status_code == 200 or is_told(picture, 507, "no-room"),
                "a tile is there": tile.status_code == 200,
                "nothing is left": left == [] == others(folder),
                "a list is read again": list_again.status_code == 422,
                "a picture is drawn again": picture_again.status_code == 200,
            }.items()
            if not is_so
        ]
    assert failed == []
    promise.told("no room for temporary files is told", tried=6, failed=0)


@dataclass(frozen=True)
class Furnished:
    """A small database, and a key that changes it."""

    database: Database
    key: dict[str, str]


@dataclass(frozen=True)
class Own(Database):
    """The database of a private cluster that ``chiiki serve`` keeps running."""

    local: Path = Path()

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which a process runs and uses it."""
        return {"CHIIKI_LOCAL": str(self.local)}


#: ``chiiki serve`` on a private cluster, also where tests have a database of their own.
OWN = ("env", "-u", "DATABASE_URL", *SERVE)


@contextmanager
def own_cluster(local: Path, kilobytes: int) -> Iterator[tuple[Cluster, Own, Path]]:
    """Give a private cluster, running, on a disk of its own; the last is that disk."""
    with private_cluster(local) as cluster:
        home = cluster.data.parent
        with small_disk(home, kilobytes):
            shutil.chown(home, cluster.account)
            try:
                yield cluster, Own(cluster.url("chiiki"), cluster.url("chiiki_reader"), local), home
            finally:
                make_room(home)
                with suppress(Exception):  # whatever it is, the disk goes
                    cluster.stop()


def write(client: httpx.Client, period: int, value: int = 1, codes: str = "10000,13000") -> httpx.Response:
    rows = "".join(f"libraries,{code},{period},{value},\n" for code in codes.split(","))
    return client.put(PATH, content=(ROWS + rows).encode(), headers={"Content-Type": "text/csv"})


def furnish(database: Database, folder: Path) -> tuple[dict[str, str], list[str]]:
    """Give a database tables, the catalogue, two cities and figures; return a key, and codes of figures."""
    features = [
        {
            "type": "Feature",
            "properties": {"N03_001": "群馬県", "N03_003": None, "N03_004": name, "N03_007": code},
            "geometry": {"type": "Polygon", "coordinates": [square(lon, 36.3)]},
        }
        for code, name, lon in (("10201", "前橋市", 139.0), ("10202", "高崎市", 139.1))
    ]
    file = folder / "areas.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    catalog = HOME / "data" / "catalog"
    rows = [
        Row(name, code, "2020", 7.0, "ok", "", 0) for name in FILLED for code in ("10201", "10202", "10000")
    ]
    with database.begin() as conn:
        schema.upgrade(conn)
        load_catalogue(conn, catalog, "tests")
        ingest_boundaries(conn, file, dt.date(2025, 1, 1), catalog=catalog, actor="tests")
        figures = Figures(rows, "ssdse-a-2026", dt.date(2024, 10, 1))
        load_observations(conn, [figures], actor="tests", subject="x")
        codes = sorted(known_codes(conn) - absent(dt.date(2024, 10, 1), changes_of(conn)))
        key = {"X-API-Key": create_key(conn, "tests", ["write", "steward"], None, "tests")}
    return key, [code for code in codes if code.isdigit()]


@pytest.fixture(scope="module")
def furnished(
    database_server: DatabaseServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Furnished]:
    """A small database for all tests here that do not break it."""
    with database_server.new_database() as database:
        key, _ = furnish(database, tmp_path_factory.mktemp("furnished"))
        yield Furnished(database, key)


WARM = (
    "/v1/areas/10201",
    "/v1/layers/libraries/values.json",
    "/v1/areas?q=町",
    "/v1/series?indicator=libraries&areas=10201",
)
COLD = "/v1/areas/10202/neighbours"


@pytest.mark.prove("half a minute")
def test_a_full_disk_of_the_database_refuses_writes_and_reads_go_on(tmp_path: Path, promise: Promise) -> None:
    tried, failed = 0, []

    def hold(what: str, is_so: bool) -> None:
        nonlocal tried
        tried += 1
        if not is_so:
            failed.append(what)

    with private_cluster(tmp_path / "cluster") as cluster, ExitStack() as stack:
        cluster._make_folders()
        space = stack.enter_context(small_disk(cluster.data.parent / "space", 96 << 10))
        shutil.chown(space, cluster.account)
        stack.enter_context(cluster.running())
        stack.callback(make_room, space)
        admin = create_engine(cluster.url("postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as conn:
            conn.execute(text(f"create tablespace small location '{space}'"))
            conn.execute(text("create database small owner chiiki tablespace small"))
        admin.dispose()
        database = Database(cluster.url("chiiki", "small"), cluster.url("chiiki_reader", "small"))
        key, codes = furnish(database, tmp_path)
        server = stack.enter_context(serving(database, tmp_path / "log"))
        client = stack.enter_context(httpx.Client(base_url=server.url, timeout=60, headers=key))
        assert write(client, 2030, 1, "10201,10202").status_code == 200
        warm = {path: client.get(path).content for path in WARM}
        many = ROWS + "".join(f"libraries,{code},{year},1,\n" for year in range(2031, 2041) for code in codes)
        listed = tmp_path / "many.csv"
        listed.write_text(many)
        sent = {"Content-Type": "text/csv", "Idempotency-Key": '"many"'}
        words = (
            "ingest",
            "observations",
            str(listed),
            "--source",
            "ssdse-a-2026",
            "--boundary-date",
            "2024-10-01",
        )

        def state() -> dict[str, str]:
            with database.begin() as conn:
                return contents(conn)

        before = state()
        fill(space)
        for _ in range(promise.times(2, 20)):
            fill(space)
            refused = client.put(PATH, content=many.encode(), headers=sent)
            hold(
                f"a write is told: {refused.status_code} {refused.text[:200]}",
                is_told(refused, 507, "no-room"),
            )
        loaded = chiiki(database.environment, *words)
        hold(f"a load is told: {loaded.stderr}", loaded.returncode == 1 and "No space left" in loaded.stderr)
        hold("no traceback", "Traceback" not in loaded.stderr)
        hold("nothing is half loaded", state() == before)
        for path, content in warm.items():
            hold(f"{path} is served", client.get(path).content == content)
        hold("what was never asked is served", client.get(COLD).status_code == 200)
        hold("it is ready", client.get("/readyz").json()["status"] == "ready")
        make_room(space)
        done = client.put(PATH, content=many.encode(), headers=sent)
        hold(f"it works again: {done.text[:200]}", done.status_code == 200)
        hold("once", chiiki(database.environment, *words).returncode == 0)
        with database.begin() as conn:
            hold("the audit is whole", verified(conn).n > 0)
            rows = conn.scalar(text("select count(*) from observation where period > '2030'"))
        hold("every row is there", rows == 10 * len(codes))
    assert failed == []
    promise.told(
        "a full disk of the database: writes told, reads go on, nothing half loaded", tried=tried, failed=0
    )


#: More than a file of the log holds, and of no table.
WRITTEN_AHEAD = (
    "select count(pg_logical_emit_message(true, 'x', repeat('x', 1000000))) from generate_series(1, 20)"
)


@pytest.mark.prove("a minute")
@pytest.mark.timeout(900)
def test_a_full_disk_of_the_log_of_the_database_is_outlived(tmp_path: Path, promise: Promise) -> None:
    """PostgreSQL stops when its log (WAL) has no room; it is started again until there is."""
    rounds, seconds, failed = promise.times(1, 3), [], []
    with own_cluster(tmp_path / "cluster", 512 << 10) as (cluster, database, home):
        cluster._make_folders()
        cluster.start()
        key, _ = furnish(database, tmp_path)
        with (
            serving(database, tmp_path / "log", OWN) as server,
            httpx.Client(base_url=server.url, timeout=60, headers=key) as client,
        ):
            acknowledged = []
            for turn in range(rounds):
                assert write(client, 2030 + turn, turn + 1, "10201,10202").status_code == 200
                acknowledged.append((str(2030 + turn), float(turn + 1)))
                warm = {path: client.get(path).content for path in WARM}
                fill(home)
                admin = create_engine(cluster.url("postgres"), isolation_level="AUTOCOMMIT")

                def is_away() -> bool:
                    fill(home)
                    with suppress(Exception), admin.connect() as conn:  # noqa: B023
                        conn.execute(text(WRITTEN_AHEAD))
                    return bool(client.get("/readyz").json()["status"] == "degraded")

                until(is_away, "the database did not stop")
                for path, content in warm.items():
                    if client.get(path).content != content:
                        failed.append(f"{path} is not served")
                if not is_told(write(client, 2040, 1, "10201"), 503, "unavailable"):
                    failed.append("a write is not told")
                fill(home)
                make_room(home)
                seconds.append(until(lambda: client.get("/readyz").json()["status"] == "ready", "not ready"))
                admin.dispose()
                told = client.get("/v1/series?indicator=libraries&areas=10201&from=2030").json()["series"][0][
                    "points"
                ]
                found = [(one["period"], one["value"]) for one in told]
                if found != acknowledged:
                    failed.append(f"{found} instead of {acknowledged}")
    assert failed == []
    promise.told(
        "a full disk of the write-ahead log: served from memory, and over when there is room",
        tried=rounds,
        failed=0,
        worst=f"{max(seconds):.1f} s until it is ready",
    )


def said_into(where: str) -> tuple[str, ...]:
    """Return ``chiiki serve`` with all that it says going somewhere."""
    return ("bash", "-c", f'exec "$@" {where} 2>&1', "bash", *SERVE)


@pytest.mark.prove("a minute")
@pytest.mark.parametrize("where", ["a full disk", "a closed pipe"])
def test_what_is_said_into_a_full_disk_or_a_closed_pipe_stops_nothing(
    furnished: Furnished, tmp_path: Path, where: str, promise: Promise
) -> None:
    asked = promise.times(50, 2_000)
    with ExitStack() as stack:
        if where == "a full disk":
            folder = stack.enter_context(small_disk(tmp_path / "logs", 64))
            fill(folder)
            command = said_into(f"> {folder}/log")
        else:
            command = said_into("> >(head -c 1 > /dev/null)")
        server = stack.enter_context(
            serving(
                furnished.database,
                tmp_path / "log",
                command,
                CHIIKI_ACCESS_LOG="true",
                CHIIKI_READS_PER_MINUTE="0",
            )
        )
        client = stack.enter_context(httpx.Client(base_url=server.url, timeout=60))
        size = resident(server.process.pid)
        statuses = [client.get(f"/v1/areas/{10201 + n % 2}").status_code for n in range(asked)]
        grown = resident(server.process.pid) - size
    promise.told(
        f"what is said into {where} stops nothing",
        tried=asked,
        failed=sum(status != 200 for status in statuses),
        worst=f"{grown >> 20} MiB more memory",
    )
    assert grown < 64 << 20


def resident(pid: int) -> int:
    """Return the memory of a process in bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


# Read-only


def read_only(*writable: Path) -> tuple[str, ...]:
    """Return ``chiiki serve`` where nothing can be written to but disks of its own in these folders."""
    if os.geteuid() or shutil.which("unshare") is None:
        pytest.skip("a namespace of mounts can be made by root alone")
    mounts = "".join(f"mount -t tmpfs -o mode=1777 tmpfs {folder} && " for folder in writable)
    lock = "for at in $(findmnt -rno TARGET -t ext4,xfs,btrfs,overlay,tmpfs); do case $at in "
    kept = "|".join(map(str, writable)) or "none"
    lock += f"{kept}) ;; *) mount -o remount,bind,ro $at || exit 9 ;; esac; done"
    return (
        "unshare",
        "--mount",
        "--propagation=private",
        "bash",
        "-c",
        f'{mounts}{lock}; exec "$@"',
        "bash",
        *SERVE,
    )


@pytest.mark.prove("ten seconds")
def test_it_serves_with_nothing_to_write_to_but_a_disk_for_its_files(
    furnished: Furnished, tmp_path: Path, promise: Promise
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    with (
        serving(
            furnished.database,
            tmp_path / "log",
            read_only(cache),
            CHIIKI_DOWNLOADS=f"{cache}/downloads",
            TMPDIR=str(cache),
        ) as server,
        httpx.Client(base_url=server.url, timeout=120) as client,
    ):
        answers = {path: client.get(path).status_code for path in EVERYTHING}
    promise.told(
        "a read-only machine serves everything from a disk in memory",
        tried=len(answers),
        failed=sum(status != 200 for status in answers.values()),
        worst=str({path: status for path, status in answers.items() if status != 200} or ""),
    )
    assert "cannot be written to" not in server.log.read_text()


#: One of each kind of answer; the last two are written by processes of their own.
EVERYTHING = (
    *(
        TILE,
        "/",
        "/v1/layers/births/values.json",
        "/v1/areas/10201",
        "/ogc/collections?f=json",
        "/catalog.jsonld",
    ),
    *("/v1/layers/births/map.svg", PNG),
    "/v1/layers/births/download.gpkg?level=prefecture",
)


@pytest.mark.prove("ten seconds")
def test_a_machine_with_nothing_to_write_to_is_told_at_the_start_and_by_what_needs_it(
    furnished: Furnished, tmp_path: Path
) -> None:
    with (
        serving(
            furnished.database, tmp_path / "log", read_only(), CHIIKI_DOWNLOADS=str(tmp_path / "none")
        ) as server,
        httpx.Client(base_url=server.url, timeout=120) as client,
    ):
        said = server.log.read_text()
        assert "cannot be written to: files for download are 507" in said
        assert "no folder for temporary files" in said
        for path in EVERYTHING[:-2]:
            assert client.get(path).status_code == 200, path
        for path in EVERYTHING[-2:]:
            refused = client.get(path)
            assert is_told(refused, 507, "no-room"), (path, refused.text)


# Clocks

FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
#: What a clock is set to, one after another: how far it is from the true time, or a moment.
JUMPS = (
    *("+1y", "-1y", "+1d", "-1d"),
    *("@2028-02-29 12:00:00", "@2027-03-31 23:59:50", "@2027-04-01 00:00:10", "+0"),
)


@pytest.mark.prove("half a minute")
def test_a_clock_that_jumps_moves_no_deadline_and_stops_nothing(
    database_server: DatabaseServer, tmp_path: Path, promise: Promise
) -> None:
    if not FAKETIME:
        pytest.skip("libfaketime is not installed: apt-get install libfaketime")
    clock = tmp_path / "clock"
    clock.write_text("+0")
    told = {
        "LD_PRELOAD": str(FAKETIME[0]),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
        "TZ": "Asia/Tokyo",
        "CHIIKI_HEAVY_PER_MINUTE": "3",
        "CHIIKI_HEAD_S": "1",
    }
    failed: list[str] = []
    tried = 0
    with ExitStack() as stack:
        database = stack.enter_context(database_server.new_database())
        key, _ = furnish(database, tmp_path)
        server = stack.enter_context(serving(database, tmp_path / "log", **told))
        client = stack.enter_context(httpx.Client(base_url=server.url, timeout=60, headers=key))
        assert write(client, 2029, 1, "10201,10202").status_code == 200
        warm = {path: client.get(path).content for path in (WARM[0], WARM[2])}
        revisions = [revision_of(client)]
        for period, jump in enumerate(JUMPS[: promise.times(2, len(JUMPS))], 2030):
            with half_a_head(server) as early:
                clock.write_text(jump)
                until(partial(has_jumped, client, jump), f"the clock did not jump by {jump}")
                wait = [int(one.headers["retry-after"]) for one in heavy(client) if one.status_code == 429]
                written = write(client, period, period, "10201,10202")
                revisions.append(revision_of(client))
                with half_a_head(server) as late:
                    facts = {
                        "what is in memory is served": all(
                            client.get(path).content == content for path, content in warm.items()
                        ),
                        "a write is done": written.status_code == 200,
                        "and seen": revisions[-1] not in revisions[:-1],
                        "it is ready": client.get("/readyz").json()["status"] == "ready",
                        "who asks too much is told to wait": all(0 < one <= 60 for one in wait)
                        and bool(wait),
                        "a head that is late is cut off, and no sooner": min(late(), early()) > 0.5,
                    }
            tried += len(facts)
            failed += [f"{jump}: {what}" for what, is_so in facts.items() if not is_so]
    assert failed == []
    promise.told("a clock that jumps moves no deadline and stops nothing", tried=tried, failed=0)


def revision_of(client: httpx.Client) -> str:
    return str(client.get("/v1/layers/libraries/tiles.json").json()["revision"])


def heavy(client: httpx.Client) -> Iterator[httpx.Response]:
    for n in range(5):
        yield client.get(f"/v1/stops.geojson?area=10201&limit={n + 1}")


def has_jumped(client: httpx.Client, jump: str) -> bool:
    """Return whether the service tells the time that its clock was set to; it reads it once a second."""
    shown = parsedate_to_datetime(client.get("/healthz").headers["date"])
    if jump.startswith("@"):
        told = dt.datetime.fromisoformat(jump[1:]).replace(tzinfo=dt.timezone(dt.timedelta(hours=9)))
        return abs((shown - told).total_seconds()) < 3_600
    days = {"d": 1, "y": 365}.get(jump[-1], 0) * int(jump.strip("dy"))
    return abs((shown - dt.datetime.now(dt.UTC)).total_seconds() - days * 86_400) < 3_600


@contextmanager
def half_a_head(server: Server) -> Iterator[Callable[[], float]]:
    """Send half a request; what is given tells after how many seconds from its beginning it was cut off."""
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", httpx.URL(server.url).port or 0), timeout=30) as sending:
        sending.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")

        def cut_off() -> float:
            with suppress(OSError):
                while sending.recv(4096):
                    pass
            return time.monotonic() - begun

        yield cut_off


# A write over HTTP whose n-th statement fails


@pytest.mark.prove("half a minute")
def test_a_write_whose_nth_statement_fails_changes_nothing_and_is_done_when_sent_again(
    database_server: DatabaseServer, tmp_path: Path, promise: Promise
) -> None:
    at = tmp_path / "at"
    at.write_text("0")
    step, writes = promise.times(7, 1), [*WRITES][: promise.times(2, len(WRITES))]
    failed: list[str] = []
    tried = 0
    with database_server.new_database() as database:
        furnish(database, tmp_path)
        with database.begin() as conn:
            key = create_key(conn, "all", ["write", "steward"], None, "tests")

        def state() -> dict[str, str]:
            with database.begin() as conn:
                return contents(conn)

        command = (sys.executable, "-m", "service.tests.faults", "serve")
        with (
            serving(database, tmp_path / "log", command, FAULT_AT=str(at)) as server,
            httpx.Client(base_url=server.url, timeout=60) as client,
        ):
            assert (
                send(client, "/v1/kpis/{kpi} delete", key).status_code == 404
            )  # notes that the key was used
            for write in writes:
                name = {"Idempotency-Key": f'"{write}"'.replace("{", "").replace("}", "")}
                before = state()
                for n in range(1, 1_000, step):
                    at.write_text(f"{n} {write}")
                    answer = send(client, write, key, **name)
                    if answer.status_code in (200, 204):
                        break
                    tried += 1
                    if not is_told(answer, 503, "unavailable"):
                        failed.append(f"{write} {n}: {answer.status_code} {answer.text[:200]}")
                    if state() != before:
                        failed.append(f"{write} {n}: something changed")
                at.write_text("0")
                again = send(client, write, key, **name)
                if (again.status_code, again.content) != (answer.status_code, answer.content):
                    failed.append(f"{write}: {answer.status_code}, then {again.status_code}")
                if state() == before:
                    failed.append(f"{write}: nothing was done")
    assert failed == []
    promise.told(
        "a write over HTTP that fails at its n-th statement changes nothing, and is done when sent again",
        tried=tried,
        failed=0,
        worst=f"{len(writes)} kinds of writes",
    )
