"""The book that profiles are read from: its cards worked by hand, and of which moment it is."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace

import numpy as np
import pytest

from geo.figures.indicators import Indicator
from geo.figures.peers import standard
from geo.figures.statistics import ranks_within
from service.areas.gazetteer import Area
from service.figures.forms import brief
from service.figures.values import STATUSES
from service.memory.atlas import Atlas, Vintage
from service.memory.cache import Moved
from service.planning.profiles import Book, Card, Leaf, Rank, Standing, Trend, book_of
from service.planning.similarity import USUAL, Yardstick

NAN = math.nan
#: Five towns, the last two of another prefecture, in three years; what is lower is better.
VALUES = np.array(
    [[8.0, 6.0, 4.0], [NAN, 5.0, 7.0], [1.0, 2.0, NAN], [9.0, 9.0, 4.0], [3.0, NAN, 10.0]],
)
PERIODS = ("2014", "2018", "2023")
PREFECTURES = np.array([0, 0, 0, 1, 1])
STATES = np.array([STATUSES.index(state) for state in ("ok", "ok", "secret", "ok", "ok")], np.uint8)


def area(code: str, position: int) -> Area:
    box = (139.0, 36.0, 140.0, 37.0)
    return Area(code, position, "city", f"{code[:2]}000", None, code, "", "", 1.0, 139.5, 36.5, box)


def leaf(level: str = "municipality", rows: tuple[int, ...] = (0, 1, 2, 3, 4)) -> Leaf:
    indicator = Indicator(
        id="vacancies",
        name_ja="空き店舗",
        name_en="Vacancies",
        description_ja="",
        description_en="",
        topic="economy",
        kind="count",
        direction="lower",
    )
    newest, whole = VALUES[:, -1], np.zeros(5, np.intp)
    return Leaf(
        indicator=indicator,
        brief=brief(indicator),
        level=level,
        periods=PERIODS,
        breaks=[],
        coverage={"10000": {"ja": "甲社を含まない。", "en": "Without A."}},
        label={"ja": "2023年", "en": "2023"},
        areas=tuple(area(code, at) for at, code in enumerate(("10201", "10202", "10203", "11100", "11201"))),
        values=VALUES,
        statuses=STATES,
        marks=np.where(np.isfinite(VALUES), 1, 0).astype(np.uint8),
        dates=(dt.date(2020, 10, 1),),
        nation=Standing(*ranks_within(newest, whole, lowest_first=True)),
        prefecture=Standing(*ranks_within(newest, PREFECTURES, lowest_first=True)),
        rows=np.array(rows, np.intp),
    )


def book(*shown: Leaf, level: str = "municipality") -> Book:
    nothing = np.empty((0, 0))
    by = Yardstick((), standard(nothing), nothing)
    return Book(level, by, {"vacancies": shown}, {"work": ("vacancies",)})


def card(position: int, *peers: int) -> Card:
    found = book(leaf()).card("vacancies", position, peers)
    assert found is not None
    return found


def test_a_card_tells_what_the_values_of_its_prefecture_lack_and_nothing_of_a_missing_one() -> None:
    # 10202 has a value, 10203 is secret, 11201 lies in another prefecture
    assert card(1).coverage == {"ja": "甲社を含まない。", "en": "Without A."}
    assert (card(2).value, card(2).coverage) == (None, None)
    assert card(4).value is not None
    assert card(4).coverage is None


def test_a_card_tells_the_newest_value_its_ranks_and_every_year_that_has_one() -> None:
    found = card(1)
    assert (found.code, found.value, found.status, found.leaf.period) == ("10202", 7.0, "ok", "2023")
    # of 4, 7, 4 and 10, the lowest first; in the first prefecture of 4 and 7
    assert (found.nation, found.prefecture) == (Rank(3, 4), Rank(2, 2))
    assert found.series == (("2018", 5.0), ("2023", 7.0))
    # from 5 to 7 is two more, 40 % of five, and more is worse
    assert found.trend == Trend("2018", 5.0, 2.0, 40.0, "worse")


def test_equal_values_share_a_rank_across_prefectures() -> None:
    assert (card(0).nation, card(3).nation) == (Rank(1, 4), Rank(1, 4))
    assert (card(0).prefecture, card(3).prefecture) == (Rank(1, 2), Rank(1, 2))
    assert (card(4).nation, card(4).prefecture) == (Rank(4, 4), Rank(2, 2))


def test_a_trend_begins_five_years_before_or_with_the_first_year_there_is() -> None:
    assert card(0).trend == Trend("2018", 6.0, -2.0, -2 / 6 * 100, "better")
    assert card(4).trend == Trend("2014", 3.0, 7.0, 7 / 3 * 100, "worse")


@pytest.mark.parametrize(
    ("newest", "verdict"), [(30.04, "unchanged"), (29.96, "unchanged"), (30.06, "worse"), (29.94, "better")]
)
def test_a_change_that_reads_as_nothing_is_neither_better_nor_worse(newest: float, verdict: str) -> None:
    share = replace(leaf().indicator, kind="ratio", decimals=1)
    values = np.full_like(VALUES, 30.0)
    values[0, -1] = newest
    found = book(replace(leaf(), indicator=share, values=values)).card("vacancies", 0, ())
    assert found is not None
    assert found.trend is not None
    assert found.trend.verdict == verdict


def test_a_town_without_the_newest_value_tells_why_and_how_it_was() -> None:
    found = card(2)
    assert (found.value, found.status, found.nation, found.prefecture) == (None, "secret", None, None)
    # four years apart, and nothing older
    assert found.trend == Trend("2014", 1.0, 1.0, 100.0, "worse")


@pytest.mark.parametrize(
    ("peers", "median", "n"),
    [((), None, 0), ((2,), None, 0), ((1,), 7.0, 1), ((0, 1, 2), 5.5, 2), ((3, 4, 1), 7.0, 3)],
)
def test_peers_are_told_by_the_median_of_those_that_have_a_value(
    peers: tuple[int, ...], median: float | None, n: int
) -> None:
    found = card(0, *peers)
    assert (found.peers_median, found.peers_n) == (median, n)


def test_where_the_own_level_has_no_row_the_next_one_tells_without_peers() -> None:
    # two wards of the fourth area, which the first leaf does not have
    wards = book(leaf("ward", (-1, -1)), leaf("municipality", (3, 3)), level="ward")
    found = wards.card("vacancies", 1, (0,))
    assert found is not None
    assert (found.leaf.level, found.code, found.value, found.peers_n) == ("municipality", "11100", 4.0, 0)
    nowhere = book(leaf("ward", (-1, 0)), level="ward")
    assert nowhere.card("vacancies", 0, ()) is None
    assert nowhere.cards(0, ()) == {"work": []}
    assert [one.code for one in nowhere.cards(1, ())["work"]] == ["10201"]


def test_a_book_weighs_what_its_sheets_hold() -> None:
    # 15 values and marks, 5 statuses, 5 rows, and two standings of 5 ranks and 5 counts
    assert book(leaf()).nbytes == 15 * 8 + 15 + 5 + 5 * 8 + 2 * 2 * 5 * 8


# Of the shipped data


@pytest.fixture
def vintage(atlas: Atlas) -> Vintage:
    return atlas.catalogue.vintages[dt.date(2021, 1, 1)]


def test_a_book_is_worked_out_once_for_each_level(atlas: Atlas, vintage: Vintage) -> None:
    towns, prefectures = (book_of(atlas, vintage, level) for level in ("municipality", "prefecture"))
    assert book_of(atlas, vintage, "municipality") is towns
    assert (towns.level, prefectures.level) == ("municipality", "prefecture")
    assert len(prefectures.yardstick.scores) == 47
    assert [one.indicator.id for one in towns.yardstick.traits] == list(USUAL)
    assert atlas.store.memory.held_by["books"] > towns.nbytes + prefectures.nbytes


def test_wards_are_told_the_figures_of_their_city_or_prefecture(atlas: Atlas, vintage: Vintage) -> None:
    wards = book_of(atlas, vintage, "ward")
    position = atlas.gazetteer(vintage.date, "ward").position["01101"]
    codes = {one.leaf.level: one.code for cards in wards.cards(position, ()).values() for one in cards}
    assert codes["prefecture"] == "01000"
    assert codes.get("municipality", "01100") == "01100"
    assert codes.get("ward", "01101") == "01101"


def test_another_moment_has_a_book_of_its_own(atlas: Atlas, vintage: Vintage) -> None:
    before, catalogue = book_of(atlas, vintage, "prefecture"), atlas.catalogue
    strategy = catalogue.policy.strategy
    fewer = replace(catalogue.policy, version=replace(strategy, goals=strategy.goals[:1]))
    numbers = {**catalogue.numbers, "strategy": catalogue.numbers["strategy"] + 1}
    later = Atlas(atlas.store, replace(catalogue, policy=fewer, numbers=numbers))
    assert list(book_of(later, vintage, "prefecture").goals) == [strategy.goals[0].id]
    assert book_of(atlas, vintage, "prefecture") is before


def test_a_book_of_figures_that_have_changed_meanwhile_is_not_made(atlas: Atlas, vintage: Vintage) -> None:
    name = next(iter(book_of(atlas, vintage, "prefecture").leaves))
    numbers = {**atlas.catalogue.numbers, f"indicator:{name}": 1}
    other = Atlas(atlas.store, replace(atlas.catalogue, numbers=numbers))
    with pytest.raises(Moved):
        book_of(other, vintage, "prefecture")
