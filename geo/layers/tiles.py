"""Web Mercator tiles: which tile holds a point, what a tile covers, which tiles a box meets."""

from __future__ import annotations

import math
from collections.abc import Iterator

from geo.errors import NotFound

Tile = tuple[int, int, int]
Bounds = tuple[float, float, float, float]

#: Latitude where the square Web Mercator world ends, in degrees.
MAX_LATITUDE = math.degrees(math.atan(math.sinh(math.pi)))
EXTENT = 4096


def tile_of(lon: float, lat: float, z: int) -> Tile:
    """Return the tile z/x/y that holds a point in degrees; rows count from the north.

    Examples
    --------
    >>> tile_of(139.767125, 35.681236, 10)  # Tokyo station
    (10, 909, 403)
    """
    n = 1 << z
    clipped = math.radians(max(-MAX_LATITUDE, min(MAX_LATITUDE, lat)))
    x = int((lon + 180) / 360 * n)
    y = int((1 - math.asinh(math.tan(clipped)) / math.pi) / 2 * n)
    return z, min(max(x, 0), n - 1), min(max(y, 0), n - 1)


def tile_bounds(z: int, x: int, y: int) -> Bounds:
    """Return west, south, east, north of a tile in degrees; NotFound outside the grid.

    Examples
    --------
    >>> [round(edge, 3) for edge in tile_bounds(1, 1, 0)]
    [0.0, 0.0, 180.0, 85.051]
    """
    check_tile(z, x, y)
    n = 1 << z

    def latitude(row: int) -> float:
        return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / n))))

    return x / n * 360 - 180, latitude(y + 1), (x + 1) / n * 360 - 180, latitude(y)


def check_tile(z: int, x: int, y: int) -> None:
    """Raise NotFound when there is no such tile in the grid of its zoom."""
    if z < 0 or not (0 <= x < 1 << z and 0 <= y < 1 << z):
        raise NotFound(f"Zoom {z} has no tile {x}/{y}")


def tiles_meeting(bounds: Bounds, z: int) -> Iterator[Tile]:
    """Yield every tile of a zoom that meets a box in degrees, row by row."""
    west, south, east, north = bounds
    _, left, top = tile_of(west, north, z)
    _, right, bottom = tile_of(east, south, z)
    for y in range(top, bottom + 1):
        for x in range(left, right + 1):
            yield z, x, y
