"""How areas were divided, by the boundary sets before and after it; and sets that are shown or withdrawn."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict

import pytest
import shapely
from sqlalchemy import Connection, insert, select

from geo.areas.history import Share
from geo.errors import InvalidParameter, NotFound
from service.areas.load import withdraw_boundaries
from service.areas.parts import store_parts
from service.db.tables import area_change, area_share, audit, vintage
from service.memory import revisions
from service.settings import HOME
from service.strategy.catalog_load import load_catalogue
from service.tests.atlases import an_atlas
from service.tests.boundaries import put_areas
from service.tests.databases import Database

BEFORE, DIVIDED, AFTER = dt.date(2006, 1, 1), dt.date(2006, 3, 1), dt.date(2010, 1, 1)
OLD = {
    "19201": shapely.box(138.0, 35.0, 138.1, 35.1),
    "19341": shapely.box(138.1, 35.0, 138.2, 35.1),
    "19430": shapely.box(138.2, 35.0, 138.3, 35.1),
}
NEW = {"19201": shapely.box(138.0, 35.0, 138.125, 35.1), "19430": shapely.box(138.125, 35.0, 138.3, 35.1)}


@pytest.fixture
def conn(migrated_database: Database) -> Iterator[Connection]:
    with migrated_database.begin() as found:
        yield found


def divide(conn: Connection) -> None:
    rows = [
        {
            "date": DIVIDED,
            "kind": "編入合併",
            "from_code": "19341",
            "to_code": code,
            "from_name": "",
            "to_name": "",
        }
        for code in ("19201", "19430")
    ]
    conn.execute(insert(area_change), rows)


def shares(conn: Connection) -> list[Share]:
    return [Share(**row._asdict()) for row in conn.execute(select(area_share).order_by(area_share.c.to_code))]


def test_two_sets_tell_the_parts_of_what_was_divided_between_them_once(conn: Connection) -> None:
    divide(conn)
    put_areas(conn, BEFORE, OLD)
    assert store_parts(conn, BEFORE) == []
    put_areas(conn, AFTER, NEW)
    told = store_parts(conn, AFTER)
    assert [line.partition(":")[0] for line in told] == [
        "2006-03-01 19341 → 19201",
        "2006-03-01 19341 → 19430",
    ]
    parts = [(one.date, one.basis, one.as_of) for one in shares(conn)]
    assert parts == [(DIVIDED, "area", BEFORE)] * 2
    amounts = [one.amount for one in shares(conn)]
    assert amounts[1] / sum(amounts) == pytest.approx(0.75, abs=0.001)
    assert store_parts(conn, AFTER) == []


@pytest.mark.parametrize("lacks", ["19341", "19430"])
def test_a_set_that_lacks_one_of_the_areas_tells_nothing(conn: Connection, lacks: str) -> None:
    divide(conn)
    put_areas(conn, BEFORE, {code: box for code, box in OLD.items() if code != lacks or lacks != "19341"})
    put_areas(conn, AFTER, {code: box for code, box in NEW.items() if code != lacks})
    assert store_parts(conn, AFTER) == []


def test_a_catalogue_that_is_loaded_again_leaves_what_the_sets_told(conn: Connection) -> None:
    load_catalogue(conn, HOME / "data/catalog", "tests")
    own = Share(DIVIDED, "19341", "19430", "area", 7, BEFORE)
    conn.execute(insert(area_share).values(asdict(own)))
    load_catalogue(conn, HOME / "data/catalog", "tests")
    assert own in shares(conn)


# Which set is shown, and which is taken away


def whole(*prefectures: int) -> dict[str, shapely.Geometry]:
    boxes: dict[int, shapely.Geometry] = {
        number: shapely.box(130 + number / 10, 35, 130.1 + number / 10, 35.1) for number in prefectures
    }
    return {f"{number:02d}{kind}": box for number, box in boxes.items() for kind in ("000", "201")}


def test_a_newer_set_of_one_prefecture_is_not_the_default(migrated_database: Database) -> None:
    with migrated_database.begin() as conn:
        for date, prefectures in (("2020-01-01", (19, 22)), ("2021-01-01", (19, 22)), ("2025-01-01", (22,))):
            put_areas(conn, dt.date.fromisoformat(date), whole(*prefectures))
            revisions.changed(conn, revisions.vintage(date))
    with an_atlas(migrated_database) as atlas:
        assert atlas.catalogue.default == dt.date(2021, 1, 1)
        assert atlas.vintage(None).date == dt.date(2021, 1, 1)
        assert atlas.vintage("2025-01-01").own.sizes == {"prefecture": 1, "municipality": 1}


def test_a_set_is_taken_away_but_not_the_last_one(conn: Connection) -> None:
    put_areas(conn, BEFORE, OLD)
    with pytest.raises(InvalidParameter, match="no maps"):
        withdraw_boundaries(conn, BEFORE)
    put_areas(conn, AFTER, NEW)
    with pytest.raises(NotFound, match="2006-01-01, 2010-01-01"):
        withdraw_boundaries(conn, DIVIDED)
    report = withdraw_boundaries(conn, BEFORE, actor="who")
    assert report == {"vintage": "2006-01-01", "vectors": 0, "left": ["2010-01-01"]}
    assert conn.scalars(select(vintage.c.vintage)).all() == [AFTER]
    row = conn.execute(select(audit.c.actor, audit.c.action, audit.c.subject)).one()
    assert tuple(row) == ("who", "withdraw boundaries", "2006-01-01")
