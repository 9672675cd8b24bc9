"""Slow, silent and many clients: each has an end, and nobody else notices; spoken over sockets."""

from __future__ import annotations

import json
import resource
import select
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from api_tests.conftest import Server, serving
from geo.tests.promises import Promise
from service.tests.databases import Database

HOST = b"Host: chiiki.example\r\n"
LAST = b"Connection: close\r\n\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\n" + HOST
POST = b"POST /ogc/joins HTTP/1.1\r\n" + HOST
#: 3 MB, which is more than the system holds of it for a reader.
LARGE = b"GET /v1/layers/population/areas.geojson?level=municipality&detail=high HTTP/1.1\r\n" + HOST
MOST = 20
QUICK = {
    "CHIIKI_HEAD_S": "0.5",
    "CHIIKI_STALL_S": "0.5",
    "CHIIKI_KEEP_ALIVE_S": "1",
    "CHIIKI_FLOOR_BYTES_S": "1000",
    "CHIIKI_CONNECTIONS_PER_ADDRESS": str(MOST),
    "CHIIKI_FORWARDED_ALLOW_IPS": "192.0.2.1",
}


@pytest.fixture(scope="module")
def strict(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service that waits half a second."""
    with serving(database, tmp_path_factory.mktemp("strict") / "log", **QUICK) as server:
        yield server


@contextmanager
def connection(server: Server, receive_buffer: int = 0) -> Iterator[socket.socket]:
    address = urlsplit(server.url)
    with socket.socket() as opened:
        if receive_buffer:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        opened.settimeout(30)
        opened.connect((str(address.hostname), int(address.port or 0)))
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield opened


def heard(opened: socket.socket) -> bytes:
    """Return all that the server still says until it closes the connection."""
    said = b""
    try:
        while part := opened.recv(65536):
            said += part
    except ConnectionResetError:
        pass
    return said


def dripped(opened: socket.socket, drops: bytes) -> bytes:
    """Send a byte ten times a second until the server says something; return all it says."""
    for drop in drops:
        try:
            opened.sendall(bytes([drop]))
        except OSError:
            break
        if select.select([opened], [], [], 0.1)[0]:
            break
    return heard(opened)


def statuses(said: bytes) -> list[int]:
    return [int(part[:3]) for part in said.split(b"HTTP/1.1 ")[1:]]


def open_sockets(server: Server) -> int:
    """Return how many connections of clients the server holds open."""
    port = f":{urlsplit(server.url).port:04X}"
    with open(f"/proc/{server.process.pid}/net/tcp") as told:
        rows = [line.split() for line in told][1:]
    inodes = {row[9] for row in rows if row[1].endswith(port) and row[3] != "0A"}
    return len(inodes - {"0"})


SLOW = {
    "a head that stops": b"GET /healthz HTTP/1.1\r\nHost: chi",
    "empty lines": b"\r\n",
    "a body that does not begin": POST + b"Content-Length: 100\r\n\r\n",
    "a body that stops": POST + b"Content-Length: 100\r\n\r\ncode,n\n",
    "a chunk that stops": POST + b"Transfer-Encoding: chunked\r\n\r\n64\r\ncode,n\n",
    "trailers that stop": POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: a",
}


@pytest.mark.parametrize("sent", SLOW)
def test_who_stops_sending_is_told_so_and_cut_off(strict: Server, sent: str) -> None:
    with connection(strict) as opened:
        opened.sendall(SLOW[sent])
        said = heard(opened)
    assert statuses(said) == [408]
    top, _, body = said.partition(b"\r\n\r\n")
    assert b"connection: close" in top.lower().split(b"\r\n")
    assert json.loads(body)["type"] == "/problems/request-timeout"


def test_who_says_nothing_is_cut_off(strict: Server) -> None:
    with connection(strict) as opened:
        assert heard(opened) == b""
    with connection(strict) as opened:
        opened.sendall(HEALTH + b"\r\n")
        assert statuses(heard(opened)) == [200]


def test_a_drip_of_bytes_buys_no_time(strict: Server) -> None:
    with connection(strict) as opened:
        assert statuses(dripped(opened, HEALTH + b"X: " + b"a" * 300)) == [408]
    with connection(strict) as opened:
        opened.sendall(POST + b"Content-Length: 400\r\n\r\n")
        assert statuses(dripped(opened, b"a" * 300)) == [408]


def test_a_body_that_keeps_coming_may_take_longer(strict: Server) -> None:
    table = b"code,n\n10201,1\n" + b",\n" * 2000
    with connection(strict) as opened:
        opened.sendall(POST + b"Content-Length: %d\r\n" % len(table) + LAST)
        for start in range(0, len(table), 200):  # 2,000 bytes a second for two seconds
            opened.sendall(table[start : start + 200])
            assert select.select([opened], [], [], 0.1)[0] == [] or start + 200 >= len(table)
        assert statuses(heard(opened))[0] in (200, 400)


def test_who_answered_early_is_not_kept_by_the_rest_of_a_body(strict: Server) -> None:
    with connection(strict) as opened:
        opened.sendall(POST.replace(b"/ogc/joins", b"/nothing") + b"Content-Length: 400\r\n\r\n")
        said = dripped(opened, b"a" * 300)
    assert statuses(said)[0] in (404, 405, 408)
    assert len(statuses(said)) == 1


def test_who_reads_nothing_is_cut_off(strict: Server, database: Database) -> None:
    with ExitStack() as stack:
        readers = [stack.enter_context(connection(strict, 4096)) for _ in range(10)]
        for one in readers:
            one.sendall(LARGE + b"\r\n")
        with httpx.Client(base_url=strict.url, timeout=30) as bystander:
            while open_sockets(strict) > 1:  # the bystander's own
                assert bystander.get("/healthz").status_code == 200


def test_a_slow_reader_who_keeps_reading_gets_the_whole(strict: Server) -> None:
    never, other = socket.socketpair()
    with connection(strict, 65536) as opened, never, other:
        opened.sendall(LARGE + LAST)
        said = bytearray()
        for _ in range(20):  # two seconds
            said += opened.recv(30_000)
            select.select([never], [], [], 0.1)
        said += heard(opened)
    top, _, body = bytes(said).partition(b"\r\n\r\n")
    length = next(line[16:] for line in top.lower().split(b"\r\n") if line.startswith(b"content-length: "))
    assert len(body) == int(length) > 1 << 20


def test_an_address_has_so_many_connections_and_no_more(strict: Server) -> None:
    with ExitStack() as stack:
        for _ in range(MOST):
            stack.enter_context(connection(strict)).sendall(b"GET /healthz")
        with connection(strict) as refused:
            refused.sendall(HEALTH + LAST)
            said = heard(refused)
        assert statuses(said) == [429]
        assert b"retry-after:" in said.lower()
        assert b"/problems/too-many-connections" in said
        for one in [stack.enter_context(connection(strict)) for _ in range(2 * MOST)]:
            assert statuses(heard(one)) in ([429], [])
    with httpx.Client(base_url=strict.url) as client:
        while client.get("/healthz").status_code != 200:
            pass


def test_a_proxy_may_have_as_many_as_it_likes(database: Database, tmp_path: Path) -> None:
    trusting = QUICK | {"CHIIKI_FORWARDED_ALLOW_IPS": "127.0.0.1", "CHIIKI_HEAD_S": "30"}
    with serving(database, tmp_path / "log", **trusting) as server, ExitStack() as stack:
        for _ in range(3 * MOST):
            stack.enter_context(connection(server)).sendall(b"GET /healthz")
        assert httpx.get(f"{server.url}/healthz").status_code == 200
        # and a stop waits for none of them
        half = stack.enter_context(connection(server))
        half.sendall(POST + b"Content-Length: 100\r\n\r\ncode,n\n")
        reader = stack.enter_context(connection(server, 4096))
        reader.sendall(LARGE + b"\r\n")
        assert reader.recv(1) == b"H"
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(timeout=20)
    assert "Traceback" not in (tmp_path / "log").read_text()


def memory_mb(server: Server) -> int:
    """Return the most memory that the server ever had."""
    with open(f"/proc/{server.process.pid}/status") as told:
        return next(int(line.split()[1]) >> 10 for line in told if line.startswith("VmHWM"))


def test_requests_that_wait_for_others_take_little_memory(strict: Server) -> None:
    asked = b"GET /v1/nothing HTTP/1.1\r\n" + HOST + b"\r\n"
    with connection(strict) as opened:
        opened.sendall(asked * 500 + HEALTH + LAST)
        assert statuses(heard(opened)) == [404] * 500 + [200]
    before = memory_mb(strict)
    with ExitStack() as stack:
        readers = [stack.enter_context(connection(strict)) for _ in range(10)]
        for one in readers:
            one.sendall(asked * 4000)
        for one in readers:
            assert one.recv(1) == b"H"
    assert memory_mb(strict) - before < 30


def test_many_slow_clients_leave_an_honest_one_alone(
    database: Database, tmp_path: Path, promise: Promise
) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    senders, readers = promise.times(60, 1000), promise.times(30, 500)
    settings = QUICK | {"CHIIKI_HEAD_S": "3", "CHIIKI_STALL_S": "3", "CHIIKI_READS_PER_MINUTE": "0"}
    settings |= {"CHIIKI_CONNECTIONS_PER_ADDRESS": str(2 * (senders + readers))}
    honest_paths = ("/healthz", "/v1/areas/10201", "/v1/layers/births/tiles/6/57/24.mvt?period=2020")
    with (
        serving(database, tmp_path / "log", **settings) as server,
        ExitStack() as stack,
        httpx.Client(base_url=server.url, timeout=60) as honest,
    ):
        for path in (*honest_paths, LARGE.split()[1].decode()):
            assert honest.get(path).status_code == 200
        before = memory_mb(server)
        slow = [stack.enter_context(connection(server)) for _ in range(senders)]
        for place, one in enumerate(slow):
            one.sendall(list(SLOW.values())[place % len(SLOW)])
        for _ in range(readers):
            stack.enter_context(connection(server, 4096)).sendall(LARGE + b"\r\n")
        held, tried, failed, slowest = memory_mb(server), 0, 0, 0.0
        while open_sockets(server) > 1 or not tried:  # the honest one's own
            for one in slow[tried % 10 :: 10]:
                with suppress(OSError):
                    one.send(b"a")
            answer = honest.get(honest_paths[tried % len(honest_paths)])
            tried, failed = tried + 1, failed + (answer.status_code != 200)
            slowest, held = max(slowest, answer.elapsed.total_seconds()), max(held, memory_mb(server))
    promise.told(
        f"an honest client is answered beside {senders:,} slow senders and {readers:,} slow readers,"
        " who are all cut off",
        tried=tried,
        failed=failed,
        worst=f"{slowest:.2f} s for an answer, {held - before} MB",
    )


def test_no_other_protocol_is_spoken(strict: Server) -> None:
    upgrade = b"Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    with connection(strict) as opened:
        opened.sendall(HEALTH + upgrade + key)
        assert statuses(heard(opened)) == [200]
    assert "pgrade" not in strict.log.read_text()
