"""Tiles of cells and of stops, in the format that is asked for."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import Path, Request
from fastapi.responses import Response

from service.http.dependencies import AtlasDep, api_router
from service.http.forms import answers
from service.http.problems import NotAcceptable
from service.http.responses import MLT, MVT, Told, encoded, kept, preferred
from service.layers.tile_answers import address_of
from service.memory.atlas import Address, Atlas
from service.memory.cache import digest
from service.transit.tiles import CELLS, FORMATS, STOPS, Kind
from service.transit.transport import MADE_OF

router = api_router(prefix="/v1", tags=["transport"])

Z = Annotated[int, Path(description="Zoom, 0 to 14")]
X = Annotated[int, Path(description="Column")]
Y = Annotated[int, Path(description="Row, from the north")]

NOTHING: dict[int | str, dict[str, Any]] = {204: {"description": "Nothing to draw here"}}
NEITHER: dict[int | str, dict[str, Any]] = {406: {"description": "Neither of these is accepted"}}


@router.get(
    "/transport-gap/{definition}/cells/{z}/{x}/{y}.mvt", summary="Cells as vector tiles", responses=NOTHING
)
@router.get(
    "/transport-gap/{definition}/cells/{z}/{x}/{y}.mlt", summary="Cells as MapLibre tiles", responses=NOTHING
)
@router.get(
    "/transport-gap/{definition}/cells/{z}/{x}/{y:int}",
    summary="Cells as tiles in the format that the client accepts",
    responses=answers(MVT, MLT) | NOTHING | NEITHER,
)
async def cells(request: Request, atlas: AtlasDep, definition: str, z: Z, x: X, y: Y) -> Response:
    """Return a tile with the layer `cells`.

    Attributes: code, area, population, status, distance_m, covered, gap_share, gap_population; population and
    gap_population are absent where the people are not told, for the reason that status gives. A MapLibre tile
    (MLT 1) is the same in another format.
    """
    found, address = atlas.definition(definition), address_of(z, x, y)
    return await _tile(request, atlas, CELLS, address, found.id)


@router.get("/stops/{z}/{x}/{y}.mvt", summary="Stops as vector tiles", responses=NOTHING)
@router.get("/stops/{z}/{x}/{y}.mlt", summary="Stops as MapLibre tiles", responses=NOTHING)
@router.get(
    "/stops/{z}/{x}/{y:int}",
    summary="Stops as tiles in the format that the client accepts",
    responses=answers(MVT, MLT) | NOTHING | NEITHER,
)
async def stops(request: Request, atlas: AtlasDep, z: Z, x: X, y: Y) -> Response:
    """Return a tile with the layer `stops`: id, name, mode, weekday_departures (absent without timetable).

    A MapLibre tile (MLT 1) is the same in another format.
    """
    return await _tile(request, atlas, STOPS, address_of(z, x, y), None)


SUFFIXES = {".mvt": MVT, ".mlt": MLT}


async def _tile(
    request: Request, atlas: Atlas, kind: Kind, address: Address, definition: str | None
) -> Response:
    named = SUFFIXES.get(request.url.path[-4:])
    media_type = named or preferred(request.headers.get("accept", ""), list(FORMATS))
    if media_type is None:
        raise NotAcceptable(f"A tile is one of {', '.join(FORMATS)}")
    state = digest(atlas.state(*MADE_OF), kind.name, definition, address, media_type)
    make = partial(FORMATS[media_type], atlas, kind, address, definition)
    told = Told(media_type, vary="" if named else "Accept")
    return await kept(request, atlas, state, encoded(make), told)
