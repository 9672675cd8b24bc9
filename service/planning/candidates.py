"""Which municipalities may need a measure: those its indicators are worst there, none is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo.errors import Finding, NotEnoughData
from geo.figures.peers import need
from geo.figures.statistics import ranks
from geo.strategy.plan import Measure
from service.areas.gazetteer import Area, Gazetteer
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage
from service.planning.effects import touched
from service.planning.similarity import Trait, traits


@dataclass(frozen=True)
class Candidate:
    """A municipality without a measure: how badly off it is, its values, whether its prefecture acts.

    Equal needs share a ``rank``, the first of their places.
    """

    area: Area
    rank: int
    need: float
    values: tuple[float, ...]
    prefecture_deploys: bool


@dataclass(frozen=True)
class Candidates:
    """The candidates for a measure, those in most need first."""

    measure: str
    gazetteer: Gazetteer
    traits: tuple[Trait, ...]
    rows: tuple[Candidate, ...]


@dataclass(frozen=True)
class AskedCandidates:
    """For which measure candidates are asked for, by which indicators, and in which prefecture."""

    measure: Measure
    indicators: list[str] | None
    parent: str | None
    vintage: Vintage


def candidates_of(atlas: Atlas, asked: AskedCandidates) -> Candidates:
    """Return the municipalities that may need a measure."""
    policy, chosen, found = atlas.catalogue.policy, asked.vintage, asked.measure
    linked = [
        name
        for name in policy.strategy.indicators_of(found.id)
        if name in atlas.catalogue.indicators
        and atlas.indicator(name).direction != "neutral"
        and atlas.periods(atlas.indicator(name), "municipality")
    ]
    names = linked if asked.indicators is None else asked.indicators
    if not names:
        finding = Finding(found.id, "indicators", "none", "indicators=… of the level municipality")
        raise NotEnoughData("No indicator of municipalities is linked to this measure; name some", [finding])
    told = traits(atlas, chosen, "municipality", names)
    worse_low = np.array([one.indicator.direction != "lower" for one in told])
    score = need(np.stack([one.values for one in told], axis=1), worse_low)
    gazetteer = atlas.gazetteer(chosen.date, "municipality")
    inside = gazetteer.within(asked.parent).tolist()
    taken = touched(atlas, found, chosen)
    left = [at for at in inside if gazetteer.areas[at].code not in taken and np.isfinite(score[at])]
    rows = [
        Candidate(
            gazetteer.areas[at],
            place,
            float(score[at]),
            tuple(float(one.values[at]) for one in told),
            gazetteer.areas[at].prefecture in taken,
        )
        for at, place in zip(left, ranks(score[left]), strict=True)
        if place is not None
    ]
    ordered = sorted(rows, key=lambda row: (row.rank, row.area.code))
    return Candidates(found.id, gazetteer, tuple(told), tuple(ordered))
