"""The clock of the database goes back and forward: what came later is still told as later."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from sqlalchemy import text

from geo.areas.reach import Author
from geo.figures.observations import Row
from geo.tests.promises import Promise
from service.db.audit import verified
from service.db.tables import deployment
from service.figures.known import Known
from service.figures.load import Figures, load_observations
from service.http.auth import Unauthorized, create_key, identity_of
from service.settings import HOME
from service.strategy.catalog_load import load_catalogue
from service.strategy.deployment_load import end_deployment, put_deployments
from service.tests.databases import Database
from service.tests.strategy.test_deployment_load import ROW

CENSUS = dt.date(2020, 10, 1)
#: Days by which the clock is wrong, one after another.
JUMPS = (0, 366, 0, -1, -366, 1, 0)


@pytest.fixture
def database(migrated_database: Database) -> Database:
    """A database with the catalogue, whose sessions from now on read a clock that can be set."""
    with migrated_database.begin() as conn:
        load_catalogue(conn, HOME / "data" / "catalog", "tests")
        conn.execute(text("create schema clock"))
        conn.execute(text("create table clock.wrong (by interval)"))
        conn.execute(text("insert into clock.wrong values ('0')"))
        for name in ("now", "clock_timestamp"):
            conn.execute(
                text(
                    f"create function clock.{name}() returns timestamptz language sql stable as"
                    f" 'select pg_catalog.{name}() + by from clock.wrong'"
                )
            )
        path = "clock, pg_catalog, public"
        conn.execute(text(f'alter database "{migrated_database.writer.database}" set search_path = {path}'))
    return migrated_database


def set_clock(database: Database, days: int) -> None:
    with database.begin() as conn:
        conn.execute(text("update clock.wrong set by = make_interval(days => :days)"), {"days": days})


def test_later_is_larger_whatever_the_clock_says(database: Database, promise: Promise) -> None:
    numbers, moments = [], []
    for value, days in enumerate(JUMPS):
        set_clock(database, days)
        with database.begin() as conn:
            row = Row("births", "10201", "2020", float(value), "ok", "", 1)
            load_observations(conn, [Figures([row], "census-2020", CENSUS)], actor="tests", subject="x")
        with database.begin() as conn:
            numbers.append(conn.scalar(text("select n from revision where subject = 'indicator:births'")))
            moments.append(conn.scalar(text("select at from figure_change order by id desc limit 1")))
    assert numbers == sorted(set(numbers))
    assert moments == sorted(set(moments))
    with database.begin() as conn:
        figure = text("select value from observation where indicator = :indicator")
        then = [
            conn.scalar(*Known(at).asked(figure, indicator="births"))  # what was known at each moment
            for at in moments
        ]
        assert then == [float(value) for value in range(len(JUMPS))]
        verified(conn)
    promise.told("what came later is later, though the clock goes back", tried=len(JUMPS), failed=0)


def test_what_stewards_change_has_a_history_in_its_order(database: Database) -> None:
    body = ",".join(ROW) + "\n" + ",".join(ROW.values()) + "\n"
    for year, days in zip(range(2020, 2027), JUMPS, strict=True):
        set_clock(database, days)
        with database.begin() as conn:
            text_of = body.replace(",2025,", f",{year},").encode()
            put_deployments(
                _In(conn),  # type: ignore[arg-type]  # a transaction that is open already
                text_of,
                catalog=HOME / "data" / "catalog",
                by=Author("steward"),
                subject="list",
                dry_run=False,
            )
    set_clock(database, -366)
    with database.begin() as conn:
        end_deployment(_In(conn), "shiojiri", Author("steward"))  # type: ignore[arg-type]  # as above
        states = conn.execute(
            deployment.select().where(deployment.c.id == "shiojiri").order_by(deployment.c.valid_from)
        ).all()
    assert [int(state.body["fy_start"]) for state in states] == list(range(2020, 2027))
    assert all(one.valid_to == other.valid_from for one, other in pairwise(states))
    assert states[-1].valid_to > states[-1].valid_from


class _In:
    """A transaction that is open already."""

    def __init__(self, conn: object) -> None:
        self.conn = conn

    def begin(self) -> _In:
        return self

    def __enter__(self) -> object:
        return self.conn

    def __exit__(self, *_raised: object) -> None:
        return


@pytest.mark.parametrize(("days", "holds"), [(0, True), (29, True), (31, False), (366, False), (-366, True)])
def test_a_key_ends_by_the_clock_of_the_database_and_holds_again_when_that_is_mended(
    database: Database, days: int, holds: bool
) -> None:
    with database.begin() as conn:
        ends = dt.datetime.now(dt.UTC) + dt.timedelta(days=30)
        key = create_key(conn, "tests", ["write"], ends, "tests")
    set_clock(database, days)
    with database.begin() as conn:
        if holds:
            assert identity_of(conn, key).name == "tests"
        else:
            with pytest.raises(Unauthorized, match="expired"):
                identity_of(conn, key)
    set_clock(database, 0)
    with database.begin() as conn:
        assert identity_of(conn, key).name == "tests"
