"""The OGC API - Tiles and - Styles of every layer: the tiles and styles that the map is drawn with."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Path, Query, Request
from fastapi.responses import Response

from geo.errors import NotFound
from geo.layers.style import maplibre_style
from service.http.addresses import base_url
from service.http.dependencies import AtlasDep, api_router, shown
from service.http.forms import answers
from service.http.responses import HTML, JSON, MLT, MVT, PNG, json_answer
from service.layers.forms import Style
from service.layers.styles import painting_of
from service.layers.tile_answers import address_of, tile_answer
from service.layers.tile_sources import TileSource
from service.layers.views import Picture, ViewQuery, one_of, resolve
from service.memory.atlas import Atlas
from service.ogc import documents, forms, tilesets
from service.ogc.collections import Collection, collection
from service.ogc.documents import link
from service.ogc.items import read
from service.ogc.requests import PREFIX, Form, Titles, document, language, root_of

router = api_router(prefix=PREFIX, tags=["ogc"])

STYLE = "application/vnd.mapbox.style+json"
Time = Annotated[str | None, Query(max_length=80, description="Period of the values; the newest without")]
Encoding = Annotated[
    str | None,
    Query(
        max_length=40,
        description="Format of a vector tile, `mvt` or `mlt`; else as Accept says. A map tile is `png`",
        json_schema_extra=one_of("mvt", "mlt", "png"),
    ),
]
Matrix = Annotated[int, Path(description="Tile matrix: the zoom, 0 to 14")]
Row = Annotated[int, Path(description="Row, from the north")]
Column = Annotated[int, Path(description="Column, from the west")]


def _layer(atlas: Atlas, name: str) -> Collection:
    found = collection(atlas, name)
    if found.indicator is None:
        raise NotFound(f"{found.id} has features and no tiles; layers have both")
    return found


def _set(name: str) -> None:
    if name != tilesets.NAME:
        raise NotFound(f"No tile matrix set is called {name[:80]!r}; there is {tilesets.NAME}")


async def _picture(atlas: Atlas, found: Collection, datetime: str | None) -> Picture:
    periods = read(found, {"datetime": datetime} if datetime else {}).periods
    if not periods:
        raise NotFound(f"{found.id} has no period in {datetime}; there are {', '.join(found.periods)}")
    name = found.indicator.id if found.indicator else ""
    wished = ViewQuery(period=periods[-1], level=found.level, vintage=str(found.vintage.date))
    return await shown(atlas, resolve(atlas, name, wished))


@router.get(
    "/tileMatrixSets",
    summary="OGC API: tile matrix sets",
    responses=answers(JSON, HTML, form=forms.TileMatrixSets),
)
async def tile_matrix_sets(request: Request, f: Form = None, lang: Titles = None) -> Response:
    """Return the tile matrix sets that tiles are cut by."""
    root, chosen = root_of(request), language(request, lang)
    return await document(request, "Tile matrix sets", lambda: tilesets.tile_matrix_sets(root), f, chosen)


@router.get(
    "/tileMatrixSets/{tile_matrix_set}",
    summary="OGC API: a tile matrix set",
    responses=answers(JSON, HTML, form=forms.TileMatrixSet),
)
async def tile_matrix_set(
    request: Request, tile_matrix_set: str, f: Form = None, lang: Titles = None
) -> Response:
    """Return the definition of a tile matrix set."""
    _set(tile_matrix_set)
    chosen = language(request, lang)
    return await document(request, tilesets.NAME, tilesets.tile_matrix_set, f, chosen)


@router.get(
    "/collections/{collection_id}/tiles",
    summary="OGC API: vector tilesets of a layer",
    responses=answers(JSON, HTML, form=forms.Tilesets),
)
@router.get(
    "/collections/{collection_id}/map/tiles",
    summary="OGC API: map tilesets of a layer",
    responses=answers(JSON, HTML, form=forms.Tilesets),
)
async def listed(
    request: Request, atlas: AtlasDep, collection_id: str, f: Form = None, lang: Titles = None
) -> Response:
    """Return the tilesets of a layer: vector tiles with values, or pictures in the legend's colours."""
    found, chosen = _layer(atlas, collection_id), language(request, lang)
    told = tilesets.tilesets(found, _path(request), root_of(request), chosen)
    return await document(request, found.title[chosen], lambda: told, f, chosen)


def _path(request: Request) -> str:
    return "map/tiles" if "/map/tiles" in request.url.path else "tiles"


@router.get(
    "/collections/{collection_id}/tiles/{tile_matrix_set}",
    summary="OGC API: a vector tileset",
    responses=answers(JSON, HTML, form=forms.VectorTileset),
)
@router.get(
    "/collections/{collection_id}/map/tiles/{tile_matrix_set}",
    summary="OGC API: a map tileset",
    responses=answers(JSON, HTML, form=forms.MapTileset),
)
async def tileset(
    request: Request,
    atlas: AtlasDep,
    collection_id: str,
    tile_matrix_set: str,
    f: Form = None,
    lang: Titles = None,
) -> Response:
    """Return a tileset: where it is, what its tiles have, and the template of their addresses."""
    found, chosen = _layer(atlas, collection_id), language(request, lang)
    _set(tile_matrix_set)
    west, south, east, north = documents.extent(atlas, found)["spatial"]["bbox"][0]
    box = (west, south, east, north)
    told = tilesets.tileset(found, _path(request), root_of(request), chosen, box)
    return await document(request, found.title[chosen], lambda: told, f, chosen)


@router.get(
    "/collections/{collection_id}/tiles/{tile_matrix_set}/{tile_matrix}/{tile_row}/{tile_col}",
    summary="OGC API: a vector tile",
    responses=answers(MVT, MLT) | {204: {"description": "Nothing to draw here"}},
)
@router.get(
    "/collections/{collection_id}/map/tiles/{tile_matrix_set}/{tile_matrix}/{tile_row}/{tile_col}",
    summary="OGC API: a map tile",
    responses=answers(PNG),
)
async def tile(
    request: Request,
    atlas: AtlasDep,
    collection_id: str,
    tile_matrix_set: str,
    tile_matrix: Matrix,
    tile_row: Row,
    tile_col: Column,
    datetime: Time = None,
    f: Encoding = None,
) -> Response:
    """Return a tile, the same as the layer's own: `areas` with `code`, `name`, `value` and `class`.

    A vector tile is a Mapbox vector tile, with `f=mlt` or as Accept says a MapLibre tile.
    """
    _set(tile_matrix_set)
    path = _path(request)
    suffix = tilesets.encoding(path, f, request.headers.get("accept", ""))
    address = address_of(tile_matrix, tile_col, tile_row)
    picture = await _picture(atlas, _layer(atlas, collection_id), datetime)
    source = TileSource(picture, (), picture.revision, immutable=False)
    answered = await tile_answer(request, atlas, source, address, suffix)
    if f is None and len(tilesets.ENCODINGS[path]) > 1:
        answered.headers["Vary"] = "Accept-Encoding, Accept"
    return answered


@router.get(
    "/collections/{collection_id}/styles",
    summary="OGC API: styles of a layer",
    responses=answers(JSON, HTML, form=forms.Styles),
)
async def styles(
    request: Request, atlas: AtlasDep, collection_id: str, f: Form = None, lang: Titles = None
) -> Response:
    """Return the styles of a layer: one, in the colours of its legend."""
    found, chosen = _layer(atlas, collection_id), language(request, lang)
    address = f"{root_of(request)}/collections/{found.id}/styles/default"
    title = found.title[chosen]
    told: forms.Styles = {
        "default": "default",
        "styles": [{"id": "default", "title": title, "links": [link(address, "stylesheet", STYLE, title)]}],
        "links": [link(address.rpartition("/")[0], "self", JSON, "This document")],
    }
    return await document(request, title, lambda: told, f, chosen)


@router.get(
    "/collections/{collection_id}/styles/default",
    summary="OGC API: the style of a layer",
    responses=answers(STYLE, form=Style),
)
async def style(
    request: Request, atlas: AtlasDep, collection_id: str, datetime: Time = None, lang: Titles = None
) -> Response:
    """Return the MapLibre style of a layer."""
    found, chosen = _layer(atlas, collection_id), language(request, lang)
    picture = await _picture(atlas, found, datetime)
    query = urlencode(picture.view.parameters, safe=",")
    layer = f"{base_url(request)}/v1/layers/{picture.view.indicator.id}"
    body = maplibre_style(
        name=found.title[chosen],
        source={"type": "vector", "url": f"{layer}/tiles.json?{query}&lang={chosen}"},
        painting=painting_of(picture, base_url(request)),
        lang=chosen,
        credit=found.vintage.credit[chosen],
    )
    answered = json_answer(request, body)
    answered.headers["Content-Type"] = STYLE
    return answered
