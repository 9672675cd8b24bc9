"""Stops that are handed on as points: P11 of 2010 as GML, CSV and KML, stations of N02 as GeoJSON."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest

from geo.errors import InvalidFile, InvalidGeometry
from geo.transit.lines import Line
from geo.transit.point_files import read_bus_stops, read_stations

REAL = os.environ.get("CHIIKI_REAL_DATA")
KML = (
    '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
    "<Placemark><name>役場前</name><Point><coordinates>135.1665,34.2354,0</coordinates></Point></Placemark>"
    "</Document></kml>"
)
GML = (
    '<ksj:Dataset xmlns:ksj="http://nlftp.mlit.go.jp/ksj/schemas/ksj-app"'
    ' xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:xlink="http://www.w3.org/1999/xlink">'
    '<gml:Point gml:id="n1"><gml:pos>36.15400918 139.05814532</gml:pos></gml:Point>'
    '<gml:Point gml:id="n2"><gml:pos>36.2 139.1</gml:pos></gml:Point>'
    '<ksj:BusStop gml:id="s1"><ksj:position xlink:href="#n1"/><ksj:busStopName>上町</ksj:busStopName>'
    "<ksj:busRouteInformation><ksj:BusRouteInformation><ksj:busType>3</ksj:busType>"
    "<ksj:busOperationCompany>神川町</ksj:busOperationCompany></ksj:BusRouteInformation>"
    "<ksj:BusRouteInformation><ksj:busType>1</ksj:busType></ksj:BusRouteInformation>"
    "</ksj:busRouteInformation></ksj:BusStop>"
    '<ksj:BusStop gml:id="s2"><ksj:position xlink:href="#n2"/><ksj:busStopName>下町</ksj:busStopName>'
    "<ksj:busRouteInformation><ksj:BusRouteInformation><ksj:busType>4</ksj:busType>"
    "</ksj:BusRouteInformation></ksj:busRouteInformation></ksj:BusStop></ksj:Dataset>"
)


def file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    content = text.encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def test_stops_of_jpgis_have_classes_operators_and_latitude_first(tmp_path: Path) -> None:
    found = read_bus_stops(file(tmp_path, "P11-10_10.xml.gz", GML))
    assert found.names.tolist() == ["上町", "下町"]
    assert (found.classes.tolist(), found.modes.tolist()) == (["1;3", "4"], ["bus", "demand"])
    assert (found.lon[0], found.lat[0], found.groups[0]) == (139.05814532, 36.15400918, "上町/神川町")


def test_stops_of_csv_and_kml_are_the_same(tmp_path: Path) -> None:
    table = file(tmp_path, "stops.csv.gz", "pref_code,stop_name,lat,lon\n30,役場前,34.2354,135.1665\n")
    for path in (table, file(tmp_path, "stops.kml", KML)):
        found = read_bus_stops(path)
        assert (found.names.tolist(), found.modes.tolist()) == (["役場前"], ["bus"])
        assert (found.lon.tolist(), found.lat.tolist()) == ([135.1665], [34.2354])


@pytest.mark.parametrize(
    ("name", "text", "kind", "told"),
    [
        ("a.csv", "name,x,y\n", InvalidFile, "no stops with names"),
        ("a.csv", "stop_name,lat,lon\n", InvalidFile, "no stops"),
        ("a.csv", "stop_name,lat,lon\nA,34,135\nB,135,34\nC,34\n", InvalidGeometry, "line 3.*line 4"),
        ("a.csv", 'stop_name,lat,lon\n"A,34,135\n', InvalidFile, "no whole CSV"),
        ("a.kml", KML.replace("135.1665,34.2354,0", ""), InvalidGeometry, "placemark 1"),
        ("a.kml", KML[:-9], InvalidFile, "no XML"),
        ("a.kml", '<!DOCTYPE k [<!ENTITY a "b">]><kml>&a;</kml>', InvalidFile, "no XML"),
        ("a.kml", GML, InvalidFile, "another kind"),
        ("a.xml", GML.replace('href="#n2"', 'href="#n9"'), InvalidGeometry, "s2"),
    ],
)
def test_what_has_no_stops_in_japan_is_refused(
    tmp_path: Path, name: str, text: str, kind: type[InvalidFile], told: str
) -> None:
    with pytest.raises(kind) as refused:
        read_bus_stops(file(tmp_path, name, text))
    where = " ".join(finding.where for finding in refused.value.findings)
    assert all(part in f"{refused.value} {where}" for part in told.split(".*"))


def stations(folder: Path, lon: float, kind: str = "Point") -> Path:
    coordinates: object = [lon, 34.4] if kind == "Point" else [[lon, 34.4], [lon, 34.5]]
    feature = {
        "type": "Feature",
        "properties": {"stationId": "1", "name": "三次", "lineId": "西日本旅客鉄道__芸備線"},
        "geometry": {"type": kind, "coordinates": coordinates},
    }
    text = json.dumps({"type": "FeatureCollection", "features": [feature]})
    return file(folder, "stations.geojson", text)


def test_stations_of_points_are_rail_by_name_and_operator(tmp_path: Path) -> None:
    found = read_stations(stations(tmp_path, 132.86))
    assert (found.modes.tolist(), found.groups.tolist()) == (["rail"], ["三次/西日本旅客鉄道"])
    assert (found.lon.tolist(), found.lat.tolist()) == ([132.86], [34.4])
    assert found.lines.tolist() == [(Line("", "芸備線", "rail", None),)]


def test_stations_that_are_no_points_in_japan_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidGeometry):
        read_stations(stations(tmp_path, 13.286))
    with pytest.raises(InvalidFile, match="no lines"):
        read_stations(stations(tmp_path, 132.86), "line")
    with pytest.raises(InvalidFile, match="no lines"):
        read_stations(stations(tmp_path, 132.86, "LineString"))


@pytest.mark.skipif(REAL is None, reason="the published stops are in CHIIKI_REAL_DATA")
def test_the_nation_has_254_842_bus_stops_and_gunma_those_of_the_ministry() -> None:
    folder = Path(str(REAL)) / "transit"
    nation = read_bus_stops(folder / "p11-2010-busmap/p11_2010_stops_47pref.csv.gz")
    assert len(nation) == 254_842
    gunma = read_bus_stops(folder / "p11-2010/P11-10_10-jgd-g.xml.gz")
    assert (len(gunma), gunma.classes[0]) == (4_952, "1;3")
    (first,) = np.flatnonzero((nation.names == "上町") & (np.abs(nation.lat - gunma.lat[0]) < 1e-5)).tolist()
    same = slice(first, first + len(gunma))
    assert nation.names[same].tolist() == gunma.names.tolist()
    assert float(np.abs(nation.lat[same] - gunma.lat).max()) < 7.7e-6


@pytest.mark.skipif(REAL is None, reason="the published stops are in CHIIKI_REAL_DATA")
def test_stations_of_2025_and_stops_of_three_prefectures_are_read() -> None:
    folder = Path(str(REAL)) / "transit"
    rail = read_stations(folder / "rail/N02-25_stations_points_railmap.geojson.gz")
    assert (len(rail), set(rail.modes)) == (10_234, {"rail"})
    numbers = [len(read_bus_stops(folder / f"p11-2010-busmap/prefecture_{n}.kml.gz")) for n in (34, 40, 30)]
    assert numbers == [7_640, 7_733, 2_587]


def test_xml_in_an_encoding_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="no XML that is read") as refused:
        read_bus_stops(file(tmp_path, "stops.kml", KML.replace("UTF-8", "U-TF-8")))
    assert refused.value.findings[0].where == "stops.kml"
