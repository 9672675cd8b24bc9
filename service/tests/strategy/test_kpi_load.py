"""KPIs of areas and actuals of any KPI into a real database."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from geo.areas.reach import Author
from geo.errors import ChiikiError, InvalidFile, InvalidParameter, InvalidRows, NotFound
from geo.strategy.kpis import Kpi
from service.db import versions
from service.db.database import Transactions, writer_engine
from service.db.documents import kpi_from_row
from service.db.tables import kpi
from service.figures.load import ingest_accounts
from service.settings import HOME
from service.strategy.catalog_load import load_catalogue
from service.strategy.kpi_forms import KpiPut
from service.strategy.kpi_load import end_kpi, put_actuals, put_kpi
from service.tests.boundaries import ANYWHERE, put_areas
from service.tests.databases import Database

CATALOG = HOME / "data" / "catalog"
STEWARD = Author("steward")
REAL = os.environ.get("CHIIKI_REAL_DATA")
TOWN = {
    "owner": "01206",
    "name_ja": "社会増減",
    "name_en": "Net migration",
    "definition_ja": "転入 − 転出",
    "definition_en": "In less out",
    "unit_ja": "人",
    "unit_en": "persons",
    "source_title": "総合戦略",
    "source_url": "https://example.jp",
    "targets": [
        {
            "area": "01206",
            "type": "number",
            "baseline": -1200,
            "baseline_period": "2024",
            "target": -800,
            "target_period": "2029",
            "plan_from": 2025,
            "plan_to": 2029,
            "milestones": {"2027": -1000},
        }
    ],
}


@pytest.fixture
def database(migrated_database: Database) -> Database:
    """A database with the catalogue and its KPIs."""
    with migrated_database.begin() as conn:
        load_catalogue(conn, CATALOG, "tests")
    return migrated_database


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    engine = writer_engine(database.settings)
    yield engine
    engine.dispose()


def stored(database: Database, name: str) -> Kpi:
    with database.begin() as conn:
        return kpi_from_row(conn.execute(versions.current(kpi).where(kpi.c.id == name)).one())


def put(engine: Engine, document: object, name: str = "kushiro", *, dry_run: bool = False) -> KpiPut:
    return put_kpi(engine, name, json.dumps(document).encode(), by=STEWARD, dry_run=dry_run)


def test_a_town_registers_a_kpi_and_enters_actuals(database: Database, engine: Engine) -> None:
    assert put(engine, TOWN)["result"] == "added"
    assert put(engine, TOWN)["result"] == "unchanged"
    rows = 'area,period,value,source_title\n01206,2025,"-1,080",統計\n01206,2026,…,統計\n'.encode()
    put_actuals(engine, "kushiro", rows, by=STEWARD, dry_run=False)
    found = stored(database, "kushiro")
    assert [(one.period, one.value, one.status, one.entered_by) for one in found.actuals] == [
        ("2025", -1080, "ok", "steward"),
        ("2026", None, "not_available", "steward"),
    ]
    assert found.targets[0].milestones == {2027: -1000}
    assert put(engine, TOWN | {"name_en": "Balance"})["result"] == "changed"
    assert len(stored(database, "kushiro").actuals) == 2


class Unfinished:
    """Transactions that go on after what was done in them."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        yield self.conn


def test_actuals_that_two_enter_at_the_same_time_both_stay(database: Database, engine: Engine) -> None:
    put(engine, TOWN)
    waiting = text(
        "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        " and database = (select oid from pg_database where datname = current_database())"
    )

    def enter(transactions: Transactions, year: str) -> None:
        row = f"area,period,value,source_title\n01206,{year},1,x\n".encode()
        put_actuals(transactions, "kushiro", row, by=STEWARD, dry_run=False)

    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as first:
            enter(Unfinished(first), "2025")
            second = pool.submit(enter, engine, "2026")
            with database.begin() as looking:
                while not looking.scalar(waiting):
                    assert not second.done()
        second.result()
    assert [one.period for one in stored(database, "kushiro").actuals] == ["2025", "2026"]


def test_a_kpi_follows_no_indicator_of_months(database: Database, engine: Engine, tmp_path: Path) -> None:
    document = TOWN | {"proxies": ["waitlist-children"]}
    assert put(engine, document, dry_run=True)["result"] == "added"
    folder = Path(shutil.copytree(CATALOG, tmp_path / "catalog"))
    told = (folder / "indicators.csv").read_text("utf-8")
    row = next(one for one in told.splitlines() if one.startswith("waitlist-children,"))
    (folder / "indicators.csv").write_text(told.replace(row, row.replace(",calendar_year,", ",month,")))
    with database.begin() as conn:
        load_catalogue(conn, folder, "tests")
    with pytest.raises(InvalidRows) as refused:
        put(engine, document)
    (finding,) = refused.value.findings
    assert (finding.value, finding.expected) == (
        "waitlist-children",
        "the id of an indicator of years, see /v1/indicators",
    )


def test_a_dry_run_stores_nothing(database: Database, engine: Engine) -> None:
    assert put(engine, TOWN, dry_run=True)["result"] == "added"
    with pytest.raises(NotFound):
        put_actuals(engine, "kushiro", b"area,period,value\n01206,2025,1\n", by=STEWARD, dry_run=True)


@pytest.mark.parametrize(
    ("document", "kind", "told"),
    [
        (TOWN | {"owner": ""}, InvalidParameter, "owner"),
        (TOWN | {"colour": "red"}, InvalidRows, "colour"),
        (TOWN | {"direction": "up"}, InvalidRows, "direction"),
        (TOWN | {"goal": "goal-9"}, InvalidRows, "goal"),
        ({"owner": "01206"}, InvalidRows, "name_ja"),
        (TOWN | {"targets": [{"area": "01206", "type": "number", "aim": 1}]}, InvalidRows, "aim"),
        ([], InvalidFile, "json"),
    ],
)
def test_a_wrong_kpi_is_refused_by_field(
    engine: Engine, document: object, kind: type[ChiikiError], told: str
) -> None:
    with pytest.raises(kind) as refusal:
        put(engine, document)
    assert told in [one.field for one in refusal.value.findings]


@pytest.mark.parametrize(
    ("rows", "where", "field"),
    [
        ("area,period,value\n01206,2025,about 5\n", "line 2", "value"),
        ("area,period,value\n01206,2025,5\n", "line 2", "source_title"),
        ("area,period,value,source_title\n\n99999,2025,5,x\n", "line 3", "area"),
    ],
)
def test_a_wrong_actual_is_refused_by_line_and_field(
    engine: Engine, rows: str, where: str, field: str
) -> None:
    put(engine, TOWN)
    with pytest.raises((InvalidFile, InvalidRows)) as refusal:
        put_actuals(engine, "kushiro", rows.encode(), by=STEWARD, dry_run=False)
    assert (where, field) in [(one.where, one.field) for one in refusal.value.findings]


def areas_of(database: Database) -> list[tuple[str, float | None]]:
    return [(one.area, one.value) for one in stored(database, "kushiro").actuals]


def test_codes_of_a_kpi_are_read_in_every_form(database: Database, engine: Engine) -> None:
    written = json.dumps(TOWN).replace('"owner": "01206"', '"owner": "012068"')
    put(engine, json.loads(written.replace('"area": "01206"', '"area": "1206"')))
    made = stored(database, "kushiro")
    assert (made.owner, [one.area for one in made.targets]) == ("01206", ["01206"])
    rows = "area,period,value,source_title\n1206,2025,5,統計\n00000,2025,6,統計\ntokyo-area,2025,7,統計\n"
    put_actuals(engine, "kushiro", rows.encode(), by=STEWARD, dry_run=False)
    assert areas_of(database) == [("00000", 6), ("01206", 5), ("tokyo-area", 7)]


def test_a_name_beside_the_code_of_an_actual_decides(database: Database, engine: Engine) -> None:
    # 12203 is 市川市, and what a spreadsheet leaves of 士別市's 012203
    named = {"01000": "北海道", "12000": "千葉県", "01220": "士別市", "12203": "市川市"}
    with database.begin() as conn:
        put_areas(conn, dt.date(2021, 1, 1), dict.fromkeys(named, ANYWHERE), named)
    put(engine, TOWN)
    rows = "area,area_name,period,value,source_title\n12203,士別市,2025,5,統計\n10201,,2025,6,統計\n"
    put_actuals(engine, "kushiro", rows.encode(), by=STEWARD, dry_run=False)
    assert areas_of(database) == [("01220", 5), ("10201", 6)]


def test_a_national_kpi_is_defined_by_the_catalogue_and_its_actuals_are_entered(
    database: Database, engine: Engine
) -> None:
    with pytest.raises(InvalidParameter, match="catalogue"):
        put(engine, TOWN, "ccrc-sites")
    with pytest.raises(InvalidParameter, match="catalogue"):
        end_kpi(engine, "ccrc-sites", STEWARD)
    rows = [
        {
            "area": "00000",
            "period": "2026",
            "value": 12,
            "source_title": "内閣府",
            "source_url": "https://a.jp",
        }
    ]
    put_actuals(engine, "ccrc-sites", json.dumps(rows).encode(), by=STEWARD, dry_run=False)
    with database.begin() as conn:
        assert load_catalogue(conn, CATALOG, "tests")["kpis changed"] == []
    assert [one.value for one in stored(database, "ccrc-sites").actuals] == [12]


def test_a_kpi_that_ended_is_gone_and_its_history_stays(database: Database, engine: Engine) -> None:
    put(engine, TOWN)
    end_kpi(engine, "kushiro", STEWARD)
    with pytest.raises(NotFound):
        end_kpi(engine, "kushiro", STEWARD)
    with database.begin() as conn:
        assert len(conn.execute(versions.history(kpi, "kushiro")).all()) == 1


@pytest.mark.skipif(REAL is None, reason="the published workbooks are in CHIIKI_REAL_DATA")
def test_a_table_of_the_accounts_is_loaded_for_the_indicator_it_holds(database: Database) -> None:
    folder = Path(str(REAL)) / "accounts" / "esri-fy2018-h23base"

    def load(name: str, indicator: str) -> Mapping[str, object]:
        with database.begin() as conn:
            return ingest_accounts(
                conn,
                folder / name,
                indicator,
                source="accounts-2011-base",
                boundary_date="2018-10-01",
                actor="tests",
            )

    report = load("soukatu10_2018.xlsx", "employed-by-workplace-2011-base")
    assert (report["title"], report["added"]) == ("10.県内就業者数", 611)
    with pytest.raises(InvalidFile, match="another table"):
        load("soukatu11_2018.xlsx", "employed-by-workplace-2015-base")
    with pytest.raises(InvalidFile, match="another table"):
        load("soukatu10_2018.xlsx", "gpp-2011-base")
