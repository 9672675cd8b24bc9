"""Tiles of circles: exact colours, sizes as in the legend, and no seam between neighbours."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from geo.layers import png
from geo.layers.circle_tiles import STEPS, Discs, Marks, pour, world_places
from geo.layers.circles import SIZES_OF_FEW, SIZES_OF_MANY, Circles, radius_at
from geo.tests.layers.test_png import SQUARE, skeleton

#: Dark blue, for gains; and red, for losses.
SCALE = Circles(100.0, "#000080", "#b2182b")
NOTHING = np.zeros(0, np.bool_)


def pixels(body: bytes) -> NDArray[np.int64]:
    return np.asarray(Image.open(io.BytesIO(body)).convert("RGBA"), np.int64)


def discs(size: int, *circles: tuple[float, float, float], corner: tuple[int, int] = (0, 0)) -> Discs:
    """Return blue circles (x, y, radius) without a line around them."""
    x, y, radii = (np.array(column, float) for column in zip(*circles, strict=True))
    colours = np.tile([0.0, 0.0, 128.0], (len(circles), 1))
    return Discs(size, np.array(corner), np.stack((x, y), axis=1), radii, colours, 0.0)


def test_land_shows_through_a_circle_and_the_sea_through_its_part_outside() -> None:
    land = png.rasterise(skeleton([SQUARE]), 64)  # the upper left quarter
    found = pixels(pour(land, np.array([False]), discs(64, (32.0, 32.0, 10.0))))
    # 0.72 of blue (0, 0, 128), 0.28 of paper (243, 240, 232)
    assert found[30, 30].tolist() == [68, 67, 157, 255]
    assert found[34, 34].tolist() == [0, 0, 128, 184]  # 0.72 of 255
    assert found[2, 2].tolist() == [243, 240, 232, 255]
    assert found[62, 62].tolist() == [0, 0, 0, 0]


def test_an_area_without_a_value_has_the_colour_of_no_data() -> None:
    land = png.rasterise(skeleton([SQUARE]), 64)
    none = discs(64, (32.0, 32.0, 10.0))
    found = pixels(pour(land, np.array([True]), none))
    assert found[2, 2].tolist() == [0xCC, 0xCC, 0xCC, 255]


def test_many_areas_are_told_apart_too() -> None:
    whole = [(0, 0), (0, 4096), (4096, 4096), (4096, 0)]
    land = png.rasterise(skeleton(*[[[whole]]] * 300), 64)
    missing = np.zeros(300, np.bool_)
    missing[-1] = True  # the last one shows
    found = pixels(pour(land, missing, discs(64, (500.0, 500.0, 1.0))))
    assert np.unique(found.reshape(-1, 4), axis=0).tolist() == [[0xCC, 0xCC, 0xCC, 255]]


def test_a_smaller_circle_lies_over_a_larger_one() -> None:
    two = discs(64, (32.0, 32.0, 20.0), (32.0, 32.0, 5.0))
    colours = two.colours.copy()
    colours[1] = [178, 24, 43]
    found = pixels(pour(None, NOTHING, Discs(64, two.corner, two.centres, two.radii, colours, 0.0)))
    # cover 0.72 + 0.28 × 0.72 = 0.9216; red 0.72 × 178 of it
    assert found[32, 32].tolist() == [139, 19, 62, 235]
    assert found[32, 15].tolist() == [0, 0, 128, 184]


def test_a_circle_covers_as_much_as_its_radius_says() -> None:
    found = pixels(pour(None, NOTHING, discs(128, (61.3, 60.8, 40.0))))
    assert found[:, :, 3].sum() / (0.72 * 255) == pytest.approx(np.pi * 40**2, rel=0.005)


def test_a_white_line_parts_circles() -> None:
    one = discs(64, (32.0, 32.0, 10.0))
    ringed = Discs(64, one.corner, one.centres, one.radii, one.colours, 2.0)
    found = pixels(pour(None, NOTHING, ringed))
    assert found[32, 42].tolist()[3] == 255
    assert found[32, 42].tolist()[0] > 240
    assert found[32, 46].tolist() == [0, 0, 0, 0]


places = st.floats(0, 127, allow_nan=False)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(places, places, st.floats(0.05, 60)), min_size=1, max_size=12))
def test_neighbouring_tiles_join_without_a_seam(circles: list[tuple[float, float, float]]) -> None:
    ordered = sorted(circles, key=lambda one: -one[2])
    far = 2**20 * 64  # as far from the world's corner as tiles of zoom 14 and more
    moved = [(x + far, y + far, radius) for x, y, radius in ordered]
    whole = pixels(pour(None, NOTHING, discs(128, *moved, corner=(far, far))))
    quarters = [
        [pixels(pour(None, NOTHING, discs(64, *moved, corner=(far + left, far + top)))) for left in (0, 64)]
        for top in (0, 64)
    ]
    assert (np.concatenate([np.concatenate(row, axis=1) for row in quarters]) == whole).all()


def test_few_colours_have_a_palette_and_many_are_told_pixel_by_pixel() -> None:
    few = discs(256, (100.0, 100.0, 90.0), (140.0, 120.0, 60.0))
    row = discs(256, *[(20.0 * step + 8.3, 11.0 * step + 9.7, 80.0 - 6 * step) for step in range(12)])
    different = np.linspace((178.0, 24.0, 43.0), (0.0, 0.0, 128.0), len(row))
    many = Discs(256, row.corner, row.centres, row.radii, different, 0.6)
    for circles, mode in ((few, "P"), (many, "RGBA")):
        body = pour(None, NOTHING, circles)
        assert Image.open(io.BytesIO(body)).mode == mode
        assert_painted_one_by_one(pixels(body), circles)


def assert_painted_one_by_one(found: NDArray[np.int64], circles: Discs) -> None:
    """Each pixel is what the circles lay over it, worked out for all pixels of each of them."""
    y, x = np.indices((circles.size, circles.size)) + 0.5
    painted = np.zeros((circles.size, circles.size, 4))
    for centre, radius, colour in zip(
        circles.centres - circles.corner, circles.radii, circles.colours, strict=True
    ):
        away = np.hypot(x - centre[0], y - centre[1])
        inside = np.rint(np.clip(radius - away + 0.5, 0, 1) * STEPS) / STEPS
        ring = np.rint(np.clip(radius + circles.stroke - away + 0.5, 0, 1) * STEPS) / STEPS - inside
        cover = 0.72 * inside + ring
        over = np.dstack((*(0.72 * inside * part + 255 * ring for part in colour), cover))
        painted = painted * (1 - cover[..., np.newaxis]) + over
    cover = painted[..., 3:]
    whole = np.divide(painted[..., :3], cover, out=np.zeros_like(painted[..., :3]), where=cover > 0)
    expected = np.dstack((whole, 255 * cover))
    expected[expected[..., 3] < 0.5] = 0
    assert np.abs(found - expected).max() <= 0.5 + 1e-6


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(places, places, st.floats(0.05, 90)), min_size=1, max_size=8),
    st.sampled_from([0.0, 0.15, 0.6, 1.2]),
)
def test_runs_are_the_pixels_one_by_one(circles: list[tuple[float, float, float]], stroke: float) -> None:
    plain = discs(64, *sorted(circles, key=lambda one: -one[2]), corner=(32, 16))
    ringed = Discs(64, plain.corner, plain.centres, plain.radii, plain.colours, stroke)
    assert_painted_one_by_one(pixels(pour(None, NOTHING, ringed)), ringed)


def test_a_circle_stands_in_all_tiles_that_it_touches_and_in_no_other() -> None:
    tokyo = np.array([[139.69, 35.69]])
    marks = Marks(SCALE, np.array([100.0]), world_places(tokyo))
    (x, y), n = marks.places[0], 1 << 8
    # 139.69 / 360 and the ordinate of 35.69 on the grid of zoom 8: tile 227/100
    assert (int(x * n), int(y * n)) == (227, 100)
    radius = radius_at(7, 1)
    column, row = x * n * 256, y * n * 256
    for dx in (-1, 0, 1):
        for dy in (-1, 0, 1):
            left, top = (227 + dx) * 256, (100 + dy) * 256
            away = np.hypot(max(left - column, 0, column - left - 256), max(top - row, 0, row - top - 256))
            drawn = pixels(pour(None, NOTHING, marks.reaching((8, 227 + dx, 100 + dy), 256)))
            assert (drawn[:, :, 3] > 0).any() == (away < radius + 0.6)


def test_a_tile_has_the_sizes_of_the_interactive_map_one_zoom_before_it() -> None:
    places = world_places(np.tile([139.0, 36.0], (5, 1)))
    marks = Marks(SCALE, np.array([100.0, 25.0, -4.0, np.nan, 0.0]), places)
    plain, dense = (marks.reaching((5, 28, 12), size) for size in (256, 512))
    zoom, most = SIZES_OF_FEW[1]
    assert zoom == 4
    assert plain.radii.tolist() == pytest.approx([most, most / 2, most / 5])
    assert dense.radii.tolist() == pytest.approx([2 * most, most, most / 2.5])
    assert plain.colours[:, 0].tolist() == [0, 0, 178]


@pytest.mark.parametrize(("areas", "sizes"), [(47, SIZES_OF_FEW), (1740, SIZES_OF_MANY)])
def test_the_largest_circle_grows_as_maplibre_lets_it(areas: int, sizes: tuple[tuple[int, int], ...]) -> None:
    for zoom, pixels_there in sizes:
        assert radius_at(zoom, areas) == pytest.approx(pixels_there)
    (zoom, small), (to, large) = sizes[1:3]
    # the style specification, exponential interpolation with the base 1.4
    share = (1.4 ** (6 - zoom) - 1) / (1.4 ** (to - zoom) - 1)
    assert radius_at(6, areas) == pytest.approx(small + (large - small) * share)
    assert radius_at(0, areas) == pytest.approx(sizes[0][1])
