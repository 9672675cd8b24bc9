"""The servers that are compared, on the same database and with one worker each."""

from __future__ import annotations

import os
import signal
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
from typing import NoReturn
from urllib.parse import quote

from sqlalchemy import URL, Connection, text

HERE = Path(__file__).parent
PEERS = HERE.parent / ".local" / "bench"
READY_S, POLL_S, STOP_S = 90, 0.01, 40
ENDING = (signal.SIGINT, signal.SIGTERM)

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


class NotStarted(SystemExit):
    """A server did not get ready in time."""


@dataclass(frozen=True)
class Peer:
    """A running server.

    Attributes
    ----------
    start_s : seconds from its start until it first said that it is ready
    """

    name: str
    url: str
    process: subprocess.Popen[bytes]
    start_s: float

    def memory_mb(self, which: str = "VmRSS") -> float:
        """Resident memory of the serving process; ``VmHWM`` is the most it ever had."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split(f"{which}:")[1].split()[0]) / 1024


#: A setting of chiiki: a start is not told.
QUIET = {"CHIIKI_LOG_LEVEL": "warning"}


def end_cleanly() -> None:
    """From now on end on Ctrl-C and SIGTERM as on an exception: servers stop, databases are dropped."""
    for number in ENDING:
        signal.signal(number, _unwind)


def _unwind(number: int, _frame: object) -> NoReturn:
    for again in ENDING:  # must not end the cleaning up
        signal.signal(again, signal.SIG_IGN)
    raise SystemExit(128 + number)


@contextmanager
def running(
    name: str, command: list[str], ready: str, environment: Mapping[str, str], says: bytes = b""
) -> Iterator[Peer]:
    """Run a server meanwhile; ``{port}`` in its command is a free port.

    It is ready when the address ``ready`` answers and ``says`` stands in the answer.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    argv, url = [part.format(port=port) for part in command], f"http://127.0.0.1:{port}"
    begun = time.monotonic()
    process = subprocess.Popen(
        argv, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=sys.stderr
    )
    try:
        while not _answers(url + ready, says):
            if process.poll() is not None or time.monotonic() > begun + READY_S:
                raise NotStarted(f"{name} did not start")
            time.sleep(POLL_S)
        yield Peer(name, url, process, time.monotonic() - begun)
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(url: str, says: bytes) -> bool:
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status == 200 and says in answer.read()
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def chiiki(url: URL, **settings: str) -> Iterator[Peer]:
    """Run chiiki with one worker; ``settings`` are further environment variables."""
    command = [sys.executable, "-m", "service.cli", "serve", "--port", "{port}", "--workers", "1"]
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with running("chiiki", command, "/readyz", {"DATABASE_URL": address, **settings}, b'"ready"') as peer:
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
