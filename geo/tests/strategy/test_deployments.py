"""Lists of deployments: what is read from a row, and how every fault is told."""

from __future__ import annotations

import csv
import datetime as dt
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import geopandas
import openpyxl
import pytest
import shapely

from geo.errors import InvalidFile, InvalidRows
from geo.strategy.deployment_lists import is_untrusted_binary, read_list
from geo.strategy.deployment_rows import Context, Entry, canonical_header, checked_deployments
from geo.strategy.deployments import COLUMNS, DatedStatus, DeployedArea, Deployment, OwnTarget
from geo.strategy.plan import read_strategy
from geo.tests.areas.test_boundaries import read_vector_file_is_loaded
from geo.tests.areas.test_names import CATALOG, names_on

TODAY = dt.date(2026, 11, 23)
ROW = {
    "measure_id": "スマートシティ",
    "areas": "長野県塩尻市",
    "status": "adopted",
    "fy_start": "令和7年度",
    "source_title": "報道資料",
    "source_url": "https://example.jp/a",
    "confidence": "official",
}


@cache
def catalogue() -> Context:
    strategy = read_strategy(CATALOG)
    dates = {date: names_on(date) for date in (TODAY, dt.date(2018, 1, 1), dt.date(2024, 10, 1))}
    return Context(strategy.measure_named, tuple(strategy.measures_by_id), dates.__getitem__, TODAY, TODAY)


@pytest.fixture
def context() -> Context:
    return catalogue()


def read(context: Context, **cells: str) -> Deployment:
    (found,) = checked_deployments([Entry("line 2", ROW | cells)], context)
    return found


def faults(context: Context, **cells: str) -> list[tuple[str, str, str, str]]:
    with pytest.raises(InvalidRows) as refusal:
        read(context, **cells)
    return [(one.where, one.field, one.value, one.expected) for one in refusal.value.findings]


def test_an_old_code_or_name_is_answered_with_what_became_of_it(context: Context) -> None:
    told = replace(
        context, fate=lambda written, date: f"{written} → 22130 ({date})" if "221" in written else ""
    )
    (code,) = faults(told, areas="", area_codes="22218")
    assert "22218 → 22130 (2026-11-23)" in code[3]
    (other,) = faults(told, areas="どこにもない市")
    assert "→" not in other[3]


def test_a_row_becomes_a_deployment(context: Context) -> None:
    found = read(
        context,
        measure_id="スマートシティ; 生涯活躍のまち",
        statuses="proposed 2024-03; adopted 2025-06-20",
        fy_end="令和9年度",
        project_cost_yen="29,200,000円",
        national_grant_yen="15200000",
        kpis="利用者数|人|100|250|令和9年度; 満足度|%||80|",
        confidence="公的資料",
    )
    assert found.measures == ("smart-cities", "japanese-ccrc")
    assert found.areas == (DeployedArea("20215", "lead", "長野県塩尻市"),)
    assert found.statuses == (DatedStatus("proposed", "2024-03"), DatedStatus("adopted", "2025-06-20"))
    assert (found.fy_start, found.fy_end) == (2025, 2027)
    assert (found.project_cost_yen, found.national_grant_yen) == (29_200_000, 15_200_000)
    assert found.kpis == (
        OwnTarget("利用者数", "人", 100, 250, 2027),
        OwnTarget("満足度", "%", None, 80, None),
    )
    assert (found.confidence, found.retrieved_on) == ("official", TODAY)


def test_a_consortium_over_three_prefectures_has_members(context: Context) -> None:
    found = read(context, areas="神奈川県横須賀市、北海道札幌市、愛媛県松山市", roles="lead;member;member")
    assert [(area.code, area.role) for area in found.areas] == [
        *(("14201", "lead"), ("01100", "member"), ("38201", "member"))
    ]


def test_parts_of_a_city_and_districts_are_kept_in_words(context: Context) -> None:
    found = read(context, areas="鳥取県大山町、伯耆町、米子市（一部）・北栄町（由良地区、大栄地区）")
    assert [(area.code, area.role, area.part) for area in found.areas] == [
        ("31386", "member", ""),
        ("31390", "member", ""),
        ("31202", "part", "一部"),
        ("31372", "part", "由良地区、大栄地区"),
    ]


def test_codes_may_have_a_check_digit_and_a_region_that_is_no_body_has_none(context: Context) -> None:
    found = read(context, areas="三重県志摩市;志摩地域", area_codes="242152;-", roles="lead;member")
    assert [(area.code, area.name) for area in found.areas] == [("24215", "三重県志摩市"), (None, "志摩地域")]


def test_codes_alone_suffice(context: Context) -> None:
    assert read(context, areas="", area_codes="20215").areas == (DeployedArea("20215", "lead", "塩尻市"),)


def test_names_and_codes_hold_on_the_reference_date(context: Context) -> None:
    found = read(context, areas="福岡県那珂川町", reference_date="2018-01-01")
    assert found.areas[0].code == "40305"
    assert [fault[1] for fault in faults(context, areas="福岡県那珂川町")] == ["areas"]


#: 12203 is 市川市, and what a spreadsheet leaves of 士別市's 012203; 12211 成田市 and 名寄市.
SHIBETSU, NAYORO, ICHIKAWA, MAEBASHI = "01220", "01221", "12203", "10201"


def deployed(context: Context, *rows: tuple[str, str]) -> list[list[str | None]]:
    """Return the codes of rows that are written as codes and names."""
    entries = [
        Entry(f"line {line}", ROW | {"area_codes": codes, "areas": names, "title_ja": str(line)})
        for line, (codes, names) in enumerate(rows, 2)
    ]
    return [[area.code for area in one.areas] for one in checked_deployments(entries, context)]


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        # whole six digits in the list: the others lost their zeros
        ([("12203;12211", ""), ("102016", "")], [[SHIBETSU, NAYORO], [MAEBASHI]]),
        ([("12203", ""), ("10201", "")], [[ICHIKAWA], [MAEBASHI]]),
        # the name beside decides, whatever the rest of the list says
        ([("12203", "北海道士別市"), ("10201", "")], [[SHIBETSU], [MAEBASHI]]),
        ([("12203", "市川市（一部）"), ("102016", "")], [[ICHIKAWA], [MAEBASHI]]),
        ([("12203;1100", "士別市;札幌市中央区")], [[SHIBETSU, "01100"]]),
        ([("-;12203", "志摩地域;士別市")], [[None, SHIBETSU]]),
    ],
)
def test_a_code_that_lost_its_zero_is_deployed_in_no_other_place(
    context: Context, rows: list[tuple[str, str]], codes: list[list[str | None]]
) -> None:
    assert deployed(context, *rows) == codes


def test_codes_of_which_nothing_tells_the_form_are_refused_by_line(context: Context) -> None:
    with pytest.raises(InvalidRows) as refusal:
        deployed(context, ("12203", ""), ("12211", ""))
    assert [(one.where, one.field, one.value) for one in refusal.value.findings] == [
        ("line 2", "area_codes", "12203"),
        ("line 3", "area_codes", "12211"),
    ]
    assert refusal.value.findings[0].expected == (
        "先頭の 0 を落とさず桁をそろえたコード：12203 は 12203 か、0 の落ちた 012203 / "
        "codes in one form, with their zeros: 12203 is 12203, or 012203 without its zero"
    )


def test_codes_of_something_else_are_deployed_nowhere(context: Context) -> None:
    # schools, of which one number happens to be 前橋市's code
    with pytest.raises(InvalidRows) as refusal:
        deployed(context, ("10201", ""), ("30011", ""), ("30012", ""))
    assert [one.where for one in refusal.value.findings] == ["line 2", "line 3", "line 4"]
    assert refusal.value.findings[0].expected == (
        "地域のコード：この列の 3 個のうち地域は 1 個だけ / "
        "codes of areas; of the 3 of this column only 1 are"
    )


def test_a_code_beside_another_name_is_refused_with_both(context: Context) -> None:
    with pytest.raises(InvalidRows) as refusal:
        deployed(context, ("202029", "長野県塩尻市"))
    (finding,) = refusal.value.findings
    assert (finding.where, finding.field, finding.value) == ("line 2", "area_codes", "202029")
    assert finding.expected == (
        "1行に1つの地域。これは20202 長野県松本市、横には20215 長野県塩尻市 / "
        "one area in a row: this is 20202 長野県松本市, and 20215 長野県塩尻市 stands beside it"
    )


@pytest.mark.parametrize(
    ("cells", "field", "told"),
    [
        ({"areas": "池田町"}, "areas", "01644 北海道中川郡池田町"),
        ({"areas": "府中市"}, "areas", "34208 広島県府中市"),
        ({"areas": "北海道泊村"}, "areas", "01696 北海道国後郡泊村"),
        ({"areas": "長野県塩尻町"}, "areas", "existed on that date"),
        ({"areas": "", "area_codes": "202150"}, "area_codes", "check digit"),
        ({"area_codes": "20202"}, "area_codes", "20215"),
        ({"areas": "", "area_codes": "99999"}, "area_codes", "01 to 47"),
        ({"areas": "", "area_codes": "20999"}, "area_codes", "existed on 2026-11-23"),
        ({"areas": "長野県塩尻市;岡谷市", "area_codes": "20215"}, "area_codes", "2 codes"),
        ({"areas": ""}, "areas", "names or codes of areas"),
        ({"measure_id": "スマート"}, "measure_id", "smart-cities"),
        ({"measure_id": ""}, "measure_id", "not empty"),
        ({"status": "done"}, "status", "operating（運行・実装中）"),
        ({"statuses": "adopted soon"}, "statuses", "2024-06-21"),
        ({"statuses": "proposed 2025; adopted 2024"}, "statuses", "oldest first"),
        ({"statuses": "proposed 2024"}, "status", "proposed"),
        ({"fy_start": "来年"}, "fy_start", "令和6年度"),
        ({"fy_end": "2020"}, "fy_end", "not before fy_start 2025"),
        ({"project_cost_yen": "約3億円"}, "project_cost_yen", "whole yen"),
        ({"project_cost_yen": "1", "national_grant_yen": "2"}, "national_grant_yen", "not above"),
        ({"source_title": ""}, "source_title", "not empty"),
        ({"source_url": "example.jp"}, "source_url", "https://"),
        ({"confidence": ""}, "confidence", "secondary（二次資料）"),
        ({"roles": "chief"}, "roles", "member"),
        ({"kpis": "利用者数|人"}, "kpis", "name|unit|baseline|target|fiscal year"),
        ({"kpis": "利用者数|人|nan|250|"}, "kpis", "name|unit|baseline|target|fiscal year"),
        ({"kpis": "利用者数|人||1e999|"}, "kpis", "name|unit|baseline|target|fiscal year"),
        ({"published_on": "2024-13"}, "published_on", "2024-06-21"),
        ({"retrieved_on": "2024"}, "retrieved_on", "2024-06-21"),
        ({"deployment_id": "a b"}, "deployment_id", "letters, digits"),
        ({"title_ja": "x" * 2001}, "title_ja", "2000"),
    ],
)
def test_a_wrong_cell_is_told_with_line_column_and_what_was_expected(
    context: Context, cells: dict[str, str], field: str, told: str
) -> None:
    found = faults(context, **cells)
    assert [(where, name) for where, name, _, _ in found] == [("line 2", field)]
    assert told in found[0][3]


def test_every_fault_of_every_row_is_told_at_once(context: Context) -> None:
    rows = [
        Entry("line 2", ROW | {"status": "x", "areas": "池田町"}),
        Entry("line 3", ROW | {"source_url": "-"}),
    ]
    with pytest.raises(InvalidRows, match="3 faults in 2 of 2 rows; nothing was loaded") as refusal:
        checked_deployments(rows, context)
    assert [one.where for one in refusal.value.findings] == ["line 2", "line 2", "line 3"]


def test_a_row_that_stands_twice_is_refused_with_both_lines(context: Context) -> None:
    with pytest.raises(InvalidRows) as refusal:
        checked_deployments([Entry("line 2", ROW), Entry("line 7", ROW)], context)
    (finding,) = refusal.value.findings
    assert (finding.where, finding.field) == ("line 7", "deployment_id")
    assert "line 2 is the same" in finding.expected


def test_the_same_content_gets_the_same_id(context: Context) -> None:
    assert read(context).id == read(context, note="別の備考").id
    assert read(context).id != read(context, areas="長野県岡谷市").id


SITE = shapely.Point(137.9537, 36.1150)


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        (shapely.Point(36.1, 137.9), "longitude and latitude in Japan"),
        (shapely.from_wkt("POLYGON((137 36, 138 37, 138 36, 137 37, 137 36))"), "Self-intersection"),
        (shapely.LineString([(137 + i * 1e-6, 36) for i in range(200_001)]), "at most 200000 vertices"),
    ],
)
def test_a_geometry_that_cannot_be_is_refused(context: Context, shape: shapely.Geometry, told: str) -> None:
    with pytest.raises(InvalidRows, match="geometry") as refusal:
        checked_deployments([Entry("feature 1", ROW, shape)], context)
    assert told in refusal.value.findings[0].expected


def test_a_geometry_of_its_own_is_kept(context: Context) -> None:
    (found,) = checked_deployments([Entry("feature 1", ROW, SITE)], context)
    assert json.loads(found.geometry) == {"type": "Point", "coordinates": [137.9537, 36.115]}


def told(**fields: object) -> Deployment:
    base: dict[str, object] = {
        "id": "x",
        "measures": ("smart-cities",),
        "programme": "",
        "title_ja": "",
        "areas": (),
        "reference_date": TODAY,
        "status": "adopted",
        "source_title": "",
        "source_url": "",
        "retrieved_on": TODAY,
        "confidence": "official",
    }
    return Deployment(**(base | fields))  # type: ignore[arg-type]  # fields of the test's table


@pytest.mark.parametrize(
    ("one", "states"),
    [
        (told(fy_start=2022), {2021: None, 2022: "adopted", 2026: "adopted"}),
        (told(fy_start=2022, fy_end=2023), {2023: "adopted", 2024: "finished"}),
        (told(fy_start=2021, fy_end=2021, status="proposed"), {2021: "proposed", 2025: "proposed"}),
        (told(published_on="2020-03-31"), {2018: None, 2019: "adopted"}),
        (
            told(
                fy_start=2024,
                status="operating",
                statuses=(DatedStatus("adopted", "2024-06-21"), DatedStatus("operating", "2025-04")),
            ),
            {2023: None, 2024: "adopted", 2025: "operating"},
        ),
    ],
)
def test_a_state_is_told_at_the_end_of_a_fiscal_year(one: Deployment, states: dict[int, str | None]) -> None:
    assert {year: one.status_in(year, one.fy_end) for year in states} == states


# Forms of a list


def test_header_cells_may_be_japanese_or_ids() -> None:
    assert canonical_header(["施策", "地域", "状態", "出典", "source_url"]) == [
        *("measure_id", "areas", "status", "source_title", "source_url")
    ]


def test_an_unknown_a_missing_and_a_double_column_are_told() -> None:
    with pytest.raises(InvalidFile) as refusal:
        canonical_header(["施策", "地域", "状態", "status", "出典", "担当者"])
    told = {(one.field, one.value) for one in refusal.value.findings}
    assert told == {("担当者", "unknown"), ("source_url", "missing"), ("status", "twice")}


def test_the_same_list_is_read_from_every_form(tmp_path: Path) -> None:
    row = ROW | {"fy_start": "2025"}
    labels = [COLUMNS[name].name_ja for name in row]
    with (tmp_path / "list.csv").open("w", encoding="cp932", newline="") as opened:
        csv.writer(opened).writerows([labels, [], list(row.values())])
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(labels)
    book.active.append([2025 if name == "fy_start" else value for name, value in row.items()])
    book.save(tmp_path / "list.xlsx")
    (tmp_path / "list.json").write_text(json.dumps([row | {"fy_start": 2025}]), encoding="utf-8")
    feature = {"type": "Feature", "geometry": shapely.geometry.mapping(SITE), "properties": row | {"fid": 1}}
    collection = {"type": "FeatureCollection", "features": [feature]}
    (tmp_path / "list.geojson").write_text(json.dumps(collection), encoding="utf-8")
    read_vector_file_is_loaded()
    frame = geopandas.GeoDataFrame([row | {"fy_start": 2025}], geometry=[SITE], crs=4326)
    frame.to_crs(6676).to_file(tmp_path / "list.gpkg", driver="GPKG")
    for name, where, has_geometry in (
        ("list.csv", "line 3", False),
        ("list.xlsx", "row 2", False),
        ("list.json", "entry 1", False),
        ("list.geojson", "feature 1", True),
        ("list.gpkg", "feature 1", True),
    ):
        (entry,) = read_list(tmp_path / name)
        assert (entry.where, dict(entry.cells)) == (where, row), name
        assert (entry.geometry is not None) is has_geometry, name
        if entry.geometry is not None:
            assert shapely.distance(entry.geometry, SITE) < 1e-7


def test_an_apostrophe_that_kept_a_spreadsheet_from_computing_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "施策,地域,状態,出典,出典URL,備考\nsmart-cities,長野県,adopted,x,https://a.jp,'=1+1\n",
        encoding="utf-8",
    )
    assert read_list(path)[0].cells["note"] == "=1+1"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "columns"),
        (b"[{]", "no JSON"),
        (b"[1]", "no object"),
        (b'{"type":"FeatureCollection","features":[1]}', "no feature"),
        (b"PK\x03\x04broken", "no whole Excel workbook"),
        (b"SQLite format 3\0broken", "cannot be read"),
        ("施策,地域,状態,出典,出典URL\na,b,c,d,e,f\n".encode(), "more columns"),
        ('施策,地域,状態,出典,出典URL\n"a,b\n'.encode(), "no whole CSV"),
    ],
)
def test_what_is_no_list_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "list"
    path.write_bytes(content)
    with pytest.raises(InvalidFile, match=told):
        read_list(path)


def test_only_costly_forms_are_parsed_apart() -> None:
    assert is_untrusted_binary(b"PK\x03\x04")
    assert is_untrusted_binary(b"SQLite format 3\0")
    assert not is_untrusted_binary(b"deployment_id,")


def test_the_list_that_ships_has_no_faults_and_names_every_source(context: Context) -> None:
    found = checked_deployments(read_list(CATALOG / "deployments.csv"), context)
    assert len(found) == 446
    assert sum("smart-cities" in one.measures for one in found) == 142
    assert sum("japanese-ccrc" in one.measures for one in found) == 19
    assert all(one.source_url and one.source_title and one.confidence for one in found)


# GeoJSON as GIS programs write it


def geojson(folder: Path, *coordinates: object, **members: object) -> Path:
    """A list of one point each."""
    path = folder / "list.geojson"
    features = [
        {"type": "Feature", "properties": ROW, "geometry": {"type": "Point", "coordinates": position}}
        for position in coordinates
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features} | members))
    return path


def site(context: Context, path: Path) -> tuple[float, ...]:
    (found,) = checked_deployments(read_list(path), context)
    return tuple(json.loads(found.geometry)["coordinates"])


def named(crs: object) -> dict[str, object]:
    return {"type": "name", "properties": {"name": crs}}


@pytest.mark.parametrize("written", ["urn:ogc:def:crs:EPSG::4301", "EPSG:4301"])
def test_points_of_the_tokyo_datum_are_moved_to_where_they_are(
    tmp_path: Path, context: Context, written: str
) -> None:
    # TKY2JGD (Geospatial Information Authority) moves a point near 塩尻 by about +11.4" and -11.2"
    moved = site(context, geojson(tmp_path, [137.95, 36.11], crs=named(written)))
    assert moved == pytest.approx((137.95 - 11.2 / 3600, 36.11 + 11.4 / 3600), abs=1e-4)


@pytest.mark.parametrize(
    "written", ["urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::6668", "EPSG:4612"]
)
def test_points_of_the_datums_in_use_stay_where_they_are(
    tmp_path: Path, context: Context, written: str
) -> None:
    assert site(context, geojson(tmp_path, [137.95, 36.11], crs=named(written))) == (137.95, 36.11)


def test_points_in_metres_are_moved_where_the_file_says_which(tmp_path: Path, context: Context) -> None:
    # 138°30' E, 36° N is the origin of plane rectangular system VIII
    assert site(context, geojson(tmp_path, [0, 0], crs=named("EPSG:6676"))) == pytest.approx((138.5, 36))


@pytest.mark.parametrize("crs", [named("EPSG:1"), named("Tokyo"), named(4301), {"type": "link"}])
def test_a_crs_that_cannot_be_read_is_refused_and_not_taken_for_degrees(tmp_path: Path, crs: object) -> None:
    with pytest.raises(InvalidFile) as refused:
        read_list(geojson(tmp_path, [137.95, 36.11], crs=crs))
    assert refused.value.findings[0].field == "crs"


def test_heights_are_left_out(tmp_path: Path, context: Context) -> None:
    assert site(context, geojson(tmp_path, [137.95, 36.11, 716.5])) == (137.95, 36.11)
    read_vector_file_is_loaded()
    frame = geopandas.GeoDataFrame([ROW], geometry=[shapely.Point(137.95, 36.11, 716.5)], crs=4326)
    frame.to_file(tmp_path / "list.gpkg", driver="GPKG")
    assert site(context, tmp_path / "list.gpkg") == (137.95, 36.11)


@pytest.mark.parametrize("position", [[36.11, 137.95], [-49500.0, 12300.0], [1e308, 36]])
def test_a_place_that_is_none_in_japan_is_refused_by_its_feature(
    tmp_path: Path, context: Context, position: list[float]
) -> None:
    with pytest.raises(InvalidRows) as refused:
        checked_deployments(read_list(geojson(tmp_path, position)), context)
    assert [(one.where, one.field) for one in refused.value.findings] == [("feature 1", "geometry")]


def test_a_single_feature_and_a_byte_order_mark_are_read(tmp_path: Path, context: Context) -> None:
    path = geojson(tmp_path, [137.95, 36.11])
    (feature,) = json.loads(path.read_text())["features"]
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(feature).encode())
    assert site(context, path) == (137.95, 36.11)


@pytest.mark.parametrize(
    ("feature", "field"),
    [
        ({"properties": [1], "geometry": None}, "feature"),
        ({"properties": ROW, "geometry": 5}, "geometry"),
        ({"properties": ROW | {"note": [[1]]}, "geometry": None}, "note"),
        ({"properties": ROW | {"note": {"a": 1}}, "geometry": None}, "note"),
        ({"properties": ROW | {"施策": "x"}, "geometry": None}, "measure_id"),
    ],
)
def test_what_a_feature_cannot_hold_is_refused_by_its_number(
    tmp_path: Path, feature: dict[str, object], field: str
) -> None:
    whole = {"type": "Feature", "properties": ROW, "geometry": None}
    path = tmp_path / "list.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [whole, feature]}))
    with pytest.raises(InvalidFile) as refused:
        read_list(path)
    assert [(one.where, one.field) for one in refused.value.findings] == [("feature 2", field)]
