"""Coordinate reference systems: axis order, figures of the Geospatial Information Authority, round trips."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.crs import CODES, CRS84, EPSG, reference_system, reference_systems
from geo.errors import InvalidGeometry, InvalidParameter


def moved(code: str, lon: float, lat: float) -> tuple[float, float]:
    point = reference_system(code).from_stored(np.array([shapely.Point(lon, lat)], object))[0]
    return point.x, point.y


def test_the_national_system_and_the_plane_ones_and_utm_are_told() -> None:
    assert len(reference_systems()) == 1 + 3 + 19 + 5
    assert next(iter(reference_systems())) == CRS84
    assert all(one.uri == CRS84 or one.uri.startswith(EPSG) for one in reference_systems().values())


def test_axes_are_in_the_order_of_their_definition() -> None:
    assert moved("CRS84", 139.0, 36.0) == (139.0, 36.0)
    assert moved("EPSG:6668", 139.0, 36.0) == (36.0, 139.0)
    assert moved("EPSG:4326", 139.0, 36.0) == (36.0, 139.0)


def test_the_origin_of_a_plane_system_is_zero_and_its_first_axis_points_north() -> None:
    # 平面直角座標系 第IX系: origin 36° 0' N, 139° 50' E (平成14年国土交通省告示第9号)
    assert moved("EPSG:6677", 139 + 50 / 60, 36.0) == pytest.approx((0, 0), abs=0.001)
    north, east = moved("EPSG:6677", 139 + 50 / 60, 36.1)
    assert north == pytest.approx(11_095, abs=5)  # 0.1° of the meridian × 0.9999
    assert east == pytest.approx(0, abs=0.001)


def test_utm_and_web_mercator_are_east_first() -> None:
    east, north = moved("EPSG:6691", 141.0, 36.0)  # the central meridian of zone 54N
    assert east == pytest.approx(500_000, abs=0.001)
    assert north == pytest.approx(3_983_948.4, abs=0.5)
    x, y = moved("EPSG:3857", 180.0, 0.0)
    assert (x, y) == pytest.approx((20_037_508.343, 0), abs=0.001)


@given(
    st.sampled_from(CODES),
    st.floats(min_value=123, max_value=146, allow_nan=False),
    st.floats(min_value=24, max_value=45.5, allow_nan=False),
)
def test_what_leaves_comes_back(code: int, lon: float, lat: float) -> None:
    system = reference_system(str(code))
    there = system.from_stored(np.array([shapely.Point(lon, lat)], object))
    back = system.to_stored(there)[0]
    if code in range(6669, 6693):  # transverse Mercator loses millimetres far from its meridian
        assert (back.x, back.y) == pytest.approx((lon, lat), abs=2e-6)
    else:
        assert (back.x, back.y) == pytest.approx((lon, lat), abs=1e-7)


def test_a_box_is_given_in_the_axes_of_its_system() -> None:
    assert reference_system("CRS84").box((139, 35, 140, 36)).bounds == (139, 35, 140, 36)
    assert reference_system("EPSG:6668").box((35, 139, 36, 140)).bounds == pytest.approx((139, 35, 140, 36))
    west, south, east, north = reference_system("EPSG:6677").box((-10_000, -10_000, 10_000, 10_000)).bounds
    assert (west, east) == pytest.approx((139.722, 139.944), abs=0.001)
    assert (south, north) == pytest.approx((35.91, 36.09), abs=0.001)


@pytest.mark.parametrize(
    "written",
    [
        "EPSG:6668",
        "6668",
        f"{EPSG}6668",
        "https://www.opengis.net/def/crs/EPSG/0/6668",
        "urn:ogc:def:crs:EPSG::6668",
        "[EPSG:6668]",
    ],
)
def test_a_system_is_found_by_what_people_write(written: str) -> None:
    assert reference_system(written).code == 6668


def test_another_system_is_refused_with_those_that_are_told() -> None:
    with pytest.raises(InvalidParameter, match="EPSG:6668") as refused:
        reference_system("EPSG:2154", "bbox-crs")
    assert refused.value.findings[0].field == "bbox-crs"


def test_coordinates_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(InvalidGeometry, match="order of its axes"):
        reference_system("EPSG:4326").to_stored(np.array([shapely.Point(139.0, 1e9)], object))


@pytest.mark.parametrize("bounds", [(150, -90, -150, 90), (139, 36, 140, 35)])
def test_a_box_that_is_turned_over_is_refused(bounds: tuple[float, ...]) -> None:
    with pytest.raises(InvalidGeometry, match="lower corner"):
        reference_system("CRS84").box(bounds)


def test_no_place_is_beyond_a_pole() -> None:
    with pytest.raises(InvalidGeometry, match="order of its axes"):
        reference_system("CRS84").to_stored(np.array([shapely.Point(90, 180)], object))
