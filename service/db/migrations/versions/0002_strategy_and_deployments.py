"""The strategy, its KPIs and the deployments of its measures, each with its history.

Revision ID: 0002
"""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"

TABLES = """
create table strategy (
    id text primary key,
    body jsonb not null,
    revision bigint not null
);

create table deployment (
    id text not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    actor text not null,
    body jsonb not null,
    geom geometry(geometry, 4326),
    primary key (id, valid_from),
    constraint deployment_ends_after_it_begins check (valid_to > valid_from)
);
create unique index deployment_current on deployment (id) where valid_to is null;
create index deployment_geom on deployment using gist (geom);

create table kpi (
    id text not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    actor text not null,
    body jsonb not null,
    primary key (id, valid_from),
    constraint kpi_ends_after_it_begins check (valid_to > valid_from)
);
create unique index kpi_current on kpi (id) where valid_to is null;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop table strategy, deployment, kpi")
