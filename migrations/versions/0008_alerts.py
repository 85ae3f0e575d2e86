"""Alerts that doctors were shown, or spared, and what they answered."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("audit", sa.String(32), nullable=False),
        sa.Column("finding", sa.String(32), nullable=False),
        sa.Column("lead", sa.String(32), nullable=False),
        sa.Column("rule", sa.String(100), nullable=False),
        sa.Column("facility", sa.String(64), nullable=False),
        sa.Column("encounter", sa.String(64), nullable=False),
        sa.Column("hook", sa.String(32), nullable=False),
        sa.Column("tier", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("answer", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("wait_ms", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_alerts"),
    )
    op.create_index("ix_alerts_finding", "alerts", ["finding"])
    op.create_index("ix_alerts_lead", "alerts", ["lead"])
    op.create_index("ix_alerts_facility_encounter", "alerts", ["facility", "encounter"])
    op.create_index("ix_alerts_rule_recorded_at", "alerts", ["rule", "recorded_at"])


def downgrade() -> None:
    op.drop_table("alerts")
