"""The processes of a service with several workers, and clients that keep asking it."""

from __future__ import annotations

import hashlib
import os
import random
import re
import select
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from api_tests.conftest import Server

DEADLINE_S = 240.0
LOOK_S = 0.02
READY = re.compile(r"worker (\d+) is ready")


def until(holds: Callable[[], bool], server: Server) -> None:
    """Return when something holds; fail with the server's log where it takes too long."""
    deadline = time.monotonic() + DEADLINE_S
    pause = threading.Event()
    while not holds():
        assert time.monotonic() < deadline, server.log.read_text()[-4000:]
        pause.wait(LOOK_S)


def children(pid: int) -> list[int]:
    """Return the processes that a process has begun, and that run."""
    try:
        tasks = [task.name for task in Path(f"/proc/{pid}/task").iterdir()]
        return [
            int(one)
            for task in tasks
            for one in Path(f"/proc/{pid}/task/{task}/children").read_text().split()
        ]
    except (FileNotFoundError, ProcessLookupError):
        return []


def descendants(pid: int) -> list[int]:
    """Return the processes that a process has begun, and those that they have begun."""
    return [one for child in children(pid) for one in (child, *descendants(child))]


def ready_workers(server: Server) -> list[int]:
    """Return the numbers of the workers that ever were ready, in this order."""
    return [int(pid) for pid in READY.findall(server.log.read_text())]


def wait_for_workers(server: Server, count: int) -> list[int]:
    """Return the workers of a service, once there are so many and all of them are ready."""
    running: list[int] = []

    def are_ready() -> bool:
        running[:] = children(server.process.pid)
        return len(running) == count and set(running) <= set(ready_workers(server))

    until(are_ready, server)
    return running


def wait_for_end(server: Server, workers: Sequence[int]) -> None:
    """Return when none of these is a worker of the service any more."""
    until(lambda: not {*workers} & {*children(server.process.pid)}, server)


class Gone:
    """Tells whether processes have ended, whoever has their numbers since."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._watched: dict[int, int] = {}
        for pid in pids:
            with suppress(ProcessLookupError):  # it has ended meanwhile
                self._watched[pid] = os.pidfd_open(pid)

    def left(self, within_s: float) -> list[int]:
        """Return those that still run after so many seconds."""
        deadline = time.monotonic() + within_s
        left = []
        for pid, watched in self._watched.items():
            ended = select.poll()
            ended.register(watched, select.POLLIN)
            if not ended.poll(1000 * max(0.0, deadline - time.monotonic())):
                left.append(pid)
            os.close(watched)
        return left


@dataclass
class Told:
    """What clients were told.

    Attributes
    ----------
    failed : requests without an answer or with another status than 200
    wrong : answers with another body than before
    """

    asked: int = 0
    failed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    slowest_s: float = 0.0


#: (path, body of a POST)
Question = tuple[str, bytes | None]


def answer(client: httpx.Client, question: Question) -> httpx.Response:
    """Return the answer to a question."""
    path, body = question
    return client.get(path) if body is None else client.post(path, content=body)


class Clients:
    """Ordinary clients: some ask on connections that they keep, some on a new one each time.

    Parameters
    ----------
    questions : whose answers never change
    kept, fresh : how many clients of each kind
    """

    def __init__(self, server: Server, questions: Sequence[Question], *, kept: int, fresh: int) -> None:
        self.told = Told()
        self._server = server
        self._kinds = [True] * kept + [False] * fresh
        self._over = threading.Event()
        self._lock = threading.Lock()
        with httpx.Client(base_url=server.url, timeout=60) as client:
            self._expected = {question: _checked(answer(client, question)) for question in questions}

    @contextmanager
    def asking(self) -> Iterator[Told]:
        """Let them ask meanwhile; give what they are told."""
        threads = [
            threading.Thread(target=self._ask, args=(random.Random(seed), keeps))
            for seed, keeps in enumerate(self._kinds)
        ]
        for one in threads:
            one.start()
        try:
            yield self.told
        finally:
            self._over.set()
            for one in threads:
                one.join()

    def _ask(self, draw: random.Random, keeps: bool) -> None:
        questions = list(self._expected)
        client = httpx.Client(base_url=self._server.url, timeout=60)
        while not self._over.is_set():
            question = draw.choice(questions)
            begun = time.monotonic()
            try:
                told = answer(client, question)
                fault = "" if told.status_code == 200 else str(told.status_code)
            except httpx.HTTPError as error:
                told, fault = None, repr(error)
            with self._lock:
                self.told.asked += 1
                self.told.slowest_s = max(self.told.slowest_s, time.monotonic() - begun)
                if fault:
                    self.told.failed.append(f"{question[0]}: {fault}")
                elif told is not None and _digest(told) != self._expected[question]:
                    self.told.wrong.append(question[0])
            if not keeps:
                client.close()
                client = httpx.Client(base_url=self._server.url, timeout=60)
            # mostly soon again, at times after a while that a connection is kept for
            self._over.wait(draw.choice((0.01, 0.02, 0.05, 0.1, 0.2, 1.0, 2.0)))
        client.close()


def _checked(told: httpx.Response) -> str:
    assert told.status_code == 200, (told.url, told.text)
    return _digest(told)


def _digest(told: httpx.Response) -> str:
    return hashlib.sha256(told.content).hexdigest()
