"""The trail: entries that are only ever added, and triggers that see to it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# What may never be changed, and what may be changed besides: private parts can be erased, a checkpoint gains signatures.
ONLY_ADDED = {
    "trail_entries": (),
    "trail_nodes": (),
    "trail_checkpoints": ("note",),
    "audits": ("content",),
    "findings": (),
    "dispositions": (),
    "withdrawals": (),
    "feed_loads": (),
    "rulesets": (),
    "ruleset_moves": (),
}


def upgrade() -> None:
    op.create_table(
        "trail_entries",
        sa.Column("seq", SEQUENCE, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(128), nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("leaf", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_trail_entries"),
    )
    op.create_index("ix_trail_entries_subject", "trail_entries", ["subject"])
    op.create_table(
        "trail_private",
        sa.Column("seq", SEQUENCE, autoincrement=False, nullable=False),
        sa.Column("salt", sa.LargeBinary(16), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_trail_private"),
    )
    op.create_table(
        "trail_nodes",
        sa.Column("height", sa.SmallInteger, autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("height", "number", name="pk_trail_nodes"),
    )
    op.create_table(
        "trail_checkpoints",
        sa.Column("size", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("size", name="pk_trail_checkpoints"),
    )
    if op.get_bind().dialect.name == "postgresql":
        _guard_in_postgres()
    else:
        _guard_in_sqlite()


def _guard_in_sqlite() -> None:
    for table, erasable in ONLY_ADDED.items():
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} BEGIN"
            f" SELECT RAISE(ABORT, '{table} is only added to: nothing may be deleted'); END"
        )
        columns = [row[1] for row in op.get_bind().exec_driver_sql(f"PRAGMA table_info({table})")]
        fixed = ", ".join(column for column in columns if column not in erasable)
        op.execute(
            f"CREATE TRIGGER {table}_fixed BEFORE UPDATE OF {fixed} ON {table} BEGIN"
            f" SELECT RAISE(ABORT, '{table} is only added to: nothing may be changed'); END"
        )


def _guard_in_postgres() -> None:
    op.execute(
        "CREATE FUNCTION only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION '% is only added to: nothing may be changed or deleted', TG_TABLE_NAME; END $$"
    )
    for table, erasable in ONLY_ADDED.items():
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION only_added_to()"
        )
        columns = [one["name"] for one in sa.inspect(op.get_bind()).get_columns(table)]
        fixed = ", ".join(column for column in columns if column not in erasable)
        op.execute(
            f"CREATE TRIGGER {table}_fixed BEFORE UPDATE OF {fixed} ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION only_added_to()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION only_added_to()"
        )


def downgrade() -> None:
    is_postgres = op.get_bind().dialect.name == "postgresql"
    for table in ONLY_ADDED:
        for name in ("kept", "fixed", *(("whole",) if is_postgres else ())):
            op.execute(f"DROP TRIGGER {table}_{name}" + (f" ON {table}" if is_postgres else ""))
    if is_postgres:
        op.execute("DROP FUNCTION only_added_to()")
    for table in ("trail_checkpoints", "trail_nodes", "trail_private", "trail_entries"):
        op.drop_table(table)
