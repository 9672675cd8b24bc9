"""An audit that only grows and is chained, keys that reach no further than they need, answers that are kept.

Revision ID: 0014
"""

from __future__ import annotations

from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"

#: A link is made as its transaction commits: writers wait for one another no longer than that takes, and the
#: order of links is that in which writes became visible. ``service.db.audit`` works the digests out again.
AUDIT = """
create table audit_link (
    n bigint primary key,
    audit bigint not null unique references audit (id),
    digest bytea not null
);

create function audit_text(one audit) returns text language sql stable as $$
    select jsonb_build_array(
        one.id, to_char(one.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
        one.actor, one.action, one.subject, one.detail
    )::text
$$;

create function audit_chain(one audit) returns void language plpgsql set search_path = public, pg_temp as $$
declare
    last audit_link;
begin
    perform pg_advisory_xact_lock(1635083380);
    select * into last from audit_link order by n desc limit 1;
    insert into audit_link (n, audit, digest) values (
        coalesce(last.n, 0) + 1,
        one.id,
        sha256(coalesce(last.digest, ''::bytea) || convert_to(audit_text(one), 'UTF8'))
    );
end
$$;

create function audit_chained() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    perform audit_chain(new);
    return null;
end
$$;

create function audit_stays() returns trigger language plpgsql as $$
begin
    raise exception 'Rows of % are only ever added', tg_table_name using errcode = 'insufficient_privilege';
end
$$;

do $$
declare
    one audit;
begin
    for one in select * from audit order by id loop
        perform audit_chain(one);
    end loop;
end
$$;

create constraint trigger audit_chained after insert on audit
    deferrable initially deferred for each row execute function audit_chained();
create trigger audit_stays before update or delete or truncate on audit
    for each statement execute function audit_stays();
create trigger audit_link_stays before update or delete or truncate on audit_link
    for each statement execute function audit_stays();
alter table audit enable always trigger audit_stays;
alter table audit_link enable always trigger audit_link_stays;
"""

KEYS = """
alter table api_key
    add column areas text[],
    add column indicators text[],
    add column last_used_at timestamptz;

create table kept_answer (
    key varchar(12) not null references api_key (id) on delete cascade,
    name text not null,
    at timestamptz not null default now(),
    request bytea not null,
    status smallint not null,
    body bytea not null,
    primary key (key, name)
);
create index kept_answer_at on kept_answer (at);
"""

REMOVE = """
drop table kept_answer;
alter table api_key drop column areas, drop column indicators, drop column last_used_at;
drop trigger audit_chained on audit;
drop trigger audit_stays on audit;
drop table audit_link;
drop function audit_chained();
drop function audit_stays();
drop function audit_chain(audit);
drop function audit_text(audit);
"""


def upgrade() -> None:
    op.execute(AUDIT)
    op.execute(KEYS)


def downgrade() -> None:
    op.execute(REMOVE)
