"""What the page of an area tells: its people, a chosen indicator, its peers and neighbours, its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row

from geo.codes import NATION, prefecture_of
from geo.figures.indicators import Indicator
from geo.figures.peers import Peer, nearest
from geo.periods import canonical
from geo.text import Text, name_of
from service.areas import queries
from service.areas.forms import AreaSize, ChildArea, size_described
from service.areas.gazetteer import Area, Gazetteer
from service.areas.history_forms import (
    ChronicleEntry,
    MunicipalityCount,
    history_described,
    mergers_described,
    spells_of,
)
from service.figures.lines import member, points
from service.figures.values import PublishedAges
from service.layers.views import chosen_level, chosen_period
from service.memory import revisions
from service.memory.atlas import Atlas
from service.planning.profiles import PEERS, Asked, Card, Leaf, Profile, book_of, leaves, profile_of
from service.planning.similarity import Trait

Floats = NDArray[np.float64]

POPULATION = "population"
#: Traits by which areas stand beside others.
TOLD_BESIDE = ("population", "ageing-rate")
#: Neighbours that are told.
AROUND = 12
#: Definitions of the transport gap that a page tells, and what each is told of, by the part of a layer's id.
GAPS = ("mlit-handbook-rural", "mlit-subsidy-1km", "mlit-handbook-urban")
GAP_LAYERS = ("transport-gap", "transport-gap-65", "transport-gap-75")


@dataclass(frozen=True)
class Line:
    """The figures of an area or of the nation over the periods of another line."""

    name: Text
    points: tuple[tuple[str, float], ...]

    def at(self, period: str) -> float | None:
        """Return the figure of a period."""
        return dict(self.points).get(period)


@dataclass(frozen=True)
class Focus:
    """An indicator as the page shows it at length.

    Attributes
    ----------
    card : the area's figure, or the city's or prefecture's where its own level has none
    prefecture, nation : over the periods of the card's series; None where they are not told
    """

    card: Card
    prefecture: Line | None
    nation: Line | None

    @property
    def leaf(self) -> Leaf:
        """The figures of all areas."""
        return self.card.leaf

    @property
    def indicator(self) -> Indicator:
        """What the figures are of."""
        return self.card.leaf.indicator

    @property
    def values(self) -> Floats:
        """(n,) the figures of all areas in the period, NaN where missing."""
        newest: Floats = self.leaf.values[:, -1]
        return newest

    @property
    def beside(self) -> Floats:
        """The figures of the areas of the same prefecture, none for a prefecture."""
        if self.leaf.level == "prefecture":
            return np.empty(0)
        prefecture = prefecture_of(self.card.code)
        is_here = np.array([area.prefecture == prefecture for area in self.leaf.areas])
        return self.values[is_here & np.isfinite(self.values)]


@dataclass(frozen=True)
class Gap:
    """People out of reach of public transport by a definition: the share of each of ``GAP_LAYERS``."""

    name: Text
    cards: tuple[Card | None, ...]
    people: Card | None


@dataclass(frozen=True)
class Portrait:
    """All that the page of an area tells.

    Attributes
    ----------
    people : None where nobody is counted
    chosen : None where the indicator is told for neither the area nor what it lies in
    traits : what peers are found by
    peers : the most alike first
    around : code, touching, distance_km; those that touch first
    chronicle : what happened to the area's land, oldest first
    counts : of a prefecture, how many municipalities it had each year
    """

    profile: Profile
    gazetteer: Gazetteer
    prefecture: Area | None
    size: AreaSize
    people: Focus | None
    ages: Mapping[int, PublishedAges]
    chosen: Focus | None
    gaps: tuple[Gap, ...]
    traits: tuple[Trait, ...]
    peers: tuple[Peer, ...]
    around: tuple[Row[Any], ...]
    chronicle: list[ChronicleEntry]
    counts: tuple[MunicipalityCount, ...]

    @property
    def area(self) -> Area:
        """Whose page it is."""
        return self.profile.area

    @property
    def beside(self) -> tuple[Trait, ...]:
        """The traits that areas beside this one are told with."""
        return tuple(one for one in self.traits if one.indicator.id in TOLD_BESIDE)


def portrait_of(atlas: Atlas, asked: Asked, layer: Indicator, period: str | None) -> Portrait:
    """Return the portrait of an area with a chosen indicator; for work in a thread.

    Parameters
    ----------
    period : of the chosen indicator; the newest when left out

    Raises
    ------
    InvalidParameter : the indicator has no such period at the level that it is told at
    """
    area, level, vintage = asked.area, asked.level, asked.vintage
    told, yardstick = profile_of(atlas, asked), book_of(atlas, vintage, level).yardstick
    near = tuple(nearest(yardstick.scores, area.position, PEERS))
    population = atlas.catalogue.indicators.get(POPULATION)
    around = atlas.read(
        lambda conn: queries.neighbours(conn, vintage.date, level, area.code, AROUND),
        subjects=(revisions.vintage(vintage.date),),
    )
    return Portrait(
        profile=told,
        gazetteer=atlas.gazetteer(vintage.date, level),
        prefecture=None if level == "prefecture" else atlas.area(vintage, area.prefecture)[1],
        size=size_described(atlas, area, level, vintage),
        people=None if population is None else _focus(atlas, asked, population, near, None),
        ages=atlas.ages(area.code, vintage.date),
        chosen=_focus(atlas, asked, layer, near, period),
        gaps=_gaps(atlas, asked),
        traits=yardstick.traits,
        peers=near,
        around=tuple(around),
        chronicle=_chronicle(atlas, area),
        counts=_counts(atlas, area) if level == "prefecture" else (),
    )


def _focus(
    atlas: Atlas, asked: Asked, indicator: Indicator, near: Sequence[Peer], period: str | None
) -> Focus | None:
    card = _card(atlas, asked, indicator, near, period)
    if card is None:
        return None
    if indicator.id not in atlas.catalogue.indicators or indicator.kind == "category":
        return Focus(card, None, None)  # what is deployed is not told of areas together
    periods = [one for one, _ in card.series]
    prefecture = None
    if card.leaf.level != "prefecture" and atlas.periods(indicator, "prefecture"):
        prefecture = _line(atlas, asked, indicator, prefecture_of(card.code), periods)
    return Focus(card, prefecture, _line(atlas, asked, indicator, NATION, periods))


def _card(
    atlas: Atlas, asked: Asked, indicator: Indicator, near: Sequence[Peer], period: str | None
) -> Card | None:
    """Return an indicator's card of the area, or of its city or prefecture where its own level has none."""
    until = None if period is None else canonical(period, indicator.period_kind)
    position = asked.area.position
    for leaf in leaves(atlas, asked.vintage, indicator, asked.level, until):
        if leaf.rows[position] >= 0:
            chosen_period(atlas, indicator, leaf.level, until)
            own_level = leaf.level == asked.level
            peers = [one.position for one in near] if own_level else []
            return leaf.card(position, np.array(peers, np.intp))
    if until is not None:
        chosen_period(atlas, indicator, chosen_level(atlas, indicator, asked.vintage, None), until)
    return None


def _line(atlas: Atlas, asked: Asked, indicator: Indicator, code: str, periods: Sequence[str]) -> Line | None:
    """Return the figures of an area or of the nation in these periods; None where there is none."""
    whose = member(atlas, asked.vintage, code)
    told = points(atlas, indicator, asked.vintage, whose, periods)
    known = tuple([(one.period, one.value) for one in told if one.value is not None])
    return Line({"ja": whose.name_ja, "en": whose.name_en}, known) if known else None


def _gaps(atlas: Atlas, asked: Asked) -> tuple[Gap, ...]:
    """Return the gaps of those definitions that any of an area's people are told by."""
    found = []
    for name in GAPS:
        definition = atlas.catalogue.definitions.get(name)
        if definition is None:
            continue
        cards = [_gap(atlas, asked, f"{layer}:{name}") for layer in GAP_LAYERS]
        if any(card is not None for card in cards):
            people = _gap(atlas, asked, f"gap-people-{name}")
            found.append(Gap({"ja": definition.name_ja, "en": definition.name_en}, tuple(cards), people))
    return tuple(found)


def _gap(atlas: Atlas, asked: Asked, name: str) -> Card | None:
    indicator = atlas.catalogue.indicators.get(name)
    card = None if indicator is None else _card(atlas, asked, indicator, (), None)
    return card if card is not None and card.value is not None else None


def _chronicle(atlas: Atlas, area: Area) -> list[ChronicleEntry]:
    """Return what happened to the land of an area, oldest first."""
    history, newest = atlas.catalogue.history, atlas.vintage(None).date
    if not history.names.get(area.code):
        return []
    day = history.last_day(area.code, newest)
    return history_described(history, spells_of(atlas, area.code), day, newest)["chronicle"]


def _counts(atlas: Atlas, area: Area) -> tuple[MunicipalityCount, ...]:
    """Return how many municipalities a prefecture had each year."""
    newest = atlas.vintage(None).date
    whose: ChildArea = {"code": area.code, "name": name_of(area)}
    return tuple(mergers_described(atlas.catalogue.history, whose, newest.year)["years"])
