"""What has changed, as data: numbers that grow with their subjects, in the transaction that changes them."""

from __future__ import annotations

import psycopg
from sqlalchemy import text

from service.memory import revisions
from service.tests.databases import Database


def numbers(database: Database) -> dict[str, int]:
    with database.begin() as conn:
        return {row.subject: row.n for row in conn.execute(text("select subject, n from revision"))}


def bump(database: Database, *subjects: str) -> None:
    with database.begin() as conn:
        revisions.changed(conn, *subjects)


def test_a_subject_that_changes_has_a_larger_number_and_no_other_has(migrated_database: Database) -> None:
    bump(migrated_database, "indicator:population", "strategy")
    before = numbers(migrated_database)
    bump(migrated_database, "indicator:population")
    after = numbers(migrated_database)
    assert after["indicator:population"] > before["indicator:population"]
    assert {**after, "indicator:population": 0} == {**before, "indicator:population": 0}


def test_a_number_grows_also_where_the_clock_went_back(migrated_database: Database) -> None:
    bump(migrated_database, "strategy")
    with migrated_database.begin() as conn:
        conn.execute(text("update revision set n = n + 1000000000000 where subject = 'strategy'"))
    before = numbers(migrated_database)["strategy"]
    bump(migrated_database, "strategy")
    assert numbers(migrated_database)["strategy"] == before + 1


def test_a_database_that_is_written_anew_has_other_numbers(migrated_database: Database) -> None:
    bump(migrated_database, "strategy")
    before = numbers(migrated_database)["strategy"]
    with migrated_database.begin() as conn:
        conn.execute(text("delete from revision where subject = 'strategy'"))  # as an older copy has it
    bump(migrated_database, "strategy")
    assert numbers(migrated_database)["strategy"] != before


def test_what_is_rolled_back_has_its_number_as_before_and_is_told_to_nobody(
    migrated_database: Database,
) -> None:
    bump(migrated_database, "strategy")
    before = numbers(migrated_database)
    address = migrated_database.writer.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as listening:
        listening.execute(f"listen {revisions.CHANNEL}")
        with migrated_database.begin() as conn:
            revisions.changed(conn, "strategy")
            conn.rollback()
        assert list(listening.notifies(timeout=0)) == []
        with migrated_database.begin() as conn:
            revisions.changed(conn, "strategy", "deployments")
            assert list(listening.notifies(timeout=0)) == []
        assert len(list(listening.notifies(timeout=5, stop_after=1))) == 1
    assert numbers(migrated_database)["strategy"] > before["strategy"]


def test_every_kind_of_subject_is_read_by_the_catalogue_or_known_to_need_no_reading() -> None:
    from service.memory.catalogue import PARTS

    kinds = {
        subject.partition(":")[0]
        for subject in (
            revisions.indicator("x"),
            revisions.vintage("2021-01-01"),
            revisions.source("x"),
            revisions.kpi("x"),
            revisions.stops("x"),
            revisions.grid("x"),
            revisions.gaps("x"),
            revisions.AGES,
            revisions.AREA_CHANGES,
            revisions.AREA_HISTORY,
            revisions.DEPLOYMENTS,
            revisions.INDUSTRIES,
            revisions.REGION_SETS,
            revisions.STRATEGY,
        )
    }
    assert kinds - PARTS.keys() == {"stops", "grid"}  # asked of the database each time
