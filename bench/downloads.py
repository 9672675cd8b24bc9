"""Downloads beside ogr2ogr reading the same tables, both on one core; the database has the others.

    scripts/bench downloads [--times 5]

All municipalities of an indicator with nine periods (the shipped ones have no more), one column each, as a
GeoPackage; each time an indicator never asked before. Then layers of deployments with twelve periods, which
have texts as well; and the largest files: every period of one indicator, a row for each area and period.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pyogrio
from sqlalchemy import URL, Connection, create_engine, text

from bench.peers import Peer, chiiki
from bench.run import fetched
from geo.files.formats import FORMATS
from service.db.database import running_database, writer_url
from service.settings import Settings

PERIODS = 9
MANY = 12
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
            with suppress(OSError):
                tasks = Path(f"/proc/{process}/task").iterdir()
                pids = [pid for task in tasks for pid in (task / "children").read_text().split()]
                # just forked, a process still is the service itself
                writers = [
                    pid for pid in pids if b"geo.files.writers" in Path(f"/proc/{pid}/cmdline").read_bytes()
                ]
                children[0] = max(children[0], sum(resident_mb(int(pid)) for pid in writers))

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


def spans(times: int, work: Callable[[int], object]) -> list[float]:
    """Return the seconds of each call."""
    found = []
    for place in range(times):
        start = time.perf_counter()
        work(place)
        found.append(time.perf_counter() - start)
    return found


def show(name: str, seconds: list[float], against: list[float] | None = None) -> None:
    """Print a line; the ratio is of medians."""
    ratio = f"{statistics.median(against) / statistics.median(seconds):8.1f} ×" if against else ""
    print(f"  {name:<44}median {statistics.median(seconds):6.2f} s   worst {max(seconds):6.2f} s{ratio}")


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
    asked = [(row[0], sorted(row[1])) for row in conn.execute(WITH_PERIODS)][: times + 1]
    source = "PG:" + url.set(drivername="postgresql").render_as_string(hide_password=False)
    own, theirs = folder / "own.gpkg", folder / "theirs.gpkg"

    def download(place: int) -> None:
        indicator, periods = asked[place]
        address = f"{ours.url}/v1/layers/{indicator}/download.gpkg?level=municipality&shape=wide"
        own.write_bytes(fetched(f"{address}&periods={','.join(periods)}"))

    def convert(place: int) -> None:
        theirs.unlink(missing_ok=True)
        command = [
            "ogr2ogr",
            "-f",
            "GPKG",
            str(theirs),
            source,
            "-sql",
            sql_of(*asked[place]),
            "-nln",
            "bench",
        ]
        subprocess.run([*command, "-nlt", "MULTIPOLYGON"], check=True)

    print(f"\nGeoPackage of all municipalities, {PERIODS} periods, never asked before, on one core")
    for work in (convert, download):
        work(times)
    shapes = [pyogrio.read_info(one)["features"] for one in (own, theirs)]
    sizes = [one.stat().st_size >> 20 for one in (own, theirs)]
    print(f"  {shapes[0]} and {shapes[1]} features, {sizes[0]} and {sizes[1]} MB")
    converted = spans(times, convert)
    show("ogr2ogr from the database", converted)
    show("chiiki", spans(times, download), converted)
    show("chiiki, once more", spans(times, download), converted)
    layers = json.loads(fetched(f"{ours.url}/v1/layers"))["layers"]
    rich = [one for one in layers if len(one["periods_by_level"].get("municipality", ())) >= MANY][:times]

    def download_many(place: int) -> None:
        periods = ",".join(rich[place]["periods_by_level"]["municipality"][-MANY:])
        address = f"{ours.url}/v1/layers/{rich[place]['id']}/download.gpkg?level=municipality&shape=wide"
        own.write_bytes(fetched(f"{address}&periods={periods}"))

    show(f"chiiki, deployments, {MANY} periods", spans(times, download_many))

    idle = resident_mb(ours.process.pid)
    print(f"\nMemory while the largest files are written; the service itself has {idle:.0f} MB before")
    for suffix in FORMATS:
        with peak_mb(ours.process.pid) as peak:
            start = time.perf_counter()
            address = f"{ours.url}/v1/layers/{asked[0][0]}/download.{suffix}?level=ward&periods=all"
            size = len(fetched(address)) / (1 << 20)
            seconds = time.perf_counter() - start
            itself, writer = peak()
        print(
            f"  {suffix:<10}{size:8.0f} MB in {seconds:5.1f} s   service {itself - idle:+6.0f} MB   "
            f"writing process {writer:6.0f} MB"
        )


if __name__ == "__main__":
    main()
