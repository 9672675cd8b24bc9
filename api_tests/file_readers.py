"""Reads files as the command line does, each in a fork with bounds: a line of JSON for each that is named.

Run as ``python -m api_tests.file_readers`` with lines of ``[way, path]`` on standard input.
"""

from __future__ import annotations

import json
import os
import pickle
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from api_tests.hostile_files import BOUNDARIES, CANARY, GRID, STATIONS, STOPS, TIMETABLE
from geo.areas.boundaries import read_boundaries
from geo.errors import ChiikiError
from geo.files.vector_files import load
from geo.transit.grids import read_grid
from geo.transit.gtfs import read_gtfs
from geo.transit.stop_files import read_n02, read_p11
from geo.transit.stops import of_feed

READERS: dict[str, Callable[[Path], object]] = {
    BOUNDARIES: read_boundaries,
    STOPS: read_p11,
    STATIONS: read_n02,
    TIMETABLE: lambda path: of_feed(read_gtfs(path)),
    GRID: lambda path: read_grid([path]),
}
MOST_S, MOST_BYTES = 60, 3 << 30


def outcome(way: str, path: Path) -> dict[str, object]:
    """Return what a reader makes of a file."""
    try:
        found = READERS[way](path)
    except ChiikiError as error:
        listed = [[one.where, one.field, one.expected] for one in error.findings]
        return {"refused": error.message, "findings": listed}
    except Exception as error:  # noqa: BLE001 (a fault of the reader, which the test tells)
        return {"fault": f"{type(error).__name__}: {error}"[:500]}
    return {"leaks": CANARY.encode() in pickle.dumps(found)}


def main() -> None:
    """Answer each line."""
    load()
    for line in sys.stdin:
        way, path = json.loads(line)
        read, write = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(read)
            resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
            signal.alarm(MOST_S)
            told = outcome(way, Path(path))
            os.write(write, json.dumps(told).encode()[:60_000])
            os._exit(0)
        os.close(write)
        with os.fdopen(read, "rb") as answered:
            said = answered.read()
        _, status, used = os.wait4(pid, 0)
        ended = os.waitstatus_to_exitcode(status)
        told = json.loads(said) if said and not ended else {"fault": f"ended with {ended}"}
        told |= {"cpu_s": used.ru_utime + used.ru_stime, "memory_mb": used.ru_maxrss / 1024}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
