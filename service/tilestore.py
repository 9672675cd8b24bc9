"""The stored tiles of one vintage and level, and what has been made ready of them."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from geo import mvt, png
from service import queries
from service.gazetteer import Gazetteer
from service.ingest.tiles import encode_tile
from service.memo import Memo
from service.settings import Settings

Address = tuple[int, int, int]
MAX_ZOOM = 14

#: Of the tiles kept ready to pour; a feature with its layouts takes about 300 bytes.
MAX_FEATURES = 150_000


def attributes_of(gazetteer: Gazetteer) -> mvt.Attributes:
    """Return what every tile says of an area."""
    return mvt.Attributes.of(
        gazetteer.ids,
        {
            "code": [area.code for area in gazetteer.areas],
            "name": [area.name_ja for area in gazetteer.areas],
            "name_en": [area.name_en for area in gazetteer.areas],
        },
    )


class TileStore:
    """Tiles by address: encoded ones in memory up to a budget, the others asked for one by one.

    ``tile`` answers from memory alone and is what the fast path asks; ``fetch`` may go to the database.
    An address inside the stored zooms that is not stored has nothing to draw.
    """

    def __init__(
        self, gazetteer: Gazetteer, stored: dict[Address, bytes], complete_zoom: int, top_zoom: int
    ) -> None:
        self.gazetteer = gazetteer
        self._stored = stored
        self._complete_zoom = complete_zoom
        self._top_zoom = top_zoom
        self._attributes = attributes_of(gazetteer)
        self._tiles: Memo[Address, mvt.Tile | None] = Memo(
            MAX_FEATURES, lambda tile: 4 + len(tile) if tile else 1
        )
        self._rasters: Memo[tuple[Address, int], png.Raster] = Memo(32 << 20, lambda raster: raster.nbytes)

    @classmethod
    async def read(cls, conn: AsyncConnection, gazetteer: Gazetteer, settings: Settings) -> TileStore:
        """Return the store of a gazetteer's (vintage, level), its tiles read from the lowest zoom on."""
        date, level = gazetteer.vintage, gazetteer.level
        count, top_zoom = await queries.encoded_tile_count(conn, date, level)
        rows = await queries.encoded_tiles(conn, date, level, settings.tiles_memory_mb << 20)
        complete = top_zoom if len(rows) == count else max((row.z for row in rows), default=0) - 1
        return cls(gazetteer, {(row.z, row.x, row.y): row.mvt for row in rows}, complete, top_zoom)

    def tile(self, address: Address) -> mvt.Tile | None:
        """Return a tile ready to pour, None where nothing is to draw; KeyError when not in memory."""
        if address in self._tiles:
            return self._tiles[address]
        stored = self._stored.get(address)
        if stored is None and address[0] > self._complete_zoom:
            raise KeyError(address)
        return self._ready(address, stored)

    async def fetch(self, engine: AsyncEngine, address: Address) -> mvt.Tile | None:
        """Return a tile as ``tile`` does, asking the database for what is not in memory."""
        try:
            return self.tile(address)
        except KeyError:
            async with engine.connect() as conn:
                return self._ready(address, await self._asked(conn, address))

    async def _asked(self, conn: AsyncConnection, address: Address) -> bytes | None:
        date, level = self.gazetteer.vintage, self.gazetteer.level
        if address[0] <= self._top_zoom:
            return await queries.one_encoded_tile(conn, date, level, *address)
        return await encode_tile(conn, date, level, *address)

    def _ready(self, address: Address, stored: bytes | None) -> mvt.Tile | None:
        return self._tiles.put(address, mvt.Tile(stored, self._attributes) if stored else None)

    def raster(self, address: Address, tile: mvt.Tile, size: int) -> png.Raster:
        """Return which area each pixel of a tile belongs to."""
        if (address, size) in self._rasters:
            return self._rasters[address, size]
        return self._rasters.put((address, size), png.rasterise(tile.skeleton, size))
