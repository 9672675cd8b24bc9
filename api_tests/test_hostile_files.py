"""Files made to harm whoever reads them: each is refused with place and field, or read as what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import httpx
import pytest

from api_tests.conftest import Server, serving
from api_tests.costs import held_mb
from api_tests.hostile_files import (
    ACTUALS,
    CANARY,
    FIGURES,
    JOIN,
    LIST,
    SEED,
    Hostile,
    drawn,
    hostile_files,
)
from bench.meters import tree_cpu_s
from geo.tests.promises import PROVING, Promise
from service.http import auth
from service.settings import HOME
from service.tests.databases import Database, DatabaseServer

#: Of a reader of the command line, and of the process of a service.
MOST_CPU_S, MOST_READER_MB, MOST_SERVICE_MB = 30, 2500, 250
#: Of a process of a service with its child.
MOST_HTTP_CPU_S = 25
HTTP = {
    LIST: ("POST", "/v1/deployments?dry_run=true", "application/octet-stream"),
    FIGURES: (
        "PUT",
        "/v1/indicators/libraries/observations?source=ssdse-a-2026&boundary_date=2024-10-01&dry_run=true",
        "text/csv",
    ),
    ACTUALS: ("PUT", "/v1/kpis/goal-1-productivity-growth/actuals?dry_run=true", "text/csv"),
    JOIN: ("POST", "/ogc/joins?detail=low", "text/csv"),
}
UNLIMITED = {f"CHIIKI_{lane}_PER_MINUTE": "0" for lane in ("READS", "HEAVY", "WRITES")}
#: What no answer tells.
INSIDE = (CANARY, "Traceback", "chiiki-secret", str(HOME), "psycopg")


@dataclass
class Outcomes:
    """What came of the files of one way in."""

    tried: int = 0
    refused: int = 0
    faults: list[str] = field(default_factory=list)
    cpu_s: float = 0.0
    memory_mb: float = 0.0

    def note(self, file: Hostile, wrong: str) -> None:
        """Note what was wrong with one."""
        self.faults.append(f"{file.way} {file.kind} {file.name}: {wrong}"[:600])

    def told(self, promise: Promise, name: str) -> None:
        """Tell it."""
        worst = f"{self.cpu_s:.1f} s of processor time, {self.memory_mb:.0f} MB; {self.refused:,} refused"
        try:
            promise.told(name, tried=self.tried, failed=len(self.faults), worst=worst, seed=SEED)
        except AssertionError as error:
            raise AssertionError("\n".join([str(error), *self.faults])) from None


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Hostile]:
    """All files, or some of each kind."""
    outside = tmp_path_factory.mktemp("outside") / "canary.geojson"
    properties = {"N03_001": CANARY, "N03_004": CANARY, "N03_007": "01202", "P11_001": CANARY, "name": CANARY}
    ring = [[140, 42], [140.1, 42], [140.1, 42.1], [140, 42]]
    told = {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    outside.write_text(json.dumps({"type": "FeatureCollection", "features": [told]}))
    made = list(hostile_files(outside))
    return made if PROVING else drawn(made, 40)


@pytest.fixture(scope="module")
def steward(
    request: pytest.FixtureRequest, database_server: DatabaseServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, httpx.Client]]:
    """A service with a secret in its environment, and a steward's key that was stolen."""
    with database_server.new_database(request.getfixturevalue("template")) as database:
        key = key_of(database)
        log = tmp_path_factory.mktemp("hostile") / "log"
        with (
            serving(database, log, CHIIKI_SECRET="chiiki-secret", **UNLIMITED) as server,
            httpx.Client(base_url=server.url, timeout=120, headers={"X-API-Key": key}) as client,
        ):
            yield server, client


def key_of(database: Database) -> str:
    with database.begin() as conn:
        return auth.create_key(conn, "stolen", ["write", "steward"], None, "tests")


def wrong_with(file: Hostile, answer: httpx.Response) -> Iterator[str]:
    """Yield what is wrong with an answer to a file."""
    yield from (f"tells {inside}" for inside in INSIDE if inside in answer.text)
    if answer.status_code == 200:
        if file.refused:
            yield f"was taken: {answer.text[:200]}"
        return
    if answer.status_code not in (413, 422) and (answer.status_code, file.way) != (400, JOIN):
        yield f"{answer.status_code} {answer.text[:200]}"
        return
    found = answer.json().get("errors", ())
    if answer.status_code != 413 and not (
        found and all(f["where"] and f["field"] and f["expected"] for f in found)
    ):
        yield f"refused without place and field: {answer.text[:300]}"


def test_a_file_that_is_sent_harms_nobody(
    steward: tuple[Server, httpx.Client], files: list[Hostile], promise: Promise
) -> None:
    server, client = steward
    pid, outcomes = server.process.pid, Outcomes()
    before = held_mb(pid)
    for file in files:
        if file.way not in HTTP:
            continue
        method, path, kind = HTTP[file.way]
        if file.kind == "JSON":
            kind = "application/json"
        worked = tree_cpu_s(pid)
        answer = client.request(method, path, content=file.content, headers={"Content-Type": kind})
        took = tree_cpu_s(pid) - worked
        outcomes.tried += 1
        outcomes.refused += answer.status_code != 200
        outcomes.cpu_s = max(outcomes.cpu_s, took)
        wrong = [*wrong_with(file, answer), *([f"{took:.1f} s"] if took > MOST_HTTP_CPU_S else [])]
        if wrong:
            outcomes.note(file, "; ".join(wrong))
    outcomes.memory_mb = held_mb(pid) - before
    assert server.process.poll() is None
    log = server.log.read_text()
    assert "Traceback" not in log, log[-3000:]
    assert outcomes.memory_mb < MOST_SERVICE_MB
    assert client.get("/healthz").status_code == 200
    outcomes.told(promise, "a hostile file that is sent is refused with place and field, or read as it is")


@contextmanager
def readers() -> Iterator[subprocess.Popen[str]]:
    """Run the readers of the command line meanwhile."""
    command = [sys.executable, "-m", "api_tests.file_readers"]
    environment = {**os.environ, "CHIIKI_SECRET": "chiiki-secret"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HOME, env=environment
    ) as process:
        yield process


def test_a_file_that_the_command_line_reads_harms_nobody(
    files: list[Hostile], tmp_path: Path, promise: Promise
) -> None:
    outcomes = Outcomes()
    with readers() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number, file in enumerate(files):
            if file.way not in HTTP:
                end = {"disguise": file.name.partition(".")[2], "archive": "zip", "GTFS": "zip"}
                path = (
                    tmp_path
                    / f"file{number}.{end.get(file.kind) or ('csv' if file.kind == 'table' else 'geojson')}"
                )
                path.write_bytes(file.content)
                told = answered(process.stdin, process.stdout, file.way, path)
                path.unlink()
                judge(outcomes, file, told)
        process.stdin.close()
    assert list(tmp_path.iterdir()) == []
    outcomes.told(
        promise,
        "a hostile file that the command line reads is refused with place and field, or read as it is",
    )


def answered(asked: IO[str], told: IO[str], way: str, path: Path) -> dict[str, object]:
    asked.write(json.dumps([way, str(path)]) + "\n")
    asked.flush()
    found: dict[str, object] = json.loads(told.readline())
    return found


def judge(outcomes: Outcomes, file: Hostile, told: dict[str, object]) -> None:
    """Note what came of one file."""
    cpu_s, memory_mb = float(str(told["cpu_s"])), float(str(told["memory_mb"]))
    outcomes.tried += 1
    outcomes.refused += "refused" in told
    outcomes.cpu_s, outcomes.memory_mb = max(outcomes.cpu_s, cpu_s), max(outcomes.memory_mb, memory_mb)
    if cpu_s > MOST_CPU_S or memory_mb > MOST_READER_MB:
        outcomes.note(file, f"{cpu_s:.1f} s, {memory_mb:.0f} MB")
    if "fault" in told:
        outcomes.note(file, str(told["fault"]))
    elif told.get("leaks") or CANARY in json.dumps(told):
        outcomes.note(file, f"tells what stands in another file: {told}")
    elif "refused" not in told and file.refused:
        outcomes.note(file, "was read")
    elif "refused" in told and not (told["findings"] and all(map(all, told["findings"]))):  # type: ignore[call-overload] # a list of lists
        outcomes.note(file, f"refused without place and field: {told}")
