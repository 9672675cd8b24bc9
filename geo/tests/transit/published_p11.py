"""P11 of 2022 in the shape in which the Ministry of Land hands it out, with stops that are made up.

A zip of a prefecture has a folder with a Shapefile in cp932 without ``.cpg``, its texts as wide as can be,
the same as GeoJSON in UTF-8, and metadata. The zip of the country holds those of prefectures. Columns and
types are those of the specification and of the specimen that ``CHIIKI_REAL_DATA`` has.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Mapping, Sequence

#: Slots of routes and of their classes.
SLOTS = 35
WIDTH = 254
JGD2011 = (
    'GEOGCS["JGD2011",DATUM["Japanese_Geodetic_Datum_2011",SPHEROID["GRS 1980",6378137,298.257222101]],'
    'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]'
)
COLUMNS = (
    "P11_001",
    "P11_002",
    *(f"P11_003_{slot:02d}" for slot in range(1, SLOTS + 1)),
    *(f"P11_004_{slot:02d}" for slot in range(1, SLOTS + 1)),
    "P11_005",
)

#: Name, operator, classes of its routes, longitude and latitude.
Stop = tuple[str, str, Sequence[str], float, float]


def properties(stop: Stop) -> dict[str, str | None]:
    """Return the attributes of a stop: what is not known is null."""
    name, operator, classes, _, _ = stop
    told: dict[str, str | None] = dict.fromkeys(COLUMNS)
    told |= {"P11_001": name, "P11_002": operator}
    for slot, code in enumerate(classes, 1):
        told |= {f"P11_003_{slot:02d}": f"路線{slot}", f"P11_004_{slot:02d}": code}
    return told


def geojson(name: str, stops: Sequence[Stop]) -> str:
    """Return the GeoJSON of a prefecture."""
    return json.dumps(
        {
            "type": "FeatureCollection",
            "name": name,
            "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::6668"}},
            "features": [
                {
                    "type": "Feature",
                    "properties": properties(stop),
                    "geometry": {"type": "Point", "coordinates": [stop[3], stop[4]]},
                }
                for stop in stops
            ],
        },
        ensure_ascii=False,
    )


def _table(stops: Sequence[Stop]) -> bytes:
    """Return a dBASE III table (cp932) of the attributes."""
    head = struct.pack(
        "<BBBBIHH20x", 3, 122, 8, 1, len(stops), 33 + 32 * len(COLUMNS), 1 + WIDTH * len(COLUMNS)
    )
    fields = b"".join(struct.pack("<11sc4xBB14x", name.encode(), b"C", WIDTH, 0) for name in COLUMNS)
    rows = b"".join(
        b" " + b"".join((text or "").encode("cp932").ljust(WIDTH) for text in properties(stop).values())
        for stop in stops
    )
    return head + fields + b"\r" + rows + b"\x1a"


def _points(stops: Sequence[Stop]) -> tuple[bytes, bytes]:
    """Return the points of a Shapefile and their index."""
    west, east = min(stop[3] for stop in stops), max(stop[3] for stop in stops)
    south, north = min(stop[4] for stop in stops), max(stop[4] for stop in stops)

    def head(words: int) -> bytes:
        box = struct.pack("<4d", west, south, east, north)
        return struct.pack(">i20xi", 9994, words) + struct.pack("<ii", 1000, 1) + box + bytes(32)

    records = b"".join(
        struct.pack(">ii", place, 10) + struct.pack("<idd", 1, stop[3], stop[4])
        for place, stop in enumerate(stops, 1)
    )
    index = b"".join(struct.pack(">ii", 50 + 14 * place, 10) for place in range(len(stops)))
    return head(50 + 14 * len(stops)) + records, head(50 + 4 * len(stops)) + index


def prefecture_zip(number: str, stops: Sequence[Stop], kind: str = "SHP") -> bytes:
    """Return the zip of a prefecture: ``P11-22_10_SHP.zip``."""
    name = f"P11-22_{number}"
    points, index = _points(stops)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        members = {
            f"{name}.shp": points,
            f"{name}.shx": index,
            f"{name}.dbf": _table(stops),
            f"{name}.prj": JGD2011.encode(),
            f"{name}.geojson": geojson(name, stops).encode(),
            f"KS-META-{name}.xml": b"<metadata/>",
        }
        for member, content in members.items():
            archive.writestr(f"{name}_{kind}/{member}", content)
    return held.getvalue()


def country_zip(prefectures: Mapping[str, Sequence[Stop]]) -> bytes:
    """Return the zip of the country: one of each prefecture in it."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, stops in prefectures.items():
            archive.writestr(f"P11-22_{number}_GML.zip", prefecture_zip(number, stops, "GML"))
    return held.getvalue()
