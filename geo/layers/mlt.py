"""MapLibre tiles (MLT, format version 1) whose constant columns were encoded once; values are poured.

A tile is one layer, column by column (https://maplibre.org/maplibre-tile-spec/specification/v1/):

    size, version, name, extent, type and name of each column   ← some hundred bytes, the *head*
    id, geometry                                                ← constant
    code, name, name_en                                         ← constant, not in a *lean* tile
    value and class of each value layer                         ← poured

A column is one or more *streams*: what it is, how it is encoded, how many values, how many bytes, the bytes.
A column in which a value is missing begins with a stream of bits. So it does not matter to what is constant
which values are missing, as it does in MVT; only types and size in the head depend on how many are.

Of the specification's encodings these are written and read: varints, plain, as deltas, as runs and as runs
of deltas; a dictionary of vertices; texts with a dictionary and without; plain floats; runs of bits. Plain
words are read.
What else the specification has is refused by its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from geo.errors import InvalidFile
from geo.layers import deflate
from geo.layers.mvt import CLASS, LAYER_NAME, VALUE, Rings, Skeleton, rings, varint, varints
from geo.layers.tiles import EXTENT

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
UInt8s = NDArray[np.uint8]
Positions = NDArray[np.intp]

VERSION = 1
#: Types of columns; one more where values may be missing. Id and geometry have no name.
ID, GEOMETRY, BOOL, INT32, UINT32, FLOAT, DOUBLE, STRING = 0, 4, 10, 16, 18, 24, 26, 28
NULLABLE = 1
_UNNAMED = (ID, GEOMETRY)

#: What a stream is: its category in the high four bits, what of it in the low ones.
_PRESENT, _DATA, _DICTIONARY, _VERTICES = 0x00, 0x10, 0x11, 0x13
_VERTEX_OFFSETS, _STRING_OFFSETS = 0x20, 0x22
_LENGTHS, _GEOMETRIES, _PARTS, _RINGS, _DICTIONARY_LENGTHS = 0x30, 0x31, 0x32, 0x33, 0x36

#: How a stream is encoded: two logical fields of three bits, the physical one in the last two.
_PLAIN, _VARINTS, _DELTAS, _RUNS, _RUNS_OF_DELTAS = 0x00, 0x02, 0x22, 0x62, 0x2E
_VERTEX_DELTAS, _BOOLEAN_RUNS = 0x42, 0x60
_WITH_RUNS, _WITH_DELTAS = (_RUNS, _RUNS_OF_DELTAS), (_DELTAS, _RUNS_OF_DELTAS)
_ENCODINGS = (_PLAIN, _VARINTS, _DELTAS, *_WITH_RUNS, _VERTEX_DELTAS, _BOOLEAN_RUNS)

#: Kinds of geometry; one of several parts is three more.
_POINT, _POLYGON, _SEVERAL = 0, 2, 3

#: What the specification has and is not read here.
_REFUSED_COLUMNS = {1: "OptId", 2: "LongId", 20: "Int64", 22: "UInt64", 30: "SharedDict"}
_REFUSED_STREAMS = {
    0x12: "Shared dictionary",
    0x14: "Morton",
    0x15: "FSST",
    0x21: "Index",
    0x34: "Triangles",
    0x35: "Symbol",
}
_FASTPFOR = 1

#: What a block of constant columns keeps to work out the checksum of a body.
CRCS_BYTES = 1400
#: So few numbers are encoded faster one by one than as an array.
FEW = 128
#: Heads that all tiles share.
MAX_HEADS = 1024
#: What is compressed once is compressed well.
LEVEL = 9


def packed(words: Ints) -> bytes:
    """Return unsigned numbers below 2³⁵ as varints in a row; ``varints`` reads them.

    >>> packed(np.array([300, 1])).hex()
    'ac0201'
    """
    if len(words) <= FEW:
        return b"".join(map(varint, words.tolist()))
    groups, is_told = _varint_bytes(words)
    return groups[is_told].tobytes()


_SHIFTS = np.arange(0, 35, 7)


def _varint_bytes(words: Ints) -> tuple[UInt8s, Bools]:
    """Return five bytes for each number (n, 5), and which of them its varint has."""
    follows = words[:, None] >> (_SHIFTS + 7) > 0
    groups = (words[:, None] >> _SHIFTS) & 0x7F | follows.astype(np.int64) << 7
    is_told = np.ones(groups.shape, np.bool_)
    is_told[:, 1:] = follows[:, :-1]
    return groups.astype(np.uint8), is_told


def zigzag(numbers: Ints) -> Ints:
    """Return signed numbers as unsigned ones, small where they are near 0.

    >>> zigzag(np.array([0, -1, 1, -2])).tolist()
    [0, 1, 2, 3]
    """
    return (numbers << 1) ^ (numbers >> 63)


def unzigzag(words: Ints) -> Ints:
    """Return the signed numbers again.

    >>> unzigzag(np.array([0, 1, 2, 3])).tolist()
    [0, -1, 1, -2]
    """
    return (words >> 1) ^ -(words & 1)


def runs(words: Ints) -> Ints:
    """Return the lengths of all runs of equal words, then the word of each.

    >>> runs(np.array([5, 5, 5, 3, 3, 3, 3])).tolist()
    [3, 4, 5, 3]
    """
    starts = np.flatnonzero(np.diff(words, prepend=words[:1] - 1))
    return np.concatenate((np.diff(starts, append=len(words)), words[starts]))


def unrun(lengths_and_words: Ints) -> Ints:
    """Return the words that runs stand for.

    >>> unrun(np.array([3, 4, 5, 3])).tolist()
    [5, 5, 5, 3, 3, 3, 3]
    """
    lengths, words = lengths_and_words.reshape(2, -1)
    return np.repeat(words, lengths)


def boolean_runs(bits: Bools) -> bytes:
    """Return bits, the first in the lowest of a byte, with runs of equal bytes told once (ORC's byte runs).

    >>> boolean_runs(np.array([True] * 40 + [True, False, True, True, False, True])).hex()
    '02ffff2d'
    """
    told, literal = bytearray(), bytearray()
    for value, equal in groupby(np.packbits(bits, bitorder="little").tobytes()):
        length = sum(1 for _ in equal)
        while length >= _SHORTEST_RUN:
            told += _literal(literal)
            literal.clear()
            piece = min(length, _LONGEST_RUN)
            told += bytes((piece - _SHORTEST_RUN, value))
            length -= piece
        literal += bytes((value,)) * length
    return bytes(told + _literal(literal))


_SHORTEST_RUN, _LONGEST_RUN, _LONGEST_LITERAL = 3, 130, 128


def _literal(data: bytearray) -> bytes:
    pieces = (data[at : at + _LONGEST_LITERAL] for at in range(0, len(data), _LONGEST_LITERAL))
    return b"".join(bytes((256 - len(piece),)) + piece for piece in pieces)


def bits_of(data: bytes, count: int) -> Bools:
    """Return so many bits of ``boolean_runs``."""
    told = bytearray()
    at = 0
    while at < len(data):
        control = data[at]
        if control < 0x80:
            told += data[at + 1 : at + 2] * (control + 3)
            at += 2
        else:
            told += data[at + 1 : at + 1 + 256 - control]
            at += 1 + 256 - control
    if len(told) != (count + 7) // 8:
        raise InvalidFile(f"An MLT stream of {count} bits has {len(told)} bytes")
    return np.unpackbits(np.frombuffer(told, np.uint8), count=count, bitorder="little").astype(np.bool_)


@dataclass(frozen=True)
class Stream:
    """A stream as it stands in a tile.

    Attributes
    ----------
    kind : what it is
    encoding : how its values stand in the payload
    count : of the values; of the words where they stand in runs
    """

    kind: int
    encoding: int
    count: int
    payload: bytes


def stream(kind: int, encoding: int, count: int, payload: bytes, values: int = 0) -> bytes:
    """Return a stream; one of runs tells how many runs it has, and how many values they stand for."""
    runs_told = varint(count // 2) + varint(values) if encoding in _WITH_RUNS else b""
    return bytes((kind, encoding)) + varint(count) + varint(len(payload)) + runs_told + payload


def unsigned(kind: int, numbers: Ints) -> bytes:
    """Return a stream of unsigned numbers, encoded as it takes the fewest bytes."""
    in_words = _of_few(numbers.tolist()) if len(numbers) <= FEW else _of_many(numbers)
    told = (
        stream(kind, encoding, count, payload, len(numbers))
        for encoding, (count, payload) in in_words.items()
    )
    return min(told, key=len)


def _of_many(numbers: Ints) -> dict[int, tuple[int, bytes]]:
    """Return how many words numbers take in each encoding, and these."""
    deltas = zigzag(np.diff(numbers, prepend=0))
    in_words = {
        _VARINTS: numbers,
        _DELTAS: deltas,
        _RUNS: runs(numbers),
        _RUNS_OF_DELTAS: runs(deltas),
    }
    return {encoding: (len(words), packed(words)) for encoding, words in in_words.items()}


def _of_few(numbers: list[int]) -> dict[int, tuple[int, bytes]]:
    """Return the same as ``_of_many``, without arrays."""
    steps = [number - before for before, number in zip([0, *numbers], numbers, strict=False)]
    deltas = [step << 1 if step >= 0 else (-step << 1) - 1 for step in steps]
    in_words = {
        _VARINTS: numbers,
        _DELTAS: deltas,
        _RUNS: _runs_of_few(numbers),
        _RUNS_OF_DELTAS: _runs_of_few(deltas),
    }
    return {encoding: (len(words), b"".join(map(varint, words))) for encoding, words in in_words.items()}


def _runs_of_few(words: list[int]) -> list[int]:
    lengths = [(sum(1 for _ in equal), word) for word, equal in groupby(words)]
    return [length for length, _ in lengths] + [word for _, word in lengths]


def numbers_of(told: Stream) -> Ints:
    """Return the numbers of a stream of unsigned ones; deltas go round at 2³²."""
    words = varints(told.payload)
    if len(words) != told.count:
        raise InvalidFile(f"An MLT stream of {told.count} numbers has {len(words)}")
    if told.encoding in _WITH_RUNS:
        words = unrun(words)
    return np.cumsum(unzigzag(words)) & 0xFFFFFFFF if told.encoding in _WITH_DELTAS else words


def texts_column(column: Sequence[bytes]) -> bytes:
    """Return a column of texts (UTF-8), with a dictionary where that takes fewer bytes."""
    count, streams = _texts(column)
    return bytes((count,)) + streams


def _texts(column: Sequence[bytes]) -> tuple[int, bytes]:
    """Return how many streams texts take, and these."""
    plain = _lengths(_LENGTHS, column) + _joined(_DATA, column)
    places = {text: place for place, text in enumerate(dict.fromkeys(column))}
    if len(places) == len(column):  # nothing is told twice
        return 2, plain
    offsets = unsigned(_STRING_OFFSETS, np.array([places[text] for text in column], np.int64))
    listed = _lengths(_DICTIONARY_LENGTHS, [*places]) + offsets + _joined(_DICTIONARY, [*places])
    return min((2, plain), (3, listed), key=lambda told: len(told[1]))


def _lengths(kind: int, column: Sequence[bytes]) -> bytes:
    return unsigned(kind, np.array([len(text) for text in column], np.int64))


def _joined(kind: int, column: Sequence[bytes]) -> bytes:
    return stream(kind, _PLAIN, len(column), b"".join(column))


def polygons(features: int, read: Rings) -> bytes:
    """Return the geometry column of so many features, whose rings are given.

    A ring of positive area begins a polygon, another one is a hole in it (MVT 2.1, 4.3.4.4).
    """
    begins = _is_exterior(read)
    rings_of_polygon = np.diff(np.flatnonzero(begins), append=len(begins))
    polygons_of_feature = np.bincount(read.features[begins], minlength=features)
    is_several = polygons_of_feature != 1
    streams = [
        unsigned(_DATA, _POLYGON + _SEVERAL * is_several.astype(np.int64)),
        unsigned(_PARTS, rings_of_polygon),
        unsigned(_RINGS, read.lengths),
        *_vertices(read.vertices),
    ]
    if is_several.any():
        streams.insert(1, unsigned(_GEOMETRIES, polygons_of_feature[is_several]))
    return varint(len(streams)) + b"".join(streams)


def points(vertices: Ints) -> bytes:
    """Return the geometry column of features that are a point each (n, 2)."""
    return varint(2) + unsigned(_DATA, np.full(len(vertices), _POINT)) + _vertex_deltas(vertices)


def _is_exterior(read: Rings) -> Bools:
    """Return which rings begin a polygon: the first of a feature, and all that have a positive area."""
    if not len(read.starts):
        return np.zeros(0, np.bool_)
    following = np.arange(1, len(read.vertices) + 1)
    following[read.starts + read.lengths - 1] = read.starts
    (x, y), (to_x, to_y) = read.vertices.T, read.vertices[following].T
    areas = np.add.reduceat(x * to_y - to_x * y, read.starts)
    return (areas > 0) | (np.diff(read.features, prepend=-1) > 0)


def _vertices(vertices: Ints) -> tuple[bytes, ...]:
    """Return the streams of all vertices (v, 2) of all rings, with a dictionary where that takes fewer bytes.

    Neighbours share their border. Where the dictionary has vertices as they first appear, a ring is a run of
    steps of one, and the border that its neighbour has already told is a run of steps of minus one.
    """
    in_one = (vertices[:, 0] << 32) + vertices[:, 1]
    _, firsts, places = np.unique(in_one, return_index=True, return_inverse=True)
    order = np.argsort(firsts)
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    listed = _vertex_deltas(vertices[firsts[order]]), unsigned(_VERTEX_OFFSETS, ranks[places])
    plain = (_vertex_deltas(vertices),)
    return min(plain, listed, key=lambda streams: sum(map(len, streams)))


def _vertex_deltas(vertices: Ints) -> bytes:
    words = zigzag(np.diff(vertices, axis=0, prepend=np.zeros((1, 2), np.int64))).ravel()
    return stream(_VERTICES, _VERTEX_DELTAS, len(words), packed(words))


#: Type of a column → how its numbers stand in memory, the narrowest first.
NUMBERS: dict[int, str] = {UINT32: "<u4", INT32: "<i4", FLOAT: "<f4", DOUBLE: "<f8"}


def number_type(numbers: Floats) -> int:
    """Return the type of the narrowest column that holds numbers bit for bit; NaN is no number.

    >>> [number_type(np.array(numbers)) for numbers in ([1.0, np.nan], [-1.0], [0.5], [0.1])]
    [18, 16, 24, 26]
    """
    present = numbers[~np.isnan(numbers)]
    return next(kind for kind, dtype in NUMBERS.items() if _holds(dtype, present))


def _holds(dtype: str, numbers: Floats) -> bool:
    with np.errstate(invalid="ignore", over="ignore"):
        again = numbers.astype(dtype).astype(np.float64)
    return np.array_equal(again.view(np.int64), numbers.view(np.int64))


@dataclass(frozen=True)
class Numbers:
    """The numbers of a layer for all areas, ready for the column of any tile.

    Attributes
    ----------
    kind : type of the column, see ``number_type``
    missing : (areas,) where there is none
    words : (areas, bytes) the numbers as they stand in a tile
    is_told : (areas, bytes) which of these bytes stand there, None where all do
    """

    kind: int
    missing: Bools
    words: UInt8s
    is_told: Bools | None

    @classmethod
    def of(cls, numbers: Floats) -> Numbers:
        """Return numbers made ready; NaN is none.

        Integers are varints: the decoder of MapLibre GL JS 5.12 reads no other ones right.
        """
        kind, missing = number_type(numbers), np.isnan(numbers)
        if kind in (FLOAT, DOUBLE):
            words = numbers.astype(NUMBERS[kind])
            return cls(kind, missing, words.view(np.uint8).reshape(len(words), words.itemsize), None)
        whole = np.where(missing, 0, numbers).astype(np.int64)
        words, is_told = _varint_bytes(zigzag(whole) if kind == INT32 else whole)
        longest = is_told.any(axis=0).sum()
        return cls(kind, missing, words[:, :longest].copy(), is_told[:, :longest].copy())

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        return len(self.missing) + self.words.nbytes + (0 if self.is_told is None else self.is_told.nbytes)

    def stream(self, places: Positions) -> bytes:
        """Return the stream of the numbers of some areas, none of them missing."""
        words = self.words.take(places, axis=0)
        if self.is_told is None:
            return stream(_DATA, _PLAIN, len(places), words.tobytes())
        is_told = self.is_told.take(places, axis=0).ravel()
        return stream(_DATA, _VARINTS, len(places), words.ravel().compress(is_told).tobytes())


@lru_cache(MAX_HEADS)
def _head(texts: tuple[str, ...], further: tuple[str, ...], types: tuple[int, ...]) -> bytes:
    """Return what stands between a tile's size and its first column; ``types`` are those of value columns."""
    keys = [(VALUE, CLASS), *((name, f"{name}:{CLASS}") for name in further)][: len(types)]
    named = [(STRING, text) for text in texts]
    for (value, its_class), kind in zip(keys, types, strict=True):
        named += [(kind, value), (UINT32 | kind & NULLABLE, its_class)]
    columns = [bytes([ID]), bytes([GEOMETRY]), *(bytes([kind]) + _string(name) for kind, name in named)]
    told = (bytes([VERSION]), _string(LAYER_NAME), varint(EXTENT), varint(len(columns)), *columns)
    return b"".join(told)


def _string(text: str) -> bytes:
    data = text.encode()
    return varint(len(data)) + data


#: What a column is made from: numbers, of which NaN is none, what is true, or texts, of which None is none.
Raw = Numbers | Bools | Sequence[str | None]


def tile(name: str, geometry: bytes, columns: Mapping[str, Raw]) -> bytes:
    """Return a tile of one layer whose features have no ids.

    Parameters
    ----------
    geometry : the column that ``polygons`` or ``points`` returns
    columns : by name, of one value for each feature
    """
    told = {column: _column_of(raw) for column, raw in columns.items()}
    named = [bytes([kind]) + _string(column) for column, (kind, _) in told.items()]
    schema = b"".join([varint(EXTENT), varint(1 + len(named)), bytes([GEOMETRY]), *named])
    body = b"".join([bytes([VERSION]), _string(name), schema, geometry, *(data for _, data in told.values())])
    return varint(len(body)) + body


def _column_of(raw: Raw) -> tuple[int, bytes]:
    """Return the type of a column, and its streams."""
    if isinstance(raw, Numbers):
        lacks, present = _present(raw.missing)
        return raw.kind + lacks, present + raw.stream(np.flatnonzero(~raw.missing))
    if isinstance(raw, np.ndarray):
        return BOOL, stream(_DATA, _BOOLEAN_RUNS, len(raw), boolean_runs(raw))
    lacks, present = _present(np.array([text is None for text in raw], np.bool_))
    count, streams = _texts([text.encode() for text in raw if text is not None])
    return STRING + lacks, bytes((count + lacks,)) + present + streams


def _present(missing: Bools) -> tuple[bool, bytes]:
    """Return whether values of a column are missing, and the stream that says which are not."""
    if not missing.any():
        return False, b""
    return True, stream(_PRESENT, _BOOLEAN_RUNS, len(missing), boolean_runs(~missing))


class Tile:
    """A tile to pour into: ``len`` features, at ``positions`` of the area order.

    Parameters
    ----------
    skeleton : of the stored tile
    ids : (areas,) feature ids, below 2³²
    texts : for each static attribute, the text of every area
    """

    def __init__(self, skeleton: Skeleton, ids: Ints, texts: Mapping[str, Sequence[str]]) -> None:
        self.positions = skeleton.positions.astype(np.intp)
        self._names = tuple(texts)
        outlines = unsigned(_DATA, ids[self.positions]) + polygons(len(self), rings(skeleton.geometries))
        columns = (texts_column([column[at].encode() for at in self.positions]) for column in texts.values())
        self._outlines = deflate.Block(outlines, LEVEL)
        self._texts = deflate.Block(b"".join(columns), LEVEL)

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def nbytes(self) -> int:
        """Size in memory, once the constant columns are compressed too."""
        constant = len(self._outlines.raw) + len(self._texts.raw)
        return self.positions.nbytes + 2 * (constant + CRCS_BYTES)

    def parts(
        self,
        layers: Sequence[Numbers],
        classes: UInt8s,
        further: tuple[str, ...] = (),
        *,
        lean: bool = False,
    ) -> tuple[deflate.Headed, bytes]:
        """Return what a tile begins with, and the value columns at its end.

        Parameters
        ----------
        layers : the numbers of all areas
        classes : (layers, areas) class of each value, below 128; ignored where there is no value
        further : names of the layers after the first, whose attributes are ``name`` and ``name:class``
        lean : without the static texts
        """
        columns: list[bytes] = []
        types: list[int] = []
        for numbers, its_classes in zip(layers, classes, strict=True):
            lacks = numbers.missing.take(self.positions)
            is_lacking, present = _present(lacks)
            told = self.positions[~lacks] if is_lacking else self.positions
            types.append(numbers.kind + is_lacking)
            columns += [present, numbers.stream(told)]
            columns += [present, stream(_DATA, _VARINTS, len(told), its_classes.take(told).tobytes())]
        tail = b"".join(columns)
        names, constant = ((), (self._outlines,)) if lean else (self._names, (self._outlines, self._texts))
        head = _head(names, further, tuple(types))
        size = varint(len(head) + sum(len(block.raw) for block in constant) + len(tail))
        return deflate.Headed(size + head, constant), tail

    def outlines(self) -> bytes:
        """Return the tile with the static texts alone: for readers who lay the values over it themselves."""
        return self.pour((), np.empty((0, len(self)), np.uint8))

    def pour(self, layers: Sequence[Numbers], classes: UInt8s, further: tuple[str, ...] = ()) -> bytes:
        """Return the tile with these values; see ``parts``."""
        beginning, tail = self.parts(layers, classes, further)
        return beginning.whole(tail)

    def pour_gzip(self, layers: Sequence[Numbers], classes: UInt8s, further: tuple[str, ...] = ()) -> bytes:
        """Return the same tile as a gzip member; only the values are compressed now."""
        beginning, tail = self.parts(layers, classes, further)
        return beginning.gzip(tail)


#: Polygons of rings of vertices, other kinds in the same depth; no ring ends with its first vertex.
Parts = list[list[list[tuple[int, int]]]]
Column = list[str | None] | list[int | float | None] | list[bool | None]


class Layer(NamedTuple):
    """A layer of a tile.

    Attributes
    ----------
    ids : of the features; none where the layer has no such column
    kinds : of geometry, as the specification numbers them: 2 a polygon, 5 several
    geometries : of each feature
    columns : by name, a text, a number or None for each feature
    """

    name: str
    extent: int
    ids: list[int]
    kinds: list[int]
    geometries: list[Parts]
    columns: dict[str, Column]


def decode(data: bytes) -> list[Layer]:
    """Return the layers of a tile; those of another version of the format are passed over.

    Raises
    ------
    InvalidFile : the bytes are no such tile, or it has an encoding that is not read here, which is named
    """
    layers = []
    tile = Reader(data)
    try:
        while tile.at < len(data):
            body = Reader(tile.taken(tile.varint()))
            if body.varint() == VERSION:
                layers.append(_layer(body))
    except (IndexError, ValueError) as error:
        raise InvalidFile("The bytes of a tile are cut off or no MapLibre tile") from error
    return layers


class Reader:
    """Bytes, and how far they are read."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def taken(self, count: int) -> bytes:
        """Return the next bytes."""
        start, self.at = self.at, self.at + count
        if self.at > len(self.data):
            raise IndexError
        return self.data[start : self.at]

    def varint(self) -> int:
        """Return the next number."""
        number, shift = 0, 0
        while True:
            byte = self.taken(1)[0]
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7

    def text(self) -> str:
        """Return the next text, which begins with its length."""
        return self.taken(self.varint()).decode()

    def stream(self) -> Stream:
        """Return the next stream."""
        kind, encoding = self.taken(2)
        count, length = self.varint(), self.varint()
        if kind in _REFUSED_STREAMS:
            raise InvalidFile(f"MLT streams of the kind {_REFUSED_STREAMS[kind]} are not read here")
        if encoding & 3 == _FASTPFOR:
            raise InvalidFile("The MLT encoding FastPFOR is not read here")
        if encoding not in _ENCODINGS:
            raise InvalidFile(f"MLT has no encoding {encoding:#04x}")
        if encoding in _WITH_RUNS:
            self.varint(), self.varint()
        return Stream(kind, encoding, count, self.taken(length))


def _layer(body: Reader) -> Layer:
    layer = Layer(body.text(), body.varint(), [], [], [], {})
    schema = [_column(body) for _ in range(body.varint())]
    for kind, name in schema:
        if kind == GEOMETRY:
            streams = [body.stream() for _ in range(body.varint())]
            layer.kinds[:] = numbers_of(streams[0]).tolist()
            layer.geometries[:] = _geometries(layer.kinds, {one.kind: one for one in streams[1:]})
            continue
        count = body.varint() if kind & ~NULLABLE == STRING else 1 + (kind & NULLABLE)
        streams = [body.stream() for _ in range(count)]
        is_told = [True] * len(layer.kinds)
        if kind & NULLABLE:
            present = streams.pop(0)
            is_told = bits_of(present.payload, present.count).tolist()
        if kind & ~NULLABLE == STRING:
            layer.columns[name] = _spread(is_told, _texts_of({one.kind: one for one in streams}))
        elif kind == ID:
            layer.ids[:] = numbers_of(streams[0]).tolist()
        elif kind & ~NULLABLE == BOOL:
            bits = bits_of(streams[0].payload, streams[0].count)
            layer.columns[name] = _spread(is_told, list[bool](bits.tolist()))
        else:
            layer.columns[name] = _spread(is_told, _numbers_as_told(kind & ~NULLABLE, streams[0]))
    return layer


def _column(body: Reader) -> tuple[int, str]:
    kind = body.varint()
    refused = _REFUSED_COLUMNS.get(kind) or _REFUSED_COLUMNS.get(kind & ~NULLABLE)
    if refused:
        raise InvalidFile(f"MLT columns of the type {refused} are not read here")
    if kind not in (
        *_UNNAMED,
        *(each + lacks for each in (BOOL, *NUMBERS, STRING) for lacks in (0, NULLABLE)),
    ):
        raise InvalidFile(f"MLT has no columns of the type {kind}")
    return kind, "" if kind in _UNNAMED else body.text()


V = TypeVar("V")


def _spread(is_told: Sequence[bool], values: Sequence[V]) -> list[V | None]:
    """Return values with None where there is none."""
    following = iter(values)
    return [next(following) if told else None for told in is_told]


def _numbers_as_told(kind: int, told: Stream) -> list[int | float]:
    """Return the numbers of a column."""
    if told.encoding == _PLAIN:
        words = np.frombuffer(told.payload, NUMBERS[kind] if kind in (FLOAT, DOUBLE) else "<u4")
        if kind != INT32:
            return list(words.tolist())
        return list(unzigzag(words.astype(np.int64)).tolist())
    numbers = numbers_of(told)
    if kind != INT32:
        return list(numbers.tolist())
    if told.encoding in _WITH_DELTAS:
        return list(numbers.astype(np.uint32).view(np.int32).tolist())
    return list(unzigzag(numbers).tolist())


def _texts_of(streams: Mapping[int, Stream]) -> list[str]:
    """Return the texts of a column."""
    if _STRING_OFFSETS not in streams:
        return _parted(streams[_LENGTHS], streams[_DATA])
    listed = _parted(streams[_DICTIONARY_LENGTHS], streams[_DICTIONARY])
    return [listed[place] for place in numbers_of(streams[_STRING_OFFSETS]).tolist()]


def _parted(lengths: Stream, joined: Stream) -> list[str]:
    reader = Reader(joined.payload)
    return [reader.taken(length).decode() for length in numbers_of(lengths).tolist()]


def _geometries(kinds: Sequence[int], streams: Mapping[int, Stream]) -> Iterator[Parts]:
    """Yield the geometry of each feature: lengths are told only of what can have several parts."""
    geometries, parts, ring_lengths = (
        iter(numbers_of(streams[kind]).tolist() if kind in streams else ())
        for kind in (_GEOMETRIES, _PARTS, _RINGS)
    )
    line_lengths = ring_lengths if _RINGS in streams else parts
    vertices = iter(_vertices_of(streams))

    def part(kind: int) -> list[list[tuple[int, int]]]:
        if kind == _POLYGON:
            lengths = [next(ring_lengths) for _ in range(next(parts))]
        else:
            lengths = [1 if kind == _POINT else next(line_lengths)]
        return [[next(vertices) for _ in range(length)] for length in lengths]

    for kind in kinds:
        several = next(geometries) if kind >= _SEVERAL else 1
        yield [part(kind % _SEVERAL) for _ in range(several)]


def _vertices_of(streams: Mapping[int, Stream]) -> list[tuple[int, int]]:
    told = streams[_VERTICES]
    steps = unzigzag(varints(told.payload)).reshape(-1, 2)
    vertices = np.cumsum(steps, axis=0) if told.encoding == _VERTEX_DELTAS else steps
    if _VERTEX_OFFSETS in streams:
        vertices = vertices[numbers_of(streams[_VERTEX_OFFSETS])]
    return [(x, y) for x, y in vertices.tolist()]
