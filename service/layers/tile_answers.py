"""A tile as a response."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from geo.errors import NotFound
from service.http.responses import accepts_gzip, is_fresh
from service.layers.tile_sources import FORMATS, MAX_ZOOM, TileSource
from service.memory.atlas import Address, Atlas
from service.memory.cache import settled


def address_of(z: int, x: int, y: int) -> Address:
    """Return the address of a tile; NotFound outside the zooms or the grid."""
    if not 0 <= z <= MAX_ZOOM:
        raise NotFound(f"There are tiles for zoom 0 to {MAX_ZOOM}, not {z}")
    if not (0 <= x < 1 << z and 0 <= y < 1 << z):
        raise NotFound(f"Zoom {z} has tiles 0 to {(1 << z) - 1} in x and y, not {x}/{y}")
    return z, x, y


async def tile_answer(
    request: Request, atlas: Atlas, poured: TileSource, address: Address, suffix: str, vary: str = ""
) -> Response:
    """Return the tile at an address as a response; ``vary`` is what else than Accept-Encoding chose it."""
    media_type, size = FORMATS[suffix]
    gzipped = size is None and accepts_gzip(request.headers.get("accept-encoding", ""))
    headers = poured.tile_headers(address, suffix, gzipped=gzipped)
    if vary:
        headers["Vary"] = f"Accept-Encoding, {vary}"
    if is_fresh(request.headers.get("if-none-match", ""), headers["ETag"]):
        headers.pop("Content-Encoding", None)
        return Response(status_code=304, headers=headers)
    body = await settled(lambda: poured.body(atlas, address, suffix, gzipped=gzipped))
    if not body:
        headers.pop("Content-Encoding", None)
        return Response(status_code=204, headers=headers)
    return Response(body, media_type=media_type, headers=headers)
