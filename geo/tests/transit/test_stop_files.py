"""Bus stops and stations as the Ministry of Land publishes them, on files made by hand."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

from geo.errors import InvalidFile, InvalidGeometry
from geo.tests.transit.published_p11 import COLUMNS, country_zip, geojson, prefecture_zip
from geo.transit.point_files import read_bus_stops
from geo.transit.stop_files import read_n02, read_p11
from geo.transit.stops import UNKNOWN

REAL = os.environ.get("CHIIKI_REAL_DATA")
Json = dict[str, object]
PLATFORM: Json = {"type": "LineString", "coordinates": [[139.0, 36.0], [139.0, 36.002]]}


def point(longitude: float) -> Json:
    return {"type": "Point", "coordinates": [longitude, 36.0]}


def layer(folder: Path, name: str, *rows: tuple[Json, Json | None]) -> Path:
    features = [{"type": "Feature", "properties": told, "geometry": outline} for told, outline in rows]
    path = folder / name
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def bus_stop(name: str | None, *classes: str | None) -> Json:
    slots = {f"P11_004_{number:02d}": cell for number, cell in enumerate(classes, 1)}
    return {"P11_001": name, "P11_002": "社", **slots}


def station(**other: object) -> Json:
    return {"N02_001": "11", "N02_002": "2", "N02_003": "線", "N02_004": "社", "N02_005": "駅", **other}


@pytest.mark.parametrize(
    ("slots", "classes", "mode"),
    [
        (("1", None), "1", "bus"),
        (("3,1", "2"), "1;2;3", "bus"),
        (("1,1", "1"), "1", "bus"),
        (("4", "4"), "4", "demand"),
        (("4", "3"), "3;4", "bus"),
        ((None, None), "", "bus"),
    ],
)
def test_the_classes_of_a_stop_are_those_of_all_its_slots(
    tmp_path: Path, slots: tuple[str | None, ...], classes: str, mode: str
) -> None:
    # a second stop, so that an empty slot is of text
    path = layer(
        tmp_path, "P11.geojson", (bus_stop("甲", *slots), point(139)), (bus_stop("乙", "5", "5"), point(140))
    )
    found = read_p11(path)
    assert (found.classes.tolist(), found.modes.tolist()) == ([classes, "5"], [mode, "bus"])


def test_a_stop_without_a_place_is_left_out_and_one_without_a_name_kept(tmp_path: Path) -> None:
    path = layer(tmp_path, "P11.geojson", (bus_stop("甲", "1"), None), (bus_stop(None, "1"), point(139.5)))
    found = read_p11(path)
    assert (found.ids.tolist(), found.names.tolist()) == (["p11-1"], [""])
    assert (found.lon.tolist(), found.lat.tolist()) == ([139.5], [36.0])
    assert (found.departures == UNKNOWN).all()


def test_stops_of_one_name_and_operator_are_poles_of_one_stop(tmp_path: Path) -> None:
    rows = [
        (bus_stop("甲", "1"), point(139)),
        (bus_stop("甲", "1"), point(139.001)),
        (bus_stop("乙", "1"), point(140)),
    ]
    assert read_p11(layer(tmp_path, "P11.geojson", *rows)).groups.tolist() == ["甲/社", "甲/社", "乙/社"]


def test_bus_stops_that_are_no_points_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="no points"):
        read_p11(layer(tmp_path, "P11.geojson", (bus_stop("甲", "1"), PLATFORM)))


@pytest.mark.parametrize("lacking", ["N02_001", "N02_004", "N02_005"])
def test_stations_without_a_column_are_refused_by_its_name(tmp_path: Path, lacking: str) -> None:
    told = {name: value for name, value in station().items() if name != lacking}
    with pytest.raises(InvalidFile, match="another dataset") as refused:
        read_n02(layer(tmp_path, "N02_Station.geojson", (told, PLATFORM)))
    (finding,) = refused.value.findings
    assert lacking in finding.expected
    assert lacking not in finding.value


def test_bus_stops_without_a_column_are_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="P11_004_01"):
        read_p11(layer(tmp_path, "P11.geojson", ({"P11_001": "甲", "P11_002": "社"}, point(139))))


@pytest.mark.parametrize("geometry", ["midpoint", "line"])
def test_a_station_without_a_place_is_left_out(tmp_path: Path, geometry: str) -> None:
    path = layer(tmp_path, "N02_Station.geojson", (station(N02_005="無"), None), (station(), PLATFORM))
    assert set(read_n02(path, geometry).names.tolist()) == {"駅"}


@pytest.mark.parametrize("geometry", ["midpoint", "line"])
def test_stations_that_are_no_lines_are_refused(tmp_path: Path, geometry: str) -> None:
    path = layer(tmp_path, "N02_Station.geojson", (station(), point(139)))
    with pytest.raises(InvalidFile, match="no lines"):
        read_n02(path, geometry)


def test_a_station_in_parts_is_told_by_the_middle_of_its_longest(tmp_path: Path) -> None:
    parts: Json = {
        "type": "MultiLineString",
        "coordinates": [[[139.0, 36.0], [139.0, 36.001]], [[140.0, 36.0], [140.0, 36.004]]],
    }
    found = read_n02(layer(tmp_path, "N02_Station.geojson", (station(), parts)))
    assert (found.lon.tolist(), found.lat.tolist()) == ([140.0], [pytest.approx(36.002)])


@pytest.mark.parametrize("position", [[36.0, 139.0], [15_000_000.0, 4_000_000.0], [100.0, 36.0]])
def test_stops_outside_japan_are_refused_by_their_features(tmp_path: Path, position: list[float]) -> None:
    swapped: Json = {"type": "Point", "coordinates": position}
    path = layer(tmp_path, "P11.geojson", (bus_stop("甲", "1"), point(139)), (bus_stop("乙", "1"), swapped))
    with pytest.raises(InvalidGeometry, match="outside Japan") as refused:
        read_p11(path)
    assert [(one.where, one.field) for one in refused.value.findings] == [("feature 2", "geometry")]


def test_a_file_in_which_no_stop_has_a_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="no stop with a place"):
        read_p11(layer(tmp_path, "P11.geojson", (bus_stop("甲", "1"), None)))


def test_a_name_with_a_nul_is_refused_by_its_feature(tmp_path: Path) -> None:
    path = layer(tmp_path, "P11.geojson", (bus_stop("甲\0", "1"), point(139)))
    with pytest.raises(InvalidFile, match="cannot be stored") as refused:
        read_p11(path)
    assert (refused.value.findings[0].where, refused.value.findings[0].field) == ("feature 1", "P11_001")


# P11 of 2022 as it is handed out


UPTOWN = ("上町", "（株）甲", ["1", "3"], 139.06, 36.36)
#: 表 ends in 5C in cp932
CALL = ("表町", "乙町", ["4"], 139.07, 36.37)
NORTH = ("北", "丙", ["2"], 141.35, 43.06)


@pytest.mark.parametrize("name", ["P11-22_10_SHP.zip", "P11-22_10_GML.zip"])
def test_the_zip_of_a_prefecture_is_read_as_it_is_published(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(prefecture_zip("10", [UPTOWN, CALL], name[10:13]))
    found = read_bus_stops(path)
    assert (found.ids.tolist(), found.names.tolist()) == (["p11-0", "p11-1"], ["上町", "表町"])
    assert (found.classes.tolist(), found.modes.tolist()) == (["1;3", "4"], ["bus", "demand"])
    assert found.groups.tolist() == ["上町/（株）甲", "表町/乙町"]
    assert (found.lon.tolist(), found.lat.tolist()) == ([139.06, 139.07], [36.36, 36.37])


def test_the_zip_of_the_country_is_that_of_its_prefectures(tmp_path: Path) -> None:
    path = tmp_path / "P11-22_SHP.zip"
    path.write_bytes(country_zip({"10": [UPTOWN, CALL], "01": [NORTH]}))
    found = read_bus_stops(path)
    assert found.ids.tolist() == ["p11-22-01-gml-0", "p11-22-10-gml-0", "p11-22-10-gml-1"]
    assert found.names.tolist() == ["北", "上町", "表町"]


def test_a_table_that_is_blank_for_the_most_part_is_no_bomb(tmp_path: Path) -> None:
    path = tmp_path / "P11-22_10_SHP.zip"
    path.write_bytes(prefecture_zip("10", [UPTOWN] * 500))
    with zipfile.ZipFile(path) as archive:
        table = archive.getinfo("P11-22_10_SHP/P11-22_10.dbf")
    assert table.file_size > 200 * table.compress_size
    assert len(read_bus_stops(path)) == 500


def test_the_geojson_of_a_prefecture_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "P11-22_10.geojson"
    path.write_text(geojson("P11-22_10", [UPTOWN, CALL]), encoding="utf-8")
    assert read_bus_stops(path).classes.tolist() == ["1;3", "4"]


@pytest.mark.skipif(REAL is None, reason="the specimen of P11 is in CHIIKI_REAL_DATA")
def test_the_columns_are_those_that_are_published() -> None:
    path = Path(str(REAL)) / "transit" / "P11-22_35_sample9.geojson"
    document = json.loads(path.read_text(encoding="utf-8"))
    published = [feature["properties"] for feature in document["features"]]
    assert {tuple(row) for row in published} == {COLUMNS}
    assert {type(cell) for row in published for cell in row.values()} == {str, type(None)}
    assert document["crs"] == json.loads(geojson("", [UPTOWN]))["crs"]
