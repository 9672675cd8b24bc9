"""What loads cost: all that ships, and a boundary file of the whole country.

    scripts/bench loads [--boundaries FILE --vintage 2022-01-01]

In a database of its own, by the commands that people use. CPU is that of the command and of all processes of
PostgreSQL, parallel workers as well; memory is the most that the command had. Seconds hold for a machine that
does nothing else: the load of the machine is printed beside them.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.meters import postmaster_of, tree_cpu_s
from bench.peers import end_cleanly
from service.tests.databases import Database, DatabaseServer, running_server

SHIPPED_S, NATION_S, NATION_MB = 20, 180, 700


@dataclass(frozen=True)
class Load:
    """What a command cost.

    Attributes
    ----------
    seconds : from its start to its end
    own, database : CPU seconds of the command and of PostgreSQL
    peak_mb : the most resident memory of the command
    """

    seconds: float
    own: float
    database: float
    peak_mb: float

    def show(self, name: str, most_s: float, most_mb: float | None = None) -> None:
        """Print a line."""
        memory = "" if most_mb is None else f" {_met(self.peak_mb <= most_mb)} (at most {most_mb:g})"
        print(
            f"  {name:<32}{self.seconds:6.1f} s {_met(self.seconds <= most_s)} (at most {most_s:g})   "
            f"CPU {self.own:5.1f} + {self.database:5.1f} s   {self.peak_mb:.0f} MB{memory}"
        )


def _met(is_met: bool) -> str:
    return "✓" if is_met else "✗"


def run(server: DatabaseServer, database: Database, *words: str | Path) -> Load:
    """Run a command of ``chiiki`` on a database; return what it cost."""
    with server.admin.connect() as conn:
        postmaster = postmaster_of(conn)
        before, database_before = resource.getrusage(resource.RUSAGE_CHILDREN), tree_cpu_s(postmaster)
        begun = time.perf_counter()
        peak_kb = _peak_kb([sys.executable, "-m", "service.cli", *map(str, words)], database)
        seconds = time.perf_counter() - begun
        after, database_after = resource.getrusage(resource.RUSAGE_CHILDREN), tree_cpu_s(postmaster)
    own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Load(seconds, own, database_after - database_before, peak_kb / 1024)


def _peak_kb(command: Sequence[str], database: Database) -> int:
    environment = {**os.environ, **database.environment}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return used.ru_maxrss


def main() -> None:
    """Measure and print it."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--boundaries", type=Path, help="a boundary file of the whole country, N03")
    options.add_argument("--vintage", default="2022-01-01", help="the date of that file")
    chosen = options.parse_args()
    end_cleanly()
    with running_server() as server, server.new_database() as database:
        print(f"Load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        run(server, database, "migrate")
        run(server, database, "ingest", "shipped").show("ingest shipped", SHIPPED_S)
        run(server, database, "ingest", "shipped").show("  once more", SHIPPED_S)
        if chosen.boundaries:
            words = ("ingest", "boundaries", chosen.boundaries, "--vintage", chosen.vintage)
            run(server, database, *words).show(f"ingest boundaries {chosen.vintage}", NATION_S, NATION_MB)
        print(f"Load of the machine: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
