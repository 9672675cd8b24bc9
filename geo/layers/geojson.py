"""GeoJSON (RFC 7946) whose geometry texts were made once; a request splices columns between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat

import numpy as np
import orjson
from numpy.typing import NDArray

from geo.layers import deflate

Column = NDArray[np.float64] | Sequence[object]
Indices = NDArray[np.intp]

#: Beyond this, a double no longer tells neighbouring integers apart.
_LARGEST_EXACT = 2**53


@dataclass(frozen=True)
class FeatureTexts:
    """Each area's feature up to the place where the poured properties begin.

    Attributes
    ----------
    heads : n texts, ``{"type":"Feature","id":…,"bbox":…,"geometry":…,"properties":{"code":…``
    """

    heads: tuple[bytes, ...]
    _blocks: dict[int, deflate.Block] = field(default_factory=dict, compare=False)

    @classmethod
    def of(
        cls,
        ids: Sequence[int],
        properties: Sequence[Mapping[str, object]],
        geometries: Sequence[str],
        bboxes: Sequence[Sequence[float]],
    ) -> FeatureTexts:
        """Return the texts of n areas; every area has at least one static property."""
        heads = [
            b'{"type":"Feature","id":%d,"bbox":%b,"geometry":%b,"properties":%b'
            % (number, orjson.dumps(bbox), geometry.encode(), orjson.dumps(static)[:-1])
            for number, static, geometry, bbox in zip(ids, properties, geometries, bboxes, strict=True)
        ]
        return cls(tuple(heads))

    def __len__(self) -> int:
        return len(self.heads)

    @property
    def nbytes(self) -> int:
        """Size in memory, with room for the compressed form."""
        return sum(map(len, self.heads)) * 3 // 2

    def geometry(self, place: int) -> bytes:
        """Return the geometry of one area as GeoJSON text."""
        head = self.heads[place]
        return head[head.index(b'"geometry":') + 11 : head.rindex(b',"properties":')]

    def block(self, place: int) -> deflate.Block:
        """Return one head compressed; made on first use."""
        if place not in self._blocks:
            self._blocks[place] = deflate.Block(self.heads[place])
        return self._blocks[place]


def _texts(column: Column) -> list[bytes]:
    """Return each entry of a column as JSON; NaN is null, whole numbers have no decimal point."""
    if not isinstance(column, np.ndarray):
        # orjson makes each text in kilobytes that stay taken as long as it lives: a copy takes its length
        return [memoryview(orjson.dumps(entry)).tobytes() for entry in column]
    if not len(column):
        return []
    finite = np.isfinite(column)
    whole = column[finite]
    if (np.abs(whole) < _LARGEST_EXACT).all() and (whole == np.floor(whole)).all():
        column = np.where(finite, column, 0).astype(np.int64)
    texts = orjson.dumps(np.ascontiguousarray(column), option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")
    for place in np.flatnonzero(~finite):
        texts[place] = b"null"
    return texts


def _poured(n: int, columns: Mapping[str, Column]) -> list[bytes]:
    """Return, for each of n features, the rest of its text: the columns and the closing brackets."""
    # joined, never formatted: a column's name may be a person's, and any sign may be in it
    parts: list[Iterable[bytes]] = []
    for name, column in columns.items():
        parts += [repeat(b"," + orjson.dumps(name) + b":", n), _texts(column)]
    closings = [b"}},"] * n
    closings[-1:] = [b"}}"] * min(n, 1)
    return list(map(b"".join, zip(*parts, closings, strict=True)))


def poured_size(n: int, columns: Mapping[str, Column], members: Mapping[str, object]) -> int:
    """Return how many bytes columns and members add to the stored texts of n areas, before they are poured.

    >>> poured_size(2, {"a": [1, None]}, {"b": "c"})  # ,"a":1 and ,"a":null and "b":"c",
    23
    """
    names = sum(len(orjson.dumps(name)) + 2 for name in columns) * n
    entries = sum(len(text) for column in columns.values() for text in _texts(column))
    return names + entries + len(_opening(members)) - len(_opening({}))


def _opening(members: Mapping[str, object]) -> bytes:
    inner = orjson.dumps(members, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
    return b'{"type":"FeatureCollection",' + inner + (b"," if inner else b"") + b'"features":['


def pour(
    texts: FeatureTexts, places: Indices, columns: Mapping[str, Column], members: Mapping[str, object]
) -> bytes:
    """Return a FeatureCollection of the areas at ``places``.

    Parameters
    ----------
    texts : of all areas
    places : (n,) which areas, in the order wanted
    columns : property name → n entries; NaN becomes null
    members : foreign members of the collection, such as its period and credit
    """
    parts = [b""] * (2 * len(places))
    parts[::2] = [texts.heads[place] for place in places]
    parts[1::2] = _poured(len(places), columns)
    return b"".join((_opening(members), *parts, b"]}"))


def pour_gzip(
    texts: FeatureTexts, places: Indices, columns: Mapping[str, Column], members: Mapping[str, object]
) -> bytes:
    """Return the same collection as a gzip member; geometry was compressed long ago."""
    opening = _opening(members)
    raws, deflated = [opening], [deflate.stored(opening)]
    for place, tail in zip(places.tolist(), _poured(len(places), columns), strict=True):
        block = texts.block(place)
        raws += [block.raw, tail]
        deflated += [block.deflated, deflate.stored(tail)]
    raws.append(b"]}")
    deflated.append(deflate.stored(b"]}"))
    return deflate.gzip_joined(raws, deflated)
