"""The OGC API - Features: every collection, its features, what they can be filtered by."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from geo.crs import reference_system
from geo.errors import Finding, InvalidParameter
from service.access import AtlasDep, base_url, only_known_parameters
from service.atlas import Atlas
from service.ogc import documents, html
from service.ogc.collections import Collection, collection, collections
from service.ogc.documents import GEOJSON, OPENAPI30, SCHEMA, link
from service.ogc.items import DETAILS, Wanted, feature, page, read
from service.responses import HTML, JSON, answer, answers, digest, encoded
from service.views import Language, one_of

PREFIX = "/ogc"
#: What the documents of the OGC API are told in.
DOCUMENT = answers(JSON, HTML)

router = APIRouter(prefix=PREFIX, tags=["ogc"])
documented = [Depends(only_known_parameters)]

Form = Annotated[
    str | None,
    Query(
        max_length=40,
        description="`json` or `html`; else as Accept says",
        json_schema_extra=one_of("json", "html"),
    ),
]
Titles = Annotated[
    str | None,
    Query(
        max_length=2,
        description="Language of titles: `ja` or `en`; else as Accept-Language says",
        json_schema_extra=one_of("ja", "en"),
    ),
]
Outlines = Annotated[
    str | None,
    Query(description="`high`, `medium` or `low` outlines", json_schema_extra=one_of(*DETAILS)),
]
WHOLE = {"pattern": r"^\d{1,12}$"}


def root_of(request: Request) -> str:
    """Return the address of the OGC API."""
    return base_url(request) + PREFIX


def is_html(request: Request, form: str | None) -> bool:
    """Return whether a page is wanted and no JSON: by ``f``, else by what Accept names first."""
    if form is not None:
        if form not in ("json", "html"):
            raise InvalidParameter("f is not valid", [Finding("query", "f", form[:80], "json or html")])
        return form == "html"
    accepted = request.headers.get("accept", "")
    at = accepted.find("text/html")
    json_at = accepted.find("json")
    return at >= 0 and (json_at < 0 or at < json_at)


def language(request: Request, lang: str | None) -> Language:
    """Return the language of titles."""
    if lang is not None and lang not in ("ja", "en"):
        raise InvalidParameter("lang is not valid", [Finding("query", "lang", lang[:80], "ja or en")])
    told = lang or request.headers.get("accept-language", "ja")
    return "en" if told.startswith("en") else "ja"


def _sent(
    request: Request,
    told: Mapping[str, object],
    media_type: str,
    as_html: Callable[[], bytes] | None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    body = as_html() if as_html else orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)
    sent = answer(request, encoded(lambda: body), HTML if as_html else media_type, digest(body.hex()))
    sent.headers["Vary"] = "Accept, Accept-Encoding, Accept-Language"
    for name, value in (headers or {}).items():
        sent.headers[name] = value
    return sent


def document(
    request: Request, title: str, told: Mapping[str, object], f: str | None, lang: Language, kind: str = JSON
) -> Response:
    """Return a document of the OGC API as JSON or as a page."""
    page_of = (lambda: html.document(title, told, lang, root_of(request))) if is_html(request, f) else None
    return _sent(request, told, kind, page_of)


@router.get("", summary="OGC API: landing page", dependencies=documented, responses=DOCUMENT)
@router.get("/", include_in_schema=False, dependencies=documented)
async def landing(request: Request, f: Form = None, lang: Titles = None) -> Response:
    """Return where everything of the OGC API is."""
    chosen = language(request, lang)
    told = documents.landing(root_of(request), chosen)
    return document(request, documents.TITLE[chosen], told, f, chosen)


@router.get(
    "/conformance", summary="OGC API: conformance classes", dependencies=documented, responses=DOCUMENT
)
async def conformance(request: Request, f: Form = None, lang: Titles = None) -> Response:
    """Return the conformance classes that tests prove."""
    told = {"conformsTo": list(documents.CONFORMANCE)}
    return document(request, "Conformance", told, f, language(request, lang))


@router.get(
    "/api", summary="OGC API: OpenAPI 3.0 document", dependencies=documented, responses=answers(OPENAPI30)
)
async def api(request: Request, atlas: AtlasDep) -> Response:
    """Return the OGC API as an OpenAPI 3.0 document."""
    told = documents.openapi(root_of(request), list(collections(atlas).values()), request.app.version)
    return _sent(request, told, OPENAPI30, None)


@router.get("/collections", summary="OGC API: collections", dependencies=documented, responses=DOCUMENT)
async def listed(request: Request, atlas: AtlasDep, f: Form = None, lang: Titles = None) -> Response:
    """Return every collection: areas by level, every layer by level, deployments, gap cells, stops."""
    root, chosen = root_of(request), language(request, lang)
    found = [documents.described(atlas, one, root, chosen) for one in collections(atlas).values()]
    told = {
        "links": [
            link(f"{root}/collections?f=json", "self", JSON, "This document"),
            link(f"{root}/collections?f=html", "alternate", "text/html", "This document as HTML"),
        ],
        "numberMatched": len(found),
        "numberReturned": len(found),
        "crs": documents.CRS_LIST,
        "collections": found,
    }
    if is_html(request, f):
        return _sent(request, told, JSON, lambda: html.listed(html.COLLECTIONS[chosen], found, chosen, root))
    return _sent(request, told, JSON, None)


@router.get(
    "/collections/{collection_id}",
    summary="OGC API: a collection",
    dependencies=documented,
    responses=DOCUMENT,
)
async def described(
    request: Request, atlas: AtlasDep, collection_id: str, f: Form = None, lang: Titles = None
) -> Response:
    """Return a collection: its extent, its CRSs, its periods, and where its features are."""
    found, chosen = collection(atlas, collection_id), language(request, lang)
    told = documents.described(atlas, found, root_of(request), chosen)
    return document(request, found.title[chosen], told, f, chosen)


@router.get(
    "/collections/{collection_id}/queryables",
    summary="OGC API: what can be filtered by",
    dependencies=documented,
    responses=answers(SCHEMA, HTML),
)
@router.get(
    "/collections/{collection_id}/schema",
    summary="OGC API: what a feature has",
    dependencies=documented,
    responses=answers(SCHEMA, HTML),
)
async def schema(
    request: Request, atlas: AtlasDep, collection_id: str, f: Form = None, lang: Titles = None
) -> Response:
    """Return the properties of a collection's features as JSON Schema."""
    found, chosen = collection(atlas, collection_id), language(request, lang)
    what = request.url.path.rpartition("/")[2]
    address = f"{root_of(request)}/collections/{found.id}/{what}"
    told = documents.schema(found, address, chosen, queryable=what == "queryables")
    return document(request, found.title[chosen], told, f, chosen, SCHEMA)


@router.get(
    "/collections/{collection_id}/items", summary="OGC API: features", responses=answers(GEOJSON, HTML)
)
async def items(
    request: Request,
    atlas: AtlasDep,
    collection_id: str,
    f: Form = None,
    lang: Titles = None,
    limit: Annotated[
        str | None,
        Query(description="Features of a page, 2,000 without, 10,000 at most", json_schema_extra=WHOLE),
    ] = None,
    offset: Annotated[
        str | None, Query(description="Features before the page", json_schema_extra=WHOLE)
    ] = None,
    after: Annotated[str | None, Query(description="Id of the last feature of the page before")] = None,
    bbox: Annotated[str | None, Query(description="Only features that meet this box")] = None,
    bbox_crs: Annotated[str | None, Query(alias="bbox-crs", description="CRS of `bbox`")] = None,
    datetime: Annotated[
        str | None, Query(description="RFC 3339 date, time or interval: features of these periods")
    ] = None,
    filter: Annotated[str | None, Query(description="CQL2 condition")] = None,
    filter_lang: Annotated[
        str | None,
        Query(
            alias="filter-lang",
            description="`cql2-text` or `cql2-json`",
            json_schema_extra=one_of("cql2-text", "cql2-json"),
        ),
    ] = None,
    filter_crs: Annotated[
        str | None, Query(alias="filter-crs", description="CRS of the geometries in `filter`")
    ] = None,
    crs: Annotated[str | None, Query(description="CRS of the answer, as the collection lists them")] = None,
    sortby: Annotated[str | None, Query(description="Properties; `-` before one that descends")] = None,
    properties: Annotated[str | None, Query(description="Properties to tell")] = None,
    detail: Outlines = None,
) -> Response:
    """Return the features of a collection that match, a page of them, and how many match in all.

    Every property is a parameter too: `?prefecture=10000`. The link `next` leads to the page after; what is
    loaded meanwhile neither repeats a feature nor leaves one out.
    """
    found, chosen, root = collection(atlas, collection_id), language(request, lang), root_of(request)
    asked = dict(request.query_params)
    wanted = read(found, asked)
    shown = await page(atlas, found, wanted)
    address = f"{root}/collections/{found.id}/items"
    head = {
        "timeStamp": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "numberMatched": shown.matched,
        "numberReturned": len(shown.features),
        "links": _links(address, asked, found, wanted, shown.last if not shown.is_last else None, root),
    }
    headers = {"Content-Crs": f"<{wanted.system.uri}>"}
    if is_html(request, f):
        names = wanted.properties or found.names
        title = found.title[chosen]
        return _sent(
            request,
            head,
            HTML,
            lambda: html.features(title, names, shown.features, head, chosen, root),
            headers,
        )
    body = {"type": "FeatureCollection", **head, "features": shown.features}
    state = digest(_state(atlas, found), sorted(asked.items()))
    sent = answer(
        request, encoded(lambda: orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE)), GEOJSON, state
    )
    sent.headers["Vary"] = "Accept, Accept-Encoding, Accept-Language"
    for name, value in headers.items():
        sent.headers[name] = value
    return sent


def _state(atlas: Atlas, found: Collection) -> object:
    """Return what changes whenever the features of a collection do."""
    if found.indicator is not None:
        return atlas.revision(found.indicator, found.vintage.date)
    return [found.vintage.revision, atlas.catalogue.policy.revision, atlas.generation, found.id]


def _links(
    address: str, asked: Mapping[str, str], found: Collection, wanted: Wanted, last: str | None, root: str
) -> list[dict[str, str]]:
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
    responses=answers(GEOJSON, HTML),
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
    told = await feature(atlas, found, feature_id, system, detail or "high")
    address = f"{root}/collections/{found.id}"
    told["links"] = [
        link(f"{address}/items/{feature_id}?f=json", "self", GEOJSON, "This document"),
        link(f"{address}/items/{feature_id}?f=html", "alternate", "text/html", "This document as HTML"),
        link(address, "collection", JSON, "The collection"),
    ]
    shown = {"properties": told["properties"], "links": told["links"]}
    as_html = (lambda: html.document(feature_id, shown, chosen, root)) if is_html(request, f) else None
    return _sent(request, told, GEOJSON, as_html, {"Content-Crs": f"<{system.uri}>"})
