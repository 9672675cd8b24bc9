"""Columns in memory are compared and reckoned with in three values, as SQL has it."""

from __future__ import annotations

import datetime as dt
import fnmatch
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo import columns
from geo.columns import Numbers, Texts, Times, Truth, Undecided

YES, NO, UNKNOWN = "yes", "no", "?"


def told(truth: Truth) -> list[str]:
    assert not (truth.true & truth.unknown).any()
    return [
        UNKNOWN if unknown else YES if true else NO
        for true, unknown in zip(truth.true, truth.unknown, strict=True)
    ]


def truth(*values: str) -> Truth:
    return Truth(np.array([one == YES for one in values]), np.array([one == UNKNOWN for one in values]))


def numbers(*values: float) -> Numbers:
    return Numbers.of(np.array(values, np.float64))


def texts(*values: str | None) -> Texts:
    return Texts(values, np.arange(len(values)))


FIRST = truth(YES, YES, YES, NO, NO, NO, UNKNOWN, UNKNOWN, UNKNOWN)
SECOND = truth(YES, NO, UNKNOWN, YES, NO, UNKNOWN, YES, NO, UNKNOWN)


def test_and_or_and_not_are_those_of_the_standard() -> None:
    # ISO/IEC 9075-2, 6.39 <boolean value expression>, tables of AND, OR and NOT
    assert told(columns.every([FIRST, SECOND])) == [YES, NO, UNKNOWN, NO, NO, NO, UNKNOWN, NO, UNKNOWN]
    assert told(columns.some([FIRST, SECOND])) == [YES, YES, YES, YES, NO, UNKNOWN, YES, UNKNOWN, UNKNOWN]
    assert told(columns.opposite(truth(YES, NO, UNKNOWN))) == [NO, YES, UNKNOWN]
    assert told(columns.some([])) == [NO]


@pytest.mark.parametrize(
    ("sign", "expected"),
    [
        ("=", [NO, YES, NO, UNKNOWN]),
        ("<>", [YES, NO, YES, UNKNOWN]),
        ("<", [YES, NO, NO, UNKNOWN]),
        ("<=", [YES, YES, NO, UNKNOWN]),
        (">", [NO, NO, YES, UNKNOWN]),
        (">=", [NO, YES, YES, UNKNOWN]),
    ],
)
def test_what_is_missing_compares_with_nothing(sign: str, expected: list[str]) -> None:
    assert told(columns.compared(sign, numbers(1, 2, 3, np.nan), numbers(2))) == expected
    assert told(columns.compared(sign, texts("1", "2", "3", None), Texts.of("2"))) == expected
    assert told(columns.compared(sign, texts("1", "2", "3", None), texts("2", "2", "2", "2"))) == expected
    assert told(columns.compared(sign, truth(NO, YES), truth(YES, UNKNOWN)))[1] == UNKNOWN


def test_what_is_missing_is_known_to_be() -> None:
    assert told(columns.is_missing(numbers(0, np.nan))) == [NO, YES]
    assert told(columns.is_missing(texts("", None))) == [NO, YES]
    assert told(columns.is_missing(truth(NO, UNKNOWN))) == [NO, YES]
    assert told(columns.is_missing(Times.of([dt.date(2020, 1, 1)]))) == [NO]


def test_words_are_put_in_order_by_the_database_and_digits_here() -> None:
    assert told(columns.compared("<", texts("01100", "10201", "1"), Texts.of("10000"))) == [YES, NO, YES]
    assert told(columns.compared("=", texts("札幌市"), Texts.of("札幌市"))) == [YES]
    for one, other in (("a", "b"), ("前橋市", "1"), ("1", "-1"), ("１", "2")):
        with pytest.raises(Undecided):
            columns.compared("<", texts(one, "1"), Texts.of(other))


def test_instants_are_compared_to_the_microsecond() -> None:
    midnight, later = dt.date(2020, 1, 1), dt.datetime(2020, 1, 1, microsecond=1)
    days = Times.of([midnight, later, dt.date(1, 1, 1), dt.date(9999, 12, 31)])
    assert told(columns.compared("<", Times.of([midnight]), days)) == [NO, YES, NO, YES]
    for last, sign in ((True, "<"), (False, ">")):
        assert told(columns.compared(sign, days, Times.endless(last=last))) == [YES] * 4


@pytest.mark.parametrize(
    ("pattern", "text", "has"),
    [
        ("", "", True),
        ("", "a", False),
        ("%", "", True),
        ("%%", "a", True),
        ("_", "", False),
        ("_", "市", True),
        ("_", "\n", True),
        ("a%b", "ab", True),
        ("a%b", "a\nb", True),
        ("ab%ba", "aba", False),
        ("%ab%ab", "ab", False),
        ("%a_%", "ba", False),
        ("100\\%", "100%", True),
        ("100\\%", "1000", False),
        ("\\\\", "\\", True),
        ("a.c", "abc", False),
        ("[a-c]", "a", False),
        ("%_a", "aa", True),
        ("A%", "a", False),
    ],
)
def test_a_pattern_stands_for_a_whole_text(pattern: str, text: str, *, has: bool) -> None:
    assert told(columns.like(texts(text, None), Texts.of(pattern))) == [YES if has else NO, UNKNOWN]


@given(pattern=st.text("ab%_", max_size=8), text=st.text("ab", max_size=8))
def test_any_pattern_is_that_of_a_file_name(pattern: str, text: str) -> None:
    same = re.compile(fnmatch.translate(pattern.replace("%", "*").replace("_", "?")))
    assert told(columns.like(texts(text), Texts.of(pattern))) == [YES if same.match(text) else NO]


def test_a_pattern_of_thousands_of_signs_takes_no_time_of_its_own() -> None:
    pattern = "%a" * 1900 + "%b"
    assert told(columns.like(texts("a" * 2000), Texts.of(pattern))) == [NO]


def test_letters_beyond_ascii_are_made_small_by_the_database() -> None:
    assert list(columns.lower(texts("MAE-bashi", "前橋市", None)).entries) == ["mae-bashi", "前橋市", None]
    for text in ("Ō", "ﾏＡ", "ß", "Σ"):
        with pytest.raises(Undecided):
            columns.lower(texts("a", text))


def test_accents_go_and_the_marks_of_kana_stay() -> None:
    plain = columns.without_accents(texts("Māebashì", "つがる", "パ", None))
    assert list(plain.entries) == ["Maebashi", "つがる", "パ", None]


@pytest.mark.parametrize(
    ("sign", "a", "b", "result"),
    [
        ("+", 0.1, 0.2, 0.30000000000000004),
        ("-", 1, 3, -2),
        ("*", -2, 0, 0),
        ("/", 1, 3, 1 / 3),
        ("/", 1, 0, None),
        ("div", -7, 2, -3),
        ("div", 7, 0, None),
        ("%", -7, 3, -1),
        ("%", 7, -3, 1),
        ("%", 7, 0, None),
        ("^", 2, 10, 1024),
        ("^", -2, 3, -8),
        ("^", 0, 0, 1),
        ("+", np.nan, 1, None),
        ("/", np.nan, 0, None),
    ],
)
def test_numbers_are_reckoned_with_as_doubles(sign: str, a: float, b: float, result: float | None) -> None:
    found = columns.reckoned(sign, numbers(a), numbers(b))
    assert [None if found.missing[0] else found.values[0]] == [result]


@pytest.mark.parametrize(
    ("sign", "a", "b"),
    [
        ("*", 1e300, 1e300),
        ("*", 1e-300, 1e-300),
        ("/", 1e300, 1e-300),
        ("/", 1e-300, 1e300),
        ("+", 1.7e308, 1.7e308),
        ("^", 10, 400),
        ("^", 10, -400),
        ("^", -1, 0.5),
        ("^", 0, -1),
        ("%", 0.5, 0.3),
        ("%", 1e15, 7),
    ],
)
def test_what_no_double_holds_is_for_the_database(sign: str, a: float, b: float) -> None:
    with pytest.raises(Undecided):
        columns.reckoned(sign, numbers(1, a), numbers(1, b))


def test_a_text_that_no_database_takes_is_not_looked_for() -> None:
    with pytest.raises(Undecided):
        Texts.of("a\0")


def test_rows_are_put_in_order_with_missing_ones_last() -> None:
    value, code = numbers(2, np.nan, -1, 2, np.nan), texts("3", "1", "2", "1", None)
    assert columns.order([(value, False)]).tolist() == [2, 0, 3, 1, 4]
    assert columns.order([(value, True)]).tolist() == [0, 3, 2, 1, 4]
    assert columns.order([(value, True), (code, False)]).tolist() == [3, 0, 2, 1, 4]
    assert columns.order([(code, True), (value, False)]).tolist() == [0, 2, 3, 1, 4]
    with pytest.raises(Undecided):
        columns.order([(texts("a", "b"), False)])
