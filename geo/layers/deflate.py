"""gzip bodies whose constant part was compressed long ago.

A DEFLATE stream (RFC 1951) may be cut after a full flush: what follows refers to nothing before it.
So a constant part is compressed once, and a body is the constant part's bytes followed by freshly made
blocks. The checksum of the gzip trailer (RFC 1952) continues from the constant part's.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, reduce

#: Magic, method deflate, no flags, no time, no extra flags, unknown system: the same bytes every time.
GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"

#: An empty last block with fixed codes, to end a stream on a byte.
FINAL_BLOCK = b"\x03\x00"
STORED_LIMIT = 0xFFFF
#: No compression, the length, and its complement (RFC 1951, 3.2.4).
_STORED = struct.Struct("<BHH").pack


def flushed(raw: bytes, level: int = 6) -> bytes:
    """Return bytes compressed so that they end on a byte and refer to nothing before them."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(raw) + compressor.flush(zlib.Z_FULL_FLUSH)


@dataclass(frozen=True)
class Block:
    """Bytes and their raw DEFLATE form, which ends on a byte and refers to nothing before it."""

    raw: bytes
    level: int = 6

    @cached_property
    def deflated(self) -> bytes:
        """The bytes compressed once, when that is first asked for, to be used in many bodies."""
        return flushed(self.raw, self.level)

    @property
    def to_compress(self) -> int:
        """How many bytes ``deflated`` would compress now."""
        return 0 if "deflated" in self.__dict__ else len(self.raw)

    @cached_property
    def _crcs(self) -> tuple[int, tuple[int, ...]]:
        """The checksum, and what each bit of a checksum of what stands before adds to it."""
        own = zlib.crc32(self.raw)
        return own, tuple(zlib.crc32(self.raw, 1 << bit) ^ own for bit in range(32))

    def crc_after(self, before: int) -> int:
        """Return the checksum of something that has the checksum ``before``, with the block behind it.

        A CRC is linear: each bit of ``before`` adds what it adds to any bytes of this length.

        >>> Block(b"tail").crc_after(zlib.crc32(b"head")) == zlib.crc32(b"headtail")
        True
        """
        crc, bits = self._crcs
        while before:
            bit = before.bit_length() - 1
            crc ^= bits[bit]
            before ^= 1 << bit
        return crc

    def compress(self) -> None:
        """Work out what bodies need of the block."""
        _ = self.deflated, self._crcs


@dataclass(frozen=True)
class Beginning:
    """What bodies begin with: blocks, which other beginnings may share."""

    blocks: tuple[Block, ...]

    @cached_property
    def raws(self) -> tuple[bytes, ...]:
        """The blocks as they are."""
        return tuple(block.raw for block in self.blocks)

    @cached_property
    def deflated(self) -> tuple[bytes, ...]:
        """The blocks compressed; those that no other beginning has compressed already are now."""
        return tuple(block.deflated for block in self.blocks)

    @cached_property
    def size(self) -> int:
        """Bytes, uncompressed."""
        return sum(map(len, self.raws))

    @cached_property
    def crc(self) -> int:
        """The checksum of all blocks in a row."""
        return reduce(lambda crc, raw: zlib.crc32(raw, crc), self.raws, 0)

    @property
    def to_compress(self) -> int:
        """How many bytes ``gzip`` would compress besides the tail."""
        if "deflated" in self.__dict__:
            return 0
        return sum(block.to_compress for block in self.blocks)

    def compress(self) -> None:
        """Compress what is not compressed yet."""
        _ = self.deflated

    @cached_property
    def packed(self) -> tuple[bytes, ...]:
        """What a gzip member begins with."""
        return (GZIP_HEADER, *self.deflated)

    def begun(self, *, gzipped: bool) -> tuple[bytes, ...]:
        """Return what all bodies begin with, in parts."""
        return self.packed if gzipped else self.raws

    def ended(self, tail: bytes, *, gzipped: bool) -> bytes:
        """Return what goes on behind it in the body that ends with ``tail``, compressing only that."""
        if not gzipped:
            return tail
        return _ended(tail) + _trailer(zlib.crc32(tail, self.crc), self.size + len(tail))

    def whole(self, tail: bytes) -> bytes:
        """Return the body that goes on with ``tail``."""
        return b"".join((*self.raws, tail))

    def gzip(self, tail: bytes) -> bytes:
        """Return the same body as a gzip member, compressing only the tail."""
        return b"".join((*self.packed, self.ended(tail, gzipped=True)))


@dataclass(frozen=True)
class Headed:
    """Blocks with a few bytes before them, which stand in one body alone."""

    head: bytes
    blocks: tuple[Block, ...]

    @property
    def to_compress(self) -> int:
        """How many bytes ``gzip`` would compress besides the tail."""
        return sum(block.to_compress for block in self.blocks)

    def compress(self) -> None:
        """Compress what is not compressed yet."""
        for block in self.blocks:
            block.compress()

    def whole(self, tail: bytes) -> bytes:
        """Return the body that goes on with ``tail``."""
        return b"".join((self.head, *(block.raw for block in self.blocks), tail))

    def gzip(self, tail: bytes) -> bytes:
        """Return the same body as a gzip member, compressing only the tail."""
        crc = reduce(lambda before, block: block.crc_after(before), self.blocks, zlib.crc32(self.head))
        size = len(self.head) + sum(len(block.raw) for block in self.blocks) + len(tail)
        constant = (stored(self.head), *(block.deflated for block in self.blocks))
        return b"".join((GZIP_HEADER, *constant, _ended(tail), _trailer(zlib.crc32(tail, crc), size)))


def _ended(tail: bytes) -> bytes:
    """Return bytes compressed fast, as the end of a stream."""
    compressor = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(tail) + compressor.flush()


def _trailer(crc: int, size: int) -> bytes:
    return struct.pack("<II", crc, size & 0xFFFFFFFF)


def stored(raw: bytes) -> bytes:
    """Return bytes as stored DEFLATE blocks: no compression, five bytes more for each 65,535.

    Examples
    --------
    >>> stored(b"ab").hex()
    '000200fdff6162'
    """
    if 0 < len(raw) <= STORED_LIMIT:
        return _STORED(0, len(raw), len(raw) ^ 0xFFFF) + raw
    pieces = (raw[start : start + STORED_LIMIT] for start in range(0, len(raw), STORED_LIMIT))
    return b"".join([stored(piece) for piece in pieces])


def gzip_joined(raws: Iterable[bytes], deflated: Iterable[bytes]) -> bytes:
    """Return a gzip member of parts whose DEFLATE forms are at hand; each must end on a byte."""
    return gzip_of(b"".join(raws), b"".join(deflated))


def gzip_of(whole: bytes, deflated: bytes) -> bytes:
    """Return a gzip member of bytes whose DEFLATE form is at hand but for its end."""
    return b"".join((GZIP_HEADER, deflated, FINAL_BLOCK, _trailer(zlib.crc32(whole), len(whole))))
