"""Vector tiles (MVT 2.1) whose geometry was encoded once; a request pours values into them.

The stored form is what PostGIS encodes: one layer whose feature ids are area positions, without
attributes. A tile that leaves has

    layer = name, version, extent, keys, static values, features   ← constant, the *layout*
            one double per value layer and feature                 ← poured
            one small integer (the class) per value layer and feature

Protocol Buffers let fields come in any order, so the poured values come last; their indices are fixed,
so the features' tags never change. A value has a fixed width, so even the layer's length is constant.

MVT has no null: a feature without a value has no tag for it. Which features lack a value is the
*pattern* of a layout; few patterns occur, because the same areas lack figures in most years.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from geo.errors import InvalidFile
from geo.layers import deflate
from geo.layers.tiles import EXTENT

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
UInt8s = NDArray[np.uint8]
Positions = NDArray[np.int32]

LAYER_NAME = "areas"
VALUE, CLASS = "value", "class"

# Field numbers and wire types of vector_tile.proto 2.1
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_TILE_LAYERS = 3
_LAYER_FEATURES = 2
_FEATURE_ID, _FEATURE_TYPE, _FEATURE_GEOMETRY = 1, 3, 4

#: A Value message (layer field 4) that holds a double: 4+LEN, 9 bytes long, field 3+I64, the number.
_VALUE_DTYPE = np.dtype([("head", "S3"), ("number", "<f8")])
_VALUE_HEAD = b"\x22\x09\x19"
#: A Value message that holds an unsigned integer below 128: 4+LEN, 2 bytes long, field 5+VARINT.
_CLASS_DTYPE = np.dtype([("head", "S3"), ("number", "u1")])
_CLASS_HEAD = b"\x22\x02\x28"

MAX_LAYOUTS = 4


def varint(number: int) -> bytes:
    """Return an unsigned number as a base-128 varint.

    >>> varint(300).hex()
    'ac02'
    """
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number: int, payload: bytes) -> bytes:
    r"""Return a length-delimited field.

    >>> field(1, b"areas")
    b'\n\x05areas'
    """
    return varint(number << 3 | _BYTES) + varint(len(payload)) + payload


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7


def _fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield field number, start of the field, start and end of its payload."""
    while at < end:
        start = at
        tag, at = _read_varint(data, at)
        wire = tag & 7
        if wire == _BYTES:
            length, at = _read_varint(data, at)
            stop = at + length
        elif wire == _VARINT:
            stop = _read_varint(data, at)[1]
        else:
            stop = at + {_FIXED64: 8, _FIXED32: 4}[wire]
        if stop > end:
            raise IndexError
        yield tag >> 3, start, at, stop
        at = stop


@dataclass(frozen=True)
class Skeleton:
    """The geometry of one tile.

    Attributes
    ----------
    positions : (n,) each feature's place in the area order
    bodies : n byte strings, the type and geometry fields of each feature, as they stand in the tile
    geometries : n byte strings, the geometry commands alone (packed varints)
    """

    positions: Positions
    bodies: tuple[bytes, ...]
    geometries: tuple[bytes, ...]


def _feature(data: bytes, at: int, end: int) -> tuple[int, bytes, bytes]:
    position, kind, geometry, commands = -1, b"", b"", b""
    for number, start, payload, stop in _fields(data, at, end):
        if number == _FEATURE_ID:
            position = _read_varint(data, payload)[0]
        elif number == _FEATURE_TYPE:
            kind = data[start:stop]
        elif number == _FEATURE_GEOMETRY:
            geometry, commands = data[start:stop], data[payload:stop]
    if position < 0 or not kind or not geometry:
        raise InvalidFile("A stored tile has a feature without id, type or geometry")
    return position, kind + geometry, commands


def read_skeleton(data: bytes) -> Skeleton:
    """Return the geometry of a stored tile: one layer whose feature ids are area positions.

    Raises
    ------
    InvalidFile : the bytes are no vector tile, or a feature lacks its id or geometry
    """
    features: list[tuple[int, bytes, bytes]] = []
    try:
        for number, _, at, end in _fields(data, 0, len(data)):
            if number == _TILE_LAYERS:
                layer = _fields(data, at, end)
                features += [_feature(data, a, b) for n, _, a, b in layer if n == _LAYER_FEATURES]
    except (IndexError, KeyError) as error:
        raise InvalidFile("The bytes of a stored tile are cut off or no vector tile") from error
    return Skeleton(
        np.array([position for position, _, _ in features], np.int32),
        tuple(body for _, body, _ in features),
        tuple(commands for _, _, commands in features),
    )


@dataclass(frozen=True)
class Attributes:
    """What every tile says of an area, whatever is poured: its id and its static texts.

    Attributes
    ----------
    ids : (areas,) feature ids
    keys : names of the static attributes
    values : for each key, the encoded Value message of each area
    """

    ids: NDArray[np.int64]
    keys: tuple[str, ...]
    values: tuple[tuple[bytes, ...], ...]

    @classmethod
    def of(cls, ids: NDArray[np.int64], texts: dict[str, Sequence[str]]) -> Attributes:
        """Return the attributes of all areas, their texts encoded once."""
        encoded = (tuple(field(4, field(1, text.encode())) for text in column) for column in texts.values())
        return cls(ids, tuple(texts), tuple(encoded))


@dataclass(frozen=True)
class Layout:
    """The constant part of a tile for one pattern of missing values."""

    prefix: bytes

    @cached_property
    def block(self) -> deflate.Block:
        """The constant part, compressed once, when gzip is first asked for."""
        return deflate.block(self.prefix)


class Tile:
    """A tile to pour into: ``len`` features, at ``positions`` of the area order.

    Parameters
    ----------
    data : the stored tile; see ``read_skeleton``
    attributes : of all areas
    """

    def __init__(self, data: bytes, attributes: Attributes) -> None:
        self._data = data
        self._attributes = attributes
        self._layouts: OrderedDict[tuple[tuple[str, ...], bytes], Layout] = OrderedDict()
        self.positions = read_skeleton(data).positions

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def nbytes(self) -> int:
        """Size of the stored tile."""
        return len(self._data)

    @property
    def skeleton(self) -> Skeleton:
        """The geometry, read from the stored bytes when it is needed."""
        return read_skeleton(self._data)

    def pour(self, values: Floats, classes: UInt8s, further: tuple[str, ...] = ()) -> bytes:
        """Return the tile with these values.

        Parameters
        ----------
        values : (layers, n) numbers; NaN where an area has none
        classes : (layers, n) class of each value, below 128; ignored where there is no value
        further : names of the layers after the first, whose attributes are ``name`` and ``name:class``
        """
        missing = np.isnan(values)
        layout = self.layout(missing, further)
        return layout.prefix + _poured(values, classes, missing)

    def pour_gzip(self, values: Floats, classes: UInt8s, further: tuple[str, ...] = ()) -> bytes:
        """Return the same tile as a gzip member; only the values are compressed now."""
        missing = np.isnan(values)
        layout = self.layout(missing, further)
        return deflate.gzip_continued(layout.block, _poured(values, classes, missing))

    def is_laid(self, missing: Bools, further: tuple[str, ...], *, gzipped: bool) -> bool:
        """Return whether the constant part for this pattern is there, so that pouring takes no time."""
        found = self._layouts.get(_pattern(missing, further))
        return found is not None and (not gzipped or "block" in found.__dict__)

    def lay(self, missing: Bools, further: tuple[str, ...], *, gzipped: bool) -> None:
        """Make the constant part for this pattern."""
        layout = self.layout(missing, further)
        if gzipped:
            _ = layout.block

    def outlines(self) -> bytes:
        """Return the tile with the static texts alone: for readers who lay the values over it themselves."""
        return _prefix(self.skeleton, self._attributes, np.empty((0, len(self)), np.bool_), ())

    def layout(self, missing: Bools, further: tuple[str, ...]) -> Layout:
        """Return the constant part for a pattern of missing values (layers, n), made on first use."""
        pattern = _pattern(missing, further)
        found = self._layouts.get(pattern)
        if found is not None:
            return found
        made = (
            _prefix(self.skeleton, self._attributes, missing, further)
            if further
            else self._single(missing[0])
        )
        found = self._layouts[pattern] = Layout(made)
        if len(self._layouts) > MAX_LAYOUTS:
            self._layouts.popitem(last=False)
        return found

    def _single(self, missing: NDArray[np.bool_]) -> bytes:
        """Return the constant part for one layer: which form a feature has is all that differs."""
        features = b"".join(np.where(missing, self._forms.without, self._forms.with_value).tolist())
        return _layer(self._forms.head + features, len(missing))

    @cached_property
    def _forms(self) -> _Forms:
        """The features with a value and without one, and what stands before them."""
        skeleton, n = self.skeleton, len(self)
        every, none = np.zeros((1, n), np.bool_), np.ones((1, n), np.bool_)
        return _Forms(
            _head(skeleton, self._attributes, 1, ()),
            _objects(_features(skeleton, self._attributes, every)),
            _objects(_features(skeleton, self._attributes, none)),
        )


def _pattern(missing: Bools, further: tuple[str, ...]) -> tuple[tuple[str, ...], bytes]:
    return further, missing.tobytes() if missing.any() else b""


@dataclass(frozen=True)
class _Forms:
    head: bytes
    with_value: NDArray[np.object_]
    without: NDArray[np.object_]


def _objects(parts: Sequence[bytes]) -> NDArray[np.object_]:
    found = np.empty(len(parts), object)
    found[:] = parts
    return found


def _poured(values: Floats, classes: UInt8s, missing: Bools) -> bytes:
    """Return the Value messages of all values, then of all classes."""
    numbers = np.empty(values.size, _VALUE_DTYPE)
    numbers["head"] = _VALUE_HEAD
    indices = np.empty(classes.size, _CLASS_DTYPE)
    indices["head"] = _CLASS_HEAD
    if missing.any():  # the slots stay, though no tag points at them
        numbers["number"] = np.where(missing, 0.0, values).ravel()
        indices["number"] = np.where(missing, 0, classes).ravel()
    else:
        numbers["number"] = values.ravel()
        indices["number"] = classes.ravel()
    return numbers.tobytes() + indices.tobytes()


def _prefix(skeleton: Skeleton, attributes: Attributes, missing: Bools, further: tuple[str, ...]) -> bytes:
    """Return the bytes of a tile up to its first poured value, lengths included."""
    layers, n = missing.shape
    features = b"".join(_features(skeleton, attributes, missing))
    return _layer(_head(skeleton, attributes, layers, further) + features, layers * n)


def _layer(constant: bytes, poured: int) -> bytes:
    """Return the opening of a tile's one layer, whose constant bytes are followed by so many values."""
    length = len(constant) + poured * (_VALUE_DTYPE.itemsize + _CLASS_DTYPE.itemsize)
    return varint(_TILE_LAYERS << 3 | _BYTES) + varint(length) + constant


def _head(skeleton: Skeleton, attributes: Attributes, layers: int, further: tuple[str, ...]) -> bytes:
    """Return what stands before the features: name, version, extent, keys and static values."""
    keys = list(attributes.keys)
    for value, its_class in [(VALUE, CLASS), *((name, f"{name}:{CLASS}") for name in further)][:layers]:
        keys += [value, its_class]
    return b"".join(
        (
            field(1, LAYER_NAME.encode()),
            b"\x78\x02",  # version 2
            b"\x28" + varint(EXTENT),
            *(field(3, key.encode()) for key in keys),
            *(column[position] for column in attributes.values for position in skeleton.positions),
        )
    )


def _features(skeleton: Skeleton, attributes: Attributes, missing: Bools) -> list[bytes]:
    """Return the features, tagged with their static texts and with the values that are not missing."""
    layers, n = missing.shape
    statics = len(attributes.keys)
    features = []
    for i, (position, body) in enumerate(zip(skeleton.positions, skeleton.bodies, strict=True)):
        tags = [number for key in range(statics) for number in (key, key * n + i)]
        for layer in range(layers):
            if not missing[layer, i]:
                slot = statics * n + layer * n + i
                tags += [statics + 2 * layer, slot, statics + 2 * layer + 1, slot + layers * n]
        feature_id = varint(_FEATURE_ID << 3 | _VARINT) + varint(int(attributes.ids[position]))
        features.append(field(_LAYER_FEATURES, feature_id + field(2, b"".join(map(varint, tags))) + body))
    return features
