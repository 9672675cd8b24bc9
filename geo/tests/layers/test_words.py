from __future__ import annotations

from dataclasses import replace

import pytest

from geo.figures.indicators import Indicator
from geo.layers.words import (
    Extreme,
    Named,
    Spread,
    categories_in_words,
    citation,
    map_in_words,
    profile_in_words,
    series_in_words,
    worded,
)
from geo.text import Text

RATE = Indicator(
    id="ageing-rate",
    name_ja="高齢化率",
    name_en="Ageing rate",
    description_ja="",
    description_en="",
    topic="population",
    unit_ja="%",
    unit_en="%",
    kind="ratio",
    decimals=1,
)
PEOPLE = replace(RATE, id="population", name_ja="総人口", unit_ja="人", kind="count", decimals=0)
YEAR: Text = {"ja": "2020年（令和2年）", "en": "2020"}
HIGH = Extreme(Named("群馬県南牧村", "Nanmoku-mura in Gunma"), 0, 65.24)
LOW = Extreme(Named("福島県大熊町", "Okuma-machi in Fukushima"), 1, 10.27)


def test_a_map_is_told_with_its_extremes_and_what_is_missing() -> None:
    spread = Spread(1740, {"not_available": 6, "not_applicable": 1}, HIGH, LOW, 34.57)
    told = map_in_words(RATE, YEAR, "municipality", spread)
    assert told["ja"] == (
        "2020年（令和2年）の高齢化率を全国の市区町村別に示した地図です。値のある1,740地域のうち、"
        "最も高いのは群馬県南牧村の65.2%、最も低いのは福島県大熊町など2地域の10.3%、中央値は34.6%です。"
        "7地域には値がありません（公表なし6、該当なし1）。"
    )
    assert told["en"] == (
        "Ageing rate by municipality in Japan, 2020. Of 1,740 areas with a value, the highest is "
        "Nanmoku-mura in Gunma (65.2%), the lowest Okuma-machi in Fukushima and 1 more (10.3%); "
        "the median is 34.6%. "
        "7 areas have no value (6 not available, 1 not applicable)."
    )


def test_a_map_without_values_or_with_only_one_says_so() -> None:
    none = map_in_words(
        RATE, YEAR, "prefecture", Spread(0, {"secret": 1}, None, None, None), Named("奈良県", "Nara")
    )
    assert none["ja"].endswith("奈良県内の都道府県別に示した地図です。1地域には値がありません（秘匿1）。")
    assert none["en"].endswith("by prefecture in Nara, 2020. 1 area has no value (1 suppressed).")
    same = map_in_words(RATE, YEAR, "prefecture", Spread(3, {}, HIGH, HIGH, 65.24))
    assert same["ja"].endswith("値のある3地域はすべて65.2%です。")


def test_categories_are_counted_and_what_is_unknown_is_not_called_absent() -> None:
    counts = [(Named("採択・選定", "Adopted"), 2), (Named("終了", "Finished"), 0)]
    coverage: Text = {"ja": "網羅ではありません。", "en": "Coverage is partial."}
    told = categories_in_words(RATE, YEAR, "municipality", counts, 33, coverage, Named("群馬県", "Gunma"))
    assert told["ja"].endswith("採択・選定が2地域です。33地域は把握していません。網羅ではありません。")
    assert told["en"].endswith("Adopted: 2. None known: 33. Coverage is partial.")


def test_a_chart_is_told_from_its_first_to_its_last_value() -> None:
    points: list[tuple[Text, float]] = [
        ({"ja": "1980年", "en": "1980"}, 9.4),
        ({"ja": "2020年", "en": "2020"}, 29.0),
    ]
    told = series_in_words(RATE, [(Named("前橋市", "Maebashi-shi"), points), (Named("甲", "A"), [])])
    assert told["ja"] == (
        "前橋市の高齢化率は、1980年の9.4%から2020年の29.0%になりました（+19.6ポイント）。"
        "甲の高齢化率には値がありません。"
    )
    assert told["en"] == (
        "Ageing rate of Maebashi-shi went from 9.4% in 1980 to 29.0% in 2020 (+19.6 points). "
        "A: no figures of Ageing rate."
    )
    people = series_in_words(PEOPLE, [(Named("乙", "B"), [(YEAR, 200.0), (YEAR, 150.0)])])
    assert "（−25.0%）" in people["ja"]
    once = series_in_words(PEOPLE, [(Named("乙", "B"), points[1:])])
    assert once["ja"] == "乙の総人口は、2020年に29人です。"


def test_a_profile_tells_what_stands_out_and_counts_deployments() -> None:
    told = profile_in_words(
        Named("群馬県前橋市", "Maebashi-shi in Gunma"), [(Named("医師数", "Doctors"), 67, 1740)], [], 5
    )
    assert told["ja"] == (
        "群馬県前橋市について、全国順位が上位の指標は、医師数（67位／1,740）です。"
        "公表資料で把握している施策の展開は5件です。"
    )
    assert (
        told["en"]
        == "Maebashi-shi in Gunma. Ranks well in Doctors (67 of 1,740). Known deployments of measures: 5."
    )


def test_a_citation_has_each_credit_once_and_what_finds_the_figure_again() -> None:
    credit: Text = {"ja": "「国勢調査」を加工して作成", "en": "Made from the census"}
    told = citation(
        Named("高齢化率", "Ageing rate"), YEAR, "prefecture", [credit, credit], "2021-01-01", "abc"
    )
    assert told["ja"] == (
        "出典：「国勢調査」を加工して作成。chiiki「高齢化率」2020年（令和2年）、都道府県別"
        "（2021-01-01の境界、データ版 abc）。"
    )
    assert told["en"].startswith("Source: Made from the census. chiiki, “Ageing rate”, 2020, by prefecture")


@pytest.mark.parametrize(
    ("unit", "words"),
    [(("%", "%"), "−3.5%"), (("女性100人当たり男性", "men per 100 women"), "−3.5（女性100人当たり男性）")],
)
def test_a_long_unit_stands_in_brackets(unit: tuple[str, str], words: str) -> None:
    assert worded(-3.5, replace(RATE, unit_ja=unit[0], unit_en=unit[1]))["ja"] == words
