"""The transport gap of a part of the country: its municipalities, the cells in them, and what is uncovered.

A partition is a prefecture (or any set of municipalities) with its margin: cells that lie in it, the outlines
of every municipality that these cells touch, and the stops within the longest distance of them. It can be
counted by itself, here or on another machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.transit import mesh
from geo.transit.access import (
    Definition,
    Parts,
    counted,
    covered_shares,
    is_covered,
    nearest_m,
    parts_of,
    plane_of,
)
from geo.transit.stops import Stops, joined

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Geometries = NDArray[np.object_]

#: Columns of people that are counted where the grid has them.
PEOPLE = ("population", "population_65_plus", "population_75_plus")
#: Land is told by cells of 1 km.
LAND_DIGITS = 8


@dataclass(frozen=True)
class Partition:
    """What a gap is counted from.

    Attributes
    ----------
    areas : codes of municipalities, with their outlines in degrees; those that are ``own`` are told
    cells : mesh codes, with their people by column; NaN where they are not known
    stops : all that may reach them
    sea : whether what lies in no outline is sea, or land of which the boundaries are not known
    missing : code of a cell whose population is not known → why, such as ``secret``
    """

    areas: tuple[str, ...]
    outlines: Geometries
    own: NDArray[np.bool_]
    cells: tuple[str, ...]
    people: Mapping[str, Floats]
    stops: Stops
    sea: bool = True
    missing: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def parts(self) -> Parts:
        """The cells cut at municipal boundaries."""
        return parts_of(self.cells, self.outlines, sea=self.sea)

    @cached_property
    def planes(self) -> Ints:
        """The plane rectangular system of each part."""
        return self._planes(self.parts)

    @cached_property
    def land(self) -> Parts:
        """The own municipalities cut into cells of 1 km."""
        own = self.outlines.copy()
        own[~self.own] = shapely.Polygon()
        return parts_of(_land_cells(self.outlines[self.own]), own)

    @cached_property
    def centres(self) -> tuple[Floats, Floats]:
        """Longitudes and latitudes of the middles of the cells."""
        return mesh.centres(self.cells)

    def _planes(self, parts: Parts) -> Ints:
        prefectures = np.array([int(code[:2]) for code in self.areas])
        middle = shapely.get_x(shapely.centroid(self.outlines))
        of_area = np.array(
            [plane_of(*pair) for pair in zip(prefectures.tolist(), middle.tolist(), strict=True)]
        )
        found: Ints = of_area[parts.area]
        return found


def _land_cells(outlines: Geometries) -> list[str]:
    """Return the cells of 1 km in the box of each outline, from the south-west on, each once.

    One box around all of them would be a hundred times the land of Tokyo, whose islands reach to Ogasawara.
    """
    west, south, east, north = shapely.bounds(outlines).T
    sides = south * 120, north * 120, (west - 100) * 80, (east - 100) * 80
    lows, highs, firsts, lasts = (np.floor(side).astype(int).tolist() for side in sides)
    places = {
        (row, column)
        for low, high, first, last in zip(lows, highs, firsts, lasts, strict=True)
        for row in range(low, high + 1)
        for column in range(first, last + 1)
    }
    return [
        mesh.code_at((row + 0.5) / 120, 100 + (column + 0.5) / 80, LAND_DIGITS)
        for row, column in sorted(places)
    ]


@dataclass(frozen=True)
class Counts:
    """People, or square metres, of one municipality: all, and those in the gap.

    Attributes
    ----------
    all, gap : of the cells that have a figure; NaN where none of its cells has one
    missing : cells, by their centres, that have no figure: they are in neither
    """

    all: float
    gap: float
    missing: int = 0

    @property
    def share(self) -> float | None:
        """The share in the gap; None where there is nobody, or nobody is known."""
        return self.gap / self.all if self.all > 0 else None


@dataclass(frozen=True)
class Gap:
    """A partition counted under a definition.

    Attributes
    ----------
    by_area, by_centre : municipality → column of people → counts, by ``area_weight`` and ``cell_centroid``
    land : municipality → counts in square metres; empty where it was not asked for
    cell_area : (n,) index of the municipality of each cell's centre, -1 for a cell outside all
    distance_m : (n,) from each cell's centre to the nearest stop that counts
    covered : (n,) whether that centre is within reach
    covered_share : (n,) share of each cell's land within reach
    part_shares : (m,) covered share of each part of the partition
    """

    by_area: Mapping[str, Mapping[str, Counts]]
    by_centre: Mapping[str, Mapping[str, Counts]]
    land: Mapping[str, Counts]
    cell_area: Ints
    distance_m: Floats
    covered: NDArray[np.bool_]
    covered_share: Floats
    part_shares: Floats


def gap_of(partition: Partition, definition: Definition, *, with_land: bool = True, workers: int = 1) -> Gap:
    """Return the gap of a partition.

    Parameters
    ----------
    workers : threads that search together; -1 for as many as there are cores
    """
    parts, stops = partition.parts, partition.stops
    _, shares = covered_shares(parts.outline, partition.planes, stops, definition, workers=workers)
    lon, lat = partition.centres
    covered = is_covered(lon, lat, stops, definition, workers=workers)
    chosen, _ = counted(stops, definition)
    land = _land(partition, definition, workers) if with_land else {}
    return _told(partition, shares, covered, nearest_m(lon, lat, chosen, workers=workers), land)


def _told(
    partition: Partition,
    shares: Floats,
    covered: NDArray[np.bool_],
    distance: Floats,
    land: Mapping[str, Counts],
) -> Gap:
    parts, n = partition.parts, len(partition.cells)
    cell_area = np.full(n, -1, np.intp)
    cell_area[parts.cell[parts.is_centre]] = parts.area[parts.is_centre]
    inside = np.flatnonzero(cell_area >= 0)
    return Gap(
        by_area=_sums(partition, cell_area, parts.cell, parts.area, parts.share, 1 - shares),
        by_centre=_sums(partition, cell_area, inside, cell_area[inside], None, (~covered)[inside]),
        land=land,
        cell_area=cell_area,
        distance_m=distance,
        covered=covered,
        covered_share=np.bincount(parts.cell, weights=parts.share * shares, minlength=n).astype(np.float64),
        part_shares=shares,
    )


@dataclass(frozen=True)
class Change:
    """What is other than before: stops that are gone, stops that are new, zones with a service.

    Attributes
    ----------
    removed : (k,) which stops of the partition are gone
    added : stops that were not there
    zones : polygons in degrees within which everybody is served (a demand bus)
    """

    removed: NDArray[np.bool_]
    added: Stops
    zones: Geometries


def gap_after(partition: Partition, before: Gap, definition: Definition, change: Change) -> Gap:
    """Return the gap of a partition after a change, counted anew only where the change reaches.

    Parameters
    ----------
    before : of the same partition and definition; without land
    """
    gone = partition.stops.take(change.removed)
    stops = joined([partition.stops.take(~change.removed), change.added])
    lon, lat = partition.centres
    reach = definition.reach_m + _HALF_DIAGONAL_M[len(partition.cells[0])] if partition.cells else 0.0
    moved = joined([gone, change.added])
    near = nearest_m(lon, lat, moved) <= reach
    covered, distance, shares = before.covered.copy(), before.distance_m.copy(), before.part_shares.copy()
    covered[near] = is_covered(lon[near], lat[near], stops, definition)
    chosen, _ = counted(stops, definition)
    far = near | (nearest_m(lon, lat, moved) <= distance)
    distance[far] = nearest_m(lon[far], lat[far], chosen)
    parts = partition.parts
    touched = near[parts.cell]
    _, shares[touched] = covered_shares(parts.outline[touched], partition.planes[touched], stops, definition)
    if len(change.zones):
        zone = shapely.union_all(change.zones)
        shapely.prepare(zone)
        covered |= shapely.contains_xy(zone, lon, lat)
        inside = np.flatnonzero(shapely.intersects(zone, parts.outline))
        shares[inside] = _with_zone(partition, inside, zone, stops, definition)
    return _told(partition, shares, covered, distance, {})


#: Half the diagonal of a cell, metres, by the digits of its code; no cell of Japan is larger.
_HALF_DIAGONAL_M = {8: 800.0, 9: 400.0, 10: 200.0, 11: 100.0}


def _with_zone(
    partition: Partition, inside: Ints, zone: shapely.Geometry, stops: Stops, definition: Definition
) -> Floats:
    """Return covered shares of the parts ``inside`` whose land within a zone is covered too."""
    outlines, planes = partition.parts.outline[inside], partition.planes[inside]
    left = shapely.difference(outlines, zone)
    whole, _ = covered_shares(outlines, planes, stops.take(np.zeros(len(stops), bool)), definition)
    areas, shares = covered_shares(left, planes, stops, definition)
    found: Floats = 1 - areas * (1 - shares) / whole
    return found


def _sums(
    partition: Partition,
    cell_area: Ints,
    cell: Ints,
    area: Ints,
    weight: Floats | None,
    gap: Floats | NDArray[np.bool_],
) -> dict[str, dict[str, Counts]]:
    """Return the counts of each own municipality by column of people.

    Parameters
    ----------
    cell_area : (n,) municipality of each cell's centre, by which cells without a figure are counted
    cell, area, weight, gap : (m,) parts of cells, their share of the cell, and their share in the gap
    """
    m = len(partition.areas)
    inside = cell_area >= 0
    found: dict[str, dict[str, Counts]] = {
        code: {} for code, own in zip(partition.areas, partition.own, strict=True) if own
    }
    for column in PEOPLE:
        people = partition.people.get(column)
        if people is None:
            continue
        is_known = np.isfinite(people)
        told = np.nan_to_num(people[cell]) * (1.0 if weight is None else weight)
        # of nothing bincount makes whole numbers, which cannot be missing
        every = np.bincount(area, weights=told, minlength=m).astype(np.float64)
        uncovered = np.bincount(area, weights=told * gap, minlength=m).astype(np.float64)
        missing = np.bincount(cell_area[inside & ~is_known], minlength=m)
        known, unknown = (
            np.bincount(area[which], minlength=m) for which in (is_known[cell], ~is_known[cell])
        )
        nobody_known = (known == 0) & (unknown > 0)
        every[nobody_known] = uncovered[nobody_known] = np.nan
        for place, code in enumerate(partition.areas):
            if partition.own[place]:
                counts = Counts(float(every[place]), float(uncovered[place]), int(missing[place]))
                found[code][column] = counts
    return found


def _land(partition: Partition, definition: Definition, workers: int) -> dict[str, Counts]:
    land, planes = partition.land, partition._planes(partition.land)
    areas, shares = covered_shares(land.outline, planes, partition.stops, definition, workers=workers)
    every = np.bincount(land.area, weights=areas, minlength=len(partition.areas))
    uncovered = np.bincount(land.area, weights=areas * (1 - shares), minlength=len(partition.areas))
    return {
        code: Counts(float(every[place]), float(uncovered[place]))
        for place, code in enumerate(partition.areas)
        if partition.own[place]
    }


# What follows from a gap


@dataclass(frozen=True)
class Cluster:
    """Cells in the gap that touch one another: how many people live there, and where their middle is.

    ``people`` are those of the cells that have a figure, NaN where none has.
    """

    cells: tuple[int, ...]
    people: float
    lon: float
    lat: float


def clusters(cells: Sequence[str], people: Floats, uncovered: NDArray[np.bool_]) -> list[Cluster]:
    """Return groups of uncovered cells that touch (at corners too), the most populous first.

    A cell where nobody lives is in no group; one whose people are not known (NaN) is.
    """
    chosen = np.flatnonzero(uncovered & (people != 0))
    if not len(chosen):
        return []
    codes = [cells[place] for place in chosen.tolist()]
    label = _touching(codes)
    known = np.isfinite(people[chosen])
    told = np.where(known, people[chosen], 0.0)
    total, number = np.bincount(label, weights=told), np.bincount(label, weights=known)
    weight = np.where(number[label] > 0, told, 1.0)
    lon, lat = (
        np.bincount(label, weights=degrees * weight) / np.bincount(label, weights=weight)
        for degrees in mesh.centres(codes)
    )
    total[number == 0] = np.nan
    members = np.split(chosen[np.argsort(label, kind="stable")], np.cumsum(np.bincount(label))[:-1])
    found = [
        Cluster(tuple(inside.tolist()), float(total[place]), float(lon[place]), float(lat[place]))
        for place, inside in enumerate(members)
    ]
    return sorted(found, key=lambda one: (np.isnan(one.people), -one.people, one.cells[0]))


def _touching(codes: Sequence[str]) -> Ints:
    """Return the number of the group that each cell belongs to."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    south, west, north, east = mesh.edges(codes)
    y, x = south // (north - south), west // (east - west)
    # one column more than there are, so that the last cell of a row does not touch the first of the next
    width = int(x.max() - x.min()) + 2
    key = (y - y.min()) * width + (x - x.min())
    order = np.argsort(key)
    one, other = [], []
    for step in (1, width - 1, width, width + 1):
        at = np.searchsorted(key[order], key + step).clip(max=len(key) - 1)
        touches = key[order][at] == key + step
        one.append(np.flatnonzero(touches))
        other.append(order[at[touches]])
    pairs = np.concatenate(one), np.concatenate(other)
    graph = coo_array((np.ones(len(pairs[0]), np.int8), pairs), shape=(len(key), len(key)))
    _, label = connected_components(graph, directed=False)
    return label.astype(np.intp)


def band_of(distance: Floats, edges: Sequence[float]) -> Ints:
    """Return the number of the band that each distance lies in; a band is closed above, the last is open.

    >>> band_of(np.array([0.0, 500.0, 501.0, np.inf]), [0, 500, 1000]).tolist()
    [0, 0, 1, 2]
    """
    return np.searchsorted(np.asarray(edges[1:], float), distance, side="left")


def bands(distance: Floats, people: Floats, edges: Sequence[float]) -> list[float]:
    """Return the people whose nearest stop lies between successive distances; the last band is open.

    Cells without a figure (NaN) are left out; a band that has no other cells is NaN.

    >>> bands(np.array([100.0, 500.0, 501.0, np.inf]), np.array([1.0, 2.0, 4.0, np.nan]), [0, 500, 1000])
    [3.0, 4.0, nan]
    """
    place, known = band_of(distance, edges), np.isfinite(people)
    # of nothing bincount makes whole numbers, which cannot be missing
    counts = np.bincount(place[known], weights=people[known], minlength=len(edges)).astype(np.float64)
    is_known, is_met = (np.bincount(which, minlength=len(edges)) > 0 for which in (place[known], place))
    counts[is_met & ~is_known] = np.nan
    return [float(count) for count in counts]
