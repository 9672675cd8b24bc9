"""Did figures move after a measure began: the answer, and what it does not prove."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.responses import Response

from service.figures.carrying import in_one_cell
from service.http.dependencies import AtlasDep, api_router
from service.http.forms import answers
from service.http.responses import CSV, JSON, Bom, Told, csv_bytes, encoded, kept, state_of, to_json
from service.layers.views import VintageDate
from service.memory.atlas import Atlas
from service.memory.cache import slowly
from service.planning.effect_forms import MeasureEffect, carried_beside, carryings_of, effect_described
from service.planning.effects import AskedEffect, Effect, effect_of

router = api_router(prefix="/v1", tags=["planning"])

Years = Annotated[int, Query(ge=1, le=10, description="Years after the start before it is judged")]
Matches = Annotated[int, Query(ge=1, le=5, description="Municipalities matched to each deployed one")]
Outcome = Annotated[
    str | None,
    Query(max_length=120, description="Indicator that is judged; chosen by the logic model when left out"),
]


async def asked_effect(
    atlas: AtlasDep,
    measure: str,
    indicator: Outcome = None,
    years: Years = AskedEffect.years,
    matches: Matches = AskedEffect.matches,
    vintage: VintageDate = None,
) -> AskedEffect:
    """Return the effect that the parameters ask for."""
    outcome = None if indicator is None else atlas.indicator(indicator)
    found = atlas.catalogue.policy.measure(measure)
    return AskedEffect(found, outcome, atlas.vintage(vintage), years, matches)


AskedDep = Annotated[AskedEffect, Depends(asked_effect)]


@router.get(
    "/measures/{measure}/effect",
    summary="Did figures move after a measure began?",
    responses=answers(JSON, form=MeasureEffect),
)
async def measure_effect(request: Request, atlas: AtlasDep, asked: AskedDep) -> Response:
    """Return the change in deployed municipalities against matched ones: a difference in differences.

    Before is the newest period before a municipality's start, after the first that is `years` later. The
    estimate is the mean over municipalities of (own change − mean change of the matched), with a 95 %
    confidence interval, by matched sets or clustered by prefecture (the wider), and a p-value by
    randomisation within matched sets. `event_study` tells the same for every year before and after;
    `before_start` tests all years before the start together: a difference says that the two groups did not
    move alike anyway. `placebo` pretends that the start was earlier. `outcome` tells whether the strategy
    states that the measure leads to the indicator or whether it is assumed; without `indicator`, what is
    stated is judged first. With fewer than eight municipalities, or no figures from before the window, it is
    refused.
    """
    told, state = Told(JSON), state_of(request, atlas.state())
    return await kept(
        request,
        atlas,
        state,
        encoded(
            lambda: to_json(
                effect_described(atlas, effect_of(atlas, asked), is_asked=asked.indicator is not None)
            )
        ),
        told,
        slowly,
    )


@router.get("/measures/{measure}/effect.csv", summary="Municipalities behind an effect as CSV")
async def measure_effect_csv(
    request: Request, atlas: AtlasDep, asked: AskedDep, bom: Bom = False
) -> Response:
    """Return one row per deployed municipality: its figures, those of its matches, and the difference.

    The last columns tell how figures came to stand on these boundaries, and those they were published on.
    """
    told = Told(CSV, download=f"{asked.measure.id}-effect.csv")

    def make() -> bytes:
        return csv_bytes(*_table(atlas, effect_of(atlas, asked)), bom=bom)

    return await kept(request, atlas, state_of(request, atlas.state()), encoded(make), told, slowly)


def _table(atlas: Atlas, found: Effect) -> tuple[list[str], list[list[object]]]:
    header = [
        *("measure", "indicator", "code", "start", "before_period", "before", "after_period", "after"),
        *("matched", "matched_before", "matched_after", "difference"),
        *("before_carried", "matched_before_carried", "before_boundary_dates"),
        *("after_carried", "matched_after_carried", "after_boundary_dates"),
    ]
    carryings = carryings_of(atlas, found)
    rows: list[list[object]] = [
        [
            *(found.study.measure.id, found.study.indicator.id, one.code, one.start),
            *(one.window.before, one.before, one.window.after, one.after),
            *(";".join(one.matches), one.matches_before, one.matches_after),
            one.difference,
            *(
                cell
                for period in (one.window.before, one.window.after)
                for cell in (
                    *carried_beside(found, one, carryings[period]),
                    in_one_cell(carryings[period].dates),
                )
            ),
        ]
        for one in found.pairs
    ]
    return header, rows
