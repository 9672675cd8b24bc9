"""What ten and thirty times today's figures cost: start, memory, tiles, a load, news, lists.

    scripts/bench growth [--times 1,10,30] [--seed 1]

For each factor a database of its own with the shipped data, and made-up indicators until there are so many
times their figures (see ``bench.synthetic``). CPU is that of the serving process and of all backends of its
database together, told by their clocks. One worker, one request at a time.
"""

from __future__ import annotations

import argparse
import gzip
import math
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

import orjson
from sqlalchemy import create_engine, text

from bench.client import GZIP, Answer, Client, Request
from bench.meters import Meter, cpu_s
from bench.peers import QUIET, NotStarted, Peer, chiiki, end_cleanly
from bench.synthetic import PERIODS, Synthetic, write_synthetic
from geo.figures.observations import Row
from service.figures.load import Figures, load_observations
from service.http.auth import create_key
from service.tests.databases import Database, DatabaseServer, running_server

STARTS, COLD, BATCH, FILLING, LOADS, NEWS = 7, 300, 30, 60, 5, 20
#: A tile of some 300 municipalities around Tokyo.
TILE = "8/227/100"
IDLE_S, SETTLE_S, NEWS_DEADLINE_S = 2.0, 0.3, 30.0
PLAIN: dict[str, str] = {}
FLAT = 1.2


@dataclass(frozen=True)
class Measure:
    """A line of the table.

    Attributes
    ----------
    aim : what it may be at most; None where nothing is asked of it
    """

    name: str
    decimals: int = 0
    aim: float | None = None


MEASURES = {
    "figures": Measure("figures"),
    "indicators": Measure("made-up indicators"),
    "written_s": Measure("  written by COPY, s"),
    "start_s": Measure("start until ready, s", 2, 3),
    "start_flat": Measure("  times that of the first column", 2, FLAT),
    "start_cpu_s": Measure("  CPU of the service, s", 2),
    "memory_start": Measure("memory after the start, MB"),
    "memory": Measure("  after all that follows, MB", 0, 300),
    "memory_most": Measure("  at most meanwhile, MB"),
    "layers_first": Measure("/v1/layers, first page, ms", 1),
    "layers_again": Measure("  again, ms", 1),
    "layers_kb": Measure("  gzip, kB", 1),
    "collections_first": Measure("/ogc/collections, first page, ms", 1),
    "collections_again": Measure("  again, ms", 1),
    "collections_kb": Measure("  gzip, kB", 1),
    "cold_p50": Measure("cold tile, ms to the client: p50", 2),
    "cold_p99": Measure("  p99", 2),
    "cold_service": Measure("  CPU of the service, ms", 2),
    "cold_database": Measure("  CPU of PostgreSQL, ms", 2),
    "cold": Measure("  CPU altogether, ms", 2, 0.6),
    "hot": Measure("  the same tiles again, CPU altogether, ms", 2),
    "cold_gzip": Measure("  cold, gzip, CPU altogether, ms", 2),
    "hot_gzip": Measure("  the same again, gzip, CPU altogether, ms", 2),
    "load_s": Measure("load of one period, s", 2),
    "load_service": Measure("  CPU of the service, s", 2),
    "load_database": Measure("  CPU of PostgreSQL, s", 2),
    "news": Measure("news: CPU of the service, ms", 1, 20),
    "news_heard": Measure("  of it when it is heard, ms", 1),
    "news_first": Measure("  of it in the first answer after, ms", 1),
}


class Refused(Exception):
    """The service did not answer as it should."""


@dataclass(frozen=True)
class Grown:
    """A service on a database that has grown."""

    database: Database
    synthetic: Synthetic
    peer: Peer
    meter: Meter
    client: Client
    pairs: Sequence[tuple[str, str]]

    def answer(self, path: str, headers: Mapping[str, str] = GZIP) -> Answer:
        """Return the answer to a GET; Refused when it is none."""
        return answered(self.client, Request(path, headers))


def answered(client: Client, request: Request) -> Answer:
    """Return the answer to a request; Refused when it is none."""
    answer = client.ask(request)
    if answer.status != 200:
        raise Refused(f"{request.path} answered {answer.status}: {answer.body[:300]!r}")
    return answer


# What is measured, in this order


def lists(grown: Grown) -> Iterator[tuple[str, float]]:
    """Measure the first page of both lists."""
    for name, path in (("layers", "/v1/layers"), ("collections", "/ogc/collections?f=json")):
        first = grown.answer(path)
        yield f"{name}_first", first.seconds * 1e3
        yield f"{name}_again", statistics.median(grown.answer(path).seconds for _ in range(9)) * 1e3
        yield f"{name}_kb", len(first.body) / 1e3


def tiles(grown: Grown) -> Iterator[tuple[str, float]]:
    """Measure a tile asked before, of pairs never asked.

    CPU is the median of batches: on a shared machine everything takes twice as long for a second or so.
    """
    for place, (suffix, headers) in enumerate((("", PLAIN), ("_gzip", GZIP))):
        pairs = grown.pairs[place * COLD : (place + 1) * COLD]
        for name in ("cold", "hot"):
            seconds, batches = [], []
            for at in range(0, COLD, BATCH):
                before, batch = grown.meter.cpu(), pairs[at : at + BATCH]
                seconds += [grown.answer(tile_of(*pair), headers).seconds for pair in batch]
                batches.append([used / len(batch) * 1e3 for used in grown.meter.cpu().since(before)])
            seconds.sort()
            service, database = map(statistics.median, zip(*batches, strict=True))
            yield name + suffix, statistics.median(map(sum, batches))
            if name + suffix == "cold":
                yield "cold_p50", statistics.median(seconds) * 1e3
                yield "cold_p99", seconds[int(0.99 * (len(seconds) - 1))] * 1e3
                yield "cold_service", service
                yield "cold_database", database


def tile_of(indicator: str, period: str) -> str:
    """Return the address of the tile with the values of a pair."""
    return f"/v1/layers/{indicator}/tiles/{TILE}.mvt?period={period}&level=municipality"


def filling(grown: Grown) -> Iterator[tuple[str, float]]:
    """Ask for large answers, so that the memory is full."""
    for indicator, period in grown.pairs[-FILLING:]:
        grown.answer(f"/v1/layers/{indicator}/areas.geojson?period={period}&level=municipality")
    yield from ()


def loads(grown: Grown) -> Iterator[tuple[str, float]]:
    """Measure a PUT of all figures of one period, each time with other values."""
    with grown.database.begin() as conn:
        key = create_key(conn, "bench", ["write"], None, "bench")
    name, areas = grown.synthetic.indicators[0], grown.synthetic.areas
    path = f"/v1/indicators/{name}/observations?source={grown.synthetic.source}&boundary_date={areas.date}"
    seconds, used = [], []
    for place in range(LOADS):
        rows = (f"{name},{code},{PERIODS[-1]},{1000 + place + at}" for at, code in enumerate(areas.codes))
        body = "\n".join(["indicator,area_code,period,value", *rows]).encode()
        before = grown.meter.cpu()
        headers = {"X-API-Key": key, "Content-Type": "text/csv"}
        seconds.append(answered(grown.client, Request(path, headers, "PUT", body)).seconds)
        used.append(grown.meter.cpu().since(before))
    yield "load_s", statistics.median(seconds)
    for part, cpu in zip(("service", "database"), zip(*used, strict=True), strict=True):
        yield f"load_{part}", statistics.median(cpu)


def news(grown: Grown) -> Iterator[tuple[str, float]]:
    """Measure what another process's change of one figure costs the service, less what idling costs it."""
    pid = grown.peer.process.pid
    revision_of(grown)
    begun = cpu_s(pid)
    time.sleep(IDLE_S)
    idle = (cpu_s(pid) - begun) / IDLE_S
    heard, first = zip(*(one_piece(grown, place, idle) for place in range(NEWS)), strict=True)
    yield "news", (statistics.mean(heard) + statistics.mean(first)) * 1e3
    yield "news_heard", statistics.mean(heard) * 1e3
    yield "news_first", statistics.mean(first) * 1e3


def one_piece(grown: Grown, place: int, idle: float) -> tuple[float, float]:
    """Return the CPU seconds of hearing of a change, and what the first answer then takes beyond the next."""
    pid, before = grown.peer.process.pid, revision_of(grown)
    begun, at = time.perf_counter(), cpu_s(pid)
    change(grown, float(place))
    while True:
        time.sleep(SETTLE_S)
        heard, seconds = cpu_s(pid) - at, time.perf_counter() - begun
        after = revision_of(grown)
        first = cpu_s(pid) - at - heard
        if after != before:
            break
        if seconds > NEWS_DEADLINE_S:
            raise Refused(f"A change is not served after {NEWS_DEADLINE_S:.0f} s")
    again_at = cpu_s(pid)
    revision_of(grown)
    return heard - idle * seconds, first - (cpu_s(pid) - again_at)


def revision_of(grown: Grown) -> str:
    """Return the revision that is served of the indicator that changes."""
    body = grown.answer(f"/v1/layers/{grown.synthetic.indicators[0]}/tiles.json").body
    revision: str = orjson.loads(gzip.decompress(body))["revision"]
    return revision


def change(grown: Grown, value: float) -> None:
    """Write one figure, as another process does."""
    name, areas = grown.synthetic.indicators[0], grown.synthetic.areas
    rows = [Row(name, areas.codes[0], PERIODS[-1], value, "ok", "", 0)]
    figures = Figures(rows, grown.synthetic.source, areas.date)
    with grown.database.begin() as conn:
        load_observations(conn, [figures], actor="bench", subject="bench")


# The whole


def measured(server: DatabaseServer, factor: float, seed: int) -> dict[str, float]:
    """Return what is measured at a factor of today's figures; what cannot be is told and left out."""
    figures: dict[str, float] = {}
    with server.new_database(server.template()) as database:
        begun = time.perf_counter()
        synthetic = filled(database, factor, seed)
        figures["written_s"] = time.perf_counter() - begun
        figures |= {"figures": synthetic.figures, "indicators": len(synthetic.indicators)}
        say(f"{factor:g} ×: starting")
        try:
            figures |= started(database)
            with serving(server, database, synthetic, seed) as grown:
                figures["memory_start"] = grown.peer.memory_mb()
                for part in (lists, tiles, filling, loads, news):
                    say(f"{factor:g} ×: {part.__name__}")
                    figures |= attempted(part, grown)
                figures["memory"] = grown.peer.memory_mb()
                figures["memory_most"] = grown.peer.memory_mb("VmHWM")
        except NotStarted as error:
            say(f"{factor:g} ×: {error}")
    return figures


def attempted(part: Callable[[Grown], Iterator[tuple[str, float]]], grown: Grown) -> dict[str, float]:
    """Return what a part measures, until it is refused."""
    figures: dict[str, float] = {}
    try:
        for name, value in part(grown):
            figures[name] = value
    except (Refused, OSError) as error:
        say(f"{part.__name__}: {error}")
    return figures


def filled(database: Database, factor: float, seed: int) -> Synthetic:
    """Write figures until there are ``factor`` times those that ship, and what PostgreSQL knows of them."""
    with database.begin() as conn:
        shipped = conn.execute(text("select count(*) from observation")).scalar_one()

        def progress(done: int, count: int) -> None:
            if done % 100 == 0 or done == count:
                say(f"{factor:g} ×: {done:,} of {count:,} indicators written")

        synthetic = write_synthetic(conn, round(shipped * factor), seed, progress)
    engine = create_engine(database.writer, isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        # else the server would do it by itself, in the middle of what is measured
        conn.execute(
            text("vacuum (analyze) observation, observed, vector, class_breaks, indicator, revision")
        )
    engine.dispose()
    return synthetic


def started(database: Database) -> dict[str, float]:
    """Return the medians of seconds and CPU from the start of ``chiiki serve`` until it is ready."""
    seconds, cpu = [], []
    for _ in range(STARTS):
        with chiiki(database.writer, **database.environment, **QUIET) as peer:
            seconds.append(peer.start_s)
            cpu.append(cpu_s(peer.process.pid))
    return {"start_s": statistics.median(seconds), "start_cpu_s": statistics.median(cpu)}


@contextmanager
def serving(server: DatabaseServer, database: Database, synthetic: Synthetic, seed: int) -> Iterator[Grown]:
    """Run the service on a database meanwhile."""
    stored = text(
        "select layer, period from vector where level = 'municipality' and vintage = :date order by 1, 2"
    )
    with database.begin() as conn:
        date = synthetic.areas.dates["municipality"]
        pairs = [(row.layer, row.period) for row in conn.execute(stored, {"date": date})]
    random.Random(seed).shuffle(pairs)
    (*others, first) = pairs
    with (
        chiiki(database.writer, **database.environment, **QUIET) as peer,
        closing(Client(peer.url)) as client,
    ):
        meter = Meter(peer, server.admin, database.writer.database or "")
        grown = Grown(database, synthetic, peer, meter, client, others)
        for headers in (PLAIN, GZIP):
            grown.answer(tile_of(*first), headers)
        yield grown


def show(columns: Mapping[float, Mapping[str, float]]) -> None:
    """Print the table: a line for each measure, a column for each factor."""
    print(f"\n{'':<44}" + "".join(f"{f'{factor:g} ×':>14}" for factor in columns) + "   aim")
    for key, measure in MEASURES.items():
        cells = (cell(figures.get(key), measure) for figures in columns.values())
        aim = "" if measure.aim is None else f"   at most {measure.aim:g}"
        print(f"{measure.name:<44}" + "".join(f"{one:>14}" for one in cells) + aim)


def cell(value: float | None, measure: Measure) -> str:
    """Return a figure, and whether it meets the aim; a dash where there is none."""
    if value is None or math.isnan(value):
        return "–" if measure.aim is None else "– ✗"
    mark = "" if measure.aim is None else " ✓" if value <= measure.aim else " ✗"
    return f"{value:,.{measure.decimals}f}{mark}"


def factors(written: str) -> list[float]:
    """Return the numbers of a list such as 1,10,30."""
    return [float(number) for number in written.split(",")]


def say(progress: str) -> None:
    """Print what is being done."""
    print(f"· {progress}", flush=True)


def main() -> None:
    """Measure every factor and print the table."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--times", type=factors, default="1,10,30", help="factors of today's figures")
    options.add_argument("--seed", type=int, default=1, help="of figures and of the order of questions")
    chosen = options.parse_args()
    end_cleanly()
    columns: dict[float, dict[str, float]] = {}
    print(f"Load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with running_server() as server:
        for factor in chosen.times:
            columns[factor] = measured(server, factor, chosen.seed)
            first = columns[chosen.times[0]].get("start_s")
            if first and "start_s" in columns[factor]:
                columns[factor]["start_flat"] = columns[factor]["start_s"] / first
        show(columns)
    print(f"Load of the machine: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
