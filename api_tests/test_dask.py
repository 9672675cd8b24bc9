"""What a cluster of two workers works out is what one process works out, also where a worker is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import text

from geo.tests.promises import Promise
from service.tests.databases import Database
from service.transit.load import Credit, load_grid, load_stops

#: Runs a command on a cluster. With KILL the worker that has the first results is killed, once.
COMMAND = """
import os, signal, sys, threading, time
from distributed import LocalCluster
from typer.testing import CliRunner
from service.cli import app

def kill(cluster):
    tasks = cluster.scheduler.tasks
    while not any(task.state == "memory" for task in list(tasks.values())):
        time.sleep(0.01)
    os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
    print("killed")

if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        if os.environ.get("KILL"):
            threading.Thread(target=kill, args=(cluster,), daemon=True).start()
        done = CliRunner().invoke(app, sys.argv[1:], env={"CHIIKI_DASK": cluster.scheduler_address})
    sys.stdout.write(done.output)
    sys.exit(done.exit_code)
"""
FIGURES = text(
    "select indicator, area_code, value from observation where source = 'transport-gap' order by 1, 2"
)
CELLS = text(
    "select definition, code, distance_m, covered, covered_share from gap_cell order by definition, code"
)
VECTORS = text(
    "select md5(string_agg(md5(v::text), '' order by layer, level, vintage, period)), count(*) from vector v"
)
BREAKS = text("select md5(string_agg(b::text, '' order by layer, level, vintage)) from class_breaks b")


def on_a_cluster(database: Database, *words: str, kill: bool = False) -> str:
    environment = {**database.environment, "PATH": os.environ["PATH"]} | ({"KILL": "1"} if kill else {})
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=1_500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("killed" in done.stdout) is kill
    return done.stdout


def alone(database: Database, *words: str) -> str:
    command = [sys.executable, "-m", "service.cli", *words]
    environment = {**database.environment, "PATH": os.environ["PATH"]}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def counted(database: Database, *, forget: bool = False) -> list[object]:
    """All that was counted of gaps; with ``forget`` it is there no more."""
    with database.begin() as conn:
        found: list[object] = [tuple(row) for asked in (FIGURES, CELLS) for row in conn.execute(asked)]
        if forget:
            conn.execute(text("update observation set value = 0 where source = 'transport-gap'"))
            conn.execute(text("delete from gap_cell"))
    return found


def test_a_cluster_counts_what_one_machine_counts(scratch_database: Database) -> None:
    before = counted(scratch_database, forget=True)
    words = ("analyze", "transport-gap", "--grid", "census-2020-500m", "--area", "10000")
    assert "municipalities: 13" in on_a_cluster(scratch_database, *words)
    assert counted(scratch_database) == before
    assert len(before) > 20_000


@pytest.mark.prove("three minutes")
@pytest.mark.timeout(1_800)
def test_a_cluster_works_out_all_vectors_and_maps_as_one_process_does(
    scratch_database: Database, tmp_path: Path, promise: Promise
) -> None:
    with scratch_database.begin() as conn:
        ((digest, vectors),) = conn.execute(VECTORS).all()
        breaks = conn.scalar(BREAKS)
        conn.execute(text("update revision set n = 1 where subject = 'derivation'"))
        conn.execute(text("update vector set statuses = ''"))
    on_a_cluster(scratch_database, "migrate", kill=True)
    with scratch_database.begin() as conn:
        same = [conn.execute(VECTORS).one().md5 == digest, conn.scalar(BREAKS) == breaks]
    promise.told("dask: vectors of all boundaries as in one process", tried=vectors, failed=same.count(False))
    words = ("--layer", "ageing-rate", "--layer", "birth-rate", "--layer", "income-per-taxpayer")
    files = [tmp_path / name for name in ("alone.csv", "shared.csv")]
    alone(scratch_database, "analyze", "spatial", str(files[0]), *words)
    on_a_cluster(scratch_database, "analyze", "spatial", str(files[1]), *words, kill=True)
    first, second = (file.read_text().splitlines() for file in files)
    differing = sum(one != other for one, other in zip(first, second, strict=True))
    promise.told("dask: Moran's I and clusters as in one process", tried=len(first) - 1, failed=differing)


@pytest.mark.prove("eight minutes")
@pytest.mark.timeout(3_600)
@pytest.mark.skipif("CHIIKI_REAL_DATA" not in os.environ, reason="CHIIKI_REAL_DATA is not set")
def test_a_cluster_counts_the_gaps_of_the_nation_as_one_process_does(
    scratch_database: Database, promise: Promise
) -> None:
    from bench.transport import STOPS, cells_file

    credit = Credit("P11", "P11", "P11", "P11", "")
    with tempfile.TemporaryDirectory() as folder, scratch_database.begin() as conn:
        stops = Path(os.environ["CHIIKI_REAL_DATA"]) / STOPS
        load_stops(conn, stops, "p11-2010", credit, kind="p11", actor="tests")
        load_grid(conn, [cells_file(Path(folder), 150_000, 1)], "nation", "2021", credit, "tests")
    words = ("analyze", "transport-gap", "--grid", "nation", "--definition", "mlit-handbook-rural")
    alone(scratch_database, *words)
    before = counted(scratch_database, forget=True)
    on_a_cluster(scratch_database, *words, kill=True)
    after = counted(scratch_database)
    failed = sum(one != other for one, other in zip(before, after, strict=True))
    promise.told("dask: transport gaps of the nation as in one process", tried=len(before), failed=failed)
