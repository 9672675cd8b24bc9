"""A backup of the database with digests beside it, and a restore that is proven by them.

PostgreSQL's own programs write and read the file (custom format). What stands in each table is digested in
the very snapshot that is dumped, and again in what was restored: equal digests mean equal rows, and equal
numbers of the subjects mean that every layer has the revision it had.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

from sqlalchemy import URL, Connection, Engine, text

from geo.errors import ChiikiError, Finding, InvalidFile
from service.db import schema
from service.db.audit import verified
from service.db.cluster import DEBIAN_BINARIES
from service.db.database import running_database, writer_engine, writer_url
from service.settings import Settings

#: What the digest of a row is made of must not depend on who asks.
_PLAINLY = text(
    "set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local bytea_output = 'hex'"
)
_TABLES = text(
    """
    select c.relname from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not exists (
        select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'e'
    )
    order by c.relname
    """
)
#: Rows in any order: the sum of the first half of their MD5, which is for slips of a disk, not for enemies.
#: Against those the file has its SHA-256, and the audit its chain.
_DIGEST = """
select count(*) as rows,
       coalesce(sum(('x' || left(md5(t::text), 16))::bit(64)::bigint::numeric), 0)::text as digest
from {} t
"""
#: What PostGIS brings into a database by itself.
POSTGIS = "--exclude-table=public.spatial_ref_sys"
#: Entries of the list of a dump that a database has already, or that need a superuser.
_NOT_OURS = re.compile(r"\d+; \d+ \d+ (EXTENSION|COMMENT|SCHEMA|ACL|DEFAULT ACL) ")


class RestoreFailed(ChiikiError):
    """What was restored is not what was backed up, or could not be restored."""


class BackupFailed(ChiikiError):
    """The backup could not be written."""


class TableDigest(TypedDict):
    """What stands in a table."""

    rows: int
    digest: str


class Manifest(TypedDict):
    """What is written beside a backup."""

    sha256: str
    bytes: int
    taken_at: str
    server: str
    schema: str
    audit: str
    tables: dict[str, TableDigest]
    subjects: dict[str, int]


def manifest_of(file: Path) -> Path:
    """Return where the digests of a backup stand."""
    return file.with_name(f"{file.name}.json")


def write_backup(settings: Settings, file: Path) -> Manifest:
    """Write the database to a file that does not exist yet, and its digests beside it.

    Raises
    ------
    BackupFailed : something is in the way, the disk is full, the database cannot be read
    AuditBroken : the audit is not what was written
    """
    for path in (file, manifest_of(file)):
        if path.exists():
            raise BackupFailed(f"{path} exists already; a backup never takes the place of another")
    unfinished, told = (path.with_name(f"{path.name}.unfinished") for path in (file, manifest_of(file)))
    with running_database(settings), _snapshot(settings) as (conn, snapshot):
        found = schema.revision(conn)
        if found is None:
            raise BackupFailed("The database is empty: there is nothing to back up")
        try:
            options = ("--format=custom", "--no-owner", "--no-privileges", "--schema=public", POSTGIS)
            _run(settings, "pg_dump", *options, f"--snapshot={snapshot}", f"--file={unfinished}")
            made: Manifest = {
                "sha256": _sha256(unfinished),
                "bytes": unfinished.stat().st_size,
                "taken_at": str(conn.scalar(text("select now() at time zone 'UTC'"))),
                "server": str(conn.scalar(text("show server_version"))),
                "schema": found,
                "audit": str(verified(conn)),
                "tables": _digests(conn),
                "subjects": _subjects(conn),
            }
            _write_through(told, json.dumps(made, ensure_ascii=False, indent=1) + "\n")
            unfinished.rename(file)
            told.rename(manifest_of(file))  # a dump without it is never taken for whole
        except OSError as error:
            raise BackupFailed(f"{file} cannot be written: {error.strerror}") from error
        finally:
            for path in (unfinished, told):
                path.unlink(missing_ok=True)
    return made


def read_manifest(file: Path) -> Manifest:
    """Return the digests beside a backup, once the file is what they say.

    Raises
    ------
    InvalidFile : there are none, or the file has another digest
    """
    path = manifest_of(file)
    try:
        told: Manifest = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InvalidFile(f"{path}, which has the digests of the backup, cannot be read: {error}") from error
    digest = _sha256(file)
    if digest != told["sha256"]:
        finding = Finding(file.name, "sha256", digest, told["sha256"])
        raise InvalidFile(f"{file} is not the file that was backed up: damaged, or another", [finding])
    return told


def restore_backup(settings: Settings, file: Path) -> Manifest:
    """Restore a backup into an empty database, prove it, and bring it to this version.

    Raises
    ------
    InvalidFile : the file is not what was backed up; nothing was restored
    RestoreFailed : the database is not empty, the file cannot be restored, or something is not as it was
    """
    told = read_manifest(file)
    if told["schema"] > schema.newest():
        raise RestoreFailed(
            f"The backup has the schema {told['schema']}, this chiiki works with {schema.newest()}: "
            "restore it with a newer one"
        )
    with running_database(settings):
        engine = writer_engine(settings)
        try:
            _refuse_what_is_there(engine)
            listed = file.with_name(f"{file.name}.list")
            try:
                listed.write_text(_ours(_run(settings, "pg_restore", "--list", str(file), connects=False)))
                options = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
                _run(settings, "pg_restore", *options, f"--use-list={listed}", str(file))
            finally:
                listed.unlink(missing_ok=True)
            with engine.begin() as conn:
                _prove(conn, told)
            with engine.begin() as conn:
                schema.upgrade(conn)
        finally:
            engine.dispose()
    return told


@contextmanager
def _snapshot(settings: Settings) -> Iterator[tuple[Connection, str]]:
    """Give a connection that sees one moment, and its name for others to see the same."""
    engine = writer_engine(settings)
    try:
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as conn, conn.begin():
            yield conn, str(conn.scalar(text("select pg_export_snapshot()")))
    finally:
        engine.dispose()


def _digests(conn: Connection) -> dict[str, TableDigest]:
    conn.execute(_PLAINLY)
    made: dict[str, TableDigest] = {}
    for table in conn.scalars(_TABLES).all():
        quoted = conn.dialect.identifier_preparer.quote(table)
        row = conn.execute(text(_DIGEST.format(quoted).replace(":", "\\:"))).one()
        made[table] = {"rows": row.rows, "digest": row.digest}
    return made


def _subjects(conn: Connection) -> dict[str, int]:
    return {
        row.subject: row.n for row in conn.execute(text("select subject, n from revision order by subject"))
    }


def _refuse_what_is_there(engine: Engine) -> None:
    with engine.begin() as conn:
        conn.execute(text("create extension if not exists postgis"))
        found = conn.scalars(_TABLES).all()
        if found:
            raise RestoreFailed(
                f"The database is not empty: it has {', '.join(found[:5])}. A backup is restored into"
                " an empty one (createdb), and nothing is ever overwritten"
            )


def _prove(conn: Connection, told: Manifest) -> None:
    """Refuse what is not, table by table and subject by subject, what was backed up."""
    now = _digests(conn)
    findings = [
        Finding(f"table {name}", "rows, digest", str(now.get(name)), str(told["tables"].get(name)))
        for name in sorted(told["tables"].keys() | now.keys())
        if now.get(name) != told["tables"].get(name)
    ]
    subjects = _subjects(conn)
    findings += [
        Finding(f"subject {name}", "n", str(subjects.get(name)), str(told["subjects"].get(name)))
        for name in sorted(told["subjects"].keys() | subjects.keys())
        if subjects.get(name) != told["subjects"].get(name)
    ]
    head = str(verified(conn))
    if head != told["audit"]:
        findings.append(Finding("audit", "head", head, told["audit"]))
    if findings:
        raise RestoreFailed("What was restored is not what was backed up; do not use this database", findings)


def _ours(listed: str) -> str:
    return "\n".join(line for line in listed.splitlines() if not _NOT_OURS.match(line)) + "\n"


def connecting(settings: Settings) -> tuple[list[str], dict[str, str]]:
    """Return how PostgreSQL's programs connect: words of a command, and its environment with the password."""
    url = writer_url(settings).set(drivername="postgresql")
    environment = dict(os.environ)
    if url.password is not None:
        environment["PGPASSWORD"] = str(url.password)
    return [f"--dbname={_without_password(url)}"], environment


def _without_password(url: URL) -> str:
    bare = URL.create(url.drivername, url.username, None, url.host, url.port, url.database, url.query)
    return bare.render_as_string(hide_password=False)


def _run(settings: Settings, program: str, *options: str, connects: bool = True) -> str:
    where, environment = connecting(settings)
    words = [_program(program), *options, *(where if connects else [])]
    done = subprocess.run(  # noqa: S603 (the programs are PostgreSQL's, the arguments ours)
        words, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        kind = RestoreFailed if program == "pg_restore" else BackupFailed
        raise kind(f"{program} failed: {done.stderr.strip()[-1000:]}")
    return done.stdout


def _program(name: str) -> str:
    """Return the newest of PostgreSQL's programs here: one reads what servers before it wrote, none after."""
    versions = {int(path.parts[-3]): path for path in DEBIAN_BINARIES.glob(f"*/bin/{name}")}
    found = str(versions[max(versions)]) if versions else shutil.which(name)
    if found is None:
        raise BackupFailed(f"{name} is not installed here. On Debian: apt-get install postgresql-client")
    return found


def _write_through(path: Path, told: str) -> None:
    """Write a file that is on the disk when this returns, as the dump is."""
    with open(path, "w", encoding="utf-8") as opened:
        opened.write(told)
        opened.flush()
        os.fsync(opened.fileno())


def _sha256(path: Path) -> str:
    try:
        with open(path, "rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise InvalidFile(f"{path} cannot be read: {error}") from error
