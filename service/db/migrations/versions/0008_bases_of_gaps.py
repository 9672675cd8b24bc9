"""Grids of one prefecture, what gaps were counted from, and operators whose stops are missing.

Revision ID: 0008
"""

from __future__ import annotations

from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"

ADD = """
alter table grid add column prefectures text[] not null default '{}';

create table gap_basis (
    definition text not null references gap_definition (id) on delete cascade,
    grid text not null,
    prefecture varchar(5) not null,
    body jsonb not null,
    primary key (definition, grid, prefecture)
);

create table missing_operator (
    prefecture varchar(5) not null,
    name_ja text not null,
    name_en text not null,
    reason_ja text not null,
    reason_en text not null,
    as_of date not null,
    primary key (prefecture, name_ja)
);

insert into revision (subject, n)
values ('missing-operators', (extract(epoch from clock_timestamp()) * 1e6)::bigint);
"""
REMOVE = """
delete from revision where subject = 'missing-operators';
drop table missing_operator, gap_basis;
alter table grid drop column prefectures;
"""


def upgrade() -> None:
    op.execute(ADD)


def downgrade() -> None:
    op.execute(REMOVE)
