"""Tiles: the address is checked, the plate is found, the tile is poured."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response

from geo.errors import Finding, InvalidParameter, NotFound
from service.access import ViewDep, atlas_of, gallery_of, only_known_parameters
from service.plates import FORMATS, Plate
from service.responses import accepts_gzip, is_fresh
from service.tilestore import MAX_ZOOM, Address
from service.views import Revision, View, Wish, resolve

router = APIRouter(
    prefix="/v1/layers/{layer}/tiles", tags=["tiles"], dependencies=[Depends(only_known_parameters)]
)

MAX_FURTHER = 8

With = Annotated[
    str | None,
    Query(
        alias="with",
        max_length=800,
        description="Up to 8 further layers whose values the tile carries, `a,b`",
    ),
]


def _further_views(request: Request, view: View, listed: str | None) -> list[View]:
    """Return the views of the layers in ``with``: same period, level and boundaries."""
    names = list(dict.fromkeys(name for name in (listed or "").split(",") if name))
    if len(names) > MAX_FURTHER:
        finding = Finding("query", "with", str(len(names)), f"at most {MAX_FURTHER} layers")
        raise InvalidParameter(f"with may name at most {MAX_FURTHER} layers", [finding])
    same = Wish(period=view.period, level=view.level, vintage=str(view.vintage.date))
    return [resolve(atlas_of(request), name, same) for name in names]


def address_of(z: int, x: int, y: int) -> Address:
    """Return the address of a tile; NotFound outside the zooms or the grid."""
    if not 0 <= z <= MAX_ZOOM:
        raise NotFound(f"There are tiles for zoom 0 to {MAX_ZOOM}, not {z}")
    if not (0 <= x < 1 << z and 0 <= y < 1 << z):
        raise NotFound(f"Zoom {z} has tiles 0 to {(1 << z) - 1} in x and y, not {x}/{y}")
    return z, x, y


def headers_of(plate: Plate, address: Address, suffix: str, *, gzipped: bool) -> dict[str, str]:
    """Return a tile's headers: its ETag stands for the data, the address, the format and the encoding."""
    z, x, y = address
    headers = {"ETag": f'"{plate.etag}-{z}-{x}-{y}-{suffix}{"-gz" if gzipped else ""}"', **plate.headers}
    if suffix == "mvt":
        headers["Vary"] = "Accept-Encoding"
    if gzipped:
        headers["Content-Encoding"] = "gzip"
    return headers


async def plate_of(request: Request, view: ViewDep, further: With = None, rev: Revision = None) -> Plate:
    """Return the plate of a request, and keep it for the front door to pour the next tile from."""
    gallery, atlas = gallery_of(request), atlas_of(request)
    generation = atlas.generation
    picture = await gallery.picture(view)
    others = tuple([await gallery.picture(other) for other in _further_views(request, view, further)])
    store = await atlas.tiles(view.vintage.date, view.level)
    plate = Plate(picture, others, store, immutable=rev == picture.revision)
    if generation == atlas.generation:
        request.app.state.plates.put((request.path_params["layer"], request.scope["query_string"]), plate)
    return plate


@router.get(
    "/{z}/{x}/{y}.mvt", summary="Vector tile", responses={204: {"description": "Nothing to draw here"}}
)
@router.get("/{z}/{x}/{y}.png", summary="PNG tile, 256 pixels")
@router.get("/{z}/{x}/{y}@2x.png", summary="PNG tile, 512 pixels")
async def tile(
    request: Request,
    plate: Annotated[Plate, Depends(plate_of)],
    z: Annotated[int, Path(description="Zoom, 0 to 14")],
    x: Annotated[int, Path(description="Column")],
    y: Annotated[int, Path(description="Row, from the north")],
) -> Response:
    """Return one tile.

    A vector tile has the layer `areas` (extent 4096) with `code`, `name`, `name_en`, `value` and `class`;
    the feature id is the code as an integer. `value` and `class` are absent where the value is missing.
    A PNG has the legend's colours and is transparent where there is no land.
    """
    suffix = request.url.path.rsplit(str(y), 1)[1].removeprefix(".")
    return await tile_answer(request, plate, address_of(z, x, y), suffix)


async def tile_answer(request: Request, plate: Plate, address: Address, suffix: str) -> Response:
    """Return the tile at an address as a response."""
    media_type, size = FORMATS[suffix]
    gzipped = size is None and accepts_gzip(request.headers.get("accept-encoding", ""))
    headers = headers_of(plate, address, suffix, gzipped=gzipped)
    if is_fresh(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    body = plate.body(
        address, await plate.store.fetch(atlas_of(request).engine, address), suffix, gzipped=gzipped
    )
    if not body:
        headers.pop("Content-Encoding", None)
        return Response(status_code=204, headers=headers)
    return Response(body, media_type=media_type, headers=headers)
