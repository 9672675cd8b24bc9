from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

import pytest
from sqlalchemy import Connection, Engine, event, insert, select, text
from sqlalchemy.exc import OperationalError

from geo.areas.reach import Author, Reach
from geo.errors import InvalidParameter, InvalidRows, NotFound
from geo.figures.observations import Row
from geo.tests.promises import Promise
from service.db.database import writer_engine
from service.db.tables import area_change, audit, embargo, figure_change, metadata
from service.figures import embargo as embargoes
from service.figures.embargo import (
    Released,
    cancel,
    held,
    held_of,
    held_table,
    hold_observations,
    release_due,
    release_moment,
)
from service.figures.load import Figures, load_observations
from service.settings import HOME
from service.strategy.catalog_load import load_catalogue
from service.tests.databases import Database

CENSUS = dt.date(2020, 10, 1)
#: Tables that may differ once something is held.
OWN = {"embargo", "audit", "audit_link"}
VALUES = text("select area_code, value from observation where period = '2020' order by area_code")
ACTS = select(audit.c.actor, audit.c.action).where(audit.c.subject != "catalogue").order_by(audit.c.id)


@pytest.fixture
def database(migrated_database: Database) -> Database:
    """Births of two areas in 2020."""
    with migrated_database.begin() as conn:
        load_catalogue(conn, HOME / "data" / "catalog", "tests")
        load_observations(conn, [part({"10201": 7.0, "10202": 3.0})], actor="tests", subject="rows")
    return migrated_database


@pytest.fixture
def writer(database: Database) -> Iterator[Engine]:
    engine = writer_engine(database.settings)
    yield engine
    engine.dispose()


def part(figures: dict[str, float | None], period: str = "2020", indicator: str = "births") -> Figures:
    rows = [
        Row(indicator, code, period, value, "not_available" if value is None else "ok", "", 1)
        for code, value in figures.items()
    ]
    return Figures(rows, "census-2020", CENSUS)


def hold(database: Database, *parts: Figures, actor: str = "前橋市", after: str = "1 hour") -> str:
    """Hold figures; those whose moment is past were held in time, and nobody has looked since."""
    with database.begin() as conn:
        soon = conn.scalar(text("select now() + interval '1 minute'"))
        report = hold_observations(conn, parts, until=soon, actor=actor, subject="births")
        moved = text("update embargo set release_at = now() + cast(:after as interval) where id = :id")
        conn.execute(moved, {"after": after, "id": report["embargo"]["id"]})
        return report["embargo"]["id"]


def released(engine: Engine, *, again: bool = False) -> list[Released]:
    return release_due(engine, actor="tests", again=again)


def values(database: Database) -> list[tuple[str, float | None]]:
    with database.begin() as conn:
        return [(row.area_code, row.value) for row in conn.execute(VALUES)]


def digests(conn: Connection) -> dict[str, object]:
    """What stands in every table that is served."""
    asked = "select md5(coalesce(string_agg(t::text, ' ' order by t::text), '')) from {} t"
    return {name: conn.scalar(text(asked.format(f'"{name}"'))) for name in metadata.tables if name not in OWN}


def test_what_is_held_changes_nothing_that_is_served(database: Database) -> None:
    with database.begin() as conn:
        before = digests(conn)
        until = release_moment("2027-12-25T08:50+09:00")
        report = hold_observations(
            conn, [part({"10201": 8.0, "01100": 1.0})], until=until, actor="前橋市", subject="births"
        )
        assert (report["rows"], report["added"], report["changed"], report["dry_run"]) == (2, 1, 1, False)
        assert report["embargo"] == held(conn)[0]
        assert report["embargo"]["release_at"] == "2027-12-24T23:50:00+00:00"
        assert digests(conn) == before
    with database.begin() as conn:
        assert digests(conn) == before
        assert held_of(conn, "births", ["2020", "2021"]) == [report["embargo"]["id"]]
        assert held_of(conn, "births", ["2021"]) == held_of(conn, "deaths", ["2020"]) == []


@pytest.mark.parametrize("written", ["2027-12-25", "2027-12-25T08:50", "soon", "", "9999-12-31T23:59Z"])
def test_a_moment_names_its_zone(written: str) -> None:
    with pytest.raises(InvalidParameter, match="no time with its zone"):
        release_moment(written)


@pytest.mark.parametrize("after", ["-1 second", "4 years"])
def test_a_moment_is_to_come_by_the_clock_of_the_database_and_not_too_far(
    database: Database, after: str
) -> None:
    with database.begin() as conn:
        until = conn.scalar(text("select clock_timestamp() + cast(:after as interval)"), {"after": after})
        with pytest.raises(InvalidParameter, match="to come"):
            hold_observations(conn, [part({"10201": 8.0})], until=until, actor="a", subject="b")


def test_faults_are_told_when_figures_are_held_and_a_trial_holds_nothing(database: Database) -> None:
    until = release_moment("2027-12-25T08:50Z")
    with database.begin() as conn:
        with pytest.raises(InvalidRows, match="another kind"), conn.begin_nested():
            hold_observations(conn, [part({"10201": 8.0}, "2020-01")], until=until, actor="a", subject="b")
        tried = hold_observations(
            conn, [part({"10201": 8.0})], until=until, actor="a", subject="b", dry_run=True
        )
        assert (tried["changed"], tried["dry_run"], "embargo" in tried) == (1, True, False)
        assert held(conn) == []


def test_only_so_much_is_held(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embargoes, "MOST_HELD", 1)
    hold(database, part({"10201": 8.0}))
    with pytest.raises(InvalidParameter, match="held already"):
        hold(database, part({"10201": 9.0}))


def test_before_its_moment_nothing_is_published_and_after_it_all_once(
    database: Database, writer: Engine
) -> None:
    early = hold(database, part({"10201": 8.0}), after="1 hour")
    due = hold(database, part({"10202": None, "01100": 1.0}), after="0 seconds")
    (report,) = released(writer)
    assert (report["id"], report["refused"]) == (due, None)
    assert report["loaded"] is not None
    assert (report["loaded"]["added"], report["loaded"]["changed"]) == (1, 1)
    assert values(database) == [("01100", 1.0), ("10201", 7.0), ("10202", None)]
    assert released(writer) == []
    with database.begin() as conn:
        assert [one["id"] for one in held(conn)] == [early]
        change = conn.execute(select(figure_change).order_by(figure_change.c.id.desc()).limit(1)).one()
        assert (change.added, change.changed, change.withdrawn) == (1, 1, 1)
        assert [tuple(row) for row in conn.execute(ACTS)][-4:] == [
            ("前橋市", "hold figures"),
            ("前橋市", "hold figures"),
            ("前橋市", "load figures"),
            ("tests", "release embargo"),
        ]


def test_what_is_due_is_published_in_its_order_over_what_was_loaded_before(
    database: Database, writer: Engine
) -> None:
    later = hold(database, part({"10201": 12.0}), after="-1 minute")
    first = hold(database, part({"10201": 11.0, "10202": 21.0}), after="-2 minutes")
    same = hold(database, part({"10202": 22.0}), after="-2 minutes")
    with database.begin() as conn:
        load_observations(conn, [part({"10201": 10.0})], actor="tests", subject="meanwhile")
        conn.execute(
            text(
                "update embargo set release_at = (select min(release_at) from embargo where id = :first)"
                " where id = :same"
            ),
            {"first": first, "same": same},
        )
    assert [one["id"] for one in released(writer)] == [first, same, later]
    assert values(database) == [("10201", 12.0), ("10202", 22.0)]


def test_figures_come_out_of_an_embargo_as_they_went_in(database: Database, writer: Engine) -> None:
    told: Sequence[tuple[str, float | None, str, str]] = (
        ("10201", 0.1 + 0.2, "ok", 'a "quoted",\r\nbroken text'),
        ("10202", -1e-300, "ok", "\\."),
        ("01100", None, "secret", "Ｘ"),
        ("20201", 123456789.123456789, "ok", ""),
    )
    rows = [Row("births", code, "2021", value, status, raw, 1) for code, value, status, raw in told]
    name = hold(database, Figures(rows, "census-2020", CENSUS), after="0 seconds")
    with database.begin() as conn:
        assert held_table(conn, name).startswith(
            "indicator,period,area_code,value,status,raw,boundary_date,source\r\nbirths,2021,10201,0.3000"
        )
    assert [one["refused"] for one in released(writer)] == [None]
    found = text(
        "select area_code, value, status, coalesce(raw, '') from observation where period = '2021'"
        " and source = 'census-2020' and boundary_date = '2020-10-01'"
    )
    with database.begin() as conn:
        assert {tuple(row) for row in conn.execute(found)} == set(told)


def test_what_fits_no_more_stays_held_and_says_why_and_the_others_are_published(
    database: Database, writer: Engine
) -> None:
    gone = hold(database, part({"10201": 8.0, "10202": 9.0}), after="-1 minute")
    other = hold(database, part({"01100": 4.0}), after="0 seconds")
    merged = {"date": dt.date(2019, 4, 1), "from_code": "10202", "to_code": "10201", "kind": "absorbed"}
    with database.begin() as conn:
        conn.execute(insert(area_change).values(merged | {"from_name": "高崎市", "to_name": "前橋市"}))
    refused, published = released(writer)
    assert (refused["id"], refused["loaded"], published["id"], published["refused"]) == (
        *(gone, None),
        *(other, None),
    )
    assert values(database) == [("01100", 4.0), ("10201", 7.0), ("10202", 3.0)]
    with database.begin() as conn:
        (kept,) = held(conn)
        assert kept["refused"] == refused["refused"]
        assert "area_code=10202: the code of an area that existed on 2020-10-01" in str(kept["refused"])
        assert "refuse embargo" in {row.action for row in conn.execute(ACTS)}
    assert released(writer) == []  # nobody asked to try it again
    with database.begin() as conn:
        conn.execute(text("delete from area_change where date = '2019-04-01'"))
    assert [one["refused"] for one in released(writer, again=True)] == [None]
    assert values(database) == [("01100", 4.0), ("10201", 8.0), ("10202", 9.0)]


def test_what_is_cancelled_is_never_published_and_not_found_by_others(
    database: Database, writer: Engine
) -> None:
    name = hold(database, part({"10201": 8.0, "10202": 9.0}), after="0 seconds")
    reaches: Iterable[Reach] = (
        Reach(frozenset({"10201"})),
        Reach(None, frozenset({"deaths"})),
        Reach(frozenset({"20000"}), frozenset({"births"})),
    )
    with database.begin() as conn:
        for reach in reaches:
            assert held(conn, reach) == []
            with pytest.raises(NotFound, match="Nothing is held"):
                cancel(conn, name, Author("a key", reach))
        assert [one["id"] for one in held(conn, Reach(frozenset({"10000"}), frozenset({"births"})))] == [name]
        cancel(conn, name, Author("群馬県", Reach(frozenset({"10000"}))))
        assert ("群馬県", "cancel embargo") in {tuple(row) for row in conn.execute(ACTS)}
    assert released(writer) == []
    assert values(database) == [("10201", 7.0), ("10202", 3.0)]
    with database.begin() as conn, pytest.raises(NotFound):
        held_table(conn, name)


def test_where_another_process_publishes_this_one_does_nothing(database: Database, writer: Engine) -> None:
    hold(database, part({"10201": 8.0}), after="0 seconds")
    with database.begin() as conn:
        conn.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": embargoes.LOCK})
        assert released(writer) == []
    assert [one["refused"] for one in released(writer)] == [None]


def test_a_release_that_is_cut_off_at_any_statement_is_whole_or_absent(
    database: Database, writer: Engine, promise: Promise
) -> None:
    name = hold(database, part({"10201": 8.0, "10202": 9.0}), after="0 seconds")
    absent, whole = [("10201", 7.0), ("10202", 3.0)], [("10201", 8.0), ("10202", 9.0)]
    wrong = cut = 0
    with database.begin() as conn:
        changes = conn.scalar(text("select count(*) from figure_change"))
    while values(database) == absent:
        at = iter(range(cut, -1, -1))

        def end(conn: Connection, *_statement: object, at: Iterator[int] = at) -> None:
            if next(at, None) == 0:
                conn.connection.driver_connection.close()  # type: ignore[union-attr]  # it is open

        event.listen(writer, "before_cursor_execute", end)
        try:
            released(writer)
        except OperationalError:
            cut += 1
        finally:
            event.remove(writer, "before_cursor_execute", end)
        with database.begin() as conn:
            is_held = conn.scalar(select(embargo.c.id)) == name
        wrong += values(database) not in (absent, whole) or is_held is not (values(database) == absent)
    with database.begin() as conn:
        assert conn.scalar(text("select count(*) from figure_change")) == (changes or 0) + 1
    promise.told("held figures, cut off while they are published", tried=cut, failed=wrong)
