"""The documents of the OGC API as JSON."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from geo.errors import Finding
from geo.text import Text
from service.http.forms import Feature, FeatureCollection


class Link(TypedDict):
    """Where something is (RFC 8288)."""

    href: str
    rel: str
    type: str
    title: str
    templated: NotRequired[bool]


class Landing(TypedDict):
    """Where everything of the OGC API is."""

    title: str
    description: str
    links: list[Link]


class Conformance(TypedDict):
    """The conformance classes."""

    conformsTo: list[str]


class SpatialExtent(TypedDict):
    """Where the features are."""

    bbox: list[list[float]]
    crs: str


class TemporalExtent(TypedDict):
    """When the features are."""

    interval: list[list[str]]
    trs: str


class Extent(TypedDict):
    """Where and when the features of a collection are."""

    spatial: SpatialExtent
    temporal: NotRequired[TemporalExtent]


class Collection(TypedDict):
    """A collection of features."""

    id: str
    title: str
    description: str
    itemType: Literal["feature"]
    extent: Extent
    crs: list[str]
    storageCrs: str
    attribution: str
    periods: NotRequired[list[str]]
    links: list[Link]


class Collections(TypedDict):
    """A page of collections."""

    links: list[Link]
    numberMatched: int
    numberReturned: int
    crs: list[str]
    collections: list[Collection]


#: ``$schema`` and ``$id`` are no names of Python.
FeatureSchema = TypedDict(
    "FeatureSchema",
    {
        "$schema": str,
        "$id": str,
        "type": Literal["object"],
        "title": str,
        "properties": dict[str, dict[str, object]],
        "additionalProperties": NotRequired[bool],
    },
)


GeoJsonSchema = TypedDict(
    "GeoJsonSchema",
    {
        "$schema": str,
        "$id": str,
        "type": Literal["object"],
        "title": str,
        "description": str,
        "required": list[str],
        "properties": dict[str, dict[str, object]],
    },
)


class CollectionFeature(Feature):
    """A feature; its properties are those of the collection's schema."""

    id: str | int
    properties: dict[str, object]


class CollectionFeatures(FeatureCollection):
    """A page of features."""

    numberMatched: int
    numberReturned: int
    links: list[Link]
    features: list[CollectionFeature]


class LinkedFeature(CollectionFeature):
    """A feature with its links."""

    links: list[Link]


class JoinedFeature(Feature):
    """The outline of an area with the columns of a table."""

    id: int
    bbox: list[float]
    properties: dict[str, object]


class JoinedFeatures(FeatureCollection):
    """A table on the outlines of its areas."""

    matched: int
    unmatched: list[Finding]
    unmatched_total: int
    key: str
    other_keys: list[str]
    areas_without_a_row: int
    level: str
    vintage: str
    credit: Text
    features: list[JoinedFeature]


class SetReference(TypedDict):
    """A tile matrix set, and where it is told."""

    id: str
    title: str
    uri: str
    crs: str
    links: list[Link]


class TileMatrixSets(TypedDict):
    """All tile matrix sets."""

    tileMatrixSets: list[SetReference]


class TileMatrix(TypedDict):
    """A zoom of a tile matrix set."""

    id: str
    scaleDenominator: float
    cellSize: float
    cornerOfOrigin: str
    pointOfOrigin: list[float]
    tileWidth: int
    tileHeight: int
    matrixWidth: int
    matrixHeight: int


class TileMatrixSet(TypedDict):
    """How tiles are cut."""

    id: str
    title: str
    uri: str
    crs: str
    orderedAxes: list[str]
    wellKnownScaleSet: str
    tileMatrices: list[TileMatrix]


class TileMatrixLimits(TypedDict):
    """The tiles of a zoom that can have something in them."""

    tileMatrix: str
    minTileRow: int
    maxTileRow: int
    minTileCol: int
    maxTileCol: int


class TilesetHead(TypedDict):
    """What a tileset is."""

    title: str
    description: str
    dataType: str
    crs: str
    tileMatrixSetId: str
    tileMatrixSetURI: str
    tileMatrixSetDefinition: str
    tileMatrixSetLimits: list[TileMatrixLimits]
    attribution: str


class ListedTileset(TilesetHead):
    """A tileset as it is listed."""

    links: list[Link]


class Tilesets(TypedDict):
    """The tilesets of a layer."""

    links: list[Link]
    tilesets: list[ListedTileset]


class BoundingBox(TypedDict):
    """The box of a tileset."""

    lowerLeft: list[float]
    upperRight: list[float]
    crs: str


class TileLayer(TypedDict):
    """What the features of vector tiles have."""

    id: str
    title: str
    dataType: str
    geometryDimension: int
    minTileMatrix: str
    maxTileMatrix: str
    propertiesSchema: dict[str, object]


class MapTileset(ListedTileset):
    """A tileset with its limits and the template of its tiles."""

    boundingBox: BoundingBox


class VectorTileset(MapTileset):
    """A tileset of vector tiles, and what their features have."""

    layers: list[TileLayer]


class ListedStyle(TypedDict):
    """A style as it is listed."""

    id: str
    title: str
    links: list[Link]


class Styles(TypedDict):
    """The styles of a layer."""

    default: str
    styles: list[ListedStyle]
    links: list[Link]


class AllStyles(TypedDict):
    """The styles of all layers."""

    styles: list[ListedStyle]
    links: list[Link]


class OpenApi30(TypedDict):
    """The OGC API as an OpenAPI 3.0 document."""

    openapi: str
    info: dict[str, str]
    servers: list[dict[str, str]]
    paths: dict[str, dict[str, Any]]
    components: dict[str, dict[str, Any]]
