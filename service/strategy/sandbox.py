"""Workbooks and GeoPackages are parsed by a process of its own, which may fail or be taken over.

A file of five kilobytes can make a parser ask for half a terabyte, and 24 KB can become gigabytes of text.
The child (``service.strategy.list_reader``) is shut in, has little time and memory, and answers no more than
a list holds.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import orjson
import shapely

from geo import errors
from geo.errors import ChiikiError, Finding, InvalidFile
from geo.strategy.deployment_lists import TableLine
from geo.strategy.deployment_rows import Entry
from service.child import MEGABYTE, Bounds, ChildFailed, answer_of
from service.strategy.list_reader import ENTRIES, LINES

WALL_CLOCK_S = 30
#: A list is 20 MB at most where a request brings it; what stands beside it is what SQLite keeps for a while.
BOUNDS = Bounds(memory=1 << 30, answer=20 * MEGABYTE, written=128 * MEGABYTE)


def read_list(path: Path) -> list[Entry]:
    """Return the rows of a list as ``geo.strategy.deployment_lists.read_list`` does, read in a sandbox.

    Raises
    ------
    InvalidFile : also where the file needs more time or memory than a list does, or holds more
    """
    return [
        Entry(where, cells, shapely.from_wkb(base64.b64decode(shape)) if shape else None)
        for where, cells, shape in _read(ENTRIES, path)
    ]


def table_lines(path: Path) -> list[TableLine]:
    """Return the lines of a table as ``geo.strategy.deployment_lists.table_lines`` does, read in a sandbox.

    Raises
    ------
    InvalidFile : as above
    """
    return [(where, cells) for where, cells in _read(LINES, path)]


def _read(what: str, path: Path) -> list[Any]:
    try:
        answer = answer_of(
            "service.strategy.list_reader", what, handed=path, seconds=WALL_CLOCK_S, bounds=BOUNDS
        )
    except ChildFailed:
        finding = Finding("file", "size", "", "a list of deployments, not a file made to be costly")
        raise InvalidFile("The file takes more time or memory to read than a list does", [finding]) from None
    told = orjson.loads(answer)
    if refused := told.get("refused"):
        kind: type[ChiikiError] = getattr(errors, refused["kind"])
        raise kind(refused["message"], [Finding(**finding) for finding in refused["findings"]])
    rows: list[Any] = told["rows"]
    return rows
