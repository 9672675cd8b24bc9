"""What areas were called over time, and how much of one went to another.

Revision ID: 0011
"""

from __future__ import annotations

from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"

ADD = """
create table area_history (
    code varchar(5) not null,
    since date not null,
    until date,
    name_ja text not null,
    name_kana text not null,
    name_en text not null,
    district text not null,
    primary key (code, since)
);

create table area_share (
    date date not null,
    from_code varchar(5) not null,
    to_code varchar(5) not null,
    basis text not null,
    amount bigint not null,
    as_of date not null,
    primary key (date, from_code, to_code, basis),
    constraint area_share_basis check (basis in ('population', 'area')),
    constraint area_share_amount check (amount >= 0)
);

insert into revision (subject, n)
values ('area-history', (extract(epoch from clock_timestamp()) * 1e6)::bigint);
"""
REMOVE = """
delete from revision where subject = 'area-history';
drop table area_share, area_history;
"""


def upgrade() -> None:
    op.execute(ADD)


def downgrade() -> None:
    op.execute(REMOVE)
