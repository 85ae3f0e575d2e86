"""Audits are counted by when they were made."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_audits_recorded_at", "audits", ["recorded_at"], postgresql_using="brin")


def downgrade() -> None:
    op.drop_index("ix_audits_recorded_at", "audits")
