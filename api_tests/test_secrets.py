"""Keys: read in headers alone, and written down nowhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api_tests.conftest import Server, serving
from service.http.auth import create_key
from service.tests.databases import Database

PATH = "/v1/indicators/libraries/observations"
SOURCE = {"source": "a test", "title": "t", "licence": "l", "boundary_date": "2025-04-01"}


@pytest.fixture(scope="module", params=["text", "json"])
def written(
    database: Database, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[tuple[Server, str, Path]]:
    """A service that logs all it can, a key, and the folder of all that it writes."""
    folder = tmp_path_factory.mktemp("secrets")
    with database.begin() as conn:
        key = create_key(conn, "a test", ["write"], None, "a test")
    settings = {
        "CHIIKI_ACCESS_LOG": "true",
        "CHIIKI_LOG_LEVEL": "debug",
        "CHIIKI_LOG_FORMAT": request.param,
        "CHIIKI_DOWNLOADS": str(folder / "downloads"),
    }
    with serving(database, folder / "log", **settings) as server:
        yield server, key, folder


def in_the_address(key: str) -> dict[str, str]:
    secret = key.partition("_")[2]
    return {
        "as the parameter": f"api_key={key}",
        "beside others": f"limit=3&api_key={key}&level=prefecture",
        "its name encoded": f"api%5Fkey={key}",
        "encoded twice": f"api%255Fkey={key}",
        "in capitals": f"API_KEY={key}",
        "as the header is called": f"X-API-Key={key}",
        "under another name": f"token={key}",
        "as a value, encoded": f"q=chiiki%5F{secret}",
        "as a name": f"{key}=1",
        "mistyped": f"api_key={key[:-3]}",
    }


@pytest.mark.parametrize("path", ["/", "/v1/layers", "/healthz", "/nothing", "/resas/api/v1/cities"])
@pytest.mark.parametrize("place", in_the_address(""))
def test_a_key_in_an_address_is_refused_and_not_repeated(
    written: tuple[Server, str, Path], path: str, place: str
) -> None:
    server, key, _ = written
    secret = key[len("chiiki_0123456789ab_") : -3]
    answer = httpx.get(f"{server.url}{path}?{in_the_address(key)[place]}")
    assert answer.status_code == 400
    assert "X-API-Key" in answer.text
    assert secret not in answer.text + str(answer.headers)


def test_a_key_in_an_address_writes_nothing(written: tuple[Server, str, Path]) -> None:
    server, key, _ = written
    answer = httpx.put(f"{server.url}{PATH}", params={**SOURCE, "api_key": key}, content=b"x")
    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/key-in-address"


def test_no_log_and_no_file_holds_a_key_wherever_it_was_sent(written: tuple[Server, str, Path]) -> None:
    server, key, folder = written
    secret = key[len("chiiki_0123456789ab_") : -8]
    with httpx.Client(base_url=server.url) as client:
        for query in in_the_address(key).values():
            client.get(f"/v1/layers?{query}", headers={"Referer": f"{server.url}/?{query}"})
        client.get(f"/v1/layers/{key}/legend.json")
        client.get(f"/chiiki%5F{key.partition('_')[2]}")
        client.get("/v1/layers?limit=2", headers={"Referer": f"{server.url}/{key}", "User-Agent": key})
        client.get("/v1/layers?limit=3", headers={"X-API-Key": key, "Authorization": f"Bearer {key}"})
        client.get("/v1/layers?limit=4", headers={"Cookie": f"key={key}", "Host": f"{key}.example"})
        client.get("/v1/layers/population/download.csv?level=prefecture", headers={"Host": f"{key}.example"})
        client.post("/ogc/joins", content=f"code,n\n10201,{key}\n")
        client.post("/v1/transport-gap/scenario", json={"definition": key, "area": key})
        refused = client.put(PATH, params=SOURCE, content=key, headers={"X-API-Key": key})
        assert refused.status_code in (415, 422)
        assert client.get("/v1/layers?limit=6&level=prefecture").status_code in (200, 422)
    files = [one for one in folder.rglob("*") if one.is_file()]
    assert folder / "log" in files
    log = (folder / "log").read_text()
    assert [one.name for one in files if secret.encode() in one.read_bytes()] == []
    assert key[:19] in log  # its public part tells whose it was
    assert '"GET /v1/layers" 200' in log.replace("\\", "")
    assert "limit=" not in log
    assert logging.getLevelName(logging.INFO) in log.upper()


def test_forty_names_of_the_service_make_one_file(written: tuple[Server, str, Path]) -> None:
    server, _, folder = written
    path = f"{server.url}/v1/layers/births/download.csv?level=prefecture"
    before = set((folder / "downloads").glob("*.csv"))
    answers = [httpx.get(path, headers={"Host": f"host{n}.example"}, timeout=60) for n in range(40)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({(answer.headers["etag"], answer.content) for answer in answers}) == 1
    assert ".example" not in answers[0].headers["link"] + answers[0].text
    assert len(set((folder / "downloads").glob("*.csv")) - before) == 1
