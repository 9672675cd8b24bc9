"""Cells of a population grid whose people are not told: no figure, and the reason.

Grids that were loaded before have 0 there; they tell the reason once they are loaded again.

Revision ID: 0005
"""

from __future__ import annotations

from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"

ADD = """
alter table cell add column status text not null default 'ok';
alter table cell alter column status drop default;
alter table cell alter column population drop not null;
alter table cell add constraint cell_missing_has_status check ((population is null) = (status <> 'ok'));
"""
REMOVE = """
alter table cell drop constraint cell_missing_has_status;
alter table cell drop column status;
update cell set population = 0 where population is null;
alter table cell alter column population set not null;
"""


def upgrade() -> None:
    op.execute(ADD)


def downgrade() -> None:
    op.execute(REMOVE)
