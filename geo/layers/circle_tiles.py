"""Map tiles of counts: circles in proportion over plain land, as PNG.

Every pixel follows from where it lies in the world and from all circles that reach it. So neighbouring tiles
join without a seam, whichever of them a circle's centre lies in.

Pixels are worked out in runs, as ``png`` has them: of a row of a circle only the pixels at its edge are told
one by one, those between them are one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

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
#: Of how much of a pixel an edge covers: most tiles have few enough colours for a palette then.
STEPS = 16


def world_places(points: Floats) -> Floats:
    """Return points (n, 2) as 0 to 1 over the world of Web Mercator, from the north-west.

    Parameters
    ----------
    points : (n, 2) longitude and latitude
    """
    longitude, latitude = points.T
    south = 1 - np.arcsinh(np.tan(np.radians(latitude))) / np.pi
    return np.stack(((longitude + 180) / 360, south / 2), axis=1)


@dataclass(frozen=True)
class Marks:
    """The circles of a map. A tile asks for those near it, so the others are never worked out.

    Attributes
    ----------
    circles : how numbers are drawn
    values : (n,) NaN where missing
    places : (n, 2) of each area; see ``world_places``
    """

    circles: Circles
    values: Floats
    places: Floats

    @cached_property
    def largest(self) -> float:
        """The largest radius, as a share of the largest one of the scale: above 1 for breaks of a reader."""
        return float(np.nanmax(self.circles.sizes(self.values), initial=0.0))

    def reaching(self, tile: Tile, size: int) -> Discs:
        """Return the circles that reach into a tile of ``size`` pixels."""
        z, column, row = tile
        scale = size / PLAIN
        corner = np.array([column * size, row * size])
        most = radius_at(z - ZOOMS_AHEAD, len(self.values)) * scale
        stroke = stroke_at(z - ZOOMS_AHEAD) * scale
        far = (most * self.largest + stroke + 1) / (size << z)
        x, y = self.places.T
        left, top = corner / (size << z)
        side = 1 / (1 << z)
        near = np.flatnonzero(
            (x > left - far) & (x < left + side + far) & (y > top - far) & (y < top + side + far)
        )
        values = self.values[near]
        sizes = self.circles.sizes(values)
        order = np.array(largest_first(sizes), np.intp)
        centres = self.places[near[order]] * (size << z)
        radii = sizes[order] * most
        reach = (radii + stroke + 1)[:, np.newaxis]
        meets = ((centres + reach > corner) & (centres - reach < corner + size)).all(axis=1)
        above, below = rgb([self.circles.above, self.circles.below]).astype(np.float64)
        colours = np.where((values[order[meets]] < 0)[:, np.newaxis], below, above)
        return Discs(size, corner, centres[meets], radii[meets], colours, stroke)


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

    def painted(self) -> Painted:
        """Return what the circles paint: the pixels at their edges, and what is between them."""
        rows = self._rows()
        edge = rows.edges()
        which = rows.which[edge.row]
        x = edge.column + self.corner[0] + 0.5 - self.centres[which, 0]
        away = np.hypot(x, rows.from_centre[edge.row])
        inside = _in_steps(self.radii[which] - away + 0.5)
        ring = _in_steps(self.radii[which] + self.stroke - away + 0.5) - inside
        solid = np.flatnonzero(rows.to_solid > rows.from_solid)
        whole = np.ones(len(solid))
        circles = np.concatenate((which, rows.which[solid]))
        inside, ring = np.concatenate((inside, whole)), np.concatenate((ring, 0 * whole))
        begins = np.concatenate(
            (rows.begin[edge.row] + edge.column, rows.begin[solid] + rows.from_solid[solid])
        )
        ends = np.concatenate((begins[: len(which)] + 1, rows.begin[solid] + rows.to_solid[solid]))
        paint = np.empty((len(circles), 4))
        paint[:, :3] = (
            self.colours[circles] * (OPACITY * inside)[:, np.newaxis] + (WHITE * ring)[:, np.newaxis]
        )
        paint[:, 3] = OPACITY * inside + ring
        shown = np.flatnonzero(paint[:, 3] > 0)
        return Painted(begins[shown], ends[shown], circles[shown], paint[shown])

    def _rows(self) -> _Rows:
        """Return the rows of pixels that the circles reach within the tile."""
        reach = self.radii + self.stroke + 0.5
        top, bottom = (
            (edge(self.centres[:, 1] + sign * reach - 0.5).astype(np.int64) + last - self.corner[1]).clip(
                0, self.size
            )
            for edge, sign, last in ((np.ceil, -1, 0), (np.floor, 1, 1))
        )
        heights = bottom - top
        which = np.arange(len(self)).repeat(heights)
        y = np.arange(len(which)) + (top - heights.cumsum() + heights)[which]
        from_centre = y + self.corner[1] + 0.5 - self.centres[which, 1]
        first, last = self._columns(reach, which, from_centre)
        from_solid, to_solid = self._columns(self.radii - 0.5, which, from_centre)
        to_solid = np.maximum(from_solid, to_solid)
        return _Rows(which, y * (self.size + 1) + 1, from_centre, first, last, from_solid, to_solid)

    def _columns(self, radii: Floats, which: Ints, from_centre: Floats) -> tuple[Ints, Ints]:
        """Return the columns of the tile, from and to, whose centres lie within circles in their rows."""
        within = np.maximum(radii, 0)[which] ** 2 - from_centre**2
        half = np.sqrt(np.maximum(within, 0))
        x = self.centres[which, 0] - self.corner[0] - 0.5
        begin = np.ceil(x - half).astype(np.int64).clip(0, self.size)
        end = (np.floor(x + half).astype(np.int64) + 1).clip(0, self.size)
        return begin, np.where(within > 0, end, begin)


class _Rows(NamedTuple):
    """Rows of circles.

    Attributes
    ----------
    which : (n,) circle of each
    begin : (n,) place of the tile's first pixel in this row, as PNG counts
    from_centre : (n,) pixels from the circle's centre to the middle of the row
    first, last : (n,) columns from and to which it paints
    from_solid, to_solid : (n,) columns between which it covers all of each pixel
    """

    which: Ints
    begin: Ints
    from_centre: Floats
    first: Ints
    last: Ints
    from_solid: Ints
    to_solid: Ints

    def edges(self) -> _Edges:
        """Return the pixels on both sides of what is solid."""
        has = self.to_solid > self.from_solid
        left = np.where(has, self.from_solid, self.last) - self.first
        right = np.where(has, self.last - self.to_solid, 0)
        counts = np.concatenate((left, right))
        row = np.concatenate((np.arange(len(left)),) * 2).repeat(counts)
        begins = np.concatenate((self.first, self.to_solid))
        column = np.arange(len(row)) + (begins - counts.cumsum() + counts).repeat(counts)
        return _Edges(row, column)


class _Edges(NamedTuple):
    """Pixels one by one: the row (of ``_Rows``) and the column of the tile."""

    row: Ints
    column: Ints


def _in_steps(cover: Floats) -> Floats:
    steps: Floats = np.rint(cover.clip(0, 1) * STEPS)
    return steps / STEPS


class Painted(NamedTuple):
    """Runs of pixels that circles paint.

    Attributes
    ----------
    begins, ends : (n,) places from and to, as PNG counts pixels
    circles : (n,) whose they are: the higher lies over the lower
    paint : (n, 4) red, green, blue and cover, as much of each as covers the pixel
    """

    begins: Ints
    ends: Ints
    circles: Ints
    paint: Floats

    def lay(self, index: Ints, pixels: Floats) -> None:
        """Lay them over runs of pixels: first the lowest on each of them, then the next, until none is left.

        Parameters
        ----------
        index : (places,) run of each place; every painted one begins and ends with some of them
        pixels : (runs, 4) red, green, blue and cover; written anew
        """
        first = index[self.begins]
        counts = index[self.ends - 1] + 1 - first
        item = np.arange(len(first)).repeat(counts)
        run = np.arange(len(item)) + (first - counts.cumsum() + counts)[item]
        order = (run * (self.circles.max(initial=0) + 1) + self.circles[item]).argsort(kind="stable")
        run, item = run[order], item[order]
        begin = np.flatnonzero(np.diff(run, prepend=-1))
        depth = np.diff(begin, append=len(run))
        for layer in range(depth.max(initial=0)):
            taken = begin[depth > layer] + layer
            under, over = run[taken], self.paint[item[taken]]
            pixels[under] = pixels[under] * (1 - over[:, 3:]) + over


def pour(raster: png.Raster | None, missing: Bools, discs: Discs) -> bytes:
    """Return a tile with circles over its areas as PNG; outside of both it is transparent.

    Parameters
    ----------
    raster : which area each pixel belongs to; None where there is none
    missing : (n,) which of the raster's features have no value
    """
    count = discs.size * (discs.size + 1)
    grounds = np.zeros((3, 4))
    grounds[1:, :3], grounds[1:, 3] = (rgb([LAND])[0], NO_DATA), 1
    features, lengths = (np.zeros(1, np.uint16), np.array([count])) if raster is None else raster.runs()
    ground = np.concatenate((np.zeros(1, np.uint8), 1 + missing.astype(np.uint8)))[features]
    painted = discs.painted()
    begins = lengths.cumsum() - lengths
    is_start = np.zeros(count + 1, np.bool_)
    for places in (begins, painted.begins, painted.ends, count):
        is_start[places] = True
    starts = np.flatnonzero(is_start)
    index = np.arange(len(starts)).repeat(np.diff(starts, append=count + 1))
    pixels = grounds[ground].repeat(np.diff(index[np.append(begins, count)]), axis=0)
    painted.lay(index, pixels)
    cover = pixels[:, 3:]
    whole = np.divide(pixels[:, :3], cover, out=np.zeros_like(pixels[:, :3]), where=cover > 0)
    colours = np.rint(np.concatenate((whole, 255 * cover), axis=1)).astype(np.uint8)
    return png.of_runs(discs.size, colours, np.diff(starts))
