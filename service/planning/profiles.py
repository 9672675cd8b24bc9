"""The profile of an area: the figures of every goal, how they stand, and how they move.

What all profiles of a level share stands in a book: by indicator, the values of all areas over the periods
and their ranks, worked out once for each state of the data. A profile reads its rows.
"""

from __future__ import annotations

import datetime as dt
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.areas.carrying import CARRIED, NOTHING, Carried, Marks
from geo.codes import city_of
from geo.figures.breaks import comparable
from geo.figures.indicators import Indicator
from geo.figures.peers import nearest, standard
from geo.figures.statistics import ranks_within
from geo.layers.words import Named, profile_in_words
from geo.periods import period_label, years_between
from geo.strategy.deployments import Deployment
from geo.strategy.plan import Goal
from geo.text import Text
from geo.transit.basis import basis_in_words
from service.areas.forms import full_name
from service.areas.gazetteer import Area
from service.figures.forms import Brief, SeriesBreak, breaks_described, brief
from service.figures.values import STATUSES
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage
from service.planning.similarity import USUAL, Yardstick, yardstick
from service.transit.basis_forms import bases_of

Ints = NDArray[np.intp]

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
    leaf : of which indicator, at which level and period
    code : whose figure it is; the city's or the prefecture's where there is none for the area's own level
    carried : how the figures of ``series`` came to stand on the boundaries
    nation, prefecture : rank, the best first (the highest first where neither is better)
    coverage : what the value was counted from and what it lacks; None where nothing is to be said of that
    """

    leaf: Leaf
    code: str
    value: float | None
    status: str
    nation: Rank | None
    prefecture: Rank | None
    trend: Trend | None
    coverage: Text | None
    series: tuple[tuple[str, float], ...]
    carried: tuple[Carried | None, ...]
    peers_median: float | None
    peers_n: int

    @property
    def value_carried(self) -> Carried | None:
        """How its value came to stand on the boundaries."""
        return None if self.value is None else self.carried[-1]


@dataclass(frozen=True)
class Standing:
    """The rank of each of n areas, 0 where it has no value, and among how many it is."""

    ranks: Ints
    of: Ints

    def at(self, row: int) -> Rank | None:
        """Return how an area stands."""
        rank = int(self.ranks[row])
        return Rank(rank, int(self.of[row])) if rank else None


@dataclass(frozen=True)
class Leaf:
    """The figures of an indicator at one level, of all areas, oldest first.

    Attributes
    ----------
    brief, label, breaks : the indicator, the newest period, and where its series break, as JSON tells them
    coverage : prefecture → what its figures of the newest period were counted from and what they lack
    areas : m of them
    values, statuses, marks : (m, periods), (m,) of the newest period, (m, periods)
    dates : of the boundaries that the figures of the newest period were published on
    nation, prefecture : how the areas stand in the newest period; a prefecture lies in none
    rows : (n,) for each area of the book, which of ``areas`` it is or lies in; -1 where there is none
    """

    indicator: Indicator
    brief: Brief
    level: str
    periods: tuple[str, ...]
    label: Text
    breaks: list[SeriesBreak]
    coverage: Mapping[str, Text]
    areas: tuple[Area, ...]
    values: NDArray[np.float64]
    statuses: NDArray[np.uint8]
    marks: Marks
    dates: tuple[dt.date, ...]
    nation: Standing
    prefecture: Standing | None
    rows: Ints

    @property
    def period(self) -> str:
        """The newest period."""
        return self.periods[-1]

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        standings = [each for each in (self.nation, self.prefecture) if each is not None]
        ranks = sum(each.ranks.nbytes + each.of.nbytes for each in standings)
        figures = self.values.nbytes + self.statuses.nbytes + self.marks.nbytes
        return figures + self.rows.nbytes + ranks

    def card(self, position: int, peers: Ints) -> Card:
        """Return the card of an area of the book; ``peers`` are rows of this leaf."""
        row = int(self.rows[position])
        values: list[float] = self.values[row].tolist()
        series = tuple([each for each in zip(self.periods, values, strict=True) if math.isfinite(each[1])])
        near = [value for value in self.values[peers, -1].tolist() if math.isfinite(value)]
        area, value = self.areas[row], values[-1] if math.isfinite(values[-1]) else None
        return Card(
            leaf=self,
            code=area.code,
            value=value,
            status=STATUSES[self.statuses[row]],
            nation=self.nation.at(row),
            prefecture=None if self.prefecture is None else self.prefecture.at(row),
            trend=_trend(self.indicator, area.code, series),
            coverage=None if value is None else self.coverage.get(area.prefecture),
            series=series,
            carried=tuple([CARRIED[mark] for mark in self.marks[row].tolist() if mark != NOTHING]),
            peers_median=statistics.median(near) if near else None,
            peers_n=len(near),
        )


def _trend(indicator: Indicator, code: str, series: Sequence[tuple[str, float]]) -> Trend | None:
    """Return the change since the newest period at least five years ago, else since the first there is.

    None across a break: what came before it is not compared with what came after. Nor are people set against
    others, where those of an area lived elsewhere at one of the ends.
    """
    series = comparable(indicator.breaks, series)
    if len(series) < 2:
        return None
    last, value = series[-1]
    earlier = [each for each in series if years_between(each[0], last) >= TREND_YEARS]
    since, before = earlier[-1] if earlier else series[0]
    lived_elsewhere = any(one.area_code == code for one in indicator.absences)
    if lived_elsewhere and code in {one.area_code for one in indicator.absent_at(since, last)}:
        return None
    change = value - before
    better = {"higher": change > 0, "lower": change < 0}.get(indicator.direction)
    in_per_cent = change / abs(before) * 100 if before and indicator.kind == "count" else None
    # what reads as ±0.0 is neither better nor worse
    told = round(change, indicator.decimals) if in_per_cent is None else round(in_per_cent, 1)
    verdict = "neutral" if better is None else "unchanged" if told == 0 else "better" if better else "worse"
    return Trend(since, before, change, in_per_cent, verdict)


@dataclass(frozen=True)
class Book:
    """What all profiles of a level are read from.

    Attributes
    ----------
    leaves : by indicator; the first that has a row for an area tells its figure
    goals : goal → its indicators
    """

    level: str
    yardstick: Yardstick
    leaves: Mapping[str, tuple[Leaf, ...]]
    goals: Mapping[str, tuple[str, ...]]

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        return sum(leaf.nbytes for leaves in self.leaves.values() for leaf in leaves)

    def card(self, name: str, position: int, peers: Sequence[int]) -> Card | None:
        """Return an indicator's card for an area, or for its city or prefecture where its own level has none.

        None where there are no figures at any of them. Peers are of the book's own level alone.
        """
        for leaf in self.leaves[name]:
            if leaf.rows[position] >= 0:
                return leaf.card(position, np.array(peers if leaf.level == self.level else (), np.intp))
        return None

    def cards(self, position: int, peers: Sequence[int]) -> dict[str, list[Card]]:
        """Return goal → the cards of an area."""
        made = {name: self.card(name, position, peers) for name in self.leaves}
        return {
            goal: [card for name in names if (card := made[name]) is not None]
            for goal, names in self.goals.items()
        }


def book_of(atlas: Atlas, vintage: Vintage, level: str) -> Book:
    """Return the book of a level in this state of the data; for work in a thread."""
    key, shelf = (vintage.date, level, atlas.state()), atlas.store.books
    held: Book | None = shelf.get(key)
    if held is not None:
        return held
    goals = {goal.id: indicators_of(atlas, goal) for goal in atlas.catalogue.policy.strategy.goals}
    shown = {one.id: one for listed in goals.values() for one in listed}
    made = Book(
        level=level,
        yardstick=_yardstick(atlas, vintage, level),
        leaves={name: tuple(leaves(atlas, vintage, one, level)) for name, one in shown.items()},
        goals={goal: tuple(one.id for one in listed) for goal, listed in goals.items()},
    )
    shelf.put(key, made)
    return made


def _yardstick(atlas: Atlas, vintage: Vintage, level: str) -> Yardstick:
    """Return what the areas of a level are compared by; nothing where one of the usual traits is not told."""
    if all(atlas.periods(atlas.indicator(name), level) for name in USUAL):
        return yardstick(atlas, vintage, level)
    nothing = np.full((len(atlas.gazetteer(vintage.date, level)), 1), np.nan)
    return Yardstick((), standard(nothing), nothing)


def indicators_of(atlas: Atlas, goal: Goal) -> list[Indicator]:
    """Return the indicators that stand in for a goal's KPIs, and those its logic model names."""
    policy = atlas.catalogue.policy
    names = [name for kpi in policy.kpis_of(goal.id) for name in kpi.proxies]
    listed = dict.fromkeys([*names, *policy.strategy.indicators_of(goal.id)])
    return [atlas.indicator(name) for name in listed if name in atlas.catalogue.indicators]


def leaves(
    atlas: Atlas, vintage: Vintage, indicator: Indicator, level: str, until: str | None = None
) -> list[Leaf]:
    """Return an indicator's leaves for the areas of a level: their own, else of their cities, prefectures.

    Parameters
    ----------
    until : the last period; all there are when left out
    """
    areas = atlas.gazetteer(vintage.date, level).areas
    found: list[Leaf] = []
    for at, codes in (
        (level, [area.code for area in areas]),
        ("municipality", [city_of(area.code) for area in areas]),
        ("prefecture", [area.prefecture for area in areas]),
    ):
        periods = tuple([one for one in atlas.periods(indicator, at) if until is None or one <= until])
        if at in vintage.gazetteers and periods:
            position = vintage.gazetteers[at].position
            rows = np.array([position.get(code, -1) for code in codes], np.intp)
            found.append(_leaf(atlas, vintage, indicator, at, periods, rows))
            if rows.min() >= 0:
                break
    return found


def _leaf(
    atlas: Atlas, vintage: Vintage, indicator: Indicator, level: str, periods: tuple[str, ...], rows: Ints
) -> Leaf:
    gazetteer = atlas.gazetteer(vintage.date, level)
    vectors = atlas.vectors(indicator, periods, level, vintage.date)
    carried = atlas.carryings(indicator, periods, level, vintage.date)
    newest = vectors[-1]
    bases = bases_of(atlas.catalogue, indicator.id, periods[-1])

    def standing(groups: Ints) -> Standing:
        return Standing(*ranks_within(newest.values, groups, lowest_first=indicator.direction == "lower"))

    return Leaf(
        indicator=indicator,
        brief=brief(indicator),
        level=level,
        periods=periods,
        label=period_label(periods[-1], indicator.period_kind),
        breaks=breaks_described(indicator),
        coverage={prefecture: basis_in_words(basis) for prefecture, basis in bases.items()},
        areas=gazetteer.areas,
        values=np.stack([one.values for one in vectors], axis=1),
        statuses=newest.statuses,
        marks=np.stack([one.marks for one in carried], axis=1),
        dates=carried[-1].dates,
        nation=standing(np.zeros(len(gazetteer), np.intp)),
        prefecture=None if level == "prefecture" else standing(gazetteer.prefectures),
        rows=rows,
    )


@dataclass(frozen=True)
class Profile:
    """An area with its peers, what runs there and, for each goal, the cards of its figures."""

    vintage: Vintage
    level: str
    area: Area
    peers: tuple[int, ...]
    deployments: tuple[Deployment, ...]
    cards: dict[str, list[Card]]


@dataclass(frozen=True)
class Asked:
    """The area whose profile a request asks for."""

    vintage: Vintage
    level: str
    area: Area


def profile_of(atlas: Atlas, asked: Asked) -> Profile:
    """Return the profile of an area; one that lacks a value that areas are compared by has no peers."""
    book, position = book_of(atlas, asked.vintage, asked.level), asked.area.position
    peers = tuple(peer.position for peer in nearest(book.yardstick.scores, position, PEERS))
    here = atlas.catalogue.sites.around.get(city_of(asked.area.code), ())
    return Profile(asked.vintage, asked.level, asked.area, peers, here, book.cards(position, peers))


def words_of(atlas: Atlas, told: Profile) -> Text:
    """Return the profile in words: the figures that stand out nationally, where one way is the better."""
    area = told.area
    prefecture = None if told.level == "prefecture" else atlas.area(told.vintage, area.prefecture)[1]
    placed = {
        one.leaf.indicator.id: (one.nation.rank / one.nation.of, one)
        for cards in told.cards.values()
        for one in cards
        if one.nation and one.code == area.code and one.leaf.indicator.direction != "neutral"
    }
    ordered = sorted(placed.values(), key=lambda each: each[0])

    def worded(cards: Sequence[Card]) -> list[tuple[Named, int, int]]:
        return [
            (Named(one.leaf.indicator.name_ja, one.leaf.indicator.name_en), one.nation.rank, one.nation.of)
            for one in cards
            if one.nation
        ]

    best = [one for share, one in ordered if share <= WELL][:TOLD]
    worst = [one for share, one in reversed(ordered) if share > 1 - WELL][:TOLD]
    return profile_in_words(full_name(area, prefecture), worded(best), worded(worst), len(told.deployments))
