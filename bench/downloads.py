"""Downloads beside ogr2ogr reading the same tables, both on one core; the database has the others.

    scripts/bench downloads [--times 5]

All municipalities of an indicator with nine periods (the shipped ones have no more), one column each, as a
GeoPackage and as FlatGeobuf, in turns; each time an indicator never asked before. CPU is that of the service
or of ogr2ogr, of all that it begins, and of PostgreSQL for it. Then layers of deployments with 12 periods,
which have texts as well; and the largest files: every period of an indicator, a row for each area and period.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pyogrio
from sqlalchemy import URL, Connection, create_engine, text

from bench.meters import descendants, postmaster_of, tree_cpu_s
from bench.peers import Peer, chiiki
from bench.run import fetched
from geo.files.formats import FORMATS
from service.db.database import running_database, writer_url
from service.settings import Settings

PERIODS = 9
MANY = 12
DRIVERS = {"gpkg": "GPKG", "fgb": "FlatGeobuf"}
#: Indicators and the newest periods in which most municipalities have a figure.
WITH_PERIODS = text(
    r"""
    select indicator, (array_agg(period order by period desc))[1\:9] from (
        select o.indicator, o.period from observation o
        join area a on a.code = o.area_code and a.level = 'municipality'
        where a.vintage = (select max(vintage) from vintage)
        group by 1, 2 having count(*) > 1700
    ) p group by 1 having count(*) >= 9 order by 1
    """
)


def sql_of(indicator: str, periods: list[str]) -> str:
    """Return what ogr2ogr asks the database for: the same rows and columns."""
    columns = ", ".join(
        f"max(o.value) filter (where o.period = '{one}') as value_{one}, "
        f"max(o.status) filter (where o.period = '{one}') as status_{one}"
        for one in periods
    )
    return f"""
        select a.code, a.name_ja as name, a.name_en, a.prefecture, {columns}, g.geom
        from outline g join area a using (vintage, level, position)
        left join observation o on o.area_code = a.code and o.indicator = '{indicator}'
        where g.vintage = (select max(vintage) from vintage) and g.level = 'municipality'
          and g.detail = 'high'
        group by a.code, a.name_ja, a.name_en, a.prefecture, g.position, g.geom order by g.position
    """


@contextmanager
def peak_mb(process: int) -> Iterator[Callable[[], tuple[float, float]]]:
    """Watch a serving process; give the greatest resident memory of it, and of its writing processes."""
    ended, own, children = Event(), [0.0], [0.0]

    def watch() -> None:
        while not ended.wait(0.01):
            own[0] = max(own[0], resident_mb(process))
            children[0] = max(children[0], *map(resident_mb, descendants(process)), 0.0)

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield lambda: (own[0], children[0])
    finally:
        ended.set()
        watcher.join()


def resident_mb(process: int) -> float:
    """Return the resident memory of a process, 0 when it has ended."""
    with suppress(OSError, IndexError):
        return int(Path(f"/proc/{process}/status").read_text().split("VmRSS:")[1].split()[0]) / 1024
    return 0.0


@dataclass
class Costs:
    """Seconds of each call, and CPU seconds of all of them."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def add(self, work: Callable[[], object], cpu: Callable[[], float]) -> None:
        """Add a call."""
        before, start = cpu(), time.perf_counter()
        work()
        self.seconds.append(time.perf_counter() - start)
        self.cpu.append(cpu() - before)

    def show(self, name: str, against: Costs | None = None) -> None:
        """Print a line; the ratios are of medians of seconds and of CPU."""
        ratio = ""
        if against:
            of_cpu = statistics.mean(against.cpu) / statistics.mean(self.cpu)
            of_wall = statistics.median(against.seconds) / statistics.median(self.seconds)
            met = "✓" if min(of_cpu, of_wall) > 1 else "✗"
            ratio = f"   {of_wall:.1f} × as fast, {of_cpu:.1f} × less CPU {met}"
        print(
            f"  {name:<36}median {statistics.median(self.seconds):5.2f} s   worst {max(self.seconds):5.2f} s"
            f"   CPU {statistics.mean(self.cpu):5.2f} s{ratio}"
        )


def main() -> None:
    """Measure both sides and print it."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--times", type=int, default=5, help="indicators that are asked for")
    times: int = options.parse_args().times
    settings = Settings()
    with running_database(settings), tempfile.TemporaryDirectory() as folder:
        url = writer_url(settings)
        os.environ["CHIIKI_DOWNLOADS"] = f"{folder}/downloads"
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        with create_engine(url).connect() as conn, chiiki(url) as ours:
            compare(conn, url, ours, Path(folder), times)


def compare(conn: Connection, url: URL, ours: Peer, folder: Path, times: int) -> None:
    """Compare both sides on the same indicators."""
    asked = [(row[0], sorted(row[1])) for row in conn.execute(WITH_PERIODS)]
    source = "PG:" + url.set(drivername="postgresql").render_as_string(hide_password=False)
    server = postmaster_of(conn)

    def own_cpu() -> float:
        return tree_cpu_s(ours.process.pid) + tree_cpu_s(server)

    def their_cpu() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime + tree_cpu_s(server)

    for suffix, driver in DRIVERS.items():
        own, theirs = folder / f"own.{suffix}", folder / f"theirs.{suffix}"

        def download(place: int, suffix: str = suffix, own: Path = own) -> None:
            indicator, periods = asked[place]
            address = f"{ours.url}/v1/layers/{indicator}/download.{suffix}?level=municipality&shape=wide"
            own.write_bytes(fetched(f"{address}&periods={','.join(periods)}"))

        def convert(place: int, driver: str = driver, theirs: Path = theirs) -> None:
            theirs.unlink(missing_ok=True)
            command = ["ogr2ogr", "-f", driver, str(theirs), source, "-sql", sql_of(*asked[place])]
            subprocess.run([*command, "-nln", "bench", "-nlt", "MULTIPOLYGON"], check=True)

        print(f"\n{driver} of all municipalities, {PERIODS} periods, never asked before, on one core")
        converted, made, again = Costs(), Costs(), Costs()
        for work in (convert, download):
            work(times)
        for place in range(times):
            converted.add(partial(convert, place), their_cpu)
            made.add(partial(download, place), own_cpu)
            again.add(partial(download, place), own_cpu)
        shapes = [pyogrio.read_info(one)["features"] for one in (own, theirs)]
        sizes = [one.stat().st_size / (1 << 20) for one in (own, theirs)]
        print(f"  {shapes[0]} and {shapes[1]} features, {sizes[0]:.1f} and {sizes[1]:.1f} MB")
        converted.show("ogr2ogr from the database")
        made.show("chiiki", converted)
        again.show("chiiki, once more", converted)
    deployments(ours, own_cpu, times)
    largest(ours, next(one for one, _ in asked if has_wards(ours, one)))


def deployments(ours: Peer, cpu: Callable[[], float], times: int) -> None:
    """Measure layers of deployments with many periods, which have texts as well."""
    layers = json.loads(fetched(f"{ours.url}/v1/layers?limit=1000"))["layers"]
    rich = [one for one in layers if len(one["periods_by_level"].get("municipality", ())) >= MANY][:times]
    many = Costs()
    for one in rich:
        periods = ",".join(one["periods_by_level"]["municipality"][-MANY:])
        address = f"{ours.url}/v1/layers/{one['id']}/download.gpkg?level=municipality&shape=wide"
        many.add(partial(fetched, f"{address}&periods={periods}"), cpu)
    if rich:
        many.show(f"chiiki, deployments, {MANY} periods")


def has_wards(ours: Peer, indicator: str) -> bool:
    """Return whether an indicator has figures of wards."""
    told = json.loads(fetched(f"{ours.url}/v1/layers?id={indicator}"))["layers"]
    return bool(told and told[0]["periods_by_level"].get("ward"))


def largest(ours: Peer, indicator: str) -> None:
    """Measure the memory in which every period of an indicator is written."""
    idle = resident_mb(ours.process.pid)
    print(f"\nMemory while the largest files are written; the service itself has {idle:.0f} MB before")
    for suffix in FORMATS:
        with peak_mb(ours.process.pid) as peak:
            start = time.perf_counter()
            address = f"{ours.url}/v1/layers/{indicator}/download.{suffix}?level=ward&periods=all"
            size = len(fetched(address)) / (1 << 20)
            seconds = time.perf_counter() - start
            itself, writer = peak()
        print(
            f"  {suffix:<10}{size:8.0f} MB in {seconds:5.1f} s   service {itself - idle:+6.0f} MB   "
            f"writing process {writer:6.0f} MB"
        )


if __name__ == "__main__":
    main()
