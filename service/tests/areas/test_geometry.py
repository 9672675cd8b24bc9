"""What a request says of the areas it wants: a parent, a box."""

from __future__ import annotations

import pytest

from geo.errors import InvalidAreaCode, InvalidParameter
from service.areas.geometry import bbox_of, parent_of


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("139,35,140.5,36", (139, 35, 140.5, 36)),
        (" 139 , 35 , 140 , 36 ", (139, 35, 140, 36)),
        ("-180,-90,180,90", (-180, -90, 180, 90)),
        ("139,35,139,35", (139, 35, 139, 35)),
    ],
)
def test_a_box_is_west_south_east_north(text: str, box: tuple[float, ...]) -> None:
    assert bbox_of(text) == box


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "four numbers"),
        ("139,35,140", "four numbers"),
        ("139,35,140,36,37", "four numbers"),
        ("139,35,140,x", "four numbers"),
        ("140,35,139,36", "west ≤ east"),
        ("139,36,140,35", "south ≤ north"),
        ("-181,35,140,36", "west ≤ east"),
        ("139,35,181,36", "west ≤ east"),
        ("139,-91,140,36", "south ≤ north"),
        ("139,35,140,91", "south ≤ north"),
        ("139,35,140,nan", "south ≤ north"),
        ("139,35,inf,36", "west ≤ east"),
    ],
)
def test_a_box_turned_over_or_off_the_globe_is_refused(text: str, told: str) -> None:
    with pytest.raises(InvalidParameter, match=told) as refused:
        bbox_of(text)
    assert refused.value.findings[0].field == "bbox"


@pytest.mark.parametrize(
    ("text", "code"), [(None, None), ("10000", "10000"), ("10", "10000"), ("011002", "01100")]
)
def test_a_parent_is_told_by_its_code_in_any_form(text: str | None, code: str | None) -> None:
    assert parent_of(text) == code


def test_a_parent_that_is_no_code_is_refused() -> None:
    with pytest.raises(InvalidAreaCode):
        parent_of("群馬県")
