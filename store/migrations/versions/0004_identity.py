"""Who is who: stewards' decisions, redirects, the matching model; contradictions between datasets; held releases."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE control.identity_decision (
        decision bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        dataset text NOT NULL,
        -- confirm: the record is this entity's; refuse: it is not; merge: two entities are one
        kind text NOT NULL CHECK (kind IN ('confirm', 'refuse', 'merge')),
        feed text,
        row_key text,
        key text NOT NULL,
        into_key text,
        why text NOT NULL,
        decided_by text NOT NULL,
        decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        ended_at timestamptz,
        ended_by text,
        CHECK ((kind = 'merge') = (into_key IS NOT NULL)),
        CHECK ((kind = 'merge') = (feed IS NULL) AND (feed IS NULL) = (row_key IS NULL)),
        CHECK (key <> into_key)
    )
    """,
    # a record is one entity's, an entity merges into one other
    """
    CREATE UNIQUE INDEX identity_one_confirm ON control.identity_decision (dataset, feed, row_key)
        WHERE kind = 'confirm' AND ended_at IS NULL
    """,
    """
    CREATE UNIQUE INDEX identity_one_merge ON control.identity_decision (dataset, key)
        WHERE kind = 'merge' AND ended_at IS NULL
    """,
    """
    CREATE TABLE control.redirect (
        dataset text NOT NULL,
        key text NOT NULL,
        into_key text NOT NULL,
        release bigint NOT NULL,
        PRIMARY KEY (dataset, key)
    )
    """,
    """
    CREATE TABLE control.match_model (
        dataset text PRIMARY KEY,
        trained_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        -- sha256 of the settings: a model of other settings is trained again
        digest text NOT NULL,
        model json NOT NULL
    )
    """,
    """
    CREATE TABLE control.linked (
        dataset text NOT NULL,
        feed text NOT NULL,
        -- the published run of the feed whose rows the members hold
        run_id text NOT NULL,
        -- sha256 of what decides who is who: keys, person fields, decisions
        described text NOT NULL,
        PRIMARY KEY (dataset, feed)
    )
    """,
    """
    CREATE TABLE control.integrated (
        dataset text PRIMARY KEY,
        -- sha256 of plan and contract under which every row of the release was made
        described text NOT NULL
    )
    """,
    """
    CREATE TABLE control.held_release (
        dataset text NOT NULL,
        run_id text NOT NULL,
        held_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        reasons jsonb NOT NULL,
        report text,
        report_sha256 text,
        evidence_sha256 text,
        PRIMARY KEY (dataset, run_id)
    )
    """,
    """
    CREATE TABLE control.contradiction (
        finding bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        rule text NOT NULL,
        severity text NOT NULL CHECK (severity IN ('error', 'warning')),
        dataset text NOT NULL,
        key text NOT NULL,
        -- NULL: the record that should be there is not
        other_dataset text,
        other_key text,
        -- who can correct it, and the feed that supplied what is to be corrected
        opd text NOT NULL,
        feed text,
        shown jsonb NOT NULL,
        found_run text NOT NULL,
        found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        closed_run text,
        closed_at timestamptz
    )
    """,
    """
    CREATE UNIQUE INDEX contradiction_open ON control.contradiction
        (rule, dataset, key, coalesce(other_dataset, ''), coalesce(other_key, '')) WHERE closed_at IS NULL
    """,
    "CREATE INDEX contradiction_key ON control.contradiction (dataset, key)",
    # what a changes table of an earlier version lacks
    """
    DO $$ DECLARE changes text; BEGIN
        FOR changes IN SELECT tablename FROM pg_tables WHERE schemaname = 'hub' AND tablename LIKE '%\\_changes' LOOP
            EXECUTE format('ALTER TABLE hub.%I ADD COLUMN into_key text', changes);
            EXECUTE format('ALTER TABLE hub.%I DROP CONSTRAINT %I', changes, changes || '_operation_check');
            EXECUTE format('ALTER TABLE hub.%I ADD CONSTRAINT %I CHECK (operation IN (''insert'', ''update'', '
                '''delete'', ''merge''))', changes, changes || '_operation_check');
        END LOOP;
    END $$
    """,
)


def upgrade() -> None:
    """Add the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
