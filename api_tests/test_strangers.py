"""What strangers send: each is answered, in bounded time and length, and none by an error of the service."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlencode

import httpx
import openpyxl
import pytest
from shapely.geometry import box

SCENARIO = "/v1/transport-gap/scenario"
ASKED = {"definition": "mlit-handbook-rural", "area": "10201"}
ITEMS = "/ogc/collections/population.municipality/items?limit=1"


def test_rows_that_lie_nowhere_are_told_up_to_a_hundred(client: httpx.Client) -> None:
    rows = "".join(f"nowhere {number}\n" for number in range(19_000))
    told = client.post("/ogc/joins?detail=low", content=f"市区町村\n前橋市\n{rows}".encode()).json()
    assert (told["matched"], len(told["unmatched"]), told["unmatched_total"]) == (1, 100, 19_000)
    assert [one["where"] for one in told["unmatched"][:2]] == ["line 3", "line 4"]


def test_lines_and_rows_are_told_in_their_order(client: httpx.Client) -> None:
    rows = "10201,1\nalone\n" + "nowhere,1\n" * 200 + "alone\n"
    told = client.post("/ogc/joins?detail=low", content=f"code,a\n{rows}".encode()).json()
    assert told["unmatched_total"] == 202
    assert [one["where"] for one in told["unmatched"]] == [f"line {line}" for line in range(3, 103)]


def test_members_that_there_are_not_are_told_up_to_a_hundred(client: httpx.Client) -> None:
    body = b"{" + b",".join(b'"_%x":1' % number for number in range(150_000)) + b"}"
    answer = client.post(SCENARIO, content=body)
    told = answer.json()
    assert (answer.status_code, len(told["errors"]), told["errors_total"]) == (422, 100, 150_000)
    assert told["errors"][0]["expected"].startswith("one of definition, area, add")
    inside = client.post(SCENARIO, json=ASKED | {"add": [{"lon": 139, "lat": 36, "height": 5}]}).json()
    assert [(one["field"], one["value"]) for one in inside["errors"]] == [("add.0.height", "5")]


def test_a_scenario_longer_than_any_is_not_read(client: httpx.Client) -> None:
    assert client.post(SCENARIO, content=b" " * (2 << 20) + b"{}").status_code == 413


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[1]",
        '{"definition":"\\ud800","area":"10201"}',
        '{"\\udfff":1}',
        '{"definition":"mlit-handbook-rural","area":"10201","distances_m":{"bus":NaN}}',
        '{"definition":"mlit-handbook-rural","area":"10201","distances_m":{"bus":' + "9" * 300 + "}}",
        '{"definition":"mlit-handbook-rural","area":"10201","least_departures":' + "9" * 5000 + "}",
        '{"definition":"mlit-handbook-rural","area":"10201","add":[{"lon":1e308,"lat":1e308}]}',
        '{"definition":"mlit-handbook-rural","area":"10201","zones":[{"a":' + "[" * 40 + "]" * 40 + "}]}",
        '{"definition":"mlit-handbook-rural","area":"10201","zones":[{"type":"Polygon","coordinates":'
        "[[[1e308,1e308],[-1e308,1e308],[1e308,-1e308],[1e308,1e308]]]}]}",
        '{"definition":"mlit-handbook-rural","area":"10201","zones":[{"type":"Feature","properties":[]}]}',
        '{"definition":' + "[" * 100_000 + "]" * 100_000 + "}",
    ],
)
def test_a_scenario_that_is_none_is_refused(client: httpx.Client, body: str) -> None:
    answer = client.post(SCENARIO, content=body.encode())
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] in ("body", "line 1")


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("value" + "+1" * 1900 + "=1", "cql2-text"),
        ("NOT " * 950 + "value=1", "cql2-text"),
        ("(" * 40 + "value=1", "cql2-text"),
        ("(" * 40 + "value=" + ")" * 40, "cql2-text"),
        ("value IN (" * 30 + "=" + ")" * 30, "cql2-text"),
        ("S_INTERSECTS(geometry,POLYGON(" + "(" * 40 + "1 1" + ")" * 42, "cql2-text"),
        ("A_EQUALS(name,(" * 25 + "=" + "))" * 25, "cql2-text"),
        ("value = 1)", "cql2-text"),
        ('{"op":"not","args":[' * 100 + "true" + "]}" * 100, "cql2-json"),
        ('{"op":"=","args":[{"property":"name"},"\\ud800"]}', "cql2-json"),
        ('{"op":"=","args":[{"property":"value"},' + "9" * 400 + "]}", "cql2-json"),
        ("S_INTERSECTS(geometry,POINT(1e308 1e308))", "cql2-text"),
    ],
)
def test_a_filter_made_to_be_costly_is_refused(client: httpx.Client, text: str, lang: str) -> None:
    answer = client.get(f"{ITEMS}&{urlencode({'filter': text, 'filter-lang': lang})}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "filter")


@pytest.mark.parametrize("number", ["1e308", "1e309", "9" * 400, "-1e308"])
def test_a_filter_may_name_any_number(client: httpx.Client, number: str) -> None:
    answer = client.get(f"{ITEMS}&{urlencode({'filter': f'value > {number}'})}")
    assert answer.status_code == 200
    assert answer.json()["numberMatched"] == (1741 if number.startswith("-") else 0)


def test_layers_come_in_the_order_in_which_each_request_names_them(client: httpx.Client) -> None:
    def ids(query: str) -> list[str]:
        return [one["id"] for one in client.get(f"/v1/layers?{query}").json()["layers"]]

    assert ids("id=births&id=population") == ["births", "population"]
    assert ids("id=population&id=births") == ["population", "births"]


def metadata(client: httpx.Client, query: str) -> tuple[bytes, dict[str, Any]]:
    answer = client.get(f"/v1/layers/population/download.xlsx?{query}")
    assert answer.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    return answer.content, {str(name): text for name, text in book["metadata"].iter_rows(values_only=True)}


def test_a_file_tells_its_own_address_and_not_how_somebody_asked_for_it(client: httpx.Client) -> None:
    first, told = metadata(client, "rev=never&level=prefecture&periods=2020&bom=0&columns=value,%20code")
    again, _ = metadata(client, "columns=code,value&level=prefecture&rev=other&periods=2020")
    assert first == again
    assert "rev" not in told["address"]
    assert "/v1/layers/population/download.xlsx?level=prefecture&vintage=" in told["address"]
    assert client.get(told["address"]).content == first
    refused = client.get("/v1/layers/population/download.xlsx?level=prefecture&x=1")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "x")


def test_a_list_as_a_workbook_is_one_file_however_it_was_asked_for(client: httpx.Client) -> None:
    tags = {
        client.get(f"/v1/deployments.xlsx?{query}").headers["etag"]
        for query in ("area=10000&lang=ja", "lang=ja&area=10000", "lang=en&lang=ja&area=10000")
    }
    assert len(tags) == 1


def test_a_zone_of_a_scenario_may_have_many_vertices(client: httpx.Client) -> None:
    zone = box(139.0, 36.3, 139.1, 36.4).segmentize(0.0003).__geo_interface__
    answer = client.post(SCENARIO, json=ASKED | {"zones": [zone]})
    assert answer.status_code == 200
    assert answer.json()["total"]["gap_after"] <= answer.json()["total"]["gap_before"]
