"""Who lives within reach of public transport, and who does not: the transport gap (交通空白).

A place is covered when a stop of some mode lies within that mode's distance. Two ways to count people on grid
cells: ``cell_centroid`` takes a whole cell by its centre, ``area_weight`` by the share of its area that is
covered. Distances to centres are straight lines on the GRS 80 ellipsoid; areas are measured in the plane
rectangular system (平面直角座標系) of the prefecture.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from geo.transit import mesh
from geo.transit.discs import Pairs, covered_areas
from geo.transit.stops import UNKNOWN, Stops, departures_between

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Geometries = NDArray[np.object_]
Method = Literal["cell_centroid", "area_weight"]

#: GRS 80.
MAJOR_M, FLATTENING = 6_378_137.0, 1 / 298.257222101

#: Prefecture number → EPSG code of its plane rectangular system on JGD2011. 北海道, 東京都, 鹿児島県, 沖縄県
#: have several: the one here serves most of their people, and longitude tells the rest (``plane_of``).
PLANES = {
    1: 6680, 2: 6678, 3: 6678, 4: 6678, 5: 6678, 6: 6678, 7: 6677, 8: 6677, 9: 6677, 10: 6677, 11: 6677,
    12: 6677, 13: 6677, 14: 6677, 15: 6676, 16: 6675, 17: 6675, 18: 6674, 19: 6676, 20: 6676, 21: 6675,
    22: 6676, 23: 6675, 24: 6674, 25: 6674, 26: 6674, 27: 6674, 28: 6673, 29: 6674, 30: 6674, 31: 6673,
    32: 6671, 33: 6673, 34: 6671, 35: 6671, 36: 6672, 37: 6672, 38: 6672, 39: 6672, 40: 6670, 41: 6670,
    42: 6669, 43: 6670, 44: 6670, 45: 6670, 46: 6670, 47: 6683,
}  # fmt: skip


@dataclass(frozen=True)
class Definition:
    """What counts as being within reach: data, not law. No threshold is national.

    Attributes
    ----------
    distances : mode → metres; a mode that is not in it does not count
    classes : class codes of P11 that count as a bus; empty for all
    kana : how ``name_ja`` is read, in hiragana
    least_departures : of buses, on a day of kind ``day`` from hour ``first`` to before ``last``; 0 for none
    """

    id: str
    name_ja: str
    name_en: str
    distances: Mapping[str, float]
    classes: tuple[str, ...] = ()
    least_departures: int = 0
    day: str = "weekday"
    first: int = 0
    last: int = 30
    source_title: str = ""
    source_title_en: str = ""
    source_url: str = ""
    note: str = ""
    note_en: str = ""
    kana: str = ""

    @property
    def reach_m(self) -> float:
        """The longest of its distances."""
        return max(self.distances.values())


def counted(stops: Stops, definition: Definition) -> tuple[Stops, Floats]:
    """Return the stops that count under a definition, and the distance of each.

    A definition that asks for departures counts no bus stop whose timetable is not known.
    """
    reach = np.array([definition.distances.get(mode, 0.0) for mode in stops.modes], np.float64)
    kept = reach > 0
    by_bus = np.isin(stops.modes.astype(str), ("bus", "demand"))
    if definition.classes:
        wanted = [
            not listed or not set(listed.split(";")).isdisjoint(definition.classes)
            for listed in stops.classes
        ]
        kept &= ~by_bus | np.array(wanted, bool)
    if definition.least_departures:
        often = departures_between(stops, definition.day, definition.first, definition.last)
        kept &= ~by_bus | (often >= max(definition.least_departures, UNKNOWN + 1))
    return stops.take(kept), reach[kept]


def on_ellipsoid(lon: Floats, lat: Floats) -> Floats:
    """Return (n, 3) places on the GRS 80 ellipsoid in metres from the Earth's centre.

    The chord between two of them is shorter than the way along the ellipsoid by d³/24R²: a micrometre at a
    kilometre.
    """
    phi, lam = np.radians(lat), np.radians(lon)
    squared = FLATTENING * (2 - FLATTENING)
    normal = MAJOR_M / np.sqrt(1 - squared * np.sin(phi) ** 2)
    across = normal * np.cos(phi)
    up = normal * (1 - squared) * np.sin(phi)
    return np.column_stack([across * np.cos(lam), across * np.sin(lam), up])


def _tree(points: Floats) -> Any:
    # scipy takes half a second, which a process that never counts a gap need not pay
    from scipy.spatial import cKDTree

    return cKDTree(points)


def nearest_m(lon: Floats, lat: Floats, stops: Stops, *, workers: int = 1) -> Floats:
    """Return the distance in metres from each place to the nearest stop; infinite where there is none.

    Parameters
    ----------
    workers : threads that search together; -1 for as many as there are cores
    """
    if not len(stops):
        return np.full(len(lon), np.inf)
    tree = _tree(on_ellipsoid(stops.lon, stops.lat))
    distances, _ = tree.query(on_ellipsoid(lon, lat), workers=workers)
    return np.asarray(distances, np.float64)


def is_covered(
    lon: Floats, lat: Floats, stops: Stops, definition: Definition, *, workers: int = 1
) -> NDArray[np.bool_]:
    """Return whether each place lies within reach: at the distance itself, it does."""
    found = np.zeros(len(lon), bool)
    chosen, reach = counted(stops, definition)
    for metres in np.unique(reach):
        found |= nearest_m(lon, lat, chosen.take(reach == metres), workers=workers) <= metres
    return found


# Cells and the municipalities they lie in


@dataclass(frozen=True)
class Parts:
    """Cells cut at municipal boundaries, ordered by cell.

    Attributes
    ----------
    cell, area : index of the cell and of the municipality
    outline : in degrees
    share : of the cell's land in this part
    is_centre : whether the cell's centre lies in it (of exactly one part of a cell)
    """

    cell: Ints
    area: Ints
    outline: Geometries
    share: Floats
    is_centre: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.cell)


def apart(outlines: Geometries, editions: Sequence[Hashable]) -> Geometries:
    """Return outlines of several editions without overlaps; those of one edition stay as they are.

    Where editions overlap, as borders of another detail do, the one whose outlines have more vertices keeps
    the land, and the other gives way.

    Parameters
    ----------
    outlines : of municipalities, in degrees
    editions : what each outline is of
    """
    if len(set(editions)) < 2:
        return outlines
    vertices = shapely.get_num_coordinates(outlines)
    named: dict[Hashable, list[int]] = {edition: [] for edition in editions}
    for edition, number in zip(editions, vertices.tolist(), strict=True):
        named[edition].append(number)
    ordered = sorted(named, key=lambda edition: -float(np.mean(named[edition])))
    rank = np.array([ordered.index(edition) for edition in editions])
    given, taker = shapely.STRtree(outlines).query(outlines, predicate="intersects")
    gives_way = rank[given] > rank[taker]
    found = outlines.copy()
    for place in np.unique(given[gives_way]).tolist():
        takers = outlines[taker[gives_way & (given == place)]]
        found[place] = _polygons(shapely.difference(outlines[place], shapely.union_all(takers)))
    return found


def parts_of(codes: Sequence[str], outlines: Geometries, *, sea: bool = True) -> Parts:
    """Return cells cut at boundaries; what lies in no municipality is left out.

    Parameters
    ----------
    codes : mesh codes
    outlines : of municipalities, in degrees
    sea : whether what lies in no outline is sea, where nobody lives: then a cell's people live in its parts,
        and a cell whose centre is at sea belongs to its largest part. Otherwise it is land that is not known,
        and the people of a cell are told as far as its known parts reach
    """
    box = mesh.bounds(codes)
    cells = shapely.box(box[:, 1], box[:, 0], box[:, 3], box[:, 2])
    lon, lat = (box[:, 1] + box[:, 3]) / 2, (box[:, 0] + box[:, 2]) / 2
    tree = shapely.STRtree(cells)
    inner, touching = [], []
    for place, outline in enumerate(outlines):
        shapely.prepare(outline)
        near = tree.query(outline)
        whole = shapely.contains_properly(outline, cells[near])
        inner.append((np.full(int(whole.sum()), place), near[whole]))
        rest = near[~whole]
        rest = rest[shapely.intersects(outline, cells[rest])]
        touching.append((np.full(len(rest), place), rest))
    area, cell = (np.concatenate(column).astype(np.intp) for column in zip(*inner, strict=True))
    cut_area, cut_cell = (np.concatenate(column).astype(np.intp) for column in zip(*touching, strict=True))
    pieces = _clipped(outlines, cut_area, box[cut_cell])
    size = shapely.area(pieces)
    kept = size > 0
    cut_area, cut_cell, pieces, size = cut_area[kept], cut_cell[kept], pieces[kept], size[kept]
    land = np.bincount(cut_cell, weights=size, minlength=len(codes)) if sea else shapely.area(cells)
    centre = shapely.contains_xy(pieces, lon[cut_cell], lat[cut_cell])
    if sea:
        centre |= _largest_where_none(cut_cell, size, centre, len(codes))
    cell_of = np.concatenate([cell, cut_cell])
    order = np.argsort(cell_of, kind="stable")
    outline_of = np.concatenate([cells[cell], pieces])
    share = np.concatenate([np.ones(len(cell)), size / land[cut_cell]])
    is_centre = np.concatenate([np.ones(len(cell), bool), centre])
    area_of = np.concatenate([area, cut_area])
    return Parts(cell_of[order], area_of[order], outline_of[order], share[order], is_centre[order])


def _clipped(outlines: Geometries, area: Ints, box: Floats) -> Geometries:
    """Return the parts of outlines in boxes, as polygons."""
    found = np.empty(len(area), object)
    for place in np.unique(area):
        rows = np.flatnonzero(area == place)
        pieces = [
            shapely.clip_by_rect(outlines[place], west, south, east, north)
            for south, west, north, east in box[rows]
        ]
        found[rows] = [
            piece if shapely.get_type_id(piece) in (3, 6) else _polygons(piece) for piece in pieces
        ]
    broken = ~shapely.is_valid(found)
    found[broken] = shapely.buffer(found[broken], 0)
    return found


def _polygons(piece: shapely.Geometry) -> shapely.Geometry:
    parts = shapely.get_parts(piece)
    return shapely.MultiPolygon(list(parts[shapely.get_type_id(parts) == 3]))


def _largest_where_none(cell: Ints, size: Floats, centre: NDArray[np.bool_], n: int) -> NDArray[np.bool_]:
    """Return the largest part of each cell whose centre lies in none of its parts."""
    has = np.bincount(cell, weights=centre, minlength=n) > 0
    order = np.lexsort((-size, cell))
    first = np.ones(len(cell), bool)
    first[1:] = cell[order][1:] != cell[order][:-1]
    largest = np.zeros(len(cell), bool)
    largest[order[first]] = True
    return largest & ~has[cell]


# Areas


@cache
def _to_plane(epsg: int) -> Transformer:
    return Transformer.from_crs(6668, epsg, always_xy=True)


def plane_of(prefecture: int, lon: float) -> int:
    """Return the EPSG code of the plane rectangular system for a place in a prefecture.

    >>> plane_of(10, 139.4), plane_of(1, 143.2), plane_of(13, 142.2)
    (6677, 6681, 6682)
    """
    if prefecture == 1:
        return 6679 if lon < 141 else 6680 if lon < 142.8 else 6681
    if prefecture == 13 and lon > 140.5:
        return 6682 if lon < 145 else 6687
    if prefecture == 47:
        return 6684 if lon < 126 else 6685 if lon > 130 else 6683
    if prefecture == 46 and lon < 130.1:
        return 6669
    return PLANES[prefecture]


def in_plane(outlines: Geometries, epsg: int, *, back: bool = False) -> Geometries:
    """Return outlines in a plane rectangular system, in metres, x to the east; or back in degrees."""
    to_plane, way = _to_plane(epsg), "INVERSE" if back else "FORWARD"
    return shapely.transform(
        outlines,
        lambda vertices: np.column_stack(to_plane.transform(vertices[:, 0], vertices[:, 1], direction=way)),
    )


def covered_shares(
    parts: Geometries, epsg: Ints, stops: Stops, definition: Definition, *, workers: int = 1
) -> tuple[Floats, Floats]:
    """Return area in m² and covered share of outlines given in degrees.

    Parameters
    ----------
    parts : (n,) polygons in degrees
    epsg : (n,) plane rectangular system of each
    workers : threads that search together; -1 for as many as there are cores
    """
    areas, covered = np.zeros(len(parts)), np.zeros(len(parts))
    chosen, reach = counted(stops, definition)
    for system in np.unique(epsg):
        rows = np.flatnonzero((epsg == system) & ~shapely.is_empty(parts))
        outlines = in_plane(parts[rows], int(system))
        areas[rows] = shapely.area(outlines)
        if len(chosen):
            to_plane = _to_plane(int(system))
            centres = np.column_stack(to_plane.transform(chosen.lon, chosen.lat))
            covered[rows] = _covered(outlines, areas[rows], centres, reach, workers)
    return areas, np.divide(covered, areas, out=np.zeros(len(parts)), where=areas > 0).clip(0, 1)


def _covered(outlines: Geometries, areas: Floats, centres: Floats, reach: Floats, workers: int) -> Floats:
    """Return the covered area of outlines of a plane: those that a disc holds whole need no arcs."""
    box = shapely.bounds(outlines)
    middle = np.column_stack([(box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2])
    half = np.hypot(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]) / 2
    whole = np.zeros(len(outlines), bool)
    near: list[tuple[Ints, Ints]] = []
    finite = np.isfinite(centres).all(axis=1)
    for metres in np.unique(reach):
        discs = np.flatnonzero((reach == metres) & finite)
        listed = _tree(centres[discs]).query_ball_point(middle, metres + half, workers=workers)
        counts = np.fromiter(map(len, listed), np.intp, len(listed))
        polygon = np.repeat(np.arange(len(outlines)), counts)
        disc = (
            discs[np.concatenate([np.asarray(each, np.intp) for each in listed])]
            if counts.any()
            else discs[:0]
        )
        offset = np.abs(centres[disc] - middle[polygon])
        extent = np.column_stack([box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]])[polygon] / 2
        far = np.hypot(*(offset + extent).T)
        whole[polygon[far <= metres]] = True
        meets = np.hypot(*np.maximum(offset - extent, 0).T) < metres
        near.append((polygon[meets], disc[meets]))
    polygon, disc = (np.concatenate(column) for column in zip(*near, strict=True))
    open_to = ~whole[polygon]
    polygon, disc = polygon[open_to], disc[open_to]
    order = np.lexsort((disc, polygon))
    found = covered_areas(outlines, centres, reach, Pairs(polygon[order], disc[order]))
    return np.where(whole, areas, found)
