"""JSON of strangers is read in bounded depth, or refused."""

from __future__ import annotations

import pytest

from geo.errors import InvalidFile
from geo.files.documents import DEEPEST, read_json, shown


def nested(depth: int, inside: str = "") -> bytes:
    return f"{'[' * depth}{inside}{']' * depth}".encode()


def test_what_lies_as_deep_as_it_may_is_read() -> None:
    assert read_json(nested(1, "1, 2")) == [1, 2]
    document = read_json(nested(DEEPEST))
    for _ in range(DEEPEST - 1):
        assert isinstance(document, list)
        (document,) = document
    assert document == []


@pytest.mark.parametrize(
    "body",
    [
        *(nested(DEEPEST + 1), nested(1000), nested(1_000_000), b"[" * 1_000_000),
        b'{"a":' * 40 + b"1" + b"}" * 40,
        *(b"", b"{", b"NaN", b"[Infinity]", b'"\\ud800"', b'{"\\udfff":1}', b"\xff\xfe", b"01"),
    ],
)
def test_what_is_deeper_or_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidFile) as refused:
        read_json(body, "no JSON", "a list")
    assert len(refused.value.findings) == 1


def test_a_refusal_shows_the_beginning_of_a_value() -> None:
    assert shown("x" * 1000) == "x" * 80
    assert shown([1] * 1000) == ("[" + "1," * 100)[:80]
