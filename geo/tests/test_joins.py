"""Joins: codes and names find their areas, and what finds none is told."""

from __future__ import annotations

import pytest

from geo.errors import InvalidFile, InvalidParameter
from geo.joins import Table, joined, key_of, read_table, values
from geo.names import AreaNames

NAMES = AreaNames(
    {
        "01000": ("北海道", ""),
        "10000": ("群馬県", ""),
        "13000": ("東京都", ""),
        "34000": ("広島県", ""),
        "01100": ("札幌市", ""),
        "10201": ("前橋市", ""),
        "13206": ("府中市", ""),
        "34208": ("府中市", ""),
    }
)
MUNICIPALITIES = {"01100", "10201", "13206", "34208"}


def test_codes_are_found_without_their_leading_zero_and_with_their_check_digit() -> None:
    table = read_table(b"code,n\n1100,1\n102016,2\n")
    found = joined(table, 0, NAMES, MUNICIPALITIES)
    assert [code for code, _ in found.matched] == ["01100", "10201"]
    assert found.unmatched == ()


def test_names_are_found_and_one_of_two_needs_its_prefecture() -> None:
    table = read_table("市区町村,n\n前橋市,1\n広島県府中市,2\n府中市,3\n".encode())
    found = joined(table, key_of(table, None), NAMES, MUNICIPALITIES)
    assert [code for code, _ in found.matched] == ["10201", "34208"]
    assert [(one.where, one.value) for one in found.unmatched] == [("line 4", "府中市")]
    assert "東京都" in found.unmatched[0].expected


def test_what_lies_nowhere_elsewhere_or_twice_is_told_with_its_line() -> None:
    table = read_table("code,n\n99999,1\n10201,2\n10201,3\n13000,4\nどこか,5\n".encode())
    found = joined(table, 0, NAMES, MUNICIPALITIES)
    assert [code for code, _ in found.matched] == ["10201"]
    assert [one.where for one in found.unmatched] == ["line 2", "line 4", "line 5", "line 6"]
    assert "line 3 has it" in found.unmatched[1].expected


def test_a_table_in_shift_jis_reads_the_same() -> None:
    text = "地域名,値\n前橋市,1\n"
    assert read_table(text.encode("cp932")) == read_table(text.encode())


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "no header"),
        (b"a,a\n1,2\n", "no header"),
        (b"a,b\n", "no rows"),
        (b"a,b\n1\n", "Line 2 has 1 cells"),
        (b"\xff\xfe\x00\x81", "neither UTF-8 nor"),
        (b"a\n" + b"1\n" * 20_001, "more than 20,000"),
    ],
)
def test_what_is_no_table_is_refused(body: bytes, told: str) -> None:
    with pytest.raises(InvalidFile, match=told):
        read_table(body)


def test_a_key_is_named_or_known() -> None:
    table = Table(("x", "y"), ())
    assert key_of(table, "y") == 1
    with pytest.raises(InvalidParameter):
        key_of(table, "z")
    with pytest.raises(InvalidParameter, match="No column names the areas"):
        key_of(table, None)


def test_columns_of_numbers_are_numbers_and_codes_stay_texts() -> None:
    table = Table(("a", "b", "c"), ())
    rows = [("1,234", "01100", "12.5"), ("−2", "10201", ""), ("", "13206", "x")]
    assert values(table, rows) == {
        "a": [1234, -2, None],
        "b": ["01100", "10201", "13206"],
        "c": ["12.5", None, "x"],
    }
