"""The table of docs/clients.md: each client with its version, what its test does and what that took."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

PAGE = Path(__file__).parent.parent / "docs" / "clients.md"
ROW = re.compile(
    r"^\| (.+) \| (.+) \| (.+) \| ([\d,]+) \| ([\d,; ]+) \| ([\d.]+) \| `(.+)` \|$", re.MULTILINE
)


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes
    ----------
    requests, features : how many the client made and got; features of each view that the test looks at
    test : file, name and parameter of the test that is this row
    """

    client: str
    version: str
    does: str
    requests: int
    features: tuple[int, ...]
    seconds: float
    test: str

    @classmethod
    def read(cls, cells: tuple[str, ...]) -> Row:
        """Return a row from its cells."""
        client, version, does, requests, features, seconds, test = cells
        return cls(client, version, does, number(requests), numbers(features), float(seconds), test)


def number(text: str) -> int:
    """Return a number as the table writes it."""
    return int(text.replace(",", ""))


def numbers(text: str) -> tuple[int, ...]:
    """Return numbers that semicolons are between."""
    return tuple(number(part) for part in text.split(";"))


def rows() -> list[Row]:
    """Return the rows of the table in its order."""
    return [Row.read(cells) for cells in ROW.findall(PAGE.read_text())]


def row_of(node: pytest.Item) -> Row:
    """Return the row of a test."""
    name = f"{node.path.name}::{node.name}"
    found = [row for row in rows() if row.test == name]
    assert found, f"docs/clients.md has no row of {name}"
    return found[0]


@dataclass
class Taken:
    """What a client took, to be compared with its row."""

    requests: int = 0
    features: list[int] = field(default_factory=list)


def answered(service: str) -> int:
    """Return how many requests the service has answered, this one not among them."""
    text = httpx.get(f"{service}/metrics").text
    return sum(
        int(float(line.rpartition(" ")[2]))
        for line in text.splitlines()
        if line.startswith("chiiki_requests_total{")
    )


@contextmanager
def compared(row: Row, service: str) -> Iterator[Taken]:
    """Give what the client takes meanwhile; fail where the table tells something else.

    Requests are those that the service answered, unless the test counts them itself.
    """
    taken = Taken()
    before = answered(service)
    yield taken
    taken.requests = taken.requests or answered(service) - before - 1
    took, told = (taken.requests, tuple(taken.features)), (row.requests, row.features)
    assert took == told, f"{row.test} took {took} requests and features; docs/clients.md says {told}"
