"""Workbooks and GeoPackages from requests are parsed by a process of its own, which may fail.

A file of five kilobytes can make a parser ask for half a terabyte. The child has no environment but what it
needs, so no database secret either, little time and memory, and ends with the request.
"""

from __future__ import annotations

import base64
import json
import resource
import sys
from dataclasses import asdict
from pathlib import Path

import shapely

from geo import errors
from geo.errors import ChiikiError, Finding, InvalidFile
from geo.strategy.deployment_lists import read_list as read_directly
from geo.strategy.deployment_rows import Entry
from service.child import ChildFailed, answer_of

WALL_CLOCK_S = 30
LIMITS = {
    resource.RLIMIT_AS: 3 << 30,
    resource.RLIMIT_CPU: 20,
    resource.RLIMIT_FSIZE: 1 << 30,
    resource.RLIMIT_NOFILE: 128,
}


def read_list(path: Path) -> list[Entry]:
    """Return the rows of a list as ``geo.strategy.deployment_lists.read_list`` does, read in a sandbox.

    Raises
    ------
    InvalidFile : also where the file needs more time or memory than a list does
    """
    try:
        answer = answer_of("service.strategy.sandbox", str(path), seconds=WALL_CLOCK_S, limits=LIMITS)
    except ChildFailed:
        finding = Finding("file", "size", "", "a list of deployments, not a file made to be costly")
        raise InvalidFile("The file takes more time or memory to read than a list does", [finding]) from None
    return _entries(json.loads(answer))


def _entries(answer: dict[str, object]) -> list[Entry]:
    refused = answer.get("refused")
    if isinstance(refused, dict):
        kind: type[ChiikiError] = getattr(errors, refused["kind"])
        raise kind(refused["message"], [Finding(**finding) for finding in refused["findings"]])
    rows = answer["entries"]
    assert isinstance(rows, list)  # noqa: S101 (written below)
    return [
        Entry(where, cells, shapely.from_wkb(base64.b64decode(shape)) if shape else None)
        for where, cells, shape in rows
    ]


def main(path: Path) -> None:
    """Read a list and write it to standard output as JSON."""
    try:
        entries = read_directly(path)
        answer: dict[str, object] = {
            "entries": [
                (
                    one.where,
                    dict(one.cells),
                    _encoded(one),
                )
                for one in entries
            ]
        }
    except ChiikiError as error:
        findings = [asdict(finding) for finding in error.findings]
        answer = {"refused": {"kind": type(error).__name__, "message": error.message, "findings": findings}}
    json.dump(answer, sys.stdout)


def _encoded(entry: Entry) -> str:
    return "" if entry.geometry is None else base64.b64encode(shapely.to_wkb(entry.geometry)).decode()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
