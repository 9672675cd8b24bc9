"""How the values of a vector were carried to its boundaries, and which their figures were published on.

Revision ID: 0009
"""

from __future__ import annotations

from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"

# The vectors are written anew by the code that writes these columns.
ADD = """
alter table vector
    add column carried bytea not null default '',
    add column boundaries date[] not null default '{}';
"""
REMOVE = "alter table vector drop column carried, drop column boundaries;"


def upgrade() -> None:
    op.execute(ADD)


def downgrade() -> None:
    op.execute(REMOVE)
