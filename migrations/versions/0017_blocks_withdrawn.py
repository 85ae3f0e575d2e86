"""A block that was stored, and then was not given as nothing may block while the database is slow, is kept as what was
said instead. Nothing else of a decision may ever be changed.
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

FIXED = {
    "audits": "seq, id, recorded_at, caller, facility, encounter, stage, ruleset, request_digest",
    "findings": "audit_seq, position, id, rule, rule_version, point, severity, visibility, is_current, amount_cents,"
    " lines, recorded_at",
}


def _act(table: str) -> str:
    if op.get_bind().dialect.name == "postgresql":
        return "EXECUTE FUNCTION only_added_to()"
    return f"BEGIN SELECT RAISE(ABORT, '{table} is only added to: nothing may be changed'); END"


def _drop(trigger: str, table: str) -> None:
    op.execute(f"DROP TRIGGER {trigger}" + (f" ON {table}" if op.get_bind().dialect.name == "postgresql" else ""))


def _guard(table: str, columns: str) -> None:
    _drop(f"{table}_fixed", table)
    op.execute(f"CREATE TRIGGER {table}_fixed BEFORE UPDATE OF {columns} ON {table} FOR EACH ROW {_act(table)}")


def upgrade() -> None:
    for table, columns in FIXED.items():
        _guard(table, columns)
        op.execute(
            f"CREATE TRIGGER {table}_decided BEFORE UPDATE OF decision ON {table} FOR EACH ROW"
            f" WHEN (NOT (OLD.decision = 'block' AND NEW.decision = 'require_reason')) {_act(table)}"
        )


def downgrade() -> None:
    for table, columns in FIXED.items():
        _drop(f"{table}_decided", table)
        _guard(table, f"{columns}, decision")
