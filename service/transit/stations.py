"""Stations by their names, for whoever looks for a place: ``data/transport/stations.csv``."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely

#: Relative to the data that ship.
FILE = Path("transport/stations.csv")
PUBLISHED = "transit/rail/N02-25_stations_points_railmap.geojson.gz"
OUTLINES = "boundaries/2025-01-01/areas.topojson.gz"
HEADER = ("name", "lines", "area", "lon", "lat")
#: Degrees within which stations of one name are one (about 1 km).
TOGETHER = 0.01
#: Between the lines of a station.
JOINT = ";"


@dataclass(frozen=True)
class Station:
    """A station with its lines; ``area`` is the code of the municipality that it lies in."""

    name: str
    lines: tuple[str, ...]
    area: str
    lon: float
    lat: float


def read_stations(data: Path) -> tuple[Station, ...]:
    """Return the stations that ship."""
    with (data / FILE).open(encoding="utf-8", newline="") as opened:
        return tuple(
            Station(
                row["name"],
                tuple(row["lines"].split(JOINT)),
                row["area"],
                float(row["lon"]),
                float(row["lat"]),
            )
            for row in csv.DictReader(opened)
        )


def ship_stations(published: Path, data: Path) -> int:
    """Write the stations of N02; return their number.

    Points of one name that lie within a kilometre of each other, one for each line, are one station; it
    lies in the municipality whose outline holds it, or is the nearest.
    """
    from geo.areas.boundaries import read_layer

    rows = read_layer(published / PUBLISHED)
    points = rows.geometry.to_numpy()
    found: dict[str, list[tuple[float, float, list[str]]]] = {}
    listed = zip(rows["name"], rows["lineId"], shapely.get_x(points), shapely.get_y(points), strict=True)
    for name, line, lon, lat in sorted(listed, key=lambda row: (row[0], row[1])):
        own = str(line).partition("__")[2]
        near = next((one for one in found.get(name, []) if _is_near(one, lon, lat)), None)
        if near is None:
            found.setdefault(str(name), []).append((float(lon), float(lat), [own]))
        elif own not in near[2]:
            near[2].append(own)
    outlines = read_layer(data / OUTLINES)
    codes = outlines["lg_code_5"].tolist()
    tree = shapely.STRtree(outlines.geometry.to_numpy())
    stations = [(name, *one) for name, of_name in found.items() for one in of_name]
    placed = shapely.points(np.array([(lon, lat) for _, lon, lat, _ in stations]))
    nearest = np.atleast_1d(tree.nearest(placed))
    with (data / FILE).open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(_rows(stations, [codes[place] for place in nearest]))
    return len(stations)


def _is_near(one: tuple[float, float, list[str]], lon: float, lat: float) -> bool:
    return abs(one[0] - lon) < TOGETHER and abs(one[1] - lat) < TOGETHER


def _rows(
    stations: list[tuple[str, float, float, list[str]]], codes: list[str]
) -> Iterator[tuple[str, str, str, float, float]]:
    for (name, lon, lat, lines), code in zip(stations, codes, strict=True):
        yield name, JOINT.join(lines), code, round(lon, 5), round(lat, 5)
