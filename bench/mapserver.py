"""MapServer over FastCGI: its own process, spoken to without a web server before it.

A request is a connection of its own (FastCGI 1.0): what the web server would send, and the answer to its end.
"""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from sqlalchemy import URL

from bench.load import Measured, at_share
from bench.meters import Meter
from bench.peers import Peer

_BEGIN, _END, _PARAMS, _STDIN, _STDOUT = 1, 3, 4, 5, 6
REQUEST = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "/", "SERVER_NAME": "bench"}
_RESPONDER = struct.pack(">HB5x", 1, 0)
#: Values are drawn in classes of these bounds, in the colours of a sequential palette.
COLOURS = {0: "239 243 255", 10: "189 215 231", 1_000: "107 174 214", 50_000: "49 130 189", 1e300: "8 81 156"}
MAP = """
MAP
  NAME "bench" SIZE 256 256 IMAGETYPE "png" EXTENT 13600000 2700000 17100000 5800000
  PROJECTION "init=epsg:3857" END
  OUTPUTFORMAT NAME "png" DRIVER "AGG/PNG" MIMETYPE "image/png" IMAGEMODE RGBA EXTENSION "png" END
  LAYER
    NAME "areas" TYPE POLYGON STATUS ON CONNECTIONTYPE POSTGIS CONNECTION "{connection}"
    PROCESSING "CLOSE_CONNECTION=DEFER"
    PROJECTION "init=epsg:4326" END
    VALIDATION "indicator" "^[a-z0-9-]+$" "period" "^[0-9-]+$" END
    DATA "geom from (select id, geom, value from bench.layer
          where indicator = '%indicator%' and period = '%period%') as q using unique id using srid=4326"
    {classes}
  END
END
"""
_CLASS = "CLASS EXPRESSION ([value] <= {bound}) STYLE COLOR {colour} END END"


@dataclass(frozen=True)
class MapServer:
    """A running MapServer; the view that it draws is that of ``bench.peers.tipg``."""

    peer: Peer
    socket: Path

    def ask(self, query: str) -> bytes:
        """Return the answer to a query: headers and body."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.socket))
            told = {
                "QUERY_STRING": f"map=BENCH&{query}",
                "REQUEST_METHOD": "GET",
                "SCRIPT_NAME": "/",
                "SERVER_NAME": "bench",
            }
            params = b"".join(map(_pair, told.items()))
            records = ((_BEGIN, _RESPONDER), (_PARAMS, params), (_PARAMS, b""), (_STDIN, b""))
            connection.sendall(b"".join(_record(kind, content) for kind, content in records))
            with connection.makefile("rb") as came:
                return b"".join(_output(came))


def _pair(told: tuple[str, str]) -> bytes:
    name, value = (text.encode() for text in told)
    return struct.pack(">II", len(name) | 1 << 31, len(value) | 1 << 31) + name + value


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBHHBx", 1, kind, 1, len(content), 0) + content


def _output(came: BinaryIO) -> Iterator[bytes]:
    while head := came.read(8):
        _, kind, _, length, padding = struct.unpack(">BBHHBx", head)
        content = came.read(length)
        came.read(padding)
        if kind == _END:
            return
        if kind == _STDOUT:
            yield content


@contextmanager
def mapserver(url: URL) -> Iterator[MapServer | None]:
    """Run MapServer with one process; None where it is not installed."""
    program = shutil.which("mapserv")
    if program is None:
        yield None
        return
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listening:
        place = Path(folder)
        told = {"host": url.query.get("host") or url.host, "port": url.port, "dbname": url.database}
        told |= {"user": url.username, "password": url.password}
        connection = " ".join(f"{name}={value}" for name, value in told.items() if value)
        classes = "\n    ".join(
            _CLASS.format(bound=bound, colour=colour) for bound, colour in COLOURS.items()
        )
        (place / "bench.map").write_text(MAP.format(connection=connection, classes=classes))
        (place / "mapserver.conf").write_text(
            f'CONFIG ENV MS_MAP_PATTERN "." END MAPS BENCH "{place}/bench.map" END END'
        )
        address = place / "socket"
        listening.bind(str(address))
        listening.listen()
        environment = {**os.environ, "MAPSERVER_CONFIG_FILE": str(place / "mapserver.conf")}
        process = subprocess.Popen([program], stdin=listening.fileno(), env=environment, stderr=sys.stderr)
        try:
            yield MapServer(Peer("MapServer", str(address), process, 0.0), address)
        finally:
            process.kill()  # it would end only after another request
            process.wait()


def drawn(server: MapServer, meter: Meter, queries: Sequence[str], seconds: float) -> Measured:
    """Ask MapServer for as long as told, one query after another."""
    spans: list[float] = []
    before, begun = meter.cpu(), time.perf_counter()
    while not spans or time.perf_counter() < begun + seconds:
        asked = time.perf_counter()
        answer = server.ask(queries[len(spans) % len(queries)])
        if b"image/png" not in answer[:200]:
            raise SystemExit(f"MapServer answered with an error:\n{answer[-500:]!r}")
        spans.append((time.perf_counter() - asked) * 1e3)
    service, database = meter.cpu().since(before)
    each, took = 1e3 / len(spans), time.perf_counter() - begun
    p50, p99, p999 = (at_share(spans, share) for share in (0.5, 0.99, 0.999))
    return Measured(len(spans), len(spans) / took, p50, p99, p999, service * each, database * each)
