"""What is answered when ten times as much is asked for as can be.

    scripts/bench overload [--seconds 5] [--repeats 3]

First so many connections as keep one worker busy, which is its capacity, then ten times as many, then a
thousand; each asks again as soon as it was answered. What counts is what was answered, not what was refused
(503). Cheap reads are tiles that were asked for before; others are series of areas that nobody asked for
together, each asked for once. Then both at once: a thousand connections of another address ask for series
beside those that ask for tiles. What an address may ask for in a minute is off.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import cycle, islice

from sqlalchemy import Connection, create_engine

from bench.client import Client, Request
from bench.heavy import known_of
from bench.load import CONNECTIONS, SCRIPT
from bench.meters import Meter
from bench.peers import QUIET, chiiki, end_cleanly
from bench.run import HOT, questions_of
from service.db.database import running_database, writer_url
from service.settings import Settings

TIMES, MANY = 10, 1000
#: More than are answered and refused in a run.
MOST_LINES = 20_000
_CAME = re.compile(r"^came (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Flood:
    """What came of a run.

    Attributes
    ----------
    goodput : answers a second
    refused : refusals and lost connections a second
    p50, p99 : milliseconds, refusals included
    cpu : milliseconds of the server's for an answer
    """

    goodput: float
    refused: float
    p50: float
    p99: float
    cpu: float


@contextmanager
def asking(
    url: str, lines: str, connections: int, seconds: float, address: str = "192.0.2.1"
) -> Iterator[subprocess.Popen[str]]:
    """Ask for the lines of a file meanwhile, as if from an address."""
    shape = ["-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "60s", "-s", str(SCRIPT), url]
    environment = {**os.environ, "PATHS": lines, "ENCODING": "gzip", "ADDRESS": address}
    with subprocess.Popen(["wrk", *shape], stdout=subprocess.PIPE, text=True, env=environment) as running:
        yield running


def flood(meter: Meter, lines: Iterator[str], connections: int, seconds: float) -> Flood:
    """Return what came of so many connections."""
    before = meter.cpu()
    with listed(lines) as file, asking(meter.peer.url, file, connections, seconds) as running:
        told, _ = running.communicate()
    service, _ = meter.cpu().since(before)
    came = _CAME.search(told)
    if came is None:
        raise SystemExit(f"wrk told nothing:\n{told}")
    requests, wrong, took, p50, p99, _ = map(int, came.groups())
    good = max(requests - wrong, 1)
    return Flood(good / took * 1e6, wrong / took * 1e6, p50 / 1e3, p99 / 1e3, service / good * 1e3)


def show(name: str, run: Flood, capacity: float | None) -> None:
    """Print a line."""
    share = "" if capacity is None else f"{run.goodput / capacity:>8.0%}"
    rates = f"{run.goodput:>10,.0f}{share:>8}{run.refused:>11,.0f}"
    print(f"{name:<44}{rates}{run.p50:>9.1f}{run.p99:>10.1f}{run.cpu:>9.3f}", flush=True)


@contextmanager
def listed(lines: Iterator[str]) -> Iterator[str]:
    """Give the name of a file of the next lines."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(islice(lines, MOST_LINES)))
        file.flush()
        yield file.name


def series_of(conn: Connection, client: Client, seed: int) -> Iterator[str]:
    """Give series of areas that hardly anybody asks for together."""
    known, draw = known_of(conn, client, seed), random.Random(seed)
    while True:
        areas = ",".join(draw.sample(known.codes, 3))
        yield f"/v1/series?indicator={draw.choice(known.pairs)[0]}&areas={areas}"


def compare(meter: Meter, kinds: dict[str, Iterator[str]], chosen: argparse.Namespace) -> None:
    """Measure each kind alone, then both at once."""
    print(f"{'':<44}{'answers/s':>10}{'':>8}{'refused/s':>11}{'p50, ms':>9}{'p99, ms':>10}{'CPU, ms':>9}")
    for _ in range(chosen.repeats):
        capacity = dict[str, float]()
        for name, lines in kinds.items():
            for connections in (CONNECTIONS, CONNECTIONS * TIMES, MANY):
                run = flood(meter, lines, connections, chosen.seconds)
                show(f"{name}, {connections:,} connections", run, capacity.get(name))
                capacity.setdefault(name, run.goodput)
        cheap, others = kinds
        with (
            listed(kinds[others]) as file,
            asking(meter.peer.url, file, MANY, chosen.seconds + 1, "192.0.2.2") as beside,
        ):
            run = flood(meter, kinds[cheap], CONNECTIONS, chosen.seconds)
            beside.communicate()
        show(f"{cheap} beside {MANY:,} connections with {others}", run, capacity[cheap])


def main() -> None:
    """Measure and print it."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--seconds", type=float, default=5, help="length of each run")
    options.add_argument("--repeats", type=int, default=3, help="of each")
    options.add_argument("--seed", type=int, default=1, help="of what is asked")
    chosen = options.parse_args()
    end_cleanly()
    settings = Settings()
    url = writer_url(settings)
    with (
        running_database(settings),
        create_engine(url).connect() as conn,
        create_engine(url.set(database="postgres")).connect() as admin,
        chiiki(url, **QUIET) as peer,
        closing(Client(peer.url)) as client,
    ):
        tiles = [one.chiiki() for one in questions_of(conn, chosen.seed, HOT)]
        for path in [*tiles, *tiles]:
            client.ask(Request(path))
        print(f"Load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        kinds = {"tiles": cycle(tiles), "series": series_of(conn, client, chosen.seed)}
        compare(Meter(peer, admin.engine, url.database or ""), kinds, chosen)
        print(f"Memory of the process at most: {peer.memory_mb('VmHWM'):,.0f} MiB")


if __name__ == "__main__":
    main()
