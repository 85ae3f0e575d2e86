"""Audits, their findings, and idempotency keys."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _make_audits()
    _make_findings()
    _make_keys()


def _make_audits() -> None:
    op.create_table(
        "audits",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("caller", sa.String(64), nullable=False),
        sa.Column("facility", sa.String(64), nullable=False),
        sa.Column("encounter", sa.String(64), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("ruleset", sa.String(32), nullable=False),
        sa.Column("request_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audits"),
        sa.UniqueConstraint("id", name="uq_audits_id"),
    )
    op.create_index("ix_audits_facility_encounter", "audits", ["facility", "encounter"])


def _make_findings() -> None:
    op.create_table(
        "findings",
        sa.Column("audit_seq", SEQUENCE, nullable=False),
        sa.Column("position", sa.SmallInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("rule", sa.String(100), nullable=False),
        sa.Column("rule_version", sa.Integer, nullable=False),
        sa.Column("point", sa.String(100), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("visibility", sa.String(16), nullable=False),
        sa.Column("is_current", sa.Boolean, nullable=False),
        sa.Column("amount_cents", sa.BigInteger, nullable=True),
        sa.Column("lines", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("audit_seq", "position", name="pk_findings"),
        sa.ForeignKeyConstraint(["audit_seq"], ["audits.seq"], name="fk_findings_audit_seq"),
    )
    op.create_index("ix_findings_id", "findings", ["id"])


def _make_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("caller", sa.String(64), nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("request_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("audit_seq", SEQUENCE, nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name="pk_idempotency_keys"),
        sa.ForeignKeyConstraint(["audit_seq"], ["audits.seq"], name="fk_idempotency_keys_audit_seq"),
    )


def downgrade() -> None:
    op.drop_table("idempotency_keys")
    op.drop_table("findings")
    op.drop_table("audits")
