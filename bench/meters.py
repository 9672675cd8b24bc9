"""CPU that a service uses: that of its process, and of PostgreSQL for it."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, text

from bench.peers import Peer

_BACKENDS = text("select pid from pg_stat_activity where datname = :database")


@dataclass(frozen=True)
class Cpu:
    """Seconds of CPU.

    Attributes
    ----------
    service : of the serving process, all its threads
    database : backend → seconds
    """

    service: float
    database: Mapping[int, float]

    def since(self, before: Cpu) -> tuple[float, float]:
        """Return the seconds of the service and of PostgreSQL since; NaN where it runs on another machine."""
        of_backends = [seconds - before.database.get(pid, 0.0) for pid, seconds in self.database.items()]
        return self.service - before.service, sum(of_backends) if of_backends else math.nan


@dataclass(frozen=True)
class Meter:
    """Reads the clocks of a serving process and of the backends of its database, on this machine.

    Attributes
    ----------
    admin : reaches the server through another database, so that it does not count itself
    """

    peer: Peer
    admin: Engine
    database: str

    def cpu(self) -> Cpu:
        """Return what was used until now."""
        with self.admin.connect() as conn:
            pids = conn.execute(_BACKENDS, {"database": self.database}).scalars().all()
        return Cpu(cpu_s(self.peer.process.pid), {pid: cpu_s(pid) for pid in pids if _is_postgres(pid)})


def cpu_s(pid: int) -> float:
    """Return the CPU seconds of all threads of a process, to the nanosecond; 0 when it has ended."""
    # clock_getcpuclockid(3) makes the id of a process's clock from its number in this way
    try:
        return time.clock_gettime(~pid << 3 | 2)
    except OSError:
        return 0.0


def _is_postgres(pid: int) -> bool:
    """Return whether a process is a backend; the number of one on another machine is that of anything."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == "postgres"
    except OSError:
        return False
