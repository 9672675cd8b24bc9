"""What commands do: each with the database running, in one transaction, on tables that fit this code."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from geo.errors import ChiikiError, InvalidParameter
from service import server
from service.child import NoRoom, walls
from service.confinement import WALLS
from service.db import schema
from service.db.cluster import Cluster, has_refused
from service.db.database import running_database, writer_engine, writer_url
from service.http.addresses import is_loopback
from service.operations import metrics, traces
from service.settings import FOLDERS, HOME, Settings, workers_of
from service.terminal import out, print_table, say
from service.workers.supervisor import supervise

if TYPE_CHECKING:
    from service.figures.embargo import Released

#: Python looks for circles of garbage after so many new objects. Loads make millions, and hardly a circle: to
#: look as often as usual would take an eighth of their CPU.
GARBAGE = 100_000
#: What a thread that still works gets when all else has ended.
ENDING_S = 2
#: Between two looks for a database that is not there yet.
WAIT_S = 0.5


class SchemaOutdated(ChiikiError):
    """The database's tables are not those this version of chiiki works with."""


@contextmanager
def open_connection(settings: Settings) -> Iterator[Connection]:
    """Give a connection to the database in a transaction, which an exception undoes."""
    engine = writer_engine(settings)
    try:
        with engine.begin() as conn:
            yield conn
    finally:
        engine.dispose()


@contextmanager
def transaction(settings: Settings, *, dry_run: bool = False) -> Iterator[Connection]:
    """Give a connection to the running, migrated database; a dry run's work is undone at its end."""
    gc.set_threshold(GARBAGE)
    with running_database(settings), open_connection(settings) as conn:
        check_schema(conn)
        yield conn
        if dry_run:
            conn.rollback()


def check_schema(conn: Connection) -> None:
    """Refuse a database whose tables are older or newer than this code."""
    found = schema.revision(conn)
    if found != schema.newest():
        raise SchemaOutdated(
            f"The database has the schema {found or '(none)'}, this chiiki works with {schema.newest()}. "
            "Run: chiiki migrate"
        )
    from service.figures import vectors  # numpy takes a while, which the other commands need not wait for

    if not vectors.is_current(conn):
        raise SchemaOutdated(
            "The values in the database were worked out by another chiiki. Run: chiiki migrate"
        )


def serve(host: str | None, port: int | None, workers: int | None) -> None:
    """Serve until a signal says stop, on the database that this starts where none is named."""
    settings = Settings()
    host, port = host or settings.host, settings.port if port is None else port
    if not settings.public_url and not is_loopback(host):
        raise InvalidParameter(
            f"On {host} others read the service too, and links in answers must begin with the address that "
            "they know it by. Set CHIIKI_PUBLIC_URL: to https://chiiki.example.jp behind a proxy, or to "
            f"http://{socket.gethostname()}:{port} in your own network"
        )
    traces.are_wanted()  # where they are and cannot be, it is said here
    server.open_many_files()
    with server.listening(host, port) as listeners:
        try:
            _serve(settings, host, listeners, workers or workers_of(settings))
        except SystemExit:  # a signal said stop
            _end_soon()
            raise
    _end_soon()


def _end_soon() -> None:
    """Let threads that are still at work for nobody not hold up the end."""
    over = threading.Timer(ENDING_S, os._exit, (128 + signal.SIGTERM,))
    over.daemon = True
    over.start()


def _serve(settings: Settings, host: str, listeners: list[socket.socket], workers: int) -> None:
    with running_database(settings):
        _wait_for_database(settings)
        tell_disk(settings)
        tell_walls()
        watched = nullcontext() if settings.database_url else Cluster.of(settings).watched()
        with watched:
            url = settings.public_url or _local_url(host, listeners[0].getsockname()[1])
            say(f"chiiki: {url}  (API: /docs, Ctrl-C stops)")
            with metrics.shared():
                if workers > 1:
                    supervise(settings, listeners, workers)
                else:
                    server.run(settings, listeners)


def _wait_for_database(settings: Settings) -> None:
    """Return when the database answers and its tables are this version's; who starts first waits.

    Raises
    ------
    OperationalError : it answers that it will not be used
    SchemaOutdated
    """
    told = ""
    while True:
        try:
            with open_connection(settings) as conn:
                check_schema(conn)
                return
        except OperationalError as error:
            reason = " ".join(str(error.orig).split())
            if has_refused(reason):
                raise
            if reason != told:
                say(f"Waiting for the database: {reason}", is_wrong=True)
            told = reason
        time.sleep(WAIT_S)


def tell_disk(settings: Settings) -> None:
    """Say where nothing can be written, or little; what needs none of it is served all the same."""
    from service.operations.doctor import disk

    for found in disk(settings):
        if found.state == "wrong":
            say(f"{found.told} → {found.todo}", is_wrong=True)


def tell_walls() -> None:
    """Say what of this machine does not shut in the processes that read files of strangers.

    Raises
    ------
    NotShutIn : what is needed is missing, and ``CHIIKI_REQUIRE_SANDBOX`` is set
    """
    try:
        standing = walls()
    except NoRoom:  # which was said already: none of them can be begun
        return
    if missing := [wall for wall in WALLS if wall not in standing]:
        told = f"Children are shut in without: {', '.join(missing)} (docs/security.md, Children)"
        say(told, is_wrong=True)


def _local_url(host: str, port: int) -> str:
    everywhere = host in ("0.0.0.0", "::")  # noqa: S104 (compared with, not bound to)
    return f"http://{'localhost' if everywhere else host}:{port}/"


def migrate() -> None:
    """Bring the database's tables to what this code works with, and say from where to where."""
    from service.operations.crew import crew_of

    settings = Settings()
    with crew_of(settings.dask) as crew, running_database(settings), open_connection(settings) as conn:
        before = schema.revision(conn)
        schema.upgrade(conn, crew)
    after = schema.newest()
    out.print(f"Schema {after}, as before." if before == after else f"Schema {before or '(none)'} → {after}.")


def release_held(actor: str) -> list[Released]:
    """Publish held figures that are due, each in a transaction of its own, and tell what became of them."""
    from service.figures.embargo import release_due

    settings = Settings()
    with running_database(settings):
        engine = writer_engine(settings)
        try:
            with engine.begin() as conn:
                check_schema(conn)
            return release_due(engine, actor=actor, again=True)
        finally:
            engine.dispose()


def show_findings() -> bool:
    """Print what may be wrong, a line each; return whether nothing is."""
    from service.operations.doctor import examined

    marks = {"ok": "✓", "look": "!", "wrong": "✗"}
    is_well = True
    for found in examined():
        is_well = is_well and found.state != "wrong"
        out.print(
            f"{marks[found.state]} {found.what:<12}{found.told}" + (f" → {found.todo}" if found.todo else "")
        )
    return is_well


def show_status() -> None:
    """Print the database, its schema and what is loaded."""
    settings = Settings()
    with running_database(settings), open_connection(settings) as conn:
        out.print(f"database  {writer_url(settings)!r}", soft_wrap=True)
        out.print(f"server    {conn.scalar(text('show server_version'))}, PostGIS {_postgis(conn)}")
        found = schema.revision(conn)
        out.print(f"schema    {found or '(none)'} of {schema.newest()}")
        if found is None:
            return
        vintages = [row._asdict() for row in conn.execute(text(VINTAGES))]
        print_table(
            vintages,
            ("vintage", "changed", "prefectures", "municipalities", "wards", "tiles"),
            "No boundaries.",
        )
        for what in (
            "indicator",
            "observation",
            "vector",
            "source",
            "area_change",
            "deployment",
            "kpi",
            "stop",
            "cell",
            "api_key",
        ):
            out.print(f"{what:<12}{conn.scalar(text(f'select count(*) from {what}')):>10,}")  # noqa: S608
        if found == schema.newest():
            _show_fetched(conn)
        out.print(f"memory      {settings.memory_mb:>10,} MiB for each serving process; see /metrics")


def _show_fetched(conn: Connection) -> None:
    """Print when what is fetched was read last, and which timetables have ended or end soon."""
    from service.fetching.feeds import ending

    when = text("select count(*) as n, date_trunc('second', max(at)) as newest from fetched")
    found = conn.execute(when).one()
    if found.n:
        out.print(f"{'fetched':<12}{found.n:>10,} tables and feeds, the last at {found.newest}")
    if ends := ending(conn):
        print_table(ends, ("id", "title", "valid_to", "state"), "")


VINTAGES = """
select v.vintage,
       (select date_trunc('second', to_timestamp(n / 1e6)) from revision r
        where r.subject = 'vintage:' || v.vintage) as changed,
       count(*) filter (where a.level = 'prefecture') as prefectures,
       count(*) filter (where a.level = 'municipality') as municipalities,
       count(*) filter (where a.level = 'ward') as wards,
       (select count(*) from encoded_tile t where t.vintage = v.vintage) as tiles
from vintage v left join area a using (vintage) group by v.vintage order by v.vintage
"""


def _postgis(conn: Connection) -> str:
    found = conn.scalar(text("select extversion from pg_extension where extname = 'postgis'"))
    return str(found or "(not installed in this database)")


def write_indicators(file: Path | None) -> Path:
    """Write the reference of all layers in the database as Markdown, and return where it is."""
    from service.layers.reference import written

    path = file or (HOME / "docs/indicators.md" if FOLDERS.is_checkout else Path("indicators.md"))
    settings = Settings()
    with transaction(settings):
        path.write_text(asyncio.run(written(settings)), encoding="utf-8")
    return path


def write_openapi(file: Path | None) -> Path:
    """Write the OpenAPI document of this version, and return where it is."""
    from service.app import create_api

    path = file or (HOME / "openapi/openapi.json" if FOLDERS.is_checkout else Path("openapi.json"))
    document = json.dumps(create_api(Settings()).openapi(), ensure_ascii=False, indent=1, sort_keys=True)
    path.write_text(document + "\n", encoding="utf-8")
    return path
