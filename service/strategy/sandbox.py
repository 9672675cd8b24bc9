"""Workbooks and GeoPackages are parsed by a process of its own, which may fail or be taken over.

A file of five kilobytes can make a parser ask for half a terabyte, and 24 KB can become gigabytes of text.
The child (``service.strategy.list_reader``) is shut in, has little time and memory, and answers no more than
a list holds.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import shapely

from geo.errors import ChiikiError, Finding, InvalidFile, InvalidGeometry, InvalidParameter, InvalidRows
from geo.strategy.deployment_lists import TableLine
from geo.strategy.deployment_rows import Entry
from geo.strategy.deployments import MAX_TEXT
from service.child import MEGABYTE, Bounds, ChildFailed, answer_of
from service.strategy.list_reader import ENTRIES, LINES

#: A full list takes 6 s of a core, of which a machine with much to do gives a fifth.
WALL_CLOCK_S = 60
#: A list is 20 MB at most where a request brings it; what stands beside it is what SQLite keeps for a while.
BOUNDS = Bounds(memory=1 << 30, answer=20 * MEGABYTE, written=128 * MEGABYTE)

#: What the child may refuse a file with.
REFUSALS: dict[str, type[ChiikiError]] = {
    kind.__name__: kind for kind in (InvalidFile, InvalidRows, InvalidGeometry, InvalidParameter)
}
#: What an answer raises that no reader of ours has written.
STRANGE = (TypeError, ValueError, LookupError, AttributeError, shapely.GEOSException)


def read_list(path: Path) -> list[Entry]:
    """Return the rows of a list as ``geo.strategy.deployment_lists.read_list`` does, read in a sandbox.

    Raises
    ------
    InvalidFile : also where the file needs more time or memory than a list does, or holds more
    """
    return entries_of(_answer(ENTRIES, path))


def table_lines(path: Path) -> list[TableLine]:
    """Return the lines of a table as ``geo.strategy.deployment_lists.table_lines`` does, read in a sandbox.

    Raises
    ------
    InvalidFile : as above
    """
    try:
        return [(str(where), _texts(cells)) for where, cells in _rows(_answer(LINES, path))]
    except STRANGE:
        raise _costly() from None


def entries_of(answer: bytes) -> list[Entry]:
    """Return the rows that an answer tells; it may be that of a child that was taken over.

    Raises
    ------
    InvalidFile : it tells none, or something else
    """
    try:
        return [
            Entry(
                str(where),
                dict(zip(cells, _texts(cells.values()), strict=True)),
                shapely.from_wkb(base64.b64decode(shape)) if shape else None,
            )
            for where, cells, shape in _rows(answer)
        ]
    except STRANGE:
        raise _costly() from None


def _texts(cells: Iterable[Any]) -> list[str]:
    texts = list(cells)
    if not all(isinstance(text, str) and len(text) <= MAX_TEXT for text in texts):
        raise ValueError("These are no cells of a list")
    return texts


def _answer(what: str, path: Path) -> bytes:
    reader = "service.strategy.list_reader"
    try:
        return answer_of(reader, what, handed=[path], seconds=WALL_CLOCK_S, bounds=BOUNDS)
    except ChildFailed:
        raise _costly() from None


def _rows(answer: bytes) -> list[Any]:
    told = orjson.loads(answer)
    if refused := told.get("refused"):
        kind = REFUSALS[refused["kind"]]
        raise kind(str(refused["message"]), [Finding(**finding) for finding in refused["findings"]])
    rows: list[Any] = told["rows"]
    return rows


def _costly() -> InvalidFile:
    finding = Finding("file", "size", "", "a list of deployments, not a file made to be costly")
    return InvalidFile("The file takes more time or memory to read than a list does", [finding])
