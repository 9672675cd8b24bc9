"""What lies alike side by side, what goes with what, what has changed."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from geo.analysis.change import refuse_broken
from geo.errors import Finding, InvalidParameter
from geo.figures.indicators import Indicator
from geo.periods import canonical, newest_not_after, period_of
from service.analysis.clusters import clusters
from service.analysis.forms import (
    ChangeTold,
    CorrelationTold,
    Figure,
    Spatial,
    change_described,
    correlation_described,
    spatial_described,
)
from service.analysis.layers import numeric, refuse_unclusterable
from service.http.dependencies import AtlasDep, PictureDep, api_router
from service.http.forms import answers
from service.http.responses import JSON, kept_json
from service.layers.views import Level, VintageDate, chosen_level, chosen_period
from service.memory.atlas import Atlas
from service.memory.cache import settled
from service.memory.catalogue import Vintage

router = api_router(prefix="/v1", tags=["analysis"])

#: What areas are weighted with.
RESIDENTS = "population"

IndicatorId = Annotated[str, Query(max_length=120, description="Id of an indicator, see /v1/indicators")]
Common = Annotated[
    str | None,
    Query(max_length=20, description="Period of both figures; the newest that both have when left out"),
]
Own = Annotated[str | None, Query(max_length=20, description="Period of this figure, where it is another")]


@router.get(
    "/layers/{layer}/spatial.json",
    summary="Moran's I and local clusters of a layer",
    responses=answers(JSON, form=Spatial),
)
async def spatial(request: Request, atlas: AtlasDep, picture: PictureDep) -> Response:
    """Return whether areas next to each other are alike (Moran's I), and which are parts of clusters.

    Areas are next to each other where their outlines share a border or a corner (queen contiguity); an area
    that touches no other is joined to the nearest one, and `bridges` says which. Weights of a row sum to 1.
    p-values are two-sided, by permutation from the seed told, those of areas by conditional permutation; an
    area belongs to a cluster where the false discovery rate stays below 0.05 (Benjamini and Hochberg).

    Counts are refused, because large areas have much of everything, and so are categories and fewer than 30
    areas with a value. The layer `clusters:<layer>` shows the same as a map. See docs/statistics.md.
    """
    view = picture.view
    refuse_unclusterable(atlas.catalogue, view.indicator)
    found = await settled(lambda: clusters(atlas, view.indicator, view.period, view.level, view.vintage.date))
    return await kept_json(request, atlas, lambda: spatial_described(atlas, picture, found), picture.etag)


@router.get(
    "/correlation", summary="How two figures go together", responses=answers(JSON, form=CorrelationTold)
)
async def correlation(
    request: Request,
    atlas: AtlasDep,
    x: IndicatorId,
    y: IndicatorId,
    period: Common = None,
    x_period: Own = None,
    y_period: Own = None,
    level: Level = None,
    vintage: VintageDate = None,
) -> Response:
    """Return Pearson's and Spearman's correlation, the line of regression and what it leaves of each area.

    Once with all areas alike, once weighted with their residents in the newest period of `population` that is
    not after the figures, or the first one. Two figures without a period in common need `x_period` and
    `y_period`. An area that lacks either figure is left out and counted in `missing`. There are no p-values:
    neighbours are alike, so areas are no independent observations. See docs/statistics.md.
    """
    of_x, of_y = (numeric(atlas.catalogue, one) for one in (x, y))
    date = atlas.vintage(vintage)
    on = _common_level(atlas, (of_x, of_y), date, level)
    date = atlas.at(date, on)
    at_x, at_y = _common_periods(atlas, (of_x, of_y), on, (x_period or period, y_period or period))
    residents = atlas.indicator(RESIDENTS)
    census = _census(atlas.periods(residents, on), max(at_x, at_y, key=period_of))

    def make() -> CorrelationTold:
        figures = [
            figure
            for one, at in ((of_x, at_x), (of_y, at_y), (residents, census))
            for figure in Figure.of(atlas, one, [at], on, date.date)
        ]
        return correlation_described(atlas, figures[0], figures[1], figures[2], on, date)

    return await kept_json(request, atlas, make, atlas.state_of(of_x, of_y, residents))


def _common_level(
    atlas: Atlas, indicators: tuple[Indicator, Indicator], vintage: Vintage, asked: str | None
) -> str:
    """Return the level asked for, or the first choice of the two where the other has figures there too."""
    if asked is None:
        common = [one for one in atlas.levels(indicators[0]) if one in atlas.levels(indicators[1])]
        asked = "municipality" if "municipality" in common else next(iter(common), None)
    levels = {chosen_level(atlas, one, vintage, asked) for one in indicators}
    if len(levels) > 1:
        listed = "; ".join(f"{one.id}: {', '.join(atlas.levels(one))}" for one in indicators)
        finding = Finding("query", "level", "", listed)
        raise InvalidParameter("The two figures have no level in common", [finding])
    return levels.pop()


def _common_periods(
    atlas: Atlas,
    indicators: tuple[Indicator, Indicator],
    level: str,
    asked: tuple[str | None, str | None],
) -> tuple[str, str]:
    """Return the periods asked for, or the newest that both figures have; never two by guess."""
    if asked == (None, None):
        told = [atlas.periods(one, level) for one in indicators]
        common = [period for period in told[0] if period in told[1]]
        if not common:
            listed = "; ".join(
                f"{one.id}: {', '.join(periods)}" for one, periods in zip(indicators, told, strict=True)
            )
            finding = Finding("query", "x_period", "", listed)
            raise InvalidParameter(
                "The two figures have no period in common: name x_period and y_period", [finding]
            )
        asked = (common[-1], common[-1])
    if None in asked:
        finding = Finding("query", "x_period", str(asked[0] or asked[1]), "x_period and y_period, or period")
        raise InvalidParameter("x_period and y_period go together", [finding])
    of_x, of_y = (
        chosen_period(atlas, one, level, period) for one, period in zip(indicators, asked, strict=True)
    )
    return of_x, of_y


def _census(periods: list[str], period: str) -> str:
    """Return the newest census that is not after a period; the first where all are."""
    return newest_not_after(periods, period) or periods[0]


@router.get(
    "/layers/{layer}/change",
    summary="How a layer has changed between two periods",
    responses=answers(JSON, form=ChangeTold),
)
async def change(
    request: Request,
    atlas: AtlasDep,
    layer: str,
    first: Annotated[
        str | None,
        Query(alias="from", max_length=20, description="Earlier period; the one before `to` when left out"),
    ] = None,
    last: Annotated[
        str | None, Query(alias="to", max_length=20, description="Later period; the newest when left out")
    ] = None,
    level: Level = None,
    vintage: VintageDate = None,
) -> Response:
    """Return the difference, the growth in per cent and that of a mean year, area by area.

    Growth in per cent is null where the earlier figure is not above 0. Two periods between which the series
    breaks are refused. `carried` has the mark of that figure of the two which is farther from what was
    counted, `boundary_dates` the boundaries of both. `layers` names the maps of the same:
    `change:<layer>:<from>`, with `:per-cent` or `:per-year` behind it, whose `period` is `to`. See
    docs/statistics.md.
    """
    indicator = numeric(atlas.catalogue, layer)
    date = atlas.vintage(vintage)
    on = chosen_level(atlas, indicator, date, level)
    date = atlas.at(date, on)
    to = chosen_period(atlas, indicator, on, last)
    asked = None if first is None else canonical(first, indicator.period_kind)
    since = _earlier(atlas.periods(indicator, on), asked, to)
    refuse_broken(indicator, since, to)

    def make() -> ChangeTold:
        was, now = Figure.of(atlas, indicator, [since, to], on, date.date)
        return change_described(atlas, was, now, on, date)

    return await kept_json(request, atlas, make, atlas.revision(indicator, date.date))


def _earlier(periods: list[str], asked: str | None, to: str) -> str:
    """Return the period asked for, or the one before ``to``."""
    earlier = [one for one in periods if one < to]
    if not earlier or (asked is not None and asked not in earlier):
        listed = ", ".join(earlier) or f"a period after {to}"
        finding = Finding("query", "from" if earlier else "to", asked or to, f"one of {listed}")
        raise InvalidParameter(f"A change up to {to} is told since an earlier period: {listed}", [finding])
    return asked or earlier[-1]
