"""The strategy: goals, measures, how the one is to lead to the other, and what is due when."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal

from fastapi import Query, Request
from fastapi.responses import Response

from geo.strategy import cards
from geo.strategy.deployments import RUNNING
from geo.strategy.logic_model import downstream, mermaid, svg
from service.http.dependencies import AtlasDep, api_router
from service.http.forms import answers
from service.http.responses import JSON, PNG, SVG, TEXT, Told, encoded, kept, kept_json, state_of
from service.layers.static_maps import fonts_of, rasterised
from service.layers.views import Lang
from service.memory.atlas import Atlas
from service.memory.cache import beside
from service.strategy.deployment_selection import Selection, selected
from service.strategy.forms import (
    GoalInDetail,
    Goals,
    LogicModel,
    MeasureInDetail,
    Measures,
    Roadmap,
    goal_in_detail,
    goals_described,
    logic_model_described,
    measure_in_detail,
    measures_described,
    roadmap_described,
)

router = api_router(prefix="/v1", tags=["strategy"])

#: The kinds of subjects that these answers are made of.
MADE_OF = ("strategy", "deployments", "kpi", "indicator", "region-sets", "area-changes", "vintage")


GoalFilter = Annotated[str | None, Query(max_length=80, description="Only of this goal, see /v1/goals")]
AreaFilter = Annotated[
    str | None,
    Query(max_length=80, description="Area code or region set whose deployed measures are highlighted"),
]


@router.get("/goals", summary="Policy goals", responses=answers(JSON, form=Goals))
async def goals(request: Request, atlas: AtlasDep) -> Response:
    """Return the goals of the strategy with their KPI in words.

    `stated_measures` is the count that the strategy gives (331 in all), `catalogued_measures` how many it
    names and this catalogue therefore lists (40): the two are kept apart.
    """

    def make() -> Goals:
        return goals_described(atlas.catalogue.policy)

    return await kept_json(request, atlas, make, atlas.state(*MADE_OF))


@router.get("/goals/{goal}", summary="One policy goal", responses=answers(JSON, form=GoalInDetail))
async def goal(request: Request, atlas: AtlasDep, goal: str) -> Response:
    """Return one goal with its measures, what leads to it by the logic model, and its milestones."""

    def make() -> GoalInDetail:
        policy = atlas.catalogue.policy
        return goal_in_detail(policy, policy.goal(goal))

    return await kept_json(request, atlas, make, atlas.state(*MADE_OF))


@router.get("/measures", summary="Measures of the strategy", responses=answers(JSON, form=Measures))
async def measures(request: Request, atlas: AtlasDep, goal: GoalFilter = None) -> Response:
    """Return the measures that the strategy names, with the number of deployments known of each."""

    def make() -> Measures:
        policy = atlas.catalogue.policy
        return measures_described(policy, None if goal is None else policy.goal(goal))

    return await kept_json(request, atlas, make, atlas.state(*MADE_OF))


@router.get("/measures/{measure}", summary="One measure", responses=answers(JSON, form=MeasureInDetail))
async def measure(request: Request, atlas: AtlasDep, measure: str) -> Response:
    """Return one measure, by its id, name or an alias, with what it is to bring about and why."""

    def make() -> MeasureInDetail:
        policy = atlas.catalogue.policy
        return measure_in_detail(policy, policy.measure(measure))

    return await kept_json(request, atlas, make, atlas.state(*MADE_OF))


def _lit(atlas: Atlas, area: str | None) -> Collection[str]:
    """Return the measures that run in an area, as far as is known, and everything they lead to."""
    if area is None:
        return ()
    policy = atlas.catalogue.policy
    running = [one for one in selected(atlas, Selection(area=area)) if one.status in RUNNING]
    return downstream({name for one in running for name in one.measures}, policy.strategy.links)


@router.get("/logic-model.json", summary="Logic model as JSON", responses=answers(JSON, form=LogicModel))
async def logic_model_json(request: Request, atlas: AtlasDep, area: AreaFilter = None) -> Response:
    """Return measure → output → outcome → goal as nodes and links, each link with its reason.

    `basis` is `stated` where the strategy itself says so and `assumed` where a link is our own reading. With
    `area`, `deployed` tells the measures known to run there and what they lead to.
    """

    def make() -> LogicModel:
        return logic_model_described(atlas.catalogue.policy.strategy, area, _lit(atlas, area))

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


@router.get(
    "/roadmap", summary="Roadmap: what is due in which fiscal year", responses=answers(JSON, form=Roadmap)
)
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

    def make() -> Roadmap:
        policy = atlas.catalogue.policy
        return roadmap_described(policy, goal and policy.goal(goal).id, kind)

    return await kept_json(request, atlas, make, atlas.state(*MADE_OF))


@router.get("/strategy/{view}.png", summary="A view of the strategy as a picture for link previews")
async def card_png(
    request: Request,
    atlas: AtlasDep,
    view: cards.View,
    lang: Lang = "ja",
    width: Annotated[int, Query(ge=200, le=2400, description="Width of the picture in pixels")] = 1200,
    height: Annotated[int, Query(ge=200, le=2400, description="Height of the picture in pixels")] = 630,
) -> Response:
    """Return a picture with the gist of a view: the goals' KPIs, the logic model in numbers, what is due.

    `view` is `kpi`, `logic` or `roadmap`.
    """
    strategy, fonts = atlas.catalogue.policy.strategy, fonts_of(atlas)

    def make(_gzipped: bool) -> bytes:
        return rasterised(cards.to_svg(strategy, view, lang, width, height), 1, fonts)

    told = Told(PNG, compressible=False)
    state = state_of(request, atlas.state(*MADE_OF))
    answer = await kept(request, atlas, state, make, told, beside)
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer
