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


@dataclass(frozen=True)
class Features:
    """Features as a file has them: properties and geometry side by side, and the CRS the file names."""

    properties: list[dict[str, Json]]
    geometries: list[shapely.Geometry | None]
    crs: str | None


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
        raise InvalidFile(f"{path.name} is larger than {MAX_TEXT_BYTES >> 30} GiB")
    return inflated(path) if gzipped else path.read_bytes()


def json_object(text: bytes, name: str) -> dict[str, Json]:
    """Return the JSON object in ``text``; ``name`` is what a refusal calls it."""
    if len(text) > MAX_TEXT_BYTES:
        raise InvalidFile(f"{name} is larger than {MAX_TEXT_BYTES >> 30} GiB")
    try:
        parsed = orjson.loads(text.removeprefix(BOM))
    except json.JSONDecodeError as error:
        finding = Finding(f"line {error.lineno}", "text", str(error), "GeoJSON or TopoJSON in UTF-8")
        raise InvalidFile(f"{name} is no JSON", [finding]) from error
    if not isinstance(parsed, dict):
        raise InvalidFile(f"{name} holds no object, expected a FeatureCollection or a Topology")
    return parsed


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
    for number, member in enumerate(members, 1):
        feature = _mapping(member)
        properties.append(_mapping(feature.get("properties")))
        geometry = feature.get("geometry")
        try:
            geometries.append(None if geometry is None else shapely.from_geojson(orjson.dumps(geometry)))
        except shapely.errors.GEOSException as error:
            finding = Finding(f"feature {number}", "geometry", str(error), "a GeoJSON geometry")
            raise InvalidFile(f"Feature {number} has no readable geometry", [finding]) from error
    named = _mapping(_mapping(crs).get("properties")).get("name")
    # RFC 7946: a GeoJSON without a crs member is WGS 84.
    return Features(properties, geometries, str(named or "EPSG:4326"))


def _decoded_arcs(document: Mapping[str, Json]) -> list[Line]:
    transform = _mapping(document.get("transform"))
    arcs = [np.array(arc, np.float64) for arc in _list(document.get("arcs"))]
    if not transform:
        return arcs
    scale, translate = np.array(transform["scale"], np.float64), np.array(transform["translate"], np.float64)
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


def _polygon(rings: Sequence[Json], arcs: Sequence[Line]) -> shapely.Polygon:
    lines = [_ring(_list(ring), arcs) for ring in rings]
    return shapely.Polygon(lines[0], lines[1:])


def _topojson_features(document: Mapping[str, Json], name: str) -> Features:
    objects = _mapping(document.get("objects"))
    if len(objects) != 1:
        finding = Finding("file", "objects", ", ".join(objects), "one object")
        raise InvalidFile(f"{name} must hold one object", [finding])
    properties: list[dict[str, Json]] = []
    geometries: list[shapely.Geometry | None] = []
    where = "arcs"
    try:
        arcs = _decoded_arcs(document)
        members = _list(_mapping(next(iter(objects.values()))).get("geometries"))
        for number, member in enumerate(members, 1):
            where = f"feature {number}"
            item = _mapping(member)
            rings = _list(item.get("arcs"))
            polygons = [rings] if item.get("type") == "Polygon" else rings
            properties.append(_mapping(item.get("properties")))
            parts = [_polygon(_list(polygon), arcs) for polygon in polygons]
            geometries.append(shapely.MultiPolygon(parts) if parts else None)
    except (IndexError, KeyError, TypeError, ValueError, shapely.errors.GEOSException) as error:
        finding = Finding(where, "arcs", str(error), "polygons whose rings are made of the file's arcs")
        raise InvalidFile(f"{name} is no readable TopoJSON", [finding]) from error
    return Features(properties, geometries, "EPSG:4326")


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
