"""Coordinate reference systems: those of Japan's national geodetic datum and those that the web uses.

Everything is stored in longitude and latitude. A CRS decides how coordinates leave and enter, in the axis
order of its definition (OGC API - Features - Part 2, 7): EPSG:6668 is latitude first, and the plane
rectangular systems have their X axis to the north.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError
from shapely.geometry.base import BaseGeometry

from geo.errors import Finding, InvalidFile, InvalidGeometry, InvalidParameter

Geometries = NDArray[np.object_]
Floats = NDArray[np.float64]
Polygonal = shapely.Polygon | shapely.MultiPolygon

#: Where the land of Japan lies, in degrees: west, south, east, north.
JAPAN = (122.0, 20.0, 154.5, 46.5)
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
#: Japan and two degrees around it: how far the metres of the plane systems and of UTM are followed. Further
#: away they come to places twice, or to none.
AROUND = (120.0, 18.0, 156.5, 48.5)
#: Where Web Mercator is used (EPSG register, area 3544).
MERCATOR = (-180.0, -85.06, 180.0, 85.06)
#: Points added on each side of a box before it is turned into another CRS, where its sides bend.
BOX_POINTS = 21
#: Sides of other shapes get a point each hundredth of the shape's size, at least so many metres apart: a
#: straight side of a kilometre lies within two centimetres of the bent one.
SIDE_POINTS, SIDE_M = 100, 1000.0
#: Decimals of coordinates: about a centimetre in degrees, a millimetre in metres.
DECIMALS = {"degree": 7, "metre": 3}

#: EPSG:6668 · urn:ogc:def:crs:EPSG::6668 · urn:ogc:def:crs:OGC:1.3:CRS84
_CRS_FORMS = re.compile(
    r"(?:urn:ogc:def:crs:)?(?:EPSG:[\d.]*:?(\d{4,6})|OGC:(?:1\.3)?:?CRS84)", re.IGNORECASE
)
WEB_MERCATOR = 3857
#: JGD2011, WGS 84, Web Mercator, the 19 plane rectangular systems, UTM 51N to 55N on JGD2011.
CODES = (6668, 4326, WEB_MERCATOR, *range(6669, 6688), *range(6688, 6693))


@dataclass(frozen=True)
class ReferenceSystem:
    """A coordinate reference system, by the address that names it.

    Attributes
    ----------
    code : in the EPSG register; None for CRS84, which is no part of it
    """

    uri: str
    code: int | None

    @cached_property
    def definition(self) -> CRS:
        """The definition, with the axes in its own order."""
        return CRS.from_user_input("OGC:CRS84" if self.code is None else f"EPSG:{self.code}")

    @property
    def name(self) -> str:
        """The name in the register."""
        return "WGS 84 (longitude, latitude)" if self.code is None else str(self.definition.name)

    @cached_property
    def is_degrees(self) -> bool:
        """Whether coordinates are degrees; otherwise they are metres."""
        return bool(self.definition.is_geographic)

    @property
    def decimals(self) -> int:
        """How many decimals of a coordinate are told."""
        return DECIMALS["degree" if self.is_degrees else "metre"]

    @cached_property
    def is_stored(self) -> bool:
        """Whether coordinates leave as they are stored."""
        return self.code is None

    def from_stored(self, geometries: Geometries) -> Geometries:
        """Return geometries (n,) of longitude and latitude in this CRS, its axes in their order."""
        if self.is_stored:
            return geometries
        move = _mover(self.code, inverse=False)
        found: Geometries = shapely.transform(
            geometries, lambda xy: np.round(np.column_stack(move.transform(*xy.T)), self.decimals)
        )
        return found

    def to_stored(self, geometries: Geometries) -> Geometries:
        """Return geometries (n,) of this CRS in longitude and latitude.

        Raises
        ------
        InvalidGeometry : coordinates that lie outside of what the CRS can tell
        """
        found = geometries
        if not self.is_stored:
            move = _mover(self.code, inverse=True)
            found = shapely.transform(geometries, lambda xy: np.column_stack(move.transform(*xy.T)))
        inside = np.abs(shapely.get_coordinates(found)) <= (180, 90)  # neither is NaN
        if not inside.all():
            raise InvalidGeometry(f"A coordinate is none of {self.name}; mind the order of its axes")
        return found

    @cached_property
    def limits(self) -> tuple[float, float, float, float]:
        """The lower and the upper corner of where this CRS tells places, in the order of its axes."""
        bounds = MERCATOR if self.code == WEB_MERCATOR else AROUND
        if self.is_degrees:
            return (-180.0, -90.0, 180.0, 90.0) if self.is_stored else (-90.0, -180.0, 90.0, 180.0)
        edge = shapely.get_coordinates(shapely.segmentize(shapely.box(*bounds), 0.5))
        first, second = _mover(self.code, inverse=False).transform(*edge.T)
        return (float(first.min()), float(second.min()), float(first.max()), float(second.max()))

    @cached_property
    def round_axis(self) -> int | None:
        """The axis that goes round the Earth, 0 or 1; None where neither does."""
        if self.is_degrees:
            return 0 if self.is_stored else 1
        return 0 if self.code == WEB_MERCATOR else None

    def box(self, bounds: Sequence[float]) -> Polygonal:
        """Return a box, given as its lower and upper corner in this CRS, in longitude and latitude.

        Longitudes go on beyond 180 degrees and come round again. Where the first is larger than the second,
        the box crosses the 180th meridian (OGC API - Features - Part 1, 7.15.3). What of a box in metres lies
        beyond the limits of the CRS is left out, and that is nothing of Japan.

        >>> reference_system("CRS84").box((177, 65, -177, 70)).bounds
        (-180.0, 65.0, 180.0, 70.0)
        >>> reference_system("CRS84").box((499, 35, 500, 36)).bounds
        (139.0, 35.0, 140.0, 36.0)

        Raises
        ------
        InvalidGeometry : the corners are turned over, or a latitude is none
        """
        lower, upper = list(map(float, bounds[:2])), list(map(float, bounds[2:]))
        axis = self.round_axis
        if axis is not None and self.is_degrees:
            if not -90 <= lower[1 - axis] <= upper[1 - axis] <= 90:
                raise InvalidGeometry(
                    "Latitudes go from -90 to 90, the lower one first; mind the order of the CRS's axes"
                )
            if lower[axis] > upper[axis]:
                upper[axis] += 360
        if lower[0] > upper[0] or lower[1] > upper[1]:
            raise InvalidGeometry("A box begins with its lower corner, in the order of the CRS's axes")
        pieces = [self._piece(piece) for piece in self._rounds(lower, upper)]
        polygons = [piece for piece in pieces if piece is not None]
        return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)

    def _rounds(self, lower: list[float], upper: list[float]) -> list[list[float]]:
        """Return a box as one or two that lie within one round of the Earth."""
        axis = self.round_axis
        if axis is None:
            return [[*lower, *upper]]
        least, most = self.limits[axis], self.limits[axis + 2]
        width, start = upper[axis] - lower[axis], lower[axis]
        if start >= least and upper[axis] <= most:
            return [[*lower, *upper]]
        start = least if width >= most - least else (start - least) % (most - least) + least
        end = start + min(width, most - least)
        spans = [(start, min(end, most)), *([(least, end - (most - least))] if end > most else [])]
        found = []
        for lower[axis], upper[axis] in spans:
            found.append([*lower, *upper])
        return found

    def _piece(self, box: Sequence[float]) -> shapely.Polygon | None:
        first, second, third, fourth = box
        if not self.is_degrees:
            least = self.limits
            first, second = max(first, least[0]), max(second, least[1])
            third, fourth = min(third, least[2]), min(fourth, least[3])
            if first > third or second > fourth:
                return None
        corners = shapely.box(first, second, third, fourth)
        if not self.is_stored:
            corners = shapely.segmentize(corners, (max(third - first, fourth - second) or 1.0) / BOX_POINTS)
        polygon: shapely.Polygon = self.to_stored(np.array([corners], object))[0]
        return polygon

    def shape_to_stored(self, shape: BaseGeometry) -> BaseGeometry:
        """Return a valid shape of this CRS in longitude and latitude, its long sides bent as they are there.

        What of it lies beyond the limits of the CRS is left out, as of a box.

        Raises
        ------
        InvalidGeometry : a coordinate is none of this CRS, or parts lie within its limits and others beyond
        """
        if not self.is_degrees:
            inside = shapely.box(*self.limits)
            parts = shapely.get_parts(shape)
            beyond = shapely.disjoint(parts, inside) & (shapely.get_dimensions(parts) > 0)
            if beyond.any() and not beyond.all():
                raise InvalidGeometry(f"Parts of a shape lie beyond what {self.name} tells")
            if (shapely.get_dimensions(parts) > 0).all() and not inside.covers(shape):
                shape = shape.intersection(inside)
            first, second, third, fourth = shape.bounds
            size = max(third - first, fourth - second)
            if size > SIDE_M:
                shape = shapely.segmentize(shape, max(size / SIDE_POINTS, SIDE_M))
        moved: BaseGeometry = self.to_stored(np.array([shape], object))[0]
        return moved


@cache
def _mover(code: int | None, *, inverse: bool) -> Transformer:
    stored, other = "OGC:CRS84", f"EPSG:{code}"
    # JGD2011 and WGS 84 are realisations of one system here: no shift between them (EPSG:9692 is null)
    return Transformer.from_crs(*((other, stored) if inverse else (stored, other)))


@cache
def reference_systems() -> dict[str, ReferenceSystem]:
    """Return every CRS that coordinates are told in, by its address; the stored one first."""
    found = [ReferenceSystem(CRS84, None), *(ReferenceSystem(f"{EPSG}{code}", code) for code in CODES)]
    return {one.uri: one for one in found}


def reference_system(named: str, field: str = "crs") -> ReferenceSystem:
    """Return a CRS by its address, or by what people write for it.

    >>> reference_system("EPSG:6668").uri
    'http://www.opengis.net/def/crs/EPSG/0/6668'
    >>> reference_system("6677").name
    'JGD2011 / Japan Plane Rectangular CS IX'

    Raises
    ------
    InvalidParameter : it is none of those; they are listed
    """
    text = named.strip().removeprefix("[").removesuffix("]")
    short = text.upper().removeprefix("URN:OGC:DEF:CRS:").replace("::", ":")
    systems = reference_systems()
    if text in systems:
        return systems[text]
    if short in ("CRS84", "OGC:CRS84", "OGC:1.3:CRS84"):
        return systems[CRS84]
    secure = text.replace("https://", "http://", 1)
    by_code = f"{EPSG}{short.removeprefix('EPSG:')}"
    for candidate in (secure, by_code):
        if candidate in systems:
            return systems[candidate]
    listed = f"CRS84, EPSG:{', '.join(map(str, CODES[:3]))}, EPSG:{CODES[3]} to {CODES[-1]}"
    finding = Finding("query", field, named, f"one of {listed}, as {EPSG}6668 or EPSG:6668")
    raise InvalidParameter(f"{field} {named[:80]!r} is not told here; there are: {listed}", [finding])


def crs_by_code(written: str) -> CRS:
    """Return the coordinate reference system that a file names by an authority's code, and by nothing else.

    PROJ also takes definitions, and those may name files of the machine.

    >>> crs_by_code("urn:ogc:def:crs:EPSG::4301").name
    'Tokyo'

    Raises
    ------
    InvalidFile : no such code
    """
    found = _CRS_FORMS.fullmatch(written.strip())
    finding = Finding("file", "crs", written, "an EPSG code such as EPSG:6668, or OGC:CRS84")
    if found is None:
        raise InvalidFile("The coordinate reference system cannot be read", [finding])
    try:
        return CRS.from_epsg(int(found[1] or 4326))
    except CRSError as error:
        raise InvalidFile("The coordinate reference system does not exist", [finding]) from error


def in_degrees(geometries: Geometries, crs: CRS) -> Geometries:
    """Return geometries (n,) of x and y in any CRS as longitude and latitude of WGS 84, without heights.

    What is none of the CRS becomes infinite. JGD2011 and WGS 84 are realisations of one system here.

    Raises
    ------
    InvalidFile : from this CRS there is no way to it
    """
    flat: Geometries = shapely.force_2d(geometries)
    if crs.to_epsg() in (4326, 6668):
        return flat
    try:
        move = Transformer.from_crs(crs, 4326, always_xy=True)
    except ProjError as error:
        finding = Finding("file", "crs", crs.name, "a coordinate reference system of the Earth")
        raise InvalidFile("The coordinates cannot be turned into degrees", [finding]) from error
    found: Geometries = shapely.transform(flat, lambda xy: np.column_stack(move.transform(*xy.T)))
    return found
