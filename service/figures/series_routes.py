"""Series: areas or region sets × periods of one indicator."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from geo.figures.indicators import Indicator
from service.figures.carrying import in_one_cell
from service.figures.estimates import refuse_other
from service.figures.forms import Series, series_described
from service.figures.known import moment
from service.figures.lines import origins_of
from service.figures.past import known_at
from service.figures.series import lines_of
from service.http.dependencies import AtlasDep, api_router
from service.http.forms import answers
from service.http.responses import (
    CSV,
    JSON,
    Bom,
    Told,
    Where,
    csv_bytes,
    encoded,
    kept,
    state_of,
    to_json,
)
from service.layers.views import Estimate, VintageDate
from service.memory.atlas import Atlas
from service.memory.cache import off_loop, slowly

router = api_router(prefix="/v1", tags=["series"])


#: What CSV tells of a figure.
FIGURE = ("period", "value", "status", "carried", "boundary_dates")

IndicatorId = Annotated[str, Query(max_length=120, description="Id of the indicator, see /v1/indicators")]
Areas = Annotated[
    str,
    Query(
        max_length=4000, description="Area codes or region sets, comma separated: `01100,13000,tokyo-area`"
    ),
]
First = Annotated[
    str | None, Query(alias="from", max_length=20, description="First period: `2015`, `2025-04`")
]
Last = Annotated[
    str | None, Query(alias="to", max_length=20, description="Last period; a year holds its months")
]
AsOf = Annotated[
    str | None,
    Query(
        max_length=40,
        description="What was known then: the end of a day in Japan, `2025-06-30`, or a moment, "
        "`2025-06-30T12:00:00Z`; now when left out",
    ),
]


@router.get("/series", summary="Areas × periods of an indicator", responses=answers(JSON, form=Series))
async def series(
    request: Request,
    atlas: AtlasDep,
    indicator: IndicatorId,
    areas: Areas,
    first: First = None,
    last: Last = None,
    vintage: VintageDate = None,
    estimate: Estimate = None,
    as_of: AsOf = None,
) -> Response:
    """Return the values of each area or region set over the periods, on the boundaries of one vintage.

    A region set's ratio is computed from its sums. A missing value is null and its status says why.
    `carried` tells how a figure came to stand on these boundaries from those it was published on
    (`boundary_dates`): `as_published`, `renumbered`, `summed`, `apportioned` by its publisher after an area
    was split, or `estimated`: then `parts` tells of what areas it is a share, how much, and by what.

    On boundaries of before a merger, what merged has no value of its own (`merged`). With
    `estimate=population` it is parted again by the people of just before the merger, else by area.

    `summary` tells the chart in plain Japanese and English.

    With `as_of`, figures are those that were loaded by then: a revision that came later is left out, and what
    was not loaded yet is not there.
    """
    found, chosen = atlas.indicator(indicator), atlas.vintage(vintage)
    at = None if as_of is None else moment("as_of", as_of)
    refuse_other(estimate)
    parts = estimate is not None

    def make() -> Series:
        then = known_at(atlas, found, chosen, at, estimate=parts)
        lines = lines_of(then, found, chosen, areas, first, last)
        return {
            **series_described(then, found, chosen, lines),
            "as_of": None if at is None else at.isoformat(),
        }

    state = state_of(request, *_states(atlas, found))
    return await kept(request, atlas, state, encoded(lambda: to_json(make())), Told(JSON), _where(at, parts))


def _where(at: dt.datetime | None, parts: bool) -> Where:
    """Return where a series is made: one that is carried for it takes half a second, apart from others."""
    return off_loop if at is None and not parts else slowly


def _states(atlas: Atlas, found: Indicator) -> tuple[str, str]:
    return atlas.state_of(found), atlas.state("region-sets", "source")


@router.get("/series.csv", summary="Areas × periods of an indicator as CSV")
async def series_csv(
    request: Request,
    atlas: AtlasDep,
    indicator: IndicatorId,
    areas: Areas,
    first: First = None,
    last: Last = None,
    vintage: VintageDate = None,
    estimate: Estimate = None,
    as_of: AsOf = None,
    bom: Bom = False,
) -> Response:
    """Return one row per area and period: indicator, area_code, name, period, value, status, carried.

    `carried` and `boundary_dates` are as in JSON; dates stand in one cell, apart by spaces.
    """
    found, chosen = atlas.indicator(indicator), atlas.vintage(vintage)
    at = None if as_of is None else moment("as_of", as_of)
    refuse_other(estimate)
    parts = estimate is not None

    def make() -> tuple[list[str], list[list[object]]]:
        rows: list[list[object]] = []
        then = known_at(atlas, found, chosen, at, estimate=parts)
        for line, told in lines_of(then, found, chosen, areas, first, last):
            head = [found.id, line.id, line.name_ja, line.name_en]
            for point, origin in zip(told, origins_of(then, found, chosen, line, told), strict=True):
                figure = [point.period, point.value, point.status, origin.carried]
                rows.append([*head, *figure, in_one_cell(origin.dates)])
        return [*("indicator", "area_code", "name", "name_en"), *FIGURE], rows

    def table() -> bytes:
        header, rows = make()
        return csv_bytes(header, rows, bom=bom)

    state = state_of(request, *_states(atlas, found))
    told = Told(CSV, download=f"{found.id}.csv")
    return await kept(request, atlas, state, encoded(table), told, _where(at, parts))
