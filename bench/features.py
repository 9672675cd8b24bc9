"""Features and lists of the OGC API beside TiPg: the same database, the same questions, one after another.

    scripts/bench features [--count 40] [--seed 1]

Items: all municipalities and the values of a layer and period never asked before, whole and filtered by CQL2.
The first of a vintage, level and detail as gzip compresses their outlines, 5 MB at `medium`; those of another
layer or period, after it, pour their values around them (aim: 15 ms). Both columns are told.
Lists: everything that there is, asked for again. Told is the CPU of the serving process, which other load on
the machine does not change much, and of PostgreSQL; the two servers are asked in turn. One worker.
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import create_engine

from bench.client import Client, Request
from bench.meters import Meter, Spent, spent
from bench.peers import QUIET, Peer, chiiki, end_cleanly, tipg, views
from bench.run import pairs_of
from service.db.database import running_database, writer_url
from service.settings import Settings

DETAIL = "medium"
THEIRS = "/collections/bench.layer/items?f=geojson&limit=10000&indicator={0}&period={1}"
OURS = f"/ogc/collections/{{0}}.municipality/items?detail={DETAIL}&datetime={{1}}"
#: What is asked for → what the address says of it, and how the answer is encoded.
ITEMS = {
    "all": ("", "identity"),
    "all, gzip": ("", "gzip"),
    "value > 100000": ("&filter-lang=cql2-text&filter=value%3E100000", "gzip"),
    "code = '01100'": ("&filter-lang=cql2-text&filter=code%3D%2701100%27", "gzip"),
    "name LIKE '%島%'": ("&filter-lang=cql2-text&filter=name%20LIKE%20%27%25%E5%B3%B6%25%27", "gzip"),
}
LISTS = ("/ogc/collections", "/catalog.jsonld", "/v1/layers", "/v1/indicators")


@dataclass(frozen=True)
class Server:
    """A server that is asked and measured."""

    peer: Peer
    meter: Meter
    client: Client

    def asked(self, path: str, encoding: str) -> Spent:
        """Return what a request costs."""
        cost = spent(self.meter, self.client, Request(path, {"Accept-Encoding": encoding}))
        if cost.status != 200:
            raise SystemExit(f"{self.peer.name} answers {cost.status} to {path}")
        return cost


def show(name: str, listed: Sequence[Spent]) -> None:
    """Print a line: the first request, and the median of all after it."""
    first, *others = listed

    def median(of: Callable[[Spent], float]) -> float:
        return statistics.median(map(of, others))

    print(
        f"{name:<36}{first.service:>9.2f}{median(lambda one: one.service):>10.2f}"
        f"{median(lambda one: one.database):>10.2f}{median(lambda one: one.took):>10.2f}"
        f"{median(lambda one: one.size):>12,.0f}",
        flush=True,
    )


def items(ours: Server, theirs: Server, pairs: Sequence[tuple[str, str]], count: int) -> None:
    """Compare features, each time of a layer and period that was not asked for before."""
    print(
        f"\n{'Items, CPU in ms':<36}{'first':>9}{'after it':>10}{'database':>10}{'took, ms':>10}{'bytes':>12}"
    )
    for place, (name, (more, encoding)) in enumerate(ITEMS.items()):
        costs: dict[str, list[Spent]] = {"TiPg": [], "chiiki": []}
        for pair in pairs[place * count :][:count]:
            costs["TiPg"].append(theirs.asked(THEIRS.format(*pair) + more, encoding))
            costs["chiiki"].append(ours.asked(OURS.format(*pair) + more, encoding))
        for server, listed in costs.items():
            show(f"{server}, {name}", listed)


def lists(ours: Server, count: int) -> None:
    """Measure what a list costs once it was asked for."""
    print(f"\n{'Lists, CPU in ms':<36}{'first':>9}{'again':>10}{'database':>10}{'took, ms':>10}{'bytes':>12}")
    for path in LISTS:
        for encoding in ("identity", "gzip"):
            show(f"chiiki, {path}, {encoding}", [ours.asked(path, encoding) for _ in range(count)])


def main() -> None:
    """Run the comparisons and print them."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--count", type=int, default=40, help="requests of a kind")
    options.add_argument("--seed", type=int, default=1, help="of the order of layers and periods")
    chosen = options.parse_args()
    end_cleanly()
    settings = Settings()
    with running_database(settings):
        url = writer_url(settings)
        admin = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with (
            create_engine(url).connect() as conn,
            chiiki(url, **QUIET) as own,
            views(conn, DETAIL),
            tipg(url) as other,
            closing(Client(own.url)) as client,
            closing(Client(other.url)) as their_client,
        ):
            pairs = pairs_of(conn)
            random.Random(chosen.seed).shuffle(pairs)
            database = url.database or ""
            ours = Server(own, Meter(own, admin, database), client)
            theirs = Server(other, Meter(other, admin, database), their_client)
            items(ours, theirs, pairs, chosen.count)
            lists(ours, chosen.count)
        admin.dispose()


if __name__ == "__main__":
    main()
