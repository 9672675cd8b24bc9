"""The numbers of several processes as one, through deaths and restarts."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from service.http.counting import ANSWERS
from service.operations.metrics import Family, Merged, Slot, families

#: A worker: takes a slot, counts so many tiles, writes, says its slot, and waits to be killed.
WORKER = """
import sys
from pathlib import Path
from service.http.counting import ANSWERS
from service.operations.metrics import Slot
slot = Slot(Path(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    ANSWERS["tile"].count(200, 0.03)
slot.write()
print(slot.worker, flush=True)
sys.stdin.read()
"""


def begun(folder: Path, tiles: int) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(folder), str(tiles)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def killed(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def seen(slot: Slot) -> tuple[int, int]:
    """Return how many tiles were counted by all, and how many workers are there."""
    told, running = slot.others()
    registry = CollectorRegistry()
    registry.register(Merged({**told, slot.worker: slot.numbers()}, running | {slot.worker}))
    text = generate_latest(registry).decode()
    tiles = re.search(r'^chiiki_requests_total\{kind="tile",status="200"\} (\S+)$', text, re.MULTILINE)
    workers = re.search(r"^chiiki_workers (\S+)$", text, re.MULTILINE)
    assert tiles is not None
    assert workers is not None
    return int(float(tiles[1])), int(float(workers[1]))


def test_what_was_counted_outlives_who_counted_it(tmp_path: Path) -> None:
    slot = Slot(tmp_path)
    ANSWERS["tile"].count(200, 0.03)
    before, alone = seen(slot)
    assert (slot.worker, alone) == ("1", 1)
    first, its_slot = begun(tmp_path, 100)
    second, other_slot = begun(tmp_path, 10)
    assert (its_slot, other_slot) == ("2", "3")
    assert seen(slot) == (before + 110, 3)
    killed(first)
    assert seen(slot) == (before + 110, 2)
    third, its_slot = begun(tmp_path, 1)  # in the slot of the first, with what was counted there
    assert its_slot == "2"
    assert seen(slot) == (before + 111, 3)
    for process in (second, third):
        killed(process)
    assert seen(slot) == (before + 111, 1)
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".lock") == [
        *("1.lock", "2.lock", "3.lock")
    ]
    slot.close()


def test_a_file_that_cannot_be_read_counts_for_nothing(tmp_path: Path) -> None:
    slot = Slot(tmp_path)
    (tmp_path / "2.lock").touch()
    (tmp_path / "2.json").write_bytes(b'[{"name": "chi')
    told, running = slot.others()
    assert (told, running) == ({"2": []}, set())
    slot.close()


def test_a_folder_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"1\.lock"):
        Slot(tmp_path / "none")


def family(kind: str, name: str, value: float, **labels: str) -> Family:
    return {
        "name": name,
        "documentation": "d",
        "type": kind,
        "samples": [{"name": name, "labels": labels, "value": value}],
    }


def test_states_are_told_of_each_that_is_there_and_counts_of_all() -> None:
    told = {
        "1": [family("gauge", "g", 1.0, a="b"), family("counter", "c_total", 2.0)],
        "2": [family("gauge", "g", 3.0, a="b"), family("counter", "c_total", 5.0)],
        "3": [family("gauge", "g", 9.0, a="b"), family("counter", "c_total", 7.0)],
    }
    metrics = {one.name: one for one in Merged(told, {"1", "2"}).collect()}
    assert [(s.labels, s.value) for s in metrics["g"].samples] == [
        ({"a": "b", "worker": "1"}, 1.0),
        ({"a": "b", "worker": "2"}, 3.0),
    ]
    assert [s.value for s in metrics["c_total"].samples] == [14.0]
    assert [s.value for s in metrics["chiiki_workers"].samples] == [2]


def test_what_is_the_same_for_all_is_told_once() -> None:
    name = "chiiki_ingest_last_change_timestamp_seconds"
    told = {worker: [family("gauge", name, float(worker), source="a")] for worker in ("1", "2")}
    metrics = {one.name: one for one in Merged(told, {"1", "2"}).collect()}
    assert [(s.labels, s.value) for s in metrics[name].samples] == [({"source": "a"}, 2.0)]


def test_no_metric_has_a_name_that_another_has() -> None:
    names = [family["name"] for family in families()]
    assert len(names) == len({*names})
