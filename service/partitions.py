"""From rows of the database to what a gap is counted from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import shapely

from geo.gaps import PEOPLE, Partition
from geo.gtfs import DAYS, HOURS
from geo.stops import UNKNOWN, Stops

#: Degrees that hold the longest distance of a definition (5 km) anywhere in Japan.
MARGIN = 0.07


def stops_from_rows(rows: Sequence[Any]) -> Stops:
    """Return stops as columns from rows of their table with ``lon`` and ``lat``."""
    unknown = [UNKNOWN] * (len(DAYS) * HOURS)
    counts = np.array([row.departures or unknown for row in rows], np.int32).reshape(-1, len(DAYS), HOURS)

    def texts(name: str) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
        found = np.empty(len(rows), object)
        found[:] = [getattr(row, name) for row in rows]
        return found

    return Stops(
        ids=texts("id"),
        names=texts("name"),
        modes=texts("mode"),
        classes=texts("classes"),
        groups=texts("group"),
        lon=np.array([row.lon for row in rows], float),
        lat=np.array([row.lat for row in rows], float),
        departures=counts,
    )


def partition_from(
    cells: Sequence[Any],
    stops: Sequence[Any],
    outlines: Mapping[str, shapely.Geometry],
    own: Iterable[str],
    *,
    sea: bool,
) -> Partition:
    """Return a partition of rows: cells, stops, and the outlines of all municipalities near the own ones.

    ``sea`` tells whether the boundaries have all prefectures, so that what lies in none of them is sea.
    """
    mine = set(own)
    codes = sorted(outlines)
    columns = {name: np.array([getattr(row, name) for row in cells], float) for name in PEOPLE}
    return Partition(
        areas=tuple(codes),
        outlines=np.array([outlines[code] for code in codes], object),
        own=np.array([code in mine for code in codes]),
        cells=tuple(row.code for row in cells),
        people={name: column for name, column in columns.items() if np.isfinite(column).any()},
        stops=stops_from_rows(stops),
        sea=sea,
    )


def bounds_of(outlines: Iterable[shapely.Geometry], margin: float = 0.0) -> dict[str, float]:
    """Return the box around outlines, as parameters of a query."""
    west, south, east, north = shapely.total_bounds(np.array(list(outlines), object)).tolist()
    return {"west": west - margin, "south": south - margin, "east": east + margin, "north": north + margin}
