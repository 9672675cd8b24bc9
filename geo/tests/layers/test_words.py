from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from geo.figures.breaks import Break, Evacuation
from geo.figures.indicators import Indicator
from geo.figures.observations import STATUSES
from geo.layers.words import (
    REASONS,
    Extreme,
    Named,
    Spread,
    categories_in_words,
    citation,
    credits_in_words,
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
PEOPLE = replace(
    RATE, id="population", name_ja="総人口", unit_ja="人", unit_en="persons", kind="count", decimals=0
)
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


def test_one_area_alone_is_named_with_its_value() -> None:
    alone = map_in_words(RATE, YEAR, "prefecture", Spread(1, {"unknown": 46}, HIGH, HIGH, 65.24))
    assert alone["ja"].endswith(
        "値があるのは群馬県南牧村だけで、65.2%です。46地域には値がありません（不詳46）。"
    )
    assert alone["en"].endswith(
        "Only Nanmoku-mura in Gunma has a value: 65.2%. 46 areas have no value (46 unknown)."
    )


def test_many_areas_that_share_the_highest_value_are_counted_beside_the_first() -> None:
    many = Extreme(HIGH.name, 1_233, 65.24)
    told = map_in_words(RATE, YEAR, "ward", Spread(1_896, {}, many, LOW, 34.57))
    assert "市区町村（政令指定都市は区）別" in told["ja"]
    assert "最も高いのは群馬県南牧村など1,234地域の65.2%" in told["ja"]
    assert "Nanmoku-mura in Gunma and 1,233 more (65.2%)" in told["en"]


@pytest.mark.parametrize(
    ("kind", "unit", "lowest", "ja", "en"),
    [
        ("ratio", "%", 10.0, ("高い", "低い"), ("highest", "lowest")),
        ("count", "persons", 10.0, ("多い", "少ない"), ("largest", "smallest")),
        ("count", "persons", -10.0, ("大きい", "小さい"), ("largest", "smallest")),
        ("count", "ha", 10.0, ("大きい", "小さい"), ("largest", "smallest")),
    ],
)
def test_a_rate_is_high_people_are_many_and_land_is_large(
    kind: Literal["count", "ratio"], unit: str, lowest: float, ja: tuple[str, str], en: tuple[str, str]
) -> None:
    shown = replace(RATE, kind=kind, unit_en=unit)
    least = replace(LOW, value=lowest)
    told = map_in_words(shown, YEAR, "prefecture", Spread(9, {}, HIGH, least, 34.57))
    assert f"最も{ja[0]}のは" in told["ja"]
    assert f"最も{ja[1]}のは" in told["ja"]
    assert f"the {en[0]} is " in told["en"]
    assert f"the {en[1]} " in told["en"]


@pytest.mark.parametrize("status", [status for status in STATUSES if status != "ok"])
def test_every_reason_for_a_missing_figure_has_words(status: str) -> None:
    told = map_in_words(RATE, YEAR, "prefecture", Spread(0, {status: 1_000}, None, None, None))
    assert f"（{REASONS[status]['ja']}1,000）。" in told["ja"]
    assert f"(1,000 {REASONS[status]['en']})." in told["en"]


def test_categories_without_anything_to_tell_say_only_what_the_map_is() -> None:
    told = categories_in_words(RATE, YEAR, "prefecture", [(Named("市", "City"), 0)], 0, None)
    assert told["ja"] == "2020年（令和2年）の高齢化率を全国の都道府県別に示した地図です。"
    assert told["en"] == "Ageing rate by prefecture in Japan, 2020."


def test_a_category_that_is_missing_has_no_value_where_all_should_be_known() -> None:
    counts = [(Named("市", "City"), 2), (Named("町", "Town"), 1)]
    told = categories_in_words(RATE, YEAR, "prefecture", counts, 3, None)
    assert told["ja"].endswith("市が2地域、町が1地域です。3地域には値がありません。")
    assert told["en"].endswith("City: 2; Town: 1. No value: 3.")


def test_categories_are_counted_and_what_is_unknown_is_not_called_absent() -> None:
    counts = [(Named("採択・選定", "Adopted"), 2), (Named("終了", "Finished"), 0)]
    coverage: Text = {"ja": "網羅ではありません。", "en": "Coverage is partial."}
    told = categories_in_words(RATE, YEAR, "municipality", counts, 33, coverage, Named("群馬県", "Gunma"))
    assert told["ja"].endswith("採択・選定が2地域です。33地域は把握していません。網羅ではありません。")
    assert told["en"].endswith("Adopted: 2. None known: 33. Coverage is partial.")


def test_a_chart_is_told_from_its_first_to_its_last_value() -> None:
    points = [("1980", 9.4), ("2020", 29.0)]
    told = series_in_words(RATE, [(Named("前橋市", "Maebashi-shi"), points), (Named("甲", "A"), [])])
    assert told["ja"] == (
        "前橋市の高齢化率は、1980年（昭和55年）の9.4%から2020年（令和2年）の29.0%になりました"
        "（+19.6ポイント）。"
        "甲の高齢化率には値がありません。"
    )
    assert told["en"] == (
        "Ageing rate of Maebashi-shi went from 9.4% in 1980 to 29.0% in 2020 (+19.6 points). "
        "A: no figures of Ageing rate."
    )
    none = series_in_words(PEOPLE, [(Named("関東", "Kanto"), [])], ["not_additive"])
    assert none == {
        "ja": "関東の総人口には値がありません（内訳からは求められない）。",
        "en": "Kanto: no figures of Ageing rate (not told by its parts).",
    }
    people = series_in_words(PEOPLE, [(Named("乙", "B"), [("2015", 200.0), ("2020", 150.0)])])
    assert "（−25.0%）" in people["ja"]
    once = series_in_words(PEOPLE, [(Named("乙", "B"), points[1:])])
    assert once["ja"] == "乙の総人口は、2020年（令和2年）に29人です。"


def test_no_change_is_told_across_a_break() -> None:
    broken = replace(PEOPLE, breaks=(Break("x", "2023", "数え方が変わった。", "Counted otherwise.", "s"),))
    lines = [
        (Named("甲", "A"), [("2019", 79.0), ("2023", 39.0)]),
        (Named("乙", "B"), [("2019", 10.0), ("2022", 20.0)]),
    ]
    told = series_in_words(broken, lines)
    assert told["ja"] == (
        "甲の総人口は、2019年（令和元年）に79人、2023年（令和5年）に39人です。"
        "乙の総人口は、2019年（令和元年）の10人から2022年（令和4年）の20人になりました（+100.0%）。"
        "2023年（令和5年）以降は、それより前と比べられません。数え方が変わった。"
    )
    assert told["en"] == (
        "Ageing rate of A: 79 persons in 2019, 39 persons in 2023. "
        "Ageing rate of B went from 10 persons in 2019 to 20 persons in 2022 (+100.0%). "
        "Figures from 2023 on are not to be compared with those before. Counted otherwise."
    )


def test_no_change_is_told_of_a_place_whose_people_lived_elsewhere() -> None:
    away = Evacuation("07564", "2011", "", "避難指示による。", "Evacuation.", "s")
    # 飯舘村: 41 in place in 2015, 1,318 in 2020
    found = [("2015", 41.0), ("2020", 1_318.0)]
    lines = [(Named("飯舘村", "Iitate-mura"), found), (Named("乙村", "Otsu-mura"), found)]
    told = series_in_words(replace(PEOPLE, absences=(away,)), lines, (), ["07564", "07999"])
    assert told["ja"] == (
        "飯舘村の総人口は、2015年（平成27年）に41人、2020年（令和2年）に1,318人です。"
        "乙村の総人口は、2015年（平成27年）の41人から2020年（令和2年）の1,318人になりました（+3,114.6%）。"
        "飯舘村は、数えた人々が両年で異なるため、増減を示しません。避難指示による。"
    )
    assert told["en"] == (
        "Ageing rate of Iitate-mura: 41 persons in 2015, 1,318 persons in 2020. "
        "Ageing rate of Otsu-mura went from 41 persons in 2015 to 1,318 persons in 2020 (+3,114.6%). "
        "No change is told of Iitate-mura: the people counted are not the same. Evacuation."
    )
    before = series_in_words(
        replace(PEOPLE, absences=(away,)), [(lines[0][0], [("2005", 100.0), ("2010", 90.0)])], (), ["07564"]
    )
    assert "（−10.0%）" in before["ja"]


@pytest.mark.parametrize(
    ("indicator", "before", "after", "ja", "en"),
    [
        (RATE, 29.0, 29.0, "±0.0ポイント", "±0.0 points"),
        (RATE, 29.0, 28.96, "±0.0ポイント", "±0.0 points"),  # a sign before nothing would tell a change
        (RATE, 29.0, 28.5, "−0.5ポイント", "−0.5 points"),
        (PEOPLE, 100_000, 99_999, "±0.0%", "±0.0%"),
        (PEOPLE, 200, 300, "+50.0%", "+50.0%"),
        (PEOPLE, 0, 5, "+5人", "+5 persons"),  # nothing has no per cent
        (PEOPLE, -5, 5, "+10人", "+10 persons"),
        (replace(RATE, unit_ja="", unit_en=""), 1.0, 1.55, "+0.6", "+0.6"),
        (replace(RATE, unit_ja="", unit_en=""), 1.0, 0.99, "±0.0", "±0.0"),
        (replace(RATE, unit_ja="千円", unit_en="thousand yen"), 3.0, 1.5, "−1.5千円", "−1.5 thousand yen"),
    ],
)
def test_a_change_is_told_in_what_fits_its_unit(
    indicator: Indicator, before: float, after: float, ja: str, en: str
) -> None:
    told = series_in_words(indicator, [(Named("甲", "A"), [("2015", before), ("2020", after)])])
    assert told["ja"].endswith(f"（{ja}）。")
    assert told["en"].endswith(f"({en}).")


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


def test_a_profile_tells_where_an_area_stands_low_and_nothing_where_it_does_not_stand_out() -> None:
    name = Named("甲県乙市", "Otsu-shi in Ko")
    low = [(Named("医師数", "Doctors"), 1_700, 1_740), (Named("財政力", "Means"), 1_500, 1_740)]
    told = profile_in_words(name, [], low, 0)
    assert told["ja"] == (
        "甲県乙市について、下位の指標は、医師数（1,700位／1,740）、財政力（1,500位／1,740）です。"
        "公表資料で把握している施策の展開は0件です。"
    )
    assert "Ranks low in Doctors (1,700 of 1,740), Means (1,500 of 1,740)." in told["en"]
    plain = profile_in_words(name, [], [], 1_200)
    assert plain["ja"] == "甲県乙市について、公表資料で把握している施策の展開は1,200件です。"


def test_credits_of_several_sources_stand_in_their_order() -> None:
    credits: list[Text] = [{"ja": "乙", "en": "B"}, {"ja": "甲", "en": "A"}, {"ja": "乙", "en": "B"}]
    assert credits_in_words(credits) == {"ja": "出典：乙、甲", "en": "Source: B; A"}


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
    [
        (("%", "%"), ("−3.5%", "−3.5%")),
        (("", ""), ("−3.5", "−3.5")),
        (("六字の単位名", "unit"), ("−3.5六字の単位名", "−3.5 unit")),
        (("七字の単位名前", "long unit"), ("−3.5（七字の単位名前）", "−3.5 long unit")),
    ],
)
def test_a_long_unit_stands_in_brackets(unit: tuple[str, str], words: tuple[str, str]) -> None:
    told = worded(-3.5, replace(RATE, unit_ja=unit[0], unit_en=unit[1]))
    assert (told["ja"], told["en"]) == words
