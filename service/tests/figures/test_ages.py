"""People by age: what ships, against published totals; how it is loaded."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, insert, select, text

from service.db.tables import age_structure, source
from service.figures.ages import FILE, TABLES, load_ages, ship_ages
from service.settings import HOME
from service.tests.databases import Database

FOLDER = HOME / "data" / "population"
ROWS = 24_678


@pytest.fixture(scope="module")
def shipped() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pq.read_table(FOLDER / FILE).to_pylist()
    return rows


def with_sources(database: Database) -> Database:
    texts = [column.name for column in source.c if column.name not in ("id", "retrieved_on")]
    rows = [
        {"id": name, "retrieved_on": "2026-11-23", **dict.fromkeys(texts, "")}
        for name, _, _ in TABLES.values()
    ]
    with database.begin() as conn:
        conn.execute(insert(source), rows)
    return database


def quiet(_done: int, _total: int, _what: str) -> None:
    return None


@pytest.mark.parametrize(
    ("year", "people"),
    [
        (1980, 117_060_396),
        (2000, 126_925_843),
        (2015, 127_094_745),
        (2020, 125_324_842),
        (2045, 106_421_185),
    ],
)
def test_the_prefectures_add_up_to_the_published_nation(year: int, people: int) -> None:
    table = pq.read_table(FOLDER / FILE, filters=[("year", "==", year)])
    codes = table.column("area_code").cast("string").to_pylist()
    counts = zip(table.column("men").to_pylist(), table.column("women").to_pylist(), strict=True)
    sums = [
        sum(men) + sum(women)
        for code, (men, women) in zip(codes, counts, strict=True)
        if code.endswith("000")
    ]
    assert (len(sums), sum(sums)) == (47, people)


def test_no_municipality_of_fukushima_is_projected(shipped: list[dict[str, object]]) -> None:
    inside = {str(row["area_code"]) for row in shipped if row["source"] == "ipss-2018"}
    assert {code for code in inside if code.startswith("07")} == {"07000"}
    assert len(inside) == 47 + 1_682


def test_loading_twice_leaves_the_same_rows(migrated_database: Database) -> None:
    database = with_sources(migrated_database)
    for _ in range(2):
        with database.begin() as conn:
            assert load_ages(conn, FOLDER, "tests", quiet) == {"rows": ROWS}
    with database.begin() as conn:
        assert conn.scalar(select(func.count()).select_from(age_structure)) == ROWS
        minano = conn.execute(
            select(age_structure.c.men, age_structure.c.women).where(
                age_structure.c.area_code == "11362", age_structure.c.year == 1980
            )
        ).one()
        assert (minano.men[0], minano.women[0], minano.men[19]) == (460, 420, 1)


def test_a_load_that_is_undone_leaves_what_was_there(migrated_database: Database) -> None:
    database = with_sources(migrated_database)
    with database.begin() as conn:
        load_ages(conn, FOLDER, "tests", quiet)
    with database.begin() as conn:
        conn.execute(text("delete from age_structure where year < 2000"))
        load_ages(conn, FOLDER, "tests", quiet)
        conn.execute(text("delete from age_structure"))
        conn.rollback()
    with database.begin() as conn:
        assert conn.scalar(select(func.count()).select_from(age_structure)) == ROWS


@pytest.mark.skipif("CHIIKI_REAL_DATA" not in os.environ, reason="CHIIKI_REAL_DATA is not set")
def test_the_published_files_give_what_ships(shipped: list[dict[str, object]], tmp_path: Path) -> None:
    ship_ages(Path(os.environ["CHIIKI_REAL_DATA"]), tmp_path)
    assert pq.read_table(tmp_path / "population" / FILE).to_pylist() == shipped
