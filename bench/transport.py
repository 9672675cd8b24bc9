"""Transport gaps of the nation: all bus stops of P11 of 2010 and a grid of 470,000 made-up cells.

    CHIIKI_REAL_DATA=FOLDER scripts/bench transport [--cells 470000] [--seed 1] [--definition ID]

In a database of its own, by the commands that people use; then scenarios are asked of a service. P11 of 2010
is not for commercial use: it is read from the folder, and the database is dropped. CPU is that of the command
or of the service and of all processes of PostgreSQL, memory is the most that the process had: what
docs/transport.md promises is told in these, because both hold on a machine that does other things too.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import orjson
from sqlalchemy import text

from bench.client import Client, Request
from bench.gaps import municipalities, settled
from bench.loads import Load, run
from bench.meters import Meter
from bench.peers import QUIET, chiiki, end_cleanly
from service.tests.databases import Database, DatabaseServer, running_server

STOPS = "transit/p11-2010-busmap/p11_2010_stops_47pref.csv.gz"
CREDIT = ("--title", "bench", "--credit", "bench", "--licence", "bench")
GRID = "bench"
JSON = {"Content-Type": "application/json"}
#: The most that docs/transport.md says: seconds of CPU and megabytes.
PROMISES: Mapping[str, tuple[float, float]] = {
    "stops": (40, 700),
    "grid": (60, 900),
    "gap": (150, 700),
    "scenario, first": (5, 500),
    "scenario, again": (2, 500),
}
#: The largest prefecture, that with the most people and islands far away, the largest city.
SCENARIOS = ("01000", "13000", "14100")


def cells_file(folder: Path, cells: int, seed: int) -> Path:
    """Write a grid on the real municipalities, with a share of aged people in each cell."""
    random = np.random.default_rng(seed)
    _, outlines, census = municipalities()
    codes, people = settled(outlines, census, cells, random)
    aged = people * random.uniform(0.1, 0.5, len(people))
    path = folder / "grid.csv"
    with path.open("w", encoding="utf-8") as opened:
        opened.write("code,pop,pop65,pop75\n")
        for code, all_people, old in zip(codes, people.tolist(), aged.tolist(), strict=True):
            opened.write(f"{code},{all_people:.3f},{old:.3f},{old / 2:.3f}\n")
    return path


def told(name: str, load: Load, of: str) -> None:
    """Print a line beside what is promised."""
    most_s, most_mb = PROMISES[of]
    cpu = load.own + load.database
    marks = ["✓" if is_met else "✗" for is_met in (cpu <= most_s, load.peak_mb <= most_mb)]
    print(
        f"  {name:<34}{cpu:7.1f} s of CPU {marks[0]} (at most {most_s:g})  {load.peak_mb:6.0f} MB {marks[1]} "
        f"(at most {most_mb:g})  {load.seconds:6.1f} s",
        flush=True,
    )


def scenario(code: str, definition: str, lon: float, lat: float) -> bytes:
    """Return a scenario of ten new stops."""
    added = [{"lon": lon + 0.004 * place, "lat": lat, "mode": "bus", "departures": 12} for place in range(10)]
    return orjson.dumps({"definition": definition, "area": code, "add": added})


def scenarios(server: DatabaseServer, database: Database, definition: str) -> None:
    """Ask for scenarios, each area twice: for the first time, and with what is held."""
    with database.begin() as conn:
        asked = text(
            "select coalesce(m.lon, p.lon) as lon, coalesce(m.lat, p.lat) as lat from (select 1) as one"
            " left join area m on m.level = 'municipality' and m.code = :code"
            " left join area p on p.level = 'prefecture' and p.code = :code limit 1"
        )
        places = {code: tuple(conn.execute(asked, {"code": code}).one()) for code in SCENARIOS}
    with chiiki(database.writer, **QUIET) as peer, closing(Client(peer.url)) as client:
        meter = Meter(peer, server.admin, str(database.writer.database))
        for code in SCENARIOS:
            for turn in ("first", "again"):
                lon, lat = places[code]
                lon += 0.01 if turn == "again" else 0.0
                before, begun = meter.cpu(), time.perf_counter()
                body = scenario(code, definition, lon, lat)
                request = Request("/v1/transport-gap/scenario", JSON, "POST", body)
                answer = client.ask(request)
                seconds = time.perf_counter() - begun
                if answer.status != 200:
                    print(f"  scenario of {code}: {answer.status} {answer.body[:300]!r}", flush=True)
                    break
                own, of_database = meter.cpu().since(before)
                load = Load(seconds, own, of_database, peer.memory_mb("VmHWM"))
                told(f"scenario of {code}, {turn}", load, f"scenario, {turn}")


def counted(database: Database) -> Sequence[object]:
    """Return how many stops, cells and municipalities there are in the count."""
    with database.begin() as conn:
        asked = text(
            "select (select count(*) from stop where source = 'p11-2010'),"
            " (select count(*) from cell where grid = :grid),"
            " (select count(*) from gap_cell where grid = :grid),"
            " (select count(distinct area) from gap_cell where grid = :grid)"
        )
        return tuple(conn.execute(asked, {"grid": GRID}).one())


def main() -> None:
    """Load, count, ask, and print it."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--cells", type=int, default=470_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--definition", default="mlit-handbook-rural")
    chosen = options.parse_args()
    real = os.environ.get("CHIIKI_REAL_DATA")
    if real is None:
        raise SystemExit("CHIIKI_REAL_DATA names no folder of published files")
    end_cleanly()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server() as server,
        server.new_database() as database,
    ):
        grid = cells_file(Path(folder), chosen.cells, chosen.seed)
        print(f"Load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
        run(server, database, "migrate")
        run(server, database, "ingest", "shipped")
        words: tuple[str | Path, ...]
        words = ("ingest", "stops", Path(real) / STOPS, "--source", "p11-2010", "--kind", "p11", *CREDIT)
        told("ingest stops", run(server, database, *words), "stops")
        words = ("ingest", "grid", grid, "--name", GRID, "--year", "2021", *CREDIT)
        told("ingest grid", run(server, database, *words), "grid")
        words = ("analyze", "transport-gap", "--grid", GRID, "--definition", chosen.definition)
        told("analyze transport-gap", run(server, database, *words), "gap")
        stops, cells, told_cells, areas = counted(database)
        print(f"  {stops:,} stops, {cells:,} cells, of which {told_cells:,} told of {areas:,} municipalities")
        scenarios(server, database, chosen.definition)
        print(f"Load of the machine: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
