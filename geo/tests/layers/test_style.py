from __future__ import annotations

import pytest

from geo.layers.style import fill_of_codes, fill_of_poured, maplibre_style


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


@pytest.mark.parametrize(("lang", "attribute"), [("ja", "name"), ("en", "name_en")])
def test_a_style_names_areas_in_its_language_and_draws_its_own_source(lang: str, attribute: str) -> None:
    source = {"type": "vector", "tiles": ["http://x/{z}/{x}/{y}.mvt"]}
    found = maplibre_style(name="甲", source=source, fill="#ff0000", lang=lang, credit="乙")
    assert (found["version"], found["name"]) == (8, "甲")
    assert found["metadata"] == {"chiiki:credit": "乙", "chiiki:name": attribute}
    assert found["sources"] == {"areas": source}
    layers = found["layers"]
    assert isinstance(layers, list)
    background, fill, line = layers
    assert "source" not in background
    assert [layer["source"] for layer in (fill, line)] == ["areas", "areas"]
    assert fill["paint"]["fill-color"] == "#ff0000"
    assert "glyphs" not in found
    assert "sprite" not in found
