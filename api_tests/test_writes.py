"""Figures that come in over HTTP: who may, what is refused, and that nothing is half loaded."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from api_tests.conftest import Server, serving
from service.http import auth
from service.tests.databases import Database, DatabaseServer

PATH = "/v1/indicators/libraries/observations?source=ssdse-a-2026&boundary_date=2024-10-01"
HEADER = "indicator,area_code,period,value,status\n"


@pytest.fixture(scope="module")
def written_database(database_server: DatabaseServer, template: str) -> Iterator[Database]:
    """A clone of the shipped data, for all tests here."""
    with database_server.new_database(template) as database:
        yield database


@pytest.fixture(scope="module")
def written_server(written_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(written_database, tmp_path_factory.mktemp("written") / "log") as server:
        yield server


@pytest.fixture(scope="module")
def keys(written_database: Database) -> dict[str, str]:
    with written_database.begin() as conn:
        return {scope: auth.create_key(conn, scope, [scope], None, "tests") for scope in auth.SCOPES}


@pytest.fixture
def writer(written_server: Server, keys: dict[str, str]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=written_server.url, headers={"X-API-Key": keys["write"]}) as client:
        yield client


def put(client: httpx.Client, rows: str, **headers: str) -> httpx.Response:
    return client.put(PATH, content=(HEADER + rows).encode(), headers={"Content-Type": "text/csv", **headers})


def value_of(client: httpx.Client, period: str) -> object:
    points = client.get(f"/v1/series?indicator=libraries&areas=01100&from={period}&to={period}").json()[
        "series"
    ]
    return [(p["value"], p["status"]) for p in points[0]["points"]]


def test_without_a_key_nothing_is_written(written_server: Server) -> None:
    with httpx.Client(base_url=written_server.url) as client:
        answer = put(client, "libraries,01100,2025,1,\n")
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert put(client, "libraries,01100,2025,1,\n", **{"X-API-Key": "chk_wrong"}).status_code == 401
        assert value_of(client, "2025") == []


def test_figures_are_seen_at_once_and_again_change_nothing(writer: httpx.Client) -> None:
    before = writer.get("/v1/layers/libraries/tiles.json").json()["revision"]
    answer = put(writer, "libraries,01100,2025,12,\nlibraries,011002,2026,…,\n")
    assert answer.status_code == 200
    assert (answer.json()["added"], answer.json()["changed"]) == (2, 0)
    assert value_of(writer, "2025") == [(12.0, "ok")]
    assert value_of(writer, "2026") == [(None, "not_available")]
    assert writer.get("/v1/layers/libraries/tiles.json").json()["revision"] != before
    assert put(writer, "libraries,01100,2025,12,\n").json()["changed"] == 0


def test_one_wrong_row_refuses_the_whole_body_and_every_fault_is_told(writer: httpx.Client) -> None:
    rows = (
        "libraries,01100,2031,5,\n"
        "libraries,99999,2031,5,\n"
        "libraries,011003,2031,5,\n"
        "libraries,01202,31,5,\n"
        "libraries,01202,2031,five,\n"
        "libraries,01202,2031,5,lost\n"
        "births,01202,2031,5,\n"
        "libraries,01100,2031,6,\n"
    )
    answer = put(writer, rows)
    assert answer.status_code == 422
    faults = {(fault["where"], fault["field"]) for fault in answer.json()["errors"]}
    assert faults == {
        ("line 3", "area_code"),
        ("line 4", "area_code"),
        ("line 5", "period"),
        ("line 6", "value"),
        ("line 7", "status"),
        ("line 8", "indicator"),
        ("line 9", "value"),
    }
    assert all(fault["expected"] for fault in answer.json()["errors"])
    assert value_of(writer, "2031") == []


def test_json_rows_are_read_as_well(writer: httpx.Client) -> None:
    rows = [{"indicator": "libraries", "area_code": "01100", "period": "2027", "value": 13}]
    assert writer.put(PATH, json=rows).json()["added"] == 1
    assert writer.put(PATH, json={"rows": rows}).status_code == 422


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        (b"\x81\xff\xff", "text/csv", "neither UTF-8 nor cp932"),
        (b"a,b\n1,2\n", "text/csv", "header"),
        (b"", "text/csv", "header"),
        (b"{", "application/json", "JSON"),
        (b"x", "application/zip", "text/csv or application/json"),
    ],
)
def test_a_body_of_another_kind_is_refused(writer: httpx.Client, body: bytes, kind: str, told: str) -> None:
    answer = writer.put(PATH, content=body, headers={"Content-Type": kind})
    assert answer.status_code == 422
    assert told in answer.text


@pytest.mark.parametrize(
    "query",
    [
        "source=nowhere&boundary_date=2024-10-01",
        "source=ssdse-a-2026&boundary_date=soon",
        "source=ssdse-a-2026",
        "source=ssdse-a-2026&boundary_date=2024-10-01&force=true",
    ],
)
def test_a_wrong_parameter_is_refused(writer: httpx.Client, query: str) -> None:
    body = (HEADER + "libraries,01100,2025,1,\n").encode()
    answer = writer.put(
        f"/v1/indicators/libraries/observations?{query}", content=body, headers={"Content-Type": "text/csv"}
    )
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_computed_indicator_takes_no_figures(writer: httpx.Client) -> None:
    answer = writer.put(
        PATH.replace("libraries", "ageing-rate"), content=b"", headers={"Content-Type": "text/csv"}
    )
    assert answer.status_code == 422
    assert "population-65-plus" in answer.json()["detail"]


def test_every_worker_hears_of_new_figures(
    written_database: Database, writer: httpx.Client, tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = tmp_path_factory.mktemp("second") / "log"
    with serving(written_database, log) as second, httpx.Client(base_url=second.url) as other:
        first = other.get("/v1/layers/libraries/tiles.json").json()["revision"]
        put(writer, "libraries,01100,2028,44,\n")
        for _ in range(200):  # the news takes milliseconds; each look is a request, none waits
            if other.get("/v1/layers/libraries/tiles.json").json()["revision"] != first:
                break
        assert value_of(other, "2028") == [(44.0, "ok")]
