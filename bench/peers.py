"""The servers that are compared, on the same database and with one worker each."""

from __future__ import annotations

import os
import shutil
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
from tempfile import NamedTemporaryFile
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


#: What Martin serves: the same tiles out of pieces that were cut beforehand, with the values asked for.
PIECES = """
create table bench.piece as
select t.z, t.x, t.y, g.position,
       ST_AsMVTGeom(ST_Transform(g.geom, 3857), ST_TileEnvelope(t.z, t.x, t.y), 4096, 64, true) as geom
from encoded_tile t
join outline g on g.vintage = t.vintage and g.level = t.level
     and g.detail = case when t.z < 6 then 'low' when t.z < 9 then 'medium' else 'high' end
     and g.geom && ST_Transform(ST_TileEnvelope(t.z, t.x, t.y, margin => 64.0 / 4096), 4326)
where t.vintage = (select max(vintage) from vintage) and t.level = 'municipality' and t.z between 4 and 12;
delete from bench.piece where geom is null;
create index on bench.piece (z, x, y);
analyze bench.piece;
create function bench.tile(z integer, x integer, y integer, query_params json) returns bytea
language sql stable parallel safe as $$
select ST_AsMVT(q, 'areas', 4096, 'geom', 'id') from (
    select a.code::int as id, a.code, a.name_ja as name, a.name_en, o.value, p.geom
    from bench.piece p
    join area a on a.vintage = (select max(vintage) from vintage) and a.level = 'municipality'
         and a.position = p.position
    left join observation o on o.indicator = query_params ->> 'indicator'
         and o.period = query_params ->> 'period' and o.area_code = a.code
    where p.z = tile.z and p.x = tile.x and p.y = tile.y
) q
$$;
"""
MARTIN = """
worker_processes: 1
cache_size_mb: 512
postgres:
  connection_string: '{address}'
  auto_publish: false
  functions:
    tile: {{schema: bench, function: tile}}
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


#: Settings of chiiki: a start is not told, and one address may ask for as much as it likes.
QUIET = {
    "CHIIKI_LOG_LEVEL": "warning",
    "CHIIKI_READS_PER_MINUTE": "0",
    "CHIIKI_HEAVY_PER_MINUTE": "0",
}


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
def views(conn: Connection, detail: str) -> Iterator[None]:
    """Make what the peers read; it is dropped afterwards."""
    conn.execute(text("drop schema if exists bench cascade"))
    conn.execute(text(VIEW.format(detail=detail)))
    conn.commit()
    try:
        yield
    finally:
        conn.execute(text("drop schema bench cascade"))
        conn.commit()


@contextmanager
def tipg(url: URL) -> Iterator[Peer]:
    """Run TiPg with one worker over the view of the same tables; see ``views``."""
    python = PEERS / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", PEERS], check=True)
        uv = HERE.parent / ".local" / "tools" / "bin" / "uv"  # scripts/setup put it there
        lock = HERE / "requirements.lock"
        subprocess.run([uv, "pip", "sync", "-q", "--python", python, lock], check=True)
    command = [str(python), "-m", "uvicorn", "tipg.main:app", "--port", "{port}", "--loop", "uvloop"]
    command += ["--http", "httptools", "--log-level", "warning"]
    environment = {
        "DATABASE_URL": _with_host(url),
        "TIPG_DB_SCHEMAS": '["bench"]',
        "TIPG_DB_SPATIAL_EXTENT": "FALSE",
        "TIPG_DB_DATETIME_EXTENT": "FALSE",
    }
    with running("TiPg", command, "/collections/bench.layer", environment) as peer:
        yield peer


def martin_program() -> str | None:
    """Return where Martin is: named by ``MARTIN``, or on the path."""
    return os.environ.get("MARTIN") or shutil.which("martin")


@contextmanager
def martin(url: URL, program: str) -> Iterator[Peer]:
    """Run Martin with one worker; ``PIECES`` must be there."""
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with NamedTemporaryFile("w", suffix=".yaml") as configuration:
        configuration.write(MARTIN.format(address=address))
        configuration.flush()
        command = [program, "--config", configuration.name, "--listen-addresses", "127.0.0.1:{port}"]
        with running("Martin", command, "/health", {"RUST_LOG": "warn"}) as peer:
            yield peer
