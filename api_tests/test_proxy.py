"""nginx as deploy/nginx/chiiki.conf sets it up: what it keeps, what it answers while the service is away."""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from api_tests.conftest import Server, serving
from service.settings import HOME
from service.tests.databases import Database

CONFIGURATION = HOME / "deploy/nginx/chiiki.conf"
SITE = "chiiki.example"
PROGRAM = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin")


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def nginx(folder: Path, origin: str) -> Iterator[httpx.Client]:
    """Run nginx before a service meanwhile; only where things are differs from what ships."""
    plain, secure = free_port(), free_port()
    subject = ["-subj", f"/CN={SITE}", "-addext", f"subjectAltName=DNS:{SITE}"]
    files = ["-keyout", f"{folder}/privkey.pem", "-out", f"{folder}/fullchain.pem"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *files],
        check=True,
        capture_output=True,
    )
    told = CONFIGURATION.read_text(encoding="utf-8")
    for ours, here in {
        "/var/cache/nginx/chiiki": f"{folder}/cache",
        f"/etc/letsencrypt/live/{SITE}": str(folder),
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ": f"listen 127.0.0.1:{secure} ",
        "127.0.0.1:8000": origin,
    }.items():
        assert ours in told, ours
        told = told.replace(ours, here)
    folders = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    around = f"daemon off;\npid {folder}/pid;\nerror_log {folder}/errors;\nworker_processes 1;\nevents {{}}\n"
    if os.geteuid() == 0:
        around = f"user root;\n{around}"  # the folder of a test belongs to root
    path = folder / "nginx.conf"
    path.write_text(f"{around}http {{\naccess_log off;\n{folders}{told}\n}}\n")
    assert PROGRAM is not None
    process = subprocess.Popen([PROGRAM, "-c", str(path), "-e", f"{folder}/errors"])
    context = ssl.create_default_context(cafile=f"{folder}/fullchain.pem")
    with httpx.Client(
        base_url=f"https://127.0.0.1:{secure}",
        verify=context,
        headers={"Host": SITE, "Accept-Encoding": "gzip, deflate"},
        timeout=30,
    ) as client:
        client.event_hooks = {"request": [lambda request: request.extensions.update(sni_hostname=SITE)]}
        try:
            wait_for(secure, process, folder / "errors")
            yield client
        finally:
            process.terminate()
            process.wait(timeout=20)


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when somebody listens on a port."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise AssertionError(log.read_text() if log.exists() else "nginx did not start")


def answered(server: Server) -> int:
    """Return how many requests the service has answered."""
    told = httpx.get(f"{server.url}/metrics").text.splitlines()
    counts = [line.rpartition(" ")[2] for line in told if line.startswith("chiiki_requests_total")]
    return round(sum(map(float, counts)))


@pytest.mark.skipif(PROGRAM is None, reason="nginx is not installed: apt-get install nginx-light")
def test_nginx_keeps_tiles_and_answers_while_the_service_is_away(database: Database, tmp_path: Path) -> None:
    about = "/v1/layers/population/legend.json?lang=en"
    with (
        serving(database, tmp_path / "log", CHIIKI_PUBLIC_URL=f"https://{SITE}") as server,
        nginx(tmp_path, server.url.removeprefix("http://")) as client,
    ):
        template = client.get("/v1/layers/population/tiles.json?level=prefecture").json()["tiles"][0]
        assert template.startswith(f"https://{SITE}/")
        tile = template.removeprefix(f"https://{SITE}").format(z=4, x=14, y=6)
        found = [client.get(tile) for _ in range(3)]
        assert [one.headers["X-Cache"] for one in found] == ["MISS", "HIT", "HIT"]
        assert {one.content for one in found} == {httpx.get(f"{server.url}{tile}").content}
        ids = [one.headers.get_list("X-Request-Id") for one in found]
        assert all(len(one) == 1 and re.fullmatch("[0-9a-f]{32}", one[0]) for one in ids)
        assert len({one[0] for one in ids}) == 3  # also of what nginx had
        assert len(httpx.get(f"{server.url}{tile}").headers.get_list("X-Request-Id")) == 0  # it is at hand
        # another browser's wish for the same coding is no other copy
        other = client.get(tile, headers={"Accept-Encoding": "gzip;q=1, identity", "Accept-Language": "fr"})
        assert other.headers["X-Cache"] == "HIT"
        before = answered(server)
        assert before > 0
        assert {client.get(tile).status_code for _ in range(200)} == {200}
        assert answered(server) - before <= 1  # of /metrics itself
        legend = client.get(about)
        assert legend.status_code == 200
        assert client.get(about, headers={"X-API-Key": "none"}).headers["X-Cache"] == "BYPASS"
        problem = "/v1/layers/nonsense"
        told = client.get(problem)
        assert told.json()["request_id"] == told.headers["X-Request-Id"]
        assert [client.get(problem).headers["X-Cache"] for _ in range(2)] == ["MISS", "MISS"]
        assert client.get("/healthz").status_code == 200
        assert client.get("/", headers={"X-Long": "x" * 40_000}).status_code == 400
        pages = {
            lang: client.get("/about", headers={"Accept": "text/html", "Accept-Language": lang}).text
            for lang in ("ja", "en")
        }
        assert '<html lang="ja">' in pages["ja"]
        assert '<html lang="en">' in pages["en"]
        server.process.terminate()
        server.process.wait(timeout=40)
        assert client.get(tile).headers["X-Cache"] == "HIT"
        away = client.get(about)
        assert (away.status_code, away.content) == (200, legend.content)
        assert away.headers["X-Cache"] in {"STALE", "HIT"}
        assert client.get("/v1/layers/births/legend.json").status_code == 502
