"""Notices to others, who is sent them, and what became of each."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_SAYS = "(SELECT current_setting('mingjian.scope', true))"
LIMITS = {"facility": "facilities", "campus": "campuses", "department": "departments"}
_OF_PRACTITIONER = "(SELECT current_setting('mingjian.practitioner', true)) IN ('', practitioner)"


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("facility", sa.String(64), nullable=False),
        sa.Column("campus", sa.String(64), nullable=False),
        sa.Column("department", sa.String(64), nullable=False),
        sa.Column("practitioner", sa.String(64), nullable=False),
        sa.Column("body", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_notices"),
        sqlite_autoincrement=True,  # no number is given anew, even when the latest were cleared away
    )
    op.create_index("ix_notices_at", "notices", ["at"])
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("first_seq", sa.BigInteger, nullable=False),
        sa.Column("content", sa.String, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
    )
    _deliveries()
    op.create_table(
        "notice_progress",
        sa.Column("id", sa.SmallInteger, autoincrement=False, nullable=False),
        sa.Column("next_seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notice_progress"),
    )
    some = sa.text("kind IN ('degraded', 'exported', 'read', 'signed_in', 'unmasked')")
    op.create_index("ix_trail_entries_access", "trail_entries", ["seq"], sqlite_where=some, postgresql_where=some)
    if op.get_bind().dialect.name == "postgresql":
        _wall()


def _deliveries() -> None:
    op.create_table(
        "notice_deliveries",
        sa.Column("id", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("webhook", sa.String(32), nullable=False),
        sa.Column("notice", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("settled_at", sa.BigInteger, nullable=True),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("fault", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notice_deliveries"),
    )
    op.create_index("ix_notice_deliveries_webhook_notice", "notice_deliveries", ["webhook", "notice"], unique=True)
    op.create_index("ix_notice_deliveries_state_due_at", "notice_deliveries", ["state", "due_at"])
    op.create_index("ix_notice_deliveries_created_at", "notice_deliveries", ["created_at"])


def _wall() -> None:
    """The same as that of the reviews."""
    limited = " AND ".join([*[_within(column, name) for column, name in LIMITS.items()], _OF_PRACTITIONER])
    op.execute(f"CREATE POLICY notices_scope ON notices USING ({_SAYS} = 'all' OR ({_SAYS} = 'limited' AND {limited}))")
    op.execute("ALTER TABLE notices ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")


def _within(column: str, setting: str) -> str:
    told = f"current_setting('mingjian.{setting}', true)"
    among = f"(SELECT string_to_array(substr({told}, 2), chr(31)))::text[]"  # each begins with the mark
    return f"((SELECT {told}) = '*' OR {column} = ANY ({among}))"


def downgrade() -> None:
    op.drop_index("ix_trail_entries_access", "trail_entries")
    for table in ("notice_progress", "notice_deliveries", "webhooks", "notices"):
        op.drop_table(table)
