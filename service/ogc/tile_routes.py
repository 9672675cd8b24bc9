"""The OGC API - Tiles and - Styles of every layer: the tiles and styles that the map is drawn with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Path, Query, Request
from fastapi.responses import Response

from geo.errors import Finding, InvalidParameter, NotFound
from geo.layers.style import maplibre_style
from geo.layers.tiles import Bounds
from geo.text import Language
from service.areas.gazetteer import LEVELS
from service.http.addresses import base_url
from service.http.dependencies import AtlasDep, api_router, shown
from service.http.forms import answers
from service.http.responses import HTML, JSON, MLT, MVT, PNG, json_answer
from service.layers.forms import Style
from service.layers.styles import painting_of
from service.layers.tile_answers import address_of, tile_answer
from service.layers.tile_sources import MAX_FURTHER, TileSource, tile_source
from service.layers.views import Picture, View, ViewQuery, is_usual, one_of, resolve
from service.memory.atlas import Address, Atlas
from service.memory.cache import off_loop, settled
from service.ogc import documents, forms, tilesets
from service.ogc.collections import Collection, collection
from service.ogc.collections import collections as collections_of
from service.ogc.documents import STYLE, link
from service.ogc.items import read
from service.ogc.requests import PREFIX, Document, Form, Titles, document, language, root_of
from service.pages.previews import DEFAULT_LAYER

router = api_router(prefix=PREFIX, tags=["ogc"])

Time = Annotated[str | None, Query(max_length=80, description="Period of the values; the newest without")]
Encoding = Annotated[
    str | None,
    Query(
        max_length=40,
        description="Format of a vector tile, `mvt` or `mlt`; else as Accept says. A map tile is `png`",
        json_schema_extra=one_of("mvt", "mlt", "png"),
    ),
]
Chosen = Annotated[
    str | None,
    Query(
        max_length=800,
        description="Ids of 1 to 9 collections of one level, `a,b`; a map tile shows one. The layer that the "
        "first page shows without",
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


def _layers(atlas: Atlas, path: str, asked: str | None) -> list[Collection]:
    """Return the layers that a tile of the dataset is to show: of one level, and one alone on a picture."""
    if asked is None:
        return [_layer(atlas, f"{DEFAULT_LAYER}.{LEVELS[1]}")]
    names = list(dict.fromkeys(name for name in asked.split(",") if name))
    most = 1 if path == "map/tiles" else 1 + MAX_FURTHER
    if not 1 <= len(names) <= most:
        raise _refused(asked, "the id of one layer" if most == 1 else f"the ids of 1 to {most} layers")
    found = [_layer(atlas, name) for name in names]
    if len({one.level for one in found}) > 1:
        raise _refused(asked, "layers of one level")
    return found


def _refused(asked: str, expected: str) -> InvalidParameter:
    return InvalidParameter(
        f"collections is not valid: {expected}", [Finding("query", "collections", asked, expected)]
    )


def _set(name: str) -> None:
    if name != tilesets.NAME:
        raise NotFound(f"No tile matrix set is called {name[:80]!r}; there is {tilesets.NAME}")


def _view(atlas: Atlas, found: Collection, period: str) -> View:
    name = found.indicator.id if found.indicator else ""
    return resolve(atlas, name, ViewQuery(period=period, level=found.level, vintage=str(found.vintage.date)))


def _period(found: Collection, datetime: str | None) -> str:
    periods = read(found, {"datetime": datetime} if datetime else {}).periods
    if not periods:
        raise NotFound(f"{found.id} has no period in {datetime}; there are {', '.join(found.periods)}")
    return periods[-1]


async def _picture(atlas: Atlas, found: Collection, datetime: str | None) -> Picture:
    return await shown(atlas, _view(atlas, found, _period(found, datetime)))


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
    found, root = _layer(atlas, collection_id), root_of(request)
    tiled = tilesets.Tiled.collection(found, root)
    return await _listed(request, atlas, tiled, f, language(request, lang))


@router.get(
    "/tiles",
    summary="OGC API: vector tilesets of the dataset",
    responses=answers(JSON, HTML, form=forms.Tilesets),
)
@router.get(
    "/map/tiles",
    summary="OGC API: map tilesets of the dataset",
    responses=answers(JSON, HTML, form=forms.Tilesets),
)
async def listed_of_dataset(
    request: Request, atlas: AtlasDep, collections: Chosen = None, f: Form = None, lang: Titles = None
) -> Response:
    """Return the tilesets of the whole dataset: they show the layer of the first page, or those chosen."""
    found = _layers(atlas, _path(request), collections)
    tiled = tilesets.Tiled.dataset(found, root_of(request), collections)
    return await _listed(request, atlas, tiled, f, language(request, lang))


async def _listed(
    request: Request, atlas: Atlas, tiled: tilesets.Tiled, f: str | None, lang: Language
) -> Response:
    told = tilesets.tilesets(tiled, _path(request), root_of(request), lang, _bounds(atlas, tiled))
    return await document(request, tiled.title[lang], lambda: told, f, lang)


def _bounds(atlas: Atlas, tiled: tilesets.Tiled) -> Bounds:
    """Return where the areas of a tileset are."""
    first = tiled.layers[0]
    west, south, east, north = atlas.gazetteer(first.vintage.date, first.level).bounds
    return west, south, east, north


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
    _set(tile_matrix_set)
    tiled = tilesets.Tiled.collection(_layer(atlas, collection_id), root_of(request))
    return await _tileset(request, atlas, tiled, f, language(request, lang))


@router.get(
    "/tiles/{tile_matrix_set}",
    summary="OGC API: the vector tileset of the dataset",
    responses=answers(JSON, HTML, form=forms.VectorTileset),
)
@router.get(
    "/map/tiles/{tile_matrix_set}",
    summary="OGC API: the map tileset of the dataset",
    responses=answers(JSON, HTML, form=forms.MapTileset),
)
async def tileset_of_dataset(
    request: Request,
    atlas: AtlasDep,
    tile_matrix_set: str,
    collections: Chosen = None,
    f: Form = None,
    lang: Titles = None,
) -> Response:
    """Return the tileset of the dataset; the addresses of its tiles name the layers that are chosen."""
    _set(tile_matrix_set)
    found = _layers(atlas, _path(request), collections)
    tiled = tilesets.Tiled.dataset(found, root_of(request), collections)
    return await _tileset(request, atlas, tiled, f, language(request, lang))


async def _tileset(
    request: Request, atlas: Atlas, tiled: tilesets.Tiled, f: str | None, lang: Language
) -> Response:
    told = tilesets.tileset(tiled, _path(request), root_of(request), lang, _bounds(atlas, tiled))
    return await document(request, tiled.title[lang], lambda: told, f, lang)


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
    address = address_of(tile_matrix, tile_col, tile_row)
    return await _tile(request, atlas, [_layer(atlas, collection_id)], address, datetime, f)


@router.get(
    "/tiles/{tile_matrix_set}/{tile_matrix}/{tile_row}/{tile_col}",
    summary="OGC API: a vector tile of the dataset",
    responses=answers(MVT, MLT) | {204: {"description": "Nothing to draw here"}},
)
@router.get(
    "/map/tiles/{tile_matrix_set}/{tile_matrix}/{tile_row}/{tile_col}",
    summary="OGC API: a map tile of the dataset",
    responses=answers(PNG),
)
async def tile_of_dataset(
    request: Request,
    atlas: AtlasDep,
    tile_matrix_set: str,
    tile_matrix: Matrix,
    tile_row: Row,
    tile_col: Column,
    collections: Chosen = None,
    datetime: Time = None,
    f: Encoding = None,
) -> Response:
    """Return a tile of the layer that the first page shows, or of those chosen.

    Of the first one it has `value` and `class`, of each other, in the same period, its value by its id and
    its class by `id:class`.
    """
    _set(tile_matrix_set)
    address = address_of(tile_matrix, tile_col, tile_row)
    found = _layers(atlas, _path(request), collections)
    return await _tile(request, atlas, found, address, datetime, f)


async def _tile(
    request: Request,
    atlas: Atlas,
    found: Sequence[Collection],
    address: Address,
    datetime: str | None,
    f: str | None,
) -> Response:
    path = _path(request)
    suffix = tilesets.encoding(path, f, request.headers.get("accept", ""))
    period = _period(found[0], datetime)
    first, *others = [_view(atlas, one, period) for one in found]
    if others:
        make = partial(tile_source, atlas, first, others, None)
        source = await (settled(make) if all(map(is_usual, (first, *others))) else off_loop(make))
    else:
        picture = await shown(atlas, first)
        source = TileSource(picture, (), picture.revision, immutable=False)
    answered = await tile_answer(request, atlas, source, address, suffix)
    if f is None and len(tilesets.ENCODINGS[path]) > 1:
        answered.headers["Vary"] = "Accept-Encoding, Accept"
    return answered


@router.get(
    "/styles",
    summary="OGC API: styles of all layers",
    responses=answers(JSON, HTML, form=forms.AllStyles),
)
async def all_styles(request: Request, atlas: AtlasDep, f: Form = None, lang: Titles = None) -> Response:
    """Return a style for each layer at each level, in the colours of its legend."""
    root, chosen = root_of(request), language(request, lang)

    def make() -> Document:
        found = [one for one in collections_of(atlas) if one.indicator is not None]
        links = [link(f"{root}/styles", "self", JSON, "This document")]
        told = [_listed_style(one, one.id, f"{root}/styles/{one.id}", chosen) for one in found]
        return {"styles": told, "links": links}

    return await document(request, documents.STYLES_TITLE[chosen], make, f, chosen)


@router.get("/styles/{style_id}", summary="OGC API: a style", responses=answers(STYLE, form=Style))
async def style_of_dataset(
    request: Request, atlas: AtlasDep, style_id: str, datetime: Time = None, lang: Titles = None
) -> Response:
    """Return a MapLibre style by its id, which is that of its collection."""
    return await _style(request, atlas, _layer(atlas, style_id), datetime, language(request, lang))


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
    told: forms.Styles = {
        "default": "default",
        "styles": [_listed_style(found, "default", address, chosen)],
        "links": [link(address.rpartition("/")[0], "self", JSON, "This document")],
    }
    return await document(request, found.title[chosen], lambda: told, f, chosen)


def _listed_style(found: Collection, name: str, address: str, lang: Language) -> forms.ListedStyle:
    title = found.title[lang]
    return {"id": name, "title": title, "links": [link(address, "stylesheet", STYLE, title)]}


@router.get(
    "/collections/{collection_id}/styles/default",
    summary="OGC API: the style of a layer",
    responses=answers(STYLE, form=Style),
)
async def style(
    request: Request, atlas: AtlasDep, collection_id: str, datetime: Time = None, lang: Titles = None
) -> Response:
    """Return the MapLibre style of a layer."""
    return await _style(request, atlas, _layer(atlas, collection_id), datetime, language(request, lang))


async def _style(
    request: Request, atlas: Atlas, found: Collection, datetime: str | None, lang: Language
) -> Response:
    picture = await _picture(atlas, found, datetime)
    query = urlencode(picture.view.parameters, safe=",")
    layer = f"{base_url(request)}/v1/layers/{picture.view.indicator.id}"
    body = maplibre_style(
        name=found.title[lang],
        source={"type": "vector", "url": f"{layer}/tiles.json?{query}&lang={lang}"},
        painting=painting_of(picture, base_url(request)),
        lang=lang,
        credit=found.vintage.credit[lang],
    )
    answered = json_answer(request, body)
    answered.headers["Content-Type"] = STYLE
    return answered
