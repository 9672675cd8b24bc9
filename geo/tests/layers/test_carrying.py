"""How figures came to stand on their boundaries, in words."""

from __future__ import annotations

import pytest

from geo.areas.carrying import CARRIED
from geo.figures.indicators import Indicator
from geo.layers.carrying import (
    CARRIED_WORDS,
    REMARKABLE,
    appended,
    map_carrying_in_words,
    series_carrying_in_words,
)
from geo.layers.words import Named

KOFU, LAKE = Named("甲府市", "Kofu-shi"), Named("富士河口湖町", "Fujikawaguchiko-machi")
POPULATION = Indicator(
    id="population",
    name_ja="総人口",
    name_en="Population",
    description_ja="",
    description_en="",
    topic="population",
    kind="count",
)


def test_every_way_of_carrying_has_words_in_both_languages() -> None:
    assert [None, *CARRIED_WORDS] == list(CARRIED)
    assert all(words["ja"] and words["en"] for words in CARRIED_WORDS.values())
    assert set(REMARKABLE) < set(CARRIED_WORDS)


def test_a_map_names_the_areas_whose_values_were_apportioned() -> None:
    assert map_carrying_in_words([(KOFU, "apportioned"), (LAKE, "apportioned")]) == {
        "ja": "甲府市、富士河口湖町の値は、分割された地域の値を、公表元が配分したものです。",
        "en": "Kofu-shi and Fujikawaguchiko-machi: apportioned by its publisher after an area was split.",
    }


@pytest.mark.parametrize(
    ("n", "ja", "en"),
    [
        (1, "甲府市の値は、", "Kofu-shi: "),
        (3, "甲府市、甲府市、甲府市の値は、", "Kofu-shi, Kofu-shi and Kofu-shi: "),
        (
            1_234,
            "甲府市、甲府市、甲府市など1,234地域の値は、",
            "Kofu-shi, Kofu-shi, Kofu-shi and 1,231 more: ",
        ),
    ],
)
def test_many_areas_are_told_in_part(n: int, ja: str, en: str) -> None:
    told = map_carrying_in_words([(KOFU, "estimated")] * n)
    assert told["ja"] == f"{ja}分割・合併した地域の値を按分した推計です。"
    assert told["en"] == f"{en}estimated as a share of an area that was split or has merged."


def test_a_chart_says_from_when_to_when() -> None:
    points = [(str(year), "apportioned" if year < 2010 else "ok") for year in range(1980, 2021, 5)]
    told = series_carrying_in_words(POPULATION, [(KOFU, points), (LAKE, points[4:7])])
    assert told["ja"] == (
        "甲府市の1980年（昭和55年）から2005年（平成17年）までの値は、分割された地域の値を、公表元が配分したものです。"
        "富士河口湖町の2000年（平成12年）から2005年（平成17年）までの値は、"
        "分割された地域の値を、公表元が配分したものです。"
    )
    assert told["en"].startswith("Kofu-shi, 1980 to 2005: apportioned by its publisher")


def test_a_single_period_is_told_alone() -> None:
    told = series_carrying_in_words(POPULATION, [(KOFU, [("2005", "apportioned")])])
    assert told["ja"].startswith("甲府市の2005年（平成17年）の値は、")
    assert told["en"].startswith("Kofu-shi, 2005: ")


def test_nothing_is_said_of_figures_that_were_counted() -> None:
    nothing = {"ja": "", "en": ""}
    assert map_carrying_in_words([]) == nothing
    assert series_carrying_in_words(POPULATION, [(KOFU, [("2005", "ok"), ("2010", "ok")])]) == nothing
    assert appended({"ja": "地図です。", "en": "A map."}, {"ja": "", "en": ""}) == {
        "ja": "地図です。",
        "en": "A map.",
    }
