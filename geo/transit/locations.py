"""The rows of stops.txt: where they lie, and which poles (標柱) are one stop (停留所)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from geo.transit.gtfs_tables import Row, Tables

#: Poles of one name, and no station, are one stop where they are no farther apart from pole to pole. In 57
#: feeds of Hokkaido, Gunma and Toyama the poles of a stop are up to 484 m apart; other stops of the same name
#: are kilometres away.
NEAR_M = 500
_METRES_A_DEGREE = 111_200
POLE, STATION, BOARDING_AREA = 0, 1, 4
_KINDS = {POLE: "stop", STATION: "station", 2: "entrance", 3: "node", BOARDING_AREA: "boarding area"}
_PLACE = "stop_lat, stop_lon"


@dataclass(frozen=True)
class Location:
    """A row of stops.txt.

    Attributes
    ----------
    place : longitude and latitude; None where the row tells none in Japan
    written : what it tells
    """

    id: str
    line: int
    name: str
    kind: int
    place: tuple[float, float] | None
    written: str
    parent: str


def read_locations(tables: Tables) -> dict[str, Location]:
    """Return the rows of stops.txt by their ids."""
    found: dict[str, Location] = {}
    known: set[str] = set()
    for line, row in tables.required("stops.txt", ("stop_id", "stop_lat", "stop_lon")):
        name = tables.identity("stops.txt", line, row, "stop_id", known)
        kind = tables.flag("stops.txt", line, row, "location_type", _KINDS)
        written = f"{row['stop_lat']}, {row['stop_lon']}"
        parent = row.get("parent_station", "")
        found[name] = Location(name, line, row.get("stop_name") or name, kind, _place(row), written, parent)
    for one in found.values():
        if one.parent and one.parent not in found:
            tables.note("stops.txt", one.line, "parent_station", one.parent, "no stop of stops.txt")
    return found


def _place(row: Row) -> tuple[float, float] | None:
    try:
        lat, lon = float(row["stop_lat"]), float(row["stop_lon"])
    except ValueError:
        return None
    return (lon, lat) if 20 <= lat <= 46 and 122 <= lon <= 154 else None


def placed(
    tables: Tables, locations: Mapping[str, Location], called: Collection[str]
) -> dict[str, tuple[float, float]]:
    """Return longitude and latitude of the locations that trips call at, in the order of stops.txt.

    A boarding area lies where its platform does when it does not say (GTFS Reference, stop_lat).
    """
    found: dict[str, tuple[float, float]] = {}
    for one in locations.values():
        place = one.place
        if place is None and one.kind == BOARDING_AREA and one.parent in locations:
            place = locations[one.parent].place
        if one.id not in called:
            if place is None:
                told = "no place in Japan; left out, no trip calls there"
                tables.note("stops.txt", one.line, _PLACE, one.written, told)
        elif place is None:
            tables.refuse("stops.txt", one.line, _PLACE, one.written, "a place in Japan, in degrees")
        else:
            found[one.id] = place
    return found


def groups(
    tables: Tables, locations: Mapping[str, Location], places: Mapping[str, tuple[float, float]]
) -> dict[str, str]:
    """Return which stop each pole belongs to: its station, else the poles of its name that are near."""
    found: dict[str, str] = {}
    by_name: defaultdict[str, list[str]] = defaultdict(list)
    for name in places:
        station = _station(locations, locations[name])
        if station is None:
            by_name[locations[name].name].append(name)
        else:
            found[name] = station
    apart = []
    for name, poles in by_name.items():
        labels = _clusters([places[pole] for pole in poles])
        if max(labels):
            apart.append(name)
        for pole, label in zip(poles, labels, strict=True):
            found[pole] = f"name:{name}" + (f"#{label + 1}" if max(labels) else "")
    if apart:
        told = ", ".join(apart[:5]) + (" …" if len(apart) > 5 else "")
        tables.notes.append(
            f"stops.txt: {len(apart)} names are borne by several stops, more than {NEAR_M} m apart: {told}"
        )
    return found


def _station(locations: Mapping[str, Location], one: Location) -> str | None:
    """Return the station that a location is or belongs to; a boarding area by way of its platform."""
    for _ in range(3):
        if one.kind == STATION:
            return one.id
        if one.parent not in locations:
            return None
        one = locations[one.parent]
    return None


def _clusters(places: Iterable[tuple[float, float]]) -> list[int]:
    """Return of which cluster each place is, from 0 in the order of the places."""
    lon, lat = np.array(list(places)).T
    metres = np.column_stack([lon * np.cos(np.radians(lat.mean())), lat]) * _METRES_A_DEGREE
    pairs = KDTree(metres).query_pairs(NEAR_M, output_type="ndarray")
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(lon), len(lon)))
    _, labels = connected_components(links, directed=False)
    order: dict[int, int] = {}
    return [order.setdefault(label, len(order)) for label in labels.tolist()]
