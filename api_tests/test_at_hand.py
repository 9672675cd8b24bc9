"""An answer that is held is the one that its route gave, to whoever asks in the same way."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlsplit

import httpx
import pytest

from api_tests.conftest import Server
from geo.figures.observations import Row
from service.figures.load import Figures, load_observations
from service.tests.databases import Database

#: Asked for by no other test, so that the first answer is the route's.
ADDRESSES = (
    "/v1/layers?limit=991",
    "/v1/indicators?limit=991",
    "/ogc/collections?limit=991",
    "/catalog.jsonld?limit=991",
    "/ogc/collections/population.prefecture/items?limit=991&detail=low",
    "/ogc/collections/population.prefecture/items?limit=991&detail=low&crs=http://www.opengis.net/def/crs/EPSG/0/6668",
    "/v1/layers/population/areas.geojson?level=prefecture&bbox=139,35,140,36",
    "/v1/layers/population/values.csv?level=prefecture&parent=13000",
)
KINDS = (
    {"Accept-Encoding": "gzip"},
    {"Accept-Encoding": "identity"},
    {"Accept-Encoding": "gzip", "Accept": "text/html"},
    {"Accept-Encoding": "gzip", "Accept-Language": "en"},
    {"Accept-Encoding": "gzip", "Host": "localhost"},
    {"Accept-Encoding": "gzip", "Origin": "https://portal.example"},
)


#: They are of one answer, not of what it says.
OF_ONE = {"date", "x-request-id"}


def told(answer: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    """Return what an answer says, but for when it was sent, and to whom."""
    headers = {name: value for name, value in answer.headers.items() if name not in OF_ONE}
    return answer.status_code, headers, answer.content


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_same_answer_is_sent_again(client: httpx.Client, address: str) -> None:
    first = [client.get(address, headers=kind) for kind in KINDS]
    assert {answer.status_code for answer in first} == {200}
    for kind, answer in zip(KINDS, first, strict=True):
        for _ in range(2):
            assert told(client.get(address, headers=kind)) == told(answer)
        known = {**kind, "If-None-Match": f'"x", {answer.headers["etag"]}'}
        unchanged = client.get(address, headers=known)
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        kept = {"etag", "cache-control", "vary", "content-crs", "chiiki-revision", "content-security-policy"}
        for name in kept & answer.headers.keys():
            assert unchanged.headers[name] == answer.headers[name]
        assert not {"content-encoding", "content-disposition", "content-type"} & unchanged.headers.keys()
        head = client.head(address, headers=kind)
        assert told(head) == (200, told(answer)[1], b"")
    assert "access-control-allow-origin" in first[-1].headers


def test_the_headers_that_an_answer_follows_from_tell_answers_apart(
    client: httpx.Client, server: Server
) -> None:
    address, port = "/ogc/collections?limit=990", urlsplit(server.url).port
    kinds = [kind | ({"Host": f"localhost:{port}"} if "Host" in kind else {}) for kind in KINDS]
    for _ in range(2):
        answers = [client.get(address, headers=kind) for kind in kinds]
        plain, _, page, english, elsewhere, _ = (answer.text for answer in answers)
        assert page.startswith("<!doctype html>")
        assert "人口" in plain
        assert "人口" not in english
        assert f"http://localhost:{port}/ogc/collections" in elsewhere
        assert f"http://127.0.0.1:{port}/ogc/collections" in plain
        assert "localhost" not in plain


def test_a_parameter_that_is_none_is_refused_however_often_it_is_asked(client: httpx.Client) -> None:
    for _ in range(3):
        assert client.get("/v1/layers?limit=989&colour=red").status_code == 422


def test_after_a_load_nothing_old_is_at_hand(
    scratch_client: httpx.Client, scratch_database: Database
) -> None:
    address = "/ogc/collections/libraries.municipality/items?code=10201&detail=low"
    before = [scratch_client.get(address) for _ in range(3)]
    assert len({answer.content for answer in before}) == 1
    with scratch_database.begin() as conn:
        period = before[0].json()["features"][0]["properties"]["period"]
        rows = [Row("libraries", "10201", period, 77.0, "ok", "", 0)]
        load_observations(
            conn, [Figures(rows, "census-2020", dt.date(2020, 10, 1))], actor="tests", subject="x"
        )
    for _ in range(300):  # the news takes milliseconds; each look is a request, none waits
        after = scratch_client.get(address, headers={"If-None-Match": before[0].headers["etag"]})
        if after.status_code == 200:
            break
    assert [one["properties"]["value"] for one in after.json()["features"]] == [77]
    assert scratch_client.get(address).content == after.content
