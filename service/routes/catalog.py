"""The catalogue for harvesters of data portals."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from service import dcat
from service.access import AtlasDep, base_url, next_page, only_known_parameters
from service.responses import JSON_LD, answer, answers, digest, encoded, to_json

router = APIRouter(tags=["catalogue"], dependencies=[Depends(only_known_parameters)])

MAX_LIMIT = 1000


@router.get("/catalog.jsonld", summary="All layers as DCAT", responses=answers(JSON_LD))
async def catalog(
    request: Request,
    atlas: AtlasDep,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Datasets of a page")] = MAX_LIMIT,
    offset: Annotated[int, Query(ge=0, le=1_000_000, description="Datasets before the page")] = 0,
) -> Response:
    """Return every layer as a dataset of DCAT 3 (DCAT-AP), in JSON-LD, for CKAN and other portals.

    Each has its title in Japanese and English, publisher, period, terms of use and credits, and by level
    distributions as GeoJSON, CSV, OGC API and tiles. `hydra:next` leads to the page after.
    """
    base = base_url(request)
    following = next_page(request, offset, limit, len(dcat.layers(atlas)))
    body = to_json(dcat.catalogue(atlas, base, offset, limit, following and base + following))
    return answer(request, encoded(lambda: body), JSON_LD, digest(body.hex()))
