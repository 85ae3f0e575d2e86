"""Sums by rule and by state of whole facilities, beside those of departments, and of the steps of appeals: years are
told from a tenth of the rows. An index of rules holds amounts: what is beside their range is not read.
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

OF_APPEALS = 6
WHOLE = {1: 5, 3: 7}  # by rule, by state
MEASURES = (
    "total", "amount_cents", "undecided", "confirmed", "confirmed_cents", "false_positive", "excepted", "lapsed",
    "refund_cents", "overridden", "answered",
)  # fmt: skip
CELL = f"axis, period, is_trial, facility, campus, department, key, {', '.join(MEASURES)}"
APPEALS = "'appeal', 'reject', 'grant', 'grant_exception'"
# The day where the hospital is: eight hours ahead, without summer time.
DAYS = {
    "postgresql": "to_char(to_timestamp(recorded_at / 1000000 + 28800) AT TIME ZONE 'UTC', 'YYYYMMDD')::integer",
    "sqlite": "CAST(strftime('%Y%m%d', recorded_at / 1000000 + 28800, 'unixepoch') AS INTEGER)",
}


def upgrade() -> None:
    op.create_index("ix_reviews_rule_kind_state_amount_cents", "reviews", ["rule", "kind", "state", "amount_cents"])
    op.drop_index("ix_reviews_rule_kind_state", "reviews")
    sums = ", ".join([f"sum({name})" for name in MEASURES])
    for axis, whole in WHOLE.items():
        op.execute(
            f"INSERT INTO review_counts ({CELL})"  # noqa: S608 - names that stand here
            f" SELECT {whole}, period, is_trial, facility, '', '', key, {sums}"
            f" FROM review_counts WHERE axis = {axis} GROUP BY period, is_trial, facility, key"
        )
    day = DAYS[op.get_bind().dialect.name]
    for period in (day, f"{day} / 100"):
        op.execute(
            f"INSERT INTO review_counts ({CELL})"  # noqa: S608
            f" SELECT {OF_APPEALS}, {period} AS told, is_trial, facility, campus, department, action, count(*)"
            f"{', 0' * (len(MEASURES) - 1)} FROM review_steps JOIN reviews ON reviews.id = review_steps.review"
            f" WHERE action IN ({APPEALS}) GROUP BY told, is_trial, facility, campus, department, action"
        )


def downgrade() -> None:
    op.create_index("ix_reviews_rule_kind_state", "reviews", ["rule", "kind", "state"])
    op.drop_index("ix_reviews_rule_kind_state_amount_cents", "reviews")
    op.execute(f"DELETE FROM review_counts WHERE axis IN ({OF_APPEALS}, 5, 7)")  # noqa: S608
