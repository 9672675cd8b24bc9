"""People by sex and five-year age class, and the classification of industries.

Revision ID: 0004
"""

from __future__ import annotations

from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"

TABLES = """
create table age_structure (
    area_code varchar(5) not null,
    year smallint not null,
    source text not null references source (id),
    boundary_date date not null,
    men integer[] not null,
    women integer[] not null,
    primary key (area_code, year),
    constraint age_structure_classes check (cardinality(men) = 20 and cardinality(women) = 20)
);

create table industry (
    code varchar(2) primary key,
    name_ja text not null,
    division varchar(1) not null,
    division_ja text not null
);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop table age_structure, industry")
