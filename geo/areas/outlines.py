"""Areas at three levels and three details that still share their borders.

Parts of a boundary file become wards, municipalities and prefectures, simplified as one coverage.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod

from geo.codes import DESIGNATED_CITIES, WARD_CITY, city_of, kind_of, prefecture_of
from geo.errors import Finding, InvalidGeometry

Geometries = NDArray[np.object_]
#: Places of the parts that an area is made of.
Members = tuple[int, ...]

LEVELS = ("ward", "municipality", "prefecture")
#: Simplification tolerance in degrees: half a pixel of a 512-pixel tile at the last zoom that uses it
#: (zoom 5 and 8). ``high`` is the outline as ingested.
TOLERANCES = {"low": 0.01, "medium": 0.0012, "high": 0.0}
GRS80 = Geod(ellps="GRS80")
#: How a part without a code is called: land of unassigned ownership (所属未定地).
UNASSIGNED = "unassigned"


@dataclass(frozen=True)
class Area:
    """One area of one level, its outline in every detail.

    Attributes
    ----------
    area_km2 : on the GRS 80 ellipsoid, from the outline as ingested
    outlines : detail → MultiPolygon in WGS 84, exterior rings counter-clockwise
    """

    code: str
    name: str
    kind: str
    prefecture: str
    parent: str | None
    area_km2: float
    outlines: Mapping[str, shapely.MultiPolygon]


@dataclass(frozen=True)
class _Whole:
    """The outline of the same parts, whatever the level calls them."""

    area_km2: float
    outlines: Mapping[str, shapely.MultiPolygon]


@dataclass(frozen=True)
class Report:
    """What was found and done.

    Attributes
    ----------
    counts : areas per level
    parts : features of the file
    unassigned : features without a code; they belong to their prefecture alone
    repaired : codes whose outline was no valid geometry
    mismatched : codes whose borders overlap a neighbour's or leave a gap
    dropped_islets : detail → islets left out there because they are smaller than a pixel
    """

    counts: Mapping[str, int]
    parts: int
    unassigned: int
    repaired: tuple[str, ...]
    mismatched: tuple[str, ...]
    dropped_islets: Mapping[str, int]


def areas_of(parts: geopandas.GeoDataFrame) -> tuple[dict[str, list[Area]], Report]:
    """Return the areas of every level that the parts tell, ordered by code, and a report.

    Where a designated city is whole, its wards are not told, and there is no level of wards.
    Parts are joined by code; municipalities are their wards joined, prefectures their municipalities
    and the land that belongs to none. Every level is cut from ONE simplified coverage, so that neighbours
    share their borders, across levels too. No area vanishes: the largest part of each is kept.

    Raises
    ------
    InvalidGeometry : a geometry that cannot be repaired
    """
    repaired: list[str] = []
    joined = parts.assign(key=[code or f"{UNASSIGNED} {i}" for i, code in enumerate(parts["code"])])
    keys: list[str] = []
    outlines: list[shapely.Geometry] = []
    for key, group in joined.groupby("key", sort=True):
        geometry, was_repaired = _repaired(group.geometry.array, str(key))
        keys.append(str(key))
        outlines.append(geometry)
        if was_repaired:
            repaired.append(str(key))
    names = dict(zip(joined["key"], joined["name"], strict=True))
    prefectures = dict(zip(joined["key"], joined["prefecture"], strict=True))
    coverage = np.array(outlines, object)
    told = LEVELS if DESIGNATED_CITIES.isdisjoint(keys) else LEVELS[1:]
    groups = {level: _groups(level, keys, prefectures) for level in told}
    # most municipalities are no cities of wards, and the same at both levels
    different = {members for found in groups.values() for members in found.values()}
    # One after another: simplifying takes several times the memory of the outlines.
    simplified = {
        detail: _simplified(coverage, tolerance) for detail, tolerance in TOLERANCES.items() if tolerance
    }
    edges = shapely.coverage_invalid_edges(coverage)
    mismatched = [key for key, edge in zip(keys, edges, strict=True) if not shapely.is_empty(edge)]
    wholes = {members: _whole(members, coverage, simplified) for members in different}
    levels = {level: _level(level, found, keys, names, wholes) for level, found in groups.items()}
    counts = {level: len(areas) for level, areas in levels.items()}
    unassigned = sum(key.startswith(UNASSIGNED) for key in keys)
    dropped = {detail: simplified[detail][1] if detail in simplified else 0 for detail in TOLERANCES}
    return levels, Report(counts, len(parts), unassigned, tuple(repaired), tuple(mismatched), dropped)


def _repaired(parts: Iterable[shapely.Geometry], key: str) -> tuple[shapely.Geometry, bool]:
    """Return the parts of one area as one valid geometry, and whether a part had to be repaired."""
    given = np.array(list(parts), object)
    if len(given) == 1 and given[0].geom_type == "MultiPolygon" and _is_sound(given[0]):
        return given[0], False  # the whole country once more would take a tenth of a gigabyte
    polygons = shapely.get_parts(given)
    valid = shapely.is_valid(polygons)
    if not valid.all():
        # "structure" is bounded in time where "linework" is not, and keeps holes as holes
        polygons = np.where(
            valid, polygons, shapely.make_valid(polygons, method="structure", keep_collapsed=False)
        )
        polygons = shapely.get_parts(polygons)
    whole = shapely.multipolygons(polygons[shapely.get_type_id(polygons) == 3])
    apart = bool(shapely.is_valid(whole))
    if not apart:  # parts that touch along a line, or overlap
        whole = shapely.union_all(polygons)
    if not shapely.area(whole) > 0:
        finding = Finding(f"area {key}", "geometry", "self-intersecting", "a polygon with an inside")
        raise InvalidGeometry(f"The geometry of {key} cannot be repaired", [finding])
    return whole, not (apart and bool(valid.all()))


def _is_sound(outline: shapely.Geometry) -> bool:
    return bool(shapely.is_valid(outline) and shapely.area(outline) > 0)


def _simplified(outlines: Geometries, tolerance: float) -> tuple[Geometries, int]:
    """Return the coverage simplified as one, without islets below the tolerance, and how many those were."""
    simple = shapely.coverage_simplify(outlines, tolerance)
    # Simplifying keeps a clean coverage valid, and nothing else.
    broken = ~shapely.is_valid(simple)
    simple[broken] = shapely.make_valid(simple[broken], method="structure", keep_collapsed=False)
    dropped = 0
    kept: list[shapely.Geometry] = []
    for outline, full in zip(simple, outlines, strict=True):
        islands = shapely.get_parts(full if shapely.is_empty(outline) else outline)
        islands = islands[shapely.get_type_id(islands) == 3]
        sizes = shapely.area(islands)
        large = sizes >= tolerance**2
        large[np.argmax(sizes)] = True
        dropped += int((~large).sum())
        kept.append(shapely.MultiPolygon(list(islands[large])))
    return np.array(kept, object), dropped


def _groups(level: str, keys: Sequence[str], prefectures: Mapping[str, str | None]) -> dict[str, Members]:
    """Return the parts of each area of a level, by its code in their order."""
    groups: dict[str, list[int]] = {}
    for place, key in enumerate(keys):
        code = _code(level, key, prefectures[key])
        if code is not None:
            groups.setdefault(code, []).append(place)
    return {code: tuple(groups[code]) for code in sorted(groups)}


def _whole(
    members: Members, coverage: Geometries, simplified: Mapping[str, tuple[Geometries, int]]
) -> _Whole:
    places = [*members]
    full = _united(coverage[places])
    outlines = {
        detail: _united(simplified[detail][0][places]) if tolerance else full
        for detail, tolerance in TOLERANCES.items()
    }
    return _Whole(_area_m2(full) / 1e6, outlines)


def _area_m2(outline: shapely.MultiPolygon) -> float:
    """Return the area on the ellipsoid; the rings of holes turn the other way and count as less than none."""
    total = 0.0
    for polygon in shapely.get_parts(outline):
        rings = (shapely.get_coordinates(ring) for ring in shapely.get_rings(polygon))
        total += sum(GRS80.polygon_area_perimeter(*ring.T)[0] for ring in rings)
    return abs(total)


def _level(
    level: str,
    groups: Mapping[str, Members],
    keys: Sequence[str],
    names: Mapping[str, str],
    wholes: Mapping[Members, _Whole],
) -> list[Area]:
    areas = []
    for code, members in groups.items():
        name = names[keys[members[0]]]
        if code != keys[members[0]]:
            name = name.split("市", 1)[0] + "市" if level == "municipality" else ""
        whole = wholes[members]
        areas.append(
            Area(
                code=code,
                name=name,
                kind=kind_of(code, name),
                prefecture=prefecture_of(code),
                parent=_parent(level, code),
                area_km2=whole.area_km2,
                outlines=whole.outlines,
            )
        )
    return areas


def _code(level: str, key: str, prefecture: str | None) -> str | None:
    """Return the area of a level that a part belongs to; unassigned land belongs to a prefecture alone."""
    if level == "prefecture":
        return prefecture
    if key.startswith(UNASSIGNED):
        return None
    return key if level == "ward" else city_of(key)


def _parent(level: str, code: str) -> str | None:
    if level == "prefecture":
        return None
    return WARD_CITY.get(code, prefecture_of(code)) if level == "ward" else prefecture_of(code)


def _joined(members: Geometries) -> shapely.Geometry:
    """Return neighbours joined: soon where they share their borders, else as they overlap."""
    try:
        whole = shapely.coverage_union_all(members)
    except shapely.GEOSException:  # borders that cross each other
        return shapely.union_all(members)
    return whole if shapely.is_valid(whole) else shapely.union_all(members)


def _united(members: Geometries) -> shapely.MultiPolygon:
    """Return neighbours as one outline, exterior rings counter-clockwise (RFC 7946, 3.1.6)."""
    whole = members[0] if len(members) == 1 else _joined(members)
    polygons = shapely.get_parts(whole)
    united: shapely.MultiPolygon = shapely.orient_polygons(
        shapely.multipolygons(polygons[shapely.get_type_id(polygons) == 3]), exterior_cw=False
    )
    return united
