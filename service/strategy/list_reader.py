"""A list of deployments to JSON on standard output, in a process of its own that is shut in."""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import orjson
import shapely

from geo.errors import ChiikiError
from geo.strategy.deployment_lists import is_database, read_list, table_lines
from geo.strategy.deployment_rows import Entry

#: What is asked for: the rows of a list by its columns, or the lines of a table as they stand.
ENTRIES, LINES = "entries", "lines"
MOST_FINDINGS = 1000


def prepare(_what: str, path: str) -> None:
    """Import what the file is read with; GDAL asks for its drivers by a process of its own."""
    with open(path, "rb") as opened:
        if is_database(opened.read(512)):
            from geo.files.vector_files import load

            load()


def main(what: str, path: str) -> None:
    """Write what a list holds, or why it is refused."""
    try:
        rows = table_lines(Path(path)) if what == LINES else _entries(read_list(Path(path)))
        answer: dict[str, object] = {"rows": list(rows)}
    except ChiikiError as error:
        findings = [asdict(finding) for finding in error.findings[:MOST_FINDINGS]]
        answer = {"refused": {"kind": type(error).__name__, "message": error.message, "findings": findings}}
    sys.stdout.buffer.write(orjson.dumps(answer))


def _entries(entries: list[Entry]) -> Iterator[tuple[str, dict[str, str], str]]:
    for one in entries:
        shape = "" if one.geometry is None else base64.b64encode(shapely.to_wkb(one.geometry)).decode()
        yield one.where, dict(one.cells), shape
