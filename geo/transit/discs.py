"""How much of a polygon lies within discs: exact areas with circular arcs, many polygons at once.

The area of (union of discs) ∩ polygon is the integral of ½(x dy − y dx) along its boundary (Green's theorem),
which is made of two kinds of piece: arcs of circles that lie inside the polygon and in no other disc, and
stretches of polygon edges that lie in some disc. Both are complements of unions of intervals, on a circle and
on an edge; so everything is one kind of sorting, over all polygons together, and no buffer is ever made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Geometries = NDArray[np.object_]

TURN = 2 * np.pi
#: Polygons are taken in blocks of this many (polygon, disc) pairs, which bounds memory.
BLOCK = 200_000


@dataclass(frozen=True)
class Pairs:
    """Which discs may reach which polygons, ordered by polygon."""

    polygon: Ints
    disc: Ints


@dataclass(frozen=True)
class _Edges:
    """Every edge of the polygons of a block, the inside on its left, from the middle of its polygon."""

    owner: Ints
    start: Floats
    end: Floats


@dataclass(frozen=True)
class _Circles:
    """Every (polygon, disc) of a block, ordered by polygon, centres from the middle of the polygon."""

    owner: Ints
    centre: Floats
    radius: Floats


def covered_areas(polygons: Geometries, centres: Floats, radii: Floats, pairs: Pairs) -> Floats:
    """Return the area of each polygon that lies within discs.

    Parameters
    ----------
    polygons : (n,) valid Polygons or MultiPolygons of a plane
    centres, radii : (k, 2) and (k,) in the same unit; radii above 0
    pairs : every (polygon, disc) that meet; more do no harm

    Returns
    -------
    (n,) in squared units
    """
    found = np.zeros(len(polygons))
    if not len(pairs.polygon):
        return found
    starts = np.flatnonzero(np.diff(pairs.polygon, prepend=-1))
    ends = np.append(starts[1:], len(pairs.polygon))
    first = 0
    while first < len(starts):
        last = max(int(np.searchsorted(ends, starts[first] + BLOCK, side="right")), first + 1)
        rows = slice(int(starts[first]), int(ends[last - 1]))
        which = pairs.polygon[starts[first:last]]
        local = np.repeat(np.arange(last - first), ends[first:last] - starts[first:last])
        found[which] = _block(polygons[which], centres, radii, local, pairs.disc[rows])
        first = last
    return found


def _block(polygons: Geometries, centres: Floats, radii: Floats, owner: Ints, disc: Ints) -> Floats:
    """Return covered areas of polygons, given pairs (owner, disc) ordered by owner."""
    n = len(polygons)
    origins = np.column_stack([shapely.get_x(middle := shapely.centroid(polygons)), shapely.get_y(middle)])
    circles = _Circles(owner, centres[disc] - origins[owner], radii[disc])
    edges = _edges(polygons, origins)
    return _inside_edges(n, circles, edges) + _arcs(polygons, origins, circles, edges)


def _edges(polygons: Geometries, origins: Floats) -> _Edges:
    parts, of_part = shapely.get_parts(shapely.orient_polygons(polygons), return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    points, of_point = shapely.get_coordinates(rings, return_index=True)
    same = of_point[1:] == of_point[:-1]
    owner = of_part[of_ring[of_point[:-1][same]]]
    start, end = points[:-1][same] - origins[owner], points[1:][same] - origins[owner]
    # a corner that is written twice, as clipping does, is no edge
    long = (start != end).any(axis=1)
    return _Edges(owner[long], start[long], end[long])


def _together(n: int, owner: Ints, other_owner: Ints) -> tuple[Ints, Ints]:
    """Return every (one, other) that belong to the same of ``n`` polygons."""
    order = np.argsort(other_owner, kind="stable")
    counts = np.bincount(other_owner, minlength=n)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    rows = np.repeat(np.arange(len(owner)), counts[owner])
    step = np.arange(len(rows)) - np.repeat(np.cumsum(counts[owner]) - counts[owner], counts[owner])
    other: Ints = order[first[owner[rows]] + step]
    return rows, other


def _crossings(
    rows: Ints, edge: Ints, circles: _Circles, edges: _Edges
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return where the lines of edges enter and leave circles, as shares of the edge, and whether they do."""
    along, towards = edges.end[edge] - edges.start[edge], edges.start[edge] - circles.centre[rows]
    a = (along**2).sum(axis=1)
    b = (along * towards).sum(axis=1)
    c = (towards**2).sum(axis=1) - circles.radius[rows] ** 2
    root = b * b - a * c
    meets = root > 0
    half = np.sqrt(np.where(meets, root, 0))
    return (-b - half) / a, (-b + half) / a, meets


def _inside_edges(n: int, circles: _Circles, edges: _Edges) -> Floats:
    """Return what the stretches of edges inside discs add to the area of each polygon."""
    rows, edge = _together(n, circles.owner, edges.owner)
    enters, leaves, meets = _crossings(rows, edge, circles, edges)
    low, high = np.clip(enters, 0, 1), np.clip(leaves, 0, 1)
    kept = meets & (high > low)
    free = _uncovered(edge[kept], low[kept], high[kept], len(edges.owner), 1.0)
    lengths = np.ones(len(edges.owner))
    np.subtract.at(lengths, free.owner, free.end - free.start)
    cross = edges.start[:, 0] * edges.end[:, 1] - edges.start[:, 1] * edges.end[:, 0]
    return np.bincount(edges.owner, weights=cross * lengths / 2, minlength=n).astype(np.float64)


@dataclass(frozen=True)
class _Gaps:
    owner: Ints
    start: Floats
    end: Floats


def _uncovered(owner: Ints, start: Floats, end: Floats, n: int, whole: float) -> _Gaps:
    """Return what intervals leave free of [0, ``whole``] for each of ``n`` owners."""
    owners = np.concatenate([owner, np.arange(n)])
    starts = np.concatenate([start, np.full(n, whole)])
    ends = np.concatenate([end, np.full(n, whole)])
    order = np.lexsort((starts, owners))
    owners, starts, ends = owners[order], starts[order], ends[order]
    # owners are further apart than any interval is long, so one running maximum serves them all
    apart = owners * (4 * whole)
    reached = np.maximum.accumulate(apart + ends)
    before = np.empty(len(owners))
    before[0] = 0.0
    before[1:] = np.where(owners[1:] == owners[:-1], reached[:-1] - apart[1:], 0.0)
    free = starts > before
    return _Gaps(owners[free], before[free], starts[free])


def _arcs(polygons: Geometries, origins: Floats, circles: _Circles, edges: _Edges) -> Floats:
    """Return what the free arcs of circles add to the area of each polygon."""
    in_others, swallowed = _inside_others(circles)
    outside = _outside_polygon(polygons, origins, circles, edges, ~swallowed)
    free = _uncovered(
        np.concatenate([in_others.owner, outside.owner]),
        np.concatenate([in_others.start, outside.start]),
        np.concatenate([in_others.end, outside.end]),
        len(circles.owner),
        TURN,
    )
    kept = ~swallowed[free.owner]
    row, a, b = free.owner[kept], free.start[kept], free.end[kept]
    r, (x, y) = circles.radius[row], circles.centre[row].T
    added = r * (r * (b - a) + x * (np.sin(b) - np.sin(a)) - y * (np.cos(b) - np.cos(a))) / 2
    found = np.bincount(circles.owner[row], weights=added, minlength=len(polygons))
    return found.astype(np.float64)


def _split(owner: Ints, middle: Floats, half: Floats) -> _Gaps:
    """Return intervals around angles, those that pass the turn split in two."""
    start = np.mod(middle - half, TURN)
    end = start + 2 * half
    over = end > TURN
    return _Gaps(
        np.concatenate([owner, owner[over]]),
        np.concatenate([start, np.zeros(int(over.sum()))]),
        np.concatenate([np.minimum(end, TURN), end[over] - TURN]),
    )


def _inside_others(circles: _Circles) -> tuple[_Gaps, NDArray[np.bool_]]:
    """Return which parts of each circle lie in other discs of its polygon, and which discs lie in another."""
    owner, centre, radius = circles.owner, circles.centre, circles.radius
    m = len(owner)
    one, other = _together(int(owner[-1]) + 1, owner, owner)
    apart = one != other
    one, other = one[apart], other[apart]
    between = centre[other] - centre[one]
    distance = np.hypot(between[:, 0], between[:, 1])
    own, their = radius[one], radius[other]
    # of discs that are the same, the first stays
    holds = (distance + own < their) | ((distance + own == their) & ((own < their) | (other < one)))
    swallowed = np.zeros(m, bool)
    swallowed[one[holds]] = True
    meets = (distance < own + their) & (distance > np.abs(own - their))
    cosine = (distance**2 + own**2 - their**2)[meets] / (2 * distance * own)[meets]
    half = np.arccos(np.clip(cosine, -1, 1))
    return _split(one[meets], np.arctan2(between[meets, 1], between[meets, 0]), half), swallowed


def _outside_polygon(
    polygons: Geometries, origins: Floats, circles: _Circles, edges: _Edges, wanted: NDArray[np.bool_]
) -> _Gaps:
    """Return which parts of each circle lie outside its polygon."""
    owner, centre, radius = circles.owner, circles.centre, circles.radius
    rows, edge = _together(len(polygons), owner, edges.owner)
    chosen = wanted[rows]
    rows, edge = rows[chosen], edge[chosen]
    enters, leaves, meets = _crossings(rows, edge, circles, edges)
    row = np.concatenate([rows, rows])
    share = np.concatenate([enters, leaves])
    which = np.concatenate([edge, edge])
    on_edge = np.concatenate([meets, meets]) & (share >= 0) & (share <= 1)
    row, share, which = row[on_edge], share[on_edge], which[on_edge]
    start, end = edges.start[which], edges.end[which]
    point = start + share[:, None] * (end - start) - centre[row]
    angle = np.mod(np.arctan2(point[:, 1], point[:, 0]), TURN)
    # every circle begins at 0, so that its arcs are the stretches between neighbouring marks
    marks = np.concatenate([row, np.flatnonzero(wanted)])
    angles = np.concatenate([angle, np.zeros(int(wanted.sum()))])
    order = np.lexsort((angles, marks))
    marks, angles = marks[order], angles[order]
    following = np.full(len(marks), TURN)
    following[:-1] = np.where(marks[1:] == marks[:-1], angles[1:], TURN)
    middle = (angles + following) / 2
    x = centre[marks, 0] + radius[marks] * np.cos(middle) + origins[owner[marks], 0]
    y = centre[marks, 1] + radius[marks] * np.sin(middle) + origins[owner[marks], 1]
    outside = ~shapely.contains_xy(polygons[owner[marks]], x, y)
    return _Gaps(marks[outside], angles[outside], following[outside])
