"""Weights from outlines, on squares and on the true polygons of 2005 and 2010."""

from __future__ import annotations

import datetime as dt
import os
import statistics
from fractions import Fraction
from pathlib import Path

import pytest
import shapely

from geo.areas.boundaries import read_layer
from geo.areas.history import History
from geo.areas.overlaps import Overlap, agreement, flat, links, overlaps, shares
from geo.codes import DESIGNATED_CITIES, NORTHERN_TERRITORIES
from geo.tests.areas.test_history import DIVIDED, KAMIKUISHIKI, shipped

REAL = os.environ.get("CHIIKI_REAL_DATA")
real = pytest.mark.skipif(REAL is None, reason="CHIIKI_REAL_DATA is not set")
#: The file that is named 2005-01-01 has the codes of 2006-01-01: a test below.
BEFORE, AFTER = dt.date(2006, 1, 1), dt.date(2010, 3, 29)

Outlines = dict[str, shapely.Geometry]


def test_what_areas_have_in_common_is_told_in_square_metres() -> None:
    old = {"a": shapely.box(0, 0, 4, 2), "b": shapely.box(4, 0, 5, 2)}
    new = {"x": shapely.box(0, 0, 3, 2), "y": shapely.box(3, 0, 5, 2)}
    assert overlaps(old, new) == [Overlap("a", "x", 6.0), Overlap("a", "y", 2.0), Overlap("b", "y", 2.0)]


def test_shares_of_an_area_sum_to_one_without_slivers() -> None:
    found = [Overlap("a", "x", 7_500.0), Overlap("a", "y", 2_500.0), Overlap("a", "z", 50.0)]
    told = links(found, BEFORE)
    assert {new: link.weight for new, link in told["a"].items()} == {"x": Fraction(3, 4), "y": Fraction(1, 4)}
    assert {link.quality for link in told["a"].values()} == {"estimated"}
    assert links(found, BEFORE, sliver=0)["a"].keys() == {"x", "y", "z"}


def test_only_the_ways_of_an_event_are_its_shares() -> None:
    found = [Overlap("a", "x", 3.0), Overlap("a", "y", 1.0), Overlap("a", "z", 1.0), Overlap("b", "x", 9.0)]
    told = [(one.from_code, one.to_code, one.amount) for one in shares(found, {"a": {"x", "y"}}, BEFORE)]
    assert told == [("a", "x", 3), ("a", "y", 1)]


def test_a_degree_square_is_as_large_as_on_the_ellipsoid() -> None:
    # a cell of the third grid at Tokyo: 925 × 1,132 m (domain reference 7.2)
    cell = shapely.box(139.7625, 35.675, 139.775, 35.675 + 1 / 120)
    assert shapely.area(flat({"53394611": cell})["53394611"]) == pytest.approx(925 * 1_132, rel=0.002)


@pytest.fixture(scope="module")
def polygons() -> tuple[Outlines, Outlines]:
    def read(name: str) -> Outlines:
        rows = read_layer(Path(str(REAL)) / "boundaries/historical-codh" / f"jp_city_{name}.c.topojson.gz")
        rows = rows[rows.geometry.notna() & rows["N03_007"].notna()]
        parts: dict[str, list[shapely.Geometry]] = {}
        for code, shape in zip(rows["N03_007"], rows.geometry, strict=True):
            if code:
                parts.setdefault(code, []).append(shape)
        return flat({code: shapely.GeometryCollection(shapes) for code, shapes in parts.items()})

    return read("20050101"), read("20100329")


@real
@pytest.mark.parametrize(
    ("name", "date", "strange"),
    [
        ("19801001", dt.date(1980, 10, 1), set()),
        ("19951001", dt.date(1995, 10, 1), {"01110"}),  # 清田区 was made in 1997
        ("20001001", dt.date(2000, 10, 1), set()),
        ("20050101", BEFORE, set()),
        ("20060101", dt.date(2006, 4, 1), set()),  # of April as well
        ("20100329", AFTER, set()),
        ("20150101", dt.date(2015, 1, 1), set()),
        ("20210101", dt.date(2021, 1, 1), set()),
    ],
)
def test_the_codes_of_old_polygons_are_those_in_force(name: str, date: dt.date, strange: set[str]) -> None:
    rows = read_layer(Path(str(REAL)) / "boundaries/historical-codh" / f"jp_city_{name}.c.topojson.gz")
    codes = {code for code in rows["N03_007"] if isinstance(code, str) and code}
    # polygons of wards, none of whole cities or of the Northern Territories
    wholes = DESIGNATED_CITIES | NORTHERN_TERRITORIES
    assert (codes - wholes) ^ (set(shipped().in_force(date)) - wholes) == strange


@real
def test_polygons_and_events_agree_on_what_merged_until_2010(polygons: tuple[Outlines, Outlines]) -> None:
    old, new = polygons
    merged = {
        code: origins
        for code, origins in shipped().walk(BEFORE, AFTER).origins.items()
        if len(origins) > 1 and code in new and origins.keys() <= old.keys()
    }
    agreed = {code: agreement([old[one] for one in codes], new[code]) for code, codes in merged.items()}
    assert len(agreed) == 160
    assert statistics.median(agreed.values()) == pytest.approx(0.993, abs=0.001)
    # 甲府市 and 富士河口湖町 hold a part of 上九一色村 each; coasts of islands were drawn anew
    assert {code for code, part in agreed.items() if part < 0.97} == {"19201", "19430", "42202", "46404"}
    assert agreed["19201"] == pytest.approx(0.751, abs=0.005)


@real
def test_polygons_tell_the_parts_of_the_village_that_was_divided(
    polygons: tuple[Outlines, Outlines],
) -> None:
    old, new = polygons
    found = overlaps({KAMIKUISHIKI: old[KAMIKUISHIKI]}, new)
    told = links(found, BEFORE)[KAMIKUISHIKI]
    assert told.keys() == {"19201", "19430"}
    areas = shares(found, {KAMIKUISHIKI: {"19201", "19430"}}, DIVIDED)
    known = History(shipped().changes, shipped().spells, [*shipped().shares, *areas])
    walk = known.walk(BEFORE, AFTER, estimate=True)
    weights = {code: link.weight for code, link in walk.of(KAMIKUISHIKI).items()}
    assert sum(weight or 0 for weight in weights.values()) == 1
    assert walk.of(KAMIKUISHIKI)["19201"].bases == {("area", DIVIDED)}
    # so the whole country is carried to the last person
    register = {"19201": 188_002, "19326": 5_676, KAMIKUISHIKI: 1_606, "19430": 24_166}
    assert sum(walk.people(register).values()) == sum(register.values())
