"""Accounts of staff, and their sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_accounts()
    _make_sessions()
    _make_signing_in()


def _make_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("login", sa.String(64), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("password", sa.String(255), nullable=False),
        sa.Column("must_change", sa.Boolean, nullable=False),
        sa.Column("otp", sa.LargeBinary, nullable=False),
        sa.Column("has_otp", sa.Boolean, nullable=False),
        sa.Column("otp_step", sa.BigInteger, nullable=False),
        sa.Column("recovery", sa.String, nullable=False),
        sa.Column("roles", sa.String, nullable=False),
        sa.Column("scope", sa.String, nullable=False),
        sa.Column("practitioner", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(512), nullable=True),
        sa.Column("is_disabled", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("login", name="uq_accounts_login"),
        sa.UniqueConstraint("subject", name="uq_accounts_subject"),
    )
    op.create_index("ix_accounts_practitioner", "accounts", ["practitioner"])


def _make_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("account", sa.String(32), nullable=False),
        sa.Column("way", sa.String(16), nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("agent", sa.String(200), nullable=False),
        sa.Column("caller", sa.String(64), nullable=False),
        sa.Column("roles", sa.String, nullable=False),
        sa.Column("scope", sa.String, nullable=False),
        sa.Column("purpose", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_sessions"),
    )
    op.create_index("ix_sessions_account", "sessions", ["account"])
    op.create_index("ix_sessions_seen_at", "sessions", ["seen_at"])


def _make_signing_in() -> None:
    op.create_table(
        "sign_in_attempts",
        sa.Column("place", sa.String(64), nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("place", name="pk_sign_in_attempts"),
    )
    op.create_index("ix_sign_in_attempts_at", "sign_in_attempts", ["at"])
    op.create_table(
        "sign_in_tickets",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("client", sa.String(64), nullable=False),
        sa.Column("scope", sa.String, nullable=False),
        sa.Column("purpose", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_sign_in_tickets"),
    )
    op.create_index("ix_sign_in_tickets_expires_at", "sign_in_tickets", ["expires_at"])


def downgrade() -> None:
    for table in ("sign_in_tickets", "sign_in_attempts", "sessions", "accounts"):
        op.drop_table(table)
