"""Stops, population grids, and the transport gaps counted from them.

Revision ID: 0003
"""

from __future__ import annotations

from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"

TABLES = """
create table stop_source (
    id text primary key,
    kind text not null constraint stop_source_kind check (kind in ('gtfs', 'p11', 'n02', 'table')),
    title text not null,
    valid_from date,
    valid_to date,
    dates jsonb not null,
    credit text not null,
    licence text not null,
    sha256 varchar(64) not null,
    loaded_at timestamptz not null default now()
);

create table stop (
    source text not null references stop_source (id) on delete cascade,
    id text not null,
    name text not null,
    mode text not null,
    classes text not null,
    "group" text not null,
    departures smallint[],
    geom geometry(point, 4326) not null,
    primary key (source, id)
);
create index stop_geom on stop using gist (geom);

create table grid (
    id text primary key,
    digits smallint not null,
    year text not null,
    columns text[] not null,
    title text not null,
    credit text not null,
    licence text not null,
    sha256 varchar(64) not null,
    report jsonb not null
);

create table cell (
    grid text not null references grid (id) on delete cascade,
    code text not null,
    population double precision not null,
    population_65_plus double precision,
    population_75_plus double precision,
    geom geometry(polygon, 4326) not null,
    primary key (grid, code)
);
create index cell_geom on cell using gist (geom);

create table gap_definition (
    id text primary key,
    body jsonb not null
);

create table gap_cell (
    definition text not null references gap_definition (id) on delete cascade,
    grid text not null,
    code text not null,
    area varchar(5) not null,
    distance_m double precision,
    covered boolean not null,
    covered_share double precision not null,
    primary key (definition, grid, code),
    foreign key (grid, code) references cell (grid, code) on delete cascade
);
create index gap_cell_area on gap_cell (area);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop table gap_cell, gap_definition, cell, grid, stop, stop_source")
