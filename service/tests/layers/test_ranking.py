"""A picture read out: ranks, extremes, ties and what is missing, on values written by hand."""

from __future__ import annotations

import numpy as np
import pytest

from geo.layers.words import Extreme, Named
from service.areas.forms import full_name
from service.layers.ranking import category_counts, places, prefecture_of_area, spread
from service.layers.views import MISSING, Picture
from service.memory.atlas import Atlas
from service.tests.layers.pictures import drawn, with_values

#: Positions of prefectures are their numbers less one.
HOKKAIDO, AOMORI, TOKYO, OKINAWA = 0, 1, 12, 46
EVERYWHERE = np.arange(47)
HAND = {HOKKAIDO: 5.0, AOMORI: 9.0, TOKYO: 5.0, OKINAWA: 1.0}


@pytest.fixture(scope="module")
def prefectures(atlas: Atlas) -> Picture:
    return drawn(atlas, "ageing-rate", level="prefecture")


@pytest.mark.parametrize(
    ("lowest_first", "expected"),
    [
        (False, [(1, "青森県"), (2, "北海道"), (2, "東京都"), (4, "沖縄県")]),
        (True, [(1, "沖縄県"), (2, "北海道"), (2, "東京都"), (4, "青森県")]),
    ],
)
def test_equal_values_share_the_better_rank_and_come_by_code(
    atlas: Atlas, prefectures: Picture, lowest_first: bool, expected: list[tuple[int, str]]
) -> None:
    found = places(atlas, with_values(prefectures, HAND, {}), EVERYWHERE, lowest_first=lowest_first)
    assert [(place.rank, place.area.name_ja) for place in found] == expected
    assert {place.prefecture for place in found} == {None}


def test_ranks_are_those_among_the_areas_asked_for(atlas: Atlas, prefectures: Picture) -> None:
    found = places(atlas, with_values(prefectures, HAND, {}), np.array([TOKYO, OKINAWA]))
    assert [(place.rank, place.area.code, place.value) for place in found] == [
        (1, "13000", 5.0),
        (2, "47000", 1.0),
    ]


def test_areas_without_any_value_have_no_places(atlas: Atlas, prefectures: Picture) -> None:
    assert places(atlas, with_values(prefectures, {}, {}), EVERYWHERE) == []


def test_a_spread_names_the_first_of_those_that_share_an_extreme(atlas: Atlas, prefectures: Picture) -> None:
    hand = {**HAND, TOKYO: 9.0}
    found = spread(
        atlas, with_values(prefectures, hand, {2: "secret", 3: "secret", 4: "unknown"}), EVERYWHERE
    )
    assert found.highest == Extreme(Named("青森県", "Aomori"), 1, 9.0)
    assert found.lowest == Extreme(Named("沖縄県", "Okinawa"), 0, 1.0)
    assert (found.n, found.median) == (4, 7.0)
    # the most frequent reason first
    assert list(found.missing.items()) == [("not_available", 40), ("secret", 2), ("unknown", 1)]


def test_a_spread_of_one_area_has_it_at_both_ends(atlas: Atlas, prefectures: Picture) -> None:
    found = spread(atlas, with_values(prefectures, {TOKYO: 3.0}, {}), np.array([TOKYO]))
    assert found.highest == found.lowest == Extreme(Named("東京都", "Tokyo"), 0, 3.0)
    assert (found.n, found.missing, found.median) == (1, {}, 3.0)


def test_a_spread_of_nothing_tells_only_what_is_missing(atlas: Atlas, prefectures: Picture) -> None:
    found = spread(atlas, with_values(prefectures, {}, {0: "secret"}), np.array([0, 1]))
    assert (found.n, found.highest, found.lowest, found.median) == (0, None, None, None)
    assert found.missing == {"secret": 1, "not_available": 1}


def test_a_municipality_is_told_with_its_prefecture(atlas: Atlas) -> None:
    shown = drawn(atlas, "population", level="municipality")
    maebashi = shown.gazetteer.area("10201")
    prefecture = prefecture_of_area(atlas, shown, maebashi)
    assert prefecture is not None
    assert prefecture.name_ja == "群馬県"
    assert full_name(maebashi, prefecture) == Named("群馬県前橋市", "Maebashi-shi in Gunma")
    assert full_name(prefecture, None) == Named("群馬県", "Gunma")


def test_categories_are_counted_in_their_order_and_areas_without_one_apart(atlas: Atlas) -> None:
    shown = drawn(atlas, "municipality-type", level="municipality")
    tokyo = shown.gazetteer.within("13000")
    counts, without = category_counts(shown, tokyo)
    # 東京都: 23 特別区, 26 市, 5 町, 8 村
    assert [(name.ja, count) for name, count in counts] == [
        ("政令指定都市", 0),
        ("特別区", 23),
        ("市", 26),
        ("町", 5),
        ("村", 8),
    ]
    assert without == 0
    assert (shown.classes != MISSING).all()
