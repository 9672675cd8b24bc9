"""CQL2 (OGC 21-065r2): what the analyst writes decides rows, in the three values of SQL.

The language is read by the cql2 library, text and JSON alike; here its tree becomes a condition over the
columns of a collection. In what a condition is told is a table of its own: as SQL (``service.ogc.sql``), or
worked out over columns in memory (``service.ogc.held``). No name reaches either that the collection does not
have.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar

import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from geo.crs import ReferenceSystem
from geo.errors import Finding, InvalidParameter
from geo.files.documents import is_deeper
from service.ogc.cql_text import Unreadable, read_json, read_text

Kind = Literal["number", "string", "boolean", "time", "geometry", "array"]
#: What conditions and the values in them are told in.
T = TypeVar("T")

#: The library parses by recursion on the stack; deeper texts end the process instead of the request.
LONGEST, DEEPEST = 4000, 60
_SIGNS = re.compile(r"-(?:\s*-){4,}")

COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
ARITHMETIC = ("+", "-", "*", "/", "div", "%", "^")
SPATIAL = (
    *("s_intersects", "s_disjoint", "s_equals", "s_touches"),
    *("s_crosses", "s_within", "s_overlaps", "s_contains"),
)
ARRAYS = ("a_equals", "a_contains", "a_containedby", "a_overlaps")
#: CQL2 7.10: relations of the first start and end with the second ones; all of them hold.
TEMPORAL: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "t_after": (("s1", ">", "e2"),),
    "t_before": (("e1", "<", "s2"),),
    "t_contains": (("s1", "<", "s2"), ("e1", ">", "e2")),
    "t_disjoint": (("e1", "<", "s2"), ("s1", ">", "e2")),
    "t_during": (("s1", ">", "s2"), ("e1", "<", "e2")),
    "t_equals": (("s1", "=", "s2"), ("e1", "=", "e2")),
    "t_finishedby": (("s1", "<", "s2"), ("e1", "=", "e2")),
    "t_finishes": (("s1", ">", "s2"), ("e1", "=", "e2")),
    "t_intersects": (("s1", "<=", "e2"), ("e1", ">=", "s2")),
    "t_meets": (("e1", "=", "s2"),),
    "t_metby": (("s1", "=", "e2"),),
    "t_overlappedby": (("s1", ">", "s2"), ("s1", "<", "e2"), ("e1", ">", "e2")),
    "t_overlaps": (("s1", "<", "s2"), ("e1", ">", "s2"), ("e1", "<", "e2")),
    "t_startedby": (("s1", "=", "s2"), ("e1", ">", "e2")),
    "t_starts": (("s1", "=", "s2"), ("e1", "<", "e2")),
}
#: Of these it is enough that one relation holds.
_EITHER = ("t_disjoint",)
FUNCTIONS = ("casei", "accenti", *SPATIAL, *TEMPORAL, *ARRAYS)


def _refused(value: object, expected: str, field: str = "filter") -> InvalidParameter:
    shown = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return InvalidParameter(
        f"The filter cannot be read: {expected}", [Finding("query", field, shown, expected)]
    )


_LISTED = ", ".join(FUNCTIONS)


def _unknown(tree: Mapping[str, Any], expected: str) -> InvalidParameter:
    """Return the refusal of an operation that there is not, or not of what it is given."""
    op, args = str(tree.get("op", ""))[:80], tree.get("args")
    of = f" of {len(args)}" if isinstance(args, list) else ""
    finding = Finding("query", "filter", orjson.dumps(tree, default=str).decode(), expected)
    return InvalidParameter(
        f"The filter cannot be read: there is no {op!r}{of} here, but {expected}", [finding]
    )


def parsed(text: str, lang: str) -> Any:
    """Return the tree of a filter in ``cql2-text`` or ``cql2-json``.

    Raises
    ------
    InvalidParameter : it is no CQL2, or longer or deeper than is read
    """
    expected = f"at most {LONGEST} signs, and at most {DEEPEST} brackets or operations inside each other"
    depth = deepest = 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        deepest = max(deepest, depth)
    if len(text) > LONGEST or deepest > DEEPEST or _SIGNS.search(text):
        raise _refused(text, expected)
    try:
        tree = read_json(text) if lang == "cql2-json" else read_text(text)
    except Unreadable as error:
        raise _refused(text, f"{lang}; {error}"[:300]) from None
    # each operation is an object with a list; a sum of a thousand numbers is a thousand operations
    if is_deeper(tree, 2 * DEEPEST + 2):
        raise _refused(text, expected)
    return tree


def reckonings(tree: Any) -> list[str]:
    """Return what a filter reckons, as it is written: whole expressions, not the parts of them.

    >>> reckonings(parsed("2 ^ value > 1 AND name = 'a' AND (value + 1) / 2 = 3", "cql2-text"))
    ['2 ^ value', '(value + 1) / 2']
    """
    if isinstance(tree, Mapping):
        if str(tree.get("op", "")).lower() in ARITHMETIC:
            return [_written(tree)]
        tree = [tree.get("args")]
    if not isinstance(tree, list):
        return []
    return [one for part in tree for one in reckonings(part)]


def _written(tree: Any, *, is_part: bool = False) -> str:
    if isinstance(tree, Mapping) and isinstance(tree.get("args"), list):
        told = f" {tree.get('op')} ".join(_written(one, is_part=True) for one in tree["args"])
        return f"({told})" if is_part else told
    if isinstance(tree, Mapping) and "property" in tree:
        return str(tree["property"])
    return f"{tree:g}" if isinstance(tree, float) else str(tree)


class Terms(Protocol[T]):
    """In what conditions are told: how each value and each relation is."""

    def column(self, kind: Kind, column: T) -> T:
        """Return a column of the collection as it is compared."""

    def truth(self, value: bool) -> T:
        """Return true or false."""

    def number(self, value: float) -> T:
        """Return a number."""

    def text(self, value: str) -> T:
        """Return a text."""

    def texts(self, values: Sequence[str]) -> T:
        """Return a list of texts."""

    def time(self, at: dt.date | dt.datetime) -> T:
        """Return an instant; a date is its midnight."""

    def endless(self, *, last: bool) -> T:
        """Return what an interval has that is open at an end."""

    def shape(self, shape: BaseGeometry) -> T:
        """Return a geometry in longitude and latitude."""

    def every(self, conditions: Sequence[T]) -> T:
        """Return that all of some conditions hold; there is one at least."""

    def some(self, conditions: Sequence[T]) -> T:
        """Return that one of some conditions holds; of none, none does."""

    def opposite(self, condition: T) -> T:
        """Return that a condition does not hold."""

    def is_missing(self, value: T) -> T:
        """Return that a value is missing."""

    def compared(self, sign: str, first: T, second: T) -> T:
        """Return one of ``COMPARISONS``."""

    def reckoned(self, sign: str, first: T, second: T) -> T:
        """Return one of ``ARITHMETIC``; what is divided by 0 is missing."""

    def like(self, text: T, pattern: T) -> T:
        """Return that a text has a pattern."""

    def lower(self, text: T) -> T:
        """Return a text in lower case."""

    def without_accents(self, text: T) -> T:
        """Return a text without the accents on its letters."""

    def spatial(self, relation: str, first: T, second: T) -> T:
        """Return one of ``SPATIAL``."""

    def arrays(self, relation: str, first: T, second: T) -> T:
        """Return one of ``ARRAYS``."""


@dataclass(frozen=True)
class _Term(Generic[T]):
    kind: Kind
    value: T
    #: end of an interval; the instant itself for an instant
    end: T | None = None

    @property
    def last(self) -> T:
        return self.value if self.end is None else self.end


@dataclass(frozen=True)
class Filter(Generic[T]):
    """A filter over the columns of a collection: each with its kind, told in ``terms``.

    ``system`` is the CRS of its geometries.
    """

    columns: Mapping[str, tuple[Kind, T]]
    system: ReferenceSystem
    terms: Terms[T]

    def condition(self, tree: Any) -> T:
        """Return the condition that a tree means.

        Raises
        ------
        InvalidParameter : it means nothing over these columns
        """
        if isinstance(tree, bool):
            return self.terms.truth(tree)
        if not isinstance(tree, dict):
            raise _refused(tree, "a condition that is true or false")
        if "property" in tree:
            return self._term(tree, "boolean").value
        op, args = str(tree.get("op", "")).lower(), tree.get("args")
        if not isinstance(args, list):
            raise _refused(tree, "a condition with op and args")
        if op in ("and", "or") and args:
            return (self.terms.every if op == "and" else self.terms.some)([*map(self.condition, args)])
        condition = self._about_one(op, *args) if len(args) == 1 else None
        if len(args) == 2:
            condition = self._about_two(op, *args)
        elif op == "between" and len(args) == 3:
            value, least, most = args
            within = (self._compared(">=", value, least), self._compared("<=", value, most))
            condition = self.terms.every(within)
        if condition is None:
            raise _unknown(tree, f"comparisons, and, or, not, like, between, in, is null, {_LISTED}")
        return condition

    def _about_one(self, op: str, value: Any) -> T | None:
        if op == "not":
            return self.terms.opposite(self.condition(value))
        return self.terms.is_missing(self._term(value).value) if op == "isnull" else None

    def _about_two(self, op: str, first: Any, second: Any) -> T | None:
        if op in COMPARISONS:
            return self._compared(op, first, second)
        if op == "like":
            text, pattern = self._term(first, "string"), self._term(second, "string")
            return self.terms.like(text.value, pattern.value)
        if op == "in" and isinstance(second, list):
            return self.terms.some([self._compared("=", first, one) for one in second])
        if op in SPATIAL:
            a, b = self._term(first, "geometry"), self._term(second, "geometry")
            return self.terms.spatial(op, a.value, b.value)
        if op in TEMPORAL:
            return self._related(op, self._term(first, "time"), self._term(second, "time"))
        if op in ARRAYS:
            a, b = self._term(first, "array"), self._term(second, "array")
            return self.terms.arrays(op, a.value, b.value)
        return None

    def _related(self, op: str, a: _Term[T], b: _Term[T]) -> T:
        ends = {"s1": a.value, "e1": a.last, "s2": b.value, "e2": b.last}
        related = [self.terms.compared(sign, ends[one], ends[other]) for one, sign, other in TEMPORAL[op]]
        return (self.terms.some if op in _EITHER else self.terms.every)(related)

    def _compared(self, sign: str, first: Any, second: Any) -> T:
        a, b = self._term(first), self._term(second)
        if {a.kind, b.kind} == {"string", "time"}:  # a date written as a text
            a, b = (self._as_time(one, raw) for one, raw in ((a, first), (b, second)))
        if a.kind != b.kind:
            raise _refused([first, second], f"two values of one kind, not a {a.kind} and a {b.kind}")
        if a.kind in ("geometry", "array"):
            prefix = "S_" if a.kind == "geometry" else "A_"
            raise _refused(first, f"a function whose name begins with {prefix} for a {a.kind}")
        return self.terms.compared(sign, a.value, b.value)

    def _as_time(self, term: _Term[T], raw: Any) -> _Term[T]:
        return self._instant(raw) if term.kind == "string" and isinstance(raw, str) else term

    def _term(self, value: Any, wanted: Kind | None = None) -> _Term[T]:
        found = self._found(value, wanted)
        if wanted is not None and found.kind != wanted:
            raise _refused(value, f"a {wanted}, not a {found.kind}")
        return found

    def _found(self, value: Any, wanted: Kind | None) -> _Term[T]:
        if isinstance(value, bool):
            return _Term("boolean", self.terms.truth(value))
        if isinstance(value, int | float):
            return _Term("number", self.terms.number(float(value)))
        if isinstance(value, str):
            return self._instant(value) if wanted == "time" else _Term("string", self.terms.text(value))
        if isinstance(value, list):
            return self._array(value)
        if not isinstance(value, dict):
            raise _refused(value, "a property, a number, a text, true, false, a date or a geometry")
        return self._object(value)

    def _object(self, value: Mapping[str, Any]) -> _Term[T]:
        if "property" in value:
            name = str(value["property"])
            if name not in self.columns:
                expected = f"a property: {', '.join(self.columns)}"
                raise InvalidParameter(
                    f"The filter asks for {name[:80]!r}, which is no property here; there are: "
                    + ", ".join(self.columns),
                    [Finding("query", "filter", name, expected)],
                )
            kind, column = self.columns[name]
            return _Term(kind, self.terms.column(kind, column))
        if "date" in value or "timestamp" in value:
            return self._instant(value.get("date", value.get("timestamp")))
        if "interval" in value:
            return self._interval(value["interval"])
        if "bbox" in value or "coordinates" in value or "geometries" in value:
            return _Term("geometry", self.terms.shape(self._geometry(value)))
        return self._computed(value)

    def _computed(self, value: Mapping[str, Any]) -> _Term[T]:
        op, args = str(value.get("op", "")).lower(), value.get("args")
        if isinstance(args, list) and op in ("casei", "accenti") and len(args) == 1:
            text = self._term(args[0], "string").value
            return _Term("string", (self.terms.lower if op == "casei" else self.terms.without_accents)(text))
        if isinstance(args, list) and op in ARITHMETIC and len(args) >= 2:
            first, *others = (self._term(one, "number").value for one in args)
            for other in others:
                first = self.terms.reckoned(op, first, other)
            return _Term("number", first)
        if isinstance(args, list) and (op in COMPARISONS or op in (*FUNCTIONS, "and", "or", "not", "isnull")):
            return _Term("boolean", self.condition(value))
        raise _unknown(value, f"one of the functions {_LISTED}")

    def _array(self, value: Sequence[Any]) -> _Term[T]:
        if not all(isinstance(one, str) for one in value):
            raise _refused(value, "a list of texts")
        return _Term("array", self.terms.texts(value))

    def _interval(self, ends: Any) -> _Term[T]:
        if not isinstance(ends, list) or len(ends) != 2:
            raise _refused(ends, "an interval of two dates")
        start, end = (
            self.terms.endless(last=last) if one == ".." else self._term(one, "time").value
            for one, last in zip(ends, (False, True), strict=True)
        )
        return _Term("time", start, end)

    def _geometry(self, value: Mapping[str, Any]) -> BaseGeometry:
        shape: BaseGeometry
        box = value.get("bbox")
        if box is not None:
            is_box = isinstance(box, list) and len(box) in (4, 6)
            if not is_box or not all(isinstance(one, int | float) for one in box):
                raise _refused(value, "BBOX(west, south, east, north)")
            half = len(box) // 2
            return self.system.box([box[0], box[1], box[half], box[half + 1]])
        try:
            shape = shapely.from_geojson(orjson.dumps(value))
        except shapely.errors.GEOSException as error:
            raise _refused(value, f"a geometry; {error}") from None
        if not shapely.is_valid(shape):
            raise _refused(value, f"a valid geometry; {shapely.is_valid_reason(shape)}")
        return self.system.shape_to_stored(shape)

    def _instant(self, text: object) -> _Term[T]:
        """Return a date or a time (RFC 3339) as an instant; one without a zone is UTC."""
        try:
            told = str(text)
            at: dt.date | dt.datetime = (
                dt.date.fromisoformat(told) if len(told) == 10 else dt.datetime.fromisoformat(told)
            )
        except ValueError:
            expected = "a date such as 2020-10-01, or a time such as 2020-10-01T00:00:00Z"
            raise _refused(text, expected) from None
        if isinstance(at, dt.datetime) and at.tzinfo:
            at = at.astimezone(dt.UTC).replace(tzinfo=None)
        return _Term("time", self.terms.time(at))
