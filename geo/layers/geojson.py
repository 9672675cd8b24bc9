"""GeoJSON (RFC 7946) whose geometry texts were made once; a request splices columns between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import repeat

import numpy as np
import orjson
from numpy.typing import NDArray

from geo.layers import deflate

Column = NDArray[np.float64] | Sequence[object]
Indices = NDArray[np.intp]

#: Beyond this, a double no longer tells neighbouring integers apart.
LARGEST_EXACT = 2**53


#: Of compression: a fifth of the time less than the usual one, for a hundredth more bytes.
_LEVEL = 5
#: What stands before and behind the geometry of a feature.
_GEOMETRY, _PROPERTIES = b',"geometry":', b',"properties":{'


@dataclass(frozen=True)
class FeatureTexts:
    """Each area's feature up to the place where the poured properties begin.

    Attributes
    ----------
    heads : n texts, ``{"type":"Feature","id":…,"bbox":…,"geometry":…,"properties":{"code":…``
    """

    heads: tuple[bytes, ...]
    _blocks: dict[int, deflate.Block] = field(default_factory=dict, compare=False)
    _deflated: dict[int, bytes] = field(default_factory=dict, compare=False)

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
        """Size in memory, with room for the compressed forms of features and of outlines."""
        return sum(map(len, self.heads)) * 2

    def geometry(self, place: int) -> bytes:
        """Return the geometry of one area as GeoJSON text."""
        return self.outline(place)[len(_GEOMETRY) : -len(_PROPERTIES)]

    def outline(self, place: int) -> bytes:
        """Return what a feature of one area has between its id and its first property."""
        begins, ends = self._bounds[place]
        return self.heads[place][begins:ends]

    @cached_property
    def _bounds(self) -> list[tuple[int, int]]:
        """Where the outline of each area begins and ends in its text."""
        return [(head.index(_GEOMETRY), head.rindex(_PROPERTIES) + len(_PROPERTIES)) for head in self.heads]

    def outline_deflated(self, place: int) -> bytes:
        """Return the same compressed; made on first use."""
        found = self._deflated.get(place)
        if found is None:
            found = self._deflated[place] = deflate.flushed(self.outline(place), _LEVEL)
        return found

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
    if (np.abs(whole) < LARGEST_EXACT).all() and (whole == np.floor(whole)).all():
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


# Features of other ids and properties: only the outlines were made before


def between(
    ids: Sequence[str], columns: Mapping[str, Sequence[object]], members: Mapping[str, object]
) -> list[bytes]:
    """Return what stands before, between and behind the outlines of n features: n + 1 texts.

    Parameters
    ----------
    ids : (n,)
    columns : property → n entries
    members : what the collection has before its features, at least its type
    """
    beginnings = [b'{"type":"Feature","id":' + orjson.dumps(name) for name in ids]
    parts: list[Iterable[bytes]] = []
    for name, column in columns.items():
        comma = b"," if parts else b""
        parts += [repeat(comma + orjson.dumps(name) + b":", len(ids)), map(orjson.dumps, column)]
    ends = [b"}}," + beginning for beginning in beginnings[1:]] + [b"}}]}\n"] * min(len(ids), 1)
    opening = orjson.dumps(members)[:-1] + b',"features":[' + (beginnings[0] if ids else b"]}\n")
    return [opening, *map(b"".join, zip(*parts, ends, strict=True))]


def spliced(between: Sequence[bytes], outlines: Sequence[bytes]) -> bytes:
    """Return n outlines, or what they are compressed, with n + 1 texts before, between and behind them."""
    parts = [b""] * (2 * len(outlines) + 1)
    parts[::2] = between
    parts[1::2] = outlines
    return b"".join(parts)


def outline(geometry: bytes) -> bytes:
    """Return what a feature has between its id and its first property."""
    return b"".join((_GEOMETRY, geometry, _PROPERTIES))


def spliced_whole(between: Sequence[bytes], texts: FeatureTexts, places: Sequence[int]) -> bytes:
    """Return the outlines at ``places`` with what stands around them."""
    return spliced(between, [texts.outline(place) for place in places])


def spliced_gzip(between: Sequence[bytes], texts: FeatureTexts, places: Sequence[int]) -> bytes:
    """Return the same as a gzip member; the outlines are compressed once."""
    whole = spliced_whole(between, texts, places)
    stored = list(map(deflate.stored, between))
    return deflate.gzip_of(whole, spliced(stored, [texts.outline_deflated(place) for place in places]))
