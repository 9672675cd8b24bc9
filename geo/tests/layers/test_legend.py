"""Legends and palettes."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from geo.errors import InvalidParameter
from geo.layers.legend import NO_DATA_LABEL, NONE_KNOWN_LABEL, Entry, Legend, formatted, numeric_entries
from geo.layers.palettes import NO_DATA, PALETTES, colours, diverging_colours, is_diverging, names
from geo.text import LANGUAGES, Language, Text


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


def test_classes_of_whole_numbers_are_told_by_the_numbers_they_hold() -> None:
    entries = numeric_entries(1, [1, 2, 5, 9.5], ["#000000"] * 4, [4, 3, 2, 1], 0, whole=True)
    assert [entry.label_en for entry in entries] == ["1", "2", "3 – 5", "6 – 9"]


def test_whole_numbers_on_either_side_of_zero_are_told_with_the_signs_of_every_other_class() -> None:
    entries = numeric_entries(-1234, [-20, 0, 35], ["#000000"] * 3, [4, 3, 2], 0, whole=True)
    assert [entry.label_en for entry in entries] == ["−1,234 – −20", "−19 – 0", "1 – 35"]


def test_a_bound_at_zero_is_told_as_zero() -> None:
    entries = numeric_entries(-34.2, [-5.12, 0.0, 3114.6], ["#000000"] * 3, [4, 3, 2], 1)
    assert [entry.label_ja for entry in entries] == ["−34.2 〜 −5.1", "−5.1 〜 0.0", "0.0 〜 3,114.6"]


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.0, 0, "0"),
        (-0.0, 1, "0.0"),
        (-0.5, 0, "0"),  # to the even one
        (-0.51, 0, "−1"),
        (999.95, 1, "1,000.0"),
        (-1234567.891, 2, "−1,234,567.89"),
    ],
)
def test_a_number_has_thousands_and_a_true_minus(value: float, decimals: int, text: str) -> None:
    assert formatted(value, decimals) == text


def labels(lowest: float, bounds: list[float], decimals: int, *, whole: bool = False) -> list[str]:
    n = len(bounds)
    entries = numeric_entries(lowest, bounds, ["#000000"] * n, [1] * n, decimals, whole=whole)
    return [entry.label_en for entry in entries]


def test_a_class_of_one_value_is_told_by_it() -> None:
    assert labels(5.0, [5.0, 7.5], 1) == ["5.0", "5.0 – 7.5"]


def test_all_areas_with_the_same_value_make_one_class() -> None:
    assert labels(3, [3], 0, whole=True) == ["3"]


def test_bounds_beyond_the_values_leave_the_first_class_without_a_lower_end() -> None:
    (entry,) = numeric_entries(50.0, [10.0], ["#000000"], [0], 0)
    assert (entry.lower, entry.upper, entry.label_en) == (10.0, 10.0, "10")


def test_a_class_without_a_whole_number_is_told_by_its_bounds() -> None:
    assert labels(1, [2.2, 2.8, 4], 0, whole=True) == ["1 – 2", "2.2 – 2.8", "3 – 4"]


def test_no_more_than_six_decimals_are_told() -> None:
    assert labels(0.0, [1e-7, 1.0], 0) == ["0.000000", "0.000000 – 1.000000"]


@pytest.mark.parametrize(
    ("unit", "ja", "en"),
    [(("人", "persons"), "人口（人）", "People (persons)"), (("", ""), "人口", "People")],
)
def test_a_heading_has_the_unit_behind_the_title(unit: tuple[str, str], ja: str, en: str) -> None:
    found = Legend("人口", "People", *unit, "2020", (), 0)
    assert (found.heading("ja"), found.heading("en")) == (ja, en)


SVG = "{http://www.w3.org/2000/svg}"


def test_bars_are_as_long_as_the_counts_and_the_longest_is_60() -> None:
    root = ET.fromstring(legend().to_svg("ja"))
    widths = [r.get("width") for r in root.iter(f"{SVG}rect") if r.get("height") == "10"]
    assert widths == ["45.0", "60.0", "30.0"]
    assert [t.text for t in root.iter(f"{SVG}text") if t.get("text-anchor") == "end"] == ["3", "4", "2"]


def test_a_legend_of_nothing_has_no_bar_and_one_row() -> None:
    root = ET.fromstring(Legend("甲", "A", "", "", "2020", (), 0).to_svg("en"))
    assert [r.get("width") for r in root.iter(f"{SVG}rect") if r.get("height") == "10"] == ["0.0"]
    assert root.get("height") == "70"


@pytest.mark.parametrize("label", [NO_DATA_LABEL, NONE_KNOWN_LABEL])
def test_what_is_not_known_is_called_what_the_layer_calls_it(label: Text) -> None:
    found = Legend("甲", "A", "", "", "2020", (), 3, label)
    for lang in LANGUAGES:
        assert label[lang] in "".join(ET.fromstring(found.to_svg(lang)).itertext())
