"""A feed is linked anew when its rows have moved, not when it has run."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every feed is looked at once more: nothing is known of how many rows it had moved."""
    op.execute("ALTER TABLE control.linked DROP COLUMN run_id, ADD COLUMN moved bigint NOT NULL DEFAULT -1")
    op.execute("ALTER TABLE control.linked ALTER COLUMN moved DROP DEFAULT")
