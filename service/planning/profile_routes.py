"""An area's profile: every goal with its figures, how they stand and move, and what runs there."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import Response

from geo.codes import area_code
from service.figures.carrying import in_one_cell
from service.http.dependencies import AtlasDep, api_router
from service.http.forms import answers
from service.http.responses import JSON, Bom, kept_csv, kept_json
from service.layers.views import VintageDate
from service.planning import profile_forms
from service.planning.profile_forms import profile_described
from service.planning.profiles import (
    Asked,
    Profile,
    profile_of,
)

router = api_router(prefix="/v1", tags=["planning"])


async def asked_area(atlas: AtlasDep, code: str, vintage: VintageDate = None) -> Asked:
    """Return the area that the parameters name."""
    chosen = atlas.vintage(vintage)
    level, area = atlas.area(chosen, area_code(code))
    return Asked(atlas.at(chosen, level), level, area)


AskedDep = Annotated[Asked, Depends(asked_area)]


@router.get(
    "/areas/{code}/profile", summary="Profile of an area", responses=answers(JSON, form=profile_forms.Profile)
)
async def profile(request: Request, atlas: AtlasDep, asked: AskedDep) -> Response:
    """Return, goal by goal, an area's figures with rank, trend and peers; its deployments, KPIs and gaps.

    A goal's figures are the indicators that stand in for its KPIs and those in which its outcomes show by the
    logic model. Ranks put the better first: the lowest where lower is better, else the highest. A trend is
    told since the newest period at least five years ago. Peers are the ten most similar areas (see peers).
    `missing` lists the figures that the area lacks, and why; `summary` tells it in words. `carried` tells how
    a figure came to stand on the boundaries shown, `boundary_dates` which ones it was published on.
    """
    return await kept_json(
        request, atlas, lambda: profile_described(atlas, profile_of(atlas, asked)), atlas.state()
    )


@router.get("/areas/{code}/profile.csv", summary="Profile of an area as CSV")
async def profile_csv(request: Request, atlas: AtlasDep, asked: AskedDep, bom: Bom = False) -> Response:
    """Return one row per goal and figure: value, ranks, trend, median of the peers, how it was carried."""
    name = f"{asked.area.code}.csv"
    return await kept_csv(
        request, atlas, lambda: _table(profile_of(atlas, asked)), name, atlas.state(), bom=bom
    )


def _table(told: Profile) -> tuple[list[str], list[list[object]]]:
    rows = [
        [
            *(goal, one.leaf.indicator.id, one.leaf.indicator.name_ja, one.leaf.indicator.name_en),
            *(one.leaf.level, one.code, one.leaf.period, one.value),
            *(one.leaf.indicator.unit_ja, one.status),
            *((one.nation.rank, one.nation.of) if one.nation else (None, None)),
            *((one.prefecture.rank, one.prefecture.of) if one.prefecture else (None, None)),
            *((one.trend.since, one.trend.change, one.trend.verdict) if one.trend else (None, None, None)),
            *(one.peers_median, one.value_carried, in_one_cell(one.leaf.dates)),
        ]
        for goal, cards in told.cards.items()
        for one in cards
    ]
    header = [
        *("goal", "indicator", "name", "name_en", "level", "area_code", "period", "value", "unit", "status"),
        *("rank_nation", "of_nation", "rank_prefecture", "of_prefecture"),
        *("since", "change", "verdict", "peers_median", "carried", "boundary_dates"),
    ]
    return header, rows
