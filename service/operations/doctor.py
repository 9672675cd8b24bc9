"""What may be wrong with this chiiki and its database, each with what to do about it."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from service.child import NoRoom, NotShutIn, walls
from service.confinement import WALLS
from service.db import schema
from service.db.audit import AuditBroken, verified
from service.db.database import reader_url, running_database, writer_engine, writer_url
from service.settings import PREFIX, Settings, names_of, workers_of

State = Literal["ok", "look", "wrong"]

OLDEST_POSTGRESQL, OLDEST_POSTGIS = 150000, (3, 3)
#: Rows of the audit that are looked at; ``chiiki audit verify`` looks at all.
NEWEST_ROWS = 1_000
SKEW_S = 2.0
FREE_BYTES = 1 << 30
ENDING_DAYS = 30
#: So long after its moment at most what was held is published.
LATE_S = 60
#: What a serving process opens beside its pool: vectors, notifications, one that asks whether
#: the database answers, one that looks at held figures, and two that write.
FURTHER_CONNECTIONS = 6
#: Variables that are not settings of the service: of the tests and of scripts/prove.
OTHER_VARIABLES = frozenset({"CHIIKI_REAL_DATA", "CHIIKI_PROVE", "CHIIKI_MUTATIONS"})


@dataclass(frozen=True)
class Found:
    """What was found in one thing looked at.

    Attributes
    ----------
    state : ``look`` may be meant so, ``wrong`` is not
    todo : what to do, empty where nothing is
    """

    what: str
    state: State
    told: str
    todo: str = ""


def examined(environment: dict[str, str] | None = None) -> Iterator[Found]:
    """Give what is found, one thing after another; what needs what is missing is not looked at."""
    variables = dict(os.environ) if environment is None else environment
    try:
        settings = Settings()
    except ValidationError as error:
        for fault in error.errors():
            name = (
                names_of(str(fault["loc"][0]))[0]
                if fault["loc"][0] in Settings.model_fields
                else fault["loc"][0]
            )
            yield Found("settings", "wrong", f"{name}: {fault['msg']}", "See chiiki settings")
        return
    yield _settings(settings, variables)
    yield from disk(settings)
    yield _fonts(settings)
    yield _children()
    with running_database(settings):
        engine = writer_engine(settings)
        try:
            with engine.begin() as conn:
                yield Found("database", "ok", repr(writer_url(settings)))
                yield from _of_database(settings, conn)
        except OperationalError as error:
            told = str(error.orig).strip().replace("\n", " ")
            yield Found("database", "wrong", told, "Start it, or set DATABASE_URL to one that answers")
        finally:
            engine.dispose()


def _of_database(settings: Settings, conn: Connection) -> Iterator[Found]:
    yield from _versions(conn)
    yield _clock(conn)
    yield _connections(settings, conn)
    found = schema.revision(conn)
    if found != schema.newest():
        told = f"{found or '(none)'}, this chiiki works with {schema.newest()}"
        yield Found("schema", "wrong", told, "Run: chiiki migrate")
        return
    yield Found("schema", "ok", found)
    yield _values(conn)
    yield _owner(conn)
    yield _reader(settings, conn)
    yield _audit(conn)
    yield _keys(conn)
    yield _embargo(conn)


def _settings(settings: Settings, variables: dict[str, str]) -> Found:
    known = {name for field in Settings.model_fields for name in names_of(field)} | OTHER_VARIABLES
    unknown = sorted(name for name in variables if name.startswith(PREFIX) and name not in known)
    if unknown:
        return Found(
            "settings", "look", f"no settings: {', '.join(unknown)}", "See chiiki settings for the names"
        )
    if settings.host not in ("127.0.0.1", "::1", "localhost") and not settings.public_url:
        told = f"CHIIKI_HOST is {settings.host}, and links have whatever host a client names"
        return Found("settings", "look", told, "Set CHIIKI_PUBLIC_URL to the address that readers use")
    return Found("settings", "ok", "all can be read")


def disk(settings: Settings) -> Iterator[Found]:
    """Give for each folder that is written to whether it can be, and has room."""
    wanted = {settings.downloads: FREE_BYTES + (settings.downloads_mb << 20)}
    if settings.database_url is None:
        wanted[settings.local] = FREE_BYTES
    for folder, needed in wanted.items():
        place = next(path for path in (folder, *folder.parents) if path.exists())
        free = shutil.disk_usage(place).free
        told = f"{folder}: {free / (1 << 30):,.1f} GiB free"
        if not os.access(place, os.W_OK):
            lost = "files for download are 507" if folder == settings.downloads else "no database of its own"
            todo = "Give it to the account that runs chiiki"
            yield Found("disk", "wrong", f"{place} cannot be written to: {lost}", todo)
        elif free < needed:
            yield Found("disk", "wrong", told, f"Make room: at least {needed / (1 << 30):,.1f} GiB")
        else:
            yield Found("disk", "ok", told)
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        told = "no folder for temporary files: lists, pages as PDF and pictures as PNG are 507"
        yield Found("disk", "wrong", told, "Let /tmp be written to, or let TMPDIR name a folder that can be")


def _fonts(settings: Settings) -> Found:
    names = ("NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc")
    missing = [name for name in names if not Path(settings.fonts, name).is_file()]
    if missing:
        told = f"{settings.fonts} lacks {', '.join(missing)}: no pictures with words"
        return Found("fonts", "wrong", told, "apt-get install fonts-noto-cjk, or set CHIIKI_FONTS")
    return Found("fonts", "ok", str(settings.fonts))


def _children() -> Found:
    try:
        standing = walls()
    except NotShutIn as error:
        return Found(
            "children", "wrong", str(error), "Use a kernel with Landlock: docs/security.md, Children"
        )
    except NoRoom as error:
        return Found(
            "children", "wrong", str(error), "Make room for temporary files, or let TMPDIR name some"
        )
    told = f"shut in by {', '.join(standing)}"
    if missing := [wall for wall in WALLS if wall not in standing]:
        told += f", not by {', '.join(missing)}"
        return Found("children", "look", told, "See docs/security.md, Children, for what each keeps")
    return Found("children", "ok", told)


def _versions(conn: Connection) -> Iterator[Found]:
    number, server = conn.execute(
        text("select current_setting('server_version_num')::int, current_setting('server_version')")
    ).one()
    newer = "Move to a newer PostgreSQL: chiiki backup, then chiiki restore"
    state: State = "ok" if number >= OLDEST_POSTGRESQL else "wrong"
    yield Found("versions", state, f"PostgreSQL {server}", "" if state == "ok" else newer)
    if conn.scalar(text("select to_regproc('postgis_lib_version')")) is None:
        yield Found("versions", "wrong", "no PostGIS in this database", "Run: chiiki migrate")
        return
    postgis, geos, proj = conn.execute(
        text("select postgis_lib_version(), postgis_geos_version(), postgis_proj_version()")
    ).one()
    numbers = tuple(int(part) for part in postgis.split(".")[:2])
    told = f"PostGIS {postgis}, GEOS {geos}, PROJ {proj.split()[0]}"
    if numbers < OLDEST_POSTGIS:
        yield Found(
            "versions", "wrong", told, "Install PostGIS 3.3 or newer, then: alter extension postgis update"
        )
    else:
        yield Found("versions", "ok", told)


def _clock(conn: Connection) -> Found:
    before = time.time()
    there = float(conn.execute(text("select extract(epoch from clock_timestamp())")).scalar_one())
    after = time.time()
    skew = max(before - there, there - after, 0.0)  # what the way to the database took is no skew
    told = f"{skew:,.1f} s between this machine and the database"
    if skew > SKEW_S:
        return Found("clock", "wrong", told, "Run a time service (chrony, systemd-timesyncd) on both")
    return Found("clock", "ok", told)


def _connections(settings: Settings, conn: Connection) -> Found:
    there = int(conn.execute(text("select current_setting('max_connections')")).scalar_one())
    workers = workers_of(settings)
    wanted = (workers + (workers > 1)) * (settings.pool_size + FURTHER_CONNECTIONS)
    beside = " and one more at a restart" if workers > 1 else ""
    told = f"workers: {workers}{beside}, which open up to {wanted}; the server takes {there}"
    if wanted > there:
        todo = "Lower CHIIKI_WORKERS or CHIIKI_POOL_SIZE, or raise max_connections"
        return Found("connections", "wrong", told, todo)
    return Found("connections", "ok", told)


def _values(conn: Connection) -> Found:
    from service.figures import vectors  # numpy takes a while

    if vectors.is_current(conn):
        return Found("values", "ok", "worked out by this version")
    return Found("values", "wrong", "worked out by another version", "Run: chiiki migrate")


def _owner(conn: Connection) -> Found:
    who, is_super = conn.execute(
        text("select current_user, rolsuper from pg_roles where rolname = current_user")
    ).one()
    others = conn.scalars(
        text(
            "select c.relname from pg_class c"
            " where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'"
            " and not pg_has_role(c.relowner, 'member') and c.relname <> 'spatial_ref_sys' order by 1"
        )
    ).all()
    if others:
        todo = f"Run as a superuser: reassign owned by … to {who}"
        return Found("owner", "wrong", f"{who} does not own {', '.join(others[:5])}", todo)
    if is_super:
        return Found(
            "owner", "look", f"{who} is a superuser", "Give chiiki a role of its own that owns the database"
        )
    return Found("owner", "ok", f"{who} owns the tables")


#: Tables and rights that the reader has and should not have, or the other way round.
_RIGHTS = text(
    """
    select c.relname, has_table_privilege(c.oid, 'select') as reads,
           has_table_privilege(c.oid, 'insert, update, delete, truncate') as writes
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
        and c.relname <> 'spatial_ref_sys'
    """
)
_PRIVATE = frozenset({"api_key", "audit", "audit_link", "embargo", "fetched", "kept_answer"})


def _reader(settings: Settings, owner: Connection) -> Found:
    if reader_url(settings) == writer_url(settings):
        told = "reads go through the role that owns the tables"
        return Found("reader", "look", told, "Give chiiki_reader a password, set CHIIKI_READER_URL to it")
    again = "Run chiiki migrate, which grants what is right"
    engine = create_engine(reader_url(settings), connect_args={"connect_timeout": settings.connect_timeout_s})
    try:
        with engine.connect() as conn:
            rights = conn.execute(_RIGHTS).all()
            database = text("select current_database(), pg_postmaster_start_time()")
            is_same = conn.execute(database).one() == owner.execute(database).one()
    except DBAPIError as error:
        told = str(error.orig).strip().replace("\n", " ")
        return Found(
            "reader", "wrong", told, "Set CHIIKI_READER_URL to the same database through chiiki_reader"
        )
    finally:
        engine.dispose()
    blind = sorted(row.relname for row in rights if not row.reads and row.relname not in _PRIVATE)
    free = sorted(row.relname for row in rights if row.writes or (row.reads and row.relname in _PRIVATE))
    if blind:
        return Found("reader", "wrong", f"it may not read {', '.join(blind[:5])}", again)
    if free:
        return Found(
            "reader", "wrong", f"it may do too much with {', '.join(free[:5])}", "Use chiiki_reader alone"
        )
    told = "may read what is served and nothing else" + (
        "" if is_same else "; on another server, as a replica is"
    )
    return Found("reader", "ok", told)


def _audit(conn: Connection) -> Found:
    try:
        head = verified(conn, newest=NEWEST_ROWS)
    except AuditBroken as error:
        return Found(
            "audit", "wrong", str(error).replace("\n", "; "), "Run chiiki audit verify; restore a backup"
        )
    return Found(
        "audit", "ok", f"{head.n:,} rows, the newest {min(head.n, NEWEST_ROWS):,} are what was written"
    )


def _keys(conn: Connection) -> Found:
    ending = conn.execute(
        text(
            "select id, name from api_key where revoked_at is null and expires_at > now()"
            " and expires_at < now() + make_interval(days => :days) order by expires_at"
        ),
        {"days": ENDING_DAYS},
    ).all()
    if ending:
        told = f"end within {ENDING_DAYS} days: {', '.join(f'{row.id} ({row.name})' for row in ending)}"
        return Found("keys", "look", told, "Make others in time: chiiki key create")
    return Found("keys", "ok", f"none ends within {ENDING_DAYS} days")


def _embargo(conn: Connection) -> Found:
    held, refused, late, soonest = conn.execute(
        text(
            "select count(*), array_agg(id order by id) filter (where refused is not null),"
            " array_agg(id order by id) filter (where refused is null"
            " and release_at < clock_timestamp() - make_interval(secs => :late)),"
            " min(release_at) filter (where refused is null) from embargo"
        ),
        {"late": LATE_S},
    ).one()
    if refused:
        told = f"could not be published at their moment: {', '.join(refused)}"
        todo = "See why: chiiki embargo list; mend it, then chiiki embargo release, or cancel"
        return Found("embargo", "wrong", told, todo)
    if late:
        told = f"held beyond their moment: {', '.join(late)}"
        todo = "Let a service run whose DATABASE_URL may write, or run chiiki embargo release by a timer"
        return Found("embargo", "wrong", told, todo)
    until = f", the next until {soonest:%Y-%m-%d %H:%M %Z}" if held else ""
    return Found("embargo", "ok", f"{held} held{until}")
