"""The OGC API - Features: every collection, its features, what they can be filtered by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from geo.crs import reference_system
from service.http.addresses import base_url, next_page
from service.http.dependencies import AtlasDep, OneMoment, only_known_parameters
from service.http.forms import answers
from service.http.responses import HTML, JSON
from service.layers.views import one_of
from service.memory.atlas import Atlas
from service.ogc import documents, forms, html
from service.ogc.collections import Collection, collection, collections
from service.ogc.documents import GEOJSON, OPENAPI30, SCHEMA, link
from service.ogc.forms import Link
from service.ogc.items import DETAILS, Wanted, feature, is_held, page, poured, read
from service.ogc.requests import (
    PREFIX,
    Document,
    Form,
    Titles,
    _sent,
    document,
    framed,
    is_html,
    language,
    root_of,
    sent,
)

router = APIRouter(route_class=OneMoment, prefix=PREFIX, tags=["ogc"])
documented = [Depends(only_known_parameters)]

Outlines = Annotated[
    str | None,
    Query(description="`high`, `medium` or `low` outlines", json_schema_extra=one_of(*DETAILS)),
]
WHOLE = {"pattern": r"^\d{1,12}$"}
Limit = Annotated[
    str | None,
    Query(description="Features of a page, 2,000 without, 10,000 at most", json_schema_extra=WHOLE),
]
Offset = Annotated[str | None, Query(description="Features before the page", json_schema_extra=WHOLE)]
After = Annotated[str | None, Query(description="Id of the last feature of the page before")]
Box = Annotated[str | None, Query(description="Only features that meet this box")]
BoxCrs = Annotated[str | None, Query(alias="bbox-crs", description="CRS of `bbox`")]
Times = Annotated[str | None, Query(description="RFC 3339 date, time or interval: features of these periods")]
Condition = Annotated[str | None, Query(description="CQL2 condition")]
FilterLanguage = Annotated[
    str | None,
    Query(
        alias="filter-lang",
        description="`cql2-text` or `cql2-json`",
        json_schema_extra=one_of("cql2-text", "cql2-json"),
    ),
]
FilterCrs = Annotated[str | None, Query(alias="filter-crs", description="CRS of the geometries in `filter`")]
Crs = Annotated[str | None, Query(description="CRS of the answer, as the collection lists them")]
Order = Annotated[str | None, Query(description="Properties; `-` before one that descends")]
Properties = Annotated[str | None, Query(description="Properties to tell")]


@router.get(
    "",
    summary="OGC API: landing page",
    dependencies=documented,
    responses=answers(JSON, HTML, form=forms.Landing),
)
@router.get("/", include_in_schema=False, dependencies=documented)
async def landing(request: Request, f: Form = None, lang: Titles = None) -> Response:
    """Return where everything of the OGC API is."""
    chosen, root = language(request, lang), root_of(request)
    return await document(
        request, documents.TITLE[chosen], lambda: documents.landing(root, chosen), f, chosen
    )


@router.get(
    "/conformance",
    summary="OGC API: conformance classes",
    dependencies=documented,
    responses=answers(JSON, HTML, form=forms.Conformance),
)
async def conformance(request: Request, f: Form = None, lang: Titles = None) -> Response:
    """Return the conformance classes that tests prove."""
    told: forms.Conformance = {"conformsTo": list(documents.CONFORMANCE)}
    return await document(request, "Conformance", lambda: told, f, language(request, lang))


@router.get(
    "/api",
    summary="OGC API: OpenAPI 3.0 document",
    dependencies=documented,
    responses=answers(OPENAPI30, form=forms.OpenApi30),
)
async def api(request: Request) -> Response:
    """Return the OGC API as an OpenAPI 3.0 document."""
    root, version = root_of(request), request.app.version
    return await _sent(request, lambda: documents.openapi(root, version), OPENAPI30, None)


@router.get(
    "/collections",
    summary="OGC API: collections",
    dependencies=documented,
    responses=answers(JSON, HTML, form=forms.Collections),
)
async def listed(
    request: Request,
    atlas: AtlasDep,
    q: Annotated[str, Query(max_length=100, description="Words that id or title hold")] = "",
    limit: Annotated[
        int, Query(ge=1, le=documents.MOST_LISTED, description="Collections of a page")
    ] = documents.MOST_LISTED,
    offset: Annotated[int, Query(ge=0, le=1_000_000, description="Collections before the page")] = 0,
    f: Form = None,
    lang: Titles = None,
) -> Response:
    """Return collections, a page at a time: areas and layers by level, deployments, gap cells, stops."""
    root, chosen = root_of(request), language(request, lang)

    def make() -> Document:
        found = collections(atlas, q)
        page = found[offset : offset + limit]
        links = [
            link(f"{root}/collections?f=json", "self", JSON, "This document"),
            link(f"{root}/collections?f=html", "alternate", "text/html", "This document as HTML"),
        ]
        following = next_page(request, offset, limit, len(found))
        if following is not None:
            links.append(link(base_url(request) + following, "next", JSON, "The next page"))
        return {
            "links": links,
            "numberMatched": len(found),
            "numberReturned": len(page),
            "crs": documents.CRS_LIST,
            "collections": [documents.described(atlas, one, root, chosen) for one in page],
        }

    def as_page(told: Document) -> bytes:
        return html.listed(html.COLLECTIONS[chosen], told, framed(request, chosen), root)

    return await _sent(request, make, JSON, as_page if is_html(request, f) else None, atlas.state())


@router.get(
    "/collections/{collection_id}",
    summary="OGC API: a collection",
    dependencies=documented,
    responses=answers(JSON, HTML, form=forms.Collection),
)
async def described(
    request: Request, atlas: AtlasDep, collection_id: str, f: Form = None, lang: Titles = None
) -> Response:
    """Return a collection: its extent, its CRSs, its periods, and where its features are."""
    found, chosen = collection(atlas, collection_id), language(request, lang)
    root = root_of(request)
    return await document(
        request,
        found.title[chosen],
        lambda: documents.described(atlas, found, root, chosen),
        f,
        chosen,
    )


@router.get(
    "/collections/{collection_id}/queryables",
    summary="OGC API: what can be filtered by",
    dependencies=documented,
    responses=answers(SCHEMA, HTML, form=forms.FeatureSchema),
)
@router.get(
    "/collections/{collection_id}/schema",
    summary="OGC API: what a feature has",
    dependencies=documented,
    responses=answers(SCHEMA, HTML, form=forms.FeatureSchema),
)
async def schema(
    request: Request, atlas: AtlasDep, collection_id: str, f: Form = None, lang: Titles = None
) -> Response:
    """Return the properties of a collection's features as JSON Schema."""
    found, chosen = collection(atlas, collection_id), language(request, lang)
    what = request.url.path.rpartition("/")[2]
    address = f"{root_of(request)}/collections/{found.id}/{what}"

    def make() -> Document:
        return documents.schema(found, address, chosen, queryable=what == "queryables")

    return await document(request, found.title[chosen], make, f, chosen, SCHEMA)


@router.get(
    "/collections/{collection_id}/schemas/feature",
    summary="OGC API: a feature as GeoJSON",
    dependencies=documented,
    responses=answers(SCHEMA, HTML, form=forms.GeoJsonSchema),
)
async def feature_schema(
    request: Request, atlas: AtlasDep, collection_id: str, f: Form = None, lang: Titles = None
) -> Response:
    """Return the JSON Schema of features as `items` tells them: type, id, geometry, properties."""
    found, chosen = collection(atlas, collection_id), language(request, lang)
    address = f"{root_of(request)}/collections/{found.id}/schemas/feature"

    def make() -> Document:
        return documents.geojson_schema(found, address, chosen)

    return await document(request, found.title[chosen], make, f, chosen, SCHEMA)


@router.get(
    "/collections/{collection_id}/items",
    summary="OGC API: features",
    responses=answers(GEOJSON, HTML, form=forms.CollectionFeatures),
)
async def items(
    request: Request,
    atlas: AtlasDep,
    collection_id: str,
    f: Form = None,
    lang: Titles = None,
    limit: Limit = None,
    offset: Offset = None,
    after: After = None,
    bbox: Box = None,
    bbox_crs: BoxCrs = None,
    datetime: Times = None,
    filter: Condition = None,
    filter_lang: FilterLanguage = None,
    filter_crs: FilterCrs = None,
    crs: Crs = None,
    sortby: Order = None,
    properties: Properties = None,
    detail: Outlines = None,
) -> Response:
    """Return the features of a collection that match, a page of them, and how many match in all.

    Every property is a parameter too: `?prefecture=10000`. The link `next` leads to the page after; what is
    loaded meanwhile neither repeats a feature nor leaves one out.
    """
    found, chosen, root = collection(atlas, collection_id), language(request, lang), root_of(request)
    asked = dict(sorted(request.query_params.items()))  # the links of an answer that is kept have one order
    wanted = read(found, asked)
    address = f"{root}/collections/{found.id}/items"
    is_page = is_html(request, f)

    def members(matched: int, returned: int, following: str | None) -> dict[str, object]:
        return {
            "type": "FeatureCollection",
            "numberMatched": matched,
            "numberReturned": returned,
            "links": _links(address, asked, found, wanted, following, root),
        }

    def make() -> Document:
        shown = page(atlas, found, wanted)
        said = members(shown.matched, len(shown.features), None if shown.is_last else shown.last)
        return {**said, "features": shown.features}

    def as_page(told: Document) -> bytes:
        names = wanted.properties or found.names
        return html.features(found.title[chosen], names, told, framed(request, chosen), root)

    def produce(gzipped: bool) -> bytes:
        return poured(atlas, found, wanted, members, gzipped=gzipped)

    headers, state = {"Content-Crs": f"<{wanted.system.uri}>"}, _state(atlas, found)
    if is_page or not is_held(found):
        return await _sent(request, make, GEOJSON, as_page if is_page else None, state, headers=headers)
    return await sent(request, produce, GEOJSON, state, headers=headers)


def _state(atlas: Atlas, found: Collection) -> str:
    """Return what changes whenever the features of a collection do."""
    return atlas.state_of(found.indicator) if found.indicator is not None else atlas.state(*found.made_of)


def _links(
    address: str, asked: Mapping[str, str], found: Collection, wanted: Wanted, last: str | None, root: str
) -> list[Link]:
    def at(**changed: Any) -> str:
        query = {k: v for k, v in (dict(asked) | changed).items() if v is not None}
        return f"{address}?{urlencode(query)}" if query else address

    links = [
        link(at(), "self", GEOJSON, "This document"),
        link(at(f="html"), "alternate", "text/html", "This document as HTML"),
        link(f"{root}/collections/{found.id}", "collection", JSON, "The collection"),
    ]
    if last is not None:
        following = at(offset=wanted.offset + wanted.limit) if wanted.sortby else at(after=last, offset=None)
        links.append(link(following, "next", GEOJSON, "The next page"))
    return links


@router.get(
    "/collections/{collection_id}/items/{feature_id:path}",
    summary="OGC API: a feature",
    dependencies=documented,
    responses=answers(GEOJSON, HTML, form=forms.LinkedFeature),
)
async def item(
    request: Request,
    atlas: AtlasDep,
    collection_id: str,
    feature_id: str,
    f: Form = None,
    lang: Titles = None,
    crs: Annotated[str | None, Query(description="CRS of the answer")] = None,
    detail: Outlines = None,
) -> Response:
    """Return one feature by its id: an area's code, with the period behind it for a layer (10201-2020)."""
    found, chosen, root = collection(atlas, collection_id), language(request, lang), root_of(request)
    system = reference_system(crs or "CRS84")
    address = f"{root}/collections/{found.id}"

    def make() -> Document:
        told = feature(atlas, found, feature_id, system, detail or "high")
        links = [
            link(f"{address}/items/{feature_id}?f=json", "self", GEOJSON, "This document"),
            link(f"{address}/items/{feature_id}?f=html", "alternate", "text/html", "This document as HTML"),
            link(address, "collection", JSON, "The collection"),
        ]
        return told | {"links": links}

    def as_page(told: Document) -> bytes:
        shown = {"properties": told["properties"], "links": told["links"]}
        return html.document(feature_id, shown, framed(request, chosen), root)

    headers = {"Content-Crs": f"<{system.uri}>"}
    page_of = as_page if is_html(request, f) else None
    return await _sent(request, make, GEOJSON, page_of, _state(atlas, found), headers=headers)
