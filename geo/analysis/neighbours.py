"""Which areas are next to each other: those whose outlines meet, and islands and the area nearest to them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Geometries = NDArray[np.object_]
Ints = NDArray[np.intp]

#: Mean length of a degree of latitude (GRS 80), enough for telling which area is nearest.
KM_PER_DEGREE = 111.2


@dataclass(frozen=True)
class Bridge:
    """An area that touches no other, and the nearest one, which it is taken to be next to.

    Attributes
    ----------
    island, nearest : positions
    km : between their outlines
    """

    island: int
    nearest: int
    km: float


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Which areas are next to each other, each pair once.

    Attributes
    ----------
    n : number of areas
    pairs : (m, 2) positions, the smaller first, ascending
    bridges : which of the pairs do not touch
    """

    n: int
    pairs: Ints
    bridges: tuple[Bridge, ...] = ()

    @property
    def nbytes(self) -> int:
        """Size in memory, with what is worked out of the pairs."""
        return 4 * self.pairs.nbytes + 8 * self.n + 100 * len(self.bridges)

    @cached_property
    def counts(self) -> Ints:
        """(n,) how many neighbours each area has."""
        return np.bincount(self.pairs.ravel(), minlength=self.n)

    @cached_property
    def parts(self) -> int:
        """How many parts there are that no pair joins."""
        group = np.arange(self.n)
        while True:
            least = np.minimum(group[self.pairs[:, 0]], group[self.pairs[:, 1]])
            after = group.copy()
            for side in (0, 1):
                np.minimum.at(after, self.pairs[:, side], least)
            after = after[after]
            if (after == group).all():
                return len(np.unique(group))
            group = after

    def means(self, values: Floats) -> Floats:
        """Return the mean of each area's neighbours (the spatial lag of rows that sum to 1).

        >>> Neighbours(3, np.array([[0, 1], [1, 2]])).means(np.array([2.0, 5.0, 4.0])).tolist()
        [5.0, 3.0, 5.0]
        """
        first, second = self.pairs.T
        sums = np.bincount(first, values[second], self.n) + np.bincount(second, values[first], self.n)
        return sums / self.counts

    def among(self, kept: Bools) -> Neighbours:
        """Return those of some areas, which are counted anew from 0."""
        place = np.cumsum(kept) - 1
        pairs = place[self.pairs[kept[self.pairs].all(axis=1)]]
        bridges = tuple(
            Bridge(int(place[one.island]), int(place[one.nearest]), one.km)
            for one in self.bridges
            if kept[one.island] and kept[one.nearest]
        )
        return Neighbours(int(kept.sum()), pairs, bridges)


def neighbours(outlines: Geometries) -> Neighbours:
    """Return which areas share a border or a corner (queen contiguity), no area left alone.

    An area that touches no other is joined to the one whose outline is nearest on the ground; of equally
    near ones to the first. Parts of several areas, as Shikoku or Okinawa, are not joined to one another.

    Parameters
    ----------
    outlines : (n,) in degrees
    """
    tree = shapely.STRtree(outlines)
    pairs = tree.query(outlines, predicate="intersects").T
    pairs = np.unique(pairs[pairs[:, 0] < pairs[:, 1]], axis=0).reshape(-1, 2)
    alone = np.setdiff1d(np.arange(len(outlines)), pairs)
    bridges = tuple(_bridge(tree, outlines, int(at)) for at in alone) if len(outlines) > 1 else ()
    joined = [sorted((one.island, one.nearest)) for one in bridges]
    if joined:
        pairs = np.unique(np.concatenate((pairs, np.array(joined, np.intp))), axis=0)
    return Neighbours(len(outlines), pairs.astype(np.intp), bridges)


def _bridge(tree: shapely.STRtree, outlines: Geometries, island: int) -> Bridge:
    """Return what an island is joined to.

    A degree of longitude is shorter than one of latitude. So the nearest in degrees may not be the nearest on
    the ground, but nothing is nearer there that is further in degrees than the shortening says.
    """
    outline = outlines[island]
    shortened = np.cos(np.radians(np.abs(np.array(outline.bounds)[[1, 3]]).max()))
    nearest = _others(tree.query_nearest(outline, exclusive=True), island, outlines)
    degrees = shapely.distance(outline, nearest[0][1])
    reachable = tree.query(outline, predicate="dwithin", distance=degrees / shortened)
    middle = np.cos(np.radians(outline.centroid.y))

    def on_the_ground(one: shapely.Geometry) -> shapely.Geometry:
        return shapely.transform(one, lambda xy: xy * [middle * KM_PER_DEGREE, KM_PER_DEGREE])

    here = on_the_ground(outline)
    near = [
        (float(shapely.distance(here, on_the_ground(other))), at)
        for at, other in _others(reachable, island, outlines)
    ]
    km, at = min(near)
    return Bridge(island, at, km)


def _others(places: Collection[int], island: int, outlines: Geometries) -> list[tuple[int, shapely.Geometry]]:
    return [(int(at), outlines[at]) for at in places if at != island]
