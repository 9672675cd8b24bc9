"""The order of all tests, and those that ``scripts/prove`` runs."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

PURE = Path(__file__).parent / "geo"


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
    if "CHIIKI_PROVE" not in os.environ:
        for item in items:
            for mark in item.iter_markers("prove"):
                item.add_marker(pytest.mark.skip(reason=f"scripts/prove runs this: {mark.args[0]}"))
