"""A layer read out: in words, in order of value, and over all of its periods."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from fastapi import Query, Request
from fastapi.responses import Response

from geo.errors import Finding, InvalidParameter
from geo.figures.statistics import Order
from service.areas.geometry import Parent, parent_of
from service.http.addresses import next_page
from service.http.dependencies import AtlasDep, PictureDep, api_router, worked_out
from service.http.forms import answers
from service.http.responses import JSON, Told, encoded, kept, kept_json, to_json
from service.layers.forms import Periods, Ranking, Summary, about, periods_described, row_described
from service.layers.ranking import Place, Positions, places
from service.layers.readings import words_and_citation
from service.layers.views import Picture, Revision, is_current, pictures_of_periods
from service.memory.atlas import Atlas
from service.memory.cache import digest

router = api_router(prefix="/v1/layers/{layer}", tags=["layers"])

SHOWN = 3


@router.get("/summary.json", summary="A map in words", responses=answers(JSON, form=Summary))
async def summary(request: Request, atlas: AtlasDep, picture: PictureDep, parent: Parent = None) -> Response:
    """Return the map in plain Japanese and English: what, where, when, highest, lowest, missing and why.

    With it the three highest and lowest areas, the median, and the citation with the sources' required
    wording.
    """
    inside = parent_of(parent)
    positions = picture.gazetteer.within(inside)

    def make() -> Summary:
        text, cited = words_and_citation(atlas, picture, inside)
        is_ranked = picture.view.indicator.kind != "category"
        ordered = places(atlas, picture, positions) if is_ranked else []
        values = picture.vector.values[positions]
        finite = values[np.isfinite(values)]
        return {
            **about(atlas, picture),
            "parent": parent,
            "text": text,
            "citation": cited,
            "n": len(finite),
            "missing": len(values) - len(finite),
            "median": float(np.median(finite)) if is_ranked and len(finite) else None,
            "highest": [row_described(one) for one in ordered[:SHOWN]],
            "lowest": [row_described(one) for one in ordered[: -SHOWN - 1 : -1]],
        }

    return await kept_json(request, atlas, make, picture.etag)


def _ordered(atlas: Atlas, picture: Picture, positions: Positions) -> tuple[list[Place], Order]:
    indicator = picture.view.indicator
    if indicator.kind == "category":
        finding = Finding("path", "layer", indicator.id, "a layer of numbers; see statistics.json")
        raise InvalidParameter(f"{indicator.id} has categories, which have no order", [finding])
    lowest_first = indicator.direction == "lower"
    found = places(atlas, picture, positions, lowest_first=lowest_first)
    order: Order = "lowest first" if lowest_first else "highest first"
    return found, order


@router.get("/ranking.json", summary="Areas in order of value", responses=answers(JSON, form=Ranking))
async def ranking(
    request: Request,
    atlas: AtlasDep,
    picture: PictureDep,
    parent: Parent = None,
    limit: Annotated[int, Query(ge=1, le=2000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """Return the areas that have a value, the better first (the highest where neither is better).

    Equal values share the better rank. A layer of categories has no order and is refused.
    """
    positions = picture.gazetteer.within(parent_of(parent))

    def make() -> Ranking:
        found, order = _ordered(atlas, picture, positions)
        return {
            **about(atlas, picture),
            "parent": parent,
            "order": order,
            "n": len(found),
            "missing": len(positions) - len(found),
            "next": next_page(request, offset, limit, len(found)),
            "rows": [row_described(one) for one in found[offset : offset + limit]],
        }

    return await kept_json(request, atlas, make, picture.etag)


@router.get(
    "/periods.json",
    summary="Values of every period, for a time slider",
    responses=answers(JSON, form=Periods),
)
async def periods(
    request: Request,
    atlas: AtlasDep,
    picture: PictureDep,
    parent: Parent = None,
    rev: Revision = None,
) -> Response:
    """Return the values and classes of every period in columns, in the order of `codes`.

    Classes are those of each period's tiles; with `breaks_over=all` they mean the same in all of them.
    Values are rounded to two decimals more than the indicator is shown with.
    """
    positions, view = picture.gazetteer.within(parent_of(parent)), picture.view
    every = atlas.periods(view.indicator, view.level)
    await worked_out(atlas, view.indicator, every, view.level, view.vintage.date)

    def make() -> bytes:
        return to_json(periods_described(atlas, picture, pictures_of_periods(atlas, picture.view), positions))

    told = Told(JSON, is_current(rev, picture), picture.revision)
    return await kept(request, atlas, digest(picture.etag, "periods", parent), encoded(make), told)
