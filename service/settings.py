"""Every setting of the service: an environment variable each, with its default and its meaning.

``docs/settings.md`` is the table of these, and a test compares the two.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

#: The folder that ``service`` lies in: the project's own, or where packages are installed.
HOME = Path(__file__).resolve().parent.parent
PREFIX = "CHIIKI_"


@dataclass(frozen=True)
class Folders:
    """Where things lie unless a setting says otherwise.

    Attributes
    ----------
    data : the data that ship
    local : the private cluster
    downloads : files for download
    is_checkout : whether chiiki runs out of its project's folder, which it may then write to
    """

    data: Path
    local: Path
    downloads: Path
    is_checkout: bool


def folders(home: Path, environment: Mapping[str, str]) -> Folders:
    """Return the folders of a chiiki whose ``service`` lies in ``home``.

    Nothing is ever written beside an installed package. What stays then goes where the XDG Base Directory
    Specification wants a user's data, and what can be made again where it wants caches.
    """
    if (home / "pyproject.toml").is_file():
        local = home / ".local"
        return Folders(home / "data", local, local / "downloads", is_checkout=True)
    own = Path(environment.get("HOME") or os.path.expanduser("~"))
    data, cache = (
        Path(named) if os.path.isabs(named := environment.get(variable, "")) else own / usual
        for variable, usual in (("XDG_DATA_HOME", ".local/share"), ("XDG_CACHE_HOME", ".cache"))
    )
    return Folders(home / "service" / "data", data / "chiiki", cache / "chiiki/downloads", is_checkout=False)


FOLDERS = folders(HOME, os.environ)

AbsolutePath = Annotated[Path, AfterValidator(Path.absolute)]


class Settings(BaseSettings):
    """The settings, read from the environment when the object is made."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, populate_by_name=True, extra="ignore")

    database_url: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("DATABASE_URL", "CHIIKI_DATABASE_URL"),
        description="PostgreSQL with PostGIS, as `postgresql://user:password@host/database`; the role"
        " owns the tables. Empty: chiiki runs a private cluster of its own under "
        "`CHIIKI_LOCAL`.",
    )
    reader_url: SecretStr | None = Field(
        default=None,
        description="The same database through a role that may only read (`chiiki_reader`); what is "
        "served comes through it. Empty: `DATABASE_URL` in read-only transactions.",
    )
    pooled: bool = Field(
        default=False,
        description="Whether `CHIIKI_READER_URL` is PgBouncer's in transaction mode (deploy/pgbouncer): "
        "nothing is left on the server's connections, and PgBouncer sets their limits.",
    )
    news_url: SecretStr | None = Field(
        default=None,
        description="Where notifications of changes come from (`LISTEN`), where `CHIIKI_READER_URL` is a "
        "replica, which has none. Empty: the address that is read from.",
    )
    news_every_s: float = Field(
        default=5,
        gt=0,
        description="Seconds between two looks at what has changed; they find what no notification told.",
    )
    local: AbsolutePath = Field(
        default=FOLDERS.local,
        description="Folder of the private cluster: its data, its socket and its log.",
    )
    data: AbsolutePath = Field(
        default=FOLDERS.data,
        description="Folder of the data that ship with chiiki: `boundaries`, `catalog`, `population`, "
        "`statistics`, `transport`.",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on; `0.0.0.0` for every interface.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on.")
    workers: int = Field(
        default=0,
        ge=0,
        le=64,
        description="Serving processes; each has its own memory and pool. 0: two where chiiki may use two "
        "cores or more, else one ([operations.md](operations.md#workers)).",
    )
    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s]+)?$",
        description="Address under which readers reach the service, for links in answers. Needed where "
        "`CHIIKI_HOST` is not this machine alone. Empty: `http://localhost` or `http://127.0.0.1`, as it was "
        "called, with the port that it listens on.",
    )
    operator: str = Field(
        default="",
        max_length=200,
        description="Who runs the service, for `/about` and `/terms`. Empty: they say that no name is told.",
    )
    contact: str = Field(
        default="",
        pattern=r"^((mailto:|https?://)[^\s]+)?$",
        description="Where to turn to about the service, `mailto:` or the address of a page, for "
        "`/about` and data catalogues (DCAT). Empty: `/about` says that there is none, catalogues name the "
        "service itself.",
    )
    forwarded_allow_ips: str = Field(
        default="127.0.0.1",
        description="Addresses of the proxies whose `X-Forwarded-*` headers are believed, separated "
        "by commas.",
    )
    keep_alive_s: int = Field(default=5, ge=1, description="Seconds an idle connection is kept open.")
    head_s: float = Field(
        default=10, gt=0, description="Seconds that the head of a request may take; then 408."
    )
    stall_s: float = Field(
        default=20,
        gt=0,
        description="Seconds that the body of a request, or the reader of an answer, may lag behind "
        "`CHIIKI_FLOOR_BYTES_S`; then the connection is closed.",
    )
    floor_bytes_s: int = Field(
        default=1024, ge=1, description="Bytes a second that the slowest honest client sends and reads."
    )
    connections_per_address: int = Field(
        default=512,
        ge=1,
        description="Connections that an address (in IPv6 a /64) may have to each serving process; more "
        "answer 429. Those of `CHIIKI_FORWARDED_ALLOW_IPS` are not counted: a proxy counts its own.",
    )
    graceful_s: int = Field(
        default=25,
        ge=0,
        description="Seconds that running requests get to finish at shutdown; all is over 5 s later.",
    )
    log_level: Literal["critical", "error", "warning", "info", "debug"] = Field(
        default="info", description="How much is logged."
    )
    log_format: Literal["text", "json"] = Field(
        default="text",
        description="How logs are written: `text`, or `json` with an object a line "
        "([operations.md](operations.md#logs)).",
    )
    access_log: bool = Field(
        default=False, description="Log a line for each request, with the path and without the query."
    )
    frame_ancestors: str = Field(
        default="*",
        pattern=r"^(\*|'none'|[A-Za-z0-9:/.*\-]+( [A-Za-z0-9:/.*\-]+)*)$",
        description="Sites that may show `/embed/…` in a frame, as in CSP `frame-ancestors`: `*`, or "
        "addresses apart by spaces. Nothing else of chiiki may be framed.",
    )
    resas_at_root: bool = Field(
        default=False,
        description="Answer the RESAS API at `/api/v1/…` too, for clients that keep only the host of an "
        "address ([resas.md](resas.md)).",
    )
    gsi_tiles: bool = Field(
        default=False,
        description="Let the explorer offer the background map of the Geospatial Information Authority of "
        "Japan (地理院タイル), which readers' browsers then load from `cyberjapandata.gsi.go.jp`.",
    )
    max_body_mb: int = Field(
        default=20, ge=1, description="Largest body of a request, in MiB; more answers 413."
    )
    require_sandbox: bool = Field(
        default=False,
        description="Do not start, and begin no child, on a machine that cannot shut it in: one without "
        "Landlock or seccomp ([security.md](security.md#children)).",
    )
    pool_size: int = Field(
        default=8,
        ge=1,
        description="Database connections of each serving process; it never opens more of a kind, and one "
        "each for vectors, for notifications, for held figures and to ask whether the database answers.",
    )
    pool_timeout_s: float = Field(
        default=1, gt=0, description="Seconds a request waits for a free connection before it answers 503."
    )
    answer_timeout_s: float = Field(
        default=1,
        gt=0,
        description="Seconds within which the database has to answer a process that asks it all the time; "
        "after that no request waits for it until it answers again: what is in memory is served, the rest is "
        "503.",
    )
    connect_timeout_s: int = Field(
        default=2,
        ge=2,
        description="Seconds that opening a database connection may take; libpq rounds 1 up to 2.",
    )
    statement_timeout_ms: int = Field(
        default=3000, ge=0, description="Milliseconds that one reading statement may take; 0 for no limit."
    )
    most_reads: int = Field(
        default=256,
        ge=1,
        description="Reads that a serving process answers at a time; more are told to come again (503). What "
        "is in memory is always answered, and not counted.",
    )
    most_heavy: int = Field(
        default=16,
        ge=1,
        description="The same for files, pictures, pages as PDF and what is worked out for one who asks.",
    )
    most_writes: int = Field(default=8, ge=1, description="The same for writes.")
    reads_per_minute: int = Field(
        default=12_000,
        ge=0,
        description="Reads of an address (of IPv6: of a network of 64 bits) that a process answers in "
        "a minute; more are told when to come again (429). What is in memory is not counted. 0 for no limit.",
    )
    heavy_per_minute: int = Field(
        default=600,
        ge=0,
        description="The same for files, pictures, pages as PDF and what is worked out for one who asks.",
    )
    writes_per_minute: int = Field(
        default=600, ge=0, description="The same for writes, of each address and of each API key."
    )
    downloads: AbsolutePath = Field(
        default=FOLDERS.downloads,
        description="Folder in which files for download are kept; serving processes share it.",
    )
    downloads_mb: int = Field(
        default=512,
        ge=1,
        description="Size of that folder in MiB; the file not asked for the longest goes first.",
    )
    estat_url: str = Field(
        default="https://api.e-stat.go.jp/rest/3.0/app/json",
        pattern=r"^https?://[^\s?#]+$",
        description="Where `chiiki fetch estat` asks the API of e-Stat; another address for a mirror.",
    )
    estat_app_id: SecretStr | None = Field(
        default=None,
        description="Application id for the API of e-Stat, where `--app-id` gives none: other users of a "
        "machine can read what stands on a command line.",
    )
    fetch_wait_s: float = Field(
        default=1,
        ge=0,
        le=60,
        description="Seconds until `chiiki fetch` asks again where a server did not answer; each further "
        "time twice as long, or as long as the server says.",
    )
    dask: str = Field(
        default="",
        pattern=r"^((tcp|tls|inproc)://\S+)?$",
        description="Address of a Dask scheduler, `tcp://host:8786`, with whose workers `chiiki migrate`, "
        "`ingest boundaries` and `analyze` share what is heavy ([operations.md](operations.md#dask)). Empty: "
        "each does it alone.",
    )
    fonts: AbsolutePath = Field(
        default=Path("/usr/share/fonts/opentype/noto"),
        description="Folder of `NotoSansCJK-Regular.ttc` and `NotoSansCJK-Bold.ttc`, with which pictures "
        "are written (Debian package `fonts-noto-cjk`).",
    )
    memory_mb: int = Field(
        default=80,
        ge=16,
        description="Memory for all that a serving process holds ready (values, outlines, tiles, answers), "
        "in MiB; what was not used the longest goes first. The program itself takes some 150 MiB more.",
    )


def workers_of(settings: Settings) -> int:
    """Return how many processes serve."""
    return settings.workers or min(2, cores())


def cores(proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> int:
    """Return how many cores this process may use at a time, by its affinity and its control group's quota."""
    most = len(os.sched_getaffinity(0))
    with suppress(OSError, ValueError):
        own = next(line for line in (proc / "self/cgroup").read_text().splitlines() if line.startswith("0::"))
        quota, period = (cgroups / own[3:].strip("/") / "cpu.max").read_text().split()
        most = min(most, int(quota) // int(period))  # "max" is no number, and no quota
    return max(1, most)


def names_of(field: str) -> tuple[str, ...]:
    """Return the environment variables that set ``field``, the one to use first."""
    alias = Settings.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        return tuple(str(choice) for choice in alias.choices)
    return (PREFIX + field.upper(),)


def table() -> str:
    """Return the settings as a Markdown table: name, default, meaning."""
    lines = ["| Variable | Default | Meaning |", "|---|---|---|"]
    for field, info in Settings.model_fields.items():
        default = info.default
        if isinstance(default, Path) and default.is_relative_to(HOME):
            default = default.relative_to(HOME)
        shown = "" if default in (None, "") else f"`{str(default).lower() if default is False else default}`"
        lines.append(f"| `{names_of(field)[0]}` | {shown} | {info.description} |")
    return "\n".join(lines)
