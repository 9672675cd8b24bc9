"""CPU of what a planner asks, each address for the first time: profiles, peers, effects.

    scripts/bench first [--count 100] [--seed 1]

Of each kind the very first answer of a new process is told apart: it brings figures from the database, makes
the book that the others read, and loads what effects need. Of the others, each an address of its own, the
median and the greatest are told. CPU of the service and of PostgreSQL; one worker, gzip.
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Sequence
from contextlib import closing

from sqlalchemy import URL, Connection, create_engine

from bench.client import Client, Request
from bench.heavy import HEAVY, Known, known_of
from bench.meters import Meter, Spent, spent
from bench.peers import QUIET, chiiki, end_cleanly
from service.db.database import running_database, writer_url
from service.settings import Settings

#: What is measured → CPU in milliseconds that an answer after the first is to take at most.
AIMS_MS = {"profile": 8, "peers": 4, "effect": 200}


def show(name: str, listed: Sequence[Spent]) -> None:
    """Print a line."""
    first, *others = listed
    services = [one.service for one in others]
    median = statistics.median(services)
    print(
        f"{name:<12}{first.service:>12.1f}{first.database:>12.1f}{len(others):>8}{median:>12.2f}"
        f"{max(services):>12.2f}{statistics.median(one.database for one in others):>12.2f}"
        f"   {'✓' if median <= AIMS_MS[name] else '✗'} at most {AIMS_MS[name]}",
        flush=True,
    )


def compare(url: URL, known: Known, count: int) -> None:
    """Measure each kind in a process of its own and print it."""
    print(
        f"{'ms of CPU':<12}{'first of all':>12}{'PostgreSQL':>12}{'others':>8}{'median':>12}{'greatest':>12}",
        end="",
    )
    print(f"{'PostgreSQL':>12}")
    for name in AIMS_MS:
        with chiiki(url, **QUIET) as peer, closing(Client(peer.url)) as client:
            client.ask(Request("/v1/palettes"))  # FastAPI reads its routes
            meter = Meter(peer, create_engine(url.set(database="postgres")), url.database or "")
            every = [spent(meter, client, request) for request in HEAVY[name](known)[: count + 1]]
            show(name, [one for one in every if one.status == 200])  # who cannot be compared has no peers


def known(conn: Connection, url: URL, seed: int) -> Known:
    """Return what there is to ask for; another process tells which effects there are."""
    with chiiki(url, **QUIET) as peer, closing(Client(peer.url)) as client:
        return known_of(conn, client, seed)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--count", type=int, default=100, help="addresses of a kind after the first")
    options.add_argument("--seed", type=int, default=1, help="of the order of questions")
    chosen = options.parse_args()
    end_cleanly()
    settings = Settings()
    with running_database(settings):
        url = writer_url(settings)
        with create_engine(url).connect() as conn:
            print(f"Load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
            compare(url, known(conn, url, chosen.seed), chosen.count)


if __name__ == "__main__":
    main()
