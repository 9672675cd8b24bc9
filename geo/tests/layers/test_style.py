from __future__ import annotations

from geo.layers.style import fill_of_codes, fill_of_poured


def test_a_class_of_poured_tiles_has_its_colour_and_a_missing_one_that_of_no_data() -> None:
    fill = fill_of_poured(["#ff0000", "#0000ff"])
    assert fill == ["match", ["get", "class"], [0], "#ff0000", [1], "#0000ff", "#cccccc"]


def test_areas_have_the_colour_of_their_class_where_the_tiles_carry_none() -> None:
    fill = fill_of_codes(["#ff0000", "#00ff00", "#0000ff"], [["01000"], [], ["13000", "27000"]])
    assert fill == [
        *("match", ["get", "code"]),
        *(["01000"], "#ff0000"),
        *(["13000", "27000"], "#0000ff"),
        "#cccccc",
    ]


def test_without_any_class_every_area_has_the_colour_of_no_data() -> None:
    assert fill_of_poured([]) == fill_of_codes(["#ff0000"], [[]]) == "#cccccc"
