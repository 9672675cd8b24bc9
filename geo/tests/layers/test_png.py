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


SQUARE = [[(0, 0), (0, 2048), (2048, 2048), (2048, 0)]]


def test_a_square_with_a_hole_is_painted_to_the_pixel() -> None:
    hole = [(512, 512), (1024, 512), (1024, 1024), (512, 1024)]
    raster = png.rasterise(skeleton([[*SQUARE, hole]]), 256)
    expected = np.zeros((256, 256), np.uint16)
    expected[:128, :128] = 1
    expected[32:64, 32:64] = 0
    assert (raster.indices == expected).all()


def test_a_postgis_tile_is_painted() -> None:
    raster = png.rasterise(read_skeleton(STORED), 256)
    assert raster.indices[64, 10] == 1
    assert raster.indices[100, 140] == 2
    assert raster.indices[200, 200] == 0


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
    found = png.rasterise(skeleton([[vertices]]), 64).indices == 1
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
    colours = np.array([[n % 7 * 30, 40, 200, 255] for n in range(count)], np.uint8)
    image = pixels(png.pour(png.rasterise(skeleton(*boxes), 256), colours))
    for n in range(count):
        column, row = int((n % side) * 10 + 4), int((n // side) * 10 + 4)
        assert image[row, column].tolist() == colours[n].tolist()
    assert image[255, 255].tolist() == [0, 0, 0, 0]


def test_the_same_colours_give_the_same_bytes() -> None:
    raster = png.rasterise(skeleton([SQUARE]), 512)
    colours = np.array([[1, 2, 3, 255]], np.uint8)
    assert png.pour(raster, colours) == png.pour(png.rasterise(skeleton([SQUARE]), 512), colours)


def test_nothing_is_transparent() -> None:
    assert (pixels(png.transparent(256)) == 0).all()
    assert png.rasterise(skeleton(), 256).count == 0
