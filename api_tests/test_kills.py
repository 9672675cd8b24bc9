"""Processes are killed (-9) while others write and read: what was acknowledged is there, once, and whole.

Whoever writes sends a request under one name until it is answered, and puts the answer into a ledger. In the
end the ledger and the database are compared.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from api_tests.conftest import Server, serving
from api_tests.test_faults import OWN, Own, furnish, resident, until
from geo.tests.promises import Promise
from service.db.audit import verified
from service.db.cluster import Cluster
from service.http.auth import create_key
from service.tests.databases import private_cluster

SEED = 22
GROUP = ("10201", "10202", "10000")
#: What each of those who write changes; the last is loaded by commands that are killed.
WRITTEN = ("libraries", "births", "deaths")
LOADED = "marriages"
SOURCE = {"source": "ssdse-a-2026", "boundary_date": "2024-10-01"}
ROWS = "indicator,area_code,period,value,status\n"
#: What may be answered while something is down; a client sends again.
NOT_NOW = {409, 429, 503}
PATIENCE_S = 30.0
NAMES_OF_A_KEY, KEYS = 3_000, 10
MOST_MEMORY = 1 << 30
TIDY_S = 60.0


def rows(indicator: str, value: int) -> str:
    return ROWS + "".join(f"{indicator},{code},2030,{value},\n" for code in GROUP)


@dataclass
class Ledger:
    """What was sent, acknowledged and seen.

    Attributes
    ----------
    acknowledged : by indicator, the values in their order
    seen : by indicator, the values that readers were told
    bodies : by address and ETag, what stood there
    """

    acknowledged: dict[str, list[int]] = field(default_factory=dict)
    seen: dict[str, set[float]] = field(default_factory=dict)
    bodies: dict[tuple[str, str], str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0
    again: int = 0
    answers: int = 0
    loads: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def writes(self) -> int:
        """How many writes were acknowledged."""
        return sum(map(len, self.acknowledged.values()))

    def asked(self, client: httpx.Client, method: str, path: str, **more: object) -> httpx.Response | None:
        """Return an answer; None where there was none, or it says not now."""
        begun = time.monotonic()
        try:
            answer = client.request(method, path, **more)  # type: ignore[arg-type]  # they are httpx's
        except httpx.TransportError as error:
            if isinstance(error, httpx.ReadTimeout):
                self.wrong.append(f"{method} {path} was not answered in {PATIENCE_S} s")
            self.over.wait(0.05)
            return None
        finally:
            self.slowest = max(self.slowest, time.monotonic() - begun)
        if answer.status_code in NOT_NOW:
            self.over.wait(0.05)
            return None
        if answer.status_code != 200:
            self.wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
            return None
        return answer


def keep_writing(ledger: Ledger, url: str, keys: Sequence[str], indicator: str) -> None:
    """Write one value after the other, each until it is acknowledged; a key may have so many names."""
    done = ledger.acknowledged.setdefault(indicator, [])
    path = f"/v1/indicators/{indicator}/observations"
    with httpx.Client(base_url=url, timeout=PATIENCE_S) as client:
        value = 0
        while not ledger.over.is_set():
            value += 1
            headers = {"Content-Type": "text/csv", "Idempotency-Key": f'"{indicator}-{value}"'}
            headers["X-API-Key"] = keys[value // NAMES_OF_A_KEY]
            content = rows(indicator, value).encode()
            while not ledger.asked(client, "PUT", path, params=SOURCE, content=content, headers=headers):
                ledger.again += 1
                if ledger.over.is_set():
                    return
            done.append(value)


def keep_reading(ledger: Ledger, url: str, seed: int) -> None:
    """Read what is written: all areas of a load have the same value, or it is half loaded."""
    draw = random.Random(seed)
    with httpx.Client(base_url=url, timeout=PATIENCE_S) as client:
        while not ledger.over.is_set():
            indicator = draw.choice((*WRITTEN, LOADED))
            path = f"/v1/series?indicator={indicator}&areas={','.join(GROUP)}"
            answer = ledger.asked(client, "GET", path)
            if answer is None:
                continue
            points = [point for one in answer.json()["series"] for point in one["points"]]
            told = [point["value"] for point in points if point["period"] == "2030"]
            values = set(told)
            if len(values) > 1 or len(told) not in (0, len(GROUP)):
                ledger.wrong.append(f"half loaded: {told}")
            with ledger.turn:
                ledger.answers += 1
                ledger.seen.setdefault(indicator, set()).update(values)
                body = hashlib.sha256(answer.content).hexdigest()
                if ledger.bodies.setdefault((path, answer.headers["etag"]), body) != body:
                    ledger.wrong.append(f"{path} has two bodies for {answer.headers['etag']}")


def keep_downloading(ledger: Ledger, url: str) -> None:
    """Ask for files that nobody has asked for, so that there is always a process that writes one."""
    number = 0
    with httpx.Client(base_url=url, timeout=PATIENCE_S) as client:
        while not ledger.over.is_set():
            number += 1
            path = f"/v1/layers/{WRITTEN[number % 3]}/download.csv"
            answer = ledger.asked(client, "GET", path, params={"precision": 2 + number % 8})
            if answer is not None and not answer.content.startswith(b"code"):
                ledger.wrong.append(f"half a file: {answer.content[:100]!r}")


# Who is killed


def children(pid: int) -> list[int]:
    """Return the processes that one has begun."""
    with suppress(OSError):
        found = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
        return [int(child) for one in found for child in one]
    return []


def below(pid: int) -> list[int]:
    """Return the processes that one, and what it has begun, has begun."""
    found = children(pid)
    return [*found, *(other for child in found for other in below(child))]


def command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def kill(*pids: int) -> bool:
    """Kill processes; return whether there was one."""
    killed = False
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            killed = True
    return killed


@dataclass(frozen=True)
class Killer:
    """Kills what runs."""

    server: Server
    cluster: Cluster
    database: Own
    ledger: Ledger
    draw: random.Random
    folder: Path

    def workers(self) -> list[int]:
        return [pid for pid in children(self.server.process.pid) if "service.workers.worker" in command(pid)]

    def whole_database(self) -> bool:
        """Kill the server of the database and all that it has begun."""
        with suppress(OSError, ValueError, IndexError):
            postmaster = int((self.cluster.data / "postmaster.pid").read_text().split()[0])
            return kill(postmaster, *children(postmaster))
        return False

    def part_of_database(self) -> bool:
        """Kill one process of the database; it ends all others and begins anew."""
        with suppress(OSError, ValueError, IndexError):
            postmaster = int((self.cluster.data / "postmaster.pid").read_text().split()[0])
            if parts := children(postmaster):
                return kill(self.draw.choice(parts))
        return False

    def worker(self) -> bool:
        """Kill a serving process."""
        found = self.workers()
        return bool(found) and kill(self.draw.choice(found))

    def child(self) -> bool:
        """Kill what writes files for a serving process."""
        found = [pid for pid in below(self.server.process.pid) if "service.forks" in command(pid)]
        return bool(found) and kill(self.draw.choice(found))

    def load(self) -> bool:
        """Kill a command that loads; one that was done before counts as acknowledged."""
        done = self.ledger.acknowledged.setdefault(LOADED, [])
        value = self.ledger.loads = self.ledger.loads + 1
        file = self.folder / "load.csv"
        file.write_text(rows(LOADED, value))
        environment = {**os.environ, **self.database.environment}
        environment.pop("DATABASE_URL", None)
        options = ("--source", SOURCE["source"], "--boundary-date", SOURCE["boundary_date"])
        words = (*OWN[3:-1], "ingest", "observations", str(file), *options)
        loading = subprocess.Popen(
            words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        with suppress(subprocess.TimeoutExpired):
            if loading.wait(self.draw.uniform(0.3, 3.0)) == 0:
                done.append(value)
        loading.kill()
        loading.wait()
        return True


KINDS: tuple[Callable[[Killer], bool], ...] = (
    *(Killer.whole_database, Killer.part_of_database, Killer.worker, Killer.child, Killer.load),
)


def history(database: Own, indicator: str) -> dict[str, list[float]]:
    """Return by area every value that an indicator had, in the order in which it had them."""
    asked = text(
        "select area_code, value from superseded"
        " where indicator = :name and period = '2030' and status <> 'not_loaded'"
        " order by until"
    )
    now = text("select area_code, value from observation where indicator = :name and period = '2030'")
    found: dict[str, list[float]] = {}
    with database.begin() as conn:
        for statement in (asked, now):
            for row in conn.execute(statement, {"name": indicator}):
                found.setdefault(row.area_code, []).append(row.value)
    return found


COUNTS = text(
    "select (select count(*) from kept_answer) as kept,"
    " (select count(*) from audit where action = 'load figures' and actor <> 'tests') as audited,"
    " (select count(*) from figure_change where '2030' = any(periods)) as changes,"
    " (select count(*) from pg_locks where locktype = 'advisory') as locks,"
    " (select count(*) from pg_stat_activity where state like 'idle in transaction%') as idle"
)


def faults_of(ledger: Ledger, database: Own) -> list[str]:
    """Return what of the ledger does not stand in the database, and the other way round."""
    wrong = []
    committed = 0
    for indicator in (*WRITTEN, LOADED):
        areas = history(database, indicator)
        values = next(iter(areas.values()), [])
        committed += len(values)
        if set(areas) not in ({*GROUP}, set()) or any(one != values for one in areas.values()):
            wrong.append(f"{indicator}: not whole: {[(code, one[-3:]) for code, one in areas.items()]}")
        if values != sorted(set(values)):
            wrong.append(f"{indicator}: twice, or in another order")
        if lost := sorted(set(ledger.acknowledged.get(indicator, [])) - {int(one) for one in values}):
            wrong.append(f"{indicator}: acknowledged and lost: {lost[:10]}")
        if invented := ledger.seen.get(indicator, set()) - set(values):
            wrong.append(f"{indicator}: told, and never there: {sorted(invented)[:10]}")
        if indicator in WRITTEN and len(values) - len(ledger.acknowledged.get(indicator, [])) not in (0, 1):
            wrong.append(f"{indicator}: more was done than was sent")
    with database.begin() as conn:
        counts = conn.execute(COUNTS).one()
        written = sum(len(next(iter(history(database, one).values()), [])) for one in WRITTEN)
        if counts.kept != written or counts.audited != committed or counts.changes != committed:
            wrong.append(f"{committed} loads are there, {written} of them by requests: {counts}")
        verified(conn)
    return wrong


def has_gone_on(ledger: Ledger, before: dict[str, int]) -> bool:
    """Return whether each who writes has two more acknowledged: one may have been on its way."""
    ledger.over.wait(0.02)  # the others work meanwhile
    return all(len(ledger.acknowledged[one]) >= number + 2 for one, number in before.items())


@pytest.mark.prove("a quarter of an hour")
@pytest.mark.timeout(7_200)
def test_what_is_acknowledged_outlives_every_kill(tmp_path: Path, promise: Promise) -> None:
    kills, draw, ledger = promise.times(5, 220), random.Random(SEED), Ledger()
    local, downloads = tmp_path / "cluster", tmp_path / "downloads"
    recoveries: list[float] = []
    with private_cluster(local) as cluster:
        cluster._make_folders()
        cluster.start()
        database = Own(cluster.url("chiiki"), cluster.url("chiiki_reader"), local)
        furnish(database, tmp_path)
        with database.begin() as conn:
            keys = [create_key(conn, str(n), ["write"], None, "tests") for n in range(KEYS)]
        told = {
            "CHIIKI_WORKERS": "2",
            "CHIIKI_DOWNLOADS": str(downloads),
            "CHIIKI_READS_PER_MINUTE": "0",
            "CHIIKI_WRITES_PER_MINUTE": "0",
            "CHIIKI_HEAVY_PER_MINUTE": "0",
        }
        with serving(database, tmp_path / "log", OWN, **told) as server, ThreadPoolExecutor(8) as pool:
            killer = Killer(server, cluster, database, ledger, draw, tmp_path)
            tasks = [pool.submit(keep_writing, ledger, server.url, keys, one) for one in WRITTEN]
            tasks += [pool.submit(keep_reading, ledger, server.url, seed) for seed in range(2)]
            tasks.append(pool.submit(keep_downloading, ledger, server.url))
            try:
                until(lambda: ledger.writes >= len(WRITTEN), "nothing is written")
                for number in range(kills):
                    kind = KINDS[number % len(KINDS)]
                    until(partial(kind, killer), f"there is no {kind.__name__}")
                    before = {one: len(ledger.acknowledged[one]) for one in WRITTEN}
                    recoveries.append(until(partial(has_gone_on, ledger, before), f"after {kind.__name__}"))
            finally:
                ledger.over.set()
                for task in tasks:
                    task.result()
            until(
                lambda: httpx.get(f"{server.url}/readyz").json()["status"] == "ready", "not ready in the end"
            )
            memory = max(map(resident, killer.workers()))
            wrong = [*ledger.wrong, *faults_of(ledger, database)]
            with httpx.Client(base_url=server.url, timeout=PATIENCE_S) as client:
                last = "/v1/layers/libraries/download.csv?level=prefecture"
                assert client.get(last).status_code == 200  # who writes a file takes away what was abandoned
            drafts = [path.name for path in downloads.glob(".draft-*")]
            until(lambda: tidy(database, server), "something is left")
            processes = [server.process.pid, *below(server.process.pid)]
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in processes), "a process is left")
    assert wrong == []
    assert memory < MOST_MEMORY
    assert drafts == []
    promise.told(
        "kill -9 of database, worker, child and load: acknowledged is kept, once, whole",
        tried=kills,
        failed=len(wrong),
        worst=(
            f"{max(recoveries):.1f} s to recovery, {ledger.slowest:.1f} s an answer, {memory >> 20} MiB; "
            f"{ledger.writes:,} acknowledged writes, {ledger.again:,} sent again, {ledger.answers:,} read"
        ),
        seed=SEED,
    )


def tidy(database: Own, server: Server) -> bool:
    """Return whether nothing is left of those who were killed: locks, transactions, children."""
    forks = [pid for pid in below(server.process.pid) if "service.forks" in command(pid)]
    with database.begin() as conn:
        counts = conn.execute(COUNTS).one()
    return bool(counts.locks == 0 and counts.idle == 0 and len(forks) <= 3)
