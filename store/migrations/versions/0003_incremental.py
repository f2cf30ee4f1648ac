"""What a run asked of its source and what that cost; which quarantine is still open; what sources have changed."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    ALTER TABLE control.feed_run
        ADD COLUMN mode text CHECK (mode IN ('full', 'changes', 'window')),
        -- the newest cursor value that the hub has read: the next run begins there, less the cursor's lag
        ADD COLUMN watermark text,
        -- sha256 of mapping and contract: rows that were read under another one must all be read again
        ADD COLUMN described text,
        ADD COLUMN is_swept boolean NOT NULL DEFAULT false,
        ADD COLUMN bytes bigint, ADD COLUMN queries bigint,
        ADD COLUMN file_name text, ADD COLUMN file_sha256 text
    """,
    "UPDATE control.feed_run SET mode = 'full', is_swept = true WHERE state = 'published'",
    # a row stays in quarantine until a later run reads its key again, or no longer finds it
    "ALTER TABLE control.quarantine ADD COLUMN closed_by text",
    """
    UPDATE control.quarantine q SET closed_by = newest.run_id
    FROM (SELECT DISTINCT ON (feed) feed, run_id FROM control.feed_run
          WHERE state = 'published' ORDER BY feed, extracted_at DESC) newest
    WHERE q.feed = newest.feed AND q.run_id <> newest.run_id
    """,
    "CREATE INDEX quarantine_open ON control.quarantine (feed) WHERE closed_by IS NULL",
    """
    CREATE TABLE control.drift (
        feed text NOT NULL,
        kind text NOT NULL,
        column_name text NOT NULL,
        before text NOT NULL,
        after text NOT NULL,
        first_seen timestamptz NOT NULL DEFAULT clock_timestamp(),
        last_run text NOT NULL,
        accepted_at timestamptz,
        accepted_by text,
        why text,
        -- an acceptance ends when the column is back, or when another change of it is accepted
        ended_at timestamptz,
        PRIMARY KEY (feed, kind, column_name, before, after)
    )
    """,
    """
    CREATE TABLE control.approved_deletions (
        feed text NOT NULL,
        approved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        rows bigint NOT NULL CHECK (rows > 0),
        approved_by text NOT NULL,
        why text NOT NULL,
        used_by text,
        PRIMARY KEY (feed, approved_at)
    )
    """,
)


def upgrade() -> None:
    """Add the columns and tables."""
    for statement in STATEMENTS:
        op.execute(statement)
