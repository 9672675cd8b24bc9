"""How large an area is: as the survey authority publishes it, and as its outline on the map has it."""

from __future__ import annotations

import datetime as dt

import pytest

from service.areas.forms import AreaSize, size_described
from service.memory.atlas import Atlas


def size(atlas: Atlas, code: str) -> AreaSize:
    vintage = atlas.catalogue.vintages[dt.date(2021, 1, 1)]
    level, area = atlas.area(vintage, code)
    return size_described(atlas, area, level, vintage)


@pytest.mark.parametrize(
    ("code", "km2"),
    [
        # 全国都道府県市区町村別面積調, 2024
        ("01100", 1_121.26),
        ("22130", 1_558.11),
        ("10201", 311.59),
    ],
)
def test_the_official_area_is_taken_where_one_is_known(atlas: Atlas, code: str, km2: float) -> None:
    told = size(atlas, code)
    assert (told["source"], told["period"], told["note"]) == ("official", "2024", None)
    assert told["km2"] == pytest.approx(km2)
    assert told["outline_km2"] != told["km2"]
    assert told["outline_km2"] == pytest.approx(km2, rel=0.01)


def test_hokkaido_says_that_its_official_area_leaves_out_the_northern_territories(atlas: Atlas) -> None:
    told = size(atlas, "01000")
    assert told["source"] == "official"
    # 83,424 km² with the six villages, which have 5,003
    assert told["km2"] == pytest.approx(78_421, abs=2)
    assert told["outline_km2"] == pytest.approx(83_424, rel=0.002)
    assert told["note"] is not None
    assert "北方地域を除く" in told["note"]["ja"]
    assert "Northern Territories" in told["note"]["en"]


def test_a_village_of_the_northern_territories_has_the_area_of_its_outline(atlas: Atlas) -> None:
    told = size(atlas, "01695")  # 色丹村, 250.57 km²
    assert (told["source"], told["period"], told["km2"]) == ("outline", None, told["outline_km2"])
    assert told["km2"] == pytest.approx(250.57, rel=0.02)
    assert told["note"] is not None
    assert "Northern Territories" in told["note"]["en"]
    total = sum(size(atlas, f"0{code}")["km2"] for code in range(1695, 1701))
    assert total == pytest.approx(5_003, rel=0.03)  # 4,905 as drawn


def test_where_no_official_area_is_known_the_outline_is_told_as_such(atlas: Atlas) -> None:
    # areas are published for cities, not for their wards
    told = size(atlas, "01101")
    assert (told["source"], told["period"], told["note"]) == ("outline", None, None)
    assert told["km2"] == pytest.approx(46.42, rel=0.02)
