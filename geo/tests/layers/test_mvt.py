"""Poured tiles are what independent readers decode, missing values included."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from pathlib import Path

import mapbox_vector_tile
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from geo.errors import InvalidFile
from geo.layers.mvt import RUN, Attributes, Tile, field, read_skeleton, rings, varint

Floats = NDArray[np.float64]

# ST_AsMVT(q, 'areas', 4096, 'geom', 'position') of two boxes at zoom 0, with positions 7 and 3:
# select position, ST_AsMVTGeom(ST_Transform(geom, 3857), ST_TileEnvelope(0, 0, 0), 4096, 64, true) geom
# from (values (7, ST_MakeEnvelope(-180, 0, 0, 85, 4326)), (3, ST_MakeEnvelope(0, 0, 90, 60, 4326)))
STORED = bytes.fromhex(
    "1a3b0a056172656173121508071803220f0980200e1a00f21fff1f0000f11f0f121608031803221009803"
    "0ca121a00b60dff0f0000b50d0f2880207802"
)
AREAS = 9
ATTRIBUTES = Attributes.of(
    np.arange(AREAS, dtype=np.int64) * 1000 + 1000,
    {"code": [f"{n + 1:02d}000" for n in range(AREAS)], "name": [f"県{n}" for n in range(AREAS)]},
)

numbers = st.one_of(st.just(np.nan), st.floats(allow_nan=False, allow_infinity=False))


def decoded(body: bytes) -> list[dict[str, object]]:
    features: list[dict[str, object]] = mapbox_vector_tile.decode(
        body, default_options={"y_coord_down": True}
    )["areas"]["features"]
    return features


def test_the_skeleton_of_a_postgis_tile_has_its_positions() -> None:
    assert read_skeleton(STORED).positions.tolist() == [7, 3]


def test_fields_may_stand_in_any_order() -> None:
    # the same layer with name, version and extent behind the features
    body = STORED[2:]
    name, features, rest = body[:7], body[7:-5], body[-5:]
    moved = features + rest + name
    assert read_skeleton(b"\x1a" + bytes([len(moved)]) + moved) == _same(read_skeleton(STORED))


class _same:
    """Equality of skeletons, whose positions are arrays."""

    def __init__(self, expected: object) -> None:
        self.expected = expected

    def __eq__(self, other: object) -> bool:
        return repr(self.expected) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self.expected))


@pytest.mark.parametrize(
    "data", [STORED[:-9], STORED[:20], b"\x1a\xff\xff\x01", b"\x1a\x04\x12\x02\x08\x01", b"\x1b"]
)
def test_a_broken_tile_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidFile):
        read_skeleton(data)


def test_the_smallest_tile_byte_by_byte() -> None:
    # MVT 2.1 by hand: one polygon feature whose geometry has no commands
    stored = bytes.fromhex("1a0f0a0561726561731206080018032200")
    attributes = Attributes.of(np.array([1], np.int64), {"code": ["A"]})
    body = Tile(stored, attributes).pour(np.array([[1.5]]), np.array([[2]], np.uint8))
    layer = bytes.fromhex(
        "0a056172656173"  # 1 name "areas"
        "7802"  # 15 version 2
        "288020"  # 5 extent 4096
        "1a04636f6465"  # 3 key "code"
        "1a0576616c7565"  # 3 key "value"
        "1a05636c617373"  # 3 key "class"
        "22030a0141"  # 4 value: string "A", index 0
        "120e"
        "0801"
        "1206000001010202"
        "1803"
        "2200"  # 2 feature: id 1, tags (0,0) (1,1) (2,2), polygon
        "220919000000000000f83f"  # 4 value: double 1.5, index 1
        "22022802"  # 4 value: uint 2, index 2
    )
    assert body.hex() == (b"\x1a" + bytes([len(layer)]) + layer).hex()


@given(data=st.data(), layers=st.integers(1, 9))
def test_what_is_poured_is_what_is_decoded(data: st.DataObject, layers: int) -> None:
    values = np.array(
        data.draw(st.lists(st.lists(numbers, min_size=2, max_size=2), min_size=layers, max_size=layers))
    )
    classes = np.array(
        data.draw(
            st.lists(st.lists(st.integers(0, 11), min_size=2, max_size=2), min_size=layers, max_size=layers)
        ),
        np.uint8,
    )
    names = tuple(f"layer-{n}" for n in range(1, layers))
    tile = Tile(STORED, ATTRIBUTES)
    body = tile.pour(values, classes, names)
    assert gzip.decompress(tile.pour_gzip(values, classes, names)) == body
    for place, feature in enumerate(decoded(body)):
        expected: dict[str, object] = {
            "code": f"{tile.positions[place] + 1:02d}000",
            "name": f"県{tile.positions[place]}",
        }
        for layer, key in enumerate(("value", *names)):
            if not np.isnan(values[layer, place]):
                expected[key] = values[layer, place]
                expected["class" if layer == 0 else f"{key}:class"] = classes[layer, place]
        assert feature["properties"] == expected
        assert feature["id"] == tile.positions[place] * 1000 + 1000


def test_the_geometry_is_that_of_postgis() -> None:
    geometries = [feature["geometry"] for feature in decoded(Tile(STORED, ATTRIBUTES).pour(*filled(2)))]
    assert geometries == [feature["geometry"] for feature in decoded(STORED)]


def filled(n: int) -> tuple[Floats, NDArray[np.uint8]]:
    return np.arange(n, dtype=np.float64)[None] + 0.5, np.zeros((1, n), np.uint8)


def test_a_pattern_of_missing_values_is_laid_out_once() -> None:
    tile = Tile(STORED, ATTRIBUTES)
    missing = np.array([[True, False]])
    assert not tile.has_layout(missing, ())
    assert tile.layout(missing, ()) is tile.layout(missing.copy(), ())
    assert tile.has_layout(missing, ())
    assert tile.layout(missing, ()) is not tile.layout(~missing, ())
    for further in range(20):  # layouts of their own beyond the bound push out the oldest
        tile.layout(np.zeros((2, 2), bool), (f"layer-{further}",))
    assert not tile.has_layout(missing, ())
    assert decoded(tile.pour(*filled(2)))[0]["properties"] == {
        "code": "08000",
        "name": "県7",
        "value": 0.5,
        "class": 0,
    }


def many(n: int) -> Tile:
    """Return a tile of n features without geometry; areas come in another order than features."""
    features = b"".join(
        field(2, b"\x08" + varint(position) + b"\x18\x03\x22\x00") for position in reversed(range(n))
    )
    names = {"code": [f"{place:05d}" for place in range(n)]}
    return Tile(field(3, field(1, b"areas") + features), Attributes.of(np.arange(n, dtype=np.int64), names))


@given(data=st.data(), n=st.integers(1, 3 * RUN + 1))
def test_a_pattern_may_part_any_run_of_features(data: st.DataObject, n: int) -> None:
    tile = many(n)
    start = data.draw(st.integers(0, n))
    stop = data.draw(st.integers(start, n))
    values = np.arange(n, dtype=np.float64)[None]
    values[0, start:stop] = np.nan
    body = tile.pour(values, np.full((1, n), 3, np.uint8))
    assert gzip.decompress(tile.pour_gzip(values, np.full((1, n), 3, np.uint8))) == body
    for place, feature in enumerate(decoded(body)):
        code = {"code": f"{n - 1 - place:05d}"}
        told = {} if start <= place < stop else {"value": float(place), "class": 3}
        assert feature["properties"] == {**code, **told}


def test_patterns_share_the_runs_that_are_whole_in_both() -> None:
    tile, n = many(4 * RUN), 4 * RUN
    none, one, all_of_a_run = (np.zeros((1, n), np.bool_) for _ in range(3))
    one[0, RUN + 5] = True
    all_of_a_run[0, :RUN] = True
    tile.layout(none, ()).compress()
    anew = (tile.layout(pattern, ()).to_compress for pattern in (one, all_of_a_run))
    whole = tile.layout(none, ()).size
    assert [0.05 < share / whole < 0.35 for share in anew] == [True, True]
    tile.layout(one, ()).compress()
    assert tile.layout(one, ()).to_compress == 0


@pytest.mark.skipif(
    shutil.which("ogrinfo") is None, reason="ogrinfo (Debian package gdal-bin) is not installed"
)
def test_gdal_reads_a_poured_tile(tmp_path: Path) -> None:
    path = tmp_path / "0.mvt"
    path.write_bytes(
        Tile(STORED, ATTRIBUTES).pour(np.array([[1973395.0, np.nan]]), np.array([[3, 0]], np.uint8))
    )
    plain = {name: value for name, value in os.environ.items() if name != "OGR_SKIP"}
    told = subprocess.run(
        ["ogrinfo", "-al", str(path)], capture_output=True, text=True, check=True, env=plain
    ).stdout
    assert "Feature Count: 2" in told
    assert "value (Real) = 1973395" in told
    assert "name (String) = 県7" in told


def test_outlines_have_the_texts_and_no_values() -> None:
    tile = Tile(STORED, ATTRIBUTES)
    poured = decoded(tile.pour(np.array([[1.0, 2.0]]), np.zeros((1, 2), np.uint8)))
    bare = decoded(tile.outlines())
    assert [one["properties"] for one in bare] == [
        {"code": "08000", "name": "県7"},
        {"code": "04000", "name": "県3"},
    ]
    assert [(one["id"], one["geometry"]) for one in bare] == [(one["id"], one["geometry"]) for one in poured]


def test_a_feature_without_an_outline_has_no_rings() -> None:
    # to the corner (2, 2), to two others by +2 +0 and +0 +2, and back
    triangle = bytes.fromhex("09040412040000040f")
    for place in range(3):
        geometries = [b"", b"", b""]
        geometries[place] = triangle
        read = rings(geometries)
        assert read.vertices.tolist() == [[2, 2], [4, 2], [4, 4]]
        assert (read.starts.tolist(), read.features.tolist()) == ([0], [place])
    for nothing in ([b""], [b"", b""]):
        assert [len(one) for one in rings(nothing)] == [0, 0, 0]
