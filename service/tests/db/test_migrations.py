from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from contextlib import suppress

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from geo.tests.promises import Promise
from service.db import schema
from service.db.tables import metadata
from service.operations.backup import _program, connecting
from service.tests.databases import Database, DatabaseServer
from service.tests.faults import contents
from service.tests.test_cli import chiiki

NOT_OURS = {"spatial_ref_sys", "alembic_version"}
GRID = (
    "insert into grid"
    " (id, digits, year, columns, title_ja, title_en, credit_ja, credit_en, licence, sha256, report)"
    " values ('g', 9, '2020', '{population}', '', '', '', '', '', '', '{}')"
)


def is_ours(_thing: object, name: str | None, *_rest: object) -> bool:
    return name not in NOT_OURS


def differences(conn: Connection) -> list[object]:
    options = {"compare_type": True, "compare_server_default": True, "include_object": is_ours}
    return list(compare_metadata(MigrationContext.configure(conn, opts=options), metadata))


def test_the_migrations_make_the_tables_the_code_expects(migrated_database: Database) -> None:
    with migrated_database.begin() as conn:
        assert differences(conn) == []


def test_every_check_of_the_code_is_in_the_database(migrated_database: Database) -> None:
    # Alembic does not compare check constraints.
    with migrated_database.begin() as conn:
        found = {
            check["name"] for table in metadata.tables for check in inspect(conn).get_check_constraints(table)
        }
    assert found == {
        "area_level",
        "outline_detail",
        "observation_missing_has_status",
        "observation_finite",
        "cell_missing_has_status",
        "age_structure_classes",
        "area_share_amount",
        "area_share_basis",
        "deployment_ends_after_it_begins",
        "kpi_ends_after_it_begins",
        "stop_source_kind",
    }


def test_migrating_again_changes_nothing(migrated_database: Database) -> None:
    with migrated_database.begin() as conn:
        schema.upgrade(conn)
        assert schema.revision(conn) == schema.newest()


def test_a_migration_can_be_taken_back(migrated_database: Database) -> None:
    with migrated_database.begin() as conn:
        schema.downgrade(conn, "base")
        assert set(inspect(conn).get_table_names()) <= NOT_OURS
        schema.upgrade(conn)
        assert differences(conn) == []


def test_a_cell_without_a_figure_is_nobody_again_in_the_tables_that_cannot_tell(
    migrated_database: Database,
) -> None:
    cell = (
        "insert into cell (grid, code, population, status, geom)"
        " values ('g', :code, :people, :status, ST_SetSRID(ST_MakeEnvelope(139, 36, 140, 37), 4326))"
    )
    told = text("select code, population from cell order by code")
    with migrated_database.begin() as conn:
        conn.execute(text(GRID))
        conn.execute(text(cell), {"code": "1", "people": 5, "status": "ok"})
        conn.execute(text(cell), {"code": "2", "people": None, "status": "secret"})
        schema.downgrade(conn, "0004")
        assert [tuple(row) for row in conn.execute(told)] == [("1", 5), ("2", 0)]
        schema.upgrade(conn)
        assert [tuple(row) for row in conn.execute(told)] == [("1", 5), ("2", 0)]
        assert set(conn.scalars(text("select status from cell"))) == {"ok"}
        assert differences(conn) == []


def test_what_has_one_title_and_credit_keeps_them_in_both_languages(migrated_database: Database) -> None:
    stops = (
        "insert into stop_source (id, kind, title, dates, credit, licence, sha256)"
        " values ('bus', 'gtfs', '甲', '{}', '乙', '', '')"
    )
    definition = "insert into gap_definition values ('d', '{}')"
    basis = "insert into gap_basis values ('d', 'g', '10000', :body)"
    body = {"year": "2020", "stops": [{"id": "bus", "title": "甲"}, {"id": "rail", "title": "駅"}]}
    known = text("select title_ja, title_en, credit_ja, credit_en from stop_source")
    bodies = text("select body from gap_basis order by prefecture")
    with migrated_database.begin() as conn:
        schema.downgrade(conn, "0011")
        conn.execute(text(stops))
        conn.execute(text(definition))
        conn.execute(text(basis), {"body": json.dumps(body)})
        conn.execute(text(basis.replace("10000", "20000")), {"body": '{"year": "2020", "stops": []}'})
        schema.upgrade(conn)
        assert conn.execute(known).one() == ("甲", "甲", "乙", "乙")
        with_stops, without = conn.scalars(bodies)
        assert with_stops["stops"] == [
            {"id": "bus", "title_ja": "甲", "title_en": "甲"},
            {"id": "rail", "title_ja": "駅", "title_en": "駅"},
        ]
        assert without == {"year": "2020", "stops": []}
        schema.downgrade(conn, "0011")
        assert conn.scalars(bodies).first() == body


def test_a_feed_that_was_loaded_before_lines_were_kept_is_read_again_and_other_stops_are_not(
    migrated_database: Database,
) -> None:
    stops = (
        "insert into stop_source"
        " (id, kind, title_ja, title_en, dates, credit_ja, credit_en, licence, sha256)"
        " values (:kind, :kind, '', '', '{}', '', '', '', 'd')"
    )
    with migrated_database.begin() as conn:
        schema.downgrade(conn, "0012")
        for kind in ("gtfs", "table"):
            conn.execute(text(stops), {"kind": kind})
        schema.upgrade(conn)
        digests = conn.execute(text("select id, sha256 from stop_source order by id"))
        assert [tuple(row) for row in digests] == [("gtfs", ""), ("table", "d")]
        assert conn.scalar(text("select count(*) from stop_line")) == 0


@pytest.mark.parametrize(("people", "status"), [("null", "ok"), ("0", "secret")])
def test_a_cell_has_a_figure_or_a_reason(migrated_database: Database, people: str, status: str) -> None:
    cell = (
        "insert into cell (grid, code, population, status, geom)"
        f" values ('g', '1', {people}, '{status}', ST_SetSRID(ST_MakeEnvelope(139, 36, 140, 37), 4326))"
    )
    with migrated_database.begin() as conn:
        conn.execute(text(GRID))
        with pytest.raises(IntegrityError, match="cell_missing_has_status"), conn.begin_nested():
            conn.execute(text(cell))


def test_a_migration_that_fails_leaves_nothing(blank_database: Database) -> None:
    with blank_database.begin() as conn:
        conn.execute(text("create table audit (id integer)"))
    with pytest.raises(ProgrammingError, match="audit"), blank_database.begin() as conn:
        schema.upgrade(conn)
    with blank_database.begin() as conn:
        assert schema.revision(conn) is None
        assert set(inspect(conn).get_table_names()) <= {"audit", *NOT_OURS}


def test_the_reader_role_may_read_what_is_served_and_nothing_else(migrated_database: Database) -> None:
    asked = text("select has_table_privilege('chiiki_reader', :table, :right)")
    with migrated_database.begin() as conn:
        if not conn.scalar(text("select count(*) from pg_roles where rolname = 'chiiki_reader'")):
            pytest.skip("this server's role may not create the role chiiki_reader")
        for table in metadata.tables:
            served = table not in ("api_key", "audit", "audit_link", "embargo", "fetched", "kept_answer")
            assert conn.scalar(asked, {"table": table, "right": "select"}) is served
            for right in ("insert", "update", "delete", "truncate"):
                assert conn.scalar(asked, {"table": table, "right": right}) is False
        assert (
            conn.scalar(text("select has_database_privilege('chiiki_reader', current_database(), 'temp')"))
            is False
        )


def test_a_reader_role_made_later_gets_its_rights_by_migrating_again(migrated_database: Database) -> None:
    with migrated_database.begin() as conn:
        conn.execute(text("revoke select on area from chiiki_reader"))
        schema.upgrade(conn)
        assert conn.scalar(text("select has_table_privilege('chiiki_reader', 'area', 'select')")) is True


# Killed migrations

MIGRATE = (sys.executable, "-m", "service.cli", "migrate")


def migrating(database: Database) -> subprocess.Popen[str]:
    environment = {**os.environ, **database.environment}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(MIGRATE, env=environment, text=True, **pipes)  # type: ignore[call-overload,no-any-return]  # mypy reads no words of a dict


def shape(database: Database) -> str:
    """Return the whole schema as PostgreSQL dumps it."""
    words, environment = connecting(database.settings)
    dump = [_program("pg_dump"), "--schema-only", "--schema=public", *words]
    told = subprocess.run(dump, env=environment, capture_output=True, text=True, check=True).stdout
    return "\n".join(line for line in told.splitlines() if not line.startswith(("--", "\\")))


def state(database: Database) -> tuple[str, dict[str, str]]:
    with database.begin() as conn:
        return shape(database), contents(conn, of_any_run=True)


def waiting_backend(database: Database) -> int | None:
    asked = text(
        "select pid from pg_stat_activity where datname = current_database()"
        " and application_name = 'chiiki writer' and pid <> pg_backend_pid() and xact_start is not null"
    )
    with database.begin() as conn:
        found: int | None = conn.scalar(asked)
        return found


def at_work(process: subprocess.Popen[str], database: Database, seconds: float) -> int | None:
    """Return the number of the backend that migrates, so long after it has begun; None where it has ended."""
    until = time.monotonic() + 60
    while (pid := waiting_backend(database)) is None:
        if process.poll() is not None or time.monotonic() > until:
            return None
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    return pid


@pytest.mark.prove("three minutes")
@pytest.mark.timeout(1_800)
def test_a_migration_that_is_killed_at_any_moment_is_done_by_the_next(
    database_server: DatabaseServer, promise: Promise
) -> None:
    """From nothing, and from each schema that there was; the process is killed, or its backend is."""
    kills, draw, killed = promise.times(2, 60), random.Random(22), 0
    versions = ["", *(f"{number:04d}" for number in range(1, int(schema.newest())))]
    expected: dict[str, tuple[str, dict[str, str]]] = {}
    wrong: list[str] = []
    for number in range(kills):
        first = versions[(number * 7) % len(versions)]
        with database_server.new_database() as database:
            if first:
                with database.begin() as conn:
                    schema.upgrade(conn)
                    conn.execute(text(GRID))
                    schema.downgrade(conn, first)
            if first not in expected:
                with database_server.new_database(str(database.writer.database)) as twin:
                    done = migrating(twin)
                    assert (done.communicate(), done.returncode)[1] == 0
                    expected[first] = state(twin)
            process = migrating(database)
            backend = at_work(process, database, draw.uniform(0, 1.0))
            if backend is not None and number % 2:
                with database.begin() as conn:
                    conn.execute(text("select pg_terminate_backend(:pid, 10000)"), {"pid": backend})
                told = process.communicate()[1]
                if "Traceback" in told:
                    wrong.append(f"{first} {number}: {told[-500:]}")
            else:
                process.kill()
                process.communicate()
            killed += process.returncode != 0
            with database.begin() as conn:
                if schema.revision(conn) not in (first or None, schema.newest()):
                    wrong.append(f"{first} {number}: half migrated to {schema.revision(conn)}")
            again = migrating(database)
            told = again.communicate()[1]
            if again.returncode or state(database) != expected[first]:
                wrong.append(f"{first} {number}: another result: {told[-500:]}")
    assert wrong == []
    promise.told(
        "a migration that is killed leaves nothing, and the next completes it to the same",
        tried=kills,
        failed=0,
        worst=f"{killed} were killed before their end",
        seed=22,
    )


@pytest.mark.prove("half a minute")
def test_two_that_migrate_at_once_make_one_schema(database_server: DatabaseServer, promise: Promise) -> None:
    rounds = promise.times(1, 10)
    for _ in range(rounds):
        with database_server.new_database() as database:
            both = [migrating(database) for _ in range(2)]
            told = [one.communicate() for one in both]
            assert [one.returncode for one in both] == [0, 0], told
            with database.begin() as conn:
                assert differences(conn) == []
    promise.told("two migrations at once make one schema", tried=rounds, failed=0)


def test_nothing_is_served_from_a_schema_that_is_half_migrated(migrated_database: Database) -> None:
    with migrated_database.begin() as conn:
        schema.downgrade(conn, "0012")
    done = chiiki(migrated_database, "serve")
    assert done.exit_code == 1
    assert f"The database has the schema 0012, this chiiki works with {schema.newest()}" in done.stderr
    assert "Run: chiiki migrate" in done.stderr
