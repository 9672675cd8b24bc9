"""The profile of an area: its cards on published figures, trends, ranks, and whose figure is told."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from geo.errors import NotFound
from geo.figures.peers import standard
from service.memory.atlas import Atlas, Vintage
from service.planning.profiles import Asked, Book, Card, Rank, Trend, leaves, profile_of, words_of
from service.planning.similarity import Yardstick

NOTHING = Yardstick((), standard(np.empty((0, 0))), np.empty((0, 0)))


@pytest.fixture
def vintage(atlas: Atlas) -> Vintage:
    return atlas.catalogue.vintages[dt.date(2021, 1, 1)]


def card_of(atlas: Atlas, vintage: Vintage, name: str, code: str, *peers: str) -> Card:
    level, area = atlas.area(vintage, code)
    positions = [atlas.gazetteer(vintage.date, level).position[peer] for peer in peers]
    shown = {name: tuple(leaves(atlas, vintage, atlas.indicator(name), level))}
    found = Book(level, NOTHING, shown, {}).card(name, area.position, positions)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("code", "level"),
    [("10000", "prefecture"), ("10201", "municipality"), ("01100", "municipality"), ("01101", "ward")],
)
def test_an_area_is_of_the_first_level_that_has_it(
    atlas: Atlas, vintage: Vintage, code: str, level: str
) -> None:
    found, area = atlas.area(vintage, code)
    assert (found, area.code) == (level, code)


def test_an_area_that_no_level_has_is_refused_with_where_to_look(atlas: Atlas, vintage: Vintage) -> None:
    with pytest.raises(NotFound, match="/v1/areas/10999"):
        atlas.area(vintage, "10999")


def test_a_card_says_how_each_figure_of_its_series_was_carried(atlas: Atlas, vintage: Vintage) -> None:
    found = card_of(atlas, vintage, "population", "19201")
    told = dict(zip((period for period, _ in found.series), found.carried, strict=True))
    assert [told[period] for period in ("1980", "2005", "2010", "2020")] == [
        *("apportioned", "apportioned", "as_published", "as_published")
    ]
    assert list(map(str, found.leaf.dates)) == ["2020-10-01"]


def test_a_trend_of_a_count_is_told_over_five_years_and_in_per_cent(atlas: Atlas, vintage: Vintage) -> None:
    found = card_of(atlas, vintage, "population", "10201")
    # the censuses of 2015 and 2020
    assert (found.leaf.period, found.value, found.status) == ("2020", 332_149, "ok")
    assert found.trend == Trend("2015", 336_154, -4_005, -4_005 / 336_154 * 100, "neutral")


def test_an_evacuated_town_has_no_trend_of_those_in_place(atlas: Atlas, vintage: Vintage) -> None:
    # 飯舘村: 41 in place in 2015, 1,318 in 2020
    for name in ("population", "ageing-rate"):
        found = card_of(atlas, vintage, name, "07564")
        assert (found.trend, found.status) == (None, "ok")
        assert found.series[-1][0] == "2020"
    assert card_of(atlas, vintage, "register-population", "07564").trend is not None
    assert card_of(atlas, vintage, "population", "07561").trend is not None  # 相馬市


def test_a_trend_goes_back_to_the_newest_year_that_is_five_years_before(
    atlas: Atlas, vintage: Vintage
) -> None:
    found = card_of(atlas, vintage, "births", "10201")
    assert found.trend is not None
    # 2023 against 2018, not against 2016, the first; fewer births are worse
    assert (found.series[0][0], found.series[-1]) == ("2016", ("2023", 1_817.0))
    assert (found.trend.since, found.trend.before, found.trend.verdict) == ("2018", 2_358, "worse")
    assert found.trend.change_percent == pytest.approx(-22.943, abs=1e-3)


def test_a_trend_of_a_share_has_no_per_cent_of_it(atlas: Atlas, vintage: Vintage) -> None:
    found = card_of(atlas, vintage, "ageing-rate", "10201")
    assert found.trend is not None
    # 91,143 of 336,154 and 96,390 of 332,149
    assert found.trend.change == pytest.approx(29.0201 - 27.1135, abs=1e-4)
    assert (found.trend.change_percent, found.trend.verdict) == (None, "neutral")


def test_an_area_is_ranked_in_the_nation_and_in_its_prefecture(atlas: Atlas, vintage: Vintage) -> None:
    found = card_of(atlas, vintage, "population", "10201")
    # 前橋市 is the second of the 35 of 群馬県
    assert found.prefecture == Rank(2, 35)
    smallest = card_of(atlas, vintage, "population", "10366")
    assert smallest.prefecture == Rank(35, 35)
    assert found.nation is not None
    assert smallest.nation is not None
    assert found.nation.of == smallest.nation.of
    assert found.nation.rank < smallest.nation.rank


def test_a_prefecture_is_ranked_in_the_nation_alone(atlas: Atlas, vintage: Vintage) -> None:
    found = card_of(atlas, vintage, "population", "13000")
    assert (found.nation, found.prefecture) == (Rank(1, 47), None)


def test_the_median_of_peers_is_told_with_how_many_have_a_figure(atlas: Atlas, vintage: Vintage) -> None:
    three = card_of(atlas, vintage, "population", "10202", "10201", "10366", "01100")
    assert (three.peers_median, three.peers_n) == (332_149, 3)
    # 福島市 has no projection
    one = card_of(atlas, vintage, "projected-population", "10201", "07201", "10366")
    assert one.peers_n == 1
    none = card_of(atlas, vintage, "projected-population", "10201", "07201")
    assert (none.peers_median, none.peers_n) == (None, 0)


def test_a_missing_figure_has_its_reason_and_neither_rank_nor_trend(atlas: Atlas, vintage: Vintage) -> None:
    found = card_of(atlas, vintage, "projected-population", "07201")
    assert (found.value, found.status, found.nation, found.prefecture) == (None, "not_available", None, None)
    assert (found.trend, found.series) == (None, ())


@pytest.mark.parametrize(("code", "prefecture"), [("10201", "10000"), ("01101", "01000")])
def test_where_a_level_has_no_figures_those_of_the_prefecture_are_told(
    atlas: Atlas, vintage: Vintage, code: str, prefecture: str
) -> None:
    found = card_of(atlas, vintage, "total-fertility-rate", code, code)
    assert (found.leaf.level, found.code, found.peers_n) == ("prefecture", prefecture, 0)


def test_an_indicator_without_any_figures_has_no_card(atlas: Atlas, vintage: Vintage) -> None:
    empty = next(
        one
        for one in atlas.catalogue.indicators.values()
        if not any(atlas.periods(one, level) for level in ("prefecture", "municipality", "ward"))
    )
    assert leaves(atlas, vintage, empty, "municipality") == []
    book = Book("municipality", NOTHING, {empty.id: ()}, {"goal": (empty.id,)})
    assert book.cards(0, ()) == {"goal": []}


def test_an_area_that_cannot_be_compared_has_no_peers(atlas: Atlas, vintage: Vintage) -> None:
    # 双葉町, where nobody lived in 2020
    assert profile_of(atlas, Asked(vintage, *atlas.area(vintage, "07546"))).peers == ()
    assert len(profile_of(atlas, Asked(vintage, *atlas.area(vintage, "10201"))).peers) == 10


def test_a_profile_tells_in_words_what_stands_out_of_its_own_level_alone(
    atlas: Atlas, vintage: Vintage
) -> None:
    told = profile_of(atlas, Asked(vintage, *atlas.area(vintage, "10201")))
    assert set(told.cards) == {goal.id for goal in atlas.catalogue.policy.strategy.goals}
    cards = [one for cards in told.cards.values() for one in cards]
    words = words_of(atlas, told)
    assert words["ja"].startswith("群馬県前橋市について、")
    named = [one for one in cards if f"{one.leaf.indicator.name_ja}（" in words["ja"]]
    for one in named:
        assert one.code == "10201"
        assert one.leaf.indicator.direction != "neutral"
        assert one.nation is not None
        share = one.nation.rank / one.nation.of
        assert share <= 1 / 3 or share > 2 / 3
    assert len({one.leaf.indicator.id for one in named}) <= 4
    assert np.isfinite([one.value for one in named if one.value is not None]).all()
