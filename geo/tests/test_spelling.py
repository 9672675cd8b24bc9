"""Words as people type them: what is compared alike, and names by their parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.spelling import Match, Names, folded, kana_of, nearest_phrases, nearest_words, parted


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ōsaka", "OSAKA"),
        ("ﾄｳｷｮｳ", "とうきょう"),
        ("cities", "city"),
        ("taxes", "tax"),
        ("buses", "bus"),
        ("labour", "labor"),
        ("urbanisation", "Urbanization"),
        ("day-care centres", "daycare center"),
        ("鰺ヶ沢町", "鯵ケ沢町"),
    ],
)
def test_what_is_written_in_two_ways_is_compared_alike(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize("word", ["bus", "gas", "status", "がく", "ぱん"])
def test_words_that_end_like_plurals_and_kana_with_marks_stay(word: str) -> None:
    assert folded(word) == word


@given(st.text(max_size=40))
def test_what_was_folded_has_no_spaces_and_any_text_can_be(words: str) -> None:
    assert folded(words).split() in ([], [folded(words)])


@pytest.mark.parametrize(
    ("word", "kana"),
    [
        ("siojiri", "しおじり"),
        ("shinjuku", "しんじゅく"),
        ("rate", "らて"),
        ("elderly", None),
        ("前橋", None),
    ],
)
def test_roman_letters_are_read_as_kana_where_they_can_be(word: str, kana: str | None) -> None:
    assert kana_of(word) == kana


def test_a_latin_word_is_not_parted() -> None:
    assert parted("alderly", "alder rly") is None
    assert parted("人口rate", "人口 rate") == ["人口", "rate"]


def test_slips_are_few_and_short_words_have_none() -> None:
    assert nearest_words("elderyl", ["elderly", "orderly"]) == ["elderly"]
    assert nearest_words("gap", ["map", "gas"]) == []
    assert nearest_phrases("甲乙", ["甲乙丙"]) == []


def test_names_are_found_by_what_they_are_begin_with_and_hold() -> None:
    names = Names([["上松本"], ["松本", "まつもと"], ["松本山"], ["松", "本松本"]])
    assert names.called("松本") == [1]
    assert names.find("松本") == [Match(0, 1), Match(1, 2), Match(2, 0), Match(2, 3)]
    assert names.find("まつ") == [Match(1, 1)]
    assert [names.find(word) for word in ("", "\n", "本\n松")] == [[], [], []]
