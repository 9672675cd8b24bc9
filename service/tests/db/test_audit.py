from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from service.db import schema
from service.db.audit import AuditBroken, Head, verified
from service.db.database import writer_engine
from service.db.tables import audit
from service.tests.databases import Database, DatabaseServer

ACTS: list[dict[str, object]] = [
    {"actor": "key 甲", "action": "put kpi", "subject": f"kpi {n}", "detail": {"n": n}} for n in range(1, 6)
]


@pytest.fixture(scope="module")
def chained(database_server: DatabaseServer) -> Iterator[Database]:
    """An audit of acts that were each done in a transaction of its own."""
    with database_server.new_database() as database:
        with database.begin() as conn:
            schema.upgrade(conn)
        for act in ACTS:
            with database.begin() as conn:
                conn.execute(insert(audit).values(act))
        yield database


@pytest.fixture
def conn(chained: Database) -> Iterator[Connection]:
    """A transaction of the tables' owner in which five acts were done; nothing of it stays."""
    engine = writer_engine(chained.settings)
    with engine.connect() as conn:
        yield conn
    engine.dispose()


def put_triggers_away(conn: Connection) -> None:
    """What the owner of the tables can do, and nobody else."""
    for table in ("audit", "audit_link"):
        conn.execute(text(f"alter table {table} disable trigger user"))


def act_again(conn: Connection, act: dict[str, object]) -> None:
    """Do what the transaction does at its end."""
    conn.execute(text("alter table audit enable trigger user"))
    conn.execute(insert(audit).values(act))
    conn.execute(text("set constraints all immediate"))
    conn.execute(text("set constraints all deferred"))


@pytest.mark.parametrize("table", ["audit", "audit_link"])
@pytest.mark.parametrize("change", ["update {} set digest = ''", "delete from {}", "truncate {} cascade"])
def test_not_even_the_owner_changes_or_removes_a_row(conn: Connection, table: str, change: str) -> None:
    statement = change.format(table)
    if table == "audit":
        statement = statement.replace("digest = ''", "actor = 'nobody'")
    with pytest.raises(ProgrammingError, match="only ever added"), conn.begin_nested():
        conn.execute(text(statement))
    assert verified(conn).n == 5


def test_the_digests_are_those_that_sha256_gives_by_hand(conn: Connection) -> None:
    row = conn.execute(
        text("select id, to_char(at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') as at from audit")
    ).first()
    stored = conn.execute(text("select digest from audit_link where n = 1")).scalar_one()
    assert row is not None
    written = f'[{row.id}, "{row.at}", "key 甲", "put kpi", "kpi 1", {{"n": 1}}]'
    assert bytes(stored) == hashlib.sha256(written.encode()).digest()


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        ("update audit set actor = 'nobody' where subject = 'kpi 3'", "row 3"),
        ("update audit set detail = '{\"n\": 9}' where subject = 'kpi 1'", "row 1"),
        ("update audit set at = at + interval '1 second' where subject = 'kpi 5'", "row 5"),
        ("alter table audit_link drop constraint audit_link_audit_fkey; "
         "delete from audit where subject = 'kpi 2'", "row 2"),
        ("delete from audit_link where n = 4", "row 4"),
        ("insert into audit (actor, action, subject, detail) values ('x', 'y', 'z', '{}')", r"\(none\)"),
    ],
)  # fmt: skip
def test_the_first_row_that_is_not_what_was_written_is_told(
    conn: Connection, tampering: str, told: str
) -> None:
    put_triggers_away(conn)
    for statement in tampering.split("; "):
        conn.execute(text(statement))
    with pytest.raises(AuditBroken, match=told):
        verified(conn)


def test_a_trail_that_was_cut_off_or_written_anew_is_found_by_a_head_that_was_noted(
    conn: Connection,
) -> None:
    noted = verified(conn)
    assert noted.n == 5
    assert Head.read(f" {noted}\n") == noted
    act_again(conn, ACTS[0])
    assert verified(conn, noted).n == 6
    put_triggers_away(conn)
    conn.execute(text("delete from audit_link where n > 4"))
    conn.execute(text("delete from audit where id not in (select audit from audit_link)"))
    assert verified(conn).n == 4
    with pytest.raises(AuditBroken, match="4 rows, and had 5"):
        verified(conn, noted)
    conn.execute(text("delete from audit_link where n > 3"))
    conn.execute(text("update audit set actor = 'nobody' where subject = 'kpi 4'"))
    conn.execute(text("select audit_chain(a) from audit a where subject = 'kpi 4'"))
    act_again(conn, ACTS[4])
    assert verified(conn).n == 5
    with pytest.raises(AuditBroken, match="row 5"):
        verified(conn, noted)


def test_the_newest_rows_can_be_checked_alone(conn: Connection) -> None:
    whole = verified(conn)
    put_triggers_away(conn)
    conn.execute(text("update audit set actor = 'nobody' where subject = 'kpi 2'"))
    assert verified(conn, newest=3) == whole
    with pytest.raises(AuditBroken):
        verified(conn, newest=4)


def head(database: Database) -> Head:
    with database.begin() as conn:
        return verified(conn)


def test_writes_at_the_same_time_are_one_chain_in_the_order_of_their_ends(
    migrated_database: Database,
) -> None:
    engine = writer_engine(migrated_database.settings)
    with engine.connect() as first, engine.connect() as second:
        first.execute(insert(audit).values(ACTS[0] | {"subject": "began first"}))
        second.execute(insert(audit).values(ACTS[0] | {"subject": "ended first"}))
        second.commit()
        first.commit()
    engine.dispose()
    ordered = text("select subject from audit_link l join audit a on a.id = l.audit order by n")
    with migrated_database.begin() as conn:
        assert list(conn.scalars(ordered)) == ["ended first", "began first"]
    assert head(migrated_database).n == 2


def test_a_write_that_sees_an_old_chain_fails_rather_than_forks_it(migrated_database: Database) -> None:
    engine = writer_engine(migrated_database.settings)
    old = engine.execution_options(isolation_level="REPEATABLE READ")
    with old.connect() as first:
        first.execute(text("select count(*) from audit_link"))
        with migrated_database.begin() as conn:
            conn.execute(insert(audit).values(ACTS[0]))
        first.execute(insert(audit).values(ACTS[1]))
        with pytest.raises(DBAPIError, match="audit_link_pkey"):
            first.commit()
    engine.dispose()
    assert head(migrated_database).n == 1


def test_what_was_undone_has_no_link(migrated_database: Database) -> None:
    with migrated_database.begin() as conn:
        with conn.begin_nested() as trial:
            conn.execute(insert(audit).values(ACTS[0]))
            trial.rollback()
        conn.execute(insert(audit).values(ACTS[1]))
    assert head(migrated_database).n == 1


def test_an_audit_of_before_is_chained_by_migrating(migrated_database: Database) -> None:
    with migrated_database.begin() as conn:
        schema.downgrade(conn, "0013")
        for act in ACTS[:3]:
            conn.execute(insert(audit).values(act))
    with migrated_database.begin() as conn:
        schema.upgrade(conn)
    with migrated_database.begin() as conn:
        conn.execute(insert(audit).values(ACTS[3]))
    assert head(migrated_database).n == 4
