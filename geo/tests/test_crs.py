"""Coordinate reference systems: axis order, figures of the Geospatial Information Authority, round trips."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.crs import CODES, CRS84, EPSG, JAPAN, reference_system, reference_systems
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


@pytest.mark.parametrize(
    ("named", "bounds"),
    [
        ("CRS84", (139, 36, 140, 35)),
        ("CRS84", (140, 36, 139, 35)),
        ("6668", (36, 139, 35, 140)),
        ("6677", (10, 0, -10, 5)),
        ("3857", (1.5e7, 4e6, 1.4e7, 5e6)),
    ],
)
def test_a_box_that_is_turned_over_is_refused(named: str, bounds: tuple[float, ...]) -> None:
    with pytest.raises(InvalidGeometry, match="lower"):
        reference_system(named).box(bounds)


@pytest.mark.parametrize(("named", "bounds"), [("CRS84", (36, 139, 37, 140)), ("6668", (139, 36, 140, 37))])
def test_a_box_of_swapped_axes_is_refused(named: str, bounds: tuple[float, ...]) -> None:
    with pytest.raises(InvalidGeometry, match="order of the CRS's axes"):
        reference_system(named).box(bounds)


TOKYO, BERING, DATE_LINE = (139.7, 35.7), (178.0, 66.0), (-178.0, 66.0)


@pytest.mark.parametrize(
    ("named", "bounds", "inside"),
    [
        # RFC 7946, 5.2: the box of the Fiji archipelago crosses the 180th meridian
        ("CRS84", (177, -20, -178, -16), []),
        ("CRS84", (177, 65, -177, 70), [BERING, DATE_LINE]),
        ("6668", (65, 177, 70, -177), [BERING, DATE_LINE]),
        # Leaflet's getBounds() of a map that was turned round the Earth, or shows it more than once
        ("CRS84", (499, 35, 500, 36), [TOKYO]),
        ("CRS84", (-221, 35, -220, 36), [TOKYO]),
        ("CRS84", (-541.4, -75, 281.6, 85), [TOKYO, BERING, DATE_LINE]),
        ("CRS84", (170, 30, 190, 70), [BERING, DATE_LINE]),
        ("CRS84", (180, 60, 185, 70), [DATE_LINE]),
        # OpenLayers' first view, and one a world further east
        ("3857", (-2.1e7, -2.1e7, 2.1e7, 2.1e7), [TOKYO, BERING, DATE_LINE]),
        ("3857", (5.5e7, 4e6, 5.6e7, 5e6), [TOKYO]),
        ("3857", (1.9e7, 4e6, 2.1e7, 1.1e7), [BERING, DATE_LINE]),
        # larger than transverse Mercator can tell
        ("6677", (-2e7, -2e7, 2e7, 2e7), [TOKYO]),
        ("6677", (-1e6, -2e7, 1e6, 2e7), [TOKYO]),
        ("6687", (-2e7, -2e7, 2e7, 2e7), [TOKYO]),
        ("6688", (0, -2e7, 2e7, 2e7), [TOKYO]),
        ("6677", (3e6, 3e6, 4e6, 4e6), []),
        ("6677", (1e30, 1e30, 2e30, 2e30), []),
    ],
)
def test_a_box_holds_what_lies_in_it_however_large_it_is(
    named: str, bounds: tuple[float, ...], inside: list[tuple[float, float]]
) -> None:
    box = reference_system(named).box(bounds)
    assert box.is_valid
    places = (TOKYO, BERING, DATE_LINE)
    assert [one for one in places if box.intersects(shapely.Point(one))] == inside


@pytest.mark.parametrize("code", CODES)
def test_a_box_and_a_polygon_that_are_larger_than_a_system_hold_all_of_japan(code: int) -> None:
    system = reference_system(str(code))
    if system.is_degrees:
        return
    for times in (1.0, 3.0, 1e6):
        corners = [times * one for one in system.limits]
        (first, second), (third, fourth) = (
            map(min, corners[:2], system.limits[:2]),
            map(max, corners[2:], system.limits[2:]),
        )
        largest = shapely.box(first, second, third, fourth)
        for found in (system.box(largest.bounds), system.shape_to_stored(largest)):
            assert found.is_valid
            assert found.buffer(1e-6).contains(shapely.box(*JAPAN))


def test_a_long_side_is_bent_as_its_system_bends_it() -> None:
    """A straight line of the plane from 33 to 39 degrees north, 200 km beside the meridian of zone IX."""
    system = reference_system("6677")
    line = shapely.LineString([(-330_000, 200_000), (330_000, 200_000)])
    (middle,) = system.to_stored(np.array([line.interpolate(0.5, normalized=True)], object))
    assert system.shape_to_stored(line).distance(middle) < 1e-6
    assert system.to_stored(np.array([line], object))[0].distance(middle) > 1e-3


def test_parts_beyond_a_system_are_not_left_out_in_silence() -> None:
    far = shapely.MultiPolygon([shapely.box(-10, -10, 10, 10), shapely.box(4e6, 4e6, 5e6, 5e6)])
    with pytest.raises(InvalidGeometry, match="beyond"):
        reference_system("6677").shape_to_stored(far)
    assert reference_system("6677").shape_to_stored(far.geoms[1]).is_empty


def test_no_place_is_beyond_a_pole() -> None:
    with pytest.raises(InvalidGeometry, match="order of its axes"):
        reference_system("CRS84").to_stored(np.array([shapely.Point(90, 180)], object))
