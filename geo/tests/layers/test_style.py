from __future__ import annotations

import numpy as np
import pytest

from geo.layers.circles import LAND, Circles
from geo.layers.style import (
    Painting,
    circle_layer,
    fill_of_codes,
    fill_of_land,
    fill_of_poured,
    maplibre_style,
)


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
    found = maplibre_style(name="甲", source=source, painting=Painting("#ff0000"), lang=lang, credit="乙")
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


def test_circles_are_drawn_over_plain_areas_in_proportion_to_the_largest() -> None:
    circles = Circles.of(-50.0, np.array([0.0, 200.0]), "rdylbu")
    layer = circle_layer(circles, 47)
    found = maplibre_style(
        name="甲",
        source={"type": "vector"},
        painting=Painting(fill_of_land(["#ff0000", "#0000ff"]), "http://x/areas.geojson", [layer]),
        lang="ja",
        credit="乙",
    )
    sources, layers = found["sources"], found["layers"]
    assert isinstance(sources, dict)
    assert isinstance(layers, list)
    assert sources["points"] == {"type": "geojson", "data": "http://x/areas.geojson"}
    assert layers[-1] == layer
    assert layers[1]["paint"]["fill-color"] == ["match", ["get", "class"], [0, 1], LAND, "#cccccc"]
    paint = layer["paint"]
    assert isinstance(paint, dict)
    share = ["sqrt", ["/", ["abs", ["get", "value"]], 200.0]]
    assert paint["circle-radius"][3:7] == [2, ["*", 7, share], 4, ["*", 26, share]]
    assert paint["circle-color"] == ["case", ["<", ["get", "value"], 0], circles.below, circles.above]
    assert fill_of_land([]) == "#cccccc"
