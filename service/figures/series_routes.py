"""Series: areas or region sets × periods of one indicator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from geo.eras import period_label
from geo.figures.indicators import Indicator
from service.figures.forms import sources_described
from service.figures.lines import Member, Point
from service.figures.series import lines_in_words, lines_of
from service.http.dependencies import AtlasDep, api_router
from service.http.responses import Bom, kept_csv, kept_json
from service.layers.views import VintageDate, chosen_vintage
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage

router = api_router(prefix="/v1", tags=["series"])


IndicatorId = Annotated[str, Query(max_length=120, description="Id of the indicator, see /v1/indicators")]
Areas = Annotated[
    str,
    Query(
        max_length=4000, description="Area codes or region sets, comma separated: `01100,13000,tokyo-area`"
    ),
]
First = Annotated[str | None, Query(alias="from", max_length=10, description="First period")]
Last = Annotated[str | None, Query(alias="to", max_length=10, description="Last period")]


@router.get("/series", summary="Areas × periods of an indicator")
async def series(
    request: Request,
    atlas: AtlasDep,
    indicator: IndicatorId,
    areas: Areas,
    first: First = None,
    last: Last = None,
    vintage: VintageDate = None,
) -> Response:
    """Return the values of each area or region set over the periods, on the boundaries of one vintage.

    A region set's ratio is computed from its sums. A missing value is null and its status says why.
    `summary` tells the chart in plain Japanese and English.
    """
    found, chosen = atlas.indicator(indicator), chosen_vintage(atlas, vintage)

    def make() -> dict[str, object]:
        return _told(atlas, found, chosen, lines_of(atlas, found, chosen, areas, first, last))

    return await kept_json(request, atlas, make, *_states(atlas, found))


def _states(atlas: Atlas, found: Indicator) -> tuple[str, str]:
    return atlas.state_of(found), atlas.state("region-sets")


def _told(
    atlas: Atlas, found: Indicator, chosen: Vintage, read: Sequence[tuple[Member, list[Point]]]
) -> dict[str, object]:
    lines: list[dict[str, object]] = []
    used: dict[str, None] = {}
    labels: dict[str, dict[str, str]] = {}
    for line, told in read:
        labels |= {p.period: period_label(p.period, found.period_kind) for p in told}
        used |= dict.fromkeys(source for point in told for source in point.sources)
        lines.append(
            {
                "area": line.id,
                "name": {"ja": line.name_ja, "en": line.name_en},
                "level": line.level,
                "points": [{"period": p.period, "value": p.value, "status": p.status} for p in told],
            }
        )
    return {
        "indicator": found.id,
        "name": {"ja": found.name_ja, "en": found.name_en},
        "unit": {"ja": found.unit_ja, "en": found.unit_en},
        "period_kind": found.period_kind,
        "period_labels": labels,
        "vintage": str(chosen.date),
        "revision": atlas.revision(found, chosen.date),
        "summary": lines_in_words(found, read),
        "series": lines,
        "sources": sources_described(atlas, tuple(used)),
    }


@router.get("/series.csv", summary="Areas × periods of an indicator as CSV")
async def series_csv(
    request: Request,
    atlas: AtlasDep,
    indicator: IndicatorId,
    areas: Areas,
    first: First = None,
    last: Last = None,
    vintage: VintageDate = None,
    bom: Bom = False,
) -> Response:
    """Return one row per area and period: indicator, area_code, name, period, value, status."""
    found, chosen = atlas.indicator(indicator), chosen_vintage(atlas, vintage)

    def make() -> tuple[list[str], list[list[object]]]:
        rows: list[list[object]] = []
        for line, told in lines_of(atlas, found, chosen, areas, first, last):
            for point in told:
                head = [found.id, line.id, line.name_ja, line.name_en]
                rows.append([*head, point.period, point.value, point.status])
        return ["indicator", "area_code", "name", "name_en", "period", "value", "status"], rows

    return await kept_csv(request, atlas, make, f"{found.id}.csv", *_states(atlas, found), bom=bom)
