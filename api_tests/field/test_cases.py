"""The cases of the field with their own inputs, where the folder ``cases`` lies beside CHIIKI_REAL_DATA."""

from __future__ import annotations

import json
import os
from pathlib import Path

import httpx
import pytest
import shapely
from typer.testing import CliRunner, Result

from api_tests.conftest import Server
from geo.strategy.deployment_lists import read_list
from geo.transit.gtfs import read_gtfs
from geo.transit.stops import departures_between, of_feed
from service.cli import app
from service.tests.databases import Database

CASES = Path(os.environ.get("CHIIKI_REAL_DATA", "")).parent / "cases"
CREDIT = ("--title", "t", "--credit", "c", "--licence", "l")

pytestmark = pytest.mark.skipif(
    "CHIIKI_REAL_DATA" not in os.environ or not CASES.is_dir(),
    reason="the cases lie in the folder cases beside CHIIKI_REAL_DATA",
)


def file(case: str, name: str) -> Path:
    """Return a file of a case."""
    (folder,) = CASES.glob(f"{case}-*")
    return folder / name


Values = dict[str, list[object]]


@pytest.mark.parametrize(
    ("case", "name", "level", "values"),
    [
        (
            "R01",
            "table.csv",
            "municipality",
            {
                **{"01220": ["士別市", 11], "01221": ["名寄市", 12], "01222": ["三笠市", 13]},
                **{"10201": ["前橋市", 14], "12203": ["市川市", 15], "12211": ["成田市", 16]},
                "12220": ["流山市", 17],
            },
        ),
        (
            "R04",
            "table.csv",
            "municipality",
            {"10201": ["1001_01", "3,11"], "10202": ["1001_02", "4,11"], "10203": ["1030_11", "8,9"]},
        ),
        ("R27", "table.csv", "municipality", {"23213": [7], "23238": [6], "23204": [5]}),
        ("R29", "table.csv", "municipality", {"39405": [3], "04203": [1]}),
        (
            "R31",
            "table.csv",
            "municipality",
            {"13206": [41], "34208": [38], "01644": [40], "20481": [42], "10201": [39]},
        ),
        (
            "R32",
            "table.csv",
            "municipality",
            {"10201": [1234, -120], "10202": [None, 35], "10203": [None, -8], "10204": [None, 0]},
        ),
        ("R33", "table.csv", "municipality", {"10201": [334358], "10202": [370806]}),
        ("R36", "table.csv", "municipality", {"10201": [27.5, 3.1], "10202": [28, 2.9]}),
        ("R40", "table.csv", "municipality", {"10201": [300000], "10202": [360000]}),
        ("R40", "table2.csv", "municipality", {"10201": [300000], "10202": [360000]}),
        ("R42", "romaji.csv", "municipality", {"10201": [1], "10202": [2]}),
        ("R42", "short.csv", "prefecture", {"10000": [1], "13000": [2], "01000": [3]}),
        ("R42", "excel_text.csv", "municipality", {"10201": [1], "01202": [2]}),
        ("R42", "trailing_comma.csv", "municipality", {"10201": [1], "10202": [2]}),
    ],
)
def test_a_table_of_the_field_is_joined(
    client: httpx.Client, case: str, name: str, level: str, values: Values
) -> None:
    answer = client.post(
        f"/ogc/joins?level={level}&detail=low",
        content=file(case, name).read_bytes(),
        headers={"Content-Type": "text/csv"},
    )
    assert answer.status_code == 200
    body = answer.json()
    header = file(case, name).read_text(encoding="utf-8").splitlines()[0].split(",")
    told = [column for column in header if column and column != body["key"]][
        -len(next(iter(values.values()))) :
    ]
    found = {
        one["properties"]["code"]: [one["properties"][column] for column in told] for one in body["features"]
    }
    assert found == values
    assert len(body["unmatched"]) == (1 if case == "R33" else 0)


def chiiki(database: Database, *words: str | Path) -> Result:
    """Try a command of the command line without keeping anything."""
    environment = {**database.environment, "NO_COLOR": "1", "COLUMNS": "300"}
    return CliRunner().invoke(app, [*map(str, words), "--dry-run"], env=environment)


OBSERVATIONS = ("--source", "ssdse-a-2025", "--boundary-date", "2023-10-01")
STOPS = ("--source", "t", "--kind", "gtfs", *CREDIT)
GRID = ("--name", "t", "--year", "2020", *CREDIT)


@pytest.mark.parametrize(
    ("case", "words", "name", "options", "code", "told"),
    [
        ("R06", "stops", "feed.zip", STOPS, 1, ["line 4", "stop_lat"]),
        ("R12", "stops", "feed.zip", STOPS, 1, ["north", "south"]),
        ("R13", "stops", "feed.zip", STOPS, 0, ["3"]),
        ("R15", "observations", "answer.json", OBSERVATIONS, 0, ["2"]),
        ("R17", "observations", "answer.json", OBSERVATIONS, 0, ["250000", "startPosition=100001"]),
        ("R18", "observations", "figures.xlsx", OBSERVATIONS, 1, ["row 2", "formula"]),
        ("R22", "deployments", "list.geojson", (), 0, ["added"]),
        ("R26", "boundaries", "outlines.zip", ("--vintage", "2023-01-01"), 0, ["2"]),
        ("R34", "grid", "tblT001101H5439.txt", GRID, 1, ["line 4"]),
        ("R35", "grid", "tblT001101H5439.zip", GRID, 0, ["cells"]),
        ("R38", "boundaries", "outline.topojson", ("--vintage", "2011-03-31"), 0, ["collapsed"]),
        ("R43", "stops", "feed.zip", STOPS, 0, ["3"]),
        ("R45", "stops", "feed.zip", STOPS, 0, ["trips.txt line 2", "WEEKDAYS"]),
    ],
)
def test_a_file_of_the_field_is_read_or_refused_with_its_place(
    database: Database,
    case: str,
    words: str,
    name: str,
    options: tuple[str, ...],
    code: int,
    told: list[str],
) -> None:
    done = chiiki(database, "ingest", words, file(case, name), *options)
    assert done.exit_code == code, done.output
    assert all(word in done.output for word in told), done.output
    assert not isinstance(done.exception, TypeError | IndexError)


def departures(case: str) -> dict[str, int]:
    stops = of_feed(read_gtfs(file(case, "feed.zip")))
    counts = departures_between(stops, "weekday", 0, 30).tolist()
    return dict(zip(stops.ids.tolist(), counts, strict=True))


def test_departures_of_the_field_are_those_of_each_stop_on_its_usual_day() -> None:
    assert {stop: n for stop, n in departures("R08").items() if stop in ("A1", "B1")} == {"A1": 1, "B1": 30}
    feed = read_gtfs(file("R09", "feed.zip"))
    assert str(feed.dates["weekday"]) >= "2018-04-02"
    assert departures("R09")["S1"] == 11
    assert set(of_feed(read_gtfs(file("R10", "feed.zip"))).modes) == {"demand"}


def test_a_point_of_the_tokyo_datum_lies_where_it_is() -> None:
    (entry,) = read_list(file("R20", "list.geojson"))
    assert entry.geometry is not None
    (place,) = shapely.get_coordinates(entry.geometry).tolist()
    assert tuple(place) == pytest.approx((139.05680, 36.38314), abs=1e-4)


def test_a_swapped_zone_is_refused(client: httpx.Client) -> None:
    body = json.loads(file("R23", "zone.json").read_text(encoding="utf-8"))
    answer = client.post("/v1/transport-gap/scenario", json=body)
    assert answer.status_code == 422
    assert "longitude before latitude" in answer.text


def test_an_address_with_html_in_it_is_the_view_it_names(client: httpx.Client, server: Server) -> None:
    written = file("R25", "run.sh").read_text(encoding="utf-8")
    address = written.partition("'url=")[2].partition("'")[0].replace("http://127.0.0.1:8000", server.url)
    assert "&amp;" in address
    told, meant = (
        client.get("/oembed", params={"url": url}).json() for url in (address, address.replace("&amp;", "&"))
    )
    assert told == meant
    assert "2015" in told["title"]
