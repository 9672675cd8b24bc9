"""Legends, palettes and statistics."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from geo.errors import InvalidParameter
from geo.figures.statistics import statistics
from geo.layers.legend import Entry, Legend, numeric_entries
from geo.layers.palettes import NO_DATA, PALETTES, colours, diverging_colours, is_diverging, names
from geo.text import Language


def test_colorbrewer_colours_are_its_own_for_each_k() -> None:
    # colorbrewer2.org, YlGnBu with 5 classes
    assert [bytes(c).hex() for c in colours("ylgnbu", 5).tolist()] == [
        "ffffcc",
        "a1dab4",
        "41b6c4",
        "2c7fb8",
        "253494",
    ]
    assert (colours("ylgnbu_r", 5) == colours("ylgnbu", 5)[::-1]).all()


@pytest.mark.parametrize("name", list(PALETTES))
@pytest.mark.parametrize("k", [1, 2, 5, 12])
def test_every_palette_gives_k_colours_other_than_no_data(name: str, k: int) -> None:
    found = colours(name, k).tolist()
    assert len(found) == k
    assert list(NO_DATA) not in found


def test_an_unknown_palette_is_refused_with_what_exists() -> None:
    with pytest.raises(InvalidParameter, match="viridis"):
        colours("mud", 5)
    assert "cividis_r" in names()
    assert {palette.kind for palette in PALETTES.values()} == {"sequential", "diverging", "qualitative"}


DIVERGING = [name for name in names() if is_diverging(name)]


def test_the_diverging_palettes_are_those_that_are_described_so() -> None:
    told = {palette.name for palette in PALETTES.values() if palette.kind == "diverging"}
    assert {name.removesuffix("_r") for name in DIVERGING} == told
    assert "rdylbu_r" in DIVERGING


def lightness(colour: list[int]) -> float:
    red, green, blue = colour
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("name", DIVERGING)
@pytest.mark.parametrize(
    ("below", "above"), [(1, 1), (2, 3), (4, 1), (1, 4), (6, 6), (11, 1), (5, 0), (0, 5)]
)
def test_a_diverging_palette_has_its_lighter_colours_next_to_the_middle(
    name: str, below: int, above: int
) -> None:
    found = diverging_colours(name, below, above).tolist()
    assert len(found) == below + above == len({tuple(one) for one in found})
    assert list(NO_DATA) not in found
    shades = [lightness(one) for one in found]
    assert shades[:below] == sorted(shades[:below])
    assert shades[below:] == sorted(shades[below:], reverse=True)


@pytest.mark.parametrize("name", DIVERGING)
def test_a_class_is_as_strong_as_its_like_on_the_other_side(name: str) -> None:
    both = diverging_colours(name, 4, 4).tolist()
    assert diverging_colours(name, 4, 2).tolist() == both[:6]
    assert diverging_colours(name, 1, 4).tolist() == both[3:]
    assert diverging_colours(name, 0, 4).tolist() == both[4:]


def test_a_reversed_diverging_palette_has_its_halves_the_other_way_round() -> None:
    assert (diverging_colours("puor_r", 1, 3) == diverging_colours("puor", 3, 1)[::-1]).all()


def legend() -> Legend:
    entries = numeric_entries(1.0, [2.0, 3.5], ["#ffffff", "#000000"], [3, 4], 1)
    return Legend("人口 <&>", "Population <&>", "人", "persons", "2020", entries, 2)


def test_labels_tell_classes_apart() -> None:
    entries = numeric_entries(0.001, [0.002, 0.003], ["#fff000", "#000fff"], [1, 1], 0)
    assert [e.label_en for e in entries] == ["0.001 – 0.002", "0.002 – 0.003"]
    assert numeric_entries(np.nan, [], [], [], 0) == ()


@pytest.mark.parametrize(("lang", "text"), [("ja", "データなし"), ("en", "No data")])
def test_the_svg_is_well_formed_and_speaks_the_language(lang: Language, text: str) -> None:
    root = ET.fromstring(legend().to_svg(lang))
    told = "".join(root.itertext())
    assert text in told
    assert "<&>" in told
    assert [r.get("fill") for r in root.iter("{http://www.w3.org/2000/svg}rect")][1] == "#ffffff"


def test_a_class_is_told_by_its_bounds_in_both_languages() -> None:
    assert legend().entries[0] == Entry(1.0, 2.0, "#ffffff", "1.0 〜 2.0", "1.0 – 2.0", 3)


def test_statistics_worked_by_hand() -> None:
    found = statistics(
        np.array([5.0, 9.0, np.nan, 5.0, 1.0]),
        codes=["a", "b", "c", "d", "e"],
        statuses=["ok", "ok", "secret", "ok", "ok"],
    )
    assert (found["n"], found["missing"], found["missing_by_status"]) == (4, 1, {"secret": 1})
    assert found["maximum"] == {"value": 9.0, "code": "b"}
    assert found["mean"] == 5.0
    assert found["median"] == 5.0
    assert found["ranks"] == {"a": 2, "b": 1, "d": 2, "e": 4}
    assert found["standard_deviation"] == pytest.approx((32 / 3) ** 0.5)


def test_statistics_of_nothing_are_null() -> None:
    found = statistics(np.array([np.nan]), codes=["a"], statuses=["not_available"])
    assert found["n"] == 0
    assert found["mean"] is None


def test_classes_of_whole_numbers_are_told_by_the_numbers_they_hold() -> None:
    entries = numeric_entries(1, [1, 2, 5, 9.5], ["#000000"] * 4, [4, 3, 2, 1], 0, whole=True)
    assert [entry.label_en for entry in entries] == ["1", "2", "3 – 5", "6 – 9"]


def test_whole_numbers_on_either_side_of_zero_are_told_with_the_signs_of_every_other_class() -> None:
    entries = numeric_entries(-1234, [-20, 0, 35], ["#000000"] * 3, [4, 3, 2], 0, whole=True)
    assert [entry.label_en for entry in entries] == ["−1,234 – −20", "−19 – 0", "1 – 35"]


def test_a_bound_at_zero_is_told_as_zero() -> None:
    entries = numeric_entries(-34.2, [-5.12, 0.0, 3114.6], ["#000000"] * 3, [4, 3, 2], 1)
    assert [entry.label_ja for entry in entries] == ["−34.2 〜 −5.1", "−5.1 〜 0.0", "0.0 〜 3,114.6"]
