"""Figures that come in over HTTP: who may, what is refused, and that nothing is half loaded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, func, select, text, update

from api_tests.conftest import Server, serving
from geo.figures.observations import Row
from geo.tests.promises import Promise
from service.app import create_api
from service.db import versions
from service.db.tables import api_key, embargo, kept_answer
from service.figures.embargo import hold_observations
from service.figures.load import Figures
from service.http import auth, writes
from service.settings import Settings
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


def test_a_hundred_of_many_faults_are_told_and_how_many_there_are(writer: httpx.Client) -> None:
    answer = put(writer, "libraries,01100,2031,five,\n" * 30_000)
    told = answer.json()
    assert (answer.status_code, len(told["errors"]), told["errors_total"]) == (422, 100, 30_000)
    assert len(answer.content) < 50_000
    assert told["detail"] == "30000 faults; nothing was loaded"


@pytest.mark.parametrize(
    "body", ["[" * 900 + "]" * 900, '[{"value":' + "[" * 40 + "]" * 40 + "}]", '["\\ud800"]']
)
def test_json_that_is_nested_or_no_text_is_refused(writer: httpx.Client, body: str) -> None:
    answer = writer.put(PATH, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422


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


# Who may do what

DEPLOYMENT = {
    "measure_id": "smart-cities",
    "areas": "群馬県前橋市",
    "status": "adopted",
    "fy_start": "2025",
    "source_title": "前橋市",
    "source_url": "https://example.jp/a",
    "retrieved_on": "2026-11-01",
    "confidence": "official",
}
TARGET = {
    "area": "10201",
    "type": "number",
    "baseline": -1200,
    "baseline_period": "2024",
    "target": -800,
    "target_period": "2029",
    "plan_from": 2025,
    "plan_to": 2029,
}
NEIGHBOURS = {**TARGET, "area": "10202"}
KPI = {
    "owner": "10201",
    "name_ja": "社会増減",
    "name_en": "Net migration",
    "definition_ja": "転入 − 転出",
    "definition_en": "In less out",
    "unit_ja": "人",
    "unit_en": "persons",
    "source_title": "総合戦略",
    "source_url": "https://example.jp",
    "targets": [TARGET],
}
#: All requests are of 前橋市 (10201): route → method, address, body. In this order each one can be done.
WRITES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "/v1/indicators/{indicator}/observations": (
        "PUT",
        PATH,
        {
            "content": f"{HEADER}libraries,10201,2025,7,\n".encode(),
            "headers": {"Content-Type": "text/csv"},
        },
    ),
    "/v1/deployments": ("POST", "/v1/deployments", {"json": [{**DEPLOYMENT, "deployment_id": "list-1"}]}),
    "/v1/deployments/{deployment} put": ("PUT", "/v1/deployments/maebashi", {"json": DEPLOYMENT}),
    "/v1/deployments/{deployment} delete": ("DELETE", "/v1/deployments/maebashi", {}),
    "/v1/kpis/{kpi} put": ("PUT", "/v1/kpis/maebashi", {"json": KPI}),
    "/v1/kpis/{kpi}/actuals": (
        "PUT",
        "/v1/kpis/maebashi/actuals",
        {"content": b"area,period,value,source_title\n10201,2025,-1080,x\n"},
    ),
    "/v1/kpis/{kpi} delete": ("DELETE", "/v1/kpis/maebashi", {}),
    "/v1/embargoes/{embargo} delete": ("DELETE", "/v1/embargoes/00000000feed", {}),
}
#: What changes nothing, though it is sent with a body.
COMPUTES = {"/v1/transport-gap/scenario", "/ogc/joins"}
#: What changes nothing and is told to keys alone.
TOLD_TO_KEYS = {"/v1/embargoes"}
FIGURES_ALONE = "/v1/indicators/{indicator}/observations"
CANCELS = "/v1/embargoes/{embargo} delete"

#: key → the status of figures, the status of what stewards enter
EXPECTED: dict[str, tuple[int, int]] = {
    "none": (401, 401),
    "mistyped": (401, 401),
    "revoked": (401, 401),
    "expired": (401, 401),
    "another town": (403, 403),
    "another prefecture": (403, 403),
    "other figures": (403, 403),
    "figures": (200, 403),
    "steward": (403, 200),
    "the town": (200, 200),
    "the prefecture": (200, 200),
    "these figures": (200, 403),
}
#: That something is held is told to nobody who could not have loaded it.
UNTOLD = {"another town": 404, "another prefecture": 404, "other figures": 404}
BOTH = ["write", "steward"]
LIMITS: dict[str, tuple[list[str], dict[str, list[str]]]] = {
    "revoked": (BOTH, {}),
    "expired": (BOTH, {}),
    "another town": (BOTH, {"areas": ["10202", "01100"]}),
    "another prefecture": (BOTH, {"areas": ["01000"]}),
    "other figures": (["write"], {"indicators": ["births"]}),
    "figures": (["write"], {}),
    "steward": (["steward"], {}),
    "the town": (BOTH, {"areas": ["10201"]}),
    "the prefecture": (BOTH, {"areas": ["10000"]}),
    "these figures": (["write"], {"areas": ["10201"], "indicators": ["libraries"]}),
}
STATE = text(
    "select (select count(*) from audit), (select count(*) from kept_answer),"
    " (select count(*) from observation where indicator = 'libraries'), (select count(*) from embargo),"
    " (select array_agg(n order by subject) from revision),"
    " (select count(*) from deployment where valid_to is null),"
    " (select count(*) from kpi where valid_to is null)"
)


@pytest.fixture(scope="module")
def limited(written_database: Database) -> dict[str, str]:
    """A key of every kind."""
    with written_database.begin() as conn:
        made = {
            name: auth.create_key(conn, name, scopes, None, "tests", **limits)
            for name, (scopes, limits) in LIMITS.items()
        }
        auth.revoke_key(conn, made["revoked"].split("_")[1], "tests")
        ended = update(api_key).where(api_key.c.id == made["expired"].split("_")[1])
        conn.execute(ended.values(expires_at=dt.datetime(2026, 3, 31, tzinfo=dt.UTC)))
    return {**made, "mistyped": made["the town"][:-1] + "x"}


@pytest.fixture
def anybody(written_server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=written_server.url, timeout=30) as client:
        yield client


def send(client: httpx.Client, write: str, key: str | None, **headers: str) -> httpx.Response:
    method, address, body = WRITES[write]
    sent = {**body.get("headers", {}), **({"X-API-Key": key} if key else {}), **headers}
    return client.request(method, address, **{**body, "headers": sent})


def hold(database: Database) -> None:
    """Let nothing be held but a figure of 前橋市, under the id of the table above."""
    figure = Row("libraries", "10201", "2040", 7.0, "ok", "", 1)
    part = Figures([figure], "ssdse-a-2026", dt.date(2024, 10, 1))
    with database.begin() as conn:
        conn.execute(delete(embargo))
        until = conn.scalar(text("select now() + interval '1 day'"))
        hold_observations(conn, [part], until=until, actor="tests", subject="libraries")
        conn.execute(update(embargo).values(id="00000000feed"))


def state(database: Database) -> tuple[object, ...]:
    with database.begin() as conn:
        return tuple(conn.execute(STATE).one())


def test_every_route_that_takes_a_body_is_of_this_table_or_computes() -> None:
    paths = create_api(Settings()).openapi()["paths"]
    writing = {
        (method.upper(), path) for path, methods in paths.items() for method in methods if method != "get"
    }
    assert {path for _, path in writing} == COMPUTES | {name.partition(" ")[0] for name in WRITES}
    assert len(writing) == len(COMPUTES) + len(WRITES)
    for path, methods in paths.items():
        for method, operation in methods.items():
            is_write = (method.upper(), path) in writing and path not in COMPUTES
            named = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "header"]
            assert ("Idempotency-Key" in named) is is_write, (method, path)
            assert bool(operation.get("security")) is (is_write or path in TOLD_TO_KEYS), (method, path)


def test_a_key_does_what_it_allows_and_changes_nothing_else(
    anybody: httpx.Client, written_database: Database, limited: dict[str, str], promise: Promise
) -> None:
    wrong = []
    for who, (figures, entered) in EXPECTED.items():
        for there_is_one_to_end in ("/v1/deployments/{deployment} put", "/v1/kpis/{kpi} put"):
            assert send(anybody, there_is_one_to_end, limited["the prefecture"]).status_code == 200
        hold(written_database)
        of_write = {FIGURES_ALONE: figures, CANCELS: UNTOLD.get(who, figures)}
        for write in WRITES:
            before = state(written_database)
            answer = send(anybody, write, limited.get(who))
            expected = of_write.get(write, entered)
            right = answer.status_code in ((200, 204) if expected == 200 else (expected,))
            if expected != 200:
                is_problem = answer.headers["content-type"] == "application/problem+json"
                right = right and is_problem and state(written_database) == before
            if not right:
                wrong.append((who, write, answer.status_code, answer.text[:300]))
    promise.told(
        "a key changes nothing beyond its scopes, areas and indicators",
        tried=len(EXPECTED) * len(WRITES),
        failed=len(wrong),
        worst=f"{wrong[0]}" if wrong else "",
    )


@pytest.mark.parametrize("who", EXPECTED)
def test_a_key_holds_what_it_may_load_and_is_told_of_nothing_else(
    anybody: httpx.Client, written_database: Database, limited: dict[str, str], who: str
) -> None:
    hold(written_database)
    headers = {"X-API-Key": limited[who]} if who in limited else {}
    method, address, body = WRITES[FIGURES_ALONE]
    expected, _ = EXPECTED[who]
    before = state(written_database)
    sent = {**body, "headers": {**body["headers"], **headers}}
    answer = anybody.request(method, f"{address}&embargo=2027-12-25T08:50%2B09:00", **sent)
    assert answer.status_code == expected, answer.text
    if expected != 200:
        assert state(written_database) == before
    told = anybody.get("/v1/embargoes", headers=headers)
    assert told.headers["Cache-Control"] == "no-store"
    if who in UNTOLD:
        assert told.json() == {"embargoes": []}
    elif expected == 200:
        assert [one["id"] for one in told.json()["embargoes"]] == [
            "00000000feed",
            answer.json()["embargo"]["id"],
        ]
    else:
        assert told.status_code == expected


def test_a_refused_key_is_told_why(anybody: httpx.Client, limited: dict[str, str]) -> None:
    def told(who: str, write: str) -> str:
        return str(send(anybody, write, limited[who]).json())

    figures, entered = FIGURES_ALONE, "/v1/deployments"
    assert "expired on 2026-03-31" in told("expired", entered)
    assert "The API key may change 01100, 10202 and what lies in it" in told("another town", figures)
    assert "'area', 'value': '10201', 'expected': 'in 01000'" in told("another prefecture", entered)
    assert "'expected': 'one of births'" in told("other figures", figures)


@pytest.mark.parametrize(
    ("write", "other"),
    [
        ("/v1/deployments/{deployment} put", {**DEPLOYMENT, "areas": "群馬県高崎市"}),
        ("/v1/kpis/{kpi} put", {**KPI, "owner": "10202", "targets": [NEIGHBOURS]}),
        ("/v1/kpis/{kpi} put", {**KPI, "targets": [TARGET, NEIGHBOURS]}),
    ],
)
def test_a_town_can_neither_take_nor_give_away_what_is_anothers(
    anybody: httpx.Client, limited: dict[str, str], write: str, other: dict[str, Any]
) -> None:
    method, address, _ = WRITES[write]
    own, neighbour = ({"X-API-Key": limited[who]} for who in ("the town", "another town"))
    assert send(anybody, write, limited["the town"]).status_code == 200
    for headers in (own, neighbour):
        assert anybody.request(method, address, json=other, headers=headers).status_code == 403
    assert anybody.get(address).json()[("owner" if "kpis" in address else "areas")]


def test_one_row_of_another_town_refuses_the_whole_body(
    anybody: httpx.Client, limited: dict[str, str]
) -> None:
    rows = "libraries,10201,2032,7,\nlibraries,10202,2032,7,\nlibraries,10000,2032,7,\n"
    answer = put(anybody, rows, **{"X-API-Key": limited["the town"]})
    assert answer.status_code == 403
    assert [fault["value"] for fault in answer.json()["errors"]] == ["10000", "10202"]
    assert put(anybody, rows, **{"X-API-Key": limited["the prefecture"]}).status_code == 200


# The same request again


def test_a_write_that_is_sent_again_is_done_once_and_answered_the_same(
    writer: httpx.Client, written_database: Database
) -> None:
    first = put(writer, "libraries,01202,2033,1,\n", **{"Idempotency-Key": '"load-1"'})
    before = state(written_database)
    put(writer, "libraries,01202,2033,2,\n")  # without the header as ever
    again = put(writer, "libraries,01202,2033,1,\n", **{"Idempotency-Key": '"load-1"'})
    assert first.json()["added"] == 1
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["content-type"] == first.headers["content-type"]
    series = writer.get("/v1/series?indicator=libraries&areas=01202&from=2033&to=2033").json()["series"]
    assert [point["value"] for point in series[0]["points"]] == [2.0]
    assert before != state(written_database)  # by what was sent between


def test_what_was_ended_once_is_answered_204_again_and_404_without_the_header(
    anybody: httpx.Client, limited: dict[str, str]
) -> None:
    key, delete = limited["the town"], "/v1/kpis/{kpi} delete"
    send(anybody, "/v1/kpis/{kpi} put", key)
    for _ in range(2):
        assert send(anybody, delete, key, **{"Idempotency-Key": '"end"'}).status_code == 204
    assert send(anybody, delete, key).status_code == 404


@pytest.mark.parametrize("change", ["body", "query", "path", "method"])
def test_another_request_under_the_same_name_is_refused(
    anybody: httpx.Client, limited: dict[str, str], change: str
) -> None:
    headers = {"X-API-Key": limited["the town"], "Idempotency-Key": f'"one {change}"'}
    method, address, body = WRITES["/v1/kpis/{kpi} put"]
    assert anybody.request(method, address, **body, headers=headers).status_code == 200
    if change == "body":
        body = {"json": {**KPI, "name_ja": "別"}}
    address += {"query": "?dry_run=true", "path": "/actuals"}.get(change, "")
    method = "DELETE" if change == "method" else method
    before = anybody.get("/v1/kpis/maebashi").content
    answer = anybody.request(method, address, **body, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/key-reused")
    assert anybody.get("/v1/kpis/maebashi").content == before


def test_keys_do_not_share_names_and_a_refusal_leaves_a_name_free(
    anybody: httpx.Client, limited: dict[str, str]
) -> None:
    for who, status in (("another town", 403), ("the town", 200), ("the prefecture", 200)):
        answer = send(anybody, "/v1/deployments", limited[who], **{"Idempotency-Key": '"shared"'})
        assert answer.status_code == status
    headers = {"X-API-Key": limited["the town"], "Idempotency-Key": '"mended"'}
    assert put(anybody, "libraries,10201,2034,five,\n", **headers).status_code == 422
    assert put(anybody, "libraries,10201,2034,1,\n", **headers).status_code == 200


@pytest.mark.parametrize("name", ['""', '"', "", "a b", '"ä"'.encode(), '"' + "x" * 201 + '"', 'a"b'])
def test_a_name_that_is_none_is_refused(writer: httpx.Client, name: str | bytes) -> None:
    headers = {"Idempotency-Key": name, "Content-Type": "text/csv"}
    answer = writer.put(PATH, content=HEADER.encode() + b"libraries,01100,2035,1,\n", headers=headers)  # type: ignore[arg-type]  # httpx takes bytes among text
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


def test_the_same_request_at_the_same_time_is_told_to_wait_and_nothing_is_done_twice(
    anybody: httpx.Client, written_server: Server, written_database: Database, limited: dict[str, str]
) -> None:
    key, name = limited["the town"], {"Idempotency-Key": '"slow"'}
    waiting = text(
        "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        " and database = (select oid from pg_database where datname = current_database())"
    )

    def first() -> httpx.Response:
        with httpx.Client(base_url=written_server.url, timeout=30) as client:
            return send(client, "/v1/deployments", key, **name)

    with ThreadPoolExecutor(1) as pool:
        with written_database.begin() as conn:
            versions.take_turn(conn)  # another steward is at work, and the first request waits
            answer = pool.submit(first)
            with written_database.begin() as looking:
                while not looking.scalar(waiting):
                    assert not answer.done()
            refused = send(anybody, "/v1/deployments", key, **name)
        done = answer.result()
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/still-at-work")
    assert int(refused.headers["Retry-After"]) > 0
    assert done.status_code == 200
    assert send(anybody, "/v1/deployments", key, **name).content == done.content


def test_a_write_whose_answer_cannot_be_kept_is_not_done(
    anybody: httpx.Client, written_database: Database, limited: dict[str, str]
) -> None:
    with written_database.begin() as conn:
        conn.execute(text("alter table kept_answer add constraint is_full check (name <> 'full')"))
    before = state(written_database)
    headers = {"X-API-Key": limited["the town"], "Idempotency-Key": '"full"'}
    answer = put(anybody, "libraries,10201,2036,1,\n", **headers)
    assert answer.status_code >= 500
    assert state(written_database) == before
    with written_database.begin() as conn:
        conn.execute(text("alter table kept_answer drop constraint is_full"))
    assert put(anybody, "libraries,10201,2036,1,\n", **headers).json()["added"] == 1


def test_answers_are_kept_for_a_day_and_so_many_of_a_key(
    anybody: httpx.Client, written_database: Database, limited: dict[str, str]
) -> None:
    key = limited["the prefecture"]
    fill = text(
        "insert into kept_answer (key, name, at, request, status, body)"
        " select :key, 'n' || n, now() - cast(:age as interval), '', 204, ''"
        " from generate_series(1, :count) n"
    )
    row = {"key": key.split("_")[1], "count": writes.MOST_KEPT}

    def sent() -> httpx.Response:
        return send(anybody, "/v1/deployments", key, **{"Idempotency-Key": '"n7"'})

    with written_database.begin() as conn:
        conn.execute(fill, {**row, "age": "23 hours 59 minutes"})
    assert sent().json()["type"] == "/problems/key-reused"
    answer = send(anybody, "/v1/deployments", key, **{"Idempotency-Key": '"new"'})
    assert (answer.status_code, answer.json()["type"]) == (429, "/problems/too-many-kept")
    assert send(anybody, "/v1/deployments", key).status_code == 200
    with written_database.begin() as conn:
        conn.execute(text("update kept_answer set at = at - interval '2 minutes' where name like 'n%'"))
    assert sent().status_code == 200
    with written_database.begin() as conn:
        left = select(func.count()).select_from(kept_answer).where(kept_answer.c.key == row["key"])
        assert conn.scalar(left.where(kept_answer.c.name.like("n%"))) == 1
