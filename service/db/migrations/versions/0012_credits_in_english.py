"""Titles and credits of stops and grids in English too: those that are there stand in both until loaded anew.

Revision ID: 0012
"""

from __future__ import annotations

from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"

ADD = """
alter table {table} rename column title to title_ja;
alter table {table} rename column credit to credit_ja;
alter table {table} add column title_en text, add column credit_en text;
update {table} set title_en = title_ja, credit_en = credit_ja;
alter table {table} alter column title_en set not null, alter column credit_en set not null;
"""
REMOVE = """
alter table {table} drop column title_en, drop column credit_en;
alter table {table} rename column title_ja to title;
alter table {table} rename column credit_ja to credit;
"""
BASES = """
update gap_basis set body = jsonb_set(body, '{stops}', (
    select coalesce(jsonb_agg({stop} order by n), '[]')
    from jsonb_array_elements(body -> 'stops') with ordinality as listed (stop, n)
))
"""
#: A source of stops that gaps were counted from, after and before.
NAMED = "stop - 'title' || jsonb_build_object('title_ja', stop -> 'title', 'title_en', stop -> 'title')"
UNNAMED = "stop - 'title_ja' - 'title_en' || jsonb_build_object('title', stop -> 'title_ja')"


def upgrade() -> None:
    for table in ("stop_source", "grid"):
        op.execute(ADD.replace("{table}", table))
    op.execute(BASES.replace("{stop}", NAMED))


def downgrade() -> None:
    op.execute(BASES.replace("{stop}", UNNAMED))
    for table in ("stop_source", "grid"):
        op.execute(REMOVE.replace("{table}", table))
