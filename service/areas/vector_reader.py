"""The rows of a Shapefile or GeoPackage to standard output, in a process of its own that is shut in."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import geopandas
import orjson
import pandas as pd
import shapely

from geo.errors import ChiikiError
from geo.files.vector_files import load, read_here

#: Bytes of the length of what stands before the outlines.
PREFIX = 8
#: Columns of numbers, truth values and moments; all others are of texts and other objects.
KINDS = "iufbM"
#: Of columns that pandas knows to be of texts.
TEXTS = "str"
MOST_FINDINGS = 1000


def prepare(_path: str) -> None:
    """Load GDAL, which asks for its drivers by a process of its own."""
    load()


def main(path: str) -> None:
    """Write what a file holds, or why it is refused."""
    try:
        told, outlines = _told(read_here(Path(path)))
    except ChiikiError as error:
        findings = [asdict(finding) for finding in error.findings[:MOST_FINDINGS]]
        told, outlines = {"refused": {"message": error.message, "findings": findings}}, []
    head = orjson.dumps(told)
    sys.stdout.buffer.write(len(head).to_bytes(PREFIX, "little") + head)
    for outline in outlines:
        sys.stdout.buffer.write(outline)


def _told(rows: geopandas.GeoDataFrame) -> tuple[dict[str, object], list[bytes]]:
    """Return what is told of rows, and their outlines; an empty one where there is none."""
    outlines = [outline or b"" for outline in shapely.to_wkb(rows.geometry.to_numpy())]
    names = [name for name in rows.columns if name != rows.geometry.name]
    columns = [(str(name), *_column(rows[name])) for name in names]
    crs = None if rows.crs is None else rows.crs.to_wkt()
    return {"columns": columns, "crs": crs, "lengths": list(map(len, outlines))}, outlines


def _column(column: pd.Series[Any]) -> tuple[str, list[object]]:
    """Return the kind of a column and its values; missing ones are null."""
    if isinstance(column.dtype, pd.StringDtype):
        return TEXTS, [None if value != value else value for value in column]  # NaN
    values = column.to_numpy()
    if values.dtype.kind == "M":
        return values.dtype.str, values.view("int64").tolist()
    if values.dtype.kind in KINDS:
        return values.dtype.str, [None if value != value else value for value in values.tolist()]
    return "O", [_plain(value) for value in values]


def _plain(value: object) -> object:
    """Return an object as JSON has it; the number that is none as an empty list."""
    if value is None or isinstance(value, str | int):
        return value
    if value != value:
        return []
    return value if isinstance(value, float) else str(value)
