"""Map tiles of counts: circles in proportion over plain land, as PNG.

Every pixel follows from where it lies in the world and from all circles that reach it. So neighbouring tiles
join without a seam, whichever of them a circle's centre lies in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.layers import png
from geo.layers.circles import LAND, OPACITY, Circles, largest_first, radius_at, stroke_at
from geo.layers.palettes import NO_DATA, rgb
from geo.layers.tiles import Tile

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
UInt8s = NDArray[np.uint8]
Ints = NDArray[np.int64]

#: Pixels of a tile on a plain screen; one of twice as many is for a dense screen.
PLAIN = 256
#: Interactive maps count zooms by tiles of 512 pixels, so this tile's zoom is one more than theirs.
ZOOMS_AHEAD = 1
WHITE = 255.0
#: So many pixels of circles are worked out together.
TOGETHER = 250_000


@dataclass(frozen=True)
class Marks:
    """The circles of a map, the largest first.

    Attributes
    ----------
    places : (n, 2) of the centres, 0 to 1 over the world of Web Mercator, from the north-west
    sizes : (n,) radius as a share of the largest one of the scale
    colours : (n, 3) red, green, blue
    areas : how many areas the map has
    """

    places: Floats
    sizes: Floats
    colours: Floats
    areas: int

    @classmethod
    def of(cls, circles: Circles, values: Floats, points: Floats) -> Marks:
        """Return the circles of values.

        Parameters
        ----------
        values : (n,) NaN where missing
        points : (n, 2) longitude and latitude of each area
        """
        sizes = circles.sizes(values)
        order = np.array(largest_first(sizes), np.intp)
        longitude, latitude = points[order].T
        south = 1 - np.arcsinh(np.tan(np.radians(latitude))) / np.pi
        above, below = rgb([circles.above, circles.below]).astype(np.float64)
        return cls(
            np.stack(((longitude + 180) / 360, south / 2), axis=1),
            sizes[order],
            np.where((values[order] < 0)[:, np.newaxis], below, above),
            len(values),
        )

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        return self.places.nbytes + self.sizes.nbytes + self.colours.nbytes

    def reaching(self, tile: Tile, size: int) -> Discs:
        """Return the circles that reach into a tile of ``size`` pixels."""
        z, column, row = tile
        scale = size / PLAIN
        corner = np.array([column * size, row * size])
        centres = self.places * (size << z)
        radii = self.sizes * (radius_at(z - ZOOMS_AHEAD, self.areas) * scale)
        stroke = stroke_at(z - ZOOMS_AHEAD) * scale
        reach = (radii + stroke + 1)[:, np.newaxis]
        meets = ((centres + reach > corner) & (centres - reach < corner + size)).all(axis=1)
        return Discs(size, corner, centres[meets], radii[meets], self.colours[meets], stroke)


@dataclass(frozen=True)
class Discs:
    """The circles on a tile, the largest first, in pixels counted over the whole world.

    Attributes
    ----------
    size : pixels of the square tile
    corner : (2,) its upper left one
    centres : (n, 2)
    radii : (n,)
    colours : (n, 3)
    stroke : width of the white line around each
    """

    size: int
    corner: Ints
    centres: Floats
    radii: Floats
    colours: Floats
    stroke: float

    def __len__(self) -> int:
        return len(self.radii)

    def _boxes(self) -> tuple[Ints, Ints]:
        """Return the first pixel (n, 2) of each circle's box within the tile, and its sides (n, 2)."""
        reach = (self.radii + self.stroke + 1)[:, np.newaxis]
        first = np.floor(self.centres - reach).astype(np.int64).clip(self.corner, self.corner + self.size)
        last = np.ceil(self.centres + reach).astype(np.int64).clip(self.corner, self.corner + self.size)
        return first, last - first

    def painted(self) -> Iterator[Painted]:
        """Give what the circles paint, some circles at a time."""
        first, sides = self._boxes()
        counts = sides.prod(axis=1)
        begin = 0
        while begin < len(self):
            within = np.cumsum(counts[begin:]) <= TOGETHER
            end = begin + max(1, int(within.sum()))
            yield self._painted(np.arange(begin, end), first, sides, counts)
            begin = end

    def _painted(self, some: Ints, first: Ints, sides: Ints, counts: Ints) -> Painted:
        which = np.repeat(some, counts[some])
        offsets = np.arange(len(which)) - np.repeat(np.cumsum(counts[some]) - counts[some], counts[some])
        x = first[which, 0] + offsets % sides[which, 0]
        y = first[which, 1] + offsets // sides[which, 0]
        away = np.hypot(x + 0.5 - self.centres[which, 0], y + 0.5 - self.centres[which, 1])
        inside = (self.radii[which] - away + 0.5).clip(0, 1)
        ring = (self.radii[which] + self.stroke - away + 0.5).clip(0, 1) - inside
        shown = np.flatnonzero(inside + ring > 0)
        which, inside, ring = which[shown], inside[shown, np.newaxis], ring[shown, np.newaxis]
        return Painted(
            (y[shown] - self.corner[1]) * self.size + x[shown] - self.corner[0],
            self.colours[which] * (OPACITY * inside) + WHITE * ring,
            OPACITY * inside + ring,
        )


@dataclass(frozen=True)
class Painted:
    """Pixels of circles, in the order in which they are laid over each other.

    Attributes
    ----------
    places : (n,) row by row from the upper left corner
    colours : (n, 3) as much of them as covers the pixel
    cover : (n, 1) how much of what lies under it is covered
    """

    places: Ints
    colours: Floats
    cover: Floats

    def lay(self, colours: Floats, cover: Floats) -> None:
        """Lay them over pixels: first the lowest on each of them, then the next, until none is left."""
        order = np.argsort(self.places, kind="stable")
        starts = np.flatnonzero(np.diff(self.places[order], prepend=-1))
        counts = np.diff(starts, append=len(order))
        for layer in range(counts.max(initial=0)):
            taken = order[starts[counts > layer] + layer]
            place, through = self.places[taken], 1 - self.cover[taken]
            colours[place] = colours[place] * through + self.colours[taken]
            cover[place] = cover[place] * through + self.cover[taken]


def pour(raster: png.Raster | None, missing: Bools, discs: Discs) -> bytes:
    """Return a tile with circles over its areas as PNG; outside of both it is transparent.

    Parameters
    ----------
    raster : which area each pixel belongs to; None where there is none
    missing : (n,) which of the raster's features have no value
    """
    size = discs.size
    colours, cover = np.zeros((size * size, 3)), np.zeros((size * size, 1))
    if raster is not None:
        ground = np.where(missing[:, np.newaxis], NO_DATA, rgb([LAND])[0])
        told = np.concatenate((np.zeros((1, 4)), np.insert(ground, 3, 1, axis=1)))
        shown = told[raster.pixels().ravel()]
        colours, cover = shown[:, :3], shown[:, 3:]
    for painted in discs.painted():
        painted.lay(colours, cover)
    whole = np.divide(colours, cover, out=np.zeros_like(colours), where=cover > 0)
    pixels = np.rint(np.concatenate((whole, 255 * cover), axis=1)).astype(np.uint8)
    return png.truecolour(pixels.reshape(size, size, 4))
