"""Faults as they happen: a server that ends a connection at the n-th statement of whoever writes.

Run as ``python -m service.tests.faults WORDS`` it is chiiki's command line with such a fault: ``FAULT_AT``
names a file that says at which statement, and may be changed meanwhile.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
from sqlalchemy import Connection, Engine, event, text

#: What differs between two runs of the same load: when it was, and numbers that a rollback uses up.
_TIMES = ("at", "loaded_at", "created_at", "last_used_at", "until")
_VARIES = {
    "audit": ("id",),
    "audit_link": ("audit", "digest"),
    "figure_change": ("id",),
    "revision": ("n",),
    "deployment": ("valid_from", "valid_to"),
    "kpi": ("valid_from", "valid_to"),
}
_TABLES = text(
    "select tablename from pg_tables where schemaname = 'public' and tablename <> 'spatial_ref_sys'"
    " order by 1"
)
_DIGEST = """
    select count(*) || ' ' || coalesce(sum(('x' || left(md5(row\\:\\:text), 16))\\:\\:bit(64)\\:\\:bigint), 0)
    from (select to_jsonb(t) - cast(:but as text[]) as row from "{}" t) rows
"""


def contents(conn: Connection, *, of_any_run: bool = False) -> dict[str, str]:
    """Return rows and a digest of each table; with ``of_any_run`` without what differs between two runs."""
    digests = {}
    for table in conn.scalars(_TABLES).all():
        but = [*_TIMES, *_VARIES.get(table, ())] if of_any_run else []
        digests[table] = str(conn.scalar(text(_DIGEST.format(table)), {"but": but}))
    return digests


class Faults:
    """Counts what is asked of the database by those who write, and ends the connection at one place."""

    def __init__(self, at: Callable[[], str]) -> None:
        self._told = at
        self._last = ""
        self._turn = threading.Lock()
        self.seen = 0

    def point(self, connection: object) -> None:
        """Count a statement; end its connection where it is the one. Who reads is no matter."""
        if not isinstance(connection, psycopg.Connection):
            return
        if connection.info.parameter_status("application_name") != "chiiki writer":
            return
        with self._turn:
            told = self._told()
            if told != self._last:
                self._last, self.seen = told, 0
            self.seen += 1
            if told.partition(" ")[0] == str(self.seen):
                end(connection)


def end(connection: psycopg.Connection[Any]) -> None:
    """End a connection on the server, as an operator or a server that stops does."""
    info = connection.info
    with psycopg.connect(info.dsn, password=info.password or None, autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s, 10000)", (info.backend_pid,))


@contextmanager
def faulty(faults: Faults) -> Iterator[None]:
    """Let every statement, every copy and every commit of a writer be counted meanwhile."""

    def asked(_conn: Connection, cursor: Any, *_rest: object) -> None:
        faults.point(getattr(cursor, "connection", None))

    def committed(conn: Connection) -> None:
        faults.point(conn.connection.driver_connection)

    copy = psycopg.Cursor.copy

    def copied(cursor: psycopg.Cursor[Any], *words: Any, **more: Any) -> Any:
        faults.point(cursor.connection)
        return copy(cursor, *words, **more)

    event.listen(Engine, "before_cursor_execute", asked)
    event.listen(Engine, "commit", committed)
    try:
        with patch.object(psycopg.Cursor, "copy", copied):
            yield
    finally:
        event.remove(Engine, "before_cursor_execute", asked)
        event.remove(Engine, "commit", committed)


def main() -> None:
    """Be chiiki's command line, with a fault."""
    from service.cli import app

    told = Path(os.environ["FAULT_AT"])
    with faulty(Faults(told.read_text)):
        app(sys.argv[1:])


if __name__ == "__main__":
    main()
