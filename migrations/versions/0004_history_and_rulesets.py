"""Patient history, ruleset revisions, and tables that are partitioned by month where the database can."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _partition_audits()
    else:
        _tell_findings_their_time()
    _make_history()
    _make_withdrawals()
    _make_rulesets()


def _tell_findings_their_time() -> None:
    for table in ("findings", "idempotency_keys"):
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("recorded_at", sa.BigInteger, nullable=True))
        op.execute(
            f"UPDATE {table} SET recorded_at = (SELECT a.recorded_at FROM audits a WHERE a.seq = {table}.audit_seq)"
        )
        with op.batch_alter_table(table) as batch:
            batch.alter_column("recorded_at", existing_type=sa.BigInteger, nullable=False)


def _partition_audits() -> None:
    """PostgreSQL was not served before this revision, so there is nothing to keep: the tables are made anew."""
    for table in ("idempotency_keys", "findings", "audits"):
        op.drop_table(table)
    _make_parted_audits()
    _make_parted_findings()
    op.create_table(
        "idempotency_keys",
        sa.Column("caller", sa.String(64), nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("request_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("audit_seq", sa.BigInteger, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name="pk_idempotency_keys"),
    )
    op.execute("ALTER TABLE audits ALTER COLUMN content SET STORAGE EXTERNAL")  # it is compressed already
    for table in ("audits", "findings"):
        op.execute(f"CREATE TABLE {table}_other PARTITION OF {table} DEFAULT")


def _make_parted_audits() -> None:
    op.execute("CREATE SEQUENCE audits_seq AS bigint")
    op.create_table(
        "audits",
        sa.Column("seq", sa.BigInteger, nullable=False, server_default=sa.text("nextval('audits_seq')")),
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
        sa.PrimaryKeyConstraint("seq", "recorded_at", name="pk_audits"),
        sa.UniqueConstraint("id", "recorded_at", name="uq_audits_id"),
        postgresql_partition_by="RANGE (recorded_at)",
    )
    op.create_index("ix_audits_facility_encounter", "audits", ["facility", "encounter"])


def _make_parted_findings() -> None:
    op.create_table(
        "findings",
        sa.Column("audit_seq", sa.BigInteger, nullable=False),
        sa.Column("position", sa.SmallInteger, nullable=False),
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
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("audit_seq", "position", "recorded_at", name="pk_findings"),
        postgresql_partition_by="RANGE (recorded_at)",
    )
    op.create_index("ix_findings_id", "findings", ["id"])


def _make_history() -> None:
    is_partitioned = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "history_encounters",
        sa.Column("facility", sa.String(64), nullable=False),
        sa.Column("encounter", sa.String(64), nullable=False),
        sa.Column("patient", sa.String(64), nullable=False),
        sa.Column("month", sa.Integer, nullable=False),
        sa.Column("last_date", sa.Date, nullable=False),
        sa.Column("has_death", sa.Boolean, nullable=False),
        sa.Column("header", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("facility", "encounter", name="pk_history_encounters"),
    )
    op.create_index(
        "ix_history_encounters_patient_facility_last_date", "history_encounters", ["patient", "facility", "last_date"]
    )
    op.create_table(
        "history_lines",
        sa.Column("month", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("facility", sa.String(64), nullable=False),
        sa.Column("encounter", sa.String(64), nullable=False),
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("service_date", sa.Date, nullable=False),
        sa.Column("item_code", sa.String(64), nullable=False),
        sa.Column("is_charge", sa.Boolean, nullable=False),
        sa.Column("order_id", sa.String(64), nullable=False),
        sa.Column("is_withdrawn", sa.Boolean, nullable=False),
        sa.Column("content", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("month", "facility", "encounter", "line", name="pk_history_lines"),
        **({"postgresql_partition_by": "RANGE (month)"} if is_partitioned else {}),
    )
    if is_partitioned:
        op.execute("CREATE TABLE history_lines_other PARTITION OF history_lines DEFAULT")


def _make_withdrawals() -> None:
    op.create_table(
        "withdrawals",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("facility", sa.String(64), nullable=False),
        sa.Column("encounter", sa.String(64), nullable=False),
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("caller", sa.String(64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_withdrawals"),
    )


def _make_rulesets() -> None:
    op.create_table(
        "rulesets",
        sa.Column("revision", sa.String(64), nullable=False),
        sa.Column("format", sa.String(16), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("stored_at", sa.BigInteger, nullable=False),
        sa.Column("stored_by", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("revision", name="pk_rulesets"),
    )
    op.create_table(
        "ruleset_moves",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("revision", sa.String(64), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("caller", sa.String(64), nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_ruleset_moves"),
        sa.ForeignKeyConstraint(["revision"], ["rulesets.revision"], name="fk_ruleset_moves_revision"),
    )


def downgrade() -> None:
    for table in ("ruleset_moves", "rulesets", "withdrawals", "history_lines", "history_encounters"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        _join_partitions()
        return
    for table in ("findings", "idempotency_keys"):
        with op.batch_alter_table(table) as batch:
            batch.drop_column("recorded_at")


def _join_partitions() -> None:
    """The tables as 0001 made them, with what they hold."""
    for table in ("audits", "findings", "idempotency_keys"):
        op.rename_table(table, f"{table}_parted")
        op.execute(f"CREATE TABLE {table} (LIKE {table}_parted INCLUDING DEFAULTS INCLUDING STORAGE)")
        op.execute(f"INSERT INTO {table} SELECT * FROM {table}_parted")
        op.drop_table(f"{table}_parted")
    op.execute("ALTER SEQUENCE audits_seq OWNED BY audits.seq")
    op.create_primary_key("pk_audits", "audits", ["seq"])
    op.create_unique_constraint("uq_audits_id", "audits", ["id"])
    op.create_index("ix_audits_facility_encounter", "audits", ["facility", "encounter"])
    op.drop_column("findings", "recorded_at")
    op.create_primary_key("pk_findings", "findings", ["audit_seq", "position"])
    op.create_index("ix_findings_id", "findings", ["id"])
    op.drop_column("idempotency_keys", "recorded_at")
    op.create_primary_key("pk_idempotency_keys", "idempotency_keys", ["caller", "key"])
    for table in ("findings", "idempotency_keys"):
        op.create_foreign_key(f"fk_{table}_audit_seq", table, "audits", ["audit_seq"], ["seq"])
