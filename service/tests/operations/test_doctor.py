from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import insert, text
from typer.testing import CliRunner

from service.cli import app
from service.db import schema
from service.db.tables import audit
from service.http import auth
from service.operations.doctor import Found, examined
from service.terminal import out
from service.tests.databases import Database, DatabaseServer


@pytest.fixture(scope="module")
def database(database_server: DatabaseServer) -> Iterator[Database]:
    """A database with tables; what a test changes in it, it takes back."""
    with database_server.new_database() as made:
        with made.begin() as conn:
            schema.upgrade(conn)
        yield made


@pytest.fixture
def settings(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The settings of that database; tests change them."""
    for name, value in database.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CHIIKI_DOWNLOADS", str(tmp_path / "downloads"))
    return monkeypatch


def found(what: str) -> Found:
    """What is found in one thing; the worst of it."""
    order: Sequence[str] = ("wrong", "look", "ok")
    return min((one for one in examined() if one.what == what), key=lambda one: order.index(one.state))


def test_where_nothing_is_wrong_every_line_says_what_was_seen(settings: pytest.MonkeyPatch) -> None:
    told = list(examined())
    assert [one for one in told if one.state == "wrong" or not one.told] == []
    assert {one.what for one in told} >= {
        *("settings", "disk", "fonts", "children", "database", "versions", "clock", "connections"),
        *("schema", "values", "owner", "reader", "audit", "keys", "embargo"),
    }
    versions = " ".join(one.told for one in told if one.what == "versions")
    for word in ("PostgreSQL 1", "PostGIS 3.", "GEOS 3."):
        assert word in versions
    assert found("clock").told == "0.0 s between this machine and the database"
    out.width = 200
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == 0
    assert "✓ schema" in done.stdout


def test_a_setting_that_cannot_be_read_is_named(settings: pytest.MonkeyPatch) -> None:
    settings.setenv("CHIIKI_PORT", "soon")
    (fault,) = examined()
    assert (fault.state, fault.told.split(":")[0]) == ("wrong", "CHIIKI_PORT")
    assert CliRunner().invoke(app, ["doctor"]).exit_code == 1


def test_a_variable_that_is_no_setting_and_links_of_any_host_are_told(settings: pytest.MonkeyPatch) -> None:
    settings.setenv("CHIIKI_HOST", "0.0.0.0")
    assert "CHIIKI_PUBLIC_URL" in found("settings").todo
    settings.setenv("CHIIKI_PROT", "8000")
    assert (found("settings").state, found("settings").told) == ("look", "no settings: CHIIKI_PROT")


def test_a_database_that_is_away_is_a_line(settings: pytest.MonkeyPatch) -> None:
    settings.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    assert found("database").state == "wrong"
    assert CliRunner().invoke(app, ["doctor"]).exit_code == 1


@pytest.mark.parametrize(
    ("change", "back", "what", "told"),
    [
        (
            "update alembic_version set version_num = '0013'",
            f"update alembic_version set version_num = '{schema.newest()}'",
            "schema",
            "chiiki migrate",
        ),
        (
            "revoke select on area from chiiki_reader",
            "grant select on area to chiiki_reader",
            "reader",
            "may not read area",
        ),
        (
            "grant select on api_key to chiiki_reader",
            "revoke select on api_key from chiiki_reader",
            "reader",
            "too much with api_key",
        ),
        (
            "grant insert on area to chiiki_reader",
            "revoke insert on area from chiiki_reader",
            "reader",
            "too much with area",
        ),
    ],
)
def test_a_pending_migration_and_rights_that_are_not_the_readers_are_told(
    settings: pytest.MonkeyPatch, database: Database, change: str, back: str, what: str, told: str
) -> None:
    with database.begin() as conn:
        conn.execute(text(change))
    fault = found(what)
    with database.begin() as conn:
        conn.execute(text(back))
    assert fault.state == "wrong"
    assert told in fault.told + fault.todo
    assert found(what).state == "ok"


def test_reading_through_the_owner_is_told(settings: pytest.MonkeyPatch, database: Database) -> None:
    settings.setenv("CHIIKI_READER_URL", database.environment["DATABASE_URL"])
    assert (found("reader").state, "chiiki_reader" in found("reader").todo) == ("look", True)


def test_more_connections_than_there_are_and_a_disk_without_room_are_told(
    settings: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings.setenv("CHIIKI_WORKERS", "64")
    assert found("connections").state == "wrong"
    settings.setenv("CHIIKI_DOWNLOADS_MB", str(1 << 40))
    assert (found("disk").state, "Make room" in found("disk").todo) == ("wrong", True)
    settings.setenv("CHIIKI_FONTS", str(tmp_path))
    assert "fonts-noto-cjk" in found("fonts").todo


def test_an_audit_that_was_changed_and_a_key_that_ends_soon_are_told(
    settings: pytest.MonkeyPatch, database: Database
) -> None:
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(days=29)
    with database.begin() as conn:
        auth.create_key(conn, "前橋市", ["write"], soon, "tests")
        conn.execute(insert(audit).values(actor="a", action="b", subject="c", detail={}))
    assert (found("audit").state, found("keys").state) == ("ok", "look")
    assert "前橋市" in found("keys").told
    with database.begin() as conn:
        conn.execute(text("alter table audit disable trigger user"))
        conn.execute(text("update audit set actor = 'nobody' where action = 'b'"))
    broken = found("audit")
    with database.begin() as conn:
        conn.execute(text("update audit set actor = 'a' where action = 'b'"))
        conn.execute(text("alter table audit enable trigger user"))
        conn.execute(text("delete from api_key"))
    assert (broken.state, "row 2" in broken.told) == ("wrong", True)
    assert (found("audit").state, found("keys").state) == ("ok", "ok")


def test_held_figures_that_were_refused_or_nobody_publishes_are_told(
    settings: pytest.MonkeyPatch, database: Database
) -> None:
    row = (
        "insert into embargo"
        " (id, release_at, actor, subject, indicators, periods, areas, rows, document, refused)"
        " values ('feed', now() + cast(:after as interval), '', '', '{}', '{}', '{}', 0, '', :refused)"
    )
    told = []
    for after, refused in (
        ("1 hour", None),
        ("-30 seconds", None),
        ("-2 minutes", None),
        ("-2 minutes", "x"),
    ):
        with database.begin() as conn:
            conn.execute(text(row), {"after": after, "refused": refused})
        told.append(found("embargo"))
        with database.begin() as conn:
            conn.execute(text("delete from embargo"))
    assert [one.state for one in told] == ["ok", "ok", "wrong", "wrong"]
    assert told[0].told.startswith("1 held, the next until 20")
    assert ("beyond their moment: feed" in told[2].told, "chiiki embargo list" in told[3].todo) == (
        True,
        True,
    )
    assert found("embargo").told == "0 held"
