"""How an answer leaves: what a client accepts, what it has already, CSV that a spreadsheet may open."""

from __future__ import annotations

import gzip
import math

import pytest

from service.http.responses import (
    IMMUTABLE,
    REVALIDATE,
    Told,
    accepts_gzip,
    csv_bytes,
    encoded,
    is_fresh,
    preferred_coding,
    to_json,
)


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("br, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("*", True),
        ("*;q=0", False),
        ("gzip;q=0, *", False),  # what is named wins over what is not
        ("*;q=0, gzip", True),
        ("identity", False),
        ("", False),
    ],
)
def test_gzip_is_sent_to_whoever_accepts_it(header: str, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, BR;Q=1.0", "br"),
        ("gzip, br;q=0.9", "gzip"),
        ("gzip;q=0.2, br; q=0.9", "br"),
        ("br;q=0, gzip;q=0.001", "gzip"),
        ("br;q=0.000", None),
        ("*", "br"),
        ("br;q=0, *;q=0.5", "gzip"),
        ("gzip;q=0.5, identity", None),
        ("gzip;q=0.5, identity;q=0.5", "gzip"),
        ("br;q=high, gzip", "gzip"),  # no weight that the standard knows
        ("deflate", None),
        ("", None),
    ],
)
def test_the_coding_that_is_liked_best_is_sent(header: str, chosen: str | None) -> None:
    assert preferred_coding(header, ("br", "gzip")) == chosen


@pytest.mark.parametrize(
    ("header", "fresh"),
    [
        ('"a"', True),
        ('W/"a"', True),
        ('"x", W/"a"', True),
        ("*", True),
        ('"A"', False),
        ('"a-gz"', False),
        ("a", False),
        ("", False),
    ],
)
def test_a_copy_is_fresh_where_one_of_its_tags_is_that_of_the_answer(header: str, fresh: bool) -> None:
    assert is_fresh(header, '"a"') is fresh


def test_what_is_no_number_is_null_in_json() -> None:
    assert (
        to_json({"a": math.nan, "b": [math.inf], "c": "前橋"})
        == '{"a":null,"b":[null],"c":"前橋"}\n'.encode()
    )


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (math.nan, ""),
        (0.1 + 0.2, "0.3"),
        (1973395.0, "1973395"),
        (-3.5, "-3.5"),
        (12, "12"),
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+81 3", "'+81 3"),
        ("-1+1", "'-1+1"),
        ("\t=1", "'\t=1"),
        ("-", "-"),  # no formula, and what statistics write for nothing
        ("a,b", '"a,b"'),
        ('"', '""""'),
    ],
)
def test_a_cell_is_no_formula_and_a_missing_figure_is_empty(value: object, cell: str) -> None:
    assert csv_bytes(["a", "b"], [[value, "x"]]).decode() == f"a,b\r\n{cell},x\r\n"


def test_a_byte_order_mark_stands_first_and_once() -> None:
    assert csv_bytes(["a"], [], bom=True) == b"\xef\xbb\xbfa\r\n"


def test_the_same_body_is_compressed_to_the_same_bytes_and_an_empty_one_not_at_all() -> None:
    produce = encoded(lambda: b"body")
    assert produce(False) == b"body"
    assert gzip.decompress(produce(True)) == b"body"
    assert produce(True) == produce(True)
    assert encoded(lambda: b"")(True) == b""


def test_an_answer_says_what_it_depends_on_and_how_long_it_may_be_kept() -> None:
    plain = Told("text/csv").headers('"a"', gzipped=False)
    assert plain == {"ETag": '"a"', "Cache-Control": REVALIDATE, "Vary": "Accept-Encoding"}
    full = Told("text/csv", immutable=True, revision="r", download="高齢化率.csv", vary="Accept")
    assert full.headers('"a-gz"', gzipped=True) == {
        "ETag": '"a-gz"',
        "Cache-Control": IMMUTABLE,
        "Vary": "Accept-Encoding, Accept",
        "Chiiki-Revision": "r",
        "Content-Encoding": "gzip",
        "Content-Disposition": "inline; filename*=UTF-8''%E9%AB%98%E9%BD%A2%E5%8C%96%E7%8E%87.csv",
    }
