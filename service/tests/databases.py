"""Databases for tests: real ones, made on a real server, dropped afterwards.

The server is that of ``DATABASE_URL`` where it is set, else chiiki's private cluster. The data that ship
are loaded once into a template whose name holds a digest of everything that makes its content; later
runs clone it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import URL, Connection, Engine, create_engine, text

from service.db import schema
from service.db.cluster import Cluster
from service.db.database import reader_url, running_database, writer_engine, writer_url
from service.settings import HOME, Settings
from service.shipped import load_shipped

#: What the content of the template depends on, routes, forms and tests excepted: making it takes a minute.
MADE_FROM = (
    "data/**/*",
    "geo/**/*.py",
    "service/areas/*.py",
    "service/db/**/*.py",
    "service/figures/*.py",
    "service/memory/revisions.py",
    "service/shipped.py",
    "service/strategy/*load.py",
    "service/transit/*.py",
)
TEMPLATES_KEPT = 2
LOCK = 0x74657374


@dataclass(frozen=True)
class Database:
    """A database for tests, and how to reach it.

    Attributes
    ----------
    writer : address for the role that owns the tables
    reader : address for the role that may only read; the writer's where there is none
    """

    writer: URL
    reader: URL

    @property
    def settings(self) -> Settings:
        """The settings with which chiiki uses this database."""
        return Settings(database_url=_secret(self.writer), reader_url=_secret(self.reader))

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which a process uses this database."""
        return {"DATABASE_URL": _text(self.writer), "CHIIKI_READER_URL": _text(self.reader)}

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Give a writing connection whose work is kept."""
        engine = writer_engine(self.settings)
        try:
            with engine.begin() as conn:
                yield conn
        finally:
            engine.dispose()


@dataclass(frozen=True)
class DatabaseServer:
    """A PostgreSQL server on which tests may make databases."""

    writer: URL
    reader: URL
    admin: Engine = field(repr=False)

    def database(self, name: str) -> Database:
        """Return how to reach the database ``name``."""
        return Database(self.writer.set(database=name), self.reader.set(database=name))

    @contextmanager
    def new_database(self, template: str = "template1") -> Iterator[Database]:
        """Give a database of its own, a clone of ``template``, and drop it afterwards."""
        name = f"chiiki_try_{secrets.token_hex(6)}"
        self._execute(f'create database "{name}" template "{template}"')
        try:
            yield self.database(name)
        finally:
            self._drop(name)

    def template(self) -> str:
        """Return the name of a database that holds the shipped data; make it where there is none."""
        name = f"chiiki_shipped_{_digest_of_content()}"
        with self.admin.connect() as conn:
            conn.execute(text("select pg_advisory_lock(:lock)"), {"lock": LOCK})
            names = self._templates(conn)
            if name not in names:
                self._make_template(conn, name)
            for old in [other for other in names if other != name][TEMPLATES_KEPT - 1 :]:
                conn.execute(text(f'drop database if exists "{old}" with (force)'))
            conn.execute(text("select pg_advisory_unlock(:lock)"), {"lock": LOCK})
        return name

    def _make_template(self, conn: Connection, name: str) -> None:
        unfinished = f"{name}_unfinished"
        conn.execute(text(f'drop database if exists "{unfinished}" with (force)'))
        conn.execute(text(f'create database "{unfinished}"'))
        with self.database(unfinished).begin() as loading:
            schema.upgrade(loading)
            load_shipped(loading, HOME / "data", "tests", lambda _done, _total, _what: None)
        conn.execute(text(f'alter database "{unfinished}" rename to "{name}"'))

    def _templates(self, conn: Connection) -> list[str]:
        """Return the templates on this server, newest first."""
        found = text(
            r"select datname from pg_database where datname like 'chiiki\_shipped\_%' order by oid desc"
        )
        return [name for name in conn.scalars(found) if not name.endswith("_unfinished")]

    def _drop(self, name: str) -> None:
        """Drop a database; PostgreSQL itself waits a few seconds for the reader's connections to close.

        ``with (force)`` would end those too, which the owner may not do.
        """
        own = text(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = :name and usename = current_user"
        )
        with self.admin.connect() as conn:
            conn.execute(own, {"name": name})
            conn.execute(text(f'drop database "{name}"'))

    def _execute(self, statement: str) -> None:
        with self.admin.connect() as conn:
            conn.execute(text(statement))


@contextmanager
def running_server() -> Iterator[DatabaseServer]:
    """Give the server to make databases on, running meanwhile."""
    settings = Settings()
    with running_database(settings):
        writer = writer_url(settings)
        maintenance = writer if settings.database_url else writer.set(database="postgres")
        admin = create_engine(maintenance, isolation_level="AUTOCOMMIT")
        try:
            yield DatabaseServer(writer, reader_url(settings), admin)
        finally:
            admin.dispose()


@contextmanager
def private_cluster(local: Path) -> Iterator[Cluster]:
    """Give a private cluster of its own, not running, and remove what is left of it afterwards."""
    cluster = Cluster.of(Settings(local=local))
    try:
        yield cluster
    finally:
        if cluster.answers():
            cluster.stop()
        shutil.rmtree(cluster.data.parent)
        shutil.rmtree(cluster.socket, ignore_errors=True)


def _digest_of_content() -> str:
    digest = hashlib.sha256()
    for pattern in MADE_FROM:
        for path in sorted(HOME.glob(pattern)):
            if path.is_file() and not _tells_only(path.relative_to(HOME)):
                digest.update(os.fsencode(path.relative_to(HOME)) + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _tells_only(path: Path) -> bool:
    """Return whether no content of the template can follow from a file, named below the home."""
    folders = {"__pycache__", "tests"}
    return path.name.endswith(("routes.py", "forms.py")) or not folders.isdisjoint(path.parts)


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _secret(url: URL) -> SecretStr:
    return SecretStr(_text(url))
