"""gzip bodies from parts compressed earlier are what gzip itself reads."""

from __future__ import annotations

import gzip
import zlib

from hypothesis import given
from hypothesis import strategies as st

from geo.layers import deflate


@given(constant=st.binary(max_size=5000), tail=st.binary(max_size=5000))
def test_a_continued_stream_unpacks_to_both_parts(constant: bytes, tail: bytes) -> None:
    assert gzip.decompress(deflate.Beginning((deflate.Block(constant),)).gzip(tail)) == constant + tail


@given(
    head=st.binary(max_size=200),
    constants=st.lists(st.binary(max_size=3000), max_size=3),
    tail=st.binary(max_size=5000),
)
def test_blocks_may_have_a_head_of_one_body(head: bytes, constants: list[bytes], tail: bytes) -> None:
    beginning = deflate.Headed(head, tuple(map(deflate.Block, constants)))
    assert beginning.to_compress == sum(map(len, constants))
    expected = head + b"".join(constants) + tail
    assert gzip.decompress(beginning.gzip(tail)) == beginning.whole(tail) == expected
    assert beginning.to_compress == 0


@given(parts=st.lists(st.tuples(st.booleans(), st.binary(max_size=3000)), max_size=8))
def test_stored_and_compressed_parts_join_to_one_member(parts: list[tuple[bool, bytes]]) -> None:
    pieces = [deflate.stored(raw) if plain else deflate.Block(raw).deflated for plain, raw in parts]
    raws = [raw for _, raw in parts]
    assert gzip.decompress(deflate.gzip_joined(raws, pieces)) == b"".join(raws)


def test_more_than_one_stored_block_is_written_past_65535_bytes() -> None:
    raw = bytes(range(256)) * 600
    assert gzip.decompress(deflate.gzip_joined([raw], [deflate.stored(raw)])) == raw


def test_the_constant_part_is_as_small_as_gzip_would_make_it() -> None:
    raw = b"".join(b"%d %d;" % (n, n * n) for n in range(5000))
    assert len(deflate.Block(raw).deflated) <= len(zlib.compress(raw, 6)) + 16


def test_the_same_input_gives_the_same_bytes() -> None:
    one, other = (deflate.Beginning((deflate.Block(b"constant" * 50),)) for _ in range(2))
    assert one.gzip(b"tail") == other.gzip(b"tail")


@given(parts=st.lists(st.binary(max_size=2000), max_size=6), tail=st.binary(max_size=500))
def test_beginnings_share_blocks_that_are_compressed_once(parts: list[bytes], tail: bytes) -> None:
    blocks = [deflate.Block(part, 9) for part in parts]
    one, other = deflate.Beginning(tuple(blocks)), deflate.Beginning(tuple(blocks[::-1]))
    assert one.to_compress == other.to_compress == sum(map(len, parts))
    assert gzip.decompress(one.gzip(tail)) == one.whole(tail) == b"".join((*parts, tail))
    assert one.to_compress == other.to_compress == 0
    assert gzip.decompress(other.gzip(tail)) == b"".join((*parts[::-1], tail))
