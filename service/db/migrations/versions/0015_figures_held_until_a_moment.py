"""Figures that are loaded ahead and published at their moment.

Revision ID: 0015
"""

from __future__ import annotations

from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"

#: The role that reads is granted nothing here: until its moment nobody reads what is held.
ADD = """
create table embargo (
    id varchar(12) primary key,
    release_at timestamptz not null,
    held_at timestamptz not null default now(),
    actor text not null,
    subject text not null,
    indicators text[] not null,
    periods text[] not null,
    areas text[] not null,
    rows integer not null,
    document bytea not null,
    refused text
);
"""
REMOVE = "drop table embargo"


def upgrade() -> None:
    op.execute(ADD)


def downgrade() -> None:
    op.execute(REMOVE)
