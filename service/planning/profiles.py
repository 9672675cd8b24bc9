"""The profile of an area: the figures of every goal, how they stand, and how they move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geo.codes import WARD_CITY, prefecture_of
from geo.errors import NotEnoughData
from geo.figures.indicators import Indicator
from geo.figures.statistics import ranks
from geo.layers.words import Named, profile_in_words
from geo.strategy.plan import Goal
from geo.text import Text
from service.areas.forms import full_name
from service.areas.gazetteer import Area
from service.figures.values import STATUSES
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage
from service.planning.similarity import similarity
from service.strategy.deployment_selection import Selection, selected

PEERS = 10
#: Figures among the best or the last third of the nation are told in words, at most so many of either.
WELL, TOLD = 1 / 3, 2
#: A trend is told over at least this many years where there are figures.
TREND_YEARS = 5


@dataclass(frozen=True)
class Rank:
    """A place among areas of the same level that have a value."""

    rank: int
    of: int


@dataclass(frozen=True)
class Trend:
    """Change since an earlier period, in the indicator's unit and in per cent of what it was."""

    since: str
    before: float
    change: float
    change_percent: float | None
    verdict: str


@dataclass(frozen=True)
class Card:
    """One figure of an area and how it stands.

    Attributes
    ----------
    level, code : whose figure it is; the prefecture's where there is none for the area's own level
    nation, prefecture : rank, the best first (the highest first where neither is better)
    """

    indicator: Indicator
    level: str
    code: str
    period: str
    value: float | None
    status: str
    nation: Rank | None
    prefecture: Rank | None
    trend: Trend | None
    series: tuple[tuple[str, float], ...]
    peers_median: float | None
    peers_n: int


def indicators_of(atlas: Atlas, goal: Goal) -> list[Indicator]:
    """Return the indicators that stand in for a goal's KPIs, and those its logic model names."""
    policy = atlas.catalogue.policy
    names = [name for kpi in policy.kpis_of(goal.id) for name in kpi.proxies]
    listed = dict.fromkeys([*names, *policy.strategy.indicators_of(goal.id)])
    return [atlas.indicator(name) for name in listed if name in atlas.catalogue.indicators]


def peer_positions(atlas: Atlas, vintage: Vintage, level: str, code: str) -> list[int]:
    """Return the positions of an area's peers; none where it cannot be compared."""
    try:
        found = similarity(atlas, vintage, level, code, PEERS)
    except NotEnoughData:
        return []
    return [peer.position for peer in found.peers]


def card(
    atlas: Atlas, vintage: Vintage, indicator: Indicator, level: str, area: Area, peers: Sequence[int]
) -> Card | None:
    """Return an indicator's card for an area, or for its city or prefecture where its own level has none.

    None where there are no figures at any of them.
    """
    code = area.code
    for at, whose in (
        (level, code),
        ("municipality", WARD_CITY.get(code, code)),
        ("prefecture", prefecture_of(code)),
    ):
        periods = atlas.periods(indicator, at)
        if periods and whose in atlas.gazetteer(vintage.date, at).position:
            return _card(atlas, vintage, indicator, at, whose, periods, peers if at == level else ())
    return None


def _card(
    atlas: Atlas,
    vintage: Vintage,
    indicator: Indicator,
    level: str,
    code: str,
    periods: Sequence[str],
    peers: Sequence[int],
) -> Card:
    gazetteer = atlas.gazetteer(vintage.date, level)
    position = gazetteer.area(code).position
    told = list(zip(periods, atlas.vectors(indicator, periods, level, vintage.date), strict=True))
    period, vector = told[-1]
    values = vector.values
    lowest_first = indicator.direction == "lower"
    own = values[position]
    series = tuple(
        (at, float(each.values[position])) for at, each in told if np.isfinite(each.values[position])
    )
    near = values[list(peers)] if peers else np.empty(0)
    near = near[np.isfinite(near)]
    within = gazetteer.within(prefecture_of(code)) if level != "prefecture" else None
    return Card(
        indicator=indicator,
        level=level,
        code=code,
        period=period,
        value=float(own) if np.isfinite(own) else None,
        status=STATUSES[vector.statuses[position]],
        nation=_rank(values, position, lowest_first=lowest_first),
        prefecture=None
        if within is None
        else _rank(values[within], int(np.searchsorted(within, position)), lowest_first=lowest_first),
        trend=_trend(indicator, series),
        series=series,
        peers_median=float(np.median(near)) if len(near) else None,
        peers_n=len(near),
    )


def _rank(
    values: np.ndarray[tuple[int], np.dtype[np.float64]], at: int, *, lowest_first: bool
) -> Rank | None:
    place = ranks(values, lowest_first=lowest_first)[at]
    return None if place is None else Rank(place, int(np.isfinite(values).sum()))


def _trend(indicator: Indicator, series: Sequence[tuple[str, float]]) -> Trend | None:
    """Return the change since the newest period at least five years ago, else since the first there is."""
    if len(series) < 2:
        return None
    last, value = series[-1]
    earlier = [each for each in series if int(each[0]) <= int(last) - TREND_YEARS]
    since, before = earlier[-1] if earlier else series[0]
    change = value - before
    better = {"higher": change > 0, "lower": change < 0}.get(indicator.direction)
    verdict = "neutral" if better is None else "unchanged" if change == 0 else "better" if better else "worse"
    in_per_cent = change / abs(before) * 100 if before and indicator.kind == "count" else None
    return Trend(since, before, change, in_per_cent, verdict)


@dataclass(frozen=True)
class Profile:
    """An area with its peers and, for each goal, the cards of its figures."""

    vintage: Vintage
    level: str
    area: Area
    peers: tuple[int, ...]
    cards: dict[str, list[Card]]


@dataclass(frozen=True)
class Asked:
    """The area whose profile a request asks for."""

    vintage: Vintage
    level: str
    area: Area


def profile_of(atlas: Atlas, asked: Asked) -> Profile:
    """Return the profile of an area."""
    peers = peer_positions(atlas, asked.vintage, asked.level, asked.area.code)
    cards: dict[str, list[Card]] = {}
    for goal in atlas.catalogue.policy.strategy.goals:
        made = [
            card(atlas, asked.vintage, one, asked.level, asked.area, peers)
            for one in indicators_of(atlas, goal)
        ]
        cards[goal.id] = [one for one in made if one is not None]
    return Profile(asked.vintage, asked.level, asked.area, tuple(peers), cards)


def words_of(atlas: Atlas, told: Profile) -> Text:
    """Return the profile in words: the figures that stand out nationally, where one way is the better."""
    area, level = told.area, told.level
    prefecture = None if level == "prefecture" else atlas.gazetteer(told.vintage.date, "prefecture")
    name = full_name(area, None if prefecture is None else prefecture.area(area.prefecture))
    placed = {
        one.indicator.id: (one.nation.rank / one.nation.of, one)
        for cards in told.cards.values()
        for one in cards
        if one.nation and one.code == area.code and one.indicator.direction != "neutral"
    }
    ordered = [one for _share, one in sorted(placed.values(), key=lambda each: each[0])]

    def worded(cards: Sequence[Card]) -> list[tuple[Named, int, int]]:
        return [
            (Named(one.indicator.name_ja, one.indicator.name_en), one.nation.rank, one.nation.of)
            for one in cards
            if one.nation
        ]

    best = [one for one in ordered if placed[one.indicator.id][0] <= WELL][:TOLD]
    worst = [one for one in reversed(ordered) if placed[one.indicator.id][0] > 1 - WELL][:TOLD]
    here = selected(atlas, Selection(area=area.code))
    return profile_in_words(name, worded(best), worded(worst), len(here))
