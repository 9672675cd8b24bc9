"""nginx as deploy/nginx/chiiki.conf sets it up: what it keeps, what it answers while the service is away."""

from __future__ import annotations

import os
import re
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
from api_tests.site import CONFIGURATION, PROGRAM, SITE, free_port, write_certificate, write_site
from service.settings import HOME
from service.tests.databases import Database


@contextmanager
def nginx(folder: Path, origin: str, configuration: Path = CONFIGURATION) -> Iterator[httpx.Client]:
    """Run nginx before a service meanwhile; only where things are differs from what ships."""
    plain, secure = free_port(), free_port()
    certificate = write_certificate(folder)
    places = {
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ": f"listen 127.0.0.1:{secure} ",
        "127.0.0.1:8000": origin,
    }
    path = write_site(folder, places, configuration)
    assert PROGRAM is not None
    process = subprocess.Popen([PROGRAM, "-c", str(path), "-e", f"{folder}/errors"])
    context = ssl.create_default_context(cafile=certificate)
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


@pytest.mark.skipif(PROGRAM is None, reason="nginx is not installed: apt-get install nginx-light")
def test_the_site_of_containers_goes_past_a_service_that_is_away(server: Server, tmp_path: Path) -> None:
    site = tmp_path / "site.conf"
    (tmp_path / "live").mkdir()
    told = {
        "CHIIKI_PUBLIC_URL": f"https://{SITE}",
        "CHIIKI_ORIGINS": f"127.0.0.1:{free_port()} 127.0.0.1:8000",
        "CHIIKI_CERTIFICATES": f"/etc/letsencrypt/live/{SITE}",
        "CHIIKI_CONF": str(CONFIGURATION),
        "CHIIKI_WRITES": str(site),
    }
    script = HOME / "deploy/nginx/proxy.sh"
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path), **told}
    done = subprocess.run(["sh", script], env=environment, capture_output=True, text=True, check=True)
    assert "no browser trusts" in done.stderr
    (certificates,) = (path.parent for path in tmp_path.glob("*/fullchain.pem"))
    assert ssl.create_default_context(cafile=certificates / "fullchain.pem").get_ca_certs()
    # where the certificate lies, as nginx() below expects it
    site.write_text(site.read_text().replace(str(certificates), f"/etc/letsencrypt/live/{SITE}"))
    with nginx(tmp_path, server.url.removeprefix("http://"), site) as client:
        answers = [client.get(f"/v1/areas/{code}") for code in ("01100", "10201", "13000", "20215")]
    assert [one.status_code for one in answers] == [200] * 4
