"""The database's schema: which revision it has, and how it gets the newest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

if TYPE_CHECKING:
    from alembic.config import Config

    from service.operations.crew import Crew

MIGRATIONS = Path(__file__).parent / "migrations"
#: Two processes that start together must not both migrate; the number only has to be chiiki's own.
LOCK = 0x63686969

#: What the role ``chiiki_reader`` may do: read what is served, and nothing else. An owner that may make no
#: roles goes without it, and reads go through the owner in read-only transactions, until somebody makes the
#: role and migrates again.
READER = """
do $$
begin
    execute format('revoke create, temporary on database %I from public', current_database());
    if not exists (select from pg_roles where rolname = 'chiiki_reader') then
        create role chiiki_reader login noinherit;
    end if;
    execute format('grant connect on database %I to chiiki_reader', current_database());
    grant usage on schema public to chiiki_reader;
    grant select on revision, vintage, area, outline, encoded_tile, area_change, area_history, area_share,
        region_set, source,
        indicator, observation, observed, vector, class_breaks, age_structure, industry, strategy, deployment,
        kpi, stop_source, stop, stop_line, grid, cell, gap_definition, gap_cell, gap_basis, missing_operator,
        superseded, figure_change, alembic_version to chiiki_reader;
exception when insufficient_privilege then
    raise notice 'The role chiiki_reader does not exist, and this role may not create it';
end
$$
"""


def upgrade(conn: Connection, crew: Crew | None = None) -> None:
    """Bring the schema to the newest revision, in the caller's transaction; again changes nothing.

    Vectors that another version of the code wrote are written anew; a crew works them out.
    """
    from alembic import command  # a start of the service, which has nothing to migrate, need not wait for it

    from service.figures import vectors

    conn.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    command.upgrade(_config(conn), "head")
    conn.execute(text(READER))
    vectors.renew(conn, crew)


def downgrade(conn: Connection, revision: str) -> None:
    """Take the schema back to ``revision`` (``base`` for nothing at all), in the caller's transaction."""
    from alembic import command

    conn.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    command.downgrade(_config(conn), revision)


def revision(conn: Connection) -> str | None:
    """Return the schema's revision, None for an empty database."""
    if conn.scalar(text("select to_regclass('alembic_version')")) is None:
        return None
    found: str | None = conn.scalar(text("select version_num from alembic_version"))
    return found


def newest() -> str:
    """Return the revision this code works with: the number that the last migration's file begins with."""
    return max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("*_*.py"))


def _config(conn: Connection) -> Config:
    from alembic.config import Config

    config = Config(attributes={"connection": conn})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
