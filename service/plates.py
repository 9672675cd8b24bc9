"""A plate is a picture on tiles: everything but the address is settled, so a tile is one pour."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from geo import mvt, png
from geo.palettes import NO_DATA
from service.responses import IMMUTABLE, MVT, PNG, REVALIDATE
from service.tilestore import Address, TileStore
from service.views import MISSING, Picture

#: Suffix → (media type, pixels or None for vector tiles)
FORMATS: dict[str, tuple[str, int | None]] = {"mvt": (MVT, None), "png": (PNG, 256), "@2x.png": (PNG, 512)}


@dataclass(frozen=True)
class Plate:
    """A picture, the further pictures poured into the same tiles, and the tiles."""

    picture: Picture
    further: tuple[Picture, ...]
    store: TileStore
    immutable: bool

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """One row per picture, one column per area."""
        return np.stack([p.vector.values for p in (self.picture, *self.further)])

    @cached_property
    def classes(self) -> NDArray[np.uint8]:
        """Class of each value, in the same shape."""
        return np.stack([p.classes for p in (self.picture, *self.further)])

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Attribute names of the further pictures."""
        return tuple(p.view.indicator.id for p in self.further)

    @cached_property
    def etag(self) -> str:
        """Name of this state of the data; tiles add their address, format and encoding."""
        return "-".join(p.etag for p in (self.picture, *self.further))

    @cached_property
    def colours(self) -> NDArray[np.uint8]:
        """RGBA of each area, in area order."""
        palette = np.full((MISSING + 1, 4), (*NO_DATA, 255), np.uint8)
        palette[: len(self.picture.colours), :3] = self.picture.colours
        return palette[self.picture.classes]

    @cached_property
    def headers(self) -> dict[str, str]:
        """Headers that all tiles of the plate share."""
        return {
            "Cache-Control": IMMUTABLE if self.immutable else REVALIDATE,
            "Chiiki-Revision": self.picture.revision,
        }

    def body(self, address: Address, tile: mvt.Tile | None, suffix: str, *, gzipped: bool) -> bytes:
        """Return the bytes of one tile; empty where a vector tile has nothing to draw."""
        size = FORMATS[suffix][1]
        if size is not None:
            return self._image(address, tile, size)
        if tile is None:
            return b""
        values, classes = self.values[:, tile.positions], self.classes[:, tile.positions]
        return (tile.pour_gzip if gzipped else tile.pour)(values, classes, self.keys)

    def _image(self, address: Address, tile: mvt.Tile | None, size: int) -> bytes:
        if tile is None:
            return png.transparent(size)
        return png.pour(self.store.raster(address, tile, size), self.colours[tile.positions])
