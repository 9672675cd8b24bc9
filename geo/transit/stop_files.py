"""Bus stops and stations as the Ministry of Land publishes them: 国土数値情報 P11 and N02."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.areas.boundaries import in_wgs_84, read_layer
from geo.crs import JAPAN
from geo.errors import Finding, InvalidFile, InvalidGeometry
from geo.files.archives import holds_zips, unpack
from geo.transit.stops import Stops, joined, with_lines, without_timetable

#: Types of geometry as shapely numbers them: point; line, several lines.
POINT, LINES = 0, (1, 5)


def read_p11(path: Path) -> Stops:
    """Return the bus stops of 国土数値情報 P11 (2022), as published: zip, Shapefile or GeoJSON.

    The zip of the country holds one for each prefecture; all of them are read.

    Routes and classes stand in 35 slots of comma lists, which are joined before they are split. A stop whose
    lines are all demand buses (class 4) has the mode ``demand``. There is no timetable in it.

    Raises
    ------
    InvalidFile : other columns, geometry that is no point, or none
    InvalidGeometry : outside Japan
    """
    if path.suffix.lower() != ".zip" or not holds_zips(path):
        return _bus_stops(path, "p11")
    with tempfile.TemporaryDirectory() as folder:
        packed = [file for file in unpack(path, Path(folder)) if file.suffix.lower() == ".zip"]
        # P11-22_40_GML.zip: a stop is told by its prefecture and its place there
        return joined([_bus_stops(file, file.stem.lower().replace("_", "-")) for file in packed])


def _bus_stops(path: Path, prefix: str) -> Stops:
    """Return the stops of one file, whose ids begin with ``prefix``."""
    rows = in_wgs_84(read_layer(path, named="P11"))
    _expect(path, rows.columns, ("P11_001", "P11_002", "P11_004_01"))
    rows = _placed(path, rows)
    points = rows.geometry.to_numpy()
    _expect_kind(path, rows, shapely.get_type_id(points) == POINT, "stops that are no points", "a Point")
    slots = sorted(name for name in rows.columns if re.fullmatch(r"P11_004_\d{2}", name))
    listed = [
        sorted({code for cell in cells for code in _class_codes(cell)}) for cells in rows[slots].to_numpy()
    ]
    names, operators = _texts(rows, "P11_001").tolist(), _texts(rows, "P11_002").tolist()
    return without_timetable(
        [f"{prefix}-{place}" for place in rows.index],
        names,
        ["demand" if codes == ["4"] else "bus" for codes in listed],
        [";".join(codes) for codes in listed],
        [f"{name}/{operator}" for name, operator in zip(names, operators, strict=True)],
        shapely.get_x(points),
        shapely.get_y(points),
    )


def _class_codes(cell: object) -> list[str]:
    """Return the codes of a slot: a list with commas, or a number where a program made it one."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    written = "" if _is_missing(cell) else str(cell)
    return [code for code in map(str.strip, written.split(",")) if code]


#: A platform is told by points this far apart, degrees of latitude (about 20 m).
ALONG = 20 / 111_000


def read_n02(path: Path, geometry: str = "midpoint") -> Stops:
    """Return the stations of 国土数値情報 N02, as published: zip, Shapefile or GeoJSON.

    Stations are lines, one for each railway line, whose name is N02_003 where there is such a column.
    ``midpoint`` takes the middle of each, ``line`` points along it every 20 m; a platform of 200 m makes a
    difference of 100 m at its ends.

    Raises
    ------
    InvalidFile : other columns, geometry that is no line, or none
    InvalidGeometry : outside Japan
    """
    rows = in_wgs_84(read_layer(path, named="Station"))
    _expect(path, rows.columns, ("N02_001", "N02_004", "N02_005"))
    rows = _placed(path, rows)
    lines = shapely.line_merge(rows.geometry.to_numpy())
    is_line = np.isin(shapely.get_type_id(lines), LINES)
    _expect_kind(path, rows, is_line, "stations that are no lines", "a LineString")
    if geometry == "midpoint":
        points: NDArray[np.object_] = shapely.line_interpolate_point(
            np.array([max(shapely.get_parts(line), key=shapely.length) for line in lines], object),
            0.5,
            normalized=True,
        )
        of_row = np.arange(len(rows))
    else:
        dense = shapely.segmentize(lines, ALONG)
        coordinates, of_row = shapely.get_coordinates(dense, return_index=True)
        points = np.asarray(shapely.points(coordinates), object)
    names, operators, kinds = (
        _texts(rows, column)[of_row].tolist() for column in ("N02_005", "N02_004", "N02_001")
    )
    stations = without_timetable(
        [f"n02-{row}-{place}" for place, row in enumerate(of_row)],
        names,
        ["rail"] * len(names),
        kinds,
        [f"{name}/{operator}" for name, operator in zip(names, operators, strict=True)],
        shapely.get_x(points),
        shapely.get_y(points),
    )
    if "N02_003" not in rows.columns:
        return stations
    return with_lines(stations, _texts(rows, "N02_003")[of_row].tolist())


def _placed(path: Path, rows: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Return the rows that have a place.

    Raises
    ------
    InvalidFile : none has
    InvalidGeometry : some lie outside Japan: latitude before longitude, or metres
    """
    found = rows[~(rows.geometry.is_empty | rows.geometry.isna())]
    if not len(found):
        finding = Finding(path.name, "geometry", f"none in {len(rows)} features", "places of stops")
        raise InvalidFile(f"{path.name} has no stop with a place", [finding])
    box = shapely.bounds(found.geometry.to_numpy())
    inside: NDArray[np.bool_] = np.all((box[:, :2] >= JAPAN[:2]) & (box[:, 2:] <= JAPAN[2:]), axis=1)
    if not inside.all():
        findings = _findings(found, ~inside, "a place in Japan, in degrees, longitude before latitude")
        raise InvalidGeometry(f"{path.name} has stops outside Japan", findings)
    return found


def _expect_kind(
    path: Path, rows: geopandas.GeoDataFrame, is_right: NDArray[np.bool_], fault: str, expected: str
) -> None:
    if not is_right.all():
        raise InvalidFile(f"{path.name} has {fault}", _findings(rows, ~is_right, expected))


def _findings(rows: geopandas.GeoDataFrame, wrong: NDArray[np.bool_], expected: str) -> list[Finding]:
    """Return the features at fault, 100 at most."""
    found = rows[wrong][:100]
    return [
        Finding(f"feature {place + 1}", "geometry", shapely.to_wkt(shape), expected)
        for place, shape in zip(found.index, found.geometry, strict=True)
    ]


def _texts(rows: geopandas.GeoDataFrame, column: str) -> NDArray[np.object_]:
    """Return a column as texts, empty where there is none; no database stores a NUL."""
    found = np.array(["" if _is_missing(value) else str(value) for value in rows[column]], object)
    for place, text, value in zip(rows.index, found, rows[column], strict=True):
        if "\0" in text or isinstance(value, list | dict):
            finding = Finding(f"feature {place + 1}", column, repr(text), "a text without control characters")
            raise InvalidFile("A text of the file cannot be stored", [finding])
    return found


def _is_missing(value: object) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value))


def _expect(path: Path, columns: Iterable[str], needed: Sequence[str]) -> None:
    existing = list(columns)
    lacking = [name for name in needed if name not in existing]
    if lacking:
        told = ", ".join(map(str, existing))
        finding = Finding(path.name, "columns", told, f"the columns {', '.join(needed)}")
        raise InvalidFile(f"{path.name} is another dataset", [finding])
