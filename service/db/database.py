"""The two ways to the database: one that writes (ingest, migrations, keys) and one that only reads.

The serving process answers through the reader, whose role may do nothing but read the published tables.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from functools import partial
from types import MappingProxyType
from typing import Any, Protocol

import psycopg
from prometheus_client import Gauge
from pydantic import SecretStr
from sqlalchemy import URL, Connection, Engine, NullPool, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from service.db.cluster import Cluster
from service.db.pulse import Pulse
from service.operations import traces
from service.settings import Settings

IN_USE = Gauge("chiiki_database_connections_in_use", "Connections that are at work", ["pool"])
RECYCLE_S = 1800
#: A load waits this long for another load's lock, then gives up with a clear error.
WRITER_LOCK_TIMEOUT_MS = 10_000


class Transactions(Protocol):
    """What begins a transaction: an engine, or a write that is answered once."""

    def begin(self) -> AbstractContextManager[Connection]:
        """Give a connection in a transaction, which an exception undoes."""
        ...


def writer_url(settings: Settings) -> URL:
    """Return the address of the database for the role that owns the tables."""
    if settings.database_url is not None:
        return _parsed(settings.database_url)
    return Cluster.of(settings).url("chiiki")


def reader_url(settings: Settings) -> URL:
    """Return the address of the database for reading; the owner's where no reader is configured."""
    if settings.reader_url is not None:
        return _parsed(settings.reader_url)
    if settings.database_url is not None:
        return _parsed(settings.database_url)
    return Cluster.of(settings).url("chiiki_reader")


def news_address(settings: Settings) -> str:
    """Return where notifications come from, as libpq reads it: a primary server, which a replica is not."""
    return _address(_parsed(settings.news_url) if settings.news_url is not None else reader_url(settings))


def writer_engine(settings: Settings, pulse: Pulse | None = None) -> Engine:
    """Return the engine of ingest, migrations and keys; a load may take minutes, so no statement timeout.

    Parameters
    ----------
    pulse : of the server that is read from: where it is the one written to, writers do not wait for it either
    """
    engine = create_engine(
        writer_url(settings),
        pool_pre_ping=True,
        pool_size=2,
        max_overflow=0,
        pool_timeout=settings.pool_timeout_s,
        pool_recycle=RECYCLE_S,
        pool_use_lifo=True,
        hide_parameters=True,
        connect_args=_connect_args(settings, "chiiki writer", {"lock_timeout": WRITER_LOCK_TIMEOUT_MS}),
    )
    if pulse is not None and _server(writer_url(settings)) == _server(reader_url(settings)):
        _watch(engine, pulse)
    return engine


def reader_engine(settings: Settings, pulse: Pulse | None = None) -> AsyncEngine:
    """Return the engine of the service: read-only transactions, every wait bounded."""
    opening = {} if pulse is None else {"async_creator_fn": partial(pulse.opened, _connect)}
    return create_async_engine(
        reader_url(settings),
        pool_pre_ping=True,
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=settings.pool_timeout_s,
        pool_recycle=RECYCLE_S,
        pool_use_lifo=True,
        hide_parameters=True,
        isolation_level="REPEATABLE READ",  # all that one answer is read from is of one moment
        execution_options={"postgresql_readonly": True},
        connect_args=_reading_args(settings, "chiiki reader") | opening,
    )


def tell_pool(name: str, engine: Engine) -> None:
    """Tell in the metrics how many connections of an engine are at work."""

    def in_use() -> int:
        pool = engine.pool
        return pool.checkedout() if isinstance(pool, QueuePool) else 0

    IN_USE.labels(name).set_function(in_use)


def _connect(*args: Any, **kwargs: Any) -> Awaitable[psycopg.AsyncConnection[Any]]:
    return psycopg.AsyncConnection.connect(*args, **kwargs)


async def asking(settings: Settings) -> psycopg.AsyncConnection[Any]:
    """Return a connection on which to ask whether the database answers; see ``service.db.pulse``."""
    return await psycopg.AsyncConnection.connect(
        _address(reader_url(settings)),
        autocommit=True,
        # a proxy may hand it to another server each time
        **_reading_args(settings, "chiiki pulse") | {"prepare_threshold": None},
    )


async def looking(settings: Settings) -> psycopg.AsyncConnection[Any]:
    """Return a connection of the role that writes, on which a process looks for what is due."""
    limits = {"statement_timeout": settings.connect_timeout_s * 1000}
    return await psycopg.AsyncConnection.connect(
        _address(writer_url(settings)), autocommit=True, **_connect_args(settings, "chiiki releases", limits)
    )


@contextmanager
def reading(settings: Settings, pulse: Pulse) -> Iterator[Connection]:
    """Give a connection of its own that only reads and sees one moment, for work in a thread."""
    engine = create_engine(
        reader_url(settings),
        poolclass=NullPool,
        hide_parameters=True,
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
        connect_args=_reading_args(settings, "chiiki reader"),
    )
    _watch(engine, pulse)
    with engine.connect() as conn:
        yield conn


def _watch(engine: Engine, pulse: Pulse) -> None:
    """Let nobody wait for a database that does not answer."""

    def refuse(*_connection: object) -> None:
        pulse.check()

    def watch(connection: psycopg.Connection[Any], _record: object) -> None:
        pulse.watch(connection)

    event.listen(engine, "do_connect", refuse)
    event.listen(engine, "connect", watch)


def _server(url: URL) -> tuple[object, ...]:
    return url.host, url.port, url.query.get("host"), url.query.get("port")


class Statements:
    """Reading statements past SQLAlchemy, which would take longer than the database.

    They are asked one after another on one connection, which stays open and has planned them. Each is of one
    moment without a transaction.
    """

    def __init__(self, settings: Settings, pulse: Pulse) -> None:
        self._settings = settings
        self._pulse = pulse
        self._cursor: psycopg.AsyncRawCursor | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def rows(self, query: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        """Return the rows that a statement answers; its parameters are ``$1``, ``$2`` and so on.

        Raises
        ------
        OperationalError : of SQLAlchemy, as from the reader
        PoolTimeout : others take too long
        """
        async with self._own_turn():
            try:
                if self._cursor is not None:
                    try:
                        return await self._asked(self._cursor, query, values)
                    except psycopg.errors.QueryCanceled:
                        raise
                    except (psycopg.OperationalError, psycopg.InterfaceError):  # it was closed meanwhile
                        await self._left()
                self._cursor = await self._opened()
                return await self._asked(self._cursor, query, values)
            except psycopg.Error as error:
                raise OperationalError(query, None, error) from error

    @property
    def waiting(self) -> int:
        """How many statements wait for their turn."""
        return self._waiting

    async def close(self) -> None:
        """Close the connection; the next statement opens another."""
        async with self._turn:
            await self._left()

    @asynccontextmanager
    async def _own_turn(self) -> AsyncIterator[None]:
        if self._turn.locked() or self._waiting:
            self._waiting += 1
            try:
                async with asyncio.timeout(self._settings.pool_timeout_s):
                    await self._turn.acquire()
            except TimeoutError:
                raise PoolTimeout("The statements before take too long") from None
            finally:
                self._waiting -= 1
        else:
            await self._turn.acquire()  # which does not wait: a clock would take longer than the turn
        try:
            yield
        finally:
            self._turn.release()

    async def _opened(self) -> psycopg.AsyncRawCursor:
        connection = await self._pulse.opened(
            _connect,
            _address(reader_url(self._settings)),
            autocommit=True,
            **_reading_args(self._settings, "chiiki statements", _BY_KEY),
        )
        return psycopg.AsyncRawCursor(connection)

    async def _left(self) -> None:
        if self._cursor is not None:
            await self._cursor.connection.close()
        self._cursor = None

    async def _asked(
        self, cursor: psycopg.AsyncRawCursor, query: str, values: Sequence[object]
    ) -> list[tuple[Any, ...]]:
        with traces.span("database"):
            return await self._fetched(cursor, query, values)

    async def _fetched(
        self, cursor: psycopg.AsyncRawCursor, query: str, values: Sequence[object]
    ) -> list[tuple[Any, ...]]:
        if not self._settings.pooled:
            await cursor.execute(query, values, prepare=True, binary=True)
            return await cursor.fetchall()
        async with cursor.connection.transaction():  # what is set in it ends with it
            await cursor.execute(_BY_KEY_HERE)
            await cursor.execute(query, values, prepare=False, binary=True)
            return await cursor.fetchall()


#: A statement that finds rows by their key has one plan whatever the key is: by the index, row by row.
_BY_KEY = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "enable_bitmapscan": "off"}


_BY_KEY_HERE = "; ".join(f"set local {name} = {value}" for name, value in _BY_KEY.items()).encode()


def _reading_args(
    settings: Settings, name: str, more: Mapping[str, object] = MappingProxyType({})
) -> dict[str, Any]:
    """Return how to connect for reading; through PgBouncer nothing may stay with the server."""
    if settings.pooled:
        return {
            "connect_timeout": settings.connect_timeout_s,
            "application_name": name,
            "prepare_threshold": None,
        }
    return _connect_args(settings, name, {**_reading_limits(settings), **more})


def _reading_limits(settings: Settings) -> dict[str, object]:
    return {
        "default_transaction_read_only": "on",
        "statement_timeout": settings.statement_timeout_ms,
        "lock_timeout": 500,
        "idle_in_transaction_session_timeout": 5000,
        "client_connection_check_interval": 1000,
        "jit": "off",  # compiling takes longer than any of our queries
    }


@contextmanager
def running_database(settings: Settings) -> Iterator[None]:
    """Keep the database running meanwhile: the private cluster, unless ``DATABASE_URL`` names another."""
    if settings.database_url is not None:
        yield
        return
    with Cluster.of(settings).running():
        yield


def _address(url: URL) -> str:
    """Return an address as libpq reads it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _parsed(address: SecretStr) -> URL:
    url = make_url(address.get_secret_value())
    # Providers write postgres://, people postgresql://; there is one driver here.
    return url.set(drivername="postgresql+psycopg")


def _connect_args(settings: Settings, name: str, limits: Mapping[str, object]) -> dict[str, Any]:
    return {
        "connect_timeout": settings.connect_timeout_s,
        "application_name": name,
        "options": " ".join(f"-c {setting}={value}" for setting, value in limits.items()),
    }
