"""Heavy analysis alone, and shared out to worker processes of Dask: seconds, CPU, memory, equal results.

    scripts/bench shared [--workers 2] [--cells 100000]

In a database of its own with the shipped data, by the commands that people use, one after the other: the
vectors of all boundaries, spatial statistics of three layers, and the gaps of the nation by made-up cells
around real stations. CPU is that of the command and of its workers, beside it that of PostgreSQL; memory is
the most that the command had, and the most of a worker.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from distributed import LocalCluster
from sqlalchemy import text

from bench.loads import Load, run
from bench.meters import cpu_s
from bench.peers import end_cleanly
from bench.transport import cells_file
from service.tests.databases import Database, DatabaseServer, running_server
from service.transit.load import Credit, load_grid

LAYERS = ("ageing-rate", "birth-rate", "income-per-taxpayer")
GRID = "bench"


@dataclass(frozen=True)
class Work:
    """A command, what makes it begin anew, and a digest of what it comes to."""

    name: str
    words: tuple[str, ...]
    prepare: str
    digest: Callable[[Database], object]


def digest_of(statement: str) -> Callable[[Database], object]:
    """Return what asks a database for a digest."""

    def asked(database: Database) -> object:
        with database.begin() as conn:
            return tuple(conn.execute(text(statement)).one())

    return asked


@contextmanager
def workers(number: int) -> Iterator[tuple[str, list[int]]]:
    """Give the address of a scheduler, and the numbers of its worker processes."""
    with LocalCluster(  # type: ignore[no-untyped-call]  # Dask is not typed
        n_workers=number, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address, [worker.pid for worker in cluster.workers.values()]


def peak_mb(pid: int) -> float:
    """Return the most resident memory that a process had."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def told(name: str, load: Load, cpu: float, worker_mb: float | None) -> None:
    """Print a line."""
    of_worker = "" if worker_mb is None else f", a worker {worker_mb:.0f} MB"
    print(
        f"  {name:<28}{load.seconds:7.1f} s   CPU {cpu:6.1f} + {load.database:5.1f} s   "
        f"{load.peak_mb:.0f} MB{of_worker}",
        flush=True,
    )


def compare(server: DatabaseServer, database: Database, work: Work, number: int) -> None:
    """Do a work alone, then shared out, and print both and their ratios."""

    def prepare() -> None:
        with database.begin() as conn:
            conn.execute(text(work.prepare))

    prepare()
    one = run(server, database, *work.words)
    before = work.digest(database)
    told(f"{work.name}, alone", one, one.own, None)
    prepare()
    with workers(number) as (address, pids):
        begun = {pid: cpu_s(pid) for pid in pids}
        os.environ["CHIIKI_DASK"] = address
        try:
            many = run(server, database, *work.words)
        finally:
            del os.environ["CHIIKI_DASK"]
        cpu = many.own + sum(cpu_s(pid) - begun[pid] for pid in pids)
        told(f"{work.name}, {number} workers", many, cpu, max(map(peak_mb, pids)))
    equal = "equal" if work.digest(database) == before else "NOT EQUAL"
    print(f"    {equal}; {one.seconds / many.seconds:.2f} times as fast, {cpu / one.own:.2f} times the CPU")


def main() -> None:
    """Run all works and print them."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--cells", type=int, default=100_000)
    chosen = options.parse_args()
    end_cleanly()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server() as server,
        server.new_database(server.template()) as database,
    ):
        table = Path(folder) / "spatial.csv"
        with database.begin() as conn:
            credit = Credit("bench", "bench", "bench", "bench", "")
            load_grid(conn, [cells_file(Path(folder), chosen.cells, 1)], GRID, "2021", credit, "bench")
        print(f"Load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
        layers = [word for layer in LAYERS for word in ("--layer", layer)]
        gap = ("analyze", "transport-gap", "--grid", GRID, "--definition", "mlit-handbook-rural")
        works = (
            Work(
                "vectors",
                ("migrate",),
                "update revision set n = 1 where subject = 'derivation'",
                digest_of(
                    "select count(*), md5(string_agg("
                    "md5(v::text), '' order by layer, level, vintage, period)) from vector v"
                ),
            ),
            Work(
                "spatial statistics",
                ("analyze", "spatial", str(table), *layers),
                "select 1",
                lambda _database: table.read_bytes(),
            ),
            Work(
                "gaps of the nation",
                gap,
                f"delete from gap_cell where grid = '{GRID}'",
                digest_of(
                    "select count(*), md5(string_agg(c::text, '' order by definition, grid, code))"
                    " from gap_cell c"
                ),
            ),
        )
        for work in works:
            compare(server, database, work, chosen.workers)


if __name__ == "__main__":
    main()
