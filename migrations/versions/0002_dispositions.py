"""What doctors and clerks did about findings."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "dispositions",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("finding", sa.String(64), nullable=False),
        sa.Column("is_known", sa.Boolean, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("caller", sa.String(64), nullable=False),
        sa.Column("practitioner", sa.String(64), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_dispositions"),
    )
    op.create_index("ix_dispositions_finding", "dispositions", ["finding"])


def downgrade() -> None:
    op.drop_table("dispositions")
