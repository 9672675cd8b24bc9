"""Tile arithmetic against published points."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import NotFound
from geo.layers.tiles import tile_bounds, tile_of, tiles_meeting


@given(lon=st.floats(-180, 179.999), lat=st.floats(-85, 85), z=st.integers(0, 14))
def test_a_point_lies_within_the_bounds_of_its_tile(lon: float, lat: float, z: int) -> None:
    west, south, east, north = tile_bounds(*tile_of(lon, lat, z))
    assert west - 1e-9 <= lon <= east + 1e-9
    assert south - 1e-9 <= lat <= north + 1e-9


def test_the_world_is_one_tile_at_zoom_0() -> None:
    assert list(tiles_meeting((122.0, 20.0, 154.0, 46.0), 0)) == [(0, 0, 0)]
    assert list(tiles_meeting((-180.0, -85.0, 179.9, 85.0), 1)) == [
        (1, 0, 0),
        (1, 1, 0),
        (1, 0, 1),
        (1, 1, 1),
    ]


@pytest.mark.parametrize("address", [(0, 1, 0), (3, 8, 0), (3, 0, -1), (-1, 0, 0)])
def test_a_tile_outside_the_grid_is_not_found(address: tuple[int, int, int]) -> None:
    with pytest.raises(NotFound):
        tile_bounds(*address)
