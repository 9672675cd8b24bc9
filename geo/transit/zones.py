"""Zones that a demand bus serves, as a scenario tells them: polygons of GeoJSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from geo.crs import JAPAN
from geo.errors import Finding, InvalidParameter

Geometries = NDArray[np.object_]

MAX_VERTICES = 2000
_POLYGONS = (3, 6)


def read_zones(documents: Sequence[Mapping[str, object]]) -> Geometries:
    """Return zones as polygons of longitude and latitude, without heights.

    Raises
    ------
    InvalidParameter : no polygon, an invalid or too large one, or one outside Japan (latitude before
        longitude, metres); the finding names the zone
    """
    found = np.empty(len(documents), object)
    for place, document in enumerate(documents):
        try:
            shape = shapely.from_geojson(orjson.dumps(document))
        except (shapely.errors.GEOSException, TypeError, ValueError) as error:
            raise _refusal("A zone cannot be read", place, str(document), "a Polygon of RFC 7946") from error
        fault = _fault(shape)
        if fault:
            raise _refusal("A zone cannot be used", place, str(document), fault)
        found[place] = shapely.force_2d(shape)
    return found


def _fault(shape: shapely.Geometry) -> str:
    """Return what a zone should be and is not, or nothing."""
    if (
        shapely.get_type_id(shape) not in _POLYGONS
        or shapely.get_num_coordinates(shape) > MAX_VERTICES
        or not shapely.is_valid(shape)
    ):
        return f"a valid Polygon or MultiPolygon of at most {MAX_VERTICES} vertices"
    west, south, east, north = shapely.bounds(shape).tolist()
    if not (JAPAN[0] <= west <= east <= JAPAN[2] and JAPAN[1] <= south <= north <= JAPAN[3]):
        return "a place in Japan, in degrees, longitude before latitude"
    return ""


def _refusal(message: str, place: int, value: str, expected: str) -> InvalidParameter:
    return InvalidParameter(message, [Finding("body", f"zones.{place}", value, expected)])
