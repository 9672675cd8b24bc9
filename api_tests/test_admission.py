"""A service that is asked for more than it can answer says so at once, and goes on answering what it has."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import orjson
import pytest
from sqlalchemy import text

from api_tests.conftest import Server, serving
from geo.tests.promises import Promise
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
        script = f"/assets/{client.get('/docs').text.partition('/assets/')[2].split(chr(34), 1)[0]}"
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
        assert client.get(script).status_code == 200
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


SEED = 22
#: Status and whether it was said when to come again.
Told = tuple[int, bool]


async def _asking(server: Server, address: str, paths: list[str]) -> list[Told]:
    """Ask for one after another on one connection, as an address; a refusal is no reason to stop."""
    to = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(str(to.hostname), to.port)
    told = []
    try:
        for path in paths:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {address}\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = head.partition(b"\r\ncontent-length: ")[2].split(b"\r\n", 1)[0]
            await reader.readexactly(int(length))
            told.append((int(head[9:12]), b"\r\nretry-after: " in head))
    finally:
        writer.close()
    return told


async def _flood(server: Server, codes: list[str], clients: int, each: int) -> list[Told]:
    """Let so many clients ask for series that nobody asked for before, all at once."""
    draw = random.Random(SEED)

    def series() -> str:
        return f"/v1/series?indicator=births&areas={','.join(draw.sample(codes, 3))}"

    asked = [
        _asking(server, f"2001:db8:{client:x}::1", [series() for _ in range(each)])
        for client in range(clients)
    ]
    return [told for one in await asyncio.gather(*asked) for told in one]


def test_ten_times_as_many_as_find_a_place_are_answered_or_told_to_come_again(
    database: Database, tmp_path: Path, promise: Promise
) -> None:
    places = promise.times(8, 100)
    limits = {"CHIIKI_MOST_READS": str(places), "CHIIKI_READS_PER_MINUTE": "0"}
    with (
        serving(database, tmp_path / "log", **limits) as server,
        httpx.Client(base_url=server.url, timeout=60) as honest,
        ThreadPoolExecutor(1) as beside,
    ):
        listed = honest.get("/v1/areas?level=municipality&limit=2000").json()["areas"]
        held = honest.get(TILE).content
        codes = [one["code"] for one in listed]
        flood: Future[list[Told]] = beside.submit(asyncio.run, _flood(server, codes, 10 * places, 4))
        slowest, looked, lost = 0.0, 0, 0
        while not flood.done() or not looked:
            answer = honest.get(TILE)
            looked, lost = looked + 1, lost + (answer.content != held)
            slowest = max(slowest, answer.elapsed.total_seconds())
        told = flood.result()
        assert honest.get("/v1/areas/20215/neighbours").status_code == 200
    answered = sum(status == 200 for status, _ in told)
    wrong = [one for one in told if one[0] != 200 and one != (503, True)]
    assert answered >= places
    promise.told(
        f"{10 * places:,} at once are answered or told when to come again, and what is at hand is answered",
        tried=len(told) + looked,
        failed=len(wrong) + lost,
        worst=f"{answered / len(told):.0%} answered, {slowest:.2f} s for what is at hand",
        seed=SEED,
    )
