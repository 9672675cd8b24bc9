"""CQL2 text is read as the library reads it, but for what would take it weeks."""

from __future__ import annotations

import cql2
import pytest

from service.ogc.cql_text import Unreadable, read_text

#: What the parser of the library understands, of each kind of brackets.
READ = (
    *("(a=1)", "((a=1))", "(a=1) AND (b=2 OR c=3)", "NOT(a=1) AND (NOT (b=2))", "a=1 AND(b=2)", "(flag)"),
    *("(a+1)*2=3", "2*(a+(1-b))/(c) >= (d)", "-(a+1)=2", "a ^ (2) > 1", "a div (2)=1", "f(a,(1+2))=3"),
    *("a IN (1,2,3)", "a IN ((1),2)", "a NOT IN ('x','y')", "name IN (casei('A'),'b')", "a IN(1)"),
    *("casei(name)=casei('X')", "CASEI(ACCENTI(name)) LIKE casei('x%')", "(casei(name)) = 'x'"),
    *("a BETWEEN (1) AND (2)", "a BETWEEN 1 AND 2 AND (b=1)", "(a) IS NOT NULL", "a LIKE ('x%')"),
    *("name = 'it''s (here'", '"na(me"=1', "name='a\\' AND (b='c')", "part=1 AND (part0=2)"),
    *("S_INTERSECTS(geometry,POINT(1 2))", "S_INTERSECTS(geometry,POINT Z(1 2 3))"),
    "S_WITHIN(geometry,MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((2 2,3 2,3 3,2 2))))",
    "S_INTERSECTS(geometry,GEOMETRYCOLLECTION(POINT(1 2),POLYGON((0 0,1 0,1 1,0 0))))",
    *("S_INTERSECTS(geometry,BBOX(1,2,3,4))", "T_DURING(since,INTERVAL('2020-01-01','..'))"),
    *("A_CONTAINS(tags,('a','b'))", "A_EQUALS(tags,('a'))", "(DATE('2020-01-01') < since)"),
    "(a=1 AND b=2) OR NOT (c=3 AND (d=4 OR e=5))",
)


@pytest.mark.parametrize("text", READ)
def test_a_filter_has_the_tree_that_the_library_gives_it(text: str) -> None:
    assert read_text(text) == cql2.parse_text(text).to_json()


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1000 + "a=1",
        "(" * 500 + "a=" + ")" * 500,
        "a=1)" * 500,
        "(a=1 AND " * 400,
        "a IN (" * 300 + "=" + ")" * 300,
        "casei(" * 300 + "=" + ")" * 300,
        "A_EQUALS(a,(" * 200 + "=" + "))" * 200,
        "S_EQUALS(a,POLYGON(" + "(" * 400 + ")" * 402,
        "GEOMETRYCOLLECTION(" * 80 + "(((" + ")" * 83,
        "1" + "+1" * 1900 + "=1",
        "NOT " * 900 + "a=1",
        "'" * 3999,
    ],
)
def test_a_filter_made_to_be_costly_is_refused_without_being_tried(text: str) -> None:
    with pytest.raises(Unreadable):
        read_text(text)
