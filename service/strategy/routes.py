"""The strategy: goals, measures, how the one is to lead to the other, and what is due when."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal

from fastapi import Query, Request
from fastapi.responses import Response

from geo.strategy.deployments import RUNNING
from geo.strategy.logic_model import downstream, mermaid, svg
from service.http.dependencies import AtlasDep, api_router
from service.http.responses import SVG, TEXT, Told, encoded, kept, kept_json, state_of
from service.layers.views import Lang
from service.memory.atlas import Atlas
from service.strategy.deployment_selection import Selection, selected
from service.strategy.forms import (
    edition,
    goal_described,
    link_described,
    measure_described,
    milestone_described,
)
from service.strategy.policy import COVERAGE, Policy

router = api_router(prefix="/v1", tags=["strategy"])

#: The kinds of subjects that these answers are made of.
MADE_OF = ("strategy", "deployments", "kpi", "indicator", "region-sets", "area-changes", "vintage")


GoalFilter = Annotated[str | None, Query(max_length=80, description="Only of this goal, see /v1/goals")]
AreaFilter = Annotated[
    str | None,
    Query(max_length=80, description="Area code or region set whose deployed measures are highlighted"),
]


@router.get("/goals", summary="Policy goals")
async def goals(request: Request, atlas: AtlasDep) -> Response:
    """Return the goals of the strategy with their KPI in words.

    `stated_measures` is the count that the strategy gives (331 in all), `catalogued_measures` how many it
    names and this catalogue therefore lists (40): the two are kept apart.
    """

    def make() -> dict[str, object]:
        policy = atlas.catalogue.policy
        listed = [goal_described(policy, goal) for goal in policy.strategy.goals]
        return {"strategy": edition(policy.strategy), "goals": listed, "coverage": COVERAGE}

    return await kept_json(request, atlas, make, atlas.state(*MADE_OF))


@router.get("/goals/{goal}", summary="One policy goal")
async def goal(request: Request, atlas: AtlasDep, goal: str) -> Response:
    """Return one goal with its measures, what leads to it by the logic model, and its milestones."""

    def make() -> dict[str, object]:
        policy = atlas.catalogue.policy
        found = policy.goal(goal)
        measures = [one for one in policy.strategy.measures if one.goal == goal]
        subjects = {goal, *(one.id for one in measures), *(one.id for one in policy.kpis_of(goal))}
        body: dict[str, object] = {
            "strategy": edition(policy.strategy),
            **goal_described(policy, found),
            "measures": [measure_described(policy, one) for one in measures],
            "outcomes": [link.source for link in policy.strategy.links if link.target == goal],
            "milestones": [
                milestone_described(m) for m in policy.strategy.milestones if m.subject in subjects
            ],
            "coverage": COVERAGE,
        }
        return body

    return await kept_json(request, atlas, make, atlas.state(*MADE_OF))


@router.get("/measures", summary="Measures of the strategy")
async def measures(request: Request, atlas: AtlasDep, goal: GoalFilter = None) -> Response:
    """Return the measures that the strategy names, with the number of deployments known of each."""

    def make() -> dict[str, object]:
        policy = atlas.catalogue.policy
        wanted = goal and policy.goal(goal).id
        listed = [one for one in policy.strategy.measures if wanted is None or one.goal == wanted]
        stated = policy.strategy.stated_measures if wanted is None else policy.goal(wanted).stated_measures
        body: dict[str, object] = {
            "strategy": edition(policy.strategy),
            "total": len(listed),
            "stated": stated,
            "measures": [measure_described(policy, one) for one in listed],
            "coverage": COVERAGE,
        }
        return body

    return await kept_json(request, atlas, make, atlas.state(*MADE_OF))


@router.get("/measures/{measure}", summary="One measure")
async def measure(request: Request, atlas: AtlasDep, measure: str) -> Response:
    """Return one measure, by its id, name or an alias, with what it is to bring about and why."""

    def make() -> dict[str, object]:
        policy = atlas.catalogue.policy
        found = policy.measure(measure)
        known = policy.of_measure(found.id)
        states = {state: sum(one.status == state for one in known) for state in {one.status for one in known}}
        reached = downstream([found.id], policy.strategy.links)
        body: dict[str, object] = {
            "strategy": edition(policy.strategy),
            **measure_described(policy, found),
            "note": found.note,
            "deployments_by_status": dict(sorted(states.items())),
            "links": [link_described(link) for link in policy.strategy.links if link.source in reached],
            "milestones": [
                milestone_described(m) for m in policy.strategy.milestones if m.subject == found.id
            ],
            "coverage": COVERAGE,
        }
        return body

    return await kept_json(request, atlas, make, atlas.state(*MADE_OF))


def _lit(atlas: Atlas, area: str | None) -> Collection[str]:
    """Return the measures that run in an area, as far as is known, and everything they lead to."""
    if area is None:
        return ()
    policy = atlas.catalogue.policy
    running = [one for one in selected(atlas, Selection(area=area)) if one.status in RUNNING]
    return downstream({name for one in running for name in one.measures}, policy.strategy.links)


@router.get("/logic-model.json", summary="Logic model as JSON")
async def logic_model_json(request: Request, atlas: AtlasDep, area: AreaFilter = None) -> Response:
    """Return measure → output → outcome → goal as nodes and links, each link with its reason.

    `basis` is `stated` where the strategy itself says so and `assumed` where a link is our own reading. With
    `area`, `deployed` tells the measures known to run there and what they lead to.
    """

    def make() -> dict[str, object]:
        strategy = atlas.catalogue.policy.strategy
        lit = _lit(atlas, area)
        indicators = {node.id: list(node.indicators) for node in strategy.nodes}
        body: dict[str, object] = {
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
        return body

    return await kept_json(request, atlas, make, atlas.state(*MADE_OF))


@router.get("/logic-model.mmd", summary="Logic model as Mermaid text")
async def logic_model_mmd(
    request: Request, atlas: AtlasDep, area: AreaFilter = None, lang: Lang = "ja"
) -> Response:
    """Return the logic model as a Mermaid flowchart; dotted arrows are assumed links."""
    strategy = atlas.catalogue.policy.strategy

    def make() -> bytes:
        return mermaid(strategy.boxes, strategy.links, _lit(atlas, area), lang).encode()

    told = Told(TEXT, download="logic-model.mmd")
    return await kept(request, atlas, state_of(request, atlas.state(*MADE_OF)), encoded(make), told)


@router.get("/logic-model.svg", summary="Logic model as a picture")
async def logic_model_svg(
    request: Request, atlas: AtlasDep, area: AreaFilter = None, lang: Lang = "ja"
) -> Response:
    """Return the logic model as SVG, a column for each kind of node; dashed lines are assumed links."""
    strategy = atlas.catalogue.policy.strategy
    title = strategy.title_ja if lang == "ja" else strategy.title_en

    def make() -> bytes:
        return svg(strategy.boxes, strategy.links, _lit(atlas, area), lang, title).encode()

    return await kept(request, atlas, state_of(request, atlas.state(*MADE_OF)), encoded(make), Told(SVG))


@router.get("/roadmap", summary="Roadmap: what is due in which fiscal year")
async def roadmap(
    request: Request,
    atlas: AtlasDep,
    goal: GoalFilter = None,
    kind: Annotated[
        Literal["strategy", "measure", "kpi"] | None, Query(description="Only milestones of this kind")
    ] = None,
) -> Response:
    """Return the milestones (工程表) of the strategy, its measures and its KPIs, year by year.

    `basis` tells how each is known: `stated` by the strategy or a ministry, `reported`, or `assumed`.
    """

    def make() -> dict[str, object]:
        policy = atlas.catalogue.policy
        strategy = policy.strategy
        wanted = goal and policy.goal(goal).id
        rows: list[dict[str, object]] = []
        for one in strategy.milestones:
            what = _subject(policy, one.subject)
            if (kind is None or what["kind"] == kind) and (wanted is None or what["goal"] == wanted):
                rows.append(milestone_described(one) | what)
        years = range(strategy.fy_from, strategy.fy_to + 1)
        body: dict[str, object] = {
            "strategy": edition(strategy),
            "years": [
                {"fiscal_year": year, "milestones": [row for row in rows if row["fiscal_year"] == year]}
                for year in years
            ],
        }
        return body

    return await kept_json(request, atlas, make, atlas.state(*MADE_OF))


def _subject(policy: Policy, name: str) -> dict[str, object]:
    """Return what a milestone is about: its kind, names and goal."""
    measures, kpis = policy.strategy.measures_by_id, policy.kpis
    if name in measures:
        measure = measures[name]
        return {
            "kind": "measure",
            "goal": measure.goal,
            "name": {"ja": measure.name_ja, "en": measure.name_en},
        }
    if name in kpis:
        kpi = kpis[name]
        return {"kind": "kpi", "goal": kpi.goal, "name": {"ja": kpi.name_ja, "en": kpi.name_en}}
    strategy = policy.strategy
    return {"kind": "strategy", "goal": None, "name": {"ja": strategy.title_ja, "en": strategy.title_en}}
