"""GeoJSON and TopoJSON files, without GDAL.

TopoJSON keeps each border once (an arc), so neighbours share it exactly; that is how the boundaries
that ship are stored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from geo.errors import Finding, InvalidFile
from geo.files.archives import inflated

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Line = NDArray[np.float64]

MAX_TEXT_BYTES = 2 << 30
BOM = b"\xef\xbb\xbf"

#: Where objects of a JSON text begin and end: the braces that stand in no string.
_BRACES = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}]', re.DOTALL)
_FEATURES = re.compile(rb'"features"\s*:\s*\[')
#: No coordinate is larger, in degrees or metres.
FARTHEST = 1e8
#: Rings of more positions are not looked at: simplifying leaves a ring that collapses fewer.
FEW = 8


@dataclass(frozen=True)
class Features:
    """Features as a file has them: properties and geometry side by side, and the CRS the file names.

    Attributes
    ----------
    collapsed : rings that were left out because their points lie on one line: simplified away
    """

    properties: list[dict[str, Json]]
    geometries: list[shapely.Geometry | None]
    crs: str | None
    collapsed: int = 0


def read_document(path: Path) -> dict[str, Json]:
    """Return a JSON file, also gzipped, as a document.

    Raises
    ------
    InvalidFile : cut off, not UTF-8 or not JSON; the message says where
    """
    return json_object(_text(path), path.name)


def read_feature_file(path: Path) -> Features:
    """Return the features of a GeoJSON or TopoJSON file, also gzipped.

    Raises
    ------
    InvalidFile : as of ``read_document``, and where it is neither
    """
    return features_of(_text(path), path.name)


def _text(path: Path) -> bytes:
    with path.open("rb") as opened:
        gzipped = opened.read(2) == b"\x1f\x8b"
    if path.stat().st_size > MAX_TEXT_BYTES:
        raise _too_large(path.name)
    return inflated(path) if gzipped else path.read_bytes()


def json_object(text: bytes, name: str) -> dict[str, Json]:
    """Return the JSON object in ``text``; ``name`` is what a refusal calls it."""
    if len(text) > MAX_TEXT_BYTES:
        raise _too_large(name)
    try:
        parsed = orjson.loads(text.removeprefix(BOM))
    except json.JSONDecodeError as error:
        finding = Finding(f"line {error.lineno}", "text", str(error), "GeoJSON or TopoJSON in UTF-8")
        raise InvalidFile(f"{name} is no JSON", [finding]) from error
    if not isinstance(parsed, dict):
        finding = Finding(name, "text", type(parsed).__name__, "a FeatureCollection or a Topology")
        raise InvalidFile(f"{name} holds no object", [finding])
    return parsed


def _too_large(name: str) -> InvalidFile:
    expected = f"at most {MAX_TEXT_BYTES >> 30} GiB"
    return InvalidFile(f"{name} is larger than is read", [Finding(name, "size", "larger", expected)])


def features_of(text: bytes, name: str) -> Features:
    """Return the features of a FeatureCollection or of the only object of a Topology.

    Numbers of Python weigh ten times those of a geometry: of a FeatureCollection only those of one feature
    are held at a time.
    """
    apart = _features_apart(text)
    document = json_object(text if apart is None else apart[0], name)
    kind = document.get("type")
    if kind == "FeatureCollection":
        members = _list(document.get("features")) if apart is None else _parsed(apart[1])
        try:
            return _geojson_features(members, document.get("crs"))
        except json.JSONDecodeError:
            json_object(text, name)  # tells the line
            raise
    if kind == "Topology":
        return _topojson_features(document, name)
    finding = Finding("file", "type", str(kind), "FeatureCollection or Topology")
    raise InvalidFile(f"{name} is neither GeoJSON nor TopoJSON", [finding])


def _features_apart(text: bytes) -> tuple[bytes, list[memoryview]] | None:
    """Return a FeatureCollection with empty objects for its features, and those; None where it is none.

    The objects of an array ``features`` of the outermost object are its features. What has another shape, or
    is no JSON, is read as a whole.
    """
    depth, within, begun, end = 0, False, 0, 0
    others: list[bytes] = []
    features: list[memoryview] = []
    for token in _BRACES.finditer(text):
        mark, at = text[token.start()], token.start()
        if mark == ord("{"):
            if depth == 1 and within:
                begun = at
            depth += 1
        elif mark == ord("}"):
            depth -= 1
            if depth == 1 and within:
                others.append(text[end:begun] + b"{}")
                end = at + 1
                features.append(memoryview(text)[begun:end])
        elif depth == 1:
            within = _FEATURES.match(text, at) is not None
    outline = b"".join((*others, text[end:]))
    try:
        left = _list(_mapping(orjson.loads(outline.removeprefix(BOM))).get("features"))
    except json.JSONDecodeError:
        return None
    return (outline, features) if left == [{}] * len(features) else None


def _parsed(features: Iterable[memoryview]) -> Iterator[Json]:
    return (orjson.loads(feature) for feature in features)


def _mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _geojson_features(members: Iterable[Json], crs: Json) -> Features:
    properties: list[dict[str, Json]] = []
    geometries: list[shapely.Geometry | None] = []
    collapsed = 0
    for number, member in enumerate(members, 1):
        feature = _mapping(member)
        properties.append(_mapping(feature.get("properties")))
        geometry, rings = _without_collapsed(feature.get("geometry"))
        collapsed += rings
        geometries.append(geometry_of(geometry, f"feature {number}"))
    named = _mapping(_mapping(crs).get("properties")).get("name")
    # RFC 7946: a GeoJSON without a crs member is WGS 84.
    return Features(properties, geometries, str(named or "EPSG:4326"), collapsed)


def geometry_of(written: object, where: str) -> shapely.Geometry | None:
    """Return a geometry of GeoJSON, None for null.

    Raises
    ------
    InvalidFile : none that can be read; the finding names ``where``
    """
    if written is None:
        return None
    try:
        return shapely.from_geojson(orjson.dumps(written))
    except (shapely.errors.GEOSException, TypeError, ValueError) as error:
        finding = Finding(where, "geometry", str(error), "a geometry of RFC 7946")
        raise InvalidFile(f"{where.capitalize()} has no readable geometry", [finding]) from error


def _without_collapsed(geometry: Json) -> tuple[Json, int]:
    """Return a GeoJSON geometry without the rings that have collapsed, and how many these were.

    What is no polygon, or none that can be understood, stays as it is.
    """
    told = _mapping(geometry)
    if told.get("type") not in ("Polygon", "MultiPolygon"):
        return geometry, 0
    polygons = _list(told.get("coordinates"))
    listed = [polygons] if told["type"] == "Polygon" else [_list(polygon) for polygon in polygons]
    try:
        kept = [
            _rings([np.array(_list(ring)[: FEW + 1], np.float64) for ring in polygon]) for polygon in listed
        ]
    except (TypeError, ValueError):
        return geometry, 0
    lost = sum(len(polygon) for polygon in listed) - sum(len(rings) for rings in kept)
    if not lost:
        return geometry, 0
    standing: list[Json] = [
        [polygon[place] for place in rings] for polygon, rings in zip(listed, kept, strict=True) if rings
    ]
    return {"type": "MultiPolygon", "coordinates": standing}, lost


def _rings(lines: Sequence[Line]) -> list[int]:
    """Return which rings of a polygon have not collapsed; none where its outer one has."""
    found = [place for place, line in enumerate(lines) if not _is_collapsed(line)]
    return found if found[:1] == [0] else []


def _is_collapsed(line: Line) -> bool:
    """Return whether a ring that ends where it began encloses nothing: all of its points lie on one line."""
    if len(line) > FEW:
        return False
    if line.ndim != 2 or line.shape[1] < 2:
        raise ValueError("a position is a longitude and a latitude")
    points = np.unique(line[:, :2], axis=0)
    if not (np.abs(points) <= FARTHEST).all():
        return False  # it is refused by its feature
    return len(points) < 3 or bool(shapely.area(shapely.convex_hull(shapely.multipoints(points))) == 0)


def _decoded_arcs(document: Mapping[str, Json]) -> list[Line]:
    transform = _mapping(document.get("transform"))
    # a third number of a position is a height
    arcs = [np.array(arc, np.float64)[:, :2] for arc in _list(document.get("arcs"))]
    if not transform:
        return arcs
    scale, translate = np.array(transform["scale"], np.float64), np.array(transform["translate"], np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        return [np.cumsum(arc, axis=0) * scale + translate for arc in arcs]


def _ring(indices: Sequence[Json], arcs: Sequence[Line]) -> Line:
    """Return the vertices of a ring; ``~i`` is arc ``i`` backwards, and joints are not repeated."""
    pieces: list[Line] = []
    for index in indices:
        if not isinstance(index, int):
            raise TypeError("an arc index is no integer")
        line = arcs[index] if index >= 0 else arcs[~index][::-1]
        pieces.append(line[1:] if pieces else line)
    return np.concatenate(pieces)


def _polygon(rings: Sequence[Json], arcs: Sequence[Line]) -> tuple[shapely.Polygon | None, int]:
    """Return a polygon without its collapsed rings, None where its outer one is, and how many these are."""
    lines = [_ring(_list(ring), arcs) for ring in rings]
    kept = [lines[place] for place in _rings(lines)]
    return shapely.Polygon(kept[0], kept[1:]) if kept else None, len(lines) - len(kept)


def _topojson_features(document: Mapping[str, Json], name: str) -> Features:
    objects = _mapping(document.get("objects"))
    if len(objects) != 1:
        finding = Finding("file", "objects", ", ".join(objects), "one object")
        raise InvalidFile(f"{name} must hold one object", [finding])
    properties: list[dict[str, Json]] = []
    geometries: list[shapely.Geometry | None] = []
    where, collapsed = "arcs", 0
    try:
        arcs = _decoded_arcs(document)
        if not all((np.abs(arc) <= FARTHEST).all() for arc in arcs):
            raise ValueError("a vertex lies beyond all coordinates")
        members = _list(_mapping(next(iter(objects.values()))).get("geometries"))
        for number, member in enumerate(members, 1):
            where = f"feature {number}"
            item = _mapping(member)
            rings = _list(item.get("arcs"))
            polygons = [rings] if item.get("type") == "Polygon" else rings
            properties.append(_mapping(item.get("properties")))
            parts = [_polygon(_list(polygon), arcs) for polygon in polygons]
            standing = [polygon for polygon, _ in parts if polygon is not None]
            collapsed += sum(lost for _, lost in parts)
            geometries.append(shapely.MultiPolygon(standing) if standing else None)
    except (IndexError, KeyError, TypeError, ValueError, shapely.errors.GEOSException) as error:
        finding = Finding(where, "arcs", str(error), "polygons whose rings are made of the file's arcs")
        raise InvalidFile(f"{name} is no readable TopoJSON", [finding]) from error
    return Features(properties, geometries, "EPSG:4326", collapsed)


def regrouped(document: Mapping[str, Json], key: str, properties: Sequence[str]) -> dict[str, Json]:
    """Return a Topology with one MultiPolygon per value of ``key``, its arcs untouched.

    Only ``properties`` are kept. Features whose key is null stay apart, each as it is.
    """
    groups: dict[str, dict[str, Json]] = {}
    for number, member in enumerate(
        _list(_mapping(next(iter(_mapping(document["objects"]).values())))["geometries"])
    ):
        item = _mapping(member)
        told = _mapping(item.get("properties"))
        polygons = _list(item.get("arcs")) if item.get("type") == "MultiPolygon" else [item.get("arcs")]
        group = groups.setdefault(
            str(told.get(key) or f"none {number}"),
            {"type": "MultiPolygon", "arcs": [], "properties": {name: told.get(name) for name in properties}},
        )
        _list(group["arcs"]).extend(polygons)
    ordered: list[Json] = [groups[name] for name in sorted(groups)]
    return {
        "type": "Topology",
        "transform": document["transform"],
        "objects": {"areas": {"type": "GeometryCollection", "geometries": ordered}},
        "arcs": document["arcs"],
    }
