"""Legends and palettes."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InvalidParameter
from geo.layers.classify import classes
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
    entries = numeric_entries(0.001, [0.002, 0.003, 0.01], ["#fff000", "#000fff", "#0000ff"], [1, 1, 1], 0)
    assert [e.label_en for e in entries] == ["under 0.002", "0.002 to under 0.003", "0.003 or more"]
    assert numeric_entries(np.nan, [], [], [], 0) == ()


@pytest.mark.parametrize(("lang", "text"), [("ja", "データなし"), ("en", "No data")])
def test_the_svg_is_well_formed_and_speaks_the_language(lang: Language, text: str) -> None:
    root = ET.fromstring(legend().to_svg(lang))
    told = "".join(root.itertext())
    assert text in told
    assert "<&>" in told
    assert [r.get("fill") for r in root.iter("{http://www.w3.org/2000/svg}rect")][1] == "#ffffff"


def test_a_class_is_told_by_its_bounds_in_both_languages() -> None:
    assert legend().entries[0] == Entry(1.0, 2.0, "#ffffff", "2.0 未満", "under 2.0", 3)


def test_classes_of_whole_numbers_are_told_by_the_numbers_they_hold() -> None:
    entries = numeric_entries(1, [1, 2, 5, 9.5], ["#000000"] * 4, [4, 3, 2, 1], 0, whole=True)
    assert [entry.label_en for entry in entries] == ["1", "2", "3 to under 6", "6 or more"]


def test_whole_numbers_on_either_side_of_zero_are_told_with_the_signs_of_every_other_class() -> None:
    entries = numeric_entries(-1234, [-20, 0, 35], ["#000000"] * 3, [4, 3, 2], 0, whole=True)
    assert [entry.label_en for entry in entries] == ["under −19", "−19 to under 1", "1 or more"]


def test_a_bound_at_zero_is_told_as_zero() -> None:
    entries = numeric_entries(-34.2, [-5.12, 0.0, 3114.6], ["#000000"] * 3, [4, 3, 2], 1)
    assert [entry.label_ja for entry in entries] == ["−5.1 未満", "−5.1 以上 0.0 未満", "0.0 以上"]


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


def test_words_part_the_values_where_the_colours_do() -> None:
    values = np.array([30.9, 31.2, 31.3, 35.0, np.nan, 120.0])
    told = numeric_entries(30.9, [31.2, 35.0, 120.0], ["#000000"] * 3, [2, 2, 1], 1, values=values)
    # 31.2 and 35.0 are the last of their classes, 31.3 and 120.0 the first of the next
    assert [entry.label_ja for entry in told] == ["31.3 未満", "31.3 以上 35.1 未満", "35.1 以上"]


def test_a_persons_own_round_bound_is_told_as_it_is_where_no_value_stands_on_it() -> None:
    values = np.array([553_407.0, 1_815_865.0, 14_047_594.0])
    told = numeric_entries(
        553_407, [1_000_000, 2_000_000, 14_047_594], ["#000000"] * 3, [1] * 3, 0, whole=True, values=values
    )
    assert [e.label_en for e in told] == [
        "under 1,000,000",
        "1,000,000 to under 2,000,000",
        "2,000,000 or more",
    ]


def test_bounds_that_no_value_reaches_are_told_as_they_are() -> None:
    values = np.array([25.5, 27.0, np.nan])
    told = numeric_entries(25.5, [20.0, 25.0, 30.0], ["#000000"] * 3, [0, 0, 2], 1, values=values)
    assert [e.label_en for e in told] == ["under 20.0", "20.0 to under 25.0", "25.0 or more"]
    nothing = numeric_entries(1.0, [2.0, 3.0], ["#000000"] * 2, [0, 0], 1, values=np.array([np.nan]))
    assert [e.label_en for e in nothing] == ["under 2.0", "2.0 or more"]


def test_values_too_near_each_other_to_be_told_apart_leave_the_bound_as_it_is_written() -> None:
    values = np.array([1.0, 31.231, 31.234, 50.0])
    told = numeric_entries(1.0, [31.231, 50.0], ["#000000"] * 2, [2, 2], 1, values=values)
    assert [entry.label_en for entry in told] == ["under 31.2", "31.2 or more"]


@given(
    numbers=st.lists(st.integers(-(10**6), 10**6), min_size=3, max_size=60),
    places=st.sets(st.integers(0, 58), min_size=1, max_size=5),
)
def test_every_whole_number_lies_in_the_class_whose_words_it_fits(
    numbers: list[int], places: set[int]
) -> None:
    values = np.array(sorted(numbers), np.float64)
    bounds = np.unique([*(values[place] for place in places if place < len(values)), values[-1]])
    n = len(bounds)
    told = numeric_entries(values[0], bounds.tolist(), ["#000000"] * n, [1] * n, 0, whole=True, values=values)
    for value, found in zip(values, classes(values, bounds), strict=True):
        assert fits(told[int(found)].label_en, value), (told[int(found)], value)


def fits(label: str, value: float) -> bool:
    """Return whether a value is what a label says."""
    numbers = [float(one.replace("−", "-").replace(",", "")) for one in re.findall(r"[−\d,]+", label)]
    if label.startswith("under"):
        return value < numbers[0]
    if label.endswith("or more"):
        return value >= numbers[0]
    low, high = numbers[0], numbers[-1]
    return low <= value < high if "under" in label else low <= value <= high


def test_all_areas_with_the_same_value_make_one_class() -> None:
    assert labels(3, [3], 0, whole=True) == ["3"]


def test_bounds_beyond_the_values_leave_the_first_class_without_a_lower_end() -> None:
    (entry,) = numeric_entries(50.0, [10.0], ["#000000"], [0], 0)
    assert (entry.lower, entry.upper, entry.label_en) == (10.0, 10.0, "10")


def test_one_class_alone_is_told_by_both_its_ends() -> None:
    assert labels(1.0, [7.5], 1) == ["1.0 to 7.5"]


def test_no_more_than_six_decimals_are_told() -> None:
    assert labels(0.0, [1e-7, 2e-7, 1.0], 0) == [
        "under 0.000000",
        "0.000000 to under 0.000000",
        "0.000000 or more",
    ]


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
