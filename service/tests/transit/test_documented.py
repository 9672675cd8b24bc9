"""What docs/transport.md says a steward types, typed word by word."""

from __future__ import annotations

import datetime as dt
import json
import shlex
import zipfile
from pathlib import Path

import pytest
import shapely
from sqlalchemy import text
from typer.testing import CliRunner

from geo.tests.transit.feeds import FEED
from geo.tests.transit.published_p11 import country_zip, prefecture_zip
from geo.transit import mesh
from service.cli import app
from service.settings import HOME
from service.strategy.catalog_load import load_catalogue
from service.tests.boundaries import put_areas
from service.tests.databases import Database

#: A cell with a bus stop in its middle and one 4 km east of it, in a town that is these two cells.
NEAR, FAR = mesh.code_at(36.361, 139.061, 9), mesh.code_at(36.361, 139.111, 9)
PEOPLE = {NEAR: 70, FAR: 30}
STATION = {"N02_001": "11", "N02_002": "2", "N02_003": "線", "N02_004": "社", "N02_005": "駅"}


def commands() -> list[list[str]]:
    """Return the commands of the first listing of docs/transport.md."""
    page = (HOME / "docs" / "transport.md").read_text(encoding="utf-8")
    listing = page.partition("```sh\n")[2].partition("```")[0]
    return [shlex.split(line) for line in listing.splitlines()]


def middle(code: str) -> tuple[float, float]:
    lon, lat = mesh.centres([code])
    return float(lon[0]), float(lat[0])


def zipped(path: Path, members: dict[str, str], encoding: str = "utf-8") -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, body in members.items():
            archive.writestr(name, body.encode(encoding))


def put_files(folder: Path) -> None:
    """Put the files that the commands name, each in the shape in which it is published."""
    stop = ("県庁前", "甲", ["1"], *middle(NEAR))
    (folder / "P11-22_10_SHP.zip").write_bytes(prefecture_zip("10", [stop]))
    zipped(folder / "gtfs.zip", FEED)
    line = {"type": "LineString", "coordinates": [[139.8, 36.9], [139.8, 36.902]]}
    station = {"type": "Feature", "properties": STATION, "geometry": line}
    collection = json.dumps({"type": "FeatureCollection", "features": [station]})
    zipped(folder / "N02-23_GML.zip", {"N02-23_GML/UTF-8/N02-23_Station.geojson": collection})
    rows = "".join(f"{code},0,,,{people},{people // 5}\n" for code, people in PEOPLE.items())
    head = "KEY_CODE,HTKSYORI,HTKSAKI,GASSAN,T1,T2\n,,,,　人口（総数）,　６５歳以上人口　総数\n"
    zipped(folder / "tblT001141H5439.zip", {"tblT001141H5439.txt": head + rows}, "cp932")


def cell(code: str) -> shapely.Geometry:
    south, west, north, east = mesh.bounds([code])[0].tolist()
    whole: shapely.Geometry = shapely.box(west, south, east, north)
    return whole


def test_the_commands_of_the_page_load_stops_and_a_grid_and_count(
    tmp_path: Path, migrated_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_files(tmp_path)
    with migrated_database.begin() as conn:
        load_catalogue(conn, HOME / "data" / "catalog", "tests")
        put_areas(conn, dt.date(2021, 1, 1), {"10201": shapely.union(cell(NEAR), cell(FAR))})
    monkeypatch.chdir(tmp_path)
    for program, *words in commands():
        assert program == "chiiki"
        done = CliRunner().invoke(app, words, env={**migrated_database.environment, "NO_COLOR": "1"})
        assert done.exit_code == 0, (words, done.output)
    with migrated_database.begin() as conn:
        rows = conn.execute(text("select source, count(*) as stops from stop group by 1"))
        sources = {row.source: row.stops for row in rows}
        columns = "title_ja, title_en, credit_ja, credit_en, licence"
        told = conn.execute(text(f"select {columns} from stop_source where id = 'p11-10'")).one()
        asked = text("select value from observation where indicator = :name and area_code = '10201'")
        gap = {
            name: conn.execute(asked, {"name": name}).scalar_one()
            for name in ("grid-people-centroid", "gap-people-centroid-bus-1km", "gap-people-65-bus-1km")
        }
    assert sources == {"p11-10": 1, "my-feed": 4, "n02-23": 1}
    assert told == (
        "国土数値情報 バス停留所（令和4年度）群馬県",
        "National Land Numerical Information, bus stops of Gunma, 2022",
        "「国土数値情報（バス停留所データ）」（国土交通省）を加工して作成",
        "Made by processing “National Land Numerical Information (Bus Stops)” "
        "(Ministry of Land, Infrastructure, Transport and Tourism)",
        "CC BY 4.0",
    )
    assert gap["grid-people-centroid"] == 100
    assert gap["gap-people-centroid-bus-1km"] == 30
    assert gap["gap-people-65-bus-1km"] == pytest.approx(6)


def test_bus_stops_of_the_country_are_one_command_too(tmp_path: Path, migrated_database: Database) -> None:
    stops = {f"{number:02d}": [("停留所", "甲", ["1"], 139.0, 36.0)] for number in range(1, 48)}
    (tmp_path / "P11-22_SHP.zip").write_bytes(country_zip(stops))
    (words,) = [words for words in commands() if "p11" in words]
    words[words.index("P11-22_10_SHP.zip")] = str(tmp_path / "P11-22_SHP.zip")
    done = CliRunner().invoke(app, words[1:], env={**migrated_database.environment, "NO_COLOR": "1"})
    assert done.exit_code == 0, done.output
    with migrated_database.begin() as conn:
        assert conn.execute(text("select count(distinct id) from stop")).scalar() == 47
