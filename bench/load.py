"""A server under load: requests, latencies, and the CPU that it and the database used for them."""

from __future__ import annotations

import math
import os
import re
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.meters import Meter

SCRIPT = Path(__file__).parent / "tiles.lua"
CONNECTIONS, PATIENCE_S = 16, 60
_CAME = re.compile(r"^came (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Measured:
    """What came of a run.

    Attributes
    ----------
    p50, p99, p999 : milliseconds
    service, database : milliseconds of CPU per request
    """

    requests: int
    per_second: float
    p50: float
    p99: float
    p999: float
    service: float
    database: float

    @property
    def cpu(self) -> float:
        """Milliseconds of CPU per request, altogether."""
        return self.service + self.database


def at_share(numbers: Sequence[float], share: float) -> float:
    """Return the number that so many of all are at most."""
    return sorted(numbers)[math.ceil(share * len(numbers)) - 1]


def together(runs: Sequence[Measured]) -> Measured:
    """Return several runs as one: their means, and the medians of their percentiles."""
    requests = sum(run.requests for run in runs)

    def mean(of: Callable[[Measured], float]) -> float:
        return sum(of(run) * run.requests for run in runs) / requests

    p50, p99, p999 = (
        statistics.median(getattr(run, name) for run in runs) for name in ("p50", "p99", "p999")
    )
    took = sum(run.requests / run.per_second for run in runs)
    cpu = mean(lambda run: run.service), mean(lambda run: run.database)
    return Measured(requests, requests / took, p50, p99, p999, *cpu)


def load(
    meter: Meter,
    lines: Sequence[str],
    seconds: float,
    *,
    gzip: bool = False,
    connections: int = CONNECTIONS,
) -> Measured:
    """Ask a server for as long as told, or until it answers, one line after another; see ``tiles.lua``."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listed:
        listed.write("\n".join(lines))
        listed.flush()
        shape = ["-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "60s"]
        environment = {**os.environ, "PATHS": listed.name, "ENCODING": "gzip" if gzip else "identity"}
        before = meter.cpu()
        told = subprocess.run(
            ["wrk", *shape, "-s", SCRIPT, meter.peer.url],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        ).stdout
        service, database = meter.cpu().since(before)
    came = _CAME.search(told)
    if came is not None and not int(came[1]) and seconds < PATIENCE_S:
        return load(meter, lines, 2 * seconds, gzip=gzip, connections=connections)
    if came is None or int(came[2]) or not int(came[1]):
        raise SystemExit(f"{meter.peer.name} answered with errors:\n{told}")
    requests, _, took, *percentiles = map(int, came.groups())
    p50, p99, p999 = (microseconds / 1e3 for microseconds in percentiles)
    each = 1e3 / requests
    return Measured(requests, requests / took * 1e6, p50, p99, p999, service * each, database * each)
