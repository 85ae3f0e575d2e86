"""Settled stays, to be priced anew."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stays",
        sa.Column("facility", sa.String(64), nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("department", sa.String(64), nullable=False),
        sa.Column("discharge_date", sa.Date, nullable=False),
        sa.Column("content", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("facility", "id", name="pk_stays"),
    )
    op.create_index("ix_stays_discharge_date", "stays", ["discharge_date"])


def downgrade() -> None:
    op.drop_table("stays")
