"""Tiles: the address is checked, its source is found, the tile is poured."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Depends, Path, Query, Request
from fastapi.responses import Response

from geo.errors import Finding, InvalidParameter
from service.figures.estimates import POPULATION, is_estimated
from service.http.dependencies import AtlasDep, ViewDep, api_router
from service.http.forms import answers
from service.http.problems import NotAcceptable
from service.http.responses import preferred
from service.layers.tile_answers import address_of, tile_answer
from service.layers.tile_sources import FORMATS, MAX_FURTHER, Fields, TileSource, is_lean, tile_source
from service.layers.views import Revision, View, ViewQuery, is_usual, resolve
from service.memory.atlas import Atlas
from service.memory.cache import off_loop, settled

router = api_router(prefix="/v1/layers/{layer}/tiles", tags=["tiles"])

With = Annotated[
    str | None,
    Query(
        alias="with",
        max_length=800,
        description="Up to 8 further layers whose values the tile carries, `a,b`",
    ),
]


def _further_views(atlas: Atlas, view: View, listed: str | None) -> list[View]:
    """Return the views of the layers in ``with``: same period, level and boundaries."""
    names = list(dict.fromkeys(name for name in (listed or "").split(",") if name))
    if len(names) > MAX_FURTHER:
        finding = Finding("query", "with", str(len(names)), f"at most {MAX_FURTHER} layers")
        raise InvalidParameter(f"with may name at most {MAX_FURTHER} layers", [finding])
    same = ViewQuery(
        period=view.period,
        level=view.level,
        vintage=str(view.vintage.date),
        estimate=POPULATION if is_estimated(view.indicator) else None,
    )
    return [resolve(atlas, name, same) for name in names]


async def tile_source_of(
    request: Request,
    atlas: AtlasDep,
    view: ViewDep,
    further: With = None,
    fields: Fields = None,
    rev: Revision = None,
) -> TileSource:
    """Return the tile source of a request, and keep it for the front door to pour the next tile from."""
    others = _further_views(atlas, view, further)
    make = partial(tile_source, atlas, view, others, rev, lean=is_lean(fields))
    made = await (settled(make) if all(map(is_usual, (view, *others))) else off_loop(make))
    atlas.store.tile_sources.put((request.path_params["layer"], request.scope["query_string"]), made)
    return made


@router.get(
    "/{z}/{x}/{y}.mvt", summary="Vector tile", responses={204: {"description": "Nothing to draw here"}}
)
@router.get(
    "/{z}/{x}/{y}.mlt", summary="MapLibre tile", responses={204: {"description": "Nothing to draw here"}}
)
@router.get("/{z}/{x}/{y}.png", summary="PNG tile, 256 pixels")
@router.get("/{z}/{x}/{y}@2x.png", summary="PNG tile, 512 pixels")
async def tile(
    request: Request,
    atlas: AtlasDep,
    poured: Annotated[TileSource, Depends(tile_source_of)],
    z: Annotated[int, Path(description="Zoom, 0 to 14")],
    x: Annotated[int, Path(description="Column")],
    y: Annotated[int, Path(description="Row, from the north")],
) -> Response:
    """Return one tile.

    A vector tile has the layer `areas` (extent 4096) with `code`, `name`, `name_en`, `value` and `class`;
    the feature id is the code as an integer. `value` and `class` are absent where the value is missing.
    A lean one (`fields=value,class`) has only these two and the id; `/v1/areas` tells all names at once.
    A MapLibre tile (MLT 1) is the same in another format and smaller; a missing value is null in its column.
    A PNG has the legend's colours and is transparent where there is no land. Counts are circles over plain
    land: those of `legend.json` at the zoom before, as interactive maps count zooms by tiles of 512 pixels.
    """
    suffix = request.url.path.rsplit(str(y), 1)[1].removeprefix(".")
    return await tile_answer(request, atlas, poured, address_of(z, x, y), suffix)


#: What a bare address has; whoever does not say what it takes gets the first.
OFFERED = {FORMATS[suffix][0]: suffix for suffix in ("mvt", "mlt", "png")}


@router.get(
    "/{z}/{x}/{y:int}",
    summary="Tile in the format that the client accepts",
    responses=answers(*OFFERED)
    | {204: {"description": "Nothing to draw here"}, 406: {"description": "None of these is accepted"}},
)
async def negotiated_tile(
    request: Request,
    atlas: AtlasDep,
    poured: Annotated[TileSource, Depends(tile_source_of)],
    z: Annotated[int, Path(description="Zoom, 0 to 14")],
    x: Annotated[int, Path(description="Column")],
    y: Annotated[int, Path(description="Row, from the north")],
) -> Response:
    """Return one tile as `Accept` asks: MVT, which is the default, MLT, or PNG of 256 pixels."""
    media_type = preferred(request.headers.get("accept", ""), list(OFFERED))
    if media_type is None:
        raise NotAcceptable(f"A tile is one of {', '.join(OFFERED)}")
    return await tile_answer(request, atlas, poured, address_of(z, x, y), OFFERED[media_type], "Accept")
