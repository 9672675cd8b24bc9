"""Answers of processes of their own: warm ones, which end, fail and are killed alone."""

from __future__ import annotations

import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from service.child import ENVIRONMENT, MEGABYTE, Bounds, ChildFailed, Warm, answer_of
from service.settings import HOME

MODULE = "service.tests.echo"
DEADLINE_S = 30


@pytest.fixture
def warm() -> Iterator[Warm]:
    """Warm processes of a module that answers with what it was told to do."""
    made = Warm(MODULE, Bounds())
    yield made
    made.close()


def test_each_answer_is_of_a_fork_that_knows_of_no_other(warm: Warm) -> None:
    answers = [warm.answer_of(b"remember", seconds=DEADLINE_S).split() for _ in range(3)]
    assert [seen for _, _, seen in answers] == [b"0"] * 3  # what an answer leaves behind nobody sees
    assert len({parent for _, parent, _ in answers}) == 1
    assert len({own for own, _, _ in answers}) == 3


def test_a_large_question_has_a_large_answer(warm: Warm) -> None:
    question = b"echo " + b"x" * (8 << 20)
    assert warm.answer_of(question, seconds=DEADLINE_S) == question[5:]


def test_nothing_of_the_environment_is_told(warm: Warm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    names = set(warm.answer_of(b"environment", seconds=DEADLINE_S).decode().split())
    assert names - set(ENVIRONMENT) <= {"LC_CTYPE"}


@pytest.mark.parametrize(
    ("question", "told"),
    [(b"fail", "it failed"), (b"kill", "ended with -9"), (b"exit", "SystemExit: 3")],
)
def test_a_fault_is_told_and_the_next_answer_is_made(warm: Warm, question: bytes, told: str) -> None:
    (parent,) = warm.answer_of(b"parent", seconds=DEADLINE_S).split()
    with pytest.raises(ChildFailed, match=told):
        warm.answer_of(question, seconds=DEADLINE_S)
    assert warm.answer_of(b"parent", seconds=DEADLINE_S) == parent


def test_what_takes_too_long_is_killed(warm: Warm, tmp_path: Path) -> None:
    (parent,) = warm.answer_of(b"parent", seconds=DEADLINE_S).split()
    with pytest.raises(ChildFailed, match="more than 1 s"):
        warm.answer_of(b"forever", seconds=1, folder=tmp_path)
    for pid in (int(parent), int((tmp_path / "pid").read_text())):
        ended(pid)
    with pytest.raises(ChildFailed, match="more than 1 s"):
        answer_of(MODULE, given=b"forever", seconds=1, bounds=Bounds())
    assert warm.answer_of(b"parent", seconds=DEADLINE_S) != parent


def test_limits_are_those_of_a_fork() -> None:
    warm = Warm(MODULE, Bounds(answer=1000))
    assert len(warm.answer_of(b"echo " + b"x" * 1000, seconds=DEADLINE_S)) == 1000
    with pytest.raises(ChildFailed):
        warm.answer_of(b"echo " + b"x" * 1001, seconds=DEADLINE_S)
    with pytest.raises(ChildFailed, match="MemoryError"):
        warm.answer_of(b"hold", seconds=DEADLINE_S)
    warm.close()


def test_what_answers_or_writes_without_end_is_given_up_and_costs_its_asker_nothing() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    bounds = Bounds(answer=MEGABYTE, written=8 * MEGABYTE)
    for question, told in ((b"flood", "Operation not permitted"), (b"fill", "more than 8 MiB")):
        with pytest.raises(ChildFailed, match=told):
            answer_of(MODULE, given=question, seconds=DEADLINE_S, bounds=bounds)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 << 10  # KiB


def test_a_process_that_was_killed_while_it_waited_is_begun_anew(warm: Warm) -> None:
    (parent,) = map(int, warm.answer_of(b"parent", seconds=DEADLINE_S).split())
    os.kill(parent, signal.SIGKILL)
    (next_one,) = map(int, warm.answer_of(b"parent", seconds=DEADLINE_S).split())
    assert next_one != parent


def test_answers_are_made_at_once_and_one_process_stays(warm: Warm) -> None:
    with ThreadPoolExecutor(3) as pool:
        parents = {int(one) for one in pool.map(lambda _: warm.answer_of(b"parent", seconds=30), range(6))}
    assert sum(runs(pid) for pid in parents) == 1
    warm.close()
    assert not any(map(runs, parents))


def test_the_process_ends_with_what_holds_it() -> None:
    warm = Warm(MODULE, Bounds())
    (parent,) = map(int, warm.answer_of(b"parent", seconds=DEADLINE_S).split())
    del warm
    assert not runs(parent)


HOLD = """
from service.child import Bounds, answer_of

answer_of("service.tests.echo", given=b"forever", seconds=60, bounds=Bounds())
"""


def test_a_child_ends_with_the_process_that_waits_for_it(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(HOME), "TMPDIR": str(tmp_path)}
    service = subprocess.Popen([sys.executable, "-c", HOLD], env=environment)
    until = time.monotonic() + DEADLINE_S
    while not (noted := [one for one in tmp_path.glob("chiiki-*/pid") if one.read_text()]):
        assert service.poll() is None
        assert time.monotonic() < until
        select.select([], [], [], 0.02)
    service.kill()
    service.wait()
    ended(int(noted[0].read_text()))


def runs(pid: int) -> bool:
    """Return whether a process is there, and no zombie."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def ended(pid: int) -> None:
    """Return when a process has ended; a killed one takes a moment."""
    with suppress(ProcessLookupError):
        process = os.pidfd_open(pid)
        assert select.select([process], [], [], DEADLINE_S)[0]
        os.close(process)
