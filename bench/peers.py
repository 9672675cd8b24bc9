"""The servers that are compared, on the same database and with one worker each."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, text

HERE = Path(__file__).parent
PEERS = HERE.parent / ".local" / "bench"
READY_S = 90

#: What TiPg serves: areas with the figures of every indicator and period, to be filtered by both.
VIEW = """
create schema bench;
create view bench.layer as
select g.position as id, a.code, a.name_ja as name, o.indicator, o.period, o.value, g.geom
from outline g
join area a using (vintage, level, position)
join observation o on o.area_code = a.code
where g.vintage = (select max(vintage) from vintage) and g.level = 'municipality' and g.detail = '{detail}'
"""


@dataclass(frozen=True)
class Peer:
    """A running server."""

    name: str
    url: str
    process: subprocess.Popen[bytes]

    def memory_mb(self) -> float:
        """Resident memory of the serving process."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024


@contextmanager
def running(name: str, command: list[str], ready: str, environment: Mapping[str, str]) -> Iterator[Peer]:
    """Run a server meanwhile; ``{port}`` in its command is a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    argv = [part.format(port=port) for part in command]
    process = subprocess.Popen(
        argv, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=sys.stderr
    )
    peer = Peer(name, f"http://127.0.0.1:{port}", process)
    try:
        deadline = time.monotonic() + READY_S
        while not _answers(peer.url + ready):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{name} did not start")
            time.sleep(0.1)
        yield peer
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def chiiki(url: URL) -> Iterator[Peer]:
    """Run chiiki with one worker."""
    command = [sys.executable, "-m", "service.cli", "serve", "--port", "{port}", "--workers", "1"]
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with running("chiiki", command, "/readyz", {"DATABASE_URL": address}) as peer:
        yield peer


def _with_host(url: URL) -> str:
    """Return an address that names its socket's folder as the host, which TiPg wants to have."""
    folder = url.query.get("host")
    plain = url.set(drivername="postgresql", query={}).render_as_string(hide_password=False)
    return plain.replace("@/", f"@{quote(folder, safe='')}/") if isinstance(folder, str) else plain


@contextmanager
def tipg(url: URL, conn: Connection, detail: str) -> Iterator[Peer]:
    """Run TiPg with one worker over a view of the same tables; the view is dropped afterwards."""
    python = PEERS / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", PEERS], check=True)
        uv = HERE.parent / ".local" / "tools" / "bin" / "uv"  # scripts/setup put it there
        lock = HERE / "requirements.lock"
        subprocess.run([uv, "pip", "sync", "-q", "--python", python, lock], check=True)
    conn.execute(text("drop schema if exists bench cascade"))
    conn.execute(text(VIEW.format(detail=detail)))
    conn.commit()
    command = [str(python), "-m", "uvicorn", "tipg.main:app", "--port", "{port}", "--loop", "uvloop"]
    command += ["--http", "httptools", "--log-level", "warning"]
    environment = {
        "DATABASE_URL": _with_host(url),
        "TIPG_DB_SCHEMAS": '["bench"]',
        "TIPG_DB_SPATIAL_EXTENT": "FALSE",
        "TIPG_DB_DATETIME_EXTENT": "FALSE",
    }
    try:
        with running("TiPg", command, "/collections/bench.layer", environment) as peer:
            yield peer
    finally:
        conn.execute(text("drop schema bench cascade"))
        conn.commit()
