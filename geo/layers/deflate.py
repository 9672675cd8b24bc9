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

#: Magic, method deflate, no flags, no time, no extra flags, unknown system: the same bytes every time.
GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"

#: An empty last block with fixed codes, to end a stream on a byte.
FINAL_BLOCK = b"\x03\x00"
STORED_LIMIT = 0xFFFF


@dataclass(frozen=True)
class Block:
    """Bytes and their raw DEFLATE form, which ends on a byte and refers to nothing before it."""

    raw: bytes
    deflated: bytes
    crc: int


def block(raw: bytes, level: int = 6) -> Block:
    """Return bytes compressed once, to be used in many bodies."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    deflated = compressor.compress(raw) + compressor.flush(zlib.Z_FULL_FLUSH)
    return Block(raw, deflated, zlib.crc32(raw))


def stored(raw: bytes) -> bytes:
    """Return bytes as stored DEFLATE blocks: no compression, five bytes more for each 65,535.

    Examples
    --------
    >>> stored(b"ab").hex()
    '000200fdff6162'
    """
    parts = []
    for start in range(0, len(raw), STORED_LIMIT):
        piece = raw[start : start + STORED_LIMIT]
        parts.append(struct.pack("<BHH", 0, len(piece), len(piece) ^ 0xFFFF) + piece)
    return b"".join(parts)


def gzip_continued(prefix: Block, tail: bytes) -> bytes:
    """Return a gzip member of ``prefix`` followed by ``tail``, compressing only the tail."""
    compressor = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = compressor.compress(tail) + compressor.flush()
    size = len(prefix.raw) + len(tail)
    trailer = struct.pack("<II", zlib.crc32(tail, prefix.crc), size & 0xFFFFFFFF)
    return b"".join((GZIP_HEADER, prefix.deflated, body, trailer))


def gzip_joined(raws: Iterable[bytes], deflated: Iterable[bytes]) -> bytes:
    """Return a gzip member of parts whose DEFLATE forms are at hand; each must end on a byte."""
    whole = b"".join(raws)
    trailer = struct.pack("<II", zlib.crc32(whole), len(whole) & 0xFFFFFFFF)
    return b"".join((GZIP_HEADER, *deflated, FINAL_BLOCK, trailer))
