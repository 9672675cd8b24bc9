"""Shapefiles and GeoPackages of the command line: GDAL reads them in a process of its own, which is shut in.

Whatever the child (``service.areas.vector_reader``) answers is read as if it had been taken over: plain
values, and outlines as WKB.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import orjson
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from geo.errors import Finding, InvalidFile
from geo.files.vector_files import read_by
from service.areas.vector_reader import KINDS, PREFIX, TEXTS
from service.child import MEGABYTE, Bounds, ChildFailed, answer_of

READER = "service.areas.vector_reader"
#: The municipalities of the country take half a minute and 3 GiB.
WALL_CLOCK_S = 900
MEMORY, ANSWER, BESIDE = 8 << 30, 2 << 30, 256 * MEGABYTE


def shut_in(*, trusted: bool = False) -> AbstractContextManager[None]:
    """Let files be read in a process of their own meanwhile; those of one's own as ever."""
    return nullcontext() if trusted else read_by(read_apart)


def read_apart(path: Path) -> geopandas.GeoDataFrame:
    """Return the rows of a Shapefile or GeoPackage as ``geo.files.vector_files.read_vector_file`` does.

    Raises
    ------
    InvalidFile : also where it takes more time or memory than a country
    """
    whole = path.resolve(strict=True)
    beside = whole.parent.iterdir() if whole.suffix.lower() == ".shp" else ()
    files = [whole, *(one for one in beside if one.stem == whole.stem and one != whole and one.is_file())]
    size = sum(file.stat().st_size for file in files)
    bounds = Bounds(memory=MEMORY, processor=WALL_CLOCK_S, answer=ANSWER, written=size + BESIDE)
    try:
        answer = answer_of(READER, handed=files, seconds=WALL_CLOCK_S, bounds=bounds)
        return rows_of(answer)
    except (ChildFailed, TypeError, ValueError, LookupError, CRSError, shapely.GEOSException) as error:
        finding = Finding("file", "size", "", "outlines, not a file made to be costly")
        raise InvalidFile(
            f"{path.name} takes more time or memory to read than a country", [finding]
        ) from error


def rows_of(answer: bytes) -> geopandas.GeoDataFrame:
    """Return the rows that an answer of the child tells.

    Raises
    ------
    InvalidFile : it refuses the file
    TypeError, ValueError, LookupError, CRSError, GEOSException : it tells none
    """
    start = PREFIX + int.from_bytes(answer[:PREFIX], "little")
    told: dict[str, Any] = orjson.loads(answer[PREFIX:start])
    if refused := told.get("refused"):
        raise InvalidFile(str(refused["message"]), [Finding(**finding) for finding in refused["findings"]])
    ends = start + np.cumsum([0, *told["lengths"]], dtype=np.int64)
    pieces = [answer[first:last] or None for first, last in pairwise(ends.tolist())]
    columns = {str(name): _column(*parts) for name, *parts in told["columns"]}
    if any(len(column) != len(pieces) for column in columns.values()):
        raise ValueError("These are no columns of the rows")
    crs = None if told["crs"] is None else CRS.from_wkt(told["crs"])
    return geopandas.GeoDataFrame(
        pd.DataFrame(columns, index=range(len(pieces))), geometry=shapely.from_wkb(pieces), crs=crs
    )


def _column(kind: str, values: list[object]) -> pd.Series[Any]:
    if kind == TEXTS:
        return pd.Series(values, dtype=pd.StringDtype(na_value=np.nan))
    dtype = np.dtype(kind)
    if dtype.kind == "M":
        return pd.Series(np.array(values, np.int64).view(dtype))
    if dtype.kind == "f":
        values = [np.nan if value is None else value for value in values]
    if dtype.kind in KINDS:
        return pd.Series(values, dtype=dtype)
    return pd.Series([np.nan if value == [] else value for value in values], dtype=object)
