"""Children that were taken over: they read no secret and reach no socket, and what lacks is told."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from service import confinement
from service.confinement import CALLS, FILES, FORBIDDEN, NETWORK, USER
from service.tests.probe import REACHED

SECRET = "postgresql://chiiki:secret@127.0.0.1/chiiki"
#: A service with a secret in its environment, whose child is taken over.
SERVICE = """
import json, os, sys
from pathlib import Path
from service import child, confinement
from service.tests import probe

hows, without, targets = json.loads(sys.stdin.read())
if without:
    lines = [(0x20, 0, 0, 0)]
    for number in without:
        lines += [(0x15, 0, 1, number), (0x06, 0, 0, 0x00050001)]
    confinement._prctl(38, 1)
    assert confinement.install([*lines, (0x06, 0, 0, 0x7FFF0000)])
targets["pid"] = os.getpid()
given = json.dumps(targets).encode()


def plain():
    pid = os.fork()
    if not pid:
        json.dump(probe.tried(targets), sys.stdout)
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(pid, 0)


def cold():
    print(child.answer_of("service.tests.probe", given=given, seconds=30, bounds=child.Bounds()).decode())


def warm():
    made = child.Warm("service.tests.probe", child.Bounds())
    print(made.answer_of(given, seconds=30).decode())
    made.close()


def walls():
    print(json.dumps(child.walls()))


def serve():
    from service.commands import tell_walls

    tell_walls()


for how in hows:
    globals()[how]()
"""
LANDLOCK, UNSHARE = 444, FORBIDDEN["unshare"][os.uname().machine == "aarch64"] or 0


@pytest.fixture
def targets(tmp_path: Path) -> Iterator[dict[str, object]]:
    """Secrets in files, and sockets that listen as those of a database do."""
    files = [tmp_path / name for name in (".pgpass", "chiiki.env")]
    for file in files:
        file.write_text(SECRET)
    path, abstract = tmp_path / ".s.PGSQL.5432", f"chiiki-{os.getpid()}"
    with ExitStack() as opened:
        tcp, unix, hidden = (
            opened.enter_context(socket.socket(family))
            for family in (socket.AF_INET, socket.AF_UNIX, socket.AF_UNIX)
        )
        tcp.bind(("127.0.0.1", 0))
        unix.bind(str(path))
        hidden.bind("\0" + abstract)
        for one in (tcp, unix, hidden):
            one.listen(100)
        yield {
            "files": [*map(str, files), "/etc/passwd"],
            "folder": str(tmp_path),
            "tcp": tcp.getsockname()[1],
            "unix": str(path),
            "abstract": abstract,
        }


def outcome(
    hows: list[str], targets: dict[str, object], without: tuple[int, ...] = (), **settings: str
) -> tuple[list[Any], str]:
    """Return what the children of a service of its own say, and what it says of them."""
    environment = {**os.environ, "DATABASE_URL": SECRET, "PYTHONPATH": str(confinement._HOME), **settings}
    told = json.dumps([hows, without, targets])
    command = [sys.executable, "-c", SERVICE]
    done = subprocess.run(command, input=told, capture_output=True, text=True, env=environment)
    return list(map(json.loads, done.stdout.splitlines())), done.stderr


def test_a_process_that_is_not_shut_in_reaches_everything(targets: dict[str, object]) -> None:
    (reached,), _ = outcome(["plain"], targets)
    # what may be left is what this machine forbids everybody
    assert {name for name, how in reached.items() if how == REACHED} >= {
        *("read .pgpass", "read chiiki.env", "read passwd", "list folder", "write file", "change file"),
        *("environment of the parent", "signal the parent", "tcp", "unix", "abstract", "fork", "program"),
    }


def test_a_child_that_was_taken_over_reaches_nothing(targets: dict[str, object]) -> None:
    tried, told = outcome(["cold", "warm"], targets)
    assert len(tried) == 2, told
    for reached in tried:
        assert len(reached) == 17
        assert {name: how for name, how in reached.items() if how == REACHED} == {}
        assert reached["environment of the parent"] == "EACCES"


def test_every_wall_that_this_machine_has_stands(targets: dict[str, object]) -> None:
    has_namespaces = not subprocess.run(["/usr/bin/unshare", "-Urn", "true"], capture_output=True).returncode
    (walls,), told = outcome(["walls", "serve"], targets)
    assert walls == [FILES, CALLS, *([USER, NETWORK] if has_namespaces else [])]
    assert (told == "") is has_namespaces


def test_in_a_container_without_namespaces_it_reaches_nothing_either(targets: dict[str, object]) -> None:
    (walls, reached), _ = outcome(["walls", "cold"], targets, (UNSHARE,))
    assert set(walls) - {USER} == {FILES, CALLS}
    assert {name: how for name, how in reached.items() if how == REACHED} == {}


def test_a_kernel_without_landlock_is_told_and_refused_if_wanted(targets: dict[str, object]) -> None:
    lacking = (LANDLOCK, UNSHARE)
    (walls, reached), told = outcome(["walls", "cold", "serve"], targets, lacking)
    assert set(walls) - {USER} == {CALLS}
    assert {reached[name] for name in ("tcp", "unix", "abstract", "trace the parent", "fork")} == {"EPERM"}
    assert told.startswith("Children are shut in without: files")
    _, told = outcome(["serve"], targets, lacking, CHIIKI_REQUIRE_SANDBOX="true")
    assert "cannot shut children in, as CHIIKI_REQUIRE_SANDBOX wants: files" in told


NOBODY = """
import os
from service import confinement

user = confinement.NOBODY if os.geteuid() == 0 else None
order = {"seconds": 30, "limits": {}, "reads": [], "folder": "", "user": user, "strict": True}
confinement.answer(lambda: print(os.getuid(), os.geteuid(), sorted(confinement.standing)), order)
"""


def test_a_child_has_the_rights_of_nobody() -> None:
    environment = {**os.environ, "PYTHONPATH": str(confinement._HOME)}
    done = subprocess.run([sys.executable, "-c", NOBODY], capture_output=True, text=True, env=environment)
    assert done.stdout.startswith("65534 65534 ['calls', 'files', 'network', 'user']"), done.stderr


def test_the_filter_is_known_for_two_machines_and_has_no_call_twice() -> None:
    for place, machine in enumerate(("x86_64", "aarch64")):
        numbers = [one[place] for one in FORBIDDEN.values() if one[place] is not None]
        assert len(numbers) == len(set(numbers))
        assert len(confinement.filter_lines(FORBIDDEN, machine)) > 2 * len(numbers)
    assert confinement.filter_lines(FORBIDDEN, "riscv64") == []
