"""What docs/operations.md promises of tiles and of recovery, alone and beside heavy work.

    scripts/bench slo [--seconds 20] [--per-second 100] [--seed 1]

Tiles, half of them asked before and half never, arrive at a constant rate on connections kept open; their
latency counts from the planned time. Heavy work is three clients that ask for scenarios, for downloads and
for pictures, one after another, each with an address of its own. Then the database is restarted under the
same load: it is told how long it was away, how long after that something that was never asked for is
answered again, and how many of the tiles that were asked before failed meanwhile. One worker. The restart
wants chiiki's private cluster.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import closing, contextmanager, suppress
from itertools import cycle, islice
from multiprocessing import get_context
from signal import SIG_DFL, SIGINT
from urllib.parse import urlsplit

from sqlalchemy import Engine, create_engine

from bench.arrivals import Arrivals, arrivals
from bench.beside import AIM_MS, tiles_of
from bench.client import Client, Request
from bench.heavy import HEAVY, Known, known_of
from bench.load import at_share
from bench.peers import QUIET, Peer, chiiki, end_cleanly
from bench.run import HOT, questions_of
from service.db.cluster import Cluster
from service.db.database import running_database, writer_url
from service.settings import Settings

WORK = ("scenario", "download, GeoPackage", "map.png")
#: While the database is away the log tells of it.
SILENT = {**QUIET, "CHIIKI_LOG_LEVEL": "critical"}
RECOVERY_S = 5.0
#: Around the restart of the database.
BEFORE_S, AFTER_S = 2.0, 10.0


class Asking:
    """Asks one heavy request after another, in a thread of its own."""

    def __init__(self, url: str, name: str, requests: Sequence[Request]) -> None:
        self.name = name
        self.statuses: Counter[int] = Counter()
        self._url = url
        self._requests = requests
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def _ask(self) -> None:
        with closing(Client(self._url)) as client:
            for request in cycle(self._requests):
                if self._over.is_set():
                    return
                with suppress(OSError):
                    self.statuses[client.ask(request).status] += 1

    def __enter__(self) -> Asking:
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._over.set()
        self._thread.join()


@contextmanager
def beside(url: str, known: Known, is_wanted: bool) -> Iterator[list[Asking]]:
    """Do the heavy work meanwhile, where it is wanted."""
    if not is_wanted:
        yield []
        return
    works = [Asking(url, name, HEAVY[name](known)) for name in WORK]
    with works[0], works[1], works[2]:
        yield works


def told_of(works: Sequence[Asking]) -> str:
    """Return how many of each kind were answered, and what was refused."""
    return "; ".join(
        f"{work.name} {work.statuses[200]:,}"
        + "".join(f" ({status} × {count:,})" for status, count in work.statuses.items() if status != 200)
        for work in works
    )


def show_tiles(name: str, came: Arrivals, works: Sequence[Asking]) -> None:
    """Print a line of tiles."""
    p99 = at_share(came.latencies, 0.99)
    print(
        f"{name:<28}{statistics.median(came.latencies):>9.1f}{p99:>9.1f} {'✓' if p99 <= AIM_MS else '✗'}"
        f"{max(came.latencies):>9.1f}{came.failed:>8,}   {told_of(works)}",
        flush=True,
    )


def recovery(cluster: Cluster, client: Client, cold: Sequence[str]) -> tuple[float, float]:
    """Restart the database.

    Returns
    -------
    Seconds that it was away, and from then until something that was never asked for was answered
    """
    time.sleep(BEFORE_S)
    begun = time.monotonic()
    cluster.stop()
    cluster.start()
    back = time.monotonic()
    for path in cold:
        if client.ask(Request(path)).status == 200:
            return back - begun, time.monotonic() - back
    raise SystemExit("Nothing was answered after the restart")


def measure(
    peer: Peer, engine: Engine, tiler: Executor, cluster: Cluster | None, chosen: argparse.Namespace
) -> None:
    """Measure tiles, then the restart, each alone and beside heavy work."""
    address = urlsplit(peer.url)
    each = round(chosen.seconds * chosen.per_second / 2)
    with closing(Client(peer.url)) as client:
        with engine.connect() as conn:
            known = known_of(conn, client, chosen.seed)
            paths = iter([one.chiiki() for one in questions_of(conn, chosen.seed, HOT + 2 * each)])
        engine.dispose()  # its server is to end
        hot = list(islice(paths, HOT))
        for path in hot:
            client.ask(Request(path))

        def tiles(listed: Sequence[str]) -> tuple[str, int, Sequence[str], float]:
            return address.hostname or "", address.port or 0, listed, chosen.per_second

        print(f"{chosen.per_second:g} tiles a second for {chosen.seconds:g} s, p99 at most {AIM_MS} ms")
        print(f"{'beside':<28}{'p50, ms':>9}{'p99, ms':>9}  {'worst':>9}{'failed':>8}   answered meanwhile")
        for is_heavy in (False, True):
            listed = tiles_of(hot, list(islice(paths, each)))
            with beside(peer.url, known, is_heavy) as works:
                came = tiler.submit(arrivals, *tiles(listed)).result()
            show_tiles("heavy work" if is_heavy else "nothing", came, works)
        if cluster is None:
            print("The recovery is measured with the private cluster alone")
            return
        print(f"\nThe database is restarted; all is answered again after {RECOVERY_S:g} s at most")
        print(f"{'beside':<28}{'away, s':>9}{'again, s':>9}  {'tiles':>9}{'failed':>8}")
        cold = (
            f"/v1/layers/{name}/values.json?period={period}&level=prefecture" for name, period in known.pairs
        )
        for is_heavy in (False, True):
            seconds = BEFORE_S + AFTER_S
            listed = list(islice(cycle(hot), round(seconds * chosen.per_second)))
            with beside(peer.url, known, is_heavy):
                arriving = tiler.submit(arrivals, *tiles(listed))
                away, again = recovery(cluster, client, [*islice(cold, 200)])
                came = arriving.result()
            print(
                f"{'heavy work' if is_heavy else 'nothing':<28}{away:>9.2f}{again:>9.2f} "
                f"{'✓' if again <= RECOVERY_S else '✗'}{len(came.latencies):>9,}{came.failed:>8,}",
                flush=True,
            )


def main() -> None:
    """Measure and print it."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--seconds", type=float, default=20, help="length of each run of tiles")
    options.add_argument("--per-second", type=float, default=100, help="tiles")
    options.add_argument("--seed", type=int, default=1, help="of the order of questions")
    chosen = options.parse_args()
    end_cleanly()
    settings = Settings()
    cluster = None if settings.database_url else Cluster.of(settings)
    with (
        running_database(settings) if cluster is None else cluster.running(),
        tempfile.TemporaryDirectory() as folder,
        chiiki(writer_url(settings), CHIIKI_DOWNLOADS=folder, **SILENT) as peer,
        # not forked: the client of tiles is to hold nothing of this process
        ProcessPoolExecutor(1, get_context("spawn"), signal.signal, (SIGINT, SIG_DFL)) as tiler,
    ):
        print(f"Load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        measure(peer, create_engine(writer_url(settings)), tiler, cluster, chosen)
        print(f"Load of the machine: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
