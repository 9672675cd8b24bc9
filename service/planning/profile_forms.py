"""A profile as JSON: what is the area's own, between what all profiles of a moment say alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import orjson
from typing_extensions import TypedDict

from geo.areas.carrying import Carried
from geo.figures.statistics import Order
from geo.strategy.kpis import Kpi
from geo.text import Text, name_of
from service.areas.forms import AreaOfLevel, NamedArea, named
from service.areas.forms import described as area_described
from service.figures.forms import Brief, SeriesBreak
from service.http.forms import As
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage
from service.planning import profiles
from service.planning.profiles import Card, Rank, Trend, words_of
from service.strategy.deployment_forms import Deployment
from service.strategy.deployment_forms import described as deployment_described
from service.strategy.deployment_selection import wanted_codes
from service.strategy.forms import Edition, Goal, edition, goal_described
from service.strategy.kpi_forms import Course, Verdict, course_described, verdict_described
from service.strategy.policy import COVERAGE
from service.strategy.progress import courses, races, with_area

#: A deployment that is written already.
WrittenDeployment = Annotated[orjson.Fragment, As(Deployment)]


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
    """The value of a period, and how it came to stand on the boundaries shown."""

    period: str
    value: float | None
    carried: Carried | None


class Figure(TypedDict):
    """One figure of an area and how it stands; `level` and `area` tell whose it is.

    `coverage` is what it was counted from and what it lacks, null where nothing is to be said of that.
    `carried` tells how it came to stand on the boundaries shown, `boundary_dates` those it was published on.
    """

    indicator: Brief
    level: str
    area: str
    period: str
    period_label: Text
    value: float | None
    status: str
    carried: Carried | None
    boundary_dates: list[str]
    rank: FigureRank
    trend: Trend | None
    peers: PeerMedian
    series: list[PeriodValue]
    breaks: list[SeriesBreak]
    coverage: Text | None


class GoalOfArea(Goal):
    """A goal with an area's figures and deployments."""

    figures: list[Figure]
    deployments: list[WrittenDeployment]


class KpiOfRegion(TypedDict):
    """What is said of the region that an area lies in, as a whole."""

    kpi: str
    name: Text
    owner: str | None
    region: str
    verdict: Verdict


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


@dataclass(frozen=True)
class SharedGoal:
    """A goal as JSON, and its measures."""

    goal: Goal
    measures: frozenset[str]


@dataclass(frozen=True)
class SharedKpi:
    """A KPI: the areas that it has a target or an actual of, and its verdict by region.

    Attributes
    ----------
    regions : the codes of a region, and what is said of it
    """

    kpi: Kpi
    areas: frozenset[str]
    regions: tuple[tuple[frozenset[str], KpiOfRegion], ...]


@dataclass(frozen=True)
class Preface:
    """What all profiles of a moment say alike, described once.

    Attributes
    ----------
    deployments : each by its id, as it is written
    """

    edition: Edition
    goals: tuple[SharedGoal, ...]
    kpis: tuple[SharedKpi, ...]
    deployments: Mapping[str, bytes]
    nbytes: int


def preface_of(atlas: Atlas, vintage: Vintage) -> Preface:
    """Return what all profiles of a vintage say alike in this state of the data; for work in a thread."""
    key, shelf = (vintage.date, atlas.state()), atlas.store.prefaces
    held: Preface | None = shelf.get(key)
    if held is not None:
        return held
    policy = atlas.catalogue.policy
    deployments = {one.id: orjson.dumps(deployment_described(atlas, one)) for one in policy.deployments}
    measures = policy.strategy.measures
    made = Preface(
        edition=edition(policy.strategy),
        goals=tuple(
            SharedGoal(
                goal_described(policy, goal), frozenset(one.id for one in measures if one.goal == goal.id)
            )
            for goal in policy.strategy.goals
        ),
        kpis=tuple(_shared(atlas, kpi, vintage) for kpi in policy.kpis.values()),
        deployments=deployments,
        nbytes=sum(map(len, deployments.values())),
    )
    shelf.put(key, made)
    return made


def _shared(atlas: Atlas, kpi: Kpi, vintage: Vintage) -> SharedKpi:
    if not kpi.is_relative:
        areas = {one.area for one in kpi.targets} | {one.area for one in kpi.actuals}
        return SharedKpi(kpi, frozenset(areas), ())
    told = races(atlas, kpi, vintage)
    regions: list[tuple[frozenset[str], KpiOfRegion]] = []
    for target in kpi.targets:
        verdict = verdict_described(atlas, vintage, target, told)
        if verdict["growths"]:
            of_region: KpiOfRegion = {
                "kpi": kpi.id,
                "name": name_of(kpi),
                "owner": kpi.owner or None,
                "region": target.area,
                "verdict": verdict,
            }
            regions.append((frozenset(wanted_codes(atlas, target.area)), of_region))
    return SharedKpi(kpi, frozenset(), tuple(regions))


def figure_described(one: Card) -> Figure:
    """Return a figure and how it stands as JSON."""
    return {
        "indicator": one.leaf.brief,
        "level": one.leaf.level,
        "area": one.code,
        "period": one.leaf.period,
        "period_label": one.leaf.label,
        "value": one.value,
        "status": one.status,
        "carried": one.value_carried,
        "boundary_dates": list(map(str, one.leaf.dates)),
        "rank": {
            "order": "lowest first" if one.leaf.indicator.direction == "lower" else "highest first",
            "nation": one.nation,
            "prefecture": one.prefecture,
        },
        "trend": one.trend,
        "peers": {"median": one.peers_median, "n": one.peers_n},
        "series": [
            {"period": period, "value": value, "carried": carried}
            for (period, value), carried in zip(one.series, one.carried, strict=True)
        ],
        "breaks": one.leaf.breaks,
        "coverage": one.coverage,
    }


def profile_described(atlas: Atlas, told: profiles.Profile) -> Profile:
    """Return a profile as JSON."""
    area, level, preface = told.area, told.level, preface_of(atlas, told.vintage)
    areas = atlas.gazetteer(told.vintage.date, level).areas
    around = () if level == "prefecture" else atlas.catalogue.sites.naming.get(area.prefecture, ())
    missing = {
        one.leaf.indicator.id: one.status
        for cards in told.cards.values()
        for one in cards
        if one.value is None
    }
    return {
        "strategy": preface.edition,
        "area": area_described(area, level, told.vintage),
        "summary": words_of(atlas, told),
        "peers": [named(areas[position]) for position in told.peers],
        "goals": [
            {
                **shared.goal,
                "figures": [figure_described(one) for one in told.cards[shared.goal["id"]]],
                "deployments": [
                    orjson.Fragment(preface.deployments[one.id])
                    for one in told.deployments
                    if shared.measures.intersection(one.measures)
                ],
            }
            for shared in preface.goals
        ],
        "kpi_progress": [said for one in preface.kpis for said in _progress(atlas, told, one)],
        "deployments": len(told.deployments),
        "prefecture_deployments": [
            {"id": one.id, "measures": list(one.measures), "title": one.title_ja, "status": one.status}
            for one in around
        ],
        "missing": [{"indicator": name, "status": status} for name, status in missing.items()],
        "coverage": COVERAGE,
    }


def _progress(atlas: Atlas, told: profiles.Profile, shared: SharedKpi) -> list[KpiOfRegion | KpiOfArea]:
    """Return what a KPI says of an area: of itself, or the verdicts on the region it lies in."""
    kpi, area, vintage = shared.kpi, told.area, told.vintage
    found: list[KpiOfRegion | KpiOfArea] = [
        of_region for codes, of_region in shared.regions if area.prefecture in codes
    ]
    if area.code in shared.areas:
        for course in courses(atlas, with_area(kpi, area.code), vintage):
            own = course_described(atlas, vintage, course)
            found.append({"kpi": kpi.id, "name": name_of(kpi), "owner": kpi.owner or None, "course": own})
    return found
