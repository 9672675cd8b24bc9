"""The private PostgreSQL cluster: what runs when nobody names a database.

It is made from the system's PostgreSQL binaries, listens on a Unix socket alone and tells its users apart
by the operating system's account (``peer``), so that there is no password to keep.

PostgreSQL refuses to run as root. Root's cluster therefore belongs to the account ``postgres`` and lies in
``/var/lib/chiiki-<hash of the folder>``: that account may not be able to enter the folder chiiki lies in.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import select
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.pq import ConnStatus, PGconn, PollingStatus
from sqlalchemy import URL

from geo.errors import ChiikiError
from service.settings import Settings

SUPERUSER, OWNER, READER, DATABASE = "postgres", "chiiki", "chiiki_reader", "chiiki"
PORT = 5432  # a name only: part of the socket's file name
#: sockaddr_un holds 108 bytes with the final NUL.
MAX_SOCKET_BYTES = 107
START_DEADLINE_S = 60.0
RETRY_S = 0.5
ANSWER_S = 1.0
#: What a server says that starts or stops.
NOT_YET = "the database system is"
WATCH_S = 1.0
DEBIAN_BINARIES = Path("/usr/lib/postgresql")
READER_CONNECTIONS = 80

CONFIGURATION = """\
# Written by chiiki at each start; changes here are lost.
listen_addresses = ''
unix_socket_directories = '{socket}'
port = {port}
max_connections = 100
shared_buffers = 256MB
work_mem = 32MB
maintenance_work_mem = 256MB
max_wal_size = 2GB
temp_file_limit = 8GB
jit = off
fsync = on
full_page_writes = on
synchronous_commit = on
data_sync_retry = off
client_connection_check_interval = 10s
postgis.gdal_enabled_drivers = 'DISABLE_ALL'
postgis.enable_outdb_rasters = off
log_min_messages = warning
"""


#: In the data directory from the time that the roles and the database were made.
PREPARED = "chiiki.prepared"


class ClusterFailed(ChiikiError):
    """The private cluster cannot be made, started or stopped."""


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL cluster in a folder of its own.

    Attributes
    ----------
    data : PostgreSQL's data directory
    socket : the folder of its Unix socket
    local : the folder of its log and locks
    account : the operating system's account that runs it
    """

    data: Path
    socket: Path
    local: Path
    account: str

    @classmethod
    def of(cls, settings: Settings) -> Cluster:
        """Return the cluster of these settings; whether it runs, or exists at all, is another question."""
        return cls.at(settings.local, pwd.getpwuid(os.geteuid()).pw_name)

    @classmethod
    def at(cls, local: Path, user: str) -> Cluster:
        """Return the cluster that ``user`` has for the folder ``local``."""
        digest = hashlib.sha256(os.fsencode(local)).hexdigest()[:8]
        home, account = (Path(f"/var/lib/chiiki-{digest}"), SUPERUSER) if user == "root" else (local, user)
        socket = home / "run"
        if len(os.fsencode(socket / f".s.PGSQL.{PORT}")) > MAX_SOCKET_BYTES:
            socket = Path(f"/tmp/chiiki-{digest}")  # noqa: S108 (made with mode 700, refused if another's)
        return cls(home / "postgres", socket, local, account)

    def url(self, role: str, database: str = DATABASE) -> URL:
        """Return the address of a database of this cluster for ``role``."""
        return URL.create("postgresql+psycopg", role, database=database, query={"host": str(self.socket)})

    @property
    def log(self) -> Path:
        """The file the server logs to."""
        return self.data.parent / "postgres.log"

    def answers(self) -> bool:
        """Return whether the server accepts connections."""
        return _answers(f"host='{self.socket}' port={PORT} dbname=postgres user={SUPERUSER}")

    @contextmanager
    def running(self) -> Iterator[None]:
        """Keep the server running meanwhile: started when it is down, stopped by whoever leaves last."""
        self._make_folders()
        with open(self.local / "postgres.users", "a") as users:
            # Every user holds a share of this lock; the last one can have it alone, and stops the server.
            fcntl.flock(users, fcntl.LOCK_SH)
            self.start()
            try:
                yield
            finally:
                with suppress(BlockingIOError):
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    self.stop()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Start the server again whenever it goes down meanwhile."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(WATCH_S):
                # a full disk, a server that goes down as it is asked: the next round tries again
                with suppress(ClusterFailed, OSError, psycopg.Error):
                    self.start()

        watcher = threading.Thread(target=watch, name="cluster", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

    def start(self) -> None:
        """Start the server unless it answers; make the cluster, its roles and its database the first time."""
        if self._is_prepared() and self.answers():
            return
        with open(self.local / "postgres.start", "a") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)  # a new cluster answers before it has its roles
            if not self.answers():
                binaries = self._binaries()
                if not self.data.exists():
                    self._make(binaries)
                self._configure()
                self._start_until_it_answers(binaries)
            elif self._is_prepared():
                return
            self._prepare()
            self._write(PREPARED, "")

    def _is_prepared(self) -> bool:
        return (self.data / PREPARED).exists()

    def stop(self) -> None:
        """Stop the server; connections still open are ended."""
        if self.data.exists():
            self._run([self._binaries() / "pg_ctl", "stop", "-D", self.data, "-m", "fast", "-w", "-s"])

    def _make_folders(self) -> None:
        self.local.mkdir(parents=True, exist_ok=True)
        owner = self._owner()
        for folder in (self.data.parent, self.socket):
            if not folder.exists():
                folder.mkdir(mode=0o755)
                if folder != self.local:
                    os.chown(folder, owner.pw_uid, owner.pw_gid)
            elif folder != self.local and folder.stat().st_uid != owner.pw_uid:
                raise ClusterFailed(
                    f"{folder} belongs to another account than {owner.pw_name}. Run chiiki as the account "
                    f"that set it up, or remove {folder} (with the data in it) to begin anew."
                )

    def _owner(self) -> pwd.struct_passwd:
        try:
            return pwd.getpwnam(self.account)
        except KeyError as error:
            raise ClusterFailed(
                f"There is no account {self.account!r}, under which root's PostgreSQL runs. "
                "Install PostgreSQL (scripts/serve does), or set DATABASE_URL."
            ) from error

    def _binaries(self) -> Path:
        """Return the folder of the PostgreSQL programs: the version that made the data, else the newest."""
        made_by = self.data / "PG_VERSION"
        wanted = made_by.read_text().strip() if made_by.exists() else None
        found = {program.parts[-3]: program.parent for program in DEBIAN_BINARIES.glob("*/bin/initdb")}
        if not found and (elsewhere := shutil.which("pg_ctl")):
            return Path(elsewhere).resolve().parent
        if wanted in found:
            return found[wanted]
        if not found or wanted:
            raise ClusterFailed(
                f"PostgreSQL {wanted or '15 or newer'} with PostGIS is not installed here. On Debian 12: "
                "apt-get install postgresql-15 postgresql-15-postgis-3 (scripts/serve does it). "
                "Or set DATABASE_URL to a database that you have."
            )
        return found[max(found, key=int)]

    def _make(self, binaries: Path) -> None:
        unfinished = self.data.with_name("postgres.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        options = [f"--username={SUPERUSER}", "--auth=peer", "--data-checksums", "--encoding=UTF8"]
        self._run([binaries / "initdb", "-D", unfinished, *options, "--locale=C.UTF-8", "--no-instructions"])
        with open(unfinished / "postgresql.conf", "a") as configuration:
            configuration.write("include 'chiiki.conf'\n")
        unfinished.rename(self.data)

    def _configure(self) -> None:
        user = pwd.getpwuid(os.geteuid()).pw_name
        accounts, roles = sorted({user, self.account}), (SUPERUSER, OWNER, READER)
        self._write("chiiki.conf", CONFIGURATION.format(socket=self.socket, port=PORT))
        self._write("pg_hba.conf", "local all all peer map=chiiki\n")
        self._write(
            "pg_ident.conf", "".join(f'chiiki "{account}" {role}\n' for account in accounts for role in roles)
        )

    def _write(self, name: str, text: str) -> None:
        """Write a file whole or not at all, where it does not hold this already: the disk may be full."""
        path, owner = self.data / name, self._owner()
        if path.exists() and path.read_text() == text:
            return
        unfinished = path.with_name(f"{name}.new")
        unfinished.write_text(text)
        os.chown(unfinished, owner.pw_uid, owner.pw_gid)
        unfinished.replace(path)

    def _start_until_it_answers(self, binaries: Path) -> None:
        # After a kill -9 the old server's children hold its shared memory for a moment, and the first
        # attempts fail; only the deadline tells that from a real fault.
        deadline = time.monotonic() + START_DEADLINE_S
        while True:
            self._remove_stale_lock()
            try:
                self._run([binaries / "pg_ctl", "start", "-D", self.data, "-l", self.log, "-w", "-s"])
            except ClusterFailed as error:
                if self.answers():
                    return
                if time.monotonic() > deadline:
                    message = f"{error.message}\nThe end of {self.log}:\n{self._end_of_log()}"
                    raise ClusterFailed(message) from error
                time.sleep(RETRY_S)
            else:
                return

    def _remove_stale_lock(self) -> None:
        """Remove a lock whose process is no PostgreSQL of ours: a reboot gives the number to another."""
        lock = self.data / "postmaster.pid"
        if not lock.exists():
            return
        pid = lock.read_text().partition("\n")[0].strip()
        try:
            is_ours = Path(f"/proc/{pid}/cwd").resolve(strict=True) == self.data.resolve()
        except OSError:
            is_ours = False
        if not is_ours:
            lock.unlink(missing_ok=True)

    def _end_of_log(self) -> str:
        if not self.log.exists():
            return "(there is no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-10:])

    def _run(self, command: Sequence[str | Path]) -> None:
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
        as_root = os.geteuid() == 0
        done = subprocess.run(  # noqa: S603 (the programs are PostgreSQL's, the arguments ours)
            [str(word) for word in command],
            user=self.account if as_root else None,
            group=self._owner().pw_gid if as_root else None,
            extra_groups=[] if as_root else None,
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ClusterFailed(f"{Path(command[0]).name} failed: {done.stdout.strip()}")

    def _prepare(self) -> None:
        """Make the two roles and the database; each step is skipped where it was done before."""
        with self._connected("template1") as conn:
            conn.execute("create extension if not exists postgis")
            conn.execute("revoke create on schema public from public")
            # Large objects would let a reader write; nothing here uses them.
            conn.execute(
                "revoke execute on function lo_create(oid), lo_creat(integer), lo_from_bytea(oid, bytea), "
                "lo_import(text), lo_import(text, oid), lo_export(oid, text) from public"
            )
            _create_role(conn, OWNER, "login createdb nosuperuser")
            _create_role(conn, READER, f"login noinherit nosuperuser connection limit {READER_CONNECTIONS}")
        with self._connected("postgres") as conn:
            if not _exists(conn, "select from pg_database where datname = %s", DATABASE):
                names = sql.Identifier(DATABASE), sql.Identifier(OWNER)
                conn.execute(sql.SQL("create database {} owner {}").format(*names))

    def _connected(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        address = self.url(SUPERUSER, database).set(drivername="postgresql")
        return psycopg.connect(address.render_as_string(hide_password=False), autocommit=True)


def _answers(address: str) -> bool:
    """Return whether a server accepts connections; refusing this one for another reason is an answer too.

    libpq's own question (PQping) would hold up every thread of this process while a server is silent.
    """
    conn = PGconn.connect_start(address.encode())
    with suppress(psycopg.OperationalError):
        deadline = time.monotonic() + ANSWER_S
        while conn.status != ConnStatus.BAD and time.monotonic() < deadline:
            polled = conn.connect_poll()
            if polled == PollingStatus.OK:
                break
            if polled != PollingStatus.FAILED:
                poll = select.poll()  # select(2) takes no number above 1,023
                poll.register(
                    conn.socket, select.POLLIN if polled == PollingStatus.READING else select.POLLOUT
                )
                poll.poll(ANSWER_S * 1000)
    reason = conn.error_message.decode(errors="replace")
    is_open = conn.status == ConnStatus.OK
    conn.finish()
    return is_open or has_refused(reason)


def has_refused(reason: str) -> bool:
    """Return whether a server that is there and has started refused a connection, as libpq tells it."""
    return "FATAL:" in reason and NOT_YET not in reason


def _create_role(conn: psycopg.Connection[tuple[object, ...]], role: str, attributes: str) -> None:
    if not _exists(conn, "select from pg_roles where rolname = %s", role):
        conn.execute(sql.SQL("create role {} " + attributes).format(sql.Identifier(role)))


def _exists(conn: psycopg.Connection[tuple[object, ...]], query: str, name: str) -> bool:
    return conn.execute(query.encode(), (name,)).fetchone() is not None
