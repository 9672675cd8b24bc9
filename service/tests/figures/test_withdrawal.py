from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select, text

from geo.errors import NotFound
from geo.figures.observations import Row
from service.db.tables import audit, figure_change
from service.figures.load import Figures, load_observations
from service.figures.withdrawal import withdraw_figures
from service.memory import revisions
from service.settings import HOME
from service.strategy.catalog_load import load_catalogue
from service.tests.databases import Database

CENSUS = dt.date(2020, 10, 1)
ALL = text("select area_code, value, status from observation order by area_code")
SECRETS = text(
    "select (select count(*) from observation where value in (7, 8)),"
    " (select count(*) from superseded where value in (7, 8))"
)


@pytest.fixture
def database(migrated_database: Database) -> Database:
    """Births of three areas in 2020; those of 前橋市 were 7, then 8."""
    with migrated_database.begin() as conn:
        load_catalogue(conn, HOME / "data" / "catalog", "tests")
    for figures in ({"10201": 7.0, "10202": 3.0, "01100": 4.0}, {"10201": 8.0}):
        rows = [Row("births", code, "2020", value, "ok", "", 1) for code, value in figures.items()]
        with migrated_database.begin() as conn:
            load_observations(conn, [Figures(rows, "census-2020", CENSUS)], actor="tests", subject="rows")
    return migrated_database


def test_withdrawn_figures_have_no_value_and_are_told_as_a_change(database: Database) -> None:
    with database.begin() as conn:
        number = text("select n from revision where subject = :subject")
        before = conn.scalar(number, {"subject": revisions.indicator("births")})
        report = withdraw_figures(conn, "births", ["2020"], ["102016"], actor="tests")
        assert (report["figures"], report["withdrawn"], report["forgotten"]) == (1, 1, 0)
        assert [tuple(row) for row in conn.execute(ALL)] == [
            ("01100", 4.0, "ok"),
            ("10201", None, "not_available"),
            ("10202", 3.0, "ok"),
        ]
        change = conn.execute(select(figure_change).order_by(figure_change.c.id.desc()).limit(1)).one()
        assert (change.indicator, change.changed, change.withdrawn) == ("births", 1, 1)
        assert conn.scalar(number, {"subject": revisions.indicator("births")}) > before
        assert tuple(conn.execute(SECRETS).one()) == (0, 2)  # what they were is known of past moments


def test_forgotten_figures_are_nowhere_and_the_audit_tells_that_without_them(database: Database) -> None:
    with database.begin() as conn:
        report = withdraw_figures(conn, "births", ["2020"], ["10201"], actor="tests", forget=True)
        assert report["forgotten"] == 2
        assert tuple(conn.execute(SECRETS).one()) == (0, 0)
        acts = conn.execute(select(audit).where(audit.c.action == "forget figures")).all()
        assert [(one.subject, one.detail["forgotten"]) for one in acts] == [("births 2020", 2)]


def test_all_areas_of_a_period_can_be_withdrawn_and_a_dry_run_withdraws_none(database: Database) -> None:
    with database.begin() as conn:
        tried = withdraw_figures(conn, "births", ["2020"], None, actor="tests", forget=True, dry_run=True)
        assert (tried["withdrawn"], tried["forgotten"]) == (3, 0)
        assert tuple(conn.execute(SECRETS).one()) == (1, 1)
        assert withdraw_figures(conn, "births", ["2020"], None, actor="tests")["withdrawn"] == 3
        assert {row.status for row in conn.execute(ALL)} == {"not_available"}


@pytest.mark.parametrize(
    ("indicator", "period", "area"),
    [("births", "2019", None), ("births", "2020", "20201"), ("x", "2020", None)],
)
def test_what_has_no_figures_is_not_withdrawn(
    database: Database, indicator: str, period: str, area: str | None
) -> None:
    with pytest.raises(NotFound, match="nothing was withdrawn"), database.begin() as conn:
        withdraw_figures(conn, indicator, [period], [area] if area else None, actor="tests")
