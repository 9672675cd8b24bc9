"""What stood before a figure was revised, when figures changed, and what was fetched last.

Revision ID: 0010
"""

from __future__ import annotations

from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"

ADD = """
create table superseded (
    indicator text not null references indicator (id) on delete cascade,
    period text not null,
    area_code varchar(5) not null,
    until timestamptz not null,
    value double precision,
    status text not null,
    raw text,
    boundary_date date,
    source text,
    primary key (indicator, period, area_code, until)
);

create table figure_change (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    indicator text not null references indicator (id) on delete cascade,
    periods text[] not null,
    first_periods text[] not null,
    added integer not null,
    changed integer not null,
    withdrawn integer not null,
    sources text[] not null
);
create index figure_change_indicator on figure_change (indicator, at);

create table fetched (
    id text primary key,
    at timestamptz not null default now(),
    body jsonb not null
);
"""
REMOVE = "drop table fetched, figure_change, superseded;"


def upgrade() -> None:
    op.execute(ADD)


def downgrade() -> None:
    op.execute(REMOVE)
