"""Columns of a table in memory, compared and reckoned with as PostgreSQL does, in three values.

An entry may be missing; what is asked of it is then neither true nor false but unknown. Columns of one entry
stand for that entry in every row. What depends on the settings of a database, or ends in an error there, is
not answered here: ``Undecided`` is raised, and the database is to be asked.
"""

from __future__ import annotations

import datetime as dt
import math
import operator
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

#: Whole numbers up to here have 15 digits, which is what PostgreSQL keeps of a double made a numeric.
_EXACT = 10.0**15
_EPOCH = dt.datetime(1970, 1, 1)
_ENDLESS = np.iinfo(np.int64)
#: U+0300–U+036F alone: the marks of Japanese (゛゜) lie elsewhere and make other letters.
_MARKS = re.compile("[\u0300-\u036f]")

_SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Undecided(Exception):
    """A question that only the database can answer."""


@dataclass(frozen=True)
class Truth:
    """For each row true, or unknown, or neither, which is false; never both.

    Attributes
    ----------
    true, unknown : (n,) or (1,)
    """

    true: Bools
    unknown: Bools

    @classmethod
    def of(cls, value: bool) -> Truth:
        """Return the same truth in every row."""
        return cls(np.array([value]), np.array([False]))

    @property
    def false(self) -> Bools:
        """Where it is false."""
        false: Bools = ~(self.true | self.unknown)
        return false


@dataclass(frozen=True)
class Numbers:
    """Finite numbers.

    Attributes
    ----------
    values, missing : (n,) or (1,)
    """

    values: Floats
    missing: Bools

    @classmethod
    def of(cls, values: Floats) -> Numbers:
        """Return numbers of which those that are not finite are missing."""
        missing = ~np.isfinite(values)
        return cls(np.where(missing, 0.0, values), missing)


@dataclass(frozen=True)
class Texts:
    """Texts, each of which may stand in many rows.

    Attributes
    ----------
    entries : the texts; None is missing
    places : (n,) or (1,) the entry of each row
    """

    entries: Sequence[str | None]
    places: Ints

    @classmethod
    def of(cls, text: str) -> Texts:
        """Return the same text in every row."""
        if "\0" in text:
            raise Undecided
        return cls((text,), np.zeros(1, np.intp))

    @property
    def only(self) -> str | None:
        """The text that stands in every row, if one does."""
        return self.entries[0] if len(self.places) == len(self.entries) == 1 else None

    @cached_property
    def missing(self) -> Bools:
        """Which rows have no text."""
        missing: Bools = np.array([text is None for text in self.entries])[self.places]
        return missing

    @cached_property
    def are_digits(self) -> bool:
        """Whether there are only the digits 0 to 9 in them, whose order is the same in every language."""
        return all(text is None or (text.isascii() and text.isdigit()) for text in self.entries)

    @cached_property
    def ranks(self) -> Ints:
        """The place of each row's text in their order."""
        if not self.are_digits:
            raise Undecided
        rank = {text: at for at, text in enumerate(sorted({text or "" for text in self.entries}))}
        ranks: Ints = np.array([rank[text or ""] for text in self.entries], np.intp)[self.places]
        return ranks

    def judged(self, judge: Callable[[str], bool]) -> Truth:
        """Return in which rows a text is what ``judge`` asks for."""
        true = np.array([text is not None and judge(text) for text in self.entries])
        return Truth(true[self.places], self.missing)

    def changed(self, change: Callable[[str], str]) -> Texts:
        """Return the texts with each of them changed."""
        return Texts([None if text is None else change(text) for text in self.entries], self.places)


@dataclass(frozen=True)
class Times:
    """Instants without a zone; none is missing.

    Attributes
    ----------
    at : (n,) or (1,) microseconds from 1970
    """

    at: NDArray[np.int64]

    @classmethod
    def of(cls, times: Sequence[dt.date | dt.datetime]) -> Times:
        """Return instants; a date is its midnight."""
        return cls(np.array([_microseconds(time) for time in times], np.int64))

    @classmethod
    def endless(cls, *, last: bool) -> Times:
        """Return the instant after, or before, all others."""
        return cls(np.array([_ENDLESS.max if last else _ENDLESS.min], np.int64))


Column = Truth | Numbers | Texts | Times


def _microseconds(time: dt.date | dt.datetime) -> int:
    at = time if isinstance(time, dt.datetime) else dt.datetime(time.year, time.month, time.day)
    return (at - _EPOCH) // dt.timedelta(microseconds=1)


# Conditions


def every(conditions: Sequence[Truth]) -> Truth:
    """Return where all are true; false where one is false, whatever the others."""
    true, false = conditions[0].true, conditions[0].false
    for one in conditions[1:]:
        true, false = true & one.true, false | one.false
    return Truth(true, ~(true | false))


def some(conditions: Sequence[Truth]) -> Truth:
    """Return where at least one is true; unknown where none is and one is unknown. None at all is false."""
    if not conditions:
        return Truth.of(False)
    true, unknown = conditions[0].true, conditions[0].unknown
    for one in conditions[1:]:
        true, unknown = true | one.true, unknown | one.unknown
    return Truth(true, unknown & ~true)


def opposite(condition: Truth) -> Truth:
    """Return where a condition is false; what is unknown stays so."""
    return Truth(condition.false, condition.unknown)


def is_missing(column: Column) -> Truth:
    """Return where an entry is missing, which is always known."""
    if isinstance(column, Times):
        return Truth.of(False)
    missing = column.unknown if isinstance(column, Truth) else column.missing
    return Truth(missing, np.zeros_like(missing))


def compared(sign: str, first: Column, second: Column) -> Truth:
    """Return where ``first sign second`` holds, of two columns of one kind.

    Raises
    ------
    Undecided : texts are to be put in order that are not of digits alone, which languages do differently
    """
    if isinstance(first, Texts) and isinstance(second, Texts):
        return _texts_compared(sign, first, second)
    if isinstance(first, Times) and isinstance(second, Times):
        holds = _SIGNS[sign](first.at, second.at)
        return Truth(holds, np.zeros_like(holds))
    if isinstance(first, Numbers) and isinstance(second, Numbers):
        unknown = first.missing | second.missing
        return Truth(_SIGNS[sign](first.values, second.values) & ~unknown, unknown)
    if isinstance(first, Truth) and isinstance(second, Truth):
        unknown = first.unknown | second.unknown
        return Truth(_SIGNS[sign](first.true, second.true) & ~unknown, unknown)
    raise TypeError(f"{type(first).__name__} and {type(second).__name__} are of two kinds")


def _texts_compared(sign: str, first: Texts, second: Texts) -> Truth:
    if sign not in ("=", "<>") and not (first.are_digits and second.are_digits):
        raise Undecided
    holds = _SIGNS[sign]
    if second.only is not None:
        text = second.only
        return first.judged(lambda one: bool(holds(one, text)))
    if first.only is not None:
        text = first.only
        return second.judged(lambda one: bool(holds(text, one)))
    unknown = first.missing | second.missing
    pairs = zip(
        (first.entries[place] or "" for place in first.places),
        (second.entries[place] or "" for place in second.places),
        strict=True,
    )
    return Truth(np.array([holds(one, other) for one, other in pairs], np.bool_) & ~unknown, unknown)


def like(texts: Texts, pattern: Texts) -> Truth:
    """Return where a text has the pattern: ``%`` is any signs, ``_`` one, after a backslash a sign itself.

    Raises
    ------
    Undecided : the pattern is not the same in every row, or ends in a backslash
    """
    if pattern.only is None:
        raise Undecided
    return texts.judged(_matcher(pattern.only))


_PARTS = re.compile(r"\\(.)|(%)|(_)|([^\\%_]+)|(\\)$", re.DOTALL)


def _matcher(pattern: str) -> Callable[[str], bool]:
    """Return what tells whether a whole text has a pattern, in time that grows with both and not faster.

    The pieces between ``%`` are looked for one after another, each as far to the left as it can be.
    """
    pieces = [""]
    for escaped, many, one, plain, alone in _PARTS.findall(pattern):
        if alone:
            raise Undecided
        if many:
            pieces.append("")
        else:
            pieces[-1] += "." if one else re.escape(escaped or plain)
    compiled = [re.compile(piece, re.DOTALL) for piece in pieces]
    first, *middle = compiled[:-1] or compiled
    last, last_length = compiled[-1], _length(pieces[-1])

    def matches(text: str) -> bool:
        if len(compiled) == 1:
            return last.fullmatch(text) is not None
        found = first.match(text)
        for piece in middle:
            found = found and piece.search(text, found.end())
        at = len(text) - last_length
        return found is not None and at >= found.end() and last.fullmatch(text, at) is not None

    return matches


def _length(piece: str) -> int:
    """Return how many signs a piece takes: each is a sign, or a backslash and a sign."""
    return len(re.findall(r"\\.|.", piece, re.DOTALL))


# Texts


def lower(texts: Texts) -> Texts:
    """Return the texts in lower case.

    Raises
    ------
    Undecided : a text has capitals or small letters beyond ASCII, which databases need not know
    """
    if any(text is not None and not text.isascii() and text != text.swapcase() for text in texts.entries):
        raise Undecided
    return texts.changed(str.lower)


def without_accents(texts: Texts) -> Texts:
    """Return the texts without the marks on their Latin letters."""

    def plain(text: str) -> str:
        return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", text)))

    return texts.changed(plain)


# Numbers


def reckoned(sign: str, first: Numbers, second: Numbers) -> Numbers:
    """Return ``first sign second``, missing where one of them is, and where it is divided by 0.

    Raises
    ------
    Undecided : a result is too large or too small for a double, or a remainder of fractions is asked for
    """
    missing = first.missing | second.missing
    if sign in _DIVIDING:
        missing = missing | (second.values == 0)
    a, b, missing = np.broadcast_arrays(first.values, second.values, missing)
    values = np.zeros(len(missing))
    present = ~missing
    with np.errstate(all="ignore"):
        values[present] = _RECKONED[sign](a[present], b[present])
    if not np.isfinite(values).all():
        raise Undecided
    return Numbers(values, missing)


def _product(a: Floats, b: Floats) -> Floats:
    product: Floats = a * b
    if ((product == 0) & (a != 0) & (b != 0)).any():
        raise Undecided
    return product


def _quotient(a: Floats, b: Floats) -> Floats:
    quotient: Floats = a / b
    if ((quotient == 0) & (a != 0)).any():
        raise Undecided
    return quotient


def _remainder(a: Floats, b: Floats) -> Floats:
    for one in (a, b):
        if ((one != np.trunc(one)) | (np.abs(one) >= _EXACT)).any():
            raise Undecided
    remainder: Floats = np.fmod(a, b)
    return remainder


def _power(a: Floats, b: Floats) -> Floats:
    # one by one: numpy's differs from the C library's, and so the database's, in the last digit
    try:
        power = np.array([math.pow(x, y) for x, y in zip(a.tolist(), b.tolist(), strict=True)])
    except (ValueError, OverflowError):
        raise Undecided from None
    if ((power == 0) & (a != 0)).any():
        raise Undecided
    return power


_DIVIDING = ("/", "div", "%")
_RECKONED: dict[str, Callable[[Floats, Floats], Floats]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": _product,
    "/": _quotient,
    "div": lambda a, b: np.trunc(_quotient(a, b)),
    "%": _remainder,
    "^": _power,
}


# Order


def order(keys: Sequence[tuple[Column, bool]]) -> Ints:
    """Return the rows in the order of keys, each a column and whether it descends; missing entries come last.

    Rows of equal keys stay as they are. The first column has n entries.

    Raises
    ------
    Undecided : texts are not of digits alone
    """
    by: list[NDArray[Any]] = []
    for column, descends in reversed(keys):
        values, missing = _sortable(column)
        by += [np.where(missing, 0, -values if descends else values), missing]
    return np.lexsort(by)


def _sortable(column: Column) -> tuple[NDArray[Any], Bools]:
    if isinstance(column, Texts):
        return column.ranks, column.missing
    if isinstance(column, Numbers):
        return column.values, column.missing
    if isinstance(column, Times):
        return column.at, np.zeros(len(column.at), np.bool_)
    raise Undecided
