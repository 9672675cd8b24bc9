"""Names of areas as people type them: with and without what they end in, in kanji, kana and Roman letters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import pytest

from service.areas.gazetteer import Area, Gazetteer
from service.areas.placenames import Place, PlaceNames

#: level → code, kind, prefecture, names.
ROWS = {
    "prefecture": [
        ("01000", "prefecture", "01000", ("北海道", "ほっかいどう", "Hokkaido")),
        ("20000", "prefecture", "20000", ("長野県", "ながのけん", "Nagano")),
    ],
    "municipality": [
        ("01636", "town", "01000", ("清水町", "しみずちょう", "Shimizu-cho")),
        ("20201", "city", "20000", ("長野市", "ながのし", "Nagano-shi")),
        ("20215", "city", "20000", ("塩尻市", "しおじりし", "Shiojiri-shi")),
        ("22100", "designated_city", "22000", ("静岡市", "しずおかし", "Shizuoka-shi")),
    ],
    "ward": [
        ("22103", "ward", "22000", ("静岡市清水区", "しずおかししみずく", "Shimizu-ku, Shizuoka-shi")),
        ("20215", "city", "20000", ("塩尻市", "しおじりし", "Shiojiri-shi")),
    ],
}
BOX = (138.0, 36.0, 138.1, 36.1)


def gazetteer(level: str) -> Gazetteer:
    areas = (
        Area(code, place, kind, prefecture, None, *names, 1.0, 138.0, 36.0, BOX)
        for place, (code, kind, prefecture, names) in enumerate(ROWS[level])
    )
    return Gazetteer(dt.date(2025, 1, 1), level, tuple(areas))


NAMES = PlaceNames({level: gazetteer(level) for level in ROWS})


def codes(places: Iterable[Place]) -> list[str]:
    return [area.code for area, _ in places]


@pytest.mark.parametrize(
    ("word", "called"),
    [
        ("塩尻市", ["20215"]),
        ("塩尻", ["20215"]),
        ("しおじり", ["20215"]),
        ("SIOJIRI", ["20215"]),
        ("Shiojiri-shi", ["20215"]),
        ("Nagano prefecture", ["20000", "20201"]),
        ("長野", ["20000", "20201"]),  # the larger first
        ("長野県塩尻市", ["20215"]),
        ("清水区", ["22103"]),
        ("北海道", ["01000"]),
        ("北海", []),
        ("塩", []),
    ],
)
def test_an_area_is_called_by_its_name_with_or_without_its_end(word: str, called: list[str]) -> None:
    assert codes(NAMES.called(word)) == called


def test_a_word_that_begins_with_a_whole_name_is_parted() -> None:
    places, rest = NAMES.parted("塩尻市高齢化率")
    assert (codes(places), rest) == (["20215"], "高齢化率")
    assert NAMES.parted("高齢化率") == ([], "高齢化率")


def test_each_area_is_found_once_by_parts_of_names_and_by_codes() -> None:
    places, rank = NAMES.search("清水")
    assert (codes(places), rank) == (["22103", "01636"], 0)  # a ward before a town
    assert codes(NAMES.search("尻")[0]) == ["20215"]
    assert codes(NAMES.search("202")[0]) == ["20201", "20215"]
    assert codes(NAMES.search("nothing")[0]) == []


def test_slips_lead_to_the_nearest_name() -> None:
    assert codes(NAMES.nearest("Shiojirri")) == ["20215"]
    assert codes(NAMES.nearest("nothing")) == []


def test_an_area_is_told_by_its_code() -> None:
    place = NAMES.coded("22100")
    assert place is not None
    assert (place[0].name_ja, place[1]) == ("静岡市", "municipality")
    assert NAMES.coded("99999") is None
