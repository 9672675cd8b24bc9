"""Stops as names and points: editions of P11 and N02 that are no vector files of their own columns.

P11 of 2010 is JPGIS GML (``gml:pos`` is latitude before longitude, JGD2000, which differs from WGS 84 by less
than its accuracy). It is handed on as CSV and KML with names alone, and stations of N02 as points.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
import shapely
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from geo.areas.boundaries import in_wgs_84, read_layer
from geo.crs import JAPAN
from geo.errors import Finding, InvalidFile, InvalidGeometry
from geo.figures.observations import decoded
from geo.files.archives import text_of
from geo.transit.stop_files import POINT, read_n02, read_p11
from geo.transit.stops import CLASSES, Stops, with_lines, without_timetable

KSJ = "{http://nlftp.mlit.go.jp/ksj/schemas/ksj-app}"
GML = "{http://www.opengis.net/gml/3.2}"
KML = "{http://www.opengis.net/kml/2.2}"
HREF = "{http://www.w3.org/1999/xlink}href"
MOST_FINDINGS = 100

#: Where a row stands, name, operator, classes, longitude and latitude as written.
_Row = tuple[str, str, str, tuple[str, ...], str, str]


def read_bus_stops(path: Path) -> Stops:
    """Return the bus stops of 国土数値情報 P11: of 2022 as ``read_p11``, of 2010 as GML, CSV or KML.

    Parameters
    ----------
    path : ``.xml`` (JPGIS GML), ``.kml``, or ``.csv`` with the columns ``stop_name``, ``lat`` and ``lon``,
        each also gzipped; all else is read as P11 of 2022. CSV and KML have neither operators nor classes.

    Raises
    ------
    InvalidFile : no such file by its content, or one without stops
    InvalidGeometry : stops without a place in Japan, 100 of them listed
    """
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if suffix not in _ROWS:
        return read_p11(path)
    name, content = text_of(path)
    return _stops(name, list(_ROWS[suffix](name, content)), "p11", "bus")


def read_stations(path: Path, geometry: str = "midpoint") -> Stops:
    """Return the stations of 国土数値情報 N02: lines as ``read_n02``, or one point for each station and line.

    Points are GeoJSON with the properties ``stationId``, ``name`` and ``lineId`` (operator, ``__``, line).

    Raises
    ------
    InvalidFile : other columns, other geometry, none, or points where ``geometry`` asks for platforms
    InvalidGeometry : stations outside Japan
    """
    if not path.name.lower().removesuffix(".gz").endswith((".geojson", ".json")):
        return read_n02(path, geometry)
    rows = read_layer(path)
    if not {"stationId", "name", "lineId"} <= set(rows.columns):
        return read_n02(path, geometry)
    points = in_wgs_84(rows).geometry.to_numpy()
    if geometry != "midpoint" or not (shapely.get_type_id(points) == POINT).all():
        finding = Finding(path.name, "geometry", geometry, "points, of which platforms are not known")
        raise InvalidFile(f"{path.name} has stations that are no lines", [finding])
    columns = (rows["name"], rows["lineId"], shapely.get_x(points), shapely.get_y(points))
    listed = zip(*(column.tolist() for column in columns), strict=True)
    found: list[_Row] = [
        (f"feature {place}", str(name), str(line).partition("__")[0], (), repr(lon), repr(lat))
        for place, (name, line, lon, lat) in enumerate(listed, 1)
    ]
    lines = [str(line).partition("__")[2] for line in rows["lineId"].tolist()]
    return with_lines(_stops(path.name, found, "n02", "rail"), lines)


def _stops(name: str, rows: list[_Row], prefix: str, mode: str) -> Stops:
    if not rows:
        raise InvalidFile(f"{name} has no stops", [Finding(name, "stops", "none", "at least one stop")])
    lon, lat = (
        np.array([_degrees(written) for written in column])
        for column in ([row[4] for row in rows], [row[5] for row in rows])
    )
    west, south, east, north = JAPAN
    inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    if not inside.all():
        findings = [
            Finding(rows[place][0], "place", f"{rows[place][4]}, {rows[place][5]}", "degrees in Japan")
            for place in np.flatnonzero(~inside)[:MOST_FINDINGS].tolist()
        ]
        raise InvalidGeometry(f"{name} has stops without a place in Japan", findings)
    return without_timetable(
        [f"{prefix}-{place}" for place in range(len(rows))],
        [row[1] for row in rows],
        ["demand" if row[3] == ("4",) else mode for row in rows],
        [";".join(row[3]) for row in rows],
        [f"{row[1]}/{row[2]}" for row in rows],
        lon,
        lat,
    )


def _degrees(written: str) -> float:
    try:
        return float(written)
    except ValueError:
        return np.nan


def _of_csv(name: str, content: bytes) -> Iterable[_Row]:
    reader = csv.DictReader(io.StringIO(decoded(content, name), newline=""), strict=True)
    needed = ("stop_name", "lat", "lon")
    try:
        if not set(needed) <= set(reader.fieldnames or ()):
            told = ",".join(reader.fieldnames or ())
            finding = Finding(f"{name} line 1", "header", told, f"the columns {', '.join(needed)}")
            raise InvalidFile(f"{name} has no stops with names and places", [finding])
        for row in reader:
            stop, lat, lon = ((row[column] or "").strip() for column in needed)
            yield f"{name} line {reader.line_num}", stop, "", (), lon, lat
    except csv.Error as error:
        finding = Finding(f"{name} line {reader.line_num}", "row", str(error), "CSV whose quotes are closed")
        raise InvalidFile(f"{name} is no whole CSV", [finding]) from error


def _root(name: str, content: bytes, expected: str) -> Element:
    """Return the root of an XML document; one that is cut off, or has entities of its own, is refused."""
    try:
        root: Element = fromstring(content)
    except (ParseError, DefusedXmlException, LookupError, ValueError) as error:
        finding = Finding(name, "file", str(error)[:200], "a whole XML document without entities of its own")
        raise InvalidFile(f"{name} is no XML that is read", [finding]) from error
    if root.tag != expected:
        finding = Finding(name, "root", root.tag[:200], expected)
        raise InvalidFile(f"{name} is another kind of document", [finding])
    return root


def _of_kml(name: str, content: bytes) -> Iterable[_Row]:
    for number, mark in enumerate(_root(name, content, f"{KML}kml").iter(f"{KML}Placemark"), 1):
        written = mark.findtext(f"{KML}Point/{KML}coordinates", "").strip()
        lon, lat = ([*written.split(","), "", ""])[:2]
        yield f"{name} placemark {number}", mark.findtext(f"{KML}name", "").strip(), "", (), lon, lat


def _of_gml(name: str, content: bytes) -> Iterable[_Row]:
    root = _root(name, content, f"{KSJ}Dataset")
    places = {
        f"#{point.get(f'{GML}id')}": point.findtext(f"{GML}pos", "").split()
        for point in root.iter(f"{GML}Point")
    }
    for stop in root.iter(f"{KSJ}BusStop"):
        position = stop.find(f"{KSJ}position")
        lat, lon = ([*places.get("" if position is None else position.get(HREF, ""), []), "", ""])[:2]
        routes = list(stop.iter(f"{KSJ}BusRouteInformation"))
        told = {route.findtext(f"{KSJ}busType", "") for route in routes}
        operator = next((route.findtext(f"{KSJ}busOperationCompany", "") for route in routes), "")
        named = stop.findtext(f"{KSJ}busStopName", "").strip()
        where = f"{name} {stop.get(f'{GML}id')}"
        yield where, named, operator, tuple(sorted(told & set(CLASSES))), lon, lat


#: How a name ends → how its rows are read.
_ROWS: Mapping[str, Callable[[str, bytes], Iterable[_Row]]] = {
    ".csv": _of_csv,
    ".kml": _of_kml,
    ".xml": _of_gml,
}
