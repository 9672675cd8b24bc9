"""KPIs: what is measured, what is to be reached, how far it has come, and how stewards enter it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.responses import Response

from geo.codes import area_code
from geo.strategy.kpis import Kpi
from geo.strategy.rating import Assessment, Comparison, Growth
from service.figures.carrying import dates_of, in_one_cell
from service.http.dependencies import AtlasDep, api_router
from service.http.forms import answers
from service.http.responses import JSON, Bom, json_answer, kept_csv, kept_json
from service.http.writes import Write, write_with
from service.layers.views import VintageDate
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage
from service.strategy.kpi_forms import (
    KpiCourses,
    KpiInDetail,
    KpiPut,
    KpiRaces,
    Kpis,
    courses_described,
    described,
    in_detail,
    races_described,
    scheme_described,
)
from service.strategy.kpi_load import end_kpi, put_actuals, put_kpi
from service.strategy.progress import Course, Race, courses, races

router = api_router(prefix="/v1", tags=["kpis"])

Steward = Annotated[Write, Depends(write_with("steward"))]
DryRun = Annotated[bool, Query(description="Check and answer the report, store nothing")]
Basis = Annotated[
    Growth | None,
    Query(alias="growth", description="Growth basis of a KPI that compares regions; its own when left out"),
]
Since = Annotated[
    str, Query(pattern=r"^(\d{4})?$", description="First year of `cumulative` and `cagr`; the first there is")
]


@router.get("/kpis", summary="KPIs", responses=answers(JSON, form=Kpis))
async def kpis(
    request: Request,
    atlas: AtlasDep,
    goal: Annotated[str | None, Query(max_length=80, description="Only of this goal")] = None,
    owner: Annotated[
        str | None,
        Query(max_length=20, description="`national`, or the area whose own strategy they belong to"),
    ] = None,
) -> Response:
    """Return the KPIs of the national strategy and of areas' own, and the rating schemes in use."""
    policy = atlas.catalogue.policy
    found = list(policy.kpis.values())
    if goal is not None:
        of_goal = {one.id for one in policy.kpis_of(policy.goal(goal).id)}
        found = [one for one in found if one.id in of_goal or one.goal == goal]
    if owner is not None:
        wanted = "" if owner == "national" else area_code(owner)
        found = [one for one in found if one.owner == wanted]
    schemes = [scheme_described(one) for one in policy.strategy.schemes]
    listed = [described(atlas, one) for one in found]
    told: Kpis = {"total": len(listed), "kpis": listed, "rating_schemes": schemes}
    return json_answer(request, told)


@router.get("/kpis/{kpi}", summary="One KPI", responses=answers(JSON, form=KpiInDetail))
async def kpi(request: Request, atlas: AtlasDep, kpi: str) -> Response:
    """Return one KPI with its targets, the actuals that were entered, and its rating scheme."""
    return json_answer(request, in_detail(atlas, atlas.catalogue.policy.kpi(kpi)))


@dataclass(frozen=True)
class Progress:
    """What is told of a KPI: comparisons of regions, or the courses of areas."""

    kpi: Kpi
    vintage: Vintage
    basis: Growth
    since: str
    races: list[Race]
    courses: list[Course]


@dataclass(frozen=True)
class Asked:
    """The progress that a request asks for."""

    kpi: Kpi
    vintage: Vintage
    basis: Growth
    since: str


async def progress_asked(
    atlas: AtlasDep, kpi: str, basis: Basis = None, since: Since = "", vintage: VintageDate = None
) -> Asked:
    """Return the progress that the parameters ask for."""
    found, chosen = atlas.catalogue.policy.kpi(kpi), atlas.vintage(vintage)
    return Asked(found, chosen, basis or found.growth_basis, since)


def progress_of(atlas: Atlas, asked: Asked) -> Progress:
    """Return what is told of a KPI."""
    told = Progress(asked.kpi, asked.vintage, asked.basis, asked.since, [], [])
    if asked.kpi.is_relative:
        return replace(told, races=races(atlas, asked.kpi, asked.vintage, asked.basis, asked.since))
    return replace(told, courses=courses(atlas, asked.kpi, asked.vintage))


AskedDep = Annotated[Asked, Depends(progress_asked)]


@router.get(
    "/kpis/{kpi}/progress", summary="Progress of a KPI", responses=answers(JSON, form=(KpiRaces, KpiCourses))
)
async def progress(request: Request, atlas: AtlasDep, asked: AskedDep) -> Response:
    """Return how far a KPI has come, by area and year, never clipped.

    For a KPI with targets: both rates, what was to be expected by the year, and the rating; `reason` says why
    something cannot be told. For one that compares two regions: the verdict, told once for the region, and
    level and growth of both with their difference in percentage points, for each series by itself: series of
    different bases are never joined, and `missing` names the figures a series lacks. A year before the plan
    is a `reference` and not rated.
    """

    def make() -> KpiRaces | KpiCourses:
        told = progress_of(atlas, asked)
        if told.kpi.is_relative:
            return races_described(atlas, told.vintage, told.kpi, told.basis, told.since, told.races)
        return courses_described(atlas, told.vintage, told.kpi, told.courses)

    return await kept_json(request, atlas, make, atlas.state())


@router.get("/kpis/{kpi}/progress.csv", summary="Progress of a KPI as CSV")
async def progress_csv(request: Request, atlas: AtlasDep, asked: AskedDep, bom: Bom = False) -> Response:
    """Return one row per area (or series) and year.

    The last columns tell how figures came to stand on these boundaries, and those they were published on.
    """

    def make() -> tuple[Sequence[str], list[list[object]]]:
        told = progress_of(atlas, asked)
        if told.kpi.is_relative:
            return RACE_COLUMNS, list(_race_rows(told.kpi, told.races))
        return COURSE_COLUMNS, list(_course_rows(told.kpi, told.courses))

    return await kept_csv(request, atlas, make, f"{asked.kpi.id}.csv", atlas.state(), bom=bom)


RACE_COLUMNS = (
    *("kpi", "series", "area", "comparator", *Comparison.__dataclass_fields__, "price_basis"),
    *("carried", "comparator_carried", "boundary_dates"),
)
COURSE_COLUMNS = (
    *("kpi", "area", "baseline", "target", "period", "status", *Assessment.__dataclass_fields__),
    *("carried", "boundary_dates"),
)


def _race_rows(kpi: Kpi, told: Sequence[Race]) -> Iterator[list[object]]:
    for race in told:
        head = [kpi.id, race.series.indicator, race.target.area, race.target.comparator]
        for each, (own, other) in zip(race.comparisons, race.origins, strict=True):
            dates = in_one_cell(dates_of([own, other]))
            origins = (own.carried, other.carried, dates)
            yield [*head, *vars(each).values(), race.series.price_basis, *origins]


def _course_rows(kpi: Kpi, told: Sequence[Course]) -> Iterator[list[object]]:
    for one in told:
        head = [kpi.id, one.target.area, one.target.baseline, one.target.target]
        for level, assessment in one.points:
            origin = [level.origin.carried, in_one_cell(level.origin.dates)]
            yield [*head, level.period, level.status, *vars(assessment).values(), *origin]


KPI = {
    "owner": "01206",
    "name_ja": "社会増減",
    "name_en": "Net migration",
    "definition_ja": "転入者数 − 転出者数",
    "definition_en": "In-migrants less out-migrants",
    "unit_ja": "人",
    "unit_en": "persons",
    "decimals": 0,
    "goal": "goal-3",
    "source_title": "○○市総合戦略",
    "source_url": "https://example.jp/strategy",
    "targets": [
        {
            "area": "01206",
            "type": "number",
            "baseline": -1200,
            "baseline_period": "2024",
            "target": -800,
            "target_period": "2029",
            "plan_from": 2025,
            "plan_to": 2029,
        }
    ],
}
ACTUALS = "area,period,value,source_title\n01206,2025,-1080,住民基本台帳人口移動報告\n"


@router.put(
    "/kpis/{kpi}",
    summary="Register a KPI of an area's own strategy (API key with scope steward)",
    responses=answers(JSON, form=KpiPut),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object"}, "example": KPI}},
        }
    },
)
async def put(
    request: Request, atlas: AtlasDep, kpi: str, write: Steward, dry_run: DryRun = False
) -> Response:
    """Register a KPI of a prefecture's or a town's own strategy, or change it.

    `owner` is the area whose strategy it belongs to; national KPIs come from the catalogue. Sent without
    `actuals`, those that were entered stay.
    """
    load = partial(put_kpi, name=kpi, body=await request.body(), by=write.by, dry_run=dry_run)
    return await write.answer(load, dry_run=dry_run)


@router.put(
    "/kpis/{kpi}/actuals",
    summary="Enter actuals of a KPI (API key with scope steward)",
    responses=answers(JSON, form=KpiPut),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "text/csv": {"schema": {"type": "string"}, "example": ACTUALS},
                "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
            },
        }
    },
)
async def put_kpi_actuals(
    request: Request, atlas: AtlasDep, kpi: str, write: Steward, dry_run: DryRun = False
) -> Response:
    """Enter what was reached: CSV or a JSON list with area, period, value, status and source; all or none.

    `area` is an area code, `00000` for the nation, or a region set; `area_name`, if there is one, must be its
    name and tells codes apart that lost their leading zero. An actual for the same area and year is
    replaced; what it was stays in the history.
    """
    load = partial(put_actuals, name=kpi, body=await request.body(), by=write.by, dry_run=dry_run)
    return await write.answer(load, dry_run=dry_run)


@router.delete("/kpis/{kpi}", summary="End a KPI of an area (API key with scope steward)", status_code=204)
async def delete(atlas: AtlasDep, kpi: str, write: Steward) -> Response:
    """Take a KPI of an area out of every answer from now on; what it was stays in its history."""
    return await write.answer(partial(end_kpi, name=kpi, by=write.by))
