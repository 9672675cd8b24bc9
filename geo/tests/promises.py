"""How tests tell what they tried of a promise, and how often."""

from __future__ import annotations

import os
from typing import NamedTuple

import pytest

PROVING = "CHIIKI_PROVE" in os.environ
#: The property of a test that holds the line.
PROMISE = "promise"


class Promise(NamedTuple):
    """How a test tells what it tried of a promise: ``scripts/test`` a little, ``scripts/prove`` much."""

    node: pytest.Item

    def times(self, quick: int, proof: int) -> int:
        """Return how often something is tried here."""
        return proof if PROVING else quick

    def told(self, name: str, *, tried: int, failed: int, worst: str = "", seed: int | None = None) -> None:
        """Tell what came out, as a line of the summary; fail where anything failed or nothing was tried."""
        ends = [f"{tried:,} tried", f"{failed:,} failed"]
        ends += [f"worst {worst}"] if worst else []
        ends += [] if seed is None else [f"seed {seed}"]
        self.node.user_properties.append((PROMISE, f"{name}: {', '.join(ends)}"))
        assert tried > 0, f"{name}: nothing was tried"
        assert failed == 0, f"{name}: {failed} of {tried} failed"
