"""Figures into a real database: all or none, the same twice changes nothing, every fault told."""

from __future__ import annotations

import csv
import datetime as dt
import io
import shutil
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import psycopg
import pytest
from sqlalchemy import func, select

from geo.areas.reach import Author
from geo.errors import ChiikiError, InvalidFile, InvalidParameter, InvalidRows, NotFound
from geo.figures.layouts import LAYOUT, read_layout
from geo.figures.observations import Row
from service.areas.past import finder
from service.db.database import writer_engine
from service.db.tables import audit, figure_change, observation, superseded
from service.db.tables import revision as numbers
from service.figures.forms import Loaded, TableLoaded
from service.figures.load import (
    Figures,
    ingest_file,
    ingest_table,
    load_observations,
    observed_indicators,
    put_observations,
)
from service.settings import HOME
from service.strategy.catalog_load import load_catalogue
from service.tests.databases import Database

CATALOG = HOME / "data" / "catalog"
CENSUS = dt.date(2020, 10, 1)
HEAD = "indicator,area_code,period,value,status\n"


@pytest.fixture
def database(migrated_database: Database) -> Database:
    """A database with the catalogue, and no figures."""
    with migrated_database.begin() as conn:
        load_catalogue(conn, CATALOG, "tests")
    return migrated_database


def row(code: str, value: float | None, name: str = "population", period: str = "2020") -> Row:
    return Row(name, code, period, value, "ok" if value is not None else "secret", "", 1)


def load(database: Database, rows: Sequence[Row], *, dry_run: bool = False) -> Loaded:
    with database.begin() as conn:
        part = Figures(rows, "census-2020", CENSUS)
        return load_observations(conn, [part], actor="tests", subject="rows", dry_run=dry_run)


def figures(database: Database) -> dict[tuple[str, str, str], float | None]:
    columns = (observation.c.indicator, observation.c.area_code, observation.c.period, observation.c.value)
    with database.begin() as conn:
        return {(name, code, period): value for name, code, period, value in conn.execute(select(*columns))}


def test_no_reader_puts_a_year_where_months_are_told(database: Database, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(CATALOG, tmp_path / "catalog"))
    told = (folder / "indicators.csv").read_text("utf-8")
    row = next(one for one in told.splitlines() if one.startswith("waitlist-children,"))
    assert ",calendar_year," in row
    (folder / "indicators.csv").write_text(told.replace(row, row.replace(",calendar_year,", ",month,")))
    with database.begin() as conn:
        load_catalogue(conn, folder, "tests")
    with pytest.raises(InvalidRows) as refused:
        load(database, [waiting("2025-04"), waiting("2024")])
    assert [(one.where, one.field, one.value) for one in refused.value.findings] == [
        ("waitlist-children", "period", "2024")
    ]
    assert figures(database) == {}
    assert load(database, [waiting("2025-04")])["added"] == 1
    with pytest.raises(InvalidRows) as refused, database.begin() as conn:
        load_catalogue(conn, CATALOG, "tests")
    assert [(one.where, one.field, one.expected) for one in refused.value.findings] == [
        ("waitlist-children", "period_kind", "what 2025-04 is, which is loaded")
    ]


def waiting(period: str) -> Row:
    return row("01100", 12.0, "waitlist-children", period)


def revision(database: Database, name: str) -> int:
    with database.begin() as conn:
        number = select(numbers.c.n).where(numbers.c.subject == f"indicator:{name}")
        return int(conn.execute(number).scalar_one())


def audits(database: Database, action: str) -> int:
    with database.begin() as conn:
        counted = select(func.count()).select_from(audit).where(audit.c.action == action)
        return conn.execute(counted).scalar_one()


def put(database: Database, body: str, name: str = "population", **chosen: str) -> TableLoaded:
    with database.begin() as conn:
        one = observed_indicators(conn)[name]
    engine = writer_engine(database.settings)
    try:
        return put_observations(
            engine,
            body.encode(),
            chosen.get("media_type", "text/csv"),
            one,
            source=chosen.get("source", "census-2020"),
            boundary_date=chosen.get("boundary_date", "2020-10-01"),
            by=Author("tests"),
        )
    finally:
        engine.dispose()


def test_new_figures_are_stored_once_with_a_revision_and_an_audit_row(database: Database) -> None:
    before = revision(database, "population")
    report = load(database, [row("01100", 1_973_395.0), row("07546", None, "doctors")])
    assert (report["rows"], report["added"], report["changed"]) == (2, 2, 0)
    assert report["indicators"] == ["doctors", "population"]
    assert figures(database) == {
        ("population", "01100", "2020"): 1_973_395.0,
        ("doctors", "07546", "2020"): None,
    }
    assert revision(database, "population") > before
    assert audits(database, "load figures") == 1


def test_the_same_figures_again_change_nothing(database: Database) -> None:
    load(database, [row("01100", 1_973_395.0)])
    before = revision(database, "population")
    report = load(database, [row("01100", 1_973_395.0)])
    assert (report["added"], report["changed"], report["indicators"]) == (0, 0, [])
    assert revision(database, "population") == before
    assert audits(database, "load figures") == 1


def test_a_revised_figure_replaces_the_old_one_and_the_rest_stays(database: Database) -> None:
    load(database, [row("01100", 1_973_000.0), row("01202", 251_084.0)])
    report = load(database, [row("01100", 1_973_395.0)])
    assert (report["added"], report["changed"]) == (0, 1)
    assert set(figures(database).values()) == {1_973_395.0, 251_084.0}


def kept(database: Database) -> list[tuple[str, float | None, str]]:
    columns = (superseded.c.area_code, superseded.c.value, superseded.c.status)
    with database.begin() as conn:
        rows = conn.execute(select(*columns).order_by(superseded.c.until, superseded.c.area_code))
        return [(code, value, status) for code, value, status in rows]


def test_what_a_revision_replaces_is_kept_and_the_load_is_told(database: Database) -> None:
    load(database, [row("01100", 1_973_000.0), row("01202", 251_084.0)])
    assert kept(database) == []
    load(database, [row("01100", 1_973_395.0), row("01202", 251_084.0), row("15100", 789_275.0)])
    load(database, [row("01100", None)])
    assert kept(database) == [
        ("01100", 1_973_000.0, "ok"),
        ("15100", None, "not_loaded"),
        ("01100", 1_973_395.0, "ok"),
    ]
    columns = ("first_periods", "added", "changed", "withdrawn", "sources")
    with database.begin() as conn:
        asked = select(*(figure_change.c[name] for name in columns)).order_by(figure_change.c.id)
        told = [tuple(row) for row in conn.execute(asked)]
    assert told == [
        (["2020"], 2, 0, 0, ["census-2020"]),
        ([], 1, 1, 0, ["census-2020"]),
        ([], 0, 1, 1, ["census-2020"]),
    ]


def test_a_dry_run_reports_and_stores_nothing(database: Database) -> None:
    before = revision(database, "population")
    report = load(database, [row("01100", 1_973_395.0)], dry_run=True)
    assert (report["added"], report["dry_run"]) == (1, True)
    assert (figures(database), revision(database, "population")) == ({}, before)


def test_the_serving_processes_are_told_when_the_load_commits(database: Database) -> None:
    address = database.writer.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as listening:
        listening.execute("listen chiiki")
        load(database, [row("01100", 1.0), row("01202", 2.0)])
        assert len(list(listening.notifies(timeout=10, stop_after=1))) == 1


def test_a_body_is_loaded_and_repeated_rows_are_counted(database: Database) -> None:
    report = put(database, HEAD + 'population,011002,2020,1973395,\npopulation,01100,2020,"1,973,395",ok\n')
    assert (report["added"], report["duplicates"]) == (1, 1)
    assert figures(database) == {("population", "01100", "2020"): 1_973_395.0}


def test_a_json_body_is_loaded(database: Database) -> None:
    body = '[{"indicator":"population","area_code":1100,"period":"2020","value":1973395}]'
    put(database, body, media_type="application/json")
    assert figures(database) == {("population", "01100", "2020"): 1_973_395.0}


def test_one_wrong_row_refuses_the_whole_body(database: Database) -> None:
    good = "".join(f"population,{code},2020,1,\n" for code in ("01202", "15100", "22130"))
    with pytest.raises(InvalidRows) as refused:
        put(database, HEAD + good + "population,01100,2020,many,\npopulation,99999,2020,1,\n")
    assert [finding.where for finding in refused.value.findings] == ["line 5", "line 6"]
    assert figures(database) == {}


def test_figures_of_another_indicator_are_refused(database: Database) -> None:
    with pytest.raises(InvalidRows, match="indicator is 'doctors'"):
        put(database, HEAD + "doctors,01100,2020,1,\n")


def test_a_code_that_did_not_exist_on_the_boundary_date_is_refused(database: Database) -> None:
    # 那珂川町 40305 became 那珂川市 40231 on 2018-10-01
    put(database, HEAD + "population,40231,2020,50112,\n")
    put(database, HEAD + "population,40305,2015,50004,\n", boundary_date="2015-10-01")
    with pytest.raises(InvalidRows, match="an area that existed on 2015-10-01"):
        put(database, HEAD + "population,40231,2015,50004,\n", boundary_date="2015-10-01")


@pytest.mark.parametrize(
    ("chosen", "refusal"),
    [
        ({"source": "hearsay"}, NotFound),
        ({"boundary_date": "2020-13-01"}, InvalidParameter),
        ({"media_type": "application/json"}, InvalidFile),
    ],
)
def test_parameters_that_cannot_be_right_are_refused(
    database: Database, chosen: dict[str, str], refusal: type[ChiikiError]
) -> None:
    with pytest.raises(refusal):
        put(database, HEAD + "population,01202,2020,1,\n", **chosen)
    assert figures(database) == {}


def test_a_derived_indicator_takes_no_figures(database: Database) -> None:
    with database.begin() as conn:
        assert "ageing-rate" not in observed_indicators(conn)


@pytest.mark.parametrize("suffix", [".csv", ".json", ".xlsx"])
def test_files_of_every_form_are_loaded(database: Database, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"figures{suffix}"
    if suffix == ".xlsx":
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.append(HEAD.strip().split(","))
        sheet.append(["population", "22130", 2020, 790_718])
        book.save(path)
    elif suffix == ".json":
        path.write_text('[{"indicator":"population","area_code":"22130","period":"2020","value":790718}]')
    else:
        path.write_text(HEAD + "population,22130,2020,790718,\n", "cp932")
    with database.begin() as conn:
        ingest_file(conn, path, source="census-2020", boundary_date="2020-10-01", actor="tests")
    assert figures(database) == {("population", "22130", "2020"): 790_718.0}


SSDSE = """SSDSE-A-2026,Prefecture,Municipality,A1101,A9999,A5101
,,年度,2020,2020,2024
地域コード,都道府県,市区町村,総人口,その他,転入者数
R01100,北海道,札幌市,1973395,1,110212
"""
ESTAT = (
    '{"GET_STATS_DATA":{"RESULT":{"STATUS":0},"STATISTICAL_DATA":{"DATA_INF":{"VALUE":'
    '{"@cat01":"A1101","@area":"01100","@time":"2020100000","$":"1973395"}}}}}'
)


PART = (
    '{"GET_STATS_DATA":{"RESULT":{"STATUS":0},"STATISTICAL_DATA":{"RESULT_INF":'
    '{"TOTAL_NUMBER":4,"FROM_NUMBER":1,"TO_NUMBER":2,"NEXT_KEY":3},"DATA_INF":{'
    '"NOTE":{"@char":"－","$":"該当数字のないもの"},"VALUE":['
    '{"@cat01":"A1101","@area":"01100","@time":"2020100000","$":"1973395"},'
    '{"@cat01":"A1101","@area":"01202","@time":"2020100000","$":"－"}]}}}}'
)


def test_a_part_of_an_answer_is_loaded_and_the_report_says_where_the_rest_is(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "statsData.json"
    path.write_text(PART, encoding="utf-8")
    with database.begin() as conn:
        told = ingest_file(conn, path, source="ssdse-a-2026", boundary_date="2024-10-01", actor="tests")
    assert told["part"] == "values 1–2 of 4; get the rest with startPosition=3"
    assert figures(database) == {
        ("population", "01100", "2020"): 1_973_395.0,
        ("population", "01202", "2020"): None,
    }


@pytest.mark.parametrize(("name", "body"), [("SSDSE-A-2026.csv", SSDSE), ("statsData.json", ESTAT)])
def test_files_as_published_are_loaded_by_their_item_codes(
    database: Database, tmp_path: Path, name: str, body: str
) -> None:
    path = tmp_path / name
    path.write_bytes(body.encode("cp932"))
    with database.begin() as conn:
        ingest_file(conn, path, source="ssdse-a-2026", boundary_date="2024-10-01", actor="tests")
    assert figures(database)["population", "01100", "2020"] == 1_973_395.0
    assert ("in-migrants", "01100", "2024") in figures(database) or name.endswith(".json")


def test_an_ssdse_workbook_is_loaded_as_its_file_in_text(database: Database, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for cells in csv.reader(io.StringIO(SSDSE)):
        book.worksheets[0].append([int(cell) if cell.isdecimal() else cell for cell in cells])
    book.save(tmp_path / "SSDSE-A-2026.xlsx")
    for name in ("SSDSE-A-2026.csv", "SSDSE-A-2026.xlsx"):
        (tmp_path / "SSDSE-A-2026.csv").write_bytes(SSDSE.encode("cp932"))
        with database.begin() as conn:
            told = ingest_file(
                conn, tmp_path / name, source="ssdse-a-2026", boundary_date="2024-10-01", actor="tests"
            )
    assert (told["added"], told["changed"]) == (0, 0)
    assert figures(database)["population", "01100", "2020"] == 1_973_395.0


def test_an_old_workbook_is_told_how_to_be_saved(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "0504snen.xls"
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600))
    with database.begin() as conn, pytest.raises(InvalidFile, match="古い形式の Excel") as refused:
        ingest_file(conn, path, source="census-2020", boundary_date="2020-10-01", actor="tests")
    assert "「Excel ブック（*.xlsx）」" in refused.value.findings[0].expected
    assert "Excel Workbook (*.xlsx)" in refused.value.findings[0].expected


def test_a_published_file_with_codes_of_another_date_is_refused(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "SSDSE-A-2026.csv"
    path.write_bytes(SSDSE.replace("R01100", "R40305").encode("cp932"))
    with database.begin() as conn, pytest.raises(InvalidRows, match="area_code is '40305'"):
        ingest_file(conn, path, source="ssdse-a-2026", boundary_date="2024-10-01", actor="tests")
    assert figures(database) == {}


FINANCE = (
    "fiscal_year,code,pref,name,fiscal_strength_index,current_balance_ratio_pct,"
    "real_debt_service_ratio_pct,future_burden_ratio_pct,bond_limit_ratio_pct,laspeyres\n"
)


def test_a_published_table_without_codes_is_loaded_by_the_names_of_its_day(
    database: Database, tmp_path: Path
) -> None:
    layout = read_layout(HOME / "data" / "mappings" / LAYOUT)
    path = tmp_path / "municipal_fiscal_indices_fy2005_2021.csv"
    rows = [
        "2005,,静岡県,浜松市,0.92,84.6,13.1,,12.3,100.1",
        "2005,,山梨県,上九一色村,0.3,90.1,12,,9,90",  # divided on 1 March 2006: not there on the 31st
    ]

    def ingest() -> Loaded:
        with database.begin() as conn:
            report = ingest_table(conn, path, layout, finder(CATALOG), actor="tests")
        return report  # type: ignore[return-value]  # a report of a load

    path.write_text(FINANCE + "\n".join(rows), encoding="utf-8")
    with pytest.raises(InvalidRows) as refused:
        ingest()
    assert {(one.where, one.value) for one in refused.value.findings} == {("line 3", "山梨県 上九一色村")}
    assert figures(database) == {}
    path.write_text(FINANCE + rows[0], encoding="utf-8")
    assert ingest()["added"] == 4
    assert figures(database)["fiscal-strength-index", "22202", "2005"] == 0.92
    other = tmp_path / "figures.csv"
    other.write_text(FINANCE, encoding="utf-8")
    with (
        pytest.raises(InvalidFile, match=r"No line of the layout is about figures\.csv"),
        database.begin() as conn,
    ):
        ingest_table(conn, other, layout, finder(CATALOG), actor="tests")


def test_a_file_of_another_form_is_refused_by_its_name(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "figures.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0")
    with database.begin() as conn, pytest.raises(InvalidFile, match="no table of figures"):
        ingest_file(conn, path, source="census-2020", boundary_date="2020-10-01", actor="tests")


def test_a_hundred_thousand_figures_load_at_once(database: Database) -> None:
    rows = [
        row(f"{code:05d}", float(code), period=str(period))
        for period in range(1900, 1910)
        for code in range(1_000, 11_000)
    ]
    assert load(database, rows)["added"] == 100_000


# The catalogue


def test_the_catalogue_again_changes_nothing(database: Database) -> None:
    with database.begin() as conn:
        report = load_catalogue(conn, CATALOG, "tests")
    assert report["changed"] == []
    assert audits(database, "load catalogue") == 1


def test_an_indicator_that_leaves_the_catalogue_is_refused(database: Database, tmp_path: Path) -> None:
    for path in CATALOG.glob("*.csv"):
        lines = path.read_text("utf-8").splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith("libraries")]
        (tmp_path / path.name).write_text("".join(kept), "utf-8")
    with database.begin() as conn, pytest.raises(InvalidRows, match="libraries"):
        load_catalogue(conn, tmp_path, "tests")
