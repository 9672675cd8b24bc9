"""Peers and candidates as JSON."""

from __future__ import annotations

import numpy as np
from typing_extensions import TypedDict

from geo.areas.carrying import Carried
from geo.text import Text, name_of
from service.areas.forms import NamedArea, named
from service.figures.forms import (
    BoundariesOfFigures,
    Brief,
    CarriedFigure,
    boundaries_described,
    brief,
)
from service.memory.atlas import Atlas
from service.planning.candidates import Candidates
from service.planning.similarity import Similarity, carrying_of
from service.strategy.deployment_selection import running
from service.strategy.policy import COVERAGE


class ComparedIndicator(Brief, CarriedFigure):
    """An indicator that areas are compared by, and the area's own value.

    ``mean`` and ``deviation`` are those that were used, of the logarithms where ``logarithm``: of the areas
    that have every indicator, whose values below ``low`` and above ``high`` (the least and the greatest 5 %)
    count as these.
    """

    period: str
    logarithm: bool
    mean: float
    deviation: float
    low: float
    high: float
    value: float | None


class PeerDifference(TypedDict):
    """How far a peer is from the area in one indicator, in its deviations."""

    indicator: str
    value: float | None
    carried: Carried | None
    difference: float | None


class SimilarArea(NamedArea):
    """A peer, how far it is, and the measures that it is known to run."""

    distance: float
    differences: list[PeerDifference]
    measures: list[str]


class RunningPeer(NamedArea):
    """A peer that runs a measure."""

    deployments: list[str]


class MeasureOfPeers(TypedDict):
    """A measure that peers are known to run and the area is not."""

    measure: str
    name: Text
    goal: str
    peers: list[RunningPeer]


class Peers(TypedDict):
    """The areas most like one, and why; ``compared`` areas have every indicator."""

    area: NamedArea
    level: str
    vintage: str
    compared: int
    indicators: list[ComparedIndicator]
    peers: list[SimilarArea]
    measures_peers_run: list[MeasureOfPeers]
    coverage: Text


class JudgedIndicator(Brief, BoundariesOfFigures):
    """An indicator that need is judged by, and the boundaries its figures were published on."""

    period: str


class CandidateArea(NamedArea):
    """A municipality that may need a measure; equal needs share a rank.

    `carried` tells of each of `values` how it came to stand on the boundaries shown.
    """

    rank: int
    need: float
    values: dict[str, float | None]
    carried: dict[str, Carried | None]
    prefecture_deploys: bool


class CandidateAreas(TypedDict):
    """The municipalities that may need a measure, those in most need first."""

    measure: str
    vintage: str
    indicators: list[JudgedIndicator]
    total: int
    candidates: list[CandidateArea]
    coverage: Text


def peers_described(atlas: Atlas, found: Similarity) -> Peers:
    """Return the areas most like one as JSON, and the measures that they run and it does not."""
    area = found.gazetteer.areas[found.position]
    carryings = [carrying_of(atlas, one, found.gazetteer) for one in found.traits]
    others = {
        peer.position: running(atlas, found.gazetteer.areas[peer.position].code) for peer in found.peers
    }
    return {
        "area": named(area),
        "level": found.gazetteer.level,
        "vintage": str(found.gazetteer.vintage),
        "compared": found.standard.cases,
        "indicators": [
            {
                **brief(one.indicator),
                "period": one.period,
                "logarithm": one.logarithm,
                "mean": float(found.standard.mean[at]),
                "deviation": float(found.standard.deviation[at]),
                "low": float(found.standard.low[at]),
                "high": float(found.standard.high[at]),
                "value": float(one.values[found.position]),
                "carried": carryings[at].at(found.position),
                **boundaries_described(carryings[at]),
            }
            for at, one in enumerate(found.traits)
        ],
        "peers": [
            {
                **named(found.gazetteer.areas[peer.position]),
                "distance": peer.distance,
                "differences": [
                    {
                        "indicator": one.indicator.id,
                        "value": float(one.values[peer.position]),
                        "carried": carrying.at(peer.position),
                        "difference": difference,
                    }
                    for one, carrying, difference in zip(
                        found.traits, carryings, peer.differences, strict=True
                    )
                ],
                "measures": sorted(others[peer.position]),
            }
            for peer in found.peers
        ],
        "measures_peers_run": _only_peers(atlas, found, running(atlas, area.code), others),
        "coverage": COVERAGE,
    }


def _only_peers(
    atlas: Atlas, found: Similarity, own: dict[str, list[str]], others: dict[int, dict[str, list[str]]]
) -> list[MeasureOfPeers]:
    """Return the measures that peers are known to run and the area is not, the most common first."""
    rows: list[MeasureOfPeers] = []
    for name, measure in atlas.catalogue.policy.strategy.measures_by_id.items():
        places = [position for position in others if name in others[position]]
        if places and name not in own:
            rows.append(
                {
                    "measure": name,
                    "name": name_of(measure),
                    "goal": measure.goal,
                    "peers": [
                        {**named(found.gazetteer.areas[place]), "deployments": others[place][name]}
                        for place in places
                    ],
                }
            )
    return sorted(rows, key=lambda row: -len(row["peers"]))


def candidates_described(atlas: Atlas, found: Candidates, limit: int) -> CandidateAreas:
    """Return the municipalities that may need a measure as JSON, at most so many."""
    carryings = [carrying_of(atlas, one, found.gazetteer) for one in found.traits]
    return {
        "measure": found.measure,
        "vintage": str(found.gazetteer.vintage),
        "indicators": [
            {**brief(one.indicator), "period": one.period, **boundaries_described(carrying)}
            for one, carrying in zip(found.traits, carryings, strict=True)
        ],
        "total": len(found.rows),
        "candidates": [
            {
                **named(one.area),
                "rank": one.rank,
                "need": one.need,
                "values": {
                    trait.indicator.id: None if np.isnan(value) else value
                    for trait, value in zip(found.traits, one.values, strict=True)
                },
                "carried": {
                    trait.indicator.id: carrying.at(one.area.position)
                    for trait, carrying in zip(found.traits, carryings, strict=True)
                },
                "prefecture_deploys": one.prefecture_deploys,
            }
            for one in found.rows[:limit]
        ],
        "coverage": COVERAGE,
    }
