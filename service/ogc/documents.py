"""The documents of the OGC API: what it conforms to, what a collection is, and the API in OpenAPI 3.0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from geo.crs import CRS84, reference_systems
from geo.text import Language, Text
from service.areas.gazetteer import LEVELS, Gazetteer
from service.http.responses import JSON_LD, MLT, MVT, PNG
from service.memory.atlas import Atlas
from service.ogc import forms
from service.ogc.collections import PROPERTIES, SCHEMAS, SHAPES, Collection
from service.ogc.forms import Extent, FeatureSchema, GeoJsonSchema, Landing, Link, OpenApi30
from service.ogc.items import ABSURD_LIMIT, DEFAULT_LIMIT, DETAILS, MAX_LIMIT

FEATURES = "http://www.opengis.net/spec/ogcapi-features-"
CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf/"
COMMON = "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/"
TILES = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/"
STYLES = "http://www.opengis.net/spec/ogcapi-styles-1/1.0/conf/"
CONFORMANCE = (
    *(f"{FEATURES}1/1.0/conf/{name}" for name in ("core", "geojson", "html", "oas30")),
    f"{FEATURES}2/1.0/conf/crs",
    *(
        f"{FEATURES}3/1.0/conf/{name}"
        for name in ("queryables", "queryables-query-parameters", "filter", "features-filter")
    ),
    *(
        f"{CQL2}{name}"
        for name in (
            "cql2-text",
            "cql2-json",
            "basic-cql2",
            "advanced-comparison-operators",
            "case-insensitive-comparison",
            "accent-insensitive-comparison",
            "basic-spatial-functions",
            "basic-spatial-functions-plus",
            "spatial-functions",
            "temporal-functions",
            "array-functions",
            "property-property",
            "arithmetic",
        )
    ),
    *(f"{COMMON}{name}" for name in ("core", "landing-page", "json", "html", "oas30")),
    *(
        f"{TILES}{name}"
        for name in ("core", "tileset", "tilesets-list", "dataset-tilesets", "geodata-tilesets", "mvt", "png")
    ),
    *(f"{STYLES}{name}" for name in ("core", "global-styles", "collection-styles", "mapbox-styles")),
)

#: Collections of a page.
MOST_LISTED = 1000
#: The one tile matrix set.
WEB_MERCATOR = "WebMercatorQuad"
OPENAPI30 = "application/vnd.oai.openapi+json;version=3.0"
SCHEMA = "application/schema+json"
STYLE = "application/vnd.mapbox.style+json"
GEOJSON = "application/geo+json"

CRS_LIST = list(reference_systems())
TITLE: Text = {"ja": "chiiki 地域：OGC API", "en": "chiiki: OGC API"}
ABOUT: Text = {
    "ja": "日本の都道府県・市区町村の統計と施策を、地物・タイルとして。",
    "en": "Regional figures and policy measures of Japan as features and tiles.",
}


STYLES_TITLE: Text = {"ja": "すべての層のスタイル", "en": "Styles of all layers"}
JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
MISSING: Text = {
    "ja": "値のない属性は null。",
    "en": "A property that is missing is null.",
}
#: What features are drawn as in GeoJSON.
GEOMETRIES = {
    "areas": ("Polygon", "MultiPolygon"),
    "layer": ("Polygon", "MultiPolygon"),
    "cells": ("Polygon", "MultiPolygon"),
    "deployments": ("MultiPoint",),
    "stops": ("Point",),
}


def link(href: str, rel: str, media_type: str, title: str) -> Link:
    """Return a link."""
    return {"href": href, "rel": rel, "type": media_type, "title": title}


def landing(root: str, lang: Language) -> Landing:
    """Return the landing page; ``root`` is the address of the OGC API."""
    service = root.rsplit("/", 1)[0]
    return {
        "title": TITLE[lang],
        "description": ABOUT[lang],
        "links": [
            link(f"{root}?f=json", "self", "application/json", "This document"),
            link(f"{root}?f=html", "alternate", "text/html", "This document as HTML"),
            link(f"{root}/api", "service-desc", OPENAPI30, "The API (OpenAPI 3.0)"),
            link(f"{service}/docs", "service-doc", "text/html", "The API for people"),
            link(f"{root}/conformance", "conformance", "application/json", "Conformance classes"),
            link(f"{root}/conformance", f"{OGC_REL}conformance", "application/json", "Conformance classes"),
            link(f"{root}/collections", "data", "application/json", "Collections"),
            link(f"{root}/collections", f"{OGC_REL}data", "application/json", "Collections"),
            link(f"{root}/joins", f"{OGC_REL}joins", GEOJSON, "Join a table to areas (POST)"),
            # RFC 8631, 4.3: what helps machines to find and judge the service
            link(f"{service}/catalog.jsonld", "service-meta", JSON_LD, "All layers as a catalogue (DCAT)"),
            link(
                f"{root}/tileMatrixSets", f"{OGC_REL}tiling-schemes", "application/json", "Tile matrix sets"
            ),
            link(f"{root}/tiles", f"{OGC_REL}tilesets-vector", "application/json", "Vector tiles"),
            link(f"{root}/map/tiles", f"{OGC_REL}tilesets-map", "application/json", "Map tiles"),
            link(f"{root}/styles", f"{OGC_REL}styles", "application/json", "Styles of all layers"),
        ],
    }


OGC_REL = "http://www.opengis.net/def/rel/ogc/1.0/"


def extent(atlas: Atlas, found: Collection) -> Extent:
    """Return where and when the features of a collection are."""
    level = found.level or "prefecture"
    gazetteer: Gazetteer = atlas.gazetteer(found.vintage.date, level)
    told: Extent = {"spatial": {"bbox": [list(gazetteer.bounds)], "crs": CRS84}}
    if found.periods:
        first, last = found.days(found.periods[0])[0], found.days(found.periods[-1])[1]
        told["temporal"] = {
            "interval": [[f"{first}T00:00:00Z", f"{last}T23:59:59Z"]],
            "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian",
        }
    return told


def described(atlas: Atlas, found: Collection, root: str, lang: Language) -> forms.Collection:
    """Return a collection as its document."""
    own = f"{root}/collections/{found.id}"
    service = root.rsplit("/", 1)[0]
    links = [
        link(f"{own}?f=json", "self", "application/json", "This document"),
        link(f"{own}?f=html", "alternate", "text/html", "This document as HTML"),
        link(f"{own}/items", "items", GEOJSON, "Features as GeoJSON"),
        link(f"{own}/items?f=html", "items", "text/html", "Features as HTML"),
        link(f"{own}/queryables", f"{OGC_REL}queryables", SCHEMA, "What can be filtered by"),
        # of what is sent, from which GDAL reads the types of columns; before 3.8 it knows one spelling of the
        # relation alone, though they are all the same (RFC 8288, 2.1.1)
        link(f"{own}/schemas/feature", "describedby", SCHEMA, "A feature as GeoJSON"),
        link(f"{own}/schemas/feature", "describedBy", SCHEMA, "A feature as GeoJSON"),
        link(f"{own}/schema", f"{OGC_REL}schema", SCHEMA, "What a feature has"),
    ]
    if found.indicator is not None:
        layer = f"{service}/v1/layers/{found.indicator.id}"
        links += [
            link(f"{own}/tiles", f"{OGC_REL}tilesets-vector", "application/json", "Vector tiles"),
            link(f"{own}/map/tiles", f"{OGC_REL}tilesets-map", "application/json", "Map tiles"),
            link(f"{own}/styles", f"{OGC_REL}styles", "application/json", "Styles"),
            link(f"{layer}/tiles.json?level={found.level}", "related", "application/json", "TileJSON"),
            link(f"{service}/?layer={found.indicator.id}&level={found.level}", "related", "text/html", "Map"),
        ]
    told: forms.Collection = {
        "id": found.id,
        "title": found.title[lang],
        "description": found.description[lang],
        "itemType": "feature",
        "extent": extent(atlas, found),
        "crs": CRS_LIST,
        "storageCrs": CRS84,
        "attribution": found.vintage.credit[lang],
        "links": links,
    }
    if found.periods:
        told["periods"] = list(found.periods)
    return told


def schema(found: Collection, address: str, lang: Language, *, queryable: bool) -> FeatureSchema:
    """Return the JSON Schema of a collection's properties, or of those it can be filtered by."""
    properties: dict[str, dict[str, object]] = {}
    for one in found.properties:
        properties[one.name] = {
            "title": one.ja if lang == "ja" else one.en,
            **SCHEMAS[one.kind],
            **({"x-ogc-unit": one.unit} if one.unit else {}),
        }
    properties["geometry"] = {
        "title": "位置" if lang == "ja" else "Geometry",
        "x-ogc-role": "primary-geometry",
        "format": SHAPES[found.what],
    }
    told: FeatureSchema = {
        "$schema": JSON_SCHEMA,
        "$id": address,
        "type": "object",
        "title": found.title[lang],
        "properties": properties,
    }
    if queryable:
        told["additionalProperties"] = False
    return told


def geojson_schema(found: Collection, address: str, lang: Language) -> GeoJsonSchema:
    """Return the JSON Schema of a collection's features as GeoJSON; what is null there is missing."""
    own = schema(found, address, lang, queryable=False)
    geometry = own["properties"].pop("geometry")
    return {
        "$schema": JSON_SCHEMA,
        "$id": address,
        "type": "object",
        "title": found.title[lang],
        "description": MISSING[lang],
        "required": ["type", "id", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"type": "string"},
            "geometry": {
                "title": geometry["title"],
                "anyOf": [
                    {"type": "null"},
                    *({"$ref": f"https://geojson.org/schema/{kind}.json"} for kind in GEOMETRIES[found.what]),
                ],
            },
            "properties": {"type": "object", "properties": own["properties"]},
        },
    }


def _parameter(name: str, where: str, told: Mapping[str, object], description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": where,
        "required": where == "path",
        "description": description,
        "schema": dict(told),
        **({"style": "form", "explode": False} if where == "query" else {}),
    }


TEXT: dict[str, object] = {"type": "string"}
OBJECT: dict[str, object] = {"type": "object"}
BINARY: dict[str, object] = {"type": "string", "format": "binary"}


def _list_parameters() -> list[dict[str, Any]]:
    limit = {"type": "integer", "minimum": 1, "maximum": MOST_LISTED, "default": MOST_LISTED}
    return [
        _parameter("q", "query", TEXT, "Words that id or title hold"),
        _parameter("limit", "query", limit, "Collections of a page"),
        _parameter("offset", "query", {"type": "integer", "minimum": 0}, "Collections before the page"),
    ]


def _items_parameters() -> list[dict[str, Any]]:
    listed = {"type": "array", "items": TEXT}
    numbers = {
        "type": "array",
        # beside oneOf, for those who look for the least and the most alone
        "minItems": 4,
        "maxItems": 6,
        "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
        "items": {"type": "number"},
    }
    return [
        {"$ref": "#/components/parameters/limit"},
        _parameter("offset", "query", {"type": "integer", "minimum": 0}, "Features before the page"),
        _parameter("after", "query", TEXT, "Id of the last feature of the page before; see the link `next`"),
        _parameter("bbox", "query", numbers, "Only features that meet this box"),
        _parameter("bbox-crs", "query", {"type": "string", "format": "uri"}, "CRS of bbox"),
        _parameter(
            "datetime", "query", TEXT, "RFC 3339 date, time or interval; only features of these periods"
        ),
        _parameter("crs", "query", {"type": "string", "format": "uri"}, "CRS of the answer"),
        _parameter("filter", "query", TEXT, "CQL2 condition"),
        _parameter(
            "filter-lang", "query", {"type": "string", "enum": ["cql2-text", "cql2-json"]}, "Its encoding"
        ),
        _parameter("filter-crs", "query", {"type": "string", "format": "uri"}, "CRS of its geometries"),
        _parameter("sortby", "query", listed, "Properties; - before one that descends"),
        _parameter("properties", "query", listed, "Properties to tell"),
        _parameter("detail", "query", {"type": "string", "enum": list(DETAILS)}, "Detail of outlines"),
    ]


def _queryable_parameters() -> list[dict[str, Any]]:
    """Return the properties by which features are found when they are equal, as parameters.

    Dates are none of them: clients that would name one are to ask by ``datetime``, as GDAL does then.
    """
    return [
        _parameter(
            one.name, "query", TEXT if one.kind == "array" else SCHEMAS[one.kind], f"Equal to: {one.en}"
        )
        for one in PROPERTIES.values()
        if one.kind != "time"
    ]


def _join(problem: Mapping[str, object]) -> dict[str, Any]:
    """Return the operation that joins a table; its parameters are those of ``service.ogc.join_routes``."""
    detail = _parameter("detail", "query", {"type": "string", "enum": list(DETAILS)}, "Detail of outlines")
    rest = {"type": "string", "enum": ["matched", "all"]}
    levels = {"type": "string", "enum": list(LEVELS)}
    dated = {"type": "string", "format": "date"}
    return {
        "post": {
            "operationId": "joinTable",
            "summary": "Join a table to areas",
            "parameters": [
                _parameter("key", "query", TEXT, "Column that names the areas"),
                _parameter("level", "query", levels, "What rows lie in"),
                _parameter("vintage", "query", dated, "Date of the boundaries"),
                _parameter("areas", "query", rest, "Whether areas without a row are told"),
                detail,
            ],
            "requestBody": {"required": True, "content": {"text/csv": {"schema": TEXT}}},
            "responses": {
                "200": {"description": "The rows on their areas", "content": {GEOJSON: {"schema": OBJECT}}},
                **{status: dict(problem) for status in ("400", "413", "500")},
            },
        }
    }


JSON_TEXT = "application/json"
PROBLEM: dict[str, Any] = {
    "description": "What was wrong, and what is allowed (RFC 9457)",
    "content": {"application/problem+json": {"schema": OBJECT}, "text/html": {"schema": TEXT}},
}
FORM = _parameter("f", "query", {"type": "string", "enum": ["json", "html"]}, "json or html")
LANG = _parameter("lang", "query", {"type": "string", "enum": ["ja", "en"]}, "Language of titles")
COLLECTION, LAYER = ({"$ref": f"#/components/parameters/{name}"} for name in ("collection", "layer"))


def openapi(root: str, version: str) -> OpenApi30:
    """Return the OGC API as an OpenAPI 3.0 document."""
    components = {
        name: _parameter("collectionId", "path", TEXT, f"Id of a {name}, as /collections lists them")
        for name in ("collection", "layer")
    }
    # QGIS looks for the size of a page here and nowhere else, and asks for 100 features at a time without it.
    components["limit"] = _parameter(
        "limit",
        "query",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        f"Features of a page; more than {MAX_LIMIT:,} are {MAX_LIMIT:,}, and more than "
        f"{ABSURD_LIMIT:,} are refused",
    )
    grid = _parameter(
        "tileMatrixSetId", "path", {"type": "string", "enum": [WEB_MERCATOR]}, "Tile matrix set"
    )
    when = next(one for one in _items_parameters() if one.get("name") == "datetime")
    return {
        "openapi": "3.0.3",
        "info": {"title": "chiiki OGC API", "version": version, "description": ABOUT["en"]},
        "servers": [{"url": root}],
        "paths": _pages(grid) | _features() | _styles(when) | {"/joins": _join(PROBLEM)} | _tiles(grid, when),
        "components": {"parameters": components},
    }


def _answer(description: str, media_types: Sequence[str], *, is_page: bool) -> dict[str, Any]:
    """Tell an answer; a page is to be had as HTML too."""
    told = OBJECT if is_page or media_types[0] in (OPENAPI30, STYLE) else BINARY
    content: dict[str, Any] = {media_type: {"schema": told} for media_type in media_types}
    return {
        "description": description,
        "content": content | ({"text/html": {"schema": TEXT}} if is_page else {}),
    }


def _get(name: str, summary: str, parameters: Sequence[dict[str, Any]], *media_types: str) -> dict[str, Any]:
    """Tell what a path answers."""
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "parameters": list(parameters),
            "responses": {
                "200": _answer(summary, media_types, is_page=FORM in parameters),
                "400": PROBLEM,
                "404": PROBLEM,
                "500": PROBLEM,
            },
        }
    }


def _pages(grid: dict[str, Any]) -> dict[str, Any]:
    """Tell the paths of what there is."""
    return {
        "/": _get("getLandingPage", "Landing page", [FORM, LANG], JSON_TEXT),
        "/conformance": _get("getConformance", "Conformance classes", [FORM], JSON_TEXT),
        "/api": _get("getAPI", "This document", [], OPENAPI30),
        "/collections": _get(
            "getCollectionsList", "Collections", [*_list_parameters(), FORM, LANG], JSON_TEXT
        ),
        "/tileMatrixSets": _get("getTileMatrixSetsList", "Tile matrix sets", [FORM], JSON_TEXT),
        "/tileMatrixSets/{tileMatrixSetId}": _get(
            "getTileMatrixSet", "A tile matrix set", [grid, FORM], JSON_TEXT
        ),
    }


def _features() -> dict[str, Any]:
    """Tell the paths of a collection and its features."""
    item = [
        COLLECTION,
        _parameter("featureId", "path", TEXT, "A feature's id"),
        *(one for one in _items_parameters() if one.get("name") in ("crs", "detail")),
    ]
    told = [COLLECTION, FORM, LANG]
    return {
        "/collections/{collectionId}": _get("getCollection", "A collection", told, JSON_TEXT),
        "/collections/{collectionId}/queryables": _get(
            "getQueryables", "What can be filtered by", told, SCHEMA
        ),
        "/collections/{collectionId}/schema": _get("getSchema", "What a feature has", told, SCHEMA),
        "/collections/{collectionId}/schemas/feature": _get(
            "getFeatureSchema", "A feature as GeoJSON", told, SCHEMA
        ),
        "/collections/{collectionId}/items": _get(
            "getFeatures",
            "Features",
            [COLLECTION, *_items_parameters(), FORM, LANG, *_queryable_parameters()],
            GEOJSON,
        ),
        "/collections/{collectionId}/items/{featureId}": _get(
            "getFeature", "A feature", [*item, FORM, LANG], GEOJSON
        ),
    }


def _styles(when: dict[str, Any]) -> dict[str, Any]:
    """Tell the paths of styles."""
    style = _parameter("styleId", "path", TEXT, "Id of a style, as the list of them has it")
    return {
        "/styles": _get("getStyles", "Styles of all layers", [FORM, LANG], JSON_TEXT),
        "/styles/{styleId}": _get("getStyle", "A style", [style, when, LANG], STYLE),
        "/collections/{collectionId}/styles": _get(
            "getCollectionStyles", "Styles of a layer", [LAYER, FORM, LANG], JSON_TEXT
        ),
        "/collections/{collectionId}/styles/{styleId}": _get(
            "getCollectionStyle", "The style of a layer", [LAYER, style, when, LANG], STYLE
        ),
    }


def _tiles(grid: dict[str, Any], when: dict[str, Any]) -> dict[str, Any]:
    """Tell the paths of tiles, of the data set and of a collection, vectors and maps."""
    place = [
        _parameter("tileMatrix", "path", TEXT, "Zoom"),
        _parameter("tileRow", "path", {"type": "integer", "minimum": 0}, "Row from the north"),
        _parameter("tileCol", "path", {"type": "integer", "minimum": 0}, "Column from the west"),
    ]
    encoding = _parameter("f", "query", {"type": "string", "enum": ["mvt", "mlt"]}, "Format of the tile")
    chosen = _parameter("collections", "query", {"type": "array", "items": TEXT}, "Layers on the tile")
    paths: dict[str, Any] = {}
    for of, prefix, first in (
        ("dataset", "", [chosen]),
        ("collection", "/collections/{collectionId}", [LAYER]),
    ):
        for kind, path, how, media_types in (
            ("vector", "tiles", [encoding], (MVT, MLT)),
            ("map", "map/tiles", [], (PNG,)),
        ):
            # the ends of the ids are those of OGC 20-057, table 11
            listed, name = f"{prefix}/{path}", f"chiiki.{of}.{kind}"
            one, tile = f"{listed}/{{tileMatrixSetId}}", "{tileMatrix}/{tileRow}/{tileCol}"
            paths |= {
                listed: _get(f"{name}.getTileSetsList", "Tilesets", [*first, FORM, LANG], JSON_TEXT),
                one: _get(f"{name}.getTileSet", "A tileset", [*first, grid, FORM, LANG], JSON_TEXT),
                f"{one}/{tile}": _get(
                    f"{name}.getTile", "A tile", [*first, grid, *place, when, *how], *media_types
                ),
            }
    return paths
