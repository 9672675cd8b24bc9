"""Series: areas or region sets × periods of one indicator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from geo.eras import period_label
from geo.errors import Finding, InvalidParameter
from geo.figures.indicators import Indicator
from geo.layers.words import Named, series_in_words
from service.figures.lines import Member, Point, member, points
from service.figures.routes import sources_described
from service.http.dependencies import AtlasDep, api_router
from service.http.responses import Bom, kept_csv, kept_json
from service.layers.views import VintageDate, chosen_vintage
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage

router = api_router(prefix="/v1", tags=["series"])

MAX_AREAS = 200


def _members(atlas: Atlas, vintage: Vintage, areas: str) -> list[Member]:
    asked = list(dict.fromkeys(part.strip() for part in areas.split(",") if part.strip()))
    if not 1 <= len(asked) <= MAX_AREAS:
        finding = Finding(
            "query", "areas", areas[:80], f"1 to {MAX_AREAS} codes or region sets, comma separated"
        )
        raise InvalidParameter(f"areas must hold 1 to {MAX_AREAS} items", [finding])
    return [member(atlas, vintage, text) for text in asked]


def _wanted_periods(periods: Sequence[str], first: str | None, last: str | None) -> list[str]:
    return [p for p in periods if (first is None or p >= first) and (last is None or p <= last)]


def _line(
    atlas: Atlas, indicator: Indicator, vintage: Vintage, line: Member, first: str | None, last: str | None
) -> list[Point]:
    periods = _wanted_periods(atlas.periods(indicator, line.level), first, last)
    return points(atlas, indicator, vintage, line, periods)


def lines_of(
    atlas: Atlas,
    indicator: Indicator,
    vintage: Vintage,
    areas: str,
    first: str | None = None,
    last: str | None = None,
) -> list[tuple[Member, list[Point]]]:
    """Return each area or region set of a comma separated list, and its figures."""
    return [
        (line, _line(atlas, indicator, vintage, line, first, last))
        for line in _members(atlas, vintage, areas)
    ]


def lines_in_words(indicator: Indicator, lines: Sequence[tuple[Member, list[Point]]]) -> dict[str, str]:
    """Return a chart of the lines in words, in Japanese and English."""
    return series_in_words(
        indicator,
        [
            (
                Named(line.name_ja, line.name_en),
                [
                    (period_label(p.period, indicator.period_kind), p.value)
                    for p in told
                    if p.value is not None
                ],
            )
            for line, told in lines
        ],
    )


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
