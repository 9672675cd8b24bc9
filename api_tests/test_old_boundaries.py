"""Old boundaries as anybody may load them, and series over real mergers on them."""

from __future__ import annotations

import csv
import gzip
import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import mapbox_vector_tile
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from api_tests.conftest import serving
from geo.codes import WARD_CITY
from service.db import schema
from service.figures.statistics import FILE, load_shipped_statistics
from service.settings import HOME
from service.strategy.catalog_load import load_catalogue
from service.tests.databases import Database, DatabaseServer
from service.tests.test_cli import chiiki

REAL = os.environ.get("CHIIKI_REAL_DATA")
pytestmark = [
    pytest.mark.skipif(REAL is None, reason="CHIIKI_REAL_DATA is not set"),
    pytest.mark.timeout(1200),  # what loads all sets counts for the first test
    pytest.mark.prove("four minutes"),
]
BOUNDARIES = Path(str(REAL)) / "boundaries"
CODH = ("--licence", "CC BY-SA 4.0", "--source", "CODH")
#: The date that each holds on → its file. Those that say 2005 and 2006 are of 2006-01-01 and of April.
SETS = {
    "1995-10-01": "historical-codh/jp_city_19951001.c.topojson.gz",
    "2006-01-01": "historical-codh/jp_city_20050101.c.topojson.gz",
    "2021-01-01": "historical-codh/jp_city_20210101.c.topojson.gz",
    "2024-01-01": "n03-2024-kurashimap/kurashimap_n03_20240101_public_geojson.tar.gz",
}
#: The same of sets that are loaded while others read, with the number of their areas, wards apart.
FURTHER = {
    "1980-10-01": ("historical-codh/jp_city_19801001.c.topojson.gz", 3_381),
    "2000-10-01": ("historical-codh/jp_city_20001001.c.topojson.gz", 3_371),
    "2006-04-01": ("historical-codh/jp_city_20060101.c.topojson.gz", 1_976),
    "2010-03-29": ("historical-codh/jp_city_20100329.c.topojson.gz", 1_903),
    "2015-01-01": ("historical-codh/jp_city_20150101.c.topojson.gz", 1_902),
}
REGISTER = "register-population"
Registers = Mapping[str, Mapping[str, int]]


@pytest.fixture(scope="module")
def register() -> Registers:
    """Year → municipality → residents, as published."""
    found: dict[str, dict[str, int]] = {}
    path = Path(str(REAL)) / "stats/juki-age/juki_japanese_age5_sex_1995_2024.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened):
            if row["level"] == "municipality" and row["code"]:
                year = found.setdefault(row["ref_date"][:4], {})
                year[row["code"]] = year.get(row["code"], 0) + int(row["total"])
    return found


def load(database: Database, date: str, name: str) -> None:
    done = chiiki(database, "ingest", "boundaries", str(BOUNDARIES / name), "--vintage", date, *CODH)
    assert done.exit_code == 0, done.output[-2000:]


@pytest.fixture(scope="module")
def old_database(
    database_server: DatabaseServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """The register on the boundaries of four dates, each loaded with one command."""
    folder = tmp_path_factory.mktemp("register")
    table = pq.read_table(HOME / "data/statistics" / FILE)
    pq.write_table(table.filter(pc.equal(table["indicator"].cast("string"), REGISTER)), folder / FILE)
    with database_server.new_database() as database:
        with database.begin() as conn:
            schema.upgrade(conn)
            load_catalogue(conn, HOME / "data/catalog", "tests")
            load_shipped_statistics(conn, folder, "tests", lambda _done, _total, _what: None)
        for date, name in SETS.items():
            load(database, date, name)
        yield database


@pytest.fixture(scope="module")
def old(old_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a service on old boundaries."""
    log = tmp_path_factory.mktemp("old") / "log"
    with serving(old_database, log) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


def series(client: httpx.Client, code: str, vintage: str, **more: str) -> dict[str, dict[str, Any]]:
    asked = {"indicator": REGISTER, "areas": code, "vintage": vintage, **more}
    answer = client.get("/v1/series", params=asked)
    assert answer.status_code == 200, answer.text
    return {point["period"]: point for point in answer.json()["series"][0]["points"]}


def merged_into(code: str) -> tuple[str, ...]:
    """The towns that a city has taken up since the first register, by the list of the statistics LOD."""
    changes = json.loads((Path(str(REAL)) / "codes/municipal_changes.json").read_text(encoding="utf-8"))
    heirs = {
        (change["old"]["code"], change["date"]): WARD_CITY.get(change["new"]["code"], change["new"]["code"])
        for change in changes["changes"]
        if change["date"] > "1995-04-01"
    }
    found, before = {code}, set[str]()
    while found != before:
        before = set(found)
        found |= {old for (old, _), new in heirs.items() if new in found and old not in WARD_CITY}
    return tuple(sorted(found))


# Loaded and served


def test_every_set_is_served_with_its_areas_and_the_broadest_newest_is_the_default(old: httpx.Client) -> None:
    told = {one["vintage"]: one for one in old.get("/v1/vintages").json()["vintages"]}
    assert list(told) == list(SETS)
    assert [date for date, one in told.items() if one["default"]] == ["2024-01-01"]
    assert {date: one["areas"]["ward"] for date, one in told.items()} == {
        **{"1995-10-01": 3_374, "2006-01-01": 2_202, "2021-01-01": 1_902},
        "2024-01-01": 1_747 - 20 + 171,
    }
    assert told["2024-01-01"]["areas"]["municipality"] == 1_747
    for date, one in told.items():
        is_served(old, date, one["areas"]["municipality"])


def is_served(client: httpx.Client, date: str, municipalities: int) -> None:
    """Fail where a set has no tile or no values."""
    tile = client.get(f"/v1/layers/{REGISTER}/tiles/6/56/25.mvt?vintage={date}&level=municipality")
    (layer,) = mapbox_vector_tile.decode(tile.content).values()
    assert len(layer["features"]) > 100, date
    values = client.get(f"/v1/layers/{REGISTER}/values.json?vintage={date}&period=2024").json()
    assert len(values["codes"]) == municipalities


def test_names_are_those_of_the_day(old: httpx.Client) -> None:
    towns = [old.get(f"/v1/areas/28221?vintage={date}").json() for date in ("2006-01-01", "2021-01-01")]
    assert [one["name"]["kana"] for one in towns] == ["ささやまし", "たんばささやまし"]
    wards = [old.get(f"/v1/areas/22138?vintage={date}") for date in ("2021-01-01", "2024-01-01")]
    assert [one.status_code for one in wards] == [404, 200]
    assert wards[1].json()["name"]["ja"] == "浜松市中央区"


def test_collections_of_every_set_are_there(old: httpx.Client) -> None:
    listed = {one["id"] for one in old.get("/ogc/collections?limit=1000").json()["collections"]}
    levels = ("prefecture", "municipality", "ward")
    assert {f"areas.{level}.{date}" for level in levels for date in SETS} <= listed
    areas = "/ogc/collections/areas.municipality.1995-10-01"
    towns = old.get(f"{areas}/items?limit=1&code=19341&detail=low").json()
    assert towns["features"][0]["properties"]["name"] == "上九一色村"
    layer = f"/ogc/collections/{REGISTER}.municipality.1995-10-01"
    assert "1995-10-01" in old.get(layer).json()["title"]
    found = old.get(f"{layer}/items?code=19341&datetime=2004-06-01&detail=low").json()["features"]
    assert [one["properties"]["value"] for one in found] == [1_634]
    assert old.get("/ogc/collections/areas.municipality.1900-01-01").status_code == 404


def test_two_sets_are_compared(old: httpx.Client) -> None:
    told = old.get("/v1/vintages?from=2006-01-01&to=2021-01-01").json()["compared"]
    assert (told["prefectures"], told["level"]) == (47, "municipality")
    before, after = told["counts"]["2006-01-01"], told["counts"]["2021-01-01"]
    assert before - len(told["gone"]) + len(told["come"]) == after
    assert told["kept"] + len(told["gone"]) == before
    gone = {one["code"]: one for one in told["gone"]}
    assert [heir["name"]["ja"] for heir in gone["19341"]["became"]] == ["甲府市", "富士河口湖町"]
    come = {one["code"]: one for one in told["come"]}
    assert [one["code"] for one in come["22130"]["was"]] == ["22202"]
    assert {"code": "28221", "before": "篠山市", "after": "丹波篠山市"} in told["renamed"]
    assert old.get("/v1/vintages?to=2021-01-01").status_code == 422
    assert old.get("/v1/vintages?from=1999-01-01").status_code == 422


# Series over mergers


#: 浜松 2005 (22202, a designated city since 2007), 長岡 2005, 高山 2005, さいたま 2001.
MERGED = ("22130", "15202", "21203", "11100")


@pytest.mark.parametrize("code", MERGED)
def test_on_new_boundaries_a_series_is_the_sum_of_what_merged(
    old: httpx.Client, register: Registers, code: str
) -> None:
    members = merged_into(code)
    told = series(old, code, "2021-01-01")
    assert len(told) == 30
    for year, point in told.items():
        parts = [register[year][one] for one in members if one in register[year]]
        assert point["value"] == sum(parts), year
        assert point["status"] == "ok"
        assert point["carried"] == ("summed" if len(parts) > 1 else point["carried"])
    assert told["1995"]["carried"] == "summed"
    assert told["2024"]["carried"] == "as_published"


#: Code on old boundaries → the last year of its own, and what it has merged into.
BEFORE = {
    "22202": ("2005", "22130"),
    "22217": ("2005", "22130"),
    "15202": ("2005", "15202"),
    "21203": ("2004", "21203"),
    "11204": ("2001", "11100"),
    "19341": ("2005", ""),
}


@pytest.mark.parametrize("code", BEFORE)
def test_on_old_boundaries_what_merged_is_null_with_its_reason(
    old: httpx.Client, register: Registers, code: str
) -> None:
    last, _ = BEFORE[code]
    told = series(old, code, "1995-10-01")
    for year, point in told.items():
        if year <= last:
            assert (point["value"], point["carried"]) == (register[year][code], "as_published"), year
        else:
            assert (point["value"], point["status"], point["carried"]) == (None, "merged", None), year
    asked = f"/v1/series?indicator={REGISTER}&areas={code}&vintage=1995-10-01&from=2010"
    words = old.get(asked).json()["summary"]
    assert "合併後の地域の値のみ" in words["ja"]
    assert "merged" in words["en"]


def test_on_boundaries_between_what_had_merged_is_whole_and_what_merged_later_is_null(
    old: httpx.Client, register: Registers
) -> None:
    hamamatsu, nagaoka = (series(old, code, "2006-01-01") for code in ("22202", "15202"))
    assert hamamatsu["1995"]["value"] == sum(register["1995"].get(one, 0) for one in merged_into("22130"))
    assert (hamamatsu["2024"]["value"], hamamatsu["2024"]["carried"]) == (760_204, "renumbered")
    assert (nagaoka["2006"]["value"], nagaoka["2006"]["carried"]) == (282_799, "as_published")
    assert (nagaoka["2024"]["value"], nagaoka["2024"]["status"]) == (None, "merged")  # 川口町 joined in 2010
    village, kofu = (series(old, code, "2006-01-01") for code in ("19341", "19201"))
    assert [village[year]["value"] for year in ("2005", "2006")] == [1_606, None]
    # 中道町 and a part of the village were not in 甲府市 yet
    assert (kofu["2006"]["value"], kofu["2006"]["status"]) == (None, "merged")


def test_an_estimate_parts_what_merged_by_the_people_of_just_before(
    old: httpx.Client, register: Registers
) -> None:
    towns = [code for code in merged_into("22130") if code != "22130" and code in register["2005"]]
    assert len(towns) == 12
    told = {code: series(old, code, "1995-10-01", estimate="population") for code in towns}
    for year in ("2006", "2007", "2010", "2024"):
        whole = register[year].get("22130") or register[year]["22202"]
        assert sum(points[year]["value"] for points in told.values()) == whole
    point = told["22202"]["2024"]
    assert point["value"] == pytest.approx(760_204 * 581_162 / 783_748, abs=1)
    assert (point["status"], point["carried"]) == ("estimated", "estimated")
    (part,) = point["parts"]
    assert (part["code"], part["name"]) == ("22130", {"ja": "浜松市", "en": "Hamamatsu-shi"})
    assert part["share"] == pytest.approx(581_162 / 783_748)
    assert part["basis"] == [{"by": "population", "as_of": "2005-03-31"}]
    assert told["22202"]["2005"]["carried"] == "as_published"
    assert old.get(f"/v1/series?indicator={REGISTER}&areas=22202&estimate=area").status_code == 422


def test_a_divided_village_is_spread_by_area_where_the_sets_around_tell_it(
    old: httpx.Client, register: Registers
) -> None:
    kofu, lake = (series(old, code, "2021-01-01") for code in ("19201", "19430"))
    for year in ("2004", "2005"):
        whole = {"19201": 0, "19430": 0}
        for code, heir in (("19201", "19201"), ("19326", "19201"), ("19430", "19430")):
            whole[heir] += register[year][code]
        parts = [kofu[year]["value"] - whole["19201"], lake[year]["value"] - whole["19430"]]
        assert sum(parts) == register[year]["19341"]  # to the last person
        assert parts[0] == pytest.approx(0.2207 * register[year]["19341"], rel=0.02)
    assert (kofu["2005"]["status"], kofu["2006"]["status"]) == ("estimated", "ok")
    (part,) = kofu["2005"]["parts"]
    assert (part["code"], part["basis"]) == ("19341", [{"by": "area", "as_of": "2006-01-01"}])
    words = old.get(f"/v1/series?indicator={REGISTER}&areas=19201&vintage=2021-01-01").json()["summary"]
    assert "分割・合併した地域の値を按分した推計" in words["ja"]


#: Boundaries → the cities and towns of the five mergers on them: 浜松, 長岡, 高山 2005, さいたま 2001,
#: 甲府, 富士河口湖 and 上九一色 2006. Those whose figure of 2024 stands for others too are null; people part
#: it again where no village was divided.
DIVIDED = ("19201", "19341", "19430")
FIVE: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "2021-01-01": {"whole": ("22130", "15202", "21203", "11100", "19201", "19430")},
    "2006-01-01": {"whole": ("22202", "21203", "11100"), "merged": ("15202",), "divided": DIVIDED},
    # 富士河口湖町 is of 2003
    "1995-10-01": {"merged": ("22202", "15202", "21203", "11204"), "divided": DIVIDED[:2]},
}


def tile_at(longitude: float, latitude: float, z: int) -> tuple[int, int]:
    south = 1 - math.asinh(math.tan(math.radians(latitude))) / math.pi
    return int((longitude + 180) / 360 * 2**z), int(south / 2 * 2**z)


def tiled(client: httpx.Client, address: str, code: str, point: tuple[float, float]) -> dict[str, Any]:
    """Return what the tile of zoom 12 that holds a point of an area says of it."""
    x, y = tile_at(*point, 12)
    (layer,) = mapbox_vector_tile.decode(client.get(address.format(z=12, x=x, y=y)).content).values()
    (found,) = (one["properties"] for one in layer["features"] if one["properties"]["code"] == code)
    return dict(found)


@pytest.mark.parametrize(
    ("vintage", "estimate"), [*((date, "") for date in FIVE), ("1995-10-01", "population")]
)
def test_tiles_geojson_and_words_tell_the_same_as_the_series(
    old: httpx.Client, vintage: str, estimate: str
) -> None:
    query = f"vintage={vintage}&level=municipality&period=2024" + (estimate and f"&estimate={estimate}")
    described = old.get(f"/v1/layers/{REGISTER}/tiles.json?{query}").json()
    geojson = old.get(f"/v1/layers/{REGISTER}/areas.geojson?{query}&detail=point").json()
    features = {one["properties"]["code"]: one for one in geojson["features"]}
    for how, code in ((how, code) for how, codes in FIVE[vintage].items() for code in codes):
        more = {"estimate": estimate} if estimate else {}
        point = series(old, code, vintage, **more)["2024"]
        told = features[code]["properties"]
        in_tile = tiled(old, described["tiles"][0], code, features[code]["geometry"]["coordinates"])
        assert in_tile.get("value") == told["value"] == point["value"], code
        assert (told["status"], told["carried"]) == (point["status"], point["carried"])
        status = "ok" if how == "whole" else "estimated" if estimate and how == "merged" else "merged"
        assert (code, point["status"], told["value"] is None) == (code, status, status == "merged")
    summary = old.get(f"/v1/layers/{REGISTER}/summary.json?{query}").json()["text"]["ja"]
    assert ("按分した推計" in summary) is bool(estimate and "merged" in FIVE[vintage])


@pytest.mark.parametrize("code", ["22202", "15202", "21203", "11204", "19201", "19430"])
def test_words_of_a_series_say_what_merged(old: httpx.Client, code: str) -> None:
    asked = f"/v1/series?indicator={REGISTER}&areas={code}&from=2010"
    told = {vintage: old.get(f"{asked}&vintage={vintage}") for vintage in FIVE}
    for vintage, answer in told.items():
        if answer.status_code == 404:  # no area has this code there
            assert (code, vintage) in {
                ("22202", "2021-01-01"),
                ("11204", "2006-01-01"),
                ("11204", "2021-01-01"),
                ("19430", "1995-10-01"),
            }
            continue
        is_told = "合併後の地域の値のみ" in answer.json()["summary"]["ja"]
        assert is_told is (code not in FIVE[vintage].get("whole", ())), vintage


# Taken away, and put in the place of another


def test_a_misdated_file_is_refused_with_the_days_on_which_its_areas_were(old_database: Database) -> None:
    name = str(BOUNDARIES / SETS["2006-01-01"])
    done = chiiki(old_database, "ingest", "boundaries", name, "--vintage", "2005-01-01", "--dry-run")
    assert done.exit_code == 1
    assert "from 2006-01-01" in done.output


@pytest.mark.parametrize("date", FURTHER)
def test_a_further_set_is_served_as_soon_as_it_is_loaded(
    old: httpx.Client, old_database: Database, date: str
) -> None:
    name, wards = FURTHER[date]
    load(old_database, date, name)
    told: dict[str, Any] = {}
    while date not in told:  # the news is on its way
        told = {one["vintage"]: one for one in old.get("/v1/vintages").json()["vintages"]}
    assert told[date]["areas"]["ward"] == wards
    is_served(old, date, told[date]["areas"]["municipality"])


def test_a_set_is_withdrawn_while_others_read(old: httpx.Client, old_database: Database) -> None:
    gone = "2021-01-01"
    values = f"/v1/layers/{REGISTER}/values.json"
    assert old.get(f"{values}?vintage={gone}").status_code == 200
    done = chiiki(old_database, "withdraw", "vintage", gone)
    assert done.exit_code == 0, done.output
    refused = old.get(f"{values}?vintage={gone}")
    while refused.status_code == 200:  # the news is on its way; until then all is as before
        refused = old.get(f"{values}?vintage={gone}")
    assert refused.status_code == 422
    assert "2006-01-01" in refused.json()["detail"]
    assert gone not in {one["vintage"] for one in old.get("/v1/vintages").json()["vintages"]}
    assert old.get(values).json()["vintage"] == "2024-01-01"
    again = chiiki(old_database, "withdraw", "vintage", gone)
    assert again.exit_code == 1
    assert "2024-01-01" in again.output
