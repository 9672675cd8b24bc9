"""Choropleth tiles as indexed PNG: the pixels say which area, the palette says which colour.

Pixels never change with the values, so they are rasterised and compressed once; a request writes a
palette of a few hundred bytes (PNG specification, chunks PLTE and tRNS).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from geo.layers.mvt import Skeleton, rings
from geo.layers.tiles import EXTENT

Ints = NDArray[np.int64]
UInt8s = NDArray[np.uint8]
UInt16s = NDArray[np.uint16]

#: Index 0 of the palette is what lies outside all areas; a PNG palette holds 256 entries.
MAX_INDEXED = 255
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Raster:
    """Which feature each pixel belongs to.

    Attributes
    ----------
    indices : (size, size) 0 outside, else the feature's place in the tile plus one
    count : number of features
    """

    indices: UInt16s
    count: int

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        return self.indices.nbytes

    @cached_property
    def pixels(self) -> bytes:
        """The IDAT chunk of the feature indices, compressed once; only for at most 255 features."""
        return _idat(self.indices.astype(np.uint8), 6)


def _edges(skeleton: Skeleton) -> tuple[NDArray[np.float64], NDArray[np.float64], Ints]:
    """Return both ends (n, 2) of every edge of every feature, and the feature each belongs to."""
    vertices, starts, features = read = rings(skeleton.geometries)
    following = np.arange(1, len(vertices) + 1)
    following[np.append(starts[1:], len(vertices)) - 1] = starts  # a ring's last vertex meets its first
    begins = vertices.astype(np.float64)
    return begins, begins[following], np.repeat(features, read.lengths)


def _repeated(starts: Ints, counts: Ints) -> tuple[Ints, Ints]:
    """Return, for ranges ``starts[i] … starts[i] + counts[i]``, all their numbers and which i each is of."""
    which = np.repeat(np.arange(len(counts)), counts)
    offsets = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    return starts[which] + offsets, which


def rasterise(skeleton: Skeleton, size: int) -> Raster:
    """Return which feature covers the centre of each pixel, by the even-odd rule.

    All features are filled at once: every edge gives one crossing per pixel row it passes, crossings are
    sorted along the row, and each pair of them is a span. Where quantised neighbours overlap by a hair,
    the later one wins.

    Parameters
    ----------
    skeleton : polygons in tile units
    size : pixels of the square tile
    """
    indices = np.zeros((size, size), np.uint16)
    if not skeleton.geometries:
        return Raster(indices, 0)
    begin, end, owner = _edges(skeleton)
    scale = EXTENT / size
    # A row is crossed when its centre lies in [lower, upper), so a ring crosses it an even number of times.
    lower = np.ceil(np.minimum(begin[:, 1], end[:, 1]) / scale - 0.5).clip(0, size).astype(np.int64)
    upper = np.ceil(np.maximum(begin[:, 1], end[:, 1]) / scale - 0.5).clip(0, size).astype(np.int64)
    rows, edge = _repeated(lower, upper - lower)
    run, rise = (end - begin)[edge].T
    x = begin[edge, 0] + ((rows + 0.5) * scale - begin[edge, 1]) * run / rise
    order = np.lexsort((x, rows, owner[edge]))
    columns = np.ceil(x[order] / scale - 0.5).clip(0, size).astype(np.int64)
    first, last = columns[::2], columns[1::2]
    painted, span = _repeated(first, last - first)
    indices[rows[order][::2][span], painted] = owner[edge][order][::2][span] + 1
    return Raster(indices, len(skeleton.geometries))


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _idat(pixels: UInt8s, level: int) -> bytes:
    rows = np.zeros((pixels.shape[0], pixels.shape[1] + 1), np.uint8)  # each row begins with filter type 0
    rows[:, 1:] = pixels
    return _chunk(b"IDAT", zlib.compress(rows.tobytes(), level))


def _indexed(size: int, palette: UInt8s, idat: bytes) -> bytes:
    """Return an 8-bit indexed PNG; ``palette`` is (colours, 4) RGBA."""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 3, 0, 0, 0))
    colours = _chunk(b"PLTE", palette[:, :3].tobytes())
    alpha = _chunk(b"tRNS", palette[:, 3].tobytes())
    return b"".join((_SIGNATURE, header, colours, alpha, idat, _chunk(b"IEND", b"")))


def pour(raster: Raster, colours: UInt8s) -> bytes:
    """Return the PNG of a raster with one RGBA colour per feature (n, 4); outside is transparent.

    Up to 255 features only the palette is written. More of them share few colours (classes), so pixels
    are looked up anew and compressed fast.
    """
    size = raster.indices.shape[0]
    palette = np.zeros((raster.count + 1, 4), np.uint8)
    palette[1:] = colours
    if raster.count <= MAX_INDEXED:
        return _indexed(size, palette, raster.pixels)
    distinct, lookup = np.unique(palette.view(np.uint32).ravel(), return_inverse=True)
    idat = _idat(lookup.astype(np.uint8)[raster.indices], 1)
    return _indexed(size, distinct.view(np.uint8).reshape(-1, 4), idat)


@cache
def transparent(size: int) -> bytes:
    """Return a PNG with nothing on it."""
    return pour(Raster(np.zeros((size, size), np.uint16), 0), np.zeros((0, 4), np.uint8))
