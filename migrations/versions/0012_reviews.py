"""Findings under review, every step of it, the directory of staff, and what may be seen of whom."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")

TABLES = (
    "saved_views", "practitioners", "departments", "search_terms", "review_progress", "review_counts",
    "review_attachments", "review_steps", "review_items", "review_contents", "reviews",
)  # fmt: skip
INDEXES = (
    "amount_cents seq", "assignee first_found_at seq", "care_type first_found_at seq", "category first_found_at seq",
    "deadline seq", "department first_found_at seq", "encounter facility", "first_found_at seq",
    "patient_key first_found_at", "practitioner first_found_at seq", "rule first_found_at seq",
    "severity first_found_at seq", "state first_found_at seq",
)  # fmt: skip
# What of a table may never change; the rest can be erased.
FIXED = {
    "review_steps": "review, number, recorded_at, actor, action, content",
    "review_attachments": "id, review, recorded_at, actor, type, size, digest",
}
STATISTICS = {
    "reviews_kinds": "state, severity, stage, insurance_type, care_type, answer, is_trial",
    "reviews_rules": "rule, category, rule_class, severity, stage",
    "reviews_places": "facility, campus, department, practitioner",
}
# The settings of a connection are asked once for a statement, as a subquery of their own, and not for every row.
_SAYS = "(SELECT current_setting('mingjian.scope', true))"
LIMITS = {"facility": "facilities", "campus": "campuses", "department": "departments"}
_OF_PRACTITIONER = "(SELECT current_setting('mingjian.practitioner', true)) IN ('', practitioner)"
OF_A_REVIEW = {"review_contents": "id", "review_steps": "review", "review_attachments": "review"}


def upgrade() -> None:
    _make_reviews()
    for columns in [one.split() for one in INDEXES]:
        op.create_index(f"ix_reviews_{'_'.join(columns)}", "reviews", columns)
    _make_parts()
    _make_steps()
    _make_counts()
    _make_names()
    _make_views()
    _only_add()
    if op.get_bind().dialect.name == "postgresql":
        _tune()
        _wall()


def _filled(kind: Any, names: str) -> list[Any]:
    return [sa.Column(name, kind, nullable=False) for name in names.split()]


def _make_reviews() -> None:
    op.create_table(
        "reviews",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        *_filled(sa.BigInteger, "first_found_at last_found_at amount_cents refund_cents"),
        *_filled(sa.Integer, "version touched deadline"),
        *_filled(sa.SmallInteger, "state severity stage insurance_type care_type answer"),
        sa.Column("is_trial", sa.Boolean, nullable=False),
        *_filled(sa.String(64), "facility campus department practitioner encounter patient_key"),
        *_filled(sa.String(100), "rule rule_class category"),
        sa.Column("assignee", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_reviews"),
        sa.UniqueConstraint("id", name="uq_reviews_id"),
    )


def _make_parts() -> None:
    op.create_table(
        "review_contents",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("content", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_review_contents"),
        sa.ForeignKeyConstraint(["id"], ["reviews.id"], name="fk_review_contents_id"),
    )
    op.create_table(
        "review_items",
        sa.Column("item", sa.String(64), nullable=False),
        sa.Column("review", SEQUENCE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("item", "review", name="pk_review_items"),
        sa.ForeignKeyConstraint(["review"], ["reviews.seq"], name="fk_review_items_review"),
    )
    op.create_index("ix_review_items_review", "review_items", ["review"])


def _make_steps() -> None:
    op.create_table(
        "review_steps",
        sa.Column("review", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("comment", sa.String, nullable=False),
        sa.Column("content", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("review", "number", name="pk_review_steps"),
        sa.ForeignKeyConstraint(["review"], ["reviews.id"], name="fk_review_steps_review"),
    )
    op.create_index("ix_review_steps_actor_recorded_at", "review_steps", ["actor", "recorded_at"])
    op.create_table(
        "review_attachments",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("review", sa.String(32), nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("type", sa.String(100), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_review_attachments"),
        sa.ForeignKeyConstraint(["review"], ["reviews.id"], name="fk_review_attachments_review"),
    )
    op.create_index("ix_review_attachments_review", "review_attachments", ["review"])


def _make_counts() -> None:
    op.create_table(
        "review_counts",
        sa.Column("axis", sa.SmallInteger, autoincrement=False, nullable=False),
        sa.Column("period", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("is_trial", sa.Boolean, nullable=False),
        *_filled(sa.String(64), "facility campus department"),
        sa.Column("key", sa.String(100), nullable=False),
        *_filled(
            sa.BigInteger,
            "total amount_cents undecided confirmed confirmed_cents false_positive excepted lapsed refund_cents"
            " overridden answered",
        ),
        sa.PrimaryKeyConstraint(
            "axis", "period", "is_trial", "facility", "campus", "department", "key", name="pk_review_counts"
        ),
    )
    op.create_table(
        "review_progress",
        sa.Column("id", sa.SmallInteger, autoincrement=False, nullable=False),
        sa.Column("next_seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_review_progress"),
    )


def _make_names() -> None:
    op.create_table(
        "search_terms",
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("code", sa.String(100), nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("initials", sa.String, nullable=False),
        sa.Column("uses", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("kind", "code", name="pk_search_terms"),
    )
    op.create_table(
        "departments",
        sa.Column("facility", sa.String(64), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        *_filled(sa.String(64), "campus head"),
        sa.Column("initials", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("facility", "code", name="pk_departments"),
    )
    op.create_table(
        "practitioners",
        sa.Column("facility", sa.String(64), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("department", sa.String(64), nullable=False),
        sa.Column("title", sa.String(64), nullable=False),
        sa.Column("initials", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("facility", "code", name="pk_practitioners"),
    )


def _make_views() -> None:
    op.create_table(
        "saved_views",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("is_shared", sa.Boolean, nullable=False),
        sa.Column("content", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_saved_views"),
        sa.UniqueConstraint("account", "name", name="uq_saved_views_account_name"),
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in ("audits", "stays", "alerts", *_partitions_of_audits()):
            op.execute(f"DROP POLICY {table}_scope ON {table}")
            op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")
    for table in TABLES:
        op.drop_table(table)


def _only_add() -> None:
    """Steps and attachments are never changed, but that what may name people can be erased."""
    for table, fixed in FIXED.items():
        if op.get_bind().dialect.name == "postgresql":
            does = "FOR EACH ROW EXECUTE FUNCTION only_added_to()"
        else:
            does = f"BEGIN SELECT RAISE(ABORT, '{table} is only added to: nothing may be changed or deleted'); END"
        op.execute(f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} {does}")
        op.execute(f"CREATE TRIGGER {table}_fixed BEFORE UPDATE OF {fixed} ON {table} {does}")


def _tune() -> None:
    """Rows are found again and again: they change in place. Filters go together more than by chance."""
    op.execute("ALTER TABLE reviews SET (fillfactor = 90, autovacuum_analyze_scale_factor = 0.02)")
    op.execute("ALTER TABLE review_counts SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05)")
    for name, columns in STATISTICS.items():
        op.execute(f"CREATE STATISTICS {name} (mcv) ON {columns} FROM reviews")
        op.execute(f"ALTER STATISTICS {name} SET STATISTICS 200")


def _wall() -> None:
    """What a connection may see is what it says of itself: all, or the limits of the caller it asks for."""
    limits = [_within(column, setting) for column, setting in LIMITS.items()]
    _guard("reviews", " AND ".join([*limits, _OF_PRACTITIONER]))
    _guard("stays", f"{limits[0]} AND {limits[2]}")
    _guard("alerts", limits[0])
    for table in ("audits", *_partitions_of_audits()):
        _guard(table, limits[0])
    for table, column in OF_A_REVIEW.items():
        _guard(table, f"EXISTS (SELECT 1 FROM reviews r WHERE r.id = {table}.{column})")  # noqa: S608


def _guard(table: str, limited: str) -> None:
    op.execute(f"CREATE POLICY {table}_scope ON {table} USING ({_SAYS} = 'all' OR ({_SAYS} = 'limited' AND {limited}))")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")


def _within(column: str, setting: str) -> str:
    told = f"current_setting('mingjian.{setting}', true)"
    among = f"(SELECT string_to_array(substr({told}, 2), chr(31)))::text[]"  # each begins with the mark
    return f"((SELECT {told}) = '*' OR {column} = ANY ({among}))"


def _partitions_of_audits() -> list[str]:
    asked = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audits'::regclass ORDER BY 1"
    return [name for (name,) in op.get_bind().exec_driver_sql(asked)]
