"""Find the figures that were published for metropolitan blocs without reading all others.

Revision ID: 0007
"""

from __future__ import annotations

from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"


def upgrade() -> None:
    op.execute("create index observation_bloc on observation (indicator) where area_code >= '48'")


def downgrade() -> None:
    op.execute("drop index observation_bloc")
