"""The catalogue for harvesters of data portals."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from service.http.addresses import base_url, next_page
from service.http.dependencies import AtlasDep, api_router
from service.http.forms import answers
from service.http.responses import JSON_LD, Told, encoded, kept, state_of, to_json
from service.publish import dcat
from service.settings import Settings

router = api_router(tags=["catalogue"])

MAX_LIMIT = 1000


@router.get("/catalog.jsonld", summary="All layers as DCAT", responses=answers(JSON_LD, form=dcat.Catalogue))
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
    settings: Settings = request.app.state.settings

    def make() -> bytes:
        following = next_page(request, offset, limit, len(dcat.layers(atlas)))
        host = dcat.Host(base, settings.contact)
        return to_json(dcat.catalogue(atlas, host, offset, limit, following and base + following))

    return await kept(request, atlas, state_of(request, atlas.state(), base), encoded(make), Told(JSON_LD))
