"""The strategy, its KPIs and their progress as JSON."""

from __future__ import annotations

from geo.strategy.logic_model import Link
from geo.strategy.plan import Goal, Measure, Milestone, Strategy
from service.strategy.policy import Policy


def edition(strategy: Strategy) -> dict[str, object]:
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


def goal_described(policy: Policy, goal: Goal) -> dict[str, object]:
    """Return a goal as JSON."""
    measures = [one for one in policy.strategy.measures if one.goal == goal.id]
    pillars = dict.fromkeys((one.pillar_ja, one.pillar_en) for one in measures if one.pillar_ja)
    return {
        "id": goal.id,
        "name": {"ja": goal.name_ja, "en": goal.name_en},
        "kpi": {"ja": goal.kpi_ja, "en": goal.kpi_en} if goal.kpi_ja else None,
        "stated_measures": goal.stated_measures,
        "catalogued_measures": len(measures),
        "pillars": [{"ja": ja, "en": en} for ja, en in pillars],
        "kpis": [one.id for one in policy.kpis_of(goal.id)],
        "indicators": list(policy.strategy.indicators_of(goal.id)),
        "known_deployments": len(policy.of_goal(goal.id)),
    }


def measure_described(policy: Policy, measure: Measure) -> dict[str, object]:
    """Return a measure as JSON."""
    known = policy.of_measure(measure.id)
    return {
        "id": measure.id,
        "goal": measure.goal,
        "name": {"ja": measure.name_ja, "en": measure.name_en},
        "pillar": {"ja": measure.pillar_ja, "en": measure.pillar_en} if measure.pillar_ja else None,
        "aliases": list(measure.aliases),
        "listed_in": list(measure.listed_in),
        "indicators": list(policy.strategy.indicators_of(measure.id)),
        "kpis": [one.id for one in policy.kpis.values() if one.measure == measure.id and not one.owner],
        "known_deployments": len(known),
        "layer": f"deployments:{measure.id}",
    }


def milestone_described(one: Milestone) -> dict[str, object]:
    """Return a milestone as JSON."""
    return {
        "subject": one.subject,
        "fiscal_year": one.fiscal_year,
        "label": {"ja": one.label_ja, "en": one.label_en},
        "value": one.value,
        "basis": one.basis,
        "source": {"title": one.source_title, "url": one.source_url},
    }


def link_described(link: Link) -> dict[str, object]:
    """Return a link of the logic model as JSON."""
    return {
        "source": link.source,
        "target": link.target,
        "reason": {"ja": link.reason_ja, "en": link.reason_en},
        "basis": link.basis,
    }
