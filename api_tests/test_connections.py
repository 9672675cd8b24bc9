"""Connections: a head that does not end is refused, and nothing else is; spoken over sockets."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from api_tests.conftest import Server, serving
from service.tests.databases import Database

HOST = b"Host: chiiki.example\r\n"
GET = b"GET /v1/layers/population/legend.json HTTP/1.1\r\n" + HOST
HEALTH = b"GET /healthz HTTP/1.1\r\n" + HOST
CHUNKED = b"POST /ogc/joins HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
LAST = b"Connection: close\r\n\r\n"
TABLE = b"code,n\n10201,1\n"
#: Headers that are of one answer alone, not of what it says.
OF_ONE = (b"date:", b"connection:", b"x-request-id:")


@contextmanager
def connection(server: Server) -> Iterator[socket.socket]:
    address = urlsplit(server.url)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=30) as opened:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield opened


def heard(server: Server, pieces: Iterable[bytes]) -> bytes:
    """Return all that the server says until it closes the connection."""
    with connection(server) as opened:
        for piece in pieces:
            opened.sendall(piece)
        return b"".join(iter(lambda: opened.recv(65536), b""))


def in_pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def statuses(said: bytes) -> list[int]:
    return [int(part[:3]) for part in said.split(b"HTTP/1.1 ")[1:]]


def memory_mb(server: Server) -> int:
    """Return the most memory that the server ever had."""
    with open(f"/proc/{server.process.pid}/status") as told:
        return next(int(line.split()[1]) >> 10 for line in told if line.startswith("VmHWM"))


TOO_LONG = {
    "one header": GET + b"X: " + b"a" * 40_000,
    "one header's name": GET + b"a" * 40_000,
    "many headers": GET + b"".join(b"X-%d: a\r\n" % n for n in range(4000)),
    "headers without a value": GET + b"a:\r\n" * 9000,
    "the address": b"GET /" + b"a" * 40_000,
    "the query": b"GET /healthz?" + b"a=b&" * 10_000,
    "empty lines before the request": b"\r\n" * 20_000,
    "trailers": CHUNKED + b"1\r\na\r\n0\r\n" + b"X: a\r\n" * 7000,
    "one trailer": CHUNKED + b"1\r\na\r\n0\r\nX: " + b"a" * 40_000,
    "a chunk's extension": CHUNKED + b"1;" + b"a" * 40_000,
    "a request after another": HEALTH + b"\r\n" + GET + b"X: " + b"a" * 40_000,
}


@pytest.mark.parametrize("size", [1 << 20, 500, 17], ids=["at once", "in packets", "in drops"])
@pytest.mark.parametrize("head", TOO_LONG)
def test_a_head_that_does_not_end_is_refused(server: Server, head: str, size: int) -> None:
    said = heard(server, in_pieces(TOO_LONG[head], size))
    assert statuses(said) == ([200, 431] if head == "a request after another" else [431])
    top, _, body = said[said.index(b"HTTP/1.1 431") :].partition(b"\r\n\r\n")
    lines = top.lower().split(b"\r\n")
    assert b"content-type: application/problem+json" in lines
    assert b"connection: close" in lines
    assert b"x-content-type-options: nosniff" in lines
    assert f"content-length: {len(body)}".encode() in lines
    told = json.loads(body)
    assert (told["type"], told["status"]) == ("/problems/too-large", 431)
    assert "32,768 bytes" in told["detail"]


def test_sixty_megabytes_of_a_header_take_no_memory(server: Server, client: httpx.Client) -> None:
    before = memory_mb(server)
    said = heard(server, [GET + b"X: ", *[b"a" * (1 << 20)] * 60])
    assert statuses(said) == [431]
    assert memory_mb(server) - before < 20
    assert client.get("/healthz").status_code == 200


def test_the_answers_before_a_head_that_is_too_long_come_first(server: Server) -> None:
    asked = b"".join(
        b"GET /v1/layers/population/tiles/5/28/12.mvt?period=2020 HTTP/1.1\r\n" + HOST + b"\r\n"
        for _ in range(5)
    )
    posted = b"POST /ogc/joins HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(TABLE) + TABLE
    said = heard(server, [posted + asked + GET + b"X: " + b"a" * 100_000])
    assert statuses(said) == [200] * 6 + [431]
    trailing = CHUNKED + b"1\r\na\r\n0\r\n" + b"X: a\r\n" * 9000
    assert statuses(heard(server, [posted + asked + trailing])) == [200] * 6 + [431]


@pytest.mark.parametrize("size", [1 << 20, 100], ids=["at once", "in packets"])
def test_a_long_head_that_ends_is_answered(server: Server, size: int) -> None:
    head = HEALTH + b"X: " + b"a" * 31_000 + b"\r\n" + LAST
    assert statuses(heard(server, in_pieces(head, size))) == [200]


def test_the_bound_is_right_to_a_kilobyte(server: Server) -> None:
    rest = len(HEALTH + b"X: \r\n" + LAST)
    for length, expected in ((32_767, 200), (33_792, 431)):
        head = HEALTH + b"X: " + b"a" * (length - rest) + b"\r\n" + LAST
        assert len(head) == length
        assert statuses(heard(server, [head])) == [expected]


def test_a_connection_serves_many_requests(server: Server) -> None:
    asked = HEALTH + b"X: " + b"a" * 2000 + b"\r\n\r\n"
    assert statuses(heard(server, [asked * 100, *[asked] * 50, HEALTH + LAST])) == [200] * 151


def test_a_large_body_is_read_and_the_connection_kept(server: Server) -> None:
    table = b"code,n\n" + b",\n" * 2_000_000
    sized = b"POST /ogc/joins HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(table) + table
    chunks = b"".join(b"%x;n=1\r\n%b\r\n" % (len(part), part) for part in in_pieces(table, 100))
    said = heard(server, [sized + CHUNKED + chunks + b"0\r\n\r\n" + HEALTH + LAST])
    assert statuses(said) == [400, 400, 200]
    assert said.count(b"The table has no rows") == 2


def test_a_body_beyond_its_bound_is_refused_as_before(client: httpx.Client) -> None:
    assert client.post("/ogc/joins", content=b" " * (21 << 20)).status_code == 413


def test_a_trailer_is_no_header(server: Server, client: httpx.Client) -> None:
    etag = client.get("/v1/layers/population/legend.json", headers={"Accept-Encoding": "identity"}).headers[
        "etag"
    ]
    fresh = f"If-None-Match: {etag}\r\n".encode()
    asked = GET + b"Transfer-Encoding: chunked\r\n"
    assert statuses(heard(server, [asked + fresh + LAST + b"0\r\n\r\n"])) == [304]
    assert statuses(heard(server, [asked + LAST + b"0\r\n" + fresh + b"\r\n"])) == [200]


TILE = b"GET /v1/layers/%b/tiles/8/227/100.mvt?level=municipality HTTP/1.1\r\n" + HOST


def answers(said: bytes) -> list[tuple[int, list[bytes], bytes]]:
    """Return status, headers without their date and id, and body of each answer."""
    found = []
    while said:
        top, _, rest = said.partition(b"\r\n\r\n")
        status, *headers = top.split(b"\r\n")
        length = next((int(one[16:]) for one in headers if one.startswith(b"content-length: ")), 0)
        kept = sorted(one for one in headers if not one.startswith(OF_ONE))
        found.append((int(status.split()[1]), kept, rest[:length]))
        said = rest[length:]
    return found


@pytest.mark.parametrize(
    "layer", [b"population", b"transport-gap:mlit-subsidy-1km", b"transport-gap%3Amlit-subsidy-1km"]
)
@pytest.mark.parametrize("size", [1 << 20, 700, 17], ids=["at once", "in packets", "in drops"])
def test_a_tile_asked_again_is_answered_as_the_first_time(server: Server, layer: bytes, size: int) -> None:
    tile = TILE % layer
    for encoding in (b"", b"Accept-Encoding: gzip\r\n"):
        asked = (tile + encoding + b"\r\n") * 3 + tile + encoding + LAST
        first, *again = answers(heard(server, in_pieces(asked, size)))
        assert first[0] == 200
        assert (b"content-encoding: gzip" in first[1]) is bool(encoding)
        assert again == [first] * 3


def test_answers_come_in_the_order_of_the_questions(server: Server) -> None:
    tile = TILE % b"population" + b"\r\n"
    (first, *_) = answers(heard(server, [tile, TILE % b"population" + LAST]))
    asked = [tile, HEALTH + b"\r\n", tile, GET + b"\r\n", tile, tile, HEALTH + LAST]
    told = answers(heard(server, [b"".join(asked)]))
    assert [one == first for one in told] == [True, False, True, False, True, True, False]
    assert [status for status, _, _ in told] == [200] * 7


def test_a_tile_that_the_client_has_is_not_sent_again(server: Server) -> None:
    tile = TILE % b"population"
    ((_, headers, _), _) = answers(heard(server, [tile + b"\r\n", tile + LAST]))
    etag = next(one[6:] for one in headers if one.startswith(b"etag: "))
    same, other, closed = answers(
        heard(
            server,
            [
                tile + b"If-None-Match: " + etag + b"\r\n\r\n",
                tile + b'If-None-Match: "other"\r\n\r\n',
                tile + b"If-None-Match: " + etag + b"\r\n" + LAST,
            ],
        )
    )
    assert (same[0], same[2], other[0], closed) == (304, b"", 200, same)
    assert b"etag: " + etag in same[1]


def test_an_unusual_request_for_a_tile_is_answered_too(server: Server) -> None:
    tile = TILE % b"population"
    (first, *_) = answers(heard(server, [tile + b"\r\n", tile + LAST]))
    old = tile.replace(b"HTTP/1.1", b"HTTP/1.0") + b"\r\n"
    assert answers(heard(server, [old])) == [first]
    with_body = tile + b"Content-Length: 3\r\n\r\nabc"
    assert answers(heard(server, [with_body, tile + LAST])) == [first, first]
    ((status, headers, _),) = answers(heard(server, [tile.replace(b"GET", b"HEAD") + LAST]))
    assert (status, headers) == (200, first[1])


def held_bytes(client: httpx.Client) -> dict[str, float]:
    """Return the bytes that a server holds ready, by kind."""
    told = (line.split() for line in client.get("/metrics").text.splitlines() if "_memory_bytes{" in line)
    return {kind.split('"')[1]: float(number) for kind, number in told}


def test_what_tiles_share_is_held_once(database: Database, tmp_path: Path) -> None:
    with (
        serving(database, tmp_path / "log") as server,
        httpx.Client(base_url=server.url, headers={"Accept-Encoding": "identity"}) as client,
    ):
        layers = [one["id"] for one in client.get("/v1/layers?limit=40").json()["layers"]]
        tiles = [f"/v1/layers/{layer}/tiles/5/28/12.mvt?level=municipality" for layer in layers]
        asked = [one for one in map(client.get, tiles) if one.status_code == 200]
        again = [client.get(one.request.url) for one in asked]
        assert len(asked) > 20
        assert [one.content for one in again] == [one.content for one in asked]
        assert held_bytes(client)["sent_tiles"] < sum(len(one.content) for one in asked) / 4


def test_a_tile_is_right_after_others_have_pushed_it_out(database: Database, tmp_path: Path) -> None:
    tile = "/v1/layers/population/tiles/6/56/25.mvt?level=municipality"
    others = [
        f"/v1/layers/population/tiles/{z}/{x}/{y}.mvt?level={level}"
        for level in ("municipality", "ward")
        for z, width in ((6, 3), (7, 6), (8, 12))
        for x in range(54 << z - 6, (54 << z - 6) + width)
        for y in range(24 << z - 6, (24 << z - 6) + width)
    ]
    with (
        serving(database, tmp_path / "log", CHIIKI_MEMORY_MB="16") as server,
        httpx.Client(base_url=server.url) as client,
    ):
        first = client.get(tile)
        for other in others:
            client.get(other)
        assert sum(held_bytes(client).values()) > 15 << 20
        again, third = client.get(tile), client.get(tile)
        same = client.get(tile, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.content, third.content) == (first.content, first.content)
    assert (same.status_code, same.content) == (304, b"")
