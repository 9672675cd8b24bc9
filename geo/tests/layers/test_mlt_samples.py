"""The specification's own sample tiles: what is read is read right, and what is not is refused by its name.

They lie in https://github.com/maplibre/maplibre-tile-spec, of which ``CHIIKI_REAL_DATA`` may have a clone.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from geo.errors import InvalidFile
from geo.layers import mlt

SAMPLES = Path(os.environ.get("CHIIKI_REAL_DATA", "")) / "maplibre-tile-spec" / "test"
REFUSED = re.compile(
    "MLT columns of the type (OptId|LongId|Int64|UInt64|SharedDict) are not read here"
    "|MLT streams of the kind (Shared dictionary|Morton|FSST|Index|Triangles|Symbol) are not read here"
    "|The MLT encoding FastPFOR is not read here"
)
KINDS = ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")

needs_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="CHIIKI_REAL_DATA has no clone of maplibre/maplibre-tile-spec"
)


def geometry(kind: int, parts: mlt.Parts) -> dict[str, Any]:
    """Return a geometry as GeoJSON, in which rings end with their first vertex."""
    rings_close = kind % 3 == 2
    told: list[Any] = [
        [[list(vertex) for vertex in (*ring, *ring[:1] * rings_close)] for ring in part] for part in parts
    ]
    if kind % 3 < 2:  # a line has one run of vertices, a point one vertex
        told = [part[0] if kind % 3 else part[0][0] for part in told]
    return {"type": KINDS[kind], "coordinates": told if kind >= 3 else told[0]}


#: What JSON has no numbers for.
NOT_FINITE = {"nan": "NAN", "inf": "INFINITY", "-inf": "NEG_INFINITY"}


def single(value: object) -> object:
    """Return a number in single precision: JSON has some in fewer digits than they have."""
    if isinstance(value, str):
        return value.removeprefix("f32::").removeprefix("f64::")
    if not isinstance(value, float):
        return value
    with np.errstate(over="ignore"):
        return NOT_FINITE.get(str(value), np.float32(value))


def comparable(feature: dict[str, Any]) -> dict[str, Any]:
    """Return a feature whose numbers are in single precision."""
    properties = {name: single(value) for name, value in feature["properties"].items()}
    return {**feature, "properties": properties}


def features(layers: list[mlt.Layer]) -> Iterator[dict[str, Any]]:
    """Yield all features as the samples' GeoJSON tells them: no member stands for nothing."""
    for layer in layers:
        names, columns = list(layer.columns), list(layer.columns.values())
        for at, (kind, parts) in enumerate(zip(layer.kinds, layer.geometries, strict=True)):
            values = {name: column[at] for name, column in zip(names, columns, strict=True)}
            told = {name: value for name, value in values.items() if value is not None}
            yield {
                "type": "Feature",
                **({"id": layer.ids[at]} if layer.ids else {}),
                "properties": {"_layer": layer.name, "_extent": layer.extent, **told},
                "geometry": geometry(kind, parts),
            }


def read_or_refused(path: Path) -> list[mlt.Layer] | str:
    """Return the layers of a tile, or why it is refused."""
    try:
        return mlt.decode(path.read_bytes())
    except InvalidFile as refused:
        return str(refused)


@needs_samples
def test_samples_are_read_as_their_json_says_or_refused_by_name() -> None:
    read = 0
    samples = [
        path for folder in ("0x01", "0x01-rust") for path in (SAMPLES / "synthetic" / folder).glob("*.mlt")
    ]
    for path in sorted(samples):
        expected = json.loads(path.with_suffix(".json").read_bytes())["features"]
        layers = read_or_refused(path)
        if isinstance(layers, str):
            assert REFUSED.fullmatch(layers), path
            continue
        read += 1
        assert list(map(comparable, features(layers))) == list(map(comparable, expected)), path
    assert read > 250


@needs_samples
def test_large_samples_are_read_or_refused_by_name_and_those_of_another_version_passed_over() -> None:
    large = {path: read_or_refused(path) for path in (SAMPLES / "expected" / "tag0x01").rglob("*.mlt")}
    read = {path.name: layers for path, layers in large.items() if not isinstance(layers, str)}
    assert read.keys() == {f"{kind}-boolean.mlt" for kind in ("point", "line", "multipoint", "multiline")}
    (line,) = read["line-boolean.mlt"]
    assert (line.geometries, line.columns) == ([[[[(2, 2), (2, 10), (10, 10)]]]], {"key": [True]})
    for path, layers in large.items():
        assert path.name in read or REFUSED.fullmatch(str(layers)), path
    for path in (SAMPLES / "synthetic" / "0x02").glob("*.mlt"):
        assert mlt.decode(path.read_bytes()) == []
