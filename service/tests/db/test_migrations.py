from __future__ import annotations

import json

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from service.db import schema
from service.db.tables import metadata
from service.tests.databases import Database

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
