"""The order of all tests, those that ``scripts/prove`` runs, and the promises that are told of."""

from __future__ import annotations

import platform
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import pytest

from geo.tests.promises import PROMISE, PROVING, Promise

PURE = Path(__file__).parent / "geo"
#: What the figures of promises depend on.
RUNNING_ON = ("uvicorn", "starlette", "fastapi", "SQLAlchemy", "psycopg")


@pytest.fixture
def promise(request: pytest.FixtureRequest) -> Promise:
    """Where a test tells what it tried of a promise."""
    return Promise(request.node)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print a line for each promise that was tried."""
    told = sorted(
        str(text)
        for kind in ("passed", "failed")
        for report in terminalreporter.stats.get(kind, [])
        if report.when == "call"
        for name, text in report.user_properties
        if name == PROMISE
    )
    if told:
        terminalreporter.section("promises")
        running_on = ", ".join(f"{package} {version(package)}" for package in RUNNING_ON)
        for line in [*told, f"on Python {platform.python_version()}, {running_on}"]:
            terminalreporter.write_line(line)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the first file make the database of all others while the tests of ``geo/``, which need none, run.

    After that come the files with the most tests, so that no long one is left at the end. Those with a
    browser are last: ``asyncio.run`` starts no loop in a thread in which Playwright runs one.
    """
    sizes = Counter(item.path for item in items)
    with_browser = {item.path for item in items if "chromium" in getattr(item, "fixturenames", ())}
    others = [path for path in sizes if path not in with_browser and not path.is_relative_to(PURE)]
    first = max(others, key=lambda path: (sizes[path], path), default=None)

    def place(item: pytest.Item) -> tuple[int, int, Path]:
        path = item.path
        rank = 0 if path == first else 1 if path.is_relative_to(PURE) else 3 if path in with_browser else 2
        return rank, -sizes[path], path

    items.sort(key=place)
    if PROVING:  # a promise is tried more often then
        for item in items:
            if "promise" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.prove("longer"))
    else:
        for item in items:
            for mark in item.iter_markers("prove"):
                item.add_marker(pytest.mark.skip(reason=f"scripts/prove runs this: {mark.args[0]}"))
