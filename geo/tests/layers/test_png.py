"""Choropleth PNGs: exact colours, and pixels where the polygon is."""

from __future__ import annotations

import io

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from geo.layers import png
from geo.layers.mvt import Skeleton, read_skeleton, varint
from geo.tests.layers.test_mvt import STORED


def commands(polygons: list[list[list[tuple[int, int]]]]) -> bytes:
    """Encode rings as MVT 2.1 section 4.3 says."""
    numbers: list[int] = []
    x = y = 0
    for rings in polygons:
        for ring in rings:
            numbers.append(9)
            for place, (to_x, to_y) in enumerate(ring):
                if place == 1:
                    numbers.append(2 | (len(ring) - 1) << 3)
                numbers += [(d << 1) ^ (d >> 31) for d in (to_x - x, to_y - y)]
                x, y = to_x, to_y
            numbers.append(15)
    return b"".join(map(varint, numbers))


def skeleton(*features: list[list[list[tuple[int, int]]]]) -> Skeleton:
    packed = tuple(commands(feature) for feature in features)
    return Skeleton(np.arange(len(packed), dtype=np.int32), packed, packed)


def pixels(body: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(body)).convert("RGBA"))


def places(raster: png.Raster) -> NDArray[np.uint8]:
    """Return which of at most 255 features each pixel shows: its place plus one, 0 outside."""
    count = len(raster.positions)
    told = np.array([[n + 1, 0, 0, 255] for n in range(count)], np.uint8).reshape(-1, 4)
    return pixels(png.pour(raster, np.arange(count, dtype=np.uint8), told))[:, :, 0]


SQUARE = [[(0, 0), (0, 2048), (2048, 2048), (2048, 0)]]


def test_a_square_with_a_hole_is_painted_to_the_pixel() -> None:
    hole = [(512, 512), (1024, 512), (1024, 1024), (512, 1024)]
    found = places(png.rasterise(skeleton([[*SQUARE, hole]]), 256))
    expected = np.zeros((256, 256), np.uint16)
    expected[:128, :128] = 1
    expected[32:64, 32:64] = 0
    assert (found == expected).all()


def test_a_postgis_tile_is_painted() -> None:
    found = places(png.rasterise(read_skeleton(STORED), 256))
    assert found[64, 10] == 1
    assert found[100, 140] == 2
    assert found[200, 200] == 0


coordinates = st.integers(-64, 4160)
rings = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=8, unique=True)


@settings(max_examples=40, deadline=None)
@given(rings)
def test_a_pixel_is_painted_exactly_when_its_centre_is_inside(ring: list[tuple[int, int]]) -> None:
    polygon = shapely.Polygon(ring)
    hull = polygon.convex_hull
    if not isinstance(hull, shapely.Polygon):
        return
    vertices = [(int(x), int(y)) for x, y in hull.exterior.coords[:-1]]
    found = places(png.rasterise(skeleton([[vertices]]), 64)) == 1
    x, y = np.meshgrid((np.arange(64) + 0.5) * 64, (np.arange(64) + 0.5) * 64)
    inside = shapely.contains_xy(hull, x, y)
    on_edge = shapely.distance(hull.boundary, shapely.points(x, y)) < 1e-6
    assert (found == inside)[~on_edge].all()


@pytest.mark.parametrize("count", [1, 255, 256, 600])
def test_every_area_has_its_own_colour(count: int) -> None:
    side = 25
    boxes = [
        [[[(x, y), (x, y + 128), (x + 128, y + 128), (x + 128, y)]]]
        for x, y in (((n % side) * 160, (n // side) * 160) for n in range(count))
    ]
    palette = np.array([[n * 30, 40, 200, 255] for n in range(7)], np.uint8)
    classes = np.arange(count, dtype=np.intp) % 7
    image = pixels(png.pour(png.rasterise(skeleton(*boxes), 256), classes.astype(np.uint8), palette))
    for n in range(count):
        column, row = int((n % side) * 10 + 4), int((n // side) * 10 + 4)
        assert image[row, column].tolist() == palette[classes[n]].tolist()
    assert image[255, 255].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("others", [0, 300])
def test_where_areas_overlap_the_later_one_shows(others: int) -> None:
    further = [[(1024, 1024), (1024, 3072), (3072, 3072), (3072, 1024)]]
    elsewhere = [[(4000, 4000), (4000, 4080), (4080, 4080), (4080, 4000)]]
    raster = png.rasterise(skeleton([SQUARE], [further], *[[elsewhere]] * others), 256)
    palette = np.array([[10, 0, 0, 255], [20, 0, 0, 255], [30, 0, 0, 255]], np.uint8)
    found = pixels(png.pour(raster, np.array([0, 1, *[2] * others], np.uint8), palette))[:, :, 0]
    expected = np.zeros((256, 256), np.uint8)
    expected[:128, :128] = 10
    expected[64:192, 64:192] = 20
    if others:
        expected[250:255, 250:255] = 30
    assert (found == expected).all()


def test_a_raster_is_held_compressed() -> None:
    side = 20
    boxes = [
        [[[(x, y), (x, y + 200), (x + 200, y + 200), (x + 200, y)]]]
        for x, y in (((n % side) * 200, (n // side) * 200) for n in range(side * side))
    ]
    few, many = png.rasterise(skeleton(*boxes[:200]), 512), png.rasterise(skeleton(*boxes), 512)
    assert few.nbytes < 512 * 512 / 16
    assert many.nbytes < 512 * 512 / 2


def test_the_same_colours_give_the_same_bytes() -> None:
    raster, again = (png.rasterise(skeleton([SQUARE]), 512) for _ in range(2))
    classes, palette = np.zeros(1, np.uint8), np.array([[1, 2, 3, 255]], np.uint8)
    assert png.pour(raster, classes, palette) == png.pour(again, classes, palette)


def test_nothing_is_transparent() -> None:
    assert (pixels(png.transparent(256)) == 0).all()
    assert len(png.rasterise(skeleton(), 256).positions) == 0
