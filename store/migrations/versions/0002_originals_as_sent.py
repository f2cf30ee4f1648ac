"""What a source sent is kept as json: jsonb and text refuse a NUL character, and one row would stop its feed."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep the originals' texts as they are written; a finding's are by column, as quarantine's."""
    op.execute("ALTER TABLE control.quarantine ALTER COLUMN original TYPE json USING original::json")
    op.execute("ALTER TABLE control.finding ALTER COLUMN original TYPE json USING to_json(original)")
