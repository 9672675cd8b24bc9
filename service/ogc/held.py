"""Conditions of CQL2 over columns in memory; what only the database can answer is ``Undecided``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from shapely.geometry.base import BaseGeometry

from geo import columns
from geo.columns import Column, Numbers, Texts, Times, Truth, Undecided
from service.ogc.filters import Kind

#: A column in memory; None is one that only the database has.
Held = Column | None
C = TypeVar("C")


def _as(kind: type[C], column: Held) -> C:
    """Return a column of a kind, which the filter has made sure of."""
    if column is None:
        raise Undecided
    if not isinstance(column, kind):
        raise TypeError(f"{type(column).__name__} is not {kind.__name__}")
    return column


class HeldTerms:
    """Conditions as columns of truth; see ``service.ogc.filters.Terms``."""

    def column(self, kind: Kind, column: Held) -> Held:
        """Return a column that is in memory."""
        if column is None:
            raise Undecided
        return column

    def truth(self, value: bool) -> Held:
        """Return true or false."""
        return Truth.of(value)

    def number(self, value: float) -> Held:
        """Return a number."""
        if not np.isfinite(value):
            raise Undecided
        return Numbers.of(np.array([value]))

    def text(self, value: str) -> Held:
        """Return a text."""
        return Texts.of(value)

    def texts(self, values: Sequence[str]) -> Held:
        """Refuse a list: no column in memory is one."""
        raise Undecided

    def time(self, at: dt.date | dt.datetime) -> Held:
        """Return an instant."""
        return Times.of([at])

    def endless(self, *, last: bool) -> Held:
        """Return an instant before or after all others."""
        return Times.endless(last=last)

    def shape(self, shape: BaseGeometry) -> Held:
        """Refuse a geometry: PostGIS knows them."""
        raise Undecided

    def every(self, conditions: Sequence[Held]) -> Held:
        """Return where all of some conditions hold."""
        return columns.every([_as(Truth, one) for one in conditions])

    def some(self, conditions: Sequence[Held]) -> Held:
        """Return where one of some conditions holds."""
        return columns.some([_as(Truth, one) for one in conditions])

    def opposite(self, condition: Held) -> Held:
        """Return where a condition does not hold."""
        return columns.opposite(_as(Truth, condition))

    def is_missing(self, value: Held) -> Held:
        """Return where a value is missing."""
        if value is None:
            raise Undecided
        return columns.is_missing(value)

    def compared(self, sign: str, first: Held, second: Held) -> Held:
        """Return where a comparison holds."""
        if first is None or second is None:
            raise Undecided
        return columns.compared(sign, first, second)

    def reckoned(self, sign: str, first: Held, second: Held) -> Held:
        """Return what is reckoned of two columns of numbers."""
        return columns.reckoned(sign, _as(Numbers, first), _as(Numbers, second))

    def like(self, text: Held, pattern: Held) -> Held:
        """Return where a text has a pattern."""
        return columns.like(_as(Texts, text), _as(Texts, pattern))

    def lower(self, text: Held) -> Held:
        """Return texts in lower case."""
        return columns.lower(_as(Texts, text))

    def without_accents(self, text: Held) -> Held:
        """Return texts without the accents on their letters."""
        return columns.without_accents(_as(Texts, text))

    def spatial(self, relation: str, first: Held, second: Held) -> Held:
        """Refuse a relation of geometries."""
        raise Undecided

    def arrays(self, relation: str, first: Held, second: Held) -> Held:
        """Refuse a relation of lists."""
        raise Undecided


HELD = HeldTerms()
