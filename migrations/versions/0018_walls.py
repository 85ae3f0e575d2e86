"""Walls around findings and the sums of reviews. The planner sees through them, as migration 0015 tells.

Findings have no place of their own, and to look one up in their audits would cost a join for every question. But nobody
asks for them on behalf of a caller who is limited: for such a one there are none. Sums are those of a department: for
who may see only patients of his own there are none either.
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

LIMITS = {"facility": "facilities", "campus": "campuses", "department": "departments"}


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in ("findings", *_partitions()):
        _guard(table, _says("scope", "all"))
    limits = [_within(column, setting) for column, setting in LIMITS.items()]
    limited = " AND ".join([_says("scope", "limited"), *limits, _says("practitioner", "")])
    _guard("review_counts", f"{_says('scope', 'all')} OR ({limited})")


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in ("review_counts", "findings", *_partitions()):
        op.execute(f"DROP POLICY {table}_scope ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")


def _guard(table: str, test: str) -> None:
    op.execute(f"CREATE POLICY {table}_scope ON {table} USING ({test})")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")


def _within(column: str, setting: str) -> str:
    told = _told(setting)
    among = f"(SELECT string_to_array(substr({told}, 2), chr(31)))::text[]"  # each begins with the mark
    return f"((SELECT {told} = '*') OR {column} = ANY ({among}))"


def _says(setting: str, value: str) -> str:
    return f"(SELECT {_told(setting)} = '{value}')"


def _told(setting: str) -> str:
    return f"current_setting('mingjian.{setting}', true)"


def _partitions() -> list[str]:
    asked = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'findings'::regclass ORDER BY 1"
    return [name for (name,) in op.get_bind().exec_driver_sql(asked)]
