"""Conditions of CQL2 as SQL. Every literal is a bound parameter."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Float,
    Numeric,
    String,
    Text,
    and_,
    cast,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
)
from sqlalchemy.dialects.postgresql import ARRAY

from service.ogc.filters import Kind

Sql = ColumnElement[Any]

_COMPARE: dict[str, Callable[[Sql, Sql], Sql]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_ARITHMETIC: dict[str, Callable[[Sql, Sql], Sql]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / _not_zero(b),
    "div": lambda a, b: func.trunc(a / _not_zero(b), type_=Float),
    "%": lambda a, b: cast(func.mod(cast(a, Numeric), func.nullif(cast(b, Numeric), 0)), Float),
    "^": lambda a, b: func.power(a, b, type_=Float),
}
_SPATIAL = {
    "s_intersects": "ST_Intersects",
    "s_disjoint": "ST_Disjoint",
    "s_equals": "ST_Equals",
    "s_touches": "ST_Touches",
    "s_crosses": "ST_Crosses",
    "s_within": "ST_Within",
    "s_overlaps": "ST_Overlaps",
    "s_contains": "ST_Contains",
}
_ARRAYS: dict[str, Callable[[Any, Any], Sql]] = {
    "a_equals": lambda a, b: and_(a.contains(b), a.contained_by(b)),
    "a_contains": lambda a, b: a.contains(b),
    "a_containedby": lambda a, b: a.contained_by(b),
    "a_overlaps": lambda a, b: a.overlap(b),
}


def _not_zero(number: Sql) -> Sql:
    # a double stays one: as a numeric it would lose its last digits
    return func.nullif(number, 0, type_=Float)


class SqlTerms:
    """Conditions as expressions of PostgreSQL; see ``service.ogc.filters.Terms``."""

    def column(self, kind: Kind, column: Sql) -> Sql:
        """Return a column as it is compared: a date is an instant."""
        return cast(column, DateTime) if kind == "time" else column

    def truth(self, value: bool) -> Sql:
        """Return true or false."""
        return literal(value, Boolean)

    def number(self, value: float) -> Sql:
        """Return a number as a parameter."""
        return literal(value, Float)

    def text(self, value: str) -> Sql:
        """Return a text as a parameter."""
        return literal(value, String)

    def texts(self, values: Sequence[str]) -> Sql:
        """Return a list of texts as a parameter."""
        return cast(literal(list(values), ARRAY(Text)), ARRAY(Text))

    def time(self, at: dt.date | dt.datetime) -> Sql:
        """Return an instant as a parameter."""
        return literal(at, DateTime) if isinstance(at, dt.datetime) else cast(literal(at, Date), DateTime)

    def endless(self, *, last: bool) -> Sql:
        """Return PostgreSQL's infinity."""
        return cast(literal("infinity" if last else "-infinity", String), DateTime)

    def shape(self, shape: BaseGeometry) -> Sql:
        """Return a geometry as a parameter."""
        found: Sql = func.ST_GeomFromWKB(literal(shapely.to_wkb(shape)), 4326)
        return found

    def every(self, conditions: Sequence[Sql]) -> Sql:
        """Return that all of some conditions hold."""
        return and_(*conditions)

    def some(self, conditions: Sequence[Sql]) -> Sql:
        """Return that one of some conditions holds."""
        return or_(false(), *conditions)

    def opposite(self, condition: Sql) -> Sql:
        """Return that a condition does not hold."""
        return not_(condition)

    def is_missing(self, value: Sql) -> Sql:
        """Return that a value is null."""
        return value.is_(None)

    def compared(self, sign: str, first: Sql, second: Sql) -> Sql:
        """Return a comparison."""
        return _COMPARE[sign](first, second)

    def reckoned(self, sign: str, first: Sql, second: Sql) -> Sql:
        """Return what is reckoned of two numbers."""
        return _ARITHMETIC[sign](first, second)

    def like(self, text: Sql, pattern: Sql) -> Sql:
        """Return that a text has a pattern."""
        return text.like(pattern, escape="\\")

    def lower(self, text: Sql) -> Sql:
        """Return a text in lower case."""
        return func.lower(text)

    def without_accents(self, text: Sql) -> Sql:
        """Return a text without the accents on its letters."""
        # U+0300–U+036F alone: the marks of Japanese (゛゜) lie elsewhere and make other letters
        decomposed = func.normalize(text, literal_column("NFD"))
        marks = func.regexp_replace(decomposed, "[\u0300-\u036f]", "", literal_column("'g'"))
        plain: Sql = func.normalize(marks, literal_column("NFC"))
        return plain

    def spatial(self, relation: str, first: Sql, second: Sql) -> Sql:
        """Return a relation of two geometries."""
        related: Sql = getattr(func, _SPATIAL[relation])(first, second)
        return related

    def arrays(self, relation: str, first: Sql, second: Sql) -> Sql:
        """Return a relation of two lists."""
        return _ARRAYS[relation](first, second)


SQL = SqlTerms()
