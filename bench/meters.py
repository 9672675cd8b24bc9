"""CPU that a service uses: that of its process, and of PostgreSQL for it."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from bench.client import Client, Request
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


@dataclass(frozen=True)
class Spent:
    """What one request cost: milliseconds of CPU of the server and of PostgreSQL, and until the answer came.

    Attributes
    ----------
    size : bytes of the answer's body
    """

    status: int
    service: float
    database: float
    took: float
    size: int


def spent(meter: Meter, client: Client, request: Request) -> Spent:
    """Return what a request costs a server that does nothing else meanwhile."""
    before = meter.cpu()
    answer = client.ask(request)
    service, database = meter.cpu().since(before)
    return Spent(answer.status, service * 1e3, database * 1e3, answer.seconds * 1e3, len(answer.body))


def cpu_s(pid: int) -> float:
    """Return the CPU seconds of all threads of a process, to the nanosecond; 0 when it has ended."""
    # clock_getcpuclockid(3) makes the id of a process's clock from its number in this way
    try:
        return time.clock_gettime(~pid << 3 | 2)
    except OSError:
        return 0.0


def descendants(pid: int) -> list[int]:
    """Return the processes that a process has begun and those that these have, as far as they run."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (told := _stat(int(entry.name))):
            children.setdefault(int(told[1]), []).append(int(entry.name))
    found = [*children.get(pid, ())]
    for one in found:  # grows meanwhile
        found += children.get(one, ())
    return found


def tree_cpu_s(pid: int) -> float:
    """Return the CPU seconds of a process and of all that it has begun, those that have ended as well."""
    ticks = [int(tick) for one in (pid, *descendants(pid)) for tick in _stat(one)[11:15]]
    return sum(ticks) / os.sysconf("SC_CLK_TCK")


def postmaster_of(conn: Connection) -> int:
    """Return the process that began the backend of a connection, on this machine."""
    return int(_stat(conn.execute(text("select pg_backend_pid()")).scalar_one())[1])


def _stat(pid: int) -> list[str]:
    """Return what proc_pid_stat(5) tells from the state on; nothing of a process that has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _is_postgres(pid: int) -> bool:
    """Return whether a process is a backend; the number of one on another machine is that of anything."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == "postgres"
    except OSError:
        return False
