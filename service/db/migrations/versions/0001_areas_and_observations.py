"""Areas, outlines, encoded tiles, indicators, observations, keys and the audit.

Revision ID: 0001
"""

from __future__ import annotations

from alembic import op

revision: str = "0001"
down_revision: str | None = None

BOUNDARIES = """
create table vintage (
    vintage date primary key,
    title_ja text not null,
    title_en text not null,
    source text not null,
    credit_ja text not null,
    credit_en text not null,
    licence text not null,
    sha256 varchar(64) not null,
    report jsonb not null,
    revision bigint not null,
    loaded_at timestamptz not null default now()
);

create table area (
    vintage date not null references vintage (vintage) on delete cascade,
    level text not null constraint area_level check (level in ('prefecture', 'municipality', 'ward')),
    code varchar(5) not null,
    position integer not null,
    kind text not null,
    prefecture varchar(5) not null,
    parent varchar(5),
    name_ja text not null,
    name_kana text not null default '',
    name_en text not null default '',
    area_km2 double precision not null,
    lon double precision not null,
    lat double precision not null,
    bbox double precision[] not null,
    geom geometry(multipolygon, 4326) not null,
    primary key (vintage, level, code),
    unique (vintage, level, position)
);
create index area_geom on area using gist (geom);

create table outline (
    vintage date not null,
    level text not null,
    detail text not null constraint outline_detail check (detail in ('low', 'medium', 'high')),
    position integer not null,
    geojson text not null,
    geom geometry(multipolygon, 4326) not null,
    primary key (vintage, level, detail, position),
    foreign key (vintage, level, position) references area (vintage, level, position) on delete cascade
);
create index outline_geom on outline using gist (geom);

create table encoded_tile (
    vintage date not null references vintage (vintage) on delete cascade,
    level text not null,
    z smallint not null,
    x integer not null,
    y integer not null,
    mvt bytea not null,
    primary key (vintage, level, z, x, y)
);

create table area_change (
    date date not null,
    from_code varchar(5) not null,
    to_code varchar(5) not null,
    kind text not null,
    from_name text not null,
    to_name text not null,
    primary key (date, from_code, to_code, kind)
);

create table region_set (
    id text not null,
    area_code varchar(5) not null,
    valid_from date not null,
    valid_to date,
    name_ja text not null,
    name_en text not null,
    primary key (id, area_code, valid_from)
);
"""

FIGURES = """
create table source (
    id text primary key,
    title_ja text not null,
    title_en text not null,
    publisher text not null,
    edition text not null,
    url text not null,
    licence text not null,
    credit_ja text not null,
    credit_en text not null,
    retrieved_on date not null
);

create table indicator (
    id text primary key,
    definition jsonb not null,
    revision bigint not null
);

create table observation (
    indicator text not null references indicator (id) on delete cascade,
    period text not null,
    area_code varchar(5) not null,
    value double precision,
    status text not null,
    raw text,
    boundary_date date not null,
    source text not null references source (id),
    primary key (indicator, period, area_code),
    constraint observation_missing_has_status check ((value is null) = (status <> 'ok')),
    constraint observation_finite check (value <> 'NaN' and value < 'Infinity' and value > '-Infinity')
);
"""

WRITING = """
create table api_key (
    id varchar(12) primary key,
    sha256 bytea not null unique,
    name text not null,
    scopes text[] not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    revoked_at timestamptz
);

create table audit (
    id bigserial primary key,
    at timestamptz not null default now(),
    actor text not null,
    action text not null,
    subject text not null,
    detail jsonb not null
);
"""

TABLES = "observation, indicator, source, region_set, area_change, encoded_tile, outline, area, vintage"


def upgrade() -> None:
    op.execute("create extension if not exists postgis")
    for statements in (BOUNDARIES, FIGURES, WRITING):
        op.execute(statements)


def downgrade() -> None:
    op.execute(f"drop table {TABLES}, api_key, audit")
