"""Series: areas or region sets × periods of one indicator."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from geo.codes import area_code
from geo.errors import Finding, InvalidParameter, NotFound
from geo.indicators import Indicator
from service.access import AtlasDep, only_known_parameters
from service.atlas import Atlas, Vintage
from service.queries import STATUSES
from service.responses import CSV, answer, digest, encoded, json_answer
from service.routes.indicators import sources_described
from service.views import VintageDate, chosen_vintage

router = APIRouter(prefix="/v1", tags=["series"], dependencies=[Depends(only_known_parameters)])

MAX_AREAS = 200


@dataclass(frozen=True)
class Member:
    """One line of a series: an area at a level, or a region set and the areas it holds."""

    id: str
    name_ja: str
    name_en: str
    level: str
    positions: tuple[int, ...]


@dataclass(frozen=True)
class Point:
    """One figure of a line."""

    period: str
    value: float | None
    status: str


def _region(atlas: Atlas, vintage: Vintage, name: str) -> Member:
    rows = atlas.catalogue.regions.get(name)
    if rows is None:
        listed = ", ".join(atlas.catalogue.regions)
        raise NotFound(f"No region set is called {name!r}; there are: {listed}")
    valid = [
        r for r in rows if r.valid_from <= vintage.date and (r.valid_to is None or vintage.date <= r.valid_to)
    ]
    level = "prefecture" if all(r.area_code.endswith("000") for r in valid) else "municipality"
    gazetteer = atlas.gazetteer(vintage.date, level)
    positions = tuple(gazetteer.area(r.area_code).position for r in valid)
    return Member(name, rows[0].name_ja, rows[0].name_en, level, positions)


def _member(atlas: Atlas, vintage: Vintage, text: str) -> Member:
    """Return the line an `areas` item names: an area code in any form, or the id of a region set."""
    if text in atlas.catalogue.regions or not any(c.isdigit() for c in text):
        return _region(atlas, vintage, text)
    code = area_code(text)
    for level in vintage.levels:
        gazetteer = atlas.gazetteer(vintage.date, level)
        if code in gazetteer.position:
            area = gazetteer.area(code)
            return Member(code, area.name_ja, area.name_en, level, (area.position,))
    raise NotFound(f"No area has the code {code} on {vintage.date}; /v1/areas/{code} tells its changes")


def _members(atlas: Atlas, vintage: Vintage, areas: str) -> list[Member]:
    asked = list(dict.fromkeys(part.strip() for part in areas.split(",") if part.strip()))
    if not 1 <= len(asked) <= MAX_AREAS:
        finding = Finding(
            "query", "areas", areas[:80], f"1 to {MAX_AREAS} codes or region sets, comma separated"
        )
        raise InvalidParameter(f"areas must hold 1 to {MAX_AREAS} items", [finding])
    return [_member(atlas, vintage, text) for text in asked]


def _wanted_periods(periods: Sequence[str], first: str | None, last: str | None) -> list[str]:
    return [p for p in periods if (first is None or p >= first) and (last is None or p <= last)]


async def _points(
    atlas: Atlas, indicator: Indicator, vintage: Vintage, member: Member, first: str | None, last: str | None
) -> tuple[list[Point], tuple[str, ...]]:
    points: list[Point] = []
    sources: dict[str, None] = {}
    for period in _wanted_periods(atlas.periods(indicator, member.level), first, last):
        vector = await atlas.region_vector(indicator, period, member.level, vintage.date, member.positions)
        value = float(vector.values[0])
        points.append(Point(period, None if np.isnan(value) else value, STATUSES[vector.statuses[0]]))
        sources |= dict.fromkeys(vector.sources)
    return points, tuple(sources)


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
    """
    found, chosen = atlas.indicator(indicator), chosen_vintage(atlas, vintage)
    lines: list[dict[str, object]] = []
    used: dict[str, None] = {}
    for member in _members(atlas, chosen, areas):
        points, sources = await _points(atlas, found, chosen, member, first, last)
        used |= dict.fromkeys(sources)
        lines.append(
            {
                "area": member.id,
                "name": {"ja": member.name_ja, "en": member.name_en},
                "level": member.level,
                "points": [{"period": p.period, "value": p.value, "status": p.status} for p in points],
            }
        )
    body = {
        "indicator": found.id,
        "name": {"ja": found.name_ja, "en": found.name_en},
        "unit": {"ja": found.unit_ja, "en": found.unit_en},
        "period_kind": found.period_kind,
        "vintage": str(chosen.date),
        "revision": atlas.revision(found, chosen.date),
        "series": lines,
        "sources": sources_described(atlas, tuple(used)),
    }
    return json_answer(request, body)


@router.get("/series.csv", summary="Areas × periods of an indicator as CSV")
async def series_csv(
    request: Request,
    atlas: AtlasDep,
    indicator: IndicatorId,
    areas: Areas,
    first: First = None,
    last: Last = None,
    vintage: VintageDate = None,
    bom: Annotated[bool, Query(description="Begin with a byte order mark, for Excel")] = False,
) -> Response:
    """Return one row per area and period: indicator, area_code, name, period, value, status."""
    found, chosen = atlas.indicator(indicator), chosen_vintage(atlas, vintage)
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(["indicator", "area_code", "name", "name_en", "period", "value", "status"])
    for member in _members(atlas, chosen, areas):
        points, _ = await _points(atlas, found, chosen, member, first, last)
        for point in points:
            value = "" if point.value is None else f"{point.value:.15g}"
            rows.writerow(
                [found.id, member.id, member.name_ja, member.name_en, point.period, value, point.status]
            )
    body = text.getvalue().encode("utf-8-sig" if bom else "utf-8")
    state = digest(atlas.revision(found, chosen.date), str(request.url.query))
    return answer(request, encoded(lambda: body), CSV, state, download=f"{found.id}.csv")
