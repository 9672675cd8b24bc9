"""A service that is asked for more than it can answer says so at once, and goes on answering what it has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import httpx
import orjson
import pytest
from sqlalchemy import text

from api_tests.conftest import Server, serving
from service.tests.databases import Database

MOST, OF_ONE, A_MINUTE = 4, 2, 3
TILE = "/v1/layers/births/tiles/6/57/24.mvt?period=2020"
PICTURE = "/v1/layers/births/map.svg?level=prefecture&width={}"


@pytest.fixture(scope="module")
def narrow(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service that answers little at a time, and little a minute."""
    limits = {
        "CHIIKI_MOST_READS": str(MOST),
        "CHIIKI_MOST_HEAVY": "1",
        "CHIIKI_HEAVY_PER_MINUTE": str(A_MINUTE),
    }
    with serving(database, tmp_path_factory.mktemp("narrow") / "log", **limits) as server:
        yield server


def test_what_finds_no_place_is_refused_at_once_and_what_is_at_hand_is_answered(
    narrow: Server, database: Database
) -> None:
    paths = [f"/v1/areas/10201/neighbours?limit={n}" for n in range(1, 9)]
    with (
        ExitStack() as stack,
        httpx.Client(base_url=narrow.url, timeout=30) as client,
        database.begin() as locking,
    ):
        held = client.get(TILE).content
        assert client.get("/v1/areas/10201").status_code == 200
        address = urlsplit(narrow.url)
        asking = [
            stack.enter_context(closing(HTTPConnection(address.hostname or "", address.port))) for _ in paths
        ]
        for one in asking:
            one.connect()
        locking.execute(text("lock table area in access exclusive mode"))
        for one, path in zip(asking, paths, strict=True):
            one.request("GET", path)
        assert client.get(TILE).content == held
        assert client.get("/v1/areas/10201").status_code == 200
        assert client.get("/readyz").json()["status"] == "ready"
        answers = [one.getresponse() for one in asking]
        told = Counter(orjson.loads(answer.read())["type"] for answer in answers)
        assert {(answer.status, answer.getheader("retry-after")) for answer in answers} == {(503, "5")}
        # the database lets nobody wait for a lock for long
        assert told == {"/problems/busy": len(paths) - OF_ONE, "/problems/unavailable": OF_ONE}
        locking.rollback()
        for path in paths:  # a place that was left is free again
            assert client.get(path).status_code == 200


def test_who_sends_slowly_takes_no_place(narrow: Server) -> None:
    address = urlsplit(narrow.url)
    with closing(HTTPConnection(address.hostname or "", address.port)) as slow:
        slow.putrequest("POST", "/v1/transport-gap/scenario")
        slow.putheader("Content-Length", "2")
        slow.putheader("X-Forwarded-For", "192.0.2.1")
        slow.endheaders()
        other = {"X-Forwarded-For": "192.0.2.2"}
        assert httpx.get(narrow.url + PICTURE.format(500), headers=other, timeout=30).status_code == 200
        slow.send(b"{}")
        assert slow.getresponse().status == 422


def test_an_address_is_told_how_much_it_may_ask_for_in_a_minute(narrow: Server) -> None:
    with httpx.Client(base_url=narrow.url, timeout=30) as client:
        drawn = [client.get(PICTURE.format(300 + n)) for n in range(A_MINUTE + 1)]
        assert [answer.status_code for answer in drawn] == [200] * A_MINUTE + [429]
        refused = drawn[-1]
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["type"] == "/problems/too-many-requests"
        assert refused.headers["ratelimit-policy"] == f'"heavy";q={A_MINUTE};w=60'
        seconds = int(refused.headers["retry-after"])
        assert 0 < seconds <= 60 / A_MINUTE
        assert refused.headers["ratelimit"] == f'"heavy";r=0;t={seconds}'

        again = client.get(PICTURE.format(300))
        assert again.content == drawn[0].content  # it is at hand
        assert client.get("/v1/areas/10202").status_code == 200  # another lane
        elsewhere = client.get(PICTURE.format(999), headers={"X-Forwarded-For": "192.0.2.7"})
        assert elsewhere.status_code == 200
