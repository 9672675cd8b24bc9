"""Joins: codes and names find their areas, and what finds none is told."""

from __future__ import annotations

import orjson
import pytest

from geo.areas.joins import Table, check_answer, check_cells, joined, key_of, read_table, values
from geo.areas.names import AreaNames
from geo.errors import InvalidFile, InvalidParameter

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
        (b"a,b\n1\n", "2 cells, as the header, not 1"),
        (b"\xff\xfe\x00\x81", "neither UTF-8 nor"),
        (b"a\n" + b"1\n" * 20_001, "at most 20,000 rows"),
    ],
)
def test_what_is_no_table_is_refused(body: bytes, told: str) -> None:
    with pytest.raises(InvalidFile, match=told):
        read_table(body)


WIDEST = ",".join(f"column {n}" for n in range(64))


@pytest.mark.parametrize(
    ("body", "where", "field", "value", "expected"),
    [
        (f"{WIDEST},one more\n", "line 1", "header", WIDEST[:80], "at most 64 columns, not 65"),
        ("," * 1_000_000, "line 1", "header", "," * 79, "at most 64 columns, not 1,000,001"),
        (f"code,{'数' * 201}\n", "line 1", "header", "数" * 80, "a name of at most 200 characters"),
        ('code,"人口\n(人)"\n', "line 1", "header", "人口\n(人)", "a name without line breaks"),
        ("code,a\x1bb\n", "line 1", "header", "a\x1bb", "other control characters"),
        (f"code,n\n10201,{'x' * 2001}\n", "line 2", "n", "x" * 80, "at most 2,000 characters, not 2,001"),
        ('code,n\n10201,"' + "x" * 200_000, "line 2", "cell", "", "at most 2,000 characters"),
        (f"code\n10201,{'x' * 90}\n", "line 2", "row", f"10201,{'x' * 74}", "1 cells, as the header, not 2"),
        (f"{WIDEST}\n" + f"{',' * 63}1\n" * 3907, "line 3908", "rows", "," * 63 + "1", "3,906 rows of 64"),
        ("code\n" + " " * (8 << 20), "file", "size", "more than 8,388,608 bytes", "fewer columns or rows"),
    ],
)
def test_a_table_beyond_its_bounds_is_refused_with_the_place(
    body: str, where: str, field: str, value: str, expected: str
) -> None:
    with pytest.raises(InvalidFile) as refused:
        read_table(body.encode())
    (finding,) = refused.value.findings
    assert (finding.where, finding.field, finding.value) == (where, field, value)
    assert expected in finding.expected


def test_a_table_at_its_bounds_is_read() -> None:
    longest = f"{WIDEST}\n" + "\n".join(",".join(["0.25"] * 64) for _ in range(3906))
    assert len(read_table(longest.encode()).rows) == 3906
    told = read_table(f"{'数' * 200},n\n{'x' * 2000},1\n".encode())
    assert told.rows == ((2, ("x" * 2000, "1")),)


def test_columns_for_more_areas_than_fit_are_refused() -> None:
    table = read_table(f"{WIDEST}\n{',' * 63}1\n".encode())
    check_cells(table, 3906)
    with pytest.raises(InvalidFile, match="at most 63 columns for 3,907 areas, not 64"):
        check_cells(table, 3907)


def test_an_answer_beyond_its_bound_is_refused() -> None:
    check_answer(16 << 20)
    with pytest.raises(InvalidFile, match="at most 16,777,216 bytes of answer"):
        check_answer((16 << 20) + 1)


def test_a_text_longer_than_any_name_is_unmatched_at_once() -> None:
    found = joined(read_table(f"name,n\n{'郡' * 2000},1\n前橋市,2\n".encode()), 0, NAMES, MUNICIPALITIES)
    assert [code for code, _ in found.matched] == ["10201"]
    (told,) = found.unmatched
    assert (told.where, told.value, told.expected) == (
        "line 2",
        "郡" * 80,
        "a code or name of at most 80 characters",
    )


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


def test_a_number_too_large_for_an_integer_stays_a_number() -> None:
    told = values(Table(("a",), ()), [("1e300",), ("9007199254740991",), ("−1e19",)])["a"]
    assert told == [1e300, 9007199254740991, -1e19]
    assert orjson.loads(orjson.dumps(told)) == told
