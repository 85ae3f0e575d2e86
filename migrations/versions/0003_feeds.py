"""Feeds: data that no request carries, and when it was loaded."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "feed_loads",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("feed", sa.String(32), nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("caller", sa.String(64), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("row_count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_feed_loads"),
    )
    op.create_index("ix_feed_loads_feed", "feed_loads", ["feed"])
    op.create_table(
        "feed_records",
        sa.Column("feed", sa.String(32), nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("load_seq", SEQUENCE, nullable=False),
        sa.PrimaryKeyConstraint("feed", "key", name="pk_feed_records"),
        sa.ForeignKeyConstraint(["load_seq"], ["feed_loads.seq"], name="fk_feed_records_load_seq"),
    )


def downgrade() -> None:
    op.drop_table("feed_records")
    op.drop_table("feed_loads")
