"""Identity is stored encrypted."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


FIXED = ("seq", "finding", "is_known", "recorded_at", "caller", "practitioner", "action")


def _guard(columns: tuple[str, ...]) -> None:
    """Which columns of a disposition nobody may change. The trail commits to its reason, however that is encrypted."""
    told = "dispositions is only added to: nothing may be changed"
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER dispositions_fixed ON dispositions")
        act = "FOR EACH ROW EXECUTE FUNCTION only_added_to()"
    else:
        op.execute("DROP TRIGGER dispositions_fixed")
        act = f"BEGIN SELECT RAISE(ABORT, '{told}'); END"
    op.execute(f"CREATE TRIGGER dispositions_fixed BEFORE UPDATE OF {', '.join(columns)} ON dispositions {act}")


def upgrade() -> None:
    _guard(FIXED)
    op.create_table(
        "lookup_secret",
        sa.Column("id", sa.SmallInteger, autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("has_plain", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_lookup_secret"),
    )


def downgrade() -> None:
    op.drop_table("lookup_secret")
    _guard((*FIXED, "reason"))
