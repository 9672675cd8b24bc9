"""CQL2 as SQL: what a tree means, and what is refused before the database hears of it."""

from __future__ import annotations

import datetime as dt

import orjson
import pytest
import shapely
from sqlalchemy import Column, Date, Float, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY

from geo.crs import reference_system
from geo.errors import InvalidParameter
from service.ogc.filters import DEEPEST, LONGEST, Filter, Kind, parsed
from service.ogc.sql import SQL, Sql

COLUMNS: dict[str, tuple[Kind, Sql]] = {
    "value": ("number", Column("value", Float)),
    "name": ("string", Column("name", Text)),
    "time": ("time", Column("time", Date)),
    "codes": ("array", Column("codes", ARRAY(Text))),
    "geometry": ("geometry", Column("geometry", Text)),
}
POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy says no types there
STORED = reference_system("http://www.opengis.net/def/crs/OGC/1.3/CRS84", "crs")


def sql_of(tree: object) -> str:
    condition = Filter(COLUMNS, STORED, SQL).condition(tree)
    compiled = condition.compile(dialect=POSTGRESQL, compile_kwargs={"literal_binds": True})
    return " ".join(str(compiled).split())


def sql(text: str, lang: str = "cql2-text") -> str:
    return sql_of(parsed(text, lang))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("value > 3", "value > 3.0"),
        ("value = 3 AND name = 'a'", "value = 3.0 AND name = 'a'"),
        ("value = 3 OR NOT name = 'a'", "value = 3.0 OR name != 'a'"),
        ("name LIKE 'a%'", r"name LIKE 'a%%' ESCAPE '\'"),
        ("value BETWEEN 1 AND 2", "value >= 1.0 AND value <= 2.0"),
        ("name IN ('a', 'b')", "name = 'a' OR name = 'b'"),
        ("name IS NULL", "name IS NULL"),
        ("value / 0 > 1", "value / CAST(nullif(0.0, 0) AS FLOAT) > 1.0"),
    ],
)
def test_a_condition_is_what_it_says(written: str, meant: str) -> None:
    assert sql(written) == meant
    same = orjson.dumps(parsed(written, "cql2-text")).decode()
    assert sql(same, "cql2-json") == sql(written)


@pytest.mark.parametrize("name", ["'; drop table area; --", "a'' or 1=1", "%(x)s", "{0}", "\\"])
def test_a_text_stays_a_text(name: str) -> None:
    condition = Filter(COLUMNS, STORED, SQL).condition({"op": "=", "args": [{"property": "name"}, name]})
    compiled = condition.compile(dialect=POSTGRESQL)
    assert list(compiled.params.values()) == [name]
    assert name not in str(compiled)


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({"op": "=", "args": [{"property": "secret"}, 1]}, "a property: value, name, time, codes, geometry"),
        ({"op": "=", "args": [{"property": "value"}, "a"]}, "two values of one kind"),
        ({"op": "=", "args": [{"property": "codes"}, {"property": "codes"}]}, "begins with A_"),
        ({"op": "drop", "args": [1, 2]}, "comparisons, and, or"),
        ({"op": "=", "args": [1]}, "comparisons, and, or"),
        ({"op": "between", "args": [1, 2]}, "comparisons, and, or"),
        ({"op": "not", "args": []}, "comparisons, and, or"),
        ({"op": "like", "args": [{"property": "value"}, "a"]}, "a string, not a number"),
        ({"property": "value"}, "a boolean, not a number"),
        ({"op": "="}, "op and args"),
        (3, "true or false"),
        ({"op": "in", "args": [{"property": "value"}, ["a"]]}, "two values of one kind"),
        ({"op": "a_contains", "args": [{"property": "codes"}, [1]]}, "a list of texts"),
        ({"op": "=", "args": [{"op": "drop", "args": [1]}, 1]}, "one of the functions"),
        ({"op": "=", "args": [{"property": "time"}, "soon"]}, "a date such as 2020-10-01"),
        ({"op": "t_after", "args": [{"property": "time"}, {"date": "2020-13-01"}]}, "a date such as"),
        ({"op": "t_during", "args": [{"property": "time"}, {"interval": ["2020-01-01"]}]}, "two dates"),
        ({"op": "=", "args": [{"property": "geometry"}, {"property": "geometry"}]}, "begins with S_"),
    ],
)
def test_a_tree_that_means_nothing_is_refused_with_what_was_expected(tree: object, expected: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        Filter(COLUMNS, STORED, SQL).condition(tree)
    assert expected in refused.value.findings[0].expected


@pytest.mark.parametrize(
    "text",
    [
        "x" * (LONGEST + 1),
        "(" * (DEEPEST + 1) + "value > 1" + ")" * (DEEPEST + 1),
        "value = " + "-" * 9 + "1",
        "value >",
        "",
    ],
)
def test_a_text_that_cannot_be_read_is_refused_before_it_costs_anything(text: str) -> None:
    with pytest.raises(InvalidParameter, match="The filter cannot be read"):
        parsed(text, "cql2-text")


def test_times_and_arrays_have_relations_of_their_own() -> None:
    assert "time" in sql("T_AFTER(time, DATE('2020-01-01'))")
    assert "@>" in sql("A_CONTAINS(codes, ('a', 'b'))")
    assert "&&" in sql("A_OVERLAPS(codes, ('a', 'b'))")


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ({"bbox": [1, 2, 3]}, "BBOX(west, south, east, north)"),
        ({"bbox": ["a", 1, 2, 3]}, "BBOX(west, south, east, north)"),
        ({"bbox": [None, 1, 2, 3]}, "BBOX(west, south, east, north)"),
        ({"bbox": "1,2,3,4"}, "BBOX(west, south, east, north)"),
        ({"type": "Point", "coordinates": ["x", 1]}, "a geometry"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]]}, "Self-intersection"),
    ],
)
def test_a_shape_that_is_none_is_refused_with_what_is_wrong(shape: dict[str, object], expected: str) -> None:
    tree = {"op": "s_intersects", "args": [{"property": "geometry"}, shape]}
    with pytest.raises(InvalidParameter) as refused:
        Filter(COLUMNS, STORED, SQL).condition(tree)
    assert expected in refused.value.findings[0].expected


def bound(tree: object) -> list[object]:
    condition = Filter(COLUMNS, STORED, SQL).condition(tree).compile(dialect=POSTGRESQL)
    return list(condition.params.values())


def test_a_box_of_six_numbers_leaves_the_heights_out() -> None:
    boxes = [{"bbox": [139, 35, 140, 36]}, {"bbox": [139, 35, -9, 140, 36, 9]}]
    flat, high = (bound({"op": "s_within", "args": [{"property": "geometry"}, box]}) for box in boxes)
    assert flat == high
    shape = flat[0]
    assert isinstance(shape, bytes)
    assert shapely.equals(shapely.from_wkb(shape), shapely.box(139, 35, 140, 36))


def test_an_empty_list_holds_nothing() -> None:
    assert sql_of({"op": "in", "args": [{"property": "name"}, []]}) == "false"


@pytest.mark.parametrize(
    ("interval", "ends"),
    [
        (["2020-01-01", ".."], ["2020-01-01", "infinity"]),
        (["..", "2020-01-01"], ["-infinity", "2020-01-01"]),
    ],
)
def test_an_interval_may_be_open_at_either_end(interval: list[str], ends: list[str]) -> None:
    tree = {"op": "t_during", "args": [{"property": "time"}, {"interval": interval}]}
    assert list(map(str, bound(tree))) == ends


@pytest.mark.parametrize(
    "written", ["2020-01-01T09:00:00+09:00", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00"]
)
def test_a_time_is_compared_in_utc(written: str) -> None:
    tree = {"op": ">", "args": [{"property": "time"}, {"timestamp": written}]}
    assert bound(tree) == [dt.datetime(2020, 1, 1)]
