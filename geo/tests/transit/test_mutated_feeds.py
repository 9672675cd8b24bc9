"""Timetables, grids, stops and zones that were good once: read, or refused by place and field."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.tests.mutated_documents import Json, mutated_document
from geo.tests.mutations import mutated_bytes, mutated_text, mutated_zip, proven, refusal
from geo.tests.transit.feeds import FEED
from geo.tests.transit.published_p11 import country_zip, prefecture_zip
from geo.tests.transit.test_grids import ESTAT
from geo.tests.transit.test_point_files import GML, KML
from geo.tests.transit.test_zones import RING, polygon
from geo.transit.grids import read_grid
from geo.transit.gtfs import read_gtfs
from geo.transit.point_files import read_bus_stops, read_stations
from geo.transit.stop_files import read_n02, read_p11
from geo.transit.stops import of_feed
from geo.transit.zones import read_zones

REPEATS = "trip_id,start_time,end_time,headway_secs\nT1,06:00:00,08:00:00,1800\n"
PLAIN = "code,pop,pop65\n533946113,120,40\n533946114,7,*\n"
BARE = "623927494,26,8,18,8\n623927591,181,79,102,90\n"
TABLE = "pref_code,stop_name,lat,lon\n30,役場前,34.2354,135.1665\n30,駅前,34.24,135.17\n"
#: Documents of XML, by how their names end; a line a tag, so that tags are mutated too.
DOCUMENTS = {
    "stops.csv": TABLE,
    "stops.kml": KML.replace("><", ">\n<"),
    "P11-10_10.xml": GML.replace("><", ">\n<"),
}
STOP = ("上町", "甲", ["1", "3"], 139.06, 36.36)
ARCHIVES = {
    "P11-22_10_SHP.zip": prefecture_zip("10", [STOP, STOP]),
    "P11-22_SHP.zip": country_zip({"10": [STOP], "01": [STOP]}),
}
LINE: Json = {"type": "LineString", "coordinates": [[139.0, 36.0], [139.0, 36.002]]}


def features(*rows: tuple[dict[str, Json], Json]) -> dict[str, Json]:
    listed: list[Json] = [{"type": "Feature", "properties": told, "geometry": shape} for told, shape in rows]
    return {"type": "FeatureCollection", "features": listed}


def bus_stop(name: str, classes: str, longitude: float) -> tuple[dict[str, Json], Json]:
    told: dict[str, Json] = {"P11_001": name, "P11_002": "社", "P11_004_01": classes, "P11_004_02": None}
    return told, {"type": "Point", "coordinates": [longitude, 36.1]}


BUS_STOPS = features(bus_stop("甲", "1,3", 139.1), bus_stop("乙", "4", 139.2))
POINT: Json = {"type": "Point", "coordinates": [139.0, 36.0]}
POINT_STATION: dict[str, Json] = {"stationId": "001", "name": "駅", "lineId": "社__線"}
STATION: dict[str, Json] = {
    "N02_001": "11",
    "N02_002": "2",
    "N02_003": "線",
    "N02_004": "社",
    "N02_005": "駅",
}


@given(content=mutated_zip({**FEED, "frequencies.txt": REPEATS}))
@proven
def test_a_mutated_feed_is_read_or_refused_by_its_cells(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "feed.zip"
    path.write_bytes(content)
    refused = refusal(lambda: of_feed(read_gtfs(path)))
    if refused is not None:
        assert all(finding.where.startswith("feed.zip") for finding in refused.findings)


@given(content=mutated_text(ESTAT.replace("\r\n", "\n")) | mutated_text(PLAIN) | mutated_text(BARE))
@proven
def test_a_mutated_grid_is_read_or_refused_by_its_rows(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "grid.txt"
    path.write_bytes(content)
    refused = refusal(lambda: read_grid([path]))
    if refused is not None:
        assert all("grid.txt" in f"{refused.message} {finding.where}" for finding in refused.findings)


@given(content=mutated_zip({"tblT001101H5439.txt": ESTAT}))
@proven
def test_a_mutated_zip_of_a_grid_is_read_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "grid.zip"
    path.write_bytes(content)
    refusal(lambda: read_grid([path]))


@given(content=mutated_document(BUS_STOPS))
@proven
def test_mutated_bus_stops_are_read_or_refused_by_their_features(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "P11.geojson"
    path.write_bytes(content)
    refusal(lambda: read_p11(path))


@pytest.mark.parametrize("name", DOCUMENTS)
@given(content=st.data())
@proven
def test_mutated_stops_with_names_alone_are_read_or_refused(
    tmp_path: Path, name: str, content: st.DataObject
) -> None:
    path = tmp_path / name
    path.write_bytes(content.draw(mutated_text(DOCUMENTS[name])))
    refused = refusal(lambda: read_bus_stops(path))
    if refused is not None:
        assert all(name in f"{refused.message} {finding.where}" for finding in refused.findings)


@pytest.mark.parametrize("name", ARCHIVES)
@given(content=st.data())
@proven
def test_a_mutated_zip_of_bus_stops_is_read_or_refused(
    tmp_path: Path, name: str, content: st.DataObject
) -> None:
    path = tmp_path / name
    path.write_bytes(content.draw(mutated_bytes(ARCHIVES[name])))
    refusal(lambda: read_bus_stops(path))


@given(content=mutated_document(features((POINT_STATION, POINT))))
@proven
def test_mutated_stations_as_points_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "stations.geojson"
    path.write_bytes(content)
    refusal(lambda: read_stations(path))


@pytest.mark.parametrize("geometry", ["midpoint", "line"])
@given(content=mutated_document(features((STATION, LINE))))
@proven
def test_mutated_stations_are_read_or_refused_by_their_features(
    tmp_path: Path, geometry: str, content: bytes
) -> None:
    path = tmp_path / "N02_Station.geojson"
    path.write_bytes(content)
    refusal(lambda: read_n02(path, geometry))


@given(content=mutated_document(json.loads(json.dumps(polygon(RING)))))
@proven
def test_a_mutated_zone_is_read_or_refused(content: bytes) -> None:
    try:
        zone = json.loads(content)
    except ValueError:
        return
    if isinstance(zone, dict):
        refusal(lambda: read_zones([zone]))
