"""Profiles, peers and candidates as JSON."""

from __future__ import annotations

import numpy as np
from typing_extensions import TypedDict

from geo.codes import prefecture_of
from geo.eras import period_label
from geo.figures.statistics import Order
from geo.strategy.rating import Comparison
from geo.text import Text, name_of
from service.areas.forms import AreaOfLevel, NamedArea, named
from service.areas.forms import described as area_described
from service.figures.forms import Brief, brief
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage
from service.planning import profiles
from service.planning.candidates import Candidates
from service.planning.profiles import Card, Rank, Trend, words_of
from service.planning.similarity import Similarity
from service.strategy.deployment_forms import Deployment
from service.strategy.deployment_forms import described as deployment_described
from service.strategy.deployment_selection import Selection, running, selected, wanted_codes
from service.strategy.forms import Edition, Goal, edition, goal_described
from service.strategy.kpi_forms import Course, course_described
from service.strategy.policy import COVERAGE
from service.strategy.progress import courses, races, with_area


class FigureRank(TypedDict):
    """How a figure stands among areas of its level, in the nation and in the prefecture."""

    order: Order
    nation: Rank | None
    prefecture: Rank | None


class PeerMedian(TypedDict):
    """The median of an area's peers, and how many of them have a value."""

    median: float | None
    n: int


class PeriodValue(TypedDict):
    """The value of a period."""

    period: str
    value: float | None


class Figure(TypedDict):
    """One figure of an area and how it stands; `level` and `area` tell whose it is."""

    indicator: Brief
    level: str
    area: str
    period: str
    period_label: Text
    value: float | None
    status: str
    rank: FigureRank
    trend: Trend | None
    peers: PeerMedian
    series: list[PeriodValue]


class GoalOfArea(Goal):
    """A goal with an area's figures and deployments."""

    figures: list[Figure]
    deployments: list[Deployment]


class KpiOfRegion(TypedDict):
    """The newest verdict on the region that an area lies in."""

    kpi: str
    name: Text
    owner: str | None
    region: str
    series: str
    verdict: Comparison


class KpiOfArea(TypedDict):
    """The course of an area itself."""

    kpi: str
    name: Text
    owner: str | None
    course: Course


class DeploymentAround(TypedDict):
    """A deployment of the whole prefecture."""

    id: str
    measures: list[str]
    title: str
    status: str


class MissingFigure(TypedDict):
    """A figure that an area lacks, and why."""

    indicator: str
    status: str


class Profile(TypedDict):
    """An area, goal by goal."""

    strategy: Edition
    area: AreaOfLevel
    summary: Text
    peers: list[NamedArea]
    goals: list[GoalOfArea]
    kpi_progress: list[KpiOfRegion | KpiOfArea]
    deployments: int
    prefecture_deployments: list[DeploymentAround]
    missing: list[MissingFigure]
    coverage: Text


class ComparedIndicator(Brief):
    """An indicator that areas are compared by, and the area's own value."""

    period: str
    logarithm: bool
    mean: float
    deviation: float
    value: float | None


class PeerDifference(TypedDict):
    """How far a peer is from the area in one indicator, in standard deviations."""

    indicator: str
    value: float | None
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
    """The areas most like one, and why."""

    area: NamedArea
    level: str
    vintage: str
    indicators: list[ComparedIndicator]
    peers: list[SimilarArea]
    measures_peers_run: list[MeasureOfPeers]
    coverage: Text


class JudgedIndicator(Brief):
    """An indicator that need is judged by."""

    period: str


class CandidateArea(NamedArea):
    """A municipality that may need a measure."""

    rank: int
    need: float
    values: dict[str, float | None]
    prefecture_deploys: bool


class CandidateAreas(TypedDict):
    """The municipalities that may need a measure, those in most need first."""

    measure: str
    vintage: str
    indicators: list[JudgedIndicator]
    total: int
    candidates: list[CandidateArea]
    coverage: Text


def figure_described(one: Card) -> Figure:
    """Return a figure and how it stands as JSON."""
    return {
        "indicator": brief(one.indicator),
        "level": one.level,
        "area": one.code,
        "period": one.period,
        "period_label": period_label(one.period, one.indicator.period_kind),
        "value": one.value,
        "status": one.status,
        "rank": {
            "order": "lowest first" if one.indicator.direction == "lower" else "highest first",
            "nation": one.nation,
            "prefecture": one.prefecture,
        },
        "trend": one.trend,
        "peers": {"median": one.peers_median, "n": one.peers_n},
        "series": [{"period": period, "value": value} for period, value in one.series],
    }


def profile_described(atlas: Atlas, told: profiles.Profile) -> Profile:
    """Return a profile as JSON."""
    policy, area, level = atlas.catalogue.policy, told.area, told.level
    gazetteer = atlas.gazetteer(told.vintage.date, level)
    here = selected(atlas, Selection(area=area.code))
    around = atlas.catalogue.sites.naming.get(prefecture_of(area.code), ())
    goals: list[GoalOfArea] = []
    for goal in policy.strategy.goals:
        of_goal = {one.id for one in policy.strategy.measures if one.goal == goal.id}
        goals.append(
            {
                **goal_described(policy, goal),
                "figures": [figure_described(one) for one in told.cards[goal.id]],
                "deployments": [
                    deployment_described(atlas, one) for one in here if of_goal.intersection(one.measures)
                ],
            }
        )
    missing = {
        one.indicator.id: one.status for cards in told.cards.values() for one in cards if one.value is None
    }
    return {
        "strategy": edition(policy.strategy),
        "area": area_described(area, level, told.vintage),
        "summary": words_of(atlas, told),
        "peers": [named(gazetteer.areas[position]) for position in told.peers],
        "goals": goals,
        "kpi_progress": _kpi_progress(atlas, told.vintage, area.code),
        "deployments": len(here),
        "prefecture_deployments": [
            {"id": one.id, "measures": list(one.measures), "title": one.title_ja, "status": one.status}
            for one in (around if level != "prefecture" else [])
        ],
        "missing": [{"indicator": name, "status": status} for name, status in missing.items()],
        "coverage": COVERAGE,
    }


def _kpi_progress(atlas: Atlas, vintage: Vintage, code: str) -> list[KpiOfRegion | KpiOfArea]:
    """Return what the KPIs say of an area: its own ones, and the verdicts on the region it lies in."""
    told: list[KpiOfRegion | KpiOfArea] = []
    for kpi in atlas.catalogue.policy.kpis.values():
        owner = kpi.owner or None
        if kpi.is_relative:
            for race in races(atlas, kpi, vintage):
                inside = prefecture_of(code) in wanted_codes(atlas, race.target.area)
                verdicts = [one for one in race.comparisons if one.achieved is not None]
                if inside and verdicts:
                    of_region: KpiOfRegion = {
                        "kpi": kpi.id,
                        "name": name_of(kpi),
                        "owner": owner,
                        "region": race.target.area,
                        "series": race.series.indicator,
                        "verdict": verdicts[-1],
                    }
                    told.append(of_region)
            continue
        about = with_area(kpi, code)
        for course in courses(atlas, about, vintage) if about.targets or about.actuals else []:
            own = course_described(atlas, vintage, course)
            told.append({"kpi": kpi.id, "name": name_of(kpi), "owner": owner, "course": own})
    return told


def peers_described(atlas: Atlas, found: Similarity) -> Peers:
    """Return the areas most like one as JSON, and the measures that they run and it does not."""
    area = found.gazetteer.areas[found.position]
    others = {
        peer.position: running(atlas, found.gazetteer.areas[peer.position].code) for peer in found.peers
    }
    return {
        "area": named(area),
        "level": found.gazetteer.level,
        "vintage": str(found.gazetteer.vintage),
        "indicators": [
            {
                **brief(one.indicator),
                "period": one.period,
                "logarithm": one.logarithm,
                "mean": one.mean,
                "deviation": one.deviation,
                "value": float(one.values[found.position]),
            }
            for one in found.traits
        ],
        "peers": [
            {
                **named(found.gazetteer.areas[peer.position]),
                "distance": peer.distance,
                "differences": [
                    {
                        "indicator": one.indicator.id,
                        "value": float(one.values[peer.position]),
                        "difference": difference,
                    }
                    for one, difference in zip(found.traits, peer.differences, strict=True)
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


def candidates_described(found: Candidates, limit: int) -> CandidateAreas:
    """Return the municipalities that may need a measure as JSON, at most so many."""
    return {
        "measure": found.measure,
        "vintage": str(found.vintage),
        "indicators": [{**brief(one.indicator), "period": one.period} for one in found.traits],
        "total": len(found.rows),
        "candidates": [
            {
                **named(one.area),
                "rank": place,
                "need": one.need,
                "values": {
                    trait.indicator.id: None if np.isnan(value) else value
                    for trait, value in zip(found.traits, one.values, strict=True)
                },
                "prefecture_deploys": one.prefecture_deploys,
            }
            for place, one in enumerate(found.rows[:limit], 1)
        ],
        "coverage": COVERAGE,
    }
