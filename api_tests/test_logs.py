"""Request ids and the log: who asked for what is found by what the answer told them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from api_tests.conftest import Server, serving
from api_tests.test_connections import heard
from api_tests.test_outage import cut_off, until
from service.tests.databases import Database, DatabaseServer

#: Who is believed, and who is not.
PROXY, STRANGER = "127.0.0.2", "127.0.0.1"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ID = re.compile(r"[0-9a-f]{32}")
LEGEND = "/v1/layers/population/legend.json?lang=en"


@pytest.fixture(scope="module")
def logged(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service that logs as JSON, and believes one address of this machine alone."""
    settings = {
        "CHIIKI_LOG_FORMAT": "json",
        "CHIIKI_ACCESS_LOG": "true",
        "CHIIKI_FORWARDED_ALLOW_IPS": PROXY,
    }
    with serving(database, tmp_path_factory.mktemp("logs") / "log", **settings) as server:
        yield server


def client_at(server: Server, address: str = STRANGER) -> httpx.Client:
    transport = httpx.HTTPTransport(local_address=address)
    return httpx.Client(base_url=server.url, transport=transport, timeout=30)


def entries(server: Server, request_id: str) -> list[dict[str, Any]]:
    """Return what the log tells of a request; its line comes after the answer."""
    found: list[dict[str, Any]] = []

    def are_there() -> bool:
        told = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
        found[:] = [one for one in told if one.get("request_id") == request_id]
        return bool(found)

    until(are_there)
    return found


def test_the_log_has_a_line_under_the_id_that_the_answer_told(logged: Server) -> None:
    with client_at(logged) as client:
        answer = client.get(LEGEND)
        request_id = answer.headers["x-request-id"]
        assert ID.fullmatch(request_id)
        (line,) = entries(logged, request_id)
        assert line["ms"] > 0
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
        assert re.fullmatch(rf"{STRANGER}:\d+", line["client"])
        told = {name: line[name] for name in ("level", "logger", "method", "path", "status", "bytes")}
        assert told == {
            **{"level": "info", "logger": "chiiki.access", "method": "GET", "path": LEGEND.partition("?")[0]},
            **{"status": 200, "bytes": int(answer.headers["content-length"])},
        }
        assert "lang=en" not in line["message"]
        head = client.head(LEGEND)
        assert entries(logged, head.headers["x-request-id"])[0]["bytes"] == 0


def test_an_answer_that_is_held_holds_nobodys_id(logged: Server) -> None:
    with client_at(logged) as client:
        for path in (LEGEND, "/v1/layers/population/tiles/5/28/12.mvt?period=2020", "/about"):
            answers = [client.get(path) for _ in range(3)]
            assert len({answer.content for answer in answers}) == 1
            ids = {answer.headers["x-request-id"] for answer in answers}
            assert len(ids) == 3
            assert not any(one.encode() in answers[0].content for one in ids)
            unchanged = client.get(path, headers={"If-None-Match": answers[0].headers["etag"]})
            assert unchanged.status_code == 304
            assert unchanged.headers["x-request-id"] not in ids


@pytest.mark.parametrize(
    ("path", "accept"), [("/v1/layers/none", "*/*"), ("/v1/layers?nothing=1", "*/*"), ("/none", "text/html")]
)
def test_a_problem_tells_the_id_of_its_request(logged: Server, path: str, accept: str) -> None:
    with client_at(logged) as client:
        answer = client.get(path, headers={"Accept": accept})
    request_id = answer.headers["x-request-id"]
    assert answer.headers["cache-control"] == "no-store"
    if accept == "text/html":
        assert f"<code>{request_id}</code>" in answer.text
    else:
        assert answer.json()["request_id"] == request_id
    assert entries(logged, request_id)[0]["status"] == answer.status_code


def test_what_the_connection_refuses_has_an_id_too(logged: Server) -> None:
    said = heard(logged, [b"GET /" + b"a" * 40_000])
    head, _, body = said.partition(b"\r\n\r\n")
    request_id = json.loads(body)["request_id"]
    assert f"x-request-id: {request_id}".encode() in head.lower().split(b"\r\n")
    (line,) = entries(logged, request_id)
    assert (line["status"], line["method"], line["path"]) == (431, "", "")


def test_the_id_is_that_of_the_trace_where_a_proxy_that_is_believed_tells_it(logged: Server) -> None:
    told = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    with client_at(logged, PROXY) as client:
        assert client.get(LEGEND, headers=told).headers["x-request-id"] == TRACE
        assert client.get("/v1/layers/none", headers=told).json()["request_id"] == TRACE
    with client_at(logged) as client:
        assert client.get(LEGEND, headers=told).headers["x-request-id"] != TRACE


MALFORMED = (
    "",
    TRACE,
    f"00-{TRACE.upper()}-00f067aa0ba902b7-01",
    f"00-{'0' * 32}-00f067aa0ba902b7-01",
    f"00-{TRACE}-{'0' * 16}-01",
    f"01-{TRACE}-00f067aa0ba902b7-01",
    f"00-{TRACE}-00f067aa0ba902b7-01-more",
    f"00-{TRACE[:-1]}g-00f067aa0ba902b7-01",
    "00-" + "a" * 20_000,
    '00-"}{"level":"error","message":"forged"}',
)


@pytest.mark.parametrize("traceparent", MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_no_trace_gives_no_id(logged: Server, traceparent: str) -> None:
    with client_at(logged, PROXY) as client:
        answer = client.get("/healthz", headers={"traceparent": traceparent, "X-Request-Id": TRACE})
    assert ID.fullmatch(answer.headers["x-request-id"])
    assert answer.headers["x-request-id"] != TRACE


def test_two_traces_are_none(logged: Server) -> None:
    both = [("traceparent", f"00-{one}-00f067aa0ba902b7-01") for one in (TRACE, TRACE[::-1])]
    with client_at(logged, PROXY) as client:
        assert client.get("/healthz", headers=both).headers["x-request-id"] not in (TRACE, TRACE[::-1])


def test_every_line_is_an_object_whatever_strangers_send(logged: Server) -> None:
    forged = '%0A{"level":"error","message":"forged"}%0D%00%1b[31m%E2%80%A8%22'
    with client_at(logged, PROXY) as client:
        client.get(f"/{forged}", headers={"X-Forwarded-For": '{"forged": 1}, "x' + "y" * 5000})
        last = client.get(f"/v1/layers/{'a' * 20_000}").headers["x-request-id"]
    (line,) = entries(logged, last)
    assert len(line["path"]) == 500
    lines = logged.log.read_text().splitlines()
    begun = next(place for place, line in enumerate(lines) if line.startswith("{"))
    told = [json.loads(line) for line in lines[begun:]]
    assert all({"time", "level", "logger", "message"} <= set(one) for one in told)
    assert not any(one["message"] == "forged" for one in told)
    assert max(map(len, lines)) < 10_000


def test_a_tile_at_hand_has_no_id_where_nothing_is_written_down(client: httpx.Client) -> None:
    path = "/v1/layers/population/tiles/5/28/12.mvt?period=2020"
    poured = client.get(path)
    assert ID.fullmatch(client.head(path).headers["x-request-id"])
    at_hand = client.get(path)
    assert at_hand.content == poured.content
    assert "x-request-id" not in at_hand.headers


def test_what_is_written_about_a_request_has_its_id(
    database_server: DatabaseServer, scratch_database: Database, tmp_path: Path
) -> None:
    name = scratch_database.writer.database
    with (
        serving(scratch_database, tmp_path / "log", CHIIKI_LOG_FORMAT="json") as server,
        client_at(server) as client,
        database_server.admin.connect() as admin,
    ):
        admin.execute(text(f'alter database "{name}" allow_connections false'))
        cut_off(database_server, name)
        try:
            until(lambda: client.get("/readyz").json()["status"] == "degraded")
            refused = client.get("/v1/layers/dentists/values.json")
            assert refused.status_code == 503
            (line,) = entries(server, refused.json()["request_id"])
        finally:
            admin.execute(text(f'alter database "{name}" allow_connections true'))
    assert (line["level"], line["logger"]) == ("warning", "chiiki")
    assert "no answer of the database" in line["message"]
