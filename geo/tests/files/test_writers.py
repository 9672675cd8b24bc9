"""Files as a process of its own writes them, read again by what people read them with."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import pickle
import sqlite3
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import geopandas as gpd
import openpyxl
import orjson
import pyarrow.parquet as pq
import pytest
import shapely
from pyproj import Transformer

from geo.files.formats import FORMATS
from geo.files.writers import UNDATED, WRITERS, shapefile_name

# a square with a hole, and two islands
HOLED = "POLYGON ((139 36, 140 36, 140 37, 139 37, 139 36), (139.4 36.4, 139.4 36.6, 139.6 36.6, 139.4 36.4))"
ISLANDS = "MULTIPOLYGON (((141 38, 142 38, 142 39, 141 38)), ((143 38, 144 38, 144 39, 143 38)))"
CODES, NAMES = ["10201", "13101"], ["前橋<市>&", "千代田区"]
METADATA = {"title": "高齢化率 <&>", "description": "65歳以上", "unit": "%", "address": "http://x/?a=1&b=2"}

Write = Callable[..., Path]


def content(**other: object) -> dict[str, object]:
    """Return two areas in two periods, the older first; one figure of four is missing."""
    columns = {
        "code": CODES * 2,
        "name": NAMES * 2,
        "period": ["2015", "2015", "2020", "2020"],
        "value": [1.5, 20, None, 30],
        "status": ["ok", "ok", "secret", "ok"],
    }
    outlines = [shapely.to_geojson(shapely.from_wkt(text)) for text in (HOLED, ISLANDS)]
    places = [0, 1, 0, 1]
    return {
        "columns": columns,
        "outlines": outlines,
        "places": places,
        "metadata": METADATA,
        "name": "ageing",
        **other,
    }


#: In this process GDAL has only the drivers that strangers' files may be read with.
ANY_DRIVER = {name: value for name, value in os.environ.items() if name != "OGR_SKIP"}
READ = "import pickle, pyogrio, sys; pickle.dump(pyogrio.read_dataframe(sys.argv[1]), sys.stdout.buffer)"


@pytest.fixture(scope="module")
def write(tmp_path_factory: pytest.TempPathFactory) -> Write:
    """Write a file as a download is written; the same one once."""
    folder = tmp_path_factory.mktemp("written")

    def written(suffix: str, name: str = "one", **other: object) -> Path:
        told = orjson.dumps(content(**other))
        path = folder / f"{name}-{hashlib.sha256(told).hexdigest()[:8]}.{suffix}"
        if not path.exists():
            asked = {"format": suffix, "path": str(path), "content": orjson.Fragment(told)}
            command = [sys.executable, "-m", "geo.files.writers"]
            subprocess.run(
                command, input=orjson.dumps(asked), check=True, capture_output=True, env=ANY_DRIVER
            )
        return path

    return written


def rows_of(path: Path) -> gpd.GeoDataFrame:
    """Return the rows that GDAL reads, by period and area: FlatGeobuf has them in the order of its index."""
    command = [sys.executable, "-c", READ, f"/vsizip/{path}" if path.suffix == ".zip" else str(path)]
    told = subprocess.run(command, check=True, capture_output=True, env=ANY_DRIVER)
    table: gpd.GeoDataFrame = pickle.loads(told.stdout)
    keys = [name for name in ("period", "code") if name in table.columns]
    ordered: gpd.GeoDataFrame = table.sort_values(keys, ignore_index=True)
    return ordered


def crs_of(table: gpd.GeoDataFrame) -> int | None:
    """Return the EPSG code of the CRS that a file names, None where it names none."""
    return table.crs.to_epsg() if table.crs else None


def have_their_outlines(found: Sequence[shapely.Geometry]) -> bool:
    """Return whether each of four rows has its area's outline."""
    expected = [shapely.from_wkt(text) for text in (HOLED, ISLANDS)] * 2
    return all(map(shapely.equals, found, expected))


def test_every_format_has_a_writer() -> None:
    assert list(WRITERS) == list(FORMATS)


@pytest.mark.parametrize("suffix", list(FORMATS))
def test_the_same_data_make_the_same_bytes(write: Write, suffix: str) -> None:
    assert write(suffix).read_bytes() == write(suffix, "two").read_bytes()


@pytest.mark.parametrize("suffix", ["gpkg", "fgb", "shp.zip", "geojson", "geojsonl", "topojson", "kml"])
def test_a_program_for_maps_finds_each_row_with_its_outline(write: Write, suffix: str) -> None:
    table = rows_of(write(suffix))
    assert have_their_outlines(table.geometry.tolist())
    assert crs_of(table) == (None if suffix == "topojson" else 4326)
    names = table["Name" if suffix == "kml" else "name"].tolist()
    assert names == NAMES * 2
    values = table["value"].tolist()
    assert (values[:2], values[3]) == ([1.5, 20.0], 30.0)
    assert table["value"].isna().tolist() == [False, False, True, False]


@pytest.mark.parametrize("suffix", ["gpkg", "fgb", "parquet", "shp.zip"])
def test_outlines_are_carried_to_the_plane_asked_for(write: Write, suffix: str) -> None:
    path = write(suffix, crs=6677)
    if suffix == "parquet":
        table = pq.read_table(path)
        first = shapely.from_wkb(table.column("geometry")[0].as_py())
        geo = json.loads(table.schema.metadata[b"geo"])
        assert geo["columns"]["geometry"]["crs"]["id"] == {"authority": "EPSG", "code": 6677}
    else:
        frame = rows_of(path)
        first = frame.geometry[0]
        assert crs_of(frame) == 6677
    # the origin of zone IX lies at 36°N 139°50′E: east before north
    back = Transformer.from_crs(6677, 6668, always_xy=True).transform(*first.bounds[:2])
    assert back == pytest.approx((139, 36), abs=1e-2)


def test_a_geojson_says_what_it_holds_before_its_rows(write: Write) -> None:
    document = json.loads(write("geojson").read_text("utf-8"))
    assert list(document) == ["type", "name", "metadata", "features"]
    assert (document["name"], document["metadata"]) == ("ageing", METADATA)
    assert document["features"][2]["properties"] == {
        "code": "10201",
        "name": NAMES[0],
        "period": "2020",
        "value": None,
        "status": "secret",
    }


def test_coordinates_have_as_many_decimals_as_are_asked_for(write: Write) -> None:
    third = shapely.to_geojson(shapely.from_wkt("POLYGON ((0 0, 0.3333333 0, 0.6666666 1, 0 0))"))
    path = write("geojson", outlines=[third, third], precision=2)
    ring = json.loads(path.read_text("utf-8"))["features"][0]["geometry"]["coordinates"][0]
    assert ring == [[0.0, 0.0], [0.33, 0.0], [0.67, 1.0], [0.0, 0.0]]


def ids_of(path: Path) -> list[str]:
    """Return the ids of a file's features."""
    if path.suffix == ".geojsonl":
        return [json.loads(record)["id"] for record in path.read_bytes().split(b"\x1e")[1:]]
    document = json.loads(path.read_text("utf-8"))
    found = document["features"] if path.suffix == ".geojson" else document["objects"]["ageing"]["geometries"]
    return [one["id"] for one in found]


@pytest.mark.parametrize("suffix", ["geojson", "geojsonl", "topojson"])
def test_features_are_called_by_their_codes(write: Write, suffix: str) -> None:
    """So that a table is joined by id, as d3 and topojson-client do; several rows of an area differ."""
    assert ids_of(write(suffix)) == [f"{code}-{period}" for period in (2015, 2020) for code in CODES]
    codes = ["01202", "10201"]
    wide = {"code": codes, "name": NAMES, "value_2015": [1.5, 20], "value_2020": [None, 30]}
    assert ids_of(write(suffix, columns=wide, places=[0, 1])) == codes


def test_each_record_of_a_text_sequence_begins_with_a_separator(write: Write) -> None:
    first, *records = write("geojsonl").read_bytes().split(b"\x1e")
    assert first == b""
    assert [json.loads(record)["properties"]["value"] for record in records] == [1.5, 20, None, 30]
    assert all(record.endswith(b"}\n") for record in records)


def test_neighbours_share_the_arc_of_their_border(write: Write) -> None:
    left, right = (
        shapely.to_geojson(shapely.box(west, 0, west + 1, 1)) for west in (0, 1)
    )  # a border at x = 1
    document = json.loads(write("topojson", outlines=[left, right]).read_text("utf-8"))
    first, second = (one["arcs"] for one in document["objects"]["ageing"]["geometries"][:2])
    used = [{arc if arc >= 0 else ~arc for ring in rings for arc in ring} for rings in (first, second)]
    assert len(used[0] & used[1]) == 1
    (shared,) = used[0] & used[1]
    assert {tuple(corner) for corner in document["arcs"][shared]} == {(1, 0), (1, 1)}
    assert document["metadata"] == METADATA


def test_a_geopackage_keeps_title_and_metadata(write: Write) -> None:
    with sqlite3.connect(write("gpkg")) as conn:
        told = conn.execute("select table_name, identifier, description from gpkg_contents").fetchall()
        assert told == [("ageing", METADATA["title"], METADATA["description"])]
        (version,) = conn.execute("pragma user_version").fetchone()
        assert version == 10200
        (metadata,) = conn.execute("select metadata from gpkg_metadata").fetchone()
    kept = {item.get("key"): item.text for item in ET.fromstring(metadata).iter("MDI")}
    assert kept | {"description": METADATA["description"]} == METADATA


def test_a_flatgeobuf_tells_its_title_and_metadata(write: Write) -> None:
    found = write("fgb").read_bytes()
    assert METADATA["title"].encode() in found
    assert orjson.dumps(METADATA) in found


def test_a_geoparquet_tells_the_box_of_each_row_and_of_all(write: Write) -> None:
    table = pq.read_table(write("parquet"))
    geo = json.loads(table.schema.metadata[b"geo"])
    column = geo["columns"]["geometry"]
    assert (geo["version"], geo["primary_column"]) == ("1.1.0", "geometry")
    assert column["bbox"] == [139, 36, 144, 39]
    assert column["geometry_types"] == ["MultiPolygon", "Polygon"]
    boxes = table.column("bbox").to_pylist()
    assert boxes[:2] == [
        {"xmin": 139, "ymin": 36, "xmax": 140, "ymax": 37},
        {"xmin": 141, "ymin": 38, "xmax": 144, "ymax": 39},
    ]
    assert have_their_outlines([shapely.from_wkb(one) for one in table.column("geometry").to_pylist()])
    assert table.column("value").to_pylist() == [1.5, 20.0, None, 30.0]
    assert table.schema.metadata[b"chiiki:title"].decode() == METADATA["title"]


def test_a_geoparquet_of_many_rows_loses_none_between_its_groups(write: Write) -> None:
    rows = 2_001
    columns = {"code": ["10201"] * rows, "value": list(range(rows))}
    file = pq.ParquetFile(write("parquet", columns=columns, places=[n % 2 for n in range(rows)]))
    assert file.num_row_groups == 3
    table = file.read()
    assert table.column("value").to_pylist() == list(range(rows))
    assert [box["xmin"] for box in table.column("bbox").to_pylist()] == [139, 141] * 1000 + [139]


@pytest.mark.parametrize("suffix", ["gpkg", "fgb", "parquet", "shp.zip", "kml"])
def test_a_column_without_a_single_figure_is_empty(write: Write, suffix: str) -> None:
    columns = {"code": CODES, "name": NAMES, "value": [None, None]}
    path = write(suffix, columns=columns, places=[0, 1])
    if suffix == "parquet":
        assert pq.read_table(path).column("value").to_pylist() == [None, None]
    else:
        assert rows_of(path)["value"].isna().all()


@pytest.mark.parametrize(("encoding", "name"), [("utf-8", "UTF-8"), ("cp932", "CP932")])
def test_a_shapefile_says_in_which_encoding_its_texts_are(write: Write, encoding: str, name: str) -> None:
    with zipfile.ZipFile(write("shp.zip", encoding=encoding)) as archive:
        suffixes = {Path(one.filename).suffix for one in archive.infolist()}
        assert suffixes == {".cpg", ".dbf", ".prj", ".shp", ".shx", ".txt"}
        assert archive.read("ageing.cpg").decode() == name
        assert NAMES[0].encode(encoding) in archive.read("ageing.dbf")
        assert f"title: {METADATA['title']}\r\n" in archive.read("ageing.txt").decode("utf-8-sig")
        assert {one.date_time for one in archive.infolist()} == {UNDATED.timetuple()[:6]}


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("value_2020", "v_2020"),
        ("label_en_2020", "e_2020"),
        ("label_2020", "l_2020"),
        ("label_en", "label_en"),
        ("value_", "value_"),
        ("value_x", "value_x"),
        ("abcdefghijklm", "abcdefghij"),
    ],
)
def test_a_shapefile_has_room_for_ten_characters_of_a_name(name: str, short: str) -> None:
    assert shapefile_name(name) == short


def test_a_kml_has_no_field_where_there_is_no_figure(write: Write) -> None:
    root = ET.fromstring(write("kml").read_bytes())
    space = {"k": "http://www.opengis.net/kml/2.2"}
    kinds = {one.get("name"): one.get("type") for one in root.iterfind(".//k:SimpleField", space)}
    assert kinds == {"code": "string", "period": "string", "value": "double", "status": "string"}
    rows = [
        {one.get("name"): one.text for one in row.iterfind(".//k:SimpleData", space)}
        for row in root.iterfind(".//k:Placemark", space)
    ]
    assert rows[0] == {"code": "10201", "period": "2015", "value": "1.5", "status": "ok"}
    assert rows[2] == {"code": "10201", "period": "2020", "status": "secret"}
    about = root.findtext("k:Document/k:description", "", space)
    assert "address: http://x/?a=1&b=2" in about.split("\n")


TABLE = [
    ["code", "name", "period", "value", "status"],
    ["10201", NAMES[0], "2015", "1.5", "ok"],
    ["13101", NAMES[1], "2015", "20", "ok"],
    ["10201", NAMES[0], "2020", "", "secret"],
    ["13101", NAMES[1], "2020", "30", "ok"],
]


@pytest.mark.parametrize(
    ("encoding", "bom", "begins"),
    [
        ("utf-8", False, b"code"),
        ("utf-8", True, b"\xef\xbb\xbfcode"),
        ("cp932", True, b"code"),  # which has no byte order mark
    ],
)
def test_a_csv_has_an_empty_cell_where_there_is_no_figure(
    write: Write, encoding: str, bom: bool, begins: bytes
) -> None:
    found = write("csv", encoding=encoding, bom=bom, outlines=[], places=[]).read_bytes()
    assert found.startswith(begins)
    assert found.count(b"\r\n") == 5
    text = found.decode("utf-8-sig" if bom and encoding == "utf-8" else encoding)
    assert list(csv.reader(io.StringIO(text))) == TABLE


def test_a_csv_quotes_what_would_part_a_cell(write: Write) -> None:
    path = write("csv", columns={"name": ['a,"b"\nc', "d"]}, outlines=[], places=[])
    assert path.read_bytes() == b'name\r\n"a,""b""\nc"\r\nd\r\n'


def test_a_workbook_has_figures_as_numbers_and_its_metadata_beside_them(write: Write) -> None:
    book = openpyxl.load_workbook(write("xlsx", outlines=[], places=[]))
    assert book.sheetnames == ["data", "metadata"]
    rows = [list(row) for row in book["data"].iter_rows(values_only=True)]
    assert rows[1:] == [
        ["10201", NAMES[0], "2015", 1.5, "ok"],
        ["13101", NAMES[1], "2015", 20, "ok"],
        ["10201", NAMES[0], "2020", None, "secret"],
        ["13101", NAMES[1], "2020", 30, "ok"],
    ]
    assert book["data"].freeze_panes == "A2"
    told = [tuple(row) for row in book["metadata"].iter_rows(values_only=True)]
    assert told == list(METADATA.items())


FORMULAS = (
    *('=HYPERLINK("https://example.jp","x")', "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\n=1+1", "#N/A"),
    *("＝1+1", "－1"),
)


def test_no_text_becomes_a_formula_in_a_workbook(write: Write) -> None:
    columns = {"=name": [*FORMULAS]}
    book = openpyxl.load_workbook(
        write("xlsx", columns=columns, outlines=[], places=[], metadata={"=a": FORMULAS[0]})
    )
    cells = [*book["data"]["A"], *book["metadata"][1]]
    assert [cell.value for cell in cells] == ["=name", *FORMULAS, "=a", FORMULAS[0]]
    assert {cell.data_type for cell in cells} == {"s"}


def test_no_text_becomes_a_formula_in_csv(write: Write) -> None:
    file = write(
        "csv", columns={"=name": [*FORMULAS], "value": [-1.5] * len(FORMULAS)}, outlines=[], places=[]
    )
    with file.open(encoding="utf-8", newline="") as opened:
        rows = [*csv.reader(opened)]
    told = [text if text == "#N/A" else f"'{text}" for text in FORMULAS]
    assert rows == [["'=name", "value"], *([text, "-1.5"] for text in told)]


def test_what_no_workbook_can_hold_is_told_by_a_sign(write: Write) -> None:
    book = openpyxl.load_workbook(write("xlsx", columns={"name": ["a\x0bb"]}, outlines=[], places=[]))
    assert book["data"]["A2"].value == "a\ufffdb"
