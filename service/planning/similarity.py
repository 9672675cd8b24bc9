"""Which areas are alike: standardised indicators of one level, each at its newest period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.errors import Finding, InvalidParameter, NotEnoughData
from geo.figures import peers
from geo.figures.indicators import Indicator
from geo.figures.peers import Peer, Standard
from service.areas.gazetteer import Gazetteer
from service.figures.carrying import Carrying
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage

Floats = NDArray[np.float64]

#: Size, density, age, growth, economy, means and migration: what planners ask of a town like theirs.
USUAL = (
    "population",
    "population-density",
    "ageing-rate",
    "population-change",
    "primary-industry-share",
    "tertiary-industry-share",
    "local-tax-per-head",
    "net-migration-rate",
)
MAX_TRAITS = 20


@dataclass(frozen=True)
class Trait:
    """One indicator that areas are compared by.

    Attributes
    ----------
    values : (n,) as published, NaN where missing
    used : (n,) as compared: logarithms where ``logarithm``
    """

    indicator: Indicator
    period: str
    values: Floats
    logarithm: bool
    used: Floats


def carrying_of(atlas: Atlas, of: Trait, gazetteer: Gazetteer) -> Carrying:
    """Return how the values of a trait came to stand on the boundaries of some areas."""
    return atlas.carryings(of.indicator, [of.period], gazetteer.level, gazetteer.vintage)[0]


@dataclass(frozen=True)
class Yardstick:
    """What the areas of a level are compared by.

    Attributes
    ----------
    standard : the means, deviations and cases that the scores are told by, for each trait
    scores : (n, traits) standardised; the whole row of an area that lacks a value is NaN
    """

    traits: tuple[Trait, ...]
    standard: Standard
    scores: Floats

    @property
    def nbytes(self) -> int:
        """Size in memory; values are those of the vectors."""
        return self.scores.nbytes + sum(one.used.nbytes for one in self.traits)


@dataclass(frozen=True)
class Similarity:
    """One area's peers, nearest first, and what they were compared by."""

    gazetteer: Gazetteer
    position: int
    traits: tuple[Trait, ...]
    standard: Standard
    peers: tuple[Peer, ...]


def trait(indicator: Indicator, period: str, values: Floats) -> Trait:
    """Return a trait; lopsided values (none negative, mean above twice the median) are taken as logarithms.

    Else a few great cities would make all towns alike. Zero, where nobody lives, has no logarithm.
    """
    known = values[np.isfinite(values)]
    logarithm = bool(len(known) and known.min() >= 0 and known.mean() > 2 * np.median(known) > 0)
    if not logarithm:
        return Trait(indicator, period, values, logarithm, values)
    used = np.log(values, out=np.full(len(values), np.nan), where=np.isfinite(values) & (values > 0))
    return Trait(indicator, period, values, logarithm, used)


def traits(atlas: Atlas, vintage: Vintage, level: str, names: Sequence[str]) -> list[Trait]:
    """Return the traits of the areas of a level.

    Raises
    ------
    NotFound : no such indicator
    InvalidParameter : one that is told for no area of the level, or is a category
    """
    if not 1 <= len(names) <= MAX_TRAITS:
        finding = Finding("query", "indicators", str(len(names)), f"1 to {MAX_TRAITS} ids")
        raise InvalidParameter(f"indicators must hold 1 to {MAX_TRAITS} ids", [finding])
    found = []
    for name in dict.fromkeys(names):
        indicator = atlas.indicator(name)
        periods = atlas.periods(indicator, level)
        if not periods or indicator.kind == "category":
            finding = Finding("query", "indicators", name, f"a numeric indicator of the level {level}")
            raise InvalidParameter(f"{name} cannot be compared between areas of the level {level}", [finding])
        vector = atlas.vector(indicator, periods[-1], level, vintage.date)
        found.append(trait(indicator, periods[-1], vector.values))
    return found


def yardstick(atlas: Atlas, vintage: Vintage, level: str, names: Sequence[str] = USUAL) -> Yardstick:
    """Return what the areas of a level are compared by, worked out once; for work in a thread.

    Raises
    ------
    NotFound, InvalidParameter : see ``traits``
    """
    key = (level, *(atlas.revision(atlas.indicator(name), vintage.date) for name in names))
    shelf = atlas.store.yardsticks
    held: Yardstick | None = shelf.get(key)
    if held is not None:
        return held
    found = traits(atlas, vintage, level, names)
    values = np.stack([one.used for one in found], axis=1)
    standard = peers.standard(values)
    made = Yardstick(tuple(found), standard, peers.standardised(values, standard))
    shelf.put(key, made)
    return made


def similarity(
    atlas: Atlas, vintage: Vintage, level: str, code: str, k: int, names: Sequence[str] = USUAL
) -> Similarity:
    """Return the ``k`` areas most like one, by the root mean square of standardised differences.

    Raises
    ------
    NotEnoughData : the area lacks a value that it is to be compared by
    """
    gazetteer = atlas.gazetteer(vintage.date, level)
    position = gazetteer.area(code).position
    found = yardstick(atlas, vintage, level, names)
    lacking = [one for one in found.traits if not np.isfinite(one.used[position])]
    if lacking:
        findings = [
            Finding(code, one.indicator.id, "no value", f"a value of {one.period}") for one in lacking
        ]
        raise NotEnoughData(f"{code} has no peers: it lacks values to be compared by", findings)
    near = tuple(peers.nearest(found.scores, position, k))
    return Similarity(gazetteer, position, found.traits, found.standard, near)
