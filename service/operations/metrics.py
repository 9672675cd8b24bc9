"""The numbers of all serving processes, as ``/metrics`` tells them (Prometheus).

Whichever process is asked tells them of all. Each has a slot in a folder that they share while the service
runs: a lock, which ends with the process however that ends, and a file of its numbers, written every few
seconds and before they are told. A process that comes into a slot begins with what was counted there before.
So what is counted never falls when a process dies or is replaced, nothing has to be tidied up after it, and
nobody waits for one that hangs.

What only grows is told as the sum of all processes, a state (a gauge) as that of each, labelled ``worker``.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedWriter
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypedDict

import orjson
from anyio import to_thread
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

#: Of the environment of processes that serve together: the folder of their slots.
FOLDER = "_CHIIKI_WORKERS"
WRITE_S = 5.0
#: Between two answers: however often they are asked for, they cost no more.
BETWEEN_S = 0.1
#: So often it is looked how late the event loop is.
LOOK_S = 0.25
#: States that are the same for all processes; the newest is told.
OF_ALL = {"chiiki_ingest_last_change_timestamp_seconds", "chiiki_ingest_last_change_rows"}
COUNTED = {"counter", "histogram", "summary"}

LATE = Histogram(
    "chiiki_loop_late_seconds",
    "Seconds that the event loop came later to what was due",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
)
STARTS = Counter(
    "chiiki_worker_starts", "Serving processes that were started, those that replaced one included"
)
WORKERS = "chiiki_workers"

log = logging.getLogger("chiiki")
disable_created_metrics()  # type: ignore[no-untyped-call] # it has no types


class Sample(TypedDict):
    """A number, with its name and labels."""

    name: str
    labels: dict[str, str]
    value: float


class Family(TypedDict):
    """The numbers of one metric."""

    name: str
    documentation: str
    type: str
    samples: list[Sample]


def families() -> list[Family]:
    """Return the numbers of this process."""
    return [
        {
            "name": metric.name,
            "documentation": metric.documentation,
            "type": metric.type,
            "samples": [{"name": s.name, "labels": s.labels, "value": s.value} for s in metric.samples],
        }
        for metric in REGISTRY.collect()
    ]


class Merged(Collector):
    """The numbers of several processes as one.

    Parameters
    ----------
    told : worker → its numbers; those of one that is no more count where its slot is taken
    running : the workers that are there
    """

    def __init__(self, told: dict[str, list[Family]], running: set[str]) -> None:
        self._told = told
        self._running = running

    def collect(self) -> Iterable[Metric]:
        """Give the numbers."""
        metrics: dict[str, Metric] = {}
        numbers: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
        for worker, told in self._told.items():
            for family in told:
                name, is_counted = family["name"], family["type"] in COUNTED
                if not is_counted and worker not in self._running:
                    continue
                metrics.setdefault(name, Metric(name, family["documentation"], family["type"]))
                held = numbers.setdefault(name, {})
                more = {} if is_counted or name in OF_ALL else {"worker": worker}
                for sample in family["samples"]:
                    key = (sample["name"], tuple({**sample["labels"], **more}.items()))
                    value = sample["value"] or 0.0
                    before = held.get(key, 0.0)
                    held[key] = max(before, value) if name in OF_ALL else before + value
        for name, metric in metrics.items():
            for (sample_name, labels), value in numbers[name].items():
                metric.add_sample(sample_name, dict(labels), value)
            yield metric
        workers = Metric(WORKERS, "Serving processes that are there", "gauge")
        workers.add_sample(WORKERS, {}, len(self._running))
        yield workers


class Slot:
    """The place of this process among those that serve together.

    Parameters
    ----------
    folder : that they share

    Raises
    ------
    OSError : nothing can be written there
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.worker, self._lock = self._taken()
        self._writing = threading.Lock()
        #: what was counted in this slot before
        self._before = [family for family in self._read(self.worker) if family["type"] in COUNTED]

    def _taken(self) -> tuple[str, BufferedWriter]:
        for number in count(1):
            lock = open(self._folder / f"{number}.lock", "ab")  # noqa: SIM115 (held as long as the process)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
            else:
                return str(number), lock
        raise AssertionError("numbers have no end")

    def write(self) -> list[Family]:
        """Write what was counted in this slot until now for the others, and return it.

        Raises
        ------
        OSError : it cannot be written
        """
        path = self._folder / f"{self.worker}.json"
        unfinished = path.with_suffix(".new")
        with self._writing:
            numbers = self.numbers()
            unfinished.write_bytes(orjson.dumps(numbers))
            unfinished.replace(path)
        return numbers

    def numbers(self) -> list[Family]:
        """Return what was counted in this slot until now."""
        now = families()
        merged = Merged({"": self._before, self.worker: now}, set())
        counted = {metric.name: metric for metric in merged.collect()}
        for family in now:
            if family["type"] in COUNTED:
                samples = counted[family["name"]].samples
                family["samples"] = [{"name": s.name, "labels": s.labels, "value": s.value} for s in samples]
        return now

    def others(self) -> tuple[dict[str, list[Family]], set[str]]:
        """Return what the other workers have written, and which of them are there."""
        workers = {path.stem for path in self._folder.glob("*.lock")} - {self.worker}
        ordered = sorted(workers, key=int)
        return {worker: self._read(worker) for worker in ordered}, {*filter(self._is_held, ordered)}

    def _is_held(self, worker: str) -> bool:
        with open(self._folder / f"{worker}.lock", "rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def _read(self, worker: str) -> list[Family]:
        with suppress(FileNotFoundError, orjson.JSONDecodeError):
            found: list[Family] = orjson.loads((self._folder / f"{worker}.json").read_bytes())
            return found
        return []

    def close(self) -> None:
        """Write the last numbers and leave."""
        with suppress(OSError):
            self.write()
        self._lock.close()


class Metrics:
    """What ``/metrics`` tells, by one serving process."""

    def __init__(self) -> None:
        STARTS.inc()
        self._slot: Slot | None = None
        folder = os.environ.get(FOLDER)
        if folder is not None:
            try:
                self._slot = Slot(Path(folder))
            except OSError as error:
                log.warning("/metrics tells of each process alone: %s", error)
        self._turn = asyncio.Lock()
        self._begun = 0.0
        self._text = b""

    async def run(self) -> None:
        """Look how late the loop is, and write the numbers for the others, until cancelled."""
        written, is_written = time.monotonic(), True
        while True:
            due = time.monotonic() + LOOK_S
            await asyncio.sleep(LOOK_S)
            LATE.observe(max(0.0, time.monotonic() - due))
            if self._slot is None or time.monotonic() - written < WRITE_S:
                continue
            written = time.monotonic()
            try:
                await to_thread.run_sync(self._slot.write)
                is_written = True
            except OSError as error:
                if is_written:  # said once
                    log.warning("what this process counts cannot be told by the others: %s", error)
                is_written = False

    async def text(self) -> bytes:
        """Return the numbers of all workers; who asks while they are being told shares the next ones."""
        asked = time.monotonic()
        async with self._turn:
            if self._begun < asked:
                await asyncio.sleep(max(0.0, self._begun + BETWEEN_S - asked))
                self._begun = time.monotonic()
                self._text = await to_thread.run_sync(self._told)
            return self._text

    def _told(self) -> bytes:
        if self._slot is None:
            told, running, worker = {"1": families()}, {"1"}, "1"
        else:
            told, running = self._slot.others()
            worker = self._slot.worker
            try:
                told[worker] = self._slot.write()  # first, so that nobody tells less later
            except OSError:
                told[worker] = self._slot.numbers()
            running.add(worker)
        registry = CollectorRegistry()
        registry.register(Merged(told, running))
        return generate_latest(registry)

    def close(self) -> None:
        """Leave the slot."""
        if self._slot is not None:
            self._slot.close()


@contextmanager
def shared() -> Iterator[None]:
    """Let the processes that are begun meanwhile tell each other their numbers."""
    try:
        folder = TemporaryDirectory(prefix="chiiki-workers-")
    except OSError as error:
        log.warning("/metrics tells of each process alone: %s", error)
        yield
        return
    with folder as name:
        os.environ[FOLDER] = name
        try:
            yield
        finally:
            os.environ.pop(FOLDER, None)
