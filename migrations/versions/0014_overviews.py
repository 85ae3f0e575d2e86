"""Steps of reviews are counted by what was done, over time."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_review_steps_action_recorded_at", "review_steps", ["action", "recorded_at"])


def downgrade() -> None:
    op.drop_index("ix_review_steps_action_recorded_at", "review_steps")
