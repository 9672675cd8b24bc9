"""The table of docs/clients.md and the tests agree: a row for each, with the versions that run."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

from api_tests import test_clients, test_web_clients
from api_tests.client_table import rows

HOME = Path(__file__).parent.parent
PINNED = {
    name: wanted
    for folder in ("web", "api_tests/clients")
    for kind in ("dependencies", "devDependencies")
    for name, wanted in json.loads((HOME / folder / "package.json").read_text())[kind].items()
}


def parameters(test: object) -> list[str]:
    """Return how the runs of a test are called behind its name."""
    marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    return [f"[{case.id or case.values[0]}]" for mark in marks for case in mark.args[1]] or [""]


def rows_wanted(module: ModuleType) -> Iterator[str]:
    """Yield the tests that compare what they took with their row."""
    for name, test in vars(module).items():
        if name.startswith("test_") and "row" in inspect.signature(test).parameters:
            yield from (f"{Path(str(module.__file__)).name}::{name}{run}" for run in parameters(test))


def test_each_test_has_a_row_and_each_row_a_test() -> None:
    told = [row.test for row in rows()]
    assert len(told) > 10
    assert sorted(told) == sorted((*rows_wanted(test_clients), *rows_wanted(test_web_clients)))


def test_versions_are_those_that_are_installed() -> None:
    """Of GDAL and QGIS, which Debian brings, the tests themselves ask for the version."""
    told = {row.version for row in rows()} - {"GDAL 3.6.2", "QGIS 3.22.16"}
    pinned = {f"{name} {wanted}" for name, wanted in PINNED.items()}
    (left,) = told - pinned
    assert left.startswith(f"pyogrio {version('pyogrio')} (GDAL ")
