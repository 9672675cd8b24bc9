"""CQL2 (OGC 21-065r2) as SQL: what the analyst writes decides rows, in PostgreSQL's three-valued logic.

The language is read by the cql2 library, text and JSON alike; here its tree becomes an expression over the
columns of a collection. Every literal is a bound parameter, and no name reaches the database that the
collection does not have.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import cql2
import numpy as np
import orjson
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import (
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
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from geo.crs import ReferenceSystem
from geo.errors import Finding, InvalidParameter

Kind = Literal["number", "string", "boolean", "time", "geometry", "array"]
Sql = ColumnElement[Any]
#: A column's kind and its expression.
Columns = Mapping[str, tuple[Kind, Sql]]

#: The library parses by recursion on the stack; deeper texts end the process instead of the request.
LONGEST, DEEPEST = 4000, 60
_SIGNS = re.compile(r"-(?:\s*-){4,}")

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
    "/": lambda a, b: a / func.nullif(b, 0),
    "div": lambda a, b: func.trunc(a / func.nullif(b, 0)),
    "%": lambda a, b: cast(func.mod(cast(a, Numeric), func.nullif(cast(b, Numeric), 0)), Float),
    "^": lambda a, b: func.power(a, b),
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
#: CQL2 7.10: relations of (start, end) with (start, end)
_TEMPORAL: dict[str, Callable[[Sql, Sql, Sql, Sql], Sql]] = {
    "t_after": lambda s1, e1, s2, e2: s1 > e2,
    "t_before": lambda s1, e1, s2, e2: e1 < s2,
    "t_contains": lambda s1, e1, s2, e2: and_(s1 < s2, e1 > e2),
    "t_disjoint": lambda s1, e1, s2, e2: or_(e1 < s2, s1 > e2),
    "t_during": lambda s1, e1, s2, e2: and_(s1 > s2, e1 < e2),
    "t_equals": lambda s1, e1, s2, e2: and_(s1 == s2, e1 == e2),
    "t_finishedby": lambda s1, e1, s2, e2: and_(s1 < s2, e1 == e2),
    "t_finishes": lambda s1, e1, s2, e2: and_(s1 > s2, e1 == e2),
    "t_intersects": lambda s1, e1, s2, e2: and_(s1 <= e2, e1 >= s2),
    "t_meets": lambda s1, e1, s2, e2: e1 == s2,
    "t_metby": lambda s1, e1, s2, e2: s1 == e2,
    "t_overlappedby": lambda s1, e1, s2, e2: and_(s1 > s2, s1 < e2, e1 > e2),
    "t_overlaps": lambda s1, e1, s2, e2: and_(s1 < s2, e1 > s2, e1 < e2),
    "t_startedby": lambda s1, e1, s2, e2: and_(s1 == s2, e1 > e2),
    "t_starts": lambda s1, e1, s2, e2: and_(s1 == s2, e1 < e2),
}
_ARRAYS: dict[str, Callable[[Any, Any], Sql]] = {
    "a_equals": lambda a, b: and_(a.contains(b), a.contained_by(b)),
    "a_contains": lambda a, b: a.contains(b),
    "a_containedby": lambda a, b: a.contained_by(b),
    "a_overlaps": lambda a, b: a.overlap(b),
}
FUNCTIONS = ("casei", "accenti", *_SPATIAL, *_TEMPORAL, *_ARRAYS)


def _refused(value: object, expected: str, field: str = "filter") -> InvalidParameter:
    shown = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return InvalidParameter(
        f"The filter cannot be read: {expected}", [Finding("query", field, shown, expected)]
    )


def parsed(text: str, lang: str) -> Any:
    """Return the tree of a filter in ``cql2-text`` or ``cql2-json``.

    Raises
    ------
    InvalidParameter : it is no CQL2, or longer or deeper than is read
    """
    depth = deepest = 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        deepest = max(deepest, depth)
    if len(text) > LONGEST or deepest > DEEPEST or _SIGNS.search(text):
        raise _refused(text, f"at most {LONGEST} signs, and at most {DEEPEST} brackets inside each other")
    try:
        found = cql2.parse_json(text) if lang == "cql2-json" else cql2.parse_text(text)
        return found.to_json()
    except Exception as error:  # noqa: BLE001 (so does the library raise them; its last line says what it expects)
        told = str(error).strip().splitlines() or ["no CQL2"]
        place = told[0].strip().removeprefix("--> ")
        raise _refused(text, f"{lang}; at {place}: {told[-1].strip(' =')}"[:300]) from None


@dataclass(frozen=True)
class _Term:
    kind: Kind
    sql: Sql
    #: end of an interval; the instant itself for an instant
    end: Sql | None = None


@dataclass(frozen=True)
class Filter:
    """A filter over the columns of a collection; ``system`` is the CRS of its geometries."""

    columns: Columns
    system: ReferenceSystem

    def sql(self, tree: Any) -> Sql:
        """Return the condition that a tree means."""
        if isinstance(tree, bool):
            return true() if tree else false()
        if not isinstance(tree, dict):
            raise _refused(tree, "a condition that is true or false")
        if "property" in tree:
            return self._term(tree, "boolean").sql
        op, args = str(tree.get("op", "")).lower(), tree.get("args")
        if not isinstance(args, list):
            raise _refused(tree, "a condition with op and args")
        if op in ("and", "or") and args:
            return (and_ if op == "and" else or_)(*(self.sql(one) for one in args))
        condition = self._about_one(op, *args) if len(args) == 1 else None
        if len(args) == 2:
            condition = self._about_two(op, *args)
        elif op == "between" and len(args) == 3:
            condition = and_(self._compared(">=", args[0], args[1]), self._compared("<=", args[0], args[2]))
        if condition is None:
            listed = ", ".join(FUNCTIONS)
            raise _refused(tree, f"comparisons, and, or, not, like, between, in, is null, {listed}")
        return condition

    def _about_one(self, op: str, value: Any) -> Sql | None:
        if op == "not":
            return not_(self.sql(value))
        return self._term(value).sql.is_(None) if op == "isnull" else None

    def _about_two(self, op: str, first: Any, second: Any) -> Sql | None:
        if op in _COMPARE:
            return self._compared(op, first, second)
        if op == "like":
            text, pattern = self._term(first, "string"), self._term(second, "string")
            return text.sql.like(pattern.sql, escape="\\")
        if op == "in" and isinstance(second, list):
            return or_(false(), *(self._compared("=", first, one) for one in second))
        if op in _SPATIAL:
            a, b = self._term(first, "geometry"), self._term(second, "geometry")
            related: Sql = getattr(func, _SPATIAL[op])(a.sql, b.sql)
            return related
        if op in _TEMPORAL:
            a, b = self._term(first, "time"), self._term(second, "time")
            return _TEMPORAL[op](a.sql, _end(a), b.sql, _end(b))
        if op in _ARRAYS:
            return _ARRAYS[op](self._term(first, "array").sql, self._term(second, "array").sql)
        return None

    def _compared(self, op: str, first: Any, second: Any) -> Sql:
        a, b = self._term(first), self._term(second)
        if {a.kind, b.kind} == {"string", "time"}:  # a date written as a text
            a, b = (self._as_time(one, raw) for one, raw in ((a, first), (b, second)))
        if a.kind != b.kind:
            raise _refused([first, second], f"two values of one kind, not a {a.kind} and a {b.kind}")
        if a.kind in ("geometry", "array"):
            prefix = "S_" if a.kind == "geometry" else "A_"
            raise _refused(first, f"a function whose name begins with {prefix} for a {a.kind}")
        return _COMPARE[op](a.sql, b.sql)

    def _as_time(self, term: _Term, raw: Any) -> _Term:
        return _instant(raw) if term.kind == "string" and isinstance(raw, str) else term

    def _term(self, value: Any, wanted: Kind | None = None) -> _Term:
        found = self._found(value, wanted)
        if wanted is not None and found.kind != wanted:
            raise _refused(value, f"a {wanted}, not a {found.kind}")
        return found

    def _found(self, value: Any, wanted: Kind | None) -> _Term:
        if isinstance(value, bool):
            return _Term("boolean", literal(value))
        if isinstance(value, int | float):
            return _Term("number", literal(float(value), Float))
        if isinstance(value, str):
            return _instant(value) if wanted == "time" else _Term("string", literal(value, String))
        if isinstance(value, list):
            return self._array(value)
        if not isinstance(value, dict):
            raise _refused(value, "a property, a number, a text, true, false, a date or a geometry")
        return self._object(value)

    def _object(self, value: Mapping[str, Any]) -> _Term:
        if "property" in value:
            name = str(value["property"])
            if name not in self.columns:
                raise _refused(name, f"a property: {', '.join(self.columns)}")
            kind, sql = self.columns[name]
            return _Term(kind, cast(sql, DateTime) if kind == "time" else sql)
        if "date" in value or "timestamp" in value:
            return _instant(value.get("date", value.get("timestamp")))
        if "interval" in value:
            return self._interval(value["interval"])
        if "bbox" in value or "coordinates" in value or "geometries" in value:
            return _Term("geometry", self._geometry(value))
        return self._computed(value)

    def _computed(self, value: Mapping[str, Any]) -> _Term:
        op, args = str(value.get("op", "")).lower(), value.get("args")
        if isinstance(args, list) and op in ("casei", "accenti") and len(args) == 1:
            text = self._term(args[0], "string").sql
            return _Term("string", func.lower(text) if op == "casei" else _without_accents(text))
        if isinstance(args, list) and op in _ARITHMETIC and len(args) >= 2:
            first, *others = (self._term(one, "number").sql for one in args)
            for other in others:
                first = _ARITHMETIC[op](first, other)
            return _Term("number", first)
        if isinstance(args, list) and (op in _COMPARE or op in (*FUNCTIONS, "and", "or", "not", "isnull")):
            return _Term("boolean", self.sql(value))
        raise _refused(value, f"one of the functions {', '.join(FUNCTIONS)}")

    def _array(self, value: Sequence[Any]) -> _Term:
        if not all(isinstance(one, str) for one in value):
            raise _refused(value, "a list of texts")
        return _Term("array", cast(literal(list(value), ARRAY(Text)), ARRAY(Text)))

    def _interval(self, ends: Any) -> _Term:
        if not isinstance(ends, list) or len(ends) != 2:
            raise _refused(ends, "an interval of two dates")
        start, end = (
            _Term("time", cast(literal(open_end, String), DateTime))
            if one == ".."
            else self._term(one, "time")
            for one, open_end in zip(ends, ("-infinity", "infinity"), strict=True)
        )
        return _Term("time", start.sql, end.sql)

    def _geometry(self, value: Mapping[str, Any]) -> Sql:
        shape: BaseGeometry
        box = value.get("bbox")
        if box is not None:
            is_box = isinstance(box, list) and len(box) in (4, 6)
            if not is_box or not all(isinstance(one, int | float) for one in box):
                raise _refused(value, "BBOX(west, south, east, north)")
            half = len(box) // 2
            shape = self.system.box([box[0], box[1], box[half], box[half + 1]])
        else:
            try:
                shape = shapely.from_geojson(orjson.dumps(value))
            except shapely.errors.GEOSException as error:
                raise _refused(value, f"a geometry; {error}") from None
            if not shapely.is_valid(shape):
                raise _refused(value, f"a valid geometry; {shapely.is_valid_reason(shape)}")
            shape = self.system.to_stored(np.array([shape], object))[0]
        found: Sql = func.ST_GeomFromWKB(literal(shapely.to_wkb(shape)), 4326)
        return found


def _end(term: _Term) -> Sql:
    return term.sql if term.end is None else term.end


def _instant(text: object) -> _Term:
    """Return a date or a time (RFC 3339) as an instant; one without a zone is UTC."""
    try:
        told = str(text)
        at: dt.date | dt.datetime = (
            dt.date.fromisoformat(told) if len(told) == 10 else dt.datetime.fromisoformat(told)
        )
    except ValueError:
        raise _refused(text, "a date such as 2020-10-01, or a time such as 2020-10-01T00:00:00Z") from None
    if isinstance(at, dt.datetime):
        at = at.astimezone(dt.UTC).replace(tzinfo=None) if at.tzinfo else at
        return _Term("time", literal(at, DateTime))
    return _Term("time", cast(literal(at, Date), DateTime))


def _without_accents(text: Sql) -> Sql:
    # U+0300–U+036F alone: the marks of Japanese (゛゜) lie elsewhere and make other letters
    plain: Sql = func.normalize(
        func.regexp_replace(
            func.normalize(text, literal_column("NFD")), "[\u0300-\u036f]", "", literal_column("'g'")
        ),
        literal_column("NFC"),
    )
    return plain
