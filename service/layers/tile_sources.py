"""A tile source is a picture on tiles: everything but the address is settled, so a tile is one pour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, NamedTuple

import numpy as np
from fastapi import Query
from numpy.typing import NDArray

from geo.errors import Finding, InvalidParameter
from geo.figures.indicators import Indicator
from geo.layers import circle_tiles, mlt, mvt, png
from geo.layers.circle_tiles import Discs, Marks
from geo.layers.deflate import Beginning, Headed
from geo.layers.palettes import NO_DATA
from service.http.responses import IMMUTABLE, MLT, MVT, PNG, REVALIDATE
from service.layers.views import MISSING, Picture, View, picture
from service.memory.atlas import Address, Atlas
from service.memory.cache import prepared

MAX_ZOOM = 14
#: Layers that a tile carries beside its own.
MAX_FURTHER = 8
#: The constant part of a tile is made off the event loop for several layers and more areas than this, and
#: compressed there when it has more bytes.
FEW, FEW_BYTES = 150, 15_000
#: Most bytes of a number as MLT: five of a varint, whether each of them is told, whether there is a number.
MLT_BYTES = 11
#: Suffix → (media type, pixels or None for vector tiles)
FORMATS: dict[str, tuple[str, int | None]] = {
    "mvt": (MVT, None),
    "mlt": (MLT, None),
    "png": (PNG, 256),
    "@2x.png": (PNG, 512),
}


#: What a vector tile says of an area. A lean one has no texts: who has them already needs the id alone.
FIELDS = {
    "code": "String: area code, five digits",
    "name": "String: name in Japanese",
    "name_en": "String: name in English",
    mvt.VALUE: "Number: absent where missing",
    mvt.CLASS: "Number: index of the class in legend.json, absent where missing",
}
LEAN_FIELDS = {name: FIELDS[name] for name in (mvt.VALUE, mvt.CLASS)}
WHOLE, LEAN = ",".join(FIELDS), ",".join(LEAN_FIELDS)
Fields = Annotated[
    str | None,
    Query(
        description=f"Attributes of the vector tiles: `{LEAN}` leaves out codes and names; all when left out",
        json_schema_extra={"enum": [LEAN, WHOLE]},
    ),
]


def is_lean(fields: str | None) -> bool:
    """Return whether the attributes asked for, in any order, are those of a lean tile and not of a whole one.

    >>> is_lean("class,value"), is_lean(None)
    (True, False)
    """
    named = FIELDS.keys() if fields is None else set(fields.split(","))
    if named not in (FIELDS.keys(), LEAN_FIELDS.keys()):
        finding = Finding("query", "fields", fields or "", f"{LEAN} or {WHOLE}")
        raise InvalidParameter(
            f"fields is {LEAN}, or {WHOLE}, which is the same as leaving it out", [finding]
        )
    return named == LEAN_FIELDS.keys()


def tile_source(
    atlas: Atlas, view: View, further: Sequence[View], rev: str | None, *, lean: bool = False
) -> TileSource:
    """Return the tile source of a view; see ``service.memory.cache.settled``."""
    main, *others = (picture(atlas, one) for one in (view, *further))
    state = atlas.state_of(*(one.indicator for one in (view, *further)))
    return TileSource(main, tuple(others), state, immutable=rev == main.revision, lean=lean)


@dataclass(frozen=True)
class TileSource:
    """A picture, and the further pictures poured into the same tiles.

    Attributes
    ----------
    state : of all layers on it; while that of the atlas is the same, so is the source
    lean : whether its vector tiles have only values and classes
    """

    picture: Picture
    further: tuple[Picture, ...]
    state: str
    immutable: bool
    lean: bool = False

    @property
    def nbytes(self) -> int:
        """Size in memory: that of its pictures, their values in one piece and as MLT, and their colours."""
        shown = sum(one.nbytes for one in (self.picture, *self.further))
        in_one_piece = shown if self.further else 0
        areas = len(self.picture.classes)
        numbers = MLT_BYTES * areas * (1 + len(self.further))
        return shown + in_one_piece + areas + numbers

    @cached_property
    def layers(self) -> tuple[Indicator, ...]:
        """The layers of its pictures."""
        return tuple(one.view.indicator for one in (self.picture, *self.further))

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """One row per picture, one column per area."""
        return _rows([p.vector.values for p in (self.picture, *self.further)])

    @cached_property
    def classes(self) -> NDArray[np.uint8]:
        """Class of each value, in the same shape."""
        return _rows([p.classes for p in (self.picture, *self.further)])

    @cached_property
    def numbers(self) -> tuple[mlt.Numbers, ...]:
        """The values of each picture as MLT tells them."""
        return tuple(map(mlt.Numbers.of, self.values))

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Attribute names of the further pictures."""
        return tuple(p.view.indicator.id for p in self.further)

    @cached_property
    def etag(self) -> str:
        """Name of this state of the data; tiles add their address, format and encoding."""
        shown = "-".join(p.etag for p in (self.picture, *self.further))
        return f"{shown}-lean" if self.lean else shown

    @cached_property
    def palette(self) -> NDArray[np.uint8]:
        """RGBA of each class, and of areas without data after them."""
        palette = np.full((len(self.picture.colours) + 1, 4), (*NO_DATA, 255), np.uint8)
        palette[:-1, :3] = self.picture.colours
        return palette

    @cached_property
    def shown(self) -> NDArray[np.uint8]:
        """Which of the palette each area has, in area order."""
        classes = self.picture.classes
        return np.where(classes == MISSING, len(self.picture.colours), classes).astype(np.uint8)

    @cached_property
    def marks(self) -> Marks | None:
        """The circles of its counts; None where areas are painted."""
        circles = self.picture.circles
        if circles is None:
            return None
        return Marks(circles, self.picture.vector.values, self.picture.gazetteer.places)

    @cached_property
    def headers(self) -> dict[str, str]:
        """Headers that all tiles of the source share."""
        return {
            "Cache-Control": IMMUTABLE if self.immutable else REVALIDATE,
            "Chiiki-Revision": self.picture.revision,
        }

    def tile_headers(self, address: Address, suffix: str, *, gzipped: bool) -> dict[str, str]:
        """Return a tile's headers: its ETag stands for the data, the address, the format and the encoding."""
        z, x, y = address
        headers = {"ETag": f'"{self.etag}-{z}-{x}-{y}-{suffix}{"-gz" if gzipped else ""}"', **self.headers}
        if FORMATS[suffix][1] is None:
            headers["Vary"] = "Accept-Encoding"
        if gzipped:
            headers["Content-Encoding"] = "gzip"
        return headers

    def body(self, atlas: Atlas, address: Address, suffix: str, *, gzipped: bool) -> bytes:
        """Return the bytes of one tile; see ``parts``."""
        return self.parts(atlas, address, suffix, gzipped=gzipped).whole

    def parts(self, atlas: Atlas, address: Address, suffix: str, *, gzipped: bool) -> Parts:
        """Return one tile; empty where a vector tile has nothing to draw.

        On the event loop ``Needed`` is raised where its geometry is not in memory.
        """
        size = FORMATS[suffix][1]
        if size is None:
            poured = VECTORS[suffix](self, atlas, address)
            return Parts(b"") if poured is None else _joined(atlas, *poured, gzipped=gzipped)
        raster = atlas.raster(self.picture.view.vintage.date, self.picture.view.level, address, size)
        if self.marks is not None:
            return Parts(self._circled(atlas, address, suffix, raster, self.marks.reaching(address, size)))
        if raster is None:
            return Parts(png.transparent(size))
        return Parts(png.pour(raster, self.shown[raster.positions], self.palette))

    def _circled(
        self, atlas: Atlas, address: Address, suffix: str, raster: png.Raster | None, discs: Discs
    ) -> bytes:
        """Return a tile of circles, drawn in a thread and held under its ETag."""
        if raster is None and not discs:
            return png.transparent(discs.size)
        missing = self.picture.classes == MISSING
        of_tile = missing[:0] if raster is None else missing[raster.positions]

        async def draw() -> bytes:
            return await prepared(circle_tiles.pour, raster, of_tile, discs)

        etag = self.tile_headers(address, suffix, gzipped=False)["ETag"]
        return atlas.store.held(atlas.store.bodies, etag, draw)

    def mvt(self, atlas: Atlas, address: Address) -> Poured | None:
        """Return the parts of a tile as MVT, None where there is nothing to draw."""
        view = self.picture.view
        tile = atlas.tile(view.vintage.date, view.level, address, lean=self.lean)
        if tile is None:
            return None
        values, classes = self.values[:, tile.positions], self.classes[:, tile.positions]
        missing = np.isnan(values)
        if self.keys and len(tile) > FEW and not tile.has_layout(missing, self.keys):
            atlas.store.brought(lambda: prepared(tile.layout, missing, self.keys))
        return tile.layout(missing, self.keys), mvt.poured(values, classes, missing)

    def mlt(self, atlas: Atlas, address: Address) -> Poured | None:
        """Return the parts of a tile as MLT, None where there is nothing to draw."""
        tile = atlas.mlt_tile(self.picture.view.vintage.date, self.picture.view.level, address)
        if tile is None:
            return None
        return tile.parts(self.numbers, self.classes, self.keys, lean=self.lean)


class Parts(NamedTuple):
    """A tile: what it shares with others, and the end that is its own."""

    rest: bytes
    beginning: Beginning | None = None
    gzipped: bool = False

    @property
    def size(self) -> int:
        """How many bytes it has."""
        begun = () if self.beginning is None else self.beginning.begun(gzipped=self.gzipped)
        return sum(map(len, begun)) + len(self.rest)

    @property
    def whole(self) -> bytes:
        """The bytes of the tile."""
        begun = () if self.beginning is None else self.beginning.begun(gzipped=self.gzipped)
        return b"".join((*begun, self.rest))


#: What a tile begins with, and its end.
Poured = tuple[Beginning | Headed, bytes]
#: Suffix → how a vector tile is poured.
VECTORS: dict[str, Callable[[TileSource, Atlas, Address], Poured | None]] = {
    "mvt": TileSource.mvt,
    "mlt": TileSource.mlt,
}


def _joined(atlas: Atlas, beginning: Beginning | Headed, tail: bytes, *, gzipped: bool) -> Parts:
    if gzipped and beginning.to_compress > FEW_BYTES:
        atlas.store.brought(lambda: prepared(beginning.compress))
    if isinstance(beginning, Headed):
        return Parts(beginning.gzip(tail) if gzipped else beginning.whole(tail))
    return Parts(beginning.ended(tail, gzipped=gzipped), beginning, gzipped)


def _rows(columns: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return one row for each; a single one is not copied."""
    return columns[0][np.newaxis] if len(columns) == 1 else np.stack(columns)
