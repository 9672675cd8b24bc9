"""What a request costs a service: memory, seconds of processor time, and how long it holds the event loop."""

from __future__ import annotations

import http.client
import select
import socket
import threading
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from bench.meters import cpu_s, descendants, tree_cpu_s

PING_S, LOOK_S = 0.01, 0.05
PING = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@dataclass
class Cost:
    """What one request cost.

    Attributes
    ----------
    memory_mb : what the service and its children held together at most, beyond what they held before
    cpu_s : seconds of processor time of the service and its children
    hold_s : the longest that the event loop answered nobody, for work of the service itself
    """

    name: str
    status: int = 0
    size: int = 0
    memory_mb: float = 0.0
    cpu_s: float = 0.0
    hold_s: float = 0.0


def _kilobytes(pid: int, file: str, field: str) -> int:
    for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    return 0


def _queued_s(pid: int) -> float:
    """Return how long the first thread of a process, which is that of its loop, has waited for a core."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[1]) / 1e9


def held_mb(pid: int) -> float:
    """Return the memory of a process and its children; pages that several have are counted once."""
    total = 0
    for one in (pid, *descendants(pid)):
        with suppress(FileNotFoundError, ProcessLookupError):
            try:
                total += _kilobytes(one, "smaps_rollup", "Pss")
            except PermissionError:  # a child that shows nobody its memory
                total += _kilobytes(one, "status", "RssAnon")
    return total / 1024


@dataclass
class Watch(AbstractContextManager["Watch"]):
    """Watches a service meanwhile."""

    pid: int
    url: str
    cost: Cost
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _held: float = 0.0
    _own: int = 0
    _cpu: float = 0.0

    def __enter__(self) -> Watch:
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")  # the most that it ever held is what it holds
        self._held, self._own = held_mb(self.pid), _kilobytes(self.pid, "status", "VmHWM")
        for work in (self._look, self._ping):
            thread = threading.Thread(target=work)
            thread.start()
            self._threads.append(thread)
        self._cpu = tree_cpu_s(self.pid)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _raised: BaseException | None, _where: TracebackType | None
    ) -> None:
        self.cost.cpu_s = tree_cpu_s(self.pid) - self._cpu
        self._over.set()
        for thread in self._threads:
            thread.join()
        own = (_kilobytes(self.pid, "status", "VmHWM") - self._own) / 1024
        self.cost.memory_mb = max(self.cost.memory_mb, own)

    def _look(self) -> None:
        while not self._over.wait(LOOK_S):
            self.cost.memory_mb = max(self.cost.memory_mb, held_mb(self.pid) - self._held)

    def _ping(self) -> None:
        """Ask whether it is alive all the time; a wait counts as far as the service itself was at work.

        What its loop waited for a core of a busy machine does not count.
        """
        address = urlsplit(self.url)
        with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=60) as opened:
            while not self._over.wait(PING_S):
                begun, worked, queued = time.monotonic(), cpu_s(self.pid), _queued_s(self.pid)
                opened.sendall(PING)
                said = b""
                while b"}" not in said and select.select([opened], [], [], 60)[0]:
                    said += opened.recv(4096)
                waited = time.monotonic() - begun - (_queued_s(self.pid) - queued)
                wait = min(waited, cpu_s(self.pid) - worked)
                self.cost.hold_s = max(self.cost.hold_s, wait)


def cost_of(pid: int, url: str, method: str, path: str, body: bytes | None = None, **headers: str) -> Cost:
    """Ask a service that does nothing else meanwhile; return what that cost it."""
    address = urlsplit(url)
    cost = Cost(f"{method} {path}")
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=120)
    with Watch(pid, url, cost):
        try:
            connection.request(method, path, body, {"Accept-Encoding": "gzip", **headers})
            answer = connection.getresponse()
            cost.status, cost.size = answer.status, len(answer.read())
        except (BrokenPipeError, ConnectionResetError):
            cost.status = 0  # refused before all of it was sent
        finally:
            connection.close()
    return cost
