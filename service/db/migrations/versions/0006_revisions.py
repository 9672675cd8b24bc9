"""What has changed, as data; values in area order and class breaks, written at load.

Revision ID: 0006
"""

from __future__ import annotations

from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"

TABLES = """
create table revision (
    subject text primary key,
    n bigint not null
);

create table observed (
    indicator text not null references indicator (id) on delete cascade,
    level text not null,
    period text not null,
    sources text[] not null,
    primary key (indicator, level, period)
);

create table vector (
    layer text not null references indicator (id) on delete cascade,
    level text not null,
    vintage date not null references vintage (vintage) on delete cascade,
    period text not null,
    "values" bytea not null,
    statuses bytea not null,
    sources text[] not null,
    lowest double precision,
    bounds double precision[],
    primary key (layer, level, vintage, period)
);

create table class_breaks (
    layer text not null references indicator (id) on delete cascade,
    level text not null,
    vintage date not null references vintage (vintage) on delete cascade,
    lowest double precision,
    bounds double precision[],
    primary key (layer, level, vintage)
);

-- lz4 is read several times faster than PostgreSQL's own method; some servers are built without it
do $$
begin
    alter table vector alter column "values" set compression lz4, alter column statuses set compression lz4;
exception when feature_not_supported then
    null;
end
$$;

insert into revision (subject, n)
select subject, (extract(epoch from clock_timestamp()) * 1e6)::bigint from (
    select 'indicator:' || id from indicator
    union all select 'vintage:' || vintage from vintage
    union all select 'source:' || id from source
    union all select 'kpi:' || id from kpi where valid_to is null
    union all select 'stops:' || id from stop_source
    union all select 'grid:' || id from grid
    union all select 'gaps:' || id from gap_definition
    union all select unnest(
        array['ages', 'area-changes', 'deployments', 'industries', 'region-sets', 'strategy']
    )
) as known (subject);

alter table indicator drop column revision;
alter table vintage drop column revision;
alter table strategy drop column revision;
"""

BACK = """
alter table indicator add column revision bigint not null default 1;
alter table indicator alter column revision drop default;
alter table vintage add column revision bigint not null default 1;
alter table vintage alter column revision drop default;
alter table strategy add column revision bigint not null default 1;
alter table strategy alter column revision drop default;
drop table class_breaks, vector, observed, revision;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(BACK)
