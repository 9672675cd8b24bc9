"""How long tiles take at a constant rate beside one heavy request after another.

    scripts/bench beside [--seconds 10] [--per-second 100] [--only DCAT,effect]

Half of the tiles were asked before, half never; they arrive at a constant rate on connections kept open, and
their latency counts from the planned time. Meanwhile another process asks one heavy request after another,
each with an address of its own. A kind is asked once before its run, so that nothing is imported meanwhile.
One worker.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from multiprocessing import get_context
from signal import SIG_DFL, SIGINT
from urllib.parse import urlsplit

from sqlalchemy import Connection, create_engine

from bench.arrivals import Arrivals, arrivals
from bench.client import Client, Request
from bench.heavy import HEAVY, known_of
from bench.peers import QUIET, chiiki, end_cleanly
from bench.run import questions_of
from service.db.database import running_database, writer_url
from service.settings import Settings

AIM_MS = 50
HOT = 40
NOTHING = "nothing"


@dataclass
class Beside:
    """What came of one run.

    Attributes
    ----------
    different : addresses of the heavy requests
    seconds : of each heavy request
    refused : status → how many of them had it
    """

    tiles: Future[Arrivals]
    different: int
    seconds: list[float] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)


def tiles_of(hot: Sequence[str], cold: Sequence[str]) -> list[str]:
    """Return tiles asked before and never, in turn."""
    return [path for place, other in enumerate(cold) for path in (hot[place % len(hot)], other)]


def asked_meanwhile(client: Client, requests: Sequence[Request], tiles: Future[Arrivals]) -> Beside:
    """Ask one request after another until all tiles are there."""
    run = Beside(tiles, len(requests))
    while requests and not tiles.done():
        answer = client.ask(requests[len(run.seconds) % len(requests)])
        run.seconds.append(answer.seconds)
        if answer.status != 200:
            run.refused[answer.status] += 1
    return run


def show(name: str, run: Beside) -> None:
    """Print a line."""
    tiles = run.tiles.result()
    ordered = sorted(tiles.latencies)
    p99 = ordered[int(0.99 * (len(ordered) - 1))]
    mean = f"{statistics.mean(run.seconds) * 1e3:>7,.0f} ms" if run.seconds else ""
    notes = [f"{status} × {count}" for status, count in run.refused.items()]
    if tiles.failed:
        notes.append(f"{tiles.failed} tiles failed")
    if len(run.seconds) > run.different:
        notes.append(f"only {run.different:,} addresses")
    print(
        f"{name:<32}{statistics.median(ordered):>9.1f}{p99:>9.1f} {'✓' if p99 <= AIM_MS else '✗'}"
        f"{ordered[-1]:>9.1f}{len(run.seconds):>10,}{mean:>12}   {'; '.join(notes)}",
        flush=True,
    )


def compare(conn: Connection, url: str, client: Client, tiler: Executor, chosen: argparse.Namespace) -> None:
    """Measure tiles beside nothing, then beside each kind of heavy request."""
    parts = chosen.only.split(",")
    names = [NOTHING, *(name for name in HEAVY if any(part in name for part in parts))]
    known, each = known_of(conn, client, chosen.seed), round(chosen.seconds * chosen.per_second / 2)
    paths = [one.chiiki() for one in questions_of(conn, chosen.seed, HOT + each * len(names))]
    hot, address = paths[:HOT], urlsplit(url)
    for path in hot:
        client.ask(Request(path))
    print(f"{chosen.per_second:g} tiles a second for {chosen.seconds:g} s, p99 at most {AIM_MS} ms\n")
    print(f"{'beside':<32}{'p50, ms':>9}{'p99, ms':>9}  {'worst':>9}{'requests':>10}{'mean':>12}")
    for place, name in enumerate(names):
        requests = HEAVY[name](known) if name in HEAVY else []
        if requests and (status := client.ask(requests.pop(0)).status) != 200:
            print(f"{name:<32}{'–':>9}{'–':>9} ✗   does not work: {status}", flush=True)
            continue
        tiles = tiles_of(hot, paths[HOT + place * each :][:each])
        arriving = tiler.submit(arrivals, address.hostname or "", address.port or 0, tiles, chosen.per_second)
        show(name, asked_meanwhile(client, requests, arriving))


def main() -> None:
    """Measure each kind and print it."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--seconds", type=float, default=10, help="length of each run")
    options.add_argument("--per-second", type=float, default=100, help="tiles")
    options.add_argument("--only", default="", help="parts of the names that are run: DCAT,items")
    options.add_argument("--seed", type=int, default=1, help="of the order of questions")
    chosen = options.parse_args()
    end_cleanly()
    settings = Settings()
    with (
        running_database(settings),
        tempfile.TemporaryDirectory() as folder,
        create_engine(writer_url(settings)).connect() as conn,
        chiiki(writer_url(settings), CHIIKI_DOWNLOADS=folder, **QUIET) as peer,
        closing(Client(peer.url)) as client,
        # not forked: the client of tiles is to hold nothing of this process
        ProcessPoolExecutor(1, get_context("spawn"), signal.signal, (SIGINT, SIG_DFL)) as tiler,
    ):
        print(f"Load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        compare(conn, peer.url, client, tiler, chosen)
        print(f"Load of the machine: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
