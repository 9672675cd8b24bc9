"""Cells of JIS X 0410: the worked examples of the domain reference 7.2."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.transit.mesh import SIZES, bounds, centres, code_at, edges, parent


@pytest.mark.parametrize(
    ("code", "box"),
    [
        ("5339", (Fraction(106, 3), 139, 36, 140)),
        ("533946", (Fraction(107, 3), 139.75, 35.75, 139.875)),
        ("53394611", (35.675, 139.7625, Fraction(4282, 120), 139.775)),
        ("533946113", (Fraction(8563, 240), 139.7625, Fraction(4282, 120), 139.76875)),
        ("5339461132", (Fraction(8563, 240), 139.765625, 35.68125, 139.76875)),
        ("53393599212", (Fraction(4279, 120), 139.7453125, 35.659375, 139.746875)),
    ],
)
def test_the_edges_of_a_cell_are_exact(code: str, box: tuple[float, ...]) -> None:
    assert bounds([code])[0].tolist() == [float(edge) for edge in box]


def test_published_points_lie_in_their_cells() -> None:
    assert code_at(35.658581, 139.745433, 8) == "53393599"
    assert [code_at(35.681236, 139.767125, digits) for digits in (8, 9, 10, 11)] == [
        *("53394611", "533946113", "5339461132", "53394611323")
    ]
    assert code_at(26.212401, 127.680932, 10) == "3927255414"
    lon, lat = centres(["53393599212"])
    assert (lat[0], lon[0]) == (pytest.approx(35.6588542, abs=5e-8), 139.74609375)


def test_a_corner_belongs_to_the_cell_north_and_east_of_it() -> None:
    south_west = Fraction(106, 3), 139
    assert [code_at(*south_west, digits) for digits in SIZES] == [
        *("5339", "533900", "53390000", "533900001", "5339000011", "53390000111")
    ]


@given(
    lat=st.floats(20, 46, allow_nan=False),
    lon=st.floats(122, 154, allow_nan=False),
    digits=st.sampled_from(list(SIZES)),
)
def test_a_point_lies_in_the_cell_that_it_is_given(lat: float, lon: float, digits: int) -> None:
    code = code_at(lat, lon, digits)
    (south,), (west,), (north,), (east,) = edges([code])
    assert int(south) <= Fraction(lat) * 960 < int(north)
    assert int(west) <= (Fraction(lon) - 100) * 640 < int(east)
    assert all(parent(code, size) == code_at(lat, lon, size) for size in SIZES if size <= digits)


@pytest.mark.parametrize(
    "code", ["", "53", "533", "53398", "533980", "53394", "5339461", "533946115", "53394611x", "５３３９"]
)
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="no mesh code"):
        edges([code])


def test_a_point_off_the_grid_and_a_level_that_does_not_exist_are_refused() -> None:
    with pytest.raises(ValueError, match="outside the grid"):
        code_at(-1, 139, 8)
    with pytest.raises(ValueError, match="no cells of 7 digits"):
        code_at(35, 139, 7)
    with pytest.raises(ValueError, match="no cell of 9 digits"):
        parent("5339", 9)
