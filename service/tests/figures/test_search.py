"""Finding layers by words: what is found, and what comes first."""

from __future__ import annotations

import pytest

from geo.figures.families import Family
from geo.figures.indicators import Indicator
from geo.spelling import folded
from service.figures.search import Entry, Index

BY_AGE = Family("by-age", "年齢別人口", "Population by age", "ねんれいべつじんこう")


def layer(id: str, ja: str, en: str, description: str = "", keywords: str = "", kana: str = "") -> Indicator:
    return Indicator(
        id=id,
        name_ja=ja,
        name_en=en,
        description_ja=description,
        description_en="",
        topic="land",
        kind="count",
        keywords=keywords,
        kana=kana,
        family=BY_AGE if kana else None,
    )


ENTRIES = {
    "population": Entry.of(layer("population", "総人口", "Population", "高齢者も含む", "住民;人の数")),
    "population-change": Entry.of(layer("population-change", "人口増減率", "Population change")),
    "ageing-rate": Entry.of(
        layer("ageing-rate", "高齢化率", "Ageing rate", "人口に占める割合", "お年寄り", "こうれいかりつ")
    ),
    "tax": Entry.of(layer("tax", "1人当たり地方税", "Local tax per head")),
    "deployments:bus": Entry.of(
        layer(
            "deployments:bus",
            "地域交通の「リ・デザイン」：展開の状態",
            "Local transport: state of deployments",
        ),
        ("地域交通の「リ・デザイン」", "デマンドバス"),
    ),
}


INDEX = Index(ENTRIES)


def ids(q: str) -> list[str]:
    return INDEX.found(ENTRIES, q)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ＡＢＣ", "abc"),
        ("デマンド・バス", "でまんどばす"),
        ("ﾃﾞﾏﾝﾄﾞﾊﾞｽ", "デマンドバス"),
        ("人口（推計）", "人口推計"),
        ("茅ヶ崎", "茅ケ崎"),
        ("re-design", "Redesign"),
        ("地方　税\t額", "地方税額"),
    ],
)
def test_width_case_kana_spaces_dots_and_brackets_make_no_difference(one: str, other: str) -> None:
    assert folded(one) == folded(other)


def test_a_long_vowel_is_no_hyphen() -> None:
    assert folded("データ") != folded("データー")


@pytest.mark.parametrize(
    ("q", "first"),
    [
        (
            "population",
            ["population", "population-change", "ageing-rate"],
        ),  # called so, begins so, its family
        ("人口", ["population-change", "population", "ageing-rate"]),  # begins, holds, in the description
        ("高齢", ["ageing-rate", "population"]),  # a name before a description
        ("お年寄り", ["ageing-rate"]),
        ("こうれいか", ["ageing-rate"]),  # by its reading
        ("コウレイカリツ", ["ageing-rate"]),
        ("ねんれいべつ", ["ageing-rate"]),  # by its family
        ("でまんどバス", ["deployments:bus"]),
        ("リデザイン", ["deployments:bus"]),
        ("TAX local", ["tax"]),  # in any order
        ("ageing-rate", ["ageing-rate"]),  # by its id
    ],
)
def test_the_best_match_comes_first(q: str, first: list[str]) -> None:
    assert ids(q) == first


def test_a_keyword_comes_before_a_description() -> None:
    entries = {
        "told": Entry.of(layer("told", "甲", "A", "空き家の数")),
        "kept": Entry.of(layer("kept", "住宅の使われない割合", "B", "", "空き家;廃屋")),
    }
    assert Index(entries).found(entries, "空き家") == ["kept", "told"]


def test_words_that_run_together_are_parted_where_nothing_has_them_as_they_are() -> None:
    assert ids("住民人の数") == ["population"]
    assert ids("総人口高齢") == ["population"]
    assert INDEX.ranked(ENTRIES, "住民鉄道", slips=False) == []


@pytest.mark.parametrize(
    ("q", "first"),
    [
        ("aging", "ageing-rate"),  # the other spelling
        ("agein rate", "ageing-rate"),
        ("populations", "population"),
        ("populaton", "population"),  # a slip
        ("kourei", "ageing-rate"),  # Roman letters
        ("高令化率", "ageing-rate"),  # another character
        ("おとしより", "ageing-rate"),  # the reading of a keyword
        ("人口へんか", "population-change"),  # two kinds of letters, and another word
        ("人口変化", "population-change"),
    ],
)
def test_other_spellings_readings_and_slips_are_understood(q: str, first: str) -> None:
    assert ids(q)[0] == first


@pytest.mark.parametrize("q", ["populaton", "高令化率", "agieng"])
def test_slips_are_put_right_only_where_asked(q: str) -> None:
    assert INDEX.ranked(ENTRIES, q, slips=False) == []


def test_of_equals_those_come_first_that_are_named_so() -> None:
    rates = {"a": Entry.of(layer("a", "死亡率", "A")), "b": Entry.of(layer("b", "出生率", "B"))}
    assert Index(rates).found(rates, "率") == ["a", "b"]
    assert Index(rates, ["b"]).found(rates, "率") == ["b", "a"]


def test_a_keyword_that_a_whole_family_has_comes_after_names() -> None:
    family = {str(at): Entry.of(layer(str(at), f"性比{at}", "Sex", "", "高齢化")) for at in range(4)}
    entries = {**family, "rate": Entry.of(layer("rate", "高齢化率", "Ageing rate"))}
    assert Index(entries).found(entries, "高齢化")[0] == "rate"


def test_what_is_told_per_head_does_not_begin_with_people() -> None:
    entries = {
        "tax": Entry.of(layer("tax", "人口1人当たり地方税", "Tax")),
        "density": Entry.of(layer("density", "可住地での人口密度", "Density")),
        "people": Entry.of(layer("people", "人口集中地区人口", "People")),
    }
    assert Index(entries).found(entries, "人口")[0] == "people"
    assert Index(entries).found(entries, "人口1人当たり") == ["tax"]


def test_every_word_must_be_there() -> None:
    assert ids("地方 税") == ["tax"]
    assert ids("地方 鉄道") == []


def test_no_words_leave_all_and_unknown_words_none() -> None:
    assert ids(" ・ ") == list(ENTRIES)
    assert ids("zzz") == []


def test_only_those_among_are_found() -> None:
    assert INDEX.found(["ageing-rate"], "人口") == ["ageing-rate"]
