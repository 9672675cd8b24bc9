"""What it costs to watch the service: processor time of an answer, with and without.

    scripts/bench watched [--beside FOLDER] [--seconds 3] [--repeats 5] [--seed 1]

The same tiles and answers from memory are asked of chiiki as it is; of chiiki that writes an access log, as
text and as JSON; of chiiki that sends traces; and of another checkout of it, where FOLDER names one. Each
row is asked of all sides in turn, as often as told, so that what else the machine does meets them all; the
median is told, and how it compares with the first side. One worker each; 16 connections.
"""

from __future__ import annotations

import argparse
import os
import statistics
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sqlalchemy import create_engine

from bench.client import Client, Request
from bench.load import load
from bench.meters import Meter
from bench.peers import QUIET, chiiki, end_cleanly
from bench.run import HOT, questions_of
from service.db.database import running_database, writer_url
from service.settings import Settings

ANSWERS = (
    "/v1/layers?limit=20",
    "/v1/layers/population/legend.json",
    "/v1/layers/population/areas.geojson?level=prefecture",
    "/v1/areas/10201",
)


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_told: object) -> None:
        """Say nothing."""


@contextmanager
def receiver() -> Iterator[str]:
    """Take traces and throw them away."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Taking) as taking:
        threading.Thread(target=taking.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{taking.server_address[1]}"
        taking.shutdown()


def sides(traces: str, other: Path | None) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Give the sides: what each is called, and its environment."""
    here = Path(__file__).parent.parent
    if other is not None:
        yield f"{other.name}", {"PYTHONPATH": str(other)}
    yield "chiiki", {"PYTHONPATH": str(here)}
    logging = {"PYTHONPATH": str(here), "CHIIKI_ACCESS_LOG": "true"}
    yield "access log", logging
    yield "access log, JSON", {**logging, "CHIIKI_LOG_FORMAT": "json"}
    yield "traces", {"PYTHONPATH": str(here), "OTEL_EXPORTER_OTLP_ENDPOINT": traces}


def compare(
    meters: Mapping[str, Meter], rows: Mapping[str, Sequence[str]], chosen: argparse.Namespace
) -> None:
    """Measure each row and print it."""
    print(f"{'µs of processor time':<24}" + "".join(f"{name:>20}" for name in meters))
    for name, lines in rows.items():
        took: dict[str, list[float]] = {side: [] for side in meters}
        for meter in meters.values():
            with closing(Client(meter.peer.url)) as client:
                for path in [*lines, *lines]:
                    client.ask(Request(path))
        for repeat in range(chosen.repeats):
            turn = list(meters)[repeat % len(meters) :] + list(meters)[: repeat % len(meters)]
            for side in turn:
                took[side].append(load(meters[side], lines, chosen.seconds, gzip=True).service * 1e3)
        first, *_ = medians = [statistics.median(each) for each in took.values()]
        shown = "".join(f"{median:>13.1f}{median / first - 1:>+7.1%}" for median in medians)
        print(f"{name:<24}{shown}", flush=True)


def main() -> None:
    """Measure and print it."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--beside", type=Path, help="folder of another checkout of chiiki")
    options.add_argument("--seconds", type=float, default=3, help="length of each run")
    options.add_argument("--repeats", type=int, default=5, help="of each")
    options.add_argument("--seed", type=int, default=1, help="of the order of questions")
    chosen = options.parse_args()
    end_cleanly()
    settings = Settings()
    url = writer_url(settings)
    with ExitStack() as stack:
        stack.enter_context(running_database(settings))
        conn = stack.enter_context(create_engine(url).connect())
        admin = create_engine(url.set(database="postgres"))
        traces = stack.enter_context(receiver())
        meters = {}
        for name, environment in sides(traces, chosen.beside):
            peer = stack.enter_context(chiiki(url, **{**QUIET, **environment}))
            meters[name] = Meter(peer, admin, url.database or "")
        rows = {
            "tiles at hand": [one.chiiki() for one in questions_of(conn, chosen.seed, HOT)],
            "answers at hand": ANSWERS,
        }
        print(f"Load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        compare(meters, rows, chosen)
        print(f"Load of the machine: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
