"""The strategy: goals, measures, logic model and roadmap as JSON."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from typing_extensions import TypedDict

from geo.strategy import plan
from geo.strategy.logic_model import Basis, Link, downstream
from geo.text import Text, name_of
from service.http.forms import Credited
from service.strategy.policy import COVERAGE, Policy


class Edition(TypedDict):
    """Which version of the strategy an answer tells of; stated counts beside those catalogued."""

    id: str
    title: Text
    fy_from: int
    fy_to: int
    decided_on: str
    stated_measures: int
    catalogued_measures: int
    source: Credited


class Goal(TypedDict):
    """A goal of the strategy, with its KPI in words."""

    id: str
    name: Text
    kpi: Text | None
    stated_measures: int
    catalogued_measures: int
    pillars: list[Text]
    kpis: list[str]
    indicators: list[str]
    known_deployments: int


class Goals(TypedDict):
    """All goals."""

    strategy: Edition
    goals: list[Goal]
    coverage: Text


class Measure(TypedDict):
    """A measure that the strategy names."""

    id: str
    goal: str
    name: Text
    pillar: Text | None
    aliases: list[str]
    listed_in: list[str]
    indicators: list[str]
    kpis: list[str]
    known_deployments: int
    layer: str


class Measures(TypedDict):
    """Measures; `stated` is how many the strategy says there are."""

    strategy: Edition
    total: int
    stated: int
    measures: list[Measure]
    coverage: Text


class Milestone(TypedDict):
    """What is to be done or reached in a fiscal year; `basis` tells how that is known."""

    subject: str
    fiscal_year: int
    label: Text
    value: float | None
    basis: Basis
    source: Credited


class GoalInDetail(Goal):
    """A goal with its measures, what leads to it, and its milestones."""

    strategy: Edition
    measures: list[Measure]
    outcomes: list[str]
    milestones: list[Milestone]
    coverage: Text


class LogicLink(TypedDict):
    """A cause and what it is thought to bring about, and why."""

    source: str
    target: str
    reason: Text
    basis: Basis


class MeasureInDetail(Measure):
    """A measure with what it is to bring about and why."""

    strategy: Edition
    note: str
    deployments_by_status: dict[str, int]
    links: list[LogicLink]
    milestones: list[Milestone]
    coverage: Text


class LogicNode(TypedDict):
    """A node of the logic model; `deployed` where a measure that runs in the area leads to it."""

    id: str
    kind: str
    label: Text
    indicators: list[str]
    deployed: bool


class LogicModel(TypedDict):
    """Measure → output → outcome → goal."""

    strategy: Edition
    nodes: list[LogicNode]
    links: list[LogicLink]
    area: str | None
    coverage: Text


class Subject(TypedDict):
    """What a milestone is about."""

    kind: Literal["strategy", "measure", "kpi"]
    goal: str | None
    name: Text


class MilestoneOfSubject(Milestone, Subject):
    """A milestone, and what it is about."""


class RoadmapYear(TypedDict):
    """What is due in a fiscal year."""

    fiscal_year: int
    milestones: list[MilestoneOfSubject]


class Roadmap(TypedDict):
    """What is due in which fiscal year."""

    strategy: Edition
    years: list[RoadmapYear]


def edition(strategy: plan.Strategy) -> Edition:
    """Return which version of the strategy an answer tells of; stated counts beside those catalogued."""
    return {
        "id": strategy.id,
        "title": {"ja": strategy.title_ja, "en": strategy.title_en},
        "fy_from": strategy.fy_from,
        "fy_to": strategy.fy_to,
        "decided_on": str(strategy.decided_on),
        "stated_measures": strategy.stated_measures,
        "catalogued_measures": len(strategy.measures),
        "source": {"title": strategy.source_title, "url": strategy.source_url},
    }


def goal_described(policy: Policy, goal: plan.Goal) -> Goal:
    """Return a goal as JSON."""
    measures = [one for one in policy.strategy.measures if one.goal == goal.id]
    pillars = dict.fromkeys((one.pillar_ja, one.pillar_en) for one in measures if one.pillar_ja)
    return {
        "id": goal.id,
        "name": name_of(goal),
        "kpi": {"ja": goal.kpi_ja, "en": goal.kpi_en} if goal.kpi_ja else None,
        "stated_measures": goal.stated_measures,
        "catalogued_measures": len(measures),
        "pillars": [{"ja": ja, "en": en} for ja, en in pillars],
        "kpis": [one.id for one in policy.kpis_of(goal.id)],
        "indicators": list(policy.strategy.indicators_of(goal.id)),
        "known_deployments": len(policy.of_goal(goal.id)),
    }


def measure_described(policy: Policy, measure: plan.Measure) -> Measure:
    """Return a measure as JSON."""
    known = policy.of_measure(measure.id)
    return {
        "id": measure.id,
        "goal": measure.goal,
        "name": name_of(measure),
        "pillar": {"ja": measure.pillar_ja, "en": measure.pillar_en} if measure.pillar_ja else None,
        "aliases": list(measure.aliases),
        "listed_in": list(measure.listed_in),
        "indicators": list(policy.strategy.indicators_of(measure.id)),
        "kpis": [one.id for one in policy.kpis.values() if one.measure == measure.id and not one.owner],
        "known_deployments": len(known),
        "layer": f"deployments:{measure.id}",
    }


def milestone_described(one: plan.Milestone) -> Milestone:
    """Return a milestone as JSON."""
    return {
        "subject": one.subject,
        "fiscal_year": one.fiscal_year,
        "label": {"ja": one.label_ja, "en": one.label_en},
        "value": one.value,
        "basis": one.basis,
        "source": {"title": one.source_title, "url": one.source_url},
    }


def link_described(link: Link) -> LogicLink:
    """Return a link of the logic model as JSON."""
    return {
        "source": link.source,
        "target": link.target,
        "reason": {"ja": link.reason_ja, "en": link.reason_en},
        "basis": link.basis,
    }


def goals_described(policy: Policy) -> Goals:
    """Return all goals as JSON."""
    listed = [goal_described(policy, goal) for goal in policy.strategy.goals]
    return {"strategy": edition(policy.strategy), "goals": listed, "coverage": COVERAGE}


def goal_in_detail(policy: Policy, goal: plan.Goal) -> GoalInDetail:
    """Return a goal as JSON, with its measures, what leads to it, and its milestones."""
    strategy = policy.strategy
    measures = [one for one in strategy.measures if one.goal == goal.id]
    subjects = {goal.id, *(one.id for one in measures), *(one.id for one in policy.kpis_of(goal.id))}
    return {
        "strategy": edition(strategy),
        **goal_described(policy, goal),
        "measures": [measure_described(policy, one) for one in measures],
        "outcomes": [link.source for link in strategy.links if link.target == goal.id],
        "milestones": [milestone_described(one) for one in strategy.milestones if one.subject in subjects],
        "coverage": COVERAGE,
    }


def measures_described(policy: Policy, goal: plan.Goal | None) -> Measures:
    """Return the measures, those of a goal where one is given, as JSON."""
    listed = [one for one in policy.strategy.measures if goal is None or one.goal == goal.id]
    return {
        "strategy": edition(policy.strategy),
        "total": len(listed),
        "stated": policy.strategy.stated_measures if goal is None else goal.stated_measures,
        "measures": [measure_described(policy, one) for one in listed],
        "coverage": COVERAGE,
    }


def measure_in_detail(policy: Policy, measure: plan.Measure) -> MeasureInDetail:
    """Return a measure as JSON, with what it is to bring about and why."""
    strategy, known = policy.strategy, policy.of_measure(measure.id)
    states = {state: sum(one.status == state for one in known) for state in {one.status for one in known}}
    reached = downstream([measure.id], strategy.links)
    return {
        "strategy": edition(strategy),
        **measure_described(policy, measure),
        "note": measure.note,
        "deployments_by_status": dict(sorted(states.items())),
        "links": [link_described(link) for link in strategy.links if link.source in reached],
        "milestones": [milestone_described(one) for one in strategy.milestones if one.subject == measure.id],
        "coverage": COVERAGE,
    }


def logic_model_described(strategy: plan.Strategy, area: str | None, lit: Collection[str]) -> LogicModel:
    """Return the logic model as JSON; ``lit`` are the nodes that deployed measures lead to."""
    indicators = {node.id: list(node.indicators) for node in strategy.nodes}
    return {
        "strategy": edition(strategy),
        "nodes": [
            {
                "id": box.id,
                "kind": box.kind,
                "label": {"ja": box.label_ja, "en": box.label_en},
                "indicators": indicators.get(box.id, []),
                "deployed": box.id in lit,
            }
            for box in strategy.boxes
        ],
        "links": [link_described(link) for link in strategy.links],
        "area": area,
        "coverage": COVERAGE,
    }


def roadmap_described(policy: Policy, goal: str | None, kind: str | None) -> Roadmap:
    """Return the milestones year by year as JSON, those of a goal or of a kind where one is given."""
    strategy = policy.strategy
    rows: list[MilestoneOfSubject] = []
    for one in strategy.milestones:
        what = _subject(policy, one.subject)
        if kind in (None, what["kind"]) and goal in (None, what["goal"]):
            rows.append({**milestone_described(one), **what})
    return {
        "strategy": edition(strategy),
        "years": [
            {"fiscal_year": year, "milestones": [row for row in rows if row["fiscal_year"] == year]}
            for year in range(strategy.fy_from, strategy.fy_to + 1)
        ],
    }


def _subject(policy: Policy, name: str) -> Subject:
    """Return what a milestone is about: its kind, names and goal."""
    measures, kpis, strategy = policy.strategy.measures_by_id, policy.kpis, policy.strategy
    if name in measures:
        return {"kind": "measure", "goal": measures[name].goal, "name": name_of(measures[name])}
    if name in kpis:
        return {"kind": "kpi", "goal": kpis[name].goal, "name": name_of(kpis[name])}
    return {"kind": "strategy", "goal": None, "name": {"ja": strategy.title_ja, "en": strategy.title_en}}
