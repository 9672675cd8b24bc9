"""Choropleth tiles as indexed PNG: the pixels say which area, the palette says which colour.

Pixels never change with the values, so they are rasterised and compressed once; a request writes a
palette of a few hundred bytes (PNG specification, chunks PLTE and tRNS). What is held of a tile is what was
compressed, some thousand bytes, so that those of a whole country are held together.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from geo.layers.mvt import Positions, Rings, Skeleton, rings
from geo.layers.tiles import EXTENT

Ints = NDArray[np.int64]
UInt8s = NDArray[np.uint8]
UInt16s = NDArray[np.uint16]

#: Index 0 of the palette is what lies outside all areas; a PNG palette holds 256 entries.
MAX_INDEXED = 255
#: Of tiles with more features there are few, each of which is asked for often: they are compressed well.
FEW = 8
#: As the numbers of runs count; a tile has fewer.
MAX_FEATURES = 0xFFFF
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = b"\0\0\0\0IEND\xaeB`\x82"
#: What zlib streams begin with: a window of 32 KB, compressed fast, or as usual (RFC 1950).
_ZLIB, _ZLIB_WELL = b"\x78\x01", b"\x78\x9c"
_ADLER = 65521
_OUTSIDE = np.zeros((1, 4), np.uint8)
_FIRST = np.zeros(1, np.int64)
_NO_FEATURES, _NO_LENGTHS = np.zeros(0, np.uint16), np.zeros(0, np.int64)


@dataclass(frozen=True)
class Raster:
    """Which feature each pixel of a tile belongs to, written row by row as PNG has it.

    Attributes
    ----------
    size : pixels of the square tile
    positions : (n,) each feature's place in the area order
    idat : the chunk of the pixels, each its feature's place plus one, 0 outside; empty for more features
        than a palette has colours for
    features, lengths : the same pixels in runs, where there is no ``idat``
    """

    size: int
    positions: Positions
    idat: bytes
    features: UInt16s
    lengths: Ints

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        return self.positions.nbytes + len(self.idat) + self.features.nbytes + self.lengths.nbytes

    def runs(self) -> tuple[UInt16s, Ints]:
        """Return the pixels in runs, row by row as PNG has them: each feature's place plus one, 0 outside."""
        if not self.idat:
            return self.features, self.lengths
        told = np.frombuffer(zlib.decompress(self.idat[8:-4]), np.uint8)
        starts = np.concatenate((_FIRST, np.flatnonzero(told[1:] != told[:-1]) + 1))
        return told[starts].astype(np.uint16), np.diff(starts, append=len(told))


def _edges(read: Rings) -> tuple[NDArray[np.float64], NDArray[np.float64], Ints]:
    """Return both ends (n, 2) of every edge of every feature, and the feature each belongs to."""
    vertices, starts, features = read
    following = np.arange(1, len(vertices) + 1)
    following[starts[1:] - 1] = starts[:-1]  # a ring's last vertex meets its first
    following[-1] = starts[-1]
    begins = vertices.astype(np.float64)
    return begins, begins[following], features.repeat(read.lengths)


def rasterise(skeleton: Skeleton, size: int) -> Raster:
    """Return which feature covers the centre of each pixel, by the even-odd rule.

    Parameters
    ----------
    skeleton : polygons in tile units
    size : pixels of the square tile
    """
    features, lengths = _runs(*_spans(skeleton, size), size * (size + 1))
    if len(skeleton.geometries) > MAX_INDEXED:
        return Raster(size, skeleton.positions, b"", features, lengths)
    idat = _idat(features, lengths, well=len(skeleton.geometries) > FEW)
    return Raster(size, skeleton.positions, idat, _NO_FEATURES, _NO_LENGTHS)


def _spans(skeleton: Skeleton, size: int) -> tuple[Ints, Ints, UInt16s]:
    """Return where spans begin and end, and whose they are: each feature's place plus one, ascending.

    All features are filled at once: every edge gives one crossing per pixel row it passes, crossings are
    sorted along the row, and each pair of them is a span.
    """
    if not skeleton.geometries:
        return _NO_LENGTHS, _NO_LENGTHS, _NO_FEATURES
    begin, end, owner = _edges(rings(skeleton.geometries))
    scale = EXTENT / size
    # A row is crossed when its centre lies in [from, to), so a ring crosses it an even number of times.
    levels = _pixels(np.array((begin[:, 1], end[:, 1])), scale, size)
    first = levels.min(axis=0)
    counts = levels.max(axis=0) - first
    edge = np.arange(len(counts)).repeat(counts)
    # the rows of an edge follow upon each other
    rows = np.arange(len(edge)) + (first - counts.cumsum() + counts)[edge]
    run, rise = (end - begin)[edge].T
    x = begin[edge, 0] + ((rows + 0.5) * scale - begin[edge, 1]) * run / rise
    columns = _pixels(x, scale, size)
    crossings = rows * (size + 1) + 1 + columns  # each row begins with its filter type
    bits = (size * (size + 1)).bit_length()
    crossings += owner[edge] << bits  # so that one number sorts by feature, row and column
    crossings.sort()
    owners = (crossings[::2] >> bits) + 1
    crossings &= (1 << bits) - 1
    return crossings[::2], crossings[1::2], owners.astype(np.uint16)


def _pixels(at: NDArray[np.float64], scale: float, size: int) -> Ints:
    """Return how many pixels of a row or column have their centres before each place, in tile units."""
    pixels = np.ceil(at / scale - 0.5)
    return np.minimum(np.maximum(pixels, 0, out=pixels), size, out=pixels).astype(np.int64)


def _runs(first: Ints, last: Ints, owner: UInt16s, count: int) -> tuple[UInt16s, Ints]:
    """Return the pixels that spans paint in runs: whose they are (0 outside all), and how many.

    Where quantised neighbours overlap by a hair, the later one wins.
    """
    drawn = (last > first).nonzero()[0]
    order = drawn[first[drawn].argsort(kind="stable")]
    begins, ends, owners = first[order], last[order], owner[order]
    over = (begins[1:] < ends[:-1]).nonzero()[0]
    if len(over):
        if (over[1:] - over[:-1] == 1).any() or (ends[over] > ends[over + 1]).any():
            return _painted(first, last, owner, count)
        wins = owners[over] > owners[over + 1]
        begins[over[wins] + 1] = ends[over[wins]]
        ends[over[~wins]] = begins[over[~wins] + 1]
    features = np.zeros(2 * len(owners) + 1, np.uint16)
    features[1::2] = owners
    bounds = np.empty(2 * len(owners) + 2, np.int64)
    bounds[0], bounds[1:-1:2], bounds[2:-1:2], bounds[-1] = 0, begins, ends, count
    lengths = bounds[1:] - bounds[:-1]
    shown = lengths > 0
    return features[shown], lengths[shown]


def _painted(first: Ints, last: Ints, owner: UInt16s, count: int) -> tuple[UInt16s, Ints]:
    """Return the same of spans that overlap by more: one within another, or several in a row."""
    pixels = np.zeros(count, np.uint16)
    for begin, end, feature in zip(first.tolist(), last.tolist(), owner.tolist(), strict=True):
        pixels[begin:end] = feature
    starts = np.flatnonzero(np.diff(pixels, prepend=np.uint16(MAX_FEATURES)))
    return pixels[starts], np.diff(starts, append=count)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _idat(values: UInt16s | UInt8s, lengths: Ints, *, well: bool = False) -> bytes:
    """Return the chunk of pixels in runs, compressed as such, or well: that takes three times as long."""
    level, strategy = (6, zlib.Z_DEFAULT_STRATEGY) if well else (1, zlib.Z_RLE)
    compressor = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, strategy)
    deflated = compressor.compress(values.astype(np.uint8).repeat(lengths).data)
    checksum = struct.pack(">I", _adler32(values, lengths))
    return _chunk(b"IDAT", b"".join((_ZLIB_WELL if well else _ZLIB, deflated, compressor.flush(), checksum)))


def _adler32(values: UInt16s | UInt8s, lengths: Ints) -> int:
    """Return the checksum of bytes in runs (RFC 1950, 8.2); of all bytes one by one it would take longer.

    >>> _adler32(np.array([7, 9], np.uint8), np.array([3, 2])) == zlib.adler32(bytes([7, 7, 7, 9, 9]))
    True
    """
    after = lengths[::-1].cumsum()[::-1]  # bytes from the beginning of each run to the end of all
    count = int(after[0]) if len(after) else 0
    sums = values * lengths
    # a byte counts once for itself and once for each behind it
    weighted = sums * (2 * after - lengths + 1) // 2
    return (int(weighted.sum()) + count) % _ADLER << 16 | (int(sums.sum()) + 1) % _ADLER


def _indexed(size: int, palette: UInt8s, idat: bytes) -> bytes:
    """Return an 8-bit indexed PNG; ``palette`` is (colours, 4) RGBA, with what lies outside before them."""
    colours = np.concatenate((_OUTSIDE, palette))
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 3, 0, 0, 0))
    told = _chunk(b"PLTE", colours[:, :3].tobytes())
    alpha = _chunk(b"tRNS", colours[:, 3].tobytes())
    return b"".join((_SIGNATURE, header, told, alpha, idat, _END))


def pour(raster: Raster, classes: UInt8s, palette: UInt8s) -> bytes:
    """Return the PNG of a raster; outside is transparent.

    Up to 255 features only the palette is written. More of them share the colours of few classes, so pixels
    are looked up anew and compressed fast.

    Parameters
    ----------
    classes : (n,) class of each feature, below 255
    palette : (classes, 4) RGBA
    """
    if raster.idat:
        return _indexed(raster.size, palette[classes], raster.idat)
    shown = np.concatenate((np.zeros(1, np.uint8), classes + np.uint8(1)))
    return _indexed(raster.size, palette, _idat(shown[raster.features], raster.lengths))


def of_runs(size: int, colours: UInt8s, lengths: Ints) -> bytes:
    """Return a PNG of runs of pixels: with a palette where it has few enough colours.

    Parameters
    ----------
    colours : (n, 4) red, green, blue, alpha of each run, the first of each row (its filter type) transparent
    lengths : (n,) over ``size`` rows of ``size + 1``
    """
    packed = np.ascontiguousarray(colours).view(np.uint32).ravel()
    packed[colours[:, 3] == 0] = 0
    different, shown = np.unique(np.append(packed, np.uint32(0)), return_inverse=True)  # 0 comes first
    if len(different) > MAX_INDEXED + 1:
        return _truecolour(packed.repeat(lengths).reshape(size, size + 1)[:, 1:])
    palette = different[1:].view(np.uint8).reshape(-1, 4)
    return _indexed(size, palette, _idat(shown[:-1].astype(np.uint8), lengths))


def _truecolour(pixels: NDArray[np.uint32]) -> bytes:
    """Return a PNG of pixels (size, size), each the bytes of red, green, blue and alpha."""
    size = len(pixels)
    rows = np.zeros((size, 1 + 4 * size), np.uint8)  # each row begins with its filter type
    rows[:, 1:] = np.ascontiguousarray(pixels).view(np.uint8)
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0))
    return b"".join((_SIGNATURE, header, _chunk(b"IDAT", zlib.compress(rows.data, 1)), _END))


@cache
def transparent(size: int) -> bytes:
    """Return a PNG with nothing on it."""
    nothing = Skeleton(np.zeros(0, np.int32), (), ())
    return pour(rasterise(nothing, size), np.zeros(0, np.uint8), np.zeros((0, 4), np.uint8))
