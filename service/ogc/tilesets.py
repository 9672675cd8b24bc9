"""Tilesets as the OGC tells them (17-083r4, 20-057): one tile matrix set, vector and map tiles of layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from geo.errors import Finding, InvalidParameter
from geo.layers.tiles import Bounds, tile_of
from geo.text import Language, Text
from service.http.responses import JSON, MLT, MVT, PNG, preferred
from service.layers.tile_sources import MAX_ZOOM
from service.ogc.collections import Collection
from service.ogc.documents import ABOUT, OGC_REL, WEB_MERCATOR, link
from service.ogc.forms import (
    Link,
    ListedTileset,
    MapTileset,
    TileLayer,
    TileMatrixLimits,
    TileMatrixSet,
    TileMatrixSets,
    TilesetHead,
    Tilesets,
    VectorTileset,
)

NAME = WEB_MERCATOR
URI = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{NAME}"
CRS = "http://www.opengis.net/def/crs/EPSG/0/3857"
#: The first tile matrix: one tile of 256 pixels for the world (17-083r4, annex D.1).
CELL_SIZE, SCALE = 156543.03392804097, 559082264.0287178
ORIGIN = (-20037508.3427892, 20037508.3427892)

#: What a tileset is of: path below the collection → data type
KINDS: Mapping[str, str] = {"tiles": "vector", "map/tiles": "map"}
#: In which formats its tiles are, the usual one first: path → value of ``f`` → media type
ENCODINGS: Mapping[str, Mapping[str, str]] = {"tiles": {"mvt": MVT, "mlt": MLT}, "map/tiles": {"png": PNG}}


def tile_matrix_set() -> TileMatrixSet:
    """Return the definition of the tile matrix set."""
    return {
        "id": NAME,
        "title": "Google Maps Compatible for the World",
        "uri": URI,
        "crs": CRS,
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": [
            {
                "id": str(zoom),
                "scaleDenominator": SCALE / 2**zoom,
                "cellSize": CELL_SIZE / 2**zoom,
                "cornerOfOrigin": "topLeft",
                "pointOfOrigin": list(ORIGIN),
                "tileWidth": 256,
                "tileHeight": 256,
                "matrixWidth": 2**zoom,
                "matrixHeight": 2**zoom,
            }
            for zoom in range(MAX_ZOOM + 1)
        ],
    }


def tile_matrix_sets(root: str) -> TileMatrixSets:
    """Return the list of tile matrix sets."""
    own = link(f"{root}/tileMatrixSets/{NAME}", "self", JSON, NAME)
    return {"tileMatrixSets": [{"id": NAME, "title": NAME, "uri": URI, "crs": CRS, "links": [own]}]}


@dataclass(frozen=True)
class Tiled:
    """What tiles are of: a layer, or the whole dataset, of which they show a layer or a few.

    Attributes
    ----------
    base : the address that ``tiles`` and ``map/tiles`` stand below
    query : what follows the addresses: which layers were chosen
    """

    base: str
    layers: tuple[Collection, ...]
    title: Text
    description: Text
    query: str = ""

    @classmethod
    def collection(cls, found: Collection, root: str) -> Tiled:
        """Return a layer as what tiles are of."""
        return cls(f"{root}/collections/{found.id}", (found,), found.title, found.description)

    @classmethod
    def dataset(cls, layers: Sequence[Collection], root: str, asked: str | None) -> Tiled:
        """Return the dataset as what tiles are of; ``asked`` are the layers as they were chosen."""
        query = "" if asked is None else "?" + urlencode({"collections": asked}, safe=",:")
        title: Text = {
            "ja": "、".join(one.title["ja"] for one in layers),
            "en": "; ".join(one.title["en"] for one in layers),
        }
        about = layers[0].description if len(layers) == 1 else ABOUT
        return cls(root, tuple(layers), title, about, query)


def tilesets(tiled: Tiled, path: str, root: str, lang: Language, bounds: Bounds) -> Tilesets:
    """Return the list of tilesets of one kind: there is one."""
    address = f"{tiled.base}/{path}"
    links = [
        link(f"{address}/{NAME}{tiled.query}", "self", JSON, tiled.title[lang]),
        *_templates(f"{address}/{NAME}", tiled.query, path, tiled.title[lang]),
        link(f"{root}/tileMatrixSets/{NAME}", f"{OGC_REL}tiling-scheme", JSON, NAME),
    ]
    listed: ListedTileset = {**_head(tiled, path, root, lang, bounds), "links": links}
    return {"links": [link(address + tiled.query, "self", JSON, "This document")], "tilesets": [listed]}


def tileset(tiled: Tiled, path: str, root: str, lang: Language, bounds: Bounds) -> MapTileset | VectorTileset:
    """Return what a tileset is: its limits, its layers and the template of its tiles."""
    address = f"{tiled.base}/{path}/{NAME}"
    west, south, east, north = bounds
    told: MapTileset = {
        **_head(tiled, path, root, lang, bounds),
        "links": [
            link(address + tiled.query, "self", JSON, "This document"),
            *_templates(address, tiled.query, path, tiled.title[lang]),
            link(f"{root}/tileMatrixSets/{NAME}", f"{OGC_REL}tiling-scheme", JSON, NAME),
            *(
                link(f"{root}/collections/{one.id}", f"{OGC_REL}geodata", JSON, one.title[lang])
                for one in tiled.layers
            ),
        ],
        "boundingBox": {
            "lowerLeft": [west, south],
            "upperRight": [east, north],
            "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        },
    }
    if KINDS[path] == "map":
        return told
    return {**told, "layers": [_tile_layer(tiled, lang)]}


def _templates(tileset: str, query: str, path: str, title: str) -> list[Link]:
    """Return the template of a tileset's tiles in each format; the usual one has no ``f``."""
    address = f"{tileset}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"
    usual = next(iter(ENCODINGS[path]))
    further = f"{query}&f=" if query else "?f="
    return [
        {
            **link(address + (query if f == usual else further + f), "item", media_type, title),
            "templated": True,
        }
        for f, media_type in ENCODINGS[path].items()
    ]


def _limits(bounds: Bounds, zoom: int) -> TileMatrixLimits:
    """Return the tiles of a zoom that meet a box; without them OpenLayers asks for rows that do not exist."""
    west, south, east, north = bounds
    _, left, top = tile_of(west, north, zoom)
    _, right, bottom = tile_of(east, south, zoom)
    return {
        "tileMatrix": str(zoom),
        "minTileRow": top,
        "maxTileRow": bottom,
        "minTileCol": left,
        "maxTileCol": right,
    }


def encoding(path: str, f: str | None, accept: str) -> str:
    """Return in which format a tile is wanted: by ``f``, else as Accept likes best, else the usual."""
    encodings = ENCODINGS[path]
    if f is None:
        media_type = preferred(accept, list(encodings.values()))
        return next((name for name, one in encodings.items() if one == media_type), next(iter(encodings)))
    if f not in encodings:
        raise InvalidParameter("f is not valid", [Finding("query", "f", f, " or ".join(encodings))])
    return f


def _tile_layer(tiled: Tiled, lang: Language) -> TileLayer:
    """Return what the features of vector tiles have: of each further layer its value and class by its id."""
    properties: dict[str, object] = {
        "code": {"type": "string"},
        "name": {"type": "string"},
        "name_en": {"type": "string"},
    }
    for number, one in enumerate(tiled.layers):
        key = one.indicator.id if one.indicator is not None and number else ""
        properties[key or "value"] = {"title": one.title[lang], "type": "number"}
        properties[f"{key}:class" if key else "class"] = {"type": "integer"}
    return {
        "id": "areas",
        "title": tiled.title[lang],
        "dataType": "vector",
        "geometryDimension": 2,
        "minTileMatrix": "0",
        "maxTileMatrix": str(MAX_ZOOM),
        "propertiesSchema": {"type": "object", "properties": properties},
    }


def _head(tiled: Tiled, path: str, root: str, lang: Language, bounds: Bounds) -> TilesetHead:
    return {
        "title": tiled.title[lang],
        "description": tiled.description[lang],
        "dataType": KINDS[path],
        "crs": CRS,
        "tileMatrixSetId": NAME,
        "tileMatrixSetURI": URI,
        "tileMatrixSetDefinition": f"{root}/tileMatrixSets/{NAME}",
        "tileMatrixSetLimits": [_limits(bounds, zoom) for zoom in range(MAX_ZOOM + 1)],
        "attribution": tiled.layers[0].vintage.credit[lang],
    }
