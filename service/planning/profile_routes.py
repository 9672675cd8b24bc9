"""An area's profile: every goal with its figures, how they stand and move, and what runs there."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import Response

from geo.codes import area_code, prefecture_of
from geo.eras import period_label
from service.areas.forms import described as area_described
from service.areas.forms import named
from service.figures.forms import brief
from service.http.dependencies import AtlasDep, api_router
from service.http.responses import Bom, kept_csv, kept_json
from service.layers.views import VintageDate, chosen_vintage
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage
from service.planning.profiles import (
    Asked,
    Card,
    Profile,
    level_of,
    profile_of,
    words_of,
)
from service.strategy import deployment_forms
from service.strategy.deployment_selection import Selection, placed, selected, wanted_codes
from service.strategy.forms import edition, goal_described
from service.strategy.kpi_forms import course_described
from service.strategy.policy import COVERAGE
from service.strategy.progress import courses, races, with_area

router = api_router(prefix="/v1", tags=["planning"])


def _card(one: Card) -> dict[str, object]:
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
            "nation": one.nation and asdict(one.nation),
            "prefecture": one.prefecture and asdict(one.prefecture),
        },
        "trend": one.trend and asdict(one.trend),
        "peers": {"median": one.peers_median, "n": one.peers_n},
        "series": [{"period": period, "value": value} for period, value in one.series],
    }


async def asked_area(atlas: AtlasDep, code: str, vintage: VintageDate = None) -> Asked:
    """Return the area that the parameters name."""
    chosen = chosen_vintage(atlas, vintage)
    return Asked(chosen, *level_of(atlas, chosen, area_code(code)))


AskedDep = Annotated[Asked, Depends(asked_area)]


def _kpi_progress(atlas: Atlas, vintage: Vintage, code: str) -> list[dict[str, object]]:
    """Return what the KPIs say of an area: its own ones, and the verdicts on the region it lies in."""
    found: list[dict[str, object]] = []
    for kpi in atlas.catalogue.policy.kpis.values():
        head = {"kpi": kpi.id, "name": {"ja": kpi.name_ja, "en": kpi.name_en}, "owner": kpi.owner or None}
        if kpi.is_relative:
            for race in races(atlas, kpi, vintage):
                inside = prefecture_of(code) in wanted_codes(atlas, race.target.area)
                verdicts = [one for one in race.comparisons if one.achieved is not None]
                if inside and verdicts:
                    region = {"region": race.target.area, "series": race.series.indicator}
                    found.append(head | region | {"verdict": vars(verdicts[-1])})
            continue
        about = with_area(kpi, code)
        for course in courses(atlas, about, vintage) if about.targets or about.actuals else []:
            found.append(head | {"course": course_described(atlas, vintage, course)})
    return found


@router.get("/areas/{code}/profile", summary="Profile of an area")
async def profile(request: Request, atlas: AtlasDep, asked: AskedDep) -> Response:
    """Return, goal by goal, an area's figures with rank, trend and peers; its deployments, KPIs and gaps.

    A goal's figures are the indicators that stand in for its KPIs and those in which its outcomes show by the
    logic model. Ranks put the better first: the lowest where lower is better, else the highest. A trend is
    told since the newest period at least five years ago. Peers are the ten most similar areas (see peers).
    `missing` lists the figures that the area lacks, and why; `summary` tells it in words.
    """
    return await kept_json(request, atlas, lambda: _body(atlas, profile_of(atlas, asked)), atlas.state())


def _body(atlas: Atlas, told: Profile) -> dict[str, object]:
    policy, area, level = atlas.catalogue.policy, told.area, told.level
    gazetteer = atlas.gazetteer(told.vintage.date, level)
    here = selected(atlas, Selection(area=area.code))
    around = [one for one in policy.deployments if prefecture_of(area.code) in placed(atlas, one)]
    goals = []
    for goal in policy.strategy.goals:
        of_goal = {one.id for one in policy.strategy.measures if one.goal == goal.id}
        goals.append(
            goal_described(policy, goal)
            | {
                "figures": [_card(one) for one in told.cards[goal.id]],
                "deployments": [
                    deployment_forms.described(atlas, one)
                    for one in here
                    if of_goal.intersection(one.measures)
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


@router.get("/areas/{code}/profile.csv", summary="Profile of an area as CSV")
async def profile_csv(request: Request, atlas: AtlasDep, asked: AskedDep, bom: Bom = False) -> Response:
    """Return one row per goal and figure: value, ranks, trend, median of the peers."""
    name = f"{asked.area.code}.csv"
    return await kept_csv(
        request, atlas, lambda: _table(profile_of(atlas, asked)), name, atlas.state(), bom=bom
    )


def _table(told: Profile) -> tuple[list[str], list[list[object]]]:
    rows = [
        [
            *(goal, one.indicator.id, one.indicator.name_ja, one.indicator.name_en),
            *(one.level, one.code, one.period, one.value, one.indicator.unit_ja, one.status),
            *((one.nation.rank, one.nation.of) if one.nation else (None, None)),
            *((one.prefecture.rank, one.prefecture.of) if one.prefecture else (None, None)),
            *((one.trend.since, one.trend.change, one.trend.verdict) if one.trend else (None, None, None)),
            one.peers_median,
        ]
        for goal, cards in told.cards.items()
        for one in cards
    ]
    header = [
        *("goal", "indicator", "name", "name_en", "level", "area_code", "period", "value", "unit", "status"),
        *("rank_nation", "of_nation", "rank_prefecture", "of_prefecture"),
        *("since", "change", "verdict", "peers_median"),
    ]
    return header, rows
