"""Which lines stop where: none are known of the stops that are there until they are loaded anew.

Revision ID: 0013
"""

from __future__ import annotations

from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"

ADD = """
create table stop_line (
    source text not null references stop_source (id) on delete cascade,
    "group" text not null,
    place integer not null,
    number text not null,
    name text not null,
    mode text not null,
    departures integer[],
    primary key (source, "group", place)
);
"""
#: A feed that is fetched is read again, though it is what it was: more is read of it now.
AGAIN = "update stop_source set sha256 = '' where kind = 'gtfs'"
REMOVE = "drop table stop_line"


def upgrade() -> None:
    op.execute(ADD)
    op.execute(AGAIN)


def downgrade() -> None:
    op.execute(REMOVE)
