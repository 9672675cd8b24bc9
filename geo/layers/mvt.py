"""Vector tiles (MVT 2.1) whose geometry was encoded once; a request pours values into them.

The stored form is what PostGIS encodes: one layer whose feature ids are area positions, without
attributes. A tile that leaves has

    layer = name, version, extent, keys, static values, features   ← constant, the *layout*
            one double per value layer and feature                 ← poured
            one small integer (the class) per value layer and feature

Protocol Buffers let fields come in any order, so the poured values come last; their indices are fixed,
so the features' tags never change. A value has a fixed width, so even the layer's length is constant.

MVT has no null: a feature without a value has no tag for it. Which features lack a value is the
*pattern* of a layout. Features stand in *runs* of neighbours, each made once with all their values and once
with none; so another pattern costs no more than the runs in which some are missing and some are not.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.errors import InvalidFile
from geo.layers import deflate
from geo.layers.tiles import EXTENT

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
UInt8s = NDArray[np.uint8]
Positions = NDArray[np.int32]
Ints = NDArray[np.int64]

LAYER_NAME = "areas"
VALUE, CLASS = "value", "class"

# Field numbers and wire types of vector_tile.proto 2.1
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_TILE_LAYERS = 3
_LAYER_FEATURES = 2
_FEATURE_ID, _FEATURE_TAGS, _FEATURE_TYPE, _FEATURE_GEOMETRY = 1, 2, 3, 4
#: Geometry commands are id | count << 3 (MVT 2.1, 4.3.1).
_MOVE_TO, _CLOSE_PATH = 1, 15

#: A Value message (layer field 4) that holds a double: 4+LEN, 9 bytes long, field 3+I64, the number.
_VALUE_DTYPE = np.dtype([("head", "S3"), ("number", "<f8")])
_VALUE_HEAD = b"\x22\x09\x19"
#: A Value message that holds an unsigned integer below 128: 4+LEN, 2 bytes long, field 5+VARINT.
_CLASS_DTYPE = np.dtype([("head", "S3"), ("number", "u1")])
_CLASS_HEAD = b"\x22\x02\x28"
_POURED_BYTES = _VALUE_DTYPE.itemsize + _CLASS_DTYPE.itemsize

#: Features of a run. Compressed each for itself, runs of so many take no more bytes than the whole would.
RUN = 64
#: Layouts are kept up to so many of them, and while what they do not share takes so many times a layout.
MAX_LAYOUTS, LAYOUT_TIMES = 256, 3
#: What is compressed once is compressed well.
LEVEL = 9


_ONE_BYTE = tuple(bytes((number,)) for number in range(0x80))


def varint(number: int) -> bytes:
    """Return an unsigned number as a base-128 varint.

    >>> varint(300).hex()
    'ac02'
    """
    if number < 0x80:
        return _ONE_BYTE[number]
    if number < 0x4000:  # nearly all others
        return bytes((number & 0x7F | 0x80, number >> 7))
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


def varints(packed: bytes) -> Ints:
    """Return packed base-128 varints as integers.

    >>> varints(bytes.fromhex("ac0201")).tolist()
    [300, 1]
    """
    data = np.frombuffer(packed, np.uint8)
    ends = (data < 0x80).nonzero()[0]
    if not len(ends):
        return np.zeros(0, np.int64)
    starts = np.empty_like(ends)
    starts[0], starts[1:] = 0, ends[:-1] + 1
    groups = data[: ends[-1] + 1] & 0x7F
    shifts = np.arange(len(groups)) - starts.repeat(ends - starts + 1)
    return np.bitwise_or.reduceat(groups.astype(np.int64) << 7 * shifts, starts)


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


class Rings(NamedTuple):
    """The rings of polygons, none of which tells its first vertex again at its end.

    Attributes
    ----------
    vertices : (v, 2) in tile units
    starts : (r,) the first vertex of each ring
    features : (r,) the feature that each ring is of
    """

    vertices: Ints
    starts: Ints
    features: Ints

    @property
    def lengths(self) -> Ints:
        """Vertices of each ring."""
        return np.diff(self.starts, append=len(self.vertices))


def rings(geometries: Sequence[bytes]) -> Rings:
    """Return the rings of features, of each of which the geometry commands of its polygons are given.

    Parameters are zigzag deltas from one cursor that runs on from ring to ring of a feature (MVT 2.1, 4.3).
    """
    packed = b"".join(geometries)
    numbers = varints(packed)
    listed = numbers.tolist()
    ends = _ends(packed, geometries)
    is_delta = np.ones(len(numbers), np.bool_)
    commands, starts, features, first_vertices = list[int](), list[int](), list[int](), list[int]()
    at = vertices = 0
    for feature, end in enumerate(ends):
        first_vertices.append(vertices)
        while at < end:
            command = listed[at]
            commands.append(at)
            at += 1
            if command == _CLOSE_PATH:
                continue
            if command & 7 == _MOVE_TO:
                starts.append(vertices)
                features.append(feature)
            vertices += command >> 3
            at += 2 * (command >> 3)
    is_delta[commands] = False
    deltas = numbers[is_delta]
    travelled = np.zeros((1 + vertices, 2), np.int64)
    ((deltas >> 1) ^ -(deltas & 1)).reshape(-1, 2).cumsum(axis=0, out=travelled[1:])
    if len(geometries) == 1:
        return Rings(travelled[1:], np.array(starts, np.int64), np.array(features, np.int64))
    firsts = np.array([*first_vertices, vertices], np.int64)
    origins = travelled[firsts[:-1]].repeat(firsts[1:] - firsts[:-1], axis=0)
    return Rings(travelled[1:] - origins, np.array(starts, np.int64), np.array(features, np.int64))


def _ends(packed: bytes, geometries: Sequence[bytes]) -> list[int]:
    """Return after how many numbers each of some runs of varints ends."""
    told = np.zeros(len(packed) + 1, np.int64)
    (np.frombuffer(packed, np.uint8) < 0x80).cumsum(out=told[1:])
    ends: list[int] = told[np.fromiter(map(len, geometries), np.int64, len(geometries)).cumsum()].tolist()
    return ends


@dataclass(frozen=True)
class Attributes:
    """What every tile says of an area, whatever is poured: its id and its static texts.

    Attributes
    ----------
    ids : the encoded id field of each area's feature
    keys : names of the static attributes
    values : for each key, the encoded Value message of each area
    """

    ids: tuple[bytes, ...]
    keys: tuple[str, ...]
    values: tuple[tuple[bytes, ...], ...]

    @classmethod
    def of(cls, ids: NDArray[np.int64], texts: Mapping[str, Sequence[str]]) -> Attributes:
        """Return the attributes of all areas, their texts encoded once."""
        encoded = (tuple(field(4, field(1, text.encode())) for text in column) for column in texts.values())
        id_tag = varint(_FEATURE_ID << 3 | _VARINT)
        return cls(tuple(id_tag + varint(one) for one in ids.tolist()), tuple(texts), tuple(encoded))


#: The layers after the first, and which values are missing.
_Pattern = tuple[tuple[str, ...], bytes]


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
        #: with the bytes of its own, which no other layout shares
        self._layouts: OrderedDict[_Pattern, tuple[deflate.Beginning, int]] = OrderedDict()
        skeleton = read_skeleton(data)
        self.positions = skeleton.positions
        self._forms = _Forms.of(skeleton, attributes)

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def nbytes(self) -> int:
        """Size in memory, once tiles of all kinds were poured: with all values, with none, compressed too."""
        # both forms of the features, each of them compressed too
        return len(self._data) + (3 + LAYOUT_TIMES) * self._forms.size

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
        return self.layout(missing, further).whole(poured(values, classes, missing))

    def pour_gzip(self, values: Floats, classes: UInt8s, further: tuple[str, ...] = ()) -> bytes:
        """Return the same tile as a gzip member; only the values are compressed now."""
        missing = np.isnan(values)
        return self.layout(missing, further).gzip(poured(values, classes, missing))

    def outlines(self) -> bytes:
        """Return the tile with the static texts alone: for readers who lay the values over it themselves."""
        features = _features(self.skeleton, self._attributes, np.empty((0, len(self)), np.bool_))
        constant = _head(self.skeleton, self._attributes, 0, ()) + b"".join(features)
        return _opening(len(constant)) + constant

    def has_layout(self, missing: Bools, further: tuple[str, ...]) -> bool:
        """Return whether the constant part for a pattern is there."""
        return _pattern(missing, further) in self._layouts

    def layout(self, missing: Bools, further: tuple[str, ...]) -> deflate.Beginning:
        """Return the constant part for a pattern of missing values (layers, n), made on first use."""
        pattern = _pattern(missing, further)
        found = self._layouts.get(pattern)
        if found is not None:
            return found[0]
        blocks = self._several(missing, further) if further else self._single(missing[0])
        length = sum(len(block.raw) for block in blocks) + missing.size * _POURED_BYTES
        made = deflate.Beginning((deflate.Block(_opening(length), 0), *blocks))
        shared = self._forms.shared
        own = sum(len(block.raw) for block in blocks if id(block) not in shared)
        self._layouts[pattern] = (made, own)
        self._drop_old()
        return made

    def _drop_old(self) -> None:
        """Drop the oldest layouts but one, where they are too many or what they do not share too large."""
        most = LAYOUT_TIMES * self._forms.size
        while len(self._layouts) > 1 and (
            len(self._layouts) > MAX_LAYOUTS or sum(own for _, own in self._layouts.values()) > most
        ):
            self._layouts.popitem(last=False)

    def _several(self, missing: Bools, further: tuple[str, ...]) -> list[deflate.Block]:
        """Return the constant part for several layers."""
        skeleton = self.skeleton
        head = _head(skeleton, self._attributes, len(missing), further)
        features = _features(skeleton, self._attributes, missing)
        return [deflate.Block(head), *(deflate.Block(b"".join(run)) for run in _in_runs(features))]

    def _single(self, missing: NDArray[np.bool_]) -> list[deflate.Block]:
        """Return the constant part for one layer: which form a feature has is all that differs."""
        head, runs = self._forms
        each = zip(range(0, len(missing), RUN), runs, strict=True)
        return [head, *(run.block(missing[start : start + RUN]) for start, run in each)]


class _Forms(NamedTuple):
    """What layouts for one layer share: what stands before the features, and the features."""

    head: deflate.Block
    runs: list[_Run]

    @classmethod
    def of(cls, skeleton: Skeleton, attributes: Attributes) -> _Forms:
        """Return what layouts of a tile share."""
        n = len(skeleton.positions)
        with_values = _features(skeleton, attributes, np.zeros((1, n), np.bool_))
        without = _features(skeleton, attributes, np.ones((1, n), np.bool_))
        return cls(
            deflate.Block(_head(skeleton, attributes, 1, ()), LEVEL),
            [_Run.of(*both) for both in zip(_in_runs(with_values), _in_runs(without), strict=True)],
        )

    @property
    def size(self) -> int:
        """Bytes of a layout for one layer."""
        return len(self.head.raw) + sum(len(run.with_values.raw) for run in self.runs)

    @property
    def shared(self) -> set[int]:
        """Which blocks layouts share, by their identities."""
        return {id(self.head), *(id(block) for run in self.runs for block in (run.with_values, run.without))}


@dataclass(frozen=True)
class _Run:
    """Neighbouring features, all with a value and all without one.

    Attributes
    ----------
    bounds : (n + 1, 2) where each feature begins and ends, with a value and without
    """

    with_values: deflate.Block
    without: deflate.Block
    bounds: NDArray[np.int64]

    @classmethod
    def of(cls, with_values: Sequence[bytes], without: Sequence[bytes]) -> _Run:
        """Return the run of features in both forms."""
        forms = (with_values, without)
        lengths = [[0, *map(len, features)] for features in forms]
        told, bare = (deflate.Block(b"".join(features), LEVEL) for features in forms)
        return cls(told, bare, np.cumsum(np.array(lengths, np.int64), axis=1).T)

    def block(self, missing: NDArray[np.bool_]) -> deflate.Block:
        """Return the features for a pattern of missing values, one for each."""
        if not missing.any():
            return self.with_values
        if missing.all():
            return self.without
        form = missing.astype(np.intp)
        each, forms = np.arange(len(form)), (self.with_values.raw, self.without.raw)
        starts, ends = self.bounds[each, form], self.bounds[each + 1, form]
        parts = zip(form.tolist(), starts.tolist(), ends.tolist(), strict=True)
        return deflate.Block(b"".join([forms[which][start:end] for which, start, end in parts]))


def _in_runs(features: Sequence[bytes]) -> list[Sequence[bytes]]:
    return [features[at : at + RUN] for at in range(0, len(features), RUN)]


def _pattern(missing: Bools, further: tuple[str, ...]) -> _Pattern:
    return further, missing.tobytes() if missing.any() else b""


def poured(values: Floats, classes: UInt8s, missing: Bools) -> bytes:
    """Return the Value messages of all values (layers, n), then of all classes."""
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


def _opening(length: int) -> bytes:
    """Return the opening of a tile's one layer of so many bytes."""
    return varint(_TILE_LAYERS << 3 | _BYTES) + varint(length)


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
            *(column[position] for column in attributes.values for position in skeleton.positions.tolist()),
        )
    )


def _features(skeleton: Skeleton, attributes: Attributes, missing: Bools) -> list[bytes]:
    """Return the features, tagged with their static texts and with the values that are not missing."""
    layers, n = missing.shape
    statics = len(attributes.keys)
    # a tag is the number of a key, and that of a value: the first key's values of all features come first
    static = [(varint(key), key * n) for key in range(statics)]
    poured = [
        (lacks, varint(statics + 2 * layer), (statics + layer) * n, varint(statics + 2 * layer + 1))
        for layer, lacks in enumerate(missing.tolist())
    ]
    tag, feature_tag = varint(_FEATURE_TAGS << 3 | _BYTES), varint(_LAYER_FEATURES << 3 | _BYTES)
    features = []
    for i, (position, body) in enumerate(zip(skeleton.positions.tolist(), skeleton.bodies, strict=True)):
        tags = [part for key, slot in static for part in (key, varint(slot + i))]
        for lacks, value, slot, its_class in poured:
            if not lacks[i]:
                tags += [value, varint(slot + i), its_class, varint(slot + i + layers * n)]
        told = b"".join(tags)
        feature = b"".join((attributes.ids[position], tag, varint(len(told)), told, body))
        features.append(b"".join((feature_tag, varint(len(feature)), feature)))
    return features
