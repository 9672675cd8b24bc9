"""MapLibre tiles are what their specification says, and hold what was poured into them."""

from __future__ import annotations

import gzip
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from geo.errors import InvalidFile
from geo.layers import mlt
from geo.layers.mvt import Skeleton, varints
from geo.tests.layers.test_png import skeleton

Ring = list[tuple[int, int]]
Polygon = list[Ring]

AREAS = 12
IDS = np.arange(AREAS, dtype=np.int64) * 1000 + 1000
TEXTS = {
    "code": [f"{place + 1:02d}000" for place in range(AREAS)],
    "name": [f"{'府中' if place % 5 == 0 else place}市" for place in range(AREAS)],
}

ZEROS = mlt.Numbers.of(np.zeros(AREAS))

# One area, whose one triangle has the corners (2, 2), (4, 2) and (4, 4), with the value 1.5 in the class 2.
TRIANGLE_RINGS = [[[(2, 2), (4, 2), (4, 4)]]]
TRIANGLE = skeleton(TRIANGLE_RINGS)
SMALLEST = (
    "01"  # version 1
    "056172656173"  # name "areas"
    "8020"  # extent 4096
    "05"  # columns
    "00"  # Id
    "04"  # Geometry
    "1c04636f6465"  # String "code"
    "180576616c7565"  # Float "value"
    "1205636c617373"  # UInt32 "class"
    "1002010101"  # id: Data, varints, 1 value, 1 byte: 1
    "04"  # geometry: 4 streams
    "1002010102"  # Data, varints: a Polygon
    "3202010101"  # Length/Parts: 1 ring
    "3302010103"  # Length/Rings: 3 vertices
    "13420606"  # Data/Vertex, componentwise deltas, 6 numbers, 6 bytes
    "040404000004"  # zigzag: +2 +2, +2 0, 0 +2
    "02"  # code: 2 streams
    "3002010101"  # Length/VarBinary: 1 byte
    "1000010141"  # Data, plain: "A"
    "100001040000c03f"  # value: Data, plain, 1 value, 4 bytes: 1.5
    "1002010102"  # class: Data, varints: 2
)


def test_the_smallest_tile_byte_by_byte() -> None:
    tile = mlt.Tile(TRIANGLE, np.array([1], np.int64), {"code": ["A"]})
    body = tile.pour([mlt.Numbers.of(np.array([1.5]))], np.array([[2]], np.uint8))
    expected = bytes.fromhex(SMALLEST)
    assert body.hex() == (bytes([len(expected)]) + expected).hex()


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ([300, np.nan, 1], "02ff0510020203ac0201"),
        ([np.nan, -1, 200], "02ff0610020203019003"),
        ([0.1, np.nan, np.nan], "02ff01100001089a9999999999b93f"),
    ],
)
def test_a_column_that_lacks_values_begins_with_bits(numbers: list[float], told: str) -> None:
    tile = mlt.Tile(skeleton(*[TRIANGLE_RINGS] * 3), IDS, {})
    tail = tile.parts([mlt.Numbers.of(np.array(numbers))], np.array([[4, 5, 6]], np.uint8))[1]
    classes = bytes(each for each, value in zip([4, 5, 6], numbers, strict=True) if not np.isnan(value))
    present = "006003" + told[:6]
    its_class = bytes([0x10, 0x02, len(classes), len(classes)]).hex() + classes.hex()
    assert tail.hex() == present + told[6:] + present + its_class


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ([3, 300, 7], "1002030403ac0207"),
        ([7, 7, 7, 7, 7, 7, 7], "1062020201070707"),
        ([1000, 1001, 1003, 1004], "10220405d00f020402"),
        ([10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20], "102e0404020b010a1402"),
        ([], "10020000"),
    ],
)
def test_integers_are_encoded_as_it_takes_the_fewest_bytes(numbers: list[int], told: str) -> None:
    assert mlt.unsigned(0x10, np.array(numbers, np.int64)).hex() == told


@pytest.mark.parametrize(
    ("numbers", "kind"),
    [
        ([0.0, 4294967295.0, np.nan], mlt.UINT32),
        ([4294967296.0], mlt.FLOAT),
        ([4294967297.0], mlt.DOUBLE),
        ([-2147483648.0, 2147483647.0], mlt.INT32),
        ([-1.0, 2147483648.0], mlt.FLOAT),
        ([-0.0], mlt.FLOAT),
        ([0.25, np.inf], mlt.FLOAT),
        ([28.7], mlt.DOUBLE),
        ([1e300], mlt.DOUBLE),
        ([np.nan], mlt.UINT32),
    ],
)
def test_the_narrowest_column_that_loses_nothing_is_taken(numbers: list[float], kind: int) -> None:
    assert mlt.number_type(np.array(numbers)) == kind


def test_deltas_of_unsigned_numbers_go_round() -> None:
    # Data, deltas, 2 values: zigzag -1, and +2 from there
    told = mlt.Reader(bytes.fromhex("102202020104")).stream()
    assert mlt.numbers_of(told).tolist() == [4294967295, 1]


words = st.lists(st.one_of(st.integers(0, 3), st.integers(0, 2**32 - 1)), max_size=300)


@given(words)
def test_unsigned_numbers_come_back(numbers: list[int]) -> None:
    told = mlt.unsigned(0x10, np.array(numbers, np.int64))
    reader = mlt.Reader(told)
    assert mlt.numbers_of(reader.stream()).tolist() == numbers
    assert reader.at == len(told)


@given(words)
def test_varints_come_back(numbers: list[int]) -> None:
    assert varints(mlt.packed(np.array(numbers, np.int64))).tolist() == numbers


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 2200)), max_size=6),
    st.lists(st.booleans(), max_size=1200),
)
def test_bits_come_back(long_runs: list[tuple[bool, int]], single: list[bool]) -> None:
    listed = [bit for bit, length in long_runs for _ in range(length)] + single
    bits = np.array(listed, np.bool_)
    assert mlt.bits_of(mlt.boolean_runs(bits), len(bits)).tolist() == listed


def area(ring: Ring) -> int:
    """Return twice the area of a ring, positive for the exterior one of a polygon (MVT 2.1, 4.3.4.4)."""
    pairs = zip(ring, ring[1:] + ring[:1], strict=True)
    return sum(x * to_y - to_x * y for (x, y), (to_x, to_y) in pairs)


near = st.tuples(st.integers(0, 4), st.integers(0, 4))
anywhere = st.tuples(st.integers(-64, 4160), st.integers(-64, 4160))
some_rings = st.one_of([st.lists(each, min_size=3, max_size=9) for each in (near, anywhere)])
exteriors = some_rings.filter(area).map(lambda ring: ring if area(ring) > 0 else ring[::-1])
holes = some_rings.map(lambda ring: ring if area(ring) <= 0 else ring[::-1])
polygons = st.tuples(exteriors, st.lists(holes, max_size=2)).map(lambda each: [each[0], *each[1]])
features = st.lists(st.lists(polygons, max_size=3), max_size=AREAS)

kinds_of_number = (
    st.integers(0, 2**32 - 1).map(float),
    st.integers(-(2**31), 2**31 - 1).map(float),
    st.floats(allow_nan=False, width=32),
    st.floats(allow_nan=False),
)
columns = st.one_of(
    [st.lists(st.one_of(st.just(np.nan), each), min_size=AREAS, max_size=AREAS) for each in kinds_of_number]
)


@settings(deadline=None)
@given(data=st.data(), outlines=features, layers=st.integers(1, 4))
def test_what_is_poured_is_what_is_decoded(
    data: st.DataObject, outlines: list[list[Polygon]], layers: int
) -> None:
    positions = np.array(data.draw(st.permutations(range(AREAS)))[: len(outlines)], np.int32)
    packed = skeleton(*outlines).geometries
    tile = mlt.Tile(Skeleton(positions, packed, packed), IDS, TEXTS)
    whole = np.array(data.draw(st.lists(columns, min_size=layers, max_size=layers)))
    numbers = [mlt.Numbers.of(row) for row in whole]
    classes = np.arange(whole.size, dtype=np.uint8).reshape(whole.shape) % 12
    further = tuple(f"layer-{number}" for number in range(1, layers))
    body = tile.pour(numbers, classes, further)
    assert gzip.decompress(tile.pour_gzip(numbers, classes, further)) == body
    (layer,) = mlt.decode(body)
    assert (layer.name, layer.extent) == ("areas", 4096)
    assert layer.ids == [1000 + 1000 * place for place in positions.tolist()]
    assert layer.geometries == outlines
    expected: dict[str, list[object]] = {
        key: [column[place] for place in positions.tolist()] for key, column in TEXTS.items()
    }
    for row, key in enumerate(("value", *further)):
        told = ~np.isnan(whole[row, positions])
        expected[key] = _told(whole[row, positions], told)
        expected["class" if row == 0 else f"{key}:class"] = _told(classes[row, positions], told)
    assert layer.columns == expected

    beginning, tail = tile.parts(numbers, classes, further, lean=True)
    lean = beginning.whole(tail)
    assert gzip.decompress(beginning.gzip(tail)) == lean
    (bare,), (outlined,) = mlt.decode(lean), mlt.decode(tile.outlines())
    assert bare[:-1] == outlined[:-1] == layer[:-1]
    assert bare.columns == {name: column for name, column in expected.items() if name not in TEXTS}
    assert outlined.columns == {name: expected[name] for name in TEXTS}


cells = st.tuples(
    st.one_of(st.none(), st.text(max_size=3)),
    st.booleans(),
    *(st.one_of(st.just(np.nan), each) for each in kinds_of_number),
)


@given(rows=st.lists(cells, min_size=1, max_size=20))
def test_a_table_of_points_is_what_is_decoded(
    rows: list[tuple[str | None, bool, *tuple[float, ...]]],
) -> None:
    texts, truths, *numbers = (list(column) for column in zip(*rows, strict=True))
    places = np.array([(7 * at, -at) for at in range(len(rows))], np.int64)
    columns: dict[str, mlt.Raw] = {
        "text": [None if text is None else str(text) for text in texts],
        "truth": np.array(truths, np.bool_),
        **{f"number {at}": mlt.Numbers.of(np.array(column)) for at, column in enumerate(numbers)},
    }
    (read,) = mlt.decode(mlt.tile("stops", mlt.points(places), columns))
    assert (read.name, read.ids, set(read.kinds)) == ("stops", [], {0})
    assert read.geometries == [[[[(x, y)]]] for x, y in places.tolist()]
    expected: dict[str, list[object]] = {"text": texts, "truth": truths}
    for at, column in enumerate(numbers):
        row = np.array(column, np.float64)
        expected[f"number {at}"] = _told(row, ~np.isnan(row))
    assert read.columns == expected


def test_truth_is_a_run_of_bits_and_a_missing_text_none_of_its_streams() -> None:
    columns: dict[str, mlt.Raw] = {"in": np.array([True, False, True]), "is": [None, "A", "A"]}
    told = mlt.tile("a", mlt.points(np.array([[1, 2], [1, 2], [1, 2]])), columns)
    schema = "010161802003040a02696e1d026973"  # Geometry, Bool "in", OptString "is"
    geometry = "021002030300000013420606020400000000"  # three Points; (+1, +2), (0, 0), (0, 0)
    truth = "10600302ff05"  # Data, runs of bits, 3 values, 2 bytes: one literal byte, 0b101
    texts = "0300600302ff06300202020101100002024141"  # present 0b110, two lengths, "AA"
    assert told.hex() == f"{len(told) - 1:02x}" + schema + geometry + truth + texts


def _told(row: NDArray[np.float64] | NDArray[np.uint8], told: NDArray[np.bool_]) -> list[object]:
    return [each if is_told else None for each, is_told in zip(row.tolist(), told.tolist(), strict=True)]


def test_a_border_is_told_once() -> None:
    # steps of no regular length, so that only the border itself can be told shorter
    border = [(1000 + (at * at * 37) % 400, 60 * at) for at in range(60)]
    west = [[[(0, 0), *border, (0, 3540)]]]
    east = [[[(4000, 3540), *border[::-1], (4000, 0)]]]
    alone, both = (
        mlt.Tile(skeleton(*outlines), IDS, {}).pour([ZEROS], np.zeros((1, AREAS), np.uint8))
        for outlines in ([west], [west, east])
    )
    assert mlt.decode(both)[0].geometries == [west, east]
    assert len(both) - len(alone) < 60  # of 62 vertices, two bytes and more each


def layer(*columns: str, data: str) -> bytes:
    """Return a tile of the layer ``a`` with these columns."""
    body = bytes.fromhex("0101618020" + f"{len(columns):02x}" + "".join(columns) + data)
    return bytes([len(body)]) + body


POINT = "021002010100134202020204"


@pytest.mark.parametrize(
    ("tile", "named"),
    [
        (layer("02", data=""), "LongId"),
        (layer("01", data=""), "OptId"),
        (layer("04", "140162", data=""), "Int64"),
        (layer("04", "170162", data=""), "UInt64"),
        (layer("04", "1e0162", data=""), "SharedDict"),
        (layer("04", "0e0162", data=""), "the type 14"),
        (layer("04", data="0210020101001001010400000000"), "FastPFOR"),
        (layer("04", data="0210020101001486020100000000"), "Morton"),
        (layer("04", data="021002010102340201010100000000"), "Triangles"),
        (layer("04", data="021002010102210201010100000000"), "Index"),
        (layer("04", "1c0162", data=POINT + "043502010101"), "Symbol"),
        (layer("04", "1c0162", data=POINT + "041500010141"), "FSST"),
        (layer("04", data="0210c2010100"), "encoding 0xc2"),
    ],
)
def test_what_is_not_read_is_refused_by_its_name(tile: bytes, named: str) -> None:
    with pytest.raises(InvalidFile, match=re.escape(named)):
        mlt.decode(tile)


@pytest.mark.parametrize("cut", range(1, len(SMALLEST) // 2 + 1))
def test_a_tile_that_is_cut_off_is_refused(cut: int) -> None:
    whole = bytes.fromhex(f"{len(SMALLEST) // 2:02x}{SMALLEST}")
    with pytest.raises(InvalidFile):
        mlt.decode(whole[:cut])


def test_a_stream_must_have_as_many_values_as_it_tells() -> None:
    with pytest.raises(InvalidFile, match="2 numbers has 1"):
        mlt.decode(layer("04", data="011002020100"))
    with pytest.raises(InvalidFile, match="9 bits has 1 bytes"):
        mlt.bits_of(bytes.fromhex("ff01"), 9)


def test_other_versions_are_passed_over() -> None:
    (read,) = mlt.decode(bytes.fromhex("0302ffff") + layer("04", data=POINT))
    assert (read.kinds, read.geometries, read.ids, read.columns) == ([0], [[[[(1, 2)]]]], [], {})
