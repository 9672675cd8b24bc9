"""Deployments into a real database: all or none, every state kept, what stewards changed is theirs."""

from __future__ import annotations

import datetime as dt
import io
import os
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import geopandas
import openpyxl
import pytest
import shapely
from sqlalchemy import select

from geo.areas.reach import Author
from geo.errors import InvalidFile, InvalidRows, NotFound
from geo.files.vector_files import load as load_gdal
from geo.strategy.deployment_lists import read_list
from geo.strategy.deployment_rows import Entry
from geo.strategy.deployments import COLUMNS, MAX_TEXT
from service.db import versions
from service.db.database import writer_engine
from service.db.documents import deployment_from_row
from service.db.tables import audit, deployment
from service.settings import HOME
from service.strategy import sandbox
from service.strategy.catalog_load import load_catalogue
from service.strategy.deployment_forms import DeploymentsPut
from service.strategy.deployment_load import (
    SHIPPER,
    end_deployment,
    load_deployments,
    load_file,
    load_published,
    put_deployments,
)
from service.tests.databases import Database

CATALOG = HOME / "data" / "catalog"
STEWARD = Author("steward")
TODAY = dt.date(2026, 11, 23)
ROW = {
    "deployment_id": "shiojiri",
    "measure_id": "smart-cities",
    "areas": "長野県塩尻市",
    "status": "adopted",
    "fy_start": "2025",
    "source_title": "報道資料",
    "source_url": "https://example.jp/a",
    "confidence": "official",
}


@pytest.fixture
def database(migrated_database: Database) -> Database:
    """A database with the catalogue, and no deployments."""
    with migrated_database.begin() as conn:
        load_catalogue(conn, CATALOG, "tests")
    return migrated_database


def load(
    database: Database, entries: Sequence[Entry], *, actor: str = "steward", dry_run: bool = False
) -> DeploymentsPut:
    with database.begin() as conn:
        return load_deployments(
            conn, entries, catalog=CATALOG, actor=actor, subject="list", today=TODAY, dry_run=dry_run
        )


def row(shape: shapely.Geometry | None = None, **cells: str) -> Entry:
    return Entry("line 2", ROW | cells, shape)


def states(database: Database, name: str = "shiojiri") -> list[tuple[str, str, bool]]:
    with database.begin() as conn:
        rows = conn.execute(versions.history(deployment, name)).all()
    return [(deployment_from_row(one).status, one.actor, one.valid_to is None) for one in rows]


def test_a_dry_run_reports_and_stores_nothing(database: Database) -> None:
    report = load(database, [row()], dry_run=True)
    assert (report["rows"], report["added"], report["dry_run"]) == (1, ["shiojiri"], True)
    assert states(database) == []


def test_the_same_list_again_changes_nothing(database: Database) -> None:
    load(database, [row(shapely.Point(137.95371234, 36.115))])
    report = load(database, [row(shapely.Point(137.95371234, 36.115))])
    assert (report["added"], report["changed"], report["unchanged"]) == ([], [], 1)
    assert states(database) == [("adopted", "steward", True)]


def test_another_list_updates_by_id_and_keeps_what_was(database: Database) -> None:
    load(database, [row()])
    load(database, [row(status="operating")], actor="another")
    assert states(database) == [("operating", "another", True), ("adopted", "steward", False)]
    with database.begin() as conn:
        (newer, older) = conn.execute(versions.history(deployment, "shiojiri")).all()
        assert older.valid_to == newer.valid_from
        (then,) = conn.execute(versions.as_of(deployment, older.valid_from)).all()
        assert deployment_from_row(then).status == "adopted"
        assert (
            conn.execute(versions.as_of(deployment, older.valid_from - dt.timedelta(seconds=1))).all() == []
        )
        acts = conn.execute(
            select(audit.c.actor, audit.c.detail).where(audit.c.action == "put deployment")
        ).all()
    assert [tuple(act) for act in acts] == [
        ("steward", {"added": ["shiojiri"], "changed": []}),
        ("another", {"added": [], "changed": ["shiojiri"]}),
    ]


def test_a_geometry_that_changes_is_a_change(database: Database) -> None:
    load(database, [row(shapely.Point(137.9, 36.1))])
    assert load(database, [row(shapely.Point(137.9, 36.2))])["changed"] == ["shiojiri"]
    assert load(database, [row()])["changed"] == ["shiojiri"]
    assert len(states(database)) == 3


def test_a_refused_list_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(InvalidRows):
        load(database, [row(), Entry("line 3", ROW | {"deployment_id": "b", "areas": "池田町"})])
    assert states(database) == []


def test_ending_one_keeps_its_history(database: Database) -> None:
    load(database, [row()])
    engine = writer_engine(database.settings)
    end_deployment(engine, "shiojiri", STEWARD)
    assert states(database) == [("adopted", "steward", False)]
    with pytest.raises(NotFound, match="no deployment 'shiojiri'"):
        end_deployment(engine, "shiojiri", STEWARD)
    engine.dispose()


def test_what_a_steward_changed_or_ended_is_not_shipped_again(database: Database) -> None:
    def ship() -> DeploymentsPut:
        with database.begin() as conn:
            return load_file(conn, CATALOG / "deployments.csv", catalog=CATALOG, actor=SHIPPER)

    first = ship()
    assert isinstance(first["added"], list)
    assert len(first["added"]) == 446
    load(database, [row(deployment_id="dep-148f48a743", status="operating", areas="岩手県盛岡市")])
    engine = writer_engine(database.settings)
    end_deployment(engine, "dep-7bc66a3a7f", STEWARD)
    engine.dispose()
    assert (ship()["added"], ship()["changed"]) == ([], [])
    assert states(database, "dep-148f48a743")[0] == ("operating", "steward", True)
    assert states(database, "dep-7bc66a3a7f") == [("adopted", SHIPPER, False)]


def test_a_request_brings_an_excel_list_through_the_sandbox(database: Database) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(list(ROW))
    book.active.append(list(ROW.values()))
    content = io.BytesIO()
    book.save(content)
    engine = writer_engine(database.settings)
    report = put_deployments(
        engine, content.getvalue(), catalog=CATALOG, by=STEWARD, subject="list", dry_run=False
    )
    engine.dispose()
    assert report["added"] == ["shiojiri"]


def test_the_sandbox_reads_what_the_reader_reads(tmp_path: Path) -> None:
    path = tmp_path / "list.geojson"
    path.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Point",'
        '"coordinates":[137.9,36.1]},"properties":{"measure_id":"x","areas":"y","status":"z",'
        '"source_title":"t","source_url":"u"}}]}',
        encoding="utf-8",
    )
    assert sandbox.read_list(path) == read_list(path)
    load_gdal()  # with the drivers that are allowed
    frame = geopandas.GeoDataFrame([dict(ROW)], geometry=[shapely.Point(137.9, 36.1)], crs=4326)
    frame.to_file(tmp_path / "list.gpkg", driver="GPKG")
    assert sandbox.read_list(tmp_path / "list.gpkg") == read_list(tmp_path / "list.gpkg")


def test_the_sandbox_hands_on_a_refusal_with_its_findings(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("担当者\nx\n", encoding="utf-8")
    with pytest.raises(InvalidFile) as refusal:
        sandbox.read_list(path)
    assert ("担当者", "unknown") in [(one.field, one.value) for one in refusal.value.findings]


def bomb(path: Path, cells: str, shared: str = "") -> Path:
    """Write a workbook whose only sheet holds ``cells``, and texts that these refer to, by hand."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}.sharedStrings+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
        'officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
        '<sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": "<Relationships xmlns="
        '"http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type='
        '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/sharedStrings.xml": '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"{shared}</sst>",
        "xl/worksheets/sheet1.xml": "<worksheet xmlns="
        f'"http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{cells}</sheetData>'
        "</worksheet>",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def test_a_workbook_made_to_be_costly_is_refused(tmp_path: Path) -> None:
    corners = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    with pytest.raises(InvalidFile):
        sandbox.read_list(bomb(tmp_path / "corners.xlsx", corners))
    huge = f'<row r="1"><c r="A1" t="inlineStr"><is><t>{"x" * (120 << 20)}</t></is></c></row>'
    with pytest.raises(InvalidFile, match="unpacks to more"):
        sandbox.read_list(bomb(tmp_path / "huge.xlsx", huge))


@pytest.mark.parametrize(("characters", "rows"), [(100_000, 1750), (2000, 600)])
def test_a_workbook_whose_text_is_told_again_in_every_cell_costs_its_reader_nothing(
    tmp_path: Path, characters: int, rows: int
) -> None:
    names = list(COLUMNS)
    texts = "".join(f"<si><t>{text}</t></si>" for text in ["x" * characters, *names])
    row = "".join('<c t="s"><v>0</v></c>' for _ in names)
    head = "".join(f'<c t="s"><v>{number}</v></c>' for number, _ in enumerate(names, 1))
    path = bomb(tmp_path / "told.xlsx", f"<row>{head}</row>" + f"<row>{row}</row>" * rows, texts)
    assert path.stat().st_size < 10_000  # of 4.2 GB of text, and of 29 MB
    Path("/proc/self/clear_refs").write_text("5")
    before = highest()
    with pytest.raises(InvalidFile, match="too long" if characters > MAX_TEXT else "than a list does"):
        sandbox.read_list(path)
    assert highest() - before < 64 << 10  # KiB


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b'{"rows": 5}',
        b'{"rows": [["row 1", {"areas": 5}, ""]]}',
        b'{"rows": [["row 1", {"areas": "' + b"x" * 2001 + b'"}, ""]]}',
        b'{"rows": [["row 1", {}, "AQIDBA=="]]}',
        b'{"rows": [["row 1", "areas", ""]]}',
        b'{"refused": {"kind": "dataclass", "message": "", "findings": []}}',
        b'{"refused": {"kind": "InvalidFile", "message": "", "findings": [{"where": "x"}]}}',
    ],
)
def test_what_no_reader_of_ours_tells_is_refused(answer: bytes) -> None:
    with pytest.raises(InvalidFile, match="than a list does"):
        sandbox.entries_of(answer)


def highest() -> int:
    """Return the most memory that this process has held since that was forgotten, in KiB."""
    return int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0])


@pytest.mark.parametrize("cells", [{"areas": "", "area_codes": "22218"}, {"areas": "静岡県浜北市"}])
def test_an_old_name_or_code_is_answered_with_what_became_of_it(
    database: Database, cells: dict[str, str]
) -> None:
    with pytest.raises(InvalidRows) as refusal:
        load(database, [row(None, **cells)])
    (finding,) = refusal.value.findings
    assert "22218 浜北市 (–2005-07-01) → 22130 浜松市" in finding.expected


def test_names_and_codes_are_those_of_the_date_that_a_row_gives(database: Database) -> None:
    then = {"areas": "静岡県浜北市", "reference_date": "2004-10-01"}
    assert load(database, [row(None, **then)])["added"] == ["shiojiri"]
    with database.begin() as conn:
        one = deployment_from_row(conn.execute(versions.history(deployment, "shiojiri")).one())
    assert [area.code for area in one.areas] == ["22218"]


MAPPING = HOME / "data" / "mappings" / "deployments-grants.csv"
REAL = os.environ.get("CHIIKI_REAL_DATA")
GRANTS = "measures/hiroshima_chiiki_mirai_kofukin_2026_and_digiden_2022_retyped.csv"


@pytest.mark.skipif(REAL is None, reason="the published grant decisions are in CHIIKI_REAL_DATA")
def test_forty_eight_grant_decisions_load_by_the_mapping_that_ships(
    database: Database, tmp_path: Path
) -> None:
    """46 projects of 14 municipalities, 2,183,197,000 yen, and two decisions without an amount."""
    grants = Path(str(REAL)) / GRANTS
    with database.begin() as conn:
        report, left_out = load_published(conn, grants, MAPPING, catalog=CATALOG, actor="steward")
    assert (report["rows"], len(report["added"]), len(left_out)) == (8, 8, 40)
    assert {one.where for one in left_out} < {f"line {line}" for line in range(2, 50)}
    # whose projects are all of one measure says so in the last line, and none is left out
    text = MAPPING.read_text("utf-8").replace("measure_id,,,-", "measure_id,,,lively-sustainable-communities")
    (tmp_path / "all.csv").write_text(text, "utf-8")
    with database.begin() as conn:
        report, left_out = load_published(
            conn, grants, tmp_path / "all.csv", catalog=CATALOG, actor="steward"
        )
        loaded = [deployment_from_row(row) for row in conn.execute(versions.current(deployment))]
    assert (report["rows"], len(report["added"]), left_out) == (48, 40, [])
    amounts = [one.national_grant_yen for one in loaded if one.national_grant_yen is not None]
    assert (len(loaded), len(amounts), sum(amounts)) == (48, 46, 2_183_197_000)
    assert len({area.code for one in loaded if one.fy_start == 2026 for area in one.areas}) == 14
    buses = {one.areas[0].code: one for one in loaded if one.measures == ("new-mobility-services",)}
    assert set(buses) == {"34100", "34202", "34212"}
    assert buses["34100"].national_grant_yen == 76_041_000
    assert buses["34100"].note == "r8_suishin_1.pdf p. 121"
    older = {
        (one.areas[0].code, one.fy_start, str(one.reference_date)) for one in loaded if one.fy_start != 2026
    }
    assert older == {("34203", 2022, "2022-04-01"), ("34212", 2022, "2022-04-01")}


def test_a_published_list_with_a_fault_loads_nothing(database: Database, tmp_path: Path) -> None:
    (tmp_path / "mapping.csv").write_text(
        "column,published,words,write\nmeasure_id,事業,バス,new-mobility-services\nareas,市町,,\n"
        "status,,,adopted\nsource_title,,,一覧\nsource_url,,,https://example.jp/\nconfidence,,,official\n",
        "utf-8",
    )
    (tmp_path / "list.csv").write_text("市町,事業\n広島県広島市,自動運転バス\n広島県無市,遊戯施設\n", "utf-8")
    with database.begin() as conn, pytest.raises(InvalidRows) as refused:
        load_published(
            conn, tmp_path / "list.csv", tmp_path / "mapping.csv", catalog=CATALOG, actor="steward"
        )
    told = [(one.where, one.field, one.value) for one in refused.value.findings]
    assert told == [("line 3", "measure_id", ""), ("line 3", "市町 → areas", "広島県無市")]
    with database.begin() as conn:
        assert conn.execute(versions.current(deployment)).all() == []
